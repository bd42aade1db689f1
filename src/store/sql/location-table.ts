import type { Statement } from '../database/types.ts';

// A load's rows go into a table of its own, which becomes a partition of location_row when it is complete. Table names
// hold the load's number; it is checked to be one, since identifiers cannot be bound.

const rowTable = (loadId: number) => `location_row_${whole(loadId)}`;

const tableJson = `json_build_object('name', name, 'rowCount', row_count,
  'updatedAt', round(extract(epoch from updated_at) * 1000), 'updatedBy', updated_by, 'source', source,
  'isLoading', loading_id is not null)`;

const rowJson = (
  row: string,
) => `json_build_object('key', ${row}.key, 'shape', ${row}.shape, 'civic', ${row}.civic,
  'updatedAt', round(extract(epoch from ${row}.updated_at) * 1000))`;

const liveLoad = '(select load_id from location_table where name = $1)';

/** The row of the first key that has one, or null. */
export function findLocation(table: string, keys: readonly string[]): Statement {
  return {
    name: 'find_location',
    text: `select (
      select json_build_object('key', r.key, 'shape', r.shape, 'civic', r.civic) from location_row r
      where r.load_id = ${liveLoad} and r.key = any($2::text[])
      order by array_position($2::text[], r.key) limit 1)::text as answer`,
    values: [table, keys],
  };
}

/** Both tables, by name. */
export function listLocationTables(): Statement {
  return {
    name: 'list_location_tables',
    text: `select json_agg(${tableJson} order by name)::text as answer from location_table`,
    values: [],
  };
}

/** Rows in key order, after a key, or the one of a key. */
export function listLocationRows(query: {
  readonly table: string;
  readonly after: string | null;
  readonly limit: number;
  readonly only?: string;
}): Statement {
  return {
    name: 'list_location_rows',
    text: `with page as (
      select * from location_row r
      where r.load_id = ${liveLoad} and ($2::text is null or r.key > $2::text)
        and ($4::text is null or r.key = $4::text)
      order by r.key limit $3::int)
    select coalesce(json_agg(${rowJson('page')} order by page.key), '[]')::text as answer from page`,
    values: [query.table, query.after, query.limit, query.only ?? null],
  };
}

/** Takes the number of a load to come. */
export function reserveLocationLoadId(): Statement {
  return {
    name: 'reserve_location_load_id',
    text: "select nextval('location_load_id')::text as answer",
    values: [],
  };
}

/** Says that a load of a table is under way; null where one is already. Answers the number that lookups read. */
export function beginLocationLoad(table: string, loadId: number): Statement {
  return {
    name: 'begin_location_load',
    text: `with begun as (
      update location_table set loading_id = $2 where name = $1 and loading_id is null returning load_id)
    select (select load_id from begun)::text as answer`,
    values: [table, loadId],
  };
}

/** A table for one load, not read by anybody. The check spares attaching a scan. */
export function createLocationLoad(loadId: number): string {
  const id = whole(loadId);
  return `create table ${rowTable(id)} (like location_row including defaults including constraints including indexes);
    alter table ${rowTable(id)} add check (load_id = ${id})`;
}

/** Copies rows of another load, in key order after a key; answers how many, and the last key. */
export function copyLocations(of: {
  readonly from: number;
  readonly to: number;
  readonly after: string;
  readonly limit: number;
}): Statement {
  return {
    name: '',
    text: `with added as (
      insert into ${rowTable(of.to)} (load_id, key, shape, civic, updated_at)
      select $1::int, key, shape, civic, updated_at from location_row
      where load_id = $2::int and key > $3::text order by key limit $4::int
      returning key)
    select json_build_object('count', count(*), 'last', max(key))::text as answer from added`,
    values: [of.to, of.from, of.after, of.limit],
  };
}

/** One row as it goes to the database. */
export interface LocationRowJson {
  readonly key: string;
  readonly shape: unknown;
  readonly civic: unknown;
  readonly line: number;
}

/**
 * Adds rows to a load, in place of those that were copied. Each key at most once in `rows`; answers the lines of those
 * whose key an earlier row of the same source has, with that row's line.
 */
export function addLocations(loadId: number, rows: readonly LocationRowJson[]): Statement {
  return {
    // Without a name: planned for each batch, since a plan for the empty table would read all of it for each one later.
    name: '',
    text: `with given as materialized (
      select * from json_to_recordset($2::json) as g(key text, shape jsonb, civic jsonb, line int)),
    before as materialized (
      select g.line, r.line as first_line from given g join ${rowTable(loadId)} r on r.key = g.key collate "C"
      where r.load_id = $1::int and r.line is not null),
    added as (
      insert into ${rowTable(loadId)} as r (load_id, key, shape, civic, line)
      select $1::int, key, nullif(shape, 'null'), nullif(civic, 'null'), line from given
      where line not in (select line from before)
      on conflict (load_id, key) do update
        set shape = excluded.shape, civic = excluded.civic, line = excluded.line, updated_at = now()
      returning 1)
    select json_build_object('added', (select count(*) from added), 'repeated',
      coalesce((select json_agg(json_build_object('line', line, 'firstLine', first_line) order by line) from before), '[]')
      )::text as answer`,
    values: [loadId, JSON.stringify(rows)],
  };
}

