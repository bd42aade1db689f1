import type { CodedError } from './base/index.ts';
import type { Config } from './config/index.ts';
import { Ecrf, LostLookup } from './ecrf/index.ts';
import {
  type BoundaryLookup,
  type CivicValidator,
  type Logger,
  mapLocated,
  serviceFamily,
} from './esrp/index.ts';
import { type LostClientRule, LostEndpoint } from './http/index.ts';
import { type CertificateInfo, parseAltNames, systemClock } from './net/index.ts';
import { StoreDirectory } from './server-lost-directory.ts';
import { type RunningLostRemote, startLostRemote } from './server-lost-remote.ts';
import { ecrfOptions, lostLookupOptions } from './server-lost-settings.ts';
import { syncFile } from './server-lost-sync.ts';
import type { Store } from './store/index.ts';

export interface LostParts {
  readonly store: Store;
  /** Undefined: locations are not validated. */
  readonly validator: CivicValidator | undefined;
  readonly logger: Logger;
}

/** LoST as the rest of the server sees it. */
export interface RunningLost {
  /** Lookups for calls: our own, with those of other servers where these are used. */
  readonly lookup: BoundaryLookup;
  /** Answers LoST over HTTP; undefined where it is not served. */
  readonly endpoint: LostEndpoint | undefined;
  counts(): object;
  certificates(): readonly CertificateInfo[];
  /** Reads the certificate for other LoST servers again; gives what cannot be used. */
  reloadCertificates(): Promise<readonly CodedError[]>;
  /** Ends what is under way. May be called twice. */
  stop(): Promise<void>;
}

/** Starts the LoST server and client. Rejects with `net.tlsCertificate`. */
export async function startLost(config: Config, parts: LostParts): Promise<RunningLost> {
  const { store, logger } = parts;
  const remote = await startLostRemote(config, { clock: systemClock, logger });
  const lookupOptions = lostLookupOptions(config);
  const lookup =
    lookupOptions && new LostLookup(store.lookup, lookupOptions, { remote, clock: systemClock, logger });
  const service = config.lost.enabled ? startService(config, parts, remote) : undefined;
  return {
    lookup: lookup ?? store.lookup,
    endpoint: service?.endpoint,
    counts: () => ({
      ...(service === undefined ? {} : service.counts()),
      remote: remote.counts(),
      ...(lookup === undefined ? {} : { lookup: lookup.counts() }),
    }),
    certificates: () => remote.certificates(),
    reloadCertificates: () => remote.reloadCertificates(),
    stop: async () => {
      await service?.stop();
      await remote.stop();
    },
  };
}

interface RunningService {
  readonly endpoint: LostEndpoint;
  counts(): object;
  stop(): Promise<void>;
}

function startService(config: Config, parts: LostParts, remote: RunningLostRemote): RunningService {
  const { store, validator, logger } = parts;
  const directory = new StoreDirectory({ store, logger, onChanged: () => void ecrf.sync.run() });
  const ecrf = new Ecrf(
    ecrfOptions(config, systemClock.wall()),
    {
      // The stage that maps calls, over our own boundaries: a call that another server's client maps does not come back to it.
      map: ({ mayBeNear, ...question }) =>
        mapLocated(
          { ...question, nearestWithinM: mayBeNear ? config.lookup.nearestWithinM : 0 },
          { lookup: store.lookup, clock: systemClock },
        ),
      nearestM: async (position, service, withinM, deadlineMs) => {
        const scope = { services: aliasesOf(service), asOf: systemClock.wall(), deadlineMs };
        const answer = await store.lookup.nearest(position, withinM, scope);
        return answer.kind === 'found' ? (answer.distanceM ?? 0) : undefined;
      },
      validator,
      directory,
      remote,
      clock: systemClock,
      logger,
    },
    syncFile(config.dataDir),
  );
  directory.start();
  const endpoint = makeEndpoint(config, parts, ecrf);
  const sync = startSync(config, ecrf);
  return {
    endpoint,
    counts: () => ({ ...ecrf.counts(), http: endpoint.counts() }),
    stop: async () => {
      sync.stop();
      await directory.stop();
    },
  };
}

/** The spellings of a service itself, without its parents. */
function aliasesOf(service: ReturnType<typeof serviceFamily>[0]): ReturnType<typeof serviceFamily> {
  const plain = (urn: string) =>
    urn.replace(/^urn:(?:emergency|nena):/, 'urn:').replace(/:sos\.psap$/, ':sos');
  const aliases = serviceFamily(service).filter((each) => plain(each) === plain(service));
  return [service, ...aliases.filter((each) => each !== service)];
}

function startSync(config: Config, ecrf: Ecrf): { stop(): void } {
  const { sync } = config.lost;
  const restored = ecrf.sync.restore();
  if (sync.sources.length === 0 && sync.pushTo.length === 0) return { stop: () => undefined };
  void restored.then(() => ecrf.sync.run());
  const timer = setInterval(() => void ecrf.sync.run(), sync.intervalS * 1_000);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function makeEndpoint(config: Config, { store, logger }: LostParts, ecrf: Ecrf): LostEndpoint {
  const { lost } = config;
  return new LostEndpoint({
    service: ecrf,
    isOpen: lost.access === 'open',
    clients: clientRules(config),
    apiKeys: store.apiKeys,
    altNames: (text) => parseAltNames(text).map(({ value }) => value),
    limits: { concurrentMax: lost.concurrentMax, bytesMax: lost.bytesMax, syncBytesMax: lost.sync.bytesMax },
    logger,
  });
}

function clientRules({ lost }: Config): readonly LostClientRule[] {
  return Object.entries(lost.clients).map(([name, client]) => {
    const { sync, syncSources, certificateNames } = client;
    const pushes = sync === 'push' || sync === 'both';
    return {
      ...client,
      name,
      mayReadMappings: sync === 'read' || sync === 'both',
      pushes: pushes ? (syncSources.length > 0 ? syncSources : certificateNames) : undefined,
    };
  });
}
