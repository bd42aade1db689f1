import type { Statement } from '../database/types.ts';

/** A record as it goes to the database; `record` is its JSON. */
export interface CallRecordRow {
  readonly id: string;
  readonly version: number;
  readonly received_at: number;
  readonly state: string;
  /** Until when positions, addresses and references may stay; null: there are none. */
  readonly kept_until: number | null;
  readonly record: unknown;
}

/** Writes records; one that is older than the stored state of its call changes nothing. Answers how many were written. */
export function putCallRecords(rowsJson: string): Statement {
  return {
    name: 'put_call_records',
    text: `with written as (
      insert into call_record as stored (id, version, received_at, state, location_kept_until, record)
      select id, version, to_timestamp(received_at / 1000), state, to_timestamp(kept_until / 1000), record
      from json_to_recordset($1::json)
        as r(id text, version int8, received_at float8, state text, kept_until float8, record jsonb)
      on conflict (id) do update
        set version = excluded.version, received_at = excluded.received_at, state = excluded.state,
          location_kept_until = excluded.location_kept_until, record = excluded.record
        where stored.version < excluded.version
      returning 1)
    select count(*)::text as answer from written`,
    values: [rowsJson],
  };
}

/** A page of records, newest first; after the one named by `before`. */
export function listCallRecords(query: {
  readonly limit: number;
  readonly before: string | null;
  readonly state: string | null;
}): Statement {
  return {
    name: 'list_call_records',
    text: `with page as (
      select * from call_record
      where ($2::text is null
          or (received_at, id) < (select c.received_at, c.id from call_record c where c.id = $2))
        and ($3::text is null or state = $3)
      order by received_at desc, id desc limit $1::int)
    select coalesce(json_agg(record order by received_at desc, id desc), '[]')::text as answer from page`,
    values: [query.limit, query.before, query.state],
  };
}

export function getCallRecord(id: string): Statement {
  return {
    name: 'get_call_record',
    text: 'select (select record from call_record where id = $1)::text as answer',
    values: [id],
  };
}

/** Removes up to `limit` records received before a moment (milliseconds since 1970); answers how many. */
export function purgeCallRecords(before: number, limit: number): Statement {
  return {
    name: 'purge_call_records',
    text: `with old as (
      select id from call_record where received_at < to_timestamp($1::float8 / 1000) order by received_at limit $2::int
    ), removed as (delete from call_record where id in (select id from old) returning 1)
    select count(*)::text as answer from removed`,
    values: [before, limit],
  };
}

// A call that began two days ago and never ended belonged to a process that died.
const isOver = `(state in ('redirected', 'failed', 'cancelled', 'ended')
  or received_at < to_timestamp($1::float8 / 1000) - interval '2 days')`;

/** Records whose locations may not be kept at a moment any more, of calls that are over: up to `limit` of them. */
export function recordsPastLocation(at: number, limit: number): Statement {
  return {
    name: 'records_past_location',
    text: `with due as (
      select version, record from call_record
      where location_kept_until <= to_timestamp($1::float8 / 1000) and ${isOver}
      order by location_kept_until limit $2::int)
    select coalesce(json_agg(json_build_object('version', version::text, 'record', record)), '[]')::text as answer from due`,
    values: [at, limit],
  };
}

/** The moment from which the next location may not be kept, of calls that are over; milliseconds since 1970, or null. */
export function nextLocationDue(at: number): Statement {
  return {
    name: 'next_location_due',
    text: `select (select round(extract(epoch from min(location_kept_until)) * 1000) from call_record
      where location_kept_until is not null and ${isOver})::text as answer`,
    values: [at],
  };
}

/** Puts records in place of those of the same version, whose locations are gone then; answers how many. */
export function stripCallRecords(rowsJson: string): Statement {
  return {
    name: 'strip_call_records',
    text: `with stripped as (
      update call_record c set record = r.record, location_kept_until = null
      from json_to_recordset($1::json) as r(id text, version int8, record jsonb)
      where c.id = r.id and c.version = r.version
      returning 1)
    select count(*)::text as answer from stripped`,
    values: [rowsJson],
  };
}
