import type { Clock } from '../base/index.ts';
import { isReservedAbsent } from './dns-name.ts';
import { type DnsOutcome, type DnsQuestion, questionKey } from './dns-types.ts';

/** Who is asked for what the cache does not hold. */
export interface DnsSource {
  /** Questions under way. */
  readonly size: number;
  /** Never rejects. */
  ask(question: DnsQuestion): Promise<DnsOutcome>;
}

/** Times and sizes of the cache. */
export interface DnsCacheLimits {
  /** Record sets held; the one stored longest ago leaves first. */
  readonly setsMax: number;
  /** Bounds on the time that records are used for, whatever their TTL. */
  readonly ttlMinMs: number;
  readonly ttlMaxMs: number;
  /** RFC 2308 §5: the longest that "there is none" is believed. */
  readonly negativeTtlMaxMs: number;
  /** How long a failure stands where nothing else is known (RFC 2308 §7). */
  readonly failureMs: number;
  /** While old records stand in, name servers are asked this often, beside the calls (RFC 8767 §5 "failure recheck"). */
  readonly recheckMs: number;
  /** How long after their time answers may still be used while name servers fail (RFC 8767 §5 "maximum stale"). */
  readonly staleMaxMs: number;
  /** Questions under way above which nothing is asked ahead of need. */
  readonly aheadMax: number;
}

export interface DnsCacheOptions {
  readonly source: DnsSource;
  readonly clock: Clock;
  readonly limits: DnsCacheLimits;
  /** Told when an answer replaces an earlier one, whether that was still in its time or not. */
  readonly onReplaced?: ((question: DnsQuestion, before: DnsOutcome, now: DnsOutcome) => void) | undefined;
}

/** Limits that suit a server which must place calls. */
export const defaultDnsCacheLimits: DnsCacheLimits = {
  setsMax: 10_000,
  ttlMinMs: 1_000,
  ttlMaxMs: 3_600_000,
  // A zone that is being repaired is seen soon.
  negativeTtlMaxMs: 60_000,
  failureMs: 1_000,
  recheckMs: 5_000,
  staleMaxMs: 24 * 3_600_000,
  aheadMax: 100,
};

/** What is held of a question, usable until `freshUntil` on the monotonic clock. */
export interface KnownSet {
  readonly outcome: DnsOutcome;
  readonly freshUntil: number;
  /** From here on a use asks ahead, so that calls find the next answer in place. */
  readonly refreshAt: number;
}

interface Entry extends KnownSet {
  /** The last attempt to renew it failed; there is no other before this time. Undefined where none failed. */
  readonly retryAt: number | undefined;
}

/** Share of its time after which a set in use is asked for again, and the shortest time for which that is worth it. */
const refreshShare = 0.9;
const refreshTtlMinMs = 5_000;

/**
 * Record sets by question, each for its own time. One query is under way for a question at a time. What was known
 * stands in while name servers fail, and "there is no such name" replaces it (RFC 8767 §4).
 */
export class DnsCache {
  readonly #options: DnsCacheOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #inFlight = new Map<string, Promise<void>>();

  constructor(options: DnsCacheOptions) {
    this.#options = options;
  }

  /** Record sets held. */
  get size(): number {
    return this.#entries.size;
  }

