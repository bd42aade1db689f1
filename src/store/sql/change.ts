import type { Statement } from '../database/types.ts';
import type { LayerSpec } from '../layer-writer.ts';
import { activeDatasetChannel, datasetJson } from './dataset.ts';
import { featureColumns, partitionOf } from './layer.ts';

const changeSetJson = `json_build_object('no', change_set_id, 'datasetId', dataset_id, 'revision', revision,
  'at', round(extract(epoch from at) * 1000), 'actor', actor, 'note', note, 'edits', changes,
  'undoneAt', round(extract(epoch from undone_at) * 1000), 'undoneBy', undone_by, 'requestHash', request_hash)`;

/** Records a set as the next revision of its dataset, whose row the transaction has locked; answers the set. */
export function recordChangeSet(of: {
  readonly datasetId: number;
  readonly actor: string;
  readonly note: string;
  readonly editsJson: string;
  readonly requestKey: string | null;
  readonly requestHash: string;
}): Statement {
  return {
    name: 'record_change_set',
    text: `with added as (
      insert into change_set (dataset_id, revision, actor, note, changes, request_key, request_hash)
      select dataset_id, revision + 1, $2, $3, $4::jsonb, $5, $6 from dataset where dataset_id = $1::int
      returning *)
    select ${changeSetJson}::text as answer from added`,
    values: [of.datasetId, of.actor, of.note, of.editsJson, of.requestKey, of.requestHash],
  };
}

/** The set of a dataset that was asked for under a key, or null. */
export function changeSetOfRequest(datasetId: number, requestKey: string): Statement {
  return {
    name: 'change_set_of_request',
    text: `select (select ${changeSetJson} from change_set
      where dataset_id = $1::int and request_key = $2)::text as answer`,
    values: [datasetId, requestKey],
  };
}

/** One set of a dataset, or null. */
export function getChangeSet(datasetId: number, no: number): Statement {
  return {
    name: 'get_change_set',
    text: `select (select ${changeSetJson} from change_set
      where dataset_id = $1::int and change_set_id = $2::bigint)::text as answer`,
    values: [datasetId, no],
  };
}

/** Sets of a dataset, newest first, older than `before`, that touched a feature. */
export function listChangeSets(query: {
  readonly datasetId: number;
  readonly limit: number;
  readonly before: number | null;
  readonly featureId: string | null;
}): Statement {
  return {
    name: 'list_change_sets',
    text: `with page as (
      select * from change_set
      where dataset_id = $1::int and ($3::bigint is null or change_set_id < $3)
        and ($4::text is null or changes @> jsonb_build_array(jsonb_build_object('featureId', $4::text)))
      order by change_set_id desc limit $2::int)
    select coalesce(json_agg(${changeSetJson} order by change_set_id desc), '[]')::text as answer from page`,
    values: [query.datasetId, query.limit, query.before, query.featureId],
  };
}

/** Marks a set as undone; answers it, or null where it was before. */
export function markUndone(no: number, actor: string): Statement {
  return {
    name: 'mark_change_set_undone',
    text: `with marked as (
      update change_set set undone_at = now(), undone_by = $2
      where change_set_id = $1::bigint and undone_at is null returning *)
    select (select ${changeSetJson} from marked)::text as answer`,
    values: [no, actor],
  };
}

/**
 * Counts a change on its dataset and tells every process of it, where the dataset is the active one; answers the dataset.
 * What was checked before is not what is there now: a checked dataset is staged again.
 */
export function countChange(datasetId: number, added: Readonly<Record<string, number>>): Statement {
  return {
    name: 'count_change',
    text: `with changed as (
      update dataset set revision = revision + 1,
        state = case when state = 'checked' then 'staged' else state end,
        boundary_count = boundary_count + coalesce(($2::jsonb ->> 'serviceBoundary')::int, 0),
        layer_counts = layer_counts || (
          select coalesce(jsonb_object_agg(key, coalesce((layer_counts ->> key)::int, 0) + value::int), '{}')
          from jsonb_each_text($2::jsonb))
      where dataset_id = $1::int returning *)
    select json_build_object('dataset', (select ${datasetJson} from changed),
      'told', (select pg_notify('${activeDatasetChannel}', dataset_id::text)::text from changed
        where state = 'active'))::text as answer`,
    values: [datasetId, JSON.stringify(added)],
  };
}

/** Which of the ids a dataset has now: number and date of effect by id. */
export interface CurrentRow {
  readonly no: number;
  readonly featureId: string;
  readonly effective: number | null;
}

/** The current rows of features by their ids. */
export function currentRows(spec: LayerSpec, datasetId: number, ids: readonly string[]): Statement {
  return {
    name: '',
    text: `select coalesce(json_agg(json_build_object('no', ${spec.noColumn}, 'featureId', ${spec.idColumn},
        'effective', round(extract(epoch from effective) * 1000))), '[]')::text as answer
      from ${partitionOf(spec.table, datasetId)}
      where dataset_id = $1::int and ${spec.idColumn} = any($2::text[]) and removed_in is null`,
    values: [datasetId, ids],
  };
}

