import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LostAnswer, LostRequest } from '../../src/lost/index.ts';
import {
  defaultLostAnswerLimits,
  defaultLostRequestLimits,
  readLostAnswer,
  readLostRequest,
  writeLostAnswer,
  writeLostRequest,
} from '../../src/lost/index.ts';
import { essence } from '../support/lost-contents.ts';
import { lostErrorsBy } from '../support/lost-schema.ts';
import { schemasSkipped } from '../support/schemas.ts';

const folder = join(process.env['FIRSTLINE_VECTORS'] ?? '', 'lost');

function bytesOf(name: string): Buffer {
  return readFileSync(join(folder, name));
}

const nypd = {
  source: 'authoritative.example',
  lastUpdated: { ms: Date.UTC(2006, 10, 1, 1), text: '2006-11-01T01:00:00Z' },
  expires: { ms: Date.UTC(2007, 0, 1, 1, 44, 33), text: '2007-01-01T01:44:33Z' },
  displayNames: [{ text: 'New York City Police Department', language: 'en' }],
  service: 'urn:service:sos.police',
  serviceNumber: '911',
};
const munich = {
  displayNames: [{ text: 'Muenchen Polizei-Abteilung', language: 'de' }],
  uris: ['sip:munich-police@example.com', 'xmpp:munich-police@example.com'],
  serviceNumber: '110',
  boundaries: [{ kind: 'civic', civics: [{ country: 'DE' }] }],
};
/** Longitude first, the way the code has it. */
const square = [
  [-122.4194, 37.775],
  [-122.4194, 37.555],
  [-122.4264, 37.555],
  [-122.4264, 37.775],
  [-122.4194, 37.775],
];
const resolved = [{ source: 'resolver.example' }, { source: 'authoritative.example' }];
const inSanFrancisco = {
  id: '6020688f1ce1896d',
  profile: 'geodetic-2d',
  value: { kind: 'geodetic', shape: { kind: 'point', position: { lon: -122.422, lat: 37.775 } } },
};
const ottoHahnRing = {
  id: '627b8bf819d0bad4d',
  profile: 'civic',
  value: {
    kind: 'civic',
    civic: {
      country: 'DE',
      elements: new Map([
        ['A1', 'Bavaria'],
        ['A3', 'Munich'],
        ['A6', 'Otto-Hahn-Ring'],
        ['HNO', '6'],
        ['PC', '81675'],
      ]),
    },
  },
};
const police = 'urn:service:sos.police';
const sosServices = 'ambulance animal-control fire gas mountain marine physician poison police'
  .split(' ')
  .map((label) => `urn:service:sos.${label}`);

/** What each request of RFC 5222 says. */
const requests: Readonly<Record<string, object>> = {
  '01-s8.2.1-findService': {
    kind: 'findService',
    locations: [inSanFrancisco],
    service: police,
    isRecursive: true,
    validatesLocation: false,
    serviceBoundary: 'value',
    path: [],
  },
  '03-s8.2.2-findService': { locations: [ottoHahnRing], isRecursive: true, serviceBoundary: 'value' },
  '05-s8.3.5-findService': { locations: [ottoHahnRing], validatesLocation: true },
  '07-s9-findService': { locations: [inSanFrancisco], serviceBoundary: 'reference' },
  '09-s9-getServiceBoundary': { kind: 'getServiceBoundary', key: '7214148E0433AFE2FA2D48003D31172E' },
  '11-s10-listServices': { kind: 'listServices', service: 'urn:service:sos' },
  '13-s11-listServicesByLocation': {
    kind: 'listServicesByLocation',
    isRecursive: true,
    service: 'urn:service:sos',
    locations: [
      {
        id: '3e19dfb3b9828c3',
        value: { kind: 'geodetic', shape: { kind: 'point', position: { lon: 150.883, lat: -34.407 } } },
      },
    ],
  },
  '15-s9-findService': {
    locations: [
      {
        id: 'ABC 123',
        profile: 'not-yet-standardized-prism-profile',
        value: { kind: 'unusable', fault: { type: 'locationProfileUnrecognized' } },
      },
      {
        id: 'DEF 345',
        value: {
          kind: 'geodetic',
          shape: { kind: 'point', position: { lon: -73.348_157, lat: 42.656_844 } },
        },
      },
    ],
  },
};

