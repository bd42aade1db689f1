import { nextHopFilter } from '../../src/net/next-hop-filter.ts';
import { type Resolved, Resolver, type ResolverOptions } from '../../src/net/resolver.ts';
import type { Listener, ResolveQuery, Transport } from '../../src/sip/transaction/index.ts';
import { ManualClock, SeededRandom } from './manual-clock.ts';
import { type DnsAnswer, startDns, type TestDns } from './net-dns.ts';

/** A resolver with a name server of its own, a clock that stands still, and no files of the system. */
export interface TestResolver {
  readonly resolver: Resolver;
  readonly dns: TestDns;
  readonly clock: ManualClock;
  /** Destinations in order of trial, `udp 192.0.2.1:5060` each, joined by commas; or the error's code. */
  ask(uri: string, more?: Partial<ResolveQuery>): Promise<string>;
  /** The same without waiting; undefined where that cannot be. */
  askNow(uri: string, more?: Partial<ResolveQuery>): string | undefined;
  close(): Promise<void>;
}

export interface TestResolverOptions extends Partial<Omit<ResolverOptions, 'listeners' | 'nextHops'>> {
  readonly zone: Readonly<Record<string, DnsAnswer>>;
  /** `udp4 tcp4 tls4` and so on, in the order of the listeners; these three where undefined. */
  readonly listeners?: string;
  readonly networks?: readonly string[];
  readonly seed?: number;
}

export async function startResolver(options: TestResolverOptions): Promise<TestResolver> {
  const { zone, listeners, networks, seed, ...rest } = options;
  const dns = await startDns(zone);
  const clock = new ManualClock();
  const filter = nextHopFilter(networks ?? []);
  if (!filter.ok) throw new Error('bad networks in the test');
  const resolver = new Resolver({
    listeners: listenersOf(listeners ?? 'udp4 tcp4 tls4'),
    nextHops: filter.value,
    clock,
    timeoutMs: 4_000,
    random: new SeededRandom(seed ?? 7),
    hostsPath: '/nonexistent/hosts',
    nameServers: [dns.address],
    ...rest,
  });
  return {
    resolver,
    dns,
    clock,
    ask: async (uri, more) => trialOrder(await resolver.resolve({ ...queryOf(uri), ...more })),
    askNow: (uri, more) => {
      const found = resolver.resolveNow({ ...queryOf(uri), ...more });
      return found === undefined ? undefined : trialOrder(found);
    },
    close: async () => {
      resolver.stop();
      await dns.close();
    },
  };
}

/** Destinations in order of trial, or the error's code. */
export function trialOrder(found: Resolved): string {
  if (!found.ok) return found.error.code;
  return found.value
    .map(({ transport, remote: { address, port } }) =>
      address.includes(':') ? `${transport} [${address}]:${port}` : `${transport} ${address}:${port}`,
    )
    .join(', ');
}

/** `sip:host:port;transport=x`, without a user. */
export function queryOf(uri: string): ResolveQuery {
  const parts = /^(sips?):(\[[^\]]+\]|[^:;]+)(?::([0-9]+))?(?:;transport=(.+))?$/.exec(uri);
  if (parts === null) throw new Error(`no URI of a test: ${uri}`);
  const [, scheme, host = '', port, transport] = parts;
  return {
    host,
    port: port === undefined ? undefined : Number(port),
    transport: transport as Transport | undefined,
    isSecure: scheme === 'sips',
  };
}

function listenersOf(text: string): Listener[] {
  return text.split(' ').map((word) => {
    const address = word.endsWith('6') ? '::1' : '127.0.0.1';
    return {
      transport: word.slice(0, -1) as Transport,
      local: { address, port: 5060 },
      announced: { host: address, port: 5060 },
      ingress: 'test',
    };
  });
}
