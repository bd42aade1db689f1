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
  const defects: MessageDefect[] = [];
  const add = (code: MessageErrorCode, severity: Severity, text: string, statusCode = 400): void => {
    defects.push({ code, severity, statusCode, message: text });
  };
  if (notes.startLineFlaw !== undefined) addStartLine(message, notes.startLineFlaw, add);
  if (message.kind === 'request') addRequestUri(message, notes, add);
  addMandatory(message, add);
  if (message.views.duplicates !== 0) addDuplicates(message, add);
  addLength(message, notes, add);
  addLines(message, notes, add);
  if (defects.length === 0) return undefined;
  return defects.sort((a, b) => rank(a) - rank(b));
}

type Add = (code: MessageErrorCode, severity: Severity, text: string, statusCode?: number) => void;

function rank(defect: MessageDefect): number {
  return defect.severity === 'fatal' ? 0 : 1;
}

function addStartLine(message: SipMessage, flaw: MessageErrorCode, add: Add): void {
  if (flaw === 'message.version') {
    // What another version means is not known, yet its headers read the same; a response of one is no use.
    add(flaw, message.kind === 'response' ? 'fatal' : 'routable', 'Version Not Supported', 505);
  } else if (flaw === 'message.request-uri-form') add(flaw, 'routable', 'Malformed Request-URI');
  else if (flaw === 'message.status-code') add(flaw, 'fatal', 'Invalid status code');
  else add(flaw, 'routable', 'Malformed start line');
}

function addRequestUri(request: SipRequest, notes: ParseNotes, add: Add): void {
  const { limits } = notes.options;
  if (request.requestUri === '') {
    add('message.request-uri', 'fatal', 'Missing Request-URI');
    return;
  }
  if (request.requestUri.length > limits.uriBytesMax) {
    add('message.request-uri-too-long', 'routable', 'Request-URI Too Long', 414);
  } else if (notes.startLineBytes > limits.startLineBytesMax) {
    add('message.start-line-too-long', 'routable', 'Start Line Too Long', 414);
  }
  const uri = requestUriReading(request).value;
  if (uri === undefined) add('message.request-uri', 'fatal', 'Malformed Request-URI');
  else if (uri.kind === 'other') {
    add('message.request-uri-scheme', 'routable', 'Unsupported URI Scheme', 416);
  } else if (uri.kind === 'sip' && uri.port === 0) {
    add('message.request-uri-form', 'routable', 'Port 0 in Request-URI');
  }
}

function addMandatory(message: SipMessage, add: Add): void {
  const via = topViaReading(message);
  if (via.flaw === 'message.missing-header') add(via.flaw, 'fatal', 'Missing Via');
  else if (via.flaw !== undefined) add(via.flaw, usable(via.value), 'Malformed Via');
  const from = fromReading(message);
  if (from.flaw === 'message.missing-header') add(from.flaw, 'fatal', 'Missing From');
  else if (from.flaw !== undefined) add(from.flaw, usable(from.value), 'Malformed From');
  const to = toReading(message);
  if (to.flaw === 'message.missing-header') add(to.flaw, 'routable', 'Missing To');
  else if (to.flaw !== undefined) add(to.flaw, 'routable', 'Malformed To');
  addCallId(message, add);
  const cseq = cseqReading(message);
  if (cseq.flaw === 'message.missing-header') add(cseq.flaw, 'fatal', 'Missing CSeq');
  else if (cseq.flaw !== undefined) add(cseq.flaw, usable(cseq.value), 'Invalid CSeq');
  if (message.kind !== 'request') return;
  if (cseq.value !== undefined && cseq.value.method !== message.method) {
    // RFC 4475 §3.1.2.18: of a method that is not known besides, that is the better answer.
    const statusCode = knownMethods.has(message.method) ? 400 : 501;
    add('message.cseq-method', 'routable', 'CSeq method does not match', statusCode);
  }
  // A missing Max-Forwards is no fault (RFC 3261 §16.3 item 3).
  if (maxForwardsReading(message).flaw === 'message.max-forwards') {
    add('message.max-forwards', 'routable', 'Invalid Max-Forwards');
  }
}

const knownMethods: ReadonlySet<string> = new Set(
  'ACK BYE CANCEL INFO INVITE MESSAGE NOTIFY OPTIONS PRACK PUBLISH REFER REGISTER SUBSCRIBE UPDATE'.split(
    ' ',
  ),
);

function addCallId(message: SipMessage, add: Add): void {
  const id = callId(message);
  const isPresent = (message.views.first[tracked['call-id']] ?? -1) >= 0;
  if (!isPresent) add('message.missing-header', 'fatal', 'Missing Call-ID');
  else if (id === undefined) add('message.call-id', 'fatal', 'Empty Call-ID');
  else if (id.includes(' ') || id.includes('\t')) add('message.call-id', 'routable', 'Malformed Call-ID');
}

const duplicateTexts: readonly (readonly [number, string])[] = [
  [tracked['call-id'], 'Duplicate Call-ID'],
  [tracked.cseq, 'Duplicate CSeq'],
  [tracked.from, 'Duplicate From'],
  [tracked.to, 'Duplicate To'],
  [tracked['max-forwards'], 'Duplicate Max-Forwards'],
];

function addDuplicates(message: SipMessage, add: Add): void {
  for (const [bit, text] of duplicateTexts) {
    if ((message.views.duplicates & (1 << bit)) !== 0) add('message.duplicate-header', 'routable', text);
  }
}

function addLength(message: SipMessage, notes: ParseNotes, add: Add): void {
  const { declared, options, present } = notes;
  if (declared.kind === 'invalid') add('message.content-length', 'routable', 'Invalid Content-Length');
  else if (declared.kind === 'absent') {
    // RFC 3261 §20.14: on a stream it must be there; in a datagram the body reaches to its end.
    if (options.framing === 'stream') add('message.content-length', 'routable', 'Missing Content-Length');
  } else {
    if (declared.isRepeated) add('message.duplicate-header', 'routable', 'Duplicate Content-Length');
    if (declared.length > present) {
      add('message.content-length', 'routable', 'Content-Length exceeds the message');
    }
  }
  if (message.body.length > options.limits.bodyBytesMax) {
    add('message.body-too-large', 'routable', 'Message Too Large', 513);
  }
}

function addLines(message: SipMessage, notes: ParseNotes, add: Add): void {
  if (notes.flaws.hasOddHeader) add('message.header-line', 'routable', 'Malformed header line');
  if (notes.flaws.hasOddLineEnd) add('message.line-end', 'routable', 'Line end is not CRLF');
  if (notes.isIndented) add('message.start-line', 'routable', 'White space before the start line');
  if (!message.views.isTerminated) {
    add('message.unterminated', 'routable', 'Missing blank line after the headers');
  }
  if (message.headers.length > notes.options.limits.headersMax) {
    add('message.too-many-headers', 'routable', 'Too Many Headers', 513);
  }
}

function usable(value: unknown): Severity {
  return value === undefined ? 'fatal' : 'routable';
}
