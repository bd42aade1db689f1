import type { XmlElement } from '../xml/index.ts';

/** The namespaces of PIDF-LO documents by the prefix that the standards use for them. */
export const namespaces = {
  pidf: 'urn:ietf:params:xml:ns:pidf',
  gp: 'urn:ietf:params:xml:ns:pidf:geopriv10',
  gbp: 'urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy',
  ca: 'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr',
  dm: 'urn:ietf:params:xml:ns:pidf:data-model',
  gml: 'http://www.opengis.net/gml',
  gs: 'http://www.opengis.net/pidflo/1.0',
  conf: 'urn:ietf:params:xml:ns:geopriv:conf',
} as const;

/** The namespaces of civic elements beyond RFC 5139's own: RFC 6848's, and NENA's two (CLDXF). */
export const civicNamespaces: ReadonlySet<string> = new Set([
  'urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext',
  'urn:nena:xml:ns:pidf:nenaCivicAddr',
  'urn:nena:xml:ns:pidf:nenaCivicAddr2',
]);

/**
 * All namespaces that documents of this family have used: an element of ours that turns up in the wrong one
 * of them, or in none, is still ours. Anything else is somebody else's element, whatever its name.
 */
const family: ReadonlySet<string> = new Set<string>([
  ...Object.values(namespaces),
  // RFC 4119's civic namespace, replaced by RFC 5139's.
  'urn:ietf:params:xml:ns:pidf:geopriv10:civicLoc',
  // Presence documents before RFC 3863.
  'urn:ietf:params:xml:ns:cpim-pidf',
  'urn:ietf:params:xml:ns:cpim-pidf:',
  // GML 3.0 as RFC 4119 §2.3 names it, and GML 3.2.
  'urn:opengis:specification:gml:schema-xsd:feature:v3.0',
  'http://www.opengis.net/gml/3.2',
]);

/** How an element's namespace fits: its own, one that is taken for it, or somebody else's. */
export function namespaceFit(element: XmlElement, own: string): 'own' | 'repaired' | 'foreign' {
  const uri = element.namespaceUri;
  if (uri === own) return 'own';
  if (uri === undefined || family.has(uri.trim())) return 'repaired';
  return 'foreign';
}
