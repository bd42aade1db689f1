import type { LocationPublisher } from './ports.ts';

/** Whose rules a peer goes by where standards contradict each other. */
export type Profile = 'ietf' | 'nena-i3' | 'etsi-ng112';

/** How a location that we supply goes on with a call. */
export interface SupplyOptions {
  /** Off: nothing is ever added to a call. */
  readonly isOn: boolean;
  /** The profile of who a target's URI names. */
  readonly profileOf: (targetUri: string) => Profile;
  /** Undefined: nothing is served by reference here. */
  readonly publisher: LocationPublisher | undefined;
  /** Who provides the location, a domain name, for `provided-by` and `loc-src`. */
  readonly provider: string;
}
