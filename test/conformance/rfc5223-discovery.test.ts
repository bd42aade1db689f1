import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LostDiscovery, type LostPurpose, systemClock } from '../../src/net/index.ts';
import { type DnsAnswer, startDns, type TestDns } from '../support/net-dns.ts';

// Finding LoST servers by name (RFC 5222 §4, RFC 4848, RFC 8917), against a name server on loopback.

const zone: Readonly<Record<string, DnsAnswer>> = {
  // RFC 5222 §4, as written.
  'example.com': {
    naptr: [
      '200 10 u LoST:http !.*!http://lostserver.example.com! -',
      '100 10 u LoST:https !.*!https://lostserv.example.com/secure! -',
    ],
  },
  'both.example': {
    naptr: [
      '100 10 u LoST:https !.*!https://ecrf.both.example/! -',
      '100 10 u LoST-Validation:https !.*!https://lvf.both.example/! -',
    ],
  },
  'preferred.example': {
    naptr: [
      '100 20 u lost:HTTPS !.*!https://second.preferred.example/! -',
      '100 10 U LOST:https !.*!https://first.preferred.example/! -',
      '50 10 u LoST:https !.*!https://order.preferred.example/! -',
    ],
  },
  'leads-on.example': { naptr: ['100 10 - LoST:https - elsewhere.example.'] },
  'elsewhere.example': { naptr: ['100 10 u LoST:https !.*!https://there.example/lost! -'] },
  'circle.example': { naptr: ['100 10 - LoST:https - circle.example.'] },
  'useless.example': {
    naptr: [
      '100 10 s LoST:https - _lost._tcp.useless.example.',
      '100 10 a LoST:https - host.useless.example.',
      '100 10 p LoST:https !.*!https://flag.useless.example/! -',
      '100 10 u LoST:https !^(.*)$!https://\\1/! -',
      '100 10 u LoST:https !.*!ftp://scheme.useless.example/! -',
      '100 10 u LoST:http !.*!https://protocol.useless.example/! -',
      '100 10 u HELD:https !.*!https://service.useless.example/! -',
      '100 10 u LoST:https !.*!not/a/uri! -',
    ],
  },
  'other-delimiter.example': {
    naptr: ['100 10 u LoST:https /.*/https:x/ -', '100 10 u LoST #.*#https://d.example/x# -'],
  },
  'broken.example': { rcode: 2 },
  'silent.example': { isSilent: true },
};

describe('RFC 5222 §4, RFC 4848 and RFC 8917: a LoST server is found by its name', () => {
  let dns: TestDns;
  const opened: LostDiscovery[] = [];

  beforeEach(async () => {
    dns = await startDns(zone);
  });

  afterEach(async () => {
    for (const discovery of opened.splice(0)) discovery.stop();
    await dns.close();
  });

  function discovery(plainHttp: boolean): LostDiscovery {
    const made = new LostDiscovery({
      clock: systemClock,
      timeoutMs: 400,
      nameServers: [dns.address],
      plainHttp,
    });
    opened.push(made);
    return made;
  }

  interface Row {
    readonly name: string;
    readonly asked: string;
    readonly purpose?: LostPurpose;
    readonly plainHttp?: boolean;
    readonly uris: readonly string[] | string;
  }

  const rows: readonly Row[] = [
    {
      name: 'HTTPS before HTTP by the order of the records',
      asked: 'example.com',
      plainHttp: true,
      uris: ['https://lostserv.example.com/secure', 'http://lostserver.example.com'],
    },
    {
      name: 'no plain HTTP unless it is allowed',
      asked: 'Example.COM.',
      uris: ['https://lostserv.example.com/secure'],
    },
    { name: 'mapping by LoST alone', asked: 'both.example', uris: ['https://ecrf.both.example/'] },
    {
      name: 'validation by LoST-Validation first, LoST after it',
      asked: 'both.example',
      purpose: 'validation',
      uris: ['https://lvf.both.example/', 'https://ecrf.both.example/'],
    },
    {
      name: 'validation by LoST where there is no LoST-Validation',
      asked: 'example.com',
      purpose: 'validation',
      uris: ['https://lostserv.example.com/secure'],
    },
    {
      name: 'order before preference, tags and flags in any case',
      asked: 'preferred.example',
      uris: [
        'https://order.preferred.example/',
        'https://first.preferred.example/',
        'https://second.preferred.example/',
      ],
    },
    {
      name: 'a record without a flag leads to another name',
      asked: 'leads-on.example',
      uris: ['https://there.example/lost'],
    },
    { name: 'a circle has an end', asked: 'circle.example', uris: 'net.nameNotFound' },
    { name: 'nothing of what cannot be followed', asked: 'useless.example', uris: 'net.nameNotFound' },
    { name: 'another delimiter', asked: 'other-delimiter.example', uris: ['https://d.example/x'] },
    { name: 'no such name', asked: 'nothing.example', uris: 'net.nameNotFound' },
    { name: 'no name at all', asked: 'not a name', uris: 'net.nameNotFound' },
    { name: 'a name server that fails', asked: 'broken.example', uris: 'net.nameServersFailed' },
    { name: 'a name server that says nothing', asked: 'silent.example', uris: 'net.nameTimeout' },
  ];

  it.each(rows)('$name', async ({ asked, purpose = 'mapping', plainHttp = false, uris }) => {
    const found = await discovery(plainHttp).urisOf(asked, purpose);
    expect(found.ok ? found.value : found.error.code).toEqual(uris);
  });

  it('asks once for names that are asked for again', async () => {
    const one = discovery(false);
    await one.urisOf('both.example', 'mapping');
    await one.urisOf('both.example', 'validation');
    expect(dns.queries).toEqual(['both.example NAPTR']);
  });
});
