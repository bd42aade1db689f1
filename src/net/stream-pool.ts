import type { StreamConnection } from './stream-connection.ts';

/** One connection may stand for so many keys: identities times sent-by ports. */
const keysMax = 64;

/** The open connections of one transport: by their id, and by what a request must have in common with them to share one. */
export class StreamPool {
  readonly #byId = new Map<string, StreamConnection>();
  readonly #byKey = new Map<string, StreamConnection>();
  readonly #keys = new Map<StreamConnection, Set<string>>();

  get size(): number {
    return this.#byId.size;
  }

  all(): Iterable<StreamConnection> {
    return this.#byId.values();
  }

  add(connection: StreamConnection): void {
    this.#byId.set(connection.id, connection);
  }

  /** The connection of that id while it takes bytes. */
  named(id: string | undefined): StreamConnection | undefined {
    const connection = id === undefined ? undefined : this.#byId.get(id);
    return connection?.isWritable === true ? connection : undefined;
  }

  /** A connection that requests with this key may share, while it takes bytes. */
  sharing(key: string): StreamConnection | undefined {
    const connection = this.#byKey.get(key);
    return connection?.isWritable === true ? connection : undefined;
  }

  /** From now on requests with this key go on that connection: the newest one wins. */
  share(connection: StreamConnection, key: string): void {
    if (this.#byKey.get(key) === connection) return;
    const keys = this.#keys.get(connection) ?? new Set();
    if (keys.size >= keysMax) return;
    keys.add(key);
    this.#keys.set(connection, keys);
    this.#byKey.set(key, connection);
  }

  /** No new request goes on it any more. */
  unshare(connection: StreamConnection): void {
    for (const key of this.#keys.get(connection) ?? []) {
      if (this.#byKey.get(key) === connection) this.#byKey.delete(key);
    }
    this.#keys.delete(connection);
  }

  remove(connection: StreamConnection): void {
    this.unshare(connection);
    this.#byId.delete(connection.id);
  }
}
