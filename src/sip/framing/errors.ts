import { type CodedError, defineErrors } from '../../base/index.ts';

/** Why a stream can no longer be cut into messages: each means that the connection is to be closed. */
export const framingErrors = defineErrors({
  'framing.notSip': { kind: 'parse', meaning: 'the stream does not speak SIP' },
  'framing.http': { kind: 'parse', meaning: 'an HTTP or RTSP client on a SIP port' },
  'framing.tls': { kind: 'parse', meaning: 'a TLS handshake on a port without TLS' },
  'framing.headTooLarge': { kind: 'parse', meaning: 'start line and headers exceed the limit' },
  'framing.noContentLength': { kind: 'parse', meaning: 'a message without Content-Length on a stream' },
  'framing.badContentLength': {
    kind: 'parse',
    meaning: 'a Content-Length that is no number, or several that differ',
  },
  'framing.bodyTooLarge': { kind: 'parse', meaning: 'a Content-Length above the limit' },
});

export type FramingErrorCode = keyof typeof framingErrors;

/** The error value of a code, with what was seen. */
export function framingError(code: FramingErrorCode, detail = ''): CodedError<FramingErrorCode> {
  const { meaning } = framingErrors[code];
  return { code, message: detail === '' ? meaning : `${meaning}: ${detail}` };
}
