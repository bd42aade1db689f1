import { join } from 'node:path';
import { errorText, serviceUrn, wallMs } from '../base/index.ts';
import type { BoundaryLookup, Logger } from '../esrp/index.ts';
import { makeApiKeyStore } from './api-keys.ts';
import { makeAuditLog } from './audit-log.ts';
import { makeBoundaryAdmin } from './boundary-admin.ts';
import { makeBoundaryChanges } from './boundary-changes.ts';
import { makeBoundaryLookup } from './boundary-lookup.ts';
import { CallRecords } from './call-records.ts';
import { makeDiscrepancyStore } from './checks-discrepancy.ts';
import { makeDataErrors } from './checks-places.ts';
import { makeDatasetReview } from './checks-review.ts';
import { makeShadowStore } from './checks-shadow.ts';
import { makeCivicValidator } from './civic-validator.ts';
import { PgDatabase } from './database/pg-driver.ts';
import { PgliteDatabase } from './database/pglite-driver.ts';
import type { Database } from './database/types.ts';
import { makeLocationTables } from './location-tables.ts';
import { LookupSwitch } from './lookup-switch.ts';
import { MemoryLookup } from './memory/memory-lookup.ts';
import { snapshotFile } from './memory/snapshot-file.ts';
import { Standby } from './memory/standby.ts';
import { type FolderLock, lockFolder } from './pglite/folder-lock.ts';
import { type Preparation, prepareSchema } from './preparation.ts';
import { keepRetention, type Retention } from './retention.ts';
import { openSpillFile } from './spill-file.ts';
import { activeDatasetChannel } from './sql/dataset.ts';
import { boundariesAtPoint } from './sql/lookup.ts';
import type { StandbyHealth, Store, StoreOptions } from './types.ts';

/**
 * Opens the store: the database, its schema brought up to date, and what a killed process left behind removed. A server
 * that cannot be reached is waited for in the background. Rejects with a DependencyError that says what to do (`store.folderLocked`, `store.schemaUnknown`, `store.postgisMissing` ...).
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const onProgress = options.onProgress ?? (() => undefined);
  const { database, lock } = await openDatabase(options);
  try {
    const preparation = await prepareSchema(database, { logger: options.logger, onProgress });
    const byDatabase = makeBoundaryLookup(database);
    if (preparation.isDone()) await warmUp(database, byDatabase, options.logger);
    const lookups = await openLookups(database, byDatabase, preparation, options);
    onProgress({ phase: 'ready' });
    return makeStore(database, lock, preparation, lookups, options);
  } catch (error) {
    await database.close(5_000);
    await lock?.release();
    throw error;
  }
}

/** How often the standby index looks whether another dataset is active, in case a notification was lost. */
const standbyPollMs = 30_000;

/** Lookups, and what is behind them. */
interface Lookups {
  readonly lookup: BoundaryLookup;
  readonly health: () => StandbyHealth | undefined;
  stop(): Promise<void>;
}

// The file is read before calls come: where the database is away they go by it from the first one on.
async function openLookups(
  database: Database,
  byDatabase: BoundaryLookup,
  preparation: Preparation,
  options: StoreOptions,
): Promise<Lookups> {
  if (options.standby !== true) {
    return { lookup: byDatabase, health: () => undefined, stop: () => Promise.resolve() };
  }
  const { dataDir, logger } = options;
  const standby = new Standby(database, { file: snapshotFile(dataDir), logger, pollMs: standbyPollMs });
  await standby.load();
  void preparation.done.then(() => standby.follow());
  const lookup = new LookupSwitch(
    { database: byDatabase, memory: new MemoryLookup(() => standby.snapshot) },
    () => ({ datasetId: standby.snapshot?.version.datasetId, isCurrent: standby.isCurrent }),
    {
      first: options.lookupFirst ?? 'database',
      patienceMs: options.lookupPatienceMs ?? 200,
      timer: (delayMs, onEnd) => {
        const timer = setTimeout(onEnd, delayMs);
        return () => clearTimeout(timer);
      },
      logger,
    },
  );
  const stop = async () => {
    lookup.stop();
    await standby.stop();
  };
  return { lookup, health: () => standbyHealth(standby, lookup), stop };
}

function standbyHealth(standby: Standby, lookup: LookupSwitch): StandbyHealth {
  const { snapshot, ...status } = standby.status();
  const { awayBecause, counts } = lookup.status();
  return {
    ...status,
    datasetId: snapshot?.version.datasetId,
    revision: snapshot?.version.revision,
    boundaryCount: snapshot?.columns.rowCount ?? 0,
    vertexCount: snapshot?.index.vertexCount ?? 0,
    sizeBytes: snapshot?.byteLength ?? 0,
    databaseAwayBecause: awayBecause,
    lookups: counts,
  };
}

