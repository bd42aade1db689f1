import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../base/index.ts';
import type { LocationPublisher } from '../esrp/index.ts';
import {
  defaultLocationLimits,
  type HeldErrorCode,
  type HeldLocationType,
  heldMediaType,
  type LocationRequest,
  parsePidfLo,
  readLocationRequest,
  writeHeldError,
  writeLocationResponse,
} from '../location/index.ts';
import { type Problem, problem, type Reply } from './problem.ts';
import { type Sealed, TokenSealer } from './sealed-token.ts';

export interface LocationReferencesOptions {
  /** Absolute `https:` URI without query; references lie below it. */
  readonly baseUri: string;
  /** The first seals, all are accepted; made anew where empty. */
  readonly secrets: readonly string[];
  /** How long a reference can be followed. */
  readonly lifetimeS: number;
  readonly clock: Clock;
}

/** A request for a reference, as far as it matters. */
export interface ReferenceRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Rejects with ProblemError. */
  readBody(): Promise<Uint8Array>;
}

/** How often what happened, since the start. */
export interface ReferenceCounts {
  readonly published: number;
  readonly served: number;
  readonly expired: number;
  /** Tokens that are none of ours. */
  readonly unknown: number;
  /** Requests that asked for what a reference does not give. */
  readonly refused: number;
}

type ReferenceAnswer = Reply | Problem;

const pidfMediaType = 'application/pidf+xml';
const bodyTypes: ReadonlySet<string> = new Set([heldMediaType, 'application/xml', 'text/xml']);

/**
 * Locations by reference that need no memory: each URI is its document, sealed. Who has the URI may have the location
 * (RFC 6753 §4.1: authorization by possession), until it expires.
 */
export class LocationReferences implements LocationPublisher {
  readonly #baseUri: string;
  readonly #pathPrefix: string;
  readonly #sealer: TokenSealer;
  readonly #lifetimeMs: number;
  readonly #clock: Clock;
  readonly #counts = { published: 0, served: 0, expired: 0, unknown: 0, refused: 0 };

  constructor({ baseUri, secrets, lifetimeS, clock }: LocationReferencesOptions) {
    this.#baseUri = baseUri.replace(/\/+$/, '');
    this.#pathPrefix = `${new URL(baseUri).pathname.replace(/\/+$/, '')}/`;
    this.#sealer = new TokenSealer(secrets);
    this.#lifetimeMs = lifetimeS * 1_000;
    this.#clock = clock;
  }

  publish(pidfLo: string): string {
    this.#counts.published += 1;
    const expiresAtMs = this.#clock.wall() + this.#lifetimeMs;
    return `${this.#baseUri}/${this.#sealer.seal({ text: pidfLo, expiresAtMs })}`;
  }

  counts(): ReferenceCounts {
    return { ...this.#counts };
  }

  /**
   * The token that a request's target names; undefined where it is not a reference's. Below a base without a path only what
   * can be a token is one, so that the server's other paths stay what they are.
   */
  tokenOf(target: string): string | undefined {
    const path = target.split('?', 1)[0] ?? '';
    if (!path.startsWith(this.#pathPrefix)) return undefined;
    const token = path.slice(this.#pathPrefix.length);
    return this.#pathPrefix !== '/' || /^[\w-]{48,}$/.test(token) ? token : undefined;
  }

  /** Answers a request for a reference: RFC 6753 §3.1 by POST, §3.2 by GET. */
  async answer(token: string, request: ReferenceRequest): Promise<ReferenceAnswer> {
    const { method, headers } = request;
    switch (method) {
      case 'GET':
      case 'HEAD':
        return this.#answerGet(token, headers.accept);
      case 'POST':
        return this.#answerPost(token, request);
      default: {
        const allow = 'GET, HEAD, POST';
        const detail = `${method} is not taken here; ${allow} is`;
        return problem('http.methodNotAllowed', detail, { headers: { Allow: allow } });
      }
    }
  }

  #answerGet(token: string, accept: string | undefined): ReferenceAnswer {
    const sealed = this.#open(token);
    // RFC 5985 §8 advises to tell who only tries a URI as little as this.
    if (sealed === undefined) return problem('http.noSuchPath', 'nothing is served at this path');
    this.#counts.served += 1;
    return located(sealed.text, accept);
  }

  async #answerPost(token: string, { headers, readBody }: ReferenceRequest): Promise<ReferenceAnswer> {
    const mediaType = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (!bodyTypes.has(mediaType)) {
      const detail = `send a location request as ${heldMediaType}`;
      return problem('http.unsupportedMediaType', detail, { headers: { Accept: heldMediaType } });
    }
    const read = readLocationRequest(await readBody(), defaultLocationLimits);
    if (!read.ok) return this.#refuse(read.error.heldCode, read.error.message);
    const sealed = this.#open(token);
    if (sealed === undefined) return heldError('locationUnknown', 'no location is known by this reference');
    // RFC 6753 §3.1: an identity is no parameter of a dereference.
    if ((read.value.device ?? []).length > 0) {
      return this.#refuse('badIdentifier', 'a reference is not asked by an identity');
    }
    const document = documentFor(sealed.text, read.value);
    if (document === undefined) {
      return this.#refuse('cannotProvideLiType', 'the location is not of the type that is asked for');
    }
    this.#counts.served += 1;
    return located(document, headers.accept);
  }

  #open(token: string): Sealed | undefined {
    const opened = this.#sealer.open(token);
    if (opened.kind === 'unknown') {
      this.#counts.unknown += 1;
      return undefined;
    }
    if (opened.expiresAtMs <= this.#clock.wall()) {
      this.#counts.expired += 1;
      return undefined;
    }
    return opened;
  }

  #refuse(code: HeldErrorCode, message: string): Reply {
    this.#counts.refused += 1;
    return heldError(code, message);
  }
}

