import type { Statement } from '../database/types.ts';
import { overlayGridDeg } from '../geometry/caller-area.ts';
import { areaOf, datasetLiteral, placeOf } from './check-boundary.ts';
import { inForce } from './lookup.ts';

// Gaps are looked for tile by tile: what the boundaries of a service cover of a tile is compared by area first, which is
// quick, and cut out exactly only where the sum is not right. So no statement holds up the embedded database for long.

/** A rectangle in degrees: west, south, east, north. */
export type TileBox = readonly [number, number, number, number];

/** The box around everything of a dataset that covers ground, or null. */
export function extentOf(datasetId: number): Statement {
  const id = datasetLiteral(datasetId);
  return {
    name: '',
    text: `select (select case when e is not null then json_build_array(ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)) end
      from (select ST_Extent(g) as e from (
        select geom as g from service_boundary where dataset_id = ${id} and removed_in is null
        union all
        select geom from provisioning_boundary where dataset_id = ${id} and removed_in is null) all_of_it) box)::text
      as answer`,
    values: [],
  };
}

/** How many parts of boundaries have their middle in each cell of a grid: `[column, row, count]`. */
export function partDensity(of: {
  readonly datasetId: number;
  readonly box: TileBox;
  readonly cells: number;
  /** Numbers of boundaries, both ends included. */
  readonly from: number;
  readonly to: number;
}): Statement {
  const [west, south, east, north] = of.box;
  const cell = (low: string, high: string, start: string, size: string) =>
    `least($7::int - 1, greatest(0, floor(((${low} + ${high}) / 2 - ${start}) / ${size} * $7::int)::int))`;
  return {
    name: '',
    text: `with counted as (
        select ${cell('ST_XMin(geom)', 'ST_XMax(geom)', '$1::float8', '($3::float8 - $1::float8)')} as x,
          ${cell('ST_YMin(geom)', 'ST_YMax(geom)', '$2::float8', '($4::float8 - $2::float8)')} as y, count(*) as n
        from boundary_part
        where dataset_id = ${datasetLiteral(of.datasetId)} and boundary_no between $5::int and $6::int
        group by 1, 2)
      select coalesce(json_agg(json_build_array(x, y, n)), '[]')::text as answer from counted`,
    values: [west, south, east, north, of.from, of.to, of.cells],
  };
}

/** A piece of a provisioning boundary: WKB in hex, and its box. */
export interface DomainPiece {
  readonly hex: string;
  readonly box: TileBox;
}

/** Provisioning boundaries in small pieces; those of one feature. */
export function domainPieces(datasetId: number, featureNo: number): Statement {
  return {
    name: '',
    text: `select coalesce(json_agg(json_build_object('hex', encode(ST_AsBinary(g), 'hex'),
        'box', json_build_array(ST_XMin(g), ST_YMin(g), ST_XMax(g), ST_YMax(g)))), '[]')::text as answer
      from (select ST_Subdivide(geom, 256) as g from provisioning_boundary
        where dataset_id = ${datasetLiteral(datasetId)} and feature_no = $1::int) piece`,
    values: [featureNo],
  };
}

const tiles = `(select no, ST_MakeEnvelope(x0, y0, x1, y1, 4326) as box
  from unnest($1::int[], $2::float8[], $3::float8[], $4::float8[], $5::float8[]) as t(no, x0, y0, x1, y1))`;

function tileValues(boxes: readonly TileBox[]) {
  return [
    boxes.map((_, no) => no),
    boxes.map(([west]) => west),
    boxes.map(([, south]) => south),
    boxes.map(([, , east]) => east),
    boxes.map(([, , , north]) => north),
  ];
}

const areaIn = (geometry: string) => `case when ${geometry} @ t.box then ST_Area(${geometry})
  else coalesce(ST_Area(ST_ClipByBox2D(${geometry}, t.box::box2d)), 0) end`;

/** How much of each tile is covered, in square degrees. */
export interface TileCover {
  /** Place in the list of tiles. */
  readonly no: number;
  /** Undefined: the provisioning boundary. */
  readonly urn?: string;
  readonly deg2: number;
}

/** What the boundaries of each service, and the provisioning boundary, cover of tiles. Ground in two counts twice. */
export function coverOfTiles(of: {
  readonly datasetId: number;
  readonly boxes: readonly TileBox[];
  readonly domain: readonly string[];
  readonly asOf: number;
  /** Numbers of boundaries that do not count. */
  readonly skipped: readonly number[];
}): Statement {
  const id = datasetLiteral(of.datasetId);
  return {
    name: '',
    text: `with covered as (
        select t.no, b.service_urn as urn, sum(${areaIn('p.geom')}) as deg2
        from ${tiles} t
        join boundary_part p on p.dataset_id = ${id} and p.geom && t.box
        join service_boundary b on b.dataset_id = ${id} and b.boundary_no = p.boundary_no and b.removed_in is null
          and b.boundary_no <> all($8::int[]) and ${inForce('b', '$7::float8')}
        group by 1, 2),
      domain as (
        select t.no, sum(${areaIn('d.g')}) as deg2
        from ${tiles} t
        join (select ST_GeomFromWKB(decode(hex, 'hex'), 4326) as g from unnest($6::text[]) hex) d on d.g && t.box
        group by 1)
      select json_build_object(
        'covered', (select coalesce(json_agg(json_build_object('no', no, 'urn', urn, 'deg2', deg2)), '[]') from covered),
        'domain', (select coalesce(json_agg(json_build_object('no', no, 'deg2', deg2)), '[]') from domain))::text as answer`,
    values: [...tileValues(of.boxes), of.domain, of.asOf, of.skipped],
  };
}

