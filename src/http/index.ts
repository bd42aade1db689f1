export { apiKeyRandomBytes, cliUserAgent, hashApiKey, isApiKey, newApiKey } from './api-key.ts';
export type { HttpErrorCode } from './errors.ts';
export { httpErrors } from './errors.ts';
export type { HttpLimits } from './limits.ts';
export { defaultHttpLimits } from './limits.ts';
export type { LocationReferencesOptions, ReferenceCounts } from './location-references.ts';
export { LocationReferences } from './location-references.ts';
export type { LostClientRights, LostClientRule } from './lost-clients.ts';
export type { LostEndpointCounts, LostEndpointOptions, LostService } from './lost-endpoint.ts';
export { LostEndpoint } from './lost-endpoint.ts';
export type { OpenApiDocument } from './openapi.ts';
export { openApiDocument } from './openapi.ts';
export { operations } from './operations/table.ts';
export { createHttpServer } from './server.ts';
export type {
  DiscrepancyDesk,
  Health,
  HealthCheck,
  HttpCertificates,
  HttpListen,
  HttpPorts,
  HttpServer,
  HttpServerOptions,
  LocationTableReader,
} from './types.ts';
export type { WireAuditPage, WireNewKey, WireProblem } from './wire/admin.ts';
export type { WireBoundaryFeature, WireBoundaryPage } from './wire/boundary.ts';
export type { WireCallPage, WireCallRecord, WireCallSummary } from './wire/call.ts';
export type {
  WireChangeAnswer,
  WireChangeSet,
  WireChangeSetPage,
  WireFeatureVersions,
} from './wire/change.ts';
export type { WireCheckReport, WireFindingCodes, WireFindingPage } from './wire/check.ts';
export { civicNames } from './wire/civic.ts';
export type { WireCivicValidation } from './wire/civic-validation.ts';
export type { WireDataset, WireFeatureNote, WireLoadAnswer, WireRefusal } from './wire/dataset.ts';
export type { WireDatasetDiff } from './wire/diff.ts';
export type { WireGisPreview } from './wire/gis-preview.ts';
export type { WireLoadList } from './wire/load-progress.ts';
export type { WireLocated, WireLocation } from './wire/location.ts';
export type {
  WireLocationRow,
  WireLocationRowPage,
  WireLocationTable,
  WireTableLoad,
  WireTableNote,
} from './wire/location-table.ts';
export type { WireRouteAnswer } from './wire/route.ts';
export type { WireShadowReport, WireShadowSummary } from './wire/shadow.ts';
export type { WireShape } from './wire/shape.ts';
