import type { Result } from '../base/index.ts';
import { err } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import type { LocationErrorCode } from './errors.ts';
import { namespaceFit } from './namespaces.ts';
import type { Warn } from './ordinates.ts';
import type { LocationError } from './types.ts';

/** The first child of a name that is not somebody else's; one in another namespace of the family is warned of. */
export function ownChild(
  element: XmlElement,
  localName: string,
  own: string,
  warn: Warn,
): XmlElement | undefined {
  for (const child of element.children) {
    if (typeof child === 'string' || child.localName !== localName) continue;
    if (namespaceFit(child, own) === 'foreign') continue;
    warnOfNamespace(child, own, warn);
    return child;
  }
  return undefined;
}

/** Warns of an element that is not in its own namespace. */
export function warnOfNamespace(element: XmlElement, own: string, warn: Warn): void {
  if (element.namespaceUri === own) return;
  warn('location.namespaceRepaired', `${element.localName} belongs in the namespace ${own}`);
}

/** A refusal with its reason, which never holds a position. */
export function refuse(code: LocationErrorCode, message: string): Result<never, LocationError> {
  return err({ code, message });
}
