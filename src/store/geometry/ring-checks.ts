import type { PolygonCoordinates } from '../../esrp/index.ts';
import type { StoreErrorCode } from '../errors.ts';

/** What is wrong with the form of a geometry. */
export interface FormFault {
  readonly code: StoreErrorCode;
  readonly reason: string;
}

type Pair = readonly [number, number];
type Ring = readonly Pair[];

/**
 * Checks what must hold before a geometry reaches the database: an open ring makes the embedded database's validity
 * test end without a result. Coordinates are longitude, latitude in degrees, or (`isDegrees` false) east, north in units
 * of another system, whose range is judged once they are transformed. Undefined: nothing is wrong.
 */
export function formFault(
  { coordinates }: { readonly coordinates: PolygonCoordinates },
  isDegrees = true,
): FormFault | undefined {
  if (coordinates.length === 0) {
    return { code: 'store.emptyGeometry', reason: 'the geometry has no polygon' };
  }
  for (const [p, polygon] of coordinates.entries()) {
    if (polygon.length === 0) return { code: 'store.emptyGeometry', reason: `polygon ${p + 1} has no ring` };
    for (const [r, ring] of polygon.entries()) {
      const fault = ringFault(ring, isDegrees);
      if (fault !== undefined) {
        return { code: fault.code, reason: `ring ${r + 1} of polygon ${p + 1} ${fault.reason}` };
      }
    }
  }
  return undefined;
}

/** As {@link formFault}, of lines: each has two different positions at least. */
export function lineFault(lines: readonly Ring[], isDegrees = true): FormFault | undefined {
  if (lines.length === 0) return { code: 'store.emptyGeometry', reason: 'the geometry has no line' };
  for (const [index, line] of lines.entries()) {
    const fault = positionsFault(line, isDegrees);
    if (fault !== undefined) return { code: fault.code, reason: `line ${index + 1} ${fault.reason}` };
    const [first] = line;
    if (first === undefined || line.every((position) => isSame(position, first))) {
      return { code: 'store.lineTooShort', reason: `line ${index + 1} has no two different positions` };
    }
  }
  return undefined;
}

/** As {@link formFault}, of a point. */
export function pointFault(position: Pair, isDegrees = true): FormFault | undefined {
  const fault = positionsFault([position], isDegrees);
  return fault === undefined ? undefined : { code: fault.code, reason: `the point ${fault.reason}` };
}

function ringFault(ring: Ring, isDegrees: boolean): FormFault | undefined {
  const fault = positionsFault(ring, isDegrees);
  if (fault !== undefined) return fault;
  const first = ring[0];
  const last = ring[ring.length - 1];
  if (ring.length < 4 || first === undefined || last === undefined) {
    return { code: 'store.ringTooShort', reason: `has ${ring.length} positions; four is the least` };
  }
  if (!isSame(first, last)) {
    return { code: 'store.ringOpen', reason: 'does not end where it begins' };
  }
  return undefined;
}

function positionsFault(positions: readonly Pair[], isDegrees: boolean): FormFault | undefined {
  const [xMax, yMax] = isDegrees ? [180, 90] : [Number.MAX_VALUE, Number.MAX_VALUE];
  for (let i = 0; i < positions.length; i += 1) {
    const [x, y] = positions[i] ?? [Number.NaN, Number.NaN];
    // Written so that NaN fails too.
    if (!(Math.abs(x) <= xMax && Math.abs(y) <= yMax)) {
      return { code: 'store.coordinateOutOfRange', reason: `has the position ${x}, ${y} at ${i + 1}` };
    }
  }
  return undefined;
}

/** Polygons without their rings of no area, and how many there were. */
export interface WithoutCollapsed {
  readonly coordinates: PolygonCoordinates;
  readonly collapsedCount: number;
}

/**
 * Takes out rings of fewer than three different positions: points and lines, such as rounding makes of small
 * polygons. They are not valid, and the embedded database loses statements over them.
 */
export function withoutCollapsedRings(given: PolygonCoordinates): WithoutCollapsed {
  let collapsedCount = 0;
  const coordinates = given.flatMap((polygon) => {
    const kept = polygon.filter((ring, index) => {
      const isKept = hasThreeDifferent(ring);
      if (!isKept) collapsedCount += 1;
      return isKept || index === 0;
    });
    return kept[0] !== undefined && hasThreeDifferent(kept[0]) ? [kept] : [];
  });
  return { coordinates: collapsedCount === 0 ? given : coordinates, collapsedCount };
}

function hasThreeDifferent(ring: Ring): boolean {
  const first = ring[0];
  if (first === undefined) return false;
  let second: Pair | undefined;
  for (const position of ring) {
    if (isSame(position, first)) continue;
    if (second === undefined) second = position;
    else if (!isSame(position, second)) return true;
  }
  return false;
}

function isSame(a: Pair, b: Pair): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
