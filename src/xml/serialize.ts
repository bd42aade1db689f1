import { assert } from '../base/index.ts';
import type { XmlAttribute, XmlElement, XmlNode } from './types.ts';
import { xmlNamespace } from './types.ts';

/** How a document is written. */
export interface XmlWriteOptions {
  /**
   * Declared on the root element, by prefix; `` is the default namespace. Others are declared where they are
   * needed.
   */
  readonly namespaces?: ReadonlyMap<string, string>;
  /** Whether `<?xml version="1.0" encoding="UTF-8"?>` comes first; it does unless told otherwise. */
  readonly hasDeclaration?: boolean;
}

/**
 * Makes an element for {@link writeXml}. Attributes are given by name and are in no namespace; undefined ones
 * are left out.
 */
export function xmlElement(spec: {
  readonly name: string;
  readonly namespaceUri?: string | undefined;
  readonly attributes?: Readonly<Record<string, string | undefined>>;
  readonly children?: readonly XmlNode[];
}): XmlElement {
  const attributes: XmlAttribute[] = [];
  for (const [name, value] of Object.entries(spec.attributes ?? {})) {
    if (value === undefined) continue;
    const { prefix, localName } = split(name);
    const namespaceUri = prefix === 'xml' ? xmlNamespace : undefined;
    attributes.push({ namespaceUri, prefix, localName, value });
  }
  const { prefix, localName } = split(spec.name);
  return { namespaceUri: spec.namespaceUri, prefix, localName, attributes, children: spec.children ?? [] };
}

/**
 * Writes an element as a document, declaring namespaces where the scope lacks them. Characters that XML
 * cannot carry become U+FFFD, because their text comes from other people's messages and must not stop ours.
 */
export function writeXml(root: XmlElement, options: XmlWriteOptions = {}): string {
  const declaration = options.hasDeclaration === false ? '' : '<?xml version="1.0" encoding="UTF-8"?>\n';
  return declaration + writeElement(root, new Map([['xml', xmlNamespace]]), options.namespaces);
}

type Scope = ReadonlyMap<string, string>;

function writeElement(element: XmlElement, outer: Scope, declare?: ReadonlyMap<string, string>): string {
  const name = qualified(element.prefix, element.localName);
  const missing = new Map(declare);
  const require = (prefix: string, uri: string | undefined): void => {
    if (uri === undefined && prefix !== '') return;
    if ((missing.get(prefix) ?? outer.get(prefix) ?? '') !== (uri ?? '')) missing.set(prefix, uri ?? '');
  };
  require(element.prefix ?? '', element.namespaceUri);
  for (const attribute of element.attributes) {
    if (attribute.prefix !== undefined) require(attribute.prefix, attribute.namespaceUri);
  }
  let text = `<${name}`;
  for (const [prefix, uri] of missing)
    text += ` xmlns${prefix === '' ? '' : `:${prefix}`}="${escapeAttribute(uri)}"`;
  for (const { prefix, localName, value } of element.attributes) {
    text += ` ${qualified(prefix, localName)}="${escapeAttribute(value)}"`;
  }
  if (element.children.length === 0) return `${text}/>`;
  const scope = missing.size === 0 ? outer : new Map([...outer, ...missing]);
  text += '>';
  for (const child of element.children) {
    text += typeof child === 'string' ? escapeText(child) : writeElement(child, scope);
  }
  return `${text}</${name}>`;
}

function split(name: string): { prefix: string | undefined; localName: string } {
  const colon = name.indexOf(':');
  if (colon === -1) return { prefix: undefined, localName: name };
  return { prefix: name.slice(0, colon), localName: name.slice(colon + 1) };
}

function qualified(prefix: string | undefined, localName: string): string {
  const name = prefix === undefined ? localName : `${prefix}:${localName}`;
  assert(/^[^\s<>&"'/=]+$/.test(name), 'an XML name holds no markup');
  return name;
}

/** Nothing to escape or to replace: most texts, and all that are long, such as coordinates. */
const plainText = /^[\t\n\u0020-\u0025\u0027-\u003b=\u003f-\ud7ff]*$/;
const plainAttribute = /^[\u0020\u0021\u0023-\u0025\u0027-\u003b=\u003f-\ud7ff]*$/;

function escapeText(text: string): string {
  if (plainText.test(text)) return text;
  return replaceForbidden(text).replace(/[&<>\r]/g, escapeCharacter);
}

/** Line ends and tabs are written as references, else a reader would turn them into spaces. */
function escapeAttribute(text: string): string {
  if (plainAttribute.test(text)) return text;
  return replaceForbidden(text).replace(/[&<>"\t\n\r]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '&':
      return '&amp;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '"':
      return '&quot;';
    default:
      return `&#${character.charCodeAt(0)};`;
  }
}

function replaceForbidden(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}
