/** A bound parameter. Arrays become SQL arrays; objects do not exist here: send JSON as text. */
export type SqlValue = string | number | boolean | null | readonly string[] | readonly number[];

/**
 * One SQL statement. It returns exactly one row with one text column that holds JSON (or null): the embedded
 * database can lose results without an error (a C++ exception in GEOS), so a row that is not there is how a loss shows.
 */
export interface Statement {
  /** Names the prepared statement; one name always has one text. '' for one that is used once. */
  readonly name: string;
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/** `lookup` goes before everything that waits and uses the connections kept for calls. */
export type QueryLane = 'lookup' | 'work';

export interface QueryOptions {
  /** From the call to the answer; rejects with `store.deadlineMissed` after it. */
  readonly deadlineMs: number;
  readonly lane?: QueryLane;
}

/** What runs inside one database transaction. */
export interface DbTransaction {
  /** The parsed JSON of the one row. */
  query(statement: Statement): Promise<unknown>;
  /** Runs SQL text without parameters and without results, several statements at once. */
  script(sql: string): Promise<void>;
}

/** A lock that is held until released, or until its process or connection ends. */
export interface DbLock {
  release(): Promise<void>;
}

export type DatabaseHealth =
  | { readonly state: 'up' }
  | { readonly state: 'starting' }
  | { readonly state: 'down'; readonly reason: string };

/** The database port: PostgreSQL by a pool, or PGlite in its worker. Everything rejects with a DependencyError. */
export interface Database {
  readonly kind: 'pglite' | 'postgres';
  query(statement: Statement, options: QueryOptions): Promise<unknown>;
  /** Commits when `work` resolves; rolls back when it rejects or when the deadline passes. */
  dbTransaction<T>(work: (tx: DbTransaction) => Promise<T>, options: { deadlineMs: number }): Promise<T>;
  /** Takes a lock that all processes on this database see; undefined where another holds it. */
  tryLock(key: number): Promise<DbLock | undefined>;
  /** Calls `listener` for each notification on a channel, across reconnections, until the returned function is called. */
  listen(channel: string, listener: (payload: string) => void): Promise<() => Promise<void>>;
  health(): DatabaseHealth;
  /** Ends open work at the latest after `deadlineMs`. May be called twice. */
  close(deadlineMs: number): Promise<void>;
}
