export type { CivicAddress, LocationSource, LocationValue, LocationWarning, PidfLo } from './types.ts';
