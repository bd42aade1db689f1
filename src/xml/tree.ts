import { assert } from '../base/index.ts';
import type { GuardedTag } from './guard.ts';
import { decodeReferences } from './references.ts';
import type { XmlAttribute, XmlElement, XmlNode } from './types.ts';
import { xmlNamespace } from './types.ts';

/** What fast-xml-parser gives in document order: one key that tells what a node is. */
interface ParsedNode {
  readonly [elementKey]?: readonly ParsedNode[];
  readonly '#text'?: string;
  readonly '#cdata'?: readonly ParsedNode[];
}

/** The key of an element's children in the parser's nodes. */
export const elementKey = 'e';

/**
 * Builds our tree from the parser's output and from the start tags, which are in the same order. The text has been checked
 * before, so every surprise here is a bug.
 */
export function buildTree(
  parsed: unknown,
  tags: readonly GuardedTag[],
): { root: XmlElement; unboundPrefixes: readonly string[] } {
  assert(Array.isArray(parsed), 'the parser gave no list of nodes');
  const builder = new TreeBuilder(tags);
  for (const node of parsed as readonly ParsedNode[]) {
    const children = node[elementKey];
    if (children === undefined) continue;
    const root = builder.element(children);
    assert(builder.count === tags.length, 'the parser gave other elements than there are tags');
    return { root, unboundPrefixes: builder.unbound === undefined ? noNames : [...builder.unbound] };
  }
  throw new Error('the parser gave no root element');
}

class TreeBuilder {
  unbound: Set<string> | undefined;
  /** Elements so far. */
  count = 0;
  readonly #tags: readonly GuardedTag[];
  /** The namespaces in force by prefix (`` for the default), innermost last. */
  readonly #scopes = new Map<string, string[]>([['xml', [xmlNamespace]]]);

  constructor(tags: readonly GuardedTag[]) {
    this.#tags = tags;
  }

  element(nodes: readonly ParsedNode[]): XmlElement {
    const tag = this.#tags[this.count];
    assert(tag !== undefined, 'the parser gave more elements than there are tags');
    this.count += 1;
    const { name, attributes: raw } = tag;
    const declared = raw.length === 0 ? noNames : this.#declare(raw);
    const colon = name.indexOf(':');
    const prefix = colon === -1 ? undefined : name.slice(0, colon);
    const localName = colon === -1 ? name : name.slice(colon + 1);
    const namespaceUri = this.#resolve(prefix ?? '', prefix);
    const attributes = raw.length === 0 ? noAttributes : this.#attributes(raw);
    const children: XmlNode[] = [];
    for (const node of nodes) {
      const inner = node[elementKey];
      if (inner !== undefined) children.push(this.element(inner));
      else if (node['#text'] !== undefined) children.push(decodeReferences(node['#text']));
      else if (node['#cdata'] !== undefined) children.push(cdataText(node['#cdata']));
    }
    for (const prefixOrDefault of declared) this.#scopes.get(prefixOrDefault)?.pop();
    return { namespaceUri, prefix, localName, attributes, children };
  }

  /** Takes the namespace declarations of an element into force, and says which prefixes they are for. */
  #declare(raw: readonly string[]): readonly string[] {
    let declared: string[] | undefined;
    for (let index = 0; index < raw.length; index += 2) {
      const key = raw[index] ?? '';
      if (!isDeclaration(key)) continue;
      const name = key.slice(6);
      const uri = attributeText(raw[index + 1] ?? '');
      const stack = this.#scopes.get(name);
      if (stack === undefined) this.#scopes.set(name, [uri]);
      else stack.push(uri);
      declared ??= [];
      declared.push(name);
    }
    return declared ?? noNames;
  }

  /** The namespace of a prefix; undefined where none is in force, remembered where one should be. */
  #resolve(key: string, prefix: string | undefined): string | undefined {
    const uri = this.#scopes.get(key)?.at(-1);
    if (uri !== undefined && uri !== '') return uri;
    if (prefix !== undefined) {
      this.unbound ??= new Set();
      this.unbound.add(prefix);
    }
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
const noAttributes: readonly XmlAttribute[] = [];

function isDeclaration(key: string): boolean {
  return key.startsWith('xmlns') && (key.length === 5 || key.charCodeAt(5) === 0x3a);
}

function cdataText(parts: readonly ParsedNode[]): string {
  return parts.map((part) => part['#text'] ?? '').join('');
}

/**
 * White space in an attribute's value counts as spaces, save where it is written as a reference (XML 1.0
 * §3.3.3).
 */
function attributeText(raw: string): string {
  return decodeReferences(/[\t\n\r]/.test(raw) ? raw.replace(/\r\n|[\t\n\r]/g, ' ') : raw);
}
