import { describe, expect, it } from 'vitest';
import { wallMs } from '../../src/base/index.ts';
import { civicAddress } from '../../src/location/index.ts';
import type {
  FindServiceResponse,
  LostAnswer,
  LostException,
  LostMapping,
  LostRequest,
} from '../../src/lost/index.ts';
import {
  lostErrorTypes,
  lostMoment,
  lostWarningTypes,
  writeLostAnswer,
  writeLostRequest,
} from '../../src/lost/index.ts';
import { lostErrorsBy } from '../support/lost-schema.ts';
import { schemasSkipped } from '../support/schemas.ts';

// What is written: valid by the schema as published, without prefixes, to the last digit.

const path = [{ source: 'ecrf.example' }];
const common = { warnings: [], path };
const ring = (middle: number, half: number): readonly (readonly [number, number])[] => [
  [middle - half, -half],
  [middle + half, -half],
  [middle + half, half],
  [middle - half, half],
  [middle - half, -half],
];
const mapping: LostMapping = {
  source: 'ecrf.example',
  sourceId: 'urn:emergency:uid:gis:PSAP:1:agency.example',
  lastUpdated: lostMoment(wallMs(Date.UTC(2026, 0, 1))),
  expires: lostMoment(wallMs(Date.UTC(2026, 0, 1, 0, 0, 0, 250))),
  displayNames: [
    { text: 'Fire & Rescue <Vienna>', language: 'en' },
    { text: 'Feuerwehr', language: undefined },
    { text: 'Firefighters', language: 'en_US' },
  ],
  service: 'urn:service:sos.fire',
  boundaries: [],
  uris: ['sip:fire@psap.example', 'sips:fire@psap.example'],
  serviceNumber: '112',
};
const found: FindServiceResponse = {
  kind: 'findServiceResponse',
  mappings: [mapping],
  locationUsed: 'a',
  ...common,
};
const civic = civicAddress({ country: 'AT', A3: 'Wien', STPS: 'of the', STP: 'Street', UNIT_VALUE: '4' });
if (civic === undefined) throw new Error('no address');

function withBoundary(...boundaries: LostMapping['boundaries']): FindServiceResponse {
  return { ...found, mappings: [{ ...mapping, boundaries }] };
}

