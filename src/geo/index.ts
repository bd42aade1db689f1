export { centerOf, distanceM, isInPolygon, isPositionInRange } from './measure.ts';
export type { Position, Ring, Shape } from './types.ts';
