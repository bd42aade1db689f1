import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetId, wallMs } from '../../src/base/index.ts';
import type {
  AdminAreaFeature,
  BoundaryAdmin,
  BoundaryFeature,
  BoundaryGeometry,
  Dataset,
  GisFeature,
  LoadOptions,
  LoadOutcome,
  ProvisioningFeature,
  SourceCrs,
  SourceFeature,
} from '../../src/esrp/index.ts';
import { makeAuditLog } from '../../src/store/audit-log.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { removeDataset } from '../../src/store/dataset-remove.ts';
import { layerWriters } from '../../src/store/layer-writers.ts';
import {
  actor,
  ask,
  box,
  drivers,
  feature,
  recordingLogger,
  sos,
  type TestDatabase,
  testNow,
} from './harness.ts';

// Layers of a dataset: loaded together, from any coordinate system, taken over from another dataset, removed whole.

const scope = { services: [sos], asOf: testNow, deadlineMs: 20_000 } as const;
const base: Omit<GisFeature, 'featureId'> = {
  ordinal: 1,
  discrepancyAgencyId: 'agency.example',
  dateUpdate: wallMs(testNow - 1_000),
  effective: undefined,
  expire: wallMs(testNow + 1_000),
  crs: undefined,
};
const ground = (more: Partial<ProvisioningFeature> = {}): SourceFeature => ({
  kind: 'provisioningBoundary',
  feature: { ...base, featureId: 'ground', coordinates: box(0, 0, 4, 4).coordinates, ...more },
});
const area = (featureId: string, more: Partial<AdminAreaFeature> = {}): SourceFeature => ({
  kind: 'adminArea',
  feature: {
    ...base,
    featureId,
    level: 2,
    civic: {
      country: 'US',
      elements: new Map([
        ['A1', 'TX'],
        ['A2', 'Harris'],
      ]),
      language: undefined,
    },
    coordinates: box(0, 0, 1, 1).coordinates,
    ...more,
  },
});
const boundary = (id: string, more: Partial<BoundaryFeature> = {}): SourceFeature => ({
  kind: 'feature',
  feature: feature(id, more),
});

async function* numbered(...features: readonly SourceFeature[]): AsyncGenerator<SourceFeature> {
  for (const [index, each] of features.entries()) {
    if (each.kind === 'refused') yield each;
    else yield { ...each, feature: { ...each.feature, ordinal: index + 1 } } as SourceFeature;
  }
}

type Pair = readonly [number, number];

/** A square of so many units around a position. */
const around = (x: number, y: number, units: number): BoundaryGeometry =>
  box(x - units, y - units, x + units, y + units);

const epsg = (code: number): SourceCrs => ({ kind: 'epsg', code });
const defined = (text: string): SourceCrs => ({ kind: 'definition', text });

// As ESRI writes a .prj; false easting in feet of the survey.
const longIsland =
  'PROJCS["NAD_1983_StatePlane_New_York_Long_Island_FIPS_3104_Feet",GEOGCS["GCS_North_American_1983",' +
  'DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],' +
  'UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",984250.0],' +
  'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-74.0],PARAMETER["Standard_Parallel_1",40.66666666666666],' +
  'PARAMETER["Standard_Parallel_2",41.03333333333333],PARAMETER["Latitude_Of_Origin",40.16666666666666],' +
  'UNIT["Foot_US",0.3048006096012192]]';
// WKT 2 whose first axis goes north, as the registry has it: coordinates are east before north all the same.
const newZealand =
  'PROJCRS["NZGD2000 / New Zealand Transverse Mercator 2000",BASEGEOGCRS["NZGD2000",DATUM["New Zealand Geodetic Datum 2000",' +
  'ELLIPSOID["GRS 1980",6378137,298.257222101]]],CONVERSION["New Zealand Transverse Mercator 2000",' +
  'METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433]],' +
  'PARAMETER["Longitude of natural origin",173,ANGLEUNIT["degree",0.0174532925199433]],' +
  'PARAMETER["Scale factor at natural origin",0.9996,SCALEUNIT["unity",1]],PARAMETER["False easting",1600000,LENGTHUNIT["metre",1]],' +
  'PARAMETER["False northing",10000000,LENGTHUNIT["metre",1]]],CS[Cartesian,2],AXIS["northing (N)",north,ORDER[1],' +
  'LENGTHUNIT["metre",1]],AXIS["easting (E)",east,ORDER[2],LENGTHUNIT["metre",1]]]';

