import fc from 'fast-check';
import { wallMs } from '../../src/base/index.ts';
import type { Ring, Shape } from '../../src/geo/index.ts';
import type {
  LocationValidation,
  LostAnswer,
  LostBoundary,
  LostExceptions,
  LostExpiry,
  LostLocation,
  LostMapping,
  LostMoment,
  LostRequest,
  LostVia,
  MappingChange,
  ServiceListBoundary,
} from '../../src/lost/index.ts';
import { lostErrorTypes, lostMoment, lostWarningTypes } from '../../src/lost/index.ts';
import { type XmlElement, xmlElement } from '../../src/xml/index.ts';
import { arbitraryCivic, arbitraryShape } from './location-contents.ts';

// Random requests and answers of LoST that break no rule, so that each can be written, validated and read again.

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

function some<T>(value: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> {
  return fc.array(value, { minLength: 1, maxLength });
}

function any<T>(value: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> {
  return fc.array(value, { maxLength });
}

/** Text after white space has been collapsed, of characters that XML can carry. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .map((raw) => raw.replace(/[\u0000-\u0020\u007f-\u009f\ufffe\uffff]+/g, ' ').trim())
  .filter((value) => value !== '');
const source = fc.stringMatching(/^([a-z0-9-]{1,8}\.){1,3}[a-z]{2,5}$/);
const token = fc.stringMatching(/^[A-Za-z0-9_.:{}-]{1,40}$/);
const service = fc.stringMatching(/^(\.[a-z-]{1,10}){0,3}$/).map((labels) => `urn:service:sos${labels}`);
const language = fc.constantFrom('en', 'de-AT', 'es-MX');
const moment: fc.Arbitrary<LostMoment> = fc
  .integer({ min: Date.UTC(1990, 0), max: Date.UTC(2090, 0) })
  .map((ms) => lostMoment(wallMs(ms)));
const expiry: fc.Arbitrary<LostExpiry> = fc.oneof(
  moment,
  fc.constantFrom('NO-CACHE' as const, 'NO-EXPIRATION' as const),
);
const extension: fc.Arbitrary<XmlElement> = fc.tuple(text, token).map(([inside, value]) =>
  xmlElement({
    name: 'x:note',
    namespaceUri: 'urn:example:x',
    attributes: { kind: value },
    children: [
      xmlElement({ name: 'x:part', namespaceUri: 'urn:example:x', children: [inside] }),
      xmlElement({ name: 'other', namespaceUri: 'urn:example:other' }),
    ],
  }),
);
const extensions = maybe(some(extension, 2));
const via: fc.Arbitrary<LostVia> = fc.record({ source, extensions });
const path = some(via);

const location: fc.Arbitrary<Omit<LostLocation, 'id'>> = fc.oneof(
  arbitraryShape.map((shape) => ({ profile: 'geodetic-2d', value: { kind: 'geodetic' as const, shape } })),
  arbitraryCivic.map((civic) => ({ profile: 'civic', value: { kind: 'civic' as const, civic } })),
);
const locations: fc.Arbitrary<LostLocation[]> = some(location, 2).map((list) =>
  list.map((each, index) => ({ id: `l${index}`, ...each })),
);

/** Around a middle, counter-clockwise; every other one with a hole, clockwise. */
const rings: fc.Arbitrary<readonly Ring[]> = fc
  .record({
    lon: fc.double({ min: -170, max: 170, noNaN: true }),
    lat: fc.double({ min: -80, max: 80, noNaN: true }),
    radii: some(fc.double({ min: 0.1, max: 1, noNaN: true }), 20).filter(({ length }) => length > 2),
    hasHole: fc.boolean(),
  })
  .map(({ lon, lat, radii, hasHole }) => {
    const around = (scale: number): Ring => {
      const corners = radii.map((radius, index): readonly [number, number] => {
        const angle = (2 * Math.PI * index) / radii.length;
        return [lon + scale * radius * Math.cos(angle) + 0, lat + scale * radius * Math.sin(angle) + 0];
      });
      return [...corners, ...corners.slice(0, 1)];
    };
    return hasHole ? [around(1), [...around(0.25)].reverse()] : [around(1)];
  });

const roundShape: fc.Arbitrary<Shape> = arbitraryShape.filter(
  ({ kind }) => kind === 'circle' || kind === 'ellipse' || kind === 'arcBand',
);

/** One area or address of each: several would be read as several boundaries. */
const boundary: fc.Arbitrary<LostBoundary> = fc.oneof(
  rings.map((polygon): LostBoundary => ({ kind: 'polygons', polygons: [polygon] })),
  roundShape.map((shape): LostBoundary => ({ kind: 'shapes', shapes: [shape] })),
  arbitraryCivic.map((civic): LostBoundary => ({ kind: 'civic', civics: [civic] })),
);
const reference = fc.record({ source, key: token, extensions });

/** Mappings with all that can be said in them. */
export const arbitraryMapping: fc.Arbitrary<LostMapping> = fc
  .record({
    source,
    sourceId: token,
    lastUpdated: moment,
    expires: expiry,
    displayNames: any(fc.record({ text, language })),
    service,
    boundaries: any(boundary, 2),
    boundaryReference: maybe(reference),
    uris: any(fc.constantFrom('sip:psap@esinet.example', 'sips:a@b.example;lr', 'tel:+12025550123')),
    serviceNumber: maybe(fc.stringMatching(/^[0-9*#]{1,6}$/)),
    extensions,
  })
  .map(({ boundaryReference, ...rest }) =>
    rest.boundaries.length > 0 ? rest : { ...rest, boundaryReference },
  );

const change: fc.Arbitrary<MappingChange> = fc.oneof(
  arbitraryMapping.map((mapping): MappingChange => ({ kind: 'put', mapping })),
  fc.record({ kind: fc.constant('delete' as const), source, sourceId: token, lastUpdated: moment }),
);

function exceptionsOf(types: readonly LostExceptions['exceptions'][number]['type'][]) {
  return fc.uniqueArray(fc.constantFrom(...types), { minLength: 1, maxLength: 4 }).chain((chosen) =>
    fc.record({
      source,
      exceptions: fc.tuple(
        ...chosen.map((type) =>
          fc.record({
            type: fc.constant(type),
            message: text,
            language,
            unsupportedProfiles: fc.constant(
              type === 'locationProfileUnrecognized' ? ['a-profile', 'geodetic-3d'] : undefined,
            ),
            extensions,
          }),
        ),
      ),
      extensions,
    }),
  ) satisfies fc.Arbitrary<LostExceptions>;
}

const common = {
  warnings: any(exceptionsOf(['serviceSubstitution', 'defaultMappingReturned', 'serverTimeout']), 2),
  path,
  extensions,
};
const callIds = maybe(
  fc.record({
    callId: maybe(fc.constant('urn:emergency:uid:callid:a1:b.example')),
    incidentTrackingId: token,
  }),
);
const names = any(
  fc.constantFrom('country', 'A1', 'A3', 'RD', 'STPS', 'STP', 'UNIT_VALUE', 'HNO', 'LMKP'),
  6,
);
const validation: fc.Arbitrary<LocationValidation> = fc.record({
  valid: names,
  invalid: names,
  unchecked: names,
  revalidateAfter: maybe(expiry),
  completeLocation: maybe(arbitraryCivic),
  similarLocations: maybe(some(arbitraryCivic)),
  extensions,
});
const listBoundary: fc.Arbitrary<ServiceListBoundary> = fc.record({ boundary, expires: expiry });
const form = maybe(fc.constantFrom('value' as const, 'reference' as const));

/** Requests of all kinds. */
export const arbitraryRequest: fc.Arbitrary<LostRequest> = fc.oneof(
  fc.record({
    kind: fc.constant('findService' as const),
    locations,
    service,
    isRecursive: fc.boolean(),
    validatesLocation: fc.boolean(),
    serviceBoundary: form,
    path: fc.oneof(path, fc.constant([])),
    callIds,
    asOf: maybe(moment),
    additionalLocation: maybe(fc.constantFrom('none' as const, 'similar' as const, 'any' as const)),
    extensions,
  }),
  fc.record({
    kind: fc.constant('listServicesByLocation' as const),
    locations,
    service: maybe(service),
    isRecursive: maybe(fc.boolean()),
    path: fc.oneof(path, fc.constant([])),
    serviceListBoundary: form,
    callIds,
    extensions,
  }),
  fc.record({
    kind: fc.constant('listServices' as const),
    service: maybe(service),
    path: fc.oneof(path, fc.constant([])),
    callIds,
    extensions,
  }),
  fc.record({ kind: fc.constant('getServiceBoundary' as const), key: token, extensions }),
  fc.record({ kind: fc.constant('getServiceListBoundary' as const), key: token, extensions }),
  fc.record({
    kind: fc.constant('getMappings' as const),
    exists: any(fc.record({ source, sourceId: token, lastUpdated: moment })),
  }),
  fc.record({ kind: fc.constant('pushMappings' as const), changes: some(change), extensions }),
);

/** Answers of all kinds. */
export const arbitraryAnswer: fc.Arbitrary<LostAnswer> = fc.oneof(
  fc.record({
    kind: fc.constant('findServiceResponse' as const),
    mappings: some(arbitraryMapping),
    locationValidation: maybe(validation),
    locationUsed: maybe(token),
    asOf: maybe(moment),
    callIds,
    ...common,
    warnings: any(exceptionsOf([...lostWarningTypes, 'internalError']), 2),
  }),
  fc.record({
    kind: fc.constant('getServiceBoundaryResponse' as const),
    boundaries: some(boundary),
    ...common,
  }),
  fc.record({ kind: fc.constant('listServicesResponse' as const), services: any(service, 8), ...common }),
  fc
    .record({
      kind: fc.constant('listServicesByLocationResponse' as const),
      services: any(service, 8),
      locationUsed: maybe(token),
      serviceListBoundaries: maybe(some(listBoundary)),
      serviceListBoundaryReference: maybe(reference),
      ...common,
    })
    .map(({ serviceListBoundaryReference, ...rest }) =>
      rest.serviceListBoundaries === undefined ? { ...rest, serviceListBoundaryReference } : rest,
    ),
  fc.record({
    kind: fc.constant('getServiceListBoundaryResponse' as const),
    serviceListBoundaries: some(listBoundary),
    ...common,
    warnings: fc.constant([]),
  }),
  fc.record({ kind: fc.constant('getMappingsResponse' as const), changes: some(change), extensions }),
  fc.record({ kind: fc.constant('pushMappingsResponse' as const), extensions }),
  exceptionsOf([...lostErrorTypes, 'locationValidationUnavailable'])
    .chain((exceptions) =>
      fc.record({
        exceptions: fc.constant(exceptions),
        notDeleted: maybe(fc.record({ message: text, mappings: some(change) })),
      }),
    )
    .map(({ exceptions, notDeleted }) => ({ kind: 'errors' as const, ...exceptions, notDeleted })),
  fc.record({
    kind: fc.constant('redirect' as const),
    target: source,
    source,
    message: text,
    language,
    extensions,
  }),
);

/** A document without what reading adds to it: what stood in a location or boundary, and members that say nothing. */
export function essence(value: unknown): unknown {
  if (value instanceof Map) return [...value].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  if (Array.isArray(value)) return value.map(essence);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name, member]) => name !== 'content' && member !== undefined);
  return Object.fromEntries(kept.map(([name, member]) => [name, essence(member)]));
}
