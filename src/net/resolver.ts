import { type Clock, type CodedError, err, ok, type Random, type Result } from '../base/index.ts';
import type { Destination, HealthVerdict, Listener, ResolveQuery, Transport } from '../sip/index.ts';
import { type Family, familyOf, withoutBrackets } from './addresses.ts';
import { DnsCache, type DnsCacheLimits, defaultDnsCacheLimits } from './dns-cache.ts';
import { DnsClient } from './dns-client.ts';
import { type DnsConfigSource, fixedDnsConfig, systemDnsConfig } from './dns-config.ts';
import { searchNames } from './dns-name.ts';
import { type DnsOutcome, naptrRecords } from './dns-types.ts';
import { HealthBook } from './health.ts';
import { type HostsFile, hostsFile } from './hosts-file.ts';
import { locate } from './locate.ts';
import { offersTls } from './naptr-services.ts';
import type { NextHopFilter } from './next-hop-filter.ts';
import {
  defaultTransportOrder,
  type FamilyPolicy,
  type NextHopPlan,
  type PlanOptions,
  type PlanSource,
  type TransportOrder,
} from './next-hop-plan.ts';
import { type KeptPlan, keptPlan, PlanCache } from './plan-cache.ts';
import { flatten, withTcpFirst } from './plan-order.ts';
import { PlanSearch } from './plan-search.ts';
import { systemRandom } from './system.ts';
import { tcpProbe } from './tcp-probe.ts';
import { type TcpProbe, TcpReach } from './tcp-reach.ts';

export interface ResolverOptions {
  /** Families are tried in the order in which these listeners name them for the transport in question. */
  readonly listeners: readonly Listener[];
  readonly nextHops: NextHopFilter;
  readonly clock: Clock;
  /** For a name as a whole; what has been found by then is used. */
  readonly timeoutMs: number;
  /** For weights and query ids; the system's where undefined. */
  readonly random?: Random | undefined;
  /** `/etc/hosts` where undefined. */
  readonly hostsPath?: string | undefined;
  /** `/etc/resolv.conf` where undefined. */
  readonly resolvPath?: string | undefined;
  /** Name servers as `address`, `address:port` or `[address]:port`; the system's where undefined. */
  readonly nameServers?: readonly string[] | undefined;
  /** {@link defaultTransportOrder} where undefined. */
  readonly transportOrder?: TransportOrder | undefined;
  /** `listenerOrder` where undefined. */
  readonly familyPolicy?: FamilyPolicy | undefined;
  /** Requests larger than this try TCP before UDP (RFC 3261 §18.1.1); 1,300 where undefined. */
  readonly udpRequestBytesMax?: number | undefined;
  /** How long such a request waits for a TCP connection; 1,000 where undefined. */
  readonly largeConnectTimeoutMs?: number | undefined;
  /** How long TLS may take to be had where the request may go without it; 2,000 where undefined. */
  readonly tlsConnectTimeoutMs?: number | undefined;
  /** Whether TCP can be had at an address where it once failed; opens a connection of its own where undefined. */
  readonly probe?: TcpProbe | undefined;
  /** What is known of addresses; one of its own where undefined. */
  readonly health?: HealthBook | undefined;
  /** {@link defaultDnsCacheLimits} where undefined. */
  readonly dnsCache?: DnsCacheLimits | undefined;
  /** A domain that had NAPTR records for TLS has none any more: a sign of an attack (RFC 3263 §7). */
  readonly onTlsGone?: ((name: string) => void) | undefined;
}

/** For metrics. */
export interface ResolverCounts {
  /** Questions to name servers, and those of them without an answer. */
  readonly questions: number;
  readonly failures: number;
  readonly questionsUnderWay: number;
  readonly recordSets: number;
  /** Addresses with something to tell in the health book, and addresses at which TCP could not be had. */
  readonly notedAddresses: number;
  readonly addressesWithoutTcp: number;
}

/** Addresses to try in order, or why there are none. */
export type Resolved = Result<readonly Destination[], CodedError>;

export const defaultResolveTimeoutMs = 2_000;
export const defaultUdpRequestBytesMax = 1_300;
const defaultLargeConnectTimeoutMs = 1_000;
const defaultTlsConnectTimeoutMs = 2_000;
/** Questions under way at once. */
const questionsMax = 1_000;
const patienceMaxMs = 500;
const staleWaitMaxMs = 500;
const familyWaitMs = 100;
/** Files of the system are looked at again when plans are this old. */
const planMaxMs = 5_000;

