import { type Clock, type CodedError, DependencyError } from './base/index.ts';
import type { Config } from './config/index.ts';
import type { CallerIdentity, FetchedLocation, LocationFetch, Logger } from './esrp/index.ts';
import {
  type DeviceIdentity,
  defaultLocationLimits,
  heldMediaType,
  type LocationErrorCode,
  type LocationReference,
  type LocationRequest,
  readHeldAnswer,
  writeLocationRequest,
} from './location/index.ts';
import {
  type CertificateInfo,
  type HttpAnswer,
  type HttpCounts,
  HttpFetcher,
  type HttpLimits,
  type HttpQuestion,
  type NetErrorCode,
} from './net/index.ts';

/** Fetches a location by a subscription to the presence of a `sip:`, `sips:` or `pres:` URI. */
export interface PresencePort {
  fetch(uri: string, deadlineMs: number): Promise<FetchedLocation>;
}

export interface LocationFetchParts {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Undefined: references of that kind are not followed. */
  readonly presence: PresencePort | undefined;
}

/** What follows references and asks the location server, with what the rest of the server needs of it. */
export interface RunningLocationFetch extends LocationFetch {
  counts(): HttpCounts;
  /** The certificate that is shown to location servers. */
  certificates(): readonly CertificateInfo[];
  /** Reads the certificate files again; gives what cannot be used, which stays as it was. */
  reloadCertificates(): Promise<readonly CodedError[]>;
  /** Ends all that is under way. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Follows references by HTTP and presence, and asks the configured location server. Undefined: the configuration has
 * nothing to fetch. Rejects with `net.tlsCertificate` where its certificates cannot be used.
 */
export async function makeLocationFetch(
  config: Config,
  parts: LocationFetchParts,
): Promise<RunningLocationFetch | undefined> {
  const { references, server } = config.location;
  if (!references.enabled && server === undefined) return undefined;
  const http = new HttpFetcher({
    rules: references,
    limits: httpLimits(config),
    credentials: references.credentials,
    tls: references.tls,
    nameServers: config.sip.nameServers.length === 0 ? undefined : config.sip.nameServers,
    clock: parts.clock,
    logger: parts.logger,
  });
  await http.start();
  const follower = new ReferenceFollower(config, parts, http);
  return {
    dereference: (reference, deadlineMs) => follower.dereference(reference, earlier(deadlineMs)),
    askByIdentity:
      server === undefined
        ? undefined
        : (identity, deadlineMs) => follower.askByIdentity(server, identity, earlier(deadlineMs)),
    counts: () => http.counts(),
    certificates: () => http.certificates(),
    reloadCertificates: () => http.reloadCertificates(),
    stop: () => http.stop(),
  };
}

type LocationServer = NonNullable<Config['location']['server']>;

const pidfMediaType = 'application/pidf+xml';
/** RFC 5985 §8: a HELD question accepts HELD; RFC 6753 §3.2: a presence document by itself may come instead. */
const heldAccept = `${heldMediaType}, ${pidfMediaType}`;
/** RFC 6753 §5, figure 7. */
const getAccept = `${pidfMediaType}, ${heldMediaType};q=0.5`;
const contentAccept = `${pidfMediaType}, application/xml;q=0.5, */*;q=0.1`;
/** What a server answers that knows the resource and not the method, or not the type of the question. */
const notByPost: ReadonlySet<number> = new Set([405, 406, 415, 501]);

/** What a caller's place is asked for: quickly, in any form (RFC 5985 §6.1, §6.2; RFC 6753 §3.1 allows no more). */
const routingQuestion: LocationRequest = {
  responseTime: 'emergencyRouting',
  locationTypes: ['geodetic', 'civic'],
  exact: false,
};

class ReferenceFollower {
  readonly #config: Config;
  readonly #parts: LocationFetchParts;
  readonly #http: HttpFetcher;

  constructor(config: Config, parts: LocationFetchParts, http: HttpFetcher) {
    this.#config = config;
    this.#parts = parts;
    this.#http = http;
  }

  async dereference(reference: LocationReference, deadlineMs: number): Promise<FetchedLocation> {
    this.#refuseUseless(reference);
    const { uri, protocol } = reference;
    switch (protocol) {
      case 'held':
        return this.#held({ uri, body: writeLocationRequest(routingQuestion) }, deadlineMs);
      case 'content':
        return documentOf(await this.#get(uri, contentAccept, deadlineMs));
      default:
        return this.#presence(uri, deadlineMs);
    }
  }

  /** RFC 6155: the operator's own server, wherever it lies; who the caller is becomes known to no other host. */
  async askByIdentity(
    { uri, identity: kinds }: LocationServer,
    identity: CallerIdentity,
    deadlineMs: number,
  ): Promise<FetchedLocation> {
    const device = deviceOf(identity, kinds);
    if (device.length === 0) {
      const why = `the call says nothing that the location server could know its caller by (${kinds.join(', ')})`;
      throw new DependencyError<LocationErrorCode>('location.callerNameless', why);
    }
    const { clock } = this.#parts;
    const startedAt = clock.mono();
    const body = writeLocationRequest({ ...routingQuestion, device });
    const trust = { isTrusted: true, staysOnHost: true };
    const answer = documentOf(await this.#post({ uri, body, ...trust }, deadlineMs));
    const reference = soleReference(answer);
    if (reference === undefined) return answer;
    // RFC 5985 §5.2: a location server may answer with references in place of a location.
    return this.dereference(reference, deadlineMs - (clock.mono() - startedAt));
  }

  async #held(question: PostQuestion, deadlineMs: number): Promise<FetchedLocation> {
    const { clock } = this.#parts;
    const startedAt = clock.mono();
    const answer = await this.#post(question, deadlineMs);
    if (!notByPost.has(answer.statusCode) || answer.contentType === heldMediaType) return documentOf(answer);
    // RFC 6753 §3.2: GET asks the same; servers that hold finished documents often know nothing else.
    return documentOf(await this.#get(question.uri, getAccept, deadlineMs - (clock.mono() - startedAt)));
  }

  #post(question: PostQuestion, deadlineMs: number): Promise<HttpAnswer> {
    return this.#http.fetch({
      ...question,
      method: 'POST',
      contentType: heldMediaType,
      accept: heldAccept,
      deadlineMs,
      bytesMax: this.#config.location.references.bytesMax,
    });
  }

