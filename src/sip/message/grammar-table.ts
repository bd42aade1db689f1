import type { HeaderGrammar } from './grammar.ts';
import * as address from './grammar-address.ts';
import * as auth from './grammar-auth.ts';
import * as core from './grammar-core.ts';
import * as dialog from './grammar-dialog.ts';
import * as media from './grammar-media.ts';
import * as network from './grammar-network.ts';

/** A grammar without its type: for going over all of them. */
export type AnyHeaderGrammar = Pick<HeaderGrammar<unknown>, 'name' | 'parse' | 'canonical'>;

/** The typed grammar of each header: `headers.callInfo.all(message)`. */
export const headers = { ...address, ...auth, ...core, ...dialog, ...media, ...network };

/** Every header that has a grammar here, by its key. */
export const headerGrammars: ReadonlyMap<string, AnyHeaderGrammar> = new Map<string, AnyHeaderGrammar>(
  Object.values(headers).map((each) => [each.name.toLowerCase(), each] as const),
);
