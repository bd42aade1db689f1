import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import sqlite from 'node-sqlite3-wasm';
import type { Result } from '../base/index.ts';
import { err, errorText, ok } from '../base/index.ts';
import type { CrsState } from './crs.ts';
import { crsOfEpsg, lonLat, readCrs } from './crs.ts';
import { refuse } from './field-values.ts';
import type { RawItem, Refusal, SourceLayer } from './types.ts';
import { readGpkgGeometry } from './wkb.ts';

type Database = InstanceType<typeof sqlite.Database>;
type Row = Readonly<Record<string, unknown>>;

/** What reading a GeoPackage may cost. */
export interface GeoPackageLimits {
  /** Of one geometry, and of one attribute; larger ones refuse their row. */
  readonly valueBytesMax: number;
  readonly layersMax: number;
}

/** An open GeoPackage; its layers can be read until it is closed. */
export interface GeoPackage {
  readonly layers: readonly SourceLayer[];
  close(): void;
}

interface LayerTable {
  readonly table: string;
  readonly geometryColumn: string;
  readonly columns: readonly string[];
  readonly crs: CrsState;
}

/**
 * Opens a GeoPackage (OGC 12-128r19): its feature layers in the order of their listing. Tables alone are read, never views
 * or what SQLite would have to compute, since a stranger's file could make that endless. The file is ours: a journal mode
 * that a single file cannot have is put right in it.
 */
export function openGeoPackage(
  path: string,
  fileLabel: string | undefined,
  limits: GeoPackageLimits,
): Result<GeoPackage, Refusal> {
  let database: Database | undefined;
  try {
    leaveWalMode(path);
    database = new sqlite.Database(path, { readOnly: true, fileMustExist: true });
    database.exec('pragma trusted_schema = off; pragma cell_size_check = on; pragma query_only = on');
    const tables = readTables(database, limits);
    if (!tables.ok) {
      database.close();
      return tables;
    }
    const open = database;
    const isLarge = statSync(path).size > limits.valueBytesMax;
    const layers = tables.value.map((table): SourceLayer => {
      const name = table.table;
      const label = fileLabel === undefined ? name : `${fileLabel}/${name}`;
      const rows = (): Iterable<RawItem> => tableRows(open, table, limits, isLarge);
      return { label, name, isTable: true, fields: table.columns, crs: table.crs, rows };
    });
    return ok({ layers, close: () => open.close() });
  } catch (thrown) {
    database?.close();
    return err(broken(errorText(thrown)));
  }
}

/** Write-ahead logging needs files beside the database, which an upload does not bring (SQLite file format §1.3.2). */
function leaveWalMode(path: string): void {
  const file = openSync(path, 'r+');
  try {
    const versions = Buffer.alloc(2);
    if (readSync(file, versions, 0, 2, 18) === 2 && versions[0] === 2 && versions[1] === 2) {
      writeSync(file, Buffer.from([1, 1]), 0, 2, 18);
    }
  } finally {
    closeSync(file);
  }
}

function readTables(database: Database, limits: GeoPackageLimits): Result<readonly LayerTable[], Refusal> {
  const plain = plainTables(database);
  for (const needed of ['gpkg_contents', 'gpkg_geometry_columns', 'gpkg_spatial_ref_sys']) {
    if (!plain.has(needed)) {
      return err(
        broken(
          `it has no table ${needed}; an SQLite file is read only as a GeoPackage (ogr2ogr -f GPKG makes one)`,
        ),
      );
    }
  }
  const listed = database.all(
    `select g.table_name as name, g.column_name as geometry, g.srs_id as srs
     from gpkg_contents c join gpkg_geometry_columns g on g.table_name = c.table_name
     where c.data_type = 'features' order by c.rowid limit ${limits.layersMax + 1}`,
  ) as readonly Row[];
  if (listed.length > limits.layersMax) {
    return refuse('load.tooLarge', `the GeoPackage has more than ${limits.layersMax} layers`);
  }
  if (listed.length === 0) return refuse('load.noLayers', 'the GeoPackage lists no layers of features');
  const tables: LayerTable[] = [];
  for (const { name, geometry, srs } of listed) {
    const table = plain.get(String(name).toLowerCase());
    if (table === undefined) {
      return err(broken(`its layer ${String(name).slice(0, 60)} is no table; views are not read`));
    }
    tables.push(describe(database, table, String(geometry), crsOf(database, srs)));
  }
  return ok(tables);
}

