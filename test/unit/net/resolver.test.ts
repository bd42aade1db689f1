import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { monoMs, wallMs } from '../../../src/base/index.ts';
import { nextHopFilter } from '../../../src/net/next-hop-filter.ts';
import { type Resolved, Resolver } from '../../../src/net/resolver.ts';
import type { Listener, Transport } from '../../../src/sip/transaction/index.ts';
import { startDns, type TestDns } from '../../support/net-dns.ts';

let dns: TestDns;
let folder: string;
let hostsPath: string;
let nowMs = 1000;
const clock = { mono: () => monoMs(nowMs), wall: () => wallMs(0) };

beforeEach(async () => {
  nowMs = 1000;
  folder = await mkdtemp(join(tmpdir(), 'firstline-net-'));
  hostsPath = join(folder, 'hosts');
  await writeFile(
    hostsPath,
    '127.0.0.1 localhost\n192.0.2.9\tPSAP.lab psap # the laboratory\n2001:db8::9 psap.lab\n',
  );
  dns = await startDns({
    'both.example': { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1'], ttlS: 30 },
    'four.example': { a: ['192.0.2.4'], ttlS: 0 },
    'six.example': { aaaa: ['2001:db8::6'] },
    'empty.example': {},
    'silent.example': { isSilent: true },
  });
});

afterEach(async () => {
  await dns.close();
  await rm(folder, { recursive: true });
});

describe('the answer to a host', () => {
  const rows: readonly {
    readonly name: string;
    readonly host: string;
    readonly families: string;
    readonly found: string;
  }[] = [
    { name: 'an IPv4 literal', host: '198.51.100.7', families: '46', found: '198.51.100.7' },
    { name: 'an IPv6 reference', host: '[2001:DB8::7]', families: '46', found: '2001:db8::7' },
    { name: 'an IPv6 literal without brackets', host: '2001:db8::7', families: '46', found: '2001:db8::7' },
    {
      name: 'a literal of a family that nothing listens on',
      host: '2001:db8::7',
      families: '4',
      found: 'net.noListener',
    },
    {
      name: 'RFC 6761 §6.3: localhost is loopback, whatever the hosts file says beside',
      host: 'localhost',
      families: '46',
      found: '127.0.0.1 ::1',
    },
    { name: 'a name under localhost', host: 'psap.localhost', families: '6', found: '::1' },
    {
      name: 'a name of the hosts file, whatever its case',
      host: 'Psap.Lab',
      families: '46',
      found: '192.0.2.9 2001:db8::9',
    },
    { name: 'an alias of the hosts file', host: 'psap', families: '46', found: '192.0.2.9' },
    {
      name: 'a name with both records',
      host: 'both.example',
      families: '46',
      found: '192.0.2.1 192.0.2.2 2001:db8::1',
    },
    {
      name: 'the family that is listed first, first',
      host: 'both.example',
      families: '64',
      found: '2001:db8::1 192.0.2.1 192.0.2.2',
    },
    { name: 'a name with a final dot', host: 'both.example.', families: '6', found: '2001:db8::1' },
    { name: 'a name with A records only', host: 'four.example', families: '46', found: '192.0.2.4' },
    { name: 'a name with AAAA records only', host: 'six.example', families: '46', found: '2001:db8::6' },
    {
      name: 'a name without a record of our families',
      host: 'six.example',
      families: '4',
      found: 'net.noListener',
    },
    { name: 'a name without records', host: 'empty.example', families: '46', found: 'net.nameNotFound' },
    { name: 'a name that does not exist', host: 'nobody.example', families: '46', found: 'net.nameNotFound' },
    { name: 'what is no name', host: 'a..b', families: '46', found: 'net.nameNotFound' },
    {
      name: 'name servers that say nothing',
      host: 'silent.example',
      families: '46',
      found: 'net.nameTimeout',
    },
  ];
  for (const row of rows) {
    it(row.name, async () => {
      const timeoutMs = row.found === 'net.nameTimeout' ? 200 : 2_000;
      const resolver = makeResolver({ families: row.families, timeoutMs });
      expect(summary(await resolver.resolve({ host: row.host, port: undefined, transport: 'udp' }))).toBe(
        row.found,
      );
    });
  }

  it('uses the port of the URI, else the one of the transport', async () => {
    const resolver = makeResolver({ transports: ['udp', 'tcp', 'tls'] });
    const ports = [];
    for (const [transport, port] of [
      ['udp', undefined],
      ['tcp', undefined],
      ['tls', undefined],
      ['tcp', 5070],
    ] as const) {
      const found = await resolver.resolve({ host: '192.0.2.1', port, transport });
      ports.push(found.ok ? found.value[0]?.remote.port : found.error.code);
    }
    expect(ports).toEqual([5060, 5060, 5061, 5070]);
  });

  it('refuses a transport that nothing listens on', async () => {
    const found = await makeResolver({}).resolve({ host: '192.0.2.1', port: 1, transport: 'wss' });
    expect(summary(found)).toBe('net.noListener');
  });
});

describe('the cache', () => {
  it('answers without asking again until the smallest TTL has passed', async () => {
    const resolver = makeResolver({});
    const query = { host: 'both.example', port: 5070, transport: 'udp' } as const;
    expect(resolver.resolveNow(query)).toBeUndefined();
    await resolver.resolve(query);
    expect(dns.queries).toHaveLength(2);
    nowMs += 29_999;
    expect(summary(resolver.resolveNow(query))).toBe('192.0.2.1 192.0.2.2 2001:db8::1');
    nowMs += 1;
    expect(resolver.resolveNow(query)).toBeUndefined();
    await resolver.resolve(query);
    expect(dns.queries).toHaveLength(4);
  });

  it('asks once for questions that come together', async () => {
    const resolver = makeResolver({});
    const query = { host: 'both.example', port: 5070, transport: 'udp' } as const;
    const found = await Promise.all([
      resolver.resolve(query),
      resolver.resolve(query),
      resolver.resolve(query),
    ]);
    expect(new Set(found.map(summary)).size).toBe(1);
    expect(dns.queries).toHaveLength(2);
  });

  it('keeps a TTL of zero for a second', async () => {
    const resolver = makeResolver({});
    const query = { host: 'four.example', port: 5070, transport: 'udp' } as const;
    await resolver.resolve(query);
    nowMs += 999;
    expect(resolver.resolveNow(query)).toBeDefined();
    nowMs += 1;
    expect(resolver.resolveNow(query)).toBeUndefined();
  });

  it('gives an old answer while the name servers are silent, not once they say that the name is gone', async () => {
    const resolver = makeResolver({});
    const query = { host: 'both.example', port: 5070, transport: 'udp' } as const;
    await resolver.resolve(query);
    nowMs += 60_000;
    dns.zone.set('both.example', { isSilent: true });
    expect(summary(await resolver.resolve(query))).toBe('192.0.2.1 192.0.2.2 2001:db8::1');
    expect(summary(resolver.resolveNow(query))).toBe('192.0.2.1 192.0.2.2 2001:db8::1');
    dns.zone.delete('both.example');
    nowMs += 5_000;
    expect(summary(resolver.resolveNow(query))).toBe('192.0.2.1 192.0.2.2 2001:db8::1');
    await expect
      .poll(() => {
        nowMs += 1_000;
        return summary(resolver.resolveNow(query));
      })
      .not.toMatch(/^192/);
    expect(summary(await resolver.resolve(query))).toBe('net.nameNotFound');
  });

  it('reads the hosts file again when it changed', async () => {
    const resolver = makeResolver({});
    const query = { host: 'new.lab', port: 5070, transport: 'udp' } as const;
    expect(summary(await resolver.resolve(query))).toBe('net.nameNotFound');
    await writeFile(hostsPath, '192.0.2.77 new.lab\n');
    nowMs += 5_000;
    expect(summary(await resolver.resolve(query))).toBe('192.0.2.77');
  });
});

describe('the networks that calls may be sent to', () => {
  it('leaves out addresses outside, and refuses a host that has no other', async () => {
    const resolver = makeResolver({ networks: ['192.0.2.2/32', '2001:db8::/64'] });
    const ask = async (host: string): Promise<string> =>
      summary(await resolver.resolve({ host, port: undefined, transport: 'udp' }));
    expect(await ask('both.example')).toBe('192.0.2.2 2001:db8::1');
    expect(await ask('four.example')).toBe('net.nextHopRefused');
    expect(await ask('127.0.0.1')).toBe('net.nextHopRefused');
  });
});

function makeResolver(options: {
  readonly families?: string;
  readonly transports?: readonly Transport[];
  readonly networks?: readonly string[];
  readonly timeoutMs?: number;
}): Resolver {
  const nextHops = nextHopFilter(options.networks ?? []);
  if (!nextHops.ok) throw new Error('bad networks in the test');
  const listeners: Listener[] = [];
  for (const transport of options.transports ?? ['udp']) {
    for (const family of options.families ?? '46') {
      const local = { address: family === '4' ? '127.0.0.1' : '::1', port: 5060 };
      listeners.push({ transport, local, announced: { host: local.address, port: 5060 }, ingress: 'test' });
    }
  }
  return new Resolver({
    listeners,
    nextHops: nextHops.value,
    clock,
    timeoutMs: options.timeoutMs ?? 2_000,
    hostsPath,
    nameServers: [dns.address],
  });
}

function summary(found: Resolved | undefined): string {
  if (found === undefined) return 'nothing yet';
  return found.ok ? found.value.map(({ remote }) => remote.address).join(' ') : found.error.code;
}
