import type { Ring } from './types.ts';

// An area as a function: how much of it lies below a point on the point's meridian. Each edge of the area and the ground
// line under it bound a trapezoid; those of the upper edges less those of the lower ones are the area. So what it has in
// common with another figure of trapezoids is a sum over pairs of edges of what lies under both, which needs no cutting
// of one by the other, no decision about touching edges, and changes no more than its input does.

/** Edges of the area that lie over a strip of longitudes, strip by strip. */
export interface AreaProfile {
  /** Of its box; all below is relative to the south-western corner, so that small areas keep their digits. */
  readonly west: number;
  readonly south: number;
  readonly width: number;
  readonly height: number;
  /** In square degrees. */
  readonly total: number;
  readonly stripCount: number;
  readonly stripWidth: number;
  /** Where the edges of a strip begin in `stripEdges`; one more than strips. */
  readonly stripStarts: Uint32Array;
  readonly stripEdges: Uint32Array;
  /** From west to east: x1, y1, x2, y2, and 1 for an upper edge, -1 for a lower one. */
  readonly edges: Float64Array;
  /** The area west of each strip; one more than strips. */
  readonly areaBefore: Float64Array;
}

const edgeStride = 5;
const stripsMax = 1_024;
/** How often an edge lies in a strip, in the mean, before strips are made wider. */
const repeatsMax = 8;

/**
 * The profile of polygons, each with its outer ring first; undefined where they have no area. Rings must not cross
 * themselves or each other, may turn either way, and longitudes must be continuous.
 */
export function areaProfile(polygons: readonly (readonly Ring[])[]): AreaProfile | undefined {
  const box = boxOf(polygons);
  const width = box.east - box.west;
  const height = box.north - box.south;
  if (!(width > 0 && height > 0)) return undefined;
  const edges = edgesOf(polygons, box.west, box.south);
  const edgeCount = edges.length / edgeStride;
  let run = 0;
  for (let edge = 0; edge < edges.length; edge += edgeStride)
    run += (edges[edge + 2] ?? 0) - (edges[edge] ?? 0);
  const overlay = Math.max(1, run / width);
  const stripCount = Math.max(
    1,
    Math.min(stripsMax, edgeCount, Math.ceil((repeatsMax * edgeCount) / overlay)),
  );
  const stripWidth = width / stripCount;
  const stripOf = (x: number) => Math.max(0, Math.min(stripCount - 1, Math.floor(x / stripWidth)));
  const stripStarts = new Uint32Array(stripCount + 1);
  forEachStrip(edges, stripOf, (strip) => {
    stripStarts[strip + 1] = (stripStarts[strip + 1] ?? 0) + 1;
  });
  for (let strip = 0; strip < stripCount; strip += 1) {
    stripStarts[strip + 1] = (stripStarts[strip + 1] ?? 0) + (stripStarts[strip] ?? 0);
  }
  const next = stripStarts.slice();
  const stripEdges = new Uint32Array(stripStarts[stripCount] ?? 0);
  forEachStrip(edges, stripOf, (strip, edge) => {
    const at = next[strip] ?? 0;
    stripEdges[at] = edge;
    next[strip] = at + 1;
  });
  const areaBefore = new Float64Array(stripCount + 1);
  const profile = {
    ...{ west: box.west, south: box.south, width, height, total: 0 },
    ...{ stripCount, stripWidth, stripStarts, stripEdges, edges, areaBefore },
  };
  for (let strip = 0; strip < stripCount; strip += 1) {
    const area = areaInStrip(profile, strip, endOfStrip(profile, strip));
    areaBefore[strip + 1] = (areaBefore[strip] ?? 0) + area;
  }
  const total = areaBefore[stripCount] ?? 0;
  return total > 0 ? { ...profile, total } : undefined;
}

/** The area west of a meridian, `x` from the area's western end. */
export function areaWestOf(profile: AreaProfile, x: number): number {
  if (x <= 0) return 0;
  if (x >= profile.width) return profile.total;
  const strip = Math.min(profile.stripCount - 1, Math.floor(x / profile.stripWidth));
  return (profile.areaBefore[strip] ?? 0) + areaInStrip(profile, strip, x);
}

/**
 * The area below a straight line from `x1, y1` to `x2, y2` (relative to the area's box, from west to east, within it).
 */
