import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetId, monoMs, serviceUrn } from '../../src/base/index.ts';
import {
  type DatasetDiff,
  defaultShadowLimits,
  type ProbeKind,
  runShadow,
  type ShadowRequest,
  type SourceFeature,
} from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { makeDatasetReview, type StoredReview } from '../../src/store/checks-review.ts';
import { actor, drivers, recordingLogger, type TestDatabase, testNow } from './harness.ts';
import {
  address,
  area,
  asGeometry,
  boundary,
  flawless,
  nguid,
  numberedSource,
  rectangle,
} from './review-data.ts';

// What changed from the drawn county to another one, and where calls would go by it.

const psap = (name: string) => nguid('PsapPolygon', name);

const idOf = (source: SourceFeature) =>
  source.kind === 'refused'
    ? ''
    : source.kind === 'feature'
      ? source.feature.boundaryId
      : source.feature.featureId;
const replaced = (features: readonly SourceFeature[], ...news: readonly SourceFeature[]) =>
  features.map((each) => news.find((other) => idOf(other) === idOf(each)) ?? each);

/** A border moved a hundredth of a degree east, a name and a URI changed, a boundary and an address gone, others new. */
const later: readonly SourceFeature[] = [
  ...replaced(
    flawless,
    boundary('north-west', [0, 0.05, 0.31, 0.1]),
    boundary('south-west', [0, 0, 0.3, 0.05], { displayName: 'South', serviceUri: 'sip:other@psap.example' }),
    address('seven', { number: '7', x: 0.13 }),
  ).filter(
    (each) =>
      idOf(each) !== psap('enclave') && idOf(each) !== nguid('SiteStructureAddressPoint', 'ninety-eight'),
  ),
  boundary('added', [0.4, 0.02, 0.45, 0.06], { serviceUri: 'sip:enclave@psap.example' }),
  area(3, { A1: 'KS', A2: 'Ford County', A3: 'Wright' }, [0.5, 0, 0.6, 0.1]),
];

