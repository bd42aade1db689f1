import type { ServiceUrn } from '../base/index.ts';
import type { BoundaryMatch, Mapping } from '../esrp/index.ts';
import type { ListServices, ListServicesByLocation, LostAnswer, UsableLocation } from '../lost/index.ts';
import { chooseLocation, faultAnswer } from '../lost/index.ts';
import {
  type EcrfParts,
  isInPath,
  isToldOf,
  leftMs,
  pathWithUs,
  type QueryContext,
  refuse,
} from './context.ts';
import { locatedAt } from './find-service.ts';
import { writeListKey } from './keys.ts';
import { type ListedAt, listBoundaryOf, listRegion } from './list-region.ts';
import { askOthers } from './others.ts';
import { readService, servicesBelow } from './service-tree.ts';

/** Services of ours that one answer is made of; what lies beyond is left out. */
const servicesMax = 200;

/** Lists what this server can look up, immediately below a service or at the top (RFC 5222 §10). */
export function listServices(
  { service, path }: ListServices,
  { client }: QueryContext,
  parts: EcrfParts,
): LostAnswer {
  const parent = service === undefined ? undefined : readService(service);
  if (service !== undefined && parent === undefined) {
    return refuse(parts, 'serviceNotImplemented', 'the service is no service URN');
  }
  const { options, synced } = parts;
  const known = [
    ...ownServices(parts),
    ...options.servers.flatMap((server) => server.services),
    ...synced.servers().flatMap((server) => server.services),
    ...synced.all().flatMap((mapping) => readService(mapping.service ?? '') ?? []),
  ];
  const told = known.filter((each) => isToldOf(client, each));
  return {
    kind: 'listServicesResponse',
    services: servicesBelow(told, parent),
    warnings: [],
    path: pathWithUs(path, parts),
  };
}

/** Lists the services that there are at a place (RFC 5222 §11), with the region for which that holds (RFC 6197). */
export async function listServicesByLocation(
  request: ListServicesByLocation,
  context: QueryContext,
  parts: EcrfParts,
): Promise<LostAnswer> {
  const { options } = parts;
  if (isInPath(request.path, options.name)) {
    return refuse(parts, 'loop', `the question has been at ${options.name} before`);
  }
  const parent = request.service === undefined ? undefined : readService(request.service);
  if (request.service !== undefined && parent === undefined) {
    return refuse(parts, 'serviceNotImplemented', 'the service is no service URN');
  }
  const chosen = chooseLocation(request.locations);
  if (!chosen.ok) return faultAnswer(chosen.error, options.name);
  const location = chosen.value;
  const there = await servicesAt(location, context, parts);
  if (there.services.length === 0) {
    // The schema's default (RFC 5222 §15) and what clients mean by asking one server.
    const isRecursive = request.isRecursive ?? true;
    const question = { request, service: parent, locations: [location], isRecursive };
    const forwarded = await askOthers(question, context, parts);
    if (forwarded.kind === 'answered') return { ...forwarded.answer, ...onlyTold(forwarded.answer, context) };
    if (forwarded.kind !== 'nobody') return forwarded.answer;
    if (there.isFailed) return refuse(parts, 'internalError', 'the boundaries could not be asked');
  }
  const told = there.services.filter((each) => isToldOf(context.client, each));
  return {
    kind: 'listServicesByLocationResponse',
    services: servicesBelow(told, parent),
    warnings: [],
    path: pathWithUs(request.path, parts),
    locationUsed: location.id,
    ...(await regionPart({ request, location, there }, context, parts)),
  };
}

function onlyTold(answer: { readonly kind: string }, { client }: QueryContext): object {
  if (!('services' in answer) || !Array.isArray(answer.services)) return {};
  const services = answer.services.filter((each: unknown) => {
    const service = typeof each === 'string' ? readService(each) : undefined;
    return client.services.length === 0 || (service !== undefined && isToldOf(client, service));
  });
  return { services };
}

function ownServices({ ports }: EcrfParts): readonly ServiceUrn[] {
  const list = ports.directory.current();
  const found = new Set<ServiceUrn>();
  for (const { serviceUrn } of list?.boundaries.values() ?? [])
    found.add(readService(serviceUrn) ?? serviceUrn);
  return [...found].sort().slice(0, servicesMax);
}

interface ServicesAt {
  readonly services: readonly ServiceUrn[];
  readonly boundaries: readonly BoundaryMatch[];
  readonly missing: readonly ServiceUrn[];
  readonly isFailed: boolean;
}

/** Each service by itself, so that one which is known to be absent hides no other. */
async function servicesAt(
  location: UsableLocation,
  context: QueryContext,
  parts: EcrfParts,
): Promise<ServicesAt> {
  const { ports, turns } = parts;
  const services: ServiceUrn[] = [];
  const missing: ServiceUrn[] = [];
  const boundaries: BoundaryMatch[] = [];
  let isFailed = false;
  for (const service of ownServices(parts)) {
    const { mapping } = await turns.take(() =>
      ports.map({
        located: locatedAt(location),
        service,
        asOf: ports.clock.wall(),
        deadlineMs: leftMs(context, parts),
        mayBeNear: false,
      }),
    );
    boundaries.push(...boundariesOf(mapping));
    // A substitute is not the service itself.
    const isThere = mapping.kind === 'mapped' && mapping.substitutedFrom === undefined;
    if (isThere) services.push(service);
    else missing.push(service);
    if (
      mapping.kind === 'unmapped' &&
      (mapping.reason === 'lookupFailed' || mapping.reason === 'deadlineMissed')
    )
      isFailed = true;
  }
  return { services, boundaries, missing, isFailed };
}

function boundariesOf(mapping: Mapping): readonly BoundaryMatch[] {
  return mapping.kind === 'mapped' ? [mapping.boundary, ...mapping.others] : mapping.others;
}

async function regionPart(
  {
    request,
    location,
    there,
  }: {
    readonly request: ListServicesByLocation;
    readonly location: UsableLocation;
    readonly there: ServicesAt;
  },
  context: QueryContext,
  parts: EcrfParts,
): Promise<object> {
  const list = parts.ports.directory.current();
  if (request.serviceListBoundary === undefined || list === undefined || there.isFailed) return {};
  const ids = new Set(there.boundaries.map(({ boundaryId }) => boundaryId));
  const listed: ListedAt = {
    location,
    boundaries: [...ids].map((boundaryId) => ({ boundaryId })),
    missing: there.missing,
  };
  const region = await listRegion(listed, context, parts);
  if (region === undefined) return {};
  if (request.serviceListBoundary === 'value') {
    const boundary = listBoundaryOf(region, parts);
    return boundary === undefined ? {} : { serviceListBoundaries: [boundary] };
  }
  const { datasetId, revision } = list;
  const { name } = parts.options;
  const key = writeListKey(name, { datasetId, revision, region });
  return { serviceListBoundaryReference: { source: name, key } };
}
