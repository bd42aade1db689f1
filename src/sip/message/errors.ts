import { defineErrors } from '../../base/index.ts';

/** What can be wrong with bytes that should be a SIP message, and with its headers. */
export const messageErrors = defineErrors({
  'message.empty': { kind: 'parse', meaning: 'nothing but line ends' },
  'message.not-sip': { kind: 'parse', meaning: 'bytes that are no SIP message' },
  'message.other-protocol': { kind: 'parse', meaning: 'a message of another protocol, such as HTTP or RTSP' },
  'message.head-too-large': { kind: 'parse', meaning: 'start line and headers exceed the limit' },
  'message.start-line': { kind: 'parse', meaning: 'start line not as the grammar has it, but readable' },
  'message.start-line-too-long': { kind: 'parse', meaning: 'start line longer than the limit' },
  'message.version': { kind: 'parse', meaning: 'a SIP version other than 2.0' },
  'message.status-code': { kind: 'parse', meaning: 'a status code outside of 100 to 699' },
  'message.request-uri': { kind: 'parse', meaning: 'no Request-URI, or one that cannot be read' },
  'message.request-uri-form': { kind: 'parse', meaning: 'a Request-URI that is readable but not allowed so' },
  'message.request-uri-scheme': { kind: 'parse', meaning: 'a Request-URI of a scheme that is never routed' },
  'message.request-uri-too-long': { kind: 'parse', meaning: 'a Request-URI longer than the limit' },
  'message.line-end': { kind: 'parse', meaning: 'lines that do not end with CRLF' },
  'message.header-line': { kind: 'parse', meaning: 'a header line without a name or a colon' },
  'message.too-many-headers': { kind: 'parse', meaning: 'more header lines than the limit' },
  'message.unterminated': { kind: 'parse', meaning: 'no blank line after the headers' },
  'message.missing-header': { kind: 'parse', meaning: 'a mandatory header is absent' },
  'message.duplicate-header': { kind: 'parse', meaning: 'a header that may stand once stands twice' },
  'message.via': { kind: 'parse', meaning: 'a Via that cannot be read' },
  'message.cseq': { kind: 'parse', meaning: 'a CSeq that cannot be read, or is out of range' },
  'message.cseq-method': { kind: 'parse', meaning: 'the method in CSeq is not that of the request' },
  'message.call-id': { kind: 'parse', meaning: 'a Call-ID with white space, or empty' },
  'message.from': { kind: 'parse', meaning: 'a From that cannot be read' },
  'message.to': { kind: 'parse', meaning: 'a To that cannot be read' },
  'message.address': { kind: 'parse', meaning: 'a Route, Record-Route or Contact that cannot be read' },
  'message.max-forwards': { kind: 'parse', meaning: 'a Max-Forwards that is no number up to 255' },
  'message.content-length': {
    kind: 'parse',
    meaning: 'a Content-Length that is no number, or that contradicts the bytes',
  },
  'message.body-too-large': { kind: 'parse', meaning: 'a body longer than the limit' },
});

export type MessageErrorCode = keyof typeof messageErrors;
