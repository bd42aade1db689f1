import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite, protocol } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import type { WireStatement, WorkerPhase } from './messages.ts';

/** The one session of an embedded database. Calls must not overlap. */
export interface Session {
  /** The text of the one row's one column. Throws {@link LostResult} where there is not exactly one row. */
  query(statement: WireStatement): Promise<string | null>;
  script(sql: string): Promise<void>;
  listen(channel: string): Promise<void>;
  close(): Promise<void>;
}

/** A statement ended without an error and without its row: what a C++ exception inside of GEOS leaves behind. */
export class LostResult extends Error {
  readonly code = 'lost';
}

/** Opens (or creates) the database in `databaseDir` with PostGIS from the given bundle. */
export async function openSession(
  databaseDir: string,
  bundle: URL,
  onNotification: (channel: string, payload: string) => void,
  onPhase: (phase: WorkerPhase) => void,
): Promise<Session> {
  const isNew = !existsSync(join(databaseDir, 'PG_VERSION'));
  onPhase(isNew ? 'creating' : 'opening');
  await mkdir(databaseDir, { recursive: true });
  const database = await PGlite.create({
    dataDir: databaseDir,
    extensions: { postgis: postgisFrom(bundle), pg_trgm },
  });
  onPhase('extension');
  // A single session has no other that could be in its way: no parallel plans, no JIT in this build worth its set-up.
  await database.exec(
    'create extension if not exists postgis; create extension if not exists pg_trgm; set jit = off; set plan_cache_mode = force_generic_plan',
  );
  return makeSession(database, onNotification);
}

function makeSession(database: PGlite, onNotification: (channel: string, payload: string) => void): Session {
  const prepared = new Set<string>();
  return {
    query: async (statement) => {
      await prepare(database, prepared, statement);
      const { messages } = await database.execProtocol(
        joined(
          protocol.serialize.bind({ statement: statement.name, values: [...statement.values] }),
          protocol.serialize.execute({}),
          protocol.serialize.sync(),
        ),
      );
      return onlyRow(messages, statement.name);
    },
    script: async (sql) => {
      await database.exec(sql);
    },
    listen: async (channel) => {
      await database.listen(channel, (payload) => onNotification(channel, payload));
    },
    close: () => database.close(),
  };
}

// Parsed and planned once a session under its name, as a server's prepared statement.
async function prepare(database: PGlite, prepared: Set<string>, statement: WireStatement): Promise<void> {
  // Without a name it is the unnamed statement, which the next one replaces.
  if (prepared.has(statement.name)) return;
  await database.execProtocol(
    joined(
      protocol.serialize.parse({ name: statement.name, text: statement.text }),
      protocol.serialize.sync(),
    ),
  );
  if (statement.name !== '') prepared.add(statement.name);
}

function onlyRow(messages: readonly { readonly name: string }[], what: string): string | null {
  const rows = messages.filter((message) => message.name === 'dataRow');
  const row = rows[0];
  const isComplete = messages.some((message) => message.name === 'commandComplete');
  if (!isComplete || rows.length !== 1 || row === undefined || !hasFields(row)) {
    throw new LostResult(`${what} returned ${rows.length} rows instead of one`);
  }
  return row.fields[0] ?? null;
}

function hasFields(message: object): message is { readonly fields: readonly (string | null)[] } {
  return 'fields' in message && Array.isArray(message.fields);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

// As the package's own extension object, but for the bundle, and without raster's settings. PROJ finds its data by
// PROJ_DATA alone.
function postgisFrom(bundle: URL) {
  return {
    name: 'postgis',
    setup: async (_database: unknown, options: { PGLITE_ENV?: Record<string, string> }) => {
      options.PGLITE_ENV = { ...options.PGLITE_ENV, PROJ_DATA: '/pglite/share/proj' };
      return { emscriptenOpts: options, bundlePath: bundle };
    },
  };
}
