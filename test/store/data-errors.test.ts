import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetId, serviceUrn } from '../../src/base/index.ts';
import type { BoundaryLookup, SourceFeature } from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { type DataErrors, makeDataErrors } from '../../src/store/checks-places.ts';
import { makeDatasetReview, type StoredReview } from '../../src/store/checks-review.ts';
import { actor, drivers, recordingLogger, type TestDatabase, testNow } from './harness.ts';
import { boundary, county, flawless, nguid, numberedSource, provisioning } from './review-data.ts';

// Gaps and overlaps that calls fall into, and those that checks find: one row a place.

const psap = serviceUrn('urn:emergency:service:sos.psap');
const scope = { services: [psap], asOf: testNow, deadlineMs: 20_000 } as const;

/** A gap from 0.3 to 0.4, and an overlap from 0.6 to 0.61. */
const torn: readonly SourceFeature[] = [
  boundary('west', [0, 0, 0.3, 0.1]),
  boundary('middle', [0.4, 0, 0.61, 0.1]),
  boundary('east', [0.6, 0, 1, 0.1]),
  provisioning('county', county),
];

describe.each(drivers)('data errors on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of the active dataset', () => {
    let test: TestDatabase;
    let errors: DataErrors;
    let lookup: BoundaryLookup;
    let review: StoredReview;
    let active: DatasetId;

    async function load(features: readonly SourceFeature[]): Promise<DatasetId> {
      const admin = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const options = { name: 'drawn', source: 'test', actor, invalidGeometry: 'refuse' } as const;
      const outcome = await admin.load(numberedSource(features), options);
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      await admin.activate(outcome.dataset.id, actor);
      return outcome.dataset.id;
    }
    const at = async (x: number, y = 0.05) => {
      const answer = await lookup.byPoint({ lon: -100 + x, lat: 40 + y }, scope);
      await errors.idle();
      return answer.kind;
    };
    const listed = async (withResolved = false) =>
      (await errors.listDataErrors({ limit: 50, before: undefined, kind: undefined, withResolved })).map(
        ({ kind, foundBy, seenCount, agencies }) => [kind, foundBy, seenCount, agencies.join(' ')],
      );

    beforeAll(async () => {
      test = await open();
      errors = makeDataErrors(test.database, recordingLogger());
      lookup = errors.watch(makeBoundaryLookup(test.database));
      review = makeDatasetReview(test.database, { deadlineMs: 20_000, logger: recordingLogger() });
      active = await load(torn);
    });
    afterAll(async () => {
      errors.stop();
      await test.close();
    });

    it('are none where one boundary covers a place, on a border, and outside of the provisioning boundary', async () => {
      expect([await at(0.1), await at(0.3), await at(0.5, 0.5)]).toEqual(['found', 'found', 'nothing']);
      expect(await listed()).toEqual([]);
    });

    it('are kept once a place when calls meet them', async () => {
      expect([await at(0.605), await at(0.606), await at(0.35), await at(0.3501)]).toEqual([
        'found',
        'found',
        'nothing',
        'nothing',
      ]);
      expect(await listed()).toEqual([
        ['gap', 'lookup', 1, ''],
        ['overlap', 'lookup', 1, 'east.example middle.example'],
      ]);
      const [gap, overlap] = await errors.listDataErrors({
        limit: 2,
        before: undefined,
        kind: undefined,
        withResolved: false,
      });
      expect(gap).toMatchObject({ serviceUrn: psap, datasetId: active, areaM2: undefined });
      expect(JSON.stringify(gap?.place)).not.toContain('-99.65,40.05]]');
      expect(overlap?.areaM2).toBeGreaterThan(9e6);
      expect(overlap?.featureIds).toEqual([nguid('PsapPolygon', 'east'), nguid('PsapPolygon', 'middle')]);
    });

    it('are not noted of a dataset that is only compared', async () => {
      await lookup.byPoint({ lon: -99.68, lat: 40.08 }, { ...scope, datasetId: active });
      await errors.idle();
      expect((await listed()).length).toBe(2);
    });

    it('are known by a check too, and resolved when one of the active dataset does not find them', async () => {
      await review.startCheck(active, { minAreaM2: 100, actor });
      await review.idle();
      const [gap, ...others] = await errors.listDataErrors({
        limit: 9,
        before: undefined,
        kind: 'gap',
        withResolved: false,
      });
      expect(others).toEqual([]);
      expect(gap).toMatchObject({ foundBy: 'check', agencies: ['middle.example', 'west.example'] });
      expect(gap?.areaM2).toBeGreaterThan(9e7);
      expect((await listed()).at(-1)).toEqual(['overlap', 'check', 2, 'east.example middle.example']);
      // A call from the gap is seen as from this one.
      const other = makeDataErrors(test.database, recordingLogger());
      await other.watch(makeBoundaryLookup(test.database)).byPoint({ lon: -99.61, lat: 40.01 }, scope);
      await other.idle();
      expect((await listed()).length).toBe(2);

      const whole = await load(flawless);
      await review.startCheck(whole, { minAreaM2: 100, actor });
      await review.idle();
      expect(await listed()).toEqual([]);
      expect((await listed(true)).length).toBe(3);
    });
  });
});
