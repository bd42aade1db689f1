import type { Statement } from '../database/types.ts';
import type { PlaceQuestion } from './civic.ts';
import { activeDataset, inForce, matchFields } from './lookup.ts';

const current = (alias: string) => `${alias}.removed_in is null and ${inForce(alias, '$2::float8')}`;

/** Rows of streets that are looked at to tell where a street leads. */
export const streetRowsMax = 600;

/** The boundaries that streets lead to. */
export interface StreetSpanJson<Match> {
  readonly activeId: number | null;
  /** Segments, or points where a street has no segments. */
  readonly rows: number;
  /** Rows of which no boundary has anything. */
  readonly unserved: number;
  readonly featureId: string | null;
  readonly lon: number | null;
  readonly lat: number | null;
  readonly uriCount: number;
  readonly matches: readonly Match[] | null;
}

/**
 * Where streets lead as a whole: each of their segments (points, where there are no segments) to the boundaries of the
 * most preferred service that has some of its length; to one alone where that covers all of it and goes first in order. A
 * segment that only touches a boundary at its end does not lead there.
 */
export function boundariesOfStreets(
  datasetId: number,
  streetIds: readonly string[],
  of: { readonly services: readonly string[]; readonly asOf: number },
): Statement {
  return {
    name: 'boundaries_of_streets',
    text: `
with segment as materialized (
  select r.feature_no, r.feature_id, r.geom, true as is_line from road_segment r
  where r.dataset_id = $1::int and (r.left_street_id = any($4::text[]) or r.right_street_id = any($4::text[]))
    and ${current('r')} limit ${streetRowsMax + 1}
),
row as materialized (
  select * from segment
  union all
  (select a.feature_no, a.feature_id, a.geom, false from address_point a
  where a.dataset_id = $1::int and a.street_id = any($4::text[]) and ${current('a')}
    and not exists (select from segment) limit ${streetRowsMax + 1})
),
led as materialized (
  select row.feature_no, b.boundary_no, b.service_uri, b.priority, b.boundary_id,
    array_position($3::text[], b.service_urn) as preference, bool_or(row.is_line) as is_line
  from row
  join boundary_part p on p.dataset_id = $1::int and p.geom && row.geom and case when row.is_line
    then ST_Relate(row.geom, p.geom, '1********') or ST_Relate(row.geom, p.geom, '*1*******')
    else ST_Covers(p.geom, row.geom) end
  join service_boundary b on b.dataset_id = $1::int and b.boundary_no = p.boundary_no
  where (select count(*) from row) <= ${streetRowsMax}
    and b.service_urn = any($3::text[]) and ${current('b')}
  group by row.feature_no, b.boundary_no, b.service_uri, b.priority, b.boundary_id, b.service_urn
),
first as (
  select distinct on (feature_no) * from led
  order by feature_no, preference, priority desc, boundary_id collate "C"
),
alone as materialized (
  select first.*, not first.is_line or ST_Covers(b.geom, row.geom) as is_alone
  from first join row using (feature_no)
  join service_boundary b on b.dataset_id = $1::int and b.boundary_no = first.boundary_no
),
kept as (
  select led.boundary_no from led join alone on alone.feature_no = led.feature_no
  where led.preference = alone.preference and (led.boundary_no = alone.boundary_no or not alone.is_alone)
),
boundary as (
  select b.*, array_position($3::text[], b.service_urn) as preference from service_boundary b
  where b.dataset_id = $1::int and b.boundary_no in (select boundary_no from kept)
),
sample as (select feature_id, ST_PointOnSurface(geom) as place from row order by feature_id collate "C" limit 1)
select json_build_object('activeId', ${activeDataset},
  'rows', (select count(*) from row),
  'unserved', (select count(*) from row where not exists (select from led where led.feature_no = row.feature_no)),
  'featureId', (select feature_id from sample),
  'lon', (select ST_X(place) from sample), 'lat', (select ST_Y(place) from sample),
  'uriCount', (select count(distinct service_uri) from boundary),
  'matches', (select json_agg(json_build_object(${matchFields})
    order by preference, priority desc, boundary_id collate "C") from boundary)
)::text as answer`,
    values: [datasetId, of.asOf, of.services, streetIds],
  };
}

