import { afterEach, describe, expect, it } from 'vitest';
import type { DnsAnswer } from '../support/net-dns.ts';
import { startResolver, type TestResolver } from '../support/net-resolver.ts';

// ED-58/SP-31: "If TLS session establishment is not available or fails, the call MUST be retried without TLS."

let running: TestResolver | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

const psap: Readonly<Record<string, DnsAnswer>> = {
  'psap.example': { a: ['192.0.2.80'] },
  '_sips._tcp.psap.example': { srv: ['1 1 5071 a.psap.example', '2 1 5071 b.psap.example'] },
  'a.psap.example': { a: ['192.0.2.1'] },
  'b.psap.example': { a: ['192.0.2.2'] },
};

interface Row {
  readonly name: string;
  readonly uri: string;
  readonly listeners?: string;
  readonly zone?: Readonly<Record<string, DnsAnswer>>;
  readonly tried: string;
}

function rows(list: readonly Row[], mayFallBack: boolean): void {
  for (const row of list) {
    it(row.name, async () => {
      running = await startResolver({ zone: row.zone ?? {}, listeners: row.listeners ?? 'udp4 tcp4 tls4' });
      expect(await running.ask(row.uri, { mayFallBack })).toBe(row.tried);
    });
  }
}

describe('RFC 6881 §9.1 SP-31: after TLS the same host by TCP, then UDP', () => {
  rows(
    [
      {
        name: 'a number in a SIPS URI',
        uri: 'sips:192.0.2.1',
        tried: 'tls 192.0.2.1:5061, tcp 192.0.2.1:5060, udp 192.0.2.1:5060',
      },
      {
        name: 'a number with transport=tls and a port of its own: TCP and UDP at 5060',
        uri: 'sip:192.0.2.1:5081;transport=tls',
        tried: 'tls 192.0.2.1:5081, tcp 192.0.2.1:5060, udp 192.0.2.1:5060',
      },
      {
        name: 'a name with a port',
        uri: 'sips:a.psap.example:5061',
        zone: psap,
        tried: 'tls 192.0.2.1:5061, tcp 192.0.2.1:5060, udp 192.0.2.1:5060',
      },
      {
        name: 'all TLS services first, then their hosts by TCP, then by UDP',
        uri: 'sips:psap.example',
        zone: psap,
        tried:
          'tls 192.0.2.1:5071, tls 192.0.2.2:5071, tcp 192.0.2.1:5060, tcp 192.0.2.2:5060, ' +
          'udp 192.0.2.1:5060, udp 192.0.2.2:5060',
      },
      {
        name: 'services that the domain names for TCP come instead of the same hosts',
        uri: 'sip:psap.example;transport=tls',
        zone: {
          ...psap,
          '_sip._tcp.psap.example': { srv: ['1 1 5090 c.psap.example'] },
          'c.psap.example': { a: ['192.0.2.3'] },
        },
        tried:
          'tls 192.0.2.1:5071, tls 192.0.2.2:5071, tcp 192.0.2.3:5090, udp 192.0.2.1:5060, udp 192.0.2.2:5060',
      },
      {
        name: 'a transport that the domain says it does not have is left out',
        uri: 'sips:psap.example',
        zone: { ...psap, '_sip._udp.psap.example': { srv: ['0 0 0 .'] } },
        tried: 'tls 192.0.2.1:5071, tls 192.0.2.2:5071, tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
      },
      {
        name: 'TLS by NAPTR alone',
        uri: 'sip:psap.example',
        zone: { ...psap, 'psap.example': { naptr: ['1 1 s SIPS+D2T - _sips._tcp.psap.example'] } },
        tried:
          'tls 192.0.2.1:5071, tls 192.0.2.2:5071, tcp 192.0.2.1:5060, tcp 192.0.2.2:5060, ' +
          'udp 192.0.2.1:5060, udp 192.0.2.2:5060',
      },
      {
        name: 'NAPTR records of every order',
        uri: 'sip:psap.example',
        zone: {
          ...psap,
          'psap.example': {
            naptr: ['1 1 s SIPS+D2T - _sips._tcp.psap.example', '2 1 s SIP+D2U - _sip._udp.psap.example'],
          },
          '_sip._udp.psap.example': { srv: ['1 1 5060 b.psap.example'] },
        },
        tried:
          'tls 192.0.2.1:5071, tls 192.0.2.2:5071, udp 192.0.2.2:5060, tcp 192.0.2.1:5060, tcp 192.0.2.2:5060',
      },
      {
        name: 'TLS is not available here: TCP, then UDP',
        uri: 'sips:psap.example',
        listeners: 'udp4 tcp4',
        zone: psap,
        tried: 'tcp 192.0.2.80:5060, udp 192.0.2.80:5060',
      },
      {
        name: 'no NAPTR: TLS before TCP before UDP where the domain has these services',
        uri: 'sip:psap.example',
        zone: {
          ...psap,
          '_sip._udp.psap.example': { srv: ['1 1 5060 a.psap.example'] },
          '_sip._tcp.psap.example': { srv: ['1 1 5060 a.psap.example'] },
        },
        tried: 'tls 192.0.2.1:5071, tls 192.0.2.2:5071, tcp 192.0.2.1:5060, udp 192.0.2.1:5060',
      },
      {
        name: 'services whose hosts have no address leave the addresses of the name',
        uri: 'sip:lost.example;transport=tcp',
        zone: {
          '_sip._tcp.lost.example': { srv: ['1 1 5060 gone.example'] },
          'lost.example': { a: ['192.0.2.9'] },
        },
        tried: 'tcp 192.0.2.9:5060',
      },
    ],
    true,
  );
});

describe('RFC 6881 §9.1 SP-31: only where TLS was asked for', () => {
  rows(
    [
      { name: 'a number stays with UDP', uri: 'sip:192.0.2.1', tried: 'udp 192.0.2.1:5060' },
      {
        name: 'transport=tcp stays with TCP',
        uri: 'sip:192.0.2.1;transport=tcp',
        tried: 'tcp 192.0.2.1:5060',
      },
      {
        name: 'no records: UDP',
        uri: 'sip:psap.example',
        zone: { 'psap.example': { a: ['192.0.2.80'] } },
        tried: 'udp 192.0.2.80:5060',
      },
    ],
    true,
  );
});

describe('RFC 5630 §5.3: without leave to fall back, TLS or nothing', () => {
  rows(
    [
      { name: 'a number', uri: 'sips:192.0.2.1', tried: 'tls 192.0.2.1:5061' },
      {
        name: 'a name',
        uri: 'sips:psap.example',
        zone: psap,
        tried: 'tls 192.0.2.1:5071, tls 192.0.2.2:5071',
      },
      {
        name: 'TLS is not available here',
        uri: 'sips:psap.example',
        listeners: 'udp4 tcp4',
        zone: psap,
        tried: 'net.noListener',
      },
    ],
    false,
  );
});

describe('RFC 5922 §7.3 the identity that the certificate is held against', () => {
  it('is the host of the URI, not a target found in DNS; others than TLS carry none', async () => {
    running = await startResolver({ zone: psap });
    const query = { host: 'PSAP.example.', port: undefined, transport: 'tls', mayFallBack: true } as const;
    const found = await running.resolver.resolve(query);
    const names = found.ok
      ? found.value.map(({ transport, serverName }) => `${transport} ${serverName}`)
      : [];
    expect(new Set(names)).toEqual(new Set(['tls psap.example', 'tcp undefined', 'udp undefined']));
  });
});
