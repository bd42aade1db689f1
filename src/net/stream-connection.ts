import type { Socket } from 'node:net';
import { after, type Clock, type CodedError, type MonoMs } from '../base/index.ts';
import { type Destination, type Endpoint, type Flow, type SipMessage, topVia } from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import type { CloseReason, StreamCounts } from './counts.ts';
import { SendLedger, type SentMessage, sentKind } from './send-ledger.ts';
import { StreamOpening } from './stream-opening.ts';
import { StreamReader } from './stream-reader.ts';
import type { TableMember } from './stream-table.ts';
import type { OpeningSocket } from './stream-wire.ts';
import { StreamWriter } from './stream-writer.ts';
import type { NetLimits, OnMessage, OnSendFailed } from './types.ts';

export interface StreamConnectionOptions {
  readonly id: string;
  readonly kind: 'tcp' | 'tls';
  readonly socket: Socket;
  /** How a connection of our own comes about; undefined for one that was accepted. */
  readonly opening: OpeningSocket | undefined;
  /** For the connection to be there; the limits' time where undefined. */
  readonly openingTimeoutMs: number | undefined;
  readonly remote: Endpoint;
  /** The listener that accepted it, or that speaks for us on a connection of our own. */
  readonly local: Endpoint;
  /** What the peer of an accepted connection proved to be. */
  readonly peerDomains: readonly string[] | undefined;
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly counts: StreamCounts;
  readonly onMessage: OnMessage;
  /** A peer that proved who it is offers its connection for requests to its sent-by port (RFC 5923 §8.2). */
  readonly onAlias: (connection: StreamConnection, port: number | undefined) => void;
  /** No new request may be sent on it any more; it may still carry responses. */
  readonly onRetired: (connection: StreamConnection) => void;
  /** A response that went to a peer that was gone; it goes by another connection (RFC 3261 §18.2.2). */
  readonly onReturned: (message: SentMessage) => void;
  readonly onClosed: (connection: StreamConnection) => void;
}

const lineEnd = Buffer.from('\r\n');
/**
 * A peer that ended its side may have closed its socket altogether, which only shows by a second write after the first
 * has reached it.
 */
const probeMs = 250;
/** A request that was not answered after so long will not be: no reason to keep its connection from making room. */
const owedMaxMs = 300_000;

/** One TCP or TLS connection: frames and parses what comes in, queues what goes out, and keeps to its limits. */
export class StreamConnection implements TableMember {
  readonly id: string;
  readonly remote: Endpoint;
  readonly address: string;
  readonly direction: 'accepted' | 'opened';
  readonly #options: StreamConnectionOptions;
  readonly #socket: Socket;
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;
  readonly #ledger = new SendLedger();
  #flow: Flow;
  /** Undefined once bytes can go out. */
  #opening: StreamOpening | undefined;
  /** Bytes of messages that wait for the connection to be open. */
  #waitingBytes = 0;
  #activeAt: MonoMs;
  #use: TableMember['use'] = 'nothing';
  #isRetired = false;
  /** Lost its framing, was counted for that, and only waits for its last answers. */
  #endsBadly = false;
  /** We closed it for a reason of its own: nothing is sent again. */
  #isCutOff = false;
  /** Requests received, ACKs aside, that had no final response on this connection yet. */
  #owed = 0;
  #peerEndedAt: MonoMs | undefined;
  #probeTimer: NodeJS.Timeout | undefined;
  #lastError: Error | undefined;
  #refusal: CodedError | undefined;
  #hasHeard = false;

