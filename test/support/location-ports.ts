import { DependencyError } from '../../src/base/index.ts';
import type {
  CallerIdentity,
  FetchedLocation,
  LocationFetch,
  LocationPorts,
  LocationTableName,
  LocationTables,
  TableLocation,
  Timer,
} from '../../src/esrp/index.ts';
import type { LocationReference } from '../../src/location/index.ts';
import type { ManualClock } from './manual-clock.ts';

/** How a source of locations behaves in a test. */
export type Behaviour<T> =
  | { readonly kind: 'answers'; readonly value: T; readonly afterMs?: number }
  | { readonly kind: 'fails'; readonly code: string; readonly afterMs?: number }
  /** Throws instead of rejecting, as a bug would. */
  | { readonly kind: 'throws' }
  /** Never answers and keeps to no deadline. */
  | { readonly kind: 'dead' };

/** What is asked of which source, and how long it was given. */
export interface Asked {
  readonly what: string;
  readonly deadlineMs: number;
}

/** Sources of locations that lie elsewhere, on a clock that moves only from one timer to the next. */
export class LocationWorld {
  readonly asked: Asked[] = [];
  readonly identities: CallerIdentity[] = [];
  readonly references = new Map<string, Behaviour<FetchedLocation>>();
  readonly rows = new Map<string, Behaviour<TableLocation | undefined>>();
  server: Behaviour<FetchedLocation> | undefined;
  readonly #clock: ManualClock;
  readonly #advanceTo: (at: number) => void;
  readonly #timers = new Set<{ readonly at: number; readonly onEnd: () => void }>();

  /** `advanceTo` moves the clock, where others have timers on it too. */
  constructor(clock: ManualClock, advanceTo: (at: number) => void = (at) => clock.advanceTo(at)) {
    this.#clock = clock;
    this.#advanceTo = advanceTo;
  }

  /** Timers that run. */
  get timerCount(): number {
    return this.#timers.size;
  }

  ports(): LocationPorts {
    return { fetch: this.#fetch(), tables: this.#tables(), timer: this.timer };
  }

  readonly timer: Timer = (delayMs, onEnd) => {
    const one = { at: this.#clock.mono() + delayMs, onEnd };
    this.#timers.add(one);
    return () => this.#timers.delete(one);
  };

  /** The value of a promise, time jumping from timer to timer until it is there. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const note = () => {
      state.isDone = true;
    };
    promise.then(note, note);
    for (;;) {
      // Everything that needs no time happens first.
      await new Promise((resolve) => setImmediate(resolve));
      if (state.isDone) return promise;
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (next === undefined) throw new Error('it waits for ever');
      this.#timers.delete(next);
      this.#advanceTo(next.at);
      next.onEnd();
    }
  }

  #fetch(): LocationFetch {
    const { server } = this;
    return {
      dereference: (reference: LocationReference, deadlineMs: number) =>
        this.#behave(reference.uri, this.references.get(reference.uri) ?? refused, deadlineMs),
      askByIdentity:
        server &&
        ((identity, deadlineMs) => {
          this.identities.push(identity);
          return this.#behave('server', server, deadlineMs);
        }),
    };
  }

  #tables(): LocationTables {
    return {
      find: (table: LocationTableName, keys: readonly string[], deadlineMs: number) => {
        const key = keys.find((each) => this.rows.has(`${table} ${each}`));
        const row = this.rows.get(`${table} ${key}`) ?? this.rows.get(table) ?? noRow;
        return this.#behave(`${table} ${keys.join(' ')}`, row, deadlineMs);
      },
    };
  }

  #behave<T>(what: string, behaviour: Behaviour<T>, deadlineMs: number): Promise<T> {
    this.asked.push({ what, deadlineMs });
    if (behaviour.kind === 'throws') throw new TypeError('a bug in an adapter');
    return new Promise((resolve, reject) => {
      if (behaviour.kind === 'dead') return;
      const settle = () =>
        behaviour.kind === 'answers'
          ? resolve(behaviour.value)
          : reject(new DependencyError(behaviour.code, `asking for ${what} failed`));
      if (behaviour.afterMs === undefined) settle();
      else this.timer(behaviour.afterMs, settle);
    });
  }
}

/** A document as it comes from a reference. */
export function fetched(document: string, uri = 'https://lis.example.net/1'): FetchedLocation {
  return { bytes: Buffer.from(document), contentType: 'application/pidf+xml', uri };
}

const refused = { kind: 'fails', code: 'net.refused' } as const;
const noRow = { kind: 'answers', value: undefined } as const;
