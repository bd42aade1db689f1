import { boundaryId, datasetId, serviceUrn, type WallMs, wallMs } from '../base/index.ts';
import type { BoundaryMatch, Dataset, DatasetState, LayerName, StoredBoundary } from '../esrp/index.ts';

// What our own statements answer, as JSON has it: null where the core says undefined, plain numbers and strings where
// it has brands.

/** A boundary in the answer of a lookup. */
export interface MatchJson {
  readonly boundaryId: string;
  readonly displayName: string;
  readonly serviceUrn: string;
  readonly serviceUri: string;
  readonly serviceNumber: string | null;
  readonly agencyId: string | null;
  readonly priority: number;
}

/** A stored boundary. */
export interface BoundaryJson extends MatchJson {
  readonly datasetId: number;
  readonly country: string | null;
  readonly a1: string | null;
  readonly a2: string | null;
  readonly a3: string | null;
  readonly discrepancyAgencyId: string | null;
  readonly cardUri: string | null;
  readonly dateUpdate: number | null;
  readonly effective: number | null;
  readonly expire: number | null;
  readonly geometry: NonNullable<StoredBoundary['geometry']> | null;
}

/** A row of the dataset table. */
export interface DatasetJson {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly source: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly activatedAt: number | null;
  readonly boundaryCount: number;
  readonly layerCounts: Partial<Record<LayerName, number>>;
  readonly revision: number;
}

export function decodeMatch(json: MatchJson, dataset: number): BoundaryMatch {
  return {
    boundaryId: boundaryId(json.boundaryId),
    datasetId: datasetId(dataset),
    displayName: json.displayName,
    serviceUrn: serviceUrn(json.serviceUrn),
    serviceUri: json.serviceUri,
    serviceNumber: json.serviceNumber ?? undefined,
    agencyId: json.agencyId ?? undefined,
    priority: json.priority,
  };
}

export function decodeBoundary(json: BoundaryJson): StoredBoundary {
  return {
    ...decodeMatch(json, json.datasetId),
    datasetId: datasetId(json.datasetId),
    country: json.country ?? undefined,
    a1: json.a1 ?? undefined,
    a2: json.a2 ?? undefined,
    a3: json.a3 ?? undefined,
    discrepancyAgencyId: json.discrepancyAgencyId ?? undefined,
    cardUri: json.cardUri ?? undefined,
    dateUpdate: moment(json.dateUpdate),
    effective: moment(json.effective),
    expire: moment(json.expire),
    geometry: json.geometry ?? undefined,
  };
}

const noFeatures: Readonly<Record<LayerName, number>> = {
  serviceBoundary: 0,
  provisioningBoundary: 0,
  adminArea: 0,
  roadCentreLine: 0,
  addressPoint: 0,
};

export function decodeDataset(json: DatasetJson): Dataset {
  return {
    id: datasetId(json.id),
    name: json.name,
    state: json.state as DatasetState,
    source: json.source,
    createdAt: wallMs(json.createdAt),
    createdBy: json.createdBy,
    activatedAt: moment(json.activatedAt),
    boundaryCount: json.boundaryCount,
    layerCounts: { ...noFeatures, ...json.layerCounts },
    revision: json.revision,
  };
}

/** A moment; undefined where JSON has null. */
export function moment(value: number | null): WallMs | undefined {
  return value === null ? undefined : wallMs(value);
}
