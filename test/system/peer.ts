import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';

// A SIP peer that a test plays by hand: it reads and writes whole messages and knows nothing of the server's code, so
// that what it sees is what was on the wire.

/** A message as it came. Header names are as spelled by the sender. */
export interface Received {
  readonly bytes: Buffer;
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly source: { readonly address: string; readonly port: number };
}

/** An address of a peer or a server. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** A peer with a socket of its own. */
export interface Peer {
  /** As Via writes it. */
  readonly transport: 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';
  readonly address: string;
  readonly port: number;
  /** Every message so far, in order, also those that were awaited. */
  readonly all: readonly Received[];
  send(bytes: Buffer | string, to?: Address): void;
  /** The next message, in order of arrival, whose start line fits; messages before it that do not fit are passed over. */
  next(startLine: RegExp, timeoutMs?: number): Promise<Received>;
  close(): Promise<void>;
}

/** A peer on UDP. `server` is where it sends unless told otherwise. */
export async function udpPeer(
  server: Address,
  options: { readonly address?: string; readonly port?: number } = {},
): Promise<Peer> {
  const address = options.address ?? '127.0.0.1';
  const socket: UdpSocket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(options.port ?? 0, address, resolve);
  });
  const inbox = new Inbox();
  socket.on('message', (bytes, source) => inbox.put(readMessage(bytes, source)));
  return {
    transport: 'UDP',
    address,
    port: socket.address().port,
    all: inbox.all,
    send: (bytes, to = server) => socket.send(Buffer.from(bytes), to.port, to.address),
    next: (startLine, timeoutMs) => inbox.next(startLine, timeoutMs),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** A peer with one TCP connection to the server. */
export async function tcpPeer(server: Address): Promise<Peer> {
  const socket: Socket = connect(server.port, server.address);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', resolve);
  });
  const inbox = new Inbox();
  readStream(socket, server, inbox);
  return {
    transport: 'TCP',
    address: socket.localAddress ?? '',
    port: socket.localPort ?? 0,
    all: inbox.all,
    send: (bytes) => void socket.write(bytes),
    next: (startLine, timeoutMs) => inbox.next(startLine, timeoutMs),
    close: () =>
      new Promise((resolve) => {
        socket.once('close', () => resolve());
        socket.destroy();
      }),
  };
}

/** Puts the messages of a stream into an inbox, whatever pieces they come in. */
export function readStream(socket: Socket, source: Address, inbox: Inbox): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let size = messageSize(pending); size !== undefined; size = messageSize(pending)) {
      inbox.put(readMessage(pending.subarray(0, size), source));
      pending = pending.subarray(size);
    }
  });
}

/** All values of a header, in order, by its name without regard to case. */
export function values(message: Received, name: string): readonly string[] {
  return message.headers
    .filter(([own]) => own.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
}

/** The one value of a header. Fails where it is absent or there are several. */
export function value(message: Received, name: string): string {
  const [only, ...more] = values(message, name);
  if (only === undefined || more.length > 0)
    throw new Error(`${name} stands ${more.length + (only === undefined ? 0 : 1)} times:\n${message.bytes}`);
  return only;
}

/** The values of a header that is a list by commas, such as Via and Record-Route, each on its own. */
export function listed(message: Received, name: string): readonly string[] {
  return values(message, name).flatMap((text) => text.split(/,(?![^<]*>)/).map((item) => item.trim()));
}

/** A response to a request as a user agent writes it: Via, Record-Route, From, Call-ID and CSeq as they came. */
export function response(
  request: Received,
  status: string,
  options: { readonly toTag?: string; readonly headers?: readonly string[]; readonly body?: string } = {},
): string {
  const copied = request.headers
    .filter(([name]) => /^(?:via|v|record-route|from|f|call-id|i|cseq)$/i.test(name))
    .map(([name, text]) => `${name}: ${text}`);
  const to = value(request, 'To');
  const tag = options.toTag !== undefined && !/;\s*tag=/i.test(to) ? `;tag=${options.toTag}` : '';
  const body = options.body ?? '';
  return [
    `SIP/2.0 ${status}`,
    ...copied,
    `To: ${to}${tag}`,
    ...(options.headers ?? []),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** What came to a peer, for tests to wait on. */
export class Inbox {
  readonly all: Received[] = [];
  #read = 0;
  #waiters: (() => void)[] = [];

  put(message: Received): void {
    this.all.push(message);
    for (const wake of this.#waiters.splice(0)) wake();
  }

  async next(startLine: RegExp, timeoutMs = 5_000): Promise<Received> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      while (this.#read < this.all.length) {
        const message = this.all[this.#read++];
        if (message !== undefined && startLine.test(message.startLine)) return message;
      }
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`no message fits ${startLine} after ${timeoutMs} ms; seen: ${this.#seen()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #seen(): string {
    return this.all.map((message) => message.startLine).join(' / ') || 'nothing';
  }
}

/** Takes a message apart as far as tests look into it. */
export function readMessage(bytes: Buffer, source: Address): Received {
  const end = bytes.indexOf('\r\n\r\n');
  const [startLine = '', ...lines] = bytes
    .subarray(0, end === -1 ? bytes.length : end)
    .toString('latin1')
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  return {
    bytes,
    startLine,
    headers: lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
    }),
    body: end === -1 ? Buffer.alloc(0) : bytes.subarray(end + 4),
    source: { address: source.address, port: source.port },
  };
}

/** Size of the first whole message of a stream, by its Content-Length; undefined while there is none. */
function messageSize(stream: Buffer): number | undefined {
  const end = stream.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const length = /(?:^|\r\n)(?:content-length|l)\s*:\s*(\d+)/i.exec(
    stream.subarray(0, end).toString('latin1'),
  );
  const size = end + 4 + Number(length?.[1] ?? 0);
  return stream.length >= size ? size : undefined;
}
