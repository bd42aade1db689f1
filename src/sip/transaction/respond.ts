import { assert } from '../../base/index.ts';
import {
  evenLineEnds,
  headerValue,
  reasonPhraseFor,
  type SipMessage,
  type SipRequest,
  toHeader,
} from '../message/index.ts';
import type { ResponseSpec } from './types.ts';

/**
 * Writes a response of ours to a request as it is to be sent (RFC 3261 §8.2.6.2): Via values in order with the top one
 * as stamped on arrival, From, To (with our tag where it had none), Call-ID and CSeq exactly as they came. Takes the
 * raw lines, so that it can answer a request whose headers are defective.
 */
export function writeResponse(
  request: SipRequest,
  stampedVia: string | undefined,
  spec: ResponseSpec,
): Buffer {
  const { statusCode, body } = spec;
  let text = `SIP/2.0 ${statusCode} ${checked(spec.reasonPhrase ?? reasonPhraseFor(statusCode))}\r\n`;
  text += viaLines(request, stampedVia);
  text += copiedLine(request, 'from', 'From');
  text += toLine(request, statusCode === 100 ? undefined : spec.toTag);
  text += copiedLine(request, 'call-id', 'Call-ID');
  text += copiedLine(request, 'cseq', 'CSeq');
  if (statusCode === 100) text += copiedLine(request, 'timestamp', 'Timestamp');
  for (const { name, value } of spec.headers ?? []) text += `${name}: ${checked(value)}\r\n`;
  text += `Content-Length: ${body?.length ?? 0}\r\n\r\n`;
  const head = Buffer.from(evenLineEnds(request, text), 'latin1');
  return body === undefined || body.length === 0 ? head : Buffer.concat([head, body]);
}

/** A header's first line as it came, with our spelling of its name; nothing where it is missing. */
function copiedLine(message: SipMessage, key: string, name: string): string {
  const value = rawValue(message, key);
  return value === undefined ? '' : `${name}: ${value}\r\n`;
}

function rawValue(message: SipMessage, key: string): string | undefined {
  for (const span of message.headers) {
    if (span.key === key) return message.head.slice(span.valueStart, span.valueEnd);
  }
  return undefined;
}

function viaLines(request: SipRequest, stampedVia: string | undefined): string {
  let text = '';
  let isTop = stampedVia !== undefined;
  for (const span of request.headers) {
    if (span.key !== 'via') continue;
    let value = request.head.slice(span.valueStart, span.valueEnd);
    if (isTop) value = `${stampedVia}${afterFirstValue(value)}`;
    isTop = false;
    text += `Via: ${value}\r\n`;
  }
  return text;
}

/** What follows the first value of a Via line: nothing, or a comma and more (commas in quotes do not count). */
function afterFirstValue(line: string): string {
  let quoted = false;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index];
    if (character === '\\' && quoted) index += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) return line.slice(index);
  }
  return '';
}

function toLine(request: SipRequest, toTag: string | undefined): string {
  const value = rawValue(request, 'to');
  if (value === undefined) return '';
  if (toTag === undefined) return `To: ${value}\r\n`;
  const parsed = toHeader(request);
  const hasTag = parsed.ok ? parsed.value.tag !== undefined : /;\s*tag\s*=/i.test(value);
  return hasTag ? `To: ${value}\r\n` : `To: ${value};tag=${toTag}\r\n`;
}

function checked(value: string): string {
  assert(!/[\r\n]/.test(value), 'a header value of ours has no line break');
  return value;
}

/** The first value of a header, or an empty text: for lines that are copied as they are. */
export function copiedValue(message: SipMessage, key: string): string {
  return headerValue(message, key) ?? '';
}
