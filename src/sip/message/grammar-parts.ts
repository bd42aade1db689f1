import { type Param, parseUri, quote, type Uri } from '../uri/index.ts';
import type { GrammarParts } from './grammar.ts';
import { deltaSecondsMax, type Scanner, writeParams } from './grammar-scanner.ts';
import type { NameAddr } from './types.ts';

// The forms that several headers share.

/** A token with parameters: Event, Content-Disposition, Reason, Security-Client ... */
export interface TokenValue {
  readonly token: string;
  readonly params: readonly Param[];
}

/** A URI in angle brackets with parameters: Call-Info, Alert-Info, Geolocation ... */
export interface UriValue {
  readonly uriText: string;
  readonly uri: Uri;
  readonly params: readonly Param[];
}

/** A single token. */
export const tokenParts: GrammarParts<string> = {
  read: (scanner) => scanner.token(),
  write: (value) => value,
};

/** Text to the end of the line; the empty text counts as one. */
export const textParts: GrammarParts<string> = {
  read: (scanner) => {
    const text = scanner.text.slice(scanner.pos).trimEnd();
    scanner.pos = scanner.text.length;
    return /[\r\n\0]/.test(text) ? undefined : text;
  },
  write: (value) => value,
};

/** A token with parameters; `pattern` narrows the token, `check` the whole. */
export function tokenValueParts(
  options: {
    readonly pattern?: RegExp;
    readonly check?: (value: TokenValue) => boolean;
    readonly alwaysQuoted?: readonly string[];
  } = {},
): GrammarParts<TokenValue> {
  const { pattern, check, alwaysQuoted } = options;
  return {
    read: (scanner) => {
      const token = pattern === undefined ? scanner.token() : scanner.match(pattern);
      const params = token === undefined ? undefined : scanner.params();
      if (token === undefined || params === undefined) return undefined;
      const value = { token, params };
      return check?.(value) === false ? undefined : value;
    },
    write: ({ token, params }) => `${token}${writeParams(params, alwaysQuoted)}`,
  };
}

/** `<uri>` with parameters. */
export const uriValueParts: GrammarParts<UriValue> = {
  read: (scanner) => {
    const uri = scanner.bracketedUri();
    const params = uri === undefined ? undefined : scanner.params();
    return uri === undefined || params === undefined ? undefined : { ...uri, params };
  },
  write: ({ uriText, params }) => `<${uriText}>${writeParams(params)}`,
};

/** A number of digits up to `max`. */
export function numberParts(max: number = deltaSecondsMax, min = 0): GrammarParts<number> {
  return {
    read: (scanner) => {
      const value = scanner.number(max);
      return value !== undefined && value >= min ? value : undefined;
    },
    write: String,
  };
}

/** A name-addr, or an addr-spec where `bare` allows it; `check` narrows it. */
export function addressParts(
  options: { readonly isBareAllowed?: boolean; readonly check?: (value: NameAddr) => boolean } = {},
): GrammarParts<NameAddr> {
  const { isBareAllowed = true, check } = options;
  return {
    read: (scanner) => {
      const value = readAddress(scanner, isBareAllowed);
      return value === undefined || check?.(value) === false ? undefined : value;
    },
    write: writeAddress,
  };
}

/** Writes an address: its name quoted, the URI in angle brackets. */
export function writeAddress(value: NameAddr): string {
  const name = value.displayName === undefined ? '' : `${quote(value.displayName)} `;
  return `${name}<${value.uriText}>${writeParams(value.params)}`;
}

/** Reads an address by the letter; `raw` is the canonical form, whatever was written. */
export function readAddress(scanner: Scanner, isBareAllowed: boolean): NameAddr | undefined {
  const displayName = readDisplayName(scanner);
  const bracketed = scanner.bracketedUri();
  let uriText = bracketed?.uriText;
  let uri = bracketed?.uri;
  if (bracketed === undefined) {
    if (displayName !== undefined || !isBareAllowed) return undefined;
    // RFC 3261 §20.10: without brackets the URI holds no comma, question mark or semicolon.
    uriText = scanner.match(bareUriPattern);
    const read = uriText === undefined ? undefined : parseUri(uriText);
    uri = read?.ok ? read.value : undefined;
  }
  const params = scanner.params();
  if (uriText === undefined || uri === undefined || params === undefined) return undefined;
  const tag = params.find((param) => param.name.toLowerCase() === 'tag');
  if (tag !== undefined && (tag.value ?? '') === '') return undefined;
  const value = { displayName, uriText, uri, params, tag: tag?.value, raw: '' };
  return { ...value, raw: writeAddress(value) };
}

/** A quoted name, or words; undefined where a URI follows at once. Words that turn out to be a URI are left alone. */
function readDisplayName(scanner: Scanner): string | undefined {
  const quoted = scanner.quoted();
  if (quoted !== undefined) {
    scanner.skip();
    return quoted;
  }
  const start = scanner.pos;
  const words = scanner.match(wordsPattern);
  if (words !== undefined && scanner.text[scanner.pos] === '<') return words.trimEnd();
  scanner.pos = start;
  return undefined;
}

const bareUriPattern = /[A-Za-z][^\s<>",;?]*/y;
const wordsPattern = /[A-Za-z0-9\-.!%*_+`'~][A-Za-z0-9\-.!%*_+`'~ \t\r\n]*/y;
