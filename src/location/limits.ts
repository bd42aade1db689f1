import type { XmlLimits } from '../xml/index.ts';
import { defaultXmlLimits } from '../xml/index.ts';

/** What finding a location may cost. */
export interface LocationLimits {
  readonly xml: XmlLimits;
  /** `<location-info>` elements of one document; the rest is left out with a warning. */
  readonly locationsMax: number;
  /** Location documents of one request that are opened; the rest is left out with a warning. */
  readonly documentsMax: number;
  /** Geolocation values of one request that are looked at; the rest is left out with a warning. */
  readonly headerValuesMax: number;
  /** Warnings kept of one request. */
  readonly warningsMax: number;
}

/**
 * A request names a handful of locations in practice, in documents of a few kilobytes. These leave room (a
 * polygon of 5,000 vertices) and keep the reading of the worst document below 50 ms, because calls wait for
 * it.
 */
export const defaultLocationLimits: LocationLimits = {
  xml: { ...defaultXmlLimits, bytesMax: 131_072, depthMax: 32, elementsMax: 2000, attributesMax: 32 },
  locationsMax: 32,
  documentsMax: 16,
  headerValuesMax: 32,
  warningsMax: 64,
};
