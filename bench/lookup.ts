import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findPostgres, type PgCluster, startPgCluster } from '../test/support/pg-cluster.ts';

// What a lookup costs in the index in memory, in PostgreSQL and in the embedded database, on the demo counties and on the
// dense national set; what loading takes; and how long an activation holds a lookup up.

const sideNames = ['memory', 'postgres', 'pglite'] as const;
const setNames = ['counties', 'national'] as const;
type SideName = (typeof sideNames)[number];
type SetName = (typeof setNames)[number];

interface Options {
  readonly sides: readonly SideName[];
  readonly sets: readonly SetName[];
  readonly isSmall: boolean;
  readonly rounds: number;
  readonly seed: number;
}

/** What `lookup-side.mjs` is told. */
interface Task {
  readonly side: SideName;
  readonly set: SetName;
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly national: { readonly boundaryCount?: number; readonly largestVertexCount?: number };
  readonly memoryPlaces: number;
  readonly databasePlaces: number;
  readonly concurrent: number;
  readonly rounds: number;
  readonly pauseMs: number;
  readonly seed: number;
}

interface Lookups {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

interface Stall {
  readonly quietMs: number;
  readonly longestMs: number;
  readonly activationMs: number;
}

/** What it answers. Times in the unit of their name; memory is the process's own, the server's not in it. */
interface Measured extends Task {
  readonly lookups: Lookups;
  readonly loadMs: number;
  readonly loadAverage: number;
  /** Of the index alone. */
  readonly vertexCount?: number;
  readonly makingMs?: number;
  readonly sizeMb?: number;
  readonly peakMb?: number;
  /** Of the databases. */
  readonly beforeMb?: number;
  readonly loadPeakMb?: number;
  readonly stall?: Stall;
  readonly standby?: {
    readonly madeMs: number;
    readonly sizeMb: number;
    readonly peakMb: number;
    readonly lookups: Lookups;
    readonly stall: Stall;
  };
}

const here = dirname(fileURLToPath(import.meta.url));

/** Runs the measurement; resolves to the exit code: 1 where a side failed, 2 for wrong options. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) return 2;
  console.log(`  ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Linux ${release()}`);
  console.log(
    `  ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node.js ${process.version}, seed ${options.seed}, load average ${loadavg()[0]?.toFixed(1)}`,
  );
  const bin = options.sides.includes('postgres') ? findPostgres() : undefined;
  const sides = options.sides.filter((side) => side !== 'postgres' || bin !== undefined);
  if (sides.length < options.sides.length) {
    console.log('  postgres is skipped: no PostgreSQL with PostGIS (Debian: postgresql-15-postgis-3)');
  }
  const results: Measured[] = [];
  let failedCount = 0;
  const cluster = bin === undefined ? undefined : await startPgCluster(bin);
  try {
    for (const set of options.sets) {
      for (const side of sides) {
        const measured = await measure(side, set, options, cluster);
        if (measured === undefined) failedCount += 1;
        else {
          results.push(measured);
          printLookups(measured);
        }
      }
    }
  } finally {
    await cluster?.remove();
  }
  printSummary(results);
  mkdirSync(join(here, 'out'), { recursive: true });
  const file = join(here, 'out', `lookup-${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, JSON.stringify({ options, results }, undefined, 2));
  return failedCount === 0 ? 0 : 1;
}

function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sides: { type: 'string', default: sideNames.join() },
      sets: { type: 'string', default: setNames.join() },
      small: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      seed: { type: 'string', default: '911' },
    },
  });
  const sides = sideNames.filter((name) => values.sides.split(',').includes(name));
  const sets = setNames.filter((name) => values.sets.split(',').includes(name));
  const [rounds, seed] = [Number(values.rounds), Number(values.seed)];
  if (
    sides.length === values.sides.split(',').length &&
    sets.length === values.sets.split(',').length &&
    Number.isInteger(rounds) &&
    rounds > 0 &&
    Number.isInteger(seed)
  ) {
    return { sides, sets, isSmall: values.small, rounds, seed };
  }
  console.error(
    `--sides takes ${sideNames.join()}, --sets takes ${setNames.join()}, --rounds and --seed whole numbers`,
  );
  return undefined;
}

async function measure(
  side: SideName,
  set: SetName,
  options: Options,
  cluster: PgCluster | undefined,
): Promise<Measured | undefined> {
  const dataDir = mkdtempSync(join(tmpdir(), 'firstline-bench-'));
  const { isSmall, rounds, seed } = options;
  const task: Task = {
    ...{ side, set, dataDir, rounds, seed },
    databaseUrl: side === 'postgres' ? await cluster?.createDatabase(`lookup_${set}`) : undefined,
    national: isSmall ? { boundaryCount: 500, largestVertexCount: 25_000 } : {},
    memoryPlaces: isSmall ? 30_000 : 200_000,
    databasePlaces: isSmall ? 2_000 : 10_000,
    concurrent: 16,
    pauseMs: isSmall ? 300 : 1_500,
  };
  console.log(`  ${side}, ${set} ...`);
  const child = spawn(process.execPath, [join(here, 'lookup-side.mjs'), JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  rmSync(dataDir, { recursive: true, force: true });
  if (code === 0) return JSON.parse(text) as Measured;
  console.error(`  ${side} on ${set} ended with code ${code}`);
  return undefined;
}

function printSummary(results: readonly Measured[]): void {
  console.log(
    '\n  lookups of points                 set           a second    p50 µs    p99 µs    max ms   load',
  );
  for (const each of results) printLookups(each);
  console.log(
    '\n  loading                           set            seconds  MB at peak   MB before   MB in memory',
  );
  for (const each of results) {
    const [peak, before] = [each.peakMb ?? each.loadPeakMb ?? 0, each.beforeMb ?? 0];
    const name = each.side === 'memory' ? 'the index alone' : names[each.side];
    console.log(
      `  ${name.padEnd(33)} ${each.set.padEnd(9)} ${(each.loadMs / 1_000).toFixed(1).padStart(12)}${peak.toFixed(0).padStart(12)}${before.toFixed(0).padStart(12)}${(each.sizeMb ?? 0).toFixed(0).padStart(15)}`,
    );
    if (each.standby === undefined) continue;
    const { madeMs, peakMb, sizeMb } = each.standby;
    console.log(
      `  ${`standby index from ${each.side}`.padEnd(33)} ${each.set.padEnd(9)} ${(madeMs / 1_000).toFixed(1).padStart(12)}${peakMb.toFixed(0).padStart(12)}${''.padStart(12)}${sizeMb.toFixed(0).padStart(15)}`,
    );
  }
  console.log('\n  activation                        set      takes ms   longest lookup ms   without one ms');
  for (const each of results) {
    if (each.stall === undefined || each.standby === undefined) continue;
    for (const [name, stall] of [
      [names[each.side], each.stall],
      [`standby index beside ${each.side}`, each.standby.stall],
    ] as const) {
      console.log(
        `  ${name.padEnd(33)} ${each.set.padEnd(9)}${figure(stall.activationMs)}${figure(stall.longestMs).padStart(20)}${figure(stall.quietMs).padStart(17)}`,
      );
    }
  }
  console.log(`\n  medians of the rounds, the longest of all; load average now ${loadavg()[0]?.toFixed(1)}`);
}

function printLookups(measured: Measured): void {
  const { set, side, loadAverage, standby } = measured;
  const row = (name: string, { perSecond, p50Us, p99Us, maxUs }: Lookups) =>
    console.log(
      `  ${name.padEnd(33)} ${set.padEnd(9)} ${perSecond.toFixed(0).padStart(12)}${figure(p50Us)}${figure(p99Us)}${figure(maxUs / 1_000)}${loadAverage.toFixed(1).padStart(7)}`,
    );
  row(side === 'memory' ? 'the index alone' : names[side], measured.lookups);
  if (standby !== undefined) row(`standby index beside ${side}`, standby.lookups);
}

const names = { memory: 'memory', postgres: 'PostgreSQL', pglite: 'PGlite' } as const;

function figure(value: number): string {
  return value.toFixed(value < 100 ? 2 : 0).padStart(10);
}
