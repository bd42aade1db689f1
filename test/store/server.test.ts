import { rmSync } from 'node:fs';
import type { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { callRecordId, wallMs } from '../../src/base/index.ts';
import type { CallRecord } from '../../src/esrp/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import {
  actor,
  asAdministrator,
  createServerDatabase,
  feature,
  openServerDatabase,
  recordingLogger,
  serverSkip,
  serverUrl,
  sos,
  source,
  temporaryFolder,
  testNow,
} from './harness.ts';

// What a PostgreSQL server brings that the embedded database does not: outages, other processes, roles.

const undo: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

const scope = { services: [sos], asOf: testNow, deadlineMs: 10_000 } as const;
const load = { name: 'one', source: 'test', actor, invalidGeometry: 'refuse' } as const;

async function emptyDatabase(): Promise<string> {
  const database = await createServerDatabase();
  undo.push(() => database.drop());
  return database.url;
}

async function open(url: string, logger = recordingLogger()): Promise<Store> {
  const dataDir = temporaryFolder();
  undo.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const store = await openStore({ databaseUrl: url, dataDir, logger, connectTimeoutMs: 3_000 });
  undo.push(() => store.close(5_000));
  return store;
}

describe.skipIf(serverUrl === undefined)(`a PostgreSQL server${serverSkip}`, () => {
  it('gets its schema once, however many start at once', async () => {
    const url = await emptyDatabase();
    const stores = await Promise.all([open(url), open(url), open(url)]);
    expect(stores.map((store) => store.isPrepared())).toEqual([true, true, true]);
    expect(stores[0]?.describe()).toBe(`PostgreSQL server ${new URL(url).host}${new URL(url).pathname}`);
  });

  it('shows what one process activates to the others at once', async () => {
    const url = await emptyDatabase();
    const [one, other] = await Promise.all([open(url), open(url)]);
    const heard = new Promise<void>((resolve) => void other.onActiveDatasetChange(resolve));
    const outcome = await one.boundaries.load(source(feature('a', {})), load);
    if (outcome.kind !== 'loaded') throw new Error('the load was refused');
    await one.boundaries.activate(outcome.dataset.id, actor);
    expect(await other.lookup.byPoint({ lon: 0.5, lat: 0.5 }, scope)).toMatchObject({ kind: 'found' });
    await heard;
  });

  it('does not lose another process’s load to one that starts', async () => {
    const url = await emptyDatabase();
    const one = await open(url);
    let second: Promise<Store> | undefined;
    async function* slow() {
      yield* source(feature('a', {}));
      second = open(url);
      await second;
      yield* source(feature('b', {}));
    }
    expect(await one.boundaries.load(slow(), load)).toMatchObject({ kind: 'loaded' });
    await second;
  });

  it('may go away and come back: lookups fail fast and then work, records are kept', async () => {
    const url = await emptyDatabase();
    const store = await open(url);
    const outcome = await store.boundaries.load(source(feature('a', {})), load);
    if (outcome.kind !== 'loaded') throw new Error('the load was refused');
    await store.boundaries.activate(outcome.dataset.id, actor);
    const here = { lon: 0.5, lat: 0.5 };
    expect(await store.lookup.byPoint(here, scope)).toMatchObject({ kind: 'found' });

    const outage = await shut(url);
    await expect(store.lookup.byPoint(here, scope)).rejects.toMatchObject({ code: 'store.databaseDown' });
    expect(store.health().database.state).toBe('down');
    store.records.put(record('outage-0001'));
    await outage.end();
    expect(await store.lookup.byPoint(here, scope)).toMatchObject({ kind: 'found' });
    expect(store.health().database.state).toBe('up');
    expect(await store.records.list({ limit: 5, before: undefined, state: undefined })).toMatchObject([
      { id: 'outage-0001' },
    ]);
  });

  it('answers a lookup whose connection was cut a moment ago', async () => {
    const url = await emptyDatabase();
    const store = await open(url);
    const ask = () => store.lookup.byPoint({ lon: 0, lat: 0 }, scope);
    await Promise.all([ask(), ask(), ask()]);
    const cutting = cutConnections(url);
    const answers = await Promise.allSettled([ask(), ask(), ask()]);
    await cutting;
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  });

  it('is waited for where it is away at the start', async () => {
    const url = await emptyDatabase();
    const outage = await shut(url);
    const logger = recordingLogger();
    const store = await open(url, logger);
    expect(store.isPrepared()).toBe(false);
    await expect(store.lookup.byPoint({ lon: 0, lat: 0 }, scope)).rejects.toMatchObject({
      code: 'store.databaseDown',
    });
    await outage.end();
    await store.prepared;
    expect(await store.boundaries.listDatasets()).toEqual([]);
  });

  it('says who must create the extension where its role may not', async () => {
    const url = new URL(await emptyDatabase());
    const role = `firstline_role_${Date.now()}`;
    await asAdministrator((client) => client.query(`create role ${role} login password 'secret'`));
    undo.push(() => asAdministrator((client) => client.query(`drop role ${role}`)));
    url.username = role;
    url.password = 'secret';
    await expect(open(url.href)).rejects.toMatchObject({
      code: 'store.postgisMissing',
      message: expect.stringContaining('create extension postgis'),
    });
  });

  it('ends a lookup by its own limit too', async () => {
    const url = await emptyDatabase();
    const database = openServerDatabase(url);
    undo.push(() => database.close(5_000));
    const slow = { name: '', text: "select pg_sleep(30)::text || '1' as answer", values: [] };
    await expect(database.query(slow, { deadlineMs: 20_000, lane: 'lookup' })).rejects.toMatchObject({
      code: 'store.deadlineMissed',
    });
  });

  it('is not asked any more after the close', async () => {
    const store = await open(await emptyDatabase());
    await Promise.all([store.close(5_000), store.close(5_000)]);
    await expect(store.boundaries.listDatasets()).rejects.toMatchObject({ code: 'store.closed' });
  });
});

/** Refuses connections to a database and cuts those that are open, until `end`. */
async function shut(url: string): Promise<{ end(): Promise<void> }> {
  const name = new URL(url).pathname.slice(1);
  await asAdministrator((client) => client.query(`alter database ${name} allow_connections false`));
  await cutConnections(url);
  return {
    end: () => asAdministrator((client) => client.query(`alter database ${name} allow_connections true`)),
  };
}

async function cutConnections(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await asAdministrator(async (client: Client) => {
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    for (;;) {
      const left = await client.query('select from pg_stat_activity where datname = $1 and state = $2', [
        name,
        'idle',
      ]);
      if (left.rowCount === 0) return;
    }
  });
}

function record(id: string): CallRecord {
  return {
    id: callRecordId(id),
    receivedAt: wallMs(1),
    state: 'routing',
    method: 'INVITE',
    sipCallId: 'x',
    from: 'x',
    to: 'x',
    requestUri: 'urn:service:sos',
    ingress: 'x',
    emergencyCallId: undefined,
    incidentId: undefined,
    recognition: { kind: 'other' },
    located: undefined,
    locationUpdates: [],
    locationKeptUntil: undefined,
    mapping: undefined,
    plan: undefined,
    stages: [],
    attempts: [],
    warnings: [],
    statusCode: undefined,
    answeredAt: undefined,
    endedAt: undefined,
  };
}