/** What each answer of RFC 5222 says. */
const answers: Readonly<Record<string, object>> = {
  '02-s8.2.1-findServiceResponse': {
    kind: 'findServiceResponse',
    mappings: [
      {
        ...nypd,
        sourceId: '7e3f40b098c711dbb6060800200c9a66',
        boundaries: [{ kind: 'polygons', polygons: [[square]] }],
        uris: ['sip:nypd@example.com', 'xmpp:nypd@example.com'],
      },
    ],
    path: resolved,
    locationUsed: '6020688f1ce1896d',
  },
  '04-s8.2.2-findServiceResponse': {
    mappings: [{ ...munich, source: 'esgw.ueber-110.de.example' }],
    path: [{ source: 'esgw.ueber-110.de.example' }, { source: 'polizei.muenchen.de.example' }],
  },
  '06-s8.3.5-findServiceResponse': {
    mappings: [munich],
    locationValidation: { valid: ['country', 'A1', 'A3', 'A6'], invalid: ['PC'], unchecked: ['HNO'] },
  },
  '08-s9-findServiceResponse': {
    mappings: [
      {
        boundaries: [],
        boundaryReference: { source: 'authoritative.example', key: '7214148E0433AFE2FA2D48003D31172E' },
      },
    ],
  },
  // The prefix of its polygon is not bound, in the RFC itself.
  '10-s9-getServiceBoundaryResponse': {
    kind: 'getServiceBoundaryResponse',
    boundaries: [{ kind: 'polygons', polygons: [[square]] }],
    path: resolved,
  },
  '12-s10-listServicesResponse': {
    kind: 'listServicesResponse',
    services: sosServices,
    path: [{ source: 'authoritative.example' }],
  },
  '14-s11-listServicesByLocationResponse': {
    kind: 'listServicesByLocationResponse',
    services: sosServices,
    path: resolved,
    locationUsed: '3e19dfb3b9828c3',
  },
  // Its polygon is in the namespace `http://www.opengis.net/`, in the RFC itself: no region that could be relied on.
  '16-s9-findServiceResponse': {
    mappings: [{ ...nypd, boundaries: [{ kind: 'unreadable', profile: 'geodetic-2d' }] }],
    locationUsed: 'DEF 345',
  },
  '17-s13.1-errors': {
    kind: 'errors',
    source: 'resolver.example',
    exceptions: [{ type: 'internalError', message: 'Software bug.', language: 'en' }],
  },
  '18-s13.2-findServiceResponse': {
    warnings: [
      {
        source: 'authoritative.example',
        exceptions: [
          {
            type: 'defaultMappingReturned',
            message: 'Unable to determine PSAP for the given location; using default PSAP',
          },
        ],
      },
    ],
    locationUsed: undefined,
  },
  '19-s13.3-redirect': {
    kind: 'redirect',
    target: 'eastpsap.example',
    source: 'westpsap.example',
    message: 'We have temporarily failed over.',
    language: 'en',
  },
};