const answers: readonly (readonly [string, LostAnswer])[] = [
  ['a mapping', found],
  ['several mappings', { ...found, mappings: [mapping, mapping] }],
  [
    'a mapping without anything',
    {
      ...found,
      mappings: [{ ...mapping, displayNames: [], service: undefined, uris: [], serviceNumber: undefined }],
    },
  ],
  ['NO-CACHE', { ...found, mappings: [{ ...mapping, expires: 'NO-CACHE' }] }],
  ['NO-EXPIRATION', { ...found, mappings: [{ ...mapping, expires: 'NO-EXPIRATION' }] }],
  [
    'a service number that cannot be dialled',
    { ...found, mappings: [{ ...mapping, serviceNumber: 'nine' }] },
  ],
  ['a polygon with a hole', withBoundary({ kind: 'polygons', polygons: [[ring(0, 1), ring(0, 0.5)]] })],
  ['several polygons', withBoundary({ kind: 'polygons', polygons: [[ring(0, 1)], [ring(5, 1)]] })],
  [
    'a polygon over the antimeridian',
    withBoundary({
      kind: 'polygons',
      polygons: [
        [
          [
            [179, 0],
            [-179, 0],
            [-179, 1],
            [179, 1],
            [179, 0],
          ],
        ],
      ],
    }),
  ],
  [
    'a circle',
    withBoundary({ kind: 'shapes', shapes: [{ kind: 'circle', center: { lon: 1, lat: 2 }, radiusM: 3 }] }),
  ],
  ['an address as boundary', withBoundary({ kind: 'civic', civics: [civic, civic] })],
  ['an unreadable boundary', withBoundary({ kind: 'unreadable', profile: 'x' })],
  [
    'a boundary reference',
    { ...found, mappings: [{ ...mapping, boundaryReference: { source: 'ecrf.example', key: 'K1' } }] },
  ],
  [
    'a boundary and a reference',
    {
      ...found,
      mappings: [
        {
          ...mapping,
          boundaries: [{ kind: 'civic', civics: [civic] }],
          boundaryReference: { source: 'ecrf.example', key: 'K1' },
        },
      ],
    },
  ],
  [
    'a validation',
    {
      ...found,
      locationValidation: { valid: ['country', 'A3', 'STPS'], invalid: ['STP'], unchecked: ['UNIT_VALUE'] },
    },
  ],
  ['an empty validation', { ...found, locationValidation: { valid: [], invalid: [], unchecked: [] } }],
  [
    'similar locations and a planned change',
    {
      ...found,
      asOf: mapping.lastUpdated,
      locationValidation: {
        valid: ['A3'],
        invalid: [],
        unchecked: [],
        revalidateAfter: 'NO-EXPIRATION',
        completeLocation: civic,
        similarLocations: [civic, civic],
      },
    },
  ],
  [
    'identifiers of a call',
    { ...found, callIds: { callId: 'urn:emergency:uid:callid:a:b.c', incidentTrackingId: undefined } },
  ],
  ['no location used', { ...found, locationUsed: undefined }],
  [
    'a boundary alone',
    {
      kind: 'getServiceBoundaryResponse',
      boundaries: [{ kind: 'polygons', polygons: [[ring(0, 1)]] }],
      ...common,
    },
  ],
  [
    'a list of services',
    { kind: 'listServicesResponse', services: ['urn:service:sos', 'urn:service:sos.fire'], ...common },
  ],
  ['an empty list of services', { kind: 'listServicesResponse', services: [], ...common }],
  [
    'a list of services at a place',
    { kind: 'listServicesByLocationResponse', services: [], locationUsed: 'a', ...common },
  ],
  [
    'a redirection',
    { kind: 'redirect', target: 'other.example', source: 'ecrf.example', message: 'not "ours" <here>' },
  ],
  [
    'a redirection without a word',
    { kind: 'redirect', target: 'other.example', source: 'ecrf.example', message: '' },
  ],
  [
    'two errors of a type',
    {
      kind: 'errors',
      source: 'ecrf.example',
      exceptions: [
        { type: 'notFound', message: 'a' },
        { type: 'notFound', message: 'b' },
      ],
    },
  ],
];

const requests: readonly (readonly [string, LostRequest])[] = [
  ['getServiceBoundary', { kind: 'getServiceBoundary', key: 'K1' }],
  ['listServices', { kind: 'listServices', service: undefined, path: [] }],
  [
    'findService',
    {
      kind: 'findService',
      locations: [{ id: 'a', value: { kind: 'civic', civic } }],
      service: 'urn:service:sos',
      isRecursive: true,
      validatesLocation: true,
      serviceBoundary: 'value',
      path,
      asOf: mapping.lastUpdated,
      callIds: { callId: 'c', incidentTrackingId: 'i' },
    },
  ],
  [
    'listServicesByLocation',
    {
      kind: 'listServicesByLocation',
      locations: [
        {
          id: undefined,
          value: {
            kind: 'geodetic',
            shape: { kind: 'point', position: { lon: 16.37, lat: 48.21, altM: 200 } },
          },
        },
      ],
      service: undefined,
      isRecursive: undefined,
      path,
    },
  ],
];

