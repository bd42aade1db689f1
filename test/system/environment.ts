import { randomBytes } from 'node:crypto';
import { describe, it } from 'vitest';
import { findPostgres, type PgCluster, startPgCluster, withClient } from '../support/pg-cluster.ts';
import { hasSipp } from '../support/sipp.ts';

// What a system test needs of the machine. What is missing skips the test with a visible word; where the peers are
// required (in continuous integration) it fails the test instead, so that no run passes by having seen nothing.

/** A program beside the server that a test needs. */
export type Need = 'SIPp' | 'PostgreSQL';

const required = process.env['CI'] === 'true' || process.env['FIRSTLINE_REQUIRE_PEERS'] === '1';
const serverUrl = process.env['FIRSTLINE_TEST_DATABASE_URL'];
const postgres = findPostgres();

const present: Readonly<Record<Need, () => boolean>> = {
  SIPp: hasSipp,
  PostgreSQL: () => serverUrl !== undefined || postgres !== undefined,
};
const packages: Readonly<Record<Need, string>> = {
  SIPp: 'sip-tester',
  PostgreSQL: 'postgresql-15-postgis-3',
};

/** A `describe` whose tests need other programs. */
export function describeWith(title: string, needs: readonly Need[], body: () => void): void {
  const missing = needs.filter((need) => !present[need]());
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const what = missing.map((need) => `${need} (Debian: ${packages[need]})`).join(' and ');
  if (required)
    describe(title, () => {
      it(`needs ${what}`, () => {
        throw new Error(`${what} is not on this machine, and this run requires it`);
      });
    });
  else {
    console.warn(`SKIPPED ${title}: ${what} is not on this machine`);
    describe.skip(`${title} (skipped: no ${what})`, body);
  }
}

/** A database for one server, empty; `url` is undefined for the embedded one. */
export interface TestDatabase {
  readonly url: string | undefined;
  close(): Promise<void>;
}

/** One of the two databases that the same server runs on. */
export interface DatabaseKind {
  readonly name: string;
  readonly needs: readonly Need[];
  open(): Promise<TestDatabase>;
}

/** The databases that every suite runs on. */
export const databaseKinds: readonly DatabaseKind[] = [
  {
    name: 'PGlite',
    needs: [],
    open: async () => ({ url: undefined, close: async () => undefined }),
  },
  { name: 'PostgreSQL', needs: ['PostgreSQL'], open: openPostgres },
];

/** An empty PostgreSQL database, in the server that the environment names or else in a cluster of the test's own. */
export async function openPostgres(): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (serverUrl === undefined) {
    const cluster = await openCluster();
    return { url: await cluster.createDatabase('firstline'), close: () => cluster.remove() };
  }
  const name = `firstline_test_${randomBytes(6).toString('hex')}`;
  await withClient(serverUrl, (client) => client.query(`create database ${name}`));
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    close: () =>
      withClient(serverUrl, async (client) => {
        await client.query(`drop database ${name} with (force)`);
      }),
  };
}

/** A cluster that the test may stop and start. */
export async function openCluster(): Promise<PgCluster> {
  if (postgres === undefined) throw new Error('there is no PostgreSQL with PostGIS on this machine');
  return startPgCluster(postgres);
}

/** Whether a test may start and stop a PostgreSQL server of its own. */
export const hasOwnCluster = postgres !== undefined;
