import type { CallRecordId, DatasetId, ServiceUrn, WallMs } from '../base/index.ts';
import type { Position, Shape } from '../geo/index.ts';
import type { CivicAddress, LocationReference } from '../location/index.ts';
import type {
  AddressPointFeature,
  AdminAreaFeature,
  CivicResolution,
  GisPreviewLayer,
  GisReading,
  GisReadingFault,
  LayerName,
  ProvisioningFeature,
  RoadFeature,
  SourceCrs,
} from './gis.ts';
import type { AnsweredBy, BoundaryMatch, CallRecord, CallState, MappingRule } from './types.ts';

// The ports: what the core needs of the world. Adapters implement them and fail by rejecting with a DependencyError;
// the stages turn a rejection into a value. Every method that a call waits for takes its deadline.

/** What a lookup found in the active dataset. */
export type LookupAnswer =
  | {
      readonly kind: 'found';
      readonly rule: MappingRule;
      /**
       * In tie-break order: preference of service, then share (`overlap`: the largest first), then priority (highest
       * first), then boundary id. With `overlap` each has its share, and `total` counts those that are not listed too.
       */
      readonly matches: readonly [BoundaryMatch, ...BoundaryMatch[]];
      readonly total?: number;
      /** How a civic address came to its place. */
      readonly civic?: CivicResolution;
      /** From the place to the boundary, metres, where rule `nearest` answers. */
      readonly distanceM?: number;
      /** The standby index or another server, where it answered in place of the database. */
      readonly answeredBy?: AnsweredBy;
    }
  | {
      readonly kind: 'nothing';
      /** Undefined where another server answered. */
      readonly datasetId: DatasetId | undefined;
      readonly answeredBy?: AnsweredBy;
    }
  /** The service that is meant is known not to be there (NENA-STA-010.3 §4.3.4): no neighbour's answers in its place. */
  | {
      readonly kind: 'absent';
      readonly datasetId: DatasetId | undefined;
      readonly boundary: BoundaryMatch;
      /** How a civic address came to its place. */
      readonly civic?: CivicResolution;
      readonly answeredBy?: AnsweredBy;
    }
  /** A civic location that names more than one PSAP's area. */
  | {
      readonly kind: 'ambiguous';
      readonly datasetId: DatasetId;
      readonly candidates: readonly BoundaryMatch[];
      /** How a civic address came to several. */
      readonly civic?: CivicResolution;
      readonly answeredBy?: AnsweredBy;
    }
  | { readonly kind: 'noActiveDataset' };

/** What every kind of lookup is told. */
export interface LookupScope {
  /** Services in order of preference; a boundary of an earlier one wins (service substitution). */
  readonly services: readonly [ServiceUrn, ...ServiceUrn[]];
  /** Boundaries count that are in force at this moment. */
  readonly asOf: WallMs;
  /** From the call to the answer; rejects with `store.deadlineMissed` after it. */
  readonly deadlineMs: number;
  /** A dataset that is not active, to compare; the active one where undefined. Not known: `noActiveDataset`. */
  readonly datasetId?: DatasetId | undefined;
}

/** Finds the boundary that serves a place. One prepared statement a call. */
export interface BoundaryLookup {
  byPoint(position: Position, scope: LookupScope): Promise<LookupAnswer>;
  /**
   * By the ground that a shape covers, where rule `overlap` answers; one without an area to speak of goes by its point.
   * Touching at an edge is no overlap. Rejects with `store.areaTooLarge` where too many boundaries lie in it to overlay.
   */
  byArea(shape: Shape, scope: LookupScope): Promise<LookupAnswer>;
  /** By address points, then road ranges, then areas; tolerant within limits that the answer states. */
  byCivic(civic: CivicAddress, scope: LookupScope): Promise<LookupAnswer>;
  /** The nearest boundary of the first service that has one within a distance (metres), on the ground. */
  nearest(position: Position, withinM: number, scope: LookupScope): Promise<LookupAnswer>;
}

/** A location document that came from elsewhere. */
export interface FetchedLocation {
  readonly bytes: Uint8Array;
  /** `type/subtype` in lower case; empty where it was not said. */
  readonly contentType: string;
  /** Where it came from in the end. */
  readonly uri: string;
}

