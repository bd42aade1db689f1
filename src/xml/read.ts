import type { XmlElement } from './types.ts';

/** All text inside an element and its descendants, in order, as it stands. */
export function textOf(element: XmlElement): string {
  const [only] = element.children;
  if (element.children.length === 0) return '';
  if (element.children.length === 1 && typeof only === 'string') return only;
  let text = '';
  for (const child of element.children) text += typeof child === 'string' ? child : textOf(child);
  return text;
}

const uncollapsed = /^ |[\t\n\r]| {2}| $/;

/** An element's text with white space collapsed and trimmed (XML Schema's `collapse`). */
export function collapsedTextOf(element: XmlElement): string {
  const text = textOf(element);
  if (!uncollapsed.test(text)) return text;
  return text.replace(/[\t\n\r ]+/g, ' ').replace(/^ | $/g, '');
}

/** The child elements in order. */
export function childElements(element: XmlElement): readonly XmlElement[] {
  return element.children.filter((child) => typeof child !== 'string');
}

/** The value of an attribute; of one in no namespace unless `namespaceUri` is given. */
export function attributeOf(
  element: XmlElement,
  localName: string,
  namespaceUri?: string,
): string | undefined {
  for (const attribute of element.attributes) {
    if (attribute.localName === localName && attribute.namespaceUri === namespaceUri) return attribute.value;
  }
  return undefined;
}
