import type { Statement } from '../database/types.ts';

// What the standby index reads of a dataset: in small pieces, so that lookups go in between where the database has one
// session.

/** The active dataset: its id, how often it changed since its load, and when that was; null where none is active. */
export function activeState(): Statement {
  return {
    name: 'active_state',
    text: `select (
      select json_build_object('id', d.dataset_id, 'revision', d.revision,
        'createdAt', extract(epoch from d.created_at)::text, 'boundaryCount', d.boundary_count)
      from active_dataset a join dataset d on d.dataset_id = a.dataset_id)::text as answer`,
    values: [],
  };
}

/** Boundaries that one piece has at most. */
const pageRows = 500;

/**
 * The next boundaries of a dataset after a number, with their geometry as WKB in hex, about `bytesMax` of it and at least
 * one boundary. A geometry above that is left out, to be read by {@link geometryPiece}.
 */
export function boundaryPage(datasetId: number, after: number, bytesMax: number): Statement {
  return {
    name: 'standby_boundaries',
    text: `
with next as (
  select *, pg_column_size(geom) as size from service_boundary
  where dataset_id = $1::int and boundary_no > $2::int and removed_in is null
  order by boundary_no limit ${pageRows}
),
page as (
  select *, sum(size) over (order by boundary_no) as total, row_number() over (order by boundary_no) as nth from next
)
select coalesce(json_agg(json_build_object('no', boundary_no, 'boundaryId', boundary_id, 'displayName', display_name,
  'serviceUrn', service_urn, 'serviceUri', service_uri, 'serviceNumber', service_number, 'agencyId', agency_id,
  'priority', priority, 'effective', extract(epoch from effective) * 1000, 'expire', extract(epoch from expire) * 1000,
  'countryKey', country_key, 'a1Key', a1_key, 'a2Keys', a2_keys, 'a3Keys', a3_keys,
  'wkb', case when size <= $3::int then encode(ST_AsBinary(geom, 'NDR'), 'hex') end) order by boundary_no), '[]')::text as answer
from page where total <= $3::int or nth = 1`,
    values: [datasetId, after, bytesMax],
  };
}

/** Bytes of a geometry's WKB in hex, from an offset on; fewer than `length` where it ends. */
export function geometryPiece(
  datasetId: number,
  boundaryNo: number,
  offset: number,
  length: number,
): Statement {
  return {
    name: 'standby_geometry',
    text: `select to_json(encode(substring(ST_AsBinary(geom, 'NDR') from $3::int + 1 for $4::int), 'hex'))::text as answer
      from service_boundary where dataset_id = $1::int and boundary_no = $2::int`,
    values: [datasetId, boundaryNo, offset, length],
  };
}
