import type { Statement } from '../database/types.ts';
import { overlayGridDeg } from '../geometry/caller-area.ts';

// What checks ask of the polygon layers. Statements are asked once, in small ranges, so that the embedded database is
// free for lookups in between; each returns one row.

const notDataset = 'not a dataset number';

/** The number of a dataset as SQL text: a literal lets the planner see one partition. */
export function datasetLiteral(id: number): string {
  if (!Number.isSafeInteger(id) || id < 1) throw new RangeError(`${notDataset}: ${id}`);
  return String(id);
}

/** Corners above which a place is made simpler before it is kept. */
const placeCornersMax = 1_000;

/** A geometry as a place of a finding: GeoJSON text, simple enough to be shown. Nothing here can fail inside of GEOS. */
export function placeOf(geometry: string): string {
  return `ST_AsGeoJSON(case when ST_NPoints(${geometry}) > ${placeCornersMax}
    then ST_Envelope(${geometry}) else ${geometry} end, 7)`;
}

/**
 * The area of a polygon on the spheroid, square metres, its edges straight in longitude and latitude: a geography's edges
 * are not, and one of half the world is none.
 */
export function areaOf(geometry: string): string {
  return `ST_Area(ST_Segmentize(${geometry}, 0.5::float8)::geography)`;
}

/** What the checks of attributes and of pairs need of a service boundary; times are epoch milliseconds. */
export interface CheckedBoundary {
  readonly no: number;
  readonly id: string;
  readonly name: string;
  readonly urn: string;
  readonly uri: string;
  readonly number: string | null;
  readonly agency: string | null;
  readonly card: string | null;
  readonly discrepancyAgency: string | null;
  readonly updated: number | null;
  readonly effective: number | null;
  readonly expire: number | null;
  readonly priority: number;
  readonly country: string | null;
  readonly a1: string | null;
  readonly a2: string | null;
  readonly a3: string | null;
  readonly corners: number;
  /** Of the geometry. */
  readonly hash: string;
  /** West, south, east, north. */
  readonly box: readonly [number, number, number, number] | null;
}

const moment = (column: string) => `round(extract(epoch from ${column}) * 1000)`;

/** Service boundaries in force or not, in order of their numbers. */
export function boundaryPage(of: {
  readonly datasetId: number;
  readonly after: number;
  readonly limit: number;
}): Statement {
  return {
    name: '',
    text: `select coalesce(json_agg(json_build_object('no', boundary_no, 'id', boundary_id, 'name', display_name,
        'urn', service_urn, 'uri', service_uri, 'number', service_number, 'agency', agency_id, 'card', card_uri,
        'discrepancyAgency', discrepancy_agency_id, 'updated', ${moment('date_update')},
        'effective', ${moment('effective')}, 'expire', ${moment('expire')}, 'priority', priority,
        'country', country, 'a1', a1, 'a2', a2, 'a3', a3, 'corners', ST_NPoints(geom),
        'hash', md5(ST_AsBinary(geom)), 'box', case when not ST_IsEmpty(geom)
          then json_build_array(ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)) end)
        order by boundary_no), '[]')::text as answer
      from (select * from service_boundary
        where dataset_id = ${datasetLiteral(of.datasetId)} and boundary_no > $1::int and removed_in is null
        order by boundary_no limit $2::int) page`,
    values: [of.after, of.limit],
  };
}

/** A feature of another polygon layer. */
export interface CheckedArea {
  readonly no: number;
  readonly id: string;
  readonly effective: number | null;
  readonly expire: number | null;
  readonly discrepancyAgency: string | null;
  readonly updated: number | null;
  readonly corners: number;
}

/** Polygon layers and what their rows are numbered by. */
export type PolygonTable = 'service_boundary' | 'provisioning_boundary' | 'admin_area';

const numbered = (table: PolygonTable) => (table === 'service_boundary' ? 'boundary_no' : 'feature_no');
const named = (table: PolygonTable) => (table === 'service_boundary' ? 'boundary_id' : 'feature_id');

