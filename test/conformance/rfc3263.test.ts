import { afterEach, describe, expect, it } from 'vitest';
import type { ResolveQuery } from '../../src/sip/transaction/index.ts';
import type { DnsAnswer } from '../support/net-dns.ts';
import { startResolver, type TestResolver } from '../support/net-resolver.ts';

// Locating SIP servers, over the wire: a name server on loopback, the resolver with its client and cache.

let running: TestResolver | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

interface Row {
  readonly name: string;
  readonly uri: string;
  readonly more?: Partial<ResolveQuery>;
  readonly listeners?: string;
  readonly zone?: Readonly<Record<string, DnsAnswer>>;
  readonly tried: string;
  readonly timeoutMs?: number;
  /** Questions that must not have been asked. */
  readonly unasked?: RegExp;
}

function rows(list: readonly Row[]): void {
  for (const row of list) {
    it(row.name, async () => {
      const { zone = {}, listeners = 'udp4 tcp4 tls4', timeoutMs = 4_000 } = row;
      running = await startResolver({ zone, listeners, timeoutMs });
      expect(await running.ask(row.uri, row.more)).toBe(row.tried);
      if (row.unasked !== undefined) expect(running.dns.queries.join('\n')).not.toMatch(row.unasked);
    });
  }
}

/** The example of RFC 3263 §4.1. */
const example: Readonly<Record<string, DnsAnswer>> = {
  'example.com': {
    naptr: [
      '50 50 s SIPS+D2T - _sips._tcp.example.com',
      '90 50 s SIP+D2T - _sip._tcp.example.com',
      '100 50 s SIP+D2U - _sip._udp.example.com',
    ],
    a: ['192.0.2.80'],
  },
  '_sips._tcp.example.com': { srv: ['0 1 5061 server1.example.com'] },
  '_sip._tcp.example.com': { srv: ['0 1 5060 server1.example.com', '1 2 5060 server2.example.com'] },
  '_sip._udp.example.com': { srv: ['0 1 5060 server2.example.com'] },
  'server1.example.com': { a: ['192.0.2.1'] },
  'server2.example.com': { a: ['192.0.2.2'] },
};

describe('RFC 3263 §4.1 selecting a transport protocol: what the URI says', () => {
  rows([
    {
      name: 'a transport parameter is used',
      uri: 'sip:192.0.2.9;transport=tcp',
      tried: 'tcp 192.0.2.9:5060',
    },
    { name: 'a numeric address goes by UDP', uri: 'sip:192.0.2.9', tried: 'udp 192.0.2.9:5060' },
    {
      name: 'a numeric IPv6 address goes by UDP',
      uri: 'sip:[2001:db8::9]',
      listeners: 'udp6',
      tried: 'udp [2001:db8::9]:5060',
    },
    {
      name: 'a numeric address of a SIPS URI goes by TLS',
      uri: 'sips:192.0.2.9',
      tried: 'tls 192.0.2.9:5061',
    },
    {
      name: 'a SIPS URI with transport=tcp goes by TLS over TCP',
      uri: 'sips:192.0.2.9;transport=tcp',
      tried: 'tls 192.0.2.9:5061',
    },
    {
      name: 'a name with a port goes by UDP, without NAPTR and SRV',
      uri: 'sip:example.com:5070',
      zone: example,
      tried: 'udp 192.0.2.80:5070',
      unasked: /NAPTR|SRV/,
    },
    {
      name: 'a name with a port in a SIPS URI goes by TLS',
      uri: 'sips:example.com:5071',
      zone: example,
      tried: 'tls 192.0.2.80:5071',
    },
    {
      name: 'a name with a transport is not asked for NAPTR',
      uri: 'sip:example.com;transport=udp',
      zone: example,
      tried: 'udp 192.0.2.2:5060',
      unasked: /NAPTR/,
    },
  ]);
});