describe.each(drivers)('differences of datasets on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('loaded', () => {
    let test: TestDatabase;
    let review: StoredReview;
    let from: DatasetId;
    let to: DatasetId;

    async function load(features: readonly SourceFeature[]): Promise<DatasetId> {
      const admin = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const options = { name: 'drawn', source: 'test', actor, invalidGeometry: 'refuse' } as const;
      const outcome = await admin.load(numberedSource(features), options);
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      return outcome.dataset.id;
    }

    beforeAll(async () => {
      test = await open();
      review = makeDatasetReview(test.database, { deadlineMs: 20_000, logger: recordingLogger() });
      from = await load(flawless);
      to = await load(later);
    });
    afterAll(async () => await test.close());

    const all = { limit: 100, after: undefined, layer: undefined } as const;

    it('are counted and listed with what changed', async () => {
      const diff = (await review.diff({ from, to, ...all })) as DatasetDiff;
      expect(diff.layers).toEqual({
        serviceBoundary: { added: 1, removed: 1, changed: 2, same: 7 },
        provisioningBoundary: { added: 0, removed: 0, changed: 0, same: 1 },
        adminArea: { added: 1, removed: 0, changed: 0, same: 3 },
        roadCentreLine: { added: 0, removed: 0, changed: 0, same: 2 },
        addressPoint: { added: 0, removed: 1, changed: 1, same: 0 },
      });
      expect(diff.changes.map(({ kind, featureId, fields }) => [kind, featureId, fields])).toEqual([
        ['added', psap('added'), []],
        ['removed', psap('enclave'), []],
        ['changed', psap('north-west'), ['geometry']],
        ['changed', psap('south-west'), ['displayName', 'serviceUri']],
        ['added', nguid('A3Polygon', 'KS-FordCounty-Wright'), []],
        ['removed', nguid('SiteStructureAddressPoint', 'ninety-eight'), []],
        ['changed', nguid('SiteStructureAddressPoint', 'seven'), ['geometry']],
      ]);
      const areas = diff.changes.map(({ changedAreaM2 }) =>
        changedAreaM2 === undefined ? undefined : Math.round(changedAreaM2 / 1e4),
      );
      expect(areas).toEqual(
        [1_895, 1_895, 473, 0, 9_475, undefined, undefined].map((each) =>
          each === undefined ? each : expect.closeTo(each, -1),
        ),
      );
    });

    it('come in pages', async () => {
      const listed: string[] = [];
      let after: Parameters<StoredReview['diff']>[0]['after'];
      for (;;) {
        const page = await review.diff({ from, to, limit: 2, after, layer: undefined });
        const last = page?.changes.at(-1);
        if (last === undefined) break;
        listed.push(...(page?.changes ?? []).map(({ featureId }) => featureId));
        after = last;
      }
      const whole = await review.diff({ from, to, ...all });
      expect(listed).toEqual(whole?.changes.map(({ featureId }) => featureId));
      expect(listed.length).toBe(7);
    });

    it('are none between a dataset and itself, and none that can be told of one that is not there', async () => {
      expect((await review.diff({ from, to: from, ...all }))?.changes).toEqual([]);
      expect(await review.diff({ from, to: 999 as DatasetId, ...all })).toBeUndefined();
      expect(await review.points({ datasetId: 999 as DatasetId, kind: 'area', count: 3, seed: 1 })).toEqual(
        [],
      );
    });

    it.each([
      ['area', 40],
      ['border', 40],
      ['addressPoint', 2],
      ['changed', 40],
    ] as const)('give points by %s, the same ones by one seed', async (kind: ProbeKind, count: number) => {
      const ask = (seed: number) => review.points({ datasetId: from, kind, count, seed, from: to });
      const [first, again, other] = [await ask(7), await ask(7), await ask(8)];
      expect(first.length).toBeGreaterThanOrEqual(count === 2 ? 2 : count / 2);
      expect(first.length).toBeLessThanOrEqual(count);
      expect(again).toEqual(first);
      if (count > 2) expect(other).not.toEqual(first);
      for (const { position } of first) {
        expect(position.lon).toBeGreaterThan(-100.001);
        expect(position.lon).toBeLessThan(-98.999);
        expect(position.lat).toBeGreaterThan(39.999);
        expect(position.lat).toBeLessThan(40.101);
      }
    });

    describe('in shadow of the other one', () => {
      const run = (changes: Partial<ShadowRequest>) =>
        runShadow(
          { datasetId: to, baseId: from, source: 'area', count: 60, seed: 3, service: undefined, ...changes },
          {
            lookup: makeBoundaryLookup(test.database),
            records: { put: () => undefined, list: async () => [], get: async () => undefined },
            probes: review,
            clock: { mono: () => monoMs(performance.now()), wall: () => testNow },
          },
          { limits: defaultShadowLimits, isCancelled: () => false, onProgress: async () => undefined },
        );

      it('most calls stay, those of the south-west move, and of changed ground all that could', async () => {
        const over = await run({ service: serviceUrn('urn:service:sos') });
        expect(over).toMatchObject({ failed: 0, lost: 0, gained: 0 });
        expect(over.same).toBeGreaterThan(over.moved);
        const flow = over.flows.find(({ from: uri }) => uri === 'sip:south-west@psap.example');
        expect(flow).toMatchObject({ to: 'sip:other@psap.example' });
        const changed = await run({ source: 'changed', service: serviceUrn('urn:service:sos') });
        expect(changed.total).toBeGreaterThan(10);
        // A quarter of them is in the south-west; the enclave kept its URI, and the border moved into a neighbour that wins the tie.
        expect(changed.moved).toBe(changed.total / 4);
        for (const { position, callId, from: target } of changed.differences) {
          expect([callId, typeof position?.lon, typeof target.uri]).toEqual([undefined, 'number', 'string']);
        }
      });

      it('calls from ground that no boundary has any more are lost', async () => {
        const smaller = await load([
          boundary('north-west', [0, 0.05, 0.3, 0.1], {
            geometry: asGeometry(rectangle([0, 0.05, 0.3, 0.1])),
          }),
        ]);
        const over = await run({
          datasetId: smaller,
          source: 'changed',
          service: serviceUrn('urn:service:sos'),
        });
        expect(over).toMatchObject({ failed: 0, moved: 0, gained: 0 });
        expect(over.lost).toBeGreaterThan(over.total / 2);
        expect(over.flows[0]?.to).toBeUndefined();
      });

      it('a dataset that is not there loses all calls', async () => {
        const over = await run({ baseId: 999 as DatasetId, service: serviceUrn('urn:service:sos') });
        expect(over.gained).toBe(over.total);
      });
    });
  });
});
