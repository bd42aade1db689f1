import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BoundaryAdmin, Dataset, GisReading } from '../../src/esrp/index.ts';
import { createGisReader } from '../../src/load/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { actor, ask, drivers, recordingLogger, type TestDatabase } from './harness.ts';

// Files through the reader into the database: every layer arrives, and every system of coordinates in the same place.

const fixture = (name: string) => readFileSync(new URL(`../fixtures/gis/${name}`, import.meta.url));

describe.each(drivers)('GIS files into $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of every format', () => {
    let test: TestDatabase;
    let boundaries: BoundaryAdmin;
    let folder: string;

    beforeAll(async () => {
      test = await open();
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      folder = mkdtempSync(join(tmpdir(), 'firstline-formats-'));
    });
    afterAll(async () => {
      rmSync(folder, { recursive: true });
      await test.close();
    });

    async function load(file: string, reading: Partial<GisReading> = {}): Promise<Dataset> {
      const reader = createGisReader({ uploadsFolder: folder });
      async function* bytes(): AsyncGenerator<Uint8Array> {
        yield fixture(file);
      }
      const features = reader.features(bytes(), { defaultServiceUrn: undefined, fileName: file, ...reading });
      const options = { name: file, source: file, actor, invalidGeometry: 'refuse' } as const;
      const outcome = await boundaries.load(features, options);
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      expect(readdirSync(folder)).toEqual([]);
      return outcome.dataset;
    }

    it.each(['nena.gpkg.gz', 'shapefiles.zip'])('%s brings every layer', async (file) => {
      expect(await load(file)).toMatchObject({
        boundaryCount: 2,
        layerCounts: {
          serviceBoundary: 2,
          provisioningBoundary: 1,
          adminArea: 1,
          roadCentreLine: 1,
          addressPoint: 1,
        },
      });
    });

    // NAD27 is brought to WGS 84 by tables of differences that not every installation has; without them it is off by less
    // than this, and by a tenth of it with them.
    it.each<[string, number]>([
      ['PsapPolygon.geojson', 1e-9],
      ['psap-latin1.zip', 1e-9],
      ['psap-mercator.zip', 1e-6],
      ['psap-mercator.geojson', 1e-6],
      ['psap-state-plane.zip', 1e-6],
      ['psap-nad27.zip', 5e-4],
    ])('%s lies where it was drawn', async (file, tolerance) => {
      const { id } = await load(file);
      const box = await ask(
        test.database,
        `select json_build_array(ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b), n)
         from (select ST_Extent(geom)::geometry as b, count(*) as n from service_boundary
               where dataset_id = ${id} and boundary_id like '%PSAP:1:%') as found`,
      );
      const [west = 0, south = 0, east = 0, north = 0, count] = box as readonly number[];
      expect(count).toBe(1);
      const wanted = [-95.5, 29, -93.75, 30.5];
      [west, south, east, north].forEach((each, index) => {
        expect(Math.abs(each - (wanted[index] ?? 0)), `${file} side ${index}`).toBeLessThan(tolerance);
      });
    });
  });
});
