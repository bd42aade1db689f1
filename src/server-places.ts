import type { ServiceUrn } from './base/index.ts';
import { serviceUrn } from './base/index.ts';
import type { Config, PlaceConfig } from './config/index.ts';
import { civicAddress, type LocationSource, type LocationValue } from './location/index.ts';

// Places that an operator wrote down, in the form in which calls are located.

/** Where callers of an ingress are taken to be when nothing else is known. */
export function ingressPlace(name: string, place: PlaceConfig | undefined): LocationValue | undefined {
  return place && defaultLocation(place, { kind: 'default', of: 'ingress', name });
}

/** Where callers of a service are taken to be when nothing else is known. */
export function servicePlaces(config: Config): ReadonlyMap<ServiceUrn, LocationValue> {
  const places = new Map<ServiceUrn, LocationValue>();
  for (const [name, place] of Object.entries(config.location.serviceDefaults)) {
    places.set(serviceUrn(name), defaultLocation(place, { kind: 'default', of: 'service', name }));
  }
  return places;
}

// NENA-STA-010.3 §4.2.1.7 has a default location told from a measured one by the method `Default`.
function defaultLocation(place: PlaceConfig, source: LocationSource): LocationValue {
  return {
    source,
    shape: 'civic' in place ? undefined : shapeOf(place),
    civic: 'civic' in place ? civicAddress(place.civic) : undefined,
    method: 'Default',
    entity: undefined,
    timestamp: undefined,
    isRetransmissionAllowed: undefined,
    retentionExpires: undefined,
  };
}

function shapeOf({ lat, lon, radiusM }: Exclude<PlaceConfig, { civic: unknown }>) {
  const position = { lon, lat };
  return radiusM === undefined
    ? ({ kind: 'point', position } as const)
    : ({ kind: 'circle', center: position, radiusM } as const);
}
