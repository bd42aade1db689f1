import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CallStream, quantile, startCallStream } from '../test/support/call-stream.ts';
import { freePorts } from '../test/support/free-ports.ts';
import { type Authority, makeAuthority } from '../test/support/net-tls.ts';
import { findPostgres, startPgCluster } from '../test/support/pg-cluster.ts';
import { pidfLo, pointInfo } from '../test/system/emergency.ts';
import { type RoutedServer, startRouted } from '../test/system/routed.ts';
import { cpuSeconds, machineIdleSeconds } from './accounting.ts';

// What a call costs the server by UDP, TCP and TLS, in and out alike.

type Transport = 'udp' | 'tcp' | 'tls';

interface Options {
  readonly rate: number;
  readonly calls: number;
  readonly rounds: number;
  readonly warm: number;
  readonly transports: readonly Transport[];
}

/** One measured run. CPU in seconds per 1,000 calls, times in milliseconds. */
interface Run {
  readonly transport: Transport;
  readonly round: number;
  readonly calls: number;
  readonly failed: number;
  readonly retransmissions: number;
  readonly serverCpu: number;
  readonly databaseCpu: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of the machine that others used meanwhile, the callers and the PSAP included. */
  readonly othersShare: number;
}

/** What is up for the whole session. */
interface Bench {
  readonly routed: RoutedServer;
  readonly databasePid: number | undefined;
  readonly streams: ReadonlyMap<Transport, CallStream>;
}

const here = dirname(fileURLToPath(import.meta.url));
const address = '127.0.0.1';
const known: readonly Transport[] = ['udp', 'tcp', 'tls'];
const giveUpMs = 30_000;