describe.each(drivers)('layers on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of a dataset', () => {
    let test: TestDatabase;
    let boundaries: BoundaryAdmin;

    const load = (features: AsyncIterable<SourceFeature>, more: Partial<LoadOptions> = {}) =>
      boundaries.load(features, { name: 'drawn', source: 'test', actor, invalidGeometry: 'refuse', ...more });
    const loaded = (outcome: LoadOutcome): Dataset => {
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      return outcome.dataset;
    };
    const refusals = (outcome: LoadOutcome) =>
      outcome.kind === 'refused' && outcome.refused.map(({ ordinal, layer, code }) => [ordinal, layer, code]);
    const strayCount = () =>
      ask(
        test.database,
        `select count(*) from pg_class c where c.relkind = 'r' and not c.relispartition
           and c.relname ~ '^(${layerWriters.flatMap(({ tables }) => tables).join('|')})_[0-9]+$'`,
      );

    beforeAll(async () => {
      test = await open();
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
    });
    afterAll(async () => await test.close());

    it('are loaded together, each with its own columns, and counted', async () => {
      const dataset = loaded(
        await load(numbered(area('a2'), boundary('b'), ground(), area('a3', { level: 3 }))),
      );
      expect(dataset).toMatchObject({
        state: 'staged',
        boundaryCount: 1,
        revision: 0,
        layerCounts: {
          serviceBoundary: 1,
          provisioningBoundary: 1,
          adminArea: 2,
          roadCentreLine: 0,
          addressPoint: 0,
        },
      });
      const row = (table: string, columns: string) =>
        ask(
          test.database,
          `select json_build_array(${columns}) from ${table} where dataset_id = ${dataset.id} limit 1`,
        );
      const dates = 'round(extract(epoch from date_update) * 1000), round(extract(epoch from expire) * 1000)';
      expect(
        await row('provisioning_boundary', `feature_id, discrepancy_agency_id, ${dates}, ST_Area(geom)`),
      ).toEqual(['ground', 'agency.example', testNow - 1_000, testNow + 1_000, 16]);
      expect(await row('admin_area', 'level, country, a1, a2, a3, ordinal')).toEqual([
        2,
        'US',
        'TX',
        'Harris',
        null,
        1,
      ]);
    });

    it('name the layer of what is refused, and a number twice in two layers is none', async () => {
      const outcome = await load(
        numbered(
          area('same'),
          ground({ featureId: 'same' }),
          area('same'),
          ground({ featureId: 'g', coordinates: [] }),
        ),
      );
      expect(refusals(outcome)).toEqual([
        [3, 'adminArea', 'store.duplicateId'],
        [4, 'provisioningBoundary', 'store.emptyGeometry'],
      ]);
      expect(await strayCount()).toBe(0);
    });

    it('that a source lacks are taken over from the base, and others are not', async () => {
      const first = loaded(await load(numbered(boundary('old'), ground(), area('a'), area('b'))));
      const second = loaded(await load(numbered(boundary('new'), area('c')), { base: first.id }));
      expect(second.layerCounts).toMatchObject({ serviceBoundary: 1, provisioningBoundary: 1, adminArea: 1 });
      const lookup = makeBoundaryLookup(test.database);
      const third = loaded(await load(numbered(area('d')), { base: second.id }));
      const answer = await lookup.byPoint({ lon: 0.5, lat: 0.5 }, { ...scope, datasetId: third.id });
      expect(answer.kind === 'found' && answer.matches.map(({ boundaryId }) => boundaryId)).toEqual(['new']);
      await expect(load(numbered(area('d')), { base: datasetId(9_999) })).rejects.toMatchObject({
        code: 'store.loadFailed',
      });
      expect(await strayCount()).toBe(0);
    });

    // Coordinates from the registry's guidance (EPSG 7-2) and from the origins of the projections' definitions.
    const systems: readonly (readonly [string, SourceCrs, Pair, number, Pair, number])[] = [
      ['Web Mercator', epsg(3857), [-11_169_055.58, 2_800_000], 10, [-100.333333, 24.381787], 1e-6],
      ['UTM zone 15', epsg(26915), [500_000, 0], 10, [-93, 0], 1e-6],
      ['New Zealand', epsg(2193), [1_600_000, 10_000_000], 10, [173, 0], 1e-6],
      ['Long Island in feet', epsg(2263), [984_250, 0], 30, [-74, 40.1666667], 1e-6],
      // Of NAD 27, which lies 24 m and 30 m off here.
      [
        'Texas South Central of 1927',
        epsg(32040),
        [2_963_503.91, 254_759.8],
        30,
        [-96.00025, 28.50027],
        1e-5,
      ],
      ['degrees of NAD 83', epsg(4269), [-93, 42], 1e-4, [-93, 42], 1e-6],
      ['degrees with heights', epsg(4979), [-93, 42], 1e-4, [-93, 42], 1e-9],
      ['an ESRI definition', defined(longIsland), [984_250, 0], 30, [-74, 40.1666667], 1e-6],
      ['WKT 2 with north first', defined(newZealand), [1_600_000, 10_000_000], 10, [173, 0], 1e-6],
      ['a PROJ string', defined('+proj=utm +zone=15 +datum=NAD83'), [500_000, 0], 10, [-93, 0], 1e-6],
      ['UTM zone 15 again', epsg(26915), [500_000, 0], 10, [-93, 0], 1e-6],
    ];

    it('come from any coordinate system, several in one source', async () => {
      const features = systems.flatMap(([name, crs, [x, y], units]) => {
        const geometry = around(x, y, units);
        return [
          boundary(name, { crs, geometry }),
          ground({ featureId: name, crs, coordinates: geometry.coordinates }),
        ];
      });
      const dataset = loaded(await load(numbered(...features)));
      const centres = (sql: string) =>
        ask(
          test.database,
          `select json_object_agg(id, json_build_array(ST_X(c), ST_Y(c))) from (
             select id, ST_Centroid(geom) c from (${sql}) rows where dataset_id = ${dataset.id}) t`,
        ) as Promise<Readonly<Record<string, Pair>>>;
      const found = [
        await centres('select dataset_id, boundary_id id, geom from service_boundary'),
        await centres('select dataset_id, feature_id id, geom from provisioning_boundary'),
        await centres(`select dataset_id, b.boundary_id id, p.geom from boundary_part p
          join service_boundary b using (dataset_id, boundary_no)`),
      ];
      for (const [name, , , , [lon, lat], toleranceDeg] of systems) {
        for (const centre of found.map((each) => each[name])) {
          expect(Math.abs((centre?.[0] ?? 999) - lon), `${name}: ${centre}`).toBeLessThan(toleranceDeg);
          expect(Math.abs((centre?.[1] ?? 999) - lat), `${name}: ${centre}`).toBeLessThan(toleranceDeg);
        }
      }
    });

    it('across 180 degrees in a projection are cut there', async () => {
      // The Pacific's own Mercator, whose middle is 150 degrees east.
      const crs = epsg(3832);
      const geometry = box(3_300_000, 0, 3_400_000, 100_000);
      const dataset = loaded(await load(numbered(boundary('pacific', { crs, geometry }))));
      const found = (await ask(
        test.database,
        `select json_build_array(ST_XMin(geom), ST_XMax(geom), ST_Area(geom), ST_NumGeometries(geom), ST_IsValid(geom))
         from service_boundary where dataset_id = ${dataset.id}`,
      )) as [number, number, number, number, boolean];
      expect(found[0]).toBe(-180);
      expect(found[1]).toBe(180);
      expect(found[2]).toBeCloseTo((100_000 / 111_319.49) * (100_000 / 111_319.49), 1);
      expect(found.slice(3)).toEqual([2, true]);
    });

    it.each<readonly [string, readonly SourceFeature[], readonly unknown[]]>([
      [
        'a number that the registry does not have, once',
        [boundary('a', { crs: epsg(999_123) }), boundary('b', { crs: epsg(999_123) })],
        [[1, 'serviceBoundary', 'store.crsUnknown']],
      ],
      [
        'text that is no definition',
        [boundary('a', { crs: defined('Ordnance Survey') })],
        [[1, 'serviceBoundary', 'store.crsUnknown']],
      ],
      [
        'a definition that names a file',
        [boundary('a', { crs: defined('+proj=longlat +nadgrids=/etc/passwd') })],
        [[1, 'serviceBoundary', 'store.crsUnknown']],
      ],
      [
        'positions where a projection has none',
        [
          boundary('a', { crs: epsg(26915), geometry: around(500_000, 0, 10) }),
          boundary('b', { crs: epsg(26915), geometry: around(1e30, 1e30, 1e29) }),
          boundary('c', { crs: epsg(26915), geometry: around(500_000, 0, 10) }),
        ],
        [[2, 'serviceBoundary', 'store.transformFailed']],
      ],
      [
        'what is not finite',
        [boundary('a', { crs: epsg(26915), geometry: around(Number.NaN, 0, 1) })],
        [[1, 'serviceBoundary', 'store.coordinateOutOfRange']],
      ],
      [
        'degrees beyond the world in a system of degrees',
        [boundary('a', { crs: epsg(4269), geometry: box(0, 0, 1, 91) })],
        [[1, 'serviceBoundary', 'store.coordinateOutOfRange']],
      ],
    ])('are refused for %s', async (_what, features, expected) => {
      expect(refusals(await load(numbered(...features)))).toEqual(expected);
      expect(await strayCount()).toBe(0);
    });

    it('go with their dataset, and the history of activations with it', async () => {
      const first = loaded(await load(numbered(boundary('first'), area('a'))));
      const second = loaded(await load(numbered(boundary('second'))));
      const third = loaded(await load(numbered(boundary('third'))));
      for (const { id } of [first, second, third]) await boundaries.activate(id, actor);
      expect(await removeDataset(test.database, third.id, actor)).toBe('active');
      expect(await removeDataset(test.database, second.id, actor)).toBe('removed');
      expect(await removeDataset(test.database, second.id, actor)).toBe('unknown');
      expect(await boundaries.getDataset(second.id)).toBeUndefined();
      expect(await boundaries.activate(second.id, actor)).toBeUndefined();
      expect(await ask(test.database, `select to_regclass('service_boundary_${second.id}')`)).toBeNull();
      expect(await boundaries.rollBack(actor)).toMatchObject({ id: first.id });
      const rows = await makeAuditLog(test.database, 20_000).list({ limit: 2, before: undefined });
      expect(rows[1]).toMatchObject({ action: 'dataset.removed', detail: { datasetId: second.id } });
      expect(await strayCount()).toBe(0);
    });
  });
});
