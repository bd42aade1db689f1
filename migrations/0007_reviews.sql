-- How far a check is; how a dataset did in shadow of the active one.
alter table check_report
  add column progress real not null default 0,
  add column actor text not null default '';

create table shadow_run (
  dataset_id integer primary key references dataset on delete cascade,
  state text not null check (state in ('running', 'finished', 'failed')),
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  -- The whole report as a document.
  report jsonb not null
);

-- Places where data is wrong: ground of a service that no boundary has, or several have. One row a place, whoever found
-- it and however often; kept for the GapOverlap event package (NENA-STA-010.3 §4.3.4).
create table data_error (
  data_error_id bigint generated always as identity primary key,
  kind text not null check (kind in ('gap', 'overlap')),
  -- What makes it one place: service, features and whereabouts.
  place_key text not null unique,
  service_urn text not null,
  agencies text[] not null default '{}',
  feature_ids text[] not null default '{}',
  found_by text not null check (found_by in ('check', 'lookup')),
  dataset_id integer references dataset on delete set null,
  first_seen timestamptz not null default now(),
  last_seen timestamptz not null default now(),
  seen_count integer not null default 1,
  -- Not there any more at the last check of a dataset that became active.
  resolved_at timestamptz,
  area_m2 double precision,
  place geometry(Geometry, 4326) not null
);
create index data_error_newest on data_error (last_seen desc, data_error_id desc);

-- Discrepancy reports (NENA-STA-010.3 §3.7): those that others sent to us, and those that we send. Documents are kept as
-- they came.
create table discrepancy_report (
  direction text not null check (direction in ('in', 'out')),
  reporting_agency text not null,
  report_id text not null,
  report_type text not null,
  problem text,
  severity text not null,
  submitted_at timestamptz not null,
  received_at timestamptz not null default now(),
  state text not null check (state in ('queued', 'sent', 'failed', 'open', 'resolved')),
  report jsonb not null,
  -- What was answered: to the reporter (in), or by the responder (out).
  response jsonb,
  status jsonb,
  resolution jsonb,
  resolved_at timestamptz,
  -- Of what is to be sent: to whom, how often it was tried, when it is tried next.
  target_uri text,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  last_failure text,
  primary key (direction, reporting_agency, report_id)
);
create index discrepancy_report_newest on discrepancy_report (received_at desc, report_id);
create index discrepancy_report_due on discrepancy_report (next_attempt_at) where next_attempt_at is not null;
