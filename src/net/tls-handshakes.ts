import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { after, type Clock, type MonoMs } from '../base/index.ts';
import type { Endpoint } from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import type { StreamCounts } from './counts.ts';
import { looksLikeSip, strangerKind } from './strangers.ts';
import type { StreamTable, TableMember } from './stream-table.ts';
import type { OnReady } from './stream-wire.ts';
import type { ServerCertificates } from './tls-certificates.ts';
import { namesOf } from './tls-client.ts';
import type { NetLimits } from './types.ts';

export interface TlsHandshakesOptions {
  readonly certificates: ServerCertificates;
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly counts: StreamCounts;
  readonly table: StreamTable;
}

const handshakeRecord = 0x16;
/** Begun in one turn of the event loop: a handshake costs as much as some twenty messages of a call. */
const startsPerTurn = 4;
/** Where all places are taken, a handshake that has gone on for so long gives up its own. */
const graceMs = 1_000;

/**
 * Brings accepted connections of one listener through the TLS handshake. A connection is nothing but a socket until its
 * first bytes show that it speaks TLS; handshakes then begin a few at a time, so that a flood of them leaves calls in
 * progress their share of the processor.
 */
export class TlsHandshakes {
  readonly #options: TlsHandshakesOptions;
  readonly #server: Server;
  /** Remote endpoint → the connection that is not through yet. */
  readonly #pending = new Map<string, Pending>();
  readonly #queue: Pending[] = [];
  /** In the order of their beginning. */
  readonly #running = new Set<Pending>();
  #isScheduled = false;
  /** Set while all places are taken. */
  #lookAgain: NodeJS.Timeout | undefined;

  constructor(options: TlsHandshakesOptions) {
    const { certificates, limits } = options;
    this.#options = options;
    // It never listens: sockets are handed to it. Our own limit comes first; this one frees what that has destroyed.
    this.#server = createServer({ ...certificates.options, handshakeTimeout: 2 * limits.stream.handshakeMs });
    certificates.onChanged((renewed) => this.#server.setSecureContext(renewed));
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket));
  }

  get count(): number {
    return this.#pending.size;
  }

  /** Takes a connection that was admitted. */
  take(socket: Socket, remote: Endpoint, onReady: OnReady): void {
    const { clock, counts, limits, table } = this.#options;
    const key = endpointText(remote);
    const timer = setTimeout(() => pending.close('slowHandshake'), limits.stream.handshakeMs).unref();
    const pending = new Pending({ socket, remote, onReady, counts, startedAt: clock.mono() });
    this.#pending.set(key, pending);
    table.add(pending);
    // What went wrong is told by `tlsClientError`, or was the peer's going away.
    socket.on('error', () => undefined);
    socket.once('close', () => pending.settle());
    socket.once('readable', () => this.#peek(pending));
    pending.onSettled = () => {
      clearTimeout(timer);
      table.remove(pending);
      this.#running.delete(pending);
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
      this.#schedule();
    };
  }

  stop(): void {
    clearTimeout(this.#lookAgain);
    for (const pending of this.#pending.values()) pending.socket.destroy();
  }

  #peek(pending: Pending): void {
    const { socket } = pending;
    const chunk: unknown = socket.read();
    if (!Buffer.isBuffer(chunk)) {
      socket.destroy();
      return;
    }
    if (chunk[0] !== handshakeRecord) {
      const { counts } = this.#options;
      if (looksLikeSip(chunk)) counts.plainSip += 1;
      else counts.strangers[strangerKind(chunk)] += 1;
      pending.close('notSip');
      return;
    }
    socket.unshift(chunk);
    this.#queue.push(pending);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#queue.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#startSome();
    });
  }

  #startSome(): void {
    for (let count = 0; count < startsPerTurn; count += 1) {
      if (!this.#hasPlace()) return;
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next.isSettled) continue;
      next.startedAt = this.#options.clock.mono();
      this.#running.add(next);
      this.#server.emit('connection', next.socket);
    }
    this.#schedule();
  }

  #hasPlace(): boolean {
    const { clock, limits } = this.#options;
    if (this.#running.size < limits.stream.handshakesMax) return true;
    const [oldest] = this.#running;
    if (oldest === undefined) return true;
    if (clock.mono() < after(oldest.startedAt, graceMs)) {
      this.#lookAgain ??= setTimeout(() => {
        this.#lookAgain = undefined;
        this.#schedule();
      }, graceMs / 10).unref();
      return false;
    }
    oldest.close('slowHandshake');
    return true;
  }

  #secured(socket: TLSSocket): void {
    const { remoteAddress: address, remotePort: port } = socket;
    const pending =
      address === undefined || port === undefined
        ? undefined
        : this.#pending.get(endpointText({ address, port }));
    if (pending === undefined) {
      socket.destroy();
      return;
    }
    pending.settle();
    // RFC 5746 renegotiation serves nobody here, and costs us more than it costs the peer.
    socket.disableRenegotiation();
    pending.onReady(socket, socket.authorized ? namesOf(socket).domains : undefined);
  }

  #failed(error: Error, socket: TLSSocket): void {
    const { counts } = this.#options;
    const code = 'code' in error ? error.code : undefined;
    const lacksCertificate = code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';
    if (lacksCertificate || socket.authorizationError) counts.closed.clientCertificate += 1;
    // The others ended without a word of TLS: the peer went away, or we cut it off and counted it then.
    else if (code !== 'ECONNRESET' && code !== 'ERR_TLS_HANDSHAKE_TIMEOUT') counts.closed.tlsHandshake += 1;
    socket.destroy();
  }
}

/** An accepted connection that is not through its handshake. */
class Pending implements TableMember {
  readonly direction = 'accepted';
  readonly use = 'nothing';
  readonly isBusy = false;
  readonly address: string;
  readonly socket: Socket;
  readonly onReady: OnReady;
  readonly activeAt: MonoMs;
  readonly #counts: StreamCounts;
  /** When its handshake began. */
  startedAt: MonoMs;
  isSettled = false;
  onSettled: () => void = () => undefined;

  constructor(parts: {
    readonly socket: Socket;
    readonly remote: Endpoint;
    readonly onReady: OnReady;
    readonly counts: StreamCounts;
    readonly startedAt: MonoMs;
  }) {
    this.socket = parts.socket;
    this.address = parts.remote.address;
    this.onReady = parts.onReady;
    this.activeAt = parts.startedAt;
    this.startedAt = parts.startedAt;
    this.#counts = parts.counts;
  }

  putOut(): void {
    this.close('madeRoom');
  }

  close(reason: 'madeRoom' | 'slowHandshake' | 'notSip'): void {
    if (this.isSettled) return;
    this.#counts.closed[reason] += 1;
    this.settle();
    this.socket.destroy();
  }

  settle(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.onSettled();
  }
}
