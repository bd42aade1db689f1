import type { CodedError } from '../base/index.ts';
import { accessNetworkKeys } from './access-network.ts';
import { preferredEntries } from './choose.ts';
import type { LocationErrorCode } from './errors.ts';
import { readGeoUri } from './geo-uri.ts';
import type { GeolocationValue } from './geolocation-header.ts';
import { cidMatches, parseGeolocationHeader, stripBrackets } from './geolocation-header.ts';
import type { LocationBodyPart, LocationInput } from './input.ts';
import type { LocationLimits } from './limits.ts';
import type { CollectedCandidate, LocationOffer, OfferedLocations } from './offer.ts';
import { parsePidfLo } from './parse.ts';
import { isEvidentPidf, isPidfType } from './pidf-type.ts';
import type { LocationReference, LocationValue, PidfLoEntry } from './types.ts';

/**
 * Everything that a request says of the caller's place, in the order of preference that it gives itself: Geolocation values in
 * header order (RFC 6442 §4.1), then PIDF-LO parts that no value points at in document order (RFC 5491 §3 rule 9), inside a
 * document by rule 8; positions in `geo:` URIs after them. What is pointed at twice is one offer. Pure; never throws for input.
 */
export function offeredLocations(input: LocationInput, limits: LocationLimits): OfferedLocations {
  const collector = new Collector(input, limits);
  const values = parseGeolocationHeader(input.geolocationValues);
  if (values.length > limits.headerValuesMax) {
    collector.warn('location.tooMany', `only ${limits.headerValuesMax} Geolocation values are looked at`);
  }
  for (const [index, value] of values.slice(0, limits.headerValuesMax).entries()) {
    collector.addValue(value, index + 1);
  }
  for (const part of input.parts) collector.addUnreferenced(part);
  return {
    offers: collector.offers(),
    warnings: collector.warnings,
    additionalData: [],
    geolocationRouting: readRouting(input.geolocationRouting),
    cellKeys: accessNetworkKeys(input.accessNetworkValues),
  };
}

/** The chosen location, if there is one, and how it came to be chosen. */
export interface CollectedLocations {
  readonly location: LocationValue | undefined;
  /** In order of preference. */
  readonly candidates: readonly CollectedCandidate[];
  readonly warnings: readonly CodedError[];
}

/** The first value that a request offers, where nothing is fetched. */
export function collectLocations(
  input: Pick<LocationInput, 'geolocationValues' | 'parts'>,
  limits: LocationLimits,
): CollectedLocations {
  const { offers, warnings } = offeredLocations(
    { callInfoValues: [], geolocationRouting: undefined, accessNetworkValues: [], ...input },
    limits,
  );
  const values = offers.flatMap((offer) => (offer.kind === 'value' ? [offer] : []));
  const chosen = values[0];
  const code = 'location.referenceUnsupported';
  const candidates = offers.map((offer): CollectedCandidate => {
    if (offer.kind === 'refused') return offer.candidate;
    const { origin } = offer;
    if (offer.kind === 'reference') {
      return { origin, outcome: 'unsupported', reason: `${code}: fetching by reference is not configured` };
    }
    const isChosen = offer === chosen;
    return isChosen
      ? { origin, outcome: 'chosen', reason: offer.reason }
      : { origin, outcome: 'notChosen', reason: 'another location comes first' };
  });
  const unsupported = candidates.filter(
    ({ outcome, reason }) => outcome === 'unsupported' && reason.startsWith(code),
  );
  const more = unsupported.map(({ origin }) => ({ code, message: `${origin}: not fetched` }));
  return { location: chosen?.location, candidates, warnings: [...more, ...warnings] };
}

/** RFC 6442 §4.2: what is neither `yes` nor `no` counts as `no`, which an absent one does too. */
function readRouting(value: string | undefined): 'yes' | 'no' | undefined {
  const word = /^\s*(yes|no)\s*(?:;|$)/i.exec(value ?? '')?.[1]?.toLowerCase();
  return word === 'yes' || word === 'no' ? word : undefined;
}

class Collector {
  readonly warnings: CodedError[] = [];
  readonly #limits: LocationLimits;
  readonly #parts: readonly LocationBodyPart[];
  readonly #offers: LocationOffer[] = [];
  /** What comes after all PIDF-LO documents. */
  readonly #late: LocationOffer[] = [];
  readonly #opened = new Set<LocationBodyPart>();
  readonly #references = new Set<string>();

  constructor(input: LocationInput, limits: LocationLimits) {
    this.#parts = input.parts;
    this.#limits = limits;
  }

  offers(): readonly LocationOffer[] {
    return this.#late.length === 0 ? this.#offers : [...this.#offers, ...this.#late];
  }

  warn(code: LocationErrorCode, message: string): void {
    this.#keep([{ code, message }]);
  }

