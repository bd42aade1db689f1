import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { usCountyPsaps } from '../../data/us-counties.ts';
import type { Database } from '../../src/store/database/types.ts';
import { openStore } from '../../src/store/index.ts';
import { packageRoot } from '../../src/store/package-root.ts';
import { lockFolder } from '../../src/store/pglite/folder-lock.ts';
import {
  actor,
  ask,
  feature,
  openEmbedded,
  preparedDataDir,
  recordingLogger,
  source,
  temporaryFolder,
} from './harness.ts';

// What the embedded database needs beside a server's: guards against lost results, stuck statements, a second process
// on its folder, and crashes.

const undo: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function dataDir(): Promise<string> {
  const folder = await preparedDataDir();
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function embedded(options: Parameters<typeof openEmbedded>[1] = {}): Promise<Database> {
  const database = await openEmbedded(await dataDir(), options);
  undo.push(() => database.close(10_000));
  return database;
}

const bowTie = "'SRID=4326;POLYGON((0 0,1 1,1 0,0 1,0 0))'::geometry";
const box = "'SRID=4326;POLYGON((0 0,2 0,2 2,0 2,0 0))'::geometry";
// GEOS throws on an invalid input here; on a server that is an error, in the embedded database nothing comes back.
const losing = {
  name: '',
  text: `select ST_AsText(ST_Intersection(${bowTie}, ${box})) as answer`,
  values: [],
};

describe('a result that GEOS lost', () => {
  it('is a failure, and the database is opened again', async () => {
    const logger = recordingLogger();
    const database = await embedded({ logger });
    await expect(database.query(losing, { deadlineMs: 60_000 })).rejects.toMatchObject({
      code: 'store.resultLost',
    });
    expect(logger.events).toContain('store.databaseReopening');
    expect(await ask(database, 'select 1')).toBe(1);
    expect(database.health()).toEqual({ state: 'up' });
  });

  it('takes its transaction with it', async () => {
    const database = await embedded();
    const work = database.dbTransaction(
      async (tx) => {
        await tx.script("insert into audit (actor, via, action) values ('x', 'x', 'lost')");
        await tx.query(losing);
      },
      { deadlineMs: 60_000 },
    );
    await expect(work).rejects.toMatchObject({ code: 'store.resultLost' });
    expect(await ask(database, "select count(*) from audit where action = 'lost'")).toBe(0);
  });

  it('rejects what was waiting behind it, and keeps what was committed before', async () => {
    const database = await embedded();
    await database.dbTransaction(
      (tx) => tx.script("insert into audit (actor, via, action) values ('x', 'x', 'kept')"),
      { deadlineMs: 60_000 },
    );
    const lost = database.query(losing, { deadlineMs: 60_000 });
    const behind = ask(database, 'select 1');
    await expect(lost).rejects.toMatchObject({ code: 'store.resultLost' });
    await expect(behind).rejects.toMatchObject({ code: 'store.databaseDown' });
    expect(await ask(database, "select count(*) from audit where action = 'kept'")).toBe(1);
  });
});

describe('a close', () => {
  it('while the database is being opened again leaves nothing running', async () => {
    const database = await embedded();
    await expect(database.query(losing, { deadlineMs: 60_000 })).rejects.toMatchObject({
      code: 'store.resultLost',
    });
    await database.close(1);
    await expect(ask(database, 'select 1')).rejects.toMatchObject({ code: 'store.closed' });
  });
});

describe('a statement that does not end', () => {
  it('misses its deadline, and when it stays the worker is replaced', async () => {
    const logger = recordingLogger();
    const database = await embedded({ logger, stuckAfterMs: 200 });
    const stuck = {
      name: '',
      text: 'select count(*)::text as answer from generate_series(1, 100000) a, generate_series(1, 10000000) b',
      values: [],
    };
    // Long enough to be begun on a busy machine: what has not begun by its deadline never does.
    await expect(database.query(stuck, { deadlineMs: 2_000 })).rejects.toMatchObject({
      code: 'store.deadlineMissed',
    });
    // Waits for the replacement, which must come well before its deadline.
    while (!logger.events.includes('store.databaseReopened'))
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ask(database, 'select 1')).toBe(1);
  });

  it('is not started any more when nobody waits for it', async () => {
    const database = await embedded();
    const slow = {
      name: '',
      text: 'select count(*)::text as answer from generate_series(1, 2000000) g',
      values: [],
    };
    const first = database.query(slow, { deadlineMs: 60_000 });
    const insert = {
      name: '',
      text: "with a as (insert into audit (actor, via, action) values ('x','x','late') returning 1) select '1' as answer from a",
      values: [],
    };
    await expect(database.query(insert, { deadlineMs: 1 })).rejects.toMatchObject({
      code: 'store.deadlineMissed',
    });
    await first;
    expect(await ask(database, "select count(*) from audit where action = 'late'")).toBe(0);
  });
});

