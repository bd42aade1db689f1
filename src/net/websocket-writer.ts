import { isUtf8 } from 'node:buffer';
import type { WebSocket } from 'ws';
import { after, type Clock, type MonoMs } from '../base/index.ts';
import type { StreamCounts } from './counts.ts';
import { SendLedger, type SentMessage } from './send-ledger.ts';
import type { NetLimits } from './types.ts';

export interface WebSocketWriterOptions {
  readonly socket: WebSocket;
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly counts: StreamCounts;
  /** Reading goes on after a pause. */
  readonly onResumed: (now: MonoMs) => void;
}

/** What leaves on one WebSocket: queued until it is open, held to the limits of a peer that does not read. */
export class WebSocketWriter {
  readonly #options: WebSocketWriterOptions;
  readonly #ledger = new SendLedger();
  #isOpen = false;
  /** Bytes of messages that wait for the connection to be open. */
  #waitingBytes = 0;
  /** Since when bytes wait for the peer and none was taken. */
  #stuckSince: MonoMs | undefined;

  constructor(options: WebSocketWriterOptions) {
    this.#options = options;
  }

  /** Bytes that the peer has not taken. */
  get queuedBytes(): number {
    return this.#isOpen ? this.#options.socket.bufferedAmount : this.#waitingBytes;
  }

  /** The connection is open: what waited is sent. */
  open(): void {
    this.#isOpen = true;
    this.#waitingBytes = 0;
    for (const message of this.#ledger.all()) this.#write(message);
  }

  send(message: SentMessage): void {
    this.#ledger.note(message);
    if (this.#isOpen) this.#write(message);
    else this.#waitingBytes += message.bytes.length;
  }

  /** An answer to the peer's keepalive; none for one that does not read. */
  pong(bytes: Buffer): void {
    const { socket, limits } = this.#options;
    if (this.queuedBytes < limits.stream.pauseReadingBytes) socket.send(bytes, { binary: false });
  }

  /** The peer said something: what was written before it has arrived. */
  heard(): void {
    this.#ledger.heard();
  }

  /** Whether the peer has taken nothing for too long. */
  isStuck(now: MonoMs): boolean {
    const { writeStallMs } = this.#options.limits.stream;
    return this.#stuckSince !== undefined && now >= after(this.#stuckSince, writeStallMs);
  }

  /** Whether a request was followed by silence for so long that no new one should be risked here. */
  isUnanswered(now: MonoMs): boolean {
    return this.#ledger.isUnanswered(now, this.#options.limits.stream.silentMs);
  }

  /** Whether a request waits for its answer that may still come. */
  awaitsAnswer(now: MonoMs): boolean {
    return this.#ledger.awaitsAnswer(now, this.#options.limits.stream.halfClosedMs);
  }

  /**
   * What the closed connection took along: requests that the peer gave no sign of, so that their users try the next
   * address, and whatever was not written. A response or an ACK that the operating system took is let be.
   */
  losses(): readonly SentMessage[] {
    return this.#ledger.takeAll().filter(({ isWritten, kind }) => !isWritten || kind === 'request');
  }

  /**
   * RFC 7118 §4.2: without a byte that is no UTF-8 a message may go as text, which is what scripts in browsers read most
   * easily; with one the whole message goes as binary.
   */
  #write(message: SentMessage): void {
    const { socket, limits, counts, clock } = this.#options;
    const { bytes } = message;
    this.#stuckSince ??= clock.mono();
    socket.send(bytes, { binary: !isUtf8(bytes) }, (error) => {
      // What was not written is told about when the connection closes.
      if (error !== undefined && error !== null) return;
      message.isWritten = true;
      this.#taken(clock.mono());
    });
    // Whoever does not read our answers is not read from either, so that no queue grows for what it asks.
    if (socket.isPaused || this.queuedBytes < limits.stream.pauseReadingBytes) return;
    counts.pauses += 1;
    socket.pause();
  }

  /** A message went out: what still waits has its full time again. */
  #taken(now: MonoMs): void {
    const { socket, limits, onResumed } = this.#options;
    const queued = this.queuedBytes;
    this.#stuckSince = queued === 0 ? undefined : now;
    if (!socket.isPaused || queued >= limits.stream.pauseReadingBytes) return;
    onResumed(now);
    socket.resume();
  }
}