  #get(uri: string, accept: string, deadlineMs: number): Promise<HttpAnswer> {
    const { bytesMax } = this.#config.location.references;
    return this.#http.fetch({ uri, method: 'GET', accept, deadlineMs, bytesMax });
  }

  #presence(uri: string, deadlineMs: number): Promise<FetchedLocation> {
    const { presence } = this.#parts;
    if (presence === undefined) throw unsupported('presence is not subscribed to here');
    return presence.fetch(uri, deadlineMs);
  }

  /** What is not worth a packet. */
  #refuseUseless({ expiresAtMs, sizeBytes }: LocationReference): void {
    const { enabled, bytesMax } = this.#config.location.references;
    if (!enabled) throw unsupported('location.references.enabled is false');
    if (expiresAtMs !== undefined && expiresAtMs <= this.#parts.clock.wall()) {
      const why = `it was to be followed until ${new Date(expiresAtMs).toISOString()}`;
      throw new DependencyError<LocationErrorCode>('location.referenceExpired', why);
    }
    if (sizeBytes !== undefined && sizeBytes > bytesMax) {
      const why = `it leads to ${sizeBytes} bytes; location.references.bytesMax is ${bytesMax}`;
      throw new DependencyError<NetErrorCode>('net.httpTooLarge', why);
    }
  }
}

type PostQuestion = Pick<HttpQuestion, 'uri' | 'body' | 'isTrusted' | 'staysOnHost'>;

/** The document of an answer; a HELD error is one, whatever the status (RFC 5985 §8 has 2xx for it, some servers do not). */
function documentOf(answer: HttpAnswer): FetchedLocation {
  const { statusCode, bytes, contentType, uri } = answer;
  const isHeld = contentType === heldMediaType && bytes.length > 0;
  if (isHeld || (statusCode >= 200 && statusCode < 300)) return { bytes, contentType, uri };
  const { host } = new URL(uri);
  const advice =
    statusCode === 401 || statusCode === 403
      ? `: it may want what location.references.credentials has for it`
      : '';
  throw new DependencyError<NetErrorCode>('net.httpStatus', `${host} answered ${statusCode}${advice}`);
}

/** The reference of a HELD answer that has no location. */
function soleReference({ bytes, contentType }: FetchedLocation): LocationReference | undefined {
  if (contentType !== heldMediaType) return undefined;
  const read = readHeldAnswer(bytes, defaultLocationLimits);
  if (!read.ok || read.value.kind !== 'location' || read.value.document !== undefined) return undefined;
  const { locationUris } = read.value;
  const uri = locationUris.find((each) => /^https?:/i.test(each)) ?? locationUris[0];
  if (uri === undefined) return undefined;
  return { uri, protocol: /^https?:/i.test(uri) ? 'held' : 'presence' };
}

/**
 * Who the caller is, of one device (RFC 6155 §2): the URI that is trusted most and, for servers that know numbers or that
 * know no numbers, the first of the other kind. More would let a caller name somebody else beside an asserted identity.
 */
function deviceOf(identity: CallerIdentity, kinds: LocationServer['identity']): readonly DeviceIdentity[] {
  const [first, ...others] = identity.uris;
  const other = others.find((uri) => isTel(uri) !== isTel(first ?? ''));
  const uris = [first ?? [], other ?? []].flat();
  return [
    ...(kinds.includes('uri') ? uris.map((uri) => ({ kind: 'uri', uri }) as const) : []),
    ...(kinds.includes('ip') && identity.ip !== undefined
      ? [{ kind: 'ip', address: identity.ip } as const]
      : []),
  ];
}

function isTel(uri: string): boolean {
  return /^tel:/i.test(uri);
}

/** A little before whoever waits stops listening, so that the reason is on the record. */
function earlier(deadlineMs: number): number {
  return Math.max(1, deadlineMs - Math.min(25, deadlineMs / 20));
}

function httpLimits({ location }: Config): HttpLimits {
  const { budgetMs, references } = location;
  return {
    redirectsMax: references.redirectsMax,
    concurrentMax: references.concurrentMax,
    // What a call would not wait for is not opened either.
    connectTimeoutMs: budgetMs,
    headerBytesMax: 16_384,
    originsMax: 256,
    idleMs: 60_000,
    patience: {
      timeoutsMax: 3,
      shortMs: budgetMs / 4,
      provingMs: budgetMs / 2,
      memoryMs: 30_000,
      originsMax: 1_000,
    },
  };
}

function unsupported(why: string): DependencyError<LocationErrorCode> {
  return new DependencyError('location.referenceUnsupported', why);
}
