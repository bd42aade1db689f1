import { afterEach, describe, expect, it } from 'vitest';
import { DnsClient } from '../../../src/net/dns-client.ts';
import { fixedDnsConfig } from '../../../src/net/dns-config.ts';
import type { DnsOutcome, DnsType } from '../../../src/net/dns-types.ts';
import { systemClock } from '../../../src/net/system.ts';
import { SeededRandom } from '../../support/manual-clock.ts';
import { type DnsAnswer, startDns, type TestDns } from '../../support/net-dns.ts';

const servers: TestDns[] = [];
const clients: DnsClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.stop();
  for (const server of servers.splice(0)) await server.close();
});

async function server(zone: Readonly<Record<string, DnsAnswer>>): Promise<TestDns> {
  const started = await startDns(zone);
  servers.push(started);
  return started;
}

function clientOf(
  addresses: readonly string[],
  limits: { timeoutMs?: number; patienceMs?: number; questionsMax?: number } = {},
): DnsClient {
  const client = new DnsClient({
    config: fixedDnsConfig(addresses),
    clock: systemClock,
    random: new SeededRandom(1),
    timeoutMs: limits.timeoutMs ?? 5_000,
    patienceMs: limits.patienceMs ?? 1_000,
    questionsMax: limits.questionsMax ?? 100,
  });
  clients.push(client);
  return client;
}

/** `records 60: 192.0.2.1`, `no name`, `no record 30`, or the error's code. */
function said(outcome: DnsOutcome): string {
  switch (outcome.kind) {
    case 'records':
      return `${outcome.ttlS} s: ${outcome.records
        .map((record) => {
          if (record.type === 'SRV')
            return `${record.priority} ${record.weight} ${record.port} ${record.target}`;
          if (record.type === 'NAPTR') return `${record.order} ${record.services} ${record.replacement}`;
          return record.address;
        })
        .join(', ')}`;
    case 'absent':
      return `${outcome.isNameAbsent ? 'no name' : 'no record'}, ${outcome.ttlS ?? '?'} s`;
    default:
      return outcome.error.code;
  }
}

