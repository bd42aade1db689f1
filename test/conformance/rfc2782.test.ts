import { afterEach, describe, expect, it } from 'vitest';
import { drawByWeight } from '../../src/net/srv-order.ts';
import { SeededRandom } from '../support/manual-clock.ts';
import { type DnsAnswer, srvData } from '../support/net-dns.ts';
import { startResolver, type TestResolver } from '../support/net-resolver.ts';

let running: TestResolver | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

const draws = 20_000;

/** How often each target stands first. */
function firsts(records: readonly string[], seed: number): Readonly<Record<string, number>> {
  const random = new SeededRandom(seed);
  const items = records.map(srvData);
  const counts: Record<string, number> = {};
  for (let draw = 0; draw < draws; draw += 1) {
    const order = drawByWeight(items, random);
    expect(order).toHaveLength(items.length);
    const target = order[0]?.target ?? '';
    counts[target] = (counts[target] ?? 0) + 1;
  }
  return counts;
}

describe('RFC 2782 Usage rules: weight', () => {
  const rows: readonly {
    readonly name: string;
    readonly records: readonly string[];
    /** Share of draws in which a target stands first. */
    readonly shares: Readonly<Record<string, number>>;
  }[] = [
    {
      // The number drawn is one of 0 to 4, and the running sums are 1 and 4: two of the five are for the first.
      name: 'one to three, both ends of the range included',
      records: ['1 1 5060 a', '1 3 5060 b'],
      shares: { a: 0.4, b: 0.6 },
    },
    {
      name: 'large weights keep their proportion',
      records: ['1 6000 5060 a', '1 3000 5060 b', '1 1000 5060 c'],
      shares: { a: 0.6, b: 0.3, c: 0.1 },
    },
    {
      name: 'weight zero beside others has a very small chance',
      records: ['1 0 5060 a', '1 99 5060 b'],
      shares: { a: 0.01, b: 0.99 },
    },
    {
      name: 'only weights of zero share the load',
      records: ['1 0 5060 a', '1 0 5060 b', '1 0 5060 c', '1 0 5060 d'],
      shares: { a: 0.25, b: 0.25, c: 0.25, d: 0.25 },
    },
    { name: 'the largest weight', records: ['1 65535 5060 a', '1 65535 5060 b'], shares: { a: 0.5, b: 0.5 } },
  ];
  for (const [index, row] of rows.entries()) {
    const seed = 2782 + index;
    it(`${row.name} (${draws} draws, seed ${seed})`, () => {
      const counts = firsts(row.records, seed);
      for (const [target, share] of Object.entries(row.shares)) {
        const sigma = Math.sqrt((share * (1 - share)) / draws);
        const found = (counts[target] ?? 0) / draws;
        expect(Math.abs(found - share), `${target}: ${found}`).toBeLessThan(5 * sigma + 0.0005);
      }
    });
  }

  it('draws the same orders from the same seed', () => {
    const items = ['1 1 5060 a', '1 2 5060 b', '1 0 5060 c', '1 0 5060 d'].map(srvData);
    const orders = [new SeededRandom(3), new SeededRandom(3)].map((random) =>
      Array.from({ length: 50 }, () => drawByWeight(items, random).map(({ target }) => target)),
    );
    expect(orders[0]).toEqual(orders[1]);
  });

  it('draws the later places by weight too', () => {
    const random = new SeededRandom(11);
    const items = ['1 8000 5060 a', '1 1500 5060 b', '1 500 5060 c'].map(srvData);
    let seconds = 0;
    let withA = 0;
    for (let draw = 0; draw < draws; draw += 1) {
      const [first, second] = drawByWeight(items, random);
      if (first?.target !== 'a') continue;
      withA += 1;
      if (second?.target === 'b') seconds += 1;
    }
    expect(seconds / withA).toBeGreaterThan(0.73);
    expect(seconds / withA).toBeLessThan(0.77);
  });
});