/** Features of a polygon layer, in order of their numbers. */
export function areaPage(
  table: 'provisioning_boundary' | 'admin_area',
  of: { readonly datasetId: number; readonly after: number; readonly limit: number },
): Statement {
  return {
    name: '',
    text: `select coalesce(json_agg(json_build_object('no', feature_no, 'id', feature_id,
        'effective', ${moment('effective')}, 'expire', ${moment('expire')},
        'discrepancyAgency', discrepancy_agency_id, 'updated', ${moment('date_update')},
        'corners', ST_NPoints(geom)) order by feature_no), '[]')::text as answer
      from (select * from ${table}
        where dataset_id = ${datasetLiteral(of.datasetId)} and feature_no > $1::int and removed_in is null
        order by feature_no limit $2::int) page`,
    values: [of.after, of.limit],
  };
}

/** What is wrong with the form of a polygon. */
export interface JudgedPolygon {
  readonly no: number;
  readonly id: string;
  readonly isValid: boolean;
  readonly reason: string;
  readonly place: string | null;
}

/** Which of the named features are not valid or have long edges. `counted` says how many were judged. */
export function judgePolygons(table: PolygonTable, datasetId: number, numbers: readonly number[]): Statement {
  const no = numbered(table);
  return {
    name: '',
    text: `with judged as materialized (
        select ${no} as no, ${named(table)} as id, geom, ST_IsEmpty(geom) as is_empty,
          case when ST_IsEmpty(geom) then false else ST_IsValid(geom) end as is_valid
        from ${table} where dataset_id = ${datasetLiteral(datasetId)} and ${no} = any($1::int[]))
      select json_build_object('counted', count(is_valid), 'invalid', coalesce(json_agg(json_build_object('no', no,
          'id', id, 'reason', case when is_empty then 'it is empty' else reason(ST_IsValidDetail(geom)) end,
          'place', case when not is_empty then ST_AsGeoJSON(location(ST_IsValidDetail(geom)), 9) end)
          order by no) filter (where not is_valid), '[]'))::text as answer
      from judged`,
    values: [numbers],
  };
}

/** An edge that is longer than edges should be. */
export interface LongEdge {
  readonly no: number;
  readonly id: string;
  readonly count: number;
  readonly spanDeg: number;
  readonly latDeg: number;
  readonly place: string;
}

/** Of the named features those with edges that span more than `spanDeg` of longitude, each with its widest edge. */
export function longEdges(
  table: PolygonTable,
  of: { readonly datasetId: number; readonly numbers: readonly number[]; readonly spanDeg: number },
): Statement {
  const no = numbered(table);
  // A geometry that gets no vertex by segmenting has no long edge at all: that is quick to see.
  return {
    name: '',
    text: `with suspect as materialized (
        select ${no} as no, ${named(table)} as id, geom from ${table}
        where dataset_id = ${datasetLiteral(of.datasetId)} and ${no} = any($1::int[])
          and ST_NPoints(ST_Segmentize(geom, $2::float8)) > ST_NPoints(geom)),
      corner as (
        select no, id, (p).path[1:2] as ring, (p).path[3] as at, (p).geom as here,
          lag((p).geom) over (partition by no, (p).path[1:2] order by (p).path[3]) as before
        from (select no, id, ST_DumpPoints(geom) as p from suspect) dumped),
      edge as (
        select no, id, abs(ST_X(here) - ST_X(before)) as span, (ST_Y(here) + ST_Y(before)) / 2 as lat,
          ST_MakeLine(before, here) as line
        from corner where before is not null and abs(ST_X(here) - ST_X(before)) > $2::float8),
      widest as (
        select no, id, count(*) over (partition by no) as count, span, lat, line,
          row_number() over (partition by no order by span desc, lat) as rank from edge)
      select coalesce(json_agg(json_build_object('no', no, 'id', id, 'count', count, 'spanDeg', span, 'latDeg', lat,
        'place', ST_AsGeoJSON(line, 9)) order by no), '[]')::text as answer
      from widest where rank = 1`,
    values: [of.numbers, of.spanDeg],
  };
}

