import { assertNever } from '../base/index.ts';
import type { Position, Shape } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { writeXml, xmlElement } from '../xml/index.ts';
import { namespaces } from './namespaces.ts';
import type { CivicAddress } from './types.ts';

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
  /** A token of the IANA method registry, such as `GPS` or `Manual`. */
  readonly method: string | undefined;
  /** RFC 3339 date and time. */
  readonly timestamp: string | undefined;
  readonly isRetransmissionAllowed?: boolean | undefined;
  readonly retentionExpires?: string | undefined;
}

const metre = 'urn:ogc:def:uom:EPSG::9001';

/** The elements of RFC 5139 §4 in the order that its schema wants. */
const rfc5139Order: readonly string[] = [
  ...['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'PRM', 'PRD', 'RD', 'STS', 'POD', 'POM', 'RDSEC', 'RDBR'],
  ...['RDSUBBR', 'HNO', 'HNS', 'LMK', 'LOC', 'FLR', 'NAM', 'PC', 'BLD', 'UNIT', 'ROOM', 'SEAT', 'PLC', 'PCN'],
  ...['POBOX', 'ADDCODE'],
];

const civicExt = 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext';
const nena = 'urn:nena:xml:ns:pidf:nenaCivicAddr';
const nena2 = 'urn:nena:xml:ns:pidf:nenaCivicAddr2';
/** NENA's elements (CLDXF) and their namespaces; what is in neither table goes to the namespace of RFC 6848. */
const nenaNamespaces: ReadonlyMap<string, string> = new Map([
  ['STPS', nena],
  ...['SITE', 'SUBSITE', 'WING', 'UNIT_PRETYPE', 'UNIT_VALUE', 'SECTION', 'ROW', 'PCE', 'DT', 'HNC'].map(
    (name): [string, string] => [name, nena2],
  ),
]);

/**
 * Writes a PIDF-LO document that is valid by its schemas (RFC 4119, RFC 5139, RFC 5491): a compound location
 * has the shape first, usage rules are always there, no digit of a coordinate is lost. An altitude of a
 * circle's centre is left out, a circle being flat (RFC 5491 §5.2.3).
 */
export function writePidfLo(content: PidfLoContent): string {
  const geopriv = gp('geopriv', [
    gp('location-info', [
      ...(content.shape === undefined ? [] : [shapeElement(content.shape)]),
      ...(content.civic === undefined ? [] : [civicElement(content.civic)]),
    ]),
    usageRules(content),
    ...(content.method === undefined ? [] : [gp('method', [content.method])]),
  ]);
  const root = xmlElement({
    name: 'presence',
    namespaceUri: namespaces.pidf,
    attributes: { entity: content.entity },
    children: [content.deviceId === undefined ? tuple(content, geopriv) : device(content, geopriv)],
  });
  return writeXml(root, { namespaces: declarations(content) });
}

function declarations(content: PidfLoContent): ReadonlyMap<string, string> {
  const declared = new Map<string, string>([
    ['', namespaces.pidf],
    ['gp', namespaces.gp],
  ]);
  if (content.deviceId !== undefined) declared.set('dm', namespaces.dm);
  if (content.shape !== undefined) declared.set('gml', namespaces.gml);
  if (content.shape?.kind === 'circle') declared.set('gs', namespaces.gs);
  if (content.civic !== undefined) declared.set('ca', namespaces.ca);
  return declared;
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

function usageRules(content: PidfLoContent): XmlElement {
  const namespaceUri = namespaces.gbp;
  const rules: XmlElement[] = [];
  if (content.isRetransmissionAllowed !== undefined) {
    const children = [String(content.isRetransmissionAllowed)];
    rules.push(xmlElement({ name: 'gbp:retransmission-allowed', namespaceUri, children }));
  }
  if (content.retentionExpires !== undefined) {
    rules.push(
      xmlElement({ name: 'gbp:retention-expiry', namespaceUri, children: [content.retentionExpires] }),
    );
  }
  return gp('usage-rules', rules);
}

function shapeElement(shape: Shape): XmlElement {
  const namespaceUri = namespaces.gml;
  switch (shape.kind) {
    case 'point': {
      const srsName = `urn:ogc:def:crs:EPSG::${shape.position.altM === undefined ? 4326 : 4979}`;
      const children = [posElement(shape.position)];
      return xmlElement({ name: 'gml:Point', namespaceUri, attributes: { srsName }, children });
    }
    case 'circle': {
      const { lon, lat } = shape.center;
      const radius = xmlElement({
        name: 'gs:radius',
        namespaceUri: namespaces.gs,
        attributes: { uom: metre },
        children: [String(shape.radiusM)],
      });
      return xmlElement({
        name: 'gs:Circle',
        namespaceUri: namespaces.gs,
        attributes: { srsName: 'urn:ogc:def:crs:EPSG::4326' },
        children: [posElement({ lon, lat }), radius],
      });
    }
    default:
      return assertNever(shape);
  }
}

/** GML's order: latitude, longitude, altitude. */
function posElement({ lon, lat, altM }: Position): XmlElement {
  const text = altM === undefined ? `${lat} ${lon}` : `${lat} ${lon} ${altM}`;
  return xmlElement({ name: 'gml:pos', namespaceUri: namespaces.gml, children: [text] });
}

function civicElement(civic: CivicAddress): XmlElement {
  const children: XmlElement[] = [];
  const add = (name: string, namespaceUri: string, value: string | undefined): void => {
    if (value !== undefined) children.push(xmlElement({ name, namespaceUri, children: [value] }));
  };
  add('ca:country', namespaces.ca, civic.country);
  for (const name of rfc5139Order) add(`ca:${name}`, namespaces.ca, civic.elements.get(name));
  for (const [name, value] of civic.elements) {
    if (!rfc5139Order.includes(name)) add(`x:${name}`, nenaNamespaces.get(name) ?? civicExt, value);
  }
  const attributes = { 'xml:lang': civic.language };
  return xmlElement({ name: 'ca:civicAddress', namespaceUri: namespaces.ca, attributes, children });
}

function gp(localName: string, children: readonly (XmlElement | string)[]): XmlElement {
  return xmlElement({ name: `gp:${localName}`, namespaceUri: namespaces.gp, children });
}