/** The area of the finest level that an address names, with a place well inside of it. */
export interface NamedAreaJson {
  readonly activeId: number | null;
  readonly area: {
    readonly featureNo: number;
    readonly featureId: string;
    readonly level: number;
    readonly lon: number;
    readonly lat: number;
    /** How many areas of that level fit. */
    readonly count: number;
  } | null;
}

/** How much an area is made smaller before it is asked who serves it: neighbours' borders are never drawn alike. */
const borderDeg = 0.0005;
// A strip that is narrower has nothing left; it is asked as it is.
const inner = `coalesce(nullif(ST_Buffer(ST_SimplifyPreserveTopology(geom, ${borderDeg / 2}), -${borderDeg}),
  'SRID=4326;POLYGON EMPTY'::geometry), geom)`;

/** The area polygon of the finest level that an address names and the dataset has. */
export function areaByNames(
  datasetId: number,
  place: PlaceQuestion,
  of: { readonly level: number; readonly asOf: number },
): Statement {
  return {
    name: 'area_by_names',
    text: `
with area as (
  select feature_no, feature_id, level, count(*) over (partition by level) as count, geom
  from admin_area a
  where a.dataset_id = $1::int and a.level <= $3::int and ${current('a')}
    and ($4::text is null or country_key in ('', $4)) and ($5::text is null or a1_key in ('', $5))
    and ($6::text[] is null or a2_keys = '{}' or a2_keys && $6)
    and ($7::text[] is null or a3_keys = '{}' or a3_keys && $7)
    and ($8::text[] is null or a4_keys = '{}' or a4_keys && $8)
    and ($9::text[] is null or a5_keys = '{}' or a5_keys && $9)
    and case level when 1 then $5::text is not null and a1_key <> '' when 2 then a2_keys && $6 when 3 then a3_keys && $7
      when 4 then a4_keys && $8 else a5_keys && $9 end
  order by level desc, feature_id collate "C" limit 1
)
select json_build_object('activeId', ${activeDataset}, 'area', (
  select json_build_object('featureNo', feature_no, 'featureId', feature_id, 'level', level, 'count', count,
    'lon', ST_X(place), 'lat', ST_Y(place))
  from (select *, ST_PointOnSurface(${inner}) as place from area offset 0) a))::text as answer`,
    values: [
      datasetId,
      of.asOf,
      of.level,
      place.countryKey ?? null,
      place.a1Key ?? null,
      place.a2Keys ?? null,
      place.a3Keys ?? null,
      place.a4Keys ?? null,
      place.a5Keys ?? null,
    ],
  };
}

/** Whether boundaries of another PSAP reach into an area, for one of the services named. */
export function isAreaShared(
  datasetId: number,
  featureNo: number,
  of: { readonly services: readonly string[]; readonly asOf: number; readonly serviceUri: string },
): Statement {
  return {
    name: 'is_area_shared',
    text: `
with area as materialized (
  select ${inner} as g from admin_area where dataset_id = $1::int and feature_no = $4::int
)
select json_build_object('activeId', ${activeDataset}, 'isShared', exists (
  select from area
  join boundary_part p on p.dataset_id = $1::int and p.geom && area.g
  join service_boundary b on b.dataset_id = $1::int and b.boundary_no = p.boundary_no
  where b.service_urn = any($3::text[]) and b.service_uri <> $5::text and ${current('b')}
    and ST_Intersects(area.g, p.geom)
))::text as answer`,
    values: [datasetId, of.asOf, of.services, featureNo, of.serviceUri],
  };
}
