import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Destination } from '../../../src/sip/index.ts';
import type { DnsAnswer } from '../../support/net-dns.ts';
import {
  queryOf,
  startResolver,
  type TestResolver,
  type TestResolverOptions,
} from '../../support/net-resolver.ts';

let running: TestResolver | undefined;
const folders: string[] = [];

afterEach(async () => {
  await running?.close();
  running = undefined;
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function start(options: TestResolverOptions): Promise<TestResolver> {
  running = await startResolver(options);
  return running;
}

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'firstline-dns-'));
  folders.push(folder);
  const path = join(folder, 'file');
  await writeFile(path, text);
  return path;
}

const farm: Readonly<Record<string, DnsAnswer>> = {
  'farm.example': { naptr: ['1 1 s SIP+D2U - _sip._udp.farm.example'], ttlS: 300 },
  '_sip._udp.farm.example': { srv: ['1 1 5060 a.farm.example', '2 1 5060 b.farm.example'], ttlS: 300 },
  'a.farm.example': { a: ['192.0.2.1'], ttlS: 20 },
  'b.farm.example': { a: ['192.0.2.2'], ttlS: 300 },
};
const farmOrder = 'udp 192.0.2.1:5060, udp 192.0.2.2:5060';

describe('the call path', () => {
  it('an address needs neither questions nor files', async () => {
    const { askNow, dns } = await start({ zone: {} });
    expect(askNow('sip:192.0.2.1')).toBe('udp 192.0.2.1:5060');
    expect(dns.queries).toEqual([]);
  });

  it('hands out the very same list while nothing changes', async () => {
    const { ask, resolver } = await start({ zone: farm });
    await ask('sip:farm.example');
    const query = queryOf('sip:farm.example');
    expect(resolver.resolveNow(query)).toBe(resolver.resolveNow(query));
  });

  it('each record set is asked for again in its own time, ahead of need, and nobody waits', async () => {
    const { ask, askNow, clock, dns, resolver } = await start({ zone: farm });
    expect(await ask('sip:farm.example')).toBe(farmOrder);
    dns.queries.length = 0;
    for (let second = 0; second < 60; second += 1) {
      clock.advanceBy(1_000);
      expect(askNow('sip:farm.example')).toBe(farmOrder);
      // The answers of questions asked ahead come in.
      await expect.poll(() => resolver.counts().questionsUnderWay, { interval: 2 }).toBe(0);
    }
    expect(new Set(dns.queries)).toEqual(new Set(['a.farm.example A']));
    expect(dns.queries).toHaveLength(3);
  });

  it('a change of the zone is seen when its time has come', async () => {
    const { ask, clock, dns } = await start({ zone: farm });
    await ask('sip:farm.example');
    dns.zone.set('a.farm.example', { a: ['192.0.2.9'] });
    clock.advanceBy(20_000);
    expect(await ask('sip:farm.example')).toBe('udp 192.0.2.9:5060, udp 192.0.2.2:5060');
  });

  it('keeps separate what is asked for in different ways', async () => {
    const { ask, askNow } = await start({ zone: { 'x.example': { a: ['192.0.2.1'] } } });
    const uris = ['sip:x.example', 'sip:x.example:5070', 'sip:x.example;transport=tcp', 'sips:x.example'];
    const found = [];
    for (const uri of uris) found.push(await ask(uri));
    expect(found).toEqual([
      'udp 192.0.2.1:5060',
      'udp 192.0.2.1:5070',
      'tcp 192.0.2.1:5060',
      'tls 192.0.2.1:5061',
    ]);
    expect(uris.map((uri) => askNow(uri))).toEqual(found);
  });
});

