import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import type { Logger } from '../../src/esrp/index.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { PgDatabase } from '../../src/store/database/pg-driver.ts';
import { PgliteDatabase } from '../../src/store/database/pglite-driver.ts';
import type { Database } from '../../src/store/database/types.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { prepareSchema } from '../../src/store/preparation.ts';
import { type Cluster, makeCluster } from './cluster.ts';
import { faultsOf } from './inspect.ts';
import { type Focus, startVictim, type Victim } from './victim.ts';
import { Watcher } from './watcher.ts';

// The process or the database is killed at a random moment of a load, an activation, a set of changes or a removal, again
// and again: the active dataset is always whole, lookups go on, and nothing is left behind.

type Target = 'embedded' | 'process' | 'backend' | 'server';

const quiet = () => undefined;
const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const focuses: readonly Focus[] = ['load', 'change', 'activate', 'remove'];
const targets: readonly Target[] = ['process', 'server', 'embedded', 'backend'];
/** As calls have it. */
const lookupDeadlineMs = 2_000;
/** Within this a database that was killed answers again, and a process goes on with it. */
const recoveryMaxMs = 60_000;

/** Runs so many rounds; 0 where every one of them went well. */
export async function main(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      rounds: { type: 'string', default: '200' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const seed = values.seed ?? String(Date.now());
  const rounds = Number(values.rounds);
  const cluster = values.only === 'embedded' ? undefined : await makeCluster();
  if (cluster === undefined) console.log('no PostgreSQL server here: the embedded database alone');
  console.log(`chaos: ${rounds} rounds, seed ${seed}`);
  const chaos = new Chaos(seed, cluster);
  try {
    await chaos.prepare();
    for (let round = 0; round < rounds; round += 1) {
      const isThere = targets.filter((each) =>
        each === 'embedded' ? values.only !== 'server' : cluster !== undefined,
      );
      const target = isThere[round % isThere.length] ?? 'embedded';
      const focus =
        focuses[(Math.floor(round / isThere.length) + (round % isThere.length)) % focuses.length] ?? 'load';
      await chaos.round(round, target, focus);
    }
  } finally {
    await chaos.end();
  }
  return chaos.report();
}

class Chaos {
  readonly #seed: string;
  readonly #cluster: Cluster | undefined;
  readonly #embeddedDir = mkdtempSync(join(tmpdir(), 'firstline-chaos-'));
  readonly #serverDir = mkdtempSync(join(tmpdir(), 'firstline-chaos-'));
  readonly #faults: string[] = [];
  readonly #struck = new Map<string, number>();
  #store: Store | undefined;
  #watcher: Watcher | undefined;
  #embeddedCount = 0;
  #recoveryMs = 0;
  #step = 0;

  constructor(seed: string, cluster: Cluster | undefined) {
    this.#seed = seed;
    this.#cluster = cluster;
  }

  /** Loads and activates a first dataset, and begins to look places up on the server. */
  async prepare(): Promise<void> {
    await this.#firstDataset(this.#embeddedDir, undefined);
    if (this.#cluster === undefined) return;
    const { url } = this.#cluster;
    await this.#firstDataset(this.#serverDir, url);
    const options = { databaseUrl: url, dataDir: this.#serverDir, logger, standby: true };
    this.#store = await openStore(options);
    // The standby index is there once it has read the active dataset.
    const until = performance.now() + recoveryMaxMs;
    while (this.#store.health().standby?.datasetId === undefined && performance.now() < until)
      await pause(20);
    if (this.#store.health().standby?.datasetId === undefined) {
      this.#faults.push('the standby index was not made; is the compiled program current?');
    }
    this.#watcher = new Watcher(this.#store.lookup, lookupDeadlineMs);
    this.#watcher.start();
  }

  async round(number: number, target: Target, focus: Focus): Promise<void> {
    const name = `round ${number + 1} (${target}, ${focus})`;
    const dataDir =
      target === 'embedded' ? this.#embeddedDir : mkdtempSync(join(tmpdir(), 'firstline-chaos-'));
    const databaseUrl = target === 'embedded' ? undefined : this.#cluster?.url;
    const victim = startVictim({ dataDir, databaseUrl, focus, seed: `${this.#seed} ${number}` });
    try {
      await victim.says('open');
      await victim.says('begin');
      await pause(this.#pick(focus === 'load' ? 900 : 250));
      const key = `${target} in ${victim.isAtWork() ? 'the middle of' : 'between two of'} ${focus}`;
      this.#struck.set(key, (this.#struck.get(key) ?? 0) + 1);
      await this.#strike(target, victim);
    } catch (error) {
      this.#faults.push(`${name}: ${String(error)}`);
    } finally {
      await victim.kill();
      if (target !== 'embedded') rmSync(dataDir, { recursive: true, force: true });
    }
    const faults = await this.#inspect(databaseUrl).catch((error: unknown) => [
      `inspecting: ${String(error)}`,
    ]);
    this.#faults.push(...faults.map((fault) => `${name}: ${fault}`));
    if (faults.length > 0 || (number + 1) % 20 === 0) {
      console.log(
        `${name}: ${this.#faults.length} faults so far${faults.length > 0 ? `; ${faults[0]}` : ''}`,
      );
    }
  }

  async #strike(target: Target, victim: Victim): Promise<void> {
    if (target === 'embedded' || target === 'process') {
      await victim.kill();
      return;
    }
    const startedAt = performance.now();
    if (target === 'server') {
      this.#cluster?.crash();
      await pause(this.#pick(1_000));
      this.#cluster?.start();
    } else await this.#killBackend();
    // Once its database is there again the process goes on with its work by itself.
    await withLimit(victim.says('end'), recoveryMaxMs, 'the process did not go on');
    this.#recoveryMs = Math.max(this.#recoveryMs, performance.now() - startedAt);
  }

  /** Kills one of the sessions that the server has for us: it takes all others with it and recovers, as after a crash. */
  async #killBackend(): Promise<void> {
    const client = new Client({ connectionString: this.#cluster?.url });
    client.on('error', quiet);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = 'firstline' order by state, query_start desc limit 1",
    );
    const [session] = rows;
    if (session === undefined) throw new Error('no session to kill');
    // The server ends every session before it recovers, ours too: what is done before that says nothing.
    const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
    process.kill(session.pid, 'SIGKILL');
    await withLimit(ended, recoveryMaxMs, 'the server did not notice');
  }

  /** As a start does it: brings the schema up to date, removes what was left behind; then looks at everything. */
  async #inspect(databaseUrl: string | undefined): Promise<readonly string[]> {
    const database = await this.#open(databaseUrl);
    try {
      // A server that is still recovering is waited for, as a start does; the watcher's store answers meanwhile.
      const preparation = await prepareSchema(database, { logger, onProgress: quiet });
      await withLimit(preparation.done, recoveryMaxMs, 'the database did not recover');
      const watcher = new Watcher(makeBoundaryLookup(database), recoveryMaxMs);
      for (let count = 0; count < 11; count += 1) await watcher.once();
      if (databaseUrl === undefined) this.#embeddedCount += watcher.count;
      return [...(await faultsOf(database)), ...watcher.faults];
    } finally {
      await database.close(10_000);
    }
  }

  async #open(databaseUrl: string | undefined): Promise<Database> {
    if (databaseUrl === undefined) {
      return await PgliteDatabase.open({
        dataDir: this.#embeddedDir,
        stuckAfterMs: 60_000,
        startTimeoutMs: 120_000,
        onPhase: quiet,
        logger,
      });
    }
    const limits = { lookupTimeoutMs: 2_000, workTimeoutMs: 60_000, connectTimeoutMs: 5_000 };
    const open = () =>
      new PgDatabase({ databaseUrl, lookupConnectionsMax: 1, workConnectionsMax: 2, ...limits, logger });
    return open();
  }

  async #firstDataset(dataDir: string, databaseUrl: string | undefined): Promise<void> {
    const store = await openStore({ databaseUrl, dataDir, logger });
    await store.prepared;
    await store.close(10_000);
    const victim = startVictim({ dataDir, databaseUrl, focus: 'load', seed: `${this.#seed} first` });
    await victim.says('end');
    await victim.kill();
    const again = await openStore({ databaseUrl, dataDir, logger });
    await again.prepared;
    const [newest] = await again.boundaries.listDatasets();
    if (newest === undefined) throw new Error('the first dataset is not there');
    await again.boundaries.activate(newest.id, { name: 'chaos', via: 'system' });
    await again.close(10_000);
  }

  async end(): Promise<void> {
    await this.#watcher?.stop();
    await this.#store?.close(5_000);
    this.#cluster?.remove();
    for (const folder of [this.#embeddedDir, this.#serverDir])
      rmSync(folder, { recursive: true, force: true });
  }

  report(): number {
    const watcher = this.#watcher;
    const faults = [...this.#faults, ...(watcher?.faults ?? [])];
    for (const [what, count] of [...this.#struck].sort()) console.log(`${count} times: ${what}`);
    if (watcher !== undefined) {
      console.log(
        `${watcher.count} lookups on the server, ${watcher.byMemory} answered by memory, the longest ${watcher.longestMs.toFixed(0)} ms; ` +
          `the longest recovery ${this.#recoveryMs.toFixed(0)} ms`,
      );
    }
    console.log(`${this.#embeddedCount} lookups on the embedded database after its kills`);
    for (const fault of faults.slice(0, 20)) console.log(`FAULT ${fault}`);
    const struck = [...this.#struck.values()].reduce((sum, count) => sum + count, 0);
    const isVain = struck === 0 || (watcher !== undefined && watcher.count === 0);
    console.log(`${struck} kills, ${faults.length} faults`);
    return faults.length > 0 || isVain ? 1 : 0;
  }

  #pick(count: number): number {
    this.#step += 1;
    const hash = createHash('sha256').update(`${this.#seed} main ${this.#step}`).digest();
    return hash.readUInt32LE(0) % count;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function withLimit<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
