import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { CivicAddress } from '../location/index.ts';
import { isCivicElement, readCivic } from '../location/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, childElements, collapsedTextOf, textOf } from '../xml/index.ts';
import type { LocationValidation, LostAnswer, ServiceListBoundary } from './answers.ts';
import type { LostLimits } from './limits.ts';
import { lostNamespaces } from './names.ts';
import { isOfUse, readBoundaries, readBoundary } from './read-boundary.ts';
import { readErrors, readExceptions, readRedirect } from './read-exceptions.ts';
import {
  readBoundaryReference,
  readExpiry,
  readMapping,
  readMappingChanges,
  tooManyMappings,
} from './read-mapping.ts';
import {
  attributeText,
  extensionChild,
  extensionsOf,
  faulty,
  isLostRoot,
  lostChild,
  lostChildren,
  readCallIds,
  readMoment,
  readPath,
  readRoot,
  wordsOf,
} from './read-parts.ts';
import type { LostFault } from './types.ts';

/**
 * Reads an answer of LoST, of its service list boundaries or of its synchronisation. Liberal as `readLostRequest`; the order
 * of elements does not matter. A fault has the type `serverError`: that is what a server that asked on behalf of somebody
 * answers then (RFC 5222 §13.1). Never throws.
 */
export function readLostAnswer(bytes: Uint8Array, limits: LostLimits): Result<LostAnswer, LostFault> {
  const root = readRoot(bytes, limits);
  const answer = root.ok ? readAnswer(root.value, limits) : root;
  return answer.ok ? answer : err({ ...answer.error, type: 'serverError' });
}

function readAnswer(element: XmlElement, limits: LostLimits): Result<LostAnswer, LostFault> {
  if (!isLostRoot(element)) return notAnswer;
  switch (element.localName) {
    case 'findServiceResponse':
      return readFindServiceResponse(element, limits);
    case 'getServiceBoundaryResponse':
      return readGetServiceBoundaryResponse(element, limits);
    case 'listServicesResponse':
      return readListServicesResponse(element, limits);
    case 'listServicesByLocationResponse':
      return readListServicesByLocationResponse(element, limits);
    case 'getServiceListBoundaryResponse':
      return readGetServiceListBoundaryResponse(element, limits);
    case 'getMappingsResponse':
      return readGetMappingsResponse(element, limits);
    case 'pushMappingsResponse': {
      // RFC 6739 §5.2 has a failed push answered by errors, also inside of the response.
      const errors = lostChild(element, 'errors');
      if (errors !== undefined) return readErrors(errors, limits);
      return ok({ kind: 'pushMappingsResponse', extensions: extensionsOf(element) });
    }
    case 'errors':
      return readErrors(element, limits);
    case 'redirect':
      return readRedirect(element);
    default:
      return notAnswer;
  }
}

const notAnswer = faulty('lost.notAnswer', 'the document is no answer of LoST');

function readCommon(element: XmlElement, limits: LostLimits) {
  const path = readPath(element, limits);
  if (!path.ok) return path;
  const warnings = lostChildren(element, 'warnings').map((each) => readExceptions(each, 'warning'));
  return ok({ warnings, path: path.value, extensions: extensionsOf(element) });
}

function readFindServiceResponse(element: XmlElement, limits: LostLimits): Result<LostAnswer, LostFault> {
  const common = readCommon(element, limits);
  if (!common.ok) return common;
  const mappings = lostChildren(element, 'mapping');
  if (mappings.length === 0) return faulty('lost.mappingMissing', 'findServiceResponse has no mapping');
  if (mappings.length > limits.mappingsMax) return tooManyMappings(mappings.length, limits);
  const validation = lostChild(element, 'locationValidation');
  const asOf = extensionChild(element, 'asOf', lostNamespaces.planned);
  return ok({
    kind: 'findServiceResponse',
    mappings: mappings.map(readMapping),
    locationValidation: validation && readValidation(validation, element),
    locationUsed: readLocationUsed(element),
    asOf: asOf && readMoment(collapsedTextOf(asOf)),
    callIds: readCallIds(element),
    ...common.value,
  });
}

function readGetServiceBoundaryResponse(
  element: XmlElement,
  limits: LostLimits,
): Result<LostAnswer, LostFault> {
  const common = readCommon(element, limits);
  if (!common.ok) return common;
  const elements = lostChildren(element, 'serviceBoundary');
  if (elements.length > limits.mappingsMax) return tooManyMappings(elements.length, limits);
  const boundaries = readBoundaries(elements);
  if (boundaries.length === 0) return missing('serviceBoundary', element);
  return ok({ kind: 'getServiceBoundaryResponse', boundaries, ...common.value });
}

