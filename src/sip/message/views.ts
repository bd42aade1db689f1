import { type CodedError, err, ok, type Result } from '../../base/index.ts';
import { isDigit, readNumber, readUri, skipWhite, trimWhite, type Uri } from '../uri/index.ts';
import { type MessageErrorCode, messageErrors } from './errors.ts';
import { listValueEnd, readNameAddr } from './name-addr.ts';
import { isListHeader, trackOf } from './names.ts';
import { excerpt, unfold } from './text.ts';
import type { CSeq, HeaderSpan, NameAddr, Reading, SipMessage, SipRequest, Via } from './types.ts';
import { readVia } from './via.ts';

/**
 * What is known of a message beyond its spans: where the headers stand that every message needs, and what has been read
 * from them so far. One object of one shape, because a Map costs more than all of it.
 */
export class MessageViews {
  /** Index into `headers` of the first header of a kind, or -1; by `tracked` in names.ts. */
  readonly first: number[] = [-1, -1, -1, -1, -1, -1, -1, -1];
  /** Bits of tracked headers that stand more than once. */
  duplicates = 0;
  /** Whether the start line is to be written anew before it is forwarded. */
  isStartLineOdd = false;
  /** Whether the blank line after the headers is there. */
  isTerminated = true;
  /** Whether exactly one Content-Length says how long the body is. */
  isLengthExact = false;
  topVia: Reading<Via> | undefined;
  cseq: Reading<CSeq> | undefined;
  from: Reading<NameAddr> | undefined;
  to: Reading<NameAddr> | undefined;
  requestUri: Reading<Uri> | undefined;
  maxForwards: Reading<number> | undefined;
  vias: Result<readonly Via[], CodedError> | undefined;
  routes: Result<readonly NameAddr[], CodedError> | undefined;
  recordRoutes: Result<readonly NameAddr[], CodedError> | undefined;
  contacts: Result<readonly NameAddr[], CodedError> | undefined;
}

/** A header's value as written save for its folds: the first one's where there are several. */
export function headerValue(message: SipMessage, key: string): string | undefined {
  const span = firstSpan(message, key);
  return span === undefined ? undefined : spanValue(message, span);
}

/** All values of a header in order; lists are split at their commas, empty list members left out. */
export function headerValues(message: SipMessage, key: string): readonly string[] {
  const values: string[] = [];
  const isList = isListHeader(key);
  for (const span of message.headers) {
    if (span.key !== key) continue;
    if (!isList) values.push(spanValue(message, span));
    else eachListValue(message, span, (_bytes, text, start, end) => values.push(text.slice(start, end)));
  }
  return values;
}

/** The first Via value. Errors: `message.via`, `message.missingHeader`. */
export function topVia(message: SipMessage): Result<Via, CodedError> {
  return toResult(topViaReading(message), message, 'via');
}

/** All Via values, top first; an error where one of them cannot be read. */
export function vias(message: SipMessage): Result<readonly Via[], CodedError> {
  message.views.vias ??= readAll(message, 'via', readVia);
  return message.views.vias;
}

/** The CSeq; a request's own method stands in where it names none. Errors: `message.cseq`, `message.missingHeader`. */
export function cseq(message: SipMessage): Result<CSeq, CodedError> {
  return toResult(cseqReading(message), message, 'cseq');
}

/** The From header. Errors: `message.from`, `message.missingHeader`. */
export function fromHeader(message: SipMessage): Result<NameAddr, CodedError> {
  return toResult(fromReading(message), message, 'from');
}

/** The To header. Errors: `message.to`, `message.missingHeader`. */
export function toHeader(message: SipMessage): Result<NameAddr, CodedError> {
  return toResult(toReading(message), message, 'to');
}

/** The Call-ID; undefined where it is absent or empty. Compared byte by byte (RFC 3261 §20.8). */
export function callId(message: SipMessage): string | undefined {
  const span = message.headers[message.views.first[4] ?? -1];
  return span === undefined || span.valueEnd === span.valueStart ? undefined : spanValue(message, span);
}

