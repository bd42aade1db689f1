import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DependencyError, errorText } from '../base/index.ts';
import { sqlState, storeError } from './database/failures.ts';
import type { Database } from './database/types.ts';
import {
  appliedMigrations,
  createMigrationTable,
  createPostgis,
  hasMigrationTable,
  isPostgisInstalled,
  postgisOffer,
  recordMigration,
} from './sql/schema.ts';

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

interface Applied {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

const migrationDeadlineMs = 300_000;

/**
 * Brings the schema to this version: forward only, one transaction each, safe to start twice at once. Throws
 * `store.schemaUnknown` where the database knows a migration that this version does not, or knows it differently.
 */
export async function migrate(
  database: Database,
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const migrations = await readMigrations(folder);
  await ensurePostgis(database);
  const applied = await appliedSoFar(database);
  refuseUnknown(applied, migrations);
  for (const [index, migration] of migrations.entries()) {
    if (applied.some(({ version }) => version === migration.version)) continue;
    onProgress(index, migrations.length);
    await apply(database, migration, migrations);
  }
  onProgress(migrations.length, migrations.length);
}

// What most starts need: one look that takes no lock.
async function appliedSoFar(database: Database): Promise<readonly Applied[]> {
  const options = { deadlineMs: 30_000 };
  if ((await database.query(hasMigrationTable(), options)) !== true) return [];
  return (await database.query(appliedMigrations(), options)) as readonly Applied[];
}

async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  if (names.length === 0) throw storeError('store.migrationFailed', `no migrations in ${folder}`);
  return await Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name), 'utf8');
      const checksum = createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');
      return { version: Number(name.slice(0, 4)), name: name.slice(0, -4), sql, checksum };
    }),
  );
}

// Each transaction takes the lock and looks again, so that of two servers that start at once only one applies it.
async function apply(database: Database, migration: Migration, known: readonly Migration[]): Promise<void> {
  try {
    await database.dbTransaction(
      async (tx) => {
        await tx.script(createMigrationTable);
        const applied = (await tx.query(appliedMigrations())) as readonly Applied[];
        refuseUnknown(applied, known);
        if (applied.some(({ version }) => version === migration.version)) return;
        await tx.script(migration.sql);
        await tx.query(recordMigration(migration));
      },
      { deadlineMs: migrationDeadlineMs },
    );
  } catch (error) {
    if (error instanceof DependencyError && error.code !== 'store.queryFailed') throw error;
    throw storeError('store.migrationFailed', `migration ${migration.name}: ${errorText(error)}`, error);
  }
}

function refuseUnknown(applied: readonly Applied[], known: readonly Migration[]): void {
  for (const { version, name, checksum } of applied) {
    const ours = known.find((migration) => migration.version === version);
    if (ours?.checksum === checksum) continue;
    throw storeError(
      'store.schemaUnknown',
      ours === undefined
        ? `the database has the migration ${name}, which this version does not know: it was used by a newer version`
        : `the database has another content of the migration ${name} than this version`,
    );
  }
}

async function ensurePostgis(database: Database): Promise<void> {
  const options = { deadlineMs: 30_000 };
  if ((await database.query(isPostgisInstalled(), options)) === true) return;
  const offer = (await database.query(postgisOffer(), options)) as {
    readonly isAvailable: boolean;
    readonly role: string;
    readonly database: string;
  };
  if (!offer.isAvailable) {
    throw storeError(
      'store.postgisMissing',
      'the PostgreSQL server has no PostGIS; install it there (Debian: postgresql-15-postgis-3)',
    );
  }
  try {
    await database.dbTransaction((tx) => tx.script(createPostgis), {
      deadlineMs: 120_000,
    });
  } catch (error) {
    const cause = error instanceof DependencyError ? (error.cause ?? error) : error;
    const advice =
      sqlState(cause) === '42501'
        ? `the role ${offer.role} may not create it; let an administrator run in the database ${offer.database}: create extension postgis`
        : errorText(error);
    throw storeError('store.postgisMissing', `PostGIS could not be set up: ${advice}`, error);
  }
}
