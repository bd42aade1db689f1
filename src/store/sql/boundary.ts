import type { Statement } from '../database/types.ts';

// A dataset's rows are loaded into tables of their own and attached when they are complete, so that nobody waits for a
// load. Table names hold the dataset's number; it is checked to be one, since identifiers cannot be bound.

const boundaryTable = (datasetId: number) => `service_boundary_${whole(datasetId)}`;
const partTable = (datasetId: number) => `boundary_part_${whole(datasetId)}`;

/** Tables for one load, stand-alone and without indexes. Parts stay in line and uncompressed: they are read at each lookup. */
export function createLoadTables(datasetId: number): string {
  return `
    create table ${boundaryTable(datasetId)} (like service_boundary including defaults);
    create table ${partTable(datasetId)} (like boundary_part including defaults) with (toast_tuple_target = 4096);
    alter table ${partTable(datasetId)} alter column geom set storage external`;
}

/** Removes the tables of a load that was not finished. */
export function dropLoadTables(datasetId: number): string {
  return `
    drop table if exists ${boundaryTable(datasetId)};
    drop table if exists ${partTable(datasetId)}`;
}

/** Indexes the loaded tables as their parents are, and gathers statistics. The checks spare attaching a scan. */
export function indexLoadTables(datasetId: number): string {
  const id = whole(datasetId);
  return `
    alter table ${boundaryTable(id)} add primary key (dataset_id, boundary_no);
    create unique index on ${boundaryTable(id)} (dataset_id, boundary_id);
    create index on ${boundaryTable(id)} (dataset_id, a1_key);
    alter table ${boundaryTable(id)} add check (dataset_id = ${id});
    create index on ${partTable(id)} using gist (geom);
    alter table ${partTable(id)} add check (dataset_id = ${id});
    analyze ${boundaryTable(id)};
    analyze ${partTable(id)}`;
}

/** Joins the loaded tables to the ones that lookups read. */
export function attachLoadTables(datasetId: number): string {
  const id = whole(datasetId);
  return `
    alter table service_boundary attach partition ${boundaryTable(id)} for values in (${id});
    alter table boundary_part attach partition ${partTable(id)} for values in (${id})`;
}

/** One boundary as it goes to the database; geometry as WKB in hex. */
export interface BoundaryRow {
  readonly boundary_no: number;
  readonly ordinal: number;
  readonly boundary_id: string;
  readonly display_name: string;
  readonly service_urn: string;
  readonly service_uri: string;
  readonly service_number: string | null;
  readonly agency_id: string | null;
  readonly priority: number;
  readonly effective: number | null;
  readonly expire: number | null;
  readonly country: string | null;
  readonly a1: string | null;
  readonly a2: string | null;
  readonly a3: string | null;
  readonly country_key: string;
  readonly a1_key: string;
  readonly a2_keys: readonly string[];
  readonly a3_keys: readonly string[];
  readonly wkb: string;
}

/** Adds rows to a load (geometry in EPSG:4326); answers how many. */
export function addBoundaries(datasetId: number, rows: readonly BoundaryRow[]): Statement {
  const moment = (column: string) => `to_timestamp(${column} / 1000)`;
  const names = (column: string) => `array(select json_array_elements_text(${column}))`;
  return {
    name: `add_boundaries_${whole(datasetId)}`,
    text: `with added as (
      insert into ${boundaryTable(datasetId)}
      select $1::int, boundary_no, ordinal, boundary_id, display_name, service_urn, service_uri, service_number,
        agency_id, priority, ${moment('effective')}, ${moment('expire')}, country, a1, a2, a3,
        country_key, a1_key, ${names('a2_keys')}, ${names('a3_keys')},
        ST_GeomFromWKB(decode(wkb, 'hex'), 4326)
      from json_to_recordset($2::json) as r(boundary_no int, ordinal int, boundary_id text, display_name text,
        service_urn text, service_uri text, service_number text, agency_id text, priority int, effective float8,
        expire float8, country text, a1 text, a2 text, a3 text, country_key text, a1_key text, a2_keys json,
        a3_keys json, wkb text)
      returning 1)
    select count(*)::text as answer from added`,
    values: [datasetId, JSON.stringify(rows)],
  };
}

/** A range of a load's boundaries, by number, both ends included. */
export interface BoundaryRange {
  readonly datasetId: number;
  readonly from: number;
  readonly to: number;
}

const inRange = 'boundary_no between $1::int and $2::int';

/**
 * Which boundaries of a range are not valid, and why. `counted` is how many were judged: fewer than there are means
 * that a judgement was lost.
 */
