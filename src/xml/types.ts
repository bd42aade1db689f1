import type { CodedError } from '../base/index.ts';
import type { XmlErrorCode } from './errors.ts';

/** The namespace that the prefix `xml` is bound to (Namespaces in XML 1.0 §3). */
export const xmlNamespace = 'http://www.w3.org/XML/1998/namespace';

/** An attribute, references decoded and white space normalised. Namespace declarations are not attributes here. */
export interface XmlAttribute {
  /** Undefined without a prefix (no namespace) and where the prefix is not bound. */
  readonly namespaceUri: string | undefined;
  readonly prefix: string | undefined;
  readonly localName: string;
  readonly value: string;
}

/** An element, or a run of text, CDATA sections included, references decoded; never an empty one, nor two side by side. */
export type XmlNode = XmlElement | string;

/** An element. A prefix without a namespace is one that the document does not bind. */
export interface XmlElement {
  readonly namespaceUri: string | undefined;
  readonly prefix: string | undefined;
  readonly localName: string;
  readonly attributes: readonly XmlAttribute[];
  /** Elements and text in document order; comments and processing instructions are gone. */
  readonly children: readonly XmlNode[];
}

/** A document that could be read, and what had to be overlooked to read it. */
export interface XmlDocument {
  readonly root: XmlElement;
  /** Prefixes used without a declaration, each once, in order of appearance. */
  readonly unboundPrefixes: readonly string[];
  readonly repairs: readonly CodedError<XmlErrorCode>[];
}

/**
 * Why a document cannot be read. The message holds no document text; the excerpt does, and may hold a
 * location.
 */
export interface XmlError extends CodedError<XmlErrorCode> {
  /** Character offset in the decoded text; byte offset where decoding itself failed. */
  readonly offset: number;
  /** A few printable characters from there. */
  readonly excerpt: string;
}
