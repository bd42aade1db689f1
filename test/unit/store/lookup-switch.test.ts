import { describe, expect, it } from 'vitest';
import { DependencyError, datasetId, serviceUrn, wallMs } from '../../../src/base/index.ts';
import type { BoundaryLookup, LookupAnswer, LookupScope } from '../../../src/esrp/index.ts';
import { LookupSwitch, type StandbyState } from '../../../src/store/lookup-switch.ts';

const scope: LookupScope = {
  services: [serviceUrn('urn:service:sos')],
  asOf: wallMs(0),
  deadlineMs: 500,
};
const place = { lon: 0, lat: 0 };
const nothing = (id: number): LookupAnswer => ({ kind: 'nothing', datasetId: datasetId(id) });
const ambiguous: LookupAnswer = { kind: 'ambiguous', datasetId: datasetId(1), candidates: [] };
const down = new DependencyError('store.databaseDown', 'away');
const refused = new DependencyError('store.queryFailed', 'refused');
const tooLarge = new DependencyError('store.areaTooLarge', 'too large');

/** Time that moves by hand; what was set for a moment runs when it comes. */
class Timers {
  #now = 0;
  #waiting: { readonly at: number; readonly onEnd: () => void }[] = [];

  readonly set = (delayMs: number, onEnd: () => void) => {
    const entry = { at: this.#now + delayMs, onEnd };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== entry);
    };
  };

  async advanceBy(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#waiting.filter(({ at }) => at <= this.#now);
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now);
    for (const { onEnd } of due) onEnd();
    await settled();
  }

  get count(): number {
    return this.#waiting.length;
  }
}

/** Lets every promise that can go on do so. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** Answers what it is told to, or nothing for ever. */
class Scripted implements BoundaryLookup {
  answer: LookupAnswer | Error | 'silence';
  asked = 0;
  finish: (answer: LookupAnswer) => void = () => undefined;

  constructor(answer: LookupAnswer | Error | 'silence') {
    this.answer = answer;
  }

  byPoint = () => this.#reply();
  byArea = () => this.#reply();
  byCivic = () => this.#reply();
  nearest = () => this.#reply();

  #reply(): Promise<LookupAnswer> {
    this.asked += 1;
    const { answer } = this;
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer !== 'silence') return Promise.resolve(answer);
    return new Promise((resolve) => {
      this.finish = resolve;
    });
  }
}

function make(
  answers: {
    readonly database: LookupAnswer | Error | 'silence';
    readonly memory?: LookupAnswer | Error;
  },
  standby: Partial<StandbyState> = {},
  first: 'database' | 'memory' = 'database',
) {
  const timers = new Timers();
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  const database = new Scripted(answers.database);
  const memory = new Scripted(answers.memory ?? nothing(1));
  const lookup = new LookupSwitch(
    { database, memory },
    () => ({ datasetId: 1, isCurrent: true, ...standby }),
    {
      first,
      patienceMs: 200,
      timer: timers.set,
      logger: { debug: note, info: note, warn: note, error: note },
    },
  );
  return { lookup, database, memory, timers, events };
}

const byMemory = (why: string, id = 1) => ({ ...nothing(id), answeredBy: { name: 'memory', why } });
const civic = { country: 'US', elements: new Map(), language: undefined };

