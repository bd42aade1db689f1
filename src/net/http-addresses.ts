import { type Clock, type CodedError, err, ok, type Random, type Result } from '../base/index.ts';
import { DnsCache, defaultDnsCacheLimits } from './dns-cache.ts';
import { DnsClient } from './dns-client.ts';
import { fixedDnsConfig, systemDnsConfig } from './dns-config.ts';
import { dnsName } from './dns-name.ts';
import { addressRecords, type DnsOutcome, type DnsQuestion } from './dns-types.ts';
import { type HostsFile, hostsFile } from './hosts-file.ts';
import { systemRandom } from './system.ts';

export interface HttpAddressesOptions {
  readonly clock: Clock;
  /** For one name. */
  readonly timeoutMs: number;
  /** As `address`, `address:port` or `[address]:port`; the system's where undefined. */
  readonly nameServers?: readonly string[] | undefined;
  readonly random?: Random | undefined;
  /** `/etc/hosts` where undefined. */
  readonly hostsPath?: string | undefined;
}

/** Questions under way at once. */
const questionsMax = 500;
const patienceMaxMs = 500;
/** RFC 8305 §3: how long the other family is waited for once one has answered. */
const resolutionDelayMs = 50;

/**
 * Finds the addresses of HTTP servers: the hosts file, then A and AAAA records, kept for their time. No search list is
 * gone through: a URI's host is a whole name, and one that somebody else wrote shall not become a name of our own zones.
 */
export class HttpAddresses {
  readonly #hosts: HostsFile;
  readonly #client: DnsClient;
  readonly #cache: DnsCache;
  readonly #ready: () => Promise<unknown>;

  constructor(options: HttpAddressesOptions) {
    const { clock, timeoutMs } = options;
    this.#hosts = hostsFile({ path: options.hostsPath ?? '/etc/hosts', clock });
    const config =
      options.nameServers === undefined
        ? systemDnsConfig({ path: '/etc/resolv.conf', clock })
        : fixedDnsConfig(options.nameServers);
    this.#client = new DnsClient({
      config,
      clock,
      random: options.random ?? systemRandom(),
      timeoutMs,
      patienceMs: Math.min(patienceMaxMs, timeoutMs / 4),
      questionsMax,
    });
    this.#cache = new DnsCache({ source: this.#client, clock, limits: defaultDnsCacheLimits });
    this.#ready = () => Promise.all([this.#hosts.refresh(), config.refresh()]);
  }

  /** At least one address, families alternating, IPv6 first (RFC 8305 §4). Never rejects. */
  async of(host: string): Promise<Result<readonly string[], CodedError>> {
    await this.#ready();
    const listed = this.#hosts.lookup(host) ?? [];
    if (listed.length > 0) return ok(listed);
    const name = dnsName(host);
    if (name === undefined)
      return err({ code: 'net.nameNotFound', message: `${host} is no name that can be looked up` });
    const outcomes = await this.#ask(name);
    const found = outcomes.map((outcome) =>
      outcome?.kind === 'records' ? addressRecords(outcome.records) : [],
    );
    const addresses = alternating(found);
    if (addresses.length > 0) return ok(addresses);
    const failure = outcomes.find((outcome) => outcome?.kind === 'failed');
    return err(
      failure?.kind === 'failed'
        ? failure.error
        : { code: 'net.nameNotFound', message: `${host} has no address: check the name and its zone` },
    );
  }

  /** Ends questions under way. May be called twice. */
  stop(): void {
    this.#client.stop();
  }

  async #ask(name: string): Promise<readonly (DnsOutcome | undefined)[]> {
    const questions: readonly DnsQuestion[] = [
      { name, type: 'AAAA' },
      { name, type: 'A' },
    ];
    const find = (question: DnsQuestion) => this.#cache.peek(question)?.outcome;
    const waiting = questions.map(async (question) => {
      if (find(question) === undefined) await this.#cache.fetch(question);
      if (find(question)?.kind !== 'records') throw new Error('no address of this family');
    });
    const all = Promise.allSettled(waiting);
    const one = await Promise.any(waiting).then(
      () => true,
      () => false,
    );
    if (one) await withinDelay(all);
    return questions.map(find);
  }
}

async function withinDelay(all: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const delay = new Promise((resolve) => {
    timer = setTimeout(resolve, resolutionDelayMs);
  });
  await Promise.race([all, delay]);
  clearTimeout(timer);
}

function alternating(lists: readonly (readonly string[])[]): readonly string[] {
  const length = Math.max(...lists.map((list) => list.length));
  return Array.from({ length }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}
