import type { MonoMs } from '../../base/index.ts';
import type { DeadlineHeap, DeadlineNode } from './deadline-heap.ts';

const never = Number.POSITIVE_INFINITY;

/**
 * The two timers that a transaction has at most: one that repeats (A, E, G, and the 100 that precedes them) and one that
 * ends a state (B, D, F, H to M). Both are absolute; the heap knows the earlier one.
 */
export abstract class TimedMachine<Event extends string> implements DeadlineNode {
  dueAt = 0;
  heapIndex = -1;
  #repeatAt = never;
  #repeatEvent: Event | undefined;
  #endAt = never;
  #endEvent: Event | undefined;

  /** Lets the timers that are due by `now` fire, the earlier first. Called by the layer. */
  fireDue(now: MonoMs): void {
    const ends = this.#endAt <= this.#repeatAt;
    const event = ends ? this.#endEvent : this.#repeatEvent;
    if (ends) this.#endAt = never;
    else this.#repeatAt = never;
    this.#schedule();
    if (event !== undefined) this.onTimer(now, event);
  }

  /** The events of the timers that are running; for tests. */
  runningTimers(): readonly Event[] {
    const running: Event[] = [];
    if (this.#repeatAt !== never && this.#repeatEvent !== undefined) running.push(this.#repeatEvent);
    if (this.#endAt !== never && this.#endEvent !== undefined) running.push(this.#endEvent);
    return running;
  }

  protected abstract heap(): DeadlineHeap<TimedMachine<string>>;
  protected abstract onTimer(now: MonoMs, event: Event): void;

  protected startRepeat(event: Event, at: number): void {
    this.#repeatEvent = event;
    this.#repeatAt = at;
    this.#schedule();
  }

  protected startEnd(event: Event, at: number): void {
    this.#endEvent = event;
    this.#endAt = at;
    this.#schedule();
  }

  protected stopRepeat(): void {
    this.#repeatAt = never;
    this.#schedule();
  }

  protected stopTimers(): void {
    this.#repeatAt = never;
    this.#endAt = never;
    this.#schedule();
  }

  #schedule(): void {
    const at = Math.min(this.#repeatAt, this.#endAt);
    if (at === never) this.heap().remove(this);
    else if (at !== this.dueAt || this.heapIndex < 0) this.heap().set(this, at);
  }
}
