import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DnsCache, defaultDnsCacheLimits } from '../../../src/net/dns-cache.ts';
import { searchNames } from '../../../src/net/dns-name.ts';
import { type DnsOutcome, questionKey } from '../../../src/net/dns-types.ts';
import { defaultTransportOrder } from '../../../src/net/next-hop-plan.ts';
import { flatten } from '../../../src/net/plan-order.ts';
import { PlanSearch } from '../../../src/net/plan-search.ts';
import { ManualClock, SeededRandom } from '../../support/manual-clock.ts';
import { queryOf } from '../../support/net-resolver.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const limits = { timeoutMs: 2_000, staleWaitMs: 500, familyWaitMs: 100 };

function naptr(replacement: string): DnsOutcome {
  const rule = { order: 1, preference: 1, flags: 's', services: 'SIP+D2U', regexp: '', replacement };
  return { kind: 'records', ttlS: 10, records: [{ type: 'NAPTR', ...rule }] };
}

function srv(...targets: readonly string[]): DnsOutcome {
  const records = targets.map(
    (target, priority) => ({ type: 'SRV', priority, weight: 1, port: 5060, target }) as const,
  );
  return { kind: 'records', ttlS: 10, records };
}

function address(type: 'A' | 'AAAA', text: string): DnsOutcome {
  return { kind: 'records', ttlS: 10, records: [{ type, address: text }] };
}

const none: DnsOutcome = { kind: 'absent', isNameAbsent: false, ttlS: 10 };

/** Name servers that answer at once what the table holds, and nothing to anything else. */
function setUp(answers: Readonly<Record<string, DnsOutcome>>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const known = new Map(Object.entries(answers));
  const cache = new DnsCache({
    clock,
    limits: defaultDnsCacheLimits,
    source: {
      size: 0,
      ask: (question) => {
        asked.push(questionKey(question));
        const outcome = known.get(questionKey(question));
        return outcome === undefined ? new Promise(() => undefined) : Promise.resolve(outcome);
      },
    },
  });
  const search = (uri: string): { readonly found: Promise<string>; readonly isOver: () => boolean } => {
    let isOver = false;
    const run = new PlanSearch({
      query: queryOf(uri),
      cache,
      source: {
        hosts: () => [],
        names: (host) => searchNames(host, { search: [], ndots: 1 }),
        find: (question) => cache.peek(question),
      },
      plan: {
        families: new Map([['udp', ['ipv4', 'ipv6']]]),
        transportOrder: defaultTransportOrder,
        familyPolicy: 'listenerOrder',
        allows: () => true,
        tlsConnectTimeoutMs: 2_000,
      },
      limits,
    }).run();
    const found = run.then(({ plan, isWhole }) => {
      isOver = true;
      const destinations = flatten(plan.groups, new SeededRandom(1)).map(({ remote }) => remote.address);
      return `${isWhole ? 'whole' : 'part'}: ${plan.error?.code ?? destinations.join(' ')}`;
    });
    return { found, isOver: () => isOver };
  };
  return { clock, known, asked, search };
}

/** Lets what needs no time happen, then moves the timers. */
async function pass(delayMs: number): Promise<void> {
  await new Promise(setImmediate);
  await vi.advanceTimersByTimeAsync(delayMs);
  await new Promise(setImmediate);
}

const farm: Readonly<Record<string, DnsOutcome>> = {
  'NAPTR farm.example': naptr('_sip._udp.farm.example'),
  'SRV _sip._udp.farm.example': srv('a.farm.example', 'b.farm.example'),
  'A a.farm.example': address('A', '192.0.2.1'),
  'AAAA a.farm.example': none,
  'A b.farm.example': address('A', '192.0.2.2'),
  'AAAA b.farm.example': none,
};

describe('a search', () => {
  it('takes no longer than the answers do, and asks ahead what may follow', async () => {
    const { asked, search } = setUp(farm);
    const { found } = search('sip:farm.example');
    await pass(0);
    expect(await found).toBe('whole: 192.0.2.1 192.0.2.2');
    expect(asked.slice(0, 4).toSorted()).toEqual([
      'A farm.example',
      'AAAA farm.example',
      'NAPTR farm.example',
      'SRV _sip._udp.farm.example',
    ]);
  });

  it('does without NAPTR records that do not come in half the time', async () => {
    const { 'NAPTR farm.example': _naptr, ...rest } = farm;
    const { search } = setUp(rest);
    const { found, isOver } = search('sip:farm.example');
    await pass(999);
    expect(isOver()).toBe(false);
    await pass(1);
    expect(await found).toBe('part: 192.0.2.1 192.0.2.2');
  });

  it('waits for the first target as long as there is time, then goes on with the others', async () => {
    const { 'A a.farm.example': _a, 'AAAA a.farm.example': _aaaa, ...rest } = farm;
    const { search } = setUp(rest);
    const { found, isOver } = search('sip:farm.example');
    await pass(1_999);
    expect(isOver()).toBe(false);
    await pass(1);
    expect(await found).toBe('part: 192.0.2.2');
  });

  it('RFC 8305 §3: waits a moment for the other family of a host, not more', async () => {
    const { search } = setUp({ 'A x.example': address('A', '192.0.2.1') });
    const { found, isOver } = search('sip:x.example:5060');
    await pass(99);
    expect(isOver()).toBe(false);
    await pass(1);
    expect(await found).toBe('part: 192.0.2.1');
  });

  it('nothing comes: the error says so when the time is up', async () => {
    const { search } = setUp({});
    const { found, isOver } = search('sip:x.example:5060');
    await pass(1_999);
    expect(isOver()).toBe(false);
    await pass(1);
    expect(await found).toBe('part: net.nameTimeout');
  });

  it('old answers at every step cost one wait, and the next call none', async () => {
    const { clock, known, search } = setUp(farm);
    const first = search('sip:farm.example').found;
    await pass(0);
    expect(await first).toBe('whole: 192.0.2.1 192.0.2.2');
    known.clear();
    clock.advanceBy(60_000);
    const { found, isOver } = search('sip:farm.example');
    await pass(499);
    expect(isOver()).toBe(false);
    await pass(1);
    expect(await found).toBe('part: 192.0.2.1 192.0.2.2');
    const next = search('sip:farm.example').found;
    await pass(0);
    expect(await next).toBe('whole: 192.0.2.1 192.0.2.2');
  });
});
