import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import sqlite from 'node-sqlite3-wasm';
import { describe, expect, it } from 'vitest';
import { createGisReader } from '../../../src/load/index.ts';
import { arriving, fixture, type Given, hasOgr, previewSource, readSource, refusals } from './gis-support.ts';
import { unzipped, zipOf, zipWith } from './zip-support.ts';

const noOgr = '/nonexistent/ogr2ogr';
const gpkg = gunzipSync(fixture('nena.gpkg.gz'));
const shapes = await unzipped(fixture('psap-latin1.zip'));

async function refused(bytes: Uint8Array | string, given: Given = {}): Promise<readonly string[]> {
  const { items, left } = await readSource(bytes, { ogr2ogr: noOgr, ...given });
  expect(left).toEqual([]);
  return refusals(items);
}

/** A zip file made by hand, with any names and sizes in its directory. */
function rawZip(
  entries: readonly { readonly name: string; readonly sizeBytes?: number; readonly flags?: number }[],
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, sizeBytes = 2, flags = 0 } of entries) {
    const content = Buffer.from('{}');
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(flags, 6);
    local.writeUInt32LE(content.length, 18);
    local.writeUInt32LE(sizeBytes, 22);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(flags, 8);
    // What is compressed may be larger inside than it is; what is encrypted has a header of twelve bytes.
    central.writeUInt16LE(sizeBytes === content.length ? 0 : 8, 10);
    central.writeUInt32LE(content.length + ((flags & 1) === 1 ? 12 : 0), 20);
    central.writeUInt32LE(sizeBytes, 24);
    central.writeUInt16LE(Buffer.byteLength(name), 28);
    central.writeUInt32LE(offset, 42);
    parts.push(local, Buffer.from(name), content);
    directory.push(central, Buffer.from(name));
    offset += 30 + Buffer.byteLength(name) + content.length;
  }
  const end = Buffer.alloc(22);
  const central = Buffer.concat(directory);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

describe('zip files', () => {
  it.each<[string, () => Buffer | Promise<Buffer>, Given, RegExp]>([
    ['cut off', () => fixture('shapefiles.zip').subarray(0, 3000), {}, /^load\.zipBroken: .*cut off/],
    ['a beginning alone', () => Buffer.from('PK\u0003\u0004'), {}, /^load\.zipBroken/],
    ['empty', () => zipWith({}), {}, /^load\.formatUnknown: .*it is empty/],
    [
      'without GIS files',
      () => zipWith({ 'readme.txt': 'x', 'a.pdf': 'y' }),
      {},
      /^load\.formatUnknown: .*readme\.txt/,
    ],
    [
      'a name that leads out',
      () => rawZip([{ name: '../../etc/x.geojson' }]),
      {},
      /^load\.zipUnsafe: .*leads out/,
    ],
    ['an absolute name', () => rawZip([{ name: '/etc/x.geojson' }]), {}, /^load\.zipUnsafe: .*leads out/],
    ['a drive', () => rawZip([{ name: 'C:/x.geojson' }]), {}, /^load\.zipUnsafe/],
    [
      'a control character',
      () => rawZip([{ name: 'a\u0007.geojson', flags: 0x800 }]),
      {},
      /^load\.zipUnsafe/,
    ],
    [
      'a name twice',
      () => rawZip([{ name: 'a.geojson' }, { name: 'A.geojson' }]),
      {},
      /^load\.zipUnsafe: .*twice/,
    ],
    ['a long name', () => rawZip([{ name: `${'x'.repeat(600)}.geojson` }]), {}, /^load\.zipUnsafe/],
    ['encrypted', () => rawZip([{ name: 'a.geojson', flags: 1 }]), {}, /^load\.zipBroken: .*encrypted/],
    [
      'more files than the limit',
      () => zipWith({ a: '{}', b: '{}', c: '{}' }),
      { limits: { entriesMax: 2 } },
      /^load\.zipUnsafe: .*more than 2 files/,
    ],
    [
      'large by its own word',
      () =>
        rawZip([
          { name: 'a.geojson', sizeBytes: 4e9 },
          { name: 'b.geojson', sizeBytes: 4e9 },
        ]),
      { limits: { unpackedBytesMax: 5e9 } },
      /^load\.tooLarge/,
    ],
    ['larger than it says', () => rawZip([{ name: 'a.geojson', sizeBytes: 1 }]), {}, /^load\.zipBroken/],
    [
      'a bomb',
      () => zipWith({ 'a.geojson': ' '.repeat(3_000_000) }),
      { limits: { unpackedBytesMax: 1_000_000 } },
      /^load\.tooLarge/,
    ],
    [
      'in each other',
      async () => zipWith({ 'a.zip': await zipWith({ 'b.zip': await zipWith({ c: '{}' }) }) }),
      {},
      /^load\.zipUnsafe: .*archive in an archive/,
    ],
    [
      'more than may lie on disk',
      () => fixture('shapefiles.zip'),
      { limits: { spooledBytesMax: 1000 } },
      /^load\.tooLarge/,
    ],
  ])('%s', async (_name, bytes, given, expected) => {
    expect(await refused(await bytes(), given)).toEqual([expect.stringMatching(expected)]);
  });

  it('a zip file in another is read', async () => {
    const { items } = await readSource(await zipWith({ 'inner.zip': fixture('psap-latin1.zip') }));
    expect(items.map(({ kind }) => kind)).toEqual(['feature', 'feature']);
  });

  it('a damaged file refuses the load where it lies', async () => {
    const bytes = Buffer.from(await zipWith({ 'PsapPolygon.geojson': fixture('PsapPolygon.geojson') }));
    bytes.fill(0, 80, 120);
    expect(await refused(bytes)).toContainEqual(
      expect.stringMatching(/^load\.(?:zipBroken|jsonBroken|notUtf8)/),
    );
  });
});

