import { Resolver as DnsResolver } from 'node:dns/promises';
import { type Clock, type CodedError, err, errorText, ok, type Result } from '../base/index.ts';
import {
  type Destination,
  defaultPort,
  type Listener,
  type ResolveQuery,
  type Transport,
} from '../sip/index.ts';
import { type Family, familyOf, withoutBrackets } from './addresses.ts';
import { type HostsFile, hostsFile } from './hosts-file.ts';
import type { NextHopFilter } from './next-hop-filter.ts';

export interface ResolverOptions {
  /** Families are tried in the order in which these listeners name them for the transport in question. */
  readonly listeners: readonly Listener[];
  readonly nextHops: NextHopFilter;
  readonly clock: Clock;
  /** For a name as a whole; what has been found by then is used. */
  readonly timeoutMs: number;
  /** `/etc/hosts` where undefined. */
  readonly hostsPath?: string;
  /** Name servers as `address` or `address:port`; the system's where undefined. */
  readonly nameServers?: readonly string[];
}

/** Addresses to try in order, or why there are none. */
export type Resolved = Result<readonly Destination[], CodedError>;

interface CacheEntry {
  readonly addresses: readonly string[];
  readonly freshUntil: number;
}

type Lookup = Result<readonly string[], CodedError>;

export const defaultResolveTimeoutMs = 2_000;
const cacheNamesMax = 1_000;
const ttlMinMs = 1_000;
const ttlMaxMs = 3_600_000;
/** An answer past its time is better than none while the name servers are silent. */
const staleMaxMs = 24 * 3_600_000;

/**
 * Turns a host into addresses: IP literals, the hosts file, then A and AAAA records, with a cache of its own. No NAPTR
 * and no SRV. Addresses outside of the allowed networks are left out.
 */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #hosts: HostsFile;
  readonly #dns: DnsResolver;
  readonly #families: ReadonlyMap<Transport, readonly Family[]>;
  readonly #cache = new Map<string, CacheEntry>();
  readonly #inFlight = new Map<string, Promise<Lookup>>();

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.#hosts = hostsFile({ path: options.hostsPath ?? '/etc/hosts', clock: options.clock });
    this.#dns = new DnsResolver({ timeout: Math.ceil(options.timeoutMs / 2), tries: 2 });
    if (options.nameServers !== undefined) this.#dns.setServers([...options.nameServers]);
    this.#families = familiesByTransport(options.listeners);
  }

  /** The answer where it needs no waiting: an IP literal or a name in the cache. Else undefined. */
  resolveNow(query: ResolveQuery): Resolved | undefined {
    const host = hostKey(query.host);
    if (familyOf(host) !== undefined) return this.#destinations([host], query);
    const entry = this.#cache.get(host);
    if (entry === undefined || this.#options.clock.mono() >= entry.freshUntil) return undefined;
    return this.#destinations(entry.addresses, query);
  }

  /** The answer, after at most the time limit. Never rejects. */
  async resolve(query: ResolveQuery): Promise<Resolved> {
    const now = this.resolveNow(query);
    if (now !== undefined) return now;
    const host = hostKey(query.host);
    const lookup = this.#inFlight.get(host) ?? this.#startLookup(host);
    const found = await lookup;
    return found.ok ? this.#destinations(found.value, query) : err(found.error);
  }

  #startLookup(host: string): Promise<Lookup> {
    const lookup = this.#lookup(host).finally(() => this.#inFlight.delete(host));
    this.#inFlight.set(host, lookup);
    return lookup;
  }

  async #lookup(host: string): Promise<Lookup> {
    const listed = await this.#hosts.lookup(host);
    if (listed.length > 0) return ok(listed);
    const asked = await this.#askNameServers(host);
    const now = this.#options.clock.mono();
    if (asked.ok) {
      this.#remember(host, { addresses: asked.value.addresses, freshUntil: now + asked.value.ttlMs });
      return ok(asked.value.addresses);
    }
    const old = this.#cache.get(host);
    const isUsable =
      old !== undefined && asked.error.code === 'net.nameTimeout' && now < old.freshUntil + staleMaxMs;
    return isUsable ? ok(old.addresses) : err(asked.error);
  }

  async #askNameServers(
    host: string,
  ): Promise<Result<{ readonly addresses: readonly string[]; readonly ttlMs: number }, CodedError>> {
    const records: { readonly address: string; readonly ttl: number }[] = [];
    const failures: unknown[] = [];
    const collect = async (query: Promise<{ address: string; ttl: number }[]>): Promise<void> => {
      try {
        records.push(...(await query));
      } catch (error) {
        failures.push(error);
      }
    };
    const isInTime = await within(
      this.#options.timeoutMs,
      Promise.all([
        collect(this.#dns.resolve4(host, { ttl: true })),
        collect(this.#dns.resolve6(host, { ttl: true })),
      ]),
    );
    if (records.length > 0) {
      const ttlMs = Math.min(...records.map((record) => record.ttl)) * 1000;
      return ok({
        addresses: records.map((record) => record.address),
        ttlMs: Math.min(ttlMaxMs, Math.max(ttlMinMs, ttlMs)),
      });
    }
    const isAbsent = isInTime && failures.every(saysAbsent);
    const why = isInTime ? failures.map(errorText).join('; ') : `no answer in ${this.#options.timeoutMs} ms`;
    return err({
      code: isAbsent ? 'net.nameNotFound' : 'net.nameTimeout',
      message: `no address for "${host}": ${why}`,
      cause: failures[0],
    });
  }

  #remember(host: string, entry: CacheEntry): void {
    this.#cache.delete(host);
    const oldest = this.#cache.size >= cacheNamesMax ? this.#cache.keys().next().value : undefined;
    if (oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(host, entry);
  }

  #destinations(addresses: readonly string[], query: ResolveQuery): Resolved {
    const transport = query.transport ?? (query.isSecure ? 'tls' : 'udp');
    const families = this.#families.get(transport) ?? [];
    const reachable = families.flatMap((family) =>
      addresses.filter((address) => familyOf(address) === family),
    );
    if (reachable.length === 0) {
      const message = `nothing of ours listens on ${transport} in the family of ${addresses.join(', ')}`;
      return err({ code: 'net.noListener', message });
    }
    const allowed = reachable.filter((address) => this.#options.nextHops.allows(address));
    if (allowed.length === 0) {
      const message = `${reachable.join(', ')} is outside of the networks that calls may be sent to`;
      return err({ code: 'net.nextHopRefused', message });
    }
    const port = query.port ?? defaultPort(transport);
    return ok(
      allowed.map((address) => ({
        transport,
        remote: { address, port },
        connectionId: undefined,
        local: undefined,
      })),
    );
  }
}

function hostKey(host: string): string {
  const plain = withoutBrackets(host).toLowerCase();
  return plain.endsWith('.') ? plain.slice(0, -1) : plain;
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

/** No such name, no such record, or not a name: asking again soon will not help. */
function saysAbsent(failure: unknown): boolean {
  const code = failure instanceof Error && 'code' in failure ? failure.code : undefined;
  return code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME';
}

/** Whether the work was done in time. The work goes on either way. */
async function within(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const isInTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
}
