export type { Position, Shape } from './types.ts';