/** A polygon that was cut out of a tile; coordinates lie on the grid of overlays. */
export interface TilePiece {
  readonly areaM2: number;
  readonly shape: {
    readonly type: 'Polygon';
    readonly coordinates: readonly (readonly (readonly number[])[])[];
  };
}

const boxOf = 'ST_MakeEnvelope($1::float8, $2::float8, $3::float8, $4::float8, 4326)';
const grid = `${overlayGridDeg}::float8`;

const domainIn = (isWhole: boolean) =>
  isWhole
    ? `select ${boxOf} as g`
    : `select coalesce(ST_Union(ST_CollectionExtract(ST_Intersection(ST_GeomFromWKB(decode(hex, 'hex'), 4326),
        ${boxOf}, ${grid}), 3), ${grid}), ST_GeomFromText('POLYGON EMPTY', 4326)) as g from unnest($5::text[]) hex`;

const partsIn = (id: string) => `
  select p.boundary_no as no, b.boundary_id as id, b.service_urn as urn, case when p.geom @ ${boxOf} then p.geom
    else ST_CollectionExtract(ST_Intersection(p.geom, ${boxOf}, ${grid}), 3) end as g
  from boundary_part p
  join service_boundary b on b.dataset_id = ${id} and b.boundary_no = p.boundary_no and b.removed_in is null
  where p.dataset_id = ${id} and p.geom && ${boxOf}`;

/**
 * What the boundaries of some services leave open of a tile, piece by piece. Of the tile only what lies in the pieces of
 * `domain` counts; undefined: all of it.
 */
export function openInTile(of: {
  readonly datasetId: number;
  readonly box: TileBox;
  readonly urns: readonly string[];
  readonly domain: readonly string[] | undefined;
  readonly asOf: number;
  readonly skipped: readonly number[];
}): Statement {
  const id = datasetLiteral(of.datasetId);
  return {
    name: '',
    text: `with part as materialized (${partsIn(id)} and b.service_urn = any($6::text[])
        and b.boundary_no <> all($8::int[]) and ${inForce('b', '$7::float8')}),
      cover as materialized (
        select coalesce(ST_Union(g, ${grid}), ST_GeomFromText('POLYGON EMPTY', 4326)) as g
        from part where not ST_IsEmpty(g)),
      domain as materialized (${domainIn(of.domain === undefined)} where $5::text[] is null or true),
      piece as materialized (
        select (ST_Dump(ST_CollectionExtract(ST_Difference(domain.g, cover.g, ${grid}), 3))).geom as g
        from domain, cover)
      select coalesce(json_agg(json_build_object('areaM2', ${areaOf('g')}, 'shape', ST_AsGeoJSON(g, 9)::json)),
        '[]')::text as answer
      from piece where not ST_IsEmpty(g)`,
    values: [...of.box, of.domain ?? null, of.urns, of.asOf, of.skipped],
  };
}

/** A polygon of a tile that belongs to a boundary. */
export interface BoundaryPiece extends TilePiece {
  readonly no: number;
  readonly id: string;
}

/** What boundaries have of a tile outside of the pieces of the provisioning boundary. */
export function outsideInTile(of: {
  readonly datasetId: number;
  readonly box: TileBox;
  readonly domain: readonly string[];
  readonly skipped: readonly number[];
}): Statement {
  return {
    name: '',
    text: `with part as materialized (${partsIn(datasetLiteral(of.datasetId))} and b.boundary_no <> all($6::int[])),
      domain as materialized (${domainIn(false)}),
      piece as materialized (
        select no, id, (ST_Dump(ST_CollectionExtract(ST_Difference(part.g, domain.g, ${grid}), 3))).geom as g
        from part, domain where not ST_IsEmpty(part.g))
      select coalesce(json_agg(json_build_object('no', no, 'id', id, 'areaM2', ${areaOf('g')},
        'shape', ST_AsGeoJSON(g, 9)::json)), '[]')::text as answer
      from piece where not ST_IsEmpty(g)`,
    values: [...of.box, of.domain, of.skipped],
  };
}

/** Pieces that touch each other as one place, with its area on the spheroid; each is the text of a GeoJSON polygon. */
export function joinPieces(pieces: readonly string[]): Statement {
  return {
    name: '',
    text: `select json_build_object('areaM2', ${areaOf('g')}, 'place', ${placeOf('g')},
        'box', json_build_array(ST_XMin(g), ST_YMin(g), ST_XMax(g), ST_YMax(g)))::text as answer
      from (select ST_Union(ST_SetSRID(ST_GeomFromGeoJSON(piece), 4326), ${grid}) as g
        from unnest($1::text[]) piece) joined`,
    values: [pieces],
  };
}

/** A boundary that touches a place. */
export interface Neighbour {
  readonly id: string;
  readonly agency: string | null;
}

/** Boundaries of some services beside a place, by id; at most `limit`. */
export function neighboursOf(of: {
  readonly datasetId: number;
  readonly urns: readonly string[];
  readonly place: string;
  readonly limit: number;
}): Statement {
  const id = datasetLiteral(of.datasetId);
  return {
    name: '',
    text: `with place as (select ST_SetSRID(ST_GeomFromGeoJSON($1::text), 4326) as g),
      beside as (
        select distinct b.boundary_id, b.agency_id
        from place
        join boundary_part p on p.dataset_id = ${id} and p.geom && ST_Expand(place.g, 1e-8)
          and ST_DWithin(p.geom, place.g, 1e-8)
        join service_boundary b on b.dataset_id = ${id} and b.boundary_no = p.boundary_no and b.removed_in is null
        where b.service_urn = any($2::text[])
        order by b.boundary_id limit $3::int)
      select coalesce(json_agg(json_build_object('id', boundary_id, 'agency', agency_id) order by boundary_id), '[]')::text
        as answer from beside`,
    values: [of.place, of.urns, of.limit],
  };
}
