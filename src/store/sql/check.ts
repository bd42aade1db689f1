import type { Statement } from '../database/types.ts';

// Reports of checks and their findings. A new check replaces the report and the findings of the one before.

const reportJson = `json_build_object('datasetId', dataset_id, 'state', state,
  'startedAt', round(extract(epoch from started_at) * 1000), 'finishedAt', round(extract(epoch from finished_at) * 1000),
  'minAreaM2', min_area_m2, 'revision', revision, 'detail', detail, 'progress', progress,
  'counts', counts, 'countsByCode', counts_by_code)`;

/** Begins a check of a dataset at its revision: null where there is no such dataset. */
export function beginCheck(of: {
  readonly datasetId: number;
  readonly minAreaM2: number;
  readonly actor: string;
}): Statement {
  return {
    name: 'begin_check',
    text: `with emptied as (delete from finding where dataset_id = $1::int),
      begun as (
        insert into check_report (dataset_id, state, started_at, finished_at, revision, min_area_m2, actor, detail)
        select dataset_id, 'running', now(), null, revision, $2::float8, $3, 'waits for its turn'
        from dataset where dataset_id = $1::int and state in ('staged', 'checked', 'active', 'retired')
        on conflict (dataset_id) do update set state = 'running', started_at = now(), finished_at = null,
          revision = excluded.revision, min_area_m2 = excluded.min_area_m2, actor = excluded.actor,
          detail = excluded.detail, progress = 0, counts = '{}', counts_by_code = '{}'
        returning *)
      select (select ${reportJson} from begun)::text as answer`,
    values: [of.datasetId, of.minAreaM2, of.actor],
  };
}

/** Says how far a running check is; null where it was replaced or removed. */
export function noteCheck(of: {
  readonly datasetId: number;
  readonly detail: string;
  readonly progress: number;
}): Statement {
  return {
    name: 'note_check',
    text: `with noted as (
        update check_report set detail = $2, progress = $3::real where dataset_id = $1::int and state = 'running'
        returning 1)
      select (select 1 from noted)::text as answer`,
    values: [of.datasetId, of.detail, of.progress],
  };
}

/** Ends a running check. Null where it is not running any more. */
export function endCheck(of: {
  readonly datasetId: number;
  readonly state: 'finished' | 'failed';
  readonly detail: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly countsByCode: Readonly<Record<string, number>>;
}): Statement {
  return {
    name: 'end_check',
    text: `with ended as (
        update check_report set state = $2, detail = $3, finished_at = now(), counts = $4::jsonb,
          counts_by_code = $5::jsonb, progress = case when $2 = 'finished' then 1 else progress end
        where dataset_id = $1::int and state = 'running' returning *)
      select (select ${reportJson} from ended)::text as answer`,
    values: [of.datasetId, of.state, of.detail, JSON.stringify(of.counts), JSON.stringify(of.countsByCode)],
  };
}

export function getCheck(datasetId: number): Statement {
  return {
    name: 'get_check',
    text: `select (select ${reportJson} from check_report where dataset_id = $1::int)::text as answer`,
    values: [datasetId],
  };
}

/** A finding on its way to the database; `place` is the text of a GeoJSON geometry. */
export interface FindingRow {
  readonly no: number;
  readonly code: string;
  readonly severity: string;
  readonly layer: string;
  readonly feature_id: string | null;
  readonly other_id: string | null;
  readonly reason: string;
  readonly area_m2: number | null;
  readonly place: string | null;
}

/** Adds findings of a check that runs; answers how many. */
export function addFindings(datasetId: number, rows: readonly FindingRow[]): Statement {
  return {
    name: 'add_findings',
    text: `with added as (
        insert into finding (dataset_id, finding_no, code, severity, layer, feature_id, other_id, reason, area_m2, place)
        select $1::int, no, code, severity, layer, feature_id, other_id, reason, area_m2,
          case when place is not null then ST_SetSRID(ST_GeomFromGeoJSON(place), 4326) end
        from json_to_recordset($2::json) as r(no int, code text, severity text, layer text, feature_id text,
          other_id text, reason text, area_m2 float8, place text)
        returning 1)
      select count(*)::text as answer from added`,
    values: [datasetId, JSON.stringify(rows)],
  };
}

/**
 * Numbers the findings of a check in order of severity, code, layer and id: until then their numbers are below zero, and
 * nobody reads them. Answers how many there are.
 */
export function numberFindings(datasetId: number): Statement {
  return {
    name: 'number_findings',
    text: `with ordered as (
        select finding_no, row_number() over (order by array_position(array['error', 'warning', 'info'], severity),
          code, layer, feature_id collate "C" nulls first, other_id collate "C" nulls first, finding_no desc) as no
        from finding where dataset_id = $1::int),
      numbered as (
        update finding set finding_no = ordered.no from ordered
        where finding.dataset_id = $1::int and finding.finding_no = ordered.finding_no returning 1)
      select count(*)::text as answer from numbered`,
    values: [datasetId],
  };
}

/** Makes a staged dataset a checked one; answers how many were changed. */
export function markChecked(datasetId: number, revision: number): Statement {
  return {
    name: 'mark_checked',
    text: `with checked as (
        update dataset set state = 'checked' where dataset_id = $1::int and state = 'staged' and revision = $2::int
        returning 1)
      select count(*)::text as answer from checked`,
    values: [datasetId, revision],
  };
}

/** Makes a checked dataset a staged one again: a new check began, or found errors. */
export function markStaged(datasetId: number): Statement {
  return {
    name: 'mark_staged',
    text: `with staged as (
        update dataset set state = 'staged' where dataset_id = $1::int and state = 'checked' returning 1)
      select count(*)::text as answer from staged`,
    values: [datasetId],
  };
}

/** A page of findings in order of their numbers, with their places. */
export function listFindings(query: {
  readonly datasetId: number;
  readonly after: number | null;
  readonly limit: number;
  readonly code: string | null;
  readonly severity: string | null;
  readonly layer: string | null;
}): Statement {
  return {
    name: 'list_findings',
    text: `with page as (
        select * from finding where dataset_id = $1::int and finding_no > coalesce($2::int, 0)
          and ($4::text is null or code = $4) and ($5::text is null or severity = $5)
          and ($6::text is null or layer = $6)
        order by finding_no limit $3::int)
      select coalesce(json_agg(json_build_object('no', finding_no, 'code', code, 'severity', severity, 'layer', layer,
        'featureId', feature_id, 'otherId', other_id, 'reason', reason, 'areaM2', area_m2,
        'place', ST_AsGeoJSON(place, 7)::json) order by finding_no), '[]')::text as answer from page`,
    values: [query.datasetId, query.after, query.limit, query.code, query.severity, query.layer],
  };
}
