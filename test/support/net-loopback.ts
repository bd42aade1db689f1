import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Worker } from 'node:worker_threads';
import { vi } from 'vitest';
import { after, type CodedError } from '../../src/base/index.ts';
import type { Logger } from '../../src/esrp/index.ts';
import {
  defaultNetLimits,
  type ListenOptions,
  type StreamLimits,
  systemClock,
  Transports,
  type TransportsOptions,
} from '../../src/net/index.ts';
import type { Destination, Endpoint, Flow, Listener, SipMessage, Transport } from '../../src/sip/index.ts';

/** Whether this machine has an IPv6 loopback address; tests that need it are skipped visibly where not. */
export const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

/** Waits for what sockets are about to do: looks again until it holds, for up to five seconds. */
export function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 5_000, interval: 5 });
}

/** A logger that keeps its lines. */
export function recordingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const note =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push(`${level} ${event} ${JSON.stringify(fields)}`);
    };
  return { lines, debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
}

/** Transports on loopback, with everything that arrives kept. */
export interface Harness {
  readonly transports: Transports;
  readonly listeners: readonly Listener[];
  readonly received: { readonly message: SipMessage; readonly flow: Flow }[];
  readonly failures: CodedError[];
  /** What was logged: `level event fields`. */
  readonly logged: readonly string[];
  /** Sends and keeps a failure. */
  send(text: string | Buffer, destination: Destination): void;
  listener(transport: Transport): Listener;
  stop(withinMs?: number): Promise<void>;
}

export async function startTransports(options: {
  readonly listen: readonly (Pick<ListenOptions, 'transport'> & Partial<ListenOptions>)[];
  readonly stream?: Partial<StreamLimits>;
  readonly other?: Partial<TransportsOptions>;
}): Promise<Harness> {
  const logger = recordingLogger();
  const received: Harness['received'] = [];
  const failures: CodedError[] = [];
  const transports = new Transports({
    listeners: options.listen.map((listen) => ({
      address: '127.0.0.1',
      port: 0,
      ingress: 'test',
      ...listen,
    })),
    limits: { ...defaultNetLimits, stream: { ...defaultNetLimits.stream, ...options.stream } },
    clock: systemClock,
    logger,
    onMessage: (message, flow) => received.push({ message, flow }),
    ...options.other,
  });
  const listeners = await transports.start();
  return {
    transports,
    listeners,
    received,
    failures,
    logged: logger.lines,
    send: (text, destination) =>
      transports.send(Buffer.from(text), destination, (error) => failures.push(error)),
    listener: (transport) => {
      const found = listeners.find((listener) => listener.transport === transport);
      if (found === undefined) throw new Error(`no ${transport} listener`);
      return found;
    },
    stop: (withinMs = 200) => transports.stop(after(systemClock.mono(), withinMs)),
  };
}

/** A peer on a TCP connection that says what it is told and keeps what it hears. */
export interface RawClient {
  readonly socket: Socket;
  text(): string;
  isClosed(): boolean;
  write(text: string | Buffer): Promise<void>;
}

export function rawClient(to: Endpoint): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: to.address, port: to.port, allowHalfOpen: true, noDelay: true });
    let heard = '';
    let isClosed = false;
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      isClosed = true;
    });
    socket.on('error', reject);
    socket.once('connect', () =>
      resolve({
        socket,
        text: () => heard,
        isClosed: () => isClosed,
        write: (text) => new Promise((done) => socket.write(text, () => done())),
      }),
    );
  });
}

/** A TCP server of a peer. */
export async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<Server & { readonly endpoint: Endpoint }> {
  const server = createServer(onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return Object.assign(server, { endpoint: { address: '127.0.0.1', port } });
}

/** A UDP socket of a peer. */
export async function rawUdp(address = '127.0.0.1'): Promise<{
  readonly socket: UdpSocket;
  readonly endpoint: Endpoint;
  readonly heard: { readonly bytes: Buffer; readonly from: Endpoint }[];
}> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const heard: { bytes: Buffer; from: Endpoint }[] = [];
  socket.on('message', (bytes, from) =>
    heard.push({ bytes, from: { address: from.address, port: from.port } }),
  );
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return { socket, endpoint: { address, port: socket.address().port }, heard };
}

/** A faultless OPTIONS request. */
export function optionsRequest(parts: { readonly callId?: string; readonly body?: string } = {}): string {
  const body = parts.body ?? '';
  return [
    'OPTIONS sip:server@127.0.0.1 SIP/2.0',
    'Via: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bKnet1;rport',
    'Max-Forwards: 70',
    'From: <sip:peer@127.0.0.1>;tag=p1',
    'To: <sip:server@127.0.0.1>',
    `Call-ID: ${parts.callId ?? 'net-1'}`,
    'CSeq: 1 OPTIONS',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** Where to send: the parts that a test does not care about filled in. */
export function destination(
  parts: Pick<Destination, 'transport' | 'remote'> & Partial<Destination>,
): Destination {
  return { connectionId: undefined, local: undefined, ...parts };
}

/** A TCP listener that never accepts and whose queue is full: a new connection to it stays open-ended. */
export async function deafServer(): Promise<{ readonly endpoint: Endpoint; close(): Promise<void> }> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const server = require('node:net').createServer();
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => { Atomics.wait(workerData, 0, 0); process.exit(); });
     });`,
    { eval: true, workerData: gate },
  );
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const endpoint = { address: '127.0.0.1', port };
  const fillers: Socket[] = [];
  for (let isFull = false; !isFull; ) {
    const filler = connect(port, endpoint.address);
    filler.on('error', () => undefined);
    fillers.push(filler);
    isFull = await new Promise<boolean>((resolve) => {
      filler.once('connect', () => resolve(false));
      setTimeout(() => resolve(true), 100);
    });
  }
  return {
    endpoint,
    close: async () => {
      for (const filler of fillers) filler.destroy();
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      await worker.terminate();
    },
  };
}
