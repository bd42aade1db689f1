export { accessNetworkKeys, normaliseCellKey, normaliseNumberKey } from './access-network.ts';
export { chooseLocation, isLastResort, preferredEntries } from './choose.ts';
export { civicAddress, isAreaOnly, isCivicElement, readCivic } from './civic.ts';
export type { HouseKey } from './civic-key-house.ts';
export { houseElements, houseKey, numberPrefixKey, postalCodeKey, subaddressKey } from './civic-key-house.ts';
export type { AddressRules, AddressStyle, AddressStyles } from './civic-key-rules.ts';
export { addressRules, allAddressRules, defaultAddressStyles } from './civic-key-rules.ts';
export type { StreetElement, StreetKeys } from './civic-key-street.ts';
export { roadPartElements, streetElements, streetKeys } from './civic-key-street.ts';
export { foldText } from './civic-key-words.ts';
export { offeredLocations } from './collect.ts';
export type { LocationErrorCode } from './errors.ts';
export { locationErrors } from './errors.ts';
export type { FetchedDocument, FetchedLocations } from './fetched.ts';
export { readFetched } from './fetched.ts';
export type { GeolocationScheme, GeolocationValue } from './geolocation-header.ts';
export { cidMatches, parseGeolocationHeader } from './geolocation-header.ts';
export { isShapeElement, readShape } from './gml.ts';
export { polygonsIn } from './gml-area.ts';
export { readExactPolygon } from './gml-exact.ts';
export type { HeldAnswer, LocationResponse } from './held.ts';
export { readHeldAnswer, writeHeldError, writeLocationResponse } from './held.ts';
export type { HeldErrorCode, HeldLocationType } from './held-names.ts';
export { heldMediaType } from './held-names.ts';
export type { DeviceIdentity, HeldRequestError, LocationRequest } from './held-request.ts';
export { readLocationRequest, writeLocationRequest } from './held-request.ts';
export type { LocationBodyPart, LocationInput } from './input.ts';
export { locationInput, locationParts } from './input.ts';
export type { LocationLimits } from './limits.ts';
export { defaultLocationLimits } from './limits.ts';
export type { CollectedCandidate, LocationOffer, OfferedLocations } from './offer.ts';
export { parsePidfLo } from './parse.ts';
export type { LocationFilter } from './presence-filter.ts';
export { filterMediaType, writeLocationFilter } from './presence-filter.ts';
export type { PidfLoContent } from './serialize.ts';
export { writePidfLo } from './serialize.ts';
export { civicElement, civicNamespaceOf } from './serialize-civic.ts';
export type { DataProvider } from './serialize-provider.ts';
export type { RingForm } from './serialize-shape.ts';
export { polygonElementOf, shapeElement } from './serialize-shape.ts';
export type {
  AdditionalDataItem,
  CivicAddress,
  Confidence,
  LocationContainer,
  LocationError,
  LocationReference,
  LocationSource,
  LocationValue,
  LocationWarning,
  PidfLo,
  PidfLoEntry,
  ReferenceProtocol,
  RejectedLocation,
} from './types.ts';
