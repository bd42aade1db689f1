import type { Statement } from '../database/types.ts';
import { metresPerDegree } from '../lookup-place.ts';

// Each lookup is told the dataset that it looks into and reads the pointer to the active one in the same statement, so
// an answer is never of two datasets. One row comes back whatever is found.

export const activeDataset = '(select dataset_id from active_dataset)';

/** The id of the active dataset, or null. */
export function activeDatasetId(): Statement {
  return { name: 'active_dataset_id', text: `select ${activeDataset}::text as answer`, values: [] };
}

// What an answer names of a boundary.
export const matchFields = `'boundaryId', boundary_id, 'displayName', display_name, 'serviceUrn', service_urn,
  'serviceUri', service_uri, 'serviceNumber', service_number, 'agencyId', agency_id, 'priority', priority`;

export const inForce = (alias: string, asOf: string) => `
  (${alias}.effective is null or ${alias}.effective <= to_timestamp(${asOf} / 1000))
  and (${alias}.expire is null or ${alias}.expire > to_timestamp(${asOf} / 1000))`;

// Text order that does not depend on the database's collation.
const tieBreak = 'priority desc, boundary_id collate "C"';

const columns = `b.boundary_id, b.display_name, b.service_urn, b.service_uri, b.service_number, b.agency_id,
  b.priority, array_position($3::text[], b.service_urn) as preference`;

export interface PointQuestion {
  /** The dataset that is looked into. */
  readonly datasetId: number;
  readonly lon: number;
  readonly lat: number;
  readonly services: readonly string[];
  /** Epoch milliseconds. */
  readonly asOf: number;
  /** Degrees of longitude times this are as long as degrees of latitude. */
  readonly scale: number;
  /** How far off a boundary may be, in degrees of longitude and of latitude. */
  readonly widthDeg: number;
  readonly heightDeg: number;
}

const candidate = (
  distance: string,
) => `json_build_object('preference', array_position($3::text[], b.service_urn),
    'distanceM', ${distance} * ${metresPerDegree}, ${matchFields})`;

// Only what covers the point is at distance 0: on the scaled plane an edge may come to lie on the point by rounding.
const leastDistanceDeg = 1e-15;

const point = 'ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4326)';

/**
 * The boundaries of a dataset that cover a point (SRID 4326, edges and corners count) or come near it, in no order and
 * once for each part; with the dataset that is active at that moment. The dataset comes from outside, so that the plan
 * begins with its partitions alone: with the pointer inside, every dataset that is kept makes each lookup slower. Distances
 * are taken on the plane that is true to scale at the point, so that edges stay straight in longitude and latitude. Kept
 * plain on purpose: setting up a larger plan costs the embedded database more than the search itself, so choosing among
 * the few rows is left to the caller.
 */
export function boundariesAtPoint(question: PointQuestion): Statement {
  return {
    name: 'boundaries_at_point',
    text: `
select json_build_object('activeId', ${activeDataset}, 'candidates', (
  select json_agg(${candidate('part.distance')})
  from (
    select p.boundary_no, case
      when ST_Covers(p.geom, ${point}) then 0
      when ST_DWithin(p.geom, ${point}, $6::float8)
      then greatest(ST_Distance(ST_Scale(p.geom, $5::float8, 1),
        ST_SetSRID(ST_MakePoint($1::float8 * $5::float8, $2::float8), 4326)), ${leastDistanceDeg})
      end as distance
    from boundary_part p
    where p.dataset_id = $8::int and p.geom && ST_Expand(${point}, $6::float8, $7::float8)
    offset 0
  ) part
  join service_boundary b on b.dataset_id = $8::int and b.boundary_no = part.boundary_no
  where part.distance <= $7::float8 and b.removed_in is null
    and b.service_urn = any($3::text[]) and ${inForce('b', '$4::float8')}
))::text as answer`,
    values: [
      question.lon,
      question.lat,
      question.services,
      question.asOf,
      question.scale,
      question.widthDeg,
      question.heightDeg,
      question.datasetId,
    ],
  };
}

/** The same for a pole, which is one place whatever its longitude: a boundary that reaches it anywhere covers it. */
export function boundariesAtPole(question: PointQuestion): Statement {
  return {
    name: 'boundaries_at_pole',
    text: `
select json_build_object('activeId', ${activeDataset}, 'candidates', (
  select json_agg(${candidate('part.distance')})
  from (
    select p.boundary_no, 90 - greatest(ST_YMax(p.geom) * sign($2::float8), ST_YMin(p.geom) * sign($2::float8)) as distance
    from boundary_part p
    where p.dataset_id = $5::int
      and p.geom && ST_Expand(ST_SetSRID(ST_MakePoint(0, $2::float8), 4326), 180, $1::float8)
    offset 0
  ) part
  join service_boundary b on b.dataset_id = $5::int and b.boundary_no = part.boundary_no
  where part.distance <= $1::float8 and b.removed_in is null
    and b.service_urn = any($3::text[]) and ${inForce('b', '$4::float8')}
))::text as answer`,
    values: [question.heightDeg, question.lat, question.services, question.asOf, question.datasetId],
  };
}

/** Normalised area names; undefined where the address does not name that level. */
export interface AreaQuestion {
  readonly datasetId: number;
  readonly countryKey: string | undefined;
  readonly a1Key: string | undefined;
  readonly a2Keys: readonly string[] | undefined;
  readonly a3Keys: readonly string[] | undefined;
  readonly services: readonly string[];
  readonly asOf: number;
}

/** How many boundaries an ambiguous answer lists at most. */
export const candidatesMax = 20;

/**
 * The boundaries of a dataset that an address of area names can mean. A level that either side leaves out does not count; of the
 * rest the boundaries that agree to the finest level are taken, for the most preferred service that has any.
 */
export function boundariesByAreaNames(question: AreaQuestion): Statement {
  // With A1 the index narrows to one state; without it every boundary is looked at, which is rare.
  const isA1Known = question.a1Key !== undefined;
  return {
    name: isA1Known ? 'boundaries_by_a1' : 'boundaries_by_area',
    text: `
with fitting as (
  select ${columns},
    case when b.a3_keys && $6::text[] then 3 when b.a2_keys && $5::text[] then 2
      when b.a1_key = $2 then 1 when b.country_key = $1 then 0 else -1 end as depth
  from service_boundary b
  where b.dataset_id = $7::int and b.removed_in is null
    and ${isA1Known ? "b.a1_key in ('', $2::text)" : '$2::text is null'}
    and ($1::text is null or b.country_key in ('', $1))
    and ($5::text[] is null or b.a2_keys = '{}' or b.a2_keys && $5)
    and ($6::text[] is null or b.a3_keys = '{}' or b.a3_keys && $6)
    and b.service_urn = any($3::text[]) and ${inForce('b', '$4::float8')}
),
preferred as (
  select * from fitting where depth >= 0
    and preference = (select min(preference) from fitting where depth >= 0)
),
finest as (select * from preferred where depth = (select max(depth) from preferred)),
first as (select * from finest order by ${tieBreak} limit ${candidatesMax})
select json_build_object(
  'activeId', ${activeDataset},
  'level', (select max(depth) from finest),
  'uriCount', (select count(distinct service_uri) from finest),
  'matches', (select json_agg(json_build_object(${matchFields}) order by ${tieBreak}) from first)
)::text as answer`,
    values: [
      question.countryKey ?? null,
      question.a1Key ?? null,
      question.services,
      question.asOf,
      question.a2Keys ?? null,
      question.a3Keys ?? null,
      question.datasetId,
    ],
  };
}
