import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePorts } from '../support/free-ports.ts';
import { inspectable } from '../support/inspector.ts';
import { findPostgres, startPgCluster } from '../support/pg-cluster.ts';
import { runProgram, type ServerProcess, startServer } from '../support/server-process.ts';
import { hasSipp, type SippOptions, type SippResult, type SippRun, startSipp } from '../support/sipp.ts';
import { shownKey } from '../system/api.ts';
import { liveHeapBytes } from '../system/live-heap.ts';
import { callerScenario, type End, ends, psapScenario } from './scenarios.ts';

/** Share of all calls of each end, of 100. */
const shares: Readonly<Record<End, number>> = {
  answered: 44,
  psapHangsUp: 10,
  cancelled: 10,
  refused: 10,
  silent: 2,
  rungOut: 4,
  forked: 6,
  redirected: 6,
  reinvited: 8,
};
/** Answered calls, on the side: by TCP, and with lost packets on the caller's way. */
const tcpShare = 8;
const lossyShare = 4;
const lossPercent = 5;

const heapGrowthMaxBytes = 24 * 1024 * 1024;
/** A dialog whose BYE never comes is remembered, up to a bound. */
const dialogBytesMax = 4 * 1024;
const drainTimeoutMs = 120_000;

interface Soak {
  readonly server: ServerProcess;
  readonly folder: string;
  readonly callers: Map<string, SippRun>;
  readonly psaps: SippRun[];
  readonly samples: Sample[];
  /** Live heap before the first call. */
  heapBefore: number;
}

/** What the server has open and holds. */
interface Sample {
  readonly atS: number;
  readonly open: number;
  readonly connections: number;
  readonly dialogs: number;
  readonly pendingRecords: number;
  readonly failures: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/**
 * Calls of every end at a steady rate, then silence: every call must have ended as it should, no transaction, timer,
 * question or connection may be left, and the heap must be flat. Resolves to the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      rate: { type: 'string', default: '150' },
      database: { type: 'string', default: 'auto' },
    },
  });
  if (!hasSipp()) {
    console.log('FAILED: SIPp (Debian: sip-tester) is not on this machine');
    return 1;
  }
  const seconds = Math.round(Number(values.minutes) * 60);
  const cleanUp: (() => unknown)[] = [];
  try {
    const soak = await prepare(values.database, cleanUp);
    soak.heapBefore = await liveHeapBytes(soak.server);
    console.log(`soak: ${values.rate} calls a second for ${seconds} s`);
    const results = await run(soak, Number(values.rate), seconds);
    return await judge(soak, results);
  } finally {
    for (const undo of cleanUp.reverse()) await undo();
  }
}

async function prepare(wanted: string, cleanUp: (() => unknown)[]): Promise<Soak> {
  const bin = wanted === 'embedded' ? undefined : findPostgres();
  let databaseUrl: string | undefined;
  if (bin !== undefined) {
    const cluster = await startPgCluster(bin);
    cleanUp.push(() => cluster.remove());
    databaseUrl = await cluster.createDatabase('soak');
  }
  const folder = mkdtempSync(join(tmpdir(), 'firstline-soak-'));
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  const [defaultPort = 0, ...psapPorts] = await freePorts(1 + ends.length);
  const server = await startServer({
    databaseUrl,
    psapPort: defaultPort,
    environment: { NODE_OPTIONS: inspectable },
    config: {
      // A busy machine must not make the server take the default route, whose PSAP ends all calls alike.
      sip: { t1Ms: 250, decideTimeoutMs: 15_000, nextHopNetworks: ['127.0.0.0/8'], connectionsMax: 5_000 },
      routing: { lookupDeadlineMs: 10_000, silenceTimeoutMs: 3_000, ringTimeoutMs: 3_000 },
      log: { level: 'error' },
    },
  });
  cleanUp.push(async () => {
    await server.stop();
    server.remove();
  });
  await loadAreas(server, folder, psapPorts);
  const soak: Soak = { server, folder, callers: new Map(), psaps: [], samples: [], heapBefore: 0 };
  cleanUp.push(() => Promise.all([...soak.callers.values(), ...soak.psaps].map((peer) => peer.stop())));
  await startPsaps(soak, defaultPort, psapPorts);
  return soak;
}

/** One square of a degree for each end; the ports are in the order of the ends. */
async function loadAreas(server: ServerProcess, folder: string, ports: readonly number[]): Promise<void> {
  const features = ends.map((end, index) => ({
    type: 'Feature',
    properties: {
      NGUID: end,
      DsplayName: end,
      ServiceURN: 'urn:service:sos',
      ServiceURI: `sip:${end}@127.0.0.1:${ports[index]}`,
    },
    geometry: { type: 'Polygon', coordinates: [square(index)] },
  }));
  const file = join(folder, 'areas.geojson');
  writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features }));
  const where = ['--url', `http://127.0.0.1:${server.httpPort}`, '--key', shownKey(server)?.key ?? ''];
  const loaded = await runProgram(['load', file, '--activate', ...where], { cwd: folder });
  if (loaded.exitCode !== 0) throw new Error(`the areas were not loaded:\n${loaded.stdout}${loaded.stderr}`);
}

