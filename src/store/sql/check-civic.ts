import type { Statement } from '../database/types.ts';
import { datasetLiteral, placeOf } from './check-boundary.ts';
import type { TileBox } from './check-tile.ts';

// What checks ask of roads, address points and the names of areas.

/** Rows by number, both ends included. */
export interface CivicRange {
  readonly datasetId: number;
  readonly from: number;
  readonly to: number;
}

/** The highest number that a civic layer has in a dataset. */
export function lastCivicNumber(table: 'road_segment' | 'address_point', datasetId: number): Statement {
  return {
    name: '',
    text: `select coalesce(max(feature_no), 0)::text as answer from ${table}
      where dataset_id = ${datasetLiteral(datasetId)} and removed_in is null`,
    values: [],
  };
}

/** A finding about a road or an address point, in its parts. */
export interface CivicFault {
  readonly id: string;
  readonly otherId: string | null;
  /** Which of the faults of a statement. */
  readonly kind: string;
  readonly detail: string;
  readonly place: string;
}

// A range of 0 to 0 says that there are no numbers (NENA-STA-006.3, FromAddr and ToAddr).
const has = (side: string) =>
  `(r.${side}_from is not null and r.${side}_to is not null and (r.${side}_from <> 0 or r.${side}_to <> 0))`;

const fitsParity = (side: string) => `case r.${side}_parity
  when 'odd' then r.${side}_from % 2 = 1 and r.${side}_to % 2 = 1
  when 'even' then r.${side}_from % 2 = 0 and r.${side}_to % 2 = 0
  when 'none' then false else true end`;

/** Ranges of road segments that contradict themselves: parity, a missing end, directions of the two sides. */
export function rangeFaults({ datasetId, from, to }: CivicRange): Statement {
  const one = (side: string) => `
    select r.feature_id as id, 'parity' as kind, case
        when (r.${side}_from is null) <> (r.${side}_to is null) then '${side} range has one end only'
        else format('${side} range %s to %s is not %s', r.${side}_from, r.${side}_to,
          case r.${side}_parity when 'none' then 'empty' else r.${side}_parity end) end as detail, r.geom
    from r where (r.${side}_from is null) <> (r.${side}_to is null) or (${has(side)} and not (${fitsParity(side)}))`;
  return {
    name: '',
    text: `with r as materialized (
        select * from road_segment where dataset_id = ${datasetLiteral(datasetId)} and removed_in is null
          and feature_no between $1::int and $2::int),
      fault as (${one('left')} union all ${one('right')} union all
        select r.feature_id, 'direction', format('left %s to %s, right %s to %s', r.left_from, r.left_to,
          r.right_from, r.right_to), r.geom
        from r where ${has('left')} and ${has('right')}
          and sign(r.left_to - r.left_from) * sign(r.right_to - r.right_from) < 0)
      select coalesce(json_agg(json_build_object('id', id, 'otherId', null, 'kind', kind, 'detail', detail,
        'place', ${placeOf('geom')}) order by id, kind, detail), '[]')::text as answer from fault`,
    values: [from, to],
  };
}

const sides = (where: string) => `(
    select feature_no, 1 as side, feature_id, left_street_id as street_id, least(left_from, left_to) as low,
      greatest(left_from, left_to) as high, left_parity as parity, left_prefix as prefix, effective, expire, geom
    from road_segment where ${where} and removed_in is null and left_parity <> 'none'
      and (left_from <> 0 or left_to <> 0)
    union all
    select feature_no, 2, feature_id, right_street_id, least(right_from, right_to), greatest(right_from, right_to),
      right_parity, right_prefix, effective, expire, geom
    from road_segment where ${where} and removed_in is null and right_parity <> 'none'
      and (right_from <> 0 or right_to <> 0))`;

