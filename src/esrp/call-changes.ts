import type { CallRecord } from './types.ts';

/** What became different about a call. */
export interface CallChange {
  readonly kind: /** It was routed for the first time. */
    | 'started'
    /** It rings, was answered, refused, cancelled, or has ended. */
    | 'state'
    /** A new location came, and perhaps it was sent elsewhere. */
    | 'location';
  readonly record: CallRecord;
}

/** Hears of every change, in order. Must not throw and must not take long: calls wait. */
export type CallListener = (change: CallChange) => void;

/** Tells those who want to know of calls as they change. */
export class CallChanges {
  readonly #listeners = new Set<CallListener>();

  /** How many listen. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** Hears from now on, until the returned function is called. */
  listen(listener: CallListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  tell(kind: CallChange['kind'], record: CallRecord): void {
    if (this.#listeners.size === 0) return;
    const change = { kind, record };
    for (const listener of this.#listeners) listener(change);
  }
}
