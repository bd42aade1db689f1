import type { XmlElement } from '../xml/index.ts';
import { attributeOf, collapsedTextOf, xmlNamespace } from '../xml/index.ts';
import { warnOfNamespace } from './gml-elements.ts';
import { civicNamespaces, namespaceFit, namespaces } from './namespaces.ts';
import type { Warn } from './ordinates.ts';
import type { CivicAddress } from './types.ts';

/**
 * Names that are no element of RFC 5139, RFC 6848 or NENA's and stand for one, lower case. RFC 4119's A6 (the street) is
 * an element of RFC 5139 too and is kept.
 */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['zip', 'PC'],
  ['zipcode', 'PC'],
  ['postalcode', 'PC'],
  ['postcode', 'PC'],
  ['state', 'A1'],
  ['county', 'A2'],
  ['city', 'A3'],
  ['street', 'RD'],
  ['housenumber', 'HNO'],
  ['floor', 'FLR'],
]);
/** The elements of RFC 5139 §3.1 and §4, RFC 6848 and NENA's CLDXF. */
const knownNames: ReadonlySet<string> = new Set([
  ...['country', 'A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'PRM', 'PRD', 'RD', 'STS', 'POD', 'POM', 'RDSEC'],
  ...['RDBR', 'RDSUBBR', 'HNO', 'HNS', 'LMK', 'LOC', 'FLR', 'NAM', 'PC', 'BLD', 'UNIT', 'ROOM', 'SEAT'],
  ...['PLC', 'PCN', 'POBOX', 'ADDCODE', 'STP', 'HNP', 'MP', 'PN', 'STPS', 'SITE', 'SUBSITE', 'WING'],
  ...['UNIT_PRETYPE', 'UNIT_VALUE', 'SECTION', 'ROW', 'PCE', 'DT', 'HNC'],
]);

/** Whether an element is a civic address; `civilAddress` is the name that drafts and RFC 4119's own schema use. */
export function isCivicElement(element: XmlElement): boolean {
  if (element.localName !== 'civicAddress' && element.localName !== 'civilAddress') return false;
  return namespaceFit(element, namespaces.ca) !== 'foreign';
}

/**
 * Reads a civic address with every element in it (RFC 5139 §3.1, RFC 6848 §2.2). Undefined where nothing has
 * a value. Elements of the address's own namespace come before those of the registered extensions with the same name,
 * and these before anybody else's.
 */
export function readCivic(element: XmlElement, warn: Warn): CivicAddress | undefined {
  if (element.localName === 'civilAddress') {
    warn('location.namespaceRepaired', `write civicAddress in the namespace ${namespaces.ca}`);
  } else warnOfNamespace(element, namespaces.ca, warn);
  const elements = new Map<string, string>();
  const others: XmlElement[] = [];
  let country: string | undefined;
  const take = (child: XmlElement): void => {
    const value = collapsedTextOf(child);
    if (value === '') return;
    const name = knownName(child.localName, warn);
    if (name === 'country') country ??= readCountry(value, warn);
    else if (!elements.has(name)) elements.set(name, value);
  };
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    if (child.namespaceUri === element.namespaceUri) take(child);
    else others.push(child);
  }
  for (const child of others) if (isRegistered(child)) take(child);
  for (const child of others) if (!isRegistered(child)) take(child);
  if (country === undefined && elements.size === 0) return undefined;
  return { country, elements, language: attributeOf(element, 'lang', xmlNamespace) };
}

/**
 * One address of two that describe the same place in different languages (RFC 5139 §3.5.2): what the first has, and what
 * only the second has. Undefined where they are not told apart by their languages.
 */
export function combinedCivic(first: CivicAddress, second: CivicAddress): CivicAddress | undefined {
  if (first.language === second.language) return undefined;
  const elements = new Map(first.elements);
  for (const [name, value] of second.elements) if (!elements.has(name)) elements.set(name, value);
  return { country: first.country ?? second.country, elements, language: first.language };
}

/**
 * Makes an address of plain values, such as a query's: white space collapsed, empty values left out,
 * `country` upper case where it has two letters and left out otherwise. Undefined where nothing is left.
 */
export function civicAddress(
  values: Readonly<Record<string, string | undefined>>,
  language?: string,
): CivicAddress | undefined {
  const elements = new Map<string, string>();
  let country: string | undefined;
  for (const [name, raw] of Object.entries(values)) {
    const value = raw?.replace(/[\t\n\r ]+/g, ' ').trim() ?? '';
    if (value === '') continue;
    if (name === 'country') country = readCountry(value, () => undefined);
    else elements.set(name, value);
  }
  if (country === undefined && elements.size === 0) return undefined;
  return { country, elements, language };
}

/** Whether an address names areas and nothing finer: it can be served by the boundaries' area names alone. */
export function isAreaOnly(civic: CivicAddress): boolean {
  for (const name of civic.elements.keys()) {
    if (name !== 'A1' && name !== 'A2' && name !== 'A3') return false;
  }
  return true;
}

function isRegistered(element: XmlElement): boolean {
  return element.namespaceUri !== undefined && civicNamespaces.has(element.namespaceUri);
}

/** The name that an element is kept under; names that nobody registered stay as they are (RFC 6848 §2.2). */
function knownName(name: string, warn: Warn): string {
  if (knownNames.has(name)) return name;
  const upper = name.toUpperCase();
  const known =
    upper === 'COUNTRY' ? 'country' : knownNames.has(upper) ? upper : otherNames.get(name.toLowerCase());
  if (known === undefined) return name;
  warn('location.civicNameRepaired', `the element of an address is written ${known}`);
  return known;
}

function readCountry(value: string, warn: Warn): string | undefined {
  if (/^[A-Z]{2}$/.test(value)) return value;
  warn('location.countryRepaired', 'a country is two upper-case letters (ISO 3166-1)');
  return /^[A-Za-z]{2}$/.test(value) ? value.toUpperCase() : undefined;
}
