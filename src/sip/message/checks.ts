import type { DeclaredLength } from './content-length.ts';
import type { MessageErrorCode } from './errors.ts';
import type { HeadFlaws } from './header-index.ts';
import { tracked } from './names.ts';
import type { ParseOptions } from './parse.ts';
import type { MessageDefect, SipMessage, SipRequest } from './types.ts';
import {
  callId,
  cseqReading,
  fromReading,
  maxForwardsReading,
  requestUriReading,
  topViaReading,
  toReading,
} from './views.ts';

/** What the parser noticed on its way. */
export interface ParseNotes {
  readonly options: ParseOptions;
  readonly flaws: HeadFlaws;
  readonly declared: DeclaredLength;
  /** Bytes after the blank line. */
  readonly present: number;
  readonly isIndented: boolean;
  readonly startLineFlaw: MessageErrorCode | undefined;
  readonly startLineBytes: number;
}

type Severity = MessageDefect['severity'];

/**
 * All that is wrong with a message, the gravest first; undefined for a faultless one. The texts serve as reason phrases
 * (RFC 3261 §21.4.1 asks for one that names the problem).
 */
export function collectDefects(message: SipMessage, notes: ParseNotes): readonly MessageDefect[] | undefined {
  const defects = new Collector();
  if (notes.startLineFlaw !== undefined) addStartLine(message, notes.startLineFlaw, defects);
  if (message.kind === 'request') addRequestUri(message, notes, defects);
  addMandatory(message, defects);
  if (message.views.duplicates !== 0) addDuplicates(message, defects);
  addLength(message, notes, defects);
  addLines(message, notes, defects);
  return defects.list?.sort((a, b) => rank(a) - rank(b));
}

/** Holds no list before there is something to hold: most messages are faultless. */
class Collector {
  list: MessageDefect[] | undefined;

  add(code: MessageErrorCode, severity: Severity, text: string, statusCode = 400): void {
    this.list ??= [];
    this.list.push({ code, severity, statusCode, message: text });
  }
}

function rank(defect: MessageDefect): number {
  return defect.severity === 'fatal' ? 0 : 1;
}

function addStartLine(message: SipMessage, flaw: MessageErrorCode, defects: Collector): void {
  if (flaw === 'message.version') {
    // What another version means is not known, yet its headers read the same; a response of one is no use.
    defects.add(flaw, message.kind === 'response' ? 'fatal' : 'routable', 'Version Not Supported', 505);
  } else if (flaw === 'message.requestUriForm') defects.add(flaw, 'routable', 'Malformed Request-URI');
  else if (flaw === 'message.statusCode') defects.add(flaw, 'fatal', 'Invalid status code');
  else defects.add(flaw, 'routable', 'Malformed start line');
}

function addRequestUri(request: SipRequest, notes: ParseNotes, defects: Collector): void {
  const { limits } = notes.options;
  if (request.requestUri === '') {
    defects.add('message.requestUri', 'fatal', 'Missing Request-URI');
    return;
  }
  if (request.requestUri.length > limits.uriBytesMax) {
    defects.add('message.requestUriTooLong', 'routable', 'Request-URI Too Long', 414);
  } else if (notes.startLineBytes > limits.startLineBytesMax) {
    defects.add('message.startLineTooLong', 'routable', 'Start Line Too Long', 414);
  }
  const uri = requestUriReading(request).value;
  if (uri === undefined) defects.add('message.requestUri', 'fatal', 'Malformed Request-URI');
  else if (uri.kind === 'other') {
    defects.add('message.requestUriScheme', 'routable', 'Unsupported URI Scheme', 416);
  } else if (uri.kind === 'sip' && uri.port === 0) {
    defects.add('message.requestUriForm', 'routable', 'Port 0 in Request-URI');
  }
}

