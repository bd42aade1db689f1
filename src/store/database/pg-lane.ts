import type { Pool, PoolClient } from 'pg';

/**
 * The connections of one pool. A lane that keeps its connections does not give them back between two statements, so that
 * a lookup costs neither the pool's queue nor its timer; a connection that fails while it is idle is given up at once.
 */
export class PgLane {
  readonly #pool: Pool;
  readonly #keepsConnections: boolean;
  readonly #idle: PoolClient[] = [];
  readonly #watched = new WeakSet<PoolClient>();
  /** How many askers wait for the pool; what becomes free is theirs. */
  #waiting = 0;
  #isEnding = false;

  constructor(pool: Pool, options: { readonly keepsConnections: boolean }) {
    this.#pool = pool;
    this.#keepsConnections = options.keepsConnections;
  }

  /** An idle connection of ours, if there is one. */
  take(): PoolClient | undefined {
    return this.#idle.pop();
  }

  /** A connection of the pool, as soon as there is one. */
  async connect(): Promise<PoolClient> {
    this.#waiting += 1;
    try {
      const client = await this.#pool.connect();
      if (this.#keepsConnections) this.#watch(client);
      return client;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Gives back a connection that is well. */
  put(client: PoolClient): void {
    if (!this.#keepsConnections || this.#isEnding || this.#waiting > 0) client.release();
    else this.#idle.push(client);
  }

  /** Closes all connections, those that are busy once they are given back. */
  async end(): Promise<void> {
    this.#isEnding = true;
    for (const client of this.#idle.splice(0)) client.release();
    await this.#pool.end();
  }

  /** Lets go of a connection that is lost while nothing is asked on it. */
  #watch(client: PoolClient): void {
    const lost = (): void => {
      const index = this.#idle.indexOf(client);
      if (index < 0) return;
      this.#idle.splice(index, 1);
      client.release(true);
    };
    if (this.#watched.has(client)) return;
    this.#watched.add(client);
    client.on('error', lost);
    client.on('end', lost);
  }
}
