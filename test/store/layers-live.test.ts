import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetId } from '../../src/base/index.ts';
import type {
  BoundaryAdmin,
  BoundaryChanges,
  BoundaryFeature,
  BoundaryLookup,
  FeatureEdit,
} from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryChanges } from '../../src/store/boundary-changes.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { removeDataset } from '../../src/store/dataset-remove.ts';
import {
  actor,
  box,
  drivers,
  feature,
  recordingLogger,
  sos,
  source,
  type TestDatabase,
  testNow,
} from './harness.ts';

// Lookups at full speed while everything around them changes: no error, no answer of two states, none that waits long.

const readerCount = 8;
const roundCount = 8;
/** Far above what is measured: a lookup that waits for a lock waits for seconds. */
const stallMaxMs = 1_500;
const side = 12;

/** A grid of squares; the corners of four of them are where answers could be mixed. */
function grid(name: string, priority: number): readonly BoundaryFeature[] {
  return Array.from({ length: side * side }, (_each, index) => {
    const [x, y] = [index % side, Math.floor(index / side)];
    return feature(`${name}-${index}`, { priority, geometry: box(x, y, x + 1, y + 1) });
  });
}

const change = (made: BoundaryFeature): FeatureEdit => ({
  kind: 'change',
  feature: { kind: 'feature', feature: made },
});

describe.each(drivers)('lookups on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('while datasets come and go', () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let boundaries: BoundaryAdmin;
    let changes: BoundaryChanges;

    const load = async (name: string): Promise<DatasetId> => {
      const options = { name, source: 'test', actor, invalidGeometry: 'refuse' } as const;
      const outcome = await boundaries.load(source(...grid(name, 0)), options);
      if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome));
      return outcome.dataset.id;
    };

    beforeAll(async () => {
      test = await open();
      lookup = makeBoundaryLookup(test.database);
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      changes = makeBoundaryChanges(test.database, 20_000);
    });
    afterAll(async () => await test.close());

    it('answer each from one state of one dataset, without an error or a stall', async () => {
      const [a, b] = [await load('a'), await load('b')];
      await boundaries.activate(a, actor);
      const readers = Array.from({ length: readerCount }, (_each, index) => new Reader(lookup, index));
      const reading = readers.map((reader) => reader.run());
      for (let round = 1; round <= roundCount; round += 1) {
        await boundaries.activate(b, actor);
        // All squares around one corner at once: an answer there has all of them new, or none.
        const set = await changes.apply(
          grid('b', round)
            .slice(0, side * 2)
            .map(change),
          { datasetId: b, actor, note: '', invalidGeometry: 'refuse', requestKey: undefined },
        );
        if (set.kind !== 'applied') throw new Error(JSON.stringify(set));
        if (round % 3 === 0) await changes.undo(b, set.changeSet.no, actor);
        await boundaries.rollBack(actor);
        if (round % 4 === 0) await removeDataset(test.database, await load(`c${round}`), actor);
      }
      for (const reader of readers) reader.stop();
      await Promise.all(reading);
      const counts = readers.map(({ answerCount }) => answerCount);
      const longestMs = Math.max(...readers.map((reader) => reader.longestMs));
      const total = counts.reduce((sum, count) => sum + count, 0);
      console.log(`${test.database.kind}: ${total} lookups, the longest ${longestMs.toFixed(1)} ms`);
      expect(readers.flatMap(({ faults }) => faults).slice(0, 5)).toEqual([]);
      expect(Math.min(...counts)).toBeGreaterThan(roundCount);
      expect(longestMs).toBeLessThan(stallMaxMs);
    });
  });
});

/** Asks without a pause for corners of the grid, and notes what cannot be. */
class Reader {
  readonly faults: string[] = [];
  answerCount = 0;
  longestMs = 0;
  readonly #lookup: BoundaryLookup;
  #index: number;
  #isStopped = false;

  constructor(lookup: BoundaryLookup, index: number) {
    this.#lookup = lookup;
    this.#index = index;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      this.#index += 7;
      const [lon, lat] = [1 + (this.#index % (side - 1)), 1];
      const startedAt = performance.now();
      try {
        const scope = { services: [sos], asOf: testNow, deadlineMs: 20_000 } as const;
        const answer = await this.#lookup.byPoint({ lon, lat }, scope);
        this.#judge(answer.kind === 'found' ? answer.matches : []);
      } catch (error) {
        this.faults.push(String(error));
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - startedAt);
      this.answerCount += 1;
    }
  }

  #judge(matches: readonly { readonly boundaryId: string; readonly priority: number }[]): void {
    const states = new Set(
      matches.map(({ boundaryId, priority }) => `${boundaryId.split('-', 1)[0]} ${priority}`),
    );
    if (matches.length === 4 && states.size === 1) return;
    this.faults.push(matches.map(({ boundaryId, priority }) => `${boundaryId}:${priority}`).join(' '));
  }
}
