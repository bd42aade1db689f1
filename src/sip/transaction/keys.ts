import { callId, cseq, fromHeader, type SipRequest, type Via } from '../message/index.ts';

/** What a branch of RFC 3261 begins with. */
export const magicCookie = 'z9hG4bK';

/**
 * The key that a request and its retransmissions share (RFC 3261 §17.2.3): branch, sent-by and method, an ACK under its
 * INVITE. Without the magic cookie the RFC 2543 rule: Request-URI, From tag, Call-ID, CSeq number and the whole top Via;
 * the To tag is left out, because an ACK carries that of the response, and a request in a dialog has another CSeq.
 */
export function serverKey(request: SipRequest, via: Via, method: string = request.method): string {
  const ofMethod = method === 'ACK' ? 'INVITE' : method;
  const { branch } = via;
  if (branch?.startsWith(magicCookie) === true && branch.length > magicCookie.length) {
    return `${branch}|${via.host.toLowerCase()}:${via.port ?? ''}|${ofMethod}`;
  }
  const from = fromHeader(request);
  const sequence = cseq(request);
  const fromTag = from.ok ? from.value.tag : undefined;
  const number = sequence.ok ? sequence.value.sequence : '';
  return `2543|${via.raw}|${request.requestUri}|${fromTag ?? ''}|${callId(request) ?? ''}|${number}|${ofMethod}`;
}

/** The key of what we sent (RFC 3261 §17.1.3): our branch, and the method of CSeq, which tells a CANCEL from its INVITE. */
export function clientKey(branch: string, method: string): string {
  return `${branch}|${method}`;
}
