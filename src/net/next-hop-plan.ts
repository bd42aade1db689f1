import type { CodedError } from '../base/index.ts';
import type { Destination, ResolveQuery, Transport } from '../sip/index.ts';
import { type Family, familyOf } from './addresses.ts';
import type { KnownSet } from './dns-cache.ts';
import { type DnsOutcome, type DnsQuestion, questionKey } from './dns-types.ts';

/** Which transports are tried where neither the URI nor NAPTR records say, most wanted first. */
export interface TransportOrder {
  /** RFC 3263 §4.1 leaves the choice to the client; UDP is its default for a SIP URI. */
  readonly ordinary: readonly Transport[];
  /** For requests that may fall back from TLS: NENA-STA-010.3 §4.2.2.1 has TLS before TCP before UDP. */
  readonly emergency: readonly Transport[];
}

export const defaultTransportOrder: TransportOrder = {
  ordinary: ['udp', 'tcp', 'tls'],
  emergency: ['tls', 'tcp', 'udp'],
};

/**
 * The order of one host's addresses (RFC 7984 §4 leaves it to policy): all of the family that the listeners name first,
 * then the others; or one of each in turn, so that a family whose path is broken costs one attempt.
 */
export type FamilyPolicy = 'listenerOrder' | 'alternate';

export interface PlanOptions {
  /** Per transport that we speak, the families of its listeners in their order. */
  readonly families: ReadonlyMap<Transport, readonly Family[]>;
  readonly transportOrder: TransportOrder;
  readonly familyPolicy: FamilyPolicy;
  readonly allows: (address: string) => boolean;
  /** How long TLS may take to be had where a request may go without it. */
  readonly tlsConnectTimeoutMs: number;
}

/** What is known when a plan is made. */
export interface PlanSource {
  /** Addresses of a name in the hosts file. */
  hosts(name: string): readonly string[];
  /** The names that stand for a host, in order of trial; empty where it is no name. */
  names(host: string): readonly string[];
  /** What is known of a question; undefined has the plan ask for it. */
  find(question: DnsQuestion): KnownSet | undefined;
}

/** Destinations that go together: an address list of one host, drawn by weight among others of its group. */
export interface PlanItem {
  readonly weight: number;
  readonly destinations: readonly Destination[];
}

/** Items of equal rank, all of one transport. */
export interface PlanGroup {
  readonly transport: Transport;
  readonly items: readonly PlanItem[];
}

export interface PlanNeed {
  readonly question: DnsQuestion;
  /** False where the host has an address of another family already: worth a moment, not more (RFC 8305 §3). */
  readonly isEssential: boolean;
}

/** Where a request may be sent, as far as it is known; complete where `needs` is empty. */
export interface NextHopPlan {
  /** In order of trial. */
  readonly groups: readonly PlanGroup[];
  readonly needs: readonly PlanNeed[];
  /** Questions that are likely to follow; asked at once, not waited for. */
  readonly hints: readonly DnsQuestion[];
  /** Questions whose answers the plan rests on. */
  readonly questions: readonly DnsQuestion[];
  readonly freshUntil: number;
  readonly refreshAt: number;
  /** Why there are no destinations. */
  readonly error: CodedError | undefined;
}

/** SRV targets and addresses of one host beyond these are not used: the list is tried one after the other. */
export const srvTargetsMax = 16;
export const addressesPerHostMax = 8;

/** Keeps the books of a plan in the making: what was used, what is missing, and what speaks against every address. */
export class PlanNotes {
  readonly #source: PlanSource;
  readonly #needs = new Map<string, PlanNeed>();
  readonly #hints = new Map<string, DnsQuestion>();
  readonly #questions: DnsQuestion[] = [];
  readonly #failures: CodedError[] = [];
  readonly #refused = new Set<string>();
  readonly #withoutListener = new Set<string>();
  #freshUntil = Number.POSITIVE_INFINITY;
  #refreshAt = Number.POSITIVE_INFINITY;

  constructor(source: PlanSource) {
    this.#source = source;
  }

  get isWaiting(): boolean {
    return this.#needs.size > 0;
  }

  /** The answer to a question where it is known. */
  find(question: DnsQuestion): DnsOutcome | undefined {
    const set = this.#source.find(question);
    if (set === undefined) return undefined;
    this.#freshUntil = Math.min(this.#freshUntil, set.freshUntil);
    this.#refreshAt = Math.min(this.#refreshAt, set.refreshAt);
    this.#questions.push(question);
    if (set.outcome.kind === 'failed') this.#failures.push(set.outcome.error);
    return set.outcome;
  }

  need(question: DnsQuestion, isEssential: boolean): void {
    this.#needs.set(questionKey(question), { question, isEssential });
  }

  hint(question: DnsQuestion): void {
    if (this.#source.find(question) === undefined) this.#hints.set(questionKey(question), question);
  }

  refuse(address: string): void {
    this.#refused.add(address);
  }

  /** A transport, or an address of it, that no listener of ours serves. */
  lackListener(what: string): void {
    this.#withoutListener.add(what);
  }

  plan(query: ResolveQuery, groups: readonly PlanGroup[]): NextHopPlan {
    return {
      groups,
      needs: [...this.#needs.values()],
      hints: [...this.#hints.values()],
      questions: this.#questions,
      freshUntil: this.#freshUntil,
      refreshAt: this.#refreshAt,
      error: groups.length === 0 ? this.#error(query) : undefined,
    };
  }

  #error(query: ResolveQuery): CodedError {
    if (this.#refused.size > 0) {
      const addresses = [...this.#refused].join(', ');
      const message = `${addresses} is outside of the networks that calls may be sent to`;
      return { code: 'net.nextHopRefused', message };
    }
    if (this.#withoutListener.size > 0) {
      const message = `nothing of ours listens for ${[...this.#withoutListener].join(', ')}`;
      return { code: 'net.noListener', message };
    }
    const [failure] = this.#failures;
    if (failure !== undefined) {
      return {
        code: failure.code,
        message: `no address for "${query.host}": ${failure.message}`,
        cause: failure,
      };
    }
    return {
      code: 'net.nameNotFound',
      message: `no address for "${query.host}": the name servers know none`,
    };
  }
}

/** All destinations at one host: its addresses in the families that we serve, ordered by policy. */
export function mergeFamilies(
  byFamily: readonly (readonly string[])[],
  policy: FamilyPolicy,
): readonly string[] {
  if (policy === 'listenerOrder') return byFamily.flat().slice(0, addressesPerHostMax);
  const longest = Math.max(0, ...byFamily.map((addresses) => addresses.length));
  const turns = Array.from({ length: longest }, (_, turn) =>
    byFamily.flatMap((list) => list.slice(turn, turn + 1)),
  );
  return turns.flat().slice(0, addressesPerHostMax);
}

/** The record type that holds addresses of a family. */
export function addressType(family: Family): 'A' | 'AAAA' {
  return family === 'ipv4' ? 'A' : 'AAAA';
}

/** Addresses of one family, in their order. */
export function ofFamily(addresses: readonly string[], family: Family): readonly string[] {
  return addresses.filter((address) => familyOf(address) === family);
}