export function areaBelow(profile: AreaProfile, x1: number, y1: number, x2: number, y2: number): number {
  const { stripCount, stripWidth, stripStarts, stripEdges, edges } = profile;
  const slope = (y2 - y1) / (x2 - x1);
  const firstStrip = Math.max(0, Math.min(stripCount - 1, Math.floor(x1 / stripWidth)));
  let sum = 0;
  for (let strip = firstStrip; strip < stripCount; strip += 1) {
    const stripFrom = strip === firstStrip ? x1 : strip * stripWidth;
    if (strip > firstStrip && stripFrom >= x2) break;
    const stripTo = strip === stripCount - 1 ? x2 : Math.min(x2, (strip + 1) * stripWidth);
    const end = stripStarts[strip + 1] ?? 0;
    for (let place = stripStarts[strip] ?? 0; place < end; place += 1) {
      const edge = stripEdges[place] ?? 0;
      const ex1 = edges[edge] ?? 0;
      const ex2 = edges[edge + 2] ?? 0;
      const from = ex1 > stripFrom ? ex1 : stripFrom;
      const to = ex2 < stripTo ? ex2 : stripTo;
      if (from >= to) continue;
      const ey1 = edges[edge + 1] ?? 0;
      const edgeSlope = ((edges[edge + 3] ?? 0) - ey1) / (ex2 - ex1);
      const edgeFrom = ey1 + edgeSlope * (from - ex1);
      const edgeTo = ey1 + edgeSlope * (to - ex1);
      const lineFrom = y1 + slope * (from - x1);
      const lineTo = y1 + slope * (to - x1);
      sum += (edges[edge + 4] ?? 0) * underBoth(to - from, edgeFrom, edgeTo, lineFrom, lineTo);
    }
  }
  return sum;
}

/** The area under both of two lines over one stretch, by their heights at its ends. */
function underBoth(width: number, a1: number, a2: number, b1: number, b2: number): number {
  const over1 = a1 - b1;
  const over2 = a2 - b2;
  if (over1 >= 0 && over2 >= 0) return ((b1 + b2) / 2) * width;
  if (over1 <= 0 && over2 <= 0) return ((a1 + a2) / 2) * width;
  const part = over1 / (over1 - over2);
  const meet = a1 + part * (a2 - a1);
  const low1 = over1 < 0 ? a1 : b1;
  const low2 = over1 < 0 ? b2 : a2;
  return ((low1 + meet) / 2) * part * width + ((meet + low2) / 2) * (1 - part) * width;
}

/** The area of a strip from its western end to a meridian in it. */
function areaInStrip(profile: AreaProfile, strip: number, x: number): number {
  const { stripWidth, stripStarts, stripEdges, edges } = profile;
  const stripFrom = strip * stripWidth;
  const end = stripStarts[strip + 1] ?? 0;
  let sum = 0;
  for (let place = stripStarts[strip] ?? 0; place < end; place += 1) {
    const edge = stripEdges[place] ?? 0;
    const ex1 = edges[edge] ?? 0;
    const ex2 = edges[edge + 2] ?? 0;
    const from = Math.max(ex1, stripFrom);
    const to = Math.min(ex2, x);
    if (from >= to) continue;
    const ey1 = edges[edge + 1] ?? 0;
    const slope = ((edges[edge + 3] ?? 0) - ey1) / (ex2 - ex1);
    sum += (edges[edge + 4] ?? 0) * (ey1 + slope * ((from + to) / 2 - ex1)) * (to - from);
  }
  return sum;
}

function endOfStrip({ stripCount, stripWidth, width }: AreaProfile, strip: number): number {
  return strip === stripCount - 1 ? width : (strip + 1) * stripWidth;
}

function forEachStrip(
  edges: Float64Array,
  stripOf: (x: number) => number,
  visit: (strip: number, edge: number) => void,
): void {
  for (let edge = 0; edge < edges.length; edge += edgeStride) {
    const last = stripOf(edges[edge + 2] ?? 0);
    for (let strip = stripOf(edges[edge] ?? 0); strip <= last; strip += 1) visit(strip, edge);
  }
}

function edgesOf(polygons: readonly (readonly Ring[])[], west: number, south: number): Float64Array {
  const edges: number[] = [];
  for (const rings of polygons) {
    for (const [place, ring] of rings.entries()) {
      const isClockwise = signedArea(ring, west, south) < 0;
      // Where the ring turns clockwise around what it encloses, upper edges go east.
      const sign = isClockwise === (place === 0) ? 1 : -1;
      for (let index = 1; index < ring.length; index += 1) {
        const [lon1, lat1] = ring[index - 1] ?? [0, 0];
        const [lon2, lat2] = ring[index] ?? [0, 0];
        if (lon1 < lon2) edges.push(lon1 - west, lat1 - south, lon2 - west, lat2 - south, sign);
        if (lon1 > lon2) edges.push(lon2 - west, lat2 - south, lon1 - west, lat1 - south, -sign);
      }
    }
  }
  return Float64Array.from(edges);
}

function signedArea(ring: Ring, west: number, south: number): number {
  let sum = 0;
  for (let index = 1; index < ring.length; index += 1) {
    const [x1, y1] = ring[index - 1] ?? [0, 0];
    const [x2, y2] = ring[index] ?? [0, 0];
    sum += (x1 - west) * (y2 - south) - (x2 - west) * (y1 - south);
  }
  return sum;
}

function boxOf(polygons: readonly (readonly Ring[])[]) {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const rings of polygons) {
    for (const [lon, lat] of rings[0] ?? []) {
      west = Math.min(west, lon);
      south = Math.min(south, lat);
      east = Math.max(east, lon);
      north = Math.max(north, lat);
    }
  }
  return { west, south, east, north };
}
