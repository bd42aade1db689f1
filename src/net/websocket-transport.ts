import { type CodedError, DependencyError, err, type MonoMs, ok, type Result } from '../base/index.ts';
import type { Destination, Endpoint } from '../sip/index.ts';
import { endpointText, familyOf } from './addresses.ts';
import { newStreamCounts, type StreamCounts } from './counts.ts';
import { endConnections } from './end-connections.ts';
import type { StreamContext, StreamTransport } from './stream-transport.ts';
import type { TlsClient } from './tls.ts';
import type { TlsCertificates } from './tls-certificates.ts';
import { TlsHandshakes } from './tls-handshakes.ts';
import type { ListenOptions, OnSendFailed } from './types.ts';
import { type Arrival, WebSocketAcceptor } from './websocket-acceptor.ts';
import {
  WebSocketConnection,
  type WebSocketConnectionOptions,
  type WebSocketKind,
} from './websocket-connection.ts';
import { dial } from './websocket-dial.ts';
import { WebSocketGate } from './websocket-gate.ts';

export interface WebSocketOptions extends StreamContext {
  readonly kind: WebSocketKind;
  /** For `wss`: the certificates of listeners, and what connections of our own need, undefined until it is read. */
  readonly tls?:
    | { readonly certificates: TlsCertificates; readonly client: () => TlsClient | undefined }
    | undefined;
}

const sweepMs = 1_000;

