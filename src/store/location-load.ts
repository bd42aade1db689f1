import { DependencyError, errorText } from '../base/index.ts';
import type {
  Logger,
  RefusedTableRow,
  SourceTableRow,
  TableLoadOptions,
  TableLoadOutcome,
} from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import { storeError } from './database/failures.ts';
import type { Database } from './database/types.ts';
import { decodeLocationTable, encodeTableLocation, type LocationTableJson } from './location-codec.ts';
import {
  abandonedLocationLoads,
  addLocations,
  analyzeLocationLoad,
  attachLocationLoad,
  beginLocationLoad,
  copyLocations,
  createLocationLoad,
  dropLocationLoad,
  forgetLocationLoad,
  type LocationRowJson,
  listLocationTables,
  pointAtLocationLoad,
  reserveLocationLoadId,
  unfinishedLocationLoads,
} from './sql/location-table.ts';

// Small batches keep the embedded database, which has one session, free for lookups in between.
const batchRowsMax = 250;
const copyRowsMax = 1_000;
const statementDeadlineMs = 120_000;
/** Refused rows that are listed; what is wrong with many of them is usually one thing. All are counted. */
const refusedRowsMax = 1_000;

/**
 * Loads rows into a partition beside the one that lookups read, then points them at it in one step. A row that cannot be
 * used refuses all, unless they are to be left out. Nothing is kept of a load that did not finish, and memory does not grow
 * with the number of rows.
 */
export async function loadLocations(
  database: Database,
  rows: AsyncIterable<SourceTableRow>,
  options: TableLoadOptions,
  logger: Logger,
): Promise<TableLoadOutcome> {
  const query = asking(database);
  const loadId = Number(await query(reserveLocationLoadId()));
  // Tells other processes that somebody works on this load. Numbers below zero: those above are loads of boundaries.
  const lock = await database.tryLock(-loadId);
  if (lock === undefined) throw storeError('store.loadFailed', `the load number ${loadId} is locked`);
  try {
    const liveId = await query(beginLocationLoad(options.table, loadId));
    if (liveId === null) return { kind: 'busy' };
    const outcome = await new Load(database, { loadId, liveId: Number(liveId) }, options).run(rows);
    if (outcome.kind === 'refused') await discard(database, loadId);
    await dropAbandonedLocationLoads(database, logger);
    return outcome;
  } catch (error) {
    await discard(database, loadId).catch((failure: unknown) =>
      // What stays behind is never read, and is removed at the next start.
      logger.warn('store.discardFailed', { loadId, reason: errorText(failure) }),
    );
    throw error instanceof DependencyError
      ? error
      : storeError('store.loadFailed', `the load failed: ${errorText(error)}`, error);
  } finally {
    await lock.release();
  }
}

/** Removes what killed processes left of their loads. Loads that another process is working on stay. */
export async function discardUnfinishedLocationLoads(database: Database, logger: Logger): Promise<number> {
  const ids = (await asking(database)(unfinishedLocationLoads())) as number[];
  let discarded = 0;
  for (const id of ids) {
    const lock = await database.tryLock(-id);
    if (lock === undefined) continue;
    try {
      await discard(database, id);
      discarded += 1;
    } finally {
      await lock.release();
    }
  }
  await dropAbandonedLocationLoads(database, logger);
  return discarded;
}

/** Removes the rows of loads that were replaced; those that cannot be removed now are left for the next time. */
async function dropAbandonedLocationLoads(database: Database, logger: Logger): Promise<void> {
  const ids = (await asking(database)(abandonedLocationLoads())) as number[];
  for (const id of ids) {
    await runScript(database, dropLocationLoad(id)).catch((error: unknown) =>
      logger.warn('store.oldLocationsKept', { loadId: id, reason: errorText(error) }),
    );
  }
}

async function discard(database: Database, loadId: number): Promise<void> {
  await database.dbTransaction(
    async (tx) => {
      const gone = await tx.query(forgetLocationLoad(loadId));
      if (gone === 1) await tx.script(dropLocationLoad(loadId));
    },
    { deadlineMs: statementDeadlineMs },
  );
}

class Load {
  readonly #database: Database;
  readonly #loadId: number;
  readonly #liveId: number;
  readonly #options: TableLoadOptions;
  readonly #refused: RefusedTableRow[] = [];
  #refusedCount = 0;
  /** By key: rows of the next batch. */
  #batch = new Map<string, LocationRowJson>();
  #readCount = 0;

  constructor(
    database: Database,
    ids: { readonly loadId: number; readonly liveId: number },
    options: TableLoadOptions,
  ) {
    this.#database = database;
    this.#loadId = ids.loadId;
    this.#liveId = ids.liveId;
    this.#options = options;
  }