/** Sides of segments of one street that have numbers in common, each pair once. */
export function rangeOverlaps({ datasetId, from, to }: CivicRange): Statement {
  const dataset = `dataset_id = ${datasetLiteral(datasetId)}`;
  return {
    name: '',
    text: `with x as materialized (select * from ${sides(`${dataset} and feature_no between $1::int and $2::int`)} s),
      common as (
        select x.feature_id as id, y.feature_id as other_id, greatest(x.low, y.low) as low, least(x.high, y.high) as high,
          x.geom
        from x join ${sides(dataset)} y on y.street_id = x.street_id
          and (y.feature_no, y.side) > (x.feature_no, x.side)
        where x.low <= y.high and y.low <= x.high and x.prefix = y.prefix
          and (x.parity = 'both' or y.parity = 'both' or x.parity = y.parity)
          and (x.effective is null or y.expire is null or x.effective < y.expire)
          and (y.effective is null or x.expire is null or y.effective < x.expire))
      select coalesce(json_agg(json_build_object('id', id, 'otherId', other_id, 'kind', 'overlap',
        'detail', case when low = high then format('both have %s', low) else format('both have %s to %s', low, high) end,
        'place', ${placeOf('geom')}) order by id, other_id), '[]')::text as answer from common`,
    values: [from, to],
  };
}

/** Address points with a street and a number that no range of a road of that street has. */
export function addressesOffRoads({ datasetId, from, to }: CivicRange): Statement {
  const id = datasetLiteral(datasetId);
  const fits = (side: string) => `a.house_number between least(r.${side}_from, r.${side}_to)
      and greatest(r.${side}_from, r.${side}_to) and case r.${side}_parity when 'both' then true
        when 'odd' then a.house_number % 2 = 1 when 'even' then a.house_number % 2 = 0 else false end`;
  const ofStreet = (side: string) =>
    `select from road_segment r where r.dataset_id = ${id} and r.removed_in is null and r.${side}_street_id = a.street_id`;
  return {
    name: '',
    text: `with a as materialized (
        select p.* from address_point p
        join civic_street s on s.dataset_id = ${id} and s.street_id = p.street_id and s.full_key <> ''
        where p.dataset_id = ${id} and p.removed_in is null and p.house_number is not null
          and p.feature_no between $1::int and $2::int),
      judged as (
        select a.feature_id as id, a.house_number, a.geom,
          exists (${ofStreet('left')}) or exists (${ofStreet('right')}) as has_road,
          exists (${ofStreet('left')} and ${fits('left')}) or exists (${ofStreet('right')} and ${fits('right')}) as has_range
        from a)
      select coalesce(json_agg(json_build_object('id', id, 'otherId', null,
        'kind', case when has_road then 'range' else 'road' end, 'detail', house_number::text,
        'place', ${placeOf('geom')}) order by id), '[]')::text as answer from judged where not has_range`,
    values: [from, to],
  };
}

/** A name that no area has. */
export interface UnknownName {
  readonly layer: 'serviceBoundary' | 'addressPoint' | 'roadCentreLine';
  readonly level: number;
  readonly name: string;
  /** The A1 that it is in, as it is written. */
  readonly a1: string | null;
  /** A feature that has it. */
  readonly id: string | null;
}

const levels = [1, 2, 3, 4, 5] as const;
const unmatched = (datasetId: string, level: number, keysOf: string) => `
    exists (select from admin_area l where l.dataset_id = ${datasetId} and l.level = ${level} and l.removed_in is null)
    and not exists (select from admin_area l where l.dataset_id = ${datasetId} and l.level = ${level}
      and l.removed_in is null and ${keysOf})`;
const inSameA1 = (alias: string) => `(l.a1_key = '' or ${alias}.a1_key = '' or l.a1_key = ${alias}.a1_key)`;

/** Names of areas in service boundaries that no area of their level has, of levels that have areas. */
export function unknownBoundaryNames(datasetId: number): Statement {
  const id = datasetLiteral(datasetId);
  const of = (level: 1 | 2 | 3) => `
    select 'serviceBoundary' as layer, ${level} as level, b.a${level} as name, b.a1, min(b.boundary_id) as id
    from service_boundary b where b.dataset_id = ${id} and b.removed_in is null and b.a${level} is not null
      and ${unmatched(id, level, level === 1 ? 'l.a1_key = b.a1_key' : `l.a${level}_keys && b.a${level}_keys and ${inSameA1('b')}`)}
    group by b.a${level}, b.a1`;
  return namesStatement([of(1), of(2), of(3)]);
}