function square(index: number): readonly (readonly [number, number])[] {
  const west = 10 + index * 2;
  return [
    [west, 50],
    [west + 1, 50],
    [west + 1, 51],
    [west, 51],
    [west, 50],
  ];
}

async function startPsaps(soak: Soak, defaultPort: number, ports: readonly number[]): Promise<void> {
  for (const [index, end] of (['default', ...ends] as const).entries()) {
    const scenario = psapScenario(end, defaultPort);
    const localPort = index === 0 ? defaultPort : ports[index - 1];
    if (scenario === undefined || localPort === undefined) continue;
    const file = join(soak.folder, `psap-${end}.xml`);
    writeFileSync(file, scenario);
    soak.psaps.push(await startSipp({ scenario: file, localPort, transport: 'udp', timeoutS: 86_400 }));
  }
}

async function run(soak: Soak, rate: number, seconds: number): Promise<ReadonlyMap<string, SippResult>> {
  const startedAt = performance.now();
  for (const [index, end] of ends.entries()) {
    await startCaller(soak, end, { end, index, rate: (rate * shares[end]) / 100, seconds, transport: 'udp' });
  }
  await startCaller(soak, 'answered by TCP', {
    end: 'answered',
    index: 0,
    rate: (rate * tcpShare) / 100,
    seconds,
    transport: 'tcp',
  });
  const lossy = {
    end: 'answered' as const,
    index: 0,
    rate: (rate * lossyShare) / 100,
    seconds,
    transport: 'udp' as const,
  };
  await startCaller(soak, 'answered with losses', { ...lossy, extra: ['-lost', String(lossPercent)] });
  const sampler = setInterval(
    () =>
      void sample(soak, startedAt).then(
        (each) => soak.samples.push(each),
        () => undefined,
      ),
    Math.min(10_000, (seconds * 1000) / 12),
  );
  const results = new Map<string, SippResult>();
  for (const [name, caller] of soak.callers) results.set(name, await caller.finished);
  clearInterval(sampler);
  return results;
}

async function startCaller(
  soak: Soak,
  name: string,
  options: {
    end: End;
    index: number;
    rate: number;
    seconds: number;
    transport: 'udp' | 'tcp';
    extra?: SippOptions['extra'];
  },
): Promise<void> {
  const { end, index, rate, seconds, transport, extra } = options;
  const [localPort = 0] = await freePorts(1);
  const file = join(soak.folder, `caller-${name.replaceAll(' ', '-')}.xml`);
  writeFileSync(file, callerScenario(end, `50.5 ${10.5 + index * 2}`));
  const caller = await startSipp({
    scenario: file,
    remote: `127.0.0.1:${soak.server.sipPort}`,
    localPort,
    transport,
    calls: Math.max(1, Math.round(rate * seconds)),
    callsPerSecond: Math.max(0.1, rate),
    timeoutS: seconds + 120,
    ...(extra === undefined ? {} : { extra }),
  });
  soak.callers.set(name, caller);
}