/** Max-Forwards; undefined where it is absent, or no number up to 255 (then it counts as absent: RFC 4475 §3.1.2.4). */
export function maxForwards(message: SipMessage): number | undefined {
  return maxForwardsReading(message).value;
}

/** The Request-URI. Error: `message.requestUri`. */
export function requestUriOf(request: SipRequest): Result<Uri, CodedError> {
  const reading = requestUriReading(request);
  if (reading.value !== undefined) return ok(reading.value);
  return err(viewError('message.requestUri', request.requestUri));
}

/** The Route values, top first. Error: `message.address` where one cannot be read. */
export function routes(message: SipMessage): Result<readonly NameAddr[], CodedError> {
  message.views.routes ??= readAll(message, 'route', readAddress);
  return message.views.routes;
}

/** The Record-Route values, top first. Error: `message.address` where one cannot be read. */
export function recordRoutes(message: SipMessage): Result<readonly NameAddr[], CodedError> {
  message.views.recordRoutes ??= readAll(message, 'record-route', readAddress);
  return message.views.recordRoutes;
}

/** The Contact values in order. `*` has that text and a URI of kind `other`. Error: `message.address`. */
export function contacts(message: SipMessage): Result<readonly NameAddr[], CodedError> {
  message.views.contacts ??= readAll(message, 'contact', readAddress);
  return message.views.contacts;
}

export function topViaReading(message: SipMessage): Reading<Via> {
  const span = message.headers[message.views.first[1] ?? -1];
  if (span === undefined) return missing;
  message.views.topVia ??= readSpan(message, span, readFirstVia);
  return message.views.topVia;
}

export function fromReading(message: SipMessage): Reading<NameAddr> {
  const span = message.headers[message.views.first[2] ?? -1];
  if (span === undefined) return missing;
  message.views.from ??= readSpan(message, span, readFrom);
  return message.views.from;
}

export function toReading(message: SipMessage): Reading<NameAddr> {
  const span = message.headers[message.views.first[3] ?? -1];
  if (span === undefined) return missing;
  message.views.to ??= readSpan(message, span, readTo);
  return message.views.to;
}

export function cseqReading(message: SipMessage): Reading<CSeq> {
  const span = message.headers[message.views.first[5] ?? -1];
  if (span === undefined) return missing;
  message.views.cseq ??= withMethod(readSpan(message, span, readCSeq), message);
  return message.views.cseq;
}

export function maxForwardsReading(message: SipMessage): Reading<number> {
  const span = message.headers[message.views.first[6] ?? -1];
  if (span === undefined) return missing;
  message.views.maxForwards ??= readSpan(message, span, readMaxForwards);
  return message.views.maxForwards;
}

export function requestUriReading(request: SipRequest): Reading<Uri> {
  request.views.requestUri ??= readRequestUri(request.requestUri);
  return request.views.requestUri;
}

/** Largest CSeq number (RFC 3261 §8.1.1.5); larger ones that are exact in a number are read all the same. */
export const sequenceMax = 2 ** 31 - 1;

const missing: Reading<never> = { value: undefined, flaw: 'message.missingHeader' };

/** The first header with this key; the tracked ones need no search. */
export function firstSpan(message: SipMessage, key: string): HeaderSpan | undefined {
  const track = trackOf(key);
  if (track > 0) return message.headers[message.views.first[track] ?? -1];
  for (const span of message.headers) if (span.key === key) return span;
  return undefined;
}

/** A header's value, its folds made one space each. */
export function spanValue(message: SipMessage, span: HeaderSpan): string {
  const text = message.head.slice(span.valueStart, span.valueEnd);
  return span.folded ? unfold(text) : text;
}

type Reader<T> = (bytes: Uint8Array, text: string, start: number, end: number) => Reading<T>;

/** Reads a value where it lies; one with line breaks is read from a copy without them, so that none gets into a view. */
function readSpan<T>(message: SipMessage, span: HeaderSpan, read: Reader<T>): Reading<T> {
  if (!span.folded) return read(message.bytes, message.head, span.valueStart, span.valueEnd);
  const value = spanValue(message, span);
  return read(Buffer.from(value, 'latin1'), value, 0, value.length);
}

