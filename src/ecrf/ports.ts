import type { Clock, DatasetId, ServiceUrn, WallMs } from '../base/index.ts';
import type { BoundaryGeometry, CivicValidator, Located, Logger, MappedLocation } from '../esrp/index.ts';
import type { Position } from '../geo/index.ts';
import type { LostAnswer, LostMapping, LostRequest } from '../lost/index.ts';

/** A boundary of the active dataset without its geometry. */
export interface BoundaryDetail {
  readonly boundaryId: string;
  readonly datasetId: DatasetId;
  readonly displayName: string;
  readonly serviceUrn: ServiceUrn;
  readonly serviceUri: string;
  readonly serviceNumber: string | undefined;
  readonly effective: WallMs | undefined;
  readonly expire: WallMs | undefined;
  readonly country: string | undefined;
  readonly a1: string | undefined;
  readonly a2: string | undefined;
  readonly a3: string | undefined;
}

/** All boundaries of the active dataset, as they were read last. */
export interface BoundaryList {
  readonly datasetId: DatasetId;
  /** Of the dataset; counts its changes. */
  readonly revision: number;
  /** When the dataset came to be as it is. */
  readonly updatedAt: WallMs;
  readonly boundaries: ReadonlyMap<string, BoundaryDetail>;
}

/** What is known of boundaries beside what lookups say. */
export interface BoundaryDirectory {
  /** Undefined where none was read yet, or no dataset is active. */
  current(): BoundaryList | undefined;
  /**
   * The geometry of a boundary; undefined where the dataset is not in that revision any more, or has no such boundary.
   * Rejects with a DependencyError.
   */
  geometry(
    key: { readonly datasetId: DatasetId; readonly revision: number; readonly boundaryId: string },
    deadlineMs: number,
  ): Promise<BoundaryGeometry | undefined>;
}

/** What another LoST server is asked for: to map, or to validate locations (RFC 8917). */
export type LostPurpose = 'mapping' | 'validation' | 'sync';

/** Other LoST servers. */
export interface LostRemote {
  /** The answer of the server of that name. Rejects with a DependencyError, `ecrf.*`, that holds no location. */
  ask(
    server: string,
    request: LostRequest,
    how: { readonly purpose: LostPurpose; readonly deadlineMs: number },
  ): Promise<LostAnswer>;
}

/** What is asked of the stage that maps calls. */
export interface MapCall {
  readonly located: Located;
  readonly service: ServiceUrn;
  readonly asOf: WallMs;
  readonly deadlineMs: number;
  /** Whether the nearest boundary may answer, as it may for calls. */
  readonly mayBeNear: boolean;
}

/** Keeps the mappings of others over a restart. */
export interface SyncStore {
  load(): Promise<readonly LostMapping[]>;
  save(mappings: readonly LostMapping[]): Promise<void>;
}

/** What the service needs of the world. */
export interface EcrfPorts {
  /** The third stage of a call, with the same lookups. Never rejects. */
  readonly map: (call: MapCall) => Promise<MappedLocation>;
  /**
   * How far the nearest boundary of a service is from a place, metres; undefined where none is within `withinM`. Rejects with
   * a DependencyError.
   */
  readonly nearestM: (
    position: Position,
    service: ServiceUrn,
    withinM: number,
    deadlineMs: number,
  ) => Promise<number | undefined>;
  /** Undefined: nothing can be validated. */
  readonly validator: CivicValidator | undefined;
  readonly directory: BoundaryDirectory;
  readonly remote: LostRemote;
  readonly clock: Clock;
  readonly logger: Logger;
}
