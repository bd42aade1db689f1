import type { Statement } from '../database/types.ts';

/** Lets one process change the schema at a time, until the transaction ends. */
const lockSchema = `do $$ begin perform pg_advisory_xact_lock(hashtext('firstline'), 0); end $$`;

/** Sets PostGIS up, under the lock: two that create an extension at once fail, whatever "if not exists" says. */
export const createPostgis = `${lockSchema}; create extension if not exists postgis`;

/** Takes the schema's lock and makes the table of migrations where it is missing. */
export const createMigrationTable = `${lockSchema};
  create table if not exists schema_migration (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
  )`;

/** The migrations that this database has had, oldest first. */
export function appliedMigrations(): Statement {
  return {
    name: 'applied_migrations',
    text: `select coalesce(json_agg(json_build_object('version', version, 'name', name, 'checksum', checksum)
             order by version), '[]')::text as answer
           from schema_migration`,
    values: [],
  };
}

export function recordMigration(migration: {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}): Statement {
  return {
    name: 'record_migration',
    text: `with added as (
             insert into schema_migration (version, name, checksum) values ($1, $2, $3) returning version)
           select version::text as answer from added`,
    values: [migration.version, migration.name, migration.checksum],
  };
}

/** Whether PostGIS is set up in this database. */
export function isPostgisInstalled(): Statement {
  return {
    name: 'is_postgis_installed',
    text: "select to_json(exists (select from pg_extension where extname = 'postgis'))::text as answer",
    values: [],
  };
}

/** Whether PostGIS could be set up, and who asks where. */
export function postgisOffer(): Statement {
  return {
    name: 'postgis_offer',
    text: `select json_build_object(
             'isAvailable', exists (select from pg_available_extensions where name = 'postgis'),
             'role', current_user, 'database', current_database())::text as answer`,
    values: [],
  };
}

/** Whether the table of migrations is there. */
export function hasMigrationTable(): Statement {
  return {
    name: 'has_migration_table',
    text: "select to_json(to_regclass('schema_migration') is not null)::text as answer",
    values: [],
  };
}
