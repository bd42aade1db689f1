import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { after, type Clock, type MonoMs } from '../base/index.ts';
import { type Destination, type Endpoint, type Flow, parseMessage, type SipMessage } from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import type { CloseReason, StreamCounts } from './counts.ts';
import { sentKind } from './send-ledger.ts';
import { strangerKind } from './strangers.ts';
import type { TableMember } from './stream-table.ts';
import type { NetLimits, OnMessage, OnSendFailed } from './types.ts';
import { openingErrorCode } from './websocket-dial.ts';
import { FrameProgress } from './websocket-progress.ts';
import { WebSocketWriter } from './websocket-writer.ts';

/** Plain or over TLS. */
export type WebSocketKind = 'ws' | 'wss';

export interface WebSocketConnectionOptions {
  readonly id: string;
  readonly kind: WebSocketKind;
  /** Open where it was accepted; still connecting where it is one of our own. */
  readonly socket: WebSocket;
  readonly remote: Endpoint;
  /** The listener that accepted it, or that speaks for us on a connection of our own. */
  readonly local: Endpoint;
  readonly direction: 'accepted' | 'opened';
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly counts: StreamCounts;
  readonly onMessage: OnMessage;
  /** No new request may be sent on it any more. */
  readonly onRetired: (connection: WebSocketConnection) => void;
  readonly onClosed: (connection: WebSocketConnection) => void;
}

/** Close codes of RFC 6455 §7.4.1. */
const closeCodes = { goingAway: 1001, notUtf8: 1007, policyViolation: 1008 } as const;
/** A double line end is a ping, a single one the answer to it (RFC 5626 §3.5.1). */
const ping = Buffer.from('\r\n\r\n');
const pong = Buffer.from('\r\n');

/** A request that was not answered after so long will not be: no reason to keep its connection from making room. */
const owedMaxMs = 300_000;

/** One SIP connection over WebSocket: a message in each WebSocket message (RFC 7118 §5), and its limits. */
export class WebSocketConnection implements TableMember {
  readonly id: string;
  readonly remote: Endpoint;
  readonly address: string;
  readonly direction: 'accepted' | 'opened';
  readonly #options: WebSocketConnectionOptions;
  readonly #socket: WebSocket;
  readonly #progress = new FrameProgress();
  readonly #writer: WebSocketWriter;
  #flow: Flow;
  /** What is under it once the handshake is done. */
  #stream: Socket | undefined;
  #openingTimer: NodeJS.Timeout | undefined;
  #openingDue: MonoMs | undefined;
  #isEnding = false;
  /** A ping of ours went out in silence and nothing came since. */
  #isProbed = false;
  #use: TableMember['use'] = 'nothing';
  #activeAt: MonoMs;
  /** Requests received, ACKs aside, that had no final response yet. */
  #owed = 0;
  #unfinishedSince: MonoMs | undefined;
  #lastError: Error | undefined;

