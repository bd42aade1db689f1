import { XMLParser } from 'fast-xml-parser';
import type { CodedError, Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import { decodeXml } from './decode.ts';
import type { XmlErrorCode } from './errors.ts';
import type { WhiteSpace } from './guard.ts';
import { guardXml } from './guard.ts';
import type { XmlLimits } from './limits.ts';
import { buildTree } from './tree.ts';
import type { XmlDocument, XmlError } from './types.ts';

/** Entity processing is ours alone: the parser's own decoder is replaced by one that changes nothing. */
const noEntities = {
  setExternalEntities: (): void => undefined,
  addInputEntities: (): void => undefined,
  reset: (): void => undefined,
  decode: (text: string): string => text,
  setXmlVersion: (): void => undefined,
};

/**
 * Everything that interprets is off. The parser sees elements of one name and marks alone: none can be `__proto__`,
 * `constructor` or another name that it refuses, and all its nodes are of one form.
 */
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  entityDecoder: noEntities,
  textNodeName: '#text',
  jPath: false,
  // The guard has counted already; this only has to be above any limit that is configured.
  maxNestedTags: Number.MAX_SAFE_INTEGER,
});

/**
 * Reads an XML document into a namespaced tree. Well-formedness is required (save white space before the
 * declaration), validity is not, and unbound prefixes are let through. A DOCTYPE refuses the document;
 * nothing is ever fetched and no entity but the five predefined ones is known. Never throws; the cost grows
 * with the length of the input alone.
 */
export function parseXml(
  bytes: Uint8Array,
  limits: XmlLimits,
  whiteSpace: WhiteSpace = 'kept',
): Result<XmlDocument, XmlError> {
  if (bytes.byteLength > limits.bytesMax) {
    return refuse('xml.tooLarge', `${bytes.byteLength} bytes, and ${limits.bytesMax} are allowed`);
  }
  const decoded = decodeXml(bytes);
  if (!decoded.ok) return decoded;
  const guarded = guardXml(decoded.value.text, limits, whiteSpace);
  if (!guarded.ok) return guarded;
  const { root, unboundPrefixes } = buildTree(parser.parse(guarded.value.skeleton), guarded.value.items);
  const repairs: CodedError<XmlErrorCode>[] = [...decoded.value.repairs];
  if (guarded.value.hasLeadingSpace) {
    repairs.push({
      code: 'xml.leadingSpace',
      message: 'white space before the XML declaration was overlooked',
    });
  }
  return ok({ root, unboundPrefixes, repairs });
}

function refuse(code: XmlErrorCode, message: string): Result<never, XmlError> {
  return err({ code, message, offset: 0, excerpt: '' });
}
