import type { Statement } from '../database/types.ts';

/** The channel on which the id of a newly active dataset is notified. */
export const activeDatasetChannel = 'firstline_active_dataset';

/** A dataset as JSON. */
export const datasetJson = `json_build_object('id', dataset_id, 'name', name, 'state', state, 'source', source,
  'createdAt', round(extract(epoch from created_at) * 1000), 'createdBy', created_by,
  'activatedAt', round(extract(epoch from activated_at) * 1000), 'boundaryCount', boundary_count,
  'layerCounts', layer_counts, 'revision', revision)`;

// Those that are being loaded or removed are nobody's to see.
const isListed = "state in ('staged', 'checked', 'active', 'retired')";

/** Takes the number of a dataset to come, so that it can be locked before anybody sees it. */
export function reserveDatasetId(): Statement {
  return {
    name: 'reserve_dataset_id',
    text: "select nextval(pg_get_serial_sequence('dataset', 'dataset_id'))::text as answer",
    values: [],
  };
}

/** Begins a dataset: not listed and not read by anybody until it is staged. */
export function beginDataset(of: {
  readonly id: number;
  readonly name: string;
  readonly source: string;
  readonly createdBy: string;
}): Statement {
  return {
    name: 'begin_dataset',
    text: `with added as (
             insert into dataset (dataset_id, name, source, state, created_by) overriding system value
             values ($1, $2, $3, 'loading', $4) returning dataset_id)
           select dataset_id::text as answer from added`,
    values: [of.id, of.name, of.source, of.createdBy],
  };
}

/** Makes a finished load a staged dataset. Null where it is not loading any more. */
export function stageDataset(id: number, layerCounts: Readonly<Record<string, number>>): Statement {
  return {
    name: 'stage_dataset',
    text: `with staged as (
             update dataset set state = 'staged', layer_counts = $2::jsonb,
               boundary_count = coalesce(($2::jsonb ->> 'serviceBoundary')::int, 0)
             where dataset_id = $1 and state = 'loading' returning *)
           select (select ${datasetJson} from staged)::text as answer`,
    values: [id, JSON.stringify(layerCounts)],
  };
}

/**
 * Takes a dataset that is not active out of everybody's sight, and out of the history of activations; answers how many.
 * A load that goes on with it cannot stage it any more.
 */
export function unlistDataset(id: number): Statement {
  return {
    name: 'unlist_dataset',
    text: `with unlisted as (
             update dataset set state = 'removing' where dataset_id = $1 and state <> 'active' returning 1),
           gone as (delete from activation where dataset_id = $1 and exists (select from unlisted))
           select count(*)::text as answer from unlisted`,
    values: [id],
  };
}

/** Forgets a dataset that is being removed, and all that is told of it; answers how many. */
export function forgetDataset(id: number): Statement {
  return {
    name: 'forget_dataset',
    text: `with sets as (
             delete from change_set where dataset_id = $1
               and exists (select from dataset where dataset_id = $1 and state = 'removing')),
           gone as (delete from dataset where dataset_id = $1 and state = 'removing' returning 1)
           select count(*)::text as answer from gone`,
    values: [id],
  };
}

/** The ids of loads and removals that were begun and not finished. */
export function unfinishedDatasets(): Statement {
  return {
    name: 'unfinished_datasets',
    text: `select coalesce(json_agg(dataset_id order by dataset_id), '[]')::text as answer
           from dataset where state in ('loading', 'removing')`,
    values: [],
  };
}

/** Lets one change of a dataset run at a time, until the transaction ends; answers its number, or null. */
export function lockDataset(id: number): Statement {
  return {
    name: 'lock_dataset',
    text: `with locked as (select dataset_id from dataset where dataset_id = $1 for update)
           select (select dataset_id from locked)::text as answer`,
    values: [id],
  };
}

/** All datasets but unfinished loads and removals, newest first. */
export function listDatasets(): Statement {
  return {
    name: 'list_datasets',
    text: `select coalesce(json_agg(${datasetJson} order by dataset_id desc), '[]')::text as answer
           from dataset where ${isListed}`,
    values: [],
  };
}

export function getDataset(id: number): Statement {
  return {
    name: 'get_dataset',
    text: `select (select ${datasetJson} from dataset where dataset_id = $1 and ${isListed})::text as answer`,
    values: [id],
  };
}

/** Lets one change of the active dataset run at a time, until the transaction ends. */
export const lockActivation = "do $$ begin perform pg_advisory_xact_lock(hashtext('firstline'), 1); end $$";

/** Takes the active dataset out of that state; its id, or null. */
export function retireActive(): Statement {
  return {
    name: 'retire_active',
    text: `with retired as (update dataset set state = 'retired' where state = 'active' returning dataset_id)
           select (select dataset_id from retired)::text as answer`,
    values: [],
  };
}

/** Records an activation of a dataset; answers the activation's id. */
export function recordActivation(datasetId: number, actor: string): Statement {
  return {
    name: 'record_activation',
    text: `with added as (
             insert into activation (dataset_id, actor) values ($1, $2) returning activation_id)
           select activation_id::text as answer from added`,
    values: [datasetId, actor],
  };
}

/**
 * Marks the activation in force as undone and answers the one before it that is not, or null (and then marks
 * nothing).
 */
export function undoActivation(): Statement {
  return {
    name: 'undo_activation',
    text: `with previous as (
             select a.activation_id, a.dataset_id from activation a, active_dataset now
             where a.undone_at is null and a.activation_id < now.activation_id
             order by a.activation_id desc limit 1),
           undone as (
             update activation set undone_at = now()
             where activation_id = (select activation_id from active_dataset) and exists (select from previous)
             returning 1)
           select (select json_build_object('activationId', activation_id, 'datasetId', dataset_id)
                   from previous where exists (select from undone))::text as answer`,
    values: [],
  };
}

/** Points lookups at a dataset: the one step that they see. Notifies every process. Answers the dataset. */
export function pointAt(datasetId: number, activationId: number): Statement {
  return {
    name: 'point_at_dataset',
    text: `with pointed as (
             insert into active_dataset (dataset_id, activation_id) values ($1, $2)
             on conflict (is_only) do update
               set dataset_id = excluded.dataset_id, activation_id = excluded.activation_id
             returning 1),
           activated as (
             update dataset set state = 'active', activated_at = now()
             where dataset_id = $1 and exists (select from pointed) returning *)
           select json_build_object('dataset', (select ${datasetJson} from activated),
             'told', pg_notify('${activeDatasetChannel}', $1::text)::text)::text as answer`,
    values: [datasetId, activationId],
  };
}
