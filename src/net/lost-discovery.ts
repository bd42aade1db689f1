import { type Clock, type CodedError, err, ok, type Random, type Result } from '../base/index.ts';
import { DnsCache, defaultDnsCacheLimits } from './dns-cache.ts';
import { DnsClient } from './dns-client.ts';
import { fixedDnsConfig, systemDnsConfig } from './dns-config.ts';
import { dnsName } from './dns-name.ts';
import { type DnsOutcome, type NaptrRecord, naptrRecords } from './dns-types.ts';
import type { NetErrorCode } from './errors.ts';
import { systemRandom } from './system.ts';

/** What a LoST server is sought for: to map, or to validate locations (RFC 8917). */
export type LostPurpose = 'mapping' | 'validation';

export interface LostDiscoveryOptions {
  readonly clock: Clock;
  /** For one question of the DNS. */
  readonly timeoutMs: number;
  /** As `address`, `address:port` or `[address]:port`; the system's where undefined. */
  readonly nameServers?: readonly string[] | undefined;
  readonly random?: Random | undefined;
  /** Whether `LoST:http` counts too. */
  readonly plainHttp: boolean;
}

/** Questions under way at once. */
const questionsMax = 100;
const patienceMaxMs = 500;
/** Non-terminal records lead on to another name (RFC 4848 §4.4); so often at most. */
const stepsMax = 5;
const uriLengthMax = 2_000;

/**
 * Finds the URIs of a LoST server by its name: U-NAPTR records with the service tag LoST or LoST-Validation (RFC 5222 §4,
 * RFC 4848, RFC 8917 §3). That name itself comes from the configuration: the DHCP options of RFC 5223 are for hosts that
 * get their address by DHCP, which a server does not.
 */
export class LostDiscovery {
  readonly #options: LostDiscoveryOptions;
  readonly #client: DnsClient;
  readonly #cache: DnsCache;

  constructor(options: LostDiscoveryOptions) {
    const { clock, timeoutMs, nameServers } = options;
    this.#options = options;
    this.#client = new DnsClient({
      config:
        nameServers === undefined
          ? systemDnsConfig({ path: '/etc/resolv.conf', clock })
          : fixedDnsConfig(nameServers),
      clock,
      random: options.random ?? systemRandom(),
      timeoutMs,
      patienceMs: Math.min(patienceMaxMs, timeoutMs / 4),
      questionsMax,
    });
    this.#cache = new DnsCache({ source: this.#client, clock, limits: defaultDnsCacheLimits });
  }

  /**
   * At least one URI, the most preferred first. For validation those of LoST-Validation, then those of LoST (RFC 8917 §3).
   * Errors `net.nameNotFound` and what the name servers failed with. Never rejects.
   */
  async urisOf(name: string, purpose: LostPurpose): Promise<Result<readonly string[], CodedError>> {
    const start = dnsName(name);
    if (start === undefined) return err(notFound(`"${name}" is no name that can be looked up`));
    const tags = purpose === 'validation' ? ['lost-validation', 'lost'] : ['lost'];
    const uris: string[] = [];
    for (const tag of tags) {
      const found = await this.#follow(start, tag);
      if (!found.ok && uris.length === 0) return found;
      if (found.ok) uris.push(...found.value.filter((uri) => !uris.includes(uri)));
    }
    return uris.length > 0
      ? ok(uris)
      : err(notFound(`${start} has no NAPTR record for LoST that leads to a URI; check its zone`));
  }

  /** Ends questions under way. May be called twice. */
  stop(): void {
    this.#client.stop();
  }

  async #follow(start: string, tag: string): Promise<Result<readonly string[], CodedError>> {
    const seen = new Set<string>();
    const waiting = [start];
    const uris: string[] = [];
    for (let step = 0; step < stepsMax && waiting.length > 0; step += 1) {
      const name = waiting.shift();
      if (name === undefined || seen.has(name)) continue;
      seen.add(name);
      const outcome = await this.#ask(name);
      if (outcome.kind === 'failed') {
        if (uris.length === 0 && waiting.length === 0) return err(outcome.error);
        continue;
      }
      const records = outcome.kind === 'records' ? naptrRecords(outcome.records) : [];
      for (const { uri, next } of lostRecords(records, tag, this.#options.plainHttp)) {
        if (uri !== undefined) uris.push(uri);
        if (next !== undefined) waiting.push(next);
      }
    }
    return ok(uris);
  }

  async #ask(name: string): Promise<DnsOutcome> {
    const question = { name, type: 'NAPTR' } as const;
    const known = this.#cache.peek(question);
    if (known !== undefined) {
      this.#cache.refresh(question);
      return known.outcome;
    }
    await this.#cache.fetch(question);
    const outcome = this.#cache.peek(question)?.outcome ?? this.#cache.stale(question)?.outcome;
    return outcome ?? { kind: 'absent', isNameAbsent: false, ttlS: undefined };
  }
}

interface LostRecord {
  readonly uri: string | undefined;
  readonly next: string | undefined;
}

/**
 * The records of a service tag that can be followed, by order, then preference (RFC 3403 §4.1): `u` with the one regular
 * expression that U-NAPTR has (RFC 4848 §4.6), or no flag, which leads to another name. LoST has no other transport than
 * HTTP, for which `s` and `a` would name no path (RFC 5222 §4): records with these flags are left out, like unknown ones.
 */
function lostRecords(
  records: readonly NaptrRecord[],
  tag: string,
  plainHttp: boolean,
): readonly LostRecord[] {
  return records
    .toSorted((one, other) => one.order - other.order || one.preference - other.preference)
    .flatMap(({ services, flags, regexp, replacement }): readonly LostRecord[] => {
      const [service, ...protocols] = services.toLowerCase().split(':');
      if (service !== tag) return [];
      switch (flags.toLowerCase()) {
        case 'u': {
          const uri = constantUri(regexp);
          return uri !== undefined && speaks(uri, protocols, plainHttp) ? [{ uri, next: undefined }] : [];
        }
        case '': {
          const next = regexp === '' ? dnsName(replacement) : undefined;
          return next === undefined ? [] : [{ uri: undefined, next }];
        }
        default:
          return [];
      }
    });
}

/** RFC 4848 §4.6: `!.*!` URI `!`; some zones have another delimiter, which RFC 3402 §3.2 allows. */
function constantUri(regexp: string): string | undefined {
  const delimiter = regexp.charAt(0);
  const [before, expression, uri, flags, ...more] = regexp.split(delimiter);
  if (delimiter === '' || before !== '' || more.length > 0 || uri === undefined) return undefined;
  if (expression !== '.*' && expression !== '^.*$') return undefined;
  if (flags !== '' && flags?.toLowerCase() !== 'i') return undefined;
  return uri.length <= uriLengthMax && /^https?:\/\//i.test(uri) && URL.canParse(uri) ? uri : undefined;
}

function speaks(uri: string, protocols: readonly string[], plainHttp: boolean): boolean {
  const scheme = /^https:/i.test(uri) ? 'https' : 'http';
  if (protocols.length > 0 && !protocols.includes(scheme)) return false;
  return scheme === 'https' || plainHttp;
}

function notFound(message: string): CodedError<NetErrorCode> {
  return { code: 'net.nameNotFound', message };
}
