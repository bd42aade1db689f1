import type { Result } from '../base/index.ts';
import { assertNever, ok } from '../base/index.ts';
import type { Position, Shape } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { readAngleDeg, readBearingDeg, readLengthM, turned } from './gml-measure.ts';
import { readCenter } from './gml-position.ts';
import type { ReferenceSystem } from './gml-system.ts';
import type { Warn } from './ordinates.ts';
import type { LocationError } from './types.ts';

/** Shapes around a centre. */
export type RoundKind = 'circle' | 'sphere' | 'ellipse' | 'ellipsoid' | 'arcBand';

/**
 * Reads a shape around a centre (RFC 5491 §5.2.3 to §5.2.7). Without its measures it is what covers no less than what is
 * known of it; without any it is the point at its centre.
 */
export function readRound(
  kind: RoundKind,
  element: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): Result<Shape, LocationError> {
  const read = readCenter(element, system, warn);
  if (!read.ok) return read;
  const center = read.value;
  if ((kind === 'sphere' || kind === 'ellipsoid') && center.altM === undefined && system.dimensions !== 3) {
    warn(
      'location.dimensionMismatch',
      `a ${element.localName} has three dimensions, and its centre no altitude`,
    );
  }
  switch (kind) {
    case 'circle':
    case 'sphere': {
      const radiusM = readLengthM(element, 'radius', warn);
      return ok(radiusM === undefined ? pointAt(center, warn) : { kind, center, radiusM });
    }
    case 'ellipse': {
      const axes = readAxes(element, warn);
      return ok(axes === undefined ? pointAt(center, warn) : { kind, center, ...axes });
    }
    case 'ellipsoid':
      return ok(readEllipsoid(center, element, warn));
    case 'arcBand':
      return ok(readArcBand(center, element, warn));
    default:
      return assertNever(kind);
  }
}

function pointAt(position: Position, warn: Warn): Shape {
  warn(
    'location.radiusUnusable',
    'the shape has no extent that can be used: taken as the point at its centre',
  );
  return { kind: 'point', position };
}

interface Axes {
  readonly semiMajorM: number;
  readonly semiMinorM: number;
  readonly orientationDeg: number;
}

/** The axes of an ellipse or ellipsoid and the direction of the longer one. */
function readAxes(element: XmlElement, warn: Warn): Axes | undefined {
  const major = readLengthM(element, 'semiMajorAxis', warn);
  const minor = readLengthM(element, 'semiMinorAxis', warn);
  const known = major ?? minor;
  if (known === undefined) return undefined;
  const orientation = readBearingDeg(element, 'orientation', warn);
  if (major === undefined || minor === undefined) {
    warn(
      'location.measureUnusable',
      'an axis of the ellipse is missing or no length: taken as long as the other',
    );
    return { semiMajorM: known, semiMinorM: known, orientationDeg: 0 };
  }
  if (orientation === undefined && major !== minor) {
    warn('location.measureUnusable', 'the ellipse has no orientation: taken as the circle around it');
    const radiusM = Math.max(major, minor);
    return { semiMajorM: radiusM, semiMinorM: radiusM, orientationDeg: 0 };
  }
  const orientationDeg = orientation ?? 0;
  if (minor <= major) return { semiMajorM: major, semiMinorM: minor, orientationDeg };
  warn('location.measureSwapped', 'the minor axis is the longer one: exchanged, and turned by 90 degrees');
  return { semiMajorM: minor, semiMinorM: major, orientationDeg: turned(orientationDeg + 90) };
}

function readEllipsoid(center: Position, element: XmlElement, warn: Warn): Shape {
  const axes = readAxes(element, warn);
  const verticalM = readLengthM(element, 'verticalAxis', warn);
  if (axes === undefined) return pointAt(center, warn);
  if (verticalM === undefined) {
    warn('location.measureUnusable', 'the vertical axis is missing or no length: taken as the ellipse');
    return { kind: 'ellipse', center, ...axes };
  }
  return { kind: 'ellipsoid', center, ...axes, verticalM };
}

function readArcBand(center: Position, element: XmlElement, warn: Warn): Shape {
  const inner = readLengthM(element, 'innerRadius', warn);
  const outer = readLengthM(element, 'outerRadius', warn);
  // Without its outer line nobody knows how far the band reaches.
  if (outer === undefined) return pointAt(center, warn);
  const angles = readOpening(element, warn);
  if (inner === undefined) {
    warn('location.measureUnusable', 'the inner radius is missing or no length: taken from the centre on');
    return { kind: 'arcBand', center, innerRadiusM: 0, outerRadiusM: outer, ...angles };
  }
  if (inner > outer) warn('location.measureSwapped', 'the inner radius is the longer one: exchanged');
  const innerRadiusM = Math.min(inner, outer);
  const outerRadiusM = Math.max(inner, outer);
  return { kind: 'arcBand', center, innerRadiusM, outerRadiusM, ...angles };
}

/** The directions of an arc band; all round where they cannot be known. */
function readOpening(
  element: XmlElement,
  warn: Warn,
): { readonly startAngleDeg: number; readonly openingAngleDeg: number } {
  const start = readBearingDeg(element, 'startAngle', warn);
  const opening = readAngleDeg(element, 'openingAngle', warn);
  if (start === undefined || opening === undefined || opening === 0) {
    warn('location.measureUnusable', 'an angle of the arc band is missing or nothing: taken all round');
    return { startAngleDeg: 0, openingAngleDeg: 360 };
  }
  if (opening > 360 || opening < -360) {
    warn('location.angleRepaired', 'the opening angle is more than a full turn: taken all round');
    return { startAngleDeg: start, openingAngleDeg: 360 };
  }
  if (opening > 0) return { startAngleDeg: start, openingAngleDeg: opening };
  warn('location.angleRepaired', 'the opening angle is negative: taken as going the other way');
  return { startAngleDeg: turned(start + opening), openingAngleDeg: -opening };
}