/** Joins a complete load to the rows that lookups can reach. */
export function attachLocationLoad(loadId: number): string {
  const id = whole(loadId);
  return `alter table location_row attach partition ${rowTable(id)} for values in (${id})`;
}

/** Gathers statistics, for the planner. */
export function analyzeLocationLoad(loadId: number): string {
  return `analyze ${rowTable(loadId)}`;
}

/** Points lookups at a load: the one step that they see. Answers the table, or null where the load was given up. */
export function pointAtLocationLoad(of: {
  readonly table: string;
  readonly loadId: number;
  readonly updatedBy: string;
  readonly source: string;
}): Statement {
  return {
    name: '',
    text: `with pointed as (
      update location_table set load_id = $2, loading_id = null, updated_at = now(), updated_by = $3, source = $4,
        row_count = (select count(*) from ${rowTable(of.loadId)})
      where name = $1 and loading_id = $2 returning *)
    select (select ${tableJson} from pointed)::text as answer`,
    values: [of.table, of.loadId, of.updatedBy, of.source],
  };
}

/** Says that no load is under way any more; answers how many that changed. */
export function forgetLocationLoad(loadId: number): Statement {
  return {
    name: 'forget_location_load',
    text: `with gone as (update location_table set loading_id = null where loading_id = $1 returning 1)
    select count(*)::text as answer from gone`,
    values: [loadId],
  };
}

/** The numbers of loads that are under way, or were when their process ended. */
export function unfinishedLocationLoads(): Statement {
  return {
    name: 'unfinished_location_loads',
    text: `select coalesce(json_agg(loading_id), '[]')::text as answer from location_table where loading_id is not null`,
    values: [],
  };
}

/** The numbers of loads that no table reads any more and none is at work on. */
export function abandonedLocationLoads(): Statement {
  return {
    name: 'abandoned_location_loads',
    text: `with there as (
      select substring(c.relname from '^location_row_(\\d+)$')::int as id from pg_inherits i
      join pg_class c on c.oid = i.inhrelid where i.inhparent = 'location_row'::regclass)
    select coalesce(json_agg(id), '[]')::text as answer from there
    where id not in (select load_id from location_table)
      and id not in (select loading_id from location_table where loading_id is not null)`,
    values: [],
  };
}

/**
 * Removes a load's rows. That needs the whole table for a moment, and lookups would queue behind whoever has it: it gives
 * up after a tenth of a second (a dump of the database holds it for hours), and is tried again later.
 */
export function dropLocationLoad(loadId: number): string {
  return `set local lock_timeout = '100ms'; drop table if exists ${rowTable(loadId)}`;
}

/** Keeps a load from beginning until the transaction ends; false where one is under way. */
export function holdLocationTable(table: string): Statement {
  return {
    name: 'hold_location_table',
    text: `with held as (select loading_id from location_table where name = $1 for update)
    select to_json((select loading_id is null from held))::text as answer`,
    values: [table],
  };
}

/** Sets one row. Answers it, and whether its key is new. */
export function setLocation(table: string, row: Omit<LocationRowJson, 'line'>): Statement {
  return {
    name: 'set_location',
    text: `with before as materialized (
      select 1 from location_row r where r.load_id = ${liveLoad} and r.key = $2),
    changed as (
      insert into location_row as r (load_id, key, shape, civic)
      values (${liveLoad}, $2, $3::jsonb, $4::jsonb)
      on conflict (load_id, key) do update
        set shape = excluded.shape, civic = excluded.civic, line = null, updated_at = now()
      returning *)
    select json_build_object('row', ${rowJson('changed')}, 'isNew', not exists (select from before))::text as answer
    from changed`,
    values: [table, row.key, jsonOrNull(row.shape), jsonOrNull(row.civic)],
  };
}

/** Removes one row. Answers it, or null. */
export function removeLocation(table: string, key: string): Statement {
  return {
    name: 'remove_location',
    text: `with gone as (delete from location_row r where r.load_id = ${liveLoad} and r.key = $2 returning *)
    select (select ${rowJson('gone')} from gone)::text as answer`,
    values: [table, key],
  };
}

/** Notes a change of one row on its table. */
export function noteLocationChange(of: {
  readonly table: string;
  readonly added: number;
  readonly updatedBy: string;
}): Statement {
  return {
    name: 'note_location_change',
    text: `with noted as (
      update location_table set row_count = row_count + $2::int, updated_at = now(), updated_by = $3
      where name = $1 returning 1)
    select count(*)::text as answer from noted`,
    values: [of.table, of.added, of.updatedBy],
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function whole(id: number): number {
  if (!Number.isSafeInteger(id) || id < 0) throw new RangeError('a load number is a whole number');
  return id;
}
