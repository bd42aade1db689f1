import type { Statement } from '../database/types.ts';

/** Keeps a run of shadow routing in place of the one before; nothing where its dataset is not there any more. */
export function putShadow(of: {
  readonly datasetId: number;
  readonly state: string;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly report: string;
}): Statement {
  return {
    name: 'put_shadow',
    text: `with kept as (
        insert into shadow_run (dataset_id, state, started_at, finished_at, report)
        select dataset_id, $2, to_timestamp($3::float8 / 1000), to_timestamp($4::float8 / 1000), $5::jsonb
        from dataset where dataset_id = $1::int
        on conflict (dataset_id) do update set state = excluded.state, started_at = excluded.started_at,
          finished_at = excluded.finished_at, report = excluded.report
        returning 1)
      select count(*)::text as answer from kept`,
    values: [of.datasetId, of.state, of.startedAt, of.finishedAt, of.report],
  };
}

export function getShadow(datasetId: number): Statement {
  return {
    name: 'get_shadow',
    text: 'select (select report from shadow_run where dataset_id = $1::int)::text as answer',
    values: [datasetId],
  };
}
