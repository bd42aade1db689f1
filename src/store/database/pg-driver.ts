import { Client, type PoolClient, type QueryArrayConfig, type QueryArrayResult } from 'pg';
import { DependencyError, errorText } from '../../base/index.ts';
import type { Logger } from '../../esrp/index.ts';
import {
  deadlineMissed,
  resultLost,
  storeError,
  toConnectError,
  toDependencyError,
  withDeadline,
} from './failures.ts';
import { makePgPool } from './pg-connections.ts';
import { PgLane } from './pg-lane.ts';
import { PgListener } from './pg-listener.ts';
import type { Database, DatabaseHealth, DbLock, DbTransaction, QueryOptions, Statement } from './types.ts';
import { sqlText } from './values.ts';

export interface PgDatabaseOptions {
  readonly databaseUrl: string;
  readonly lookupConnectionsMax: number;
  readonly workConnectionsMax: number;
  /** The server ends a lookup's statement after this time, whatever the client does. */
  readonly lookupTimeoutMs: number;
  /** The same for all other statements: loads and indexing take long. */
  readonly workTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly logger: Logger;
}

// A connection that has not answered this long after its caller gave up is taken for dead and destroyed: longer than
// the server's own statement timeout, so that a slow but living server keeps its connections.
const deadConnectionGraceMs = 5_000;

const upHealth: DatabaseHealth = { state: 'up' };

/** The database port on a PostgreSQL server. Survives a restart of the server. */
export class PgDatabase implements Database {
  readonly kind = 'postgres';
  readonly #options: PgDatabaseOptions;
  readonly #lookups: PgLane;
  readonly #work: PgLane;
  readonly #listener: PgListener;
  #health: DatabaseHealth = { state: 'starting' };
  #closing: Promise<void> | undefined;

  constructor(options: PgDatabaseOptions) {
    this.#options = options;
    const shared = {
      databaseUrl: options.databaseUrl,
      connectTimeoutMs: options.connectTimeoutMs,
      logger: options.logger,
    };
    this.#lookups = new PgLane(
      makePgPool({
        ...shared,
        applicationName: 'firstline lookup',
        connectionsMax: options.lookupConnectionsMax,
        statementTimeoutMs: options.lookupTimeoutMs,
        isForLookups: true,
      }),
      { keepsConnections: true },
    );
    this.#work = new PgLane(
      makePgPool({
        ...shared,
        applicationName: 'firstline',
        connectionsMax: options.workConnectionsMax,
        statementTimeoutMs: options.workTimeoutMs,
        isForLookups: false,
      }),
      { keepsConnections: false },
    );
    this.#listener = new PgListener(options.databaseUrl, options.connectTimeoutMs, options.logger);
  }

  async query(statement: Statement, options: QueryOptions): Promise<unknown> {
    this.#assertOpen();
    const isLookup = options.lane === 'lookup';
    const endsAt = performance.now() + options.deadlineMs;
    try {
      return await this.#attempt(isLookup ? this.#lookups : this.#work, statement, options.deadlineMs);
    } catch (error) {
      // A lookup that met a connection which died with its server is asked once more: it changes nothing.
      const leftMs = endsAt - performance.now();
      if (!isLookup || leftMs < 1 || !isConnectionLoss(error)) throw error;
      return await this.#attempt(this.#lookups, statement, leftMs);
    }
  }

  #attempt(lane: PgLane, statement: Statement, deadlineMs: number): Promise<unknown> {
    // One promise for all of it: this is asked for each call.
    return new Promise((resolve, reject) => {
      const attempt: Attempt = { client: undefined, isOver: false, isReleased: false };
      const timer = setTimeout(() => {
        attempt.isOver = true;
        reject(deadlineMissed(statement.name, deadlineMs));
        const { client } = attempt;
        if (client === undefined) return;
        const grace = setTimeout(() => release(lane, attempt, client, true), deadConnectionGraceMs);
        grace.unref();
      }, deadlineMs);
      const failed = (error: unknown): void => {
        clearTimeout(timer);
        const failure = toDependencyError(error, statement.name);
        if (isConnectionLoss(failure)) this.#health = { state: 'down', reason: failure.message };
        reject(failure);
      };
      const run = (client: PoolClient): void => {
        // The caller gave up while waiting for a connection: its question is not asked any more.
        if (attempt.isOver) {
          lane.put(client);
          return;
        }
        attempt.client = client;
        ask(client, statement, (error, answer) => {
          release(lane, attempt, client, error !== undefined && isConnectionLoss(error));
          if (error !== undefined) {
            failed(error);
            return;
          }
          clearTimeout(timer);
          this.#health = upHealth;
          resolve(answer);
        });
      };
      const idle = lane.take();
      if (idle !== undefined) run(idle);
      else lane.connect().then(run, (error: unknown) => failed(toConnectError(error)));
    });
  }

  async dbTransaction<T>(
    work: (tx: DbTransaction) => Promise<T>,
    options: { deadlineMs: number },
  ): Promise<T> {
    this.#assertOpen();
    const client = await this.#connectedWithin(options.deadlineMs);
    let isBroken = true;
    try {
      await client.query('begin');
      const tx: DbTransaction = {
        query: (statement) => answerOf(client, statement),
        script: async (sql) => {
          await client.query(sql);
        },
      };
      const result = await withDeadline(work(tx), options.deadlineMs, 'transaction');
      await client.query('commit');
      isBroken = false;
      this.#health = { state: 'up' };
      return result;
    } catch (error) {
      // After a missed deadline the connection is still busy: destroying it makes the server roll back.
      const failure = toDependencyError(error, 'transaction');
      if (failure.code !== 'store.deadlineMissed') isBroken = !(await rolledBack(client));
      throw failure;
    } finally {
      client.release(isBroken);
    }
  }

  async #connectedWithin(deadlineMs: number): Promise<PoolClient> {
    const connecting = this.#work.connect().catch((error: unknown) => {
      throw toConnectError(error);
    });
    try {
      return await withDeadline(connecting, deadlineMs, 'connecting');
    } catch (error) {
      // One that comes later goes back unused.
      connecting.then((client) => client.release(), ignore);
      throw error;
    }
  }

  async tryLock(key: number): Promise<DbLock | undefined> {
    this.#assertOpen();
    const client = new Client({
      connectionString: this.#options.databaseUrl,
      application_name: 'firstline lock',
      connectionTimeoutMillis: this.#options.connectTimeoutMs,
      keepAlive: true,
    });
    client.on('error', (error) =>
      this.#options.logger.warn('store.lockConnectionLost', { reason: errorText(error) }),
    );
    try {
      await client.connect();
      const got = await client.query<{ locked: boolean }>(
        'select pg_try_advisory_lock(hashtext($1), $2) as locked',
        ['firstline', key],
      );
      if (got.rows[0]?.locked === true) return { release: async () => await client.end().catch(ignore) };
      await client.end();
      return undefined;
    } catch (error) {
      await client.end().catch(ignore);
      throw toConnectError(error);
    }
  }

  async listen(channel: string, listener: (payload: string) => void): Promise<() => Promise<void>> {
    this.#assertOpen();
    return await this.#listener.add(channel, listener);
  }

  health(): DatabaseHealth {
    return this.#health;
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#end(deadlineMs);
    return this.#closing;
  }

  async #end(deadlineMs: number): Promise<void> {
    const ended = Promise.all([this.#listener.close(), this.#lookups.end(), this.#work.end()]);
    await withDeadline(ended, deadlineMs, 'closing the pools').catch((error: unknown) =>
      this.#options.logger.warn('store.closeTimedOut', { reason: errorText(error) }),
    );
    this.#health = { state: 'down', reason: 'closed' };
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw storeError('store.closed', 'the store is closed');
  }
}

