import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, childElements, xmlNamespace } from '../xml/index.ts';
import type { LostErrors, LostRedirect } from './answers.ts';
import type { LostLimits } from './limits.ts';
import { lostNamespaces } from './names.ts';
import { readMappingChanges } from './read-mapping.ts';
import {
  attributeText,
  extensionChild,
  extensionsOf,
  faulty,
  isLost,
  unknownSource,
  wordsOf,
} from './read-parts.ts';
import type { LostException, LostExceptions, LostFault } from './types.ts';
import { lostErrorTypes, lostWarningTypes } from './types.ts';

const types: ReadonlyMap<string, LostException['type']> = new Map(
  [...lostErrorTypes, ...lostWarningTypes].map((type) => [type, type]),
);

/**
 * Reads a container of errors or warnings (RFC 5222 §13). An error of LoST whose type is not known is a `serverError` by its
 * meaning, and its name is in the message; a warning of that kind says nothing that could be acted upon and is left out.
 */
export function readExceptions(element: XmlElement, as: 'error' | 'warning'): LostExceptions {
  const exceptions: LostException[] = [];
  for (const child of childElements(element)) {
    // That of the synchronisation may be without its namespace.
    if (!isLost(child) || child.localName === 'notDeleted') continue;
    const type = types.get(child.localName);
    if (type !== undefined) exceptions.push(readException(child, type));
    else if (as === 'error') {
      const { message, ...rest } = readException(child, 'serverError');
      exceptions.push({ ...rest, message: `${child.localName}: ${message}` });
    }
  }
  return {
    source: attributeText(element, 'source') ?? unknownSource,
    exceptions,
    extensions: extensionsOf(element),
  };
}

/** Reads an answer that is none (RFC 5222 §13.1, RFC 6739 §5.2). */
export function readErrors(element: XmlElement, limits: LostLimits): Result<LostErrors, LostFault> {
  const notDeleted = extensionChild(element, 'notDeleted', lostNamespaces.sync);
  const mappings = notDeleted === undefined ? undefined : readMappingChanges(notDeleted, limits);
  if (mappings !== undefined && !mappings.ok) return mappings;
  return ok({
    kind: 'errors',
    ...readExceptions(element, 'error'),
    notDeleted: notDeleted && mappings && { message: messageOf(notDeleted), mappings: mappings.value },
  });
}

/** Reads a redirection (RFC 5222 §13.3). */
export function readRedirect(element: XmlElement): Result<LostRedirect, LostFault> {
  const target = attributeText(element, 'target');
  if (target === undefined) return faulty('lost.elementMissing', 'redirect has no target');
  return ok({
    kind: 'redirect',
    target,
    source: attributeText(element, 'source') ?? unknownSource,
    message: messageOf(element),
    language: languageOf(element),
    extensions: extensionsOf(element),
  });
}

function readException(element: XmlElement, type: LostException['type']): LostException {
  const profiles = attributeText(element, 'unsupportedProfiles');
  return {
    type,
    message: messageOf(element),
    language: languageOf(element),
    unsupportedProfiles: profiles === undefined ? undefined : wordsOf(profiles),
    extensions: extensionsOf(element),
  };
}

function messageOf(element: XmlElement): string {
  return (attributeText(element, 'message') ?? '').replace(/ {2,}/g, ' ');
}

function languageOf(element: XmlElement): string | undefined {
  return attributeOf(element, 'lang', xmlNamespace)?.trim() || undefined;
}
