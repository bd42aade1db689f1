import { describe, expect, it } from 'vitest';
import { DnsCache, type DnsCacheLimits, defaultDnsCacheLimits } from '../../../src/net/dns-cache.ts';
import type { DnsOutcome, DnsQuestion } from '../../../src/net/dns-types.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const question = { name: 'x.example', type: 'A' } as const;
const failure: DnsOutcome = { kind: 'failed', error: { code: 'net.nameTimeout', message: 'silence' } };

function records(ttlS: number, address = '192.0.2.1'): DnsOutcome {
  return { kind: 'records', ttlS, records: [{ type: 'A', address }] };
}

function absent(ttlS: number | undefined): DnsOutcome {
  return { kind: 'absent', isNameAbsent: true, ttlS };
}

/** A cache whose source answers when the test says so. */
function setUp(limits: Partial<DnsCacheLimits> = {}) {
  const clock = new ManualClock();
  const asked: DnsQuestion[] = [];
  const waiting: ((outcome: DnsOutcome) => void)[] = [];
  const cache = new DnsCache({
    clock,
    limits: { ...defaultDnsCacheLimits, ...limits },
    source: {
      get size() {
        return waiting.length;
      },
      ask: (one) => {
        asked.push(one);
        return new Promise((resolve) => waiting.push(resolve));
      },
    },
  });
  return {
    clock,
    cache,
    asked,
    /** Answers the oldest question under way. */
    answer: async (outcome: DnsOutcome): Promise<void> => {
      waiting.shift()?.(outcome);
      await new Promise(setImmediate);
    },
    fill: async (outcome: DnsOutcome, one: DnsQuestion = question): Promise<void> => {
      const fetched = cache.fetch(one);
      waiting.shift()?.(outcome);
      await fetched;
    },
    said: (one: DnsQuestion = question): string => {
      const outcome = cache.peek(one)?.outcome;
      if (outcome?.kind !== 'records') return outcome?.kind ?? 'unknown';
      return outcome.records.map((record) => ('address' in record ? record.address : record.type)).join(' ');
    },
  };
}

describe('the time of a record set', () => {
  const rows: readonly {
    readonly name: string;
    readonly outcome: DnsOutcome;
    readonly forMs: number;
    readonly afterwards: string;
  }[] = [
    { name: 'its TTL', outcome: records(30), forMs: 30_000, afterwards: 'unknown' },
    { name: 'at least a second', outcome: records(0), forMs: 1_000, afterwards: 'unknown' },
    { name: 'at most an hour', outcome: records(86_400), forMs: 3_600_000, afterwards: 'unknown' },
    {
      name: 'RFC 2308 §5: of "there is none", its own',
      outcome: absent(20),
      forMs: 20_000,
      afterwards: 'unknown',
    },
    {
      name: 'RFC 2308 §5: of "there is none", at most a minute',
      outcome: absent(10_800),
      forMs: 60_000,
      afterwards: 'unknown',
    },
    {
      name: 'of "there is none" without a time, a second',
      outcome: absent(undefined),
      forMs: 1_000,
      afterwards: 'unknown',
    },
    { name: 'RFC 2308 §7: of a failure, a second', outcome: failure, forMs: 1_000, afterwards: 'unknown' },
  ];
  for (const row of rows) {
    it(row.name, async () => {
      const { cache, clock, fill, said } = setUp();
      await fill(row.outcome);
      const first = said();
      expect(first).not.toBe('unknown');
      clock.advanceBy(row.forMs - 1);
      expect(said()).toBe(first);
      clock.advanceBy(1);
      expect(said()).toBe(row.afterwards);
      expect(cache.size).toBe(1);
    });
  }
});

