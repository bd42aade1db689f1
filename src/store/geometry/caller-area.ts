import { areaM2, doubleAreaDeg2, footprintOf, type Ring, type Shape } from '../../geo/index.ts';
import { polygonWkb } from './wkb.ts';

/** The grid of all overlays, degrees (0.1 mm): without one, the embedded database loses results. */
export const overlayGridDeg = 1e-9;

/** A caller's area as the database takes it. */
export interface CallerArea {
  /** The footprint, its outer ring first; beyond ±180 degrees where it reaches over the antimeridian. */
  readonly rings: readonly Ring[];
  /**
   * The footprint as WKB in hex, once for each whole turn that brings some of it within ±180 degrees of longitude: the
   * parts of boundaries lie there, so what they share with all copies together is what they share with the area.
   */
  readonly copies: readonly string[];
  /** Shares that differ by less are equal, and smaller ones are none: 1e-9, or what the grid can move of a tiny area. */
  readonly tolerance: number;
}

/** Areas below this go by their point: nothing is uncertain about them. */
const leastAreaM2 = 1;
const leastTolerance = 1e-9;
/** Of an area so thin that the grid moves more of it, shares say nothing. */
const mostTolerance = 0.01;

/**
 * The area that a shape covers on the ground, on the grid of the overlays; undefined where it has none to speak of, or a
 * form that must not reach the database (a ring that is open, too short or not finite).
 */
export function callerAreaOf(shape: Shape): CallerArea | undefined {
  if (!(areaM2(shape) >= leastAreaM2)) return undefined;
  const rings = (footprintOf(shape) ?? []).map(onGrid);
  const [exterior, ...holes] = rings;
  if (exterior === undefined || !isSound(exterior)) return undefined;
  const sound = [exterior, ...holes.filter(isSound)];
  const tolerance = toleranceOf(sound);
  if (!(tolerance <= mostTolerance)) return undefined;
  return { rings: sound, copies: copiesOf(sound), tolerance };
}

/** On the grid, without the corners that fall together there. */
function onGrid(ring: Ring): Ring {
  // A whole number: its inverse is not one, and would put a pole beyond 90.
  const perDegree = Math.round(1 / overlayGridDeg);
  const corners: (readonly [number, number])[] = [];
  for (const [lon, lat] of ring) {
    const corner = [
      Math.round(lon * perDegree) / perDegree,
      Math.round(lat * perDegree) / perDegree,
    ] as const;
    const last = corners.at(-1);
    if (last === undefined || last[0] !== corner[0] || last[1] !== corner[1]) corners.push(corner);
  }
  return corners;
}

function isSound(ring: Ring): boolean {
  const first = ring[0];
  const last = ring.at(-1);
  if (ring.length < 4 || first === undefined || last === undefined) return false;
  // Written so that NaN fails too. A footprint spans at most a turn, and begins within ±180.
  const isInRange = ring.every(([lon, lat]) => Math.abs(lon) <= 540 && Math.abs(lat) <= 90);
  return isInRange && first[0] === last[0] && first[1] === last[1];
}

/** Each corner moves by half the grid or less, so the area by half the grid times the length of its edges; four times that. */
function toleranceOf(rings: readonly Ring[]): number {
  let lengthDeg = 0;
  let areaDeg2 = 0;
  for (const [place, ring] of rings.entries()) {
    areaDeg2 += ((place === 0 ? 1 : -1) * Math.abs(doubleAreaDeg2(ring))) / 2;
    for (const [index, [lon, lat]] of ring.entries()) {
      const [fromLon, fromLat] = ring[index - 1] ?? [lon, lat];
      lengthDeg += Math.hypot(lon - fromLon, lat - fromLat);
    }
  }
  return Math.max(leastTolerance, (2 * overlayGridDeg * lengthDeg) / areaDeg2);
}

function copiesOf(rings: readonly Ring[]): readonly string[] {
  let [west, east] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [lon] of rings[0] ?? []) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
  }
  const copies: string[] = [];
  for (const turn of [0, -360, 360]) {
    if (east + turn <= -180 || west + turn >= 180) continue;
    const turned =
      turn === 0 ? rings : rings.map((ring) => ring.map(([lon, lat]) => [lon + turn, lat] as const));
    copies.push(polygonWkb(turned).toString('hex'));
  }
  return copies;
}
