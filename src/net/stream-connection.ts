import type { Socket } from 'node:net';
import type { Clock, MonoMs } from '../base/index.ts';
import { after } from '../base/index.ts';
import {
  type Endpoint,
  type Flow,
  type FramedItem,
  type FramingErrorCode,
  parseMessage,
  type SipMessage,
  StreamFramer,
} from '../sip/index.ts';
import { endpointText } from './addresses.ts';
import type { CloseReason, StreamCounts } from './counts.ts';
import { strangerKind } from './strangers.ts';
import type { NetLimits, OnMessage, OnSendFailed } from './types.ts';

export interface StreamConnectionOptions {
  readonly id: string;
  readonly socket: Socket;
  readonly remote: Endpoint;
  /** The listener that accepted it, or that speaks for us on a connection of our own. */
  readonly local: Endpoint;
  readonly direction: 'accepted' | 'opened';
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly counts: StreamCounts;
  readonly onMessage: OnMessage;
  /** No new request may be sent on it any more; it may still carry responses. */
  readonly onRetired: (connection: StreamConnection) => void;
  readonly onClosed: (connection: StreamConnection) => void;
}

const notSipCodes: ReadonlySet<FramingErrorCode> = new Set<FramingErrorCode>([
  'framing.notSip',
  'framing.http',
  'framing.tls',
]);
const pong = Buffer.from('\r\n');

/** One TCP connection: frames and parses what comes in, queues what goes out, and keeps to its limits. */
export class StreamConnection {
  readonly id: string;
  readonly remote: Endpoint;
  readonly direction: 'accepted' | 'opened';
  readonly #options: StreamConnectionOptions;
  readonly #socket: Socket;
  readonly #framer: StreamFramer;
  readonly #flow: Flow;
  #hasFramed = false;
  /** Lost its framing, was counted for that, and only waits for its last answers. */
  #endsBadly = false;
  /** Requests received, ACKs aside, that had no final response on this connection yet. */
  #owed = 0;
  #unfinishedSince: MonoMs | undefined;
  #halfClosedSince: MonoMs | undefined;
  #connectDeadline: MonoMs | undefined;
  #lastError: Error | undefined;

  constructor(options: StreamConnectionOptions) {
    const { socket, limits, clock } = options;
    this.id = options.id;
    this.remote = options.remote;
    this.direction = options.direction;
    this.#options = options;
    this.#socket = socket;
    this.#framer = new StreamFramer(limits.message);
    this.#flow = {
      transport: 'tcp',
      local: options.local,
      remote: options.remote,
      connectionId: options.id,
    };
    if (socket.connecting) this.#connectDeadline = after(clock.mono(), limits.stream.connectTimeoutMs);
    socket.setTimeout(limits.stream.idleMs);
    socket.on('connect', () => this.#connected());
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
    return this.#socket.writable;
  }

  /** Hands bytes to the connection; before it is open they wait in its queue. */
  send(bytes: Buffer, onFailed: OnSendFailed | undefined): void {
    const { counts, limits } = this.#options;
    if (this.#socket.writableLength + bytes.length > limits.stream.writeQueueBytesMax) {
      this.#close('writeQueueFull');
      counts.sendFailures += 1;
      const message = `${endpointText(this.remote)} does not read: ${this.#socket.writableLength} bytes waited`;
      if (onFailed !== undefined) queueMicrotask(() => onFailed({ code: 'net.writeQueueFull', message }));
      return;
    }
    counts.messagesOut += 1;
    counts.bytesOut += bytes.length;
    if (isFinalResponse(bytes)) this.#owed = Math.max(0, this.#owed - 1);
    this.#socket.write(bytes, (error) => {
      if (error === undefined || error === null) return;
      counts.sendFailures += 1;
      const wasOpen = this.#connectDeadline === undefined;
      const cause = this.#lastError ?? error;
      const what = wasOpen ? 'the connection was lost' : 'no connection';
      onFailed?.({
        code: wasOpen ? 'net.connectionLost' : 'net.connectFailed',
        message: `${what} to ${endpointText(this.remote)} by TCP: ${cause.message}`,
        cause,
      });
    });
    if (this.#halfClosedSince !== undefined && this.#owed === 0) this.#socket.end();
  }

  /** Closes it where one of its limits has passed. Called about every second. */
  checkLimits(now: MonoMs): void {
    const { messageMs, halfClosedMs } = this.#options.limits.stream;
    if (this.#connectDeadline !== undefined && now >= this.#connectDeadline) {
      this.#lastError = new Error('timed out');
      this.#socket.destroy(this.#lastError);
    } else if (this.#unfinishedSince !== undefined && now >= after(this.#unfinishedSince, messageMs)) {
      this.#close('slowMessage');
    } else if (this.#halfClosedSince !== undefined && now >= after(this.#halfClosedSince, halfClosedMs)) {
      this.#close('halfClosed');
    }
  }

  /** Ends our side once what is queued has gone. */
  end(): void {
    if (this.#connectDeadline === undefined) this.#socket.end();
    else this.#socket.destroy();
  }

  /** Closes it at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #connected(): void {
    this.#connectDeadline = undefined;
    this.#options.counts.connected += 1;
  }

  #receive(chunk: Buffer): void {
    const { counts, clock } = this.#options;
    counts.bytesIn += chunk.length;
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
    this.#hasFramed = true;
    this.#handOn(outcome.message);
  }

  #handOn(message: SipMessage): void {
    const { counts, onMessage } = this.#options;
    counts.messagesIn += 1;
    if (message.kind === 'request' && message.method !== 'ACK') this.#owed += 1;
    onMessage(message, this.#flow);
  }

  /** The stream cannot be cut any more. A message whose head is there is answered before the connection goes. */
  #receiveBroken(item: Extract<FramedItem, { readonly kind: 'broken' }>, chunk: Buffer): void {
    const { counts, clock, limits, onRetired } = this.#options;
    if (item.head === undefined) {
      const isStranger = notSipCodes.has(item.error.code);
      if (isStranger) counts.strangers[this.#hasFramed ? 'other' : strangerKind(chunk)] += 1;
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
    this.#halfClosedSince = clock.mono();
    onRetired(this);
    this.#handOn(outcome.message);
  }

  /** RFC 5626 §4.4.1: a double line end is answered by a single one. */
  #pong(): void {
    this.#options.counts.pings += 1;
    if (this.#socket.writableLength < this.#options.limits.stream.writeQueueBytesMax)
      this.#socket.write(pong);
  }

  #peerEnded(): void {
    this.#options.onRetired(this);
    // A client may end its side right after its request and still want the response.
    if (this.#owed === 0 || this.direction === 'opened') this.#socket.end();
    else this.#halfClosedSince ??= this.#options.clock.mono();
  }

  #close(reason: CloseReason): void {
    if (this.#socket.destroyed) return;
    if (!this.#endsBadly) this.#options.counts.closed[reason] += 1;
    this.#options.onRetired(this);
    this.#socket.destroy();
  }

  #closed(): void {
    if (this.#connectDeadline !== undefined) this.#options.counts.connectFailures += 1;
    this.#options.onRetired(this);
    this.#options.onClosed(this);
  }
}

const statusLine = 'SIP/2.0 ';

function isFinalResponse(bytes: Buffer): boolean {
  const text = bytes.toString('latin1', 0, statusLine.length + 1);
  return text.startsWith(statusLine) && text >= `${statusLine}2`;
}
