import { setImmediate as turn } from 'node:timers/promises';

/** Work of ours takes at most so long before others have their turn; calls wait for it. */
const turnMs = 8;

/**
 * Lets others have a turn from time to time in a loop that waits for nothing: rows of a database in memory, or of which none is
 * stored, would else hold up every call.
 */
export class Breather {
  #since = performance.now();

  /** To be asked at each step; a promise where it is time to wait. */
  breathe(): Promise<void> | undefined {
    if (performance.now() - this.#since < turnMs) return undefined;
    return turn().then(() => {
      this.#since = performance.now();
    });
  }
}
