import type { Clock } from '../base/index.ts';
import type { Destination, HealthVerdict, Transport } from '../sip/index.ts';

/** Times and sizes of the health book. */
export interface HealthLimits {
  /** Addresses with something to tell; the one noted longest ago is forgotten first. */
  readonly addressesMax: number;
  /** How long an unreachable address stands behind the others at first; doubled each time it fails again afterwards. */
  readonly unreachableMs: number;
  /** The same for one that stayed silent: a silence costs a call more than a refused connection. */
  readonly silentMs: number;
  readonly downMaxMs: number;
  /** Silences in a row that make an address silent; one may be the fault of a single call. */
  readonly silencesMax: number;
  /** After a 503 without Retry-After, and the longest Retry-After that is heeded. */
  readonly refusingMs: number;
  readonly refusingMaxMs: number;
  /** While one call finds out whether an address is back, others stay away from it for this long. */
  readonly trialMs: number;
  /** Without a further failure for this long an address counts as never having failed. */
  readonly forgetMs: number;
}

export const defaultHealthLimits: HealthLimits = {
  addressesMax: 10_000,
  unreachableMs: 1_000,
  silentMs: 5_000,
  downMaxMs: 60_000,
  silencesMax: 3,
  refusingMs: 5_000,
  refusingMaxMs: 300_000,
  trialMs: 2_000,
  forgetMs: 600_000,
};

/** An address of a peer by transport. */
export type HealthAddress = Pick<Destination, 'transport' | 'remote' | 'onlyConnection'>;

/** `down`: tried last. `refusing`: tried last for what is no emergency. */
export type HealthState = 'up' | 'down' | 'refusing';

/** What operators see of one address. */
export interface HealthReport {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly state: HealthState;
  /** How long that lasts unless a response comes before. */
  readonly forMs: number;
  /** Times that it went down without a response between them. */
  readonly downs: number;
  /** Silences in a row. */
  readonly silences: number;
}

interface Entry {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  downs: number;
  silences: number;
  downUntil: number;
  trialUntil: number;
  refusingUntil: number;
  notedAt: number;
}

const longAgo = Number.NEGATIVE_INFINITY;

/**
 * What calls found out about the addresses they were sent to, by transport, address and port. It changes the order in
 * which addresses are tried and nothing else: none is ever left out, and no call's fault counts for another address.
 */
export class HealthBook {
  readonly #clock: Clock;
  readonly #limits: HealthLimits;
  readonly #entries = new Map<string, Entry>();

  constructor(options: { readonly clock: Clock; readonly limits?: HealthLimits | undefined }) {
    this.#clock = options.clock;
    this.#limits = options.limits ?? defaultHealthLimits;
  }

  /** Addresses with something to tell; 0: every one is up. */
  get size(): number {
    return this.#entries.size;
  }

