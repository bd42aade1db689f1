import { assertNever } from '../base/index.ts';
import { destination } from './ellipsoid.ts';
import { middleOf, ringOf } from './rings.ts';
import type { Position, PositionRing, Ring, Shape } from './types.ts';

/**
 * The position that stands for a shape where a single point is wanted (RFC 7459 §5.1.1): its own, its centre, or the
 * centroid of its area; where the centroid of a polygon or arc band lies outside, a place inside. Of a prism the middle
 * of its height.
 */
export function centerOf(shape: Shape): Position {
  switch (shape.kind) {
    case 'point':
      return shape.position;
    case 'circle':
    case 'ellipse':
    case 'sphere':
    case 'ellipsoid':
      return shape.center;
    case 'arcBand':
      return middleOfBand(shape);
    case 'polygon':
      return middleOfRings(shape.exterior, [ringOf(shape.exterior), ...shape.interiors.map(ringOf)], 0);
    case 'prism':
      return middleOfRings(shape.base, [ringOf(shape.base)], shape.heightM / 2);
    default:
      return assertNever(shape);
  }
}

/** The centroid (RFC 7459 §5.1.1.1) where the band contains it, else the middle between its lines. */
function middleOfBand(band: Extract<Shape, { kind: 'arcBand' }>): Position {
  const { center, innerRadiusM: r, outerRadiusM: R, startAngleDeg, openingAngleDeg } = band;
  const opening = (openingAngleDeg * Math.PI) / 180;
  // At an opening of nothing the sine over the angle is a half; without radii there is nothing to divide by.
  const part = opening > 0 ? (4 * Math.sin(opening / 2)) / (3 * opening) : 2 / 3;
  const centroidM = R + r > 0 ? (part * (R * R + R * r + r * r)) / (R + r) : 0;
  const lengthM = centroidM >= r && centroidM <= R ? centroidM : (r + R) / 2;
  const { lon, lat } = destination(center, startAngleDeg + openingAngleDeg / 2, lengthM);
  return center.altM === undefined ? { lon, lat } : { lon, lat, altM: center.altM };
}

function middleOfRings(exterior: PositionRing, rings: readonly Ring[], riseM: number): Position {
  const [lon, lat] = middleOf(rings);
  const altM = exterior[0]?.altM;
  return altM === undefined ? { lon, lat } : { lon, lat, altM: altM + riseM };
}