/** Names of ordinary tables by their lower case. */
function plainTables(database: Database): ReadonlyMap<string, string> {
  const rows = database.all(
    "select name, sql from sqlite_master where type = 'table' limit 10000",
  ) as readonly Row[];
  return new Map(
    rows
      .filter(({ sql }) => typeof sql === 'string' && !/^\s*create\s+virtual\b/i.test(sql))
      .map(({ name }) => [String(name).toLowerCase(), String(name)]),
  );
}

function describe(database: Database, table: string, geometry: string, crs: CrsState): LayerTable {
  const info = database.all(`pragma table_xinfo(${quoted(table)})`) as readonly Row[];
  // Columns that are not stored as they are would be computed at each row.
  const stored = info.filter(({ hidden }) => Number(hidden) === 0).map(({ name }) => String(name));
  const geometryColumn = stored.find((name) => name.toLowerCase() === geometry.toLowerCase());
  if (geometryColumn === undefined) throw new Error(`the layer ${table} has no column ${geometry}`);
  return {
    table,
    geometryColumn,
    columns: stored.filter((name) => name !== geometryColumn),
    crs,
  };
}

function crsOf(database: Database, srsId: unknown): CrsState {
  const row = database.get(
    `select srs_id as id, organization as authority, organization_coordsys_id as code, definition
     from gpkg_spatial_ref_sys where srs_id = ?`,
    [Number(srsId)],
  ) as Row | null;
  // -1 and 0 are systems that nobody knows, of the plane and of the globe (OGC 12-128r19 §1.1.2.1.2).
  if (row === null || Number(row['id']) <= 0) return { kind: 'missing' };
  if (/^epsg$/i.test(String(row['authority']))) return crsOfEpsg(Number(row['code']));
  if (/^ogc$/i.test(String(row['authority'])) && /crs84/i.test(String(row['definition']))) return lonLat;
  return readCrs(String(row['definition'] ?? ''));
}

function* tableRows(
  database: Database,
  layer: LayerTable,
  limits: GeoPackageLimits,
  isLarge: boolean,
): Generator<RawItem, void, undefined> {
  let statement: ReturnType<Database['prepare']> | undefined;
  try {
    statement = database.prepare(selectOf(layer, limits, isLarge));
    for (const row of statement.iterate() as Iterable<Row>) yield rowItem(row, layer, limits);
  } catch (thrown) {
    const refusal = broken(`the layer ${layer.table}: ${errorText(thrown)}`);
    yield { kind: 'refused', refusal, ends: true };
  } finally {
    statement?.finalize();
  }
}

/**
 * A value can be no larger than its file; in a large file each is held to the limit before it is read, which costs time.
 */
function selectOf(layer: LayerTable, limits: GeoPackageLimits, isLarge: boolean): string {
  const column = (name: string, at: number): string => {
    const value = quoted(name);
    const max = limits.valueBytesMax;
    return isLarge
      ? `case when octet_length(${value}) <= ${max} then ${value} end as c${at}`
      : `${value} as c${at}`;
  };
  const columns = [layer.geometryColumn, ...layer.columns].map(column);
  const size = isLarge ? `octet_length(${quoted(layer.geometryColumn)})` : '0';
  return `select ${columns.join(', ')}, ${size} as size from ${quoted(layer.table)}`;
}

function rowItem(row: Row, layer: LayerTable, limits: GeoPackageLimits): RawItem {
  const properties: Record<string, unknown> = {};
  layer.columns.forEach((name, index) => {
    const value = row[`c${index + 1}`];
    if (name !== '__proto__' && !(value instanceof Uint8Array)) properties[name] = value;
  });
  const blob = row['c0'];
  if (Number(row['size']) > limits.valueBytesMax) {
    const reason = `the geometry has ${Number(row['size'])} bytes, more than are read at once`;
    return { kind: 'refused', refusal: { code: 'load.featureTooLarge', reason } };
  }
  const geometry = blob instanceof Uint8Array ? readGpkgGeometry(blob) : undefined;
  if (geometry?.ok === false) return { kind: 'refused', refusal: geometry.error };
  return {
    kind: 'row',
    properties,
    fields: layer.columns,
    geometry: geometry?.value,
    id: undefined,
    crs: layer.crs,
    layerName: undefined,
  };
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function broken(what: string): Refusal {
  return { code: 'load.gpkgBroken', reason: `the GeoPackage cannot be read: ${what.slice(0, 200)}` };
}