/** All listeners and connections of SIP over WebSocket (RFC 7118), plain or over TLS. */
export class WebSocketTransport implements StreamTransport {
  readonly kind: WebSocketKind;
  readonly counts: StreamCounts = newStreamCounts();
  readonly #options: WebSocketOptions;
  readonly #acceptors: WebSocketAcceptor[] = [];
  readonly #locals: Endpoint[] = [];
  readonly #connections = new Map<string, WebSocketConnection>();
  /** Server name and remote endpoint → the connection of ours that takes requests to it. */
  readonly #opened = new Map<string, WebSocketConnection>();
  #lastId = 0;
  #sweep: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(options: WebSocketOptions) {
    this.#options = options;
    this.kind = options.kind;
  }

  get connectionCount(): number {
    return this.#acceptors.reduce((sum, acceptor) => sum + acceptor.pendingCount, this.#connections.size);
  }

  /** Listens on one more address; throws `net.listenFailed` or `net.tlsCertificate`. */
  async listen(options: ListenOptions): Promise<Endpoint> {
    const { limits, clock, table, onProblem } = this.#options;
    const { address, port, origins } = options;
    const gate = new WebSocketGate({ origins, limits, counts: this.counts });
    let local: Endpoint = { address, port };
    const acceptor = new WebSocketAcceptor({
      address,
      port,
      tls: await this.#handshakes(options),
      limits,
      clock,
      counts: this.counts,
      table,
      onArrival: (arrival) => this.#shakeHands(gate, arrival, local),
      onProblem,
    });
    local = await acceptor.listen();
    this.#acceptors.push(acceptor);
    this.#locals.push(local);
    this.#startSweep();
    return local;
  }

  /**
   * Sends on the destination's connection while that is open, else, unless only that will do, on one that we opened to the
   * same place, else on a new one. A connection that a client opened carries requests only where it is named: its
   * address says nothing about who is behind it (RFC 7118 §5, RFC 5923 §5).
   */
  send(bytes: Buffer, destination: Destination, onFailed: OnSendFailed | undefined): void {
    const connection = this.#connectionFor(destination);
    if (connection.ok) {
      connection.value.send(bytes, destination, onFailed);
      return;
    }
    this.counts.sendFailures += 1;
    if (onFailed !== undefined) queueMicrotask(() => onFailed(connection.error));
  }

  /** Refuses new connections, closes the open ones by the closing handshake, and cuts the rest off at the deadline. */
  stop(deadline: MonoMs): Promise<void> {
    this.#stopping ??= this.#close(deadline);
    return this.#stopping;
  }

  async #handshakes(options: ListenOptions): Promise<TlsHandshakes | undefined> {
    if (this.kind === 'ws') return undefined;
    const { tls, limits, clock, table } = this.#options;
    if (tls === undefined || options.tls === undefined) {
      throw new DependencyError('net.tlsCertificate', 'a wss listener needs a certificate');
    }
    const certificates = await tls.certificates.forListener(options.tls);
    return new TlsHandshakes({ certificates, limits, clock, counts: this.counts, table });
  }

  #shakeHands(gate: WebSocketGate, arrival: Arrival, local: Endpoint): void {
    const { stream, remote, peerDomains, handOver } = arrival;
    gate.take(stream, (socket) => {
      handOver();
      const connection = this.#add({ socket, remote, local, direction: 'accepted' });
      connection.open(stream, peerDomains);
    });
  }

  #connectionFor(destination: Destination): Result<WebSocketConnection, CodedError> {
    const { connectionId, onlyConnection, remote } = destination;
    const named = connectionId === undefined ? undefined : this.#connections.get(connectionId);
    if (named?.isWritable === true) return ok(named);
    if (onlyConnection === true) {
      return err({
        code: 'net.connectionGone',
        message: `the connection of ${endpointText(remote)} is closed`,
      });
    }
    const opened = this.#opened.get(openedKey(destination));
    return opened?.isWritable === true ? ok(opened) : this.#open(destination);
  }

  #open(destination: Destination): Result<WebSocketConnection, CodedError> {
    const { limits, table, tls } = this.#options;
    const { remote, local } = destination;
    if (this.#stopping !== undefined) {
      return err({ code: 'net.stopped', message: 'no new connection while stopping' });
    }
    if (!table.mayOpen()) {
      const message = `no connection to ${endpointText(remote)}: ${limits.stream.connectionsMax} are open`;
      return err({ code: 'net.connectionLimit', message });
    }
    const dialled = dial(destination, { kind: this.kind, tls: tls?.client(), limits });
    if (!dialled.ok) return dialled;
    const { socket, stream } = dialled.value;
    const connection = this.#add({
      socket,
      remote,
      local: local ?? this.#localFor(remote.address),
      direction: 'opened',
      key: openedKey(destination),
    });
    socket.on('open', () => {
      const under = stream();
      if (under !== undefined) connection.open(under, undefined);
    });
    this.#startSweep();
    return ok(connection);
  }

  #add(
    kind: Pick<WebSocketConnectionOptions, 'socket' | 'remote' | 'local' | 'direction'> & {
      readonly key?: string;
    },
  ): WebSocketConnection {
    const { limits, clock, onMessage, table } = this.#options;
    this.#lastId += 1;
    const { key } = kind;
    const connection = new WebSocketConnection({
      ...kind,
      id: `${this.kind}-${this.#lastId}`,
      kind: this.kind,
      limits,
      clock,
      counts: this.counts,
      onMessage,
      onRetired: (retired) => {
        if (key !== undefined && this.#opened.get(key) === retired) this.#opened.delete(key);
      },
      onClosed: (closed) => {
        table.remove(closed);
        this.#connections.delete(closed.id);
        if (this.#connections.size === 0) this.#onEmpty?.();
      },
    });
    this.#connections.set(connection.id, connection);
    if (key !== undefined) this.#opened.set(key, connection);
    table.add(connection);
    return connection;
  }

  /** The listener that speaks for us on a connection of our own: the first of the same family. */
  #localFor(address: string): Endpoint {
    const family = familyOf(address);
    const listener = this.#locals.find((local) => familyOf(local.address) === family);
    return listener ?? { address: family === 'ipv6' ? '::' : '0.0.0.0', port: 0 };
  }

  #startSweep(): void {
    if (this.#sweep !== undefined) return;
    const { handshakeMs, messageMs, writeStallMs, silentMs } = this.#options.limits.stream;
    const shortest = Math.min(handshakeMs, messageMs, writeStallMs, silentMs);
    this.#sweep = setInterval(() => this.#checkLimits(), Math.max(10, Math.min(sweepMs, shortest / 4)));
    this.#sweep.unref();
  }

  #checkLimits(): void {
    const now = this.#options.clock.mono();
    for (const acceptor of this.#acceptors) acceptor.checkLimits(now);
    for (const connection of this.#connections.values()) connection.checkLimits(now);
  }

  async #close(deadline: MonoMs): Promise<void> {
    clearInterval(this.#sweep);
    const closing = this.#acceptors.map((acceptor) => acceptor.close());
    await endConnections({
      all: () => this.#connections.values(),
      gone: Promise.all([...closing, this.#drained()]),
      clock: this.#options.clock,
      deadline,
    });
  }

  async #drained(): Promise<void> {
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}

/** One place under two names is two places, since each may have its own certificate. */
function openedKey({ remote, serverName }: Destination): string {
  return `${serverName?.toLowerCase() ?? ''}|${endpointText(remote)}`;
}
