import { ok, type Result } from '../base/index.ts';
import { commonArea } from './area-overlap.ts';
import { areaProfile } from './area-profile.ts';
import { type FlatRing, TreeBuilder } from './polygon-index-build.ts';
import { treeBytes, treeFromBytes } from './polygon-index-bytes.ts';
import { boxDistance2, edgeDistance2 } from './polygon-index-near.ts';
import { placeIn, type SideRule } from './polygon-index-point.ts';
import {
  countAt,
  countMask,
  eastAt,
  firstAt,
  northAt,
  type PolygonTree,
  southAt,
  stackSize,
  stride,
  westAt,
} from './polygon-index-tree.ts';
import type { Ring } from './types.ts';

export type { FlatRing, SideRule };

/** A polygon that is near to a point. */
export interface NearPolygon {
  /** Its place in the order in which polygons were added, from 0. */
  readonly no: number;
  /** Metres; 0 where it covers the point. */
  readonly distanceM: number;
}

/** A polygon that overlaps an area. */
export interface OverlappingPolygon {
  readonly no: number;
  /** The part of the area that it covers, above 0, up to 1 but for rounding. */
  readonly share: number;
}

/**
 * Polygons in memory, for lookups that wait for nothing. Longitude and latitude in degrees (EPSG:4326), edges straight
 * in them; a polygon has one or more outer rings with their holes and is valid in the sense of OGC Simple Features.
 * Polygons are known by numbers in the order in which they were added, from 0.
 */
export interface PolygonIndex {
  /**
   * The polygons that cover a point (edges and corners count), put into `found` from its start, in no order; answers how
   * many there are. A point at 180° is at -180° too.
   */
  covering(lon: number, lat: number, found: number[]): number;
  /**
   * The polygons within a distance of a point, in no order. Distances are taken on the plane that is true to scale at
   * the point, also over the antimeridian.
   */
  near(lon: number, lat: number, withinM: number): readonly NearPolygon[];
  /**
   * The polygons that overlap an area, in no order, with their shares of it on the plane of longitude and latitude.
   * The area's polygons have their outer rings first, must not cross themselves or each other, and run on over the
   * antimeridian, beyond ±180°. None where the area has no extent.
   */
  overlaps(area: readonly (readonly Ring[])[]): readonly OverlappingPolygon[];
  /** The index as consecutive pieces of one file, without copying: they must not be changed. */
  toBytes(): readonly Uint8Array[];
  readonly byteLength: number;
  /** How many polygons were added that have rings. */
  readonly polygonCount: number;
  /** Corners of their rings, the closing ones included. */
  readonly vertexCount: number;
}

/** Takes polygons as they come; what was given may be dropped or used again after each call. */
export interface PolygonIndexBuilder {
  /** Adds the rings of one polygon, in any order; answers its number. Throws a BugError where one is open or not finite. */
  add(rings: readonly FlatRing[]): number;
  /** The index of what was added; the builder must not be used any more. */
  finish(): PolygonIndex;
}

/** Metres of a degree of latitude: the mean radius of the Earth's meridian at any latitude differs by less than 0.6 %. */
const metresPerDegree = 111_195;
/** Areas in common below this part of an area come of rounding. */
const leastShare = 1e-12;

const stack = new Uint32Array(stackSize);

/** An index to be filled. `rule` is for points on edges but for rounding. */
export function polygonIndexBuilder(rule: SideRule = 'asPostgis'): PolygonIndexBuilder {
  const builder = new TreeBuilder();
  return { add: (rings) => builder.add(rings), finish: () => indexOf(builder.finish(), rule) };
}

/** An index of polygons with GeoJSON coordinates: by polygon, ring (the outer one first) and corner. */
export function buildPolygonIndex(
  polygons: Iterable<{ readonly coordinates: readonly (readonly Ring[])[] }>,
  rule: SideRule = 'asPostgis',
): PolygonIndex {
  const builder = polygonIndexBuilder(rule);
  for (const { coordinates } of polygons) builder.add(flatRings(coordinates));
  return builder.finish();
}

/** GeoJSON coordinates of a multipolygon as rings for the builder. */
export function flatRings(coordinates: readonly (readonly Ring[])[]): readonly FlatRing[] {
  return coordinates.flatMap((rings) =>
    rings.map((ring, place) => {
      const flat = new Float64Array(2 * ring.length);
      for (const [index, [lon, lat]] of ring.entries()) {
        flat[2 * index] = lon;
        flat[2 * index + 1] = lat;
      }
      return { coordinates: flat, isHole: place > 0 };
    }),
  );
}

/**
 * The index whose bytes {@link PolygonIndex.toBytes} gave, put together. It keeps using them. The error says what is
 * wrong with them; that their content is what was written is for a checksum to say.
 */
export function polygonIndexFromBytes(
  bytes: Uint8Array,
  rule: SideRule = 'asPostgis',
): Result<PolygonIndex, string> {
  const tree = treeFromBytes(bytes);
  return tree.ok ? ok(indexOf(tree.value, rule)) : tree;
}

function indexOf(tree: PolygonTree, rule: SideRule): PolygonIndex {
  return {
    covering: (x, y, found) => {
      const count = covering(tree, { x, y, rule }, found, 0);
      return x === 180 || x === -180 ? covering(tree, { x: -x, y, rule }, found, count) : count;
    },
    near: (lon, lat, withinM) => near(tree, { lon, lat, withinM, rule }),
    overlaps: (area) => overlaps(tree, area),
    toBytes: () => treeBytes(tree),
    byteLength: treeBytes(tree).reduce((sum, { byteLength }) => sum + byteLength, 0),
    polygonCount: tree.polygonNos.length,
    vertexCount: tree.vertexCount,
  };
}

