import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetId, serviceUrn, wallMs } from '../../src/base/index.ts';
import type {
  AuditLog,
  BoundaryAdmin,
  BoundaryFeature,
  BoundaryGeometry,
  BoundaryLookup,
  LoadOutcome,
  SourceFeature,
} from '../../src/esrp/index.ts';
import { makeAuditLog } from '../../src/store/audit-log.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { activeDatasetChannel } from '../../src/store/sql/dataset.ts';
import {
  actor,
  ask,
  box,
  drivers,
  feature,
  recordingLogger,
  sos,
  source,
  type TestDatabase,
  testNow,
} from './harness.ts';

// Loading, activating, rolling back; and what small drawn boundaries answer.

const scope = { services: [sos], asOf: testNow, deadlineMs: 20_000 } as const;
const fire = serviceUrn('urn:service:sos.fire');
const metreDeg = 1 / 111_195;

const bowTie: BoundaryGeometry = {
  type: 'MultiPolygon',
  coordinates: [
    [
      [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ],
    ],
  ],
};
const openRing: BoundaryGeometry = {
  type: 'MultiPolygon',
  coordinates: [
    [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
    ],
  ],
};
const line: BoundaryGeometry = {
  type: 'MultiPolygon',
  coordinates: [
    [
      [
        [0, 0],
        [1, 1],
        [0, 0],
        [0, 0],
      ],
    ],
  ],
};

