-- Datasets and which of them is active. One load of GIS layers is one dataset; its rows live in a partition of
-- service_boundary and boundary_part. Lookups read the one row of active_dataset, so a switch is one update.
create table dataset (
  dataset_id integer generated always as identity primary key,
  name text not null,
  source text not null,
  state text not null check (state in ('loading', 'staged', 'active', 'retired')),
  created_at timestamptz not null default now(),
  created_by text not null,
  activated_at timestamptz,
  boundary_count integer not null default 0
);

create unique index dataset_one_active on dataset (state) where state = 'active';

-- Every activation, newest last. A roll back marks the newest as undone and returns to the one before it.
create table activation (
  activation_id integer generated always as identity primary key,
  dataset_id integer not null references dataset,
  at timestamptz not null default now(),
  actor text not null,
  undone_at timestamptz
);

create table active_dataset (
  is_only boolean primary key default true check (is_only),
  dataset_id integer not null references dataset,
  activation_id integer not null references activation
);
