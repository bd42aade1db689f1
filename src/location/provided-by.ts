import type { XmlElement } from '../xml/index.ts';
import { attributeOf } from '../xml/index.ts';
import type { AdditionalDataItem } from './types.ts';

/** Blocks of one `provided-by` that are listed; a provider gives a handful. */
const itemsMax = 32;
const prefix = /^EmergencyCallData\./i;

/**
 * Lists the blocks of additional data in a `provided-by` element, by reference and by value (RFC 7852 §6.2, §6.3), and
 * elements of other registered namespaces (RFC 4119 §6.2) by their name. Nothing of their content is read.
 */
export function listProvidedBy(
  providedBy: XmlElement | undefined,
  origin: string,
): readonly AdditionalDataItem[] | undefined {
  if (providedBy === undefined) return undefined;
  const items: AdditionalDataItem[] = [];
  for (const child of providedBy.children) {
    if (typeof child === 'string') continue;
    if (child.localName === 'EmergencyCallDataReference') {
      const block = attributeOf(child, 'purpose')?.trim().replace(prefix, '') ?? '';
      const uri = attributeOf(child, 'ref')?.trim();
      items.push({ block: block === '' ? 'unknown' : block, form: 'reference', origin, uri });
    } else if (child.localName === 'EmergencyCallDataValue') {
      for (const value of child.children) {
        if (typeof value !== 'string') items.push(valueItem(value, origin));
      }
    } else items.push(valueItem(child, origin));
    if (items.length >= itemsMax) break;
  }
  return items.length === 0 ? undefined : items.slice(0, itemsMax);
}

function valueItem(element: XmlElement, origin: string): AdditionalDataItem {
  return { block: element.localName.replace(prefix, ''), form: 'value', origin };
}
