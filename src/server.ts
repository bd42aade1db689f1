import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { assert, type CodedError } from './base/index.ts';
import type { Config } from './config/index.ts';
import { CallChanges } from './esrp/index.ts';
import type { AgentHost } from './net/index.ts';
import type { OwnedLogger } from './observe/index.ts';
import { createLogger } from './observe/index.ts';
import type { Store } from './store/index.ts';
import { openStore } from './store/index.ts';
import { version } from './version.ts';

/** A step of the start, with how far it is. */
export interface StartStep {
  readonly name: string;
  readonly done: number;
  readonly total: number | undefined;
}

export interface StartOptions {
  readonly onProgress: (step: StartStep) => void;
  /** Where `log.destination` is `auto`: into a file of the data folder instead of stderr. */
  readonly logToFile: boolean;
}

/** What a start has to say to people. */
export interface ServerDescription {
  readonly version: string;
  readonly sip: readonly string[];
  readonly http: readonly string[];
  readonly psap: string | undefined;
  readonly data: string;
  readonly defaultRoute: string;
  /** Only where this start made it. */
  readonly apiKey: string | undefined;
  readonly apiKeyFile: string;
  readonly log: string;
  /** From the start of the process. */
  readonly startMs: number;
}

export interface RunningServer {
  readonly description: ServerDescription;
  /** Takes note of an error that nothing caught. The server goes on: ending it would end every call in set-up. */
  reportFault(error: unknown): void;
  /** Reads all certificate files again; calls and connections go on. */
  reloadCertificates(): Promise<void>;
  /** Drains calls in set-up, then ends everything. May be called twice. */
  stop(): Promise<void>;
}

const shutdownMs = 5_000;
const psapHost = '127.0.0.1';

/** Builds the whole program from its configuration and starts it. Rejects with what is missing; nothing is left open then. */
export async function startServer(config: Config, options: StartOptions): Promise<RunningServer> {
  const log = logTarget(config, options.logToFile);
  const logger = createLogger({ level: config.log.level, destination: log });
  const undo: (() => Promise<unknown>)[] = [() => logger.flush()];
  try {
    const opening = openTheStore(config, logger, options.onProgress);
    // The rest of the program is read while the database's own thread starts: that is a third of a second.
    const reading = readProgram();
    const store = await opening;
    undo.push(() => store.close(shutdownMs));
    const { startSip, startDemoPsap, stopDemoPsap, makeHttp, listenerText, ...program } = await reading;
    const psap = await startDemoPsap(config, psapHost, logger);
    if (psap !== undefined) undo.push(() => stopDemoPsap(psap));
    const firstStart = prepareStore(config, store, options.onProgress);
    // A server without its database routes by default until it is back; only the embedded one is waited for.
    const apiKey = store.isPrepared() ? await firstStart : undefined;
    firstStart.catch((error: unknown) => logger.error('server.firstStartFailed', { error: String(error) }));

    const changes = new CallChanges();
    const references = program.makeReferences(config);
    const lost = await program.startLost(config, { store, validator: store.civic, logger });
    undo.push(() => lost.stop());
    const { lookup } = lost;
    const sip = await startSip(config, { store, lookup, logger, changes, publisher: references });
    undo.push(() => sip.stop());
    const places = await program.openHttpPlaces(config, logger);
    undo.push(async () => places.stop());
    const discrepancies = await program.startDiscrepancies(config, { store, logger });
    undo.push(() => discrepancies.stop());
    const http = makeHttp(config, {
      discrepancies: discrepancies.desk,
      store,
      lost,
      logger,
      sip,
      changes,
      places,
      references,
    });
    undo.push(() => http.stop(shutdownMs));
    const httpAddresses = await http.start();
    logger.info('server.started', { sip: sip.listeners.map(listenerText), http: httpAddresses });
    return {
      description: {
        ...describeConfig(config, log),
        sip: sip.listeners.map(listenerText),
        http: httpAddresses.map(({ address, port }) => hostPort(address, port)),
        psap: psapText(config, psap),
        data: store.describe(),
        defaultRoute: sip.defaultRouteUri,
        apiKey,
        startMs: performance.now(),
      },
      reloadCertificates: async () => {
        await sip.reloadCertificates();
        logProblems([...(await places.reloadCertificates()), ...(await lost.reloadCertificates())], logger);
      },
      reportFault: (error) => reportFault(error, logger),
      stop: once(async () => {
        sip.refuseNew();
        await sip.drained(config.shutdownDrainMs);
        logger.info('server.stopping', {});
        await runBackwards(undo, logger);
      }),
    };
  } catch (error) {
    await runBackwards(undo, logger);
    throw error;
  }
}