describe('one name server', () => {
  const rows: readonly {
    readonly name: string;
    readonly zone: Readonly<Record<string, DnsAnswer>>;
    readonly ask: string;
    readonly type?: DnsType;
    readonly negativeTtlS?: number;
    readonly isWithoutEdns?: boolean;
    readonly said: string;
    readonly tcp?: number;
  }[] = [
    {
      name: 'A',
      zone: { 'x.example': { a: ['192.0.2.1', '192.0.2.2'] } },
      ask: 'x.example',
      said: '60 s: 192.0.2.1, 192.0.2.2',
    },
    {
      name: 'AAAA',
      zone: { 'x.example': { aaaa: ['2001:db8::1'] } },
      ask: 'x.example',
      type: 'AAAA',
      said: '60 s: 2001:db8::1',
    },
    {
      name: 'SRV, targets in lower case without a final dot',
      zone: { 'x.example': { srv: ['1 2 5060 A.Example.', '0 0 0 .'], ttlS: 7 } },
      ask: 'x.example',
      type: 'SRV',
      said: '7 s: 1 2 5060 a.example, 0 0 0 .',
    },
    {
      name: 'NAPTR',
      zone: { 'x.example': { naptr: ['1 2 s SIP+D2U - _SIP._udp.x.example'] } },
      ask: 'x.example',
      type: 'NAPTR',
      said: '60 s: 1 SIP+D2U _sip._udp.x.example',
    },
    {
      name: 'a TTL of zero',
      zone: { 'x.example': { a: ['192.0.2.1'], ttlS: 0 } },
      ask: 'x.example',
      said: '0 s: 192.0.2.1',
    },
    {
      name: 'RFC 2181 §8: a TTL with its highest bit set is zero',
      zone: { 'x.example': { a: ['192.0.2.1'], ttlS: 0x8000_0001 } },
      ask: 'x.example',
      said: '0 s: 192.0.2.1',
    },
    { name: 'no such name, without a time', zone: {}, ask: 'x.example', said: 'no name, ? s' },
    {
      name: 'RFC 2308 §5: no such name, for a time',
      zone: {},
      ask: 'x.example',
      negativeTtlS: 30,
      said: 'no name, 30 s',
    },
    {
      name: 'RFC 2308 §5: no such record, for a time',
      zone: { 'x.example': {} },
      ask: 'x.example',
      negativeTtlS: 30,
      said: 'no record, 30 s',
    },
    {
      name: 'SERVFAIL',
      zone: { 'x.example': { rcode: 2 } },
      ask: 'x.example',
      said: 'net.nameServersFailed',
    },
    { name: 'REFUSED', zone: { 'x.example': { rcode: 5 } }, ask: 'x.example', said: 'net.nameServersFailed' },
    {
      name: 'what is no message',
      zone: { 'x.example': { isGarbled: true } },
      ask: 'x.example',
      said: 'net.nameServersFailed',
    },
    {
      name: 'RFC 5452 §9.1: answers to other ids and questions are passed over',
      zone: { 'x.example': { a: ['192.0.2.1'], isNoisy: true } },
      ask: 'x.example',
      said: '60 s: 192.0.2.1',
    },
    {
      name: 'RFC 7766 §5: a truncated answer is fetched by TCP',
      zone: {
        'x.example': { a: Array.from({ length: 60 }, (_, index) => `192.0.2.${index}`), isTruncated: true },
      },
      ask: 'x.example',
      said: `60 s: ${Array.from({ length: 60 }, (_, index) => `192.0.2.${index}`).join(', ')}`,
      tcp: 1,
    },
    {
      name: 'a set that is larger than any use is cut',
      zone: {
        'x.example': { a: Array.from({ length: 200 }, (_, index) => `192.0.2.${index}`), isTruncated: true },
      },
      ask: 'x.example',
      said: `60 s: ${Array.from({ length: 64 }, (_, index) => `192.0.2.${index}`).join(', ')}`,
      tcp: 1,
    },
    {
      name: 'RFC 6891 §7: a server that does not know EDNS is asked again without',
      zone: { 'x.example': { a: ['192.0.2.1'] } },
      ask: 'x.example',
      isWithoutEdns: true,
      said: '60 s: 192.0.2.1',
    },
    {
      name: 'an alias with its records, for the smaller time',
      zone: {
        'x.example': { cname: 'Y.example', ttlS: 5, isAliasResolved: true },
        'y.example': { a: ['192.0.2.1'] },
      },
      ask: 'x.example',
      said: '5 s: 192.0.2.1',
    },
    {
      name: 'an alias without its records is followed',
      zone: { 'x.example': { cname: 'y.example', ttlS: 5 }, 'y.example': { a: ['192.0.2.1'] } },
      ask: 'x.example',
      said: '5 s: 192.0.2.1',
    },
    {
      name: 'an alias of what does not exist',
      zone: { 'x.example': { cname: 'y.example' } },
      ask: 'x.example',
      negativeTtlS: 30,
      said: 'no name, 30 s',
    },
    {
      name: 'an alias of itself',
      zone: { 'x.example': { cname: 'x.example' } },
      ask: 'x.example',
      said: 'net.nameServersFailed',
    },
    {
      name: 'a circle of aliases that comes in pieces',
      zone: { 'x.example': { cname: 'y.example' }, 'y.example': { cname: 'x.example' } },
      ask: 'x.example',
      said: 'net.nameServersFailed',
    },
  ];
  for (const row of rows) {
    it(row.name, async () => {
      const dns = await server(row.zone);
      dns.negativeTtlS = row.negativeTtlS;
      dns.isWithoutEdns = row.isWithoutEdns === true;
      const client = clientOf([dns.address]);
      expect(said(await client.ask({ name: row.ask, type: row.type ?? 'A' }))).toBe(row.said);
      expect(dns.tcpQueries).toHaveLength(row.tcp ?? 0);
      expect(client.size).toBe(0);
    });
  }

  it('is asked again while it stays silent, then given up', async () => {
    const dns = await server({ 'x.example': { isSilent: true } });
    const client = clientOf([dns.address], { timeoutMs: 200, patienceMs: 40 });
    expect(said(await client.ask({ name: 'x.example', type: 'A' }))).toBe('net.nameTimeout');
    expect(dns.queries.length).toBeGreaterThan(2);
  });

  it('that is not there is found out at once', async () => {
    const dns = await server({});
    await servers.pop()?.close();
    const client = clientOf([dns.address], { timeoutMs: 60_000, patienceMs: 60_000 });
    expect(said(await client.ask({ name: 'x.example', type: 'A' }))).toBe('net.nameServersFailed');
  });
});

