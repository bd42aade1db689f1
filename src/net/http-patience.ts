import type { MonoMs } from '../base/index.ts';
import type { PatienceLimits } from './http-types.ts';

interface Memory {
  timeouts: number;
  notedAt: MonoMs;
  isProbed: boolean;
}

/**
 * Remembers which servers stayed silent, so that calls do not wait the whole time for one that has just been silent
 * several times in a row, while another source could serve them. Each server has its own memory: silence of one never
 * shortens the wait for another. A server is never given up: every call still asks it and waits a little, and one
 * request at a time goes on beside the calls for the whole time, so that a server that answers again, slowly too, is
 * seen at once.
 */
export class OriginPatience {
  readonly #limits: PatienceLimits;
  readonly #memories = new Map<string, Memory>();

  constructor(limits: PatienceLimits) {
    this.#limits = limits;
  }

  /** Servers that something is remembered of. */
  get size(): number {
    return this.#memories.size;
  }

  /** The longest that a call waits for this server; undefined where only its own deadline counts. */
  shortWaitMs(origin: string, now: MonoMs): number | undefined {
    const memory = this.#current(origin, now);
    return memory !== undefined && memory.timeouts >= this.#limits.timeoutsMax
      ? this.#limits.shortMs
      : undefined;
  }

  /** Whether a request whose call no longer waits shall go on, to see whether the server answers at all. */
  takeProbe(origin: string): boolean {
    const memory = this.#memories.get(origin);
    if (memory === undefined || memory.isProbed) return false;
    memory.isProbed = true;
    return true;
  }

  /** That request has come to its end. */
  releaseProbe(origin: string): void {
    const memory = this.#memories.get(origin);
    if (memory !== undefined) memory.isProbed = false;
  }

  /** The server answered, whatever it said. */
  answered(origin: string): void {
    this.#memories.delete(origin);
  }

  /** The server was waited for this long in vain. */
  timedOut(origin: string, waitedMs: number, now: MonoMs): void {
    if (waitedMs < this.#limits.provingMs) return;
    const memory = this.#current(origin, now) ?? { timeouts: 0, notedAt: now, isProbed: false };
    memory.timeouts += 1;
    memory.notedAt = now;
    this.#memories.delete(origin);
    const oldest =
      this.#memories.size >= this.#limits.originsMax ? this.#memories.keys().next().value : undefined;
    if (oldest !== undefined) this.#memories.delete(oldest);
    this.#memories.set(origin, memory);
  }

  #current(origin: string, now: MonoMs): Memory | undefined {
    const memory = this.#memories.get(origin);
    if (memory === undefined || now - memory.notedAt < this.#limits.memoryMs) return memory;
    this.#memories.delete(origin);
    return undefined;
  }
}