/** Takes current rows out in a set; their parts go. Answers how many rows. */
export function takeOut(
  spec: LayerSpec,
  of: { readonly datasetId: number; readonly changeSetNo: number; readonly numbers: readonly number[] },
): Statement {
  return {
    name: '',
    text: `with gone as (
      update ${partitionOf(spec.table, of.datasetId)} set removed_in = $1::bigint
      where dataset_id = $2::int and ${spec.noColumn} = any($3::int[]) and removed_in is null
      returning ${spec.noColumn} as no)${partsGone(spec, of.datasetId)}
    select count(*)::text as answer from gone`,
    values: [of.changeSetNo, of.datasetId, of.numbers],
  };
}

// The rows stay; lookups need not pass over parts that are nobody's.
function partsGone(spec: LayerSpec, datasetId: number): string {
  if (spec.partTable === undefined) return '';
  return `, parts as (delete from ${partitionOf(spec.partTable, datasetId)}
      where ${spec.noColumn} in (select no from gone))`;
}

/** Adds rows like others but for their expiry: from each of `numbers` one, numbered from `from` in their order. */
export function addExpired(
  spec: LayerSpec,
  of: {
    readonly datasetId: number;
    readonly changeSetNo: number;
    readonly from: number;
    readonly numbers: readonly number[];
    readonly ordinals: readonly number[];
    /** Epoch milliseconds, by place; '' for the moment of the set. */
    readonly expiries: readonly string[];
  },
): Statement {
  const table = partitionOf(spec.table, of.datasetId);
  const own = ['ordinal', 'expire'];
  const columns = featureColumns(spec)
    .map(({ name }) => name)
    .filter((name) => !own.includes(name));
  return {
    name: '',
    text: `with added as (
      insert into ${table} (dataset_id, ${spec.noColumn}, ordinal, expire, added_in, ${columns.join(', ')}, geom)
      select $1::int, $2::int + asked.nth::int - 1, asked.ordinal, coalesce(to_timestamp(nullif(asked.expire, '')::float8 / 1000), now()), $3::bigint,
        ${columns.map((name) => `old.${name}`).join(', ')}, old.geom
      from unnest($4::int[], $5::int[], $6::text[]) with ordinality as asked(no, ordinal, expire, nth)
      join ${table} old on old.dataset_id = $1::int and old.${spec.noColumn} = asked.no
      returning 1)
    select count(*)::text as answer from added`,
    values: [of.datasetId, of.from, of.changeSetNo, of.numbers, of.ordinals, of.expiries],
  };
}

/** Features of a set that later sets took out, with those sets, the first `limit`. */
export function laterEdits(spec: LayerSpec, of: SetOf, limit: number): Statement {
  return {
    name: '',
    text: `with later as (
      select ${spec.idColumn} as id, removed_in from ${partitionOf(spec.table, of.datasetId)}
      where added_in = $1::bigint and removed_in is not null and removed_in <> $1::bigint
      order by removed_in desc, ${spec.idColumn} limit $2::int)
    select coalesce(json_agg(json_build_object('featureId', id, 'changeSetNo', removed_in)
      order by removed_in desc, id), '[]')::text as answer from later`,
    values: [of.changeSetNo, limit],
  };
}

interface SetOf {
  readonly datasetId: number;
  readonly changeSetNo: number;
}

/** Takes out what a set added, and its parts; answers how many rows. */
export function takeBack(spec: LayerSpec, of: SetOf): Statement {
  return {
    name: '',
    text: `with gone as (
      update ${partitionOf(spec.table, of.datasetId)} set removed_in = $1::bigint
      where added_in = $1::bigint and removed_in is null
      returning ${spec.noColumn} as no)${partsGone(spec, of.datasetId)}
    select count(*)::text as answer from gone`,
    values: [of.changeSetNo],
  };
}

/** Brings back what a set took out; answers the numbers of the rows. Their parts are to be made again. */
export function bringBack(spec: LayerSpec, of: SetOf): Statement {
  return {
    name: '',
    text: `with back as (
      update ${partitionOf(spec.table, of.datasetId)} set removed_in = null
      where removed_in = $1::bigint and added_in is distinct from $1::bigint
      returning ${spec.noColumn} as no)
    select coalesce(json_agg(no order by no), '[]')::text as answer from back`,
    values: [of.changeSetNo],
  };
}

/** All versions of a feature, oldest first. */
export function featureVersions(spec: LayerSpec, datasetId: number, featureId: string): Statement {
  return {
    name: '',
    text: `select coalesce(json_agg(json_build_object('addedIn', added_in, 'removedIn', removed_in,
        'dateUpdate', round(extract(epoch from date_update) * 1000),
        'effective', round(extract(epoch from effective) * 1000),
        'expire', round(extract(epoch from expire) * 1000)) order by ${spec.noColumn}), '[]')::text as answer
      from ${spec.table} where dataset_id = $1::int and ${spec.idColumn} = $2::text`,
    values: [datasetId, featureId],
  };
}
