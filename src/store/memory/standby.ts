import { errorText } from '../../base/index.ts';
import type { Logger } from '../../esrp/index.ts';
import type { Database } from '../database/types.ts';
import { activeDatasetChannel } from '../sql/dataset.ts';
import { loadSnapshot, type MadeSnapshot, SnapshotMaker } from './maker.ts';
import { assertStillActive, readActiveVersion, readBoundaries } from './read-dataset.ts';
import { type DatasetSnapshot, type DatasetVersion, isSameVersion } from './snapshot.ts';

export interface StandbyOptions {
  /** Where the last known good snapshot is. */
  readonly file: string;
  readonly logger: Logger;
  /** How often the database is asked whether another dataset is active, in case a notification was lost. */
  readonly pollMs: number;
}

/** How the standby index is. */
export interface StandbyStatus {
  /** What answers; undefined where there is none. */
  readonly snapshot: DatasetSnapshot | undefined;
  /** Whether that is the active dataset as far as is known. */
  readonly isCurrent: boolean;
  readonly isBuilding: boolean;
  /** Where it came from. */
  readonly origin: 'file' | 'database' | undefined;
  /** What went wrong last, until it goes right. */
  readonly fault: string | undefined;
}

/** How long one look at the pointer may take. */
const lookDeadlineMs = 10_000;
/** A build that failed is tried again after this. */
const retryMs = 5_000;

/**
 * The active dataset in memory. It comes from its file at the start, and from the database whenever another dataset is
 * active or the active one has changed; meanwhile the one before goes on answering.
 */
export class Standby {
  readonly #database: Database;
  readonly #options: StandbyOptions;
  #snapshot: DatasetSnapshot | undefined;
  #origin: StandbyStatus['origin'];
  #isCurrent = false;
  #fault: string | undefined;
  #maker: SnapshotMaker | undefined;
  /** The work under way. */
  #refreshing: Promise<void> | undefined;
  #isAskedAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => Promise<void>) | undefined;
  #isStopped = false;

  constructor(database: Database, options: StandbyOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** Loads the last known good snapshot. Never rejects: without one, the database makes the first. */
  async load(): Promise<void> {
    const { file, logger } = this.#options;
    try {
      const made = await loadSnapshot(file);
      if (made === undefined || this.#snapshot !== undefined || this.#isStopped) return;
      this.#take(made, 'file');
    } catch (error) {
      this.#fault = errorText(error);
      logger.warn('standby.fileUnusable', { file, reason: this.#fault });
    }
  }

  /** Follows the active dataset from now on. Never rejects. */
  async follow(): Promise<void> {
    try {
      const unlisten = await this.#database.listen(activeDatasetChannel, () => {
        this.#isCurrent = false;
        void this.refresh();
      });
      if (this.#isStopped) await unlisten();
      else this.#unlisten = unlisten;
    } catch (error) {
      this.#options.logger.warn('standby.notListening', { reason: errorText(error) });
    }
    this.#wait(this.#options.pollMs);
    await this.refresh();
  }

  /** Brings the snapshot to the active dataset; resolves when that is done or has failed. */
  refresh(): Promise<void> {
    this.#isAskedAgain = true;
    this.#refreshing ??= this.#run().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  get snapshot(): DatasetSnapshot | undefined {
    return this.#snapshot;
  }

  get isCurrent(): boolean {
    return this.#isCurrent;
  }

  status(): StandbyStatus {
    return {
      snapshot: this.#snapshot,
      isCurrent: this.#isCurrent,
      isBuilding: this.#maker !== undefined,
      origin: this.#origin,
      fault: this.#fault,
    };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#unlisten?.().catch(() => undefined);
    await this.#maker?.abandon();
    await this.#refreshing;
  }

  async #run(): Promise<void> {
    while (this.#isAskedAgain && !this.#isStopped) {
      this.#isAskedAgain = false;
      try {
        await this.#update();
        this.#fault = undefined;
      } catch (error) {
        if (this.#isStopped) return;
        this.#fault = errorText(error);
        this.#options.logger.warn('standby.notUpdated', { reason: this.#fault });
        this.#wait(retryMs);
      }
    }
  }

  async #update(): Promise<void> {
    const active = await readActiveVersion(this.#database, lookDeadlineMs);
    if (active === undefined) {
      this.#snapshot = undefined;
      this.#origin = undefined;
      this.#isCurrent = true;
      return;
    }
    if (this.#snapshot !== undefined && isSameVersion(this.#snapshot.version, active)) {
      this.#isCurrent = true;
      return;
    }
    this.#isCurrent = false;
    this.#take(await this.#build(active), 'database');
    this.#isCurrent = true;
  }

  async #build(version: DatasetVersion): Promise<MadeSnapshot> {
    const maker = new SnapshotMaker({ kind: 'build', file: this.#options.file });
    this.#maker = maker;
    try {
      for await (const rows of readBoundaries(this.#database, version.datasetId)) await maker.add(rows);
      await assertStillActive(this.#database, version);
      return await maker.finish(version);
    } finally {
      this.#maker = undefined;
      await maker.abandon();
    }
  }

  #take({ snapshot, notWritten }: MadeSnapshot, origin: 'file' | 'database'): void {
    const { logger, file } = this.#options;
    this.#snapshot = snapshot;
    this.#origin = origin;
    if (notWritten !== undefined) logger.error('standby.notWritten', { file, reason: notWritten });
    logger.info('standby.ready', {
      origin,
      datasetId: snapshot.version.datasetId,
      revision: snapshot.version.revision,
      boundaryCount: snapshot.columns.rowCount,
      vertexCount: snapshot.index.vertexCount,
      bytes: snapshot.byteLength,
    });
  }

  #wait(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#wait(this.#options.pollMs);
      void this.refresh();
    }, delayMs);
    this.#timer.unref();
  }
}