  /** What may be used now without asking: within its time, or past it while the name servers fail. */
  peek(question: DnsQuestion): KnownSet | undefined {
    if (isReservedAbsent(question.name)) return reservedSet;
    const entry = this.#entries.get(questionKey(question));
    if (entry === undefined) return undefined;
    const now = this.#options.clock.mono();
    if (now < entry.freshUntil) return entry;
    if (entry.retryAt === undefined || !this.#mayServeStale(entry, now)) return undefined;
    if (now >= entry.retryAt) this.refresh(question);
    return { outcome: entry.outcome, freshUntil: Math.max(entry.retryAt, now + 1), refreshAt: entry.retryAt };
  }

  /** The last answer past its time, for who cannot wait any longer. */
  stale(question: DnsQuestion): KnownSet | undefined {
    const entry = this.#entries.get(questionKey(question));
    const now = this.#options.clock.mono();
    if (entry === undefined || !this.#mayServeStale(entry, now)) return undefined;
    return { outcome: entry.outcome, freshUntil: now, refreshAt: now };
  }

  /** Nobody waits for this question any more: what was known stands in for it at once, until an answer comes. */
  giveUp(question: DnsQuestion): void {
    const key = questionKey(question);
    const entry = this.#entries.get(key);
    const now = this.#options.clock.mono();
    if (entry === undefined || now < entry.freshUntil || !this.#mayServeStale(entry, now)) return;
    this.#entries.set(key, { ...entry, retryAt: now + this.#options.limits.recheckMs });
  }

  /** Asks, or joins the query under way. {@link peek} has the answer afterwards. Never rejects. */
  fetch(question: DnsQuestion): Promise<void> {
    const key = questionKey(question);
    const running = this.#inFlight.get(key);
    if (running !== undefined) return running;
    const query = this.#options.source.ask(question).then((outcome) => {
      this.#inFlight.delete(key);
      this.#store(key, question, outcome);
    });
    this.#inFlight.set(key, query);
    return query;
  }

  /** Asks ahead of need where it is due and not too much is under way. */
  refresh(question: DnsQuestion): void {
    const { clock, limits, source } = this.#options;
    const entry = this.#entries.get(questionKey(question));
    if (entry === undefined || source.size >= limits.aheadMax) return;
    const dueAt = Math.max(entry.refreshAt, entry.retryAt ?? entry.refreshAt);
    if (clock.mono() >= dueAt) void this.fetch(question);
  }

  /** "There is none" stands in too: a host without NAPTR and SRV records shall not cost a wait for these in an outage. */
  #mayServeStale(entry: Entry, now: number): boolean {
    return entry.outcome.kind !== 'failed' && now < entry.freshUntil + this.#options.limits.staleMaxMs;
  }

  #store(key: string, question: DnsQuestion, outcome: DnsOutcome): void {
    const { clock, limits } = this.#options;
    const now = clock.mono();
    const old = this.#entries.get(key);
    const isKept = outcome.kind === 'failed' && old !== undefined && this.#mayServeStale(old, now);
    const entry = isKept ? { ...old, retryAt: now + limits.recheckMs } : newEntry(outcome, { now, limits });
    this.#entries.delete(key);
    const oldest = this.#entries.size >= limits.setsMax ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, entry);
    if (old !== undefined && !isKept) this.#options.onReplaced?.(question, old.outcome, outcome);
  }
}

function newEntry(outcome: DnsOutcome, at: { readonly now: number; readonly limits: DnsCacheLimits }): Entry {
  const ttlMs = usedFor(outcome, at.limits);
  const isRenewed = outcome.kind === 'records' && ttlMs >= refreshTtlMinMs;
  const freshUntil = at.now + ttlMs;
  return {
    outcome,
    freshUntil,
    refreshAt: isRenewed ? at.now + ttlMs * refreshShare : freshUntil,
    retryAt: undefined,
  };
}

function usedFor(outcome: DnsOutcome, limits: DnsCacheLimits): number {
  switch (outcome.kind) {
    case 'records':
      return Math.min(limits.ttlMaxMs, Math.max(limits.ttlMinMs, outcome.ttlS * 1000));
    case 'absent': {
      // RFC 2308 §5: without a start of authority the answer is not to be kept; this is just for calls that come together.
      const ttlMs = (outcome.ttlS ?? 0) * 1000;
      return Math.min(limits.negativeTtlMaxMs, Math.max(limits.ttlMinMs, ttlMs));
    }
    default:
      return limits.failureMs;
  }
}

const reservedSet: KnownSet = {
  outcome: { kind: 'absent', isNameAbsent: true, ttlS: undefined },
  freshUntil: Number.POSITIVE_INFINITY,
  refreshAt: Number.POSITIVE_INFINITY,
};