async function readProgram() {
  const [sip, http, settings, places, lost, reports] = await Promise.all([
    import('./server-sip.ts'),
    import('./server-http.ts'),
    import('./server-settings.ts'),
    import('./server-http-places.ts'),
    import('./server-lost.ts'),
    import('./server-discrepancy.ts'),
  ]);
  return {
    startSip: sip.startSip,
    startDemoPsap: sip.startDemoPsap,
    stopDemoPsap: sip.stopDemoPsap,
    makeHttp: http.makeHttp,
    listenerText: settings.listenerText,
    makeReferences: places.makeReferences,
    openHttpPlaces: places.openHttpPlaces,
    startLost: lost.startLost,
    startDiscrepancies: reports.startDiscrepancies,
  };
}

function describeConfig(config: Config, log: string) {
  return {
    version: version(),
    apiKeyFile: shownPath(apiKeyFile(config)),
    log: log === 'stderr' || log === 'stdout' ? '' : shownPath(log),
  };
}

function logProblems(problems: readonly CodedError[], logger: OwnedLogger): void {
  for (const { code, message } of problems) logger.error('server.certificateNotRead', { code, message });
}

function reportFault(error: unknown, logger: OwnedLogger): void {
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error('server.uncaught', { error: String(error), stack });
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

async function runBackwards(steps: readonly (() => Promise<unknown>)[], logger: OwnedLogger): Promise<void> {
  for (const step of [...steps].reverse()) {
    try {
      await step();
    } catch (error) {
      logger.error('server.stopFailed', { error: String(error) });
    }
  }
}

function logTarget(config: Config, toFile: boolean): string {
  if (config.log.destination !== 'auto') return config.log.destination;
  return toFile ? join(config.dataDir, 'firstline.log') : 'stderr';
}

function openTheStore(
  config: Config,
  logger: OwnedLogger,
  onProgress: StartOptions['onProgress'],
): Promise<Store> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  const workConnectionsMax = Math.max(1, Math.floor(config.database.poolMax / 3));
  return openStore({
    databaseUrl: config.database.url,
    dataDir: config.dataDir,
    logger,
    lookupConnectionsMax: config.database.poolMax - workConnectionsMax,
    workConnectionsMax,
    recordRetentionDays: config.records.retentionDays,
    standby: config.lookup.standby,
    lookupFirst: config.lookup.first,
    lookupPatienceMs: config.lookup.patienceMs,
    onProgress: ({ phase, done, total }) => {
      if (phase !== 'ready') onProgress({ name: `database: ${phase}`, done: done ?? 0, total });
    },
  });
}

/** Makes what a new database lacks: the demo boundaries and the first API key, which is the result. */
async function prepareStore(
  config: Config,
  store: Store,
  onProgress: StartOptions['onProgress'],
): Promise<string | undefined> {
  await store.prepared;
  const datasets = await store.boundaries.listDatasets();
  if (config.demo.data && datasets.length === 0) await loadDemoData(store, config.demo.psapPort, onProgress);
  return await makeFirstKey(config, store);
}

async function loadDemoData(
  store: Store,
  psapPort: number,
  onProgress: StartOptions['onProgress'],
): Promise<void> {
  const { usCountyCount, usCountyPsaps } = await import('../data/us-counties.ts');
  const actor = { name: 'system', via: 'system' } as const;
  const outcome = await store.boundaries.load(usCountyPsaps({ host: psapHost, port: psapPort }), {
    name: 'demo: US counties',
    source: 'us-atlas counties-10m',
    actor,
    invalidGeometry: 'repair',
    onProgress: ({ phase, done, total }) =>
      onProgress({ name: `demo data: ${phase}`, done, total: total ?? usCountyCount }),
  });
  assert(outcome.kind === 'loaded', 'the demo data is refused by our own checks');
  await store.boundaries.activate(outcome.dataset.id, actor);
}

// The file first: a key that is in force and that nobody has would lock everybody out.
async function makeFirstKey(config: Config, store: Store): Promise<string | undefined> {
  if (await store.apiKeys.hasAny()) return undefined;
  const { apiKeyRandomBytes, hashApiKey, newApiKey } = await import('./http/index.ts');
  const key = newApiKey(randomBytes(apiKeyRandomBytes));
  writeFileSync(apiKeyFile(config), `${key}\n`, { mode: 0o600 });
  chmodSync(apiKeyFile(config), 0o600);
  await store.apiKeys.replace('local', hashApiKey(key), { name: 'system', via: 'system' });
  return key;
}

function psapText(config: Config, psap: AgentHost | undefined): string | undefined {
  if (!config.demo.psapEnabled) return undefined;
  const place = hostPort(psapHost, config.demo.psapPort);
  return psap === undefined ? `${place} (another user agent has that port and takes its place)` : place;
}

function apiKeyFile(config: Config): string {
  return join(config.dataDir, 'api-key');
}

function shownPath(path: string): string {
  const shown = relative(process.cwd(), path);
  return shown.startsWith('..') ? path : shown;
}

function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
