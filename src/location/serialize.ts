import type { Shape } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { writeXml, xmlElement } from '../xml/index.ts';
import { namespaces } from './namespaces.ts';
import { civicElement } from './serialize-civic.ts';
import type { DataProvider } from './serialize-provider.ts';
import { providedByElement } from './serialize-provider.ts';
import type { RingForm } from './serialize-shape.ts';
import { shapeElement } from './serialize-shape.ts';
import type { CivicAddress, Confidence } from './types.ts';

/** What a document that we make says. */
export interface PidfLoContent {
  /** Of the presentity: `pres:`, `sip:` or `sips:` URI. */
  readonly entity: string;
  /** xml:id of the tuple or device; starts with a letter. */
  readonly id: string;
  /**
   * URN of the device: a `dm:device` is written, as RFC 5491 §3 asks where the location is a device's;
   * undefined: a tuple.
   */
  readonly deviceId?: string | undefined;
  readonly shape: Shape | undefined;
  readonly civic: CivicAddress | undefined;
  /** Left out where there is a point alone, which has no uncertainty (RFC 7459 §4.1). */
  readonly confidence?: Confidence | undefined;
  /** A token of the IANA method registry, such as `GPS`, `Manual` or `Default`. */
  readonly method: string | undefined;
  /** Who provides the location: this server's operator, for a location that it adds (RFC 7852 §6). */
  readonly providedBy?: DataProvider | undefined;
  /** RFC 3339 date and time. */
  readonly timestamp: string | undefined;
  readonly isRetransmissionAllowed?: boolean | undefined;
  /** RFC 3339 date and time. */
  readonly retentionExpires?: string | undefined;
  /** URI of further rules, written as `external-ruleset` (RFC 4119 §2.2.5). */
  readonly rulesetReference?: string | undefined;
  /** What the rules say to people. */
  readonly noteWell?: string | undefined;
  /** How polygons list their positions; `posList` unless told otherwise. */
  readonly ringForm?: RingForm | undefined;
}

const confidenceNamespace = 'urn:ietf:params:xml:ns:geopriv:conf';

/**
 * Writes a PIDF-LO document that is valid by its schemas (RFC 4119, RFC 5139, RFC 5491, RFC 7459, RFC 7852): a compound
 * location has the shape first, usage rules are always there, no digit of a number is lost. An altitude of the centre of a
 * circle, an ellipse or an arc band is left out, those being flat (RFC 5491 §5.2.3 to §5.2.5).
 */
export function writePidfLo(content: PidfLoContent): string {
  return writeXml(presenceElement(content), { namespaces: declarations(content) });
}

function presenceElement(content: PidfLoContent): XmlElement {
  const geopriv = gp('geopriv', [
    locationInfo(content),
    usageRules(content),
    ...(content.method === undefined ? [] : [gp('method', [content.method])]),
    ...(content.providedBy === undefined ? [] : [providedByElement(content.providedBy)]),
  ]);
  return xmlElement({
    name: 'presence',
    namespaceUri: namespaces.pidf,
    attributes: { entity: content.entity },
    children: [content.deviceId === undefined ? tuple(content, geopriv) : device(content, geopriv)],
  });
}

function declarations(content: PidfLoContent): ReadonlyMap<string, string> {
  const declared = new Map<string, string>([
    ['', namespaces.pidf],
    ['gp', namespaces.gp],
  ]);
  if (content.deviceId !== undefined) declared.set('dm', namespaces.dm);
  if (content.shape !== undefined) declared.set('gml', namespaces.gml);
  if (content.shape !== undefined && content.shape.kind !== 'point' && content.shape.kind !== 'polygon') {
    declared.set('gs', namespaces.gs);
  }
  if (content.civic !== undefined) declared.set('ca', namespaces.ca);
  return declared;
}

function locationInfo(content: PidfLoContent): XmlElement {
  const { shape, civic, confidence } = content;
  const children: XmlElement[] = [];
  if (shape !== undefined) children.push(shapeElement(shape, content.ringForm ?? 'posList'));
  if (civic !== undefined) children.push(civicElement(civic));
  const isPointAlone = shape?.kind === 'point' && civic === undefined;
  if (confidence !== undefined && !isPointAlone) children.push(confidenceElement(confidence));
  return gp('location-info', children);
}

function confidenceElement({ percent, pdf }: Confidence): XmlElement {
  return xmlElement({
    name: 'con:confidence',
    namespaceUri: confidenceNamespace,
    attributes: { pdf: pdf === 'unknown' ? undefined : pdf },
    children: [percent === undefined ? 'unknown' : percentText(percent)],
  });
}

/**
 * A percentage as an xs:decimal, which has no exponent. A hundred cannot be written by the schema of RFC 7459 §7; confidence
 * is rounded down (§5).
 */
function percentText(percent: number): string {
  if (percent >= 100) return '99.9';
  const [mantissa = '', exponent] = String(percent).split('e-');
  if (exponent === undefined) return mantissa;
  return `0.${'0'.repeat(Number(exponent) - 1)}${mantissa.replace('.', '')}`;
}

function tuple(content: PidfLoContent, geopriv: XmlElement): XmlElement {
  const namespaceUri = namespaces.pidf;
  const children = [xmlElement({ name: 'status', namespaceUri, children: [geopriv] })];
  if (content.timestamp !== undefined) {
    children.push(xmlElement({ name: 'timestamp', namespaceUri, children: [content.timestamp] }));
  }
  return xmlElement({ name: 'tuple', namespaceUri, attributes: { id: content.id }, children });
}

function device(content: PidfLoContent, geopriv: XmlElement): XmlElement {
  const namespaceUri = namespaces.dm;
  const children = [
    geopriv,
    xmlElement({ name: 'dm:deviceID', namespaceUri, children: [content.deviceId ?? ''] }),
  ];
  if (content.timestamp !== undefined) {
    children.push(xmlElement({ name: 'dm:timestamp', namespaceUri, children: [content.timestamp] }));
  }
  return xmlElement({ name: 'dm:device', namespaceUri, attributes: { id: content.id }, children });
}

/** In the order of the schema of RFC 4119 §2.2.5. */
function usageRules(content: PidfLoContent): XmlElement {
  const rules: XmlElement[] = [];
  const add = (localName: string, text: string | undefined): void => {
    if (text === undefined) return;
    const name = `gbp:${localName}`;
    rules.push(xmlElement({ name, namespaceUri: namespaces.gbp, children: [text] }));
  };
  add('retransmission-allowed', content.isRetransmissionAllowed?.toString());
  add('retention-expiry', content.retentionExpires);
  add('external-ruleset', content.rulesetReference);
  add('note-well', content.noteWell);
  return gp('usage-rules', rules);
}

function gp(localName: string, children: readonly (XmlElement | string)[]): XmlElement {
  return xmlElement({ name: `gp:${localName}`, namespaceUri: namespaces.gp, children });
}