  addValue(value: GeolocationValue, ordinal: number): void {
    const origin = `Geolocation ${ordinal} <${shorten(value.uri)}>`;
    switch (value.scheme) {
      case 'cid':
        this.#addCid(value.uri, origin);
        return;
      case 'http':
      case 'https':
        this.#addReference({ uri: value.uri, protocol: 'held' }, origin);
        return;
      case 'sip':
      case 'sips':
      case 'pres':
        this.#addReference({ uri: value.uri, protocol: 'presence' }, origin);
        return;
      case 'geo':
        this.#addGeoUri(value, ordinal);
        return;
      default:
        // The URI stays out of the record: what stands there may be a position or an address.
        this.#refuse(
          `Geolocation ${ordinal}`,
          'unsupported',
          'location.headerMalformed',
          'not a cid, https, sip, sips or pres URI, which a Geolocation value has to be',
        );
    }
  }

  addUnreferenced(part: LocationBodyPart): void {
    if (this.#opened.has(part)) return;
    if (!isPidfType(part.contentType) && !isEvidentPidf(part)) return;
    this.#open(part, false, `part ${part.path}, which no Geolocation value points at`);
  }

  #addCid(uri: string, origin: string): void {
    const part = this.#parts.find(({ contentId }) => contentId !== undefined && cidMatches(uri, contentId));
    if (part === undefined) {
      this.#refuse(origin, 'unreadable', 'location.partMissing', 'no body part has this Content-ID');
    } else if (!this.#opened.has(part)) {
      this.#open(part, true, `${origin}, part ${part.path}`);
    }
  }

  #addReference(reference: LocationReference, origin: string): void {
    if (this.#references.has(reference.uri)) return;
    this.#references.add(reference.uri);
    this.#offers.push({ kind: 'reference', origin, reference });
  }

  /** RFC 6442 §4.1 has no place for them, but a position is a position. */
  #addGeoUri(value: GeolocationValue, ordinal: number): void {
    const origin = `Geolocation ${ordinal} <geo:…>`;
    const shape = readGeoUri(value.uri, value.params);
    if (shape === undefined) {
      this.#refuse(origin, 'unreadable', 'location.geoUriUnreadable', 'not a position in WGS 84');
      return;
    }
    this.warn('location.geoUri', `Geolocation ${ordinal}: a position stands in the header field itself`);
    this.#late.push({
      kind: 'value',
      origin,
      location: {
        source: { kind: 'header', ordinal },
        shape,
        civic: undefined,
        method: undefined,
        entity: undefined,
        timestamp: undefined,
        isRetransmissionAllowed: undefined,
        retentionExpires: undefined,
      },
      reason: 'a geo URI, which comes after every PIDF-LO (RFC 6442 §4.1)',
    });
  }

  #open(part: LocationBodyPart, isReferenced: boolean, origin: string): void {
    if (this.#opened.size >= this.#limits.documentsMax) {
      this.warn('location.tooMany', `only ${this.#limits.documentsMax} location documents are opened`);
      return;
    }
    this.#opened.add(part);
    const contentId = part.contentId === undefined ? undefined : stripBrackets(part.contentId);
    const source = { kind: 'body', contentId, partPath: part.path, isReferenced } as const;
    const read = parsePidfLo(part.bytes, source, this.#limits);
    if (!read.ok) {
      this.#refuse(origin, 'unreadable', read.error.code, read.error.message);
      return;
    }
    this.#keep(read.value.warnings);
    for (const entry of preferredEntries(read.value)) this.#addEntry(entry, origin, isReferenced);
  }

  #addEntry(entry: PidfLoEntry, documentOrigin: string, isReferenced: boolean): void {
    if (entry.kind === 'rejected') {
      const { container, outcome, error } = entry.rejected;
      const origin = `${documentOrigin}, ${container}`;
      const reason = `${error.code}: ${error.message}`;
      this.#offers.push({ kind: 'refused', candidate: { origin, outcome, reason } });
      return;
    }
    this.#offers.push({
      kind: 'value',
      origin: `${documentOrigin}, ${entry.location.container ?? 'other'}`,
      location: entry.location,
      reason: isReferenced ? 'in the order of the Geolocation header' : 'in the order of the body',
    });
  }

  #refuse(
    origin: string,
    outcome: 'unreadable' | 'unsupported',
    code: LocationErrorCode,
    message: string,
  ): void {
    this.#offers.push({
      kind: 'refused',
      candidate: { origin, outcome, reason: `${code}: ${message}` },
    });
    this.#keep([{ code, message: `${origin}: ${message}` }]);
  }

  #keep(warnings: readonly CodedError[]): void {
    const room = this.#limits.warningsMax - this.warnings.length;
    this.warnings.push(...warnings.slice(0, Math.max(0, room)));
  }
}

/** Keeps records readable; an URI of a location may be as long as a header. */
function shorten(uri: string): string {
  return uri.length <= 200 ? uri : `${uri.slice(0, 200)}…`;
}