describe('several name servers', () => {
  const good = { 'x.example': { a: ['192.0.2.1'] } };
  const rows: readonly { readonly name: string; readonly first: DnsAnswer; readonly asked: number }[] = [
    { name: 'the second is asked at once where the first fails', first: { rcode: 2 }, asked: 1 },
    { name: 'the second is asked at once where the first refuses', first: { rcode: 5 }, asked: 1 },
    { name: 'the second is asked where the first makes no sense', first: { isGarbled: true }, asked: 1 },
    { name: 'the second is not asked where the first answers', first: { a: ['192.0.2.1'] }, asked: 0 },
  ];
  for (const row of rows) {
    it(row.name, async () => {
      const first = await server({ 'x.example': row.first });
      const second = await server(good);
      // Patience without end: whatever happens, happens without waiting.
      const client = clientOf([first.address, second.address], { timeoutMs: 60_000, patienceMs: 60_000 });
      expect(said(await client.ask({ name: 'x.example', type: 'A' }))).toBe('60 s: 192.0.2.1');
      expect(second.queries).toHaveLength(row.asked);
    });
  }

  it('a silent one is asked last for a while', async () => {
    const silent = await server({ 'x.example': { isSilent: true }, 'y.example': { a: ['192.0.2.7'] } });
    const second = await server({ ...good, 'y.example': { a: ['192.0.2.2'] } });
    const client = clientOf([silent.address, second.address], { patienceMs: 50 });
    expect(said(await client.ask({ name: 'x.example', type: 'A' }))).toBe('60 s: 192.0.2.1');
    expect(said(await client.ask({ name: 'y.example', type: 'A' }))).toBe('60 s: 192.0.2.2');
  });

  it('"no such name" of the first stands, without asking the second', async () => {
    const first = await server({});
    const second = await server(good);
    const client = clientOf([first.address, second.address]);
    expect(said(await client.ask({ name: 'x.example', type: 'A' }))).toBe('no name, ? s');
    expect(second.queries).toHaveLength(0);
  });

  it('all fail: the reasons are told together', async () => {
    const first = await server({ 'x.example': { rcode: 2 } });
    const second = await server({ 'x.example': { rcode: 5 } });
    const outcome = await clientOf([first.address, second.address]).ask({ name: 'x.example', type: 'A' });
    expect(outcome.kind === 'failed' ? outcome.error.message : '').toBe(
      `${first.address}: SERVFAIL; ${second.address}: REFUSED`,
    );
  });

  it('none is known', async () => {
    expect(said(await clientOf([]).ask({ name: 'x.example', type: 'A' }))).toBe('net.nameServersFailed');
  });
});

describe('limits', () => {
  it('questions beyond the limit fail at once, those under way go on', async () => {
    const dns = await server({ 'x.example': { a: ['192.0.2.1'] } });
    dns.held = [];
    const client = clientOf([dns.address], { questionsMax: 2, patienceMs: 60_000, timeoutMs: 60_000 });
    const first = client.ask({ name: 'x.example', type: 'A' });
    const second = client.ask({ name: 'x.example', type: 'AAAA' });
    expect(said(await client.ask({ name: 'y.example', type: 'A' }))).toBe('net.nameServersFailed');
    await expect.poll(() => dns.held?.length).toBe(2);
    for (const release of dns.held ?? []) release();
    expect(said(await first)).toBe('60 s: 192.0.2.1');
    expect(said(await second)).toBe('no record, ? s');
  });

  it('stop ends what is under way, and what comes later', async () => {
    const dns = await server({ 'x.example': { isSilent: true } });
    const client = clientOf([dns.address], { timeoutMs: 60_000, patienceMs: 60_000 });
    const asked = client.ask({ name: 'x.example', type: 'A' });
    await expect.poll(() => dns.queries.length).toBe(1);
    client.stop();
    client.stop();
    expect(said(await asked)).toBe('net.stopped');
    expect(said(await client.ask({ name: 'x.example', type: 'A' }))).toBe('net.stopped');
  });
});
