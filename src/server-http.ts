import { join } from 'node:path';
import type { Config } from './config/index.ts';
import type { CallChanges, GisReader } from './esrp/index.ts';
import { createRouteService, createShadowRunner, defaultShadowLimits } from './esrp/index.ts';
import type { DiscrepancyDesk, Health, HttpServer, LocationReferences } from './http/index.ts';
import { createHttpServer } from './http/index.ts';
import { createGisReader, defaultLocationTableLimits, readLocationTable } from './load/index.ts';
import { defaultLocationLimits } from './location/index.ts';
import { systemClock } from './net/index.ts';
import type { OwnedLogger } from './observe/index.ts';
import type { HttpPlaces } from './server-http-places.ts';
import { lookupChecks, lookupCounters } from './server-lookup-health.ts';
import type { RunningLost } from './server-lost.ts';
import { lastRingTimeoutMs, listenerText, metricsOf, serviceRoutes } from './server-settings.ts';
import type { RunningSip } from './server-sip.ts';
import type { Store } from './store/index.ts';
import { version } from './version.ts';

/** Nobody waits in a call for a validation. */
const validationDeadlineMs = 5_000;

export interface HttpParts {
  readonly store: Store;
  /** LoST, and the lookups that calls use. */
  readonly lost: RunningLost;
  readonly logger: OwnedLogger;
  readonly sip: RunningSip;
  readonly changes: CallChanges;
  /** The listeners, with their certificates. */
  readonly places: HttpPlaces;
  readonly discrepancies: DiscrepancyDesk;
  /** Locations served by reference. */
  readonly references: LocationReferences | undefined;
}

/** The HTTP side: the REST API over the same stages and stores that calls use. Not started yet. */
export function makeHttp(config: Config, parts: HttpParts): HttpServer {
  const { store, lost, logger, sip, changes, places, references, discrepancies } = parts;
  const routes = createRouteService(
    {
      defaultRouteUri: sip.defaultRouteUri,
      ringTimeoutMs: config.routing.ringTimeoutMs,
      lastRingTimeoutMs,
      lookupDeadlineMs: config.routing.lookupDeadlineMs,
      nearestWithinM: config.lookup.nearestWithinM,
      serviceRoutes: serviceRoutes(config),
      limits: defaultLocationLimits,
    },
    { lookup: lost.lookup, clock: systemClock, logger },
  );
  const shadow = createShadowRunner(
    { ...defaultShadowLimits, nearestWithinM: config.lookup.nearestWithinM },
    {
      lookup: store.lookup,
      records: store.records,
      probes: store.review,
      clock: systemClock,
      store: store.shadows,
      audit: store.audit,
      logger,
    },
  );
  return createHttpServer({
    listen: places.listen,
    routes,
    validateCivic: (civic, { asOf, ...query }) =>
      store.civic.validate(civic, {
        ...query,
        asOf: asOf ?? systemClock.wall(),
        deadlineMs: validationDeadlineMs,
      }),
    boundaries: store.boundaries,
    changes: store.changes,
    review: store.review,
    shadow,
    dataErrors: store.dataErrors,
    discrepancies,
    calls: store.records,
    callChanges: changes,
    audit: store.audit,
    apiKeys: store.apiKeys,
    gis: makeGis(config, logger),
    locationTables: store.locationTables,
    readLocationTable: (bytes, table) =>
      readLocationTable(bytes, { table, limits: defaultLocationTableLimits }),
    health: () => healthOf(store, sip),
    nextHops: sip.nextHops,
    certificates: () => [...sip.certificates(), ...places.certificates(), ...lost.certificates()],
    counters: () => ({
      ...sip.counters(),
      firstline_records_pending: store.health().pendingRecordCount,
      ...lookupCounters(store),
      ...(references === undefined ? {} : metricsOf({ locationReferences: references.counts() })),
      ...metricsOf({ lost: lost.counts() }),
      ...processCounters(),
    }),
    references,
    lost: lost.endpoint,
    logger,
    version: version(),
    limits: { uploadBytesMax: config.http.uploadMaxBytes },
  });
}

function makeGis(config: Config, logger: OwnedLogger): GisReader {
  const { uploadMaxBytes } = config.http;
  return createGisReader({
    uploadsFolder: join(config.dataDir, 'uploads'),
    // An upload, and what is made of it; what is read as a stream out of it takes no disk.
    limits: { spooledBytesMax: 2 * uploadMaxBytes, unpackedBytesMax: 4 * uploadMaxBytes },
    onLeftBehind: (names) => logger.warn('load.leftBehind', { names }),
  });
}

function processCounters(): Readonly<Record<string, number>> {
  const memory = process.memoryUsage();
  return {
    firstline_process_heap_used_bytes: memory.heapUsed,
    firstline_process_external_bytes: memory.external,
    firstline_process_resident_bytes: memory.rss,
  };
}

// Without its database the server still routes, by the standby index or by default, and so says `degraded`: were it not
// ready then, an outage of the database would take every node away from the calls at once.
function healthOf(store: Store, sip: RunningSip): Health {
  const { database } = store.health();
  const isUp = database.state === 'up';
  const isDraining = sip.isDraining();
  return {
    live: true,
    ready: !isDraining,
    checks: [
      { name: 'database', ok: isUp, detail: database.state === 'down' ? database.reason : database.state },
      {
        name: 'schema',
        ok: store.isPrepared(),
        detail: store.isPrepared() ? 'current' : 'waits for the database',
      },
      ...lookupChecks(store),
      {
        name: 'sip',
        ok: !isDraining,
        detail: isDraining ? 'draining' : sip.listeners.map(listenerText).join(', '),
      },
    ],
  };
}
