export { centerOf, distanceM, earthRadiusM, isPositionInRange } from './measure.ts';
export type { Position, Shape } from './types.ts';