/** Runs the measurement; resolves to the exit code: 1 where a call failed, 2 for wrong options. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) return 2;
  console.log(`  ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, Linux ${release()}`);
  console.log(`  Node.js ${process.version}`);
  console.log(`  ${options.rate} calls/s, ${options.calls} calls a run, ${options.rounds} rounds`);
  const cleanUp: (() => unknown)[] = [];
  try {
    const bench = await prepare(options, cleanUp);
    const runs = await alternate(bench, options);
    printSummary(runs);
    mkdirSync(join(here, 'out'), { recursive: true });
    const file = join(here, 'out', `transports-${new Date().toISOString().replaceAll(':', '-')}.json`);
    writeFileSync(file, JSON.stringify({ options, runs }, undefined, 2));
    return runs.every((run) => run.failed === 0 && run.calls > 0) ? 0 : 1;
  } finally {
    for (const undo of cleanUp.reverse()) await undo();
  }
}

function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rate: { type: 'string', default: '300' },
      calls: { type: 'string', default: '3000' },
      rounds: { type: 'string', default: '4' },
      warm: { type: 'string', default: '1500' },
      transports: { type: 'string', default: known.join(',') },
    },
  });
  const [rate = 0, calls = 0, rounds = 0, warm = 0] = [
    values.rate,
    values.calls,
    values.rounds,
    values.warm,
  ].map(Number);
  const transports = values.transports.split(',').flatMap((name) => known.filter((own) => own === name));
  if ([rate, calls, rounds].every((number) => number > 0) && warm >= 0 && transports.length > 0)
    return { rate, calls, rounds, warm, transports };
  console.error(`--rate, --calls, --rounds and --warm take numbers, --transports some of ${known.join(',')}`);
  return undefined;
}

async function prepare(options: Options, cleanUp: (() => unknown)[]): Promise<Bench> {
  const authority = await makeAuthority();
  cleanUp.push(() => authority.remove());
  const bin = findPostgres();
  const cluster = bin === undefined ? undefined : await startPgCluster(bin);
  if (cluster !== undefined) cleanUp.push(() => cluster.remove());
  console.log(`  ${cluster === undefined ? 'embedded database, in the server’s process' : 'PostgreSQL'}`);
  const [plainPort = 0, tlsPort = 0, ...psapPorts] = await freePorts(2 + known.length);
  const own = await authority.issue({ altNames: ['DNS:esrp.test', `IP:${address}`] });
  const uris = new Map(
    known.map((name, index) => [name, `sip:p@${address}:${psapPorts[index]};transport=${name}`]),
  );
  const routed = await startRouted(Object.fromEntries(uris), {
    databaseUrl: await cluster?.createDatabase('firstline'),
    config: {
      sip: {
        listen: [
          { transport: 'udp', address, port: plainPort, ingress: 'udp' },
          { transport: 'tcp', address, port: plainPort, ingress: 'tcp' },
          { transport: 'tls', address, port: tlsPort, ingress: 'tls', tls: 'main' },
        ],
        tls: { main: { certificateFile: own.certificateFile, keyFile: own.keyFile } },
        tlsClient: { caFile: authority.caFile },
      },
      // A lookup that is late on a busy machine sends a call to the same PSAP.
      ingress: Object.fromEntries([...uris].map(([name, defaultRouteUri]) => [name, { defaultRouteUri }])),
      log: { level: 'warn' },
    },
  });
  cleanUp.push(() => routed.stop());
  const streams = new Map<Transport, CallStream>();
  for (const transport of options.transports) {
    const port = transport === 'tls' ? tlsPort : plainPort;
    const psapPort = psapPorts[known.indexOf(transport)] ?? 0;
    const stream = await startCallStream({
      transport,
      server: { address, port },
      psapPort,
      ...(transport === 'tls' ? { tls: await tlsOf(authority) } : {}),
    });
    cleanUp.push(() => stream.stop());
    streams.set(transport, stream);
  }
  return { routed, databasePid: cluster?.pid(), streams };
}

async function tlsOf(authority: Authority) {
  const { cert, key } = await authority.issue({ altNames: [`IP:${address}`] });
  return { ca: authority.ca, serverName: 'esrp.test', cert, key };
}

async function alternate(bench: Bench, options: Options): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (const transport of options.transports)
    if (options.warm > 0) await load(bench, transport, { ...options, calls: options.warm });
  console.log(`\n${header}`);
  for (let round = 1; round <= options.rounds; round += 1) {
    // Every other round goes backwards, so that no transport always follows the same one.
    const order = round % 2 === 1 ? options.transports : [...options.transports].reverse();
    for (const transport of order) {
      const run = { ...(await measure(bench, transport, options)), round };
      runs.push(run);
      console.log(runLine(run));
    }
  }
  return runs;
}

async function measure(bench: Bench, transport: Transport, options: Options): Promise<Omit<Run, 'round'>> {
  const usage = () => ({
    server: cpuSeconds(bench.routed.server.pid),
    database: bench.databasePid === undefined ? 0 : cpuSeconds(bench.databasePid),
    idle: machineIdleSeconds(),
    at: performance.now() / 1_000,
  });
  const before = usage();
  const { answeredMs, failures, retransmissions, ringingMs } = await load(bench, transport, options);
  const after = usage();
  for (const failure of new Set(failures)) console.log(`  ${transport} failed: ${failure}`);
  const server = after.server - before.server;
  const database = after.database - before.database;
  const calls = answeredMs.length;
  const perThousand = (seconds: number) => (seconds / Math.max(1, calls)) * 1_000;
  return {
    transport,
    calls,
    failed: failures.length,
    retransmissions,
    serverCpu: perThousand(server),
    databaseCpu: perThousand(database),
    p50Ms: quantile(ringingMs, 0.5),
    p99Ms: quantile(ringingMs, 0.99),
    othersShare:
      1 - (after.idle - before.idle + server + database) / ((after.at - before.at) * cpus().length),
  };
}

function load(
  bench: Bench,
  transport: Transport,
  options: { readonly rate: number; readonly calls: number },
) {
  const stream = bench.streams.get(transport);
  if (stream === undefined) throw new Error(`no callers by ${transport}`);
  return stream.run({
    count: options.calls,
    perSecond: options.rate,
    body: pidfLo(pointInfo(bench.routed.place(transport))),
    contentType: 'application/pidf+xml',
    giveUpMs,
  });
}

const header =
  'round  transport  answered  failed  retrans.  CPU s/1,000: server   database   p50 ms   p99 ms   others';

function runLine(run: Run): string {
  const cell = (value: number, width: number, digits: number) => value.toFixed(digits).padStart(width);
  return [
    String(run.round).padStart(5),
    `  ${run.transport.padEnd(9)}`,
    cell(run.calls, 10, 0),
    cell(run.failed, 8, 0),
    cell(run.retransmissions, 10, 0),
    cell(run.serverCpu, 21, 3),
    cell(run.databaseCpu, 11, 3),
    cell(run.p50Ms, 9, 2),
    cell(run.p99Ms, 9, 2),
    `${cell(run.othersShare * 100, 8, 0)}%`,
  ].join('');
}

function printSummary(runs: readonly Run[]): void {
  const transports = [...new Set(runs.map((run) => run.transport))].sort(
    (one, other) => known.indexOf(one) - known.indexOf(other),
  );
  const medians = transports.map((transport) => {
    const own = runs.filter((run) => run.transport === transport);
    const median = (pick: (run: Run) => number) => quantile(own.map(pick), 0.5);
    return {
      transport,
      serverCpu: median((run) => run.serverCpu),
      p50Ms: median((run) => run.p50Ms),
      p99Ms: median((run) => run.p99Ms),
    };
  });
  const first = medians[0];
  if (first === undefined) return;
  console.log(`\nMedians of the rounds; in brackets the ratio to ${first.transport.toUpperCase()}.\n`);
  for (const row of medians) {
    const cell = (value: number, to: number, digits: number) =>
      `${value.toFixed(digits)} (${to > 0 ? (value / to).toFixed(2) : '-'})`;
    console.log(
      `  ${row.transport.padEnd(4)}  server ${cell(row.serverCpu, first.serverCpu, 3)} CPU s/1,000   p50 ${cell(row.p50Ms, first.p50Ms, 2)} ms   p99 ${cell(row.p99Ms, first.p99Ms, 2)} ms`,
    );
  }
}
