import type { SourceCrs } from '../../esrp/index.ts';
import type { SqlValue, Statement } from '../database/types.ts';
import type { AddTo, LayerColumnKind, LayerSpec, RowRange } from '../layer-writer.ts';

// A dataset's rows are loaded into tables of their own and attached when they are complete, so that nobody waits for a
// load. Table names hold the dataset's number; it is checked to be one, since identifiers cannot be bound.

/** The table of one dataset among the partitions of `table`. */
export function partitionOf(table: string, datasetId: number): string {
  return `${table}_${whole(datasetId)}`;
}

/** What a layer writer is made of. */
export interface LayerSql {
  readonly tables: readonly string[];
  createTables(datasetId: number): string;
  indexTables(datasetId: number): string;
  attachTables(datasetId: number): string;
  dropTables(datasetId: number): string;
  add(to: AddTo, rows: readonly unknown[]): Statement;
  copyFrom(datasetId: number, base: RowRange): Statement;
}

/** Vertices that a part has at most: a point is tested against a small polygon instead of a whole coast line. */
const partVerticesMax = 128;

/** The statements that make, fill, index and attach a layer's tables. */
export function layerSql(spec: LayerSpec): LayerSql {
  const derived = spec.derived?.tables ?? [];
  const tables = [spec.table, ...(spec.partTable === undefined ? [] : [spec.partTable]), ...derived];
  return {
    tables,
    createTables: (id) => {
      const key = `alter table ${partitionOf(spec.table, id)} add primary key (dataset_id, ${spec.noColumn})`;
      return [...tables.map((table) => createTable(table, id, table === spec.partTable)), key].join(';\n');
    },
    indexTables: (id) => indexTables(spec, tables, id),
    attachTables: (id) =>
      tables
        .map(
          (table) =>
            `alter table ${table} attach partition ${partitionOf(table, id)} for values in (${whole(id)})`,
        )
        .join(';\n'),
    dropTables: (id) => tables.map((table) => `drop table if exists ${partitionOf(table, id)}`).join(';\n'),
    add: (to, rows) => addRows(spec, to, rows),
    copyFrom: (id, base) => copyRows(spec, id, base),
  };
}

// Parts stay in line and uncompressed: they are read at each lookup.
function createTable(table: string, id: number, isOfParts: boolean): string {
  const partition = partitionOf(table, id);
  const like = `create table ${partition} (like ${table} including defaults including constraints)`;
  if (!isOfParts) return like;
  return `${like} with (toast_tuple_target = 4096);
    alter table ${partition} alter column geom set storage external`;
}

function indexTables(spec: LayerSpec, tables: readonly string[], id: number): string {
  const own = partitionOf(spec.table, id);
  const lines = [
    `create unique index on ${own} (dataset_id, ${spec.idColumn}) where removed_in is null`,
    ...spec.indexes.map((index) => `create index on ${own} ${index}`),
  ];
  if (spec.partTable !== undefined) {
    const parts = partitionOf(spec.partTable, id);
    lines.push(
      `create index on ${parts} using gist (geom)`,
      `create index on ${parts} (${spec.noColumn})`,
      `analyze ${parts}`,
    );
  }
  lines.push(`analyze ${own}`);
  if (spec.derived !== undefined) lines.push(spec.derived.fill(id));
  // The checks spare attaching a scan.
  for (const table of tables)
    lines.push(`alter table ${partitionOf(table, id)} add check (dataset_id = ${whole(id)})`);
  return lines.join(';\n');
}

const jsonTypes: Readonly<Record<LayerColumnKind, string>> = {
  text: 'text',
  integer: 'int',
  float: 'float8',
  boolean: 'bool',
  moment: 'float8',
  texts: 'json',
  json: 'jsonb',
};

interface StoredColumn {
  readonly name: string;
  readonly kind: LayerColumnKind;
}

/** All columns that come with a feature, but for its geometry. */
export function featureColumns(spec: LayerSpec): readonly StoredColumn[] {
  return [
    { name: 'ordinal', kind: 'integer' },
    { name: spec.idColumn, kind: 'text' },
    { name: 'discrepancy_agency_id', kind: 'text' },
    { name: 'date_update', kind: 'moment' },
    { name: 'effective', kind: 'moment' },
    { name: 'expire', kind: 'moment' },
    ...spec.columns,
  ];
}

