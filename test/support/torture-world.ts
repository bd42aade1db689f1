import { execFileSync } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { defaultFramingLimits, StreamFramer } from '../../src/sip/framing/index.ts';
import {
  buildResponse,
  callId,
  cseq,
  defaultMessageLimits,
  parseMessage,
  type SipMessage,
} from '../../src/sip/message/index.ts';

/** Something that came out of the server, and where it came out. */
export interface Arrival {
  readonly port: number;
  readonly transport: 'UDP' | 'TCP';
  readonly message: SipMessage;
  readonly bytes: Buffer;
}

/**
 * Everybody out there: every address of both families belongs to this machine (only in a network namespace), and the
 * given ports of all of them are listened at. Requests are answered, so that nobody sends them again.
 */
export class TortureWorld {
  readonly arrivals: Arrival[] = [];
  readonly #sockets: UdpSocket[] = [];
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Socket>();
  #waiting: (() => void) | undefined;

  /** Takes all addresses for this machine; nothing but a namespace's own network may be treated so. */
  static claimAllAddresses(): void {
    execFileSync('ip', ['route', 'add', 'local', '0.0.0.0/0', 'dev', 'lo']);
    execFileSync('ip', ['-6', 'route', 'add', 'local', '::/0', 'dev', 'lo']);
  }

  async listen(ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      for (const family of ['udp4', 'udp6'] as const) await this.#listenUdp(family, port);
      await this.#listenTcp(port);
    }
  }

  /** Sends from the first port of the first family. */
  send(bytes: Buffer, port: number, address = '127.0.0.1'): void {
    const socket = this.#sockets[address.includes(':') ? 1 : 0];
    socket?.send(bytes, port, address);
  }

  /** Waits until something that fits has arrived, from `since` on; undefined after `timeoutMs`. */
  async arrived(
    fits: (arrival: Arrival) => boolean,
    since: number,
    timeoutMs = 5_000,
  ): Promise<Arrival | undefined> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.arrivals.slice(since).find(fits);
      const left = deadline - performance.now();
      if (found !== undefined || left <= 0) return found;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([
      ...this.#sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))),
      ...this.#servers.map((server) => new Promise<void>((done) => server.close(() => done()))),
    ]);
  }

  async #listenUdp(type: 'udp4' | 'udp6', port: number): Promise<void> {
    const socket = createSocket({ type, ipv6Only: type === 'udp6' });
    socket.on('message', (bytes, source) => {
      this.#arrive(Buffer.from(bytes), port, 'UDP', (answer) =>
        socket.send(answer, source.port, source.address),
      );
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, type === 'udp4' ? '0.0.0.0' : '::', resolve);
    });
    this.#sockets.push(socket);
  }

  async #listenTcp(port: number): Promise<void> {
    const server = createServer((connection) => {
      this.#connections.add(connection);
      const framer = new StreamFramer(defaultFramingLimits);
      connection.on('error', () => connection.destroy());
      connection.on('close', () => this.#connections.delete(connection));
      connection.on('data', (chunk: Buffer) => {
        for (const item of framer.push(Buffer.from(chunk))) {
          if (item.kind === 'message')
            this.#arrive(item.bytes, port, 'TCP', (answer) => void connection.write(answer));
        }
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '::', resolve);
    });
    this.#servers.push(server);
  }

  #arrive(
    bytes: Buffer,
    port: number,
    transport: Arrival['transport'],
    answer: (bytes: Buffer) => void,
  ): void {
    const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
    if (outcome.kind !== 'message')
      throw new Error(`the server sent what is no SIP: ${bytes.toString('latin1')}`);
    const { message } = outcome;
    this.arrivals.push({ port, transport, message, bytes });
    if (message.kind === 'request' && message.method !== 'ACK')
      answer(buildResponse(message, { statusCode: 486, toTag: 'world' }).bytes);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }
}

/** `INVITE`, or `400 Malformed Via`. */
export function wordOf(arrival: Arrival | undefined): string {
  if (arrival === undefined) return 'silence';
  return wordOfMessage(arrival.message);
}

/** The same of a message. */
export function wordOfMessage(message: SipMessage): string {
  return message.kind === 'request' ? message.method : `${message.statusCode} ${message.reasonPhrase}`;
}

/** Whether two messages are of one transaction as far as their headers can be read. */
export function isAbout(message: SipMessage, other: SipMessage): boolean {
  const one = cseq(message);
  const two = cseq(other);
  const isSameSequence =
    one.ok === two.ok && (!one.ok || !two.ok || one.value.sequence === two.value.sequence);
  return callId(message) === callId(other) && isSameSequence;
}
