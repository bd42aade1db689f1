import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededFraction } from '../data/sample-points.ts';
import { freePorts } from '../test/support/free-ports.ts';
import { findPostgres, type PgCluster, startPgCluster, withClient } from '../test/support/pg-cluster.ts';
import { hasSipp, type SippRun, startSipp } from '../test/support/sipp.ts';
import { type Expectations, openExpectations } from '../test/system/counties.ts';
import { cpuSeconds, machineIdleSeconds, memoryMb } from './accounting.ts';
import { missingForKamailio, programVersion, type Side, startFirstline, startKamailio } from './sides.ts';

const here = dirname(fileURLToPath(import.meta.url));

interface Options {
  readonly rate: number;
  readonly calls: number;
  readonly rounds: number;
  readonly warm: number;
  readonly children: number;
  readonly seed: number;
  readonly sides: readonly string[];
}

const sideNames = ['kamailio', 'postgresql', 'pglite'];

/** One measured run of one side. Times in milliseconds, CPU in seconds per 1,000 calls. */
interface Run {
  readonly side: string;
  readonly round: number;
  readonly calls: number;
  readonly failed: number;
  readonly retransmissions: number;
  readonly proxyCpu: number;
  readonly databaseCpu: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly memoryMb: number;
  /** Share of the machine that others used meanwhile: the generator, the PSAP, and whatever else ran. */
  readonly othersShare: number;
}

/** Runs the benchmark; resolves to the exit code: 1 where some side answered no call at all, 2 for wrong options. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) return 2;
  if (!hasSipp()) {
    console.log('SKIPPED: SIPp (Debian: sip-tester) is not on this machine; nothing can be measured');
    return 0;
  }
  printMachine(options);
  const cleanUp: (() => Promise<void>)[] = [];
  try {
    const { sides, rows } = await startSides(options, cleanUp);
    const runs = await alternate(sides, rows, options);
    printSummary(runs);
    await printProfiles(sides, rows, options);
    mkdirSync(join(here, 'out'), { recursive: true });
    const file = join(here, 'out', `${new Date().toISOString().replaceAll(':', '-')}.json`);
    writeFileSync(file, JSON.stringify({ options, runs }, undefined, 2));
    return sides.every((side) => runs.some((run) => run.side === side.name && run.calls > 0)) ? 0 : 1;
  } finally {
    for (const undo of cleanUp.reverse()) await undo();
  }
}

function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rate: { type: 'string', default: '300' },
      calls: { type: 'string', default: '6000' },
      rounds: { type: 'string', default: '4' },
      warm: { type: 'string', default: '2000' },
      children: { type: 'string', default: '2' },
      seed: { type: 'string', default: '911' },
      sides: { type: 'string', default: sideNames.join(',') },
    },
  });
  const { sides, ...others } = values;
  const numbers = Object.entries(others).map(([name, text]) => [name, Number(text)] as const);
  const wrong = numbers.filter(([, number]) => !Number.isSafeInteger(number) || number < 0);
  for (const [name] of wrong) console.error(`--${name} must be a whole number`);
  const unknown = sides.split(',').filter((name) => !sideNames.includes(name));
  if (unknown.length > 0)
    console.error(`--sides takes some of ${sideNames.join(',')}, not ${unknown.join(',')}`);
  if (wrong.length + unknown.length > 0) return undefined;
  const of = (name: string) => numbers.find(([own]) => own === name)?.[1] ?? 0;
  return {
    rate: of('rate'),
    calls: of('calls'),
    rounds: of('rounds'),
    warm: of('warm'),
    children: of('children'),
    seed: of('seed'),
    sides: sides.split(','),
  };
}

function printMachine(options: Options): void {
  const facts = [
    `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    `Node.js ${process.version}`,
    programVersion('sipp', '-v'),
    programVersion('kamailio', '-v'),
    `${options.rate} calls/s, ${options.calls} calls a run, ${options.rounds} rounds, seed ${options.seed}`,
  ];
  for (const fact of facts) if (fact !== undefined) console.log(`  ${fact}`);
}

/** Starts every side that this machine can run; what is missing is said. All of them stay up for the whole session. */
async function startSides(
  options: Options,
  cleanUp: (() => Promise<void>)[],
): Promise<{ sides: readonly Side[]; rows: readonly (readonly string[])[] }> {
  const sides: Side[] = [];
  const started = (side: Side) => {
    cleanUp.push(() => side.stop());
    sides.push(side);
  };
  const [psapPort = 0] = await freePorts(1);
  const postgres = findPostgres();
  let cluster: PgCluster | undefined;
  let countiesUrl: string | undefined;
  if (postgres === undefined) {
    console.log('SKIPPED: both sides with PostgreSQL (Debian: postgresql-15-postgis-3)');
  } else {
    const own = await startPgCluster(postgres);
    cleanUp.push(() => own.remove());
    cluster = own;
    countiesUrl = await own.createDatabase('counties');
  }
  const expectations = await openExpectations(countiesUrl);
  const rows = await callRows(expectations, options);
  await expectations.close();
  if (cluster !== undefined && countiesUrl !== undefined) {
    console.log(`  ${await databaseVersion(countiesUrl)}`);
    const missing = missingForKamailio();
    if (missing !== undefined) console.log(`SKIPPED: Kamailio, for want of ${missing}`);
    else if (options.sides.includes('kamailio'))
      started(await startKamailio(psapPort, cluster, { countiesUrl, children: options.children }));
    if (options.sides.includes('postgresql')) started(await startFirstline(psapPort, cluster));
  }
  if (options.sides.includes('pglite')) started(await startFirstline(psapPort, undefined));
  const psap = await startPsap(psapPort);
  cleanUp.push(async () => void (await psap.stop()));
  return { sides, rows };
}

