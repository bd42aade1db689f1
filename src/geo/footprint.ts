import { assertNever } from '../base/index.ts';
import { destination, quarterMeridianM, signedAreaM2 } from './ellipsoid.ts';
import { continuous, doubleAreaDeg2, ringOf, shiftedTo } from './rings.ts';
import type { Position, Ring, Shape } from './types.ts';

/** Corners of the ring that stands for a circle or an ellipse; an arc has as many as its share of the circle. */
export const footprintCorners = 64;

const stepDeg = 360 / footprintCorners;
/** The straight sides of an arc band are bent in degrees, far from the equator, so they have corners too. */
const sideParts = 8;
const world: Ring = [
  [-180, -90],
  [180, -90],
  [180, 90],
  [-180, 90],
  [-180, -90],
];

/**
 * The ground that a shape covers: closed rings, the outer one first and counter-clockwise, holes clockwise; undefined
 * where that has no area (a point, a circle without radius). A body in space covers what is beneath it. Round lines
 * become chords between {@link footprintCorners} corners that lie a little outside (by 0.08 % of the radius), so that the
 * area stays the same. Longitudes run on over the antimeridian and may be beyond ±180; a ring around a pole is closed
 * through that pole. What reaches beyond a quarter of the way round the Earth covers all of it.
 */
export function footprintOf(shape: Shape): readonly Ring[] | undefined {
  switch (shape.kind) {
    case 'point':
      return undefined;
    case 'circle':
    case 'sphere':
      return ellipseRings(shape.center, shape.radiusM, shape.radiusM, 0);
    case 'ellipse':
    case 'ellipsoid':
      return ellipseRings(shape.center, shape.semiMajorM, shape.semiMinorM, shape.orientationDeg);
    case 'arcBand':
      return bandRings(shape);
    case 'polygon':
      return polygonRings([ringOf(shape.exterior), ...shape.interiors.map(ringOf)]);
    case 'prism':
      return polygonRings([ringOf(shape.base)]);
    default:
      return assertNever(shape);
  }
}

/**
 * The area that a shape covers on the ground, square metres; 0 for a point. Round shapes by the formulas of the plane
 * (too much by 0.2 % at a radius of 1000 km), polygons on the ellipsoid.
 */
export function areaM2(shape: Shape): number {
  switch (shape.kind) {
    case 'point':
      return 0;
    case 'circle':
    case 'sphere':
      return Math.PI * shape.radiusM ** 2;
    case 'ellipse':
    case 'ellipsoid':
      return Math.PI * shape.semiMajorM * shape.semiMinorM;
    case 'arcBand':
      return (shape.openingAngleDeg / 360) * Math.PI * (shape.outerRadiusM ** 2 - shape.innerRadiusM ** 2);
    case 'polygon':
    case 'prism':
      return ringsAreaM2(footprintOf(shape) ?? []);
    default:
      return assertNever(shape);
  }
}

/** The area of rings as {@link footprintOf} gives them, square metres: the outer one less the holes. */
export function ringsAreaM2(rings: readonly Ring[]): number {
  let sum = 0;
  for (const [index, ring] of rings.entries()) sum += (index === 0 ? 1 : -1) * Math.abs(signedAreaM2(ring));
  return Math.max(0, sum);
}

function ellipseRings(
  center: Position,
  semiMajorM: number,
  semiMinorM: number,
  orientationDeg: number,
): readonly Ring[] | undefined {
  if (semiMajorM <= 0 || semiMinorM <= 0) return undefined;
  if (semiMajorM >= quarterMeridianM) return [world];
  const scale = outward(stepDeg);
  const corners: [number, number][] = [];
  for (let index = 0; index < footprintCorners; index += 1) {
    const angle = (index * stepDeg * Math.PI) / 180;
    const along = semiMajorM * scale * Math.cos(angle);
    const across = semiMinorM * scale * Math.sin(angle);
    // Against the clock: the bearing falls as the angle grows.
    const bearingDeg = orientationDeg - (Math.atan2(across, along) * 180) / Math.PI;
    corners.push(cornerAt(center, bearingDeg, Math.hypot(along, across)));
  }
  return polygonRings([closed(corners)]);
}

function bandRings(band: Extract<Shape, { kind: 'arcBand' }>): readonly Ring[] | undefined {
  const { center, innerRadiusM, outerRadiusM, startAngleDeg, openingAngleDeg } = band;
  if (outerRadiusM <= innerRadiusM || openingAngleDeg <= 0) return undefined;
  if (openingAngleDeg >= 360) {
    const outer = ellipseRings(center, outerRadiusM, outerRadiusM, 0);
    const inner = ellipseRings(center, innerRadiusM, innerRadiusM, 0);
    return outer && polygonRings([...outer, ...(inner ?? [])]);
  }
  if (outerRadiusM >= quarterMeridianM) return [world];
  const steps = Math.max(1, Math.ceil(openingAngleDeg / stepDeg));
  const scale = outward(openingAngleDeg / steps);
  const arc = (radiusM: number): [number, number][] => {
    const corners: [number, number][] = [];
    for (let index = 0; index <= steps; index += 1) {
      corners.push(cornerAt(center, startAngleDeg + (index * openingAngleDeg) / steps, radiusM * scale));
    }
    return corners;
  };
  const inner: [number, number][] = innerRadiusM > 0 ? arc(innerRadiusM) : [[center.lon, center.lat]];
  const side = (bearingDeg: number): [number, number][] => {
    const corners: [number, number][] = [];
    for (let part = 1; part < sideParts; part += 1) {
      const lengthM = innerRadiusM + ((outerRadiusM - innerRadiusM) * part) / sideParts;
      corners.push(cornerAt(center, bearingDeg, lengthM * scale));
    }
    return corners;
  };
  const far = side(startAngleDeg + openingAngleDeg);
  const near = side(startAngleDeg).reverse();
  return polygonRings([closed([...inner, ...far, ...arc(outerRadiusM).reverse(), ...near])]);
}

/** How much further out the corners of a regular figure lie than the circle of the same area. */
function outward(degrees: number): number {
  const angle = (degrees * Math.PI) / 180;
  return Math.sqrt(angle / Math.sin(angle));
}

function cornerAt(center: Position, bearingDeg: number, lengthM: number): [number, number] {
  const { lon, lat } = destination(center, bearingDeg, lengthM);
  return [lon, lat];
}

function closed(corners: readonly (readonly [number, number])[]): Ring {
  const [first] = corners;
  return first === undefined ? [] : [...corners, first];
}

function polygonRings(rings: readonly Ring[]): readonly Ring[] | undefined {
  const exterior = continuous(rings[0] ?? []);
  const turn = doubleAreaDeg2(exterior);
  if (turn === 0) return undefined;
  const start = exterior[0]?.[0] ?? 0;
  const holes = rings.slice(1).map((ring) => {
    const hole = shiftedTo(continuous(ring), start);
    return doubleAreaDeg2(hole) > 0 ? [...hole].reverse() : hole;
  });
  return [turn < 0 ? [...exterior].reverse() : exterior, ...holes];
}