/** What a location server may know a caller by (RFC 6155 §3). */
export interface CallerIdentity {
  /** The address that the call came from: the caller's own only where nothing stands between. */
  readonly ip: string | undefined;
  /** SIP and tel URIs of the caller, asserted ones first, without display names. */
  readonly uris: readonly string[];
}

/**
 * Locations that lie elsewhere. All methods reject with a DependencyError that says what was asked, what came of it, and
 * never what the document holds; a refusal by rule (address, scheme, size) comes before any packet leaves.
 */
export interface LocationFetch {
  dereference(reference: LocationReference, deadlineMs: number): Promise<FetchedLocation>;
  /** Undefined: no location server is configured. */
  readonly askByIdentity:
    | ((identity: CallerIdentity, deadlineMs: number) => Promise<FetchedLocation>)
    | undefined;
}

/** A row of a location table. */
export interface TableLocation {
  readonly key: string;
  readonly shape: Shape | undefined;
  readonly civic: CivicAddress | undefined;
}

/** The kinds of location tables: by radio cell or access point, and by the caller's number. */
export type LocationTableName = 'cell' | 'number';

/** Tables of what the carrier itself knows of its callers' places. */
export interface LocationTables {
  /** The row of the first key that has one. */
  find(
    table: LocationTableName,
    keys: readonly string[],
    deadlineMs: number,
  ): Promise<TableLocation | undefined>;
}

/** A location table as a whole. */
export interface LocationTableInfo {
  readonly name: LocationTableName;
  readonly rowCount: number;
  /** Of the newest change, undefined where there was none. */
  readonly updatedAt: WallMs | undefined;
  readonly updatedBy: string | undefined;
  /** Where the newest load came from. */
  readonly source: string | undefined;
  readonly isLoading: boolean;
}

/** A row as it is stored. */
export interface StoredTableLocation extends TableLocation {
  readonly updatedAt: WallMs;
}

/** A row of a source that cannot be used: where it is, and what to do about it. */
export interface RefusedTableRow {
  /** From 1, the header among them. */
  readonly line: number;
  readonly column: string | undefined;
  readonly code: string;
  readonly reason: string;
}

/** One row of a source: usable (its key as the table keeps it), or refused. */
export type SourceTableRow =
  | { readonly kind: 'row'; readonly line: number; readonly location: TableLocation }
  | { readonly kind: 'refused'; readonly refused: RefusedTableRow };

export interface TableLoadOptions {
  readonly table: LocationTableName;
  /** `replace`: the rows become the table. `merge`: they are added to it, in place of rows of the same key. */
  readonly mode: 'replace' | 'merge';
  /** Whether rows that cannot be used are left out; they refuse the load otherwise. */
  readonly skipsBadRows: boolean;
  readonly source: string;
  readonly actor: Actor;
}

/** What became of a load of a location table. At most `refusedRowsMax` of the refused rows are listed. */
export type TableLoadOutcome =
  | {
      readonly kind: 'loaded' | 'refused';
      readonly table: LocationTableInfo;
      readonly readCount: number;
      readonly refusedCount: number;
      readonly refused: readonly RefusedTableRow[];
    }
  | { readonly kind: 'busy' };

/** What became of a change of one row. `busy`: a load of the table is under way, nothing was changed. */
export type TableChange =
  | { readonly kind: 'changed'; readonly row: StoredTableLocation }
  | { readonly kind: 'absent' | 'busy' };