describe('names that fail', () => {
  it('leave others alone', async () => {
    const { ask, dns } = await start({
      zone: { ...farm, 'silent.example': { isSilent: true }, 'broken.example': { rcode: 2 } },
      timeoutMs: 3_000,
    });
    const failing = Array.from({ length: 40 }, (_, index) => {
      dns.zone.set(`s${index}.silent.example`, { isSilent: true });
      return ask(`sip:s${index}.silent.example:5060`);
    });
    const broken = ask('sip:broken.example:5060');
    expect(await ask('sip:farm.example')).toBe(farmOrder);
    expect(await broken).toBe('net.nameServersFailed');
    expect(new Set(await Promise.all(failing))).toEqual(new Set(['net.nameTimeout']));
    expect(await ask('sip:farm.example')).toBe(farmOrder);
  });

  it('are not asked for again by every call', async () => {
    const { ask, askNow, dns } = await start({ zone: { 'broken.example': { rcode: 2 } }, listeners: 'udp4' });
    await ask('sip:broken.example:5060');
    const asked = dns.queries.length;
    expect(askNow('sip:broken.example:5060')).toBe('net.nameServersFailed');
    expect(dns.queries).toHaveLength(asked);
  });

  it('RFC 6761 §6.4: a name under invalid, as browsers send it, costs nothing', async () => {
    const { ask, dns } = await start({ zone: {} });
    expect(await ask('sip:df7jal23ls0d.invalid;transport=ws')).toBe('net.noListener');
    expect(await ask('sip:df7jal23ls0d.invalid')).toBe('net.nameNotFound');
    expect(dns.queries).toEqual([]);
  });

  it('while the name servers are silent, the last known destinations are used without waiting', async () => {
    const { ask, askNow, clock, dns } = await start({ zone: farm });
    await ask('sip:farm.example');
    for (const [name, answer] of dns.zone) dns.zone.set(name, { ...answer, isSilent: true });
    clock.advanceBy(3_600_000);
    expect(await ask('sip:farm.example')).toBe(farmOrder);
    expect(askNow('sip:farm.example')).toBe(farmOrder);
  });

  it('what is found in time is used where one target stays silent', async () => {
    const { ask } = await start({
      zone: { ...farm, 'a.farm.example': { isSilent: true } },
      timeoutMs: 1_500,
    });
    expect(await ask('sip:farm.example')).toBe('udp 192.0.2.2:5060');
  });
});

describe('files of the system', () => {
  it('a name of the hosts file has neither NAPTR nor SRV; an SRV target may be in it', async () => {
    const hostsPath = await fileWith('192.0.2.50 farm.example\n192.0.2.51 b.farm.example\n');
    const { ask, dns } = await start({ zone: farm, hostsPath });
    expect(await ask('sip:farm.example')).toBe('udp 192.0.2.50:5060');
    expect(dns.queries).toEqual([]);
    expect(await ask('sip:x.example;transport=udp')).toBe('net.nameNotFound');
    dns.zone.set('_sip._udp.y.example', { srv: ['1 1 5060 b.farm.example'] });
    expect(await ask('sip:y.example;transport=udp')).toBe('udp 192.0.2.51:5060');
  });

  it('short names are tried under the search list of resolv.conf', async () => {
    const hostsPath = await fileWith('192.0.2.60 psap.lab.example\n192.0.2.61 psap\n');
    const resolvPath = await fileWith('search lab.example\n');
    const { ask } = await start({ zone: {}, hostsPath, resolvPath, nameServers: undefined });
    expect(await ask('sip:psap')).toBe('udp 192.0.2.60:5060');
    expect(await ask('sip:psap.')).toBe('udp 192.0.2.61:5060');
  });
});

