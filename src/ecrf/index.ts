export type { CoverageRegion } from './coverage.ts';
export { Ecrf, type EcrfCounts, type EcrfServiceOptions } from './ecrf.ts';
export { type EcrfErrorCode, ecrfErrors } from './errors.ts';
export {
  LostLookup,
  type LostLookupCounts,
  type LostLookupOptions,
  type LostLookupPorts,
} from './lost-lookup.ts';
export type { PartialLocation, PlannedChangeSet } from './planned.ts';
export type {
  BoundaryDetail,
  BoundaryDirectory,
  BoundaryList,
  EcrfPorts,
  LostPurpose,
  LostRemote,
  MapCall,
  SyncStore,
} from './ports.ts';
export { isServiceWithin, readService, servicesBelow } from './service-tree.ts';
export type { SyncCounts, SyncOptions } from './sync.ts';
export type {
  CacheOptions,
  DefaultService,
  EcrfOptions,
  LostClient,
  LostRole,
  OtherServer,
} from './types.ts';
