import { join } from 'node:path';
import { type DependencyError, errorText } from '../../base/index.ts';
import type { Logger } from '../../esrp/index.ts';
import type { WorkerPhase } from '../pglite/messages.ts';
import { WorkerLink } from '../pglite/worker-link.ts';
import { deadlineMissed, storeError, withDeadline } from './failures.ts';
import type { Database, DatabaseHealth, DbLock, DbTransaction, QueryOptions, Statement } from './types.ts';
import { sqlText } from './values.ts';

export interface PgliteDatabaseOptions {
  /** The data folder; the caller holds the lock on it. */
  readonly dataDir: string;
  /** A statement that runs on for so long after its own deadline is stuck: the worker is ended and started again. */
  readonly stuckAfterMs: number;
  readonly startTimeoutMs: number;
  readonly onPhase: (phase: WorkerPhase) => void;
  readonly logger: Logger;
}

const reopenDelayMaxMs = 5_000;

/** The database port on PGlite in a worker thread. Reopens it by itself after a lost result, a crash or a stuck statement. */
export class PgliteDatabase implements Database {
  readonly kind = 'pglite';
  readonly #options: PgliteDatabaseOptions;
  readonly #listeners = new Map<string, Set<(payload: string) => void>>();
  readonly #locks = new Set<number>();
  /** The worker in use; while it is being opened, the promise of it. */
  #link: Promise<WorkerLink>;
  #health: DatabaseHealth = { state: 'starting' };
  #lastTransaction = 0;
  #closing: Promise<void> | undefined;

  /** Opens the database; rejects with a DependencyError where it cannot be opened. */
  static async open(options: PgliteDatabaseOptions): Promise<PgliteDatabase> {
    const database = new PgliteDatabase(options);
    await database.#link;
    return database;
  }

  private constructor(options: PgliteDatabaseOptions) {
    this.#options = options;
    this.#link = this.#open();
  }

  async query(statement: Statement, options: QueryOptions): Promise<unknown> {
    const link = await this.#current(options.deadlineMs, statement.name);
    const answer = await link.send(
      {
        kind: 'query',
        lane: options.lane ?? 'work',
        transaction: undefined,
        statement: wire(statement),
        startBefore: Date.now() + options.deadlineMs,
      },
      options.deadlineMs,
      statement.name,
    );
    return answer === null ? null : JSON.parse(answer);
  }

