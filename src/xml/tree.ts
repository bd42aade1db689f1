import { assert } from '../base/index.ts';
import { decodeReferences } from './references.ts';
import type { XmlAttribute, XmlElement, XmlNode } from './types.ts';
import { xmlNamespace } from './types.ts';

/** What fast-xml-parser gives in document order: one key that names the node, and `:@` for its attributes. */
type ParsedNode = { readonly [key: string]: unknown };

/** Builds our tree from the parser's output. The text has been checked before, so every surprise here is a bug. */
export function buildTree(parsed: unknown): { root: XmlElement; unboundPrefixes: readonly string[] } {
  assert(Array.isArray(parsed), 'the parser gave no list of nodes');
  const builder = new TreeBuilder();
  for (const node of parsed as readonly ParsedNode[]) {
    const key = nameKey(node);
    if (key.startsWith(':'))
      return { root: builder.element(node, key), unboundPrefixes: [...builder.unbound] };
  }
  throw new Error('the parser gave no root element');
}

class TreeBuilder {
  readonly unbound = new Set<string>();
  /** The namespaces in force by prefix (`` for the default), innermost last. */
  readonly #scopes = new Map<string, string[]>([['xml', [xmlNamespace]]]);

  element(node: ParsedNode, key: string): XmlElement {
    const raw = node[':@'] as Readonly<Record<string, string>> | undefined;
    const declared = raw === undefined ? noNames : this.#declare(raw);
    const { prefix, localName } = splitName(key, 1);
    const namespaceUri = this.#resolve(prefix ?? '', prefix);
    const attributes = raw === undefined ? noAttributes : this.#attributes(raw);
    const children: XmlNode[] = [];
    for (const child of node[key] as readonly ParsedNode[]) {
      const childKey = nameKey(child);
      if (childKey === '#text') children.push(decodeReferences(child['#text'] as string));
      else if (childKey === '#cdata') children.push(cdataText(child));
      else children.push(this.element(child, childKey));
    }
    for (const name of declared) this.#scopes.get(name)?.pop();
    return { namespaceUri, prefix, localName, attributes, children };
  }

  /** Takes the namespace declarations of an element into force, and says which prefixes they are for. */
  #declare(raw: Readonly<Record<string, string>>): readonly string[] {
    let declared: string[] | undefined;
    for (const key in raw) {
      if (!key.startsWith('@xmlns')) continue;
      const name = key === '@xmlns' ? '' : key.charCodeAt(6) === 0x3a ? key.slice(7) : undefined;
      if (name === undefined) continue;
      const uri = attributeText(raw[key] ?? '');
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
    if (prefix !== undefined) this.unbound.add(prefix);
    return undefined;
  }

  #attributes(raw: Readonly<Record<string, string>>): readonly XmlAttribute[] {
    let attributes: XmlAttribute[] | undefined;
    for (const key in raw) {
      if (key === '@xmlns' || key.startsWith('@xmlns:')) continue;
      const { prefix, localName } = splitName(key, 1);
      // An attribute without a prefix is in no namespace, whatever the default is (Namespaces in XML 1.0 §6.2).
      const namespaceUri = prefix === undefined ? undefined : this.#resolve(prefix, prefix);
      attributes ??= [];
      attributes.push({ namespaceUri, prefix, localName, value: attributeText(raw[key] ?? '') });
    }
    return attributes ?? noAttributes;
  }
}

const noNames: readonly string[] = [];
const noAttributes: readonly XmlAttribute[] = [];

function nameKey(node: ParsedNode): string {
  for (const key in node) if (key !== ':@') return key;
  throw new Error('the parser gave a node without a name');
}

function splitName(marked: string, from: number): { prefix: string | undefined; localName: string } {
  const colon = marked.indexOf(':', from);
  if (colon === -1) return { prefix: undefined, localName: marked.slice(from) };
  return { prefix: marked.slice(from, colon), localName: marked.slice(colon + 1) };
}

function cdataText(node: ParsedNode): string {
  const parts = node['#cdata'] as readonly ParsedNode[];
  return parts.map((part) => (part['#text'] as string | undefined) ?? '').join('');
}

/**
 * White space in an attribute's value counts as spaces, save where it is written as a reference (XML 1.0
 * §3.3.3).
 */
function attributeText(raw: string): string {
  return decodeReferences(/[\t\n\r]/.test(raw) ? raw.replace(/[\t\n\r]/g, ' ') : raw);
}
