import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededFraction } from '../../data/sample-points.ts';
import { inspectable } from '../support/inspector.ts';
import { findPostgres, startPgCluster } from '../support/pg-cluster.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';
import { shownKey } from '../system/api.ts';
import { liveHeapBytes } from '../system/live-heap.ts';
import { loadCorpus } from './corpus.ts';
import { type Fraction, mutate } from './mutate.ts';
import { openPort, type Port, type PsapSide, startNameServer, startPsap } from './peers.ts';
import { faultOfForwarded, faultOfResponse } from './well-formed.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** Messages sent before an OPTIONS must be answered: no more than the receive buffer of a default kernel holds. */
const burstMessagesMax = 48;
const burstBytesMax = 100_000;
/** One burst in so many goes by TCP. */
const tcpEvery = 12;
const answerTimeoutMs = 20_000;
const drainTimeoutMs = 90_000;
const heapGrowthMaxBytes = 64 * 1024 * 1024;
/** A dialog that the server keeps for its BYE, which never comes here. */
const dialogBytesMax = 4 * 1024;

interface Run {
  readonly server: ServerProcess;
  readonly psap: PsapSide;
  readonly caller: Port;
  readonly watcher: Port;
  readonly corpus: readonly Buffer[];
  readonly fraction: Fraction;
  readonly faults: string[];
  sent: number;
  replies: number;
}

