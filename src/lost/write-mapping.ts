import { assertNever } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { xmlElement } from '../xml/index.ts';
import { lostNamespaces } from './names.ts';
import type { MappingChange } from './requests.ts';
import type { LostBoundaryReference, LostExpiry, LostMapping, LostMappingId, LostText } from './types.ts';
import { boundaryElements } from './write-location.ts';
import { extension, languageTag, lost, textElements } from './write-parts.ts';

/** Writes a mapping in the order of the schema (RFC 5222 §15). */
export function mappingElement(mapping: LostMapping): XmlElement {
  const { service, boundaries, boundaryReference, uris, extensions = [] } = mapping;
  const regions = boundaries.flatMap((boundary) =>
    boundaryElements(boundary, lostNamespaces.lost, 'serviceBoundary'),
  );
  // One form or the other: the schema has no room for both.
  const reference = regions.length > 0 ? undefined : boundaryReference;
  return lost(
    'mapping',
    [
      ...mapping.displayNames.map(displayNameElement),
      ...textElements('service', service),
      ...regions,
      ...referenceElements(reference, lostNamespaces.lost, 'serviceBoundaryReference', 'key'),
      ...uris.map((uri) => lost('uri', [uri])),
      ...textElements('serviceNumber', dialable(mapping.serviceNumber)),
      ...extensions,
    ],
    { expires: expiryText(mapping.expires), ...idAttributes(mapping) },
  );
}

/** Writes a mapping of a synchronisation; one to delete is empty, and its expiry does not count (RFC 6739 §5.1). */
export function changeElement(change: MappingChange): XmlElement {
  switch (change.kind) {
    case 'put':
      return mappingElement(change.mapping);
    case 'delete':
      return lost('mapping', [], { expires: change.lastUpdated.text, ...idAttributes(change) });
    default:
      return assertNever(change);
  }
}

/** Writes what identifies a mapping that a peer has (RFC 6739 §4.1). */
export function fingerprintElement(id: LostMappingId): XmlElement {
  return extension(lostNamespaces.sync, 'mapping-fingerprint', [], idAttributes(id));
}

/** Writes where a boundary can be had. */
export function referenceElements(
  reference: LostBoundaryReference | undefined,
  namespaceUri: string,
  name: string,
  keyName: string,
): readonly XmlElement[] {
  if (reference === undefined) return [];
  const { source, key, extensions = [] } = reference;
  return [extension(namespaceUri, name, extensions, { source, [keyName]: key })];
}

/** `expires` as a document has it. */
export function expiryText(expires: LostExpiry): string {
  return typeof expires === 'string' ? expires : expires.text;
}

function idAttributes({ source, sourceId, lastUpdated }: LostMappingId) {
  return { lastUpdated: lastUpdated.text, source, sourceId };
}

/** The schema wants a language; `und` is the tag for one that is not known (RFC 5646 §4.1). */
function displayNameElement({ text, language }: LostText): XmlElement {
  const attributes = { 'xml:lang': languageTag(language) ?? 'und' };
  return xmlElement({
    name: 'displayName',
    namespaceUri: lostNamespaces.lost,
    attributes,
    children: [text],
  });
}

/** A number that a 12-key pad could not send is no service number (RFC 5222 §5.7). */
function dialable(number: string | undefined): string | undefined {
  return number !== undefined && /^[0-9*#]+$/.test(number) ? number : undefined;
}
