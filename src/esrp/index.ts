export {
  type CallDecision,
  type CallOptions,
  type CallPorts,
  defaultDecision,
  type IngressRules,
  isEmergency,
  routeRequest,
} from './call.ts';
export {
  CallBook,
  type CallBookPorts,
  type CallEvent,
  type CallInProgress,
  type NewLocation,
} from './call-book.ts';
export { type CallChange, CallChanges, type CallListener } from './call-changes.ts';
export {
  type LocateLimits,
  type LocateOptions,
  type LocatePorts,
  type LocateQuestion,
  type LocationPorts,
  locate,
} from './locate.ts';
export type { Fallback } from './locate-fallback.ts';
export {
  locationTableKey,
  locationTableLookupKeys,
  locationTableNames,
} from './location-table-key.ts';
export { type MapLocatedQuestion, type MappedLocation, mapLocated } from './map.ts';
export { type InDialogEvent, MidCall, type MidCallOptions, type MidCallPorts } from './mid-call.ts';
export type {
  Actor,
  ApiKeyStore,
  AuditLog,
  AuditRow,
  BoundaryAdmin,
  BoundaryFeature,
  BoundaryGeometry,
  BoundaryListQuery,
  BoundaryLookup,
  CallerIdentity,
  CallRecordQuery,
  CallRecordStore,
  Dataset,
  DatasetState,
  FetchedLocation,
  LoadOptions,
  LoadOutcome,
  LoadProgress,
  LocationFetch,
  LocationPublisher,
  LocationTableAdmin,
  LocationTableInfo,
  LocationTableName,
  LocationTables,
  Logger,
  LookupAnswer,
  LookupScope,
  RefusedFeature,
  RefusedTableRow,
  SourceFeature,
  SourceTableRow,
  StoredBoundary,
  StoredTableLocation,
  TableChange,
  TableLoadOptions,
  TableLoadOutcome,
  TableLocation,
  Timer,
} from './ports.ts';
export { keptUntil, type RetentionRules } from './retention.ts';
export { createRouteService, type RouteServiceOptions, type RouteServicePorts } from './route-service.ts';
export { readServiceUrn, type ServiceName, serviceFamily } from './service-urn.ts';
export type { Profile, SupplyOptions } from './supply.ts';
export type {
  BoundaryMatch,
  CallAttempt,
  CallRecord,
  CallState,
  Located,
  LocationCandidate,
  LocationUpdate,
  Mapping,
  MappingRule,
  Plan,
  PlanTarget,
  Recognition,
  RecognitionRule,
  RouteAnswer,
  RouteLocation,
  RouteQuery,
  RouteService,
  StageName,
  StageTrace,
  TargetReason,
  UnmappedReason,
} from './types.ts';
