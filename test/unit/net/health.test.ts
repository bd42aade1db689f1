import { describe, expect, it } from 'vitest';
import { defaultHealthLimits, HealthBook, type HealthLimits } from '../../../src/net/health.ts';
import type { Destination, HealthVerdict } from '../../../src/sip/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function at(word: string): Destination {
  const [transport, host = ''] = word.includes('/') ? word.split('/') : ['udp', word];
  return {
    transport: transport === 'tcp' ? 'tcp' : 'udp',
    remote: { address: `192.0.2.${host.charCodeAt(0) - 96}`, port: 5060 },
    connectionId: undefined,
    local: undefined,
  };
}

function setUp(limits: Partial<HealthLimits> = {}) {
  const clock = new ManualClock();
  const book = new HealthBook({ clock, limits: { ...defaultHealthLimits, ...limits } });
  const note = (words: string, verdict: HealthVerdict, retryAfterS?: number): void => {
    for (const word of words.split(' ')) book.note(at(word), verdict, retryAfterS);
  };
  /** The order in which `a b c` are tried. */
  const order = (words: string, isEmergency = false): string => {
    const list = words.split(' ').map(at);
    return book
      .order(list, { isEmergency })
      .map((destination) => words.split(' ')[list.indexOf(destination)])
      .join(' ');
  };
  return { clock, book, note, order };
}

