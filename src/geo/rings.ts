import { wrapLon } from './ellipsoid.ts';
import type { PositionRing, Ring } from './types.ts';

// Rings as plane figures in longitude and latitude: the way that edges of polygons are drawn everywhere here.

/** A corner of a ring. */
export type Corner = readonly [lon: number, lat: number];

/** A ring of positions as a ring of longitudes and latitudes. */
export function ringOf(positions: PositionRing): Ring {
  return positions.map(({ lon, lat }) => [lon, lat] as const);
}

/**
 * The ring with longitudes that run on over the antimeridian: no edge is longer than 180 degrees, the first corner keeps
 * its longitude, later ones may be beyond ±180. A ring around a pole is closed through that pole.
 */
export function continuous(ring: Ring): Ring {
  const corners: Corner[] = [];
  let last: number | undefined;
  let shift = 0;
  for (const [lon, lat] of ring) {
    if (last !== undefined) {
      while (lon + shift - last > 180) shift -= 360;
      while (lon + shift - last < -180) shift += 360;
    }
    last = lon + shift;
    corners.push([last, lat]);
  }
  const first = corners[0];
  const end = corners.at(-1);
  if (first === undefined || end === undefined || Math.abs(end[0] - first[0]) < 180) return corners;
  const pole = first[1] + end[1] + (corners[corners.length >> 1]?.[1] ?? 0) >= 0 ? 90 : -90;
  return [...corners, [end[0], pole], [first[0], pole], first];
}

/** The ring turned by whole circles so that it lies beside longitudes that are near `lon`. */
export function shiftedTo(ring: Ring, lon: number): Ring {
  const first = ring[0]?.[0] ?? lon;
  const turns = Math.round((lon - first) / 360) * 360;
  return turns === 0 ? ring : ring.map(([x, y]) => [x + turns, y] as const);
}

/** Twice the area in square degrees; positive where the ring turns counter-clockwise. Longitudes must be continuous. */
export function doubleAreaDeg2(ring: Ring): number {
  let sum = 0;
  const [x0, y0] = ring[0] ?? [0, 0];
  for (let index = 1; index < ring.length; index += 1) {
    const [x1, y1] = ring[index - 1] ?? [0, 0];
    const [x2, y2] = ring[index] ?? [0, 0];
    // From the first corner, so that small rings far from the origin lose no digits.
    sum += (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
  }
  return sum;
}

/** Whether a corner is inside by the even-odd rule; borders count to either side. Longitudes must be continuous. */
export function isInsideRings([x, y]: Corner, rings: readonly Ring[]): boolean {
  let isInside = false;
  for (const ring of rings) {
    for (let index = 1; index < ring.length; index += 1) {
      const [x1, y1] = ring[index - 1] ?? [0, 0];
      const [x2, y2] = ring[index] ?? [0, 0];
      if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) isInside = !isInside;
    }
  }
  return isInside;
}

/**
 * The place that stands for a polygon, its exterior first: the centroid of its area where that is inside, else the middle
 * of the widest stretch that is inside on one of some parallels. Longitudes within ±180.
 */
export function middleOf(rings: readonly Ring[]): Corner {
  const exterior = continuous(rings[0] ?? []);
  const start = exterior[0]?.[0] ?? 0;
  const all = [exterior, ...rings.slice(1).map((ring) => shiftedTo(continuous(ring), start))];
  const centroid = centroidOf(all);
  const middle =
    centroid !== undefined && isInsideRings(centroid, all) ? centroid : widestMiddle(all, centroid?.[1]);
  const [lon, lat] = middle ?? meanOf(exterior);
  return [wrapLon(lon), lat];
}

function centroidOf(rings: readonly Ring[]): Corner | undefined {
  const [x0, y0] = rings[0]?.[0] ?? [0, 0];
  let area = 0;
  let sumX = 0;
  let sumY = 0;
  for (const [place, ring] of rings.entries()) {
    const sign = (place === 0 ? 1 : -1) * (doubleAreaDeg2(ring) < 0 ? -1 : 1);
    for (let index = 1; index < ring.length; index += 1) {
      const [x1, y1] = ring[index - 1] ?? [0, 0];
      const [x2, y2] = ring[index] ?? [0, 0];
      const cross = sign * ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0));
      area += cross;
      sumX += (x1 + x2 - 2 * x0) * cross;
      sumY += (y1 + y2 - 2 * y0) * cross;
    }
  }
  if (!(area > 0)) return undefined;
  const centroid: Corner = [x0 + sumX / (3 * area), y0 + sumY / (3 * area)];
  return Number.isFinite(centroid[0]) && Number.isFinite(centroid[1]) ? centroid : undefined;
}

/** Parallels that are looked along, as parts of the height from the bottom. */
const looks = [0.5, 0.25, 0.75, 0.1, 0.9, 0.01, 0.99];

/** A tenth of a millimetre: anything narrower comes of rounding. */
const narrowestDeg = 1e-9;

function widestMiddle(rings: readonly Ring[], lat: number | undefined): Corner | undefined {
  let bottom = Number.POSITIVE_INFINITY;
  let top = Number.NEGATIVE_INFINITY;
  for (const [, y] of rings[0] ?? []) {
    if (y < bottom) bottom = y;
    if (y > top) top = y;
  }
  const heights = looks.map((part) => bottom + part * (top - bottom));
  if (lat !== undefined && lat > bottom && lat < top) heights.unshift(lat);
  for (const height of heights) {
    const crossings = crossingsAt(rings, height);
    let widest = narrowestDeg;
    let middle: Corner | undefined;
    for (let index = 1; index < crossings.length; index += 2) {
      const from = crossings[index - 1] ?? 0;
      const to = crossings[index] ?? 0;
      if (to - from > widest) {
        widest = to - from;
        middle = [(from + to) / 2, height];
      }
    }
    if (middle !== undefined) return middle;
  }
  return undefined;
}

function crossingsAt(rings: readonly Ring[], y: number): readonly number[] {
  const crossings: number[] = [];
  for (const ring of rings) {
    for (let index = 1; index < ring.length; index += 1) {
      const [x1, y1] = ring[index - 1] ?? [0, 0];
      const [x2, y2] = ring[index] ?? [0, 0];
      if (y1 > y !== y2 > y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
    }
  }
  return crossings.sort((a, b) => a - b);
}

function meanOf(ring: Ring): Corner {
  const corners = ring.length > 1 ? ring.slice(1) : ring;
  let x = 0;
  let y = 0;
  for (const [lon, lat] of corners) {
    x += lon / corners.length;
    y += lat / corners.length;
  }
  return [x, y];
}
