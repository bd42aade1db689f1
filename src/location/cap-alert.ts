import type { CodedError, Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import { isPositionInRange, type Position, type Shape } from '../geo/index.ts';
import { childElements, collapsedTextOf, parseXml, type XmlElement } from '../xml/index.ts';
import type { LocationErrorCode } from './errors.ts';
import { soundRing } from './gml-ring.ts';
import type { LocationBodyPart } from './input.ts';
import type { LocationLimits } from './limits.ts';
import { orderPositions } from './ordinates.ts';
import type { LocationError, LocationSource, LocationValue, LocationWarning } from './types.ts';

/** The places that an alert names (OASIS CAP 1.2 §3.2.4). */
export interface AlertAreas {
  readonly locations: readonly LocationValue[];
  readonly warnings: readonly LocationWarning[];
}

const alertTypes: ReadonlySet<string> = new Set([
  'application/emergencycalldata.cap+xml',
  'application/emergencycall.cap+xml',
  'application/common-alerting-protocol+xml',
  'application/cap+xml',
]);
const namespaceStart = 'urn:oasis:names:tc:emergency:cap:';
/** Vertices of one polygon; a longer one is not read. */
const verticesMax = 5_000;
/** Half of the way around the Earth, metres: no circle is larger. */
const radiusMaxM = 20_037_508;

/** Whether a part is an alert of the Common Alerting Protocol, by its type or, under one that says nothing, by its namespace. */
export function isAlert({ contentType, bytes }: Pick<LocationBodyPart, 'contentType' | 'bytes'>): boolean {
  if (alertTypes.has(contentType)) return true;
  if (!/^(?:application|text)\/xml$/.test(contentType)) return false;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(namespaceStart);
}

/**
 * Reads the areas of an alert, polygons and circles in document order, each once (RFC 8876 §4.2, OASIS CAP 1.2 §3.2.4): the same
 * area stands in each `info` that repeats the alert in another language. CAP 1.0, 1.1, 1.2 and no namespace at all. An alert
 * without an area, which is what RFC 8876 asks for, has no locations and no error. Never throws.
 */
export function readAlert(
  bytes: Uint8Array,
  source: LocationSource,
  limits: LocationLimits,
): Result<AlertAreas, LocationError> {
  const document = parseXml(bytes, limits.xml);
  if (!document.ok) {
    const { code, message } = document.error;
    return err({ code: 'location.xmlUnreadable', message: `${code}: ${message}`, cause: document.error });
  }
  const { root, repairs } = document.value;
  if (root.localName !== 'alert') {
    return err({ code: 'location.alertUnreadable', message: 'the document is no alert' });
  }
  const reader = new AlertReader(source, childText(root, 'sent'), limits);
  if (!isCapNamespace(root.namespaceUri)) {
    reader.warn('location.namespaceRepaired', `alert belongs in the namespace ${namespaceStart}1.2`);
  }
  for (const area of namedDescendants(root, 'info', 'area')) reader.readArea(area);
  return ok({ locations: reader.locations, warnings: [...repairs, ...reader.warnings] });
}

class AlertReader {
  readonly locations: LocationValue[] = [];
  readonly warnings: CodedError<LocationErrorCode>[] = [];
  readonly #source: LocationSource;
  readonly #sent: string | undefined;
  readonly #limits: LocationLimits;
  readonly #seen = new Set<string>();

  constructor(source: LocationSource, sent: string | undefined, limits: LocationLimits) {
    this.#source = source;
    this.#sent = sent;
    this.#limits = limits;
  }

  /** Each warning once. */
  readonly warn = (code: LocationErrorCode, message: string): void => {
    if (!this.warnings.some((each) => each.message === message)) this.warnings.push({ code, message });
  };

  readArea(area: XmlElement): void {
    for (const element of childElements(area)) {
      const text = collapsedTextOf(element);
      let shape: Shape | undefined;
      if (element.localName === 'polygon') shape = this.#readPolygon(text);
      else if (element.localName === 'circle') shape = this.#readCircle(text);
      else continue;
      if (shape === undefined) {
        this.warn('location.alertArea', `a ${element.localName} of an alert cannot be read`);
      } else if (this.locations.length >= this.#limits.locationsMax) {
        this.warn('location.tooMany', `only ${this.#limits.locationsMax} areas of an alert are read`);
      } else if (!this.#seen.has(text)) {
        this.#seen.add(text);
        this.#add(shape);
      }
    }
  }

  #add(shape: Shape): void {
    this.locations.push({
      source: this.#source,
      shape,
      civic: undefined,
      method: undefined,
      entity: undefined,
      timestamp: this.#sent,
      isRetransmissionAllowed: undefined,
      retentionExpires: undefined,
    });
  }

  /** `lat,lon lat,lon ...`, the last one the first; made sound as a ring of GML is. */
  #readPolygon(text: string): Shape | undefined {
    const pairs = text.split(' ');
    if (pairs.length > verticesMax) return undefined;
    const tuples: (readonly number[])[] = [];
    for (const pair of pairs) {
      const match = pairPattern.exec(pair);
      if (match === null) return undefined;
      tuples.push([Number(match[1]), Number(match[2])]);
    }
    const positions = orderPositions({ tuples, axisOrder: 'latLon' }, this.warn);
    const ring = positions.ok ? soundRing(positions.value, this.warn) : positions;
    if (!ring.ok) return undefined;
    return ring.value.kind === 'point'
      ? ring.value
      : { kind: 'polygon', exterior: ring.value.ring, interiors: [] };
  }

  /** `lat,lon radius`, the radius in kilometres. */
  #readCircle(text: string): Shape | undefined {
    const match = /^(\S{3,100})(?: (\d{1,5}(?:\.\d{0,20})?|\.\d{1,20}))?$/.exec(text);
    const center = match === null ? undefined : readPair(match[1] ?? '');
    if (center === undefined) return undefined;
    const radiusM = Math.round(Number(match?.[2] ?? 0) * 1_000_000) / 1_000;
    if (radiusM > radiusMaxM) return undefined;
    return radiusM === 0 ? { kind: 'point', position: center } : { kind: 'circle', center, radiusM };
  }
}

const pairPattern = /^([+-]?\d{1,3}(?:\.\d{0,20})?),([+-]?\d{1,3}(?:\.\d{0,20})?)$/;

function readPair(text: string): Position | undefined {
  const match = pairPattern.exec(text);
  if (match === null) return undefined;
  const position = { lon: Number(match[2]), lat: Number(match[1]) };
  return isPositionInRange(position) ? position : undefined;
}

function isCapNamespace(uri: string | undefined): boolean {
  return uri?.trim().toLowerCase().startsWith(namespaceStart) ?? false;
}

function namedDescendants(root: XmlElement, ...path: readonly string[]): readonly XmlElement[] {
  let found: readonly XmlElement[] = [root];
  for (const name of path) {
    found = found.flatMap((element) => childElements(element).filter((child) => child.localName === name));
  }
  return found;
}

function childText(element: XmlElement, name: string): string | undefined {
  const child = childElements(element).find(({ localName }) => localName === name);
  const text = child === undefined ? '' : collapsedTextOf(child);
  return text === '' ? undefined : text;
}