describe('RFC 3263 §4.1 selecting a transport protocol: NAPTR', () => {
  const at = (naptr: readonly string[]): Readonly<Record<string, DnsAnswer>> => ({
    ...example,
    'example.com': { naptr },
  });
  rows([
    {
      name: 'the most preferred service that the client supports, here without TLS',
      uri: 'sip:example.com',
      listeners: 'udp4 tcp4',
      zone: example,
      tried: 'tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
    },
    {
      name: 'a SIP URI retains SIPS records where the client supports TLS',
      uri: 'sip:example.com',
      zone: example,
      tried: 'tls 192.0.2.1:5061',
    },
    {
      name: 'a SIPS URI discards services without SIPS',
      uri: 'sips:example.com',
      zone: {
        ...at(['10 1 s SIP+D2U - _sip._udp.example.com', '20 1 s SIPS+D2T - _sips._tcp.example.com']),
      },
      tried: 'tls 192.0.2.1:5061',
    },
    {
      name: 'services of transports that are not spoken are discarded (D2S is SCTP)',
      uri: 'sip:example.com',
      zone: at(['1 1 s SIP+D2S - _sip._sctp.example.com', '2 1 s SIP+D2U - _sip._udp.example.com']),
      tried: 'udp 192.0.2.2:5060',
    },
    {
      name: 'services of other protocols are discarded',
      uri: 'sip:example.com',
      zone: at(['1 1 u E2U+sip !^.*$!sip:x@y! .', '2 1 s SIP+D2T - _sip._tcp.example.com']),
      tried: 'tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
    },
    {
      name: 'service and flag in any case',
      uri: 'sip:example.com',
      zone: at(['1 1 S sip+d2t - _sip._tcp.example.com']),
      tried: 'tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
    },
    {
      name: 'equal order: the lower preference first, the next behind it',
      uri: 'sip:example.com',
      zone: at(['1 20 s SIP+D2T - _sip._tcp.example.com', '1 10 s SIP+D2U - _sip._udp.example.com']),
      tried: 'udp 192.0.2.2:5060, tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
    },
    {
      name: 'a record with a regular expression, one without replacement and one with another flag are passed over',
      uri: 'sip:example.com',
      zone: at([
        '1 1 s SIP+D2T !.*!x! _sip._tcp.example.com',
        '2 1 s SIP+D2T - .',
        '3 1 a SIP+D2T - server1.example.com',
        '4 1 s SIP+D2U - _sip._udp.example.com',
      ]),
      tried: 'udp 192.0.2.2:5060',
    },
    {
      name: 'the replacement may lie in another domain',
      uri: 'sip:school.example',
      zone: {
        ...example,
        'school.example': { naptr: ['1 1 s SIP+D2T - _sip._tcp.example.com'] },
      },
      tried: 'tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
    },
    {
      name: 'an alias leads to NAPTR records',
      uri: 'sip:alias.example',
      zone: { ...example, 'alias.example': { cname: 'example.com' } },
      tried: 'tls 192.0.2.1:5061',
    },
    {
      name: 'a record whose SRV name does not exist gives way to the next order',
      uri: 'sip:example.com',
      zone: at(['1 1 s SIP+D2T - _sip._tcp.gone.example', '2 1 s SIP+D2U - _sip._udp.example.com']),
      tried: 'udp 192.0.2.2:5060',
    },
    {
      name: 'where no record leads anywhere, the SRV records of the domain itself count',
      uri: 'sip:example.com',
      zone: at(['1 1 s SIP+D2T - _sip._tcp.gone.example']),
      tried: 'udp 192.0.2.2:5060',
    },
  ]);
});

describe('RFC 3263 §4.1 selecting a transport protocol: no NAPTR records', () => {
  const without = (names: readonly string[]): Readonly<Record<string, DnsAnswer>> =>
    Object.fromEntries(
      Object.entries({ ...example, 'example.com': { a: ['192.0.2.80'] } }).filter(
        ([name]) => !names.includes(name),
      ),
    );
  rows([
    {
      name: 'the first transport of our order that has SRV records',
      uri: 'sip:example.com',
      zone: without([]),
      tried: 'udp 192.0.2.2:5060',
    },
    {
      name: 'a transport without SRV records is not supported',
      uri: 'sip:example.com',
      zone: without(['_sip._udp.example.com']),
      tried: 'tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
    },
    {
      name: 'only TLS has SRV records',
      uri: 'sip:example.com',
      zone: without(['_sip._udp.example.com', '_sip._tcp.example.com']),
      tried: 'tls 192.0.2.1:5061',
    },
    {
      name: 'a SIPS URI looks for _sips only',
      uri: 'sips:example.com',
      zone: without([]),
      tried: 'tls 192.0.2.1:5061',
      unasked: /_sip\._/,
    },
    {
      name: 'no SRV records: UDP for a SIP URI',
      uri: 'sip:example.com',
      zone: { 'example.com': { a: ['192.0.2.80'] } },
      tried: 'udp 192.0.2.80:5060',
    },
    {
      name: 'no SRV records: TLS for a SIPS URI',
      uri: 'sips:example.com',
      zone: { 'example.com': { a: ['192.0.2.80'] } },
      tried: 'tls 192.0.2.80:5061',
    },
    {
      timeoutMs: 2_000,
      name: 'the name servers fail at NAPTR and SRV: the addresses still count',
      uri: 'sip:example.com',
      zone: {
        'example.com': { a: ['192.0.2.80'], isSilent: ['NAPTR'] },
        '_sip._udp.example.com': { rcode: 2 },
        '_sip._tcp.example.com': { rcode: 2 },
      },
      tried: 'udp 192.0.2.80:5060',
    },
  ]);
});

