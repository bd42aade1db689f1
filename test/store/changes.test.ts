import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetId, datasetId, type WallMs, wallMs } from '../../src/base/index.ts';
import type {
  AuditLog,
  BoundaryAdmin,
  BoundaryChanges,
  BoundaryFeature,
  BoundaryLookup,
  ChangeOutcome,
  FeatureEdit,
  ProvisioningFeature,
} from '../../src/esrp/index.ts';
import { makeAuditLog } from '../../src/store/audit-log.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryChanges } from '../../src/store/boundary-changes.ts';
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

// Sets of changes to the features of a dataset: all of it or nothing, told to everybody, and undone as one.

const scope = { services: [sos], asOf: testNow, deadlineMs: 20_000 } as const;
const add = (made: BoundaryFeature): FeatureEdit => ({
  kind: 'add',
  feature: { kind: 'feature', feature: made },
});
const change = (made: BoundaryFeature): FeatureEdit => ({
  kind: 'change',
  feature: { kind: 'feature', feature: made },
});
const expire = (featureId: string, at: WallMs): FeatureEdit => ({
  kind: 'expire',
  ordinal: 1,
  layer: 'serviceBoundary',
  featureId,
  at,
});
const bowTie = {
  type: 'MultiPolygon' as const,
  coordinates: [
    [
      [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ] as const,
    ],
  ],
};
const provisioning: ProvisioningFeature = {
  ordinal: 1,
  featureId: 'ground',
  discrepancyAgencyId: 'agency.example',
  dateUpdate: undefined,
  effective: undefined,
  expire: undefined,
  crs: undefined,
  coordinates: box(0, 0, 4, 4).coordinates,
};

