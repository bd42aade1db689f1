import { assertNever } from '../base/index.ts';
import type { CivicAddress } from '../location/index.ts';
import { civicElement, civicNamespaceOf } from '../location/index.ts';
import type { XmlElement } from '../xml/index.ts';
import type {
  FindServiceResponse,
  ListServicesByLocationResponse,
  LocationValidation,
  LostAnswer,
  ServiceListBoundary,
} from './answers.ts';
import { lostNamespaces } from './names.ts';
import { errorsElement, redirectElement, warningElements } from './write-exceptions.ts';
import { boundaryElements } from './write-location.ts';
import { changeElement, expiryText, mappingElement, referenceElements } from './write-mapping.ts';
import { callIdElements, documentOf, extension, lost, pathElements, textElements } from './write-parts.ts';

/**
 * Writes an answer that is valid by its schema (RFC 5222 §15, RFC 6197 §5.1, RFC 6739 §7), provided that it has what its type
 * asks for and that names of servers are such. Two things the schema of RFC 5222 has no room for, and its text has them:
 * `SRSInvalid` and `locationValidationUnavailable` (§13).
 */
export function writeLostAnswer(answer: LostAnswer): string {
  const validation = answer.kind === 'findServiceResponse' ? answer.locationValidation : undefined;
  return documentOf(answerElement(answer), validation && namespacesOf(validation));
}

function answerElement(answer: LostAnswer): XmlElement {
  switch (answer.kind) {
    case 'findServiceResponse':
      return findServiceElement(answer);
    case 'getServiceBoundaryResponse':
      return lost('getServiceBoundaryResponse', [
        ...answer.boundaries.flatMap((boundary) =>
          boundaryElements(boundary, lostNamespaces.lost, 'serviceBoundary'),
        ),
        ...commonElements(answer),
      ]);
    case 'listServicesResponse':
      return lost('listServicesResponse', [serviceListElement(answer.services), ...commonElements(answer)]);
    case 'listServicesByLocationResponse':
      return listServicesByLocationElement(answer);
    case 'getServiceListBoundaryResponse':
      return extension(lostNamespaces.slb, 'getServiceListBoundaryResponse', [
        ...answer.serviceListBoundaries.flatMap(serviceListBoundaryElements),
        ...pathElements(answer.path),
        ...(answer.extensions ?? []),
      ]);
    case 'getMappingsResponse':
      return extension(lostNamespaces.sync, 'getMappingsResponse', [
        ...answer.changes.map(changeElement),
        ...(answer.extensions ?? []),
      ]);
    case 'pushMappingsResponse':
      return extension(lostNamespaces.sync, 'pushMappingsResponse', answer.extensions);
    case 'errors':
      return errorsElement(answer);
    case 'redirect':
      return redirectElement(answer);
    default:
      return assertNever(answer);
  }
}

type Common = Pick<FindServiceResponse, 'warnings' | 'path' | 'extensions'>;

function commonElements({ warnings, path, extensions = [] }: Common): readonly XmlElement[] {
  return [...warningElements(warnings), ...pathElements(path), ...extensions];
}

function findServiceElement(answer: FindServiceResponse): XmlElement {
  const { mappings, locationValidation, asOf, callIds, locationUsed } = answer;
  return lost('findServiceResponse', [
    ...mappings.map(mappingElement),
    ...(locationValidation === undefined ? [] : [validationElement(locationValidation)]),
    ...commonElements(answer),
    ...(asOf === undefined ? [] : [extension(lostNamespaces.planned, 'asOf', [asOf.text])]),
    ...callIdElements(callIds),
    ...locationUsedElements(locationUsed),
  ]);
}

function listServicesByLocationElement(answer: ListServicesByLocationResponse): XmlElement {
  const boundaries = answer.serviceListBoundaries?.flatMap(serviceListBoundaryElements) ?? [];
  const reference = boundaries.length > 0 ? undefined : answer.serviceListBoundaryReference;
  return lost('listServicesByLocationResponse', [
    serviceListElement(answer.services),
    ...commonElements(answer),
    ...locationUsedElements(answer.locationUsed),
    // Behind everything else: RFC 6197 §5.1.
    ...boundaries,
    ...referenceElements(reference, lostNamespaces.slb, 'serviceListBoundaryReference', 'serviceListKey'),
  ]);
}

function serviceListBoundaryElements({ boundary, expires }: ServiceListBoundary): readonly XmlElement[] {
  return boundaryElements(boundary, lostNamespaces.slb, 'serviceListBoundary', expiryText(expires));
}

function serviceListElement(services: readonly string[]): XmlElement {
  return lost('serviceList', services.length === 0 ? [] : [services.join(' ')]);
}

function locationUsedElements(id: string | undefined): readonly XmlElement[] {
  return id === undefined ? [] : [lost('locationUsed', [], { id })];
}

function validationElement(validation: LocationValidation): XmlElement {
  const { revalidateAfter, completeLocation, similarLocations = [], extensions = [] } = validation;
  const { planned, rli } = lostNamespaces;
  const similar = similarLocations.map((civic, index) => addressElement(civic, `similar-${index + 1}`));
  return lost('locationValidation', [
    ...textElements('valid', namesText(validation.valid)),
    ...textElements('invalid', namesText(validation.invalid)),
    ...textElements('unchecked', namesText(validation.unchecked)),
    ...(revalidateAfter === undefined
      ? []
      : [extension(planned, 'revalidateAfter', [expiryText(revalidateAfter)])]),
    ...(completeLocation === undefined
      ? []
      : [extension(rli, 'completeLocation', [addressElement(completeLocation, 'complete')])]),
    ...(similar.length === 0 ? [] : [extension(rli, 'similarLocation', similar)]),
    ...extensions,
  ]);
}

function addressElement(civic: CivicAddress, id: string): XmlElement {
  return lost('location', [civicElement(civic)], { id, profile: 'civic' });
}

/** RFC 6848 §6: every name in these lists has the prefix of its namespace. */
function namesText(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  return names.map((name) => `${civicNamespaceOf(name).prefix}:${name}`).join(' ');
}

function namespacesOf({ valid, invalid, unchecked }: LocationValidation): ReadonlyMap<string, string> {
  const used = new Map<string, string>();
  for (const names of [valid, invalid, unchecked]) {
    for (const name of names) {
      const { prefix, uri } = civicNamespaceOf(name);
      used.set(prefix, uri);
    }
  }
  return used;
}
