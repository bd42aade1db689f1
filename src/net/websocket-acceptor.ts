import { createServer, type Server, type Socket } from 'node:net';
import { after, type Clock, DependencyError, errorText, type MonoMs } from '../base/index.ts';
import type { Endpoint } from '../sip/index.ts';
import { endpointText, familyOf } from './addresses.ts';
import type { StreamCounts } from './counts.ts';
import type { StreamTable, TableMember } from './stream-table.ts';
import { keepAliveDelayMs } from './tcp.ts';
import type { TlsHandshakes } from './tls-handshakes.ts';
import type { NetLimits } from './types.ts';

/** A connection that may begin its HTTP: plain, or with its TLS handshake done. */
export interface Arrival {
  readonly stream: Socket;
  readonly remote: Endpoint;
  /** What the certificate of the client names, where it showed a valid one. */
  readonly peerDomains: readonly string[] | undefined;
  /** The connection has become another member of the table, and is no longer held to the time of the handshake. */
  handOver(): void;
}

export interface WebSocketAcceptorOptions {
  readonly address: string;
  readonly port: number;
  /** What leads through TLS, for `wss`; undefined for `ws`. */
  readonly tls: TlsHandshakes | undefined;
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly counts: StreamCounts;
  readonly table: StreamTable;
  readonly onArrival: (arrival: Arrival) => void;
  /** Trouble of the listening socket, for the log. */
  readonly onProblem: (error: Error) => void;
}

const backlog = 1024;

/** One listening socket for WebSocket connections. What has not shaken hands in time is cut off, byte by byte or silent. */
export class WebSocketAcceptor {
  readonly #options: WebSocketAcceptorOptions;
  readonly #server: Server;
  readonly #newcomers = new Set<Newcomer>();

  constructor(options: WebSocketAcceptorOptions) {
    this.#options = options;
    this.#server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
    });
  }

  /** Connections that do not speak SIP yet. */
  get pendingCount(): number {
    return this.#newcomers.size + (this.#options.tls?.count ?? 0);
  }

  /** Binds it; throws `net.listenFailed`. */
  async listen(): Promise<Endpoint> {
    const { address, port, tls, onProblem } = this.#options;
    const server = this.#server;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: address, port, backlog, ipv6Only: familyOf(address) === 'ipv6' }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      const where = `${tls === undefined ? 'ws' : 'wss'} ${endpointText({ address, port })}`;
      throw new DependencyError('net.listenFailed', `cannot listen on ${where}: ${errorText(cause)}`, cause);
    }
    server.on('error', onProblem);
    server.on('connection', (socket) => this.#accept(socket));
    const bound = server.address();
    return typeof bound === 'object' && bound !== null
      ? { address: bound.address, port: bound.port }
      : { address, port };
  }

  /** Cuts off what takes too long to shake hands. Called about every second. */
  checkLimits(now: MonoMs): void {
    for (const newcomer of this.#newcomers) if (now >= newcomer.deadline) newcomer.close('slowHandshake');
  }

  /** Refuses new connections and drops those that do not speak SIP yet; resolves when the last accepted one has gone. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#options.tls?.stop();
    for (const { stream } of this.#newcomers) stream.destroy();
    return closed;
  }

  #accept(socket: Socket): void {
    const { table, counts, tls } = this.#options;
    const { remoteAddress: address, remotePort: port } = socket;
    // Gone before it was looked at.
    if (address === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    const limit = table.admit(address);
    if (limit !== undefined) {
      counts.closed[limit] += 1;
      socket.destroy();
      return;
    }
    counts.accepted += 1;
    const remote = { address, port };
    if (tls === undefined) this.#arrive(socket, remote, undefined);
    else tls.take(socket, remote, (secured, peerDomains) => this.#arrive(secured, remote, peerDomains));
  }

  #arrive(stream: Socket, remote: Endpoint, peerDomains: readonly string[] | undefined): void {
    const { clock, limits, counts, table, onArrival } = this.#options;
    const now = clock.mono();
    const { address } = remote;
    const deadline = after(now, limits.stream.handshakeMs);
    const newcomer = new Newcomer({ stream, address, activeAt: now, deadline, counts });
    const forget = (): void => {
      this.#newcomers.delete(newcomer);
      table.remove(newcomer);
    };
    this.#newcomers.add(newcomer);
    table.add(newcomer);
    stream.on('error', () => undefined);
    stream.once('close', forget);
    onArrival({ stream, remote, peerDomains, handOver: forget });
  }
}

/** A connection that has not shaken hands yet. */
class Newcomer implements TableMember {
  readonly direction = 'accepted';
  readonly use = 'nothing';
  readonly isBusy = false;
  readonly stream: Socket;
  readonly address: string;
  readonly activeAt: MonoMs;
  readonly deadline: MonoMs;
  readonly #counts: StreamCounts;

  constructor(parts: {
    readonly stream: Socket;
    readonly address: string;
    readonly activeAt: MonoMs;
    readonly deadline: MonoMs;
    readonly counts: StreamCounts;
  }) {
    this.stream = parts.stream;
    this.address = parts.address;
    this.activeAt = parts.activeAt;
    this.deadline = parts.deadline;
    this.#counts = parts.counts;
  }

  putOut(): void {
    this.close('madeRoom');
  }

  close(reason: 'madeRoom' | 'slowHandshake'): void {
    if (this.stream.destroyed) return;
    this.#counts.closed[reason] += 1;
    this.stream.destroy();
  }
}