describe('lookups', () => {
  it('go before everything else that waits', async () => {
    const database = await embedded();
    let done = 0;
    const work = Array.from({ length: 30 }, async () => {
      await ask(database, 'select count(*) from generate_series(1, 100000)');
      done += 1;
    });
    const lookup = { name: 'one', text: "select '1' as answer", values: [] };
    await database.query(lookup, { deadlineMs: 60_000, lane: 'lookup' });
    expect(done).toBeLessThan(5);
    await Promise.all(work);
  });
});

describe('the data folder', () => {
  it('is opened by one store at a time, also within a process', async () => {
    const folder = await dataDir();
    const options = { databaseUrl: undefined, dataDir: folder, logger: recordingLogger() };
    const store = await openStore(options);
    undo.push(() => store.close(5_000));
    await expect(openStore(options)).rejects.toMatchObject({
      code: 'store.folderLocked',
      message: expect.stringContaining('this process'),
    });
    await store.close(5_000);
    await store.close(5_000);
    const again = await openStore(options);
    expect(again.describe()).toContain(folder);
    await again.close(5_000);
  });

  it('is refused to a second process, which names the first; and free at once after a kill', async () => {
    const folder = await dataDir();
    const first = child(folder);
    await first.said('open');
    const second = child(folder);
    expect(await second.said('failed')).toContain(
      `store.folderLocked the data folder ${folder} is in use by the process ${first.pid}`,
    );
    await first.said('loading');
    await first.kill();

    const startedAt = performance.now();
    const logger = recordingLogger();
    const store = await openStore({ databaseUrl: undefined, dataDir: folder, logger });
    undo.push(() => store.close(5_000));
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    expect(logger.events).toContain('store.unfinishedLoadsDiscarded');
    expect(await store.boundaries.listDatasets()).toEqual([]);
    const load = { name: 'after', source: 'test', actor, invalidGeometry: 'repair' } as const;
    expect(await store.boundaries.load(usCountyPsaps(), load)).toMatchObject({ kind: 'loaded' });
    await store.close(5_000);

    const database = await openEmbedded(folder);
    undo.push(() => database.close(5_000));
    const stray =
      "select count(*) from pg_class where relname ~ '^(service_boundary|boundary_part)_[0-9]+$' and not relispartition";
    expect(await ask(database, stray)).toBe(0);
  });

  it('is taken over by one of many that find a dead holder', async () => {
    const folder = temporaryFolder();
    undo.push(() => rmSync(folder, { recursive: true }));
    const dead = { token: 'dead', pid: 999_999_999, startTicks: '1', bootId: '', pidNamespace: '' };
    for (const text of [JSON.stringify({ ...dead, ...selfPlace() }), 'not JSON', '']) {
      writeFileSync(join(folder, 'store.lock'), text);
      // As after a crash in the middle of a takeover.
      writeFileSync(join(folder, 'store.lock.takeover'), text);
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
      const winners = results.filter((result) => result.status === 'fulfilled');
      expect(winners.length, text).toBe(1);
      for (const { value } of winners) await value.release();
    }
  });

  it('takes the published bundle where the small one cannot be made', async () => {
    const folder = await dataDir();
    rmSync(join(folder, 'cache'), { recursive: true, force: true });
    writeFileSync(join(folder, 'cache'), 'in the way');
    const logger = recordingLogger();
    const database = await openEmbedded(folder, { logger });
    undo.push(() => database.close(10_000));
    expect(logger.events).toContain('store.slimBundleFailed');
    expect(await ask(database, 'select ST_AsText(ST_MakePoint(1, 2))')).toBe('POINT(1 2)');
  });

  it('opens with the small bundle, which has its transformations', async () => {
    const database = await embedded();
    const moved = (await ask(
      database,
      "select round(ST_X(ST_Transform('SRID=26915;POINT(500000 4649776)'::geometry, 4326))::numeric, 6)",
    )) as number;
    expect(moved).toBeCloseTo(-93, 5);
  });

  it('refuses a schema of a newer version', async () => {
    const folder = await dataDir();
    const database = await openEmbedded(folder);
    await database.dbTransaction(
      (tx) =>
        tx.script("insert into schema_migration (version, name, checksum) values (9999, '9999_future', 'x')"),
      { deadlineMs: 10_000 },
    );
    await database.close(10_000);
    const opening = openStore({ databaseUrl: undefined, dataDir: folder, logger: recordingLogger() });
    await expect(opening).rejects.toMatchObject({
      code: 'store.schemaUnknown',
      message: expect.stringContaining('9999_future'),
    });
  });

  it('is made where there is none', async () => {
    const parent = temporaryFolder();
    undo.push(() => rmSync(parent, { recursive: true, force: true }));
    mkdirSync(join(parent, 'a'));
    const phases: string[] = [];
    const store = await openStore({
      databaseUrl: undefined,
      dataDir: join(parent, 'a', 'b'),
      logger: recordingLogger(),
      onProgress: ({ phase }) => void (phases.at(-1) === phase || phases.push(phase)),
    });
    undo.push(() => store.close(5_000));
    expect(phases).toEqual(['locking', 'repacking', 'creating', 'extension', 'migrating', 'ready']);
    const load = { name: 'one', source: 'test', actor, invalidGeometry: 'refuse' } as const;
    expect(await store.boundaries.load(source(feature('a', {})), load)).toMatchObject({ kind: 'loaded' });
    expect(store.health()).toEqual({ database: { state: 'up' }, pendingRecordCount: 0 });
    await store.close(5_000);
  });
});

/** The place that a lock file of this machine names. */
function selfPlace(): object {
  return { bootId: '', pidNamespace: '' };
}

interface Child {
  readonly pid: number | undefined;
  /** The first line that begins so; rejects where the process ends before. */
  said(start: string): Promise<string>;
  kill(): Promise<void>;
}

function child(folder: string): Child {
  const script = join(packageRoot(), 'test', 'store', 'store-process.mjs');
  const process_: ChildProcess = spawn(process.execPath, [script, join(packageRoot(), 'dist'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  let wake: () => void = () => undefined;
  let isOver = false;
  const exited = new Promise<void>((resolve) => process_.once('close', () => resolve()));
  if (process_.stdout !== null) {
    createInterface({ input: process_.stdout }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  void exited.then(() => {
    isOver = true;
    wake();
  });
  const kill = async () => {
    process_.kill('SIGKILL');
    await exited;
  };
  undo.push(kill);
  return {
    pid: process_.pid,
    said: async (start) => {
      for (;;) {
        const line = lines.find((each) => each.startsWith(start));
        if (line !== undefined) return line;
        if (isOver) throw new Error(`the process ended; it said: ${lines.join(' | ')}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    kill,
  };
}