const anyService = serviceUrn('urn:service:sos');

// The first statement that uses PostGIS loads its library, and the first lookup is planned: a quarter of a second in
// the embedded database, which the first call would wait for.
async function warmUp(database: Database, lookup: BoundaryLookup, logger: Logger): Promise<void> {
  const statement = boundariesAtPoint({
    ...{ lon: 0, lat: 0, scale: 1, widthDeg: 1e-5, heightDeg: 1e-5 },
    ...{ services: [], asOf: 0, datasetId: 0 },
  });
  try {
    await database.query(statement, { deadlineMs: 10_000, lane: 'lookup' });
    // In the dataset that is active already, with its indexes.
    await lookup.byPoint({ lon: 0, lat: 0 }, { services: [anyService], asOf: wallMs(0), deadlineMs: 10_000 });
  } catch (error) {
    logger.warn('store.warmUpFailed', { reason: errorText(error) });
  }
}

async function openDatabase(
  options: StoreOptions,
): Promise<{ readonly database: Database; readonly lock: FolderLock | undefined }> {
  if (options.databaseUrl !== undefined) {
    const database = new PgDatabase({
      databaseUrl: options.databaseUrl,
      lookupConnectionsMax: options.lookupConnectionsMax ?? 8,
      workConnectionsMax: options.workConnectionsMax ?? 4,
      lookupTimeoutMs: options.lookupTimeoutMs ?? 2_000,
      workTimeoutMs: 1_800_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
      logger: options.logger,
    });
    return { database, lock: undefined };
  }
  options.onProgress?.({ phase: 'locking' });
  const lock = await lockFolder(options.dataDir);
  try {
    const database = await PgliteDatabase.open({
      dataDir: options.dataDir,
      stuckAfterMs: options.stuckAfterMs ?? 30_000,
      startTimeoutMs: options.startTimeoutMs ?? 120_000,
      onPhase: (phase) => options.onProgress?.({ phase }),
      logger: options.logger,
    });
    return { database, lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function makeStore(
  database: Database,
  lock: FolderLock | undefined,
  preparation: Preparation,
  lookups: Lookups,
  options: StoreOptions,
): Store {
  const deadlineMs = options.workDeadlineMs ?? 10_000;
  let retention: Retention | undefined;
  const records = new CallRecords(database, {
    deadlineMs,
    queueMax: options.recordQueueMax ?? 20_000,
    writeDelayMs: options.recordWriteDelayMs ?? 1_000,
    spill: openSpillFile(join(options.dataDir, 'spill')),
    onPut: (record) => retention?.note(record),
    logger: options.logger,
  });
  records.start();
  void preparation.done.then(() => {
    retention = keepRetention(database, {
      retentionDays: options.recordRetentionDays ?? 365,
      deadlineMs,
      logger: options.logger,
    });
  });
  const review = makeDatasetReview(database, { deadlineMs, logger: options.logger });
  const dataErrors = makeDataErrors(database, options.logger);
  let closing: Promise<void> | undefined;
  const close = async (limitMs: number) => {
    preparation.stop();
    retention?.stop();
    await lookups.stop();
    dataErrors.stop();
    await review.stop();
    await records.stop(limitMs);
    await database.close(limitMs);
    await lock?.release();
  };
  return {
    kind: database.kind,
    prepared: preparation.done,
    isPrepared: () => preparation.isDone(),
    lookup: dataErrors.watch(lookups.lookup),
    dataErrors,
    discrepancies: makeDiscrepancyStore(database, deadlineMs),
    records,
    civic: makeCivicValidator(database),
    boundaries: makeBoundaryAdmin(database, deadlineMs, options.logger),
    changes: makeBoundaryChanges(database, deadlineMs),
    audit: makeAuditLog(database, deadlineMs),
    review,
    shadows: makeShadowStore(database, deadlineMs),
    apiKeys: makeApiKeyStore(database, deadlineMs),
    locationTables: makeLocationTables(database, deadlineMs, options.logger),
    onActiveDatasetChange: (listener) => database.listen(activeDatasetChannel, () => listener()),
    health: () => ({
      database: database.health(),
      pendingRecordCount: records.pendingCount(),
      standby: lookups.health(),
    }),
    describe: () => describeDatabase(options),
    close: (limitMs) => {
      closing ??= close(limitMs);
      return closing;
    },
  };
}

function describeDatabase({ databaseUrl, dataDir }: StoreOptions): string {
  if (databaseUrl === undefined) return `embedded PGlite with PostGIS in ${dataDir}`;
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  if (url === undefined) return 'PostgreSQL server';
  return `PostgreSQL server ${url.host || url.searchParams.get('host') || 'on the local socket'}${url.pathname}`;
}
