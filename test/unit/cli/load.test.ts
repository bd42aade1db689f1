import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { boundaryFile, startTestServer, type TestServer } from '../http/test-server.ts';
import { fixture } from '../load/gis-support.ts';
import { unzipped } from '../load/zip-support.ts';
import { type Ran, run } from './run.ts';

let server: TestServer;
let folder: string;

beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(join(tmpdir(), 'firstline-load-'));
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return name;
}

function firstline(words: readonly string[], isTerminal = false): Promise<Ran> {
  const environment = { FIRSTLINE_URL: server.url, FIRSTLINE_API_KEY: server.key };
  return run(words, { environment, cwd: folder, isTerminal });
}

const psaps = (...ids: readonly string[]) => JSON.stringify({ name: 'PsapPolygon', ...boundaryFile(ids) });

describe('firstline load', () => {
  it.each<[string, () => readonly string[], string]>([
    ['a GeoPackage', () => [file('county.gpkg', gunzipSync(fixture('nena.gpkg.gz')))], 'county'],
    ['a compressed GeoPackage', () => [file('county.gpkg.gz', fixture('nena.gpkg.gz'))], 'county'],
    ['a zip file', () => [file('shapes.zip', fixture('shapefiles.zip'))], 'shapes'],
  ])('sends %s as it is', async (_name, words, name) => {
    const ran = await firstline(['load', ...words()]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(`loaded: dataset 1 "${name}", 2 boundaries`);
  });

  it('makes one load of several files', async () => {
    const words = [
      file('a.geojson', psaps('a')),
      file('b.json', psaps('b')),
      file('c.gpkg.gz', fixture('nena.gpkg.gz')),
    ];
    const ran = await firstline(['load', ...words]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('loaded: dataset 1 "files", 4 boundaries');
  });

  it('sends the other files of a shapefile with its .shp', async () => {
    for (const [name, content] of Object.entries(await unzipped(fixture('shapefiles.zip'))))
      file(name, content);
    const ran = await firstline(['load', 'PsapPolygon.shp']);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('loaded: dataset 1 "PsapPolygon", 2 boundaries');
    const all = await firstline(['load', 'PsapPolygon.shp', 'RoadCenterLine.shp', '--preview', '--json']);
    const { layers } = JSON.parse(all.out) as { layers: readonly { source: string; refused: unknown[] }[] };
    expect(layers.map(({ source, refused }) => [source, refused])).toEqual([
      ['PsapPolygon.shp', []],
      ['RoadCenterLine.shp', []],
    ]);
  });

  it('sends the folder of a File Geodatabase, and no other folder', async () => {
    mkdirSync(join(folder, 'county.gdb'));
    for (const [name, content] of Object.entries(await unzipped(fixture('nena.gdb.zip')))) {
      writeFileSync(join(folder, 'county.gdb', name.split('/').at(-1) ?? ''), content);
    }
    const ran = await firstline(['load', 'county.gdb', '--preview']);
    // With ogr2ogr on the machine it is read, without it the reason is told.
    expect(ran.out).toMatch(/PsapPolygon \(by its name\)|load\.gdalMissing/);
    mkdirSync(join(folder, 'private'));
    expect(await firstline(['load', 'private'])).toMatchObject({ code: 2, out: '' });
  });

  it('refuses two files of one name', async () => {
    mkdirSync(join(folder, 'b'));
    const ran = await firstline(['load', file('a.geojson', psaps('a')), file('b/a.geojson', psaps('b'))]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('two of the files are named a.geojson');
  });

  it('takes a mapping file', async () => {
    const parks = psaps('a').replace('ServiceURI', 'CALL_URI').replace('PsapPolygon', 'centers');
    const mapping = {
      layers: [{ source: 'centers', layer: 'PsapPolygon', fields: { ServiceURI: 'call_uri' } }],
    };
    const words = ['load', file('x.geojson', parks), '--mapping', file('map.json', JSON.stringify(mapping))];
    expect(await firstline(words)).toMatchObject({ code: 0, err: '' });
    const wrong = file('wrong.json', '{"layers":[{"layer":"Parks"}]}');
    const refused = await firstline(['load', 'x.geojson', '--mapping', wrong]);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('layers[0].layer: is no layer');
    expect((await firstline(['load', 'x.geojson', '--mapping', file('no.json', '{')])).code).toBe(2);
    expect((await firstline(['load', 'x.geojson', '--mapping', 'none.json'])).code).toBe(2);
  });

  it('hands the layer, the base and the system of coordinates on', async () => {
    const name = file('x.geojson', JSON.stringify(boundaryFile(['a'])));
    expect((await firstline(['load', name, '--layer', 'Parks'])).err).toContain('layer: is no layer');
    expect((await firstline(['load', name, '--base', '77'])).err).toContain('base: there is no dataset 77');
    expect((await firstline(['load', name, '--crs', 'feet'])).err).toContain('crs: is no coordinate');
  });
});

describe('firstline load --preview', () => {
  it('shows where each field comes from and what the first rows become, and loads nothing', async () => {
    const ran = await firstline([
      'load',
      file('x.zip', fixture('shapefiles.zip')),
      '--preview',
      '--rows',
      '1',
    ]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain('PsapPolygon.shp: PsapPolygon (by its name), EPSG:4326, the first 1 rows\n');
    expect(ran.out).toContain('RoadCenterLine.shp: RoadCenterLine (by its name), EPSG:4326, all 1 rows\n');
    expect(ran.out).toMatch(/ServiceURI +ServiceURI\n/);
    expect(ran.out).toContain('101 to 199 odd; country=US A1=TX');
    expect(server.boundaries.datasets.size).toBe(0);
  });

  it('shows what would be refused, unused fields, and what comes of control characters', async () => {
    const text = psaps('a', 'b')
      .replace('sip:a@', 'tel:')
      .replace('"properties":{', '"properties":{"COLOUR\\u001b":1,');
    const ran = await firstline(['load', file('x.geojson', text), '--preview']);
    expect(ran.out).toContain('not used: COLOUR\ufffd');
    expect(ran.out).toContain('feature 1: load.uriInvalid: ServiceURI is no SIP URI');
    expect(ran.out).not.toContain('\u001b');
  });

  it('is a failure where a file cannot be read', async () => {
    const ran = await firstline([
      'load',
      file('x.zip', fixture('shapefiles.zip').subarray(0, 900)),
      '--preview',
    ]);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('load.zipBroken');
  });
});

describe('firstline load --activate', () => {
  it('checks first, and leaves a dataset alone whose check finds errors', async () => {
    const name = file('x.geojson', psaps('a'));
    const good = await firstline(['load', name, '--activate', '--json']);
    expect(JSON.parse(good.out)).toMatchObject({ dataset: { state: 'active' } });
    const unchecked = await firstline(['load', name, '--activate', '--unchecked']);
    expect(unchecked.out).not.toContain('checked:');
    expect(unchecked.out).toContain('active: dataset 2');
  });
});