/** Loads, reads and changes location tables. Each change leaves an audit row; keys are as the table keeps them. */
export interface LocationTableAdmin {
  listTables(): Promise<readonly LocationTableInfo[]>;
  /** Calls see the table before the load or after it, nothing between. */
  load(rows: AsyncIterable<SourceTableRow>, options: TableLoadOptions): Promise<TableLoadOutcome>;
  /** In key order, after the key named. */
  listRows(query: {
    readonly table: LocationTableName;
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<readonly StoredTableLocation[]>;
  getRow(table: LocationTableName, key: string): Promise<StoredTableLocation | undefined>;
  setRow(table: LocationTableName, location: TableLocation, actor: Actor): Promise<TableChange>;
  /** `changed` with the row that was there. */
  removeRow(table: LocationTableName, key: string, actor: Actor): Promise<TableChange>;
}

/** Calls back once, `delayMs` from now; what it returns keeps it from doing so. */
export type Timer = (delayMs: number, onEnd: () => void) => () => void;

/** Serves documents by reference: what it returns is an `https:` URI that nobody can guess (RFC 6753, RFC 5808 §3.2). */
export interface LocationPublisher {
  publish(pidfLo: string): string;
}

/** A page of call records: newest first. */
export interface CallRecordQuery {
  readonly limit: number;
  /** Records older than this one. */
  readonly before: CallRecordId | undefined;
  readonly state: CallState | undefined;
}

/** Keeps call records. */
export interface CallRecordStore {
  /** Accepts a new or changed record at once and writes it soon, the newest state winning. Never rejects, never blocks a call. */
  put(record: CallRecord): void;
  list(query: CallRecordQuery): Promise<readonly CallRecord[]>;
  get(id: CallRecordId): Promise<CallRecord | undefined>;
}

/** Who did something, for the audit trail: an API key's name, or `system`. */
export interface Actor {
  readonly name: string;
  readonly via: 'api' | 'cli' | 'system';
}

/** GeoJSON coordinates, longitude before latitude, EPSG:4326. */
export interface BoundaryGeometry {
  readonly type: 'MultiPolygon';
  readonly coordinates: readonly (readonly (readonly (readonly [number, number])[])[])[];
}

/** One boundary as it is loaded: attributes by the names of NENA's service boundary layer, geometry checked for form. */
export interface BoundaryFeature {
  /** Ordinal in the source, from 1, to name it in reports. */
  readonly ordinal: number;
  readonly boundaryId: string;
  readonly displayName: string;
  readonly serviceUrn: ServiceUrn;
  readonly serviceUri: string;
  readonly serviceNumber: string | undefined;
  readonly agencyId: string | undefined;
  readonly priority: number;
  readonly effective: WallMs | undefined;
  readonly expire: WallMs | undefined;
  /** Area names for civic locations that name areas only; country is ISO 3166-1 alpha-2. */
  readonly country: string | undefined;
  readonly a1: string | undefined;
  readonly a2: string | undefined;
  readonly a3: string | undefined;
  readonly geometry: BoundaryGeometry;
  /** Of `geometry`; longitude and latitude, EPSG:4326, where undefined. */
  readonly crs?: SourceCrs | undefined;
  readonly discrepancyAgencyId?: string | undefined;
  readonly dateUpdate?: WallMs | undefined;
  /** Where the agency's card is (AVcard_URI). */
  readonly cardUri?: string | undefined;
}

/** A feature that a load refused. */
export interface RefusedFeature {
  readonly ordinal: number;
  /** `serviceBoundary` where undefined. */
  readonly layer?: LayerName | undefined;
  readonly boundaryId: string | undefined;
  readonly code: string;
  readonly reason: string;
}

/** One feature of a source: usable, of the layer that it names (`feature`: a service boundary), or refused with its reason. */
export type SourceFeature =
  | { readonly kind: 'feature'; readonly feature: BoundaryFeature }
  | { readonly kind: 'provisioningBoundary'; readonly feature: ProvisioningFeature }
  | { readonly kind: 'adminArea'; readonly feature: AdminAreaFeature }
  | { readonly kind: 'roadCentreLine'; readonly feature: RoadFeature }
  | { readonly kind: 'addressPoint'; readonly feature: AddressPointFeature }
  | { readonly kind: 'refused'; readonly refused: RefusedFeature };

/** The layers of a source, each with what its first rows became, in order. */
export interface GisPreview {
  readonly layers: readonly (GisPreviewLayer & { readonly items: readonly SourceFeature[] })[];
  /** Files of the source that cannot be read. */
  readonly refused: readonly RefusedFeature[];
}

/** Reads sources of GIS data of any format as they arrive. */
export interface GisReader {
  /** What is wrong with how a source is to be read; asked before the source is. */
  check(reading: GisReading): readonly GisReadingFault[];
  /** Everything that cannot be used comes out as refused. Rejects where `bytes` does, or where the disk does not take it. */
  features(bytes: AsyncIterable<Uint8Array>, reading: GisReading): AsyncIterable<SourceFeature>;
  /** Reads at most `rowsMax` rows of each layer. */
  preview(bytes: AsyncIterable<Uint8Array>, reading: GisReading, rowsMax: number): Promise<GisPreview>;
}

/** `checked`: a check has finished that found no error. */
export type DatasetState = 'staged' | 'checked' | 'active' | 'retired';

/** One complete load of boundaries. */
export interface Dataset {
  readonly id: DatasetId;
  readonly name: string;
  readonly state: DatasetState;
  readonly source: string;
  readonly createdAt: WallMs;
  readonly createdBy: string;
  readonly activatedAt: WallMs | undefined;
  readonly boundaryCount: number;
  /** How many features each layer has. */
  readonly layerCounts: Readonly<Record<LayerName, number>>;
  /** Counts the changes since the load. */
  readonly revision: number;
}

export interface LoadOptions {
  readonly name: string;
  readonly source: string;
  readonly actor: Actor;
  /** `refuse`: invalid geometry refuses the load. `repair`: it is made valid, and counted. */
  readonly invalidGeometry: 'refuse' | 'repair';
  /** The dataset whose layers are taken over where the source has none of theirs. */
  readonly base?: DatasetId | undefined;
  /** Told as work goes on; `done` and `total` count features, total undefined while unknown. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

export interface LoadProgress {
  readonly phase: 'reading' | 'checking' | 'indexing';
  readonly done: number;
  readonly total: number | undefined;
}

/** What became of a load: a staged dataset, or nothing changed and every refusal listed. */
export type LoadOutcome =
  | {
      readonly kind: 'loaded';
      readonly dataset: Dataset;
      readonly repaired: readonly RefusedFeature[];
    }
  | {
      readonly kind: 'refused';
      /** The first ones of them where there are many, in order of the source. */
      readonly refused: readonly RefusedFeature[];
      /** Those that are not listed too. */
      readonly refusedCount?: number;
      readonly readCount: number;
    };

/** A stored boundary with its geometry. */
export interface StoredBoundary extends BoundaryMatch {
  readonly datasetId: DatasetId;
  readonly country: string | undefined;
  readonly a1: string | undefined;
  readonly a2: string | undefined;
  readonly a3: string | undefined;
  readonly effective: WallMs | undefined;
  readonly expire: WallMs | undefined;
  /** Who is asked about what is wrong with it (DiscrpAgID). */
  readonly discrepancyAgencyId?: string | undefined;
  readonly dateUpdate?: WallMs | undefined;
  readonly cardUri?: string | undefined;
  readonly geometry: BoundaryGeometry | undefined;
}

export interface BoundaryListQuery {
  /** The active dataset where undefined. */
  readonly datasetId: DatasetId | undefined;
  readonly limit: number;
  /** Boundaries after this id, in id order. */
  readonly after: string | undefined;
  readonly withGeometry: boolean;
  readonly text: string | undefined;
}

/** Loads, activates, rolls back and reads boundaries. Each change leaves an audit row. */
export interface BoundaryAdmin {
  load(features: AsyncIterable<SourceFeature>, options: LoadOptions): Promise<LoadOutcome>;
  listDatasets(): Promise<readonly Dataset[]>;
  getDataset(id: DatasetId): Promise<Dataset | undefined>;
  /** Makes a staged, checked or retired dataset the active one in one step. Undefined: no such dataset. */
  activate(id: DatasetId, actor: Actor): Promise<Dataset | undefined>;
  /** Makes the dataset active that was active before. Undefined: there is none. */
  rollBack(actor: Actor): Promise<Dataset | undefined>;
  listBoundaries(query: BoundaryListQuery): Promise<readonly StoredBoundary[]>;
  getBoundary(id: string, datasetId: DatasetId | undefined): Promise<StoredBoundary | undefined>;
}

export interface AuditRow {
  readonly id: number;
  readonly at: WallMs;
  readonly actor: string;
  readonly via: string;
  readonly action: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface AuditLog {
  append(actor: Actor, action: string, detail: Readonly<Record<string, unknown>>): Promise<void>;
  list(query: { readonly limit: number; readonly before: number | undefined }): Promise<readonly AuditRow[]>;
}

/** API keys: the store keeps SHA-256 hashes (hex) only. */
export interface ApiKeyStore {
  /** The name of the key with this hash, where it is in force. */
  find(hashHex: string): Promise<{ readonly name: string } | undefined>;
  /** Replaces the key of that name, atomically and audited. */
  replace(name: string, hashHex: string, actor: Actor): Promise<void>;
  hasAny(): Promise<boolean>;
}

/** Structured log lines: a dotted event name and fields. Never positions, addresses or caller numbers unless configured. */
export interface Logger {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}
