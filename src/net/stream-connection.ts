import type { Socket } from 'node:net';
import { after, type Clock, type CodedError, type MonoMs } from '../base/index.ts';
import {
  type Destination,
  type Endpoint,
  type Flow,
  type FramedItem,
  type FramingErrorCode,
  parseMessage,
  type SipMessage,
  StreamFramer,
  topVia,
} from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import type { CloseReason, StreamCounts } from './counts.ts';
import { SendLedger, type SentMessage, sentKind } from './send-ledger.ts';
import { strangerKind } from './strangers.ts';
import type { TableMember } from './stream-table.ts';
import type { OpeningSocket } from './stream-wire.ts';
import type { NetLimits, OnMessage, OnSendFailed } from './types.ts';

export interface StreamConnectionOptions {
  readonly id: string;
  readonly kind: 'tcp' | 'tls';
  readonly socket: Socket;
  /** How a connection of our own comes about; undefined for one that was accepted. */
  readonly opening?: OpeningSocket | undefined;
  readonly openingTimeoutMs?: number | undefined;
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

const notSipCodes: ReadonlySet<FramingErrorCode> = new Set<FramingErrorCode>([
  'framing.notSip',
  'framing.http',
  'framing.tls',
]);
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
  readonly #framer: StreamFramer;
  readonly #ledger = new SendLedger();
  #flow: Flow;
  /** Undefined once bytes can go out: then none wait here. */
  #opening: OpeningSocket | undefined;
  #openingTimer: NodeJS.Timeout | undefined;
  #openingDue: MonoMs | undefined;
  #isConnected: boolean;
  /** Bytes of messages that wait for the connection to be open. */
  #waitingBytes = 0;
  #activeAt: MonoMs;
  #use: TableMember['use'] = 'nothing';
  #isRetired = false;
  #isPaused = false;
  /** Lost its framing, was counted for that, and only waits for its last answers. */
  #endsBadly = false;
  /** We closed it for a reason of its own: nothing is sent again. */
  #isCutOff = false;
  /** Requests received, ACKs aside, that had no final response on this connection yet. */
  #owed = 0;
  #unfinishedSince: MonoMs | undefined;
  #peerEndedAt: MonoMs | undefined;
  #stuckSince: MonoMs | undefined;
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
    this.#framer = new StreamFramer(limits.message);
    this.#activeAt = clock.mono();
    this.#flow = this.#makeFlow(options.peerDomains);
    this.#opening = opening;
    this.#isConnected = opening === undefined;
    if (opening !== undefined) this.#awaitOpening(opening);
    socket.setTimeout(limits.stream.idleMs);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => this.#drained());
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
    if (this.#opening !== undefined || this.#socket.writableLength > 0) return true;
    if (this.#use !== 'nothing' && this.#framer.pendingBytes > 0) return true;
    if (this.#owed > 0 && now < after(this.#activeAt, owedMaxMs)) return true;
    return this.#ledger.awaitsAnswer(now, this.#options.limits.stream.halfClosedMs);
  }

  putOut(): void {
    this.#close('madeRoom');
  }

  /** Hands bytes to the connection; before it is open they wait in its queue. */
  send(bytes: Buffer, destination: Destination, onFailed: OnSendFailed | undefined): void {
    const { counts, limits, clock } = this.#options;
    const waiting = this.#socket.writableLength + this.#waitingBytes;
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
      this.#hasten(destination.connectTimeoutMs);
    }
  }

  /** Closes it where one of its limits has passed. Called about every second. */
  checkLimits(now: MonoMs): void {
    const { messageMs, halfClosedMs, writeStallMs, silentMs } = this.#options.limits.stream;
    // What is not read for the sake of back-pressure is not the peer's slowness.
    if (
      this.#unfinishedSince !== undefined &&
      !this.#isPaused &&
      isPast(now, this.#unfinishedSince, messageMs)
    ) {
      this.#close('slowMessage');
    } else if (this.#stuckSince !== undefined && isPast(now, this.#stuckSince, writeStallMs)) {
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

  #awaitOpening(opening: OpeningSocket): void {
    const { limits, openingTimeoutMs } = this.#options;
    this.#hasten(openingTimeoutMs ?? limits.stream.connectTimeoutMs);
    this.#socket.once('connect', () => {
      this.#isConnected = true;
    });
    this.#socket.once(opening.readyEvent, () => this.#opened(opening));
  }

  /** The shortest wait that was asked for counts: a message that may not wait goes to its next address then. */
  #hasten(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    const due = after(this.#options.clock.mono(), timeoutMs);
    if (this.#openingDue !== undefined && this.#openingDue <= due) return;
    this.#openingDue = due;
    clearTimeout(this.#openingTimer);
    this.#openingTimer = setTimeout(() => {
      this.#lastError = new Error(`timed out after ${timeoutMs} ms`);
      this.#socket.destroy();
    }, timeoutMs);
    this.#openingTimer.unref();
  }

