import type { BoundaryGeometry } from '../../esrp/index.ts';
import type { StoreErrorCode } from '../errors.ts';

/** What is wrong with the form of a geometry. */
export interface FormFault {
  readonly code: StoreErrorCode;
  readonly reason: string;
}

type Ring = readonly (readonly [number, number])[];

/**
 * Checks what must hold before a geometry reaches the database: an open ring makes the embedded database's validity
 * test end without a result. Coordinates are longitude, latitude in degrees. Undefined: nothing is wrong.
 */
export function formFault(geometry: BoundaryGeometry): FormFault | undefined {
  if (geometry.coordinates.length === 0) {
    return { code: 'store.emptyGeometry', reason: 'the geometry has no polygon' };
  }
  for (const [p, polygon] of geometry.coordinates.entries()) {
    if (polygon.length === 0) return { code: 'store.emptyGeometry', reason: `polygon ${p + 1} has no ring` };
    for (const [r, ring] of polygon.entries()) {
      const fault = ringFault(ring);
      if (fault !== undefined) {
        return { code: fault.code, reason: `ring ${r + 1} of polygon ${p + 1} ${fault.reason}` };
      }
    }
  }
  return undefined;
}

function ringFault(ring: Ring): FormFault | undefined {
  for (const [i, [lon, lat]] of ring.entries()) {
    // Written so that NaN fails too.
    if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) {
      return { code: 'store.coordinateOutOfRange', reason: `has the position ${lon}, ${lat} at ${i + 1}` };
    }
  }
  const first = ring[0];
  const last = ring[ring.length - 1];
  if (ring.length < 4 || first === undefined || last === undefined) {
    return { code: 'store.ringTooShort', reason: `has ${ring.length} positions; four is the least` };
  }
  if (first[0] !== last[0] || first[1] !== last[1]) {
    return { code: 'store.ringOpen', reason: 'does not end where it begins' };
  }
  return undefined;
}

/** A geometry without its rings of no area, and how many there were. */
export interface WithoutCollapsed {
  readonly geometry: BoundaryGeometry;
  readonly collapsedCount: number;
}

/**
 * Takes out rings of fewer than three different positions: points and lines, such as rounding makes of small
 * polygons. They are not valid, and the embedded database loses statements over them.
 */
export function withoutCollapsedRings(geometry: BoundaryGeometry): WithoutCollapsed {
  let collapsedCount = 0;
  const coordinates = geometry.coordinates.flatMap((polygon) => {
    const kept = polygon.filter((ring, index) => {
      const isKept = hasThreeDifferent(ring);
      if (!isKept) collapsedCount += 1;
      return isKept || index === 0;
    });
    return kept[0] !== undefined && hasThreeDifferent(kept[0]) ? [kept] : [];
  });
  return collapsedCount === 0
    ? { geometry, collapsedCount }
    : { geometry: { type: 'MultiPolygon', coordinates }, collapsedCount };
}

function hasThreeDifferent(ring: Ring): boolean {
  const first = ring[0];
  if (first === undefined) return false;
  let second: readonly [number, number] | undefined;
  for (const position of ring) {
    if (isSame(position, first)) continue;
    if (second === undefined) second = position;
    else if (!isSame(position, second)) return true;
  }
  return false;
}

function isSame(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