describe('gzip files', () => {
  it.each<[string, () => Buffer, Given, RegExp]>([
    [
      'cut off',
      () => gzipSync(Buffer.alloc(100_000, '{}')).subarray(0, 60),
      {},
      /^load\.(?:gzipBroken|jsonBroken|notGeoJson)/,
    ],
    [
      'a bomb',
      () => gzipSync(Buffer.alloc(5_000_000, ' ')),
      { limits: { unpackedBytesMax: 1_000_000 } },
      /^load\.tooLarge/,
    ],
    ['three deep', () => gzipSync(gzipSync(gzipSync('{}'))), {}, /^load\.zipUnsafe/],
    ['of nothing', () => gzipSync(''), {}, /^load\.notGeoJson: the source is empty/],
  ])('%s', async (_name, bytes, given, expected) => {
    expect(await refused(bytes(), given)).toContainEqual(expect.stringMatching(expected));
  });
});

describe('shapefiles', () => {
  /** A shapefile with its files changed. */
  async function changed(
    parts: Readonly<Record<string, (content: Buffer) => Buffer | undefined>>,
  ): Promise<Buffer> {
    return await zipOf(fixture('psap-latin1.zip'), (name, content) => {
      const change = parts[name.split('.').at(-1) ?? ''];
      return change === undefined ? content : change(Buffer.from(content));
    });
  }
  const put = (content: Buffer, at: number, bytes: readonly number[]) => {
    content.set(bytes, at);
    return content;
  };

  it.each<[string, Parameters<typeof changed>[0], RegExp]>([
    ['no .dbf', { dbf: () => undefined }, /^load\.shapefileIncomplete: PsapPolygon\.shp: .*\.dbf/],
    [
      'a .shp that is cut off',
      { shp: (bytes) => bytes.subarray(0, -20) },
      /^load\.shapefileBroken: .*record 2 is cut off/,
    ],
    [
      'a .shp that ends between two records',
      { shp: (bytes) => bytes.subarray(0, shapeEnd(bytes)) },
      /^load\.shapefileBroken: .*ends \d+ bytes early/,
    ],
    [
      'a .shp of a header alone',
      { shp: (bytes) => bytes.subarray(0, 50) },
      /^load\.shapefileBroken: .*header/,
    ],
    ['a .shp that is none', { shp: () => Buffer.alloc(200) }, /^load\.shapefileBroken: .*does not begin/],
    ['multipatches', { shp: (bytes) => put(bytes, 32, [31, 0, 0, 0]) }, /^load\.geometryType: .*type 31/],
    [
      'a record that says 4 GB',
      { shp: (bytes) => put(bytes, 104, [0x7f, 0xff, 0xff, 0xff]) },
      /^load\.shapefileBroken: .*record 1 says/,
    ],
    [
      'a record of no bytes',
      { shp: (bytes) => put(bytes, 104, [0, 0, 0, 0]) },
      /^load\.shapefileBroken: .*record 1 says that it has 0/,
    ],
    [
      'a record of another type',
      { shp: (bytes) => put(bytes, 108, [1, 0, 0, 0]) },
      /^load\.shapefileBroken: .*type 1 in a file of type 5/,
    ],
    [
      'two thousand million parts',
      { shp: (bytes) => put(bytes, 144, [0xff, 0xff, 0xff, 0x7f]) },
      /^load\.geometryBroken: .*row 1: the counts/,
    ],
    [
      'two thousand million positions',
      { shp: (bytes) => put(bytes, 148, [0xff, 0xff, 0xff, 0x7f]) },
      /^load\.geometryBroken: .*row 1: the counts/,
    ],
    [
      'a part that starts behind the last position',
      { shp: (bytes) => put(bytes, 156, [0xff, 0xff, 0, 0]) },
      /^load\.geometryBroken/,
    ],
    [
      'a .dbf that is cut off',
      { dbf: (bytes) => bytes.subarray(0, -100) },
      /^load\.shapefileBroken: .*\.dbf.*row 2 of 2/,
    ],
    [
      'a .dbf of a header alone',
      { dbf: (bytes) => bytes.subarray(0, 20) },
      /^load\.shapefileBroken: .*\.dbf/,
    ],
    [
      'a .dbf with fewer rows',
      { dbf: (bytes) => put(bytes, 4, [1, 0, 0, 0]) },
      /^load\.shapefileBroken: .*\.dbf file ends before row 2/,
    ],
    [
      'a .dbf with more rows',
      { dbf: (bytes) => put(bytes, 4, [0xff, 0xff, 0xff, 0xff]) },
      /^load\.shapefileBroken: .*row 3/,
    ],
    [
      'a .dbf whose fields are longer than its rows',
      { dbf: (bytes) => put(bytes, 10, [5, 0]) },
      /^load\.shapefileBroken: .*longer/,
    ],
    [
      'a .dbf without fields',
      { dbf: (bytes) => put(bytes, 8, [32, 0]) },
      /^load\.shapefileBroken: .*no fields/,
    ],
    [
      'an encoding that nobody knows',
      { cpg: () => Buffer.from('EBCDIC-7') },
      /^load\.shapefileBroken: .*"EBCDIC-7".*UTF-8/i,
    ],
    [
      'a .prj of a megabyte',
      { prj: () => Buffer.alloc(1_000_000, 'x') },
      /^load\.shapefileBroken: .*short text/,
    ],
  ])('%s', async (_name, parts, expected) => {
    expect(await refused(await changed(parts))).toContainEqual(expect.stringMatching(expected));
  });

  it('a wrong .shx changes nothing: the index is not used', async () => {
    const { items } = await readSource(await changed({ shx: () => Buffer.alloc(300, 0xff) }));
    expect(items.map(({ kind }) => kind)).toEqual(['feature', 'feature']);
  });

  it('rows that are marked as deleted are left out', async () => {
    const rowAt = shapes['PsapPolygon.dbf']?.readUInt16LE(8) ?? 0;
    const { items } = await readSource(await changed({ dbf: (bytes) => put(bytes, rowAt, [0x2a]) }));
    expect(items).toMatchObject([{ feature: { displayName: 'Eastern PSAP' } }]);
  });

  it('a .shp alone is told what it lacks', async () => {
    expect(await refused(shapes['PsapPolygon.shp'] ?? '')).toEqual([
      expect.stringMatching(/^load\.shapefileIncomplete/),
    ]);
  });
});