  async dbTransaction<T>(
    work: (tx: DbTransaction) => Promise<T>,
    options: { deadlineMs: number },
  ): Promise<T> {
    const { deadlineMs } = options;
    const endsAt = performance.now() + deadlineMs;
    const link = await this.#current(deadlineMs, 'transaction');
    this.#lastTransaction += 1;
    const transaction = this.#lastTransaction;
    await link.send(
      { kind: 'begin', transaction, startBefore: Date.now() + deadlineMs },
      deadlineMs,
      'begin',
    );
    const end = (commit: boolean, leftMs: number) =>
      link.send({ kind: 'end', transaction, commit }, leftMs, commit ? 'commit' : 'rollback');
    let result: T;
    try {
      result = await withDeadline(work(inTransaction(link, transaction, endsAt)), deadlineMs, 'transaction');
    } catch (error) {
      // A link that broke takes its transaction with it; there is nothing left to roll back then.
      await end(false, this.#options.stuckAfterMs).catch(() => undefined);
      throw error;
    }
    await end(true, Math.max(1_000, endsAt - performance.now()));
    return result;
  }

  async tryLock(key: number): Promise<DbLock | undefined> {
    // The folder has one process, so a lock within this object is a lock among all.
    if (this.#locks.has(key)) return undefined;
    this.#locks.add(key);
    return {
      release: async () => {
        this.#locks.delete(key);
      },
    };
  }

  async listen(channel: string, listener: (payload: string) => void): Promise<() => Promise<void>> {
    const known = this.#listeners.get(channel);
    const listeners = known ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    if (known === undefined) {
      const link = await this.#current(this.#options.startTimeoutMs, 'listen');
      await link.send({ kind: 'listen', channel }, this.#options.startTimeoutMs, 'listen');
    }
    return async () => {
      listeners.delete(listener);
    };
  }

  health(): DatabaseHealth {
    return this.#health;
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#end(deadlineMs);
    return this.#closing;
  }

  async #end(deadlineMs: number): Promise<void> {
    this.#health = { state: 'down', reason: 'closed' };
    const link = await withDeadline(this.#link, deadlineMs, 'close').catch(() => undefined);
    if (link === undefined) return;
    await link.send({ kind: 'close' }, deadlineMs, 'close').catch((error: unknown) => {
      this.#options.logger.warn('store.closeFailed', { reason: errorText(error) });
    });
    await link.terminate();
  }

  async #current(deadlineMs: number, what: string): Promise<WorkerLink> {
    if (this.#closing !== undefined) throw storeError('store.closed', 'the store is closed');
    if (this.#health.state === 'up') return await this.#link;
    return await withDeadline(this.#link, deadlineMs, what);
  }

  async #open(): Promise<WorkerLink> {
    const { dataDir, stuckAfterMs, logger, onPhase, startTimeoutMs } = this.#options;
    const link = new WorkerLink(
      { databaseDir: join(dataDir, 'pglite'), cacheDir: join(dataDir, 'cache') },
      {
        stuckAfterMs,
        events: {
          onPhase,
          onNote: (event, reason) => logger.warn(event, { reason }),
          onNotification: (channel, payload) => this.#notify(channel, payload),
          onBroken: (failure) => this.#broken(link, failure),
        },
      },
    );
    try {
      await withDeadline(link.ready, startTimeoutMs, 'the embedded database');
      for (const channel of this.#listeners.keys()) {
        await link.send({ kind: 'listen', channel }, startTimeoutMs, 'listen');
      }
    } catch (error) {
      await link.terminate();
      throw error;
    }
    if (this.#closing !== undefined) {
      await link.terminate();
      throw storeError('store.closed', 'the store was closed while its database was being opened');
    }
    this.#health = { state: 'up' };
    return link;
  }

  #broken(link: WorkerLink, failure: DependencyError): void {
    if (this.#closing !== undefined || this.#health.state !== 'up') return;
    this.#options.logger.error('store.databaseReopening', { code: failure.code, reason: failure.message });
    this.#health = { state: 'down', reason: failure.message };
    this.#link = this.#reopen(link);
    // Nobody may be waiting at the moment; those who come later see the rejection themselves.
    this.#link.catch(() => undefined);
  }

  async #reopen(broken: WorkerLink): Promise<WorkerLink> {
    await broken.terminate();
    for (let delayMs = 250; ; delayMs = Math.min(delayMs * 2, reopenDelayMaxMs)) {
      try {
        const link = await this.#open();
        this.#options.logger.info('store.databaseReopened');
        return link;
      } catch (error) {
        this.#health = { state: 'down', reason: errorText(error) };
        this.#options.logger.error('store.reopenFailed', { reason: errorText(error) });
        if (this.#closing !== undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, delayMs).unref());
      }
    }
  }

  #notify(channel: string, payload: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(payload);
  }
}

function inTransaction(link: WorkerLink, transaction: number, endsAt: number): DbTransaction {
  const leftMs = () => {
    const left = endsAt - performance.now();
    if (left <= 0) throw deadlineMissed('transaction', 0);
    return left;
  };
  return {
    query: async (statement) => {
      const deadlineMs = leftMs();
      const answer = await link.send(
        {
          kind: 'query',
          lane: 'work',
          transaction,
          statement: wire(statement),
          startBefore: Date.now() + deadlineMs,
        },
        deadlineMs,
        statement.name,
      );
      return answer === null ? null : JSON.parse(answer);
    },
    script: async (sql) => {
      await link.send({ kind: 'script', transaction, sql }, leftMs(), 'script');
    },
  };
}

function wire(statement: Statement) {
  return { name: statement.name, text: statement.text, values: statement.values.map(sqlText) };
}