/** The document as HELD's answer, or alone where that is preferred (RFC 6753 §3.2). */
function located(pidfLo: string, accept: string | undefined): Reply {
  const isAlone = quality(accept, pidfMediaType) > quality(accept, heldMediaType);
  return isAlone
    ? { kind: 'reply', status: 200, contentType: pidfMediaType, body: pidfLo, headers: varies }
    : {
        kind: 'reply',
        status: 200,
        contentType: heldMediaType,
        body: writeLocationResponse({ pidfLo }),
        headers: varies,
      };
}

const varies = { Vary: 'Accept' };

/** RFC 5985 §8: with a status of 200. */
function heldError(code: HeldErrorCode, message: string): Reply {
  return { kind: 'reply', status: 200, contentType: heldMediaType, body: writeHeldError(code, message) };
}

/** The weight that an Accept value gives a media type by its name (RFC 9110 §12.5.1); wildcards leave the choice to us. */
function quality(accept: string | undefined, mediaType: string): number {
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [name, ...params] = range.split(';').map((text) => text.trim());
    if (name !== mediaType) continue;
    const weight = params.find((param) => param.startsWith('q='))?.slice(2);
    const value = weight === undefined ? 1 : Number(weight);
    return Number.isFinite(value) ? value : 1;
  }
  return 0;
}

/**
 * The document for a request: whole, or where nothing but certain types will do, those alone (RFC 5985 §6.2). Undefined where
 * it has none of them; a further reference never comes of a reference (RFC 6753 §3.1).
 */
function documentFor(pidfLo: string, { exact, locationTypes = [] }: LocationRequest): string | undefined {
  if (exact !== true || locationTypes.length === 0 || locationTypes.includes('any')) return pidfLo;
  const wanted = (type: HeldLocationType): boolean => locationTypes.includes(type);
  const has = typesIn(pidfLo);
  const gives = { geodetic: has.geodetic && wanted('geodetic'), civic: has.civic && wanted('civic') };
  if (!gives.geodetic && !gives.civic) return undefined;
  if (gives.geodetic === has.geodetic && gives.civic === has.civic) return pidfLo;
  // A document of ours has the shape before the address, each once.
  const civic = /<ca:civicAddress[\s\S]*<\/ca:civicAddress>/;
  const address = civic.exec(pidfLo)?.[0] ?? '';
  const left = gives.geodetic
    ? pidfLo.replace(civic, '')
    : pidfLo.replace(
        /(<gp:location-info>)[\s\S]*(<\/gp:location-info>)/,
        (_all, start: string, end: string) => [start, address, end].join(''),
      );
  const now = typesIn(left);
  return now.geodetic === gives.geodetic && now.civic === gives.civic ? left : undefined;
}

function typesIn(pidfLo: string): { readonly geodetic: boolean; readonly civic: boolean } {
  const read = parsePidfLo(Buffer.from(pidfLo, 'utf8'), sourceOfDocument, defaultLocationLimits);
  const locations = read.ok ? read.value.locations : [];
  return {
    geodetic: locations.some(({ shape }) => shape !== undefined),
    civic: locations.some(({ civic }) => civic !== undefined),
  };
}

const sourceOfDocument = { kind: 'query' } as const;