describe.skipIf(schemasSkipped !== '')(`RFC 5222 §15, what is written is valid${schemasSkipped}`, () => {
  it.each(answers)('answer: %s', (_name, answer) => {
    expect(lostErrorsBy('published', writeLostAnswer(answer))).toEqual([]);
  });

  it.each(requests)('request: %s', (_name, request) => {
    expect(lostErrorsBy('published', writeLostRequest(request))).toEqual([]);
  });

  it.each([...lostErrorTypes, ...lostWarningTypes])('exception %s, as an error and as a warning', (type) => {
    // The containers of the schema have no room for these two; the text of RFC 5222 §13 has them.
    const isForgotten = type === 'SRSInvalid' || type === 'locationValidationUnavailable';
    const exception: LostException = { type, message: 'a word\nfor people', language: 'en_US' };
    const exceptions = [{ source: 'ecrf.example', exceptions: [exception, exception] }];
    const grammar = isForgotten ? 'amended' : 'published';
    for (const answer of [
      { kind: 'errors' as const, source: 'ecrf.example', exceptions: [exception] },
      { kind: 'errors' as const, source: 'ecrf.example', exceptions: [{ ...exception, message: '' }] },
      { ...found, warnings: exceptions },
    ]) {
      expect(lostErrorsBy(grammar, writeLostAnswer(answer))).toEqual([]);
    }
  });
});

describe('what is written', () => {
  it('has no prefix on an element of LoST or of its extensions', () => {
    for (const [, answer] of answers)
      expect(writeLostAnswer(answer)).not.toMatch(/<\/?(?!gml:|gs:|c[a-z]+[0-9]?:)[a-zA-Z]+:/);
    for (const [, request] of requests)
      expect(writeLostRequest(request)).not.toMatch(/<\/?(?!gml:|gs:|c[a-z]+[0-9]?:)[a-zA-Z]+:/);
  });

  it('is UTF-8 and says so (§16)', () => {
    expect(writeLostAnswer(found)).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<findServiceResponse xmlns="urn:ietf:params:xml:ns:lost1">/,
    );
  });

  it('has a polygon for each area, its exterior counter-clockwise and its holes clockwise (RFC 5964 §3)', () => {
    const clockwise = [...ring(0, 1)].reverse();
    const text = writeLostAnswer(
      withBoundary({ kind: 'polygons', polygons: [[clockwise, ring(0, 0.5)], [ring(5, 1)]] }),
    );
    expect(text.match(/<serviceBoundary profile="geodetic-2d"><gml:Polygon/g)).toHaveLength(2);
    expect(text).toContain(
      '<gml:exterior><gml:LinearRing><gml:posList>-1 -1 -1 1 1 1 1 -1 -1 -1</gml:posList>',
    );
    expect(text).toContain(
      '<gml:interior><gml:LinearRing><gml:posList>-0.5 -0.5 0.5 -0.5 0.5 0.5 -0.5 0.5 -0.5 -0.5</gml:posList>',
    );
  });

  it('has every digit of a coordinate, latitude first (RFC 5222 §12.2)', () => {
    const exterior = [
      [-122.419_412_345_678_9, 37.775_000_000_000_1],
      [-122, 37],
      [-121, 38],
      [-122.419_412_345_678_9, 37.775_000_000_000_1],
    ] as const;
    const text = writeLostAnswer(withBoundary({ kind: 'polygons', polygons: [[exterior]] }));
    expect(text).toContain(
      '<gml:posList>37.7750000000001 -122.4194123456789 37 -122 38 -121 37.7750000000001',
    );
  });

  it('names elements of addresses with the prefixes of their namespaces (RFC 6848 §6)', () => {
    const locationValidation = {
      valid: ['country', 'A3'],
      invalid: ['STPS'],
      unchecked: ['UNIT_VALUE', 'STP'],
    };
    const text = writeLostAnswer({ ...found, locationValidation });
    expect(text).toContain(
      '<valid>ca:country ca:A3</valid><invalid>cdx1:STPS</invalid><unchecked>cdx2:UNIT_VALUE cae:STP</unchecked>',
    );
    for (const prefix of ['ca', 'cae', 'cdx1', 'cdx2'])
      expect(text).toMatch(new RegExp(`<findServiceResponse[^>]* xmlns:${prefix}="urn:`));
  });

  it('says each flag, because their defaults differ between text and schema', () => {
    const [, request] = requests[2] ?? [];
    expect(request && writeLostRequest(request)).toContain(
      'recursive="true" validateLocation="true" serviceBoundary="value"',
    );
  });
});