describe('RFC 2782 Usage rules: order over the wire', () => {
  const zone: Readonly<Record<string, DnsAnswer>> = {
    '_sip._udp.farm.example': {
      srv: [
        '20 0 5060 backup.farm.example',
        '10 3000 5060 large.farm.example',
        '10 1000 5062 small.farm.example',
      ],
    },
    'large.farm.example': { a: ['192.0.2.1'] },
    'small.farm.example': { a: ['192.0.2.2'] },
    'backup.farm.example': { a: ['192.0.2.3'] },
  };

  it('lower priorities first, and each request draws anew within one', async () => {
    running = await startResolver({ zone, listeners: 'udp4', seed: 5 });
    await running.ask('sip:farm.example;transport=udp');
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 4_000; draw += 1) {
      const tried = running.askNow('sip:farm.example;transport=udp') ?? '';
      counts.set(tried, (counts.get(tried) ?? 0) + 1);
    }
    const large = 'udp 192.0.2.1:5060, udp 192.0.2.2:5062, udp 192.0.2.3:5060';
    const small = 'udp 192.0.2.2:5062, udp 192.0.2.1:5060, udp 192.0.2.3:5060';
    expect([...counts.keys()].toSorted()).toEqual([large, small].toSorted());
    expect(counts.get(large)).toBeGreaterThan(2_850);
    expect(counts.get(large)).toBeLessThan(3_150);
  });
});

describe('RFC 2782 Target', () => {
  const rows: readonly {
    readonly name: string;
    readonly uri: string;
    readonly zone: Readonly<Record<string, DnsAnswer>>;
    readonly tried: string;
  }[] = [
    {
      name: '"." says that the service is decidedly not available: no address is tried instead',
      uri: 'sip:no.example;transport=udp',
      zone: { '_sip._udp.no.example': { srv: ['0 0 0 .'] }, 'no.example': { a: ['192.0.2.1'] } },
      tried: 'net.nameNotFound',
    },
    {
      name: '"." for one transport leaves the others',
      uri: 'sip:no.example',
      zone: {
        '_sip._udp.no.example': { srv: ['0 0 0 .'] },
        '_sip._tcp.no.example': { srv: ['0 0 5060 a.no.example'] },
        'a.no.example': { a: ['192.0.2.1'] },
      },
      tried: 'tcp 192.0.2.1:5060',
    },
    {
      name: '"." for the default transport leaves the addresses to another',
      uri: 'sip:no.example',
      zone: { '_sip._udp.no.example': { srv: ['0 0 0 .'] }, 'no.example': { a: ['192.0.2.1'] } },
      tried: 'tcp 192.0.2.1:5060',
    },
    {
      name: '"." beside real targets is passed over',
      uri: 'sip:no.example;transport=udp',
      zone: {
        '_sip._udp.no.example': { srv: ['0 0 0 .', '1 1 5060 a.no.example'] },
        'a.no.example': { a: ['192.0.2.1'] },
      },
      tried: 'udp 192.0.2.1:5060',
    },
    {
      name: 'a target that is an alias, though it must not be one, is followed',
      uri: 'sip:alias.example;transport=udp',
      zone: {
        '_sip._udp.alias.example': { srv: ['1 1 5060 a.alias.example'] },
        'a.alias.example': { cname: 'b.alias.example' },
        'b.alias.example': { a: ['192.0.2.4'] },
      },
      tried: 'udp 192.0.2.4:5060',
    },
    {
      name: 'targets without addresses: none of the name itself, which is not the service',
      uri: 'sip:empty.example;transport=udp',
      zone: {
        '_sip._udp.empty.example': { srv: ['1 1 5060 gone.example'] },
        'empty.example': { a: ['192.0.2.1'] },
      },
      tried: 'net.nameNotFound',
    },
  ];
  for (const row of rows) {
    it(row.name, async () => {
      running = await startResolver({ zone: row.zone });
      expect(await running.ask(row.uri)).toBe(row.tried);
    });
  }
});