describe.skipIf(schemasSkipped !== '')(`the examples of RFC 5222${schemasSkipped}`, () => {
  it('are all in one of the two tables', () => {
    const files = readdirSync(join(folder, 'rfc5222'));
    const named = [...Object.keys(requests), ...Object.keys(answers)];
    expect(files.length).toBe(19);
    expect(named.map((name) => `rfc5222-${name}.xml`).sort()).toEqual(files.sort());
  });

  it.each(Object.entries(requests))(
    'request %s is read, passed on, valid, and the same',
    (name, expected) => {
      const request = readRequest(`rfc5222/rfc5222-${name}.xml`);
      expect(request).toMatchObject(expected);
      const written = writeLostRequest(request);
      expect(lostErrorsBy('published', written)).toEqual([]);
      const again = readLostRequest(Buffer.from(written), defaultLostRequestLimits);
      expect(again.ok && essence(again.value)).toEqual(essence(request));
    },
  );

  it.each(Object.entries(answers))('answer %s is read, passed on, valid, and the same', (name, expected) => {
    const answer = readAnswer(`rfc5222/rfc5222-${name}.xml`);
    expect(answer).toMatchObject(expected);
    const written = writeLostAnswer(answer);
    expect(lostErrorsBy('published', written)).toEqual([]);
    const again = readLostAnswer(Buffer.from(written), defaultLostAnswerLimits);
    // The rings of example 10 turn the other way after they had to be written anew (RFC 5964 §3).
    if (!name.startsWith('10-')) expect(again.ok && essence(again.value)).toEqual(essence(answer));
  });
});

/** What a document that breaks a rule is good for: nothing, and why; or more than the rule says. */
const negative: Readonly<Record<string, { fault: object } | { answer: object } | { request: object }>> = {
  'req-no-location': { fault: { code: 'lost.locationMissing', type: 'badRequest' } },
  // The schema lets it be missing; RFC 5222 §8.3.2 does not.
  'req-no-service': { fault: { code: 'lost.serviceMissing', type: 'badRequest' } },
  'req-location-no-id': { request: { locations: [{ id: undefined, value: { kind: 'geodetic' } }] } },
  'resp-wrong-ns': { fault: { code: 'lost.notAnswer', type: 'serverError' } },
  'resp-wrong-root-case': { fault: { code: 'lost.notAnswer', type: 'serverError' } },
  'resp-mapping-no-expires': { answer: { mappings: [{ expires: 'NO-CACHE', serviceNumber: '911' }] } },
  'resp-mapping-no-lastupdated': { answer: { mappings: [{ expires: 'NO-CACHE' }] } },
  'resp-mapping-no-sourceid': { answer: { mappings: [{ expires: 'NO-CACHE' }] } },
  'resp-no-locationused': { answer: { locationUsed: undefined } },
  'resp-no-path': { answer: { path: [] } },
  'resp-order-locationused-first': { answer: { locationUsed: 'x' } },
  'errors-no-lang': { answer: { exceptions: [{ type: 'internalError', language: undefined }] } },
  'errors-no-source': { answer: { source: 'unknown.invalid' } },
  'errors-unknown-type': {
    answer: { exceptions: [{ type: 'serverError', message: 'madeUpError: Software bug.' }] },
  },
};

describe.skipIf(schemasSkipped !== '')(`documents that break a rule${schemasSkipped}`, () => {
  it('are all in the table', () => {
    const files = readdirSync(join(folder, 'negative')).sort();
    expect(
      Object.keys(negative)
        .map((name) => `${name}.xml`)
        .sort(),
    ).toEqual(files);
  });

  it.each(Object.entries(negative))('%s', (name, expected) => {
    const bytes = bytesOf(`negative/${name}.xml`);
    const read = name.startsWith('req-')
      ? readLostRequest(bytes, defaultLostRequestLimits)
      : readLostAnswer(bytes, defaultLostAnswerLimits);
    if ('fault' in expected) expect(read).toMatchObject({ ok: false, error: expected.fault });
    else
      expect(read).toMatchObject({
        ok: true,
        value: 'answer' in expected ? expected.answer : expected.request,
      });
  });
});

function readRequest(name: string): LostRequest {
  const read = readLostRequest(bytesOf(name), defaultLostRequestLimits);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

function readAnswer(name: string): LostAnswer {
  const read = readLostAnswer(bytesOf(name), defaultLostAnswerLimits);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}
