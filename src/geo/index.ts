export { centerOf, distanceM, isInPolygon, isPositionInRange } from './measure.ts';
export type { Position, PositionRing, Ring, Shape } from './types.ts';