  /** Takes in what one branch found out. `retryAfterS` belongs to `refusing`. */
  note(destination: HealthAddress, verdict: HealthVerdict, retryAfterS?: number | undefined): void {
    // Where only one connection would do, its end says nothing of the address (RFC 5626 §5.3).
    if (destination.onlyConnection === true) return;
    if (verdict === 'alive') {
      if (this.#entries.size > 0) this.#entries.delete(keyOf(destination));
      return;
    }
    const now = this.#clock.mono();
    const entry = this.#entryFor(destination, now);
    switch (verdict) {
      case 'unreachable':
        this.#takeDown(entry, now, this.#limits.unreachableMs);
        return;
      case 'silent':
        entry.silences += 1;
        if (entry.silences >= this.#limits.silencesMax) this.#takeDown(entry, now, this.#limits.silentMs);
        return;
      default:
        // A response, so the address is there.
        entry.silences = 0;
        entry.downs = 0;
        entry.downUntil = longAgo;
        entry.trialUntil = longAgo;
        entry.refusingUntil = now + this.#refusingFor(retryAfterS);
    }
  }

  /** How an address stands now. */
  state(destination: HealthAddress): HealthState {
    const entry = this.#entries.get(keyOf(destination));
    return entry === undefined ? 'up' : stateOf(entry, this.#clock.mono());
  }

  /**
   * The same destinations with those that are down at the end, both parts in the order given. Where a down time is over,
   * this call's list has the address in its place, and the lists of the next moments do not, until a verdict comes.
   */
  order(
    destinations: readonly Destination[],
    options: { readonly isEmergency: boolean },
  ): readonly Destination[] {
    if (this.#entries.size === 0 || destinations.length < 2) return destinations;
    const now = this.#clock.mono();
    this.#forgetOldest(now);
    const last: Destination[] = [];
    const first = destinations.filter((destination) => {
      const isLast = this.#isLast(destination, now, options.isEmergency);
      if (isLast) last.push(destination);
      return !isLast;
    });
    return last.length === 0 || first.length === 0 ? destinations : first.concat(last);
  }

  /** Every address that is not simply up, for operators. */
  list(): readonly HealthReport[] {
    const now = this.#clock.mono();
    return [...this.#entries.values()].map((entry) => {
      const state = stateOf(entry, now);
      const until = state === 'down' ? Math.max(entry.downUntil, entry.trialUntil) : entry.refusingUntil;
      return {
        transport: entry.transport,
        address: entry.address,
        port: entry.port,
        state,
        forMs: state === 'up' ? 0 : until - now,
        downs: entry.downs,
        silences: entry.silences,
      };
    });
  }

  #isLast(destination: Destination, now: number, isEmergency: boolean): boolean {
    const entry = this.#entries.get(keyOf(destination));
    if (entry === undefined) return false;
    const state = stateOf(entry, now);
    if (state !== 'up') return state === 'down' || !isEmergency;
    if (entry.downs > 0) entry.trialUntil = now + this.#limits.trialMs;
    return false;
  }

  /** Entries stand in the order in which they were noted. */
  #forgetOldest(now: number): void {
    for (const [key, entry] of this.#entries) {
      if (now < entry.notedAt + this.#limits.forgetMs) return;
      this.#entries.delete(key);
    }
  }

  #takeDown(entry: Entry, now: number, firstMs: number): void {
    // Calls that were under way when it went down say nothing new.
    if (now < entry.downUntil) return;
    entry.downUntil = now + Math.min(this.#limits.downMaxMs, firstMs * 2 ** entry.downs);
    entry.downs += 1;
  }

  #refusingFor(retryAfterS: number | undefined): number {
    const { refusingMs, refusingMaxMs } = this.#limits;
    return retryAfterS === undefined ? refusingMs : Math.min(refusingMaxMs, Math.max(0, retryAfterS * 1000));
  }

  #entryFor(destination: HealthAddress, now: number): Entry {
    const key = keyOf(destination);
    const known = this.#entries.get(key);
    this.#forgetOldest(now);
    this.#entries.delete(key);
    if (known !== undefined && now < known.notedAt + this.#limits.forgetMs) {
      known.notedAt = now;
      this.#entries.set(key, known);
      return known;
    }
    const oldest =
      this.#entries.size >= this.#limits.addressesMax ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
    const { transport, remote } = destination;
    const entry = { transport, address: remote.address, port: remote.port, ...untroubled, notedAt: now };
    this.#entries.set(key, entry);
    return entry;
  }
}

const untroubled = {
  downs: 0,
  silences: 0,
  downUntil: longAgo,
  trialUntil: longAgo,
  refusingUntil: longAgo,
};

function stateOf(entry: Entry, now: number): HealthState {
  if (now < entry.downUntil || now < entry.trialUntil) return 'down';
  return now < entry.refusingUntil ? 'refusing' : 'up';
}

function keyOf({ transport, remote }: HealthAddress): string {
  return `${transport} ${remote.address} ${remote.port}`;
}
