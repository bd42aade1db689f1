import { WebSocket } from 'ws';
import { after, type CodedError } from '../../src/base/index.ts';
import { defaultNetLimits, type ListenOptions, type StreamLimits, systemClock } from '../../src/net/index.ts';
import { StreamTable } from '../../src/net/stream-table.ts';
import { type WebSocketOptions, WebSocketTransport } from '../../src/net/websocket-transport.ts';
import type { Destination, Endpoint, Flow, SipMessage } from '../../src/sip/index.ts';

/** A WebSocket transport on loopback, with everything that arrives kept. */
export interface WebSocketHarness {
  readonly transport: WebSocketTransport;
  readonly local: Endpoint;
  readonly received: { readonly message: SipMessage; readonly flow: Flow }[];
  readonly failures: CodedError[];
  readonly problems: Error[];
  /** Sends and keeps a failure. */
  send(bytes: string | Buffer, destination: Destination): void;
  /** Where answers on the flow of the n-th message go, and nowhere else. */
  backTo(index: number): Destination;
  stop(withinMs?: number): Promise<void>;
}

export async function startWebSocket(
  options: {
    readonly stream?: Partial<StreamLimits>;
    readonly listen?: Partial<ListenOptions>;
  } & Partial<Pick<WebSocketOptions, 'kind' | 'tls'>> = {},
): Promise<WebSocketHarness> {
  const received: WebSocketHarness['received'] = [];
  const failures: CodedError[] = [];
  const problems: Error[] = [];
  const limits = { ...defaultNetLimits, stream: { ...defaultNetLimits.stream, ...options.stream } };
  const kind = options.kind ?? 'ws';
  const transport = new WebSocketTransport({
    kind,
    tls: options.tls,
    limits,
    clock: systemClock,
    table: new StreamTable(limits.stream, systemClock),
    onMessage: (message, flow) => received.push({ message, flow }),
    onProblem: (error) => problems.push(error),
  });
  const local = await transport.listen({
    transport: kind,
    address: '127.0.0.1',
    port: 0,
    ingress: 'test',
    ...options.listen,
  });
  return {
    transport,
    local,
    received,
    failures,
    problems,
    send: (bytes, destination) =>
      transport.send(Buffer.from(bytes), destination, (error) => failures.push(error)),
    backTo: (index) => {
      const flow = received[index]?.flow;
      if (flow === undefined) throw new Error(`no message ${index}`);
      const { remote, connectionId } = flow;
      return { transport: kind, remote, connectionId, onlyConnection: true, local: undefined };
    },
    stop: (withinMs = 200) => transport.stop(after(systemClock.mono(), withinMs)),
  };
}

/** A WebSocket client as a browser has one, that keeps what it hears. */
export interface WebSocketPeer {
  readonly socket: WebSocket;
  readonly heard: { readonly bytes: Buffer; readonly isBinary: boolean }[];
  /** The code that the connection was closed with, once it is. */
  closeCode(): number | undefined;
  texts(): readonly string[];
}

export interface PeerOptions {
  readonly scheme?: 'ws' | 'wss';
  readonly protocols?: readonly string[];
  readonly origin?: string;
  readonly path?: string;
  /** PEM of the authority that the server's certificate is checked against. */
  readonly ca?: string | Buffer;
  readonly host?: string;
  /** Whether pings are answered, as browsers do; true where absent. */
  readonly autoPong?: boolean;
}

/** Opens a connection; rejects where the handshake fails, with `statusCode` where HTTP said so. */
export function webSocketPeer(to: Endpoint, options: PeerOptions = {}): Promise<WebSocketPeer> {
  const { scheme = 'ws', protocols = ['sip'], origin, path = '/', ca, host, autoPong = true } = options;
  const place = host ?? (to.address.includes(':') ? `[${to.address}]` : to.address);
  const socket = new WebSocket(`${scheme}://${place}:${to.port}${path}`, [...protocols], {
    perMessageDeflate: false,
    autoPong,
    ...(origin === undefined ? {} : { origin }),
    ...(ca === undefined ? {} : { ca }),
  });
  const heard: { bytes: Buffer; isBinary: boolean }[] = [];
  let closeCode: number | undefined;
  socket.on('message', (bytes, isBinary) => {
    if (Buffer.isBuffer(bytes)) heard.push({ bytes, isBinary });
  });
  socket.on('close', (code) => {
    closeCode = code;
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('open', () =>
      resolve({
        socket,
        heard,
        closeCode: () => closeCode,
        texts: () => heard.map(({ bytes }) => bytes.toString('latin1')),
      }),
    );
  });
}

/** The lines of a handshake; a header given as undefined is left out. */
export function upgradeText(
  headers: Readonly<Record<string, string | undefined>> = {},
  requestLine = 'GET / HTTP/1.1',
): string {
  const all: Record<string, string | undefined> = {
    Host: 'proxy.example.com',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': 'sip',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `${[requestLine, ...lines].join('\r\n')}\r\n\r\n`;
}

/** One frame as a client sends it, masked with zeros unless told (RFC 6455 §5.2). */
export function clientFrame(
  payload: string | Buffer,
  parts: { readonly opcode?: number; readonly isFinal?: boolean; readonly isMasked?: boolean } = {},
): Buffer {
  const { opcode = 1, isFinal = true, isMasked = true } = parts;
  const body = Buffer.from(payload);
  const maskBit = isMasked ? 0x80 : 0;
  const first = (isFinal ? 0x80 : 0) | opcode;
  let head: Buffer;
  if (body.length < 126) head = Buffer.from([first, maskBit | body.length]);
  else if (body.length < 65_536) {
    head = Buffer.from([first, maskBit | 126, body.length >> 8, body.length & 0xff]);
  } else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = maskBit | 127;
    head.writeBigUInt64BE(BigInt(body.length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), body]);
}

/** An OPTIONS request of a script in a browser (RFC 7118 §8, Appendix B.1): an invented host, no Content-Length. */
export function browserOptions(parts: { readonly callId?: string; readonly from?: string } = {}): string {
  return [
    'OPTIONS sip:server@proxy.example.com SIP/2.0',
    `Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK${parts.callId ?? 'ws1'};rport`,
    'Max-Forwards: 70',
    `From: ${parts.from ?? '<sip:alice@example.com>'};tag=w1`,
    'To: <sip:server@proxy.example.com>',
    `Call-ID: ${parts.callId ?? 'ws-1'}`,
    'CSeq: 1 OPTIONS',
    '',
    '',
  ].join('\r\n');
}