function shapeEnd(bytes: Buffer): number {
  return 108 + bytes.readInt32BE(104) * 2;
}

describe('GeoPackages', () => {
  /** A database of one's own making. */
  function database(sql: string): Buffer {
    return onDisk(Buffer.alloc(0), sql);
  }
  /** A database with statements run on it. */
  function onDisk(bytes: Buffer, sql: string): Buffer {
    const folder = mkdtempSync(join(tmpdir(), 'firstline-gpkg-'));
    try {
      const file = join(folder, 'x.gpkg');
      writeFileSync(file, bytes);
      const open = new sqlite.Database(file);
      open.exec(`pragma foreign_keys = off; pragma legacy_alter_table = on; ${sql}`);
      open.close();
      return readFileSync(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const replaceTable = (what: string) => `
    alter table A2Polygon rename to kept;
    ${what};
    delete from gpkg_contents where table_name <> 'A2Polygon';
    delete from gpkg_geometry_columns where table_name <> 'A2Polygon'`;

  it.each<[string, () => Buffer, RegExp]>([
    [
      'an SQLite file that is none',
      () => database('create table a (b)'),
      /^load\.gpkgBroken: .*no table gpkg_contents/,
    ],
    ['a beginning alone', () => Buffer.from('SQLite format 3\u0000'), /^load\.gpkgBroken/],
    ['cut off', () => gpkg.subarray(0, 40_000), /^load\.gpkgBroken/],
    ['damaged in the midst', () => Buffer.from(gpkg).fill(0xff, 4096, gpkg.length), /^load\.gpkgBroken/],
    ['without layers', () => onDisk(gpkg, 'delete from gpkg_geometry_columns'), /^load\.noLayers/],
    [
      'a layer that is not there',
      () =>
        onDisk(
          gpkg,
          "update gpkg_geometry_columns set table_name = 'none' where table_name = 'A2Polygon'; update gpkg_contents set table_name = 'none' where table_name = 'A2Polygon'",
        ),
      /^load\.gpkgBroken: .*none is no table/,
    ],
    [
      'a view without an end for a layer',
      () =>
        onDisk(
          gpkg,
          replaceTable(
            'create view A2Polygon as with recursive n(fid) as (select 1 union all select fid + 1 from n) select fid, null as geom from n',
          ),
        ),
      /^load\.gpkgBroken: .*A2Polygon is no table; views/,
    ],
    [
      'a view without an end for its contents',
      () =>
        onDisk(
          gpkg,
          'alter table gpkg_contents rename to kept; create view gpkg_contents as with recursive n(table_name) as (select 1 union all select table_name + 1 from n) select table_name from n',
        ),
      /^load\.gpkgBroken: .*gpkg_contents/,
    ],
  ])('%s', async (_name, bytes, expected) => {
    expect(await refused(bytes())).toContainEqual(expect.stringMatching(expected));
  });

  it('columns that would be computed are not read', async () => {
    const endless = 'hex(zeroblob(900000000))';
    const bytes = onDisk(gpkg, `alter table A2Polygon add column big text as (${endless}) virtual`);
    const { items } = await readSource(bytes, {
      mapping: { layers: [{ source: 'A2Polygon' }, { layer: 'ignore' }] },
    });
    expect(items).toMatchObject([{ kind: 'adminArea' }]);
  });

  it.each<[string, string, RegExp]>([
    ['no geometry', 'update A2Polygon set geom = null', /^load\.geometryMissing/],
    ['a text for a geometry', "update A2Polygon set geom = 'POLYGON EMPTY'", /^load\.geometryMissing/],
    [
      'bytes that are none',
      "update A2Polygon set geom = x'00010203040506070809'",
      /^load\.geometryBroken: A2Polygon, row 1/,
    ],
    [
      'a huge count',
      "update A2Polygon set geom = x'47500001e6100000010300000001000000ffffff7f'",
      /^load\.geometryBroken: A2Polygon, row 1: a list has more positions/,
    ],
    [
      'a system that nobody knows',
      "update gpkg_geometry_columns set srs_id = -1 where table_name = 'A2Polygon'",
      /^load\.crsMissing: A2Polygon, row 1/,
    ],
    [
      'a system that is not listed',
      "update gpkg_geometry_columns set srs_id = 77777 where table_name = 'A2Polygon'",
      /^load\.crsMissing/,
    ],
  ])('%s refuses the row', async (_name, sql, expected) => {
    expect(await refused(onDisk(withoutTriggers(), sql))).toEqual([expect.stringMatching(expected)]);
  });

  /** Triggers of the format would look at what is put in. */
  function withoutTriggers(): Buffer {
    const names = ['insert', 'update1', 'update2', 'update3', 'update4', 'update6', 'update7', 'delete'];
    return onDisk(gpkg, names.map((name) => `drop trigger if exists rtree_A2Polygon_geom_${name};`).join(''));
  }

  it('a value over the limit refuses its row without being read', async () => {
    const { items } = await readSource(gpkg, { limits: { featureBytesMax: 300 } });
    expect(refusals(items)).toContainEqual(
      expect.stringMatching(/^load\.featureTooLarge: PsapPolygon, row 1/),
    );
    expect(items.some(({ kind }) => kind === 'addressPoint')).toBe(true);
  });

  it('one that was written with a log beside it is read', async () => {
    const bytes = Buffer.from(gpkg);
    bytes.set([2, 2], 18);
    expect((await readSource(bytes)).items).toHaveLength(6);
  });

  it('the systems of its layers are each their own', async () => {
    const bytes = onDisk(
      withoutTriggers(),
      "update gpkg_geometry_columns set srs_id = 4269 where table_name = 'A2Polygon'; insert into gpkg_spatial_ref_sys values ('NAD83', 4269, 'EPSG', 4269, 'x', null)",
    );
    const { layers } = await previewSource(bytes);
    expect(layers.map(({ source, crs }) => [source, crs])).toContainEqual(['A2Polygon', 'EPSG:4269']);
    expect(layers.map(({ source, crs }) => [source, crs])).toContainEqual(['PsapPolygon', 'EPSG:4326']);
  });
});

describe('a source of which nothing can be used', () => {
  const many = `${JSON.stringify({ type: 'Feature', properties: {}, geometry: null })}\n`.repeat(20_000);

  it('is read no further after many refusals', async () => {
    const found = await refused(many, { limits: { refusedMax: 3 } });
    expect(found).toHaveLength(4);
    expect(found.at(-1)).toMatch(/^load\.tooManyRefused: 3 features/);
  });

  it('lets others have their turn', async () => {
    let turns = 0;
    let isOver = false;
    const next = () => {
      turns += 1;
      if (!isOver) setImmediate(next);
    };
    setImmediate(next);
    const reader = createGisReader({ uploadsFolder: '/nonexistent' });
    // All of it comes in one piece, so that nothing is waited for.
    const source = arriving(Buffer.from(many), Number.MAX_SAFE_INTEGER);
    for await (const item of reader.features(source, { defaultServiceUrn: undefined })) void item;
    isOver = true;
    expect(turns).toBeGreaterThan(3);
  });
});

describe('ogr2ogr', () => {
  const vrt =
    '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>';

  it.runIf(hasOgr).each<[string, string, string]>([
    ['a virtual file that names another', vrt, 'x.vrt'],
    ['a database', 'PG:host=127.0.0.1', 'x.pg'],
    ['bytes of no format', 'neither this nor that', 'x.bin'],
  ])('%s is not read', async (_name, text, fileName) => {
    const { items, left } = await readSource(text, { fileName });
    expect(refusals(items)).toEqual([expect.stringMatching(/^load\.(?:gdalFailed|noLayers|layerUnknown)/)]);
    expect(left).toEqual([]);
  });

  it.runIf(hasOgr)('one that takes too long is ended', async () => {
    const { items, left } = await readSource(fixture('psap.kml'), { limits: { convertDeadlineMs: 1 } });
    expect(refusals(items)).toEqual([
      expect.stringMatching(/^load\.gdalFailed: ogr2ogr took longer than 0\.001 s/),
    ]);
    expect(left).toEqual([]);
  });

  it('another program by its name is none', async () => {
    const { items } = await readSource(fixture('psap.kml'), { ogr2ogr: process.execPath });
    expect(refusals(items)).toEqual([expect.stringMatching(/^load\.gdalMissing/)]);
  });
});

describe('files that are kept while they are read', () => {
  it('are gone when the reader is let go of in the midst', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'firstline-spool-'));
    try {
      const reader = createGisReader({ uploadsFolder: folder });
      for await (const item of reader.features(arriving(gpkg), { defaultServiceUrn: undefined })) {
        expect(item.kind).not.toBe('refused');
        expect(readdirSync(folder)).toHaveLength(1);
        break;
      }
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are gone when the upload ends in the midst', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'firstline-spool-'));
    async function* cutOff(): AsyncGenerator<Uint8Array> {
      yield gpkg.subarray(0, 50_000);
      throw new Error('the connection ended');
    }
    try {
      const reader = createGisReader({ uploadsFolder: folder });
      const read = async () => {
        for await (const item of reader.features(cutOff(), { defaultServiceUrn: undefined })) void item;
      };
      await expect(read()).rejects.toThrow('the connection ended');
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of processes that are no more are removed at the start, others are left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'firstline-spool-'));
    try {
      for (const name of ['999999999-abc', `${process.pid}-abc`, `${process.ppid}-abc`, 'notes']) {
        mkdirSync(join(folder, name));
      }
      const reader = createGisReader({ uploadsFolder: folder });
      for await (const item of reader.features(arriving(gpkg), { defaultServiceUrn: undefined })) void item;
      expect(readdirSync(folder).sort()).toEqual([`${process.ppid}-abc`, 'notes']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