  async run(rows: AsyncIterable<SourceTableRow>): Promise<TableLoadOutcome> {
    await runScript(this.#database, createLocationLoad(this.#loadId));
    if (this.#options.mode === 'merge') await this.#copyLive();
    for await (const row of rows) {
      this.#readCount += 1;
      this.#take(row);
      if (this.#batch.size >= batchRowsMax) await this.#store();
    }
    await this.#store();
    if (this.#readCount === 0) {
      this.#refuse({ line: 1, column: undefined, code: 'store.emptyLoad', reason: 'the source has no rows' });
    }
    const isAllBad = this.#refusedCount >= Math.max(1, this.#readCount);
    const isRefused = this.#refusedCount > 0 && (!this.#options.skipsBadRows || isAllBad);
    return isRefused ? this.#outcome('refused', await this.#table()) : await this.#finish();
  }

  #take(row: SourceTableRow): void {
    if (row.kind === 'refused') {
      this.#refuse(row.refused);
      return;
    }
    const { key } = row.location;
    const first = this.#batch.get(key);
    if (first === undefined) this.#batch.set(key, { ...encodeTableLocation(row.location), line: row.line });
    else this.#refuseRepeated(row.line, first.line);
  }

  async #store(): Promise<void> {
    const rows = [...this.#batch.values()];
    if (rows.length === 0) return;
    this.#batch.clear();
    const { added, repeated } = (await this.#query(addLocations(this.#loadId, rows))) as {
      readonly added: number;
      readonly repeated: readonly { readonly line: number; readonly firstLine: number }[];
    };
    if (added + repeated.length !== rows.length) {
      throw storeError('store.resultLost', `${added} rows were added instead of ${rows.length}`);
    }
    for (const { line, firstLine } of repeated) this.#refuseRepeated(line, firstLine);
  }

  async #copyLive(): Promise<void> {
    let after = '';
    for (;;) {
      const range = { from: this.#liveId, to: this.#loadId, after, limit: copyRowsMax };
      const { count, last } = (await this.#query(copyLocations(range))) as {
        readonly count: number;
        readonly last: string | null;
      };
      if (count < copyRowsMax || last === null) return;
      after = last;
    }
  }

  async #finish(): Promise<TableLoadOutcome> {
    const { table, mode, source, actor } = this.#options;
    const loadId = this.#loadId;
    await runScript(this.#database, analyzeLocationLoad(loadId));
    const pointed = await this.#database.dbTransaction(
      async (tx) => {
        await tx.script(attachLocationLoad(loadId));
        const now = await tx.query(pointAtLocationLoad({ table, loadId, updatedBy: actor.name, source }));
        if (now === null) throw storeError('store.loadFailed', 'the load was removed while it ran');
        const { rowCount } = now as LocationTableJson;
        const skippedCount = this.#refusedCount;
        await audited(tx, actor, 'location.tableLoaded', { table, mode, source, rowCount, skippedCount });
        return now as LocationTableJson;
      },
      { deadlineMs: statementDeadlineMs },
    );
    return this.#outcome('loaded', pointed);
  }

  #outcome(kind: 'loaded' | 'refused', table: LocationTableJson): TableLoadOutcome {
    return {
      kind,
      table: decodeLocationTable(table),
      readCount: this.#readCount,
      refusedCount: this.#refusedCount,
      refused: this.#refused.sort((a, b) => a.line - b.line),
    };
  }

  async #table(): Promise<LocationTableJson> {
    const tables = (await this.#query(listLocationTables())) as readonly LocationTableJson[];
    const found = tables.find(({ name }) => name === this.#options.table);
    if (found === undefined) throw storeError('store.resultLost', 'a location table is missing');
    return { ...found, isLoading: false };
  }

  #refuseRepeated(line: number, firstLine: number): void {
    this.#refuse({
      line,
      column: 'key',
      code: 'store.duplicateKey',
      reason: `line ${firstLine} has the same key; keep one of the two`,
    });
  }

  #refuse(refused: RefusedTableRow): void {
    this.#refusedCount += 1;
    if (this.#refused.length < refusedRowsMax) this.#refused.push(refused);
  }

  #query(statement: Parameters<Database['query']>[0]): Promise<unknown> {
    return this.#database.query(statement, { deadlineMs: statementDeadlineMs });
  }
}

function asking(database: Database) {
  return (statement: Parameters<Database['query']>[0]): Promise<unknown> =>
    database.query(statement, { deadlineMs: statementDeadlineMs });
}

function runScript(database: Database, sql: string): Promise<void> {
  return database.dbTransaction((tx) => tx.script(sql), { deadlineMs: statementDeadlineMs });
}
