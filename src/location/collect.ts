import type { CodedError } from '../base/index.ts';
import { preferredEntries } from './choose.ts';
import type { LocationErrorCode } from './errors.ts';
import type { GeolocationValue } from './geolocation-header.ts';
import { cidMatches, parseGeolocationHeader, stripBrackets } from './geolocation-header.ts';
import type { LocationLimits } from './limits.ts';
import type { CollectedCandidate } from './offer.ts';
import { parsePidfLo } from './parse.ts';
import type { LocationValue, PidfLoEntry } from './types.ts';

/** A leaf part of a message body, transfer encoding undone. */
export interface LocationBodyPart {
  /** `type/subtype` in lower case, without parameters; empty where there is none. */
  readonly contentType: string;
  /** As in the header, angle brackets or not. */
  readonly contentId: string | undefined;
  /** Place in the part tree, such as `1.2`; `0` is the body itself. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What a request carries that may hold the caller's location. */
export interface LocationInput {
  /** Geolocation header field values in order, each as received. */
  readonly geolocationValues: readonly string[];
  /** Leaf parts in document order. */
  readonly parts: readonly LocationBodyPart[];
}

/** The chosen location, if there is one, and how it came to be chosen. */
export interface CollectedLocations {
  readonly location: LocationValue | undefined;
  /** In order of preference. */
  readonly candidates: readonly CollectedCandidate[];
  readonly warnings: readonly CodedError[];
}

/** Types under which PIDF-LO documents travel: RFC 3863's, its draft's, and a mistaken one. */
const pidfTypes: ReadonlySet<string> = new Set([
  'application/pidf+xml',
  'application/cpim-pidf+xml',
  'application/pidf-lo+xml',
]);

/**
 * Finds the locations of a request and chooses one: parts that Geolocation values point at, in header order,
 * then the other PIDF-LO parts in document order (RFC 6442 §4.1, RFC 5491 §3.4 rule 9; a part that no header
 * points at is used too); inside a document by RFC 5491 §3.4 rule 8. The first that can be read is chosen.
 * Pure; never throws for input.
 */
export function collectLocations(input: LocationInput, limits: LocationLimits): CollectedLocations {
  const collector = new Collector(limits);
  const values = parseGeolocationHeader(input.geolocationValues);
  if (values.length > limits.headerValuesMax) {
    collector.warn('location.tooMany', `only ${limits.headerValuesMax} Geolocation values are looked at`);
  }
  for (const [index, value] of values.slice(0, limits.headerValuesMax).entries()) {
    collector.addReference(value, index + 1, input.parts);
  }
  for (const part of input.parts) collector.addUnreferenced(part);
  return collector.result();
}

class Collector {
  readonly #limits: LocationLimits;
  readonly #candidates: CollectedCandidate[] = [];
  readonly #warnings: CodedError[] = [];
  readonly #opened = new Set<LocationBodyPart>();
  #chosen: LocationValue | undefined;

  constructor(limits: LocationLimits) {
    this.#limits = limits;
  }

  result(): CollectedLocations {
    return { location: this.#chosen, candidates: this.#candidates, warnings: this.#warnings };
  }

  warn(code: LocationErrorCode, message: string): void {
    this.#keep([{ code, message }]);
  }

  addReference(value: GeolocationValue, ordinal: number, parts: readonly LocationBodyPart[]): void {
    const origin = `Geolocation ${ordinal} <${shorten(value.uri)}>`;
    switch (value.scheme) {
      case 'cid': {
        const part = findPart(value.uri, parts);
        if (part === undefined) {
          this.#refuse(origin, 'unreadable', 'location.partMissing', 'no body part has this Content-ID');
        } else if (!this.#opened.has(part)) {
          this.#open(part, true, `${origin}, part ${part.path}`);
        }
        return;
      }
      case 'http':
      case 'https':
      case 'sip':
      case 'sips':
      case 'pres':
        this.#refuse(
          origin,
          'unsupported',
          'location.referenceUnsupported',
          `fetching a location by reference (${value.scheme}) is not configured`,
        );
        return;
      default:
        this.#refuse(
          origin,
          'unsupported',
          'location.headerMalformed',
          'not a cid, https, sip, sips or pres URI, which a Geolocation value has to be',
        );
    }
  }

  addUnreferenced(part: LocationBodyPart): void {
    if (this.#opened.has(part)) return;
    if (!pidfTypes.has(part.contentType) && !isEvidentPidf(part)) return;
    this.#open(part, false, `part ${part.path}, which no Geolocation value points at`);
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
    const entries = preferredEntries(read.value);
    for (const entry of entries) this.#addEntry(entry, origin, isReferenced);
  }

  #addEntry(entry: PidfLoEntry, documentOrigin: string, isReferenced: boolean): void {
    if (entry.kind === 'rejected') {
      const { container, outcome, error } = entry.rejected;
      const origin = `${documentOrigin}, ${container}`;
      this.#candidates.push({ origin, outcome, reason: `${error.code}: ${error.message}` });
      return;
    }
    const origin = `${documentOrigin}, ${entry.location.container ?? 'other'}`;
    if (this.#chosen !== undefined) {
      this.#candidates.push({ origin, outcome: 'notChosen', reason: 'another location comes first' });
      return;
    }
    this.#chosen = entry.location;
    const reason = isReferenced
      ? 'first readable location in the order of the Geolocation header'
      : 'first readable location in the order of the body';
    this.#candidates.push({ origin, outcome: 'chosen', reason });
  }

  #refuse(
    origin: string,
    outcome: 'unreadable' | 'unsupported',
    code: LocationErrorCode,
    message: string,
  ): void {
    this.#candidates.push({ origin, outcome, reason: `${code}: ${message}` });
    this.#keep([{ code, message: `${origin}: ${message}` }]);
  }

  #keep(warnings: readonly CodedError[]): void {
    const room = this.#limits.warningsMax - this.#warnings.length;
    this.#warnings.push(...warnings.slice(0, Math.max(0, room)));
  }
}

function findPart(uri: string, parts: readonly LocationBodyPart[]): LocationBodyPart | undefined {
  return parts.find((part) => part.contentId !== undefined && cidMatches(uri, part.contentId));
}

/**
 * Whether a part of another type, or of none, is a presence document with a location. A look at its bytes is
 * enough: what looks like one and is none is reported as unreadable and does no harm.
 */
function isEvidentPidf(part: LocationBodyPart): boolean {
  const { contentType, bytes } = part;
  const mayBe =
    contentType === '' ||
    contentType === 'text/plain' ||
    contentType === 'application/octet-stream' ||
    contentType.endsWith('/xml') ||
    contentType.endsWith('+xml');
  if (!mayBe) return false;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.includes('location-info') && view.includes('presence');
}

/** Keeps records readable; an URI of a location may be as long as a header. */
function shorten(uri: string): string {
  return uri.length <= 200 ? uri : `${uri.slice(0, 200)}…`;
}
