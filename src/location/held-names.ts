import type { XmlElement } from '../xml/index.ts';

/** Namespaces of HELD (RFC 5985 §7) and of its device identities (RFC 6155 §6). */
export const heldNamespace = 'urn:ietf:params:xml:ns:geopriv:held';
export const deviceNamespace = 'urn:ietf:params:xml:ns:geopriv:held:id';

/** Type of every HELD document (RFC 5985 §11.3). */
export const heldMediaType = 'application/held+xml';

/** Kinds of location in the order in which RFC 5985 §6.2 lists them. */
export const heldLocationTypes = ['any', 'geodetic', 'civic', 'locationURI'] as const;

/** What kind of location is asked for (RFC 5985 §6.2). */
export type HeldLocationType = (typeof heldLocationTypes)[number];

/**
 * Codes of HELD's registry (RFC 5985 §6.3, RFC 6155 §7.3); servers send others too, so what is read is a plain text.
 */
export type HeldErrorCode =
  | 'requestError'
  | 'xmlError'
  | 'generalLisError'
  | 'locationUnknown'
  | 'unsupportedMessage'
  | 'timeout'
  | 'cannotProvideLiType'
  | 'notLocatable'
  | 'badIdentifier';

/** The first element below, at any depth, that goes by a name, whatever its namespace. */
export function descendantNamed(element: XmlElement, localName: string): XmlElement | undefined {
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    if (child.localName === localName) return child;
    const found = descendantNamed(child, localName);
    if (found !== undefined) return found;
  }
  return undefined;
}
