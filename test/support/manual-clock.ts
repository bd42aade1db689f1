import { type Clock, type MonoMs, monoMs, type Random, type WallMs, wallMs } from '../../src/base/index.ts';

/** A clock that moves only when it is told to. */
export class ManualClock implements Clock {
  #mono: number;

  constructor(startMs = 1_000_000) {
    this.#mono = startMs;
  }

  mono(): MonoMs {
    return monoMs(this.#mono);
  }

  wall(): WallMs {
    return wallMs(1_700_000_000_000 + this.#mono);
  }

  /** Moves forward to a moment; never back. */
  advanceTo(at: number): void {
    if (at > this.#mono) this.#mono = at;
  }

  advanceBy(durationMs: number): void {
    this.#mono += durationMs;
  }
}

/** A repeatable source of tokens and numbers (mulberry32). */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  token(length: number): string {
    let text = '';
    while (text.length < length) text += Math.floor(this.fraction() * 36).toString(36);
    return text;
  }
}
