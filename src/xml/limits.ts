/** What an XML document may cost. Each limit refuses the document when it is passed. */
export interface XmlLimits {
  readonly bytesMax: number;
  /** Nested elements; the root has depth 1. */
  readonly depthMax: number;
  readonly elementsMax: number;
  /** Of one element, namespace declarations included. */
  readonly attributesMax: number;
  /** Characters of one run of text, one CDATA section or one attribute value. */
  readonly textMax: number;
}

/**
 * Enough for every document that a SIP body or a LoST query carries in practice (a polygon of 3,000 vertices is
 * 60,000 characters), small enough that the worst of them is read in a few milliseconds.
 */
export const defaultXmlLimits: XmlLimits = {
  bytesMax: 1_048_576,
  depthMax: 64,
  elementsMax: 10_000,
  attributesMax: 64,
  textMax: 262_144,
};
