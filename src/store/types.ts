import type {
  ApiKeyStore,
  AuditLog,
  BoundaryAdmin,
  BoundaryChanges,
  BoundaryLookup,
  CallRecordStore,
  CivicValidator,
  DataErrorList,
  DatasetReview,
  DiscrepancyStore,
  LocationTableAdmin,
  LocationTables,
  Logger,
  ShadowStore,
} from '../esrp/index.ts';
import type { DatabaseHealth } from './database/types.ts';

/** The phases of opening a store, in order; some are skipped. */
export type StorePhase =
  | 'locking'
  | 'repacking'
  | 'creating'
  | 'opening'
  | 'extension'
  | 'migrating'
  | 'ready';

/** How far a start is. `done` of `total` where a phase counts. */
export interface StoreProgress {
  readonly phase: StorePhase;
  readonly done?: number;
  readonly total?: number;
}

/** How to open a store. Times in milliseconds. */
export interface StoreOptions {
  /** A PostgreSQL server with PostGIS; undefined: the embedded database in the data folder. */
  readonly databaseUrl: string | undefined;
  /** Holds the embedded database, its cache, and records that could not be written. */
  readonly dataDir: string;
  readonly logger: Logger;
  readonly onProgress?: (progress: StoreProgress) => void;
  /** Connections to the server kept for lookups. Default 8. */
  readonly lookupConnectionsMax?: number;
  /** Connections to the server for all else. Default 4. */
  readonly workConnectionsMax?: number;
  /** The server's own limit for a lookup, above the deadline that each call brings. Default 2,000. */
  readonly lookupTimeoutMs?: number;
  /** Deadline for everything small that is not a lookup: lists, keys, activations. Default 10,000. */
  readonly workDeadlineMs?: number;
  /** How long connecting to the server may take. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How long opening the embedded database may take. Default 120,000. */
  readonly startTimeoutMs?: number;
  /** How long after its deadline a statement in the embedded database counts as stuck. Default 30,000. */
  readonly stuckAfterMs?: number;
  /** Call records that wait in memory at most. Default 20,000. */
  readonly recordQueueMax?: number;
  /** Call records older than this are removed. Default 365. */
  readonly recordRetentionDays?: number;
  /** How long a call record waits for others to be written with it. Default 100. */
  readonly recordWriteDelayMs?: number;
  /** Whether the active dataset is kept in memory and in a file, to answer where the database does not. Default false. */
  readonly standby?: boolean;
  /** Who is asked first. Default `database`. */
  readonly lookupFirst?: 'database' | 'memory';
  /** How long the database may take before memory answers. Default 200. */
  readonly lookupPatienceMs?: number;
}

/** How the store is. */
export interface StoreHealth {
  readonly database: DatabaseHealth;
  /** Call records that wait to be written. */
  readonly pendingRecordCount: number;
  /** Undefined where no dataset is kept in memory. */
  readonly standby: StandbyHealth | undefined;
}

/** How the standby index is, and who answers lookups. */
export interface StandbyHealth {
  /** Of the dataset in memory; undefined where there is none. */
  readonly datasetId: number | undefined;
  readonly revision: number | undefined;
  readonly boundaryCount: number;
  readonly vertexCount: number;
  readonly sizeBytes: number;
  /** Whether that is the active dataset as far as is known. */
  readonly isCurrent: boolean;
  readonly isBuilding: boolean;
  readonly origin: 'file' | 'database' | undefined;
  /** What went wrong with it last, until it goes right. */
  readonly fault: string | undefined;
  /** Why the database is not asked at the moment; undefined while it is. */
  readonly databaseAwayBecause: string | undefined;
  /** How often who answered, was late, failed, was left alone or was probed. */
  readonly lookups: Readonly<Record<string, number>>;
}

/** An open store: the adapters of the core's ports over one database. */
export interface Store {
  readonly kind: 'pglite' | 'postgres';
  /** Resolves when the schema is current: at once, save where the database server was away at the start. */
  readonly prepared: Promise<void>;
  isPrepared(): boolean;
  readonly lookup: BoundaryLookup;
  /** The location validation function. */
  readonly civic: CivicValidator;
  readonly records: CallRecordStore;
  readonly boundaries: BoundaryAdmin;
  readonly changes: BoundaryChanges;
  readonly audit: AuditLog;
  /** Checks, compares and removes datasets. */
  readonly review: DatasetReview;
  readonly shadows: ShadowStore;
  /** Gaps and overlaps that checks and calls found. */
  readonly dataErrors: DataErrorList;
  readonly discrepancies: DiscrepancyStore;
  readonly apiKeys: ApiKeyStore;
  readonly locationTables: LocationTables & LocationTableAdmin;
  /** Calls `listener` after the active dataset changed, here or in another process, until the returned function is called. */
  onActiveDatasetChange(listener: () => void): Promise<() => Promise<void>>;
  health(): StoreHealth;
  /** One line for people: what database, where; without a password. */
  describe(): string;
  /** Writes what waits, then closes, within about `deadlineMs`. May be called twice. */
  close(deadlineMs: number): Promise<void>;
}