export function judgeBoundaries(range: BoundaryRange): Statement {
  return {
    name: `judge_boundaries_${whole(range.datasetId)}`,
    text: `with judged as materialized (
      select boundary_no, ordinal, boundary_id, geom, ST_IsValid(geom) as is_valid, ST_IsEmpty(geom) as is_empty
      from ${boundaryTable(range.datasetId)} where ${inRange})
    select json_build_object(
      'counted', count(is_valid),
      'invalid', coalesce(json_agg(json_build_object('boundaryNo', boundary_no, 'ordinal', ordinal,
        'boundaryId', boundary_id, 'isEmpty', is_empty,
        'reason', case when is_empty then 'the geometry is empty' else ST_IsValidReason(geom) end) order by boundary_no)
        filter (where not is_valid or is_empty), '[]'))::text as answer
    from judged`,
    values: [range.from, range.to],
  };
}

/** Makes the named boundaries valid, keeping polygons only; answers how many were changed. */
export function repairBoundaries(datasetId: number, boundaryNos: readonly number[]): Statement {
  return {
    name: `repair_boundaries_${whole(datasetId)}`,
    text: `with repaired as (
      update ${boundaryTable(datasetId)} set geom = ST_Multi(ST_CollectionExtract(ST_MakeValid(geom), 3))
      where boundary_no = any($1::int[]) returning 1)
    select count(*)::text as answer from repaired`,
    values: [boundaryNos],
  };
}

/** Vertices that a part has at most. */
const partVerticesMax = 128;

/** Splits the boundaries of a range into parts; `gridDeg` -1 keeps full precision. Answers how many boundaries got parts. */
export function addParts(range: BoundaryRange, gridDeg: number): Statement {
  return {
    name: `add_parts_${whole(range.datasetId)}`,
    text: `with added as (
      insert into ${partTable(range.datasetId)} (dataset_id, boundary_no, geom)
      select dataset_id, boundary_no, ST_Subdivide(geom, ${partVerticesMax}, $3::float8)
      from ${boundaryTable(range.datasetId)} where ${inRange}
      returning boundary_no)
    select count(distinct boundary_no)::text as answer from added`,
    values: [range.from, range.to, gridDeg],
  };
}

/** Removes the parts of a range, before they are made again. */
export function removeParts(range: BoundaryRange): Statement {
  return {
    name: `remove_parts_${whole(range.datasetId)}`,
    text: `with gone as (delete from ${partTable(range.datasetId)} where ${inRange} returning 1)
      select count(*)::text as answer from gone`,
    values: [range.from, range.to],
  };
}

/** Every boundary of a load whose id an earlier one has already. */
export function duplicateIds(datasetId: number): Statement {
  return {
    name: `duplicate_ids_${whole(datasetId)}`,
    text: `with numbered as (
      select boundary_id, ordinal,
        first_value(ordinal) over (partition by boundary_id order by boundary_no) as first_ordinal,
        row_number() over (partition by boundary_id order by boundary_no) as nth
      from ${boundaryTable(datasetId)})
    select coalesce(json_agg(json_build_object('boundaryId', boundary_id, 'ordinal', ordinal,
      'firstOrdinal', first_ordinal) order by ordinal), '[]')::text as answer
    from numbered where nth > 1`,
    values: [],
  };
}

const storedJson = (
  withGeometry: string,
) => `json_build_object('boundaryId', boundary_id, 'datasetId', dataset_id,
  'displayName', display_name, 'serviceUrn', service_urn, 'serviceUri', service_uri, 'serviceNumber', service_number,
  'agencyId', agency_id, 'priority', priority, 'country', country, 'a1', a1, 'a2', a2, 'a3', a3,
  'effective', round(extract(epoch from effective) * 1000), 'expire', round(extract(epoch from expire) * 1000),
  'geometry', case when ${withGeometry} then ST_AsGeoJSON(geom, 9)::json end)`;

const chosen = 'coalesce($1::int, (select dataset_id from active_dataset))';

/** A page of stored boundaries in id order; `text` is looked for in id, name and area names, without regard to case. */
export function listBoundaries(query: {
  readonly datasetId: number | null;
  readonly after: string | null;
  readonly text: string | null;
  readonly limit: number;
  readonly withGeometry: boolean;
}): Statement {
  return {
    name: 'list_boundaries',
    text: `with page as (
      select * from service_boundary where dataset_id = ${chosen}
        and ($2::text is null or boundary_id collate "C" > $2)
        and ($3::text is null or strpos(
          lower(concat_ws(' ', boundary_id, display_name, a1, a2, a3, service_uri)), lower($3)) > 0)
      order by boundary_id collate "C" limit $4::int)
    select coalesce(json_agg(${storedJson('$5::bool')} order by boundary_id collate "C"), '[]')::text as answer
    from page`,
    values: [query.datasetId, query.after, query.text, query.limit, query.withGeometry],
  };
}

export function getBoundary(boundaryId: string, datasetId: number | null): Statement {
  return {
    name: 'get_boundary',
    text: `select (select ${storedJson('true')} from service_boundary
      where dataset_id = ${chosen} and boundary_id = $2)::text as answer`,
    values: [datasetId, boundaryId],
  };
}

function whole(id: number): number {
  if (!Number.isSafeInteger(id) || id < 1) throw new RangeError(`not a dataset number: ${id}`);
  return id;
}
