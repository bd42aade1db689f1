import type { Socket } from 'node:net';
import { after, type Clock, type MonoMs } from '../base/index.ts';

export interface StreamWriterOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  /** At so many bytes that the peer does not take nothing more is read from it. */
  readonly pauseReadingBytes: number;
  readonly onPaused: () => void;
  readonly onResumed: (now: MonoMs) => void;
}

/** So much is not kept back for more of the same turn. */
const gatherBytesMax = 64 * 1024;

/**
 * Writes to one connection. What is sent within one turn of the event loop leaves in one system call, and by TLS in one
 * record. Whoever does not take what we send is not read from until it does.
 */
export class StreamWriter {
  readonly #options: StreamWriterOptions;
  readonly #socket: Socket;
  readonly #release = (): void => this.#letGo();
  #isGathering = false;
  #isPaused = false;
  /** Since when bytes wait and none has gone. */
  #stuckSince: MonoMs | undefined;

  constructor(options: StreamWriterOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#socket.on('drain', () => this.#drained());
  }

  /** Reading is paused. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Bytes that wait for the peer. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  /** Whether bytes have been waiting for that long and none has gone. */
  isStuck(now: MonoMs, limitMs: number): boolean {
    return this.#stuckSince !== undefined && now >= after(this.#stuckSince, limitMs);
  }

  /** Writes; `onWritten` is told once the operating system has taken the bytes, and never where it does not. */
  write(bytes: Buffer, now: MonoMs, onWritten: () => void): void {
    const socket = this.#socket;
    this.#stuckSince ??= now;
    if (!this.#isGathering) {
      this.#isGathering = true;
      socket.cork();
      process.nextTick(this.#release);
    }
    socket.write(bytes, (error) => {
      if (error !== undefined && error !== null) return;
      this.#stuckSince = socket.writableLength === 0 ? undefined : this.#options.clock.mono();
      onWritten();
    });
    if (socket.writableLength >= gatherBytesMax) this.#letGo();
  }

  #letGo(): void {
    if (!this.#isGathering) return;
    this.#isGathering = false;
    const socket = this.#socket;
    socket.uncork();
    const { pauseReadingBytes, onPaused } = this.#options;
    const isFull = socket.writableNeedDrain && socket.writableLength >= pauseReadingBytes;
    if (this.#isPaused || !isFull) return;
    this.#isPaused = true;
    socket.pause();
    onPaused();
  }

  #drained(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#options.onResumed(this.#options.clock.mono());
    this.#socket.resume();
  }
}