function columnValue({ name, kind }: StoredColumn): string {
  if (kind === 'moment') return `to_timestamp(r.${name} / 1000)`;
  if (kind === 'texts') return `array(select json_array_elements_text(r.${name}))`;
  return kind === 'json' ? `nullif(r.${name}, 'null')` : `r.${name}`;
}

function addRows(spec: LayerSpec, to: AddTo, rows: readonly unknown[]): Statement {
  const columns = featureColumns(spec);
  const { expression, mark, values } = storedGeometry(spec, to.crs);
  const name = to.addedIn === undefined ? `add_${partitionOf(spec.table, to.datasetId)}${mark}` : '';
  return {
    name,
    text: `with added as (
      insert into ${partitionOf(spec.table, to.datasetId)} (dataset_id, ${spec.noColumn}, added_in,
        ${columns.map((each) => each.name).join(', ')}, geom)
      select $1::int, $2::int + r.nth::int - 1, $3::bigint, ${columns.map(columnValue).join(', ')}, ${expression}
      from rows from (json_to_recordset($4::json)
          as (${columns.map((each) => `${each.name} ${jsonTypes[each.kind]}`).join(', ')}, wkb text))
        with ordinality as r(${columns.map((each) => each.name).join(', ')}, wkb, nth)
      returning 1)
    select count(*)::text as answer from added`,
    values: [to.datasetId, to.from, to.addedIn ?? null, JSON.stringify(rows), ...values],
  };
}

interface StoredGeometry {
  readonly expression: string;
  /** Tells statements apart whose text differs. */
  readonly mark: string;
  readonly values: readonly SqlValue[];
}

function storedGeometry(spec: LayerSpec, crs: SourceCrs | undefined): StoredGeometry {
  const wkb = "decode(r.wkb, 'hex')";
  if (crs === undefined) return { expression: `ST_GeomFromWKB(${wkb}, 4326)`, mark: '', values: [] };
  const { transformed, mark, values } = transformOf(`ST_GeomFromWKB(${wkb})`, crs, '$5');
  const expression = spec.geometryKind === 'polygons' ? cutAtAntimeridian(transformed) : transformed;
  return { expression, mark, values };
}

/** SQL that brings a geometry of a source's system to EPSG:4326; `parameter` is free for what is bound. */
export function transformOf(
  geometry: string,
  crs: SourceCrs,
  parameter: string,
): { readonly transformed: string; readonly mark: string; readonly values: readonly SqlValue[] } {
  if (crs.kind === 'epsg') {
    const code = whole(crs.code);
    return {
      transformed: `ST_Transform(ST_SetSRID(${geometry}, ${code}), 4326)`,
      mark: `_${code}`,
      values: [],
    };
  }
  return {
    transformed: `ST_Transform(${geometry}, ${parameter}::text, 4326)`,
    mark: '_defined',
    values: [crs.text],
  };
}

// A polygon across 180 degrees is whole in a projection and jumps to the other side of the world when it is brought to
// longitudes: it is put together again around 180 and cut there.
function cutAtAntimeridian(transformed: string): string {
  return `(select case when ST_XMax(g) - ST_XMin(g) > 180 and ST_IsValid(ST_ShiftLongitude(g))
    then ST_Multi(ST_CollectionExtract(ST_WrapX(ST_ShiftLongitude(g), 180, -360), 3)) else g end
    from (select ${transformed} as g offset 0) t)`;
}

function copyRows(spec: LayerSpec, datasetId: number, base: RowRange): Statement {
  const columns = [spec.noColumn, ...featureColumns(spec).map(({ name }) => name), 'geom'].join(', ');
  const inRange = `${spec.noColumn} between $3::int and $4::int`;
  const parts =
    spec.partTable === undefined
      ? ''
      : `, parts as (
      insert into ${partitionOf(spec.partTable, datasetId)} (dataset_id, ${spec.noColumn}, geom)
      select $1::int, p.${spec.noColumn}, p.geom from ${spec.partTable} p
      join ${spec.table} b on b.dataset_id = $2::int and b.${spec.noColumn} = p.${spec.noColumn} and b.removed_in is null
      where p.dataset_id = $2::int and p.${inRange})`;
  return {
    name: '',
    text: `with added as (
      insert into ${partitionOf(spec.table, datasetId)} (dataset_id, ${columns})
      select $1::int, ${columns} from ${spec.table}
      where dataset_id = $2::int and removed_in is null and ${inRange}
      returning 1)${parts}
    select count(*)::text as answer from added`,
    values: [datasetId, base.datasetId, base.from, base.to],
  };
}

