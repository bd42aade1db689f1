import type { CodedError } from '../base/index.ts';
import { isAlert, readAlert } from './cap-alert.ts';
import { isLastResort, preferredEntries } from './choose.ts';
import type { LocationErrorCode } from './errors.ts';
import { type ExternalBody, isExternalBody, readExternalBody } from './external-body.ts';
import { readGeoUri } from './geo-uri.ts';
import type { GeolocationValue } from './geolocation-header.ts';
import { locationSourceOf, stripBrackets } from './geolocation-header.ts';
import type { LocationBodyPart, LocationInput } from './input.ts';
import type { LocationLimits } from './limits.ts';
import type { CollectedCandidate, LocationOffer } from './offer.ts';
import { parsePidfLo } from './parse.ts';
import type { PartIndex } from './part-index.ts';
import { isEvidentPidf, isPidfType } from './pidf-type.ts';
import type { LocationReference, LocationSource, LocationValue, PidfLo, PidfLoEntry } from './types.ts';

/** Where something was found. */
interface Place {
  /** For the record; may hold the URI of the location. */
  readonly origin: string;
  /** For warnings, which hold none. */
  readonly label: string;
  /** RFC 8787. */
  readonly locationSource: string | undefined;
  readonly isReferenced: boolean;
}

/** Offers by their rank; each list is in the request's own order. */
interface Ranks {
  readonly documents: LocationOffer[];
  readonly geoUris: LocationOffer[];
  readonly alerts: LocationOffer[];
  readonly lastResorts: LocationOffer[];
}

/** Gathers the offers of a request, value by value and part by part. */
export class Collector {
  readonly warnings: CodedError[] = [];
  readonly #limits: LocationLimits;
  readonly #nowMs: number | undefined;
  readonly #index: PartIndex;
  readonly #ranks: Ranks = { documents: [], geoUris: [], alerts: [], lastResorts: [] };
  readonly #opened = new Set<LocationBodyPart>();
  readonly #references = new Set<string>();

  constructor(input: LocationInput, index: PartIndex, limits: LocationLimits) {
    this.#nowMs = input.nowMs;
    this.#index = index;
    this.#limits = limits;
  }

  offers(): readonly LocationOffer[] {
    const { documents, geoUris, alerts, lastResorts } = this.#ranks;
    return [...documents, ...geoUris, ...alerts, ...lastResorts];
  }

  warn(code: LocationErrorCode, message: string): void {
    this.#keep([{ code, message }]);
  }

  addValue(value: GeolocationValue, ordinal: number): void {
    const place = this.#placeOf(value, ordinal);
    switch (value.scheme) {
      case 'cid':
        this.#addCid(value.uri, place);
        return;
      case 'http':
      case 'https':
        this.#addReference({ uri: value.uri, protocol: 'held' }, place);
        return;
      case 'sip':
      case 'sips':
      case 'pres':
        this.#addReference({ uri: value.uri, protocol: 'presence' }, place);
        return;
      case 'geo':
        this.#addGeoUri(value, ordinal, place);
        return;
      default: {
        const message = 'not a cid, https, sip, sips or pres URI, which a Geolocation value has to be';
        this.#refuse(place, 'unsupported', { code: 'location.headerMalformed', message });
      }
    }
  }

  addUnreferenced(part: LocationBodyPart): void {
    if (this.#opened.has(part)) return;
    const label = `part ${part.path}`;
    const origin = `${label}, which no Geolocation value points at`;
    const place: Place = { origin, label, locationSource: undefined, isReferenced: false };
    if (isExternalBody(part)) {
      const read = readExternalBody(part);
      if (read.ok && isPidfType(read.value.contentType)) this.#openExternal(part, place);
    } else if (isPidfType(part.contentType) || isEvidentPidf(part) || isAlert(part)) {
      this.#open(part, place);
    }
  }

  /** The URI of what may be a position or a number itself stays out of the record. */
  #placeOf(value: GeolocationValue, ordinal: number): Place {
    const label = `Geolocation ${ordinal}`;
    const isPlain = value.scheme !== 'geo' && value.scheme !== 'other';
    const shown = isPlain ? shorten(value.uri) : `${value.scheme === 'geo' ? 'geo:' : ''}…`;
    const given = value.params.get('loc-src');
    const locationSource = given === undefined ? undefined : locationSourceOf(given);
    if (given !== undefined && locationSource === undefined) {
      this.warn('location.sourceMalformed', `${label}: loc-src is no host name (RFC 8787 §4)`);
    }
    const by = locationSource === undefined ? '' : ` from ${locationSource}`;
    return { origin: `${label} <${shown}>${by}`, label, locationSource, isReferenced: true };
  }

