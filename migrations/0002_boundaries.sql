-- Service boundaries, by the names of NENA's service boundary layer, and their subdivided geometry. Geometry is
-- EPSG:4326; edges are straight in longitude and latitude. *_key columns hold normalised area names for civic lookups:
-- '' (or no keys) means that the boundary does not name that level.
create table service_boundary (
  dataset_id integer not null,
  boundary_no integer not null,
  ordinal integer not null,
  boundary_id text not null,
  display_name text not null,
  service_urn text not null,
  service_uri text not null,
  service_number text,
  agency_id text,
  priority integer not null default 0,
  effective timestamptz,
  expire timestamptz,
  country text,
  a1 text,
  a2 text,
  a3 text,
  country_key text not null default '',
  a1_key text not null default '',
  a2_keys text[] not null default '{}',
  a3_keys text[] not null default '{}',
  geom geometry(MultiPolygon, 4326) not null
) partition by list (dataset_id);

alter table service_boundary add primary key (dataset_id, boundary_no);
create unique index service_boundary_id on service_boundary (dataset_id, boundary_id);
create index service_boundary_area on service_boundary (dataset_id, a1_key);

-- Parts have at most 128 vertices: a point is tested against a small polygon instead of a whole coast line.
create table boundary_part (
  dataset_id integer not null,
  boundary_no integer not null,
  geom geometry(Geometry, 4326) not null
) partition by list (dataset_id);

create index boundary_part_geom on boundary_part using gist (geom);
