import { type UsState, usStates } from '../src/store/index.ts';

export type { UsState };
export { usStates };

const byFips: ReadonlyMap<string, UsState> = new Map(usStates.map((state) => [state.fips, state]));

/** The state of a two-digit FIPS code, or of a longer one (county, tract) that begins with it. */
export function usStateByFips(fips: string): UsState | undefined {
  return byFips.get(fips.slice(0, 2));
}
