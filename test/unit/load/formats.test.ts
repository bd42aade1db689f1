import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { SourceFeature } from '../../../src/esrp/index.ts';
import { createGisReader } from '../../../src/load/index.ts';
import { arriving, comparable, fixture, type Given, hasOgr, readSource, refusals } from './gis-support.ts';

const layers = [
  'PsapPolygon',
  'ProvisioningPolygon',
  'A2Polygon',
  'RoadCenterLine',
  'SiteStructureAddressPoint',
] as const;

async function expected(names: readonly string[]): Promise<readonly unknown[]> {
  const all: SourceFeature[] = [];
  for (const name of names) all.push(...(await readSource(fixture(`${name}.geojson`))).items);
  return comparable(all);
}

const everything = await expected(layers);
const psaps = await expected(['PsapPolygon']);

describe('the fixtures as GeoJSON', () => {
  it('have every layer, and every kind of ring', () => {
    expect(everything.map((item) => (item as { kind: string }).kind).sort()).toEqual([
      'addressPoint',
      'adminArea',
      'feature',
      'feature',
      'provisioningBoundary',
      'roadCentreLine',
    ]);
    expect(JSON.stringify(psaps)).toContain('Peñasco County');
  });

  it('say what each field becomes', () => {
    expect(everything).toContainEqual({
      kind: 'roadCentreLine',
      feature: {
        featureId: 'urn:emergency:uid:gis:RCL:1:gis.example.gov',
        discrepancyAgencyId: 'gis.example.gov',
        dateUpdate: Date.UTC(2026, 2, 1),
        street: { PRD: 'North', RD: 'Main', STS: 'Street' },
        left: {
          from: 101,
          to: 199,
          parity: 'odd',
          isForValidation: true,
          civic: {
            country: 'US',
            elements: { A1: 'TX', A2: 'Peñasco County', A3: 'Springfield', PC: '77002', PCN: 'Springfield' },
          },
        },
        right: {
          parity: 'none',
          isForValidation: false,
          civic: {
            country: 'US',
            elements: {
              A1: 'TX',
              A2: 'Peñasco County',
              A3: 'Unincorporated',
              PC: '77003',
              PCN: 'Springfield',
            },
          },
        },
        lines: [
          [
            [-95.365, 29.775],
            [-95.37, 29.7625],
            [-95.375, 29.75],
          ],
        ],
      },
    });
    expect(everything).toContainEqual({
      kind: 'addressPoint',
      feature: {
        featureId: 'urn:emergency:uid:gis:SSAP:1:gis.example.gov',
        discrepancyAgencyId: 'gis.example.gov',
        dateUpdate: Date.UTC(2026, 2, 1),
        civic: {
          country: 'US',
          elements: {
            A1: 'TX',
            A2: 'Peñasco County',
            A3: 'Springfield',
            HNO: '155',
            HNS: 'B',
            PRD: 'North',
            RD: 'Main',
            STS: 'Street',
            PCN: 'Springfield',
            PC: '77002',
            BLD: 'Building 4',
            FLR: '2',
            UNIT_PRETYPE: 'Suite',
            UNIT_VALUE: '210',
            PN: 'Engine 7',
            PLC: 'office',
          },
        },
        coordinates: [-95.3705, 29.7605],
      },
    });
  });
});

describe('a source of all layers gives the features of the GeoJSON', () => {
  it.each<[string, string]>([
    ['GeoPackage, gzip', 'nena.gpkg.gz'],
    ['shapefiles in a zip file', 'shapefiles.zip'],
  ])('%s', async (_name, file) => {
    const { items, left } = await readSource(fixture(file));
    expect(refusals(items)).toEqual([]);
    expect(comparable(items)).toEqual(everything);
    expect(items.map((item) => (item.kind === 'refused' ? 0 : item.feature.ordinal))).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(left).toEqual([]);
  });

  it.runIf(hasOgr)('File Geodatabase in a zip file (by ogr2ogr)', async () => {
    const { items, left } = await readSource(fixture('nena.gdb.zip'));
    expect(refusals(items)).toEqual([]);
    expect(comparable(items)).toEqual(everything);
    expect(left).toEqual([]);
  });
});

