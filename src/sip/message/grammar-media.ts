import { type Param, paramValue } from '../uri/index.ts';
import { defineHeader, type GrammarParts } from './grammar.ts';
import { type TokenValue, tokenParts, tokenValueParts } from './grammar-parts.ts';
import { qualityOf, writeParams } from './grammar-scanner.ts';

// What a side takes and sends: Accept and its kin (RFC 3261 §20.1 to §20.3), and the headers of the body (§20.11 to §20.15).

/** A media type with its parameters; `type` is `type/subtype` as written, in Accept also with `*`. */
export interface MediaRange {
  readonly type: string;
  readonly params: readonly Param[];
}

const hasGoodQuality = (value: { readonly params: readonly Param[] }): boolean =>
  qualityOf(value.params) !== 'bad';

function mediaParts(pattern: RegExp, isComplete: boolean): GrammarParts<MediaRange> {
  return {
    read: (scanner) => {
      const type = scanner.match(pattern)?.replace(/\s+/g, '');
      const params = type === undefined ? undefined : scanner.params();
      if (type === undefined || params === undefined) return undefined;
      // A media type's parameter always has a value; an accept-param may be a flag.
      if (isComplete && params.some((param) => param.value === undefined)) return undefined;
      const value = { type, params };
      return isComplete || hasGoodQuality(value) ? value : undefined;
    },
    write: ({ type, params }) => `${type}${writeParams(params)}`,
  };
}

const white = '[ \\t\\r\\n]*';
const word = "[A-Za-z0-9\\-.!%_+`'~]+";
const rangePattern = new RegExp(
  `\\*${white}/${white}\\*|${word}${white}/${white}(?:\\*(?![^\\s;])|${word})`,
  'y',
);
const typePattern = new RegExp(`${word}${white}/${white}${word}`, 'y');
const codingPattern = /\*(?![^\s;,])|[A-Za-z0-9\-.!%_+`'~]+/y;
const languagePattern = /\*(?![^\s;,])|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*(?![^\s;,])/y;
const languageTagPattern = /[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*(?![^\s,])/y;

/** Accept (RFC 3261 §20.1). */
export const accept = defineHeader<MediaRange>('Accept', mediaParts(rangePattern, false));
/** Accept-Encoding (§20.2): a content coding, or `*`. */
export const acceptEncoding = defineHeader<TokenValue>(
  'Accept-Encoding',
  tokenValueParts({ pattern: codingPattern, check: hasGoodQuality }),
);
/** Accept-Language (§20.3): a language range, or `*`. Subtags with digits are those of RFC 5646. */
export const acceptLanguage = defineHeader<TokenValue>(
  'Accept-Language',
  tokenValueParts({ pattern: languagePattern, check: hasGoodQuality }),
);
/** Content-Type (§20.15). */
export const contentTypeHeader = defineHeader<MediaRange>('Content-Type', mediaParts(typePattern, true));
/** Content-Disposition (§20.11). */
export const contentDisposition = defineHeader<TokenValue>(
  'Content-Disposition',
  tokenValueParts({ check: ({ params }) => paramValue(params, 'handling') !== '' }),
);
/** Content-Encoding (§20.12). */
export const contentEncoding = defineHeader<string>('Content-Encoding', tokenParts);
/** Content-Language (§20.13). */
export const contentLanguage = defineHeader<string>('Content-Language', {
  read: (scanner) => scanner.match(languageTagPattern),
  write: (value) => value,
});

/** MIME-Version (§20.24). */
export const mimeVersion = defineHeader<{ readonly major: number; readonly minor: number }>('MIME-Version', {
  read: (scanner) => {
    const major = scanner.number();
    const hasDot = scanner.match(/\./y) !== undefined;
    const minor = scanner.number();
    return major === undefined || minor === undefined || !hasDot ? undefined : { major, minor };
  },
  write: ({ major, minor }) => `${major}.${minor}`,
});

/** Content-ID of the message's body (RFC 8262 §3.2); without its angle brackets. */
export const contentIdHeader = defineHeader<string>('Content-ID', {
  read: (scanner) => scanner.match(/<[^<>@\s]+@[^<>@\s]+>/y)?.slice(1, -1),
  write: (value) => `<${value}>`,
});
