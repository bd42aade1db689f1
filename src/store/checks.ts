import { type DatasetId, datasetId, errorText, wallMs } from '../base/index.ts';
import type {
  Actor,
  CheckOptions,
  CheckReport,
  CheckStart,
  DatasetReview,
  Finding,
  FindingQuery,
  Logger,
} from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import { CheckCancelled, CheckContext } from './checks-context.ts';
import { keepFoundPlaces } from './checks-places.ts';
import { runCheck } from './checks-run.ts';
import type { Database, DbLock } from './database/types.ts';
import { removeDataset } from './dataset-remove.ts';
import { type DatasetJson, decodeDataset } from './decode.ts';
import {
  beginCheck,
  endCheck,
  getCheck,
  listFindings,
  markChecked,
  markStaged,
  noteCheck,
  numberFindings,
} from './sql/check.ts';
import { getDataset } from './sql/dataset.ts';

/** How often a running check says how far it is. */
const noteEveryMs = 500;
/** Locks of checks have numbers of their own, above those of datasets. */
const lockOffset = 1_000_000_000;
const endedText = 'the process that ran it ended before the check was done; start it again';

export interface DatasetChecksOptions {
  readonly deadlineMs: number;
  readonly logger: Logger;
}

/** The part of {@link DatasetReview} that checks and removes. */
export type DatasetChecks = Pick<
  DatasetReview,
  'startCheck' | 'getCheck' | 'cancelCheck' | 'listFindings' | 'removeDataset'
> & {
  /** Resolves when no check runs in this process. */
  idle(): Promise<void>;
  /** Ends every check and waits for their ends. */
  stop(): Promise<void>;
};

interface Running {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

interface ReportJson extends Omit<CheckReport, 'datasetId' | 'startedAt' | 'finishedAt' | 'counts'> {
  readonly datasetId: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly counts: Partial<CheckReport['counts']>;
}

/** Checks of datasets over one database; one at a time for a dataset, whichever process runs it. */
export function makeDatasetChecks(database: Database, options: DatasetChecksOptions): DatasetChecks {
  return new Checks(database, options);
}

class Checks implements DatasetChecks {
  readonly #database: Database;
  readonly #options: DatasetChecksOptions;
  readonly #running = new Map<DatasetId, Running>();

  constructor(database: Database, options: DatasetChecksOptions) {
    this.#database = database;
    this.#options = options;
  }