describe.each(drivers)('sets of changes on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('to a dataset', () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let boundaries: BoundaryAdmin;
    let changes: BoundaryChanges;
    let audit: AuditLog;
    let id: DatasetId;

    const apply = (edits: readonly FeatureEdit[], more: object = {}) =>
      changes.apply(edits, {
        datasetId: id,
        actor,
        note: 'a note',
        invalidGeometry: 'refuse',
        requestKey: undefined,
        ...more,
      });
    const applied = (outcome: ChangeOutcome) => {
      if (outcome.kind !== 'applied') throw new Error(JSON.stringify(outcome));
      return outcome.changeSet;
    };
    const at = async (lon: number, lat: number, more: object = {}) => {
      const answer = await lookup.byPoint({ lon, lat }, { ...scope, ...more });
      return answer.kind === 'found' ? answer.matches.map(({ boundaryId }) => boundaryId) : answer.kind;
    };
    const counts = async () => {
      const dataset = await boundaries.getDataset(id);
      return [dataset?.boundaryCount, dataset?.layerCounts.provisioningBoundary, dataset?.revision];
    };

    beforeAll(async () => {
      test = await open();
      lookup = makeBoundaryLookup(test.database);
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      changes = makeBoundaryChanges(test.database, 20_000);
      audit = makeAuditLog(test.database, 20_000);
      const outcome = await boundaries.load(
        source(
          feature('west', { geometry: box(0, 0, 1, 1) }),
          feature('east', { geometry: box(1, 0, 2, 1) }),
        ),
        { name: 'drawn', source: 'test', actor, invalidGeometry: 'refuse' },
      );
      if (outcome.kind !== 'loaded') throw new Error('not loaded');
      id = outcome.dataset.id;
      await boundaries.activate(id, actor);
    });
    afterAll(async () => await test.close());

    it('add, change and expire features at once, and are undone as one', async () => {
      const heard: string[] = [];
      const stop = await test.database.listen(activeDatasetChannel, (payload) => void heard.push(payload));
      const set = applied(
        await apply([
          add(feature('north', { geometry: box(0, 1, 2, 2) })),
          change(feature('west', { geometry: box(0, 0, 0.5, 1), serviceUri: 'sip:new@psap.example' })),
          expire('east', testNow),
          { kind: 'add', feature: { kind: 'provisioningBoundary', feature: provisioning } },
        ]),
      );
      expect(set).toMatchObject({ datasetId: id, revision: 1, actor: 'tester', note: 'a note' });
      expect(set.edits).toEqual([
        { action: 'add', layer: 'serviceBoundary', featureId: 'north' },
        { action: 'change', layer: 'serviceBoundary', featureId: 'west' },
        { action: 'expire', layer: 'serviceBoundary', featureId: 'east' },
        { action: 'add', layer: 'provisioningBoundary', featureId: 'ground' },
      ]);
      expect(await at(0.5, 1.5)).toEqual(['north']);
      expect(await at(0.25, 0.5)).toEqual(['west']);
      expect(await at(0.75, 0.5)).toBe('nothing');
      expect(await at(1.5, 0.5)).toBe('nothing');
      expect(await at(1.5, 0.5, { asOf: wallMs(testNow - 1) })).toEqual(['east']);
      expect((await boundaries.getBoundary('west', undefined))?.serviceUri).toBe('sip:new@psap.example');
      expect(await counts()).toEqual([3, 1, 1]);

      const undone = await changes.undo(id, set.no, actor);
      expect(undone).toMatchObject({ kind: 'undone', changeSet: { no: set.no, undoneBy: 'tester' } });
      expect(await at(0.5, 1.5)).toBe('nothing');
      expect(await at(0.75, 0.5)).toEqual(['west']);
      expect(await at(1.5, 0.5)).toEqual(['east']);
      expect((await boundaries.getBoundary('west', undefined))?.serviceUri).toBe('sip:west@psap.example');
      expect(await counts()).toEqual([2, 0, 2]);
      expect(await changes.undo(id, set.no, actor)).toMatchObject({ kind: 'undoneBefore' });
      // Parts of what is not current any more would burden every lookup there.
      expect(await ask(test.database, `select count(*) from boundary_part where dataset_id = ${id}`)).toBe(2);
      const rows = await audit.list({ limit: 2, before: undefined });
      expect(rows.map(({ action }) => action)).toEqual(['dataset.changeUndone', 'dataset.changed']);
      expect(rows[1]?.detail).toMatchObject({ datasetId: id, changeSetNo: set.no, editCount: 4 });
      await stop();
      expect(heard).toEqual([String(id), String(id)]);
    });

    it('change address points and roads as well', async () => {
      const place = {
        country: 'US',
        elements: new Map([
          ['A1', 'TX'],
          ['A3', 'Houston'],
        ]),
        language: undefined,
      };
      const side = {
        from: 1,
        to: 99,
        parity: 'odd',
        numberPrefix: undefined,
        civic: place,
        isForValidation: true,
      } as const;
      const { coordinates: _ring, ...shared } = provisioning;
      const point = (house: string): FeatureEdit => ({
        kind: house === '7' ? 'add' : 'change',
        feature: {
          kind: 'addressPoint',
          feature: {
            ...shared,
            featureId: 'door',
            civic: { ...place, elements: new Map([...place.elements, ['RD', 'Main'], ['HNO', house]]) },
            coordinates: [0.5, 0.5],
          },
        },
      });
      const road: FeatureEdit = {
        kind: 'add',
        feature: {
          kind: 'roadCentreLine',
          feature: {
            ...shared,
            featureId: 'road',
            street: new Map([['RD', 'Main']]),
            left: side,
            right: { ...side, parity: 'even' },
            lines: [
              [
                [0, 0],
                [1, 1],
              ],
            ],
          },
        },
      };
      const layerCounts = async () => {
        const dataset = await boundaries.getDataset(id);
        return [dataset?.layerCounts.addressPoint, dataset?.layerCounts.roadCentreLine];
      };
      const house = () =>
        ask(
          test.database,
          `select json_agg(house_number) from address_point where dataset_id = ${id} and removed_in is null`,
        );
      const first = applied(await apply([point('7'), road]));
      const second = applied(await apply([point('9')]));
      expect([await layerCounts(), await house()]).toEqual([[1, 1], [9]]);
      await changes.undo(id, second.no, actor);
      expect([await layerCounts(), await house()]).toEqual([[1, 1], [7]]);
      await changes.undo(id, first.no, actor);
      expect([await layerCounts(), await house()]).toEqual([[0, 0], null]);
    });

    it('keep each version of a feature, by the sets that brought and took it', async () => {
      const first = applied(await apply([change(feature('west', { priority: 1 }))]));
      const second = applied(await apply([change(feature('west', { priority: 2, expire: testNow }))]));
      const versions = await changes.history(id, 'serviceBoundary', 'west');
      expect(versions.slice(-2)).toMatchObject([
        { addedIn: first.no, removedIn: second.no, expire: undefined },
        { addedIn: second.no, removedIn: undefined, expire: testNow },
      ]);
      expect(versions[0]).toMatchObject({ addedIn: undefined, removedIn: first.no });
      const list = (query: object) =>
        changes.list({ datasetId: id, limit: 10, before: undefined, featureId: undefined, ...query });
      expect((await list({ featureId: 'west' })).slice(0, 2).map(({ no }) => no)).toEqual([
        second.no,
        first.no,
      ]);
      expect(await list({ featureId: 'nobody' })).toEqual([]);
      expect((await list({ limit: 1, before: second.no })).map(({ no }) => no)).toEqual([first.no]);

      expect(await changes.undo(id, first.no, actor)).toEqual({
        kind: 'inTheWay',
        later: [{ layer: 'serviceBoundary', featureId: 'west', changeSetNo: second.no }],
      });
      expect((await boundaries.getBoundary('west', undefined))?.priority).toBe(2);
      expect(await changes.undo(id, second.no, actor)).toMatchObject({ kind: 'undone' });
      expect((await boundaries.getBoundary('west', undefined))?.priority).toBe(1);
      expect(await changes.undo(id, first.no, actor)).toMatchObject({ kind: 'undone' });
      expect((await boundaries.getBoundary('west', undefined))?.priority).toBe(0);
    });

    it('take effect and end by their dates', async () => {
      const moment = wallMs(testNow + 3_600_000);
      const set = applied(
        await apply([
          expire('east', moment),
          add(feature('east-2', { geometry: box(1, 0, 2, 1), effective: moment })),
        ]),
      );
      expect(await at(1.5, 0.5, { asOf: wallMs(moment - 1) })).toEqual(['east']);
      expect(await at(1.5, 0.5, { asOf: moment })).toEqual(['east-2']);
      await changes.undo(id, set.no, actor);
    });

    it.each<readonly [string, readonly FeatureEdit[], readonly (readonly [number, string])[]]>([
      ['an id that is there', [add(feature('west', {}))], [[1, 'store.idTaken']]],
      ['an id that is not there', [change(feature('no', {}))], [[1, 'store.featureUnknown']]],
      ['an expiry of what is not there', [expire('no', testNow)], [[1, 'store.featureUnknown']]],
      ['one feature twice', [add(feature('n', {})), expire('n', testNow)], [[1, 'store.duplicateId']]],
      ['an invalid geometry', [add(feature('n', { geometry: bowTie }))], [[1, 'store.invalidGeometry']]],
      [
        'a position off the world',
        [add(feature('n', { geometry: box(0, 0, 181, 1) }))],
        [[1, 'store.coordinateOutOfRange']],
      ],
      [
        'dates in the wrong order',
        [add(feature('n', { effective: testNow, expire: testNow }))],
        [[1, 'store.datesReversed']],
      ],
      [
        'one of two',
        [add(feature('n', {})), change(feature('no', { ordinal: 2 }))],
        [[2, 'store.featureUnknown']],
      ],
    ])('are refused as a whole for %s', async (_what, edits, refusals) => {
      const before = [await counts(), await boundaries.getBoundary('west', undefined)];
      const outcome = await apply(edits);
      expect(
        outcome.kind === 'refused' && outcome.refused.map(({ ordinal, code }) => [ordinal, code]),
      ).toEqual(refusals);
      expect([await counts(), await boundaries.getBoundary('west', undefined)]).toEqual(before);
      expect(await boundaries.getBoundary('n', undefined)).toBeUndefined();
    });

    it('repair geometry where asked, and say so', async () => {
      const outcome = await apply([add(feature('tie', { geometry: bowTie }))], { invalidGeometry: 'repair' });
      expect(outcome).toMatchObject({ kind: 'applied', repaired: [{ boundaryId: 'tie' }] });
      await changes.undo(id, applied(outcome).no, actor);
    });

    it('are applied once under one key', async () => {
      const edits = [add(feature('keyed', { geometry: box(5, 5, 6, 6) }))];
      const set = applied(await apply(edits, { requestKey: 'k1' }));
      expect(await apply(edits, { requestKey: 'k1' })).toMatchObject({
        kind: 'repeated',
        changeSet: { no: set.no },
      });
      expect(await apply([expire('keyed', testNow)], { requestKey: 'k1' })).toMatchObject({
        kind: 'keyTaken',
        changeSet: { no: set.no },
      });
      await changes.undo(id, set.no, actor);
    });

    it('are not known to a dataset that is not there, nor undone in another', async () => {
      expect(await apply([expire('west', testNow)], { datasetId: datasetId(999) })).toEqual({
        kind: 'unknown',
      });
      expect(await changes.undo(id, 999_999, actor)).toEqual({ kind: 'unknown' });
    });

    it('of a dataset that another one is based on are taken over as they are', async () => {
      const set = applied(await apply([change(feature('west', { geometry: box(0, 0, 0.5, 1) }))]));
      const only = { kind: 'provisioningBoundary', feature: provisioning } as const;
      const outcome = await boundaries.load(
        (async function* () {
          yield only;
        })(),
        { name: 'based', source: 'test', actor, invalidGeometry: 'refuse', base: id },
      );
      if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome));
      const based = outcome.dataset;
      expect(based.layerCounts).toMatchObject({ serviceBoundary: 2, provisioningBoundary: 1, adminArea: 0 });
      expect(await at(0.25, 0.5, { datasetId: based.id })).toEqual(['west']);
      expect(await at(0.75, 0.5, { datasetId: based.id })).toBe('nothing');
      await changes.undo(id, set.no, actor);
      expect(await at(0.75, 0.5)).toEqual(['west']);
      expect(await at(0.75, 0.5, { datasetId: based.id })).toBe('nothing');
    });
  });
});
