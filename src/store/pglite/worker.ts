import { existsSync } from 'node:fs';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert, assertNever, errorText } from '../../base/index.ts';
import type { WireFailure, WorkerReport, WorkerRequest, WorkerSettings } from './messages.ts';
import { rememberKeysOfLargeObjects } from './remembered-keys.ts';
import { openSession, type Session } from './session.ts';
import { slimBundle, stockBundle } from './slim-bundle.ts';

// The thread of the embedded database: one request at a time, lookups first. PGlite's calls block this thread, so
// requests that arrive meanwhile are taken from the port by hand before each choice.

assert(parentPort !== null, 'runs as a worker thread only');
const port: MessagePort = parentPort;
const settings = workerData as WorkerSettings;
const running = new Int32Array(settings.running);

// Of so many lookups in a row the next request is one of the others, so that a flood of calls never starves a load.
const lookupsInRowMax = 16;

const waiting: Record<'transaction' | 'lookup' | 'work', WorkerRequest[]> = {
  transaction: [],
  lookup: [],
  work: [],
};
let openTransaction: number | undefined;
let lookupsInRow = 0;
let isPumping = false;

rememberKeysOfLargeObjects();
const session = await start();
if (session !== undefined) {
  port.on('message', (request: WorkerRequest) => {
    enqueue(request);
    void pump(session);
  });
  report({ kind: 'ready' });
}

async function start(): Promise<Session | undefined> {
  try {
    return await openSession(
      settings.databaseDir,
      await bundle(),
      (channel, payload) => report({ kind: 'notification', channel, payload }),
      (phase) => report({ kind: 'phase', phase }),
    );
  } catch (error) {
    report({ kind: 'startFailed', message: errorText(error) });
    return undefined;
  }
}

async function bundle(): Promise<URL> {
  try {
    return await slimBundle(settings.cacheDir, () => report({ kind: 'phase', phase: 'repacking' }));
  } catch (error) {
    report({ kind: 'note', event: 'store.slimBundleFailed', reason: errorText(error) });
    const stock = await stockBundle();
    assert(existsSync(stock.path), `the PostGIS bundle is missing: ${stock.path}`);
    return new URL(`file://${stock.path}`);
  }
}

function enqueue(request: WorkerRequest): void {
  if (request.kind === 'query' && request.transaction === undefined) waiting[request.lane].push(request);
  else if ('transaction' in request && request.kind !== 'begin') waiting.transaction.push(request);
  else waiting.work.push(request);
}

async function pump(open: Session): Promise<void> {
  if (isPumping) return;
  isPumping = true;
  for (;;) {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      enqueue(next.message as WorkerRequest);
    }
    const request = choose();
    if (request === undefined) break;
    Atomics.store(running, 0, request.id);
    await serve(open, request);
    Atomics.store(running, 0, 0);
  }
  isPumping = false;
}

function choose(): WorkerRequest | undefined {
  if (openTransaction !== undefined || waiting.transaction.length > 0) return waiting.transaction.shift();
  const isWorkDue = lookupsInRow >= lookupsInRowMax && waiting.work.length > 0;
  if (!isWorkDue && waiting.lookup.length > 0) {
    lookupsInRow += 1;
    return waiting.lookup.shift();
  }
  lookupsInRow = 0;
  return waiting.work.shift();
}

async function serve(open: Session, request: WorkerRequest): Promise<void> {
  try {
    const answer = await carryOut(open, request);
    report({ kind: 'done', id: request.id, answer });
  } catch (error) {
    report({ kind: 'failed', id: request.id, failure: wireFailure(error) });
  }
}

async function carryOut(open: Session, request: WorkerRequest): Promise<string | null> {
  switch (request.kind) {
    case 'query':
      if (Date.now() > request.startBefore) throw new Late();
      assertTransaction(request.transaction);
      return await open.query(request.statement);
    case 'script':
      assertTransaction(request.transaction);
      await open.script(request.sql);
      return null;
    case 'begin':
      if (Date.now() > request.startBefore) throw new Late();
      await open.script('begin');
      openTransaction = request.transaction;
      return null;
    case 'end':
      // A transaction that never began (its begin came too late) has nothing to end.
      if (openTransaction !== request.transaction) return null;
      openTransaction = undefined;
      await open.script(request.commit ? 'commit' : 'rollback');
      return null;
    case 'listen':
      await open.listen(request.channel);
      return null;
    case 'close':
      await open.close();
      return null;
    default:
      return assertNever(request);
  }
}

function assertTransaction(transaction: number | undefined): void {
  assert(transaction === openTransaction, 'a statement came outside of its transaction');
}

/** The request was still waiting when its caller had given up. */
class Late extends Error {}

function wireFailure(error: unknown): WireFailure {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const reason = error instanceof Late ? 'late' : code === 'lost' ? 'lost' : 'failed';
  return { reason, message: errorText(error), sqlState: typeof code === 'string' ? code : '' };
}

function report(message: WorkerReport): void {
  port.postMessage(message);
}
