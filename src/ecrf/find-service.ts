import { type ServiceUrn, type WallMs, wallMs } from '../base/index.ts';
import type { Located, Mapping } from '../esrp/index.ts';
import { serviceFamily } from '../esrp/index.ts';
import type {
  FindService,
  FindServiceResponse,
  LostAnswer,
  LostErrors,
  LostMapping,
  LostWarningType,
  UsableLocation,
} from '../lost/index.ts';
import { chooseLocation, faultAnswer, lostMoment } from '../lost/index.ts';
import {
  type EcrfParts,
  isInPath,
  isToldOf,
  leftMs,
  pathWithUs,
  type QueryContext,
  refuse,
  warned,
} from './context.ts';
import { mappingsFor } from './mapping.ts';
import { askOthers } from './others.ts';
import { isServiceWithin, readService } from './service-tree.ts';
import { type Validated, validate } from './validate.ts';

type Warning = { readonly type: LostWarningType; readonly message: string };

/**
 * Answers who serves a place (RFC 5222 §8): by our own boundaries, as calls are mapped; by mappings that others shared; by
 * asking others, or sending the client to them; by the default of the service.
 */
export async function findService(
  request: FindService,
  context: QueryContext,
  parts: EcrfParts,
): Promise<LostAnswer> {
  const { options } = parts;
  if (isInPath(request.path, options.name)) {
    return refuse(parts, 'loop', `the question has been at ${options.name} before`);
  }
  const service = readService(request.service);
  if (service === undefined) return refuse(parts, 'serviceNotImplemented', 'the service is no service URN');
  if (!isToldOf(context.client, service)) return refuse(parts, 'forbidden', 'not for this client');
  const chosen = chooseLocation(request.locations);
  if (!chosen.ok) return faultAnswer(chosen.error, options.name);
  if (!isKnown(service, parts)) {
    return refuse(
      parts,
      'serviceNotImplemented',
      'no boundary is of this service, nor of one that it is part of',
    );
  }
  const usable = request.locations.filter(isUsable);
  return await new Finding({ request, service, usable }, context, parts).answer();
}

/** Whether anybody could answer for a service. As long as nothing is known of our boundaries, they are asked. */
function isKnown(service: ServiceUrn, { options, ports, synced }: EcrfParts): boolean {
  const list = ports.directory.current();
  if (list === undefined) return true;
  const family = new Set<string>(serviceFamily(service));
  if (options.defaults.size > 0 && [...options.defaults.keys()].some((each) => family.has(each))) return true;
  for (const { serviceUrn } of list.boundaries.values()) if (family.has(serviceUrn)) return true;
  const others = [...options.servers, ...synced.servers()].flatMap((server) => server.services);
  if (others.some((each) => isServiceWithin(service, each))) return true;
  return synced.all().some((mapping) => family.has(readService(mapping.service ?? '') ?? ''));
}

interface Asked {
  readonly request: FindService;
  readonly service: ServiceUrn;
  /** In the client's order. */
  readonly usable: readonly UsableLocation[];
}

type Mapped = Extract<Mapping, { kind: 'mapped' }>;
type Unmapped = Extract<Mapping, { kind: 'unmapped' }>;

class Finding {
  readonly #asked: Asked;
  readonly #context: QueryContext;
  readonly #parts: EcrfParts;
  readonly #asOf: WallMs;
  #failure: Unmapped | undefined;

  constructor(asked: Asked, context: QueryContext, parts: EcrfParts) {
    this.#asked = asked;
    this.#context = context;
    this.#parts = parts;
    this.#asOf = asked.request.asOf?.ms ?? parts.ports.clock.wall();
  }

