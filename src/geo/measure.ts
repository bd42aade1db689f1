import { booleanPointInPolygon } from '@turf/boolean-point-in-polygon';
import { distance } from '@turf/distance';
import type { Position, Ring } from './types.ts';

/** Whether a position is one: finite, latitude within ±90°, longitude within ±180°. */
export function isPositionInRange(position: Position): boolean {
  return (
    Math.abs(position.lat) <= 90 &&
    Math.abs(position.lon) <= 180 &&
    (position.altM === undefined || Number.isFinite(position.altM))
  );
}

/**
 * The distance over ground between two positions, metres, on a sphere: within 0.6 % of the ellipsoid's. Altitudes are
 * left out.
 */
export function distanceM(from: Position, to: Position): number {
  return distance([from.lon, from.lat], [to.lon, to.lat], { units: 'meters' });
}

/**
 * Whether a position is inside of a polygon, its outer ring first; its holes are outside. A position on a border counts
 * as inside. Edges are straight in longitude and latitude.
 */
export function isInPolygon(position: Position, rings: readonly Ring[]): boolean {
  const coordinates = rings.map((ring) => ring.map(([lon, lat]) => [lon, lat]));
  return booleanPointInPolygon([position.lon, position.lat], { type: 'Polygon', coordinates });
}
