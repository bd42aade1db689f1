import { afterEach, describe, expect, it } from 'vitest';
import type { FamilyPolicy } from '../../src/net/next-hop-plan.ts';
import type { DnsAnswer } from '../support/net-dns.ts';
import { startResolver, type TestResolver } from '../support/net-resolver.ts';

let running: TestResolver | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

interface Row {
  readonly name: string;
  readonly uri: string;
  readonly listeners: string;
  readonly zone: Readonly<Record<string, DnsAnswer>>;
  readonly familyPolicy?: FamilyPolicy;
  readonly tried: readonly string[];
}

function rows(list: readonly Row[]): void {
  for (const row of list) {
    it(row.name, async () => {
      const { zone, listeners, familyPolicy } = row;
      running = await startResolver({ zone, listeners, familyPolicy });
      expect((await running.ask(row.uri)).split(', ')).toEqual(row.tried);
    });
  }
}

const both = { a: ['192.0.2.1', '192.0.2.2'], aaaa: ['2001:db8::1', '2001:db8::2'] };

describe('RFC 7984 §3.1 dual-stack record lookup', () => {
  rows([
    {
      name: 'a name with a port: the addresses of all families that we support',
      uri: 'sip:both.example:5060',
      listeners: 'udp6 udp4',
      zone: { 'both.example': both },
      tried: ['udp [2001:db8::1]:5060', 'udp [2001:db8::2]:5060', 'udp 192.0.2.1:5060', 'udp 192.0.2.2:5060'],
    },
    {
      name: 'a name without SRV records: the same',
      uri: 'sip:both.example;transport=tcp',
      listeners: 'tcp4 tcp6',
      zone: { 'both.example': both },
      tried: ['tcp 192.0.2.1:5060', 'tcp 192.0.2.2:5060', 'tcp [2001:db8::1]:5060', 'tcp [2001:db8::2]:5060'],
    },
    {
      name: 'records of a family that we do not support are ignored, the others used',
      uri: 'sip:both.example:5060',
      listeners: 'udp4',
      zone: { 'both.example': both },
      tried: ['udp 192.0.2.1:5060', 'udp 192.0.2.2:5060'],
    },
    {
      name: 'a host that has IPv6 only',
      uri: 'sip:six.example',
      listeners: 'udp4 udp6',
      zone: { 'six.example': { aaaa: ['2001:db8::6'] } },
      tried: ['udp [2001:db8::6]:5060'],
    },
    {
      name: 'a service that has IPv6 only',
      uri: 'sip:six.example',
      listeners: 'udp4 udp6 tcp6',
      zone: {
        'six.example': { naptr: ['1 1 s SIP+D2T - _sip._tcp.six.example'] },
        '_sip._tcp.six.example': { srv: ['1 1 5060 a.six.example'] },
        'a.six.example': { aaaa: ['2001:db8::6'] },
      },
      tried: ['tcp [2001:db8::6]:5060'],
    },
    {
      name: 'a failing question for one family does not cost the other',
      uri: 'sip:half.example:5060',
      listeners: 'udp6 udp4',
      zone: { 'half.example': { a: ['192.0.2.1'], isSilent: ['AAAA'] } },
      tried: ['udp 192.0.2.1:5060'],
    },
  ]);
});

describe('RFC 7984 §3.2 family preference in SRV records', () => {
  rows([
    {
      name: 'a target with one family at the lowest priority comes before one with both',
      uri: 'sip:pref.example;transport=udp',
      listeners: 'udp4 udp6',
      zone: {
        '_sip._udp.pref.example': { srv: ['1 1 5060 six.pref.example', '2 1 5060 both.example'] },
        'six.pref.example': { aaaa: ['2001:db8::66'] },
        'both.example': both,
      },
      tried: [
        'udp [2001:db8::66]:5060',
        'udp 192.0.2.1:5060',
        'udp 192.0.2.2:5060',
        'udp [2001:db8::1]:5060',
        'udp [2001:db8::2]:5060',
      ],
    },
  ]);
});

describe('RFC 7984 §4 interaction with RFC 6724', () => {
  const zone: Readonly<Record<string, DnsAnswer>> = {
    '_sip._tcp.example.com': { srv: ['10 1 5060 sip-1.example.com', '20 1 5060 sip-2.example.com'] },
    'sip-1.example.com': {
      aaaa: ['2001:db8:58:c02::face', '2001:db8:c:a06::2:cafe', '2001:db8:44:204::d1ce'],
      a: ['192.0.2.45', '203.0.113.109', '198.51.100.24'],
    },
    'sip-2.example.com': {
      aaaa: ['2001:db8:58:c02::dead', '2001:db8:c:a06::2:beef', '2001:db8:44:204::c0de'],
      a: ['192.0.2.75', '203.0.113.38', '198.51.100.140'],
    },
  };
  rows([
    {
      name: 'the example: addresses of two SRV targets are not interleaved',
      uri: 'sip:example.com;transport=tcp',
      listeners: 'tcp6 tcp4',
      zone,
      tried: [
        'tcp [2001:db8:58:c02::face]:5060',
        'tcp [2001:db8:c:a06::2:cafe]:5060',
        'tcp [2001:db8:44:204::d1ce]:5060',
        'tcp 192.0.2.45:5060',
        'tcp 203.0.113.109:5060',
        'tcp 198.51.100.24:5060',
        'tcp [2001:db8:58:c02::dead]:5060',
        'tcp [2001:db8:c:a06::2:beef]:5060',
        'tcp [2001:db8:44:204::c0de]:5060',
        'tcp 192.0.2.75:5060',
        'tcp 203.0.113.38:5060',
        'tcp 198.51.100.140:5060',
      ],
    },
    {
      name: 'the policy "alternate" takes the families of each target in turn',
      uri: 'sip:example.com;transport=tcp',
      listeners: 'tcp6 tcp4',
      zone,
      familyPolicy: 'alternate',
      tried: [
        'tcp [2001:db8:58:c02::face]:5060',
        'tcp 192.0.2.45:5060',
        'tcp [2001:db8:c:a06::2:cafe]:5060',
        'tcp 203.0.113.109:5060',
        'tcp [2001:db8:44:204::d1ce]:5060',
        'tcp 198.51.100.24:5060',
        'tcp [2001:db8:58:c02::dead]:5060',
        'tcp 192.0.2.75:5060',
        'tcp [2001:db8:c:a06::2:beef]:5060',
        'tcp 203.0.113.38:5060',
        'tcp [2001:db8:44:204::c0de]:5060',
        'tcp 198.51.100.140:5060',
      ],
    },
  ]);
});
