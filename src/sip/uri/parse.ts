import { err, ok, type Result } from '../../base/index.ts';
import { type UriErrorCode, uriErrors } from './errors.ts';
import {
  AT,
  CLOSE_BRACKET,
  COLON,
  find,
  GREATER,
  isHex,
  isHostName,
  isSchemeCode,
  isToken,
  isWhite,
  LESS,
  OPEN_BRACKET,
  PERCENT,
  QUESTION,
  QUOTE,
  readNumber,
  SEMICOLON,
  SP,
  skipWhite,
  trimWhite,
} from './lexical.ts';
import { uriBytesMax } from './limits.ts';
import { noParams, readParams } from './params.ts';
import type { OtherUri, Param, SipUri, TelUri, Uri, UriError, UrnUri } from './types.ts';

/** Reads a URI of any scheme. White space around it is not part of it. Errors: `uri.*`. */
export function parseUri(text: string): Result<Uri, UriError> {
  if (text.length > uriBytesMax) return err(uriError('uri.tooLong', text));
  // A character above 0xff would be cut to a byte that means something else.
  if (/[^\u0000-\u00ff]/.test(text)) return err(uriError('uri.badCharacter', text));
  const bytes = Buffer.from(text, 'latin1');
  const start = skipWhite(bytes, 0, bytes.length);
  const uri = readUri(bytes, text, start, trimWhite(bytes, start, bytes.length));
  return typeof uri === 'string' ? err(uriError(uri, text)) : ok(uri);
}

/** Reads a `sip:` or `sips:` URI; another scheme is `uri.notSip`. */
export function parseSipUri(text: string): Result<SipUri, UriError> {
  const uri = parseUri(text);
  if (!uri.ok) return uri;
  return uri.value.kind === 'sip' ? ok(uri.value) : err(uriError('uri.notSip', text));
}

/** The error value of a code, with a short printable excerpt of the text. */
export function uriError(code: UriErrorCode, text: string): UriError {
  const excerpt = text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?');
  return { code, message: `${uriErrors[code].meaning}: ${excerpt}` };
}

/** Reads the URI that fills `start` to `end` of a latin1 text and its bytes; an error code where it is none. */
export function readUri(bytes: Uint8Array, text: string, start: number, end: number): Uri | UriErrorCode {
  let colon = start;
  while (colon < end && isSchemeCode(bytes[colon])) colon++;
  if (colon === start || colon >= end || bytes[colon] !== COLON) return 'uri.noScheme';
  const length = colon - start;
  const first = (bytes[start] ?? 0) | SP;
  if (length === 3 && first === 0x73 && isLetters(bytes, start + 1, 0x69, 0x70)) {
    return readSip(bytes, text, start, colon + 1, end, 'sip');
  }
  if (length === 3 && first === 0x75 && isLetters(bytes, start + 1, 0x72, 0x6e)) {
    return readUrn(bytes, text, start, colon + 1, end);
  }
  const scheme = text.slice(start, colon).toLowerCase();
  if (scheme === 'sips') return readSip(bytes, text, start, colon + 1, end, 'sips');
  if (scheme === 'tel') return readTel(bytes, text, start, colon + 1, end);
  if (!isPlain(bytes, colon + 1, end)) return 'uri.badCharacter';
  const other: OtherUri = {
    kind: 'other',
    scheme,
    rest: text.slice(colon + 1, end),
    raw: text.slice(start, end),
  };
  return other;
}

function readSip(
  bytes: Uint8Array,
  text: string,
  start: number,
  afterScheme: number,
  end: number,
  scheme: 'sip' | 'sips',
): SipUri | UriErrorCode {
  // No `@` may stand unescaped anywhere but before the host, so the first one ends the user part, which may itself
  // hold `;` and `?` (RFC 3261 §25.1, RFC 4475 §3.1.1.9).
  const at = find(bytes, AT, afterScheme, end);
  let user: string | undefined;
  let password: string | undefined;
  if (at >= 0) {
    if (!isPlain(bytes, afterScheme, at)) return 'uri.badUser';
    const colon = find(bytes, COLON, afterScheme, at);
    // A password has no colon; more than one means an odd user such as `urn:service:sos`.
    if (colon >= 0 && find(bytes, COLON, colon + 1, at) < 0) {
      user = text.slice(afterScheme, colon);
      password = text.slice(colon + 1, at);
    } else if (at > afterScheme) {
      user = text.slice(afterScheme, at);
    }
  }
  const hostStart = at < 0 ? afterScheme : at + 1;
  const hostEnd = readHost(bytes, hostStart, end);
  if (hostEnd <= hostStart) return 'uri.badHost';
  let pos = hostEnd;
  let port: number | undefined;
  if (bytes[pos] === COLON && pos < end) {
    const portStart = pos + 1;
    pos = portStart;
    while (pos < end && isPortByte(bytes[pos])) pos++;
    port = readNumber(bytes, portStart, pos, 65_535);
    if (port < 0) return 'uri.badPort';
  }
  // A space before `;user=phone` is common from gateways and harmless.
  const afterPort = pos;
  pos = skipWhite(bytes, pos, end);
  let isSpaced = pos !== afterPort;
  let params: readonly Param[] = noParams;
  let headers: string | undefined;
  if (pos < end) {
    const question = find(bytes, QUESTION, pos, end);
    const paramsEnd = question < 0 ? end : question;
    if (question >= 0) headers = text.slice(question + 1, end);
    if (pos < paramsEnd) {
      if (bytes[pos] !== SEMICOLON) return 'uri.badHost';
      const form = paramForm(bytes, pos, paramsEnd);
      if (form === 'bad') return 'uri.badParameter';
      if (form === 'spaced') isSpaced = true;
      const list: Param[] = [];
      readParams(bytes, text, pos, paramsEnd, list);
      params = list;
    }
    if (headers !== undefined && !isPlain(bytes, paramsEnd, end)) return 'uri.badCharacter';
  }
  return {
    kind: 'sip',
    scheme,
    user,
    password,
    host: text.slice(hostStart, hostEnd),
    port,
    params,
    headers,
    raw: rawText(text, start, end, isSpaced),
  };
}