async function callRows(
  expectations: Expectations,
  options: Options,
): Promise<readonly (readonly string[])[]> {
  const places = await expectations.places(Math.min(5_000, options.calls), seededFraction(options.seed));
  return places.map((place) => [String(place.lat), String(place.lon)]);
}

function startPsap(localPort: number): Promise<SippRun> {
  return startSipp({ scenario: scenario('psap'), localPort, transport: 'udp', timeoutS: 7_200 });
}

async function alternate(
  sides: readonly Side[],
  rows: readonly (readonly string[])[],
  options: Options,
): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (const side of sides) await load(side, rows, { ...options, calls: options.warm });
  console.log(`\n${header}`);
  for (let round = 1; round <= options.rounds; round++) {
    // Every other round goes backwards, so that no side always follows the same one.
    for (const side of round % 2 === 1 ? sides : [...sides].reverse()) {
      const run = { ...(await measure(side, rows, options)), round };
      runs.push(run);
      console.log(runLine(run));
    }
  }
  return runs;
}

/** One more run of each side that can be looked into, apart from the measured ones, since sampling costs time too. */
async function printProfiles(
  sides: readonly Side[],
  rows: readonly (readonly string[])[],
  options: Options,
): Promise<void> {
  for (const side of sides) {
    const shares = await side.profile?.(() => load(side, rows, options));
    if (shares === undefined) continue;
    console.log(`\nWhere ${side.name} spends its main thread, in samples of one more run:\n`);
    for (const { room, share } of shares.filter((each) => each.share >= 0.005))
      console.log(`  ${(share * 100).toFixed(1).padStart(5)}%  ${room}`);
  }
}

