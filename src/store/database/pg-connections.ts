import { Pool } from 'pg';
import { errorText } from '../../base/index.ts';
import type { Logger } from '../../esrp/index.ts';

/** What a connection pool is told. */
export interface PgPoolOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  readonly connectionsMax: number;
  /** The server's own limit for a statement; the client's deadline is usually shorter. */
  readonly statementTimeoutMs: number;
  /** Whether the sessions serve lookups. */
  readonly isForLookups: boolean;
  readonly connectTimeoutMs: number;
  readonly logger: Logger;
}

/** A pool whose sessions are set up once, when they connect. Broken connections are dropped and made again. */
export function makePgPool(options: PgPoolOptions): Pool {
  const pool = new Pool({
    connectionString: options.databaseUrl,
    application_name: options.applicationName,
    max: options.connectionsMax,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: options.isForLookups ? 0 : 60_000,
    keepAlive: true,
    onConnect: async (client) => {
      await client.query(sessionSettings(options));
    },
  });
  // Without listeners a connection that is lost while idle, or between two statements, would end the process.
  const lost = (error: Error) => options.logger.warn('store.connectionLost', { reason: errorText(error) });
  pool.on('error', lost);
  pool.on('connect', (client) => client.on('error', lost));
  return pool;
}

// Parallel plans and JIT cost a lookup milliseconds in set-up that it never gains back; one generic plan spares
// planning. Geometry must not depend on the role's own settings.
function sessionSettings(options: PgPoolOptions): string {
  const settings = [
    `set statement_timeout = ${Math.max(1, Math.round(options.statementTimeoutMs))}`,
    'set idle_in_transaction_session_timeout = 60000',
    'set max_parallel_workers_per_gather = 0',
    'set jit = off',
  ];
  if (options.isForLookups) settings.push('set plan_cache_mode = force_generic_plan');
  return settings.join('; ');
}
