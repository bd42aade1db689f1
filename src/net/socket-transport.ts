import { createServer, type Server, type Socket } from 'node:net';
import {
  type CodedError,
  DependencyError,
  err,
  errorText,
  type MonoMs,
  ok,
  type Result,
} from '../base/index.ts';
import { type Destination, defaultPort, type Endpoint } from '../sip/index.ts';
import { endpointText, familyOf } from './addresses.ts';
import { newStreamCounts, type StreamCounts } from './counts.ts';
import { endConnections } from './end-connections.ts';
import { StreamConnection, type StreamConnectionOptions } from './stream-connection.ts';
import { StreamPool } from './stream-pool.ts';
import type { StreamContext, StreamTransport } from './stream-transport.ts';
import type { AcceptSocket, StreamWire } from './stream-wire.ts';
import { keepAliveDelayMs } from './tcp.ts';
import type { ListenOptions, OnSendFailed } from './types.ts';

const backlog = 1024;
const sweepMs = 1_000;

/** All listeners and connections of TCP, or of TLS over TCP. */
export class SocketTransport implements StreamTransport {
  readonly kind: 'tcp' | 'tls';
  readonly counts: StreamCounts;
  readonly #context: StreamContext;
  readonly #wire: StreamWire;
  readonly #servers = new Set<Server>();
  readonly #locals: Endpoint[] = [];
  readonly #pool = new StreamPool();
  #lastId = 0;
  #sweep: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(context: StreamContext, wire: StreamWire, counts: StreamCounts = newStreamCounts()) {
    this.#context = context;
    this.#wire = wire;
    this.counts = counts;
    this.kind = wire.kind;
  }

  get connectionCount(): number {
    return this.#pool.size + this.#wire.pendingCount;
  }

  async listen(options: ListenOptions): Promise<Endpoint> {
    const { address, port } = options;
    const accept = await this.#wire.prepare(options);
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
    });
    this.#servers.add(server);
    try {
      await bind(server, address, port);
    } catch (cause) {
      this.#servers.delete(server);
      const where = `${this.kind} ${endpointText({ address, port })}`;
      throw new DependencyError('net.listenFailed', `cannot listen on ${where}: ${errorText(cause)}`, cause);
    }
    server.on('error', this.#context.onProblem);
    const local = localEndpoint(server, address);
    this.#locals.push(local);
    server.on('connection', (socket) => this.#accept(socket, local, accept));
    this.#startSweep();
    return local;
  }

  /** The order of ways is that of RFC 3261 §18.2.2 and §18.1.1, RFC 5923 §8. */
  send(bytes: Buffer, destination: Destination, onFailed: OnSendFailed | undefined): void {
    const named = this.#pool.named(destination.connectionId);
    if (named === undefined && destination.onlyConnection === true) {
      const message = `the connection to ${endpointText(destination.remote)} is closed`;
      this.#refuse(onFailed, { code: 'net.connectionGone', message });
      return;
    }
    const known = named ?? this.#pool.sharing(this.#keyOf(destination));
    if (known !== undefined) {
      known.send(bytes, destination, onFailed);
      return;
    }
    const opened = this.#open(destination);
    if (opened.ok) opened.value.send(bytes, destination, onFailed);
    else this.#refuse(onFailed, opened.error);
  }

  stop(deadline: MonoMs): Promise<void> {
    this.#stopping ??= this.#close(deadline);
    return this.#stopping;
  }

  #keyOf({ remote, serverName }: Destination): string {
    return this.#wire.poolKey(remote, serverName);
  }

  #refuse(onFailed: OnSendFailed | undefined, error: CodedError): void {
    this.counts.sendFailures += 1;
    if (onFailed !== undefined) queueMicrotask(() => onFailed(error));
  }

  #open(destination: Destination): Result<StreamConnection, CodedError> {
    const { remote } = destination;
    if (this.#stopping !== undefined) {
      return err({ code: 'net.stopped', message: 'no new connection while stopping' });
    }
    if (!this.#context.table.mayOpen()) {
      const { connectionsMax } = this.#context.limits.stream;
      const message = `no connection to ${endpointText(remote)}: ${connectionsMax} are open`;
      return err({ code: 'net.connectionLimit', message });
    }
    const opening = this.#wire.open(destination);
    if (!opening.ok) return opening;
    this.#startSweep();
    const connection = this.#add(opening.value.socket, {
      remote,
      local: destination.local ?? this.#localFor(remote.address),
      opening: opening.value,
      openingTimeoutMs: destination.connectTimeoutMs,
      peerDomains: undefined,
    });
    this.#pool.share(connection, this.#keyOf(destination));
    return ok(connection);
  }

  #accept(socket: Socket, local: Endpoint, accept: AcceptSocket): void {
    const address = socket.remoteAddress;
    const port = socket.remotePort;
    // Gone before it was looked at.
    if (address === undefined || port === undefined) {
      socket.destroy();
      return;
    }
    const refusal = this.#context.table.admit(address);
    if (refusal !== undefined) {
      this.counts.closed[refusal] += 1;
      socket.destroy();
      return;
    }
    this.counts.accepted += 1;
    const remote = { address, port };
    accept(socket, remote, (ready, peerDomains) => {
      const connection = this.#add(ready, {
        remote,
        local,
        opening: undefined,
        openingTimeoutMs: undefined,
        peerDomains,
      });
      if (this.#wire.reusesAccepted) this.#pool.share(connection, this.#wire.poolKey(remote, undefined));
    });
  }

  #add(
    socket: Socket,
    kind: Pick<StreamConnectionOptions, 'remote' | 'local' | 'peerDomains' | 'opening' | 'openingTimeoutMs'>,
  ): StreamConnection {
    const { limits, clock, onMessage, table } = this.#context;
    this.#lastId += 1;
    const connection = new StreamConnection({
      ...kind,
      id: `${this.kind}-${this.#lastId}`,
      kind: this.kind,
      socket,
      limits,
      clock,
      counts: this.counts,
      onMessage,
      onAlias: (offered, port) => this.#alias(offered, port),
      onRetired: (retired) => this.#pool.unshare(retired),
      onReturned: ({ bytes, destination, onFailed }) =>
        this.send(bytes, { ...destination, connectionId: undefined }, onFailed),
      onClosed: (closed) => this.#remove(closed),
    });
    this.#pool.add(connection);
    table.add(connection);
    return connection;
  }

  /** RFC 5923 §8.2: a row for each identity that the peer proved, at its address and the port of its sent-by. */
  #alias(connection: StreamConnection, port: number | undefined): void {
    const remote = { address: connection.remote.address, port: port ?? defaultPort(this.kind) };
    for (const domain of connection.peerDomains ?? []) {
      this.#pool.share(connection, this.#wire.poolKey(remote, domain));
    }
  }

  #remove(connection: StreamConnection): void {
    this.#pool.remove(connection);
    this.#context.table.remove(connection);
    if (this.#pool.size === 0) this.#onEmpty?.();
  }

  /** The listener that speaks for us on a connection of our own: the first of the same family. */
  #localFor(address: string): Endpoint {
    const family = familyOf(address);
    const listener = this.#locals.find((local) => familyOf(local.address) === family);
    return listener ?? { address: family === 'ipv6' ? '::' : '0.0.0.0', port: 0 };
  }

  #startSweep(): void {
    if (this.#sweep !== undefined) return;
    const { messageMs, halfClosedMs, writeStallMs, silentMs } = this.#context.limits.stream;
    const shortestMs = Math.min(messageMs, halfClosedMs, writeStallMs, silentMs);
    this.#sweep = setInterval(
      () => {
        const now = this.#context.clock.mono();
        for (const connection of this.#pool.all()) connection.checkLimits(now);
      },
      Math.max(10, Math.min(sweepMs, shortestMs / 4)),
    );
    this.#sweep.unref();
  }

  async #close(deadline: MonoMs): Promise<void> {
    clearInterval(this.#sweep);
    const closing = [...this.#servers].map(
      (server) => new Promise<void>((done) => server.close(() => done())),
    );
    this.#wire.stop();
    await endConnections({
      all: () => this.#pool.all(),
      gone: Promise.all([...closing, this.#drained()]),
      clock: this.#context.clock,
      deadline,
    });
  }

  async #drained(): Promise<void> {
    if (this.#pool.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}

function bind(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, backlog, ipv6Only: familyOf(address) === 'ipv6' }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function localEndpoint(server: Server, address: string): Endpoint {
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return { address: typeof bound === 'object' && bound !== null ? bound.address : address, port };
}
