import {
  CLOSE_BRACKET,
  COMMA,
  closingQuote,
  find,
  GREATER,
  LESS,
  noParams,
  type Param,
  paramValue,
  QUOTE,
  readParams,
  readUri,
  SEMICOLON,
  skipWhite,
  trimWhite,
  type Uri,
  unquote,
} from '../uri/index.ts';
import type { MessageErrorCode } from './errors.ts';
import type { NameAddr, Reading } from './types.ts';

/**
 * Reads one name-addr or addr-spec with its parameters, from `start` to `end` (RFC 3261 §25.1). Tolerant: as long as
 * there is a URI to be found, the value is given, and `flaw` says that something was wrong.
 */
export function readNameAddr(
  bytes: Uint8Array,
  text: string,
  start: number,
  end: number,
  flawCode: MessageErrorCode,
): Reading<NameAddr> {
  const from = skipWhite(bytes, start, end);
  const to = trimWhite(bytes, from, end);
  if (from >= to) return { value: undefined, flaw: flawCode };
  const quoted = bytes[from] === QUOTE;
  const close = quoted ? closingQuote(bytes, from, to) : -1;
  let clean = !quoted || close >= 0;
  const open = openingBracket(bytes, close < 0 ? from : close + 1, to);
  if (open < 0)
    return quoted ? { value: undefined, flaw: flawCode } : readBare(bytes, text, from, to, flawCode);

  let displayName: string | undefined;
  if (close >= 0) {
    displayName = unquote(text.slice(from + 1, close));
    if (skipWhite(bytes, close + 1, open) !== open) clean = false;
  } else if (open > from) {
    const displayEnd = trimWhite(bytes, from, open);
    displayName = text.slice(quoted ? from + 1 : from, displayEnd);
    // An unquoted comma may have been meant to separate two values (RFC 4475 §3.1.2.15).
    if (find(bytes, COMMA, from, displayEnd) >= 0) clean = false;
  }
  let shut = find(bytes, GREATER, open + 1, to);
  if (shut < 0) {
    clean = false;
    shut = to;
  }
  const uriStart = skipWhite(bytes, open + 1, shut);
  const uriEnd = trimWhite(bytes, uriStart, shut);
  if (uriStart !== open + 1 || uriEnd !== shut) clean = false;
  const after = skipWhite(bytes, shut + 1, to);
  return finish(
    bytes,
    text,
    { from, to, uriStart, uriEnd, paramsStart: after },
    displayName,
    clean,
    flawCode,
  );
}

function readBare(
  bytes: Uint8Array,
  text: string,
  from: number,
  to: number,
  flawCode: MessageErrorCode,
): Reading<NameAddr> {
  const semicolon = find(bytes, SEMICOLON, from, to);
  const paramsStart = semicolon < 0 ? to : semicolon;
  const uriEnd = trimWhite(bytes, from, paramsStart);
  if (uriEnd === from) return { value: undefined, flaw: flawCode };
  return finish(bytes, text, { from, to, uriStart: from, uriEnd, paramsStart }, undefined, true, flawCode);
}

interface Places {
  readonly from: number;
  readonly to: number;
  readonly uriStart: number;
  readonly uriEnd: number;
  readonly paramsStart: number;
}

function finish(
  bytes: Uint8Array,
  text: string,
  at: Places,
  displayName: string | undefined,
  cleanSoFar: boolean,
  flawCode: MessageErrorCode,
): Reading<NameAddr> {
  let clean = cleanSoFar;
  const read = readUri(bytes, text, at.uriStart, at.uriEnd);
  let uri: Uri;
  if (typeof read === 'string') {
    if (at.uriStart === at.uriEnd) return { value: undefined, flaw: flawCode };
    clean = false;
    // Without white space like the text of any URI, so that it may be written where one stands.
    const raw = text.slice(at.uriStart, at.uriEnd).replace(/[ \t\r\n]+/g, '');
    uri = { kind: 'other', scheme: '', rest: raw, raw };
  } else {
    uri = read;
  }
  let params: readonly Param[] = noParams;
  let tag: string | undefined;
  if (at.paramsStart < at.to) {
    const list: Param[] = [];
    if (!readParams(bytes, text, at.paramsStart, at.to, list)) clean = false;
    params = list;
    tag = paramValue(list, 'tag') || undefined;
  }
  const raw = text.slice(at.from, at.to);
  return {
    value: { displayName, uriText: uri.raw, uri, params, tag, raw },
    flaw: clean ? undefined : flawCode,
  };
}

/**
 * Position of the `<` that opens the URI, or -1 for a bare one. A bare URI ends at its first `;`, so a `<` after that
 * belongs to a parameter's value. A bracket pair in an unquoted display name (`Joe <joe@x> <sip:joe@x>`) is passed over.
 */
function openingBracket(bytes: Uint8Array, start: number, end: number): number {
  let open = -1;
  for (let pos = start; pos < end; pos++) {
    const code = bytes[pos];
    if (code === SEMICOLON) return -1;
    if (code === LESS) {
      open = pos;
      break;
    }
  }
  while (open >= 0) {
    const shut = find(bytes, GREATER, open + 1, end);
    if (shut < 0) return open;
    const next = skipWhite(bytes, shut + 1, end);
    if (next >= end || bytes[next] !== LESS) return open;
    open = next;
  }
  return open;
}

/** End of the first value of a comma-separated list: commas in quotes and angle brackets do not count. */
export function listValueEnd(bytes: Uint8Array, start: number, end: number): number {
  // A quote or bracket that never closes protects nothing, or a stray one would swallow the values after it. Having
  // met one, the search is not repeated: it would cost a pass over the rest for each of them.
  let quotes = true;
  let brackets = true;
  let pos = start;
  while (pos < end) {
    const code = bytes[pos];
    if (code === COMMA) return pos;
    if (code === QUOTE && quotes) {
      const close = closingQuote(bytes, pos, end);
      if (close >= 0) pos = close;
      else quotes = false;
    } else if (code === LESS && brackets) {
      const shut = find(bytes, GREATER, pos + 1, end);
      if (shut >= 0) pos = shut;
      else brackets = false;
    }
    pos++;
  }
  return end;
}

/** Text between square brackets where it has them. */
export function withoutBrackets(text: string): string {
  return text.startsWith('[') && text.charCodeAt(text.length - 1) === CLOSE_BRACKET
    ? text.slice(1, -1)
    : text;
}