describe('RFC 3261 §18.1.1 requests that are too large for UDP', () => {
  const zone = { 'x.example': { a: ['192.0.2.1', '192.0.2.2'] } };
  const large = { sizeBytes: 1_301 };
  const tcpAt = (address: string): Destination => ({
    transport: 'tcp',
    remote: { address, port: 5060 },
    connectionId: undefined,
    local: undefined,
  });

  const rows: readonly {
    readonly name: string;
    readonly uri: string;
    readonly listeners?: string;
    readonly sizeBytes: number;
    readonly tried: string;
  }[] = [
    {
      name: 'each address by TCP first, then by UDP',
      uri: 'sip:x.example',
      sizeBytes: 1_301,
      tried: 'tcp 192.0.2.1:5060, udp 192.0.2.1:5060, tcp 192.0.2.2:5060, udp 192.0.2.2:5060',
    },
    {
      name: 'transport=udp too',
      uri: 'sip:192.0.2.1:5070;transport=udp',
      sizeBytes: 5_000,
      tried: 'tcp 192.0.2.1:5070, udp 192.0.2.1:5070',
    },
    { name: 'not up to 1,300', uri: 'sip:192.0.2.1', sizeBytes: 1_300, tried: 'udp 192.0.2.1:5060' },
    {
      name: 'not where TCP is the transport anyway',
      uri: 'sip:192.0.2.1;transport=tcp',
      sizeBytes: 9_000,
      tried: 'tcp 192.0.2.1:5060',
    },
    {
      name: 'not to loopback, whose MTU is known',
      uri: 'sip:127.0.0.1',
      sizeBytes: 9_000,
      tried: 'udp 127.0.0.1:5060',
    },
    {
      name: 'not to IPv6 loopback',
      uri: 'sip:[::1]',
      listeners: 'udp6 tcp6',
      sizeBytes: 9_000,
      tried: 'udp [::1]:5060',
    },
    {
      name: 'not without a TCP listener of that family',
      uri: 'sip:192.0.2.1',
      listeners: 'udp4 tcp6',
      sizeBytes: 9_000,
      tried: 'udp 192.0.2.1:5060',
    },
  ];
  for (const row of rows) {
    it(row.name, async () => {
      const { ask } = await start({ zone, listeners: row.listeners ?? 'udp4 tcp4' });
      expect(await ask(row.uri, { sizeBytes: row.sizeBytes })).toBe(row.tried);
    });
  }

  it('the TCP attempt is short', async () => {
    const { resolver } = await start({ zone, largeConnectTimeoutMs: 700 });
    const found = resolver.resolveNow({ ...queryOf('sip:192.0.2.1'), ...large });
    expect(found?.ok === true && found.value.map(({ connectTimeoutMs }) => connectTimeoutMs)).toEqual([
      700,
      undefined,
    ]);
  });

  it('where TCP could not be had, no other call waits for it; a probe beside the calls brings it back', async () => {
    const probes: string[] = [];
    let isReached = false;
    const { askNow, clock, resolver } = await start({
      zone,
      probe: async ({ remote }) => {
        probes.push(remote.address);
        return isReached;
      },
    });
    const ask = (): string | undefined => askNow('sip:192.0.2.1', large);
    const both = 'tcp 192.0.2.1:5060, udp 192.0.2.1:5060';
    expect(ask()).toBe(both);
    resolver.note(tcpAt('192.0.2.1'), 'unreachable', undefined);
    expect(ask()).toBe('udp 192.0.2.1:5060');
    expect(askNow('sip:192.0.2.2', large)).toBe('tcp 192.0.2.2:5060, udp 192.0.2.2:5060');
    clock.advanceBy(3_600_000);
    expect(ask()).toBe('udp 192.0.2.1:5060');
    expect(ask()).toBe('udp 192.0.2.1:5060');
    expect(probes).toEqual(['192.0.2.1']);
    await new Promise(setImmediate);
    // The next probe waits longer.
    clock.advanceBy(9_999);
    ask();
    expect(probes).toHaveLength(1);
    isReached = true;
    clock.advanceBy(1);
    ask();
    expect(probes).toHaveLength(2);
    await new Promise(setImmediate);
    expect(ask()).toBe(both);
  });

  it('a response over TCP brings it back too', async () => {
    const { askNow, resolver } = await start({ zone });
    resolver.note(tcpAt('192.0.2.1'), 'unreachable', undefined);
    resolver.note(tcpAt('192.0.2.1'), 'alive', undefined);
    expect(askNow('sip:192.0.2.1', large)).toBe('tcp 192.0.2.1:5060, udp 192.0.2.1:5060');
  });
});