/** What GEOS extracts of a repaired geometry: its points, lines or areas. */
const dimensions = { point: 1, lines: 2, polygons: 3 } as const;

/** A row whose geometry cannot stay as it is. */
export interface JudgedRow {
  readonly no: number;
  readonly ordinal: number;
  readonly featureId: string;
  readonly isInRange: boolean;
  readonly reason: string;
}

/** What a judgement found; `counted` is how many were judged: fewer than there are means that it was lost. */
export interface Judgement {
  readonly counted: number;
  readonly invalid: readonly JudgedRow[];
}

/** Which rows of a range have a geometry that is not valid, is empty, or lies outside of longitudes and latitudes. */
export function judgeRows(spec: LayerSpec, range: RowRange): Statement {
  return {
    // Without a name, as what follows: a plan for the table as it was when it was empty would read all of it later.
    name: '',
    text: `with judged as materialized (
      select ${spec.noColumn} as no, ordinal, ${spec.idColumn} as id, geom, ST_IsValid(geom) as is_valid,
        ST_IsEmpty(geom) as is_empty, coalesce(ST_XMin(geom) >= -180 and ST_XMax(geom) <= 180
          and ST_YMin(geom) >= -90 and ST_YMax(geom) <= 90, true) as is_in_range
      from ${partitionOf(spec.table, range.datasetId)}
      where dataset_id = $3::int and ${spec.noColumn} between $1::int and $2::int)
    select json_build_object(
      'counted', count(is_valid),
      'invalid', coalesce(json_agg(json_build_object('no', no, 'ordinal', ordinal, 'featureId', id,
        'isInRange', is_in_range,
        'reason', case when is_empty then 'the geometry is empty' when not is_in_range then 'it lies beyond ±180 or ±90 degrees'
          else ST_IsValidReason(geom) end) order by no)
        filter (where not is_valid or is_empty or not is_in_range), '[]'))::text as answer
    from judged`,
    values: [range.from, range.to, range.datasetId],
  };
}

/** Makes the named rows valid, keeping what has the layer's dimension; answers how many were changed. */
export function repairRows(spec: LayerSpec, datasetId: number, numbers: readonly number[]): Statement {
  const valid = `ST_CollectionExtract(ST_MakeValid(geom), ${dimensions[spec.geometryKind]})`;
  return {
    name: '',
    text: `with repaired as (
      update ${partitionOf(spec.table, datasetId)}
      set geom = ${spec.geometryKind === 'point' ? valid : `ST_Multi(${valid})`}
      where dataset_id = $2::int and ${spec.noColumn} = any($1::int[]) returning 1)
    select count(*)::text as answer from repaired`,
    values: [numbers, datasetId],
  };
}

/** Removes all rows of a load, with their parts; answers how many. */
export function removeAllRows(spec: LayerSpec, datasetId: number): Statement {
  const parts =
    spec.partTable === undefined
      ? ''
      : `, parts as (delete from ${partitionOf(spec.partTable, datasetId)} where dataset_id = $1::int)`;
  return {
    name: '',
    text: `with gone as (
      delete from ${partitionOf(spec.table, datasetId)} where dataset_id = $1::int returning 1)${parts}
    select count(*)::text as answer from gone`,
    values: [datasetId],
  };
}

/** Rows of a dataset by their numbers: a range, or each of them. */
export type RowNumbers = RowRange | { readonly datasetId: number; readonly numbers: readonly number[] };

function numbered(
  spec: LayerSpec,
  rows: RowNumbers,
): { readonly condition: string; readonly values: readonly SqlValue[] } {
  if ('numbers' in rows) {
    return {
      condition: `dataset_id = $1::int and ${spec.noColumn} = any($2::int[])`,
      values: [rows.datasetId, rows.numbers],
    };
  }
  return {
    condition: `dataset_id = $1::int and ${spec.noColumn} between $2::int and $3::int`,
    values: [rows.datasetId, rows.from, rows.to],
  };
}

