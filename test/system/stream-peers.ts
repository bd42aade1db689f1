import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  type ConnectionOptions,
  createServer as createTlsServer,
  type TlsOptions,
  connect as tlsConnect,
} from 'node:tls';
import { WebSocket } from 'ws';
import { type Address, Inbox, type Peer, readMessage, readStream } from './peer.ts';

// Peers on connections: by TLS, by WebSocket, and PSAPs that connections come to.

/** A peer with one TLS connection to the server. */
export interface TlsPeer extends Peer {
  readonly socket: TLSSocket;
}

/** Opens a TLS connection; rejects where the handshake fails or the server closes it within its first moments. */
export async function tlsPeer(server: Address, options: ConnectionOptions = {}): Promise<TlsPeer> {
  const socket = tlsConnect({ host: server.address, port: server.port, ...options });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('secureConnect', resolve);
  });
  // By TLS 1.3 a server refuses a client's certificate when the client has finished already.
  socket.on('error', () => undefined);
  const inbox = new Inbox();
  readStream(socket, server, inbox);
  return {
    transport: 'TLS',
    socket,
    address: socket.localAddress ?? '',
    port: socket.localPort ?? 0,
    all: inbox.all,
    send: (bytes) => void socket.write(bytes),
    next: (startLine, timeoutMs) => inbox.next(startLine, timeoutMs),
    close: () => closed(socket),
  };
}

/** A peer on a WebSocket, which nobody can reach but by it: its address is a host that does not exist (RFC 7118 §5). */
export async function webSocketPeer(
  server: Address,
  options: { readonly ca?: string; readonly origin?: string } = {},
): Promise<Peer> {
  const { ca, origin } = options;
  const scheme = ca === undefined ? 'ws' : 'wss';
  const socket = new WebSocket(`${scheme}://${server.address}:${server.port}/`, ['sip'], {
    perMessageDeflate: false,
    ...(ca === undefined ? {} : { ca }),
    ...(origin === undefined ? {} : { origin }),
  });
  const inbox = new Inbox();
  socket.on('message', (data) => {
    if (Buffer.isBuffer(data)) inbox.put(readMessage(data, server));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => resolve());
  });
  return {
    transport: scheme === 'ws' ? 'WS' : 'WSS',
    address: `${randomBytes(6).toString('hex')}.invalid`,
    port: 9,
    all: inbox.all,
    // A body of bytes that are no text cannot go in a text frame (RFC 6455 §5.6).
    send: (bytes) => socket.send(bytes, { binary: !isUtf8(Buffer.from(bytes)) }),
    next: (startLine, timeoutMs) => inbox.next(startLine, timeoutMs),
    close: () =>
      new Promise((resolve) => {
        socket.once('close', () => resolve());
        socket.terminate();
      }),
  };
}

/** A peer that connections come to. What it sends goes on the connection whose remote address is given, else on the last. */
export interface ListeningPeer extends Peer {
  /** Connections that came, those included whose handshake failed. */
  connections(): number;
  /** Why handshakes failed, as OpenSSL says it. */
  readonly failures: readonly string[];
}

/** Listens by TCP, or by TLS where its options are given. */
export async function listeningPeer(
  options: { readonly address?: string; readonly port?: number; readonly tls?: TlsOptions } = {},
): Promise<ListeningPeer> {
  const { address = '127.0.0.1', port = 0, tls } = options;
  const inbox = new Inbox();
  const open = new Map<number, Socket>();
  const failures: string[] = [];
  let connections = 0;
  let last: Socket | undefined;
  const take = (socket: Socket): void => {
    const source = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(source.port));
    open.set(source.port, socket);
    last = socket;
    readStream(socket, source, inbox);
  };
  const server = tls === undefined ? createServer(take) : createTlsServer(tls, take);
  server.on('connection', () => {
    connections += 1;
  });
  server.on('tlsClientError', (error: Error & { code?: string }) =>
    failures.push(error.code ?? error.message),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  const bound = server.address();
  return {
    transport: tls === undefined ? 'TCP' : 'TLS',
    address,
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    all: inbox.all,
    failures,
    connections: () => connections,
    send: (bytes, to) => void (to === undefined ? last : open.get(to.port))?.write(bytes),
    next: (startLine, timeoutMs) => inbox.next(startLine, timeoutMs),
    close: async () => {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open.values()) socket.destroy();
      await ended;
    },
  };
}

function closed(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
}