function readTel(
  bytes: Uint8Array,
  text: string,
  start: number,
  afterScheme: number,
  end: number,
): TelUri | UriErrorCode {
  let pos = afterScheme;
  while (pos < end && bytes[pos] !== SEMICOLON) pos++;
  const numberEnd = trimWhite(bytes, afterScheme, pos);
  if (numberEnd === afterScheme || !isPlain(bytes, afterScheme, numberEnd)) return 'uri.badNumber';
  const form = paramForm(bytes, pos, end);
  if (form === 'bad') return 'uri.badParameter';
  const params: Param[] = [];
  readParams(bytes, text, pos, end, params);
  const raw = rawText(text, start, end, numberEnd < pos || form === 'spaced');
  return { kind: 'tel', number: text.slice(afterScheme, numberEnd), params, raw };
}

function readUrn(
  bytes: Uint8Array,
  text: string,
  start: number,
  afterScheme: number,
  end: number,
): UrnUri | UriErrorCode {
  const colon = find(bytes, COLON, afterScheme, end);
  if (colon <= afterScheme || colon + 1 >= end) return 'uri.badUrn';
  for (let pos = afterScheme; pos < colon; pos++) if (!isToken(bytes[pos])) return 'uri.badUrn';
  if (!isPlain(bytes, colon + 1, end)) return 'uri.badCharacter';
  return {
    kind: 'urn',
    nid: text.slice(afterScheme, colon).toLowerCase(),
    nss: text.slice(colon + 1, end),
    raw: text.slice(start, end),
  };
}

/** End of the host at `start`; `start` itself where there is none. */
export function readHost(bytes: Uint8Array, start: number, end: number): number {
  let pos = start;
  if (bytes[pos] !== OPEN_BRACKET) {
    while (pos < end && isHostName(bytes[pos])) pos++;
    return pos;
  }
  // Loose on purpose: RFC 5118 §4.10 asks to take `[2001:db8:::192.0.2.1]`; a zone stands after `%`.
  pos++;
  let zone = false;
  while (pos < end && bytes[pos] !== CLOSE_BRACKET) {
    const code = bytes[pos] ?? 0;
    if (code === PERCENT) zone = true;
    else if (!isHex(code) && code !== COLON && !isHostNameIn(code, zone)) return start;
    pos++;
  }
  return pos < end && pos > start + 1 ? pos + 1 : start;
}

function isHostNameIn(code: number, zone: boolean): boolean {
  return code === 0x2e || (zone && isHostName(code));
}

function isPortByte(code: number | undefined): boolean {
  return isHostName(code) || code === COLON;
}

function isLetters(bytes: Uint8Array, pos: number, a: number, b: number): boolean {
  return ((bytes[pos] ?? 0) | SP) === a && ((bytes[pos + 1] ?? 0) | SP) === b;
}

/** No white space, control, quote or angle bracket. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let pos = start; pos < end; pos++) {
    const code = bytes[pos] ?? 0;
    if (code <= SP || code === 0x7f || code === LESS || code === GREATER || code === QUOTE) return false;
  }
  return true;
}

/** As {@link isPlain}, but white space may stand around parameters, and `@` may not. */
function paramForm(bytes: Uint8Array, start: number, end: number): 'bad' | 'plain' | 'spaced' {
  let form: 'plain' | 'spaced' = 'plain';
  for (let pos = start; pos < end; pos++) {
    const code = bytes[pos] ?? 0;
    if (isWhite(code)) form = 'spaced';
    else if (code < SP || code === 0x7f) return 'bad';
    else if (code === LESS || code === GREATER || code === QUOTE || code === AT) return 'bad';
  }
  return form;
}

/** The URI as text that may be written anywhere: white space around its parameters means nothing. */
function rawText(text: string, start: number, end: number, isSpaced: boolean): string {
  const raw = text.slice(start, end);
  return isSpaced ? raw.replace(/[ \t\r\n]+/g, '') : raw;
}
