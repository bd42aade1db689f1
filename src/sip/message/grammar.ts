import { type CodedError, err, ok, type Result } from '../../base/index.ts';
import { messageErrors } from './errors.ts';
import { Scanner } from './grammar-scanner.ts';
import { headerKey, isListHeader } from './names.ts';
import { excerpt } from './text.ts';
import type { SipMessage } from './types.ts';
import { headerValues } from './views.ts';

/**
 * The typed form of a header by the letter of its grammar: what breaks it has no value, only an error
 * (`message.headerValue`). What the core itself needs to forward a request is read more leniently, by views.ts.
 */
export interface HeaderGrammar<T> {
  /** As the registry spells it. */
  readonly name: string;
  /** Reads one value: a member of a list, or the whole line. Text is latin1. */
  readonly parse: (value: string) => Result<T, CodedError>;
  /** Writes one value; `parse` gives it back equal. */
  readonly write: (value: T) => string;
  /** Reads and writes a value: what it looks like when we write it. */
  readonly canonical: (value: string) => Result<string, CodedError>;
  /** All values in a message, in order; an error where one of them breaks the grammar. Read once, then kept. */
  readonly all: (message: SipMessage) => Result<readonly T[], CodedError>;
  /** The first value in a message; undefined where there is none. */
  readonly first: (message: SipMessage) => Result<T | undefined, CodedError>;
}

/** What a grammar is made of: a reader that returns undefined where the text does not fit, and a writer. */
export interface GrammarParts<T> {
  readonly read: (scanner: Scanner) => T | undefined;
  readonly write: (value: T) => string;
}

/** Makes the grammar of a header. */
export function defineHeader<T>(name: string, { read, write }: GrammarParts<T>): HeaderGrammar<T> {
  const key = headerKey(name);
  const kept = new WeakMap<SipMessage, Result<readonly T[], CodedError>>();
  const parse = (value: string): Result<T, CodedError> => {
    const scanner = new Scanner(value);
    scanner.skip();
    const found = read(scanner);
    if (found !== undefined && scanner.isEnd) return ok(found);
    const detail = `${name}: ${excerpt(value)} (at ${scanner.pos})`;
    return err({
      code: 'message.headerValue',
      message: `${messageErrors['message.headerValue'].meaning}: ${detail}`,
    });
  };
  const all = (message: SipMessage): Result<readonly T[], CodedError> => {
    const before = kept.get(message);
    if (before !== undefined) return before;
    const result = readAll(headerValues(message, key), parse);
    kept.set(message, result);
    return result;
  };
  return {
    name,
    parse,
    write,
    canonical: (value) => {
      const parsed = parse(value);
      return parsed.ok ? ok(write(parsed.value)) : parsed;
    },
    all,
    first: (message) => {
      const values = all(message);
      return values.ok ? ok(values.value[0]) : values;
    },
  };
}

/** Writes a header line's value: the members of a list, or its only value. */
export function writeHeader<T>(grammar: HeaderGrammar<T>, values: readonly T[]): readonly string[] {
  const written = values.map((value) => grammar.write(value));
  return isListHeader(headerKey(grammar.name)) ? [written.join(', ')] : written;
}

function readAll<T>(
  values: readonly string[],
  parse: (value: string) => Result<T, CodedError>,
): Result<readonly T[], CodedError> {
  const found: T[] = [];
  for (const value of values) {
    const result = parse(value);
    if (!result.ok) return result;
    found.push(result.value);
  }
  return ok(found);
}
