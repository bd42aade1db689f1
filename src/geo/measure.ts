import { assertNever } from '../base/index.ts';
import type { Position, Shape } from './types.ts';

/** The radius of the sphere that has the area of the WGS 84 ellipsoid, metres. */
export const earthRadiusM = 6_371_007.2;

/** Whether a position is one: finite, latitude within ±90°, longitude within ±180°. */
export function isPositionInRange(position: Position): boolean {
  return (
    Math.abs(position.lat) <= 90 &&
    Math.abs(position.lon) <= 180 &&
    (position.altM === undefined || Number.isFinite(position.altM))
  );
}

/**
 * The distance over ground between two positions, metres, by the haversine formula on a sphere: within 0.6 %
 * of the ellipsoid's. Altitudes are left out.
 */
export function distanceM(from: Position, to: Position): number {
  const fromLat = radians(from.lat);
  const toLat = radians(to.lat);
  const halfLat = Math.sin((toLat - fromLat) / 2);
  const halfLon = Math.sin(radians(to.lon - from.lon) / 2);
  const haversine = halfLat * halfLat + Math.cos(fromLat) * Math.cos(toLat) * halfLon * halfLon;
  return 2 * earthRadiusM * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

/** The position that stands for a shape where a single point is wanted: its own, or its centre. */
export function centerOf(shape: Shape): Position {
  switch (shape.kind) {
    case 'point':
      return shape.position;
    case 'circle':
      return shape.center;
    default:
      return assertNever(shape);
  }
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