function addMandatory(message: SipMessage, defects: Collector): void {
  const via = topViaReading(message);
  if (via.flaw === 'message.missingHeader') defects.add(via.flaw, 'fatal', 'Missing Via');
  else if (via.flaw !== undefined) defects.add(via.flaw, usable(via.value), 'Malformed Via');
  const from = fromReading(message);
  if (from.flaw === 'message.missingHeader') defects.add(from.flaw, 'fatal', 'Missing From');
  else if (from.flaw !== undefined) defects.add(from.flaw, usable(from.value), 'Malformed From');
  const to = toReading(message);
  if (to.flaw === 'message.missingHeader') defects.add(to.flaw, 'routable', 'Missing To');
  else if (to.flaw !== undefined) defects.add(to.flaw, 'routable', 'Malformed To');
  addCallId(message, defects);
  const cseq = cseqReading(message);
  if (cseq.flaw === 'message.missingHeader') defects.add(cseq.flaw, 'fatal', 'Missing CSeq');
  else if (cseq.flaw !== undefined) defects.add(cseq.flaw, usable(cseq.value), 'Invalid CSeq');
  if (message.kind !== 'request') return;
  if (cseq.value !== undefined && cseq.value.method !== message.method) {
    // RFC 4475 §3.1.2.18: of a method that is not known besides, that is the better answer.
    const statusCode = knownMethods.has(message.method) ? 400 : 501;
    defects.add('message.cseqMethod', 'routable', 'CSeq method does not match', statusCode);
  }
  // A missing Max-Forwards is no fault (RFC 3261 §16.3 item 3).
  if (maxForwardsReading(message).flaw === 'message.maxForwards') {
    defects.add('message.maxForwards', 'routable', 'Invalid Max-Forwards');
  }
}

const knownMethods: ReadonlySet<string> = new Set(
  'ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE'.split(
    ' ',
  ),
);

function addCallId(message: SipMessage, defects: Collector): void {
  const id = callId(message);
  const isPresent = (message.views.first[tracked['call-id']] ?? -1) >= 0;
  if (!isPresent) defects.add('message.missingHeader', 'fatal', 'Missing Call-ID');
  else if (id === undefined) defects.add('message.callId', 'fatal', 'Empty Call-ID');
  else if (id.includes(' ') || id.includes('\t'))
    defects.add('message.callId', 'routable', 'Malformed Call-ID');
}

const duplicateTexts: readonly (readonly [number, string])[] = [
  [tracked['call-id'], 'Duplicate Call-ID'],
  [tracked.cseq, 'Duplicate CSeq'],
  [tracked.from, 'Duplicate From'],
  [tracked.to, 'Duplicate To'],
  [tracked['max-forwards'], 'Duplicate Max-Forwards'],
];

function addDuplicates(message: SipMessage, defects: Collector): void {
  for (const [bit, text] of duplicateTexts) {
    if ((message.views.duplicates & (1 << bit)) !== 0)
      defects.add('message.duplicateHeader', 'routable', text);
  }
}

function addLength(message: SipMessage, notes: ParseNotes, defects: Collector): void {
  const { declared, options, present } = notes;
  if (declared.kind === 'invalid') defects.add('message.contentLength', 'routable', 'Invalid Content-Length');
  else if (declared.kind === 'absent') {
    // RFC 3261 §20.14: on a stream it must be there; in a datagram the body reaches to its end.
    if (options.framing === 'stream')
      defects.add('message.contentLength', 'routable', 'Missing Content-Length');
  } else {
    if (declared.isRepeated) defects.add('message.duplicateHeader', 'routable', 'Duplicate Content-Length');
    if (declared.length > present) {
      defects.add('message.contentLength', 'routable', 'Content-Length exceeds the message');
    }
  }
  if (message.body.length > options.limits.bodyBytesMax) {
    defects.add('message.bodyTooLarge', 'routable', 'Message Too Large', 513);
  }
}

function addLines(message: SipMessage, notes: ParseNotes, defects: Collector): void {
  if (notes.flaws.hasOddHeader) defects.add('message.headerLine', 'routable', 'Malformed header line');
  if (notes.flaws.hasOddLineEnd) defects.add('message.lineEnd', 'routable', 'Line end is not CRLF');
  if (notes.isIndented) defects.add('message.startLine', 'routable', 'White space before the start line');
  if (!message.views.isTerminated) {
    defects.add('message.unterminated', 'routable', 'Missing blank line after the headers');
  }
  if (message.headers.length > notes.options.limits.headersMax) {
    defects.add('message.tooManyHeaders', 'routable', 'Too Many Headers', 513);
  }
}

function usable(value: unknown): Severity {
  return value === undefined ? 'fatal' : 'routable';
}