function readListServicesResponse(element: XmlElement, limits: LostLimits): Result<LostAnswer, LostFault> {
  const common = readCommon(element, limits);
  if (!common.ok) return common;
  const services = readServiceList(element);
  if (services === undefined) return missing('serviceList', element);
  return ok({ kind: 'listServicesResponse', services, ...common.value });
}

function readListServicesByLocationResponse(
  element: XmlElement,
  limits: LostLimits,
): Result<LostAnswer, LostFault> {
  const common = readCommon(element, limits);
  if (!common.ok) return common;
  const services = readServiceList(element);
  if (services === undefined) return missing('serviceList', element);
  const boundaries = readServiceListBoundaries(element);
  const reference = extensionChild(element, 'serviceListBoundaryReference', lostNamespaces.slb);
  return ok({
    kind: 'listServicesByLocationResponse',
    services,
    locationUsed: readLocationUsed(element),
    serviceListBoundaries: boundaries.length === 0 ? undefined : boundaries,
    serviceListBoundaryReference: readBoundaryReference(reference, 'serviceListKey'),
    ...common.value,
  });
}

function readGetServiceListBoundaryResponse(
  element: XmlElement,
  limits: LostLimits,
): Result<LostAnswer, LostFault> {
  const common = readCommon(element, limits);
  if (!common.ok) return common;
  const serviceListBoundaries = readServiceListBoundaries(element);
  if (serviceListBoundaries.length === 0) return missing('serviceListBoundary', element);
  return ok({ kind: 'getServiceListBoundaryResponse', serviceListBoundaries, ...common.value });
}

function readGetMappingsResponse(element: XmlElement, limits: LostLimits): Result<LostAnswer, LostFault> {
  const changes = readMappingChanges(element, limits);
  if (!changes.ok) return changes;
  return ok({ kind: 'getMappingsResponse', changes: changes.value, extensions: extensionsOf(element) });
}

function missing(name: string, { localName }: XmlElement): Result<never, LostFault> {
  return faulty('lost.elementMissing', `${localName} has no ${name}`);
}

function readLocationUsed(element: XmlElement): string | undefined {
  const used = lostChild(element, 'locationUsed');
  return used && attributeText(used, 'id');
}

function readServiceList(element: XmlElement): readonly string[] | undefined {
  const list = lostChild(element, 'serviceList');
  return list && wordsOf(textOf(list));
}

function readServiceListBoundaries(element: XmlElement): readonly ServiceListBoundary[] {
  return childElements(element)
    .filter(
      ({ localName, namespaceUri }) =>
        localName === 'serviceListBoundary' &&
        (namespaceUri === undefined || namespaceUri === lostNamespaces.slb),
    )
    .map((each) => ({
      boundary: readBoundary(each),
      // The schema lets it be missing (RFC 6197 §5.1): nothing says that the list may be kept then.
      expires: readExpiry(attributeText(each, 'expires')) ?? 'NO-CACHE',
    }))
    .filter(({ boundary }) => isOfUse(boundary));
}

function readValidation(element: XmlElement, answer: XmlElement): LocationValidation {
  const names = (localName: string): readonly string[] => {
    const child = lostChild(element, localName);
    if (child === undefined) return [];
    // A prefix tells the namespace of the name (RFC 6848 §6); the names alone are ours.
    return wordsOf(textOf(child)).map((word) => word.slice(word.indexOf(':') + 1));
  };
  const complete = extensionChild(element, 'completeLocation', lostNamespaces.rli);
  const similar = childElements(element).filter(({ localName }) => localName === 'similarLocation');
  const similarLocations = similar.flatMap(civicsIn);
  return {
    valid: names('valid'),
    invalid: names('invalid'),
    unchecked: names('unchecked'),
    revalidateAfter: readExpiry(readRevalidateAfter(element) ?? readRevalidateAfter(answer)),
    completeLocation: complete && civicsIn(complete)[0],
    similarLocations: similarLocations.length === 0 ? undefined : similarLocations,
    extensions: extensionsOf(element),
  };
}

/** An element of its extension, or an attribute of that name. */
function readRevalidateAfter(element: XmlElement): string | undefined {
  const child = extensionChild(element, 'revalidateAfter', lostNamespaces.planned);
  if (child !== undefined) return collapsedTextOf(child);
  return (
    attributeText(element, 'revalidateAfter') ??
    attributeOf(element, 'revalidateAfter', lostNamespaces.planned)?.trim()
  );
}

function civicsIn(element: XmlElement): readonly CivicAddress[] {
  return childElements(element).flatMap((child) => {
    if (!isCivicElement(child)) return civicsIn(child);
    return readCivic(child, () => undefined) ?? [];
  });
}
