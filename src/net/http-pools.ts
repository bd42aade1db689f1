import type { Pool } from 'undici';
import type { HttpConnector } from './http-connector.ts';
import type { HttpTarget } from './http-target.ts';
import type { HttpLimits } from './http-types.ts';

/** One server's connections. */
export interface HttpPool {
  readonly pool: Pool;
  /** Requests under way. */
  inUse: number;
}

/** Makes connection pools; the library is read when the first server is about to be asked, not at the program's start. */
export type MakePool = (origin: string, options: Pool.Options) => Pool;

/**
 * Connections by server, used again for the next document. What is shown to a server depends on its host alone, so none
 * is ever shared between credentials; connections of trusted questions are kept apart, since nobody checked where they
 * lead.
 */
export class HttpPools {
  readonly #make: MakePool;
  readonly #connector: HttpConnector;
  readonly #limits: HttpLimits;
  readonly #pools = new Map<string, HttpPool>();

  constructor(parts: {
    readonly make: MakePool;
    readonly connector: HttpConnector;
    readonly limits: HttpLimits;
  }) {
    this.#make = parts.make;
    this.#connector = parts.connector;
    this.#limits = parts.limits;
  }

  /** Servers with a pool. */
  get size(): number {
    return this.#pools.size;
  }

  /** The server's pool; `done` is to be called once at the end of its use. */
  take(target: HttpTarget, isTrusted: boolean): { readonly pool: Pool; done(): void } {
    const key = `${isTrusted ? 'trusted ' : ''}${target.origin}`;
    const entry = this.#pools.get(key) ?? this.#open(target, isTrusted);
    // Last in the order is who was used last.
    this.#pools.delete(key);
    this.#pools.set(key, entry);
    entry.inUse += 1;
    this.#makeRoom();
    return {
      pool: entry.pool,
      done: () => {
        entry.inUse -= 1;
      },
    };
  }

  /** Closes every connection. */
  async stop(): Promise<void> {
    const all = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(all.map(({ pool }) => pool.destroy()));
  }

  #open(target: HttpTarget, isTrusted: boolean): HttpPool {
    const { idleMs, headerBytesMax } = this.#limits;
    const pool = this.#make(target.origin, {
      connect: (_, callback) => this.#connector.connect(target, isTrusted, callback),
      // A document that is slow to come shall not hold up another.
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      maxHeaderSize: headerBytesMax,
      // Every question has a deadline of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
    return { pool, inUse: 0 };
  }

  #makeRoom(): void {
    for (const [key, { pool, inUse }] of this.#pools) {
      if (this.#pools.size <= this.#limits.originsMax) return;
      if (inUse > 0) continue;
      this.#pools.delete(key);
      void pool.destroy();
    }
  }
}