  #addCid(uri: string, place: Place): void {
    const found = this.#index.find(uri);
    const [first] = found;
    if (first === undefined) {
      const message = 'no body part has this Content-ID';
      this.#refuse(place, 'unreadable', { code: 'location.partMissing', message });
      return;
    }
    // A multipart is named: what in it is a location (RFC 8262 §3.3).
    const parts = found.length === 1 ? found : found.filter(mayHoldLocation);
    if (parts.length === 0) {
      const message = 'the multipart with this Content-ID holds no location';
      this.#refuse(place, 'unreadable', { code: 'location.notPidfLo', message });
    }
    for (const part of parts) {
      if (this.#opened.has(part)) continue;
      const { origin, label } = place;
      this.#open(part, {
        ...place,
        origin: `${origin}, part ${part.path}`,
        label: `${label}, part ${part.path}`,
      });
    }
  }

  #addReference(reference: LocationReference, place: Place): void {
    const key = `${reference.protocol} ${reference.uri}`;
    const { origin, locationSource } = place;
    if (this.#references.has(key)) {
      const candidate = {
        origin,
        outcome: 'notFetched',
        reason: 'the same reference stands before it',
      } as const;
      this.#ranks.documents.push({ kind: 'refused', candidate });
      return;
    }
    this.#references.add(key);
    this.#ranks.documents.push({ kind: 'reference', origin, reference, locationSource });
  }

  /** RFC 6442 §4.1 has no place for them, but a position is a position. */
  #addGeoUri(value: GeolocationValue, ordinal: number, place: Place): void {
    const shape = readGeoUri(value.uri, value.params);
    if (shape === undefined) {
      this.#refuse(place, 'unreadable', {
        code: 'location.geoUriUnreadable',
        message: 'not a position in WGS 84',
      });
      return;
    }
    this.warn('location.geoUri', `${place.label}: a position stands in the header field itself`);
    const location: LocationValue = {
      source: { kind: 'header', ordinal },
      shape,
      civic: undefined,
      method: undefined,
      entity: undefined,
      timestamp: undefined,
      isRetransmissionAllowed: undefined,
      retentionExpires: undefined,
    };
    const reason = 'a geo URI, which comes after every PIDF-LO (RFC 6442 §4.1)';
    const { origin, locationSource } = place;
    this.#ranks.geoUris.push({ kind: 'value', origin, location, reason, locationSource });
  }

  #open(part: LocationBodyPart, place: Place): void {
    if (this.#opened.size >= this.#limits.documentsMax) {
      this.warn('location.tooMany', `only ${this.#limits.documentsMax} location documents are opened`);
      return;
    }
    if (isExternalBody(part)) {
      this.#openExternal(part, place);
      return;
    }
    this.#opened.add(part);
    if (isEncrypted(part)) {
      const message = 'the part is encrypted or signed, and is not opened';
      this.#refuse(place, 'unsupported', { code: 'location.partEncrypted', message });
    } else if (isAlert(part)) this.#openAlert(part, place);
    else this.#openPidfLo(part, place);
  }

  #openExternal(part: LocationBodyPart, place: Place): void {
    this.#opened.add(part);
    const read = readExternalBody(part);
    if (!read.ok) {
      const isUnsupported = read.error.code === 'location.contentUnsupported';
      this.#refuse(place, isUnsupported ? 'unsupported' : 'unreadable', read.error);
      return;
    }
    for (const { code, message } of read.value.warnings) this.warn(code, `${place.label}: ${message}`);
    this.#warnIfOver(read.value, place);
    this.#addReference(read.value.reference, place);
  }

  /** A lifetime that is over does not keep an emergency call's location from being sought: what is there is there. */
  #warnIfOver({ reference: { expiresAtMs } }: ExternalBody, { label }: Place): void {
    if (expiresAtMs === undefined || this.#nowMs === undefined || this.#nowMs <= expiresAtMs) return;
    this.warn('location.contentExpired', `${label}: the expiration of the content is over`);
  }

  #openAlert(part: LocationBodyPart, { origin, label }: Place): void {
    const read = readAlert(part.bytes, { kind: 'alert', partPath: part.path }, this.#limits);
    if (!read.ok) {
      const place = { origin, label, locationSource: undefined, isReferenced: false };
      this.#refuse(place, 'unreadable', read.error, this.#ranks.alerts);
      return;
    }
    this.#keep(read.value.warnings);
    for (const [place, location] of read.value.locations.entries()) {
      this.#ranks.alerts.push({
        kind: 'value',
        origin: `${origin}, area ${place + 1} of the alert`,
        location,
        reason: 'the area of an alert, which comes after every PIDF-LO (RFC 8876 §4.2)',
      });
    }
  }

  #openPidfLo(part: LocationBodyPart, place: Place): void {
    const contentId = part.contentId === undefined ? undefined : stripBrackets(part.contentId);
    const { isReferenced } = place;
    const source: LocationSource = { kind: 'body', contentId, partPath: part.path, isReferenced };
    const read = parsePidfLo(part.bytes, source, this.#limits);
    if (!read.ok) {
      this.#refuse(place, 'unreadable', read.error);
      return;
    }
    this.#keep(read.value.warnings);
    for (const entry of preferredEntries(read.value)) this.#addEntry(entry, read.value, place);
  }

  #addEntry(entry: PidfLoEntry, document: PidfLo, place: Place): void {
    if (entry.kind === 'rejected') {
      const { container, outcome, error } = entry.rejected;
      const candidate = { origin: `${place.origin}, ${container}`, outcome, reason: reasonOf(error) };
      this.#ranks.documents.push({ kind: 'refused', candidate });
      return;
    }
    const { location } = entry;
    const isLast = isLastResort(location);
    const list = isLast ? this.#ranks.lastResorts : this.#ranks.documents;
    list.push({
      kind: 'value',
      origin: `${place.origin}, ${location.container ?? 'other'}`,
      location,
      reason: whyInOrder(location, document, { isReferenced: place.isReferenced, nowMs: this.#nowMs }),
      ...(place.locationSource === undefined ? {} : { locationSource: place.locationSource }),
      ...(isLast ? { isLastResort: true } : {}),
    });
  }

  #refuse(
    { origin, label }: Place,
    outcome: 'unreadable' | 'unsupported',
    error: CodedError,
    list: LocationOffer[] = this.#ranks.documents,
  ): void {
    const candidate: CollectedCandidate = { origin, outcome, reason: reasonOf(error) };
    list.push({ kind: 'refused', candidate });
    this.#keep([{ code: error.code, message: `${label}: ${error.message}` }]);
  }

  #keep(warnings: readonly CodedError[]): void {
    const room = this.#limits.warningsMax - this.warnings.length;
    this.warnings.push(...warnings.slice(0, Math.max(0, room)));
  }
}