async function judge(soak: Soak, results: ReadonlyMap<string, SippResult>): Promise<number> {
  const problems: string[] = [];
  for (const [name, result] of results) {
    console.log(
      `soak: ${name.padEnd(22)} ${result.successful} as they should, ${result.failed} not, ${result.retransmissions} retransmissions`,
    );
    // A packet that SIPp loses for good (its ACK, its last response) fails the call on its own side; so does, now and
    // then, a repeated answer where the machine held everybody up.
    const failedMax =
      name === 'answered with losses'
        ? Math.ceil(result.successful * 0.1) + 2
        : Math.floor(result.successful / 2_000);
    if (result.failed > 0 && name !== 'answered with losses')
      console.log(`soak: what SIPp says of them:\n${result.errors.slice(0, 1_500)}`);
    if (result.failed > failedMax || result.successful === 0)
      problems.push(`${name}: ${result.failed} calls failed\n${result.errors.slice(0, 1500)}`);
  }
  for (const psap of soak.psaps.splice(0)) {
    const result = await psap.stop();
    if (result.failed > 0 && problems.length > 0)
      console.log(`soak: a PSAP failed ${result.failed} calls:\n${result.errors.slice(0, 1500)}`);
  }
  const end = await drained(soak);
  if (end.open !== 0) problems.push(`${end.open} transactions, contexts, questions or timers are left`);
  if (end.connections > 1) problems.push(`${end.connections} connections are left`);
  if (end.pendingRecords !== 0) problems.push(`${end.pendingRecords} records are not written`);
  if (end.failures !== 0)
    problems.push(
      `${end.failures} errors were thrown inside of the server:\n${soak.server.output().slice(-3000)}`,
    );
  problems.push(...(await heapProblems(soak, end)));
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  console.log(
    `soak: ${problems.length === 0 ? 'nothing is left, and every call ended as it should' : `${problems.length} problems`}`,
  );
  return problems.length === 0 ? 0 : 1;
}

/** What is left on the heap after a full collection, beside what was there before the first call. */
async function heapProblems(soak: Soak, end: Sample): Promise<string[]> {
  const after = await liveHeapBytes(soak.server);
  const mb = (bytes: number): number => Math.round(bytes / 1e6);
  console.log(
    `soak: live heap ${mb(soak.heapBefore)} MB before the calls, ${mb(after)} MB after them, with ${end.dialogs} dialogs remembered; resident ${mb(end.residentBytes)} MB`,
  );
  const growth = after - soak.heapBefore;
  return growth > heapGrowthMaxBytes + end.dialogs * dialogBytesMax
    ? [`the heap grew by ${mb(growth)} MB`]
    : [];
}

async function drained(soak: Soak): Promise<Sample> {
  const startedAt = performance.now();
  for (;;) {
    const now = await sample(soak, startedAt);
    const isDone = now.open === 0 && now.connections <= 1 && now.pendingRecords === 0;
    if (isDone || performance.now() - startedAt > drainTimeoutMs) {
      console.log(`soak: drained in ${Math.round(performance.now() - startedAt)} ms`);
      return now;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function sample(soak: Soak, startedAt: number): Promise<Sample> {
  const headers = { authorization: `Bearer ${shownKey(soak.server)?.key ?? ''}` };
  const text = await (await fetch(`http://127.0.0.1:${soak.server.httpPort}/metrics`, { headers })).text();
  const sum = (names: readonly string[]): number =>
    names.reduce((total, name) => {
      const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
      if (found === undefined) throw new Error(`/metrics has no ${name}`);
      return total + Number(found);
    }, 0);
  const proxy = ['client_transactions', 'server_transactions', 'contexts', 'questions', 'deadlines'];
  return {
    atS: (performance.now() - startedAt) / 1000,
    open: sum(proxy.map((name) => `firstline_proxy_${name}`)),
    dialogs: sum(['firstline_proxy_dialogs']),
    connections: sum(['firstline_net_tcp_connections_open']),
    pendingRecords: sum(['firstline_records_pending']),
    failures: sum(['firstline_driver_failures']),
    heapBytes: sum(['firstline_process_heap_used_bytes']),
    residentBytes: sum(['firstline_process_resident_bytes']),
  };
}
