import type { XmlElement } from '../xml/index.ts';
import { attributeOf, childElements, collapsedTextOf, xmlNamespace } from '../xml/index.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type { Warn } from './ordinates.ts';
import type { CivicAddress } from './types.ts';

/** Whether an element is a civic address; `civilAddress` is the name that drafts and RFC 4119's own schema use. */
export function isCivicElement(element: XmlElement): boolean {
  if (element.localName !== 'civicAddress' && element.localName !== 'civilAddress') return false;
  return namespaceFit(element, namespaces.ca) !== 'foreign';
}

/**
 * Reads a civic address with every element in it (RFC 5139 §3.1, RFC 6848 §2.2). Undefined where nothing has
 * a value. Elements of the address's own namespace come before those of others with the same name.
 */
export function readCivic(element: XmlElement, warn: Warn): CivicAddress | undefined {
  if (element.localName === 'civilAddress' || namespaceFit(element, namespaces.ca) !== 'own') {
    warn('location.namespaceRepaired', `write civicAddress in the namespace ${namespaces.ca}`);
  }
  const elements = new Map<string, string>();
  let country: string | undefined;
  for (const isOwnTurn of [true, false]) {
    for (const child of childElements(element)) {
      if ((child.namespaceUri === element.namespaceUri) !== isOwnTurn) continue;
      const value = collapsedTextOf(child);
      if (value === '') continue;
      if (child.localName === 'country') country ??= readCountry(value, warn);
      else if (!elements.has(child.localName)) elements.set(child.localName, value);
    }
  }
  if (country === undefined && elements.size === 0) return undefined;
  return { country, elements, language: attributeOf(element, 'lang', xmlNamespace) };
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

function readCountry(value: string, warn: Warn): string | undefined {
  if (/^[A-Z]{2}$/.test(value)) return value;
  warn('location.countryRepaired', 'a country is two upper-case letters (ISO 3166-1)');
  return /^[A-Za-z]{2}$/.test(value) ? value.toUpperCase() : undefined;
}
