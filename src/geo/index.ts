export { centerOf } from './center.ts';
export { destination } from './ellipsoid.ts';
export { areaM2, footprintCorners, footprintOf, ringsAreaM2 } from './footprint.ts';
export { distanceM, isInPolygon, isPositionInRange } from './measure.ts';
export type {
  FlatRing,
  NearPolygon,
  OverlappingPolygon,
  PolygonIndex,
  PolygonIndexBuilder,
  SideRule,
} from './polygon-index.ts';
export { buildPolygonIndex, flatRings, polygonIndexBuilder, polygonIndexFromBytes } from './polygon-index.ts';
export { convexHull, isRingCrossing } from './ring-checks.ts';
export { continuous, doubleAreaDeg2 } from './rings.ts';
export type { Position, PositionRing, Ring, Shape } from './types.ts';