/** Splits rows into parts; `gridDeg` -1 keeps full precision. Answers how many rows got parts. */
export function addParts(
  spec: LayerSpec,
  partTable: string,
  rows: RowNumbers,
  gridDeg: -1 | 1e-9,
): Statement {
  const { condition, values } = numbered(spec, rows);
  return {
    name: '',
    text: `with added as (
      insert into ${partitionOf(partTable, rows.datasetId)} (dataset_id, ${spec.noColumn}, geom)
      select dataset_id, ${spec.noColumn}, ST_Subdivide(geom, ${partVerticesMax}, ${gridDeg})
      from ${partitionOf(spec.table, rows.datasetId)} where ${condition}
      returning ${spec.noColumn})
    select count(distinct ${spec.noColumn})::text as answer from added`,
    values,
  };
}

/** Removes the parts of rows, before they are made again; answers how many. */
export function removeParts(spec: LayerSpec, partTable: string, rows: RowNumbers): Statement {
  const { condition, values } = numbered(spec, rows);
  return {
    name: '',
    text: `with gone as (delete from ${partitionOf(partTable, rows.datasetId)} where ${condition} returning 1)
      select count(*)::text as answer from gone`,
    values,
  };
}

/** A row whose id an earlier one of the load has already. */
export interface RepeatedId {
  readonly featureId: string;
  readonly ordinal: number;
  readonly firstOrdinal: number;
}

/** Every row of a load whose id an earlier one has already, the first `limit` of them. */
export function repeatedIds(spec: LayerSpec, datasetId: number, limit: number): Statement {
  return {
    name: '',
    text: `with numbered as (
      select ${spec.idColumn} as id, ordinal,
        first_value(ordinal) over (partition by ${spec.idColumn} order by ordinal) as first_ordinal,
        row_number() over (partition by ${spec.idColumn} order by ordinal) as nth
      from ${partitionOf(spec.table, datasetId)}),
    repeated as (select * from numbered where nth > 1 order by ordinal limit $1::int)
    select coalesce(json_agg(json_build_object('featureId', id, 'ordinal', ordinal,
      'firstOrdinal', first_ordinal) order by ordinal), '[]')::text as answer
    from repeated`,
    values: [limit],
  };
}

/** How many rows of a layer are current in a dataset, and the greatest number that a row has there. */
export function rowsOf(spec: LayerSpec, datasetId: number): Statement {
  return {
    name: '',
    text: `select json_build_object('count', count(*) filter (where removed_in is null),
      'last', coalesce(max(${spec.noColumn}), 0))::text as answer
      from ${spec.table} where dataset_id = $1::int`,
    values: [datasetId],
  };
}

/** The names of a dataset's tables that are attached to those that lookups read. */
export function attachedPartitions(tables: readonly string[], datasetId: number): Statement {
  return {
    name: '',
    text: `select coalesce(json_agg(c.relname), '[]')::text as answer from pg_inherits i
      join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
      where c.relname = any($1::text[]) and p.relname = any($2::text[]) and pg_table_is_visible(p.oid)`,
    values: [tables.map((table) => partitionOf(table, datasetId)), tables],
  };
}

/**
 * Detaches a dataset's table. That needs the whole table for a moment, and lookups queue behind whoever has it: it gives up
 * after some milliseconds.
 */
export function detachPartition(table: string, datasetId: number): string {
  return `set local lock_timeout = '15ms';
    alter table ${table} detach partition ${partitionOf(table, datasetId)}`;
}

/** Whether the database has a system of the EPSG registry. */
export function knowsEpsg(code: number): Statement {
  return {
    name: '',
    text: "select to_json(exists (select from spatial_ref_sys where srid = $1::int and auth_name = 'EPSG'))::text as answer",
    values: [code],
  };
}

/** Brings one position to EPSG:4326; answers it as [longitude, latitude]. */
export function transformPosition(crs: SourceCrs, [x, y]: readonly [number, number]): Statement {
  const { transformed, values } = transformOf('ST_MakePoint($1::float8, $2::float8)', crs, '$3');
  return {
    name: '',
    text: `select json_build_array(ST_X(g), ST_Y(g))::text as answer from (select ${transformed} as g offset 0) t`,
    values: [x, y, ...values],
  };
}

function whole(id: number): number {
  if (!Number.isSafeInteger(id) || id < 1) throw new RangeError(`not a whole number from 1: ${id}`);
  return id;
}
