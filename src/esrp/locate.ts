import { assertNever, type Clock, type ServiceUrn } from '../base/index.ts';
import {
  type LocationLimits,
  type LocationOffer,
  type LocationValue,
  locationInput,
  type OfferedLocations,
  offeredLocations,
} from '../location/index.ts';
import type { BodyLimits, Flow, SipRequest } from '../sip/index.ts';
import { referencesMax } from './limits.ts';
import { askReference, type FetchedReading } from './locate-ask.ts';
import { chooseInTime, chooseNow, firstValue, hasToAsk } from './locate-choice.ts';
import { type Fallback, fallbackSources } from './locate-fallback.ts';
import type { Source } from './locate-source.ts';
import type { LocationFetch, LocationTables, Timer } from './ports.ts';
import type { Located } from './types.ts';

/** Bounds on what the stage reads. */
export interface LocateLimits {
  readonly body: BodyLimits;
  readonly location: LocationLimits;
}

/** What the stage goes by. */
export interface LocateOptions {
  /** Longest wait for everything that lies elsewhere together, from the start of the stage. */
  readonly budgetMs: number;
  /** `valueFirst`: a location by value before any reference; `asOffered`: in the request's own order. */
  readonly order: 'valueFirst' | 'asOffered';
  /** Where the place is sought, in order, for a request without a usable location. */
  readonly fallbacks: readonly Fallback[];
  /** Where callers of a service are taken to be, by service URN. */
  readonly serviceDefaults: ReadonlyMap<ServiceUrn, LocationValue>;
  readonly limits: LocateLimits;
}

/** Whose location is sought. */
export interface LocateQuestion {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly service: ServiceUrn;
  /** Where callers of the ingress are taken to be. */
  readonly ingressDefault: LocationValue | undefined;
}

/** Where locations come from that a request does not bring. */
export interface LocationPorts {
  /** Undefined: nothing is fetched. */
  readonly fetch: LocationFetch | undefined;
  /** Undefined: there are no tables. */
  readonly tables: LocationTables | undefined;
  readonly timer: Timer;
}

/** What the stage needs of the world. */
export interface LocatePorts {
  readonly clock: Clock;
  readonly locations: LocationPorts;
}

/**
 * The second stage: everything that may say where the caller is, and the location to route by (RFC 6442 §4, RFC 5491
 * §3.4, RFC 6881 §9). What lies elsewhere is asked for all at once, under one budget; what fails or is late is named in
 * the result. Rejects for a bug alone.
 */
export async function locate(
  question: LocateQuestion,
  options: LocateOptions,
  ports: LocatePorts,
): Promise<Located> {
  const start = ports.clock.mono();
  const { request } = question;
  const read = locationInput(request, options.limits.body);
  const nowMs = ports.clock.wall();
  const found = offeredLocations({ ...read.input, nowMs }, options.limits.location);
  const offered = read.warnings.length === 0 ? found : withWarnings(found, read);
  const sources = rankedSources(offered, { ...question, nowMs }, options, ports.locations);
  if (!hasToAsk(sources)) return chooseNow(sources, offered);
  const deadlineMs = options.budgetMs - (ports.clock.mono() - start);
  const { clock } = ports;
  return chooseInTime(sources, offered, { deadlineMs, clock, timer: ports.locations.timer });
}

/** The location of a document that a person or program asks about, read as a call's body is; nothing is fetched. */
export function locateDocument(bytes: Uint8Array, limits: LocationLimits): Located {
  const part = { contentType: 'application/pidf+xml', contentId: undefined, path: '0', bytes };
  const offered = offeredLocations(
    {
      geolocationValues: [],
      parts: [part],
      callInfoValues: [],
      geolocationRouting: undefined,
      accessNetworkValues: [],
    },
    limits,
  );
  return chooseNow(offered.offers.map(unfetchedSource), offered);
}

function withWarnings(offered: OfferedLocations, read: Pick<OfferedLocations, 'warnings'>): OfferedLocations {
  return { ...offered, warnings: [...read.warnings, ...offered.warnings] };
}

function rankedSources(
  offered: OfferedLocations,
  question: LocateQuestion & { readonly nowMs: number },
  options: LocateOptions,
  ports: LocationPorts,
): readonly Source[] {
  const { offers } = offered;
  const reading = { limits: options.limits.location, nowMs: question.nowMs };
  const firm = offers.some(isLastResortOffer) ? offers.filter((offer) => !isLastResortOffer(offer)) : offers;
  const sources = offerSources(firm, reading, ports.fetch);
  const ranked = options.order === 'asOffered' ? sources : valuesFirst(sources);
  const last = firm === offers ? noSources : offers.filter(isLastResortOffer).map(unfetchedSource);
  if (sources.some((source) => source.kind === 'value'))
    return last.length === 0 ? ranked : [...ranked, ...last];
  const fallbacks = fallbackSources(offered.cellKeys, question, options, ports);
  // RFC 6881 SP-21, AN-24: what was derived or assumed further up comes after what is known here, and before what we assume.
  const assumed = firstValue(fallbacks);
  return [...ranked, ...fallbacks.slice(0, assumed), ...last, ...fallbacks.slice(assumed)];
}

const noSources: readonly Source[] = [];

function isLastResortOffer(offer: LocationOffer): boolean {
  return offer.kind === 'value' && offer.isLastResort === true;
}

function valuesFirst(sources: readonly Source[]): readonly Source[] {
  if (sources.length < 2) return sources;
  return [
    ...sources.filter(({ kind }) => kind === 'value'),
    ...sources.filter(({ kind }) => kind !== 'value'),
  ];
}

function offerSources(
  offers: readonly LocationOffer[],
  reading: FetchedReading,
  fetch: LocationFetch | undefined,
): readonly Source[] {
  const followed = new Set<string>();
  return offers.map((offer) => {
    if (offer.kind !== 'reference' || fetch === undefined) return unfetchedSource(offer);
    const { origin, reference } = offer;
    const key = `${reference.protocol} ${reference.uri}`;
    if (followed.has(key)) return notFetched(origin, 'the same reference stands before it', false);
    if (followed.size >= referencesMax) {
      return notFetched(origin, `only the first ${referencesMax} references are followed`, true);
    }
    followed.add(key);
    return { kind: 'asked', origin, ask: askReference(reference, fetch, reading) };
  });
}

function unfetchedSource(offer: LocationOffer): Source {
  switch (offer.kind) {
    case 'value':
      return offer;
    case 'reference':
      return notFetched(offer.origin, 'locations by reference are not fetched here', true);
    case 'refused':
      return { ...offer, isLoss: false };
    default:
      return assertNever(offer);
  }
}

function notFetched(origin: string, reason: string, isLoss: boolean): Source {
  return { kind: 'refused', candidate: { origin, outcome: 'notFetched', reason }, isLoss };
}
