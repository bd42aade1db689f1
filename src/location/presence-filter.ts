import type { Shape } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { writeXml, xmlElement } from '../xml/index.ts';
import { namespaces } from './namespaces.ts';
import { shapeElement } from './serialize-shape.ts';

/** Type of a filter document (RFC 4661 §8.1), the body of a SUBSCRIBE. */
export const filterMediaType = 'application/simple-filter+xml';

/** What a subscriber wants to be told of a presentity's location (RFC 6447). */
export interface LocationFilter {
  /** Of the presentity; undefined: who the SUBSCRIBE goes to (RFC 4661 §3.4). */
  readonly uri?: string | undefined;
  /** Most wanted first (RFC 6447 §3.5); nothing said is both. */
  readonly locationTypes?: readonly ('geodetic' | 'civic')[] | undefined;
  /** Whether the other type is not to be sent in place of those. */
  readonly exact?: boolean | undefined;
  /** Metres, over 0: tell after each move of so far (§3.1). */
  readonly movedM?: number | undefined;
  /** Tell when it is entered or left: a circle or a polygon in two dimensions (§3.4). */
  readonly region?: Extract<Shape, { readonly kind: 'circle' | 'polygon' }> | undefined;
}

const simpleFilter = 'urn:ietf:params:xml:ns:simple-filter';
const locationFilter = 'urn:ietf:params:xml:ns:location-filter';

/**
 * Writes a filter document (RFC 4661 §3, RFC 6447 §3). Without a move and a region it asks for the location as it is now, and
 * for each change of it; with both, either of them is told of.
 */
export function writeLocationFilter(filter: LocationFilter): string {
  const { locationTypes = [], exact, movedM, region } = filter;
  const text = locationTypes.length === 0 ? 'any' : locationTypes.join(' ');
  const children = [plain('what', [lf('locationType', [text], { exact: exact?.toString() })])];
  if (movedM !== undefined) children.push(plain('trigger', [lf('moved', [String(movedM)])]));
  if (region !== undefined)
    children.push(plain('trigger', [lf('enterOrExit', [shapeElement(region, 'pos')])]));
  const root = plain('filter-set', [plain('filter', children, { id: 'location', uri: filter.uri })], {
    package: 'presence',
  });
  const declared = new Map([
    ['', simpleFilter],
    ['lf', locationFilter],
  ]);
  if (region !== undefined) declared.set('gml', namespaces.gml);
  if (region?.kind === 'circle') declared.set('gs', namespaces.gs);
  return writeXml(root, { namespaces: declared });
}

type Attributes = Readonly<Record<string, string | undefined>>;

function plain(name: string, children: readonly XmlElement[], attributes: Attributes = {}): XmlElement {
  return xmlElement({ name, namespaceUri: simpleFilter, attributes, children });
}

function lf(
  localName: string,
  children: readonly (XmlElement | string)[],
  attributes: Attributes = {},
): XmlElement {
  return xmlElement({ name: `lf:${localName}`, namespaceUri: locationFilter, attributes, children });
}
