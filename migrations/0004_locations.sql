-- Location tables, the carrier's own knowledge: the place of a radio cell or access point, and of a caller's number. Each
-- load is a partition of its own, filled beside the one that lookups read; location_table points at that one, so a switch
-- is one update. loading_id names a load that is under way: no other change of its table begins meanwhile.
create sequence location_load_id as integer start 3;

create table location_table (
  name text primary key check (name in ('cell', 'number')),
  load_id integer not null,
  loading_id integer,
  row_count bigint not null default 0,
  updated_at timestamptz,
  updated_by text,
  source text
);

insert into location_table (name, load_id) values ('cell', 1), ('number', 2);

-- line: of the file that the row came from, while its load goes on; finds keys that stand in a file twice.
create table location_row (
  load_id integer not null,
  key text collate "C" not null,
  shape jsonb,
  civic jsonb,
  line integer,
  updated_at timestamptz not null default now(),
  primary key (load_id, key),
  check (shape is not null or civic is not null)
) partition by list (load_id);

create table location_row_1 partition of location_row for values in (1);
create table location_row_2 partition of location_row for values in (2);

-- Until when positions, addresses and references may stay on a record; null where it has none, or none any more.
alter table call_record add column location_kept_until timestamptz;

create index call_record_location_kept_until on call_record (location_kept_until)
  where location_kept_until is not null;
