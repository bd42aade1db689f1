import type { IncomingHttpHeaders } from 'node:http';

/** What a handshake is judged by. */
export interface HandshakeRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** An HTTP answer other than 101. */
export interface HandshakeRefusal {
  readonly statusCode: 400 | 403 | 405 | 426;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The sub-protocol that a SIP WebSocket connection speaks (RFC 7118 §4.1). */
export const sipSubprotocol = 'sip';

const websocketVersion = '13';
/** A nonce of 16 bytes in base64 (RFC 6455 §4.1 item 7). */
const nonce = /^[A-Za-z0-9+/]{22}==$/;

/** The answer to a request that asks for nothing that is spoken here (RFC 9110 §15.5.22). */
export const upgradeRequired: HandshakeRefusal = refuse(
  426,
  'SIP over WebSocket is spoken here: ask for an upgrade to websocket with the sub-protocol sip.',
  { Upgrade: 'websocket' },
);

/**
 * Why an upgrade request is refused (RFC 6455 §4.2.2, RFC 7118 §4.1), or undefined where it may go on. `origins` are the
 * web pages whose scripts may connect, any where undefined. A request without an origin comes from no browser; nothing
 * is won by refusing it, since such a client can write whatever origin it likes (RFC 6455 §10.2).
 */
export function handshakeRefusal(
  request: HandshakeRequest,
  origins: readonly string[] | undefined,
): HandshakeRefusal | undefined {
  const { method, headers } = request;
  if (headers.upgrade?.toLowerCase() !== 'websocket') return upgradeRequired;
  if (method !== 'GET') return refuse(405, 'The WebSocket handshake is a GET request.', { Allow: 'GET' });
  if (headers['sec-websocket-version'] !== websocketVersion) {
    return refuse(426, 'WebSocket version 13 is spoken here.', {
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': websocketVersion,
    });
  }
  if (!nonce.test(headers['sec-websocket-key'] ?? ''))
    return refuse(400, 'Sec-WebSocket-Key is missing or malformed.');
  if (offeredSip(headers['sec-websocket-protocol']) === undefined) {
    return refuse(400, 'The sub-protocol sip must be offered in Sec-WebSocket-Protocol.');
  }
  return isKnownOrigin(headers.origin, origins) ? undefined : refuse(403, 'This origin may not connect.');
}

/** A refusal of what is no handshake. */
export function badHandshake(text: string): HandshakeRefusal {
  return refuse(400, text);
}

/** The sub-protocol `sip` as the client spelled it, to be echoed; undefined where it was not offered. */
export function offeredSip(protocols: string | Iterable<string> | undefined): string | undefined {
  const offered = typeof protocols === 'string' ? protocols.split(',') : [...(protocols ?? [])];
  return offered.map((name) => name.trim()).find((name) => name.toLowerCase() === sipSubprotocol);
}

/** The refusal as it is written to the socket; the connection ends with it. */
export function refusalText(refusal: HandshakeRefusal): string {
  const { statusCode, text, headers } = refusal;
  const lines = [
    `HTTP/1.1 ${statusCode} ${reasons[statusCode]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
}

const reasons: { readonly [S in HandshakeRefusal['statusCode']]: string } = {
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  426: 'Upgrade Required',
};

function isKnownOrigin(origin: string | undefined, origins: readonly string[] | undefined): boolean {
  if (origin === undefined || origins === undefined) return true;
  return origins.some((known) => known.toLowerCase() === origin.toLowerCase());
}

function refuse(
  statusCode: HandshakeRefusal['statusCode'],
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HandshakeRefusal {
  return { statusCode, text: `${text}\n`, headers };
}