/**
 * Sends mutated messages to a running server over UDP and TCP: none may end it, be answered by a malformed reply, throw
 * inside of it, or leave a transaction or memory behind. Resolves to the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      database: { type: 'string', default: 'auto' },
    },
  });
  const total = Number(values.messages);
  const seed = Number(values.seed);
  console.log(`fuzz: ${total} messages, seed ${seed}`);
  const cleanUp: (() => unknown)[] = [];
  try {
    const run = await prepare({ seed, database: values.database, cleanUp });
    const problem = await sendAll(run, total);
    report(run, problem);
    return problem === undefined && run.faults.length === 0 && run.psap.faults.length === 0 ? 0 : 1;
  } finally {
    for (const undo of cleanUp.reverse()) await undo();
  }
}

async function prepare(options: {
  seed: number;
  database: string;
  cleanUp: (() => unknown)[];
}): Promise<Run> {
  const { cleanUp } = options;
  const fraction = seededFraction(options.seed);
  const names = await startNameServer();
  cleanUp.push(() => names.close());
  let ownPort = 0;
  const psap = await startPsap(fraction, (bytes) => faultOfForwarded(bytes, ownPort));
  cleanUp.push(() => psap.close());
  const databaseUrl = await database(options.database, cleanUp);
  const server = await startServer({
    databaseUrl,
    psapPort: psap.port,
    environment: { NODE_OPTIONS: inspectable },
    config: {
      sip: {
        ...{ t1Ms: 10, t2Ms: 100, t4Ms: 100, decideTimeoutMs: 2_000 },
        nameServers: [`127.0.0.1:${names.port}`],
        nextHopNetworks: ['127.0.0.0/8', '::1/128'],
      },
      location: { budgetMs: 500 },
      ingress: { default: { nonEmergency: 'proxy' } },
      routing: { silenceTimeoutMs: 500, ringTimeoutMs: 1_000 },
      log: { level: 'error' },
    },
  });
  ownPort = server.sipPort;
  cleanUp.push(async () => {
    await server.stop();
    server.remove();
  });
  const caller = await openPort();
  const watcher = await openPort();
  cleanUp.push(
    () => caller.close(),
    () => watcher.close(),
  );
  const corpus = loadCorpus(process.env['FIRSTLINE_VECTORS']);
  const run: Run = { server, psap, caller, watcher, corpus, fraction, faults: [], sent: 0, replies: 0 };
  caller.socket.on('message', (bytes) => checkReply(run, bytes));
  return run;
}

async function database(wanted: string, cleanUp: (() => unknown)[]): Promise<string | undefined> {
  const bin = findPostgres();
  if (wanted === 'embedded' || bin === undefined) return undefined;
  const cluster = await startPgCluster(bin);
  cleanUp.push(() => cluster.remove());
  return cluster.createDatabase('fuzz');
}

function checkReply(run: Run, bytes: Buffer): void {
  // The caller's port is in some messages' Route or Contact: requests come here too, and are the PSAP's to check.
  if (!bytes.toString('latin1', 0, 4).startsWith('SIP/')) return;
  run.replies += 1;
  const fault = faultOfResponse(bytes);
  if (fault !== undefined && run.faults.length < 20) {
    run.faults.push(`${fault} in ${JSON.stringify(bytes.toString('latin1', 0, 800))}`);
  }
}

async function sendAll(run: Run, total: number): Promise<string | undefined> {
  const startedAt = performance.now();
  let baseline: number | undefined;
  let nextReport = total / 10;
  for (let burst = 0; run.sent < total; burst += 1) {
    const messages = makeBurst(run, total - run.sent);
    run.sent += messages.length;
    if (burst % tcpEvery === tcpEvery - 1) await sendByTcp(run, messages);
    else for (const bytes of messages) run.caller.socket.send(bytes, run.server.sipPort, '127.0.0.1');
    if (!(await isAlive(run, burst))) {
      keep(messages);
      return `no answer to an OPTIONS after message ${run.sent}; the last burst is in test/fuzz/out`;
    }
    if (run.sent < nextReport) continue;
    nextReport += total / 10;
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(
      `fuzz: ${run.sent} sent (${Math.round(run.sent / seconds)}/s), ${run.replies} replies, ${run.psap.requests} forwarded`,
    );
    if (baseline === undefined) baseline = (await drained(run)).heapBytes;
  }
  const end = await drained(run);
  if (end.left !== 0) return `${end.left} transactions, contexts, questions or deadlines are left`;
  if (end.pendingRecords !== 0) return `${end.pendingRecords} records are not written`;
  if (end.failures !== 0)
    return `${end.failures} errors were thrown inside of the server; see its log:\n${run.server.output().slice(-4000)}`;
  const growth = end.heapBytes - (baseline ?? end.heapBytes);
  console.log(
    `fuzz: heap ${Math.round(end.heapBytes / 1e6)} MB, ${Math.round(growth / 1e6)} MB more than after a tenth; ${end.dialogs} dialogs remembered`,
  );
  return growth > heapGrowthMaxBytes + end.dialogs * dialogBytesMax
    ? `the heap grew by ${Math.round(growth / 1e6)} MB`
    : undefined;
}

function makeBurst(run: Run, countMax: number): Buffer[] {
  const messages: Buffer[] = [];
  let bytes = 0;
  while (messages.length < Math.min(burstMessagesMax, countMax) && bytes < burstBytesMax) {
    const message = mutate(run.corpus, run.fraction);
    messages.push(message);
    bytes += message.length;
  }
  return messages;
}

/** All messages on one connection, cut at random places; whatever becomes of it. */
async function sendByTcp(run: Run, messages: readonly Buffer[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: run.server.sipPort });
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  for (const message of messages) {
    let rest = message;
    while (rest.length > 0) {
      const size = 1 + Math.floor(run.fraction() * rest.length);
      if (socket.writable) socket.write(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
  }
  const patience = setTimeout(() => socket.destroy(), 30);
  await closed;
  clearTimeout(patience);
  checkStream(run, received);
}

/** The replies of a stream, cut by their Content-Length. */
function checkStream(run: Run, received: Buffer): void {
  let rest = received;
  while (rest.length > 0) {
    if (rest[0] === 0x0d) {
      rest = rest.subarray(2); // the answer to a keepalive
      continue;
    }
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return; // cut off by our end of the connection
    const length = Number(/\r\nContent-Length: (\d+)/i.exec(rest.toString('latin1', 0, end))?.[1] ?? 0);
    checkReply(run, rest.subarray(0, end + 4 + length));
    rest = rest.subarray(end + 4 + length);
  }
}

/** What the server has open and holds. */
interface Remains {
  readonly left: number;
  readonly dialogs: number;
  readonly failures: number;
  readonly pendingRecords: number;
  /** What is left after a full collection. */
  readonly heapBytes: number;
}

async function isAlive(run: Run, burst: number): Promise<boolean> {
  const { socket, port } = run.watcher;
  const callId = `alive-${burst}`;
  const options = [
    `OPTIONS sip:127.0.0.1:${run.server.sipPort} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKalive${burst}`,
    'Max-Forwards: 70',
    'From: <sip:watcher@127.0.0.1>;tag=w',
    `To: <sip:127.0.0.1:${run.server.sipPort}>`,
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
  ];
  const request = Buffer.from(`${options.join('\r\n')}\r\n\r\n`);
  return await new Promise<boolean>((resolve) => {
    const finish = (result: boolean): void => {
      clearInterval(again);
      clearTimeout(limit);
      socket.off('message', hear);
      resolve(result);
    };
    const hear = (bytes: Buffer): void => {
      const text = bytes.toString('latin1');
      if (text.startsWith('SIP/2.0 200') && text.includes(callId)) finish(true);
    };
    const again = setInterval(() => socket.send(request, run.server.sipPort, '127.0.0.1'), 500);
    const limit = setTimeout(() => finish(false), answerTimeoutMs);
    socket.on('message', hear);
    socket.send(request, run.server.sipPort, '127.0.0.1');
  });
}

/** Waits until nothing is open and every record is written, then reads what is left: of the heap, what a full collection leaves. */
async function drained(run: Run): Promise<Remains> {
  const limit = performance.now() + drainTimeoutMs;
  for (;;) {
    const { left, pendingRecords } = await metrics(run);
    if ((left === 0 && pendingRecords === 0) || performance.now() > limit) break;
    await pause(200);
  }
  return { ...(await metrics(run)), heapBytes: await liveHeapBytes(run.server) };
}

async function metrics(run: Run): Promise<Omit<Remains, 'heapBytes'>> {
  const headers = { authorization: `Bearer ${shownKey(run.server)?.key ?? ''}` };
  const text = await (await fetch(`http://127.0.0.1:${run.server.httpPort}/metrics`, { headers })).text();
  const value = (name: string): number => {
    const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
    if (found === undefined) throw new Error(`/metrics has no ${name}`);
    return Number(found);
  };
  const open = ['client_transactions', 'server_transactions', 'contexts', 'questions'].map((name) =>
    value(`firstline_proxy_${name}`),
  );
  return {
    left: open.reduce((sum, count) => sum + count, 0),
    dialogs: value('firstline_proxy_dialogs'),
    failures: value('firstline_driver_failures'),
    pendingRecords: value('firstline_records_pending'),
  };
}

function report(run: Run, problem: string | undefined): void {
  for (const fault of run.faults) console.log(`MALFORMED REPLY: ${fault}`);
  for (const fault of run.psap.faults) console.log(`MALFORMED REQUEST FORWARDED: ${fault}`);
  if (problem !== undefined) console.log(`FAILED: ${problem}`);
  console.log(`fuzz: ${run.sent} messages, ${run.replies} replies, ${run.psap.requests} requests forwarded`);
}

function keep(messages: readonly Buffer[]): void {
  const folder = join(here, 'out');
  mkdirSync(folder, { recursive: true });
  for (const [index, bytes] of messages.entries()) writeFileSync(join(folder, `${index}.sip`), bytes);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
