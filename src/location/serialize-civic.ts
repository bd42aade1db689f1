import type { XmlElement } from '../xml/index.ts';
import { xmlElement } from '../xml/index.ts';
import { namespaces } from './namespaces.ts';
import type { CivicAddress } from './types.ts';

/** The elements of RFC 5139 §4 in the order that its schema wants. */
const rfc5139Order: readonly string[] = [
  ...['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'PRM', 'PRD', 'RD', 'STS', 'POD', 'POM', 'RDSEC', 'RDBR'],
  ...['RDSUBBR', 'HNO', 'HNS', 'LMK', 'LOC', 'FLR', 'NAM', 'PC', 'BLD', 'UNIT', 'ROOM', 'SEAT', 'PLC', 'PCN'],
  ...['POBOX', 'ADDCODE'],
];
const rfc5139Names: ReadonlySet<string> = new Set(['country', ...rfc5139Order]);

const civic5139 = { prefix: 'ca', uri: namespaces.ca };
const extension = { prefix: 'cae', uri: 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext' };
const nena = { prefix: 'cdx1', uri: 'urn:nena:xml:ns:pidf:nenaCivicAddr' };
const nena2 = { prefix: 'cdx2', uri: 'urn:nena:xml:ns:pidf:nenaCivicAddr2' };
/** NENA's elements (CLDXF) and their namespaces; what is in neither table goes to the namespace of RFC 6848. */
const nenaNamespaces: ReadonlyMap<string, typeof extension> = new Map([
  ['STPS', nena],
  ...['SITE', 'SUBSITE', 'WING', 'UNIT_PRETYPE', 'UNIT_VALUE', 'SECTION', 'ROW', 'PCE', 'DT', 'HNC'].map(
    (name): [string, typeof extension] => [name, nena2],
  ),
]);

/** Every registry of address elements keeps to these characters. */
const elementName = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** The namespace of an address element and the prefix that it is written with (RFC 5139, RFC 6848 §2.2, CLDXF). */
export function civicNamespaceOf(name: string): { readonly prefix: string; readonly uri: string } {
  if (rfc5139Names.has(name)) return civic5139;
  return nenaNamespaces.get(name) ?? extension;
}

/**
 * Writes an address: the elements of RFC 5139 in its order, then the others in theirs, each in its namespace (RFC 6848 §2.2).
 * An element whose name is not of ASCII letters, digits, `_`, `-` and `.` is left out.
 */
export function civicElement(civic: CivicAddress): XmlElement {
  const children: XmlElement[] = [];
  const add = (name: string, namespaceUri: string, value: string | undefined): void => {
    if (value !== undefined) children.push(xmlElement({ name, namespaceUri, children: [value] }));
  };
  add('ca:country', namespaces.ca, civic.country);
  for (const name of rfc5139Order) add(`ca:${name}`, namespaces.ca, civic.elements.get(name));
  for (const [name, value] of civic.elements) {
    if (rfc5139Names.has(name) || !elementName.test(name)) continue;
    const { prefix, uri } = nenaNamespaces.get(name) ?? extension;
    add(`${prefix}:${name}`, uri, value);
  }
  const attributes = { 'xml:lang': civic.language };
  return xmlElement({ name: 'ca:civicAddress', namespaceUri: namespaces.ca, attributes, children });
}
