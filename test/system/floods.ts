import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Address } from './peer.ts';

// Those who open what they never finish, send what is no SIP, or do not read. Each comes from a loopback address of its
// own, so that the limit for one address cuts nobody else off.

/** Connections of one flood, which stay until it is closed or the server closes them. */
export interface Connections {
  /** Those that the server has not closed yet. */
  open(): number;
  close(): void;
}

/** Opens connections, a hundred at a time; `begin` is what each starts with. */
export async function openMany(
  to: Address,
  options: {
    readonly count: number;
    readonly from: string;
    readonly begin?: Buffer | string;
    readonly onOpen?: (socket: Socket) => void;
  },
): Promise<Connections> {
  const sockets: Socket[] = [];
  while (sockets.length < options.count) {
    const batch = Array.from({ length: Math.min(100, options.count - sockets.length) }, () => {
      const socket = connect({ host: to.address, port: to.port, localAddress: options.from });
      socket.on('error', () => undefined);
      // Read, so that its end is noticed.
      socket.resume();
      sockets.push(socket);
      return new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.once('connect', () => {
          if (options.begin !== undefined) socket.write(options.begin);
          options.onOpen?.(socket);
          resolve();
        });
      });
    });
    await Promise.all(batch);
  }
  return {
    open: () => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length,
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The first flight of a TLS client, whole: a server that takes it in has a key exchange and a signature to do. */
export async function clientHello(): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const client = connectTls({ host: '127.0.0.1', port, servername: 'esrp.test' });
  client.on('error', () => undefined);
  const hello = await new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) => socket.once('data', resolve));
  });
  client.destroy();
  server.close();
  return hello;
}

/** The connections write one byte of a text each second, until they are closed. */
export function trickle(text: string, periodMs: number): (socket: Socket) => void {
  return (socket) => {
    let at = 0;
    socket.setNoDelay(true);
    const timer = setInterval(() => {
      socket.write(text.charAt(at % text.length));
      at += 1;
    }, periodMs);
    socket.once('close', () => clearInterval(timer));
  };
}

/** Sends datagrams at a steady rate and hears nothing of what comes back. */
export async function sendMany(
  to: Address,
  options: {
    readonly count: number;
    readonly perSecond: number;
    readonly from: string;
    readonly datagram: (index: number) => Buffer | string;
  },
): Promise<void> {
  const socket = createSocket({ type: 'udp4', sendBufferSize: 4 * 1024 * 1024 });
  await new Promise<void>((resolve) => socket.bind(0, options.from, resolve));
  const startedAt = performance.now();
  for (let sent = 0; sent < options.count; ) {
    const due = Math.min(
      options.count,
      Math.ceil(((performance.now() - startedAt) * options.perSecond) / 1_000),
    );
    for (; sent < due; sent += 1) socket.send(Buffer.from(options.datagram(sent)), to.port, to.address);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}

/** An INVITE of a caller that will never be heard of again. */
export function lostInvite(requestUri: string, location = ''): string {
  const id = randomBytes(8).toString('hex');
  return [
    `INVITE ${requestUri} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK${id}`,
    'Max-Forwards: 70',
    `From: <sip:flood@example.net>;tag=${id}`,
    `To: <${requestUri}>`,
    `Call-ID: ${id}`,
    'CSeq: 1 INVITE',
    'Contact: <sip:flood@127.0.0.1:9>',
    ...(location === '' ? [] : ['Content-Type: application/pidf+xml']),
    `Content-Length: ${Buffer.byteLength(location)}`,
    '',
    location,
  ].join('\r\n');
}

/** What comes to a port that is open to anybody, in turn. */
export function strangerBytes(index: number): Buffer {
  const stun = Buffer.concat([Buffer.from('000300002112a442', 'hex'), randomBytes(12)]);
  const kinds = [
    Buffer.from('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'),
    // An Allocate request, which is not for us (RFC 8656).
    stun,
    Buffer.from('16030100a5010000a10303', 'hex'),
    randomBytes(1 + (index % 1_200)),
    Buffer.from('SIP/2.0 \xff\xff\r\n\r\n', 'latin1'),
    Buffer.from(`INVITE sip:x SIP/2.0\r\nVia: ${'y'.repeat(index % 900)}`),
  ];
  return kinds[index % kinds.length] ?? stun;
}