describe('who answers a lookup', () => {
  it('the database, while it does so in time', async () => {
    const { lookup, memory, timers } = make({ database: nothing(1) });
    expect(await lookup.byPoint(place, scope)).toEqual(nothing(1));
    expect(memory.asked).toBe(0);
    expect(timers.count).toBe(0);
    expect(lookup.status().counts).toMatchObject({ databaseAnswers: 1, memoryAnswers: 0 });
  });

  it('memory at once where the database fails', async () => {
    const { lookup } = make({ database: down });
    expect(await lookup.byPoint(place, scope)).toEqual(byMemory('databaseFailed'));
  });

  it('memory when patience is over', async () => {
    const { lookup, timers } = make({ database: 'silence' });
    const answer = lookup.byPoint(place, scope);
    await timers.advanceBy(199);
    expect(lookup.status().counts.databaseLate).toBe(0);
    await timers.advanceBy(1);
    expect(await answer).toEqual(byMemory('databaseLate'));
  });

  it('patience is half of a short deadline', async () => {
    const { lookup, timers } = make({ database: 'silence' });
    const answer = lookup.byPoint(place, { ...scope, deadlineMs: 100 });
    await timers.advanceBy(50);
    expect(await answer).toEqual(byMemory('databaseLate'));
  });

  it('the database alone where nothing is in memory', async () => {
    const { lookup, database, timers } = make({ database: 'silence' }, { datasetId: undefined });
    const answer = lookup.byPoint(place, scope);
    await timers.advanceBy(400);
    database.finish(nothing(1));
    expect(await answer).toEqual(nothing(1));
  });

  it('the database alone for another dataset than the one in memory', async () => {
    const { lookup, memory } = make({ database: down });
    const other = { ...scope, datasetId: datasetId(2) };
    await expect(lookup.byPoint(place, other)).rejects.toBe(down);
    expect(memory.asked).toBe(0);
    const same = { ...scope, datasetId: datasetId(1) };
    expect(await lookup.byPoint(place, same)).toEqual(byMemory('databaseFailed'));
  });

  it('memory first where it is configured so', async () => {
    const { lookup, database } = make({ database: nothing(1) }, {}, 'memory');
    expect(await lookup.byPoint(place, scope)).toEqual(byMemory('configured'));
    expect(database.asked).toBe(0);
    expect(await lookup.byCivic(civic, scope)).toEqual(nothing(1));
  });

  it('the database while memory, which goes first, has another dataset than the active one', async () => {
    const { lookup, database } = make({ database: nothing(2) }, { isCurrent: false }, 'memory');
    expect(await lookup.byPoint(place, scope)).toEqual(nothing(2));
    database.answer = down;
    expect(await lookup.byPoint(place, scope)).toEqual(byMemory('databaseFailed'));
  });

  it('the database where memory, which goes first, cannot', async () => {
    const { lookup } = make({ database: nothing(1), memory: tooLarge }, {}, 'memory');
    expect(await lookup.byPoint(place, scope)).toEqual(nothing(1));
  });

  it('what neither can answer fails as the database did', async () => {
    const { lookup } = make({ database: down, memory: tooLarge });
    await expect(lookup.byPoint(place, scope)).rejects.toBe(down);
  });

  it('a question that is too large for the database is not asked of memory', async () => {
    const { lookup, memory } = make({ database: tooLarge });
    for (let time = 0; time < 5; time += 1) {
      await expect(lookup.byPoint(place, scope)).rejects.toBe(tooLarge);
    }
    expect(memory.asked).toBe(0);
    expect(lookup.status().awayBecause).toBeUndefined();
  });

  it('a civic address that area names do not settle is waited for', async () => {
    const { lookup, database, timers } = make({ database: 'silence', memory: ambiguous });
    const answer = lookup.byCivic(civic, scope);
    await timers.advanceBy(400);
    database.finish(nothing(1));
    expect(await answer).toEqual(nothing(1));
  });
});

describe('a database that misses', () => {
  async function away() {
    const made = make({ database: down });
    for (let miss = 0; miss < 3; miss += 1) await made.lookup.byPoint(place, scope);
    return made;
  }

  it('is left alone after three misses in a row, and that is logged', async () => {
    const { lookup, database, events } = await away();
    expect(lookup.status().awayBecause).toBe('away');
    expect(events).toEqual(['lookup.databaseSkipped']);
    const asked = database.asked;
    expect(await lookup.byPoint(place, scope)).toEqual(byMemory('databaseAway'));
    expect(database.asked).toBe(asked);
    expect(lookup.status().counts).toMatchObject({ databaseFailed: 3, databaseSkipped: 1, memoryAnswers: 4 });
  });

  it('is asked again when three probes in a row were answered', async () => {
    const { lookup, database, events, timers } = await away();
    await timers.advanceBy(1_000);
    expect(lookup.status()).toMatchObject({ awayBecause: 'away', counts: { probes: 1 } });
    database.answer = nothing(1);
    await timers.advanceBy(1_000);
    await timers.advanceBy(1_000);
    expect(lookup.status().awayBecause).toBe('away');
    database.answer = down;
    await timers.advanceBy(1_000);
    database.answer = nothing(1);
    for (let probe = 0; probe < 3; probe += 1) await timers.advanceBy(1_000);
    expect(lookup.status().awayBecause).toBeUndefined();
    expect(events).toEqual(['lookup.databaseSkipped', 'lookup.databaseBack']);
    expect(timers.count).toBe(0);
    expect(await lookup.byPoint(place, scope)).toEqual(nothing(1));
  });

  it('is not left alone for misses with answers in between', async () => {
    const { lookup, database } = make({ database: down });
    for (const answer of [down, down, nothing(1), down, down]) {
      database.answer = answer;
      await lookup.byPoint(place, scope);
    }
    expect(lookup.status().awayBecause).toBeUndefined();
  });

  it('is not left alone for a statement that it refuses', async () => {
    const { lookup, database } = make({ database: refused });
    for (let time = 0; time < 5; time += 1) {
      expect(await lookup.byPoint(place, scope)).toEqual(byMemory('databaseFailed'));
    }
    expect(database.asked).toBe(5);
  });

  it('is left alone where it is late, too', async () => {
    const { lookup, timers } = make({ database: 'silence' });
    const answers = [1, 2, 3].map(() => lookup.byPoint(place, scope));
    await timers.advanceBy(200);
    expect(await Promise.all(answers)).toEqual([1, 2, 3].map(() => byMemory('databaseLate')));
    expect(lookup.status().awayBecause).toContain('200 ms');
  });

  it('is not probed any more when all ends', async () => {
    const { lookup, timers } = await away();
    lookup.stop();
    expect(timers.count).toBe(0);
  });
});
