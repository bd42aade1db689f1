import type { Result } from '../base/index.ts';
import { ok, wallMs } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, collapsedTextOf, xmlNamespace } from '../xml/index.ts';
import type { LostLimits } from './limits.ts';
import { readBoundaries } from './read-boundary.ts';
import {
  attributeText,
  childText,
  extensionsOf,
  faulty,
  lostChild,
  lostChildren,
  readMoment,
  unknownSource,
} from './read-parts.ts';
import type { MappingChange } from './requests.ts';
import type {
  LostBoundaryReference,
  LostExpiry,
  LostFault,
  LostMapping,
  LostMappingId,
  LostText,
} from './types.ts';

/**
 * Reads a mapping of an answer (RFC 5222 §5). What identifies or dates it may be missing: the mapping is not to be kept
 * then (`NO-CACHE`), but a call can be sent where it says.
 */
export function readMapping(element: XmlElement): LostMapping {
  const id = readMappingId(element);
  const expires = readExpiry(attributeText(element, 'expires'));
  return {
    source: id?.source ?? attributeText(element, 'source') ?? unknownSource,
    sourceId: id?.sourceId ?? attributeText(element, 'sourceId') ?? '',
    lastUpdated: id?.lastUpdated ?? neverUpdated,
    expires: id === undefined ? 'NO-CACHE' : (expires ?? 'NO-CACHE'),
    ...contentOfMapping(element),
  };
}

/**
 * Reads the mappings of a synchronisation (RFC 6739 §4, §5): each must say what it is; one without content is to be
 * deleted (§5.1).
 */
export function readMappingChanges(
  element: XmlElement,
  limits: LostLimits,
): Result<readonly MappingChange[], LostFault> {
  const elements = lostChildren(element, 'mapping');
  if (elements.length > limits.mappingsMax) return tooManyMappings(elements.length, limits);
  const changes: MappingChange[] = [];
  for (const [index, mapping] of elements.entries()) {
    const id = readMappingId(mapping);
    if (id === undefined) return incomplete(index);
    if (mapping.children.every((child) => typeof child === 'string')) {
      changes.push({ kind: 'delete', ...id });
      continue;
    }
    const expires = readExpiry(attributeText(mapping, 'expires'));
    if (expires === undefined) return incomplete(index);
    changes.push({ kind: 'put', mapping: { ...id, expires, ...contentOfMapping(mapping) } });
  }
  return ok(changes);
}

/** Reads the fingerprints of the mappings that a peer has (RFC 6739 §4.1). */
export function readFingerprints(
  request: XmlElement,
  namespaceUri: string,
  limits: LostLimits,
): Result<readonly LostMappingId[], LostFault> {
  const ids: LostMappingId[] = [];
  const named = (parent: XmlElement, localName: string): readonly XmlElement[] =>
    parent.children.filter(
      (child): child is XmlElement =>
        typeof child !== 'string' &&
        child.localName === localName &&
        (child.namespaceUri === undefined || child.namespaceUri === namespaceUri),
    );
  const elements = named(request, 'exists').flatMap((exists) => named(exists, 'mapping-fingerprint'));
  if (elements.length > limits.mappingsMax) return tooManyMappings(elements.length, limits);
  for (const [index, fingerprint] of elements.entries()) {
    const id = readMappingId(fingerprint);
    if (id === undefined) return incomplete(index);
    ids.push(id);
  }
  return ok(ids);
}

/** A fault for a document with more mappings than the limit. */
export function tooManyMappings(count: number, limits: LostLimits): Result<never, LostFault> {
  return faulty('lost.tooMany', `${count} mappings, and ${limits.mappingsMax} are read`);
}

/** Reads `expires` (RFC 5222 §5.2); undefined where it is missing or none. */
export function readExpiry(text: string | undefined): LostExpiry | undefined {
  if (text === undefined) return undefined;
  const upper = text.toUpperCase();
  if (upper === 'NO-CACHE' || upper === 'NO-EXPIRATION') return upper;
  return readMoment(text);
}

/** Reads where a boundary can be had; `keyName` is the attribute that holds its key. */
export function readBoundaryReference(
  element: XmlElement | undefined,
  keyName: 'key' | 'serviceListKey',
): LostBoundaryReference | undefined {
  const key = element && attributeText(element, keyName);
  if (element === undefined || key === undefined) return undefined;
  const source = attributeText(element, 'source') ?? unknownSource;
  return { source, key, extensions: extensionsOf(element) };
}

const neverUpdated = { ms: wallMs(0), text: '1970-01-01T00:00:00Z' };

function readMappingId(element: XmlElement): LostMappingId | undefined {
  const source = attributeText(element, 'source');
  // Figures and text of RFC 6739 write `sourceID` as well.
  const sourceId = attributeText(element, 'sourceId') ?? attributeText(element, 'sourceID');
  const lastUpdated = readMoment(attributeText(element, 'lastUpdated') ?? '');
  if (source === undefined || sourceId === undefined || lastUpdated === undefined) return undefined;
  return { source, sourceId, lastUpdated };
}

function incomplete(index: number): Result<never, LostFault> {
  return faulty(
    'lost.mappingIncomplete',
    `mapping ${index + 1} has no source, sourceId, lastUpdated or expires, or one that is no date`,
  );
}

function contentOfMapping(
  element: XmlElement,
): Omit<LostMapping, 'source' | 'sourceId' | 'lastUpdated' | 'expires'> {
  const uris: string[] = [];
  for (const child of lostChildren(element, 'uri')) {
    const uri = collapsedTextOf(child).replaceAll(' ', '');
    if (uri !== '') uris.push(uri);
  }
  return {
    displayNames: lostChildren(element, 'displayName').map(readText),
    service: childText(element, 'service'),
    boundaries: readBoundaries(lostChildren(element, 'serviceBoundary')),
    boundaryReference: readBoundaryReference(lostChild(element, 'serviceBoundaryReference'), 'key'),
    uris,
    serviceNumber: childText(element, 'serviceNumber')?.replaceAll(' ', ''),
    extensions: extensionsOf(element),
  };
}

function readText(element: XmlElement): LostText {
  return {
    text: collapsedTextOf(element),
    language: attributeOf(element, 'lang', xmlNamespace)?.trim() || undefined,
  };
}
