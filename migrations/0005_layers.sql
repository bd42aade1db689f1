-- The layers of a dataset beside its service boundaries, by the names of NENA's GIS data model, each in a partition of
-- its own; changes to a dataset after its load; what checks found.

alter table dataset drop constraint dataset_state_check;
alter table dataset
  add constraint dataset_state_check check (state in ('loading', 'staged', 'checked', 'active', 'retired', 'removing')),
  add column layer_counts jsonb not null default '{}',
  -- Counts the change sets that were applied or undone since the load.
  add column revision integer not null default 0;
update dataset set layer_counts = jsonb_build_object('serviceBoundary', boundary_count);

-- A change set is one transaction on a dataset, and is undone as one. Rows that it takes out stay, with its number.
create table change_set (
  change_set_id bigint generated always as identity primary key,
  dataset_id integer not null references dataset,
  -- Of the dataset, after it.
  revision integer not null,
  at timestamptz not null default now(),
  actor text not null,
  note text not null default '',
  -- [{action, layer, featureId}], in order.
  changes jsonb not null,
  undone_at timestamptz,
  undone_by text,
  -- The asker's own name of the set, and the SHA-256 (hex) of what was asked, so that asking twice changes once.
  request_key text,
  request_hash text
);
create index change_set_dataset on change_set (dataset_id, change_set_id);
create unique index change_set_request on change_set (dataset_id, request_key) where request_key is not null;

alter table service_boundary
  add column discrepancy_agency_id text,
  add column date_update timestamptz,
  add column card_uri text,
  add column added_in bigint,
  add column removed_in bigint;
drop index service_boundary_id;
create unique index service_boundary_id on service_boundary (dataset_id, boundary_id) where removed_in is null;

create table provisioning_boundary (
  dataset_id integer not null,
  feature_no integer not null,
  ordinal integer not null,
  feature_id text not null,
  discrepancy_agency_id text,
  date_update timestamptz,
  effective timestamptz,
  expire timestamptz,
  added_in bigint,
  removed_in bigint,
  geom geometry(MultiPolygon, 4326) not null,
  primary key (dataset_id, feature_no)
) partition by list (dataset_id);
create unique index provisioning_boundary_id on provisioning_boundary (dataset_id, feature_id)
  where removed_in is null;
create index provisioning_boundary_geom on provisioning_boundary using gist (geom);

create table admin_area (
  dataset_id integer not null,
  feature_no integer not null,
  ordinal integer not null,
  feature_id text not null,
  discrepancy_agency_id text,
  date_update timestamptz,
  effective timestamptz,
  expire timestamptz,
  level smallint not null check (level between 1 and 5),
  country text,
  a1 text,
  a2 text,
  a3 text,
  a4 text,
  a5 text,
  added_in bigint,
  removed_in bigint,
  geom geometry(MultiPolygon, 4326) not null,
  primary key (dataset_id, feature_no)
) partition by list (dataset_id);
create unique index admin_area_id on admin_area (dataset_id, feature_id) where removed_in is null;
create index admin_area_name on admin_area (dataset_id, level, country, a1);
create index admin_area_geom on admin_area using gist (geom);

-- The newest check of a dataset and what it found, with the place of each finding.
create table check_report (
  dataset_id integer primary key references dataset on delete cascade,
  state text not null check (state in ('running', 'finished', 'failed')),
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  revision integer not null,
  min_area_m2 double precision not null,
  detail text not null default '',
  counts jsonb not null default '{}',
  counts_by_code jsonb not null default '{}'
);

create table finding (
  dataset_id integer not null references dataset on delete cascade,
  finding_no integer not null,
  code text not null,
  severity text not null check (severity in ('error', 'warning', 'info')),
  layer text not null,
  feature_id text,
  other_id text,
  reason text not null,
  area_m2 double precision,
  place geometry(Geometry, 4326),
  primary key (dataset_id, finding_no)
);
create index finding_code on finding (dataset_id, code, finding_no);