describe('an unreachable address', () => {
  it('stands last at once, for a second', () => {
    const { clock, note, order } = setUp();
    note('a', 'unreachable');
    expect(order('a b c')).toBe('b c a');
    clock.advanceBy(999);
    expect(order('a b c')).toBe('b c a');
    clock.advanceBy(1);
    expect(order('a b c')).toBe('a b c');
  });

  it('stands last for twice as long each time, up to a minute', () => {
    const { clock, book, note } = setUp();
    const times: number[] = [];
    for (let turn = 0; turn < 9; turn += 1) {
      note('a', 'unreachable');
      const [report] = book.list();
      times.push(report?.forMs ?? 0);
      clock.advanceBy(report?.forMs ?? 0);
    }
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('counts once, however many calls were on their way to it', () => {
    const { book, note } = setUp();
    for (let call = 0; call < 100; call += 1) note('a', 'unreachable');
    expect(book.list()).toMatchObject([{ state: 'down', forMs: 1_000, downs: 1 }]);
  });

  it('is forgotten with the first response', () => {
    const { book, note, order } = setUp();
    note('a', 'unreachable');
    note('a', 'alive');
    expect(book.size).toBe(0);
    expect(order('a b')).toBe('a b');
  });

  it('after its time one call goes there, the others of the next moments do not, until there is a verdict', () => {
    const { clock, note, order } = setUp();
    note('a', 'unreachable');
    clock.advanceBy(1_000);
    expect(order('a b')).toBe('a b');
    expect(order('a b')).toBe('b a');
    clock.advanceBy(2_000);
    expect(order('a b')).toBe('a b');
    note('a', 'alive');
    expect(order('a b')).toBe('a b');
    expect(order('a b')).toBe('a b');
  });

  it('a trial that fails at once lengthens the time', () => {
    const { clock, book, note, order } = setUp();
    note('a', 'unreachable');
    clock.advanceBy(1_000);
    order('a b');
    note('a', 'unreachable');
    expect(book.list()).toMatchObject([{ downs: 2, forMs: 2_000 }]);
  });
});

describe('a silent address', () => {
  it('stands last after three silences in a row', () => {
    const { note, order } = setUp();
    note('a a', 'silent');
    expect(order('a b')).toBe('a b');
    note('a', 'silent');
    expect(order('a b')).toBe('b a');
  });

  it('a response between them begins the count anew', () => {
    const { note, order } = setUp();
    note('a a', 'silent');
    note('a', 'alive');
    note('a a', 'silent');
    expect(order('a b')).toBe('a b');
  });

  it('a refusal is a response', () => {
    const { clock, note, order } = setUp();
    note('a a', 'silent');
    note('a', 'refusing', 0);
    note('a a', 'silent');
    clock.advanceBy(1);
    expect(order('a b')).toBe('a b');
  });

  it('for five seconds first, then twice as long for one more silence', () => {
    const { clock, book, note } = setUp();
    note('a a a', 'silent');
    expect(book.list()).toMatchObject([{ forMs: 5_000, silences: 3 }]);
    clock.advanceBy(5_000);
    note('a', 'silent');
    expect(book.list()).toMatchObject([{ forMs: 10_000, downs: 2 }]);
  });
});

describe('RFC 3261 §21.5.4 a refusing address', () => {
  const rows: readonly {
    readonly name: string;
    readonly retryAfterS: number | undefined;
    readonly forMs: number;
  }[] = [
    { name: 'without Retry-After', retryAfterS: undefined, forMs: 5_000 },
    { name: 'until Retry-After', retryAfterS: 30, forMs: 30_000 },
    { name: 'not longer than five minutes', retryAfterS: 86_400, forMs: 300_000 },
  ];
  for (const row of rows) {
    it(`stands last for what is no emergency: ${row.name}`, () => {
      const { clock, note, order } = setUp();
      note('a', 'refusing', row.retryAfterS);
      clock.advanceBy(row.forMs - 1);
      expect(order('a b')).toBe('b a');
      expect(order('a b', true)).toBe('a b');
      clock.advanceBy(1);
      expect(order('a b')).toBe('a b');
    });
  }
});

describe('the order', () => {
  it('keeps all addresses, those that are up and those that are down each as they came', () => {
    const { note, order } = setUp();
    note('b d', 'unreachable');
    expect(order('a b c d e')).toBe('a c e b d');
  });

  it('is as before where all are down', () => {
    const { note, order } = setUp();
    note('a b c', 'unreachable');
    expect(order('b c a')).toBe('b c a');
  });

  it('leaves other transports and ports of the same address alone', () => {
    const { book, note } = setUp();
    note('tcp/a', 'unreachable');
    expect(book.state(at('tcp/a'))).toBe('down');
    expect(book.state(at('udp/a'))).toBe('up');
    expect(book.state({ ...at('tcp/a'), remote: { address: '192.0.2.1', port: 5070 } })).toBe('up');
  });

  it('one failing call leaves all others alone', () => {
    const { book, note, order } = setUp();
    note('a', 'silent');
    expect(order('a b c')).toBe('a b c');
    expect(book.state(at('a'))).toBe('up');
  });

  it('hands back the very list where there is nothing to change', () => {
    const { book, note } = setUp();
    const list = [at('a'), at('b')];
    expect(book.order(list, { isEmergency: false })).toBe(list);
    note('c', 'unreachable');
    expect(book.order(list, { isEmergency: false })).toBe(list);
  });
});

describe('limits', () => {
  it('the end of a connection that could not be opened anew says nothing of the address', () => {
    const { book } = setUp();
    book.note({ ...at('tcp/a'), onlyConnection: true }, 'unreachable');
    expect(book.size).toBe(0);
  });

  it('holds so many addresses, and forgets the one noted longest ago', () => {
    const { book, note } = setUp({ addressesMax: 3 });
    note('a b c a d', 'unreachable');
    expect(book.list().map(({ address }) => address)).toEqual(['192.0.2.3', '192.0.2.1', '192.0.2.4']);
  });

  it('forgets what did not fail for ten minutes', () => {
    const { clock, book, note, order } = setUp();
    note('a a', 'silent');
    clock.advanceBy(600_000);
    order('x y');
    expect(book.size).toBe(0);
  });

  it('tells operators what stands how', () => {
    const { note, book } = setUp();
    note('a', 'unreachable');
    note('b', 'refusing', 9);
    note('c', 'silent');
    expect(book.list()).toEqual([
      {
        transport: 'udp',
        address: '192.0.2.1',
        port: 5060,
        state: 'down',
        forMs: 1_000,
        downs: 1,
        silences: 0,
      },
      {
        transport: 'udp',
        address: '192.0.2.2',
        port: 5060,
        state: 'refusing',
        forMs: 9_000,
        downs: 0,
        silences: 0,
      },
      { transport: 'udp', address: '192.0.2.3', port: 5060, state: 'up', forMs: 0, downs: 0, silences: 1 },
    ]);
  });
});