describe('asking', () => {
  it('one query is under way for a question, whoever else asks', async () => {
    const { cache, asked, answer, said } = setUp();
    const all = Promise.all([cache.fetch(question), cache.fetch(question), cache.fetch(question)]);
    void cache.fetch({ ...question, type: 'AAAA' });
    expect(asked).toHaveLength(2);
    await answer(records(30));
    await all;
    expect(said()).toBe('192.0.2.1');
    expect(said({ ...question, type: 'AAAA' })).toBe('unknown');
  });

  it('ahead of need when nine tenths of the time are over, once', async () => {
    const { cache, clock, asked, answer, fill, said } = setUp();
    await fill(records(100));
    clock.advanceBy(89_999);
    cache.refresh(question);
    expect(asked).toHaveLength(1);
    clock.advanceBy(1);
    cache.refresh(question);
    cache.refresh(question);
    expect(asked).toHaveLength(2);
    await answer(records(100, '192.0.2.2'));
    clock.advanceBy(60_000);
    expect(said()).toBe('192.0.2.2');
  });

  it('not ahead of need for times that are shorter than a refresh is worth', async () => {
    const { cache, clock, asked, fill } = setUp();
    await fill(records(4));
    clock.advanceBy(3_999);
    cache.refresh(question);
    expect(asked).toHaveLength(1);
  });

  it('not ahead of need while much is under way', async () => {
    const { cache, clock, asked, fill } = setUp({ aheadMax: 1 });
    await fill(records(100));
    void cache.fetch({ name: 'y.example', type: 'A' });
    clock.advanceBy(95_000);
    cache.refresh(question);
    expect(asked).toHaveLength(2);
  });

  it('never for names under invalid', () => {
    const { said } = setUp();
    expect(said({ name: 'df7jal23ls0d.invalid', type: 'SRV' })).toBe('absent');
  });
});

describe('RFC 8767 §5 answers past their time', () => {
  it('stand in while the name servers fail, and are asked for again every five seconds beside the calls', async () => {
    const { clock, asked, answer, fill, said } = setUp();
    await fill(records(30));
    clock.advanceBy(31_000);
    expect(said()).toBe('unknown');
    await fill(failure);
    expect(said()).toBe('192.0.2.1');
    expect(asked).toHaveLength(2);
    clock.advanceBy(5_000);
    expect(said()).toBe('192.0.2.1');
    expect(said()).toBe('192.0.2.1');
    expect(asked).toHaveLength(3);
    await answer(records(30, '192.0.2.2'));
    expect(said()).toBe('192.0.2.2');
  });

  it('give way to "no such name"', async () => {
    const { clock, answer, fill, said } = setUp();
    await fill(records(30));
    clock.advanceBy(31_000);
    await fill(failure);
    clock.advanceBy(5_000);
    expect(said()).toBe('192.0.2.1');
    await answer(absent(60));
    expect(said()).toBe('absent');
  });

  it('stand in for a day', async () => {
    const { clock, fill, said } = setUp();
    await fill(records(30));
    clock.advanceBy(30_000 + 24 * 3_600_000 - 1);
    await fill(failure);
    expect(said()).toBe('192.0.2.1');
    clock.advanceBy(1);
    expect(said()).toBe('unknown');
  });

  it('stand in at once where a caller could not wait any longer, without being asked for twice', async () => {
    const { cache, clock, asked, fill, said } = setUp();
    await fill(records(30));
    clock.advanceBy(31_000);
    void cache.fetch(question);
    cache.giveUp(question);
    expect(said()).toBe('192.0.2.1');
    expect(asked).toHaveLength(2);
  });

  it('a refresh that fails does not shorten the time that is left', async () => {
    const { cache, clock, answer, fill, said } = setUp();
    await fill(records(100));
    clock.advanceBy(95_000);
    cache.refresh(question);
    await answer(failure);
    expect(said()).toBe('192.0.2.1');
    clock.advanceBy(10_000);
    expect(said()).toBe('192.0.2.1');
  });

  it('"there is none" stands in as well, so that an outage does not make calls wait for what never was', async () => {
    const { clock, fill, said } = setUp();
    await fill(absent(10));
    clock.advanceBy(10_000);
    await fill(failure);
    expect(said()).toBe('absent');
  });
});

describe('the size', () => {
  it('is bounded; the set stored longest ago leaves', async () => {
    const { cache, fill, said } = setUp({ setsMax: 3 });
    for (const name of ['a.example', 'b.example', 'c.example', 'a.example', 'd.example']) {
      await fill(records(60), { name, type: 'A' });
    }
    expect(cache.size).toBe(3);
    const kept = ['a.example', 'b.example', 'c.example', 'd.example'].filter(
      (name) => said({ name, type: 'A' }) !== 'unknown',
    );
    expect(kept).toEqual(['a.example', 'c.example', 'd.example']);
  });
});
