import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  defaultLocationLimits,
  type FetchedDocument,
  type LocationReference,
  readFetched,
} from '../../../src/location/index.ts';
import { bodyPart, multipart } from '../../support/location-offers.ts';
import { dataModel, geopriv, point, presence, tuple } from './support.ts';

const held = 'urn:ietf:params:xml:ns:geopriv:held';
const pidf = presence(tuple(geopriv(point('1 2'))));
const plainReference: LocationReference = { uri: 'https://lis.example/x', protocol: 'held' };
const source = { kind: 'reference', uri: plainReference.uri, protocol: 'held' } as const;

function read(
  content: string | Buffer,
  contentType = 'application/pidf+xml',
  reference: LocationReference = plainReference,
  nowMs?: number,
) {
  const document: FetchedDocument = { bytes: Buffer.from(content), contentType };
  const result = readFetched(document, reference, source, defaultLocationLimits, nowMs);
  if (!result.ok) return `${result.error.code}: ${result.error.message}`;
  const { locations, warnings } = result.value;
  return {
    places: locations.map(({ shape }) =>
      shape?.kind === 'point' ? `${shape.position.lat} ${shape.position.lon}` : 'other',
    ),
    warnings: warnings.map(({ code }) => code),
  };
}

function response(content: string): string {
  return `<?xml version="1.0"?><locationResponse xmlns="${held}">${content}</locationResponse>`;
}

const found = { places: ['1 2'], warnings: [] };

describe('readFetched', () => {
  it.each<[string, string | Buffer, string, unknown]>([
    ['a PIDF-LO', pidf, 'application/pidf+xml', found],
    ['the answer of a location server', response(pidf), 'application/held+xml', found],
    ['a PIDF-LO called the answer of a location server', pidf, 'application/held+xml', found],
    ['the answer of a location server called a PIDF-LO', response(pidf), 'application/pidf+xml', found],
    ['a PIDF-LO called HTML', pidf, 'text/html', found],
    ['a PIDF-LO without a type', pidf, '', found],
    [
      'a PIDF-LO called a multipart that it is not',
      pidf,
      'multipart/related',
      'location.notPidfLo: no part of the document is a location',
    ],
    [
      'a multipart',
      multipart(
        'b',
        bodyPart('application/rlmi+xml', 'r@x', '<list/>'),
        bodyPart('application/pidf+xml', 'p@x', pidf),
      ),
      'multipart/related',
      found,
    ],
    [
      'a multipart that says it is XML',
      multipart('b', bodyPart('application/pidf+xml', '', pidf)),
      'application/pidf+xml',
      found,
    ],
    [
      'several documents in a multipart',
      multipart(
        'b',
        bodyPart('application/pidf+xml', '', '<presence>'),
        bodyPart('text/xml', '', presence(tuple(geopriv(point('3 4'))))),
        bodyPart('application/held+xml', '', response(pidf)),
      ),
      'multipart/mixed',
      { places: ['3 4', '1 2'], warnings: [] },
    ],
    [
      'several locations, the device first',
      presence(tuple(geopriv(point('1 2'))), dataModel('device', geopriv(point('3 4')))),
      'application/pidf+xml',
      { places: ['3 4', '1 2'], warnings: [] },
    ],
    [
      'a derived location after the others (RFC 6881 SP-21)',
      presence(
        dataModel('device', geopriv(point('1 2'), '<gp:usage-rules/><gp:method>Derived</gp:method>')),
        tuple(geopriv(point('3 4'))),
      ),
      'application/pidf+xml',
      { places: ['3 4', '1 2'], warnings: [] },
    ],
    ['nothing', '', 'application/pidf+xml', 'location.fetchedEmpty: the answer has no content'],
    [
      'an error of the location server, without its words',
      `<error xmlns="${held}" code="locationUnknown"><message>no such caller: +12025550123</message></error>`,
      'application/held+xml',
      'location.heldError: the location server answered with locationUnknown',
    ],
    [
      'a reference in place of a location',
      response(
        '<locationUriSet expires="2026-01-01T00:00:00Z"><locationURI>https://a.example/b</locationURI></locationUriSet>',
      ),
      'application/held+xml',
      'location.heldReferenceOnly: the answer is a reference again, which is not followed',
    ],
  ])('%s', (_name, content, contentType, expected) => {
    expect(read(content, contentType)).toEqual(expected);
  });

  it.each([
    ['a web page', '<!DOCTYPE html><html><body>Sign in</body></html>', 'location.xmlUnreadable'],
    ['a page of XHTML', '<html><body>Sign in</body></html>', 'location.notPidfLo'],
    ['bytes', Buffer.from([0, 1, 2, 255]), 'location.xmlUnreadable'],
    ['an empty answer of a location server', response(''), 'location.heldEmpty'],
    [
      'a document without a usable location',
      presence(tuple(geopriv(point('x')))),
      'location.positionMalformed',
    ],
    [
      'a presence document without a location',
      '<presence xmlns="urn:ietf:params:xml:ns:pidf"/>',
      'location.notPidfLo',
    ],
    ['a multipart without parts', '--b--', 'location.notPidfLo'],
  ])('refuses %s', (_name, content, code) => {
    expect(String(read(content)).split(':')[0]).toBe(code);
  });

  it('keeps the source that it is given', () => {
    const result = readFetched(
      { bytes: Buffer.from(pidf), contentType: '' },
      plainReference,
      source,
      defaultLocationLimits,
    );
    expect(result.ok && result.value.locations[0]?.source).toEqual(source);
  });
});

describe('readFetched: what the request said of the content', () => {
  const sha1Hex = createHash('sha1').update(pidf).digest('hex');
  const size = Buffer.byteLength(pidf);
  it.each<[string, Partial<LocationReference>, unknown]>([
    ['the right hash', { sha1Hex }, found],
    ['the right hash in upper case', { sha1Hex: sha1Hex.toUpperCase() }, found],
    [
      'another hash',
      { sha1Hex: '0'.repeat(40) },
      'location.contentMismatch: the document is not the one whose hash the request gave',
    ],
    ['the right size', { sizeBytes: size }, found],
    ['another size', { sizeBytes: size + 1 }, { ...found, warnings: ['location.contentSize'] }],
    ['before its end', { expiresAtMs: 1_000 }, found],
    ['after its end', { expiresAtMs: 999 }, { ...found, warnings: ['location.contentExpired'] }],
  ])('%s', (_name, conditions, expected) => {
    const reference = { ...plainReference, protocol: 'content', ...conditions } as const;
    expect(read(pidf, 'application/pidf+xml', reference, 1_000)).toEqual(expected);
  });
});
