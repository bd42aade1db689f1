import { assert } from '../base/index.ts';
import type { GuardedItem } from './guard.ts';
import { decodeReferences } from './references.ts';
import type { XmlAttribute, XmlElement, XmlNode } from './types.ts';
import { xmlNamespace } from './types.ts';

/** What fast-xml-parser gives of a skeleton in document order: the children of an element, or a text of marks. */
interface ParsedNode {
  readonly e?: readonly ParsedNode[];
  readonly '#text'?: string;
}

/**
 * Builds our tree from the nesting that the parser found, and from the elements and texts, which are in the same order.
 * The text has been checked before, so every surprise here is a bug.
 */
export function buildTree(
  parsed: unknown,
  items: readonly GuardedItem[],
): { root: XmlElement; unboundPrefixes: readonly string[] } {
  assert(Array.isArray(parsed), 'the parser gave no list of nodes');
  const nodes = (parsed as readonly ParsedNode[])[0]?.e;
  assert(parsed.length === 1 && nodes !== undefined, 'the parser gave no root element, or several');
  const builder = new TreeBuilder(items);
  const root = builder.root(nodes);
  assert(builder.count === items.length, 'the parser gave other nodes than there are items');
  return { root, unboundPrefixes: builder.unbound ?? noNames };
}

class TreeBuilder {
  unbound: string[] | undefined;
  /** Items so far. */
  count = 0;
  readonly #items: readonly GuardedItem[];
  /** Prefixes (`` for the default) and their namespaces in turn, those in force, innermost last. */
  readonly #scopes: string[] = ['xml', xmlNamespace];

  constructor(items: readonly GuardedItem[]) {
    this.#items = items;
  }

  root(nodes: readonly ParsedNode[]): XmlElement {
    return this.#element(this.#next(), nodes);
  }

  #next(): GuardedItem {
    const item = this.#items[this.count];
    assert(item !== undefined, 'the parser gave more nodes than there are items');
    this.count += 1;
    return item;
  }

  /** An element; `nodes` are undefined for one that holds nothing but text. */
  #element(item: GuardedItem, nodes: readonly ParsedNode[] | undefined): XmlElement {
    const { prefix, localName, attributes: raw, text } = item;
    assert(localName !== undefined, 'the parser gave an element where there is text');
    const scope = this.#scopes.length;
    if (raw.length > 0) this.#declare(raw);
    const namespaceUri = this.#resolve(prefix ?? '', prefix);
    const attributes = raw.length === 0 ? noAttributes : this.#attributes(raw);
    const children =
      nodes !== undefined ? this.#children(nodes) : text === undefined || text === '' ? noNodes : [text];
    if (this.#scopes.length > scope) this.#scopes.length = scope;
    return { namespaceUri, prefix, localName, attributes, children };
  }

  #children(nodes: readonly ParsedNode[]): readonly XmlNode[] {
    const children: XmlNode[] = [];
    for (const node of nodes) {
      const inner = node.e;
      if (inner !== undefined) {
        children.push(this.#element(this.#next(), inner));
        continue;
      }
      for (let left = node['#text']?.length ?? 0; left > 0; left -= 1) {
        const item = this.#next();
        if (item.localName !== undefined) children.push(this.#element(item, undefined));
        else if (item.text !== undefined && item.text !== '') children.push(item.text);
      }
    }
    return children;
  }

  /** Takes the namespace declarations of an element into force. */
  #declare(raw: readonly string[]): void {
    for (let index = 0; index < raw.length; index += 2) {
      const key = raw[index] ?? '';
      if (isDeclaration(key)) this.#scopes.push(key.slice(6), attributeText(raw[index + 1] ?? ''));
    }
  }

  /** The namespace of a prefix; undefined where none is in force, remembered where one should be. */
  #resolve(key: string, prefix: string | undefined): string | undefined {
    const scopes = this.#scopes;
    // A document declares a handful: looking through them costs less than a table.
    for (let index = scopes.length - 2; index >= 0; index -= 2) {
      if (scopes[index] !== key) continue;
      const uri = scopes[index + 1];
      if (uri !== '') return uri;
      break;
    }
    if (prefix === undefined) return undefined;
    this.unbound ??= [];
    if (!this.unbound.includes(prefix)) this.unbound.push(prefix);
    return undefined;
  }

  #attributes(raw: readonly string[]): readonly XmlAttribute[] {
    let attributes: XmlAttribute[] | undefined;
    for (let index = 0; index < raw.length; index += 2) {
      const key = raw[index] ?? '';
      if (isDeclaration(key)) continue;
      const colon = key.indexOf(':');
      const prefix = colon === -1 ? undefined : key.slice(0, colon);
      const localName = colon === -1 ? key : key.slice(colon + 1);
      // An attribute without a prefix is in no namespace, whatever the default is (Namespaces in XML 1.0 §6.2).
      const namespaceUri = prefix === undefined ? undefined : this.#resolve(prefix, prefix);
      attributes ??= [];
      attributes.push({ namespaceUri, prefix, localName, value: attributeText(raw[index + 1] ?? '') });
    }
    return attributes ?? noAttributes;
  }
}

const noNames: readonly string[] = [];
const noNodes: readonly XmlNode[] = [];
const noAttributes: readonly XmlAttribute[] = [];

function isDeclaration(key: string): boolean {
  return key.startsWith('xmlns') && (key.length === 5 || key.charCodeAt(5) === 0x3a);
}

/**
 * White space in an attribute's value counts as spaces, save where it is written as a reference (XML 1.0
 * §3.3.3).
 */
function attributeText(raw: string): string {
  return decodeReferences(/[\t\n\r]/.test(raw) ? raw.replace(/\r\n|[\t\n\r]/g, ' ') : raw);
}