/** The ground where two boundaries of one service both are. */
export interface Overlap {
  readonly a: number;
  readonly b: number;
  readonly areaM2: number;
  readonly place: string;
  readonly box: readonly [number, number, number, number];
}

/**
 * Of the pairs of boundaries, by number, those whose insides have ground in common: its area on the spheroid and where it
 * is. Touching at an edge is none. `tested` is how many pairs were looked at.
 */
export function overlapsOfPairs(datasetId: number, pairs: readonly (readonly [number, number])[]): Statement {
  const id = datasetLiteral(datasetId);
  return {
    name: '',
    text: `with tested as materialized (
        select p.a, p.b, x.geom as ga, y.geom as gb, ST_Relate(x.geom, y.geom, '2********') as is_common
        from unnest($1::int[], $2::int[]) as p(a, b)
        join service_boundary x on x.dataset_id = ${id} and x.boundary_no = p.a
        join service_boundary y on y.dataset_id = ${id} and y.boundary_no = p.b),
      cut as materialized (
        select a, b, ST_CollectionExtract(ST_Intersection(ga, gb, ${overlayGridDeg}), 3) as g
        from tested where is_common)
      select json_build_object('tested', (select count(is_common) from tested),
        'found', coalesce(json_agg(json_build_object('a', a, 'b', b, 'areaM2', ${areaOf('g')},
          'place', ${placeOf('g')}, 'box', json_build_array(ST_XMin(g), ST_YMin(g), ST_XMax(g), ST_YMax(g))))
          filter (where not ST_IsEmpty(g)), '[]'))::text as answer
      from cut`,
    values: [pairs.map(([a]) => a), pairs.map(([, b]) => b)],
  };
}

/**
 * The same for one pair by the parts of both in the box that they share: of a boundary of half a million corners only what
 * is near the other one is looked at. `tested` is 1.
 */
export function overlapOfParts(
  datasetId: number,
  [a, b]: readonly [number, number],
  box: readonly [number, number, number, number],
): Statement {
  const id = datasetLiteral(datasetId);
  const parts = (
    no: string,
  ) => `select geom from boundary_part where dataset_id = ${id} and boundary_no = ${no}
    and geom && ST_MakeEnvelope($3::float8, $4::float8, $5::float8, $6::float8, 4326)`;
  return {
    name: '',
    text: `with x as materialized (${parts('$1::int')}),
      y as materialized (${parts('$2::int')}),
      tested as materialized (
        select x.geom as gx, y.geom as gy, ST_Relate(x.geom, y.geom, '2********') as is_common
        from x join y on x.geom && y.geom),
      cut as materialized (
        select ST_CollectionExtract(ST_Intersection(gx, gy, ${overlayGridDeg}), 3) as g from tested where is_common),
      joined as materialized (
        select ST_Union(g, ${overlayGridDeg}::float8) as g from cut where not ST_IsEmpty(g))
      select json_build_object('tested', 1, 'found', coalesce(json_agg(json_build_object('a', $1::int, 'b', $2::int,
          'areaM2', ${areaOf('g')}, 'place', ${placeOf('g')},
          'box', json_build_array(ST_XMin(g), ST_YMin(g), ST_XMax(g), ST_YMax(g))))
          filter (where g is not null and not ST_IsEmpty(g)), '[]'))::text as answer
      from joined`,
    values: [a, b, ...box],
  };
}

/** The whole geometry of a boundary as a place. */
export function placesOf(table: PolygonTable, datasetId: number, numbers: readonly number[]): Statement {
  const no = numbered(table);
  return {
    name: '',
    text: `select coalesce(json_agg(json_build_object('no', ${no}, 'place', ${placeOf('geom')}) order by ${no}), '[]')::text
        as answer
      from ${table} where dataset_id = ${datasetLiteral(datasetId)} and ${no} = any($1::int[])`,
    values: [numbers],
  };
}
