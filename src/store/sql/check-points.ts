import type { Statement } from '../database/types.ts';
import { overlayGridDeg } from '../geometry/caller-area.ts';
import { datasetLiteral } from './check-boundary.ts';

// Places to try a dataset at. Which features and which places of theirs is decided by hashes of a seed and the id, so one
// seed always makes the same points.

/** A point that was made. */
export interface PointRow {
  readonly lon: number;
  readonly lat: number;
  readonly urn: string | null;
}

/** A share, 0 to below 1, by the seed ($2) and what is hashed with it. */
const share = (salt: string) =>
  `(('x' || substr(md5($2::text || ${salt}), 1, 8))::bit(32)::bigint / 4294967296.0)`;
const answer = (urn: string) =>
  `select coalesce(json_agg(json_build_object('lon', ST_X(p), 'lat', ST_Y(p), 'urn', ${urn})), '[]')::text as answer`;

const chosen = (datasetId: number) => `chosen as materialized (
    select boundary_no, boundary_id, service_urn, geom, count(*) over () as n from (
      select * from service_boundary where dataset_id = ${datasetLiteral(datasetId)} and removed_in is null
      order by md5($2::text || boundary_id) limit $1::int) taken)`;

interface PointQuestion {
  readonly datasetId: number;
  readonly count: number;
  readonly seed: number;
}

/** Points inside of boundaries, as many in each. */
export function pointsInside({ datasetId, count, seed }: PointQuestion): Statement {
  return {
    name: '',
    text: `with ${chosen(datasetId)},
      made as (
        select service_urn, (ST_Dump(ST_GeneratePoints(geom, ceil($1::float8 / n)::int,
          1 + floor(${share('boundary_id')} * 2000000000)::int))).geom as p from chosen)
      ${answer('service_urn')} from (select * from made limit $1::int) limited`,
    values: [count, seed],
  };
}

/** Points within `withinDeg` of latitude of the borders of boundaries, on either side. */
export function pointsAtBorders(question: PointQuestion & { readonly withinDeg: number }): Statement {
  const { datasetId, count, seed, withinDeg } = question;
  return {
    name: '',
    text: `with ${chosen(datasetId)},
      ring as (
        select boundary_id, service_urn, n, ST_ExteriorRing(geom) as line, row_number() over (
          partition by boundary_no order by ${share('boundary_id || path[1]::text')}) as nth, path
        from (select boundary_no, boundary_id, service_urn, n, (ST_Dump(geom)).geom, (ST_Dump(geom)).path
          from chosen) polygon),
      made as (
        select service_urn, boundary_id, i, ST_LineInterpolatePoint(line, ${share("boundary_id || 'f' || i::text")}) as p
        from ring cross join generate_series(1, ceil($1::float8 / n)::int) i where nth = 1)
      ${answer('service_urn')} from (
        select service_urn, ST_Translate(p, ($3::float8 * (2 * ${share("boundary_id || 'x' || i::text")} - 1))
          / greatest(0.01, cos(radians(ST_Y(p)))), $3::float8 * (2 * ${share("boundary_id || 'y' || i::text")} - 1)) as p
        from made limit $1::int) moved`,
    values: [count, seed, withinDeg],
  };
}

/** Where addresses are. */
export function pointsAtAddresses({ datasetId, count, seed }: PointQuestion): Statement {
  return {
    name: '',
    text: `${answer('null')} from (
      select geom as p from address_point where dataset_id = ${datasetLiteral(datasetId)} and removed_in is null
      order by md5($2::text || feature_id) limit $1::int) taken`,
    values: [count, seed],
  };
}

/**
 * Points on ground that changed between two datasets: where the geometry of a boundary alone is different, in what was
 * added and what was taken away; else all over it. `ids` are boundaries that are not alike.
 */
export function pointsWhereChanged(
  of: PointQuestion & { readonly from: number; readonly ids: readonly string[] },
): Statement {
  const { datasetId, count, seed, from, ids } = of;
  const current = (alias: string, dataset: number) =>
    `${alias}.dataset_id = ${datasetLiteral(dataset)} and ${alias}.removed_in is null and ${alias}.boundary_id = wanted.id`;
  const alike = ['service_uri', 'service_urn', 'priority', 'effective', 'expire']
    .map((column) => `x.${column} is not distinct from y.${column}`)
    .join(' and ');
  return {
    name: '',
    text: `with ground as materialized (
        select wanted.id, coalesce(y.service_urn, x.service_urn) as urn, case
          when x.geom is null then y.geom when y.geom is null then x.geom
          when ${alike} then ST_CollectionExtract(ST_SymDifference(x.geom, y.geom, ${overlayGridDeg}::float8), 3)
          else y.geom end as g
        from unnest($3::text[]) as wanted(id)
        left join service_boundary x on ${current('x', from)}
        left join service_boundary y on ${current('y', datasetId)}),
      made as (
        select id, urn, (ST_Dump(ST_GeneratePoints(g, ceil($1::float8 / cardinality($3::text[]))::int,
          1 + floor(${share('id')} * 2000000000)::int))).geom as p
        from ground where not ST_IsEmpty(g))
      ${answer('urn')} from (select * from made order by id limit $1::int) limited`,
    values: [count, seed, ids],
  };
}
