import { assertNever } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { lostNamespaces } from './names.ts';
import type { FindService, ListServicesByLocation, LostRequest } from './requests.ts';
import { locationElements } from './write-location.ts';
import { changeElement, fingerprintElement } from './write-mapping.ts';
import { callIdElements, documentOf, extension, lost, pathElements, textElements } from './write-parts.ts';

/**
 * Writes a request that is valid by its schema (RFC 5222 §15, RFC 6197 §5.1, RFC 6739 §7), provided that names of servers
 * are such. Flags are always written: their defaults differ between the text and the schema.
 */
export function writeLostRequest(request: LostRequest): string {
  return documentOf(requestElement(request));
}

function requestElement(request: LostRequest): XmlElement {
  const { extensions = [] } = request;
  switch (request.kind) {
    case 'findService':
      return findServiceElement(request);
    case 'listServicesByLocation':
      return listServicesByLocationElement(request);
    case 'listServices':
      return lost('listServices', [
        ...textElements('service', request.service),
        ...pathElements(request.path),
        ...callIdElements(request.callIds),
        ...extensions,
      ]);
    case 'getServiceBoundary':
      return lost('getServiceBoundary', extensions, { key: request.key });
    case 'getServiceListBoundary':
      return extension(lostNamespaces.slb, 'getServiceListBoundary', extensions, {
        serviceListKey: request.key,
      });
    case 'getMappings': {
      const exists = request.exists.map(fingerprintElement);
      const children = exists.length === 0 ? [] : [extension(lostNamespaces.sync, 'exists', exists)];
      // The schema has fingerprints or extensions.
      return extension(
        lostNamespaces.sync,
        'getMappingsRequest',
        children.length === 0 ? extensions : children,
      );
    }
    case 'pushMappings':
      return extension(lostNamespaces.sync, 'pushMappings', [
        ...request.changes.map(changeElement),
        ...extensions,
      ]);
    default:
      return assertNever(request);
  }
}

function findServiceElement(request: FindService): XmlElement {
  const { asOf, serviceBoundary, extensions = [] } = request;
  const element = lost(
    'findService',
    [
      ...locationElements(request.locations),
      ...textElements('service', request.service),
      ...pathElements(request.path),
      ...(asOf === undefined ? [] : [extension(lostNamespaces.planned, 'asOf', [asOf.text])]),
      ...callIdElements(request.callIds),
      ...extensions,
    ],
    {
      recursive: String(request.isRecursive),
      validateLocation: String(request.validatesLocation),
      serviceBoundary,
    },
  );
  const { additionalLocation } = request;
  if (additionalLocation === undefined) return element;
  // The extension has an attribute, for which RFC 5222's schema has no room.
  const attribute = {
    namespaceUri: lostNamespaces.rli,
    prefix: 'rli',
    localName: 'returnAdditionalLocation',
    value: additionalLocation,
  };
  return { ...element, attributes: [...element.attributes, attribute] };
}

function listServicesByLocationElement(request: ListServicesByLocation): XmlElement {
  const { isRecursive, serviceListBoundary, extensions = [] } = request;
  const wanted =
    serviceListBoundary === undefined
      ? []
      : [
          extension(lostNamespaces.slb, 'serviceListBoundaryRequest', [], {
            type: serviceListBoundary,
          }),
        ];
  return lost(
    'listServicesByLocation',
    [
      ...locationElements(request.locations),
      ...textElements('service', request.service),
      ...pathElements(request.path),
      ...callIdElements(request.callIds),
      ...extensions,
      ...wanted,
    ],
    { recursive: isRecursive === undefined ? undefined : String(isRecursive) },
  );
}