describe('RFC 3263 §4.2 determining port and IP address', () => {
  rows([
    { name: 'a numeric address keeps its port', uri: 'sip:192.0.2.9:5070', tried: 'udp 192.0.2.9:5070' },
    {
      name: 'the default port of each transport',
      uri: 'sip:192.0.2.9;transport=ws',
      listeners: 'ws4',
      tried: 'ws 192.0.2.9:80',
    },
    {
      name: 'a port is no matter for SRV, 5060 neither',
      uri: 'sip:example.com:5060;transport=tcp',
      zone: example,
      tried: 'tcp 192.0.2.80:5060',
      unasked: /SRV/,
    },
    {
      name: 'a transport without a port: SRV for that transport alone',
      uri: 'sip:example.com;transport=tcp',
      zone: example,
      tried: 'tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
      unasked: /_udp|_sips/,
    },
    {
      name: 'transport=tls asks for the service _sips',
      uri: 'sip:example.com;transport=tls',
      zone: example,
      tried: 'tls 192.0.2.1:5061',
    },
    {
      name: 'a SIPS URI with transport=tcp asks for the service _sips',
      uri: 'sips:example.com;transport=tcp',
      zone: example,
      tried: 'tls 192.0.2.1:5061',
    },
    {
      name: 'no SRV records: the addresses of the name at the default port',
      uri: 'sip:plain.example;transport=tls',
      zone: { 'plain.example': { a: ['192.0.2.7', '192.0.2.8'] } },
      tried: 'tls 192.0.2.7:5061, tls 192.0.2.8:5061',
    },
    {
      name: 'the port comes from the SRV record',
      uri: 'sip:odd.example;transport=udp',
      zone: {
        '_sip._udp.odd.example': { srv: ['1 1 5099 a.odd.example'] },
        'a.odd.example': { a: ['192.0.2.5'] },
      },
      tried: 'udp 192.0.2.5:5099',
    },
  ]);

  it('where the name has neither records nor existence, the error tells it from name servers that fail', async () => {
    running = await startResolver({ zone: { 'broken.example': { rcode: 2 } }, listeners: 'udp4' });
    expect(await running.ask('sip:gone.example:5060')).toBe('net.nameNotFound');
    expect(await running.ask('sip:broken.example:5060')).toBe('net.nameServersFailed');
  });
});

describe('RFC 3263 §4.3 details of the RFC 2782 process', () => {
  rows([
    {
      name: 'every element of the list follows, so that a failure leads to the next',
      uri: 'sip:farm.example;transport=udp',
      zone: {
        '_sip._udp.farm.example': {
          srv: ['20 1 5060 c.farm.example', '10 1 5060 a.farm.example', '15 1 5062 b.farm.example'],
        },
        'a.farm.example': { a: ['192.0.2.11', '192.0.2.12'] },
        'b.farm.example': { a: ['192.0.2.13'] },
        'c.farm.example': { a: ['192.0.2.14'] },
      },
      tried: 'udp 192.0.2.11:5060, udp 192.0.2.12:5060, udp 192.0.2.13:5062, udp 192.0.2.14:5060',
    },
    {
      name: 'a target that fails to resolve leaves the others alone',
      uri: 'sip:farm.example;transport=udp',
      zone: {
        '_sip._udp.farm.example': {
          srv: ['1 1 5060 bad.farm.example', '2 1 5060 gone.example', '3 1 5060 good.farm.example'],
        },
        'bad.farm.example': { rcode: 2 },
        'good.farm.example': { a: ['192.0.2.15'] },
      },
      tried: 'udp 192.0.2.15:5060',
    },
  ]);
});

describe('RFC 7118 §5 locating SIP WebSocket servers', () => {
  const zone: Readonly<Record<string, DnsAnswer>> = {
    'ws.example': {
      naptr: ['1 1 s SIPS+D2W - _sips._ws.ws.example', '2 1 s SIP+D2W - _sip._ws.ws.example'],
    },
    '_sip._ws.ws.example': { srv: ['1 1 8080 a.ws.example'] },
    '_sips._ws.ws.example': { srv: ['1 1 8443 a.ws.example'] },
    'a.ws.example': { a: ['192.0.2.30'] },
  };
  rows([
    {
      name: 'SIP+D2W is plain WebSocket',
      uri: 'sip:ws.example',
      listeners: 'udp4 ws4',
      zone,
      tried: 'ws 192.0.2.30:8080',
    },
    {
      name: 'SIPS+D2W is secure WebSocket',
      uri: 'sips:ws.example',
      listeners: 'wss4 ws4',
      zone,
      tried: 'wss 192.0.2.30:8443',
    },
    {
      name: 'without records or a port: 443 for a SIPS URI',
      uri: 'sips:192.0.2.30;transport=ws',
      listeners: 'wss4',
      tried: 'wss 192.0.2.30:443',
    },
  ]);
});

describe('RFC 3263 §5 server usage', () => {
  rows([
    {
      name: 'a sent-by with a name and a port: addresses only, with the transport of the Via',
      uri: 'sip:example.com:5080;transport=tcp',
      zone: example,
      tried: 'tcp 192.0.2.80:5080',
      unasked: /SRV|NAPTR/,
    },
    {
      name: 'a sent-by with a name alone: SRV, _sips where the Via says TLS',
      uri: 'sip:example.com;transport=tls',
      zone: example,
      tried: 'tls 192.0.2.1:5061',
      unasked: /NAPTR/,
    },
  ]);
});
