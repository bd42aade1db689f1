-- Civic addresses: places with an address and road segments, by the names of NENA's GIS data model, and the streets and
-- places that they name, by keys that the program makes (keys and ids are equal or not; the text behind them is beside).

-- Likeness of names, for calls alone. Where the role may not create it, addresses are looked up without.
do $$
begin
  create extension if not exists pg_trgm;
exception when others then
  raise warning 'pg_trgm could not be created: %', sqlerrm;
end
$$;

create table civic_place (
  dataset_id integer not null,
  place_id text collate "C" not null,
  country_key text not null,
  a1_key text not null,
  a2_keys text[] not null,
  a3_keys text[] not null,
  a4_keys text[] not null,
  a5_keys text[] not null,
  -- Of the postal community.
  pcn_keys text[] not null,
  -- What it was first called: country, A1 to A5, PCN.
  elements jsonb not null,
  primary key (dataset_id, place_id)
) partition by list (dataset_id);
create index civic_place_a1 on civic_place (dataset_id, a1_key);

create table civic_street (
  dataset_id integer not null,
  street_id text collate "C" not null,
  place_id text collate "C" not null,
  -- Of the whole name; empty for places that are on no street.
  full_key text collate "C" not null,
  -- Of PRM, PRD, STP, STPS, RD, STS, POD, POM.
  part_keys text[] not null,
  rd_key text collate "C" not null,
  -- Of RDSEC, RDBR, RDSUBBR.
  road_key text collate "C" not null,
  words text not null,
  elements jsonb not null,
  primary key (dataset_id, street_id)
) partition by list (dataset_id);
create index civic_street_full on civic_street (dataset_id, full_key);
create index civic_street_rd on civic_street (dataset_id, rd_key);
create index civic_street_place on civic_street (dataset_id, place_id);

create table address_point (
  dataset_id integer not null,
  feature_no integer not null,
  ordinal integer not null,
  feature_id text not null,
  discrepancy_agency_id text,
  date_update timestamptz,
  effective timestamptz,
  expire timestamptz,
  street_id text collate "C" not null,
  house_key text collate "C" not null,
  house_number integer,
  -- The last number of a building that has several.
  house_last integer,
  -- What the street and its place do not say: the house number, what is below it, the postal code.
  elements jsonb not null,
  added_in bigint,
  removed_in bigint,
  geom geometry(Point, 4326) not null,
  primary key (dataset_id, feature_no)
) partition by list (dataset_id);
create unique index address_point_id on address_point (dataset_id, feature_id) where removed_in is null;
create index address_point_street on address_point (dataset_id, street_id, house_number);
create index address_point_geom on address_point using gist (geom);

create table road_segment (
  dataset_id integer not null,
  feature_no integer not null,
  ordinal integer not null,
  feature_id text not null,
  discrepancy_agency_id text,
  date_update timestamptz,
  effective timestamptz,
  expire timestamptz,
  left_street_id text collate "C" not null,
  left_from integer,
  left_to integer,
  left_parity text not null check (left_parity in ('odd', 'even', 'both', 'none')),
  left_prefix text not null,
  left_is_valid boolean not null,
  left_elements jsonb not null,
  right_street_id text collate "C" not null,
  right_from integer,
  right_to integer,
  right_parity text not null check (right_parity in ('odd', 'even', 'both', 'none')),
  right_prefix text not null,
  right_is_valid boolean not null,
  right_elements jsonb not null,
  added_in bigint,
  removed_in bigint,
  geom geometry(MultiLineString, 4326) not null,
  primary key (dataset_id, feature_no)
) partition by list (dataset_id);
create unique index road_segment_id on road_segment (dataset_id, feature_id) where removed_in is null;
create index road_segment_left on road_segment (dataset_id, left_street_id);
create index road_segment_right on road_segment (dataset_id, right_street_id);
create index road_segment_geom on road_segment using gist (geom);

-- Keys of the names of areas, so that an address can be compared with them.
alter table admin_area
  add column country_key text not null default '',
  add column a1_key text not null default '',
  add column a2_keys text[] not null default '{}',
  add column a3_keys text[] not null default '{}',
  add column a4_keys text[] not null default '{}',
  add column a5_keys text[] not null default '{}';
