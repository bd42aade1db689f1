import type { DatasetId, ServiceUrn, WallMs } from '../base/index.ts';

// Gaps and overlaps of service boundaries, kept once a place beyond the check or the lookup that found them: what the
// GapOverlap event package tells of (NENA-STA-010.3 §4.3.4).

/** Ground of a service that no boundary has, or several have. */
export interface DataError {
  readonly id: number;
  readonly kind: 'gap' | 'overlap';
  readonly serviceUrn: ServiceUrn;
  /** Agencies of the boundaries that it concerns, as far as they are named. */
  readonly agencies: readonly string[];
  readonly featureIds: readonly string[];
  readonly foundBy: 'check' | 'lookup';
  /** Where it was found last; undefined: that dataset was removed. */
  readonly datasetId: DatasetId | undefined;
  readonly firstSeen: WallMs;
  readonly lastSeen: WallMs;
  readonly seenCount: number;
  /** When a later check of the active dataset did not find it any more. */
  readonly resolvedAt: WallMs | undefined;
  /** On the spheroid; undefined where only a call from there is known. */
  readonly areaM2: number | undefined;
  /** A GeoJSON geometry in EPSG:4326. Of a gap that a call was in, a cell of some hundred metres around it: not its place. */
  readonly place: unknown;
}

/** A page of data errors, the one found last first. */
export interface DataErrorQuery {
  readonly limit: number;
  /** Errors whose id is below this one. */
  readonly before: number | undefined;
  readonly kind: 'gap' | 'overlap' | undefined;
  /** Whether those that are resolved are listed too. */
  readonly withResolved: boolean;
}

/** Lists data errors. */
export interface DataErrorList {
  listDataErrors(query: DataErrorQuery): Promise<readonly DataError[]>;
}