  constructor(options: WebSocketConnectionOptions) {
    const { socket, id, kind, local, remote, direction, clock, limits, counts } = options;
    this.id = id;
    this.remote = remote;
    this.address = remote.address;
    this.direction = direction;
    this.#options = options;
    this.#socket = socket;
    this.#flow = { transport: kind, local, remote, connectionId: id };
    this.#activeAt = clock.mono();
    this.#writer = new WebSocketWriter({
      socket,
      limits,
      clock,
      counts,
      onResumed: (now) => {
        if (this.#unfinishedSince !== undefined) this.#unfinishedSince = now;
      },
    });
    if (direction === 'opened') this.#hasten(limits.stream.connectTimeoutMs);
    socket.on('message', (data) => {
      if (Buffer.isBuffer(data)) this.#receive(data);
    });
    socket.on('ping', () => {
      counts.pings += 1;
    });
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#closed());
  }

  get activeAt(): MonoMs {
    return this.#activeAt;
  }

  get use(): TableMember['use'] {
    return this.#use;
  }

  get isBusy(): boolean {
    const now = this.#options.clock.mono();
    if (this.#stream === undefined || this.#writer.queuedBytes > 0) return true;
    if (this.#use !== 'nothing' && this.#progress.isUnfinished) return true;
    if (this.#owed > 0 && now < after(this.#activeAt, owedMaxMs)) return true;
    return this.#writer.awaitsAnswer(now);
  }

  putOut(): void {
    this.#close('madeRoom', closeCodes.goingAway);
  }

  /** Whether messages can still be handed over. */
  get isWritable(): boolean {
    return !this.#isEnding && this.#socket.readyState <= this.#socket.OPEN;
  }

  /**
   * The handshake is done: `stream` is the connection under it, `peerDomains` what its verified certificate names. What
   * waited is sent.
   */
  open(stream: Socket, peerDomains: readonly string[] | undefined): void {
    const { limits, counts, clock } = this.#options;
    clearTimeout(this.#openingTimer);
    this.#stream = stream;
    this.#activeAt = clock.mono();
    if (this.direction === 'opened') counts.connected += 1;
    if (peerDomains !== undefined) this.#flow = { ...this.#flow, peerDomains };
    // Before the library's own listener, so that a message's end is known here when the message is handed on.
    stream.prependListener('data', (chunk: Buffer) => this.#follow(chunk));
    stream.setTimeout(limits.stream.idleMs / 2);
    stream.on('timeout', () => this.#fellSilent());
    this.#writer.open();
  }

  /** Hands a message to the connection; before it is open it waits. */
  send(bytes: Buffer, destination: Destination, onFailed: OnSendFailed | undefined): void {
    const { counts, limits, clock } = this.#options;
    const queued = this.#writer.queuedBytes;
    if (queued + bytes.length > limits.stream.writeQueueBytesMax) {
      this.#cutOff('writeQueueFull');
      counts.sendFailures += 1;
      const message = `${endpointText(this.remote)} does not read: ${queued} bytes waited`;
      if (onFailed !== undefined) queueMicrotask(() => onFailed({ code: 'net.writeQueueFull', message }));
      return;
    }
    counts.messagesOut += 1;
    counts.bytesOut += bytes.length;
    const { kind, isFinal, isInvite } = sentKind(bytes);
    if (isFinal) this.#owed = Math.max(0, this.#owed - 1);
    if (isInvite) this.#use = 'calls';
    const at = clock.mono();
    if (this.#stream === undefined) this.#hasten(destination.connectTimeoutMs);
    else this.#activeAt = at;
    this.#writer.send({ bytes, destination, onFailed, kind, at, followsEnd: false, isWritten: false });
  }

  /** Closes it where one of its limits has passed. Called about every second. */
  checkLimits(now: MonoMs): void {
    const { messageMs } = this.#options.limits.stream;
    const since = this.#unfinishedSince;
    // What is not read for the sake of back-pressure is not the peer's slowness.
    if (since !== undefined && !this.#socket.isPaused && now >= after(since, messageMs)) {
      this.#close('slowMessage', closeCodes.policyViolation);
    } else if (this.#writer.isStuck(now)) this.#cutOff('slowReader');
    else if (this.#writer.isUnanswered(now)) this.#options.onRetired(this);
  }

  /** Closes it once what is queued has gone, by the closing handshake (RFC 6455 §7.1.2). */
  end(): void {
    this.#isEnding = true;
    if (this.#stream !== undefined) this.#socket.close(closeCodes.goingAway);
    else this.#socket.terminate();
  }

  /** Closes it at once. */
  destroy(): void {
    this.#socket.terminate();
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
      this.#socket.terminate();
    }, timeoutMs);
    this.#openingTimer.unref();
  }

  /**
   * One WebSocket message. Its type does not matter (RFC 7118 §4.2), and the text check of RFC 6455 §8.1 is left out for
   * SIP: a call with one stray byte in a display name must get through, and here no byte is ever read as a character.
   */
  #receive(bytes: Buffer): void {
    const { counts, limits } = this.#options;
    if (this.#isEnding) return;
    const outcome = parseMessage(bytes, { framing: 'datagram', limits: limits.message });
    if (outcome.kind === 'message') {
      this.#handOn(outcome.message);
      return;
    }
    const kind = strangerKind(bytes);
    if (kind === 'keepalive') {
      if (!bytes.includes(ping)) return;
      counts.pings += 1;
      this.#writer.pong(pong);
      return;
    }
    counts.strangers[kind] += 1;
    // Message boundaries hold whatever was in one, so a connection with calls on it is kept.
    if (this.#use !== 'nothing') return;
    this.#close('notSip', isUtf8(bytes) ? closeCodes.policyViolation : closeCodes.notUtf8);
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
    }
    onMessage(message, this.#flow);
  }

  #follow(chunk: Buffer): void {
    const { counts, clock } = this.#options;
    const now = clock.mono();
    counts.bytesIn += chunk.length;
    this.#isProbed = false;
    this.#writer.heard();
    // Whoever sends nothing that is SIP does not stay longer for sending more of it.
    if (this.#use !== 'nothing') this.#activeAt = now;
    const hasFinished = this.#progress.push(chunk);
    if (!this.#progress.isUnfinished) this.#unfinishedSince = undefined;
    else if (hasFinished) this.#unfinishedSince = now;
    else this.#unfinishedSince ??= now;
  }

  /**
   * Half the idle limit without a byte. Scripts in browsers cannot send pings, but browsers answer them (RFC 7118 §6,
   * RFC 6455 §5.5.2): a connection that may carry a long call is asked before it is given up.
   */
  #fellSilent(): void {
    if (this.#isProbed) {
      this.#close('idle', closeCodes.goingAway);
      return;
    }
    this.#isProbed = true;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #failed(error: Error): void {
    this.#lastError ??= error;
    // What the library finds wrong with the frames has a code of this form; it closes the connection itself.
    if (!('code' in error) || !String(error.code).startsWith('WS_ERR_')) return;
    this.#retire('badFraming');
  }

  #close(reason: CloseReason, code: number): void {
    if (this.#retire(reason)) this.#socket.close(code);
  }

  /** At once: a close frame would wait behind what the peer does not read. */
  #cutOff(reason: CloseReason): void {
    this.#retire(reason);
    this.#socket.terminate();
  }

  #retire(reason: CloseReason): boolean {
    if (this.#isEnding) return false;
    this.#isEnding = true;
    this.#options.counts.closed[reason] += 1;
    this.#options.onRetired(this);
    return true;
  }

  #closed(): void {
    const { counts, onRetired, onClosed } = this.#options;
    clearTimeout(this.#openingTimer);
    this.#isEnding = true;
    if (this.#stream === undefined) counts.connectFailures += 1;
    onRetired(this);
    onClosed(this);
    this.#tellOfLosses();
  }

  #tellOfLosses(): void {
    const { counts, kind } = this.#options;
    const wasOpen = this.#stream !== undefined;
    const cause = this.#lastError;
    const what = wasOpen ? 'the connection was lost' : 'no connection';
    const why = cause === undefined ? '' : `: ${cause.message}`;
    const message = `${what} to ${endpointText(this.remote)} by ${kind.toUpperCase()}${why}`;
    const code = wasOpen ? 'net.connectionLost' : openingErrorCode(cause);
    for (const { onFailed } of this.#writer.losses()) {
      counts.sendFailures += 1;
      onFailed?.({ code, message, cause });
    }
  }
}
