import { connect, createServer, type Server, type Socket } from 'node:net';
import {
  type Clock,
  type CodedError,
  DependencyError,
  err,
  errorText,
  type MonoMs,
  ok,
  type Result,
} from '../base/index.ts';
import type { Destination, Endpoint } from '../sip/index.ts';
import { endpointText, familyOf } from './addresses.ts';
import { newStreamCounts, type StreamCounts } from './counts.ts';
import { StreamConnection } from './stream-connection.ts';
import type { NetLimits, OnMessage, OnSendFailed } from './types.ts';

export interface TcpOptions {
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly onMessage: OnMessage;
  /** Trouble of a listening socket, for the log. */
  readonly onProblem: (error: Error) => void;
}

const backlog = 1024;
const keepAliveDelayMs = 60_000;
const sweepMs = 1_000;

/** All TCP listeners and connections of a server. */
export class TcpTransport {
  readonly counts: StreamCounts = newStreamCounts();
  readonly #options: TcpOptions;
  readonly #servers = new Set<Server>();
  readonly #locals: Endpoint[] = [];
  readonly #connections = new Map<string, StreamConnection>();
  /** Remote endpoint → the connection that takes requests to it. */
  readonly #byRemote = new Map<string, StreamConnection>();
  readonly #acceptedFrom = new Map<string, number>();
  #lastId = 0;
  #sweep: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: TcpOptions) {
    this.#options = options;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Listens on one more address; throws `net.listenFailed`. */
  async listen(address: string, port: number): Promise<Endpoint> {
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
    });
    this.#servers.add(server);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: address, port, backlog, ipv6Only: familyOf(address) === 'ipv6' }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      this.#servers.delete(server);
      const where = endpointText({ address, port });
      throw new DependencyError(
        'net.listenFailed',
        `cannot listen on tcp ${where}: ${errorText(cause)}`,
        cause,
      );
    }
    server.on('error', this.#options.onProblem);
    const local = localEndpoint(server, address);
    this.#locals.push(local);
    server.on('connection', (socket) => this.#accept(socket, local));
    this.#startSweep();
    return local;
  }

  /**
   * Sends on the destination's connection while that is open, else on one to its remote address, else on a new one
   * (RFC 3261 §18.2.2, §18.1.1).
   */
  send(bytes: Buffer, destination: Destination, onFailed: OnSendFailed | undefined): void {
    const known = this.#usable(destination);
    if (known !== undefined) {
      known.send(bytes, onFailed);
      return;
    }
    const opened = this.#open(destination);
    if (opened.ok) {
      opened.value.send(bytes, onFailed);
      return;
    }
    this.counts.sendFailures += 1;
    if (onFailed !== undefined) queueMicrotask(() => onFailed(opened.error));
  }

  /** Refuses new connections, lets the open ones write what they hold, and closes the rest at the deadline. */
  stop(deadline: MonoMs): Promise<void> {
    this.#stopping ??= this.#close(deadline);
    return this.#stopping;
  }

  #usable(destination: Destination): StreamConnection | undefined {
    if (destination.connectionId !== undefined) {
      const named = this.#connections.get(destination.connectionId);
      if (named?.isWritable === true) return named;
    }
    const byRemote = this.#byRemote.get(endpointText(destination.remote));
    return byRemote?.isWritable === true ? byRemote : undefined;
  }

  #open(destination: Destination): Result<StreamConnection, CodedError> {
    const { remote } = destination;
    if (this.#stopping !== undefined) {
      return err({ code: 'net.stopped', message: 'no new connection while stopping' });
    }
    const { connectionsMax } = this.#options.limits.stream;
    if (this.#connections.size >= connectionsMax) {
      const message = `no connection to ${endpointText(remote)}: ${connectionsMax} are open`;
      return err({ code: 'net.connectionLimit', message });
    }
    const socket = connect({
      host: remote.address,
      port: remote.port,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
    });
    const local = destination.local ?? this.#localFor(remote.address);
    this.#startSweep();
    return ok(this.#add(socket, { remote, local, direction: 'opened' }));
  }

  #accept(socket: Socket, local: Endpoint): void {
    const { counts } = this;
    const { connectionsMax, connectionsPerAddressMax } = this.#options.limits.stream;
    const address = socket.remoteAddress;
    const port = socket.remotePort;
    // Gone before it was looked at.
    if (address === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    const fromAddress = this.#acceptedFrom.get(address) ?? 0;
    const isFull = this.#connections.size >= connectionsMax;
    if (isFull || fromAddress >= connectionsPerAddressMax) {
      counts.closed[isFull ? 'totalLimit' : 'addressLimit'] += 1;
      socket.destroy();
      return;
    }
    this.#acceptedFrom.set(address, fromAddress + 1);
    counts.accepted += 1;
    this.#add(socket, { remote: { address, port }, local, direction: 'accepted' });
  }

  #add(
    socket: Socket,
    kind: {
      readonly remote: Endpoint;
      readonly local: Endpoint;
      readonly direction: 'accepted' | 'opened';
    },
  ): StreamConnection {
    const { limits, clock, onMessage } = this.#options;
    this.#lastId += 1;
    const key = endpointText(kind.remote);
    const connection = new StreamConnection({
      ...kind,
      id: `tcp-${this.#lastId}`,
      socket,
      limits,
      clock,
      counts: this.counts,
      onMessage,
      onRetired: (retired) => {
        if (this.#byRemote.get(key) === retired) this.#byRemote.delete(key);
      },
      onClosed: (closed) => this.#remove(closed),
    });
    this.#connections.set(connection.id, connection);
    this.#byRemote.set(key, connection);
    return connection;
  }

  #remove(connection: StreamConnection): void {
    this.#connections.delete(connection.id);
    if (this.#connections.size === 0) this.#onEmpty?.();
    if (connection.direction !== 'accepted') return;
    const { address } = connection.remote;
    const left = (this.#acceptedFrom.get(address) ?? 1) - 1;
    if (left > 0) this.#acceptedFrom.set(address, left);
    else this.#acceptedFrom.delete(address);
  }

  /** The listener that speaks for us on a connection of our own: the first of the same family. */
  #localFor(address: string): Endpoint {
    const family = familyOf(address);
    const listener = this.#locals.find((local) => familyOf(local.address) === family);
    return listener ?? { address: family === 'ipv6' ? '::' : '0.0.0.0', port: 0 };
  }

  #startSweep(): void {
    if (this.#sweep !== undefined) return;
    const { connectTimeoutMs, messageMs, halfClosedMs } = this.#options.limits.stream;
    const everyMs = Math.max(10, Math.min(sweepMs, connectTimeoutMs / 4, messageMs / 4, halfClosedMs / 4));
    this.#sweep = setInterval(() => {
      const now = this.#options.clock.mono();
      for (const connection of this.#connections.values()) connection.checkLimits(now);
    }, everyMs);
    this.#sweep.unref();
  }

  async #close(deadline: MonoMs): Promise<void> {
    clearInterval(this.#sweep);
    const closing = [...this.#servers].map(
      (server) => new Promise<void>((done) => server.close(() => done())),
    );
    for (const connection of this.#connections.values()) connection.end();
    const cutOff = setTimeout(
      () => {
        for (const connection of this.#connections.values()) connection.destroy();
      },
      Math.max(0, deadline - this.#options.clock.mono()),
    );
    await Promise.all([...closing, this.#drained()]);
    clearTimeout(cutOff);
  }

  async #drained(): Promise<void> {
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}

function localEndpoint(server: Server, address: string): Endpoint {
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return { address: typeof bound === 'object' && bound !== null ? bound.address : address, port };
}
