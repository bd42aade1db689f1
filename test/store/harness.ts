import { createHash, randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { serviceUrn, wallMs } from '../../src/base/index.ts';
import type { BoundaryFeature, BoundaryGeometry, Logger, SourceFeature } from '../../src/esrp/index.ts';
import { PgDatabase } from '../../src/store/database/pg-driver.ts';
import { PgliteDatabase } from '../../src/store/database/pglite-driver.ts';
import type { Database } from '../../src/store/database/types.ts';
import { migrate } from '../../src/store/migrate.ts';
import { packageRoot } from '../../src/store/package-root.ts';

/** A database that a test file has for itself, with the schema of this version. */
export interface TestDatabase {
  readonly database: Database;
  readonly dataDir: string;
  /** Undefined on PGlite. */
  readonly url: string | undefined;
  close(): Promise<void>;
}

/** The drivers that one behaviour suite runs on. */
export interface TestDriver {
  readonly name: string;
  readonly isThere: boolean;
  open(): Promise<TestDatabase>;
}

/** Where a server is that tests may make databases on. */
export const serverUrl = process.env['FIRSTLINE_TEST_DATABASE_URL'];

export const serverSkip = serverUrl === undefined ? ' (skipped: FIRSTLINE_TEST_DATABASE_URL is not set)' : '';

export const drivers: readonly TestDriver[] = [
  { name: 'PGlite', isThere: true, open: openPglite },
  { name: `PostgreSQL${serverSkip}`, isThere: serverUrl !== undefined, open: openServer },
];

export const migrationsFolder = join(packageRoot(), 'migrations');

/** Collects what is logged, for tests that expect a line. */
export interface RecordingLogger extends Logger {
  readonly events: string[];
}

export function recordingLogger(): RecordingLogger {
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  return { events, debug: note, info: note, warn: note, error: note };
}

/** A folder below the system's temporary one; the caller removes it. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'firstline-store-'));
}

/**
 * A data folder with a new embedded database, whose schema is current. Making one takes seconds, so it is made once and
 * copied.
 */
export async function preparedDataDir(): Promise<string> {
  const template = join(packageRoot(), 'node_modules', '.cache', `firstline-test-database-${schemaMark()}`);
  if (!existsSync(template)) {
    const folder = temporaryFolder();
    const database = await openEmbedded(folder);
    await migrate(database, migrationsFolder, () => undefined);
    await database.close(10_000);
    cpSync(folder, `${template}.${process.pid}`, { recursive: true });
    renameSync(`${template}.${process.pid}`, template);
    rmSync(folder, { recursive: true });
  }
  const folder = temporaryFolder();
  cpSync(template, folder, { recursive: true });
  return folder;
}

/** Changes with the migrations, so that a prepared folder always has the schema of the checkout. */
function schemaMark(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(migrationsFolder).sort())
    hash.update(readFileSync(join(migrationsFolder, name)));
  return hash.digest('hex').slice(0, 12);
}

export async function openEmbedded(
  dataDir: string,
  options: { readonly stuckAfterMs?: number; readonly logger?: Logger } = {},
): Promise<Database> {
  return await PgliteDatabase.open({
    dataDir,
    stuckAfterMs: options.stuckAfterMs ?? 60_000,
    startTimeoutMs: 110_000,
    onPhase: () => undefined,
    logger: options.logger ?? recordingLogger(),
  });
}

async function openPglite(): Promise<TestDatabase> {
  const dataDir = await preparedDataDir();
  const database = await openEmbedded(dataDir);
  await migrate(database, migrationsFolder, () => undefined);
  return {
    database,
    dataDir,
    url: undefined,
    close: async () => {
      await database.close(10_000);
      rmSync(dataDir, { recursive: true });
    },
  };
}

async function openServer(): Promise<TestDatabase> {
  const server = await createServerDatabase();
  const database = openServerDatabase(server.url);
  await migrate(database, migrationsFolder, () => undefined);
  const dataDir = temporaryFolder();
  return {
    database,
    dataDir,
    url: server.url,
    close: async () => {
      await database.close(10_000);
      await server.drop();
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** An empty database on the test server. */
export async function createServerDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `firstline_test_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await asAdministrator((client) => client.query(`create database ${name}`));
  const url = new URL(serverUrl ?? '');
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => asAdministrator((client) => client.query(`drop database if exists ${name} with (force)`)),
  };
}

export function openServerDatabase(url: string, logger: Logger = recordingLogger()): Database {
  return new PgDatabase({
    databaseUrl: url,
    lookupConnectionsMax: 4,
    workConnectionsMax: 3,
    lookupTimeoutMs: 2_000,
    workTimeoutMs: 60_000,
    connectTimeoutMs: 5_000,
    logger,
  });
}

/** Runs work on the test server's own database. */
export async function asAdministrator(work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: serverUrl ?? '' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** One row of one column by SQL that a test needs beside the store's own. */
export async function ask(database: Database, sql: string): Promise<unknown> {
  return await database.query(
    { name: '', text: `select to_json((${sql}))::text as answer`, values: [] },
    { deadlineMs: 60_000 },
  );
}

export const sos = serviceUrn('urn:service:sos');

/** A feature with sensible attributes, changed as a test needs. */
export function feature(id: string, changes: Partial<BoundaryFeature>): BoundaryFeature {
  return {
    ordinal: 1,
    boundaryId: id,
    displayName: id,
    serviceUrn: sos,
    serviceUri: `sip:${id}@psap.example`,
    serviceNumber: '911',
    agencyId: 'agency.example',
    priority: 0,
    effective: undefined,
    expire: undefined,
    country: 'US',
    a1: undefined,
    a2: undefined,
    a3: undefined,
    geometry: box(0, 0, 1, 1),
    ...changes,
  };
}

/** A rectangle in degrees. */
export function box(west: number, south: number, east: number, north: number): BoundaryGeometry {
  return {
    type: 'MultiPolygon',
    coordinates: [
      [
        [
          [west, south],
          [east, south],
          [east, north],
          [west, north],
          [west, south],
        ],
      ],
    ],
  };
}

/** Features as a source gives them, numbered in order. */
export async function* source(...features: readonly BoundaryFeature[]): AsyncGenerator<SourceFeature> {
  let ordinal = 0;
  for (const each of features) {
    ordinal += 1;
    yield { kind: 'feature', feature: { ...each, ordinal } };
  }
}

export const actor = { name: 'tester', via: 'api' } as const;

/** The moment at which lookups of tests happen: 2026-01-01T00:00:00Z. */
export const testNow = wallMs(1_767_225_600_000);
