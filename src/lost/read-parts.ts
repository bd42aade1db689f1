import type { Result } from '../base/index.ts';
import { err, ok, wallMs } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, collapsedTextOf, parseXml } from '../xml/index.ts';
import type { LostErrorCode } from './errors.ts';
import type { LostLimits } from './limits.ts';
import { lostNamespaces } from './names.ts';
import type { LostCallIds, LostErrorType, LostFault, LostMoment, LostVia } from './types.ts';

// What readers of requests and of answers share. Elements of LoST are known by their names, in LoST's namespace or in none:
// documents without any namespace, and with prefixes that they do not bind, are about.

/** What stands for a source that a document leaves out: a name that no server has (RFC 2606 §2). */
export const unknownSource = 'unknown.invalid';

/** A fault; a request with it is answered by `type`. */
export function faulty(
  code: LostErrorCode,
  message: string,
  type: LostErrorType = 'badRequest',
): Result<never, LostFault> {
  return err({ code, message, type });
}

/** The root of a document. Error: `lost.xmlUnreadable`, with the XML reader's error as its cause. */
export function readRoot(bytes: Uint8Array, limits: LostLimits): Result<XmlElement, LostFault> {
  const document = parseXml(bytes, limits.xml, 'indentationDropped');
  if (document.ok) return ok(document.value.root);
  const { code, message, offset } = document.error;
  return err({
    code: 'lost.xmlUnreadable',
    message: `the XML cannot be read at character ${offset}: ${code}: ${message}`,
    cause: document.error,
    type: 'badRequest',
  });
}

/** Whether an element is LoST's own. */
export function isLost({ namespaceUri }: XmlElement): boolean {
  return namespaceUri === undefined || namespaceUri === lostNamespaces.lost;
}

/** Whether the root of a document can be LoST's, its service list boundaries' or its synchronisation's. */
export function isLostRoot({ namespaceUri }: XmlElement): boolean {
  const { lost, slb, sync } = lostNamespaces;
  return namespaceUri === undefined || namespaceUri === lost || namespaceUri === slb || namespaceUri === sync;
}

/** The elements of LoST among the children that go by a name. */
export function lostChildren(element: XmlElement, localName: string): readonly XmlElement[] {
  const found: XmlElement[] = [];
  for (const child of element.children) {
    if (typeof child !== 'string' && child.localName === localName && isLost(child)) found.push(child);
  }
  return found;
}

/** The first of {@link lostChildren}. */
export function lostChild(element: XmlElement, localName: string): XmlElement | undefined {
  for (const child of element.children) {
    if (typeof child !== 'string' && child.localName === localName && isLost(child)) return child;
  }
  return undefined;
}

/** The first child of an extension: in its namespace, or, as it is often met, in LoST's for want of its own. */
export function extensionChild(
  element: XmlElement,
  localName: string,
  namespaceUri: string,
): XmlElement | undefined {
  for (const child of element.children) {
    if (typeof child === 'string' || child.localName !== localName) continue;
    if (isLost(child) || child.namespaceUri === namespaceUri) return child;
  }
  return undefined;
}

const readNamespaces: ReadonlySet<string> = new Set(Object.values(lostNamespaces));

/**
 * The children that are of a namespace which is not read here (RFC 5222 §15, `extensionPoint`): to be passed on as they
 * are. Undefined where there are none.
 */
export function extensionsOf(element: XmlElement): readonly XmlElement[] | undefined {
  let found: XmlElement[] | undefined;
  for (const child of element.children) {
    if (typeof child === 'string' || child.namespaceUri === undefined) continue;
    if (readNamespaces.has(child.namespaceUri) || !isWhole(child)) continue;
    found ??= [];
    found.push(child);
  }
  return found;
}

/** Whether everything in an element has a namespace, so that it can be written elsewhere and mean the same. */
export function isWhole(element: XmlElement): boolean {
  if (element.namespaceUri === undefined) return false;
  for (const attribute of element.attributes) {
    if (attribute.prefix !== undefined && attribute.namespaceUri === undefined) return false;
  }
  for (const child of element.children) if (typeof child !== 'string' && !isWhole(child)) return false;
  return true;
}

/** An attribute without the white space around it; undefined where nothing is left. */
export function attributeText(element: XmlElement, localName: string): string | undefined {
  const text = attributeOf(element, localName)?.trim();
  return text === '' ? undefined : text;
}

/** The text of the first child of a name, white space collapsed; undefined where nothing is left. */
export function childText(element: XmlElement, localName: string): string | undefined {
  const child = lostChild(element, localName);
  const text = child === undefined ? '' : collapsedTextOf(child);
  return text === '' ? undefined : text;
}

/** An xs:boolean in any case; undefined where it is missing or none. */
export function booleanOf(element: XmlElement, localName: string): boolean | undefined {
  const text = attributeText(element, localName)?.toLowerCase();
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : undefined;
}

/** The words of a text: a list of xs:anyURI or of names. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/[\t\n\r ]+/).filter((word) => word !== '');
}

const dateTime =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})?$/;

/**
 * Reads an xs:dateTime; a space or a small letter between date and time is overlooked, and one without a time zone is taken
 * as UTC. Undefined where it is no date.
 */
export function readMoment(text: string): LostMoment | undefined {
  const found = dateTime.exec(text.trim().toUpperCase().replace(' ', 'T'));
  if (found === null) return undefined;
  const [, seconds = '', fraction = '', zone = 'Z'] = found;
  const ms = Date.parse(`${seconds}${fraction.slice(0, 4)}${zone}`);
  return Number.isNaN(ms) ? undefined : { ms: wallMs(ms), text: `${seconds}${fraction}${zone}` };
}

/** Reads the servers that a document went through (RFC 5222 §6); one without a name is left out. */
export function readPath(element: XmlElement, limits: LostLimits): Result<readonly LostVia[], LostFault> {
  const path = lostChild(element, 'path');
  if (path === undefined) return ok(noVias);
  const elements = lostChildren(path, 'via');
  if (elements.length > limits.viasMax) {
    return faulty('lost.tooMany', `${elements.length} via elements, and ${limits.viasMax} are read`);
  }
  const vias: LostVia[] = [];
  for (const via of elements) {
    const source = attributeText(via, 'source');
    if (source !== undefined) vias.push({ source, extensions: extensionsOf(via) });
  }
  return ok(vias);
}

const noVias: readonly LostVia[] = [];

/** Reads the identifiers of call and incident (NENA-STA-010.3 §3.4.10.4). */
export function readCallIds(element: XmlElement): LostCallIds | undefined {
  const ids = extensionChild(element, 'emergencyCallIncidentId', lostNamespaces.ids);
  if (ids === undefined) return undefined;
  const read = (localName: string): string | undefined => {
    const child = extensionChild(ids, localName, lostNamespaces.ids);
    const text = attributeText(ids, localName) ?? (child && collapsedTextOf(child));
    return text === '' ? undefined : text;
  };
  const callId = read('callId');
  const incidentTrackingId = read('incidentTrackingId');
  return callId === undefined && incidentTrackingId === undefined
    ? undefined
    : { callId, incidentTrackingId };
}
