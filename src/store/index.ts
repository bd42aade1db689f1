export { storeErrors } from './errors.ts';
export { openStore } from './open.ts';
export type { StandbyHealth, Store, StoreHealth, StoreOptions, StorePhase, StoreProgress } from './types.ts';
export type { UsState } from './us-states.ts';
export { usStates } from './us-states.ts';
