import { describe, expect, it } from 'vitest';
import { nextHopFilter } from '../../../src/net/next-hop-filter.ts';

describe('the networks that calls may be sent to', () => {
  const rows: readonly {
    readonly name: string;
    readonly networks: readonly string[];
    readonly address: string;
    readonly isAllowed: boolean;
  }[] = [
    { name: 'an empty list allows any machine', networks: [], address: '203.0.113.9', isAllowed: true },
    { name: 'an empty list allows IPv6', networks: [], address: '2001:db8::1', isAllowed: true },
    { name: 'inside of a network', networks: ['192.0.2.0/24'], address: '192.0.2.200', isAllowed: true },
    { name: 'outside of it', networks: ['192.0.2.0/24'], address: '192.0.3.0', isAllowed: false },
    { name: 'a single address', networks: ['192.0.2.7'], address: '192.0.2.7', isAllowed: true },
    { name: 'beside a single address', networks: ['192.0.2.7'], address: '192.0.2.8', isAllowed: false },
    {
      name: 'inside of an IPv6 network',
      networks: ['2001:db8:1::/48'],
      address: '2001:db8:1:2::3',
      isAllowed: true,
    },
    { name: 'outside of it', networks: ['2001:db8:1::/48'], address: '2001:db8:2::3', isAllowed: false },
    { name: 'the other family', networks: ['192.0.2.0/24'], address: '2001:db8::1', isAllowed: false },
    {
      name: 'IPv4 inside of IPv6 is IPv4',
      networks: ['192.0.2.0/24'],
      address: '::ffff:192.0.2.1',
      isAllowed: true,
    },
    { name: 'the whole of IPv4', networks: ['0.0.0.0/0'], address: '198.51.100.1', isAllowed: true },
    { name: 'no unspecified address', networks: ['0.0.0.0/0'], address: '0.0.0.0', isAllowed: false },
    { name: 'no broadcast', networks: [], address: '255.255.255.255', isAllowed: false },
    { name: 'no multicast', networks: [], address: '224.0.1.75', isAllowed: false },
    { name: 'no IPv6 multicast', networks: [], address: 'ff02::1', isAllowed: false },
    { name: 'no unspecified IPv6 address', networks: ['::/0'], address: '::', isAllowed: false },
    { name: 'no name', networks: [], address: 'psap.example', isAllowed: false },
  ];
  for (const row of rows) {
    it(`${row.name}: ${row.address} under [${row.networks.join(' ')}]`, () => {
      const filter = nextHopFilter(row.networks);
      expect(filter.ok && filter.value.allows(row.address)).toBe(row.isAllowed);
    });
  }

  it('names every entry that is no network', () => {
    const filter = nextHopFilter([
      '192.0.2.0/33',
      'psap.example',
      '192.0.2.0/24',
      '::1/129',
      '192.0.2.1/',
      '10.0.0.0/-1',
    ]);
    expect(filter.ok ? [] : filter.error.map((problem) => /"(.*?)"/.exec(problem.message)?.[1])).toEqual([
      '192.0.2.0/33',
      'psap.example',
      '::1/129',
      '192.0.2.1/',
      '10.0.0.0/-1',
    ]);
  });
});
