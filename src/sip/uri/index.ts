export { decodeEscapes, uriEquals } from './compare.ts';
export { type UriErrorCode, uriErrors } from './errors.ts';
export {
  AT,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  CR,
  closingQuote,
  find,
  GREATER,
  HTAB,
  HYPHEN,
  isDigit,
  isToken,
  isWhite,
  LESS,
  LF,
  QUOTE,
  readNumber,
  SEMICOLON,
  SLASH,
  SP,
  sameText,
  skipWhite,
  trimWhite,
  unquote,
} from './lexical.ts';
export { uriBytesMax } from './limits.ts';
export { hasParam, noParams, paramValue, parseParams, quote, readParams } from './params.ts';
export { parseSipUri, parseUri, readHost, readUri } from './parse.ts';
export { formatParam, formatSipUri, type SipUriParts, withoutParam, withParam } from './serialize.ts';
export type { OtherUri, Param, SipUri, TelUri, Uri, UriError, UrnUri } from './types.ts';