  async answer(): Promise<LostAnswer> {
    const { request, service, usable } = this.#asked;
    for (const location of usable) {
      const mapping = await this.#map(location, false);
      if (mapping.kind === 'mapped') return await this.#mapped(mapping, location);
      // NENA-STA-010.3 §4.3.4: known not to be there, which no neighbour's answer may hide.
      if (mapping.reason === 'serviceAbsent') return this.#absent();
      if (isFailure(mapping)) this.#failure ??= mapping;
    }
    const shared = this.#shared();
    if (shared !== undefined) return shared;
    const { isRecursive } = request;
    const forwarded = await askOthers(
      { request, service, locations: usable, isRecursive },
      this.#context,
      this.#parts,
    );
    if (forwarded.kind === 'answered' || forwarded.kind === 'redirected') return forwarded.answer;
    const refusal = forwarded.kind === 'refused' ? forwarded.answer : undefined;
    return (await this.#nearest()) ?? this.#byDefault() ?? (await this.#nothing(refusal));
  }

  /** Only where no other server has better: a call that comes here goes there too. */
  async #nearest(): Promise<FindServiceResponse | undefined> {
    for (const location of this.#asked.usable) {
      if (location.value.kind !== 'geodetic' || leftMs(this.#context, this.#parts) < 1) continue;
      const mapping = await this.#map(location, true);
      if (mapping.kind === 'mapped') return await this.#mapped(mapping, location);
    }
    return undefined;
  }

  async #map(location: UsableLocation, mayBeNear: boolean): Promise<Mapping> {
    const { ports, turns } = this.#parts;
    const { service } = this.#asked;
    const { mapping } = await turns.take(() =>
      ports.map({
        located: locatedAt(location),
        service,
        asOf: this.#asOf,
        deadlineMs: leftMs(this.#context, this.#parts),
        mayBeNear,
      }),
    );
    return mapping;
  }

  async #mapped(mapped: Mapped, location: UsableLocation): Promise<FindServiceResponse> {
    const { request } = this.#asked;
    const question = {
      service: request.service,
      serviceBoundary: request.serviceBoundary,
      location,
      asOf: this.#asOf,
      isPlanned: request.asOf !== undefined,
    };
    const [mappings, validated] = await Promise.all([
      mappingsFor(mapped, question, this.#context, this.#parts),
      this.#validate(location),
    ]);
    const warnings: Warning[] = [];
    if (mapped.substitutedFrom !== undefined) {
      const message = `${mapped.substitutedFrom} is served as ${readService(mapped.boundary.serviceUrn) ?? 'another'} here`;
      warnings.push({ type: 'serviceSubstitution', message });
    }
    if (mapped.rule === 'nearest') {
      warnings.push({
        type: 'defaultMappingReturned',
        message: 'no boundary covers the location; the nearest one is returned',
      });
    }
    return this.#response(mappings, { location, validated, warnings });
  }

  #response(
    mappings: readonly LostMapping[],
    about: {
      readonly location: UsableLocation | undefined;
      readonly validated: Validated;
      readonly warnings: readonly Warning[];
    },
  ): FindServiceResponse {
    const { request } = this.#asked;
    const { validated } = about;
    const unavailable = validated.kind === 'unavailable' ? [validated.warning] : [];
    return {
      kind: 'findServiceResponse',
      mappings,
      locationValidation: validated.kind === 'validated' ? validated.validation : undefined,
      warnings: warned(this.#parts, [...about.warnings, ...unavailable]),
      path: pathWithUs(request.path, this.#parts),
      locationUsed: about.location?.id,
      asOf: request.asOf,
      callIds: request.callIds,
    };
  }

  #validate(location: UsableLocation): Promise<Validated> {
    return validate(this.#asked.request, location, this.#asOf, this.#context, this.#parts);
  }

  #absent(): LostErrors {
    const message = `there is no ${this.#asked.service} at the location`;
    return refuse(this.#parts, 'serviceNotImplemented', message);
  }

  /** By mappings of others, unchanged (RFC 6739 §8). */
  #shared(): FindServiceResponse | undefined {
    const { synced, ports } = this.#parts;
    const { service, usable, request } = this.#asked;
    for (const location of usable) {
      const { value } = location;
      const place = {
        shape: value.kind === 'geodetic' ? value.shape : undefined,
        civic: value.kind === 'civic' ? value.civic : undefined,
      };
      const mapping = synced.find(serviceFamily(service), place, ports.clock.wall());
      if (mapping === undefined) continue;
      const own = readService(mapping.service ?? '') ?? mapping.service;
      const isSubstitute = own !== service;
      const warnings: readonly Warning[] = isSubstitute
        ? [{ type: 'serviceSubstitution', message: `${service} is served as ${own} here` }]
        : [];
      const validated: Validated = request.validatesLocation
        ? {
            kind: 'unavailable',
            warning: {
              type: 'locationValidationUnavailable',
              message: `${mapping.source} knows the addresses there`,
            },
          }
        : { kind: 'notAsked' };
      return this.#response([mapping], { location, validated, warnings });
    }
    return undefined;
  }

  /** RFC 5222 §13.2, defaultMappingReturned. */
  #byDefault(): FindServiceResponse | undefined {
    const { options } = this.#parts;
    const { request, service, usable } = this.#asked;
    const served = serviceFamily(service).find((each) => options.defaults.has(each));
    const target = served === undefined ? undefined : options.defaults.get(served);
    if (served === undefined || target === undefined) return undefined;
    const mapping: LostMapping = {
      source: options.name,
      sourceId: `default ${served}`,
      lastUpdated: lostMoment(wallMs(0)),
      // Whoever keeps it would not come back when the place is served again.
      expires: 'NO-CACHE',
      displayNames: [{ text: target.displayName, language: 'en' }],
      service: served === service ? request.service.trim() : (readService(served) ?? served),
      boundaries: [],
      uris: [target.uri],
    };
    const warnings: readonly Warning[] = [
      { type: 'defaultMappingReturned', message: 'no boundary serves the location' },
      ...(served === service
        ? []
        : [{ type: 'serviceSubstitution', message: `the default is that of ${served}` } as const]),
    ];
    return this.#response([mapping], { location: usable[0], validated: { kind: 'notAsked' }, warnings });
  }

  async #nothing(refusal: LostErrors | undefined): Promise<LostErrors> {
    if (refusal !== undefined) return refusal;
    if (this.#failure !== undefined) {
      const isLate = this.#failure.reason === 'deadlineMissed';
      return isLate
        ? refuse(this.#parts, 'serverTimeout', 'the boundaries could not be asked in time')
        : refuse(this.#parts, 'internalError', failureText(this.#failure));
    }
    const invalid = await this.#invalidElements();
    return invalid.length > 0
      ? refuse(this.#parts, 'locationInvalid', `the address is not known: ${invalid.join(' ')}`)
      : refuse(this.#parts, 'notFound', 'no boundary serves the location');
  }

  /** RFC 5222 has no answer that validates without a mapping: what is wrong with the address is said by the error. */
  async #invalidElements(): Promise<readonly string[]> {
    for (const location of this.#asked.usable) {
      const validated = await this.#validate(location);
      if (validated.kind === 'validated') return validated.validation.invalid;
    }
    return [];
  }
}

function isUsable(location: { readonly value: { readonly kind: string } }): location is UsableLocation {
  return location.value.kind !== 'unusable';
}

/** A location as the stage that maps calls takes it. */
export function locatedAt({ value }: UsableLocation): Located {
  return {
    location: {
      source: { kind: 'query' },
      shape: value.kind === 'geodetic' ? value.shape : undefined,
      civic: value.kind === 'civic' ? value.civic : undefined,
      method: undefined,
      entity: undefined,
      timestamp: undefined,
      isRetransmissionAllowed: undefined,
      retentionExpires: undefined,
    },
    alternatives: [],
    candidates: [],
    warnings: [],
    additionalData: [],
  };
}

function isFailure({ reason }: Unmapped): boolean {
  return (
    reason === 'deadlineMissed' ||
    reason === 'lookupFailed' ||
    reason === 'noActiveDataset' ||
    reason === 'stageFailed'
  );
}

// What a database says of its troubles is for its operator alone.
function failureText({ reason }: Unmapped): string {
  return reason === 'noActiveDataset' ? 'no boundaries are loaded' : 'the boundaries could not be asked';
}
