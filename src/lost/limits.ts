import type { XmlLimits } from '../xml/index.ts';
import { defaultXmlLimits } from '../xml/index.ts';

/** What reading a LoST document may cost. What is passed refuses the document. */
export interface LostLimits {
  readonly xml: XmlLimits;
  readonly locationsMax: number;
  readonly viasMax: number;
  /** Mappings, fingerprints or boundaries of one document. */
  readonly mappingsMax: number;
}

/** A request has one or two locations in practice; these leave room for a polygon of 5,000 vertices. */
export const defaultLostRequestLimits: LostLimits = {
  xml: { ...defaultXmlLimits, bytesMax: 131_072, depthMax: 32, elementsMax: 4000, attributesMax: 32 },
  locationsMax: 16,
  viasMax: 64,
  mappingsMax: 64,
};

/** Answers of other servers, and mappings of peers: boundaries of a million vertices. */
export const defaultLostAnswerLimits: LostLimits = {
  xml: {
    bytesMax: 33_554_432,
    depthMax: 32,
    elementsMax: 1_000_000,
    attributesMax: 32,
    textMax: 33_554_432,
  },
  locationsMax: 16,
  viasMax: 64,
  mappingsMax: 20_000,
};