interface Attempt {
  client: PoolClient | undefined;
  isOver: boolean;
  isReleased: boolean;
}

function release(lane: PgLane, attempt: Attempt, client: PoolClient, isBroken: boolean): void {
  if (attempt.isReleased) return;
  attempt.isReleased = true;
  if (isBroken) client.release(true);
  else lane.put(client);
}

type OnAnswer = (error: DependencyError | undefined, answer: unknown) => void;

/** Runs a statement; `done` is called once. */
function ask(client: PoolClient, statement: Statement, done: OnAnswer): void {
  const { name, text } = statement;
  const config: QueryArrayConfig<TextRow> = {
    name,
    text,
    values: statement.values.map(sqlText),
    rowMode: 'array',
  };
  client.query(config, (error: Error | null | undefined, result: QueryArrayResult<TextRow>) => {
    if (error !== null && error !== undefined) {
      done(toDependencyError(error, name), undefined);
      return;
    }
    const { rows } = result;
    const first = rows[0];
    if (rows.length === 1 && first !== undefined) done(undefined, parsed(first[0] ?? null));
    else done(resultLost(name, rows.length), undefined);
  });
}

type TextRow = (string | null)[];

/** What a statement answers is JSON of the database's own making. */
function parsed(answer: string | null): unknown {
  return answer === null ? null : JSON.parse(answer);
}

function answerOf(client: PoolClient, statement: Statement): Promise<unknown> {
  return new Promise((resolve, reject) => {
    ask(client, statement, (error, answer) => {
      if (error === undefined) resolve(answer);
      else reject(error);
    });
  });
}

async function rolledBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query('rollback');
    return true;
  } catch {
    return false; // The connection is gone, and with it the transaction.
  }
}

function isConnectionLoss(error: unknown): boolean {
  return error instanceof DependencyError && error.code === 'store.databaseDown';
}

function ignore(): void {
  // Ending a connection that is already gone is no failure.
}