interface Point {
  readonly x: number;
  readonly y: number;
  readonly rule: SideRule;
}

function covering(tree: PolygonTree, point: Point, found: number[], countBefore: number): number {
  const { boxes, links, firstPolygon, polygonNos, root } = tree;
  if (root === undefined) return countBefore;
  const polygonsEnd = firstPolygon + polygonNos.length;
  const roundX = Math.fround(point.x);
  const roundY = Math.fround(point.y);
  let count = countBefore;
  // A single polygon is the root itself.
  let first = root;
  let end = root + 1;
  let height = 0;
  for (;;) {
    for (let node = first; node < end; node += 1) {
      const box = node * stride;
      if (roundX < (boxes[box + westAt] ?? 0) || roundX > (boxes[box + eastAt] ?? 0)) continue;
      if (roundY < (boxes[box + southAt] ?? 0) || roundY > (boxes[box + northAt] ?? 0)) continue;
      if (node >= polygonsEnd) {
        stack[height] = node;
        height += 1;
      } else if (placeIn(tree, node, point) > 0) {
        const no = polygonNos[node - firstPolygon] ?? 0;
        if (countBefore > 0 && isAmong(found, countBefore, no)) continue;
        found[count] = no;
        count += 1;
      }
    }
    if (height === 0) return count;
    height -= 1;
    const record = (stack[height] ?? 0) * stride;
    first = links[record + firstAt] ?? 0;
    end = first + ((links[record + countAt] ?? 0) & countMask);
  }
}

function isAmong(numbers: readonly number[], count: number, sought: number): boolean {
  for (let place = 0; place < count; place += 1) if (numbers[place] === sought) return true;
  return false;
}

/** Goes to each polygon whose box `isWanted`; inner nodes are asked likewise. */
function forEachPolygon(
  tree: PolygonTree,
  isWanted: (node: number) => boolean,
  visit: (no: number, node: number) => void,
): void {
  const { links, firstPolygon, polygonNos } = tree;
  const waiting = tree.root === undefined ? [] : [tree.root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (!isWanted(node)) continue;
    const place = node - firstPolygon;
    if (place < polygonNos.length) {
      visit(polygonNos[place] ?? 0, node);
      continue;
    }
    const first = links[node * stride + firstAt] ?? 0;
    const count = (links[node * stride + countAt] ?? 0) & countMask;
    for (let child = first; child < first + count; child += 1) waiting.push(child);
  }
}

function near(
  tree: PolygonTree,
  question: {
    readonly lon: number;
    readonly lat: number;
    readonly withinM: number;
    readonly rule: SideRule;
  },
): readonly NearPolygon[] {
  const { lon, lat, withinM, rule } = question;
  const { boxes } = tree;
  const scale = Math.max(Math.cos((lat * Math.PI) / 180), 1e-6);
  const withinDeg = withinM / metresPerDegree;
  // A distance that is just the limit is within it.
  const limit = withinDeg * withinDeg * (1 + 1e-12) + Number.MIN_VALUE;
  const least = new Map<number, number>();
  for (const x of copiesOf(lon, withinDeg / scale)) {
    const at = { x, y: lat, scale };
    forEachPolygon(
      tree,
      (node) => boxDistance2(boxes, node, x, lat, scale) < limit,
      (no, node) => {
        const before = least.get(no) ?? limit;
        const covers = placeIn(tree, node, { x, y: lat, rule }) > 0;
        const distance2 = covers ? 0 : edgeDistance2(tree, node, at, before);
        if (distance2 < before) least.set(no, distance2);
      },
    );
  }
  return [...least].map(([no, distance2]) => ({ no, distanceM: Math.sqrt(distance2) * metresPerDegree }));
}

/** The longitudes at which a place and what is around it have to be looked for. */
function copiesOf(lon: number, reachDeg: number): readonly number[] {
  const copies = [lon];
  if (lon + reachDeg >= 180) copies.push(lon - 360);
  if (lon - reachDeg <= -180) copies.push(lon + 360);
  return copies;
}

function overlaps(tree: PolygonTree, area: readonly (readonly Ring[])[]): readonly OverlappingPolygon[] {
  const profile = areaProfile(area);
  if (profile === undefined) return [];
  const { boxes } = tree;
  const { total } = profile;
  const [roundSouth, roundNorth] = [Math.fround(profile.south), Math.fround(profile.south + profile.height)];
  const shares = new Map<number, number>();
  for (const turn of [0, -360, 360]) {
    const west = profile.west + turn;
    const east = west + profile.width;
    if (east <= -180 || west >= 180) continue;
    const [roundWest, roundEast] = [Math.fround(west), Math.fround(east)];
    forEachPolygon(
      tree,
      (node) => {
        const box = node * stride;
        return (
          (boxes[box + westAt] ?? 0) <= roundEast &&
          (boxes[box + eastAt] ?? 0) >= roundWest &&
          (boxes[box + southAt] ?? 0) <= roundNorth &&
          (boxes[box + northAt] ?? 0) >= roundSouth
        );
      },
      (no, node) => {
        const share = commonArea(tree, node, profile, turn) / total;
        if (share > leastShare) shares.set(no, (shares.get(no) ?? 0) + share);
      },
    );
  }
  return [...shares].map(([no, share]) => ({ no, share }));
}