describe('the health of addresses', () => {
  it('puts those that are down last, for all calls, and refusing ones for what is no emergency', async () => {
    const { ask, askNow, resolver, clock } = await start({ zone: farm });
    await ask('sip:farm.example');
    await ask('sip:farm.example', { mayFallBack: true });
    const found = resolver.resolveNow(queryOf('sip:farm.example'));
    const first = found?.ok === true ? found.value[0] : undefined;
    if (first === undefined) throw new Error('no destination');
    const turned = 'udp 192.0.2.2:5060, udp 192.0.2.1:5060';
    resolver.note(first, 'refusing', 4);
    expect(askNow('sip:farm.example')).toBe(turned);
    expect(askNow('sip:farm.example', { mayFallBack: true })).toBe(farmOrder);
    resolver.note(first, 'unreachable', undefined);
    expect(askNow('sip:farm.example', { mayFallBack: true })).toBe(turned);
    expect(resolver.health.list()).toMatchObject([{ address: '192.0.2.1', state: 'down' }]);
    clock.advanceBy(1);
    resolver.note(first, 'alive', undefined);
    expect(askNow('sip:farm.example')).toBe(farmOrder);
  });
});

describe('RFC 3263 §7', () => {
  it('tells when a domain has no services over TLS any more', async () => {
    const gone: string[] = [];
    const naptr = ['1 1 s SIPS+D2T - _sips._tcp.x.example', '2 1 s SIP+D2U - _sip._udp.x.example'];
    const zone = { 'x.example': { naptr, a: ['192.0.2.1'], ttlS: 10 } };
    const { ask, clock, dns } = await start({ zone, onTlsGone: (name) => gone.push(name) });
    await ask('sip:x.example');
    clock.advanceBy(11_000);
    dns.zone.set('x.example', { rcode: 2 });
    await ask('sip:x.example');
    expect(gone).toEqual([]);
    clock.advanceBy(11_000);
    dns.zone.set('x.example', { naptr: naptr.slice(1), a: ['192.0.2.1'], ttlS: 10 });
    await ask('sip:x.example');
    await expect.poll(() => gone).toEqual(['x.example']);
  });
});

describe('what operators see', () => {
  it('counts questions, failures and sizes', async () => {
    const { ask, resolver } = await start({
      zone: { 'x.example': { a: ['192.0.2.1'] }, 'y.example': { rcode: 2 } },
      listeners: 'udp4',
    });
    await ask('sip:x.example:5060');
    await ask('sip:y.example:5060');
    expect(resolver.counts()).toEqual({
      questions: 2,
      failures: 1,
      questionsUnderWay: 0,
      recordSets: 2,
      notedAddresses: 0,
      addressesWithoutTcp: 0,
    });
  });
});

describe('the networks that calls may be sent to', () => {
  it('hold for targets found in DNS and for fallbacks', async () => {
    const { ask } = await start({ zone: farm, networks: ['192.0.2.2/32'] });
    expect(await ask('sip:farm.example')).toBe('udp 192.0.2.2:5060');
    expect(await ask('sips:a.farm.example', { mayFallBack: true })).toBe('net.nextHopRefused');
  });
});

describe('TLS that may be done without', () => {
  it('is given less time than TLS that may not', async () => {
    const { resolver } = await start({ zone: {}, tlsConnectTimeoutMs: 1_500 });
    const limits = (mayFallBack: boolean): unknown => {
      const found = resolver.resolveNow({ ...queryOf('sips:192.0.2.1'), mayFallBack });
      return found?.ok === true && found.value.map(({ connectTimeoutMs }) => connectTimeoutMs);
    };
    expect(limits(true)).toEqual([1_500, undefined, undefined]);
    expect(limits(false)).toEqual([undefined]);
  });
});

describe('limits', () => {
  it('targets, addresses and destinations are bounded', async () => {
    const zone: Record<string, DnsAnswer> = {
      '_sip._udp.many.example': {
        srv: Array.from({ length: 30 }, (_, index) => `${index} 1 5060 t${index}.many.example`),
      },
    };
    for (let index = 0; index < 30; index += 1) {
      zone[`t${index}.many.example`] = {
        a: Array.from({ length: 20 }, (_, host) => `10.0.${index}.${host}`),
      };
    }
    const { ask, dns } = await start({ zone, listeners: 'udp4' });
    const tried = (await ask('sip:many.example;transport=udp')).split(', ');
    expect(tried).toHaveLength(32);
    expect(tried[8]).toBe('udp 10.0.1.0:5060');
    expect(dns.queries.filter((query) => query.endsWith(' A')).length).toBeLessThanOrEqual(17);
  });
});