function whyInOrder(
  location: LocationValue,
  document: PidfLo,
  { isReferenced, nowMs }: { readonly isReferenced: boolean; readonly nowMs: number | undefined },
): string {
  const why = isReferenced ? 'in the order of the Geolocation header' : 'in the order of the body';
  const rule = document.entries.length > 1 ? '; devices, tuples, persons in this order (RFC 5491 §3)' : '';
  const method = isLastResort(location)
    ? `; its method is ${location.method}, to be used where there is no other (RFC 6881 §6.9)`
    : '';
  const until = Date.parse(location.retentionExpires ?? '');
  const isOver = nowMs !== undefined && until < nowMs;
  return (
    why + rule + method + (isOver ? '; its retention is over, which does not hold for a call for help' : '')
  );
}

function reasonOf({ code, message }: CodedError): string {
  return `${code}: ${message}`;
}

function mayHoldLocation(part: LocationBodyPart): boolean {
  return isPidfType(part.contentType) || isEvidentPidf(part) || isExternalBody(part) || isAlert(part);
}

function isEncrypted({ contentType }: LocationBodyPart): boolean {
  return /^application\/(?:x-)?(?:pkcs7-mime|pgp-encrypted)$/.test(contentType);
}

/** Keeps records readable; an URI of a location may be as long as a header. */
function shorten(uri: string): string {
  return uri.length <= 200 ? uri : `${uri.slice(0, 200)}…`;
}
