import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nationalSet, smallNationalSet } from '../../data/national-set.ts';
import { DependencyError } from '../../src/base/index.ts';
import type { BoundaryLookup, LookupAnswer, LookupScope } from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { MemoryLookup } from '../../src/store/memory/memory-lookup.ts';
import type { DatasetSnapshot } from '../../src/store/memory/snapshot.ts';
import { compareArea, comparePoint, type Difference, type Outcome } from '../equality/compare.ts';
import { areaQuestions, EdgeSample, pointQuestions, wholeBox } from '../equality/questions.ts';
import { actor, drivers, recordingLogger, sos, type TestDatabase, testNow } from './harness.ts';
import { snapshotOf } from './memory-harness.ts';

// The short form of `npm run equality`: memory and database say the same of random points and areas, a third of the
// points on or within a metre of a border.

const seed = 20_260_301;
const counts = { points: 1_500, nearest: 150, areas: 400 };
const scope: LookupScope = { services: [sos], asOf: testNow, deadlineMs: 20_000 };

describe.each(drivers)('memory and $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)(`asked the same, seed ${seed}`, () => {
    let test: TestDatabase;
    let snapshot: DatasetSnapshot;
    let sample: EdgeSample;
    let both: readonly [memory: BoundaryLookup, database: BoundaryLookup];

    beforeAll(async () => {
      test = await open();
      const boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const outcome = await boundaries.load(nationalSet(smallNationalSet), {
        name: 'small',
        source: 'generated',
        actor,
        invalidGeometry: 'refuse',
      });
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      await boundaries.activate(outcome.dataset.id, actor);
      sample = new EdgeSample(20_000, seed);
      snapshot = await snapshotOf(test.database, (ring) => sample.add(ring));
      both = [new MemoryLookup(() => snapshot), makeBoundaryLookup(test.database)];
    });
    afterAll(async () => await test.close());

    async function compare<Q>(
      questions: Iterator<Q>,
      count: number,
      ask: (question: Q, lookup: BoundaryLookup) => Promise<LookupAnswer>,
      judge: (question: Q, one: Outcome, other: Outcome) => Difference | undefined,
    ): Promise<{ readonly found: number; readonly unexplained: readonly unknown[] }> {
      let found = 0;
      const unexplained: unknown[] = [];
      for (let no = 0; no < count; no += 1) {
        const question = questions.next().value as Q;
        const [one, other] = [
          await outcomeOf(ask(question, both[0])),
          await outcomeOf(ask(question, both[1])),
        ];
        if (other.kind === 'found') found += 1;
        const difference = judge(question, one, other);
        if (difference !== undefined && difference.explained === undefined) {
          unexplained.push({ no, question, what: difference.what });
        }
      }
      return { found, unexplained };
    }

    it('says the same of points', async () => {
      const { found, unexplained } = await compare(
        pointQuestions(seed, sample.kept(), wholeBox(snapshot)),
        counts.points,
        ({ position }, lookup) => lookup.byPoint(position, scope),
        ({ position }, one, other) => comparePoint(position, one, other, snapshot),
      );
      expect(unexplained).toEqual([]);
      expect(found).toBeGreaterThan(counts.points / 2);
    });

    it('says the same of nearest boundaries', async () => {
      const { found, unexplained } = await compare(
        pointQuestions(seed + 2, sample.kept(), [-180, -90, 180, 90]),
        counts.nearest,
        ({ position }, lookup) => lookup.nearest(position, 50_000, scope),
        ({ position }, one, other) => comparePoint(position, one, other, snapshot),
      );
      expect(unexplained).toEqual([]);
      expect(found).toBeGreaterThan(counts.nearest / 2);
    });

    it('says the same of areas of every shape', async () => {
      const { found, unexplained } = await compare(
        areaQuestions(seed + 1, sample.kept(), wholeBox(snapshot), 60_000),
        counts.areas,
        ({ shape }, lookup) => lookup.byArea(shape, scope),
        ({ shape }, one, other) => compareArea(shape, one, other),
      );
      expect(unexplained).toEqual([]);
      expect(found).toBeGreaterThan(counts.areas / 3);
    });
  });
});

async function outcomeOf(asked: Promise<LookupAnswer>): Promise<Outcome> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof DependencyError) return { kind: 'failed', code: error.code };
    throw error;
  }
}
