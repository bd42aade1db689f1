import { buildRequest, type HeaderLine, type SipRequest } from '../message/index.ts';
import { hostText, type Listener, type OutgoingRequest } from '../transaction/index.ts';
import type { SubscriberPorts } from './ports.ts';

const branchLength = 16;
const maxForwards = '70';

/** What a SUBSCRIBE of ours is made from. */
export interface SubscribeParts {
  readonly requestUri: string;
  readonly routes: readonly string[];
  /** From and To values with their tags. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly sequence: number;
  readonly event: string;
  readonly accept: readonly string[];
  readonly expiresS: number;
  readonly headers: readonly HeaderLine[];
  readonly body: { readonly contentType: string; readonly bytes: Buffer } | undefined;
}

export interface WrittenSubscribe {
  readonly outgoing: OutgoingRequest;
  readonly bytes: Buffer;
}

/** Writes a SUBSCRIBE with a new branch, as it leaves from `listener`. */
export function writeSubscribe(
  ports: SubscriberPorts,
  listener: Listener,
  parts: SubscribeParts,
): WrittenSubscribe {
  const { requestUri, routes, body } = parts;
  const { options } = ports;
  const method = 'SUBSCRIBE';
  const branch = `${ports.branchPrefix}${options.random.token(branchLength)}`;
  const { host, port } = listener.announced;
  const rport = listener.transport === 'udp' ? ';rport' : '';
  const via = `SIP/2.0/${listener.transport.toUpperCase()} ${hostText(host)}:${port};branch=${branch}${rport}`;
  const headers: HeaderLine[] = [
    ['Via', via],
    ['Max-Forwards', maxForwards],
    ...routes.map((route): HeaderLine => ['Route', route]),
    ['From', parts.from],
    ['To', parts.to],
    ['Call-ID', parts.callId],
    ['CSeq', `${parts.sequence} ${method}`],
    ['Contact', contactValue(ports, listener, requestUri)],
    ['Event', parts.event],
    ...(parts.accept.length === 0 ? [] : [['Accept', parts.accept.join(', ')] as const]),
    ['Expires', String(parts.expiresS)],
    ['Allow', allowedMethods],
    // RFC 6665 §4.4.4
    ['Allow-Events', options.packages.join(', ')],
    ['User-Agent', options.product],
    ...parts.headers,
    ...(body === undefined ? [] : [['Content-Type', body.contentType] as const]),
  ];
  const original: SipRequest = buildRequest({
    method,
    requestUri,
    headers,
    ...(body === undefined ? {} : { body: body.bytes }),
  });
  return {
    outgoing: { method, requestUri, via, branch, sentByHost: host, sentByPort: port, routes, original },
    bytes: original.bytes,
  };
}

/** What reaches us inside of our dialogs. */
export const allowedMethods = 'NOTIFY';

/** Our Contact towards peers of that listener: `sips` where the Request-URI is (RFC 3261 §8.1.1.8, RFC 5630 §3.3). */
function contactValue(ports: SubscriberPorts, listener: Listener, requestUri: string): string {
  const { host, port } = listener.announced;
  const isSecure = /^sips:/i.test(requestUri);
  const isPlain = listener.transport === 'udp' || (isSecure && listener.transport === 'tls');
  const transport = isPlain ? '' : `;transport=${listener.transport}`;
  return `<${isSecure ? 'sips' : 'sip'}:${ports.contactUser}@${hostText(host)}:${port}${transport}>`;
}
