import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sqlite from 'node-sqlite3-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { createGisReader } from '../../src/load/index.ts';

// Sources of hundreds of megabytes are read in the memory of a few features.

const verticesEach = 2_000;
const growthBytesMax = 200_000_000;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'firstline-memory-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A ring around a place of its own. */
function ring(no: number): readonly (readonly [number, number])[] {
  const [x, y] = [-120 + (no % 50), 25 + Math.floor(no / 50) * 0.01];
  const corners = Array.from({ length: verticesEach }, (_, index): readonly [number, number] => {
    const angle = (-2 * Math.PI * index) / verticesEach;
    return [x + 0.004 * Math.cos(angle), y + 0.004 * Math.sin(angle)];
  });
  return [...corners, corners[0] ?? [0, 0]];
}

async function* geoJson(count: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from('{"type":"FeatureCollection","name":"PsapPolygon","features":[');
  for (let no = 0; no < count; no += 1) {
    const properties = { NGUID: `psap-${no}`, ServiceURI: 'sip:psap@example.com' };
    const feature = { type: 'Feature', properties, geometry: { type: 'Polygon', coordinates: [ring(no)] } };
    yield Buffer.from(`${no === 0 ? '' : ','}${JSON.stringify(feature)}`);
  }
  yield Buffer.from(']}');
}

const polygonBytes = 44 + 4 + (verticesEach + 1) * 16;

async function* shp(count: number): AsyncGenerator<Buffer> {
  const head = Buffer.alloc(100);
  head.writeInt32BE(9994, 0);
  head.writeInt32BE((100 + count * (8 + polygonBytes)) / 2, 24);
  head.writeInt32LE(1000, 28);
  head.writeInt32LE(5, 32);
  yield head;
  for (let no = 0; no < count; no += 1) {
    const record = Buffer.alloc(8 + polygonBytes);
    record.writeInt32BE(no + 1, 0);
    record.writeInt32BE(polygonBytes / 2, 4);
    record.writeInt32LE(5, 8);
    record.writeInt32LE(1, 44);
    record.writeInt32LE(verticesEach + 1, 48);
    ring(no).forEach(([x, y], index) => {
      record.writeDoubleLE(x, 56 + index * 16);
      record.writeDoubleLE(y, 64 + index * 16);
    });
    yield record;
  }
}

async function* dbf(count: number): AsyncGenerator<Buffer> {
  const head = Buffer.alloc(32 + 2 * 32 + 1);
  head[0] = 3;
  head.writeUInt32LE(count, 4);
  head.writeUInt16LE(head.length, 8);
  head.writeUInt16LE(81, 10);
  ['NGUID', 'ServiceURI'].forEach((name, index) => {
    head.write(name, 32 + index * 32, 'latin1');
    head.write('C', 43 + index * 32, 'latin1');
    head[48 + index * 32] = 40;
  });
  head[head.length - 1] = 0x0d;
  yield head;
  for (let no = 0; no < count; no += 1) {
    yield Buffer.from(` ${`psap-${no}`.padEnd(40)}${'sip:psap@example.com'.padEnd(40)}`);
  }
}

async function* shapefile(count: number): AsyncGenerator<Uint8Array> {
  const zip = new yazl.ZipFile();
  const add = (name: string, chunks: () => AsyncIterable<Buffer>) =>
    zip.addReadStreamLazy(name, { compress: false }, (give) => {
      give(null, Readable.from(chunks(), { objectMode: false }));
    });
  add('PsapPolygon.shp', () => shp(count));
  add('PsapPolygon.dbf', () => dbf(count));
  zip.addBuffer(Buffer.from('EPSG:4326'), 'PsapPolygon.prj');
  zip.end();
  yield* zip.outputStream as unknown as AsyncIterable<Uint8Array>;
}

async function* geoPackage(count: number): AsyncGenerator<Uint8Array> {
  const file = join(folder, 'made.gpkg');
  const database = new sqlite.Database(file);
  database.exec(`
    create table gpkg_contents (table_name text, data_type text);
    create table gpkg_geometry_columns (table_name text, column_name text, srs_id integer);
    create table gpkg_spatial_ref_sys (srs_id integer, organization text, organization_coordsys_id integer, definition text);
    insert into gpkg_spatial_ref_sys values (4326, 'EPSG', 4326, '');
    insert into gpkg_contents values ('PsapPolygon', 'features');
    insert into gpkg_geometry_columns values ('PsapPolygon', 'Shape', 4326);
    create table PsapPolygon (OBJECTID integer primary key, Shape blob, NGUID text, ServiceURI text);
    begin`);
  const insert = database.prepare('insert into PsapPolygon values (null, ?, ?, ?)');
  for (let no = 0; no < count; no += 1) {
    const blob = Buffer.alloc(8 + 13 + (verticesEach + 1) * 16);
    blob.set([0x47, 0x50, 0, 1, 0xe6, 0x10, 0, 0, 1, 3, 0, 0, 0, 1, 0, 0, 0]);
    blob.writeUInt32LE(verticesEach + 1, 17);
    ring(no).forEach(([x, y], index) => {
      blob.writeDoubleLE(x, 21 + index * 16);
      blob.writeDoubleLE(y, 29 + index * 16);
    });
    insert.run([new Uint8Array(blob), `psap-${no}`, 'sip:psap@example.com']);
  }
  insert.finalize();
  database.exec('commit');
  database.close();
  yield* createReadStream(file) as AsyncIterable<Uint8Array>;
  expect(statSync(file).size).toBeGreaterThan(count * 30_000);
}

describe('a source of 400 megabytes', () => {
  it.each<[string, (count: number) => AsyncIterable<Uint8Array>, number]>([
    ['GeoJSON', geoJson, 5_000],
    ['a shapefile', shapefile, 12_000],
    ['a GeoPackage', geoPackage, 12_000],
  ])('of %s is read in under 200', async (_name, source, count) => {
    const reader = createGisReader({ uploadsFolder: join(folder, 'uploads') });
    let sizeBytes = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of source(count)) {
        sizeBytes += chunk.length;
        yield chunk;
      }
    }
    const before = process.memoryUsage().rss;
    let [read, positions, peak] = [0, 0, 0];
    for await (const item of reader.features(counted(), { defaultServiceUrn: undefined })) {
      if (item.kind !== 'feature') throw new Error(JSON.stringify(item));
      read += 1;
      positions += item.feature.geometry.coordinates.flat(2).length;
      if (read % 100 === 0) peak = Math.max(peak, process.memoryUsage().rss - before);
    }
    expect([read, positions]).toEqual([count, count * (verticesEach + 1)]);
    expect(sizeBytes).toBeGreaterThan(350_000_000);
    expect(peak).toBeLessThan(growthBytesMax);
    console.info(`${Math.round(sizeBytes / 1e6)} MB read, ${Math.round(peak / 1e6)} MB more in memory`);
  });
});
