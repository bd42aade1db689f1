import type { XmlElement, XmlNode } from '../xml/index.ts';
import { writeXml, xmlElement } from '../xml/index.ts';
import { lostNamespaces } from './names.ts';
import type { LostCallIds, LostVia } from './types.ts';

// What writers of requests and of answers share. Elements have no prefix: clients are about that know LoST's elements by
// their names as written, so each namespace becomes the default one where it begins. GML and addresses have theirs.

type Attributes = Readonly<Record<string, string | undefined>>;

/** An element of LoST. */
export function lost(
  name: string,
  children: readonly XmlNode[] = [],
  attributes: Attributes = {},
): XmlElement {
  return xmlElement({ name, namespaceUri: lostNamespaces.lost, attributes, children });
}

/** An element of an extension. */
export function extension(
  namespaceUri: string,
  name: string,
  children: readonly XmlNode[] = [],
  attributes: Attributes = {},
): XmlElement {
  return xmlElement({ name, namespaceUri, attributes, children });
}

/** An element of LoST with a text alone; none where there is no text. */
export function textElements(name: string, text: string | undefined): readonly XmlElement[] {
  return text === undefined ? [] : [lost(name, [text])];
}

/** The document of a root element; `namespaces` are declared there by their prefixes, for names that stand in texts. */
export function documentOf(root: XmlElement, namespaces?: ReadonlyMap<string, string>): string {
  const { namespaceUri } = root;
  const declared = new Map(namespaces);
  if (namespaceUri !== undefined) declared.set('', namespaceUri);
  return writeXml(root, { namespaces: declared });
}

/** The path of a document (RFC 5222 §6): none where nobody is in it. */
export function pathElements(path: readonly LostVia[]): readonly XmlElement[] {
  if (path.length === 0) return [];
  return [lost('path', path.map(viaElement))];
}

/** Call and incident of a query (NENA-STA-010.3 §3.4.10.4). */
export function callIdElements(ids: LostCallIds | undefined): readonly XmlElement[] {
  if (ids === undefined) return [];
  const { callId, incidentTrackingId } = ids;
  return [extension(lostNamespaces.ids, 'emergencyCallIncidentId', [], { callId, incidentTrackingId })];
}

/** A language as the schema has it (xs:language); undefined where it is none, such as `en_US`. */
export function languageTag(language: string | undefined): string | undefined {
  return language !== undefined && /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/.test(language)
    ? language
    : undefined;
}

function viaElement({ source, extensions }: LostVia): XmlElement {
  return lost('via', extensions ?? [], { source });
}