describe.each(drivers)('datasets on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of drawn boundaries', () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let boundaries: BoundaryAdmin;
    let audit: AuditLog;

    const load = (features: AsyncIterable<SourceFeature>, invalidGeometry: 'refuse' | 'repair' = 'refuse') =>
      boundaries.load(features, { name: 'drawn', source: 'test', actor, invalidGeometry });
    const loaded = (outcome: LoadOutcome) => {
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      return outcome.dataset;
    };
    const loadAndActivate = async (...features: readonly BoundaryFeature[]) => {
      const dataset = loaded(await load(source(...features)));
      return await boundaries.activate(dataset.id, actor);
    };
    const idsAt = async (lon: number, lat: number, changes: object = {}) => {
      const answer = await lookup.byPoint({ lon, lat }, { ...scope, ...changes });
      return answer.kind === 'found'
        ? [answer.rule, ...answer.matches.map(({ boundaryId }) => boundaryId)]
        : [answer.kind];
    };

    beforeAll(async () => {
      test = await open();
      lookup = makeBoundaryLookup(test.database);
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      audit = makeAuditLog(test.database, 20_000);
    });
    afterAll(async () => await test.close());

    it('answer that none is active before the first', async () => {
      expect((await lookup.byPoint({ lon: 0, lat: 0 }, scope)).kind).toBe('noActiveDataset');
      const nowhere = { country: 'US', elements: new Map([['A1', 'TX']]), language: undefined };
      expect((await lookup.byCivic(nowhere, scope)).kind).toBe('noActiveDataset');
      expect(await boundaries.rollBack(actor)).toBeUndefined();
      expect(await boundaries.activate(datasetId(999), actor)).toBeUndefined();
    });

    it('are staged, activated, listed and rolled back, with an audit row for each', async () => {
      const first = loaded(await load(source(feature('a', {}))));
      expect(first).toMatchObject({
        state: 'staged',
        boundaryCount: 1,
        createdBy: 'tester',
        activatedAt: undefined,
      });
      expect((await lookup.byPoint({ lon: 0.5, lat: 0.5 }, scope)).kind).toBe('noActiveDataset');
      expect(await boundaries.activate(first.id, actor)).toMatchObject({ id: first.id, state: 'active' });
      expect(await boundaries.activate(first.id, actor)).toMatchObject({ id: first.id, state: 'active' });
      expect(await boundaries.rollBack(actor)).toBeUndefined();

      const second = await loadAndActivate(feature('b', {}));
      const third = await loadAndActivate(feature('c', {}));
      expect(await idsAt(0.5, 0.5)).toEqual(['covers', 'c']);
      expect((await boundaries.listDatasets()).map(({ id, state }) => [id, state])).toEqual([
        [third?.id, 'active'],
        [second?.id, 'retired'],
        [first.id, 'retired'],
      ]);
      // Each roll back goes one step further back, not forth and back.
      expect(await boundaries.rollBack(actor)).toMatchObject({ id: second?.id, state: 'active' });
      expect(await idsAt(0.5, 0.5)).toEqual(['covers', 'b']);
      expect(await boundaries.rollBack(actor)).toMatchObject({ id: first.id });
      expect(await idsAt(0.5, 0.5)).toEqual(['covers', 'a']);
      expect(await boundaries.rollBack(actor)).toBeUndefined();
      expect(await boundaries.getDataset(first.id)).toMatchObject({ state: 'active' });

      const rows = await audit.list({ limit: 8, before: undefined });
      expect(rows.map(({ action }) => action)).toEqual([
        'dataset.rolledBack',
        'dataset.rolledBack',
        'dataset.activated',
        'dataset.loaded',
        'dataset.activated',
        'dataset.loaded',
        'dataset.activated',
        'dataset.loaded',
      ]);
      expect(rows[0]).toMatchObject({
        actor: 'tester',
        via: 'api',
        detail: { datasetId: first.id, undoneDatasetId: second?.id },
      });
      expect(await audit.list({ limit: 1, before: rows[0]?.id })).toEqual([rows[1]]);
    });

    it('tell every listener which is active now', async () => {
      const told: string[] = [];
      const heard = new Promise<void>((resolve) => {
        void test.database
          .listen(activeDatasetChannel, (payload) => {
            told.push(payload);
            resolve();
          })
          .then(() => loadAndActivate(feature('n', {})));
      });
      await heard;
      const [newest] = await boundaries.listDatasets();
      expect(told).toEqual([String(newest?.id)]);
    });

    it('order boundaries that cover one point by service, priority and id', async () => {
      await loadAndActivate(
        feature('b-low', { priority: 1 }),
        feature('c-high', { priority: 5 }),
        feature('a-high', { priority: 5 }),
        feature('fire', { serviceUrn: fire, priority: -1 }),
      );
      expect(await idsAt(0.5, 0.5)).toEqual(['covers', 'a-high', 'c-high', 'b-low']);
      expect(await idsAt(0.5, 0.5, { services: [fire, sos] })).toEqual([
        'covers',
        'fire',
        'a-high',
        'c-high',
        'b-low',
      ]);
      expect(await idsAt(0, 0)).toEqual(['covers', 'a-high', 'c-high', 'b-low']);
    });

    it('give another service where the one asked for has no boundary', async () => {
      await loadAndActivate(
        feature('all', { geometry: box(0, 0, 2, 2) }),
        feature('fire', { serviceUrn: fire, geometry: box(0, 0, 1, 1) }),
      );
      expect(await idsAt(0.5, 0.5, { services: [fire, sos] })).toEqual(['covers', 'fire', 'all']);
      expect(await idsAt(1.5, 1.5, { services: [fire, sos] })).toEqual(['covers', 'all']);
      expect(await idsAt(1.5, 1.5, { services: [fire] })).toEqual(['nothing']);
    });

    it('count from their effective date and until before their expiry', async () => {
      const moment = 1_800_000_000_000;
      await loadAndActivate(
        feature('old', { expire: wallMs(moment) }),
        feature('new', { effective: wallMs(moment) }),
      );
      expect(await idsAt(0.5, 0.5, { asOf: wallMs(moment - 1) })).toEqual(['covers', 'old']);
      expect(await idsAt(0.5, 0.5, { asOf: wallMs(moment) })).toEqual(['covers', 'new']);
      expect(await boundaries.getBoundary('old', undefined)).toMatchObject({
        expire: moment,
        effective: undefined,
      });
    });

    it.each([0, 49, 70])('take the nearest within a metre of a crack at latitude %s', async (south) => {
      const lonMetre = metreDeg / Math.cos((south * Math.PI) / 180);
      // Two areas with a crack of 0.9 m between them, and nothing to the east of the second.
      await loadAndActivate(
        feature('west', { geometry: box(-1, south - 1, 0, south + 1) }),
        feature('east', { geometry: box(0.9 * lonMetre, south - 1, 1, south + 1) }),
      );
      expect(await idsAt(0.3 * lonMetre, south)).toEqual(['withinOneMetre', 'west', 'east']);
      expect(await idsAt(0.6 * lonMetre, south)).toEqual(['withinOneMetre', 'east', 'west']);
      expect(await idsAt(1 + 0.9 * lonMetre, south)).toEqual(['withinOneMetre', 'east']);
      expect(await idsAt(1 + 1.1 * lonMetre, south)).toEqual(['nothing']);
      expect(await idsAt(0.5, south + 1 + 0.9 * metreDeg)).toEqual(['withinOneMetre', 'east']);
      expect(await idsAt(0.5, south + 1 + 1.1 * metreDeg)).toEqual(['nothing']);
    });

    it('know areas by A3 where the boundaries name it, the finest first', async () => {
      const at = (elements: Record<string, string>) =>
        lookup.byCivic(
          { country: 'US', elements: new Map(Object.entries(elements)), language: undefined },
          scope,
        );
      await loadAndActivate(
        feature('state', { a1: 'TX' }),
        feature('harris', { a1: 'TX', a2: 'Harris County' }),
        feature('pasadena', { a1: 'TX', a2: 'Harris County', a3: 'Pasadena' }),
        feature('pasadena-2', {
          a1: 'TX',
          a2: 'Harris County',
          a3: 'Pasadena',
          serviceUri: 'sip:pasadena@psap.example',
        }),
        feature('utah', { a1: 'UT' }),
      );
      const idsOf = async (elements: Record<string, string>) => {
        const answer = await at(elements);
        if (answer.kind === 'found') return answer.matches.map(({ boundaryId }) => boundaryId);
        return [answer.kind];
      };
      expect(await idsOf({ A1: 'TX', A2: 'Harris', A3: 'City of Pasadena' })).toEqual([
        'pasadena',
        'pasadena-2',
      ]);
      expect(await idsOf({ A1: 'TX', A3: 'Pasadena' })).toEqual(['pasadena', 'pasadena-2']);
      expect(await idsOf({ A1: 'TX', A2: 'Harris', A3: 'Houston' })).toEqual(['harris']);
      expect(await idsOf({ A1: 'TX', A2: 'Harris' })).toEqual(['ambiguous']);
      expect(await idsOf({ A1: 'TX', A2: 'Travis' })).toEqual(['state']);
      expect(await idsOf({ A1: 'UT', A2: 'Anything', A3: 'Anywhere' })).toEqual(['utah']);
    });

    const refusals: readonly (readonly [
      string,
      readonly BoundaryFeature[],
      readonly (readonly [number, string])[],
    ])[] = [
      ['no features', [], [[0, 'store.emptyLoad']]],
      ['an open ring', [feature('a', {}), feature('b', { geometry: openRing })], [[2, 'store.ringOpen']]],
      ['a bow tie', [feature('a', { geometry: bowTie })], [[1, 'store.invalidGeometry']]],
      ['a ring without area', [feature('a', { geometry: line })], [[1, 'store.invalidGeometry']]],
      ['one id twice', [feature('a', {}), feature('b', {}), feature('a', {})], [[3, 'store.duplicateId']]],
      [
        'latitude and longitude swapped',
        [feature('a', { geometry: box(29, -96, 30, -95) })],
        [[1, 'store.coordinateOutOfRange']],
      ],
      [
        'no polygon',
        [feature('a', { geometry: { type: 'MultiPolygon', coordinates: [] } })],
        [[1, 'store.emptyGeometry']],
      ],
      [
        'several things at once',
        [
          feature('a', { geometry: bowTie }),
          feature('b', { geometry: openRing }),
          feature('c', {}),
          feature('c', {}),
        ],
        [
          [1, 'store.invalidGeometry'],
          [2, 'store.ringOpen'],
          [4, 'store.duplicateId'],
        ],
      ],
    ];
    it.each(refusals)('refuse a load with %s, and change nothing', async (_name, features, expected) => {
      const before = [await boundaries.listDatasets(), await audit.list({ limit: 1, before: undefined })];
      const outcome = await load(source(...features));
      expect(outcome).toMatchObject({ kind: 'refused', readCount: features.length });
      expect(
        outcome.kind === 'refused' && outcome.refused.map(({ ordinal, code }) => [ordinal, code]),
      ).toEqual(expected);
      expect([await boundaries.listDatasets(), await audit.list({ limit: 1, before: undefined })]).toEqual(
        before,
      );
      expect(await ask(test.database, strayTables)).toBe(0);
    });

    it('repair what can be repaired and name it, refuse what cannot', async () => {
      const outcome = await load(source(feature('a', { geometry: bowTie }), feature('b', {})), 'repair');
      expect(outcome).toMatchObject({
        kind: 'loaded',
        repaired: [{ ordinal: 1, boundaryId: 'a', code: 'store.invalidGeometry' }],
      });
      expect(await load(source(feature('a', { geometry: line })), 'repair')).toMatchObject({
        kind: 'refused',
        refused: [{ ordinal: 1, code: 'store.unrepairable' }],
      });
    });

    it('leave nothing of a load whose source fails', async () => {
      const before = await boundaries.listDatasets();
      async function* failing(): AsyncGenerator<SourceFeature> {
        yield { kind: 'feature', feature: feature('a', {}) };
        throw new Error('the file ends here');
      }
      await expect(load(failing())).rejects.toMatchObject({ code: 'store.loadFailed' });
      expect(await boundaries.listDatasets()).toEqual(before);
      expect(await ask(test.database, strayTables)).toBe(0);
    });

    it('load beside each other', async () => {
      const outcomes = await Promise.all([load(source(feature('a', {}))), load(source(feature('b', {})))]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['loaded', 'loaded']);
    });

    it('miss a deadline with the error that says so, and go on', async () => {
      const slow = { name: '', text: `select count(*)::text as answer from ${heavy}`, values: [] };
      await expect(test.database.query(slow, { deadlineMs: 50 })).rejects.toMatchObject({
        code: 'store.deadlineMissed',
      });
      expect((await idsAt(0.5, 0.5)).length).toBeGreaterThan(0);
      await expect(
        test.database.dbTransaction(
          async (tx) => {
            await tx.script("insert into audit (actor, via, action) values ('x', 'x', 'undone')");
            await tx.query(slow);
          },
          { deadlineMs: 100 },
        ),
      ).rejects.toMatchObject({ code: 'store.deadlineMissed' });
      expect(await ask(test.database, "select count(*) from audit where action = 'undone'")).toBe(0);
    });
  });
});

const heavy = 'generate_series(1, 3000000)';

// Tables of loads that are not attached to the tables that lookups read.
const strayTables = `select count(*) from pg_class c
  where c.relname ~ '^(service_boundary|boundary_part)_[0-9]+$' and c.relkind = 'r' and not c.relispartition`;
