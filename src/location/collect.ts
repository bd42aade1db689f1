import { accessNetworkKeys } from './access-network.ts';
import { listAdditionalData } from './additional-data.ts';
import { Collector } from './collector.ts';
import { parseGeolocationHeader } from './geolocation-header.ts';
import type { LocationInput } from './input.ts';
import type { LocationLimits } from './limits.ts';
import type { LocationOffer, OfferedLocations } from './offer.ts';
import { PartIndex } from './part-index.ts';

/**
 * Everything that a request says of the caller's place, in the order of preference that it gives itself: Geolocation values in
 * header order (RFC 6442 §4.1), then PIDF-LO parts that no value points at in document order (RFC 5491 §3 rule 9), inside a
 * document by rule 8. After them positions in `geo:` URIs, the areas of alerts (RFC 8876 §4.2), and what is marked as derived or
 * default (RFC 6881 SP-21). What is pointed at twice is one offer. Pure; never throws for input.
 */
export function offeredLocations(input: LocationInput, limits: LocationLimits): OfferedLocations {
  const index = new PartIndex(input.parts);
  const collector = new Collector(input, index, limits);
  const values = parseGeolocationHeader(input.geolocationValues);
  if (values.length > limits.headerValuesMax) {
    collector.warn('location.tooMany', `only ${limits.headerValuesMax} Geolocation values are looked at`);
  }
  for (const [place, value] of values.slice(0, limits.headerValuesMax).entries()) {
    collector.addValue(value, place + 1);
  }
  for (const part of input.parts) collector.addUnreferenced(part);
  const data = listAdditionalData(input, index);
  for (const { code, message } of data.warnings) collector.warn(code, message);
  const offers = collector.offers();
  return {
    offers,
    warnings: collector.warnings,
    additionalData: [...data.items, ...providedBy(offers)],
    geolocationRouting: readRouting(input.geolocationRouting),
    cellKeys: accessNetworkKeys(input.accessNetworkValues),
  };
}

/** RFC 6442 §4.2: what is neither `yes` nor `no` counts as `no`, which an absent one does too. */
function readRouting(value: string | undefined): 'yes' | 'no' | undefined {
  const word = /^\s*(yes|no)\s*(?:;|$)/i.exec(value ?? '')?.[1]?.toLowerCase();
  return word === 'yes' || word === 'no' ? word : undefined;
}

/** Who provided the locations (RFC 7852 §6.2, §6.3); locations of one document often say the same. */
function providedBy(offers: readonly LocationOffer[]): OfferedLocations['additionalData'] {
  const items = offers.flatMap((offer) => (offer.kind === 'value' ? (offer.location.providedBy ?? []) : []));
  if (items.length < 2) return items;
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
