import { DependencyError, errorText } from '../base/index.ts';
import type {
  Dataset,
  LayerName,
  LoadOptions,
  LoadOutcome,
  LoadProgress,
  Logger,
  SourceCrs,
  SourceFeature,
} from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import { storeError } from './database/failures.ts';
import type { Database } from './database/types.ts';
import { dropDatasetTables } from './dataset-remove.ts';
import { type DatasetJson, decodeDataset } from './decode.ts';
import { copyLayers } from './layer-copy.ts';
import { LayerNotes, refusedListedMax } from './layer-notes.ts';
import { LayerRows } from './layer-rows.ts';
import type { LayerRow, LayerWriter } from './layer-writer.ts';
import { idOf, layerFeature, layerOf, layerWriters, type UsableFeature, writerOf } from './layer-writers.ts';
import {
  beginDataset,
  forgetDataset,
  reserveDatasetId,
  stageDataset,
  unfinishedDatasets,
  unlistDataset,
} from './sql/dataset.ts';
import { type RepeatedId, repeatedIds } from './sql/layer.ts';

/** How much goes to the database at once, and how many batches are under way. */
interface Pace {
  readonly bytesMax: number;
  readonly rowsMax: number;
  readonly lanesMax: number;
}

// Batches of a quarter megabyte keep the embedded database, which has one session, free for lookups in between. A server
// splits polygons on several connections at once; half of the work connections stay free for others.
const paces: Readonly<Record<Database['kind'], Pace>> = {
  pglite: { bytesMax: 512 * 1024, rowsMax: 500, lanesMax: 1 },
  postgres: { bytesMax: 1024 * 1024, rowsMax: 2_000, lanesMax: 2 },
};
// A single statement of a load: long enough for a polygon of half a million vertices.
const statementDeadlineMs = 120_000;
const indexDeadlineMs = 1_800_000;

/**
 * Loads features of all layers into a new staged dataset: checked, brought to EPSG:4326, repaired where asked, split and
 * indexed beside the tables that lookups read, then attached. Any refusal refuses all; nothing is kept of a load that did
 * not finish. Memory does not grow with the number of features.
 */
export async function loadBoundaries(
  database: Database,
  features: AsyncIterable<SourceFeature>,
  options: LoadOptions,
  logger: Logger,
): Promise<LoadOutcome> {
  const id = Number(await database.query(reserveDatasetId(), { deadlineMs: statementDeadlineMs }));
  // Tells other processes that somebody works on this unfinished load.
  const lock = await database.tryLock(id);
  if (lock === undefined) throw storeError('store.loadFailed', `the dataset number ${id} is locked`);
  try {
    const outcome = await new Load(database, id, options).run(features);
    if (outcome.kind === 'refused') await discardLoad(database, id);
    return outcome;
  } catch (error) {
    await discardLoad(database, id).catch((failure: unknown) =>
      // What stays behind is never read, and is removed at the next start.
      logger.warn('store.discardFailed', { datasetId: id, reason: errorText(failure) }),
    );
    throw error instanceof DependencyError
      ? error
      : storeError('store.loadFailed', `the load failed: ${errorText(error)}`, error);
  } finally {
    await lock.release();
  }
}

/** Removes what killed processes left of their loads and removals. What another process is working on stays. */
export async function discardUnfinishedLoads(database: Database): Promise<number> {
  const ids = (await database.query(unfinishedDatasets(), { deadlineMs: statementDeadlineMs })) as number[];
  let discarded = 0;
  for (const id of ids) {
    const lock = await database.tryLock(id);
    if (lock === undefined) continue;
    try {
      await discardLoad(database, id);
      discarded += 1;
    } finally {
      await lock.release();
    }
  }
  return discarded;
}

// The row that names the dataset goes last, so that what is left is found again.
async function discardLoad(database: Database, datasetId: number): Promise<void> {
  await database.query(unlistDataset(datasetId), { deadlineMs: statementDeadlineMs });
  await dropDatasetTables(database, datasetId);
  await database.query(forgetDataset(datasetId), { deadlineMs: statementDeadlineMs });
}

