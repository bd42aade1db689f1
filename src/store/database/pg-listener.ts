import { Client } from 'pg';
import { errorText } from '../../base/index.ts';
import type { Logger } from '../../esrp/index.ts';

const retryDelayMaxMs = 10_000;

/** Notifications over one connection of their own, made again when it is lost. */
export class PgListener {
  readonly #databaseUrl: string;
  readonly #connectTimeoutMs: number;
  readonly #logger: Logger;
  readonly #listeners = new Map<string, Set<(payload: string) => void>>();
  #client: Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryDelayMs = 500;
  #isClosed = false;

  constructor(databaseUrl: string, connectTimeoutMs: number, logger: Logger) {
    this.#databaseUrl = databaseUrl;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#logger = logger;
  }

  async add(channel: string, listener: (payload: string) => void): Promise<() => Promise<void>> {
    const known = this.#listeners.get(channel);
    const listeners = known ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    if (this.#client === undefined) await this.#connect();
    else if (known === undefined) await this.#client.query(`listen "${channel}"`);
    return async () => {
      listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#client?.end();
    this.#client = undefined;
  }

  async #connect(): Promise<void> {
    const client = new Client({
      connectionString: this.#databaseUrl,
      application_name: 'firstline listen',
      connectionTimeoutMillis: this.#connectTimeoutMs,
      keepAlive: true,
    });
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, undefined));
    client.on('notification', ({ channel, payload }) => {
      for (const listener of this.#listeners.get(channel) ?? []) listener(payload ?? '');
    });
    try {
      this.#client = client;
      await client.connect();
      for (const channel of this.#listeners.keys()) await client.query(`listen "${channel}"`);
      this.#retryDelayMs = 500;
    } catch (error) {
      this.#lost(client, error);
    }
  }

  // What was notified while away is lost; listeners are told with an empty payload to look for themselves.
  #lost(client: Client, error: unknown): void {
    if (this.#client !== client || this.#isClosed) return;
    this.#client = undefined;
    client.end().catch(() => undefined);
    this.#logger.warn('store.listenerLost', { reason: error === undefined ? 'ended' : errorText(error) });
    this.#retry = setTimeout(() => {
      this.#connect().then(() => {
        if (this.#client === undefined) return;
        for (const listeners of this.#listeners.values()) for (const listener of listeners) listener('');
      }, undefined);
    }, this.#retryDelayMs);
    this.#retry.unref();
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, retryDelayMaxMs);
  }
}
