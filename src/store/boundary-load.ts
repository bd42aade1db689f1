import { DependencyError, errorText } from '../base/index.ts';
import type {
  BoundaryFeature,
  BoundaryGeometry,
  LoadOptions,
  LoadOutcome,
  LoadProgress,
  Logger,
  RefusedFeature,
  SourceFeature,
} from '../esrp/index.ts';
import { regionKeys, storedAreaKeys } from './area-names.ts';
import { audited } from './audit-log.ts';
import { storeError } from './database/failures.ts';
import type { Database } from './database/types.ts';
import { type DatasetJson, decodeDataset } from './decode.ts';
import { formFault, withoutCollapsedRings } from './geometry/ring-checks.ts';
import { multiPolygonWkb } from './geometry/wkb.ts';
import {
  addBoundaries,
  addParts,
  attachLoadTables,
  type BoundaryRange,
  type BoundaryRow,
  createLoadTables,
  dropLoadTables,
  duplicateIds,
  indexLoadTables,
  judgeBoundaries,
  removeParts,
  repairBoundaries,
} from './sql/boundary.ts';
import {
  beginDataset,
  forgetDataset,
  reserveDatasetId,
  stageDataset,
  unfinishedDatasets,
} from './sql/dataset.ts';

// Batches of a quarter megabyte keep the embedded database, which has one session, free for lookups in between.
const batchBytesMax = 256 * 1024;
const batchRowsMax = 500;
// A single statement of a load: long enough for a polygon of half a million vertices.
const statementDeadlineMs = 120_000;
const indexDeadlineMs = 1_800_000;

interface Judged {
  readonly counted: number;
  readonly invalid: readonly {
    readonly boundaryNo: number;
    readonly ordinal: number;
    readonly boundaryId: string;
    readonly isEmpty: boolean;
    readonly reason: string;
  }[];
}

/**
 * Loads features into a new staged dataset: checked, repaired where asked, split and indexed beside the tables that
 * lookups read, then attached. Any refusal refuses all; nothing is kept of a load that did not finish. Memory does not
 * grow with the number of features.
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
  const load = new Load(database, id, options);
  try {
    const outcome = await load.run(features);
    if (outcome.kind === 'refused') await discardLoad(database, load.datasetId);
    return outcome;
  } catch (error) {
    await discardLoad(database, load.datasetId).catch((failure: unknown) =>
      // What stays behind is never read, and is removed at the next start.
      logger.warn('store.discardFailed', { datasetId: load.datasetId, reason: errorText(failure) }),
    );
    throw error instanceof DependencyError
      ? error
      : storeError('store.loadFailed', `the load failed: ${errorText(error)}`, error);
  } finally {
    await lock.release();
  }
}

/** Removes what killed processes left of their loads. Loads that another process is working on stay. */
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

async function discardLoad(database: Database, datasetId: number): Promise<void> {
  await database.dbTransaction(
    async (tx) => {
      const gone = await tx.query(forgetDataset(datasetId));
      if (gone === 1) await tx.script(dropLoadTables(datasetId));
    },
    { deadlineMs: statementDeadlineMs },
  );
}

class Load {
  readonly datasetId: number;
  readonly #database: Database;
  readonly #options: LoadOptions;
  readonly #refused: RefusedFeature[] = [];
  /** By ordinal: what was wrong with features that could be repaired. */
  readonly #repaired = new Map<number, RefusedFeature>();
  #batch: BoundaryRow[] = [];
  #batchBytes = 0;
  #readCount = 0;
  #storedCount = 0;

  constructor(database: Database, datasetId: number, options: LoadOptions) {
    this.#database = database;
    this.datasetId = datasetId;
    this.#options = options;
  }

