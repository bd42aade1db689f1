import { cseq, type SipResponse } from '../message/index.ts';
import { copiedValue } from './respond.ts';
import type { OutgoingRequest } from './types.ts';

/**
 * The ACK for a 300 to 699 (RFC 3261 §17.1.1.3): our Via alone, the routes of the INVITE, To of the response.
 */
export function writeAck(request: OutgoingRequest, response: SipResponse): Buffer {
  return write(request, 'ACK', copiedValue(response, 'to'), '');
}

/**
 * The CANCEL of a request (RFC 3261 §9.1): same Request-URI, Via, From, To, Call-ID, routes and sequence number.
 * `headerLines` are whole lines to carry on, such as a Reason (RFC 3326 §2).
 */
export function writeCancel(request: OutgoingRequest, headerLines = ''): Buffer {
  return write(request, 'CANCEL', copiedValue(request.original, 'to'), headerLines);
}

function write(request: OutgoingRequest, method: string, to: string, headerLines: string): Buffer {
  const { original } = request;
  const sequence = cseq(original);
  let text = `${method} ${request.requestUri} SIP/2.0\r\nVia: ${request.via}\r\nMax-Forwards: 70\r\n`;
  for (const route of request.routes) text += `Route: ${route}\r\n`;
  text += `From: ${copiedValue(original, 'from')}\r\nTo: ${to}\r\nCall-ID: ${copiedValue(original, 'call-id')}\r\n`;
  text += `CSeq: ${sequence.ok ? sequence.value.sequence : 0} ${method}\r\n`;
  text += `${headerLines}Content-Length: 0\r\n\r\n`;
  return Buffer.from(text, 'latin1');
}