  async startCheck(id: DatasetId, options: CheckOptions): Promise<CheckStart> {
    if (this.#running.has(id)) return await this.#alreadyRunning(id);
    const lock = await this.#database.tryLock(lockOffset + id);
    if (lock === undefined) return await this.#alreadyRunning(id);
    try {
      const begun = await this.#begin(id, options);
      if (begun === undefined) {
        await lock.release();
        return { kind: 'unknown' };
      }
      const abort = new AbortController();
      const done = this.#run(begun, { abort, lock, actor: options.actor });
      this.#running.set(id, { abort, done });
      return { kind: 'started', report: begun.report };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async getCheck(id: DatasetId): Promise<CheckReport | undefined> {
    const json = (await this.#query(getCheck(id))) as ReportJson | null;
    if (json === null) return undefined;
    if (json.state !== 'running' || this.#running.has(id)) return decodeReport(json);
    const lock = await this.#database.tryLock(lockOffset + id);
    if (lock === undefined) return decodeReport(json);
    try {
      const ended = (await this.#query(
        endCheck({ datasetId: id, state: 'failed', detail: endedText, counts: {}, countsByCode: {} }),
      )) as ReportJson | null;
      // Whoever ran it may have ended it just now.
      return decodeReport(ended ?? ((await this.#query(getCheck(id))) as ReportJson));
    } finally {
      await lock.release();
    }
  }

  async cancelCheck(id: DatasetId): Promise<CheckReport | undefined> {
    const running = this.#running.get(id);
    running?.abort.abort();
    await running?.done;
    return await this.getCheck(id);
  }

  async listFindings(query: FindingQuery): Promise<readonly Finding[]> {
    const rows = (await this.#query(
      listFindings({
        datasetId: query.datasetId,
        after: query.after ?? null,
        limit: query.limit,
        code: query.code ?? null,
        severity: query.severity ?? null,
        layer: query.layer ?? null,
      }),
    )) as readonly (Omit<Finding, 'featureId' | 'otherId' | 'areaM2' | 'place'> & {
      readonly featureId: string | null;
      readonly otherId: string | null;
      readonly areaM2: number | null;
      readonly place: unknown;
    })[];
    return rows.map((row) => ({
      ...row,
      featureId: row.featureId ?? undefined,
      otherId: row.otherId ?? undefined,
      areaM2: row.areaM2 ?? undefined,
      place: row.place ?? undefined,
    }));
  }

  async removeDataset(id: DatasetId, actor: Actor) {
    await this.cancelCheck(id);
    return await removeDataset(this.#database, id, actor);
  }

  async stop(): Promise<void> {
    for (const { abort } of this.#running.values()) abort.abort();
    await this.idle();
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async #alreadyRunning(id: DatasetId): Promise<CheckStart> {
    const json = (await this.#query(getCheck(id))) as ReportJson | null;
    return json === null ? { kind: 'unknown' } : { kind: 'running', report: decodeReport(json) };
  }

  async #begin(id: DatasetId, { minAreaM2, actor }: CheckOptions) {
    return await this.#database.dbTransaction(
      async (tx) => {
        const json = (await tx.query(
          beginCheck({ datasetId: id, minAreaM2, actor: actor.name }),
        )) as ReportJson | null;
        const dataset = (await tx.query(getDataset(id))) as DatasetJson | null;
        if (json === null || dataset === null) return undefined;
        await tx.query(markStaged(id));
        await audited(tx, actor, 'dataset.checkStarted', { datasetId: id, minAreaM2 });
        return { report: decodeReport(json), dataset: decodeDataset(dataset) };
      },
      { deadlineMs: this.#options.deadlineMs },
    );
  }

  async #run(
    begun: { readonly report: CheckReport; readonly dataset: ReturnType<typeof decodeDataset> },
    of: { readonly abort: AbortController; readonly lock: DbLock; readonly actor: Actor },
  ): Promise<void> {
    const { datasetId: id, minAreaM2, startedAt } = begun.report;
    const context = new CheckContext(this.#database, {
      datasetId: id,
      minAreaM2,
      asOf: startedAt,
      signal: of.abort.signal,
    });
    try {
      await runCheck(context, begun.dataset.layerCounts, this.#noter(id));
      await keepFoundPlaces(this.#database, { datasetId: id, startedAt, places: context.places });
      await this.#finish(begun.report, context, of.actor);
    } catch (error) {
      await this.#fail(id, error);
    } finally {
      this.#running.delete(id);
      await of.lock.release().catch(() => undefined);
    }
  }

  async #finish(report: CheckReport, { counts, countsByCode }: CheckContext, actor: Actor): Promise<void> {
    const id = report.datasetId;
    await this.#database.dbTransaction(
      async (tx) => {
        await tx.query(numberFindings(id));
        const ended = await tx.query(
          endCheck({ datasetId: id, state: 'finished', detail: '', counts, countsByCode }),
        );
        if (ended === null) return;
        if (counts.error === 0) await tx.query(markChecked(id, report.revision));
        await audited(tx, actor, 'dataset.checked', { datasetId: id, revision: report.revision, ...counts });
      },
      { deadlineMs: this.#options.deadlineMs * 6 },
    );
    this.#options.logger.info('store.datasetChecked', { datasetId: id, ...counts });
  }

  async #fail(id: DatasetId, error: unknown): Promise<void> {
    const isCancelled = error instanceof CheckCancelled;
    const detail = isCancelled ? 'it was ended before it was done' : errorText(error);
    if (!isCancelled) this.#options.logger.error('store.checkFailed', { datasetId: id, reason: detail });
    const ending = endCheck({ datasetId: id, state: 'failed', detail, counts: {}, countsByCode: {} });
    await this.#query(ending).catch((failure: unknown) =>
      // It is said when somebody asks next: the lock is free then.
      this.#options.logger.warn('store.checkNotEnded', { datasetId: id, reason: errorText(failure) }),
    );
  }

  #noter(id: DatasetId) {
    let lastAt = 0;
    return async (detail: string, progress: number): Promise<void> => {
      if (Date.now() - lastAt < noteEveryMs) return;
      lastAt = Date.now();
      const noted = await this.#query(noteCheck({ datasetId: id, detail, progress }));
      if (noted === null) throw new CheckCancelled('the check was replaced');
    };
  }

  #query(statement: Parameters<Database['query']>[0]): Promise<unknown> {
    return this.#database.query(statement, { deadlineMs: this.#options.deadlineMs });
  }
}

function decodeReport(json: ReportJson): CheckReport {
  return {
    ...json,
    datasetId: datasetId(json.datasetId),
    startedAt: wallMs(json.startedAt),
    finishedAt: json.finishedAt === null ? undefined : wallMs(json.finishedAt),
    counts: { error: 0, warning: 0, info: 0, ...json.counts },
  };
}
