import type { Statement } from '../database/types.ts';

export function appendAudit(row: {
  readonly actor: string;
  readonly via: string;
  readonly action: string;
  readonly detail: Readonly<Record<string, unknown>>;
}): Statement {
  return {
    name: 'append_audit',
    text: `with added as (
      insert into audit (actor, via, action, detail) values ($1, $2, $3, $4::jsonb) returning audit_id)
    select audit_id::text as answer from added`,
    values: [row.actor, row.via, row.action, JSON.stringify(row.detail)],
  };
}

/** Audit rows, newest first, before the row of that number. */
export function listAudit(query: { readonly limit: number; readonly before: number | null }): Statement {
  return {
    name: 'list_audit',
    text: `with page as (
      select * from audit where ($2::int8 is null or audit_id < $2) order by audit_id desc limit $1::int)
    select coalesce(json_agg(json_build_object('id', audit_id, 'at', round(extract(epoch from at) * 1000), 'actor', actor,
      'via', via, 'action', action, 'detail', detail) order by audit_id desc), '[]')::text as answer from page`,
    values: [query.limit, query.before],
  };
}