  async run(features: AsyncIterable<SourceFeature>): Promise<LoadOutcome> {
    const { name, source, actor } = this.#options;
    await this.#query(beginDataset({ id: this.datasetId, name, source, createdBy: actor.name }));
    await this.#script(createLoadTables(this.datasetId), statementDeadlineMs);
    for await (const source of features) {
      this.#readCount += 1;
      this.#take(source);
      if (this.#batchBytes >= batchBytesMax || this.#batch.length >= batchRowsMax) await this.#store();
      if (this.#readCount % 100 === 0) this.#progress('reading', this.#readCount, undefined);
    }
    await this.#store();
    this.#progress('checking', 0, this.#storedCount);
    await this.#findDuplicates();
    this.#progress('checking', this.#storedCount, this.#storedCount);
    if (this.#readCount === 0) this.#refuse(0, undefined, 'store.emptyLoad', 'the source has no features');
    if (this.#refused.length > 0) {
      const refused = this.#refused.sort((a, b) => a.ordinal - b.ordinal);
      return { kind: 'refused', refused, readCount: this.#readCount };
    }
    return await this.#finish();
  }

  #take(source: SourceFeature): void {
    if (source.kind === 'refused') {
      this.#refused.push(source.refused);
      return;
    }
    if (source.kind !== 'feature') {
      const { ordinal, featureId } = source.feature;
      this.#refuse(ordinal, featureId, 'store.layerUnknown', `the layer ${source.kind} is not loaded`);
      return;
    }
    const { feature } = source;
    const fault = formFault(feature.geometry);
    if (fault !== undefined) {
      this.#refuse(feature.ordinal, feature.boundaryId, fault.code, fault.reason);
      return;
    }
    const { geometry, collapsedCount } = withoutCollapsedRings(feature.geometry);
    if (collapsedCount > 0 && !this.#mayDropRings(feature, geometry, collapsedCount)) return;
    const row = boundaryRow({ ...feature, geometry }, this.#storedCount + this.#batch.length + 1);
    this.#batch.push(row);
    this.#batchBytes += row.wkb.length / 2;
  }

  #mayDropRings(feature: BoundaryFeature, left: BoundaryGeometry, collapsedCount: number): boolean {
    const reason = `${collapsedCount} of its rings have no area`;
    if (this.#options.invalidGeometry === 'refuse') {
      this.#refuse(feature.ordinal, feature.boundaryId, 'store.invalidGeometry', reason);
      return false;
    }
    if (left.coordinates.length === 0) {
      this.#refuse(
        feature.ordinal,
        feature.boundaryId,
        'store.unrepairable',
        `${reason}, and nothing else is left`,
      );
      return false;
    }
    this.#noteRepair(feature.ordinal, feature.boundaryId, reason);
    return true;
  }

  async #store(): Promise<void> {
    const rows = this.#batch;
    if (rows.length === 0) return;
    this.#batch = [];
    this.#batchBytes = 0;
    const range = {
      datasetId: this.datasetId,
      from: this.#storedCount + 1,
      to: this.#storedCount + rows.length,
    };
    const added = await this.#query(addBoundaries(this.datasetId, rows));
    expectCount(added, rows.length, 'adding boundaries');
    this.#storedCount = range.to;
    await this.#makeValid(range);
    // A load that is refused already is read on only to name everything that is wrong with it.
    if (this.#refused.length === 0) await this.#split(range);
  }

  async #makeValid(range: BoundaryRange): Promise<void> {
    const { invalid } = await this.#judge(range);
    if (invalid.length === 0) return;
    if (this.#options.invalidGeometry === 'refuse') {
      for (const each of invalid) {
        this.#refuse(each.ordinal, each.boundaryId, 'store.invalidGeometry', each.reason);
      }
      return;
    }
    await this.#repair(invalid.map(({ boundaryNo }) => boundaryNo));
    const still = new Set((await this.#judge(range)).invalid.map(({ boundaryNo }) => boundaryNo));
    for (const each of invalid) {
      if (still.has(each.boundaryNo)) {
        this.#refuse(
          each.ordinal,
          each.boundaryId,
          'store.unrepairable',
          `${each.reason}; no repair leaves an area`,
        );
      } else {
        this.#noteRepair(each.ordinal, each.boundaryId, each.reason);
      }
    }
  }

  // A repair that fails inside of GEOS fails for its whole batch; one by one, only the cause stays as it is and is
  // refused by the judgement that follows.
  async #repair(numbers: readonly number[]): Promise<void> {
    try {
      expectCount(await this.#query(repairBoundaries(this.datasetId, numbers)), numbers.length, 'repairing');
    } catch (error) {
      if (!isFailureInGeos(error)) throw error;
      if (numbers.length === 1) return;
      for (const number of numbers) await this.#repair([number]);
    }
  }

  async #judge(range: BoundaryRange): Promise<Judged> {
    const judged = (await this.#query(judgeBoundaries(range))) as Judged;
    expectCount(judged.counted, range.to - range.from + 1, 'judging geometry');
    return judged;
  }

  // Splitting valid polygons can still fail inside of GEOS at full precision; on a grid of a tenth of a millimetre
  // it does not.
  async #split(range: BoundaryRange): Promise<void> {
    const count = range.to - range.from + 1;
    try {
      expectCount(await this.#query(addParts(range, -1)), count, 'splitting');
    } catch (error) {
      if (!isFailureInGeos(error)) throw error;
      await this.#query(removeParts(range));
      expectCount(await this.#query(addParts(range, 1e-9)), count, 'splitting on a grid');
    }
  }

  async #findDuplicates(): Promise<void> {
    const duplicates = (await this.#query(duplicateIds(this.datasetId))) as readonly {
      readonly boundaryId: string;
      readonly ordinal: number;
      readonly firstOrdinal: number;
    }[];
    for (const { boundaryId, ordinal, firstOrdinal } of duplicates) {
      const reason = `feature ${firstOrdinal} has the same id`;
      this.#refuse(ordinal, boundaryId, 'store.duplicateId', reason);
    }
  }

  async #finish(): Promise<LoadOutcome> {
    this.#progress('indexing', 0, this.#storedCount);
    await this.#script(indexLoadTables(this.datasetId), indexDeadlineMs);
    const { actor, name, source } = this.#options;
    const staged = await this.#database.dbTransaction(
      async (tx) => {
        await tx.script(attachLoadTables(this.datasetId));
        const dataset = await tx.query(stageDataset(this.datasetId, this.#storedCount));
        if (dataset === null) throw storeError('store.loadFailed', 'the load was removed while it ran');
        await audited(tx, actor, 'dataset.loaded', {
          datasetId: this.datasetId,
          name,
          source,
          boundaryCount: this.#storedCount,
          repairedCount: this.#repaired.size,
        });
        return dataset as DatasetJson;
      },
      { deadlineMs: statementDeadlineMs },
    );
    this.#progress('indexing', this.#storedCount, this.#storedCount);
    return { kind: 'loaded', dataset: decodeDataset(staged), repaired: [...this.#repaired.values()] };
  }

  #refuse(ordinal: number, boundaryId: string | undefined, code: string, reason: string): void {
    this.#refused.push({ ordinal, boundaryId, code, reason });
  }

  #noteRepair(ordinal: number, boundaryId: string, reason: string): void {
    const before = this.#repaired.get(ordinal);
    this.#repaired.set(ordinal, {
      ordinal,
      boundaryId,
      code: 'store.invalidGeometry',
      reason: before === undefined ? reason : `${before.reason}; ${reason}`,
    });
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

function boundaryRow(feature: BoundaryFeature, boundaryNo: number): BoundaryRow {
  const { countryKey, a1Key } = regionKeys(feature.country, feature.a1);
  return {
    boundary_no: boundaryNo,
    ordinal: feature.ordinal,
    boundary_id: feature.boundaryId,
    display_name: feature.displayName,
    service_urn: feature.serviceUrn,
    service_uri: feature.serviceUri,
    service_number: feature.serviceNumber ?? null,
    agency_id: feature.agencyId ?? null,
    priority: feature.priority,
    effective: feature.effective ?? null,
    expire: feature.expire ?? null,
    country: feature.country ?? null,
    a1: feature.a1 ?? null,
    a2: feature.a2 ?? null,
    a3: feature.a3 ?? null,
    country_key: countryKey ?? '',
    a1_key: a1Key ?? '',
    a2_keys: storedAreaKeys(feature.a2),
    a3_keys: storedAreaKeys(feature.a3),
    wkb: multiPolygonWkb(feature.geometry).toString('hex'),
  };
}

function isFailureInGeos(error: unknown): boolean {
  return (
    error instanceof DependencyError &&
    (error.code === 'store.resultLost' || error.code === 'store.queryFailed')
  );
}

function expectCount(answer: unknown, expected: number, what: string): void {
  if (answer !== expected) {
    throw storeError(
      'store.resultLost',
      `${what} touched ${String(answer)} boundaries instead of ${expected}`,
    );
  }
}