/** The same for addresses and roads. */
export function unknownPlaceNames(datasetId: number): Statement {
  const id = datasetLiteral(datasetId);
  const example = `
    (select min(p.feature_id) from civic_street s join address_point p on p.dataset_id = ${id} and p.street_id = s.street_id
      and p.removed_in is null where s.dataset_id = ${id} and s.place_id = c.place_id)`;
  const road = `
    (select min(r.feature_id) from civic_street s join road_segment r on r.dataset_id = ${id} and r.removed_in is null
      and (r.left_street_id = s.street_id or r.right_street_id = s.street_id)
      where s.dataset_id = ${id} and s.place_id = c.place_id)`;
  const of = (level: (typeof levels)[number]) => `
    select 'addressPoint' as layer, ${level} as level, c.elements ->> 'A${level}' as name, c.elements ->> 'A1' as a1,
      min(${example}) as id, min(${road}) as road_id
    from civic_place c where c.dataset_id = ${id} and c.elements ->> 'A${level}' is not null
      and ${unmatched(id, level, level === 1 ? 'l.a1_key = c.a1_key' : `l.a${level}_keys && c.a${level}_keys and ${inSameA1('c')}`)}
    group by c.elements ->> 'A${level}', c.elements ->> 'A1'`;
  return {
    name: '',
    text: `with unknown as (${levels.map(of).join(' union all ')})
      select coalesce(json_agg(json_build_object('layer', case when id is null then 'roadCentreLine' else layer end,
        'level', level, 'name', name, 'a1', a1, 'id', coalesce(id, road_id))
        order by level, a1, name), '[]')::text as answer
      from unknown where id is not null or road_id is not null`,
    values: [],
  };
}

function namesStatement(parts: readonly string[]): Statement {
  return {
    name: '',
    text: `with unknown as (${parts.join(' union all ')})
      select coalesce(json_agg(json_build_object('layer', layer, 'level', level, 'name', name, 'a1', a1, 'id', id)
        order by level, a1, name), '[]')::text as answer from unknown`,
    values: [],
  };
}

/** A road or an address outside of the provisioning boundary. */
export interface OutsideFeature {
  readonly id: string;
  readonly place: string;
}

// A road counts where the middle of its first line is.
const middle = {
  address_point: 'f.geom',
  road_segment: 'ST_LineInterpolatePoint(ST_GeometryN(f.geom, 1), 0.5)',
} as const;

/** Features in a tile that are in none of the pieces of the provisioning boundary; at most `limit`. */
export function civicOutside(of: {
  readonly table: keyof typeof middle;
  readonly datasetId: number;
  readonly box: TileBox;
  readonly domain: readonly string[];
  readonly limit: number;
}): Statement {
  return {
    name: '',
    text: `with box as (select ST_MakeEnvelope($1::float8, $2::float8, $3::float8, $4::float8, 4326) as g),
      piece as materialized (
        select ST_GeomFromWKB(decode(hex, 'hex'), 4326) as g from unnest($5::text[]) hex),
      here as materialized (
        select f.feature_id as id, ${middle[of.table]} as p from box join ${of.table} f
          on f.dataset_id = ${datasetLiteral(of.datasetId)} and f.removed_in is null and f.geom && box.g),
      outside as (
        select here.id, here.p from here, box where ST_Covers(box.g, here.p)
          and not exists (select from piece where ST_Covers(piece.g, here.p))
        order by here.id limit $6::int)
      select coalesce(json_agg(json_build_object('id', id, 'place', ST_AsGeoJSON(p, 9)) order by id), '[]')::text as answer
      from outside`,
    values: [...of.box, of.domain, of.limit],
  };
}

/** Features that lie outside of a box altogether; at most `limit`. */
export function civicBeyond(of: {
  readonly table: keyof typeof middle;
  readonly datasetId: number;
  readonly box: TileBox;
  readonly limit: number;
}): Statement {
  return {
    name: '',
    text: `with beyond as (
        select f.feature_id as id, ${middle[of.table]} as p from ${of.table} f
        where f.dataset_id = ${datasetLiteral(of.datasetId)} and f.removed_in is null
          and not ST_Intersects(${middle[of.table]},
            ST_MakeEnvelope($1::float8, $2::float8, $3::float8, $4::float8, 4326))
        order by f.feature_id limit $5::int)
      select coalesce(json_agg(json_build_object('id', id, 'place', ST_AsGeoJSON(p, 9)) order by id), '[]')::text as answer
      from beyond`,
    values: [...of.box, of.limit],
  };
}
