import { defineErrors } from '../../base/index.ts';

/** What can be wrong with bytes that should be a SIP message, and with its headers. */
export const messageErrors = defineErrors({
  'message.empty': { kind: 'parse', meaning: 'nothing but line ends' },
  'message.notSip': { kind: 'parse', meaning: 'bytes that are no SIP message' },
  'message.otherProtocol': { kind: 'parse', meaning: 'a message of another protocol, such as HTTP or RTSP' },
  'message.headTooLarge': { kind: 'parse', meaning: 'start line and headers exceed the limit' },
  'message.startLine': { kind: 'parse', meaning: 'start line not as the grammar has it, but readable' },
  'message.startLineTooLong': { kind: 'parse', meaning: 'start line longer than the limit' },
  'message.version': { kind: 'parse', meaning: 'a SIP version other than 2.0' },
  'message.statusCode': { kind: 'parse', meaning: 'a status code outside of 100 to 699' },
  'message.requestUri': { kind: 'parse', meaning: 'no Request-URI, or one that cannot be read' },
  'message.requestUriForm': { kind: 'parse', meaning: 'a Request-URI that is readable but not allowed so' },
  'message.requestUriScheme': { kind: 'parse', meaning: 'a Request-URI of a scheme that is never routed' },
  'message.requestUriTooLong': { kind: 'parse', meaning: 'a Request-URI longer than the limit' },
  'message.lineEnd': { kind: 'parse', meaning: 'lines that do not end with CRLF' },
  'message.headerLine': { kind: 'parse', meaning: 'a header line without a name or a colon' },
  'message.tooManyHeaders': { kind: 'parse', meaning: 'more header lines than the limit' },
  'message.unterminated': { kind: 'parse', meaning: 'no blank line after the headers' },
  'message.missingHeader': { kind: 'parse', meaning: 'a mandatory header is absent' },
  'message.duplicateHeader': { kind: 'parse', meaning: 'a header that may stand once stands twice' },
  'message.via': { kind: 'parse', meaning: 'a Via that cannot be read' },
  'message.cseq': { kind: 'parse', meaning: 'a CSeq that cannot be read, or is out of range' },
  'message.cseqMethod': { kind: 'parse', meaning: 'the method in CSeq is not that of the request' },
  'message.callId': { kind: 'parse', meaning: 'a Call-ID with white space, or empty' },
  'message.from': { kind: 'parse', meaning: 'a From that cannot be read' },
  'message.to': { kind: 'parse', meaning: 'a To that cannot be read' },
  'message.address': { kind: 'parse', meaning: 'a Route, Record-Route or Contact that cannot be read' },
  'message.headerValue': { kind: 'parse', meaning: 'a header value that its grammar does not allow' },
  'message.maxForwards': { kind: 'parse', meaning: 'a Max-Forwards that is no number up to 255' },
  'message.contentLength': {
    kind: 'parse',
    meaning: 'a Content-Length that is no number, or that contradicts the bytes',
  },
  'message.bodyTooLarge': { kind: 'parse', meaning: 'a body longer than the limit' },
});

export type MessageErrorCode = keyof typeof messageErrors;
