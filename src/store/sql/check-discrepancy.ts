import type { Statement } from '../database/types.ts';

// Discrepancy reports. Documents are kept as they came.

const moment = (column: string) => `round(extract(epoch from ${column}) * 1000)`;
const entryJson = `json_build_object('direction', direction, 'reportingAgency', reporting_agency, 'reportId', report_id,
  'reportType', report_type, 'problem', problem, 'severity', severity, 'submittedAt', ${moment('submitted_at')},
  'receivedAt', ${moment('received_at')}, 'state', state, 'report', report, 'response', response, 'status', status,
  'resolution', resolution, 'resolvedAt', ${moment('resolved_at')}, 'targetUri', target_uri, 'attempts', attempts,
  'nextAttemptAt', ${moment('next_attempt_at')}, 'lastFailure', last_failure)`;

// What a row takes of a JSON entry; moments are epoch milliseconds.
const assigned = `state = e.state, response = e.response, status = e.status, resolution = e.resolution,
  resolved_at = to_timestamp(e."resolvedAt" / 1000), target_uri = e."targetUri", attempts = e.attempts,
  next_attempt_at = to_timestamp(e."nextAttemptAt" / 1000), last_failure = e."lastFailure"`;
const entryRecord = `json_to_record($1::json) as e(direction text, "reportingAgency" text, "reportId" text,
  "reportType" text, problem text, severity text, "submittedAt" float8, "receivedAt" float8, state text, report jsonb,
  response jsonb, status jsonb, resolution jsonb, "resolvedAt" float8, "targetUri" text, attempts int,
  "nextAttemptAt" float8, "lastFailure" text)`;

/** Adds a report; answers how many: none where its key is taken. */
export function addDiscrepancy(entry: string): Statement {
  return {
    name: 'add_discrepancy',
    text: `with added as (
        insert into discrepancy_report (direction, reporting_agency, report_id, report_type, problem, severity,
          submitted_at, received_at, state, report, response, status, resolution, resolved_at, target_uri, attempts,
          next_attempt_at, last_failure)
        select direction, "reportingAgency", "reportId", "reportType", problem, severity,
          to_timestamp("submittedAt" / 1000), to_timestamp("receivedAt" / 1000), state, report, response, status,
          resolution, to_timestamp("resolvedAt" / 1000), "targetUri", attempts, to_timestamp("nextAttemptAt" / 1000),
          "lastFailure"
        from ${entryRecord}
        on conflict do nothing returning 1)
      select count(*)::text as answer from added`,
    values: [entry],
  };
}

/** Puts the changeable part of an entry in place of what is there; the entry, or null where there is none. */
export function putDiscrepancy(entry: string): Statement {
  return {
    name: 'put_discrepancy',
    text: `with put as (
        update discrepancy_report d set ${assigned} from ${entryRecord}
        where d.direction = e.direction and d.reporting_agency = e."reportingAgency" and d.report_id = e."reportId"
        returning 1)
      select count(*)::text as answer from put`,
    values: [entry],
  };
}

interface Key {
  readonly direction: string;
  readonly reportingAgency: string;
  readonly reportId: string;
}

/** A report by its key, or null; `isLocked` keeps others from changing it until the transaction ends. */
export function getDiscrepancy({ direction, reportingAgency, reportId }: Key, isLocked: boolean): Statement {
  return {
    name: isLocked ? 'lock_discrepancy' : 'get_discrepancy',
    text: `with found as materialized (
        select * from discrepancy_report where direction = $1 and reporting_agency = $2 and report_id = $3
        ${isLocked ? 'for update' : ''})
      select (select ${entryJson} from found)::text as answer`,
    values: [direction, reportingAgency, reportId],
  };
}

/** Reports, the newest first. */
export function listDiscrepancies(query: {
  readonly limit: number;
  readonly before: number | null;
  readonly direction: string | null;
  readonly state: string | null;
}): Statement {
  return {
    name: 'list_discrepancies',
    text: `with page as (
        select * from discrepancy_report
        where ($2::float8 is null or received_at < to_timestamp($2::float8 / 1000))
          and ($3::text is null or direction = $3) and ($4::text is null or state = $4)
        order by received_at desc, report_id limit $1::int)
      select coalesce(json_agg(${entryJson} order by received_at desc, report_id), '[]')::text as answer from page`,
    values: [query.limit, query.before, query.direction, query.state],
  };
}

/** Takes reports that are due for one attempt: nobody else takes them until `until`. */
export function takeDueDiscrepancies(of: {
  readonly at: number;
  readonly until: number;
  readonly limit: number;
}): Statement {
  return {
    name: 'take_due_discrepancies',
    text: `with due as (
        select direction, reporting_agency, report_id from discrepancy_report
        where next_attempt_at <= to_timestamp($1::float8 / 1000)
        order by next_attempt_at limit $3::int for update skip locked),
      taken as (
        update discrepancy_report d set next_attempt_at = to_timestamp($2::float8 / 1000) from due
        where d.direction = due.direction and d.reporting_agency = due.reporting_agency and d.report_id = due.report_id
        returning d.*)
      select coalesce(json_agg(${entryJson} order by received_at, report_id), '[]')::text as answer from taken`,
    values: [of.at, of.until, of.limit],
  };
}
