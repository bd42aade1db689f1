import { headerValues, type SipRequest } from '../message/index.ts';
import type { ResponseSpec } from '../transaction/index.ts';
import type { AgentHeader } from './types.ts';

const allowedMethods = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'UPDATE', 'INFO', 'MESSAGE'];

/** What we take, as a header. */
export const allowHeader: AgentHeader = { name: 'Allow', value: allowedMethods.join(', ') };

/** The 200 to OPTIONS (RFC 3261 §11.2). We support no extension, and an empty Supported says so. */
export const optionsAnswer: ResponseSpec = {
  statusCode: 200,
  headers: [
    allowHeader,
    { name: 'Accept', value: 'application/sdp, application/pidf+xml, multipart/mixed' },
    { name: 'Accept-Encoding', value: 'identity' },
    { name: 'Accept-Language', value: 'en' },
    { name: 'Supported', value: '' },
  ],
};

/** The 420 that a request needs which requires extensions: we have none (RFC 3261 §8.2.2.3). */
export function extensionRefusal(request: SipRequest): ResponseSpec | undefined {
  const required = headerValues(request, 'require').filter((value) => value !== '');
  if (required.length === 0) return undefined;
  return { statusCode: 420, headers: [{ name: 'Unsupported', value: required.join(', ') }] };
}

/** The answer to a request that we can give without more thought, inside or outside of a dialog. */
export function simpleAnswer(method: string): ResponseSpec {
  switch (method) {
    case 'OPTIONS':
      return optionsAnswer;
    case 'INFO':
    case 'MESSAGE':
      return { statusCode: 200 };
    // We never send a reliable provisional response (RFC 3262 §3) and hold no subscription (RFC 6665 §4.1.3).
    case 'PRACK':
    case 'NOTIFY':
      return { statusCode: 481 };
    default:
      return { statusCode: 405, headers: [allowHeader] };
  }
}