/**
 * Finds where requests go: IP literals, the hosts file, then NAPTR, SRV and address records (RFC 3263 §4), from a cache
 * that keeps each record set for its time. Addresses outside of the allowed networks are left out; those that calls
 * found to be down stand last.
 */
export class Resolver {
  /** What calls found out about addresses; for operators. */
  readonly health: HealthBook;
  readonly #options: ResolverOptions;
  readonly #random: Random;
  readonly #hosts: HostsFile;
  readonly #config: DnsConfigSource;
  readonly #client: DnsClient;
  readonly #cache: DnsCache;
  readonly #reach: TcpReach;
  readonly #plans = new PlanCache();
  readonly #plan: PlanOptions;
  readonly #source: PlanSource;
  readonly #udpRequestBytesMax: number;

  constructor(options: ResolverOptions) {
    const { clock, timeoutMs } = options;
    const connectTimeoutMs = options.largeConnectTimeoutMs ?? defaultLargeConnectTimeoutMs;
    this.#options = options;
    this.#random = options.random ?? systemRandom();
    this.#hosts = hostsFile({ path: options.hostsPath ?? '/etc/hosts', clock });
    this.#config =
      options.nameServers === undefined
        ? systemDnsConfig({ path: options.resolvPath ?? '/etc/resolv.conf', clock })
        : fixedDnsConfig(options.nameServers);
    this.#client = new DnsClient({
      config: this.#config,
      clock,
      random: this.#random,
      timeoutMs,
      patienceMs: Math.min(patienceMaxMs, timeoutMs / 4),
      questionsMax,
    });
    this.#cache = new DnsCache({
      source: this.#client,
      clock,
      limits: options.dnsCache ?? defaultDnsCacheLimits,
      onReplaced: ({ name }, before, now) => {
        if (hasTlsServices(before) && now.kind !== 'failed' && !hasTlsServices(now))
          options.onTlsGone?.(name);
      },
    });
    this.#reach = new TcpReach({ clock, probe: options.probe ?? tcpProbe({ timeoutMs: connectTimeoutMs }) });
    this.health = options.health ?? new HealthBook({ clock });
    this.#udpRequestBytesMax = options.udpRequestBytesMax ?? defaultUdpRequestBytesMax;
    this.#plan = {
      families: familiesByTransport(options.listeners),
      transportOrder: options.transportOrder ?? defaultTransportOrder,
      familyPolicy: options.familyPolicy ?? 'listenerOrder',
      allows: (address) => options.nextHops.allows(address),
      tlsConnectTimeoutMs: options.tlsConnectTimeoutMs ?? defaultTlsConnectTimeoutMs,
    };
    this.#source = {
      hosts: (name) => this.#hosts.lookup(name) ?? [],
      names: (host) => searchNames(host, this.#config.current() ?? { search: [], ndots: 1 }),
      find: (question) => this.#cache.peek(question),
    };
  }

  /** The answer where it needs no waiting: an IP literal, a name whose records are at hand. Else undefined. */
  resolveNow(query: ResolveQuery): Resolved | undefined {
    const now = this.#options.clock.mono();
    const known = this.#plans.get(query);
    if (known !== undefined && now < known.freshUntil && known.version === this.#version) {
      if (now >= known.refreshAt) this.#askAhead(known);
      return this.#answer(known, query);
    }
    const isLiteral = familyOf(withoutBrackets(query.host)) !== undefined;
    if (!isLiteral && !this.#areFilesRead) return undefined;
    const plan = locate(query, this.#source, this.#plan);
    if (plan.needs.length > 0) return undefined;
    return this.#answer(this.#keep(query, plan, isLiteral), query);
  }

  /** The answer, after at most the time limit. Never rejects. */
  async resolve(query: ResolveQuery): Promise<Resolved> {
    const now = this.resolveNow(query);
    if (now !== undefined) return now;
    await Promise.all([this.#hosts.refresh(), this.#config.refresh()]);
    const search = new PlanSearch({
      query,
      cache: this.#cache,
      source: this.#source,
      plan: this.#plan,
      limits: {
        timeoutMs: this.#options.timeoutMs,
        staleWaitMs: Math.min(staleWaitMaxMs, this.#options.timeoutMs / 2),
        familyWaitMs: Math.min(familyWaitMs, this.#options.timeoutMs / 2),
      },
    });
    const { plan, isWhole } = await search.run();
    const kept = isWhole ? this.#keep(query, plan, false) : this.#ready(plan, 0);
    return this.#answer(kept, query);
  }

  /** Takes in what a call found out about an address. For the driver's `onHealth`. */
  note(destination: Destination, verdict: HealthVerdict, retryAfterS: number | undefined): void {
    this.health.note(destination, verdict, retryAfterS);
    if (destination.transport !== 'tcp' || destination.onlyConnection === true) return;
    if (verdict === 'unreachable') this.#reach.failed(destination.remote);
    else if (verdict !== 'silent') this.#reach.worked(destination.remote);
  }

  /** Counters and sizes so far. */
  counts(): ResolverCounts {
    return {
      ...this.#client.counts(),
      questionsUnderWay: this.#client.size,
      recordSets: this.#cache.size,
      notedAddresses: this.health.size,
      addressesWithoutTcp: this.#reach.size,
    };
  }

  /** Ends questions under way; names that are not at hand fail from now on. May be called twice. */
  stop(): void {
    this.#client.stop();
  }

  get #version(): number {
    return this.#hosts.version + this.#config.version;
  }

  get #areFilesRead(): boolean {
    return this.#hosts.lookup('localhost') !== undefined && this.#config.current() !== undefined;
  }

  #keep(query: ResolveQuery, plan: NextHopPlan, isLiteral: boolean): KeptPlan {
    const freshUntil = isLiteral
      ? Number.POSITIVE_INFINITY
      : Math.min(plan.freshUntil, this.#options.clock.mono() + planMaxMs);
    const kept = this.#ready(plan, freshUntil);
    this.#plans.set(query, kept);
    return kept;
  }

  #ready(plan: NextHopPlan, freshUntil: number): KeptPlan {
    return keptPlan(plan, { freshUntil, version: this.#version, random: this.#random });
  }

  #askAhead(kept: KeptPlan): void {
    kept.refreshAt = Number.POSITIVE_INFINITY;
    for (const question of kept.plan.questions) this.#cache.refresh(question);
  }

  #answer(kept: KeptPlan, query: ResolveQuery): Resolved {
    if (kept.plan.error !== undefined) return err(kept.plan.error);
    const isLarge = query.sizeBytes !== undefined && query.sizeBytes > this.#udpRequestBytesMax;
    if (!isLarge && this.health.size === 0 && kept.answer !== undefined) return kept.answer;
    const destinations = isLarge ? this.#large(kept) : (kept.destinations ?? this.#draw(kept));
    return ok(this.health.order(destinations, { isEmergency: query.mayFallBack === true }));
  }

  #draw(kept: KeptPlan): readonly Destination[] {
    return flatten(kept.plan.groups, this.#random);
  }

  #large(kept: KeptPlan): readonly Destination[] {
    if (kept.destinations !== undefined) kept.large ??= this.#withTcpFirst(kept.destinations);
    const large = kept.large ?? this.#withTcpFirst(this.#draw(kept));
    if (this.#reach.size === 0) return large;
    return large.filter(
      (destination) =>
        destination.transport !== 'tcp' ||
        destination.connectTimeoutMs === undefined ||
        this.#reach.isOpen(destination),
    );
  }

  #withTcpFirst(destinations: readonly Destination[]): readonly Destination[] {
    const connectTimeoutMs = this.#options.largeConnectTimeoutMs ?? defaultLargeConnectTimeoutMs;
    return withTcpFirst(destinations, { families: this.#plan.families, connectTimeoutMs });
  }
}

function hasTlsServices(outcome: DnsOutcome): boolean {
  return outcome.kind === 'records' && offersTls(naptrRecords(outcome.records));
}

function familiesByTransport(listeners: readonly Listener[]): ReadonlyMap<Transport, readonly Family[]> {
  const families = new Map<Transport, Family[]>();
  for (const listener of listeners) {
    const family = familyOf(listener.local.address);
    const known = families.get(listener.transport) ?? [];
    if (family !== undefined && !known.includes(family)) known.push(family);
    families.set(listener.transport, known);
  }
  return families;
}
