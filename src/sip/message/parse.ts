import { CR, HTAB, LF, readUri, SP } from '../uri/index.ts';
import { collectDefects } from './checks.ts';
import { declaredLength } from './content-length.ts';
import { type MessageErrorCode, messageErrors } from './errors.ts';
import { type HeadFlaws, indexHeaders, lineFeed } from './header-index.ts';
import type { MessageLimits } from './limits.ts';
import { mendedUri, readStartLine, type StartLine, withoutUriHeaders } from './start-line.ts';
import { excerpt } from './text.ts';
import type { HeaderSpan, MessageDefect, ParseOutcome, SipMessage } from './types.ts';
import { MessageViews } from './views.ts';

/** How the bytes came: a datagram's length bounds a message, on a stream Content-Length alone does (RFC 3261 §18.3). */
export interface ParseOptions {
  readonly framing: 'datagram' | 'stream';
  readonly limits: MessageLimits;
}

const blankLine = Buffer.from('\r\n\r\n', 'latin1');
const noBody = Buffer.alloc(0);
const noDefects: readonly MessageDefect[] = Object.freeze([]);

/**
 * Reads one SIP message. The bytes belong to the message from then on. Never throws on input; `notSip` carries one of
 * `message.empty`, `message.notSip`, `message.otherProtocol`, `message.headTooLarge`.
 */
export function parseMessage(bytes: Buffer, options: ParseOptions): ParseOutcome {
  const start = messageStart(bytes);
  if (start === bytes.length) return notSip('message.empty', '');
  const isIndented = start > 0 && isBlank(bytes[start - 1]);
  const source = start === 0 ? bytes : bytes.subarray(start);
  const text = headText(source, options.limits.headBytesMax);
  const end = text.length;
  const firstLineFeed = lineFeed(source, 0, end);
  const lineEnd = source[firstLineFeed - 1] === CR ? firstLineFeed - 1 : firstLineFeed;
  const firstLine = readStartLine(source, text, lineEnd);
  if (typeof firstLine === 'string') return notSip(firstLine, text);

  const views = new MessageViews();
  const flaws: HeadFlaws = { hasOddLineEnd: firstLineFeed === lineEnd, hasOddHeader: false };
  const headersStart = Math.min(firstLineFeed + 1, end);
  const index = indexHeaders(source, text, headersStart, end, views, flaws);
  if (!index.isTerminated && end < source.length) return notSip('message.headTooLarge', text);
  views.isTerminated = index.isTerminated;
  const startLine = tidyRequestLine(firstLine, source, text, views);
  views.isStartLineOdd = isIndented || startLine.flaw !== undefined;
  const head = index.headEnd === end ? text : text.slice(0, index.headEnd);

  const declared = declaredLength(
    source,
    index.headers,
    views.first[7] ?? -1,
    (views.duplicates & (1 << 7)) !== 0,
  );
  const present = source.length - index.headEnd;
  const bodyLength = declared.kind === 'bytes' && declared.length < present ? declared.length : present;
  views.isLengthExact = declared.kind === 'bytes' && declared.length === bodyLength && !declared.isRepeated;
  const body = bodyLength === 0 ? noBody : source.subarray(index.headEnd, index.headEnd + bodyLength);

  const message = makeMessage(startLine, source, head, index.headers, body, views, noDefects);
  const defects = collectDefects(message, {
    options,
    flaws,
    declared,
    present,
    isIndented,
    startLineFlaw: startLine.flaw,
    startLineBytes: lineEnd,
  });
  if (defects === undefined) return { kind: 'message', message };
  const defective = makeMessage(startLine, source, head, index.headers, body, views, defects);
  return { kind: 'message', message: defective };
}

/** Reads the Request-URI where it stands in the head, and takes from it what may not be forwarded. */
function tidyRequestLine(line: StartLine, bytes: Buffer, text: string, views: MessageViews): StartLine {
  if (line.kind !== 'request') return line;
  const start = line.method.length + 1;
  const isInPlace = line.flaw === undefined;
  const uri = isInPlace
    ? readUri(bytes, text, start, start + line.requestUri.length)
    : readUri(Buffer.from(line.requestUri, 'latin1'), line.requestUri, 0, line.requestUri.length);
  if (typeof uri === 'string') {
    const mended = mendedUri(line);
    if (mended !== undefined) return tidyRequestLine(mended, bytes, text, views);
    views.requestUri = { value: undefined, flaw: 'message.requestUri' };
    return line;
  }
  if (uri.kind === 'sip' && uri.headers !== undefined) {
    const tidy = withoutUriHeaders(line, uri);
    return tidyRequestLine(tidy, bytes, text, views);
  }
  views.requestUri = { value: uri, flaw: undefined };
  return line;
}

function makeMessage(
  startLine: StartLine,
  bytes: Buffer,
  head: string,
  headers: readonly HeaderSpan[],
  body: Buffer,
  views: MessageViews,
  defects: readonly MessageDefect[],
): SipMessage {
  if (startLine.kind === 'request') {
    const { method, requestUri, version } = startLine;
    return { kind: 'request', method, requestUri, version, bytes, head, headers, body, defects, views };
  }
  const { statusCode, reasonPhrase, version } = startLine;
  return { kind: 'response', statusCode, reasonPhrase, version, bytes, head, headers, body, defects, views };
}

/** Line ends before the start line are ignored (RFC 3261 §7.5); white space there is a defect. */
function messageStart(bytes: Buffer): number {
  let start = 0;
  while (start < bytes.length) {
    const code = bytes[start];
    if (code !== CR && code !== LF && !isBlank(code)) break;
    start++;
  }
  return start;
}

/** The head as latin1, up to the blank line where it is easily found, else all that may be head. */
function headText(bytes: Buffer, bytesMax: number): string {
  const blank = bytes.indexOf(blankLine);
  const wanted = blank < 0 ? bytes.length : blank + blankLine.length;
  return bytes.toString('latin1', 0, Math.min(wanted, bytesMax));
}

function isBlank(code: number | undefined): boolean {
  return code === SP || code === HTAB;
}

function notSip(code: MessageErrorCode, text: string): ParseOutcome {
  const detail = text === '' ? '' : `: ${excerpt(text)}`;
  return { kind: 'notSip', error: { code, message: `${messageErrors[code].meaning}${detail}` } };
}
