import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, collapsedTextOf } from '../xml/index.ts';
import type { LostLimits } from './limits.ts';
import { lostNamespaces } from './names.ts';
import { readLocations } from './read-location.ts';
import { readFingerprints, readMappingChanges } from './read-mapping.ts';
import {
  attributeText,
  booleanOf,
  childText,
  extensionChild,
  extensionsOf,
  faulty,
  isLostRoot,
  readCallIds,
  readMoment,
  readPath,
  readRoot,
} from './read-parts.ts';
import type { AdditionalLocation, BoundaryForm, LostRequest } from './requests.ts';
import type { LostFault, LostMoment } from './types.ts';

/**
 * Reads a request of LoST (RFC 5222 §8 to §11), of its service list boundaries (RFC 6197) or of its synchronisation (RFC
 * 6739). Liberal: what is not understood is passed over, and a fault is only what leaves nothing to answer. A request with
 * locations has one that `chooseLocation` gives. Never throws.
 */
export function readLostRequest(bytes: Uint8Array, limits: LostLimits): Result<LostRequest, LostFault> {
  const root = readRoot(bytes, limits);
  if (!root.ok) return root;
  const element = root.value;
  if (!isLostRoot(element)) {
    return faulty('lost.notRequest', `${nameOf(element)} is in a namespace that is none of LoST's`);
  }
  switch (element.localName) {
    case 'findService':
      return readFindService(element, limits);
    case 'listServicesByLocation':
      return readListServicesByLocation(element, limits);
    case 'listServices':
      return readListServices(element, limits);
    case 'getServiceBoundary':
      return readKeyed(element, 'getServiceBoundary', 'key');
    case 'getServiceListBoundary':
      return readKeyed(element, 'getServiceListBoundary', 'serviceListKey');
    case 'getMappingsRequest':
    case 'getMappings':
      return readGetMappings(element, limits);
    case 'pushMappings':
    case 'pushMappingsRequest':
      return readPushMappings(element, limits);
    default:
      return faulty('lost.notRequest', `${nameOf(element)} is no request of LoST`);
  }
}

const nameMax = 60;

function nameOf({ localName }: XmlElement): string {
  return localName.length > nameMax ? `${localName.slice(0, nameMax)}…` : localName;
}

function readFindService(element: XmlElement, limits: LostLimits): Result<LostRequest, LostFault> {
  const service = childText(element, 'service');
  if (service === undefined) return faulty('lost.serviceMissing', 'findService has no service');
  const locations = readLocations(element, limits);
  if (!locations.ok) return locations;
  const path = readPath(element, limits);
  if (!path.ok) return path;
  const asOf = readAsOf(element);
  if (!asOf.ok) return asOf;
  return ok({
    kind: 'findService',
    locations: locations.value,
    service,
    isRecursive: booleanOf(element, 'recursive') ?? false,
    validatesLocation: booleanOf(element, 'validateLocation') ?? false,
    serviceBoundary: boundaryForm(attributeText(element, 'serviceBoundary')),
    path: path.value,
    callIds: readCallIds(element),
    asOf: asOf.value,
    additionalLocation: readAdditionalLocation(element),
    extensions: extensionsOf(element),
  });
}

function readListServicesByLocation(element: XmlElement, limits: LostLimits): Result<LostRequest, LostFault> {
  const locations = readLocations(element, limits);
  if (!locations.ok) return locations;
  const path = readPath(element, limits);
  if (!path.ok) return path;
  const wanted = extensionChild(element, 'serviceListBoundaryRequest', lostNamespaces.slb);
  return ok({
    kind: 'listServicesByLocation',
    locations: locations.value,
    service: childText(element, 'service'),
    isRecursive: booleanOf(element, 'recursive'),
    path: path.value,
    // RFC 6197 §3.1: a reference is the default.
    serviceListBoundary: wanted && (boundaryForm(attributeText(wanted, 'type')) ?? 'reference'),
    callIds: readCallIds(element),
    extensions: extensionsOf(element),
  });
}

function readListServices(element: XmlElement, limits: LostLimits): Result<LostRequest, LostFault> {
  const path = readPath(element, limits);
  if (!path.ok) return path;
  return ok({
    kind: 'listServices',
    service: childText(element, 'service'),
    path: path.value,
    callIds: readCallIds(element),
    extensions: extensionsOf(element),
  });
}

function readKeyed(
  element: XmlElement,
  kind: 'getServiceBoundary' | 'getServiceListBoundary',
  keyName: string,
): Result<LostRequest, LostFault> {
  const key = attributeText(element, keyName);
  if (key === undefined) return faulty('lost.keyMissing', `${kind} has no attribute ${keyName}`);
  return ok({ kind, key, extensions: extensionsOf(element) });
}

function readGetMappings(element: XmlElement, limits: LostLimits): Result<LostRequest, LostFault> {
  const exists = readFingerprints(element, lostNamespaces.sync, limits);
  if (!exists.ok) return exists;
  return ok({ kind: 'getMappings', exists: exists.value, extensions: extensionsOf(element) });
}

function readPushMappings(element: XmlElement, limits: LostLimits): Result<LostRequest, LostFault> {
  const changes = readMappingChanges(element, limits);
  if (!changes.ok) return changes;
  if (changes.value.length === 0) {
    return faulty('lost.mappingMissing', 'pushMappings has no mapping (RFC 6739 section 5.1)');
  }
  return ok({ kind: 'pushMappings', changes: changes.value, extensions: extensionsOf(element) });
}

function boundaryForm(text: string | undefined): BoundaryForm | undefined {
  const lower = text?.toLowerCase();
  return lower === 'value' || lower === 'reference' ? lower : undefined;
}

/** `asOf` is an element of its extension; some write it as an attribute. */
function readAsOf(element: XmlElement): Result<LostMoment | undefined, LostFault> {
  const child = extensionChild(element, 'asOf', lostNamespaces.planned);
  const text =
    (child && collapsedTextOf(child)) ??
    attributeText(element, 'asOf') ??
    attributeOf(element, 'asOf', lostNamespaces.planned)?.trim();
  if (text === undefined || text === '') return ok(undefined);
  const moment = readMoment(text);
  return moment === undefined ? faulty('lost.momentMalformed', 'asOf is no xs:dateTime') : ok(moment);
}

function readAdditionalLocation(element: XmlElement): AdditionalLocation | undefined {
  const name = 'returnAdditionalLocation';
  const text = (attributeOf(element, name, lostNamespaces.rli) ?? attributeOf(element, name))?.trim();
  if (text === undefined || text === '') return undefined;
  return text === 'none' || text === 'similar' || text === 'complete' ? text : 'any';
}