  #opened(opening: OpeningSocket): void {
    clearTimeout(this.#openingTimer);
    const judged = opening.judge();
    if (!judged.ok) {
      this.#refusal = judged.error;
      this.#socket.destroy();
      return;
    }
    this.#options.counts.connected += 1;
    this.#opening = undefined;
    this.#waitingBytes = 0;
    this.#flow = this.#makeFlow(judged.value);
    for (const message of this.#ledger.all()) this.#write(message);
  }

  #write(message: SentMessage): void {
    const { clock, limits } = this.#options;
    this.#activeAt = message.at;
    this.#stuckSince ??= message.at;
    this.#socket.write(message.bytes, (error) => {
      if (error !== undefined && error !== null) return;
      message.isWritten = true;
      this.#stuckSince = this.#socket.writableLength === 0 ? undefined : clock.mono();
    });
    if (message.followsEnd) this.#probe();
    else if (this.#endsBadly && this.#owed === 0) this.#socket.end();
    // Whoever does not take what we send is not read from until it does.
    if (this.#isPaused || this.#socket.writableLength < limits.stream.pauseReadingBytes) return;
    this.#isPaused = true;
    this.#options.counts.pauses += 1;
    this.#socket.pause();
  }

  #drained(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#unfinishedSince !== undefined) this.#unfinishedSince = this.#options.clock.mono();
    this.#socket.resume();
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
    counts.bytesIn += chunk.length;
    this.#hasHeard = true;
    this.#ledger.heard();
    // Whoever sends nothing that is SIP does not stay longer for sending more of it.
    if (this.#use !== 'nothing') this.#activeAt = clock.mono();
    for (const item of this.#framer.push(chunk)) {
      this.#unfinishedSince = undefined;
      if (item.kind === 'message') this.#receiveMessage(item.bytes);
      else if (item.kind === 'ping') this.#pong();
      else this.#receiveBroken(item, chunk);
      if (this.#socket.destroyed) return;
    }
    if (this.#framer.pendingBytes === 0) this.#unfinishedSince = undefined;
    else this.#unfinishedSince ??= clock.mono();
  }

  #receiveMessage(bytes: Buffer): void {
    const { counts, limits } = this.#options;
    const outcome = parseMessage(bytes, { framing: 'stream', limits: limits.message });
    if (outcome.kind === 'notSip') {
      counts.strangers[strangerKind(bytes)] += 1;
      this.#close('notSip');
      return;
    }
    this.#handOn(outcome.message);
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

  /** The stream cannot be cut any more. A message whose head is there is answered before the connection goes. */
  #receiveBroken(item: Extract<FramedItem, { readonly kind: 'broken' }>, chunk: Buffer): void {
    const { counts, clock, limits } = this.#options;
    if (item.head === undefined) {
      const isStranger = notSipCodes.has(item.error.code);
      const isFirst = this.#use === 'nothing';
      if (isStranger) counts.strangers[isFirst ? strangerKind(chunk) : 'other'] += 1;
      this.#close(isStranger ? 'notSip' : 'badFraming');
      return;
    }
    const outcome = parseMessage(item.head, { framing: 'datagram', limits: limits.message });
    if (outcome.kind === 'notSip') {
      this.#close('badFraming');
      return;
    }
    counts.closed.badFraming += 1;
    this.#endsBadly = true;
    this.#peerEndedAt = clock.mono();
    this.#retire();
    this.#handOn(outcome.message);
  }

  /** RFC 5626 §4.4.1: a double line end is answered by a single one. */
  #pong(): void {
    this.#options.counts.pings += 1;
    if (this.#socket.writableLength < this.#options.limits.stream.pauseReadingBytes)
      this.#socket.write(lineEnd);
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
    clearTimeout(this.#openingTimer);
    clearTimeout(this.#probeTimer);
    if (this.#opening !== undefined) this.#options.counts.connectFailures += 1;
    this.#retire();
    this.#options.onClosed(this);
    this.#tellOfLosses();
  }

  /**
   * What the peer gave no sign of having: requests failed, so that their users try the next address; responses that
   * cannot have arrived go by another connection. An ACK or a response that the operating system took is let be: most
   * peers close right after one.
   */
  #tellOfLosses(): void {
    const { counts, onReturned } = this.#options;
    const error = this.#lossError();
    for (const message of this.#ledger.takeAll()) {
      const isLost = !message.isWritten || message.followsEnd || message.kind === 'request';
      if (!isLost) continue;
      if (message.kind === 'response' && !this.#isCutOff && this.#opening === undefined) {
        onReturned(message);
        continue;
      }
      counts.sendFailures += 1;
      message.onFailed?.(error);
    }
  }

  #lossError(): CodedError {
    const { kind } = this.#options;
    if (this.#refusal !== undefined) return this.#refusal;
    const cause = this.#lastError;
    const why = cause?.message ?? 'the peer closed it';
    const where = `${endpointText(this.remote)} by ${kind.toUpperCase()}`;
    if (!this.#isConnected)
      return { code: 'net.connectFailed', message: `no connection to ${where}: ${why}`, cause };
    // TLS 1.3 lets a client send before the server has looked at its certificate.
    const isRefused = kind === 'tls' && this.direction === 'opened' && !this.#hasHeard && isTlsError(cause);
    if (this.#opening !== undefined || isRefused) {
      return { code: 'net.tlsHandshake', message: `no TLS session with ${where}: ${why}`, cause };
    }
    return { code: 'net.connectionLost', message: `the connection was lost to ${where}: ${why}`, cause };
  }
}

function isPast(now: MonoMs, since: MonoMs, limitMs: number): boolean {
  return now >= after(since, limitMs);
}

function isTlsError(error: Error | undefined): boolean {
  const code = error !== undefined && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('ERR_SSL');
}
