import type { CodedError } from './base/index.ts';
import type { Config } from './config/index.ts';
import type { LocationPorts } from './esrp/index.ts';
import type { CertificateInfo } from './net/index.ts';
import { systemClock } from './net/index.ts';
import { type EventParts, type RunningEvents, startEvents } from './server-events.ts';
import { makeLocationFetch } from './server-location.ts';
import { systemTimer } from './server-settings.ts';
import type { Store } from './store/index.ts';

/** Where locations come from that calls do not bring themselves. */
export interface RunningReferences {
  readonly ports: LocationPorts;
  /** Undefined: references are not followed. */
  readonly events: RunningEvents | undefined;
  /** For metrics. */
  counts(): object;
  certificates(): readonly CertificateInfo[];
  /** Reads the certificates for location servers again; gives what cannot be used. */
  reloadCertificates(): Promise<readonly CodedError[]>;
  /** Ends what is under way. May be called twice. */
  stop(): Promise<void>;
}

/** Starts what follows references, and joins it with the tables. Rejects with `net.tlsCertificate`. */
export async function startReferences(
  config: Config,
  parts: Omit<EventParts, 'clock'> & { readonly store: Store },
): Promise<RunningReferences> {
  const { logger, store } = parts;
  const events = config.location.references.enabled
    ? startEvents(config, { ...parts, clock: systemClock })
    : undefined;
  const fetch = await makeLocationFetch(config, {
    logger,
    clock: systemClock,
    presence: events?.presence,
  });
  return {
    ports: { fetch, tables: store.locationTables, timer: systemTimer },
    events,
    counts: () => ({ ...events?.counts(), ...(fetch === undefined ? {} : { http: fetch.counts() }) }),
    certificates: () => fetch?.certificates() ?? [],
    reloadCertificates: async () => (await fetch?.reloadCertificates()) ?? [],
    stop: async () => {
      events?.stop();
      await fetch?.stop();
    },
  };
}