/** Rows of one layer and one coordinate system that wait to be stored. */
interface Batch {
  readonly writer: LayerWriter;
  readonly crs: SourceCrs | undefined;
  readonly rows: LayerRow[];
  bytes: number;
}

class Load {
  readonly #database: Database;
  readonly #datasetId: number;
  readonly #options: LoadOptions;
  readonly #pace: Pace;
  readonly #notes = new LayerNotes();
  readonly #rows: LayerRows;
  readonly #batches = new Map<LayerName, Batch>();
  /** By layer: how many rows have a number. */
  readonly #counts = new Map<LayerName, number>();
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #readCount = 0;

  constructor(database: Database, datasetId: number, options: LoadOptions) {
    this.#database = database;
    this.#datasetId = datasetId;
    this.#options = options;
    this.#pace = paces[database.kind];
    const ask = (statement: Parameters<Database['query']>[0]) => this.#query(statement);
    this.#rows = new LayerRows(
      { ask, attempt: ask },
      { datasetId, invalidGeometry: options.invalidGeometry, notes: this.#notes },
    );
  }

  async run(features: AsyncIterable<SourceFeature>): Promise<LoadOutcome> {
    const { name, source, actor } = this.#options;
    await this.#query(beginDataset({ id: this.#datasetId, name, source, createdBy: actor.name }));
    const tables = layerWriters.map((writer) => writer.createTables(this.#datasetId)).join(';\n');
    await this.#script(tables, statementDeadlineMs);
    try {
      await this.#read(features);
    } finally {
      // A load that fails must not go on behind the removal of its tables.
      await Promise.all(this.#underWay);
    }
    const storedCount = this.#storedCount();
    this.#progress('checking', 0, storedCount);
    await this.#findRepeated();
    this.#progress('checking', storedCount, storedCount);
    if (this.#readCount === 0) {
      const reason = 'the source has no features';
      this.#notes.refuse({ ordinal: 0, boundaryId: undefined, code: 'store.emptyLoad', reason });
    }
    const { refusedCount } = this.#notes;
    if (refusedCount > 0) {
      return { kind: 'refused', refused: this.#notes.refused(), refusedCount, readCount: this.#readCount };
    }
    return await this.#finish();
  }

  async #read(features: AsyncIterable<SourceFeature>): Promise<void> {
    for await (const source of features) {
      this.#readCount += 1;
      if (source.kind === 'refused') this.#notes.refuse(source.refused);
      else await this.#take(source);
      if (this.#readCount % 100 === 0) this.#progress('reading', this.#readCount, undefined);
    }
    for (const batch of this.#batches.values()) await this.#send(batch);
    await Promise.all(this.#underWay);
    this.#throwFailure();
  }

  async #take(source: UsableFeature): Promise<void> {
    const layer = layerOf(source);
    const writer = writerOf(layer);
    const feature = layerFeature(source);
    if (writer === undefined || feature === undefined) {
      const { ordinal, featureId } = idOf(source);
      const reason = `the layer ${layer} is not kept`;
      this.#notes.refuse({ ordinal, layer, boundaryId: featureId, code: 'store.layerUnknown', reason });
      return;
    }
    const row = this.#rows.rowOf(writer, feature);
    if (row === undefined) return;
    const batch = await this.#batchOf(writer, feature.crs);
    batch.rows.push(row);
    batch.bytes += row.bytes;
    if (batch.bytes < this.#pace.bytesMax && batch.rows.length < this.#pace.rowsMax) return;
    this.#batches.delete(layer);
    await this.#send(batch);
  }

  async #batchOf(writer: LayerWriter, crs: SourceCrs | undefined): Promise<Batch> {
    const waiting = this.#batches.get(writer.layer);
    if (waiting !== undefined && isSameCrs(waiting.crs, crs)) return waiting;
    if (waiting !== undefined) await this.#send(waiting);
    const batch: Batch = { writer, crs, rows: [], bytes: 0 };
    this.#batches.set(writer.layer, batch);
    return batch;
  }

  /** Begins to store a batch, once one of those under way has ended. */
  async #send({ writer, crs, rows }: Batch): Promise<void> {
    while (this.#underWay.size >= this.#pace.lanesMax) await Promise.race(this.#underWay);
    this.#throwFailure();
    const from = (this.#counts.get(writer.layer) ?? 0) + 1;
    this.#counts.set(writer.layer, from + rows.length - 1);
    const work: Promise<void> = this.#rows
      .store(writer, { rows, from, crs })
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #findRepeated(): Promise<void> {
    for (const { spec, layer } of layerWriters) {
      if (!this.#counts.has(layer)) continue;
      const statement = repeatedIds(spec, this.#datasetId, refusedListedMax);
      const repeated = (await this.#query(statement)) as readonly RepeatedId[];
      for (const { featureId, ordinal, firstOrdinal } of repeated) {
        const reason = `feature ${firstOrdinal} has the same id`;
        this.#notes.refuse({ ordinal, layer, boundaryId: featureId, code: 'store.duplicateId', reason });
      }
    }
  }

  async #finish(): Promise<LoadOutcome> {
    const counts = new Map(this.#counts);
    const { base } = this.#options;
    if (base !== undefined) {
      const lacking = layerWriters.filter(({ layer }) => !counts.has(layer));
      const copied = await copyLayers(this.#database, lacking, { base, datasetId: this.#datasetId });
      for (const [layer, count] of copied) counts.set(layer, count);
    }
    const total = sum(counts.values());
    let done = 0;
    for (const writer of layerWriters) {
      this.#progress('indexing', done, total);
      await this.#script(writer.indexTables(this.#datasetId), indexDeadlineMs);
      done += counts.get(writer.layer) ?? 0;
    }
    const dataset = await this.#stage(counts);
    this.#progress('indexing', total, total);
    return { kind: 'loaded', dataset, repaired: this.#notes.repaired() };
  }

  async #stage(counts: ReadonlyMap<LayerName, number>): Promise<Dataset> {
    const { actor, name, source, base } = this.#options;
    const layerCounts = Object.fromEntries(counts);
    return await this.#database.dbTransaction(
      async (tx) => {
        await tx.script(layerWriters.map((writer) => writer.attachTables(this.#datasetId)).join(';\n'));
        const dataset = await tx.query(stageDataset(this.#datasetId, layerCounts));
        if (dataset === null) throw storeError('store.loadFailed', 'the load was removed while it ran');
        await audited(tx, actor, 'dataset.loaded', {
          datasetId: this.#datasetId,
          name,
          source,
          boundaryCount: counts.get('serviceBoundary') ?? 0,
          layerCounts,
          ...(base === undefined ? {} : { baseDatasetId: base }),
          repairedCount: this.#notes.repaired().length,
        });
        return decodeDataset(dataset as DatasetJson);
      },
      { deadlineMs: statementDeadlineMs },
    );
  }

  #storedCount(): number {
    return sum(this.#counts.values());
  }

  #query(statement: Parameters<Database['query']>[0]): Promise<unknown> {
    return this.#database.query(statement, { deadlineMs: statementDeadlineMs });
  }

  #script(sql: string, deadlineMs: number): Promise<void> {
    return this.#database.dbTransaction((tx) => tx.script(sql), { deadlineMs });
  }

  #progress(phase: LoadProgress['phase'], done: number, total: number | undefined): void {
    this.#options.onProgress?.({ phase, done, total });
  }
}

function isSameCrs(a: SourceCrs | undefined, b: SourceCrs | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind === 'epsg') return b.kind === 'epsg' && a.code === b.code;
  return b.kind === 'definition' && a.text === b.text;
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