  constructor(options: StreamConnectionOptions) {
    const { socket, limits, clock, remote, opening } = options;
    this.id = options.id;
    this.remote = remote;
    this.address = remote.address;
    this.direction = opening === undefined ? 'accepted' : 'opened';
    this.#options = options;
    this.#socket = socket;
    this.#activeAt = clock.mono();
    this.#flow = this.#makeFlow(options.peerDomains);
    this.#reader = this.#makeReader();
    this.#writer = this.#makeWriter();
    if (opening !== undefined) this.#opening = this.#makeOpening(opening);
    socket.setTimeout(limits.stream.idleMs);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#peerEnded());
    socket.on('timeout', () => this.#close('idle'));
    socket.on('error', (error) => {
      this.#lastError = error;
    });
    socket.on('close', () => this.#closed());
  }

  /** Whether bytes can still be handed over. */
  get isWritable(): boolean {
    return this.#socket.writable && !this.#isCutOff;
  }

  /** What the peer proved to be (RFC 5922 §7.1). */
  get peerDomains(): readonly string[] | undefined {
    return this.#flow.peerDomains;
  }

  get use(): TableMember['use'] {
    return this.#use;
  }

  get activeAt(): MonoMs {
    return this.#activeAt;
  }

  get isBusy(): boolean {
    const now = this.#options.clock.mono();
    if (this.#opening !== undefined || this.#writer.queuedBytes > 0) return true;
    if (this.#use !== 'nothing' && this.#reader.isUnfinished) return true;
    if (this.#owed > 0 && now < after(this.#activeAt, owedMaxMs)) return true;
    return this.#ledger.awaitsAnswer(now, this.#options.limits.stream.halfClosedMs);
  }

  putOut(): void {
    this.#close('madeRoom');
  }

  /** Hands bytes to the connection; before it is open they wait in its queue. */
  send(bytes: Buffer, destination: Destination, onFailed: OnSendFailed | undefined): void {
    const { counts, limits, clock } = this.#options;
    const waiting = this.#writer.queuedBytes + this.#waitingBytes;
    if (waiting + bytes.length > limits.stream.writeQueueBytesMax) {
      this.#close('writeQueueFull');
      counts.sendFailures += 1;
      const message = `${endpointText(this.remote)} does not read: ${waiting} bytes waited`;
      if (onFailed !== undefined) queueMicrotask(() => onFailed({ code: 'net.writeQueueFull', message }));
      return;
    }
    counts.messagesOut += 1;
    counts.bytesOut += bytes.length;
    const { kind, isFinal, isInvite } = sentKind(bytes);
    if (isFinal) this.#owed = Math.max(0, this.#owed - 1);
    if (isInvite) this.#use = 'calls';
    const at = clock.mono();
    const followsEnd = this.#peerEndedAt !== undefined && !this.#endsBadly;
    const message = { bytes, destination, onFailed, kind, at, followsEnd, isWritten: false };
    this.#ledger.note(message);
    if (this.#opening === undefined) this.#write(message);
    else {
      this.#waitingBytes += bytes.length;
      this.#opening.hasten(destination.connectTimeoutMs);
    }
  }

  /** Closes it where one of its limits has passed. Called about every second. */
  checkLimits(now: MonoMs): void {
    const { messageMs, halfClosedMs, writeStallMs, silentMs } = this.#options.limits.stream;
    // What is not read for the sake of back-pressure is not the peer's slowness.
    if (!this.#writer.isPaused && this.#reader.isSlow(now, messageMs)) {
      this.#close('slowMessage');
    } else if (this.#writer.isStuck(now, writeStallMs)) {
      this.#close('slowReader');
    } else if (this.#peerEndedAt !== undefined && isPast(now, this.#peerEndedAt, halfClosedMs)) {
      this.#close('halfClosed');
    } else if (!this.#isRetired && this.#ledger.isUnanswered(now, silentMs)) {
      // What was sent may still be answered, but no further request is risked on a connection that may be dead.
      this.#retire();
    }
  }

  /** Ends our side once what is queued has gone. */
  end(): void {
    if (this.#opening === undefined) this.#socket.end();
    else this.destroy();
  }

  /** Closes it at once. */
  destroy(): void {
    this.#isCutOff = true;
    this.#socket.destroy();
  }

  #makeFlow(peerDomains: readonly string[] | undefined): Flow {
    const { kind, local, remote, id } = this.#options;
    const flow: Flow = { transport: kind, local, remote, connectionId: id };
    return peerDomains === undefined ? flow : { ...flow, peerDomains };
  }

  #makeReader(): StreamReader {
    const { limits, counts } = this.#options;
    return new StreamReader({
      limits,
      counts,
      onMessage: (message) => this.#handOn(message),
      onPing: () => this.#pong(),
      onBroken: (reason, last) => this.#broken(reason, last),
      isWanted: () => !this.#socket.destroyed,
    });
  }

  #makeWriter(): StreamWriter {
    const { limits, counts, clock } = this.#options;
    return new StreamWriter({
      socket: this.#socket,
      clock,
      pauseReadingBytes: limits.stream.pauseReadingBytes,
      onPaused: () => {
        counts.pauses += 1;
      },
      onResumed: (now) => this.#reader.restart(now),
    });
  }

  #makeOpening(socket: OpeningSocket): StreamOpening {
    const { kind, clock, remote, limits, openingTimeoutMs } = this.#options;
    const opening = new StreamOpening({
      opening: socket,
      remote,
      kind,
      clock,
      onOpen: (peerDomains) => this.#opened(peerDomains),
      onTimeout: (error) => {
        this.#lastError = error;
        this.#socket.destroy();
      },
      onRefused: (error) => {
        this.#refusal = error;
        this.#socket.destroy();
      },
    });
    opening.hasten(openingTimeoutMs ?? limits.stream.connectTimeoutMs);
    return opening;
  }

  #opened(peerDomains: readonly string[] | undefined): void {
    this.#options.counts.connected += 1;
    this.#opening = undefined;
    this.#waitingBytes = 0;
    this.#flow = this.#makeFlow(peerDomains);
    for (const message of this.#ledger.all()) this.#write(message);
  }

  #write(message: SentMessage): void {
    this.#activeAt = message.at;
    this.#writer.write(message.bytes, message.at, () => {
      message.isWritten = true;
    });
    if (message.followsEnd) this.#probe();
    else if (this.#endsBadly && this.#owed === 0) this.#socket.end();
  }

  #probe(): void {
    if (this.#probeTimer !== undefined) return;
    this.#probeTimer = setTimeout(() => {
      this.#probeTimer = undefined;
      if (!this.#socket.writable) return;
      this.#socket.write(lineEnd, (error) => {
        if (error !== undefined && error !== null) return;
        this.#ledger.heard();
        if (this.#owed === 0) this.#socket.end();
      });
    }, probeMs);
    this.#probeTimer.unref();
  }

  #receive(chunk: Buffer): void {
    const { counts, clock } = this.#options;
    const now = clock.mono();
    counts.bytesIn += chunk.length;
    this.#hasHeard = true;
    this.#ledger.heard();
    // Whoever sends nothing that is SIP does not stay longer for sending more of it.
    if (this.#use !== 'nothing') this.#activeAt = now;
    this.#reader.push(chunk, now);
  }

  #handOn(message: SipMessage): void {
    const { counts, onMessage, clock } = this.#options;
    counts.messagesIn += 1;
    if (this.#use === 'nothing') {
      this.#use = 'messages';
      this.#activeAt = clock.mono();
    }
    if (message.kind === 'request') {
      if (message.method !== 'ACK') this.#owed += 1;
      if (message.method === 'INVITE') this.#use = 'calls';
      if (this.direction === 'accepted' && this.#flow.peerDomains !== undefined) this.#readAlias(message);
    }
    onMessage(message, this.#flow);
  }

  #readAlias(request: SipMessage): void {
    const via = topVia(request);
    if (!via.ok || !via.value.params.some(({ name }) => name.toLowerCase() === 'alias')) return;
    this.#options.onAlias(this, via.value.port);
  }

  /** A message whose head is there is answered before the connection goes. */
  #broken(reason: CloseReason, last: SipMessage | undefined): void {
    if (last === undefined) {
      this.#close(reason);
      return;
    }
    const { counts, clock } = this.#options;
    counts.closed[reason] += 1;
    this.#endsBadly = true;
    this.#peerEndedAt = clock.mono();
    this.#retire();
    this.#handOn(last);
  }

  /** RFC 5626 §4.4.1: a double line end is answered by a single one. */
  #pong(): void {
    this.#options.counts.pings += 1;
    if (this.#writer.queuedBytes < this.#options.limits.stream.pauseReadingBytes) this.#socket.write(lineEnd);
  }

  #peerEnded(): void {
    this.#retire();
    // A client may end its side right after its request and still want the response.
    if (this.#owed === 0 || this.direction === 'opened') this.#socket.end();
    else this.#peerEndedAt ??= this.#options.clock.mono();
  }

  #retire(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#options.onRetired(this);
  }

  #close(reason: CloseReason): void {
    if (this.#socket.destroyed) return;
    if (!this.#endsBadly) this.#options.counts.closed[reason] += 1;
    this.#retire();
    this.destroy();
  }

  #closed(): void {
    this.#opening?.stop();
    clearTimeout(this.#probeTimer);
    if (this.#opening !== undefined) this.#options.counts.connectFailures += 1;
    this.#retire();
    this.#options.onClosed(this);
    this.#tellOfLosses();
  }

  /**
   * Requests that the peer gave no sign of having fail, so that their users try the next address; responses that cannot
   * have arrived go by another connection, once.
   */
  #tellOfLosses(): void {
    const { counts, onReturned } = this.#options;
    const error = this.#lossError();
    for (const message of this.#ledger.takeLost()) {
      const wasNamed = message.destination.connectionId === this.id;
      if (message.kind === 'response' && wasNamed && !this.#isCutOff) {
        onReturned(message);
        continue;
      }
      counts.sendFailures += 1;
      message.onFailed?.(error);
    }
  }

  #lossError(): CodedError {
    const { kind } = this.#options;
    const cause = this.#lastError;
    if (this.#refusal !== undefined) return this.#refusal;
    if (this.#opening !== undefined) return this.#opening.failure(cause);
    const why = cause?.message ?? 'the peer closed it';
    const message = `the connection was lost to ${endpointText(this.remote)} by ${kind.toUpperCase()}: ${why}`;
    // TLS 1.3 lets a client send before the server has looked at its certificate.
    const isRefused = kind === 'tls' && this.direction === 'opened' && !this.#hasHeard && isTlsError(cause);
    return { code: isRefused ? 'net.tlsHandshake' : 'net.connectionLost', message, cause };
  }
}

function isPast(now: MonoMs, since: MonoMs, limitMs: number): boolean {
  return now >= after(since, limitMs);
}

function isTlsError(error: Error | undefined): boolean {
  const code = error !== undefined && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('ERR_SSL');
}
