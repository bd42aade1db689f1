import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import { isCivicElement, isShapeElement, readCivic, readShape } from '../location/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { childElements } from '../xml/index.ts';
import type { LostLimits } from './limits.ts';
import { lostNamespaces } from './names.ts';
import { attributeText, faulty, isWhole, lostChildren } from './read-parts.ts';
import type { LostFault, LostLocation, LostLocationValue } from './types.ts';
import { chooseLocation } from './values.ts';

/** The two profiles of RFC 5222 §12, by their tokens and by the names that RFC 6739 §4.3 uses. */
const knownProfile = /^(?:urn:ietf:params:lost:location-profile:)?(?:basic-)?(?:geodetic-2d|civic)$/i;
/** `location-info` and what may be around it, should somebody send a presence document's insides. */
const wrapperDepthMax = 4;

/** Reads the locations of a request, and makes sure that one of them can be used. */
export function readLocations(
  request: XmlElement,
  limits: LostLimits,
): Result<readonly LostLocation[], LostFault> {
  const elements = lostChildren(request, 'location');
  if (elements.length > limits.locationsMax) {
    return faulty('lost.tooMany', `${elements.length} locations, and ${limits.locationsMax} are read`);
  }
  const locations = elements.map(readLocation);
  const chosen = chooseLocation(locations);
  return chosen.ok ? ok(locations) : chosen;
}

/** Whether a profile is one of the two that every server reads (RFC 5222 §12.1 rule 6). */
export function isKnownProfile(profile: string): boolean {
  return knownProfile.test(profile);
}

/** The children of an element that holds locations, for passing on; undefined where they would not mean the same elsewhere. */
export function contentOf(element: XmlElement): readonly XmlElement[] | undefined {
  const children = childElements(element);
  const isPassable = children.every((child) => child.namespaceUri !== lostNamespaces.lost && isWhole(child));
  return isPassable && children.length > 0 ? children : undefined;
}

/** An element of a location as its readers want it: one that stands in LoST's namespace for want of its own is in none. */
export function locationChild(element: XmlElement): XmlElement {
  return element.namespaceUri === lostNamespaces.lost ? withoutNamespace(element) : element;
}

function readLocation(element: XmlElement): LostLocation {
  const profile = attributeText(element, 'profile');
  const value =
    profile !== undefined && !isKnownProfile(profile) ? unknownProfile(profile) : readValue(element, profile);
  return { id: attributeText(element, 'id'), profile, value, content: contentOf(element) };
}

function unknownProfile(profile: string): LostLocationValue {
  const fault: LostFault = {
    code: 'lost.profileUnrecognized',
    message: 'the profile of the location is not read: send geodetic-2d or civic',
    type: 'locationProfileUnrecognized',
    unsupportedProfiles: [profile],
  };
  return { kind: 'unusable', fault };
}

/** What stands in a location tells what it is; its profile decides where there is a shape and an address. */
function readValue(element: XmlElement, profile: string | undefined): LostLocationValue {
  const found = findLocations(element, wrapperDepthMax);
  const isCivicFirst = profile?.toLowerCase().endsWith('civic') ?? false;
  const ordered = isCivicFirst ? [...found].sort((a, b) => rank(a) - rank(b)) : found;
  let fault: LostFault | undefined;
  for (const child of ordered) {
    const read = isShapeElement(child) ? readGeodetic(child) : readAddress(child);
    if (read.ok) return read.value;
    fault ??= read.error;
  }
  return { kind: 'unusable', fault: fault ?? nothingFound(profile) };
}

/** Addresses before shapes. */
function rank(element: XmlElement): number {
  return isCivicElement(element) ? 0 : 1;
}

/** RFC 5222 §12.1: what a client sends without a profile and a server cannot make out is an unrecognized profile. */
function nothingFound(profile: string | undefined): LostFault {
  const message = 'there is neither a shape of GML nor a civicAddress in the location';
  return profile === undefined
    ? { code: 'lost.profileUnrecognized', message, type: 'locationProfileUnrecognized' }
    : { code: 'lost.locationInvalid', message, type: 'locationInvalid' };
}

function findLocations(element: XmlElement, depth: number): readonly XmlElement[] {
  const found: XmlElement[] = [];
  for (const each of childElements(element)) {
    const child = locationChild(each);
    if (isShapeElement(child) || isCivicElement(child)) found.push(child);
    else if (depth > 0) found.push(...findLocations(child, depth - 1));
  }
  return found;
}

function readGeodetic(element: XmlElement): Result<LostLocationValue, LostFault> {
  const shape = readShape(element, noWarnings);
  if (shape.ok) return ok({ kind: 'geodetic', shape: shape.value });
  const { code, message } = shape.error;
  const text = `${element.localName}: ${message}`;
  const isSystem = code === 'location.crsUnsupported';
  return err({
    code: isSystem ? 'lost.srsInvalid' : 'lost.locationInvalid',
    message: text,
    cause: shape.error,
    type: isSystem ? 'SRSInvalid' : 'locationInvalid',
  });
}

function readAddress(element: XmlElement): Result<LostLocationValue, LostFault> {
  const civic = readCivic(element, noWarnings);
  if (civic !== undefined) return ok({ kind: 'civic', civic });
  return faulty('lost.locationInvalid', 'the civic address has no element with a value', 'locationInvalid');
}

function noWarnings(): void {}

function withoutNamespace(element: XmlElement): XmlElement {
  const children = element.children.map((child) =>
    typeof child === 'string' ? child : locationChild(child),
  );
  return { ...element, namespaceUri: undefined, children };
}
