import { type CodedError, DependencyError } from './base/index.ts';
import type { FetchedLocation } from './esrp/index.ts';
import {
  defaultLocationLimits,
  filterMediaType,
  type LocationReference,
  readFetched,
  writeLocationFilter,
} from './location/index.ts';
import {
  type EventErrorCode,
  type SubscriberEvent,
  type SubscriberInput,
  subscriptionTarget,
} from './sip/index.ts';

// Locations by presence: a subscription that lasts until the first NOTIFY with a location.

/** Follows presence references (RFC 6442 §4.6). */
export interface PresenceFetch {
  /** Rejects with a DependencyError (`events.*`) within the deadline. */
  fetch(uri: string, deadlineMs: number): Promise<FetchedLocation>;
  counts(): PresenceCounts;
}

/** What is under way, and what came of the rest. */
export interface PresenceCounts {
  readonly underWay: number;
  readonly waiting: number;
  readonly fetched: number;
  readonly failed: number;
}

export interface PresenceFetcherOptions {
  /** References followed at the same time; each has one subscription, however many calls wait for it. */
  readonly concurrentMax: number;
  readonly resourcePriority: string;
  /** Why this URI's host may not be asked, before any name is looked up; undefined: it may. */
  readonly refusal: (uri: {
    readonly host: string;
    readonly maddr: string | undefined;
  }) => CodedError | undefined;
  readonly submit: (input: SubscriberInput) => void;
}

interface Waiter {
  readonly resolve: (found: FetchedLocation) => void;
  readonly reject: (error: DependencyError) => void;
  readonly timer: NodeJS.Timeout;
}

interface Fetch {
  readonly id: string;
  readonly key: string;
  readonly uri: string;
  readonly waiters: Set<Waiter>;
  /** What is known so far of why there is no location. */
  soFar: string;
}

type CounterName = 'fetched' | 'failed';

/** Longer than any call waits, short enough to be gone soon where we cannot say good-bye. */
const expiresS = 60;
/** RFC 6447 §3.6: the notifier is to tell at least so often, so that what it knows late is known soon. */
const eventValue = 'presence;min-rate=2';
const accepted = [
  'application/pidf+xml',
  'application/cpim-pidf+xml',
  'multipart/related',
  'multipart/mixed',
];
/** So that our reason, not the caller's own timer, goes on the record. */
const spareMs = 25;

/** Subscribes for each reference, and ends the subscription when the first location is there or nobody waits any more. */
export class PresenceFetcher implements PresenceFetch {
  readonly #options: PresenceFetcherOptions;
  readonly #byKey = new Map<string, Fetch>();
  readonly #byId = new Map<string, Fetch>();
  readonly #counts: Record<CounterName, number> = { fetched: 0, failed: 0 };
  #serial = 0;
  #isStopped = false;

  constructor(options: PresenceFetcherOptions) {
    this.#options = options;
  }