async function measure(
  side: Side,
  rows: readonly (readonly string[])[],
  options: Options,
): Promise<Omit<Run, 'round'>> {
  const usage = () => ({
    proxy: cpuSeconds(side.pid),
    database: side.databasePid === undefined ? 0 : cpuSeconds(side.databasePid),
    idle: machineIdleSeconds(),
    at: performance.now() / 1_000,
  });
  const before = usage();
  const result = await load(side, rows, options);
  const after = usage();
  const perThousand = (seconds: number) => (seconds / Math.max(1, result.successful)) * 1_000;
  const proxy = after.proxy - before.proxy;
  const database = after.database - before.database;
  return {
    side: side.name,
    calls: result.successful,
    failed: result.failed,
    retransmissions: result.retransmissions,
    proxyCpu: perThousand(proxy),
    databaseCpu: perThousand(database),
    p50Ms: quantile(result.ringingAfterMs, 0.5),
    p99Ms: quantile(result.ringingAfterMs, 0.99),
    memoryMb: memoryMb(side.pid),
    othersShare: 1 - (after.idle - before.idle + proxy + database) / ((after.at - before.at) * cpus().length),
  };
}

async function load(
  side: Side,
  rows: readonly (readonly string[])[],
  options: { readonly rate: number; readonly calls: number },
) {
  const [localPort = 0] = await freePorts(1);
  const run = await startSipp({
    scenario: scenario('caller'),
    remote: `127.0.0.1:${side.port}`,
    localPort,
    transport: 'udp',
    calls: options.calls,
    callsPerSecond: options.rate,
    rows,
    isTimed: true,
    timeoutS: Math.ceil(options.calls / options.rate) * 2 + 40,
  });
  return run.finished;
}

const header =
  'round  side                     answered  failed  retrans.  CPU s/1,000: proxy + database = all   p50 ms   p99 ms   memory MB   others';

function runLine(run: Run): string {
  const cell = (value: number, width: number, digits: number) => value.toFixed(digits).padStart(width);
  return [
    String(run.round).padStart(5),
    `  ${run.side.padEnd(24)}`,
    cell(run.calls, 9, 0),
    cell(run.failed, 8, 0),
    cell(run.retransmissions, 10, 0),
    `${cell(run.proxyCpu, 20, 3)} + ${cell(run.databaseCpu, 8, 3)} = ${cell(run.proxyCpu + run.databaseCpu, 5, 3)}`,
    cell(run.p50Ms, 9, 2),
    cell(run.p99Ms, 9, 2),
    cell(run.memoryMb, 12, 0),
    `${cell(run.othersShare * 100, 8, 0)}%`,
  ].join('');
}

function printSummary(runs: readonly Run[]): void {
  const names = [...new Set(runs.map((run) => run.side))];
  const medians = names.map((name) => {
    const own = runs.filter((run) => run.side === name);
    const median = (pick: (run: Run) => number) => quantile(own.map(pick), 0.5);
    return {
      name,
      all: median((run) => run.proxyCpu + run.databaseCpu),
      proxy: median((run) => run.proxyCpu),
      p50: median((run) => run.p50Ms),
      p99: median((run) => run.p99Ms),
    };
  });
  const first = medians[0];
  if (first === undefined) return;
  console.log('\nMedians of the rounds; in brackets the ratio to the first side (below 1 is better).\n');
  for (const row of medians) {
    const cell = (value: number, to: number, digits: number) =>
      `${value.toFixed(digits)} (${to > 0 ? (value / to).toFixed(2) : '-'})`;
    console.log(
      `  ${row.name.padEnd(24)} CPU s/1,000 calls: ${cell(row.all, first.all, 3)}, proxy alone ${cell(row.proxy, first.proxy, 3)};` +
        ` INVITE to 180: p50 ${cell(row.p50, first.p50, 2)} ms, p99 ${cell(row.p99, first.p99, 2)} ms`,
    );
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (share === 0.5 && sorted.length > 0 && sorted.length % 2 === 0)
    return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function databaseVersion(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ postgres: string; postgis: string }>(
      `select current_setting('server_version') as postgres, postgis_lib_version() as postgis`,
    );
    return `PostgreSQL ${rows[0]?.postgres}, PostGIS ${rows[0]?.postgis}`;
  });
}

function scenario(name: string): string {
  return join(here, 'sipp', `${name}.xml`);
}
