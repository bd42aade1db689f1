import {
  isToken,
  isWhite,
  LESS,
  readNumber,
  SP,
  sameText,
  skipWhite,
  trimWhite,
  type Uri,
} from '../uri/index.ts';
import type { MessageErrorCode } from './errors.ts';

/** A start line as read. */
export type StartLine =
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly requestUri: string;
      readonly version: string;
      readonly flaw: MessageErrorCode | undefined;
    }
  | {
      readonly kind: 'response';
      readonly statusCode: number;
      readonly reasonPhrase: string;
      readonly version: string;
      readonly flaw: MessageErrorCode | undefined;
    };

/** Reads the line from 0 to `end` (its line end left out); an error code where it is no SIP start line at all. */
export function readStartLine(bytes: Uint8Array, text: string, end: number): StartLine | MessageErrorCode {
  if (hasSipName(bytes, 0)) return readStatusLine(bytes, text, end);
  let methodEnd = 0;
  while (methodEnd < end && isToken(bytes[methodEnd])) methodEnd++;
  if (methodEnd === 0) return 'message.notSip';
  const uriStart = methodEnd + 1;
  let uriEnd = uriStart;
  while (uriEnd < end && (bytes[uriEnd] ?? 0) > SP) uriEnd++;
  // The form that the grammar allows: METHOD SP URI SP SIP/2.0, nothing else.
  const isPlain = bytes[methodEnd] === SP && bytes[uriEnd] === SP && bytes[uriStart] !== LESS;
  if (isPlain && uriEnd > uriStart && isSip20(bytes, uriEnd + 1, end)) {
    return {
      kind: 'request',
      method: text.slice(0, methodEnd),
      requestUri: text.slice(uriStart, uriEnd),
      version: text.slice(uriEnd + 1, end),
      flaw: undefined,
    };
  }
  return readOddRequestLine(bytes, text, methodEnd, end);
}

/** White space where it does not belong, another version, no Request-URI (RFC 4475 §3.1.2.7 to §3.1.2.10, §3.1.2.16). */
function readOddRequestLine(
  bytes: Uint8Array,
  text: string,
  methodEnd: number,
  lineEnd: number,
): StartLine | MessageErrorCode {
  const end = trimWhite(bytes, 0, lineEnd);
  let versionStart = end;
  while (versionStart > methodEnd && !isWhite(bytes[versionStart - 1])) versionStart--;
  if (methodEnd >= end || !isWhite(bytes[methodEnd]) || versionStart <= methodEnd) return 'message.notSip';
  const version = text.slice(versionStart, end);
  if (!hasSipName(bytes, versionStart)) {
    return /^[A-Za-z]+\/\d/.test(version) ? 'message.otherProtocol' : 'message.notSip';
  }
  const uriStart = skipWhite(bytes, methodEnd, versionStart);
  const uriEnd = trimWhite(bytes, uriStart, versionStart);
  let requestUri = text.slice(uriStart, uriEnd).replace(/[ \t\r]+/g, '');
  let flaw: MessageErrorCode = 'message.startLine';
  if (requestUri.startsWith('<') && requestUri.endsWith('>')) {
    requestUri = requestUri.slice(1, -1);
    flaw = 'message.requestUriForm';
  }
  if (!sameText(version, 'SIP/2.0')) flaw = 'message.version';
  return {
    kind: 'request',
    method: text.slice(0, methodEnd),
    requestUri,
    version,
    flaw,
  };
}

function readStatusLine(bytes: Uint8Array, text: string, end: number): StartLine | MessageErrorCode {
  let versionEnd = 0;
  while (versionEnd < end && !isWhite(bytes[versionEnd])) versionEnd++;
  const codeStart = skipWhite(bytes, versionEnd, end);
  let codeEnd = codeStart;
  while (codeEnd < end && !isWhite(bytes[codeEnd])) codeEnd++;
  if (codeEnd === codeStart) return 'message.notSip';
  const version = text.slice(0, versionEnd);
  const statusCode = readNumber(bytes, codeStart, codeEnd);
  const isInRange = codeEnd - codeStart === 3 && statusCode >= 100 && statusCode <= 699;
  let flaw: MessageErrorCode | undefined;
  if (!sameText(version, 'SIP/2.0')) flaw = 'message.version';
  else if (!isInRange) flaw = 'message.statusCode';
  else if (codeStart !== versionEnd + 1) flaw = 'message.startLine';
  // The space after the code is missing in front of an empty phrase more often than not (RFC 4475 §3.1.1.13).
  const reasonStart = Math.min(codeEnd + 1, end);
  return {
    kind: 'response',
    statusCode: Math.max(statusCode, 0),
    reasonPhrase: text.slice(reasonStart, end),
    version,
    flaw,
  };
}

/**
 * The start line without the headers of its Request-URI, which may have none (RFC 3261 §19.1.5, RFC 4475 §3.1.2.11): they
 * must neither be forwarded nor become headers of the request.
 */
export function withoutUriHeaders(line: StartLine, uri: Uri | undefined): StartLine {
  if (line.kind !== 'request' || uri?.kind !== 'sip' || uri.headers === undefined) return line;
  const requestUri = uri.raw.slice(0, uri.raw.length - uri.headers.length - 1);
  return { ...line, requestUri, flaw: line.flaw ?? 'message.requestUriForm' };
}

/**
 * The start line with the SIP URI that was meant, where what stands there is none: an IPv6 address gets its brackets, and
 * what follows host and port and cannot belong to a URI is left out (`sip:sos@example.com/TCP`). Undefined where that does
 * not help. Such a request is refused all the same (RFC 5118 §4.2), but a call for help must not fail for it.
 */
export function mendedUri(line: StartLine): StartLine | undefined {
  if (line.kind !== 'request') return undefined;
  const bare = bareAddress.exec(line.requestUri);
  const requestUri =
    bare === null ? uriHead.exec(line.requestUri)?.[0] : `${bare[1] ?? ''}[${bare[2] ?? ''}]`;
  if (requestUri === undefined || requestUri === line.requestUri) return undefined;
  return { ...line, requestUri, flaw: line.flaw ?? 'message.requestUriForm' };
}

/** An IPv6 address where a host should be, up to the end or the parameters. */
const bareAddress = /^(sips?:(?:[^@\s<>"]{1,512}@)?)([0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?=$|[;?])/i;
/** Scheme, user, host and port, and behind them what belongs to neither. */
const uriHead = /^sips?:(?:[^@\s<>"]{1,512}@)?(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?(?=[^\w.:-])/i;

/** `SIP/` in any case at `pos`. */
function hasSipName(bytes: Uint8Array, pos: number): boolean {
  return (
    ((bytes[pos] ?? 0) | SP) === 0x73 &&
    ((bytes[pos + 1] ?? 0) | SP) === 0x69 &&
    ((bytes[pos + 2] ?? 0) | SP) === 0x70 &&
    bytes[pos + 3] === 0x2f
  );
}

/** `SIP/2.0` in any case (RFC 3261 §7.1) from `pos` up to `end`. */
function isSip20(bytes: Uint8Array, pos: number, end: number): boolean {
  return (
    end - pos === 7 &&
    hasSipName(bytes, pos) &&
    bytes[pos + 4] === 0x32 &&
    bytes[pos + 5] === 0x2e &&
    bytes[pos + 6] === 0x30
  );
}