function readFirstVia(bytes: Uint8Array, text: string, start: number, end: number): Reading<Via> {
  return readVia(bytes, text, start, listValueEnd(bytes, start, end));
}

function readFrom(bytes: Uint8Array, text: string, start: number, end: number): Reading<NameAddr> {
  return readNameAddr(bytes, text, start, end, 'message.from');
}

function readTo(bytes: Uint8Array, text: string, start: number, end: number): Reading<NameAddr> {
  return readNameAddr(bytes, text, start, end, 'message.to');
}

function readAddress(bytes: Uint8Array, text: string, start: number, end: number): Reading<NameAddr> {
  return readNameAddr(bytes, text, start, end, 'message.address');
}

function readAll<T>(message: SipMessage, key: string, read: Reader<T>): Result<readonly T[], CodedError> {
  const values: T[] = [];
  let failure: CodedError | undefined;
  for (const span of message.headers) {
    if (span.key !== key) continue;
    eachListValue(message, span, (bytes, text, start, end) => {
      const reading = read(bytes, text, start, end);
      if (reading.value !== undefined) values.push(reading.value);
      else failure ??= viewError(reading.flaw ?? 'message.address', text.slice(start, end));
    });
  }
  return failure === undefined ? ok(values) : err(failure);
}

/** Calls back with the place of each value of a list, white space around it left out. */
function eachListValue(
  message: SipMessage,
  span: HeaderSpan,
  take: (bytes: Uint8Array, text: string, start: number, end: number) => void,
): void {
  const isWhole = !span.folded;
  const text = isWhole ? message.head : spanValue(message, span);
  const bytes = isWhole ? message.bytes : Buffer.from(text, 'latin1');
  const last = isWhole ? span.valueEnd : text.length;
  let pos = isWhole ? span.valueStart : 0;
  while (pos <= last) {
    const comma = listValueEnd(bytes, pos, last);
    const start = skipWhite(bytes, pos, comma);
    const end = trimWhite(bytes, start, comma);
    if (end > start) take(bytes, text, start, end);
    pos = comma + 1;
  }
}

function readCSeq(bytes: Uint8Array, text: string, start: number, end: number): Reading<CSeq> {
  let pos = start;
  while (pos < end && isDigit(bytes[pos])) pos++;
  const sequence = readNumber(bytes, start, pos);
  const methodStart = skipWhite(bytes, pos, end);
  if (sequence < 0 || (methodStart === pos && pos < end)) return { value: undefined, flaw: 'message.cseq' };
  const flaw = sequence <= sequenceMax && methodStart < end ? undefined : 'message.cseq';
  return { value: { sequence, method: text.slice(methodStart, end) }, flaw };
}

/** A request's own method in place of one that its CSeq does not name; in a response nothing can stand in. */
function withMethod(reading: Reading<CSeq>, message: SipMessage): Reading<CSeq> {
  const { value } = reading;
  if (value === undefined || value.method !== '') return reading;
  if (message.kind === 'response') return { value: undefined, flaw: 'message.cseq' };
  return { value: { sequence: value.sequence, method: message.method }, flaw: 'message.cseq' };
}

function readMaxForwards(bytes: Uint8Array, _text: string, start: number, end: number): Reading<number> {
  const value = readNumber(bytes, start, end, 255);
  return value < 0 ? { value: undefined, flaw: 'message.maxForwards' } : { value, flaw: undefined };
}

function readRequestUri(text: string): Reading<Uri> {
  const uri = readUri(Buffer.from(text, 'latin1'), text, 0, text.length);
  if (typeof uri === 'string') return { value: undefined, flaw: 'message.requestUri' };
  return { value: uri, flaw: undefined };
}

function toResult<T>(reading: Reading<T>, message: SipMessage, key: string): Result<T, CodedError> {
  if (reading.value !== undefined) return ok(reading.value);
  return err(viewError(reading.flaw ?? 'message.missingHeader', headerValue(message, key) ?? key));
}

function viewError(code: MessageErrorCode, text: string): CodedError {
  return { code, message: `${messageErrors[code].meaning}: ${excerpt(text)}` };
}
