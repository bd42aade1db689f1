import type { Operation } from '../operation.ts';
import { readAudit, rotateKey } from './admin.ts';
import { listBoundaries, readBoundary } from './boundaries.ts';
import { followCalls, listCalls, readCall } from './calls.ts';
import { applyChanges, listChanges, listFeatureVersions, undoChanges } from './changes.ts';
import {
  cancelCheck,
  listFindingCodes,
  listFindingFeatures,
  listFindings,
  readCheck,
  startCheck,
} from './checks.ts';
import { activateDataset, listDatasets, readDataset, removeDataset, rollBackDataset } from './datasets.ts';
import {
  readDiscrepancyVersions,
  readResolution,
  readStatusUpdate,
  submitReport,
  submitResolution,
} from './discrepancy.ts';
import {
  listDiscrepancies,
  readDiscrepancy,
  resolveDiscrepancy,
  sendDiscrepancy,
  setDiscrepancyStatus,
} from './discrepancy-desk.ts';
import { listDataErrors } from './discrepancy-places.ts';
import { readDocument, readProblemType } from './document.ts';
import { readCounters, readLiveness, readReadiness } from './health.ts';
import { listLoads, loadDataset, previewDataset } from './load.ts';
import {
  listLocationRows,
  listLocationTables,
  loadLocationTable,
  readLocationRow,
  removeLocationRow,
  setLocationRow,
} from './location-tables.ts';
import { listCertificates, listNextHops } from './network.ts';
import { queryRoute, queryRouteByBody } from './route.ts';
import { cancelShadow, readDiff, readShadow, startShadow } from './shadow.ts';
import { validateLocation } from './validate.ts';

/** Every operation that is served, in the order of the API document. */
export const operations: readonly Operation[] = [
  queryRoute,
  queryRouteByBody,
  validateLocation,
  listBoundaries,
  readBoundary,
  listDatasets,
  loadDataset,
  previewDataset,
  listLoads,
  rollBackDataset,
  readDataset,
  activateDataset,
  removeDataset,
  listChanges,
  applyChanges,
  undoChanges,
  listFeatureVersions,
  startCheck,
  readCheck,
  cancelCheck,
  listFindings,
  listFindingFeatures,
  listFindingCodes,
  listDataErrors,
  readDiff,
  startShadow,
  readShadow,
  cancelShadow,
  listLocationTables,
  loadLocationTable,
  listLocationRows,
  readLocationRow,
  setLocationRow,
  removeLocationRow,
  listCalls,
  readCall,
  followCalls,
  listDiscrepancies,
  sendDiscrepancy,
  readDiscrepancy,
  setDiscrepancyStatus,
  resolveDiscrepancy,
  submitReport,
  submitResolution,
  readResolution,
  readStatusUpdate,
  readDiscrepancyVersions,
  readAudit,
  rotateKey,
  listNextHops,
  listCertificates,
  readDocument,
  readProblemType,
  readLiveness,
  readReadiness,
  readCounters,
];