describe('service boundaries in other formats', () => {
  it.each<[string, () => Buffer | string, Given]>([
    ['GeoJSON, gzip', () => gzipSync(fixture('PsapPolygon.geojson')), {}],
    ['GeoJSON sequence (RFC 8142)', () => sequence('\u001e'), { fileName: 'PsapPolygon.geojsons' }],
    ['a feature a line', () => sequence(''), { fileName: 'PsapPolygon.geojsonl' }],
    ['shapefile in Latin-1, by its .cpg', () => fixture('psap-latin1.zip'), {}],
  ])('%s', async (_name, bytes, given) => {
    const { items } = await readSource(bytes(), given);
    expect(refusals(items)).toEqual([]);
    expect(comparable(items)).toEqual(psaps);
  });

  it.runIf(hasOgr)('FlatGeobuf (by ogr2ogr)', async () => {
    const { items, left } = await readSource(fixture('PsapPolygon.fgb'), { fileName: 'PsapPolygon.fgb' });
    expect(refusals(items)).toEqual([]);
    expect(comparable(items)).toEqual(psaps);
    expect(left).toEqual([]);
  });

  it.runIf(hasOgr)('by ogr2ogr where the folder of uploads is a relative path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'firstline-relative-'));
    const reader = createGisReader({ uploadsFolder: relative(process.cwd(), folder) });
    const items: SourceFeature[] = [];
    const chunks = arriving(fixture('nena.gdb.zip'));
    for await (const item of reader.features(chunks, { defaultServiceUrn: undefined })) items.push(item);
    rmSync(folder, { recursive: true });
    expect(comparable(items)).toEqual(everything);
  });

  it.runIf(hasOgr)('KML and MapInfo (by ogr2ogr)', async () => {
    const kml = await readSource(fixture('psap.kml'));
    expect(refusals(kml.items)).toEqual([]);
    expect(kml.items).toHaveLength(2);
    const mapInfo = await readSource(fixture('roads-mapinfo.zip'));
    expect(refusals(mapInfo.items)).toEqual([]);
    expect(mapInfo.items).toMatchObject([
      { kind: 'roadCentreLine', feature: { left: { from: 101, to: 199 } } },
    ]);
  });

  it('the same in pieces of every size', async () => {
    for (const chunkBytes of [1, 7, 1000]) {
      const { items } = await readSource(fixture('shapefiles.zip'), { chunkBytes });
      expect(comparable(items)).toEqual(everything);
    }
  });
});

describe('without ogr2ogr', () => {
  const ogr2ogr = '/nonexistent/ogr2ogr';

  it.each<[string, string, RegExp]>([
    ['a File Geodatabase', 'nena.gdb.zip', /^load\.gdalMissing: nena\.gdb: .*Debian: gdal-bin/],
    ['KML', 'psap.kml', /^load\.gdalMissing: .*which is not installed/],
  ])('%s is refused with what to do', async (_name, file, reason) => {
    const { items, left } = await readSource(fixture(file), { ogr2ogr });
    expect(refusals(items)).toEqual([expect.stringMatching(reason)]);
    expect(left).toEqual([]);
  });

  it('everything else is read', async () => {
    const { items } = await readSource(fixture('shapefiles.zip'), { ogr2ogr });
    expect(comparable(items)).toEqual(everything);
  });

  it('what nobody knows is told the formats there are', async () => {
    const { items } = await readSource('type,geometry\n', { ogr2ogr });
    expect(refusals(items)).toEqual([expect.stringMatching(/^load\.formatUnknown: .*GeoPackage/)]);
  });
});

function sequence(mark: string): string {
  const { features } = JSON.parse(fixture('PsapPolygon.geojson').toString()) as { features: unknown[] };
  return features.map((feature) => `${mark}${JSON.stringify(feature)}\n`).join('');
}