  async fetch(uri: string, deadlineMs: number): Promise<FetchedLocation> {
    const target = subscriptionTarget(uri);
    if (!target.ok) throw this.#failure('events.target', 'its URI is not one that can be subscribed to');
    const { host, params, raw: key } = target.value;
    const maddr = params.find(({ name }) => name.toLowerCase() === 'maddr')?.value;
    const refusal = this.#options.refusal({ host, maddr });
    if (refusal !== undefined) throw this.#failure(refusal.code, refusal.message);
    if (this.#isStopped) throw this.#failure('events.busy', 'the server stops');
    const known = this.#byKey.get(key);
    if (known === undefined && this.#byKey.size >= this.#options.concurrentMax) {
      throw this.#failure('events.busy', `${this.#byKey.size} presence references are being followed`);
    }
    return await new Promise<FetchedLocation>((resolve, reject) => {
      const fetch = known ?? this.#open(key, uri);
      const waitMs = Math.max(1, deadlineMs - Math.min(spareMs, deadlineMs / 10));
      const waiter: Waiter = {
        resolve,
        reject,
        timer: setTimeout(() => this.#giveUp(fetch, waiter), waitMs),
      };
      fetch.waiters.add(waiter);
      if (known === undefined) this.#subscribe(fetch, key);
    });
  }

  /** Takes an event of the subscriber. */
  onEvent(event: SubscriberEvent): void {
    const fetch = this.#byId.get(event.id);
    if (fetch === undefined) return;
    switch (event.kind) {
      case 'notify':
        this.#onNotify(fetch, event);
        return;
      case 'notifyRefused':
        this.#close(fetch, 'events.notifyRefused', `${event.detail}, answered ${event.statusCode}`);
        this.#options.submit({ kind: 'unsubscribe', id: fetch.id });
        return;
      case 'failed': {
        const { failure } = event;
        const status = failure.kind === 'refused' ? `${failure.statusCode} ` : `${failure.kind}: `;
        this.#close(fetch, 'events.subscribeFailed', `${status}${failure.detail}`);
        return;
      }
      case 'ended':
        this.#close(fetch, 'events.noLocation', `${event.detail}; ${fetch.soFar}`);
    }
  }

  counts(): PresenceCounts {
    let waiting = 0;
    for (const { waiters } of this.#byKey.values()) waiting += waiters.size;
    return { underWay: this.#byKey.size, waiting, ...this.#counts };
  }

  /** Ends every subscription; who waits is told so. May be called twice. */
  stop(): void {
    this.#isStopped = true;
    for (const fetch of [...this.#byKey.values()]) {
      this.#close(fetch, 'events.busy', 'the server stops');
      this.#options.submit({ kind: 'unsubscribe', id: fetch.id });
    }
  }

  #open(key: string, uri: string): Fetch {
    this.#serial += 1;
    const id = `presence-${this.#serial}`;
    const fetch: Fetch = { id, key, uri, waiters: new Set(), soFar: 'no NOTIFY came' };
    this.#byKey.set(key, fetch);
    this.#byId.set(id, fetch);
    return fetch;
  }

  #subscribe({ id }: Fetch, target: string): void {
    this.#options.submit({
      kind: 'subscribe',
      subscription: {
        id,
        target,
        event: eventValue,
        accept: accepted,
        expiresS,
        body: { contentType: filterMediaType, bytes: Buffer.from(writeLocationFilter({}), 'utf8') },
        headers: [['Resource-Priority', this.#options.resourcePriority]],
        // RFC 3856 §6.9
        forks: 'first',
        resubscribes: true,
      },
    });
  }

  #onNotify(fetch: Fetch, event: Extract<SubscriberEvent, { readonly kind: 'notify' }>): void {
    const { contentType, body, state } = event;
    const document = { bytes: body, contentType, uri: fetch.uri };
    const isWorthIt = body.length > 0 && !isWithoutLocation(document);
    if (!isWorthIt) {
      fetch.soFar = `the last NOTIFY was ${state.state} and ${body.length === 0 ? 'empty' : 'without a location'}`;
      return;
    }
    const waiters = this.#remove(fetch);
    for (const waiter of waiters) waiter.resolve(document);
    this.#counts.fetched += waiters.length;
    this.#options.submit({ kind: 'unsubscribe', id: fetch.id });
  }

  #giveUp(fetch: Fetch, waiter: Waiter): void {
    fetch.waiters.delete(waiter);
    waiter.reject(this.#failure('events.noLocation', `no location in time: ${fetch.soFar}`));
    if (fetch.waiters.size > 0) return;
    this.#remove(fetch);
    this.#options.submit({ kind: 'unsubscribe', id: fetch.id });
  }

  #close(fetch: Fetch, code: EventErrorCode, detail: string): void {
    for (const waiter of this.#remove(fetch)) waiter.reject(this.#failure(code, detail));
  }

  #remove(fetch: Fetch): readonly Waiter[] {
    this.#byKey.delete(fetch.key);
    this.#byId.delete(fetch.id);
    const waiters = [...fetch.waiters];
    fetch.waiters.clear();
    for (const { timer } of waiters) clearTimeout(timer);
    return waiters;
  }

  #failure(code: string, detail: string): DependencyError {
    this.#counts.failed += 1;
    return new DependencyError(code, detail);
  }
}

/** Presence without a location, as before the first one is known; what cannot be read at all is for the caller to judge. */
function isWithoutLocation(document: FetchedLocation): boolean {
  const reference: LocationReference = { uri: document.uri, protocol: 'presence' };
  const source = { kind: 'reference', uri: document.uri, protocol: 'presence' } as const;
  const read = readFetched(document, reference, source, defaultLocationLimits);
  if (read.ok) return read.value.locations.length === 0;
  return read.error.code === 'location.notPidfLo' || read.error.code === 'location.empty';
}
