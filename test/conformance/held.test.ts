import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceIdentity, HeldAnswer, HeldErrorCode, LocationRequest } from '../../src/location/index.ts';
import {
  defaultLocationLimits,
  heldMediaType,
  parsePidfLo,
  readHeldAnswer,
  readLocationRequest,
  writeHeldError,
  writeLocationRequest,
  writeLocationResponse,
  writePidfLo,
} from '../../src/location/index.ts';
import { arbitraryContent } from '../support/location-contents.ts';
import { schemaErrors, schemasSkipped } from '../support/schemas.ts';

const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);
const limits = defaultLocationLimits;
const held = 'urn:ietf:params:xml:ns:geopriv:held';
const id = 'urn:ietf:params:xml:ns:geopriv:held:id';
const source = { kind: 'reference', uri: 'https://lis.example/1', protocol: 'held' } as const;

const pidfLo = writePidfLo({
  entity: 'pres:3650n87934c@lis.example',
  id: 'point',
  shape: { kind: 'point', position: { lon: 150.883, lat: -34.407 } },
  civic: undefined,
  method: 'Wiremap',
  timestamp: '2026-11-23T20:00:00Z',
});
const presence = pidfLo.replace(/^<\?xml.*\?>\n/, '');

function answer(xml: string): HeldAnswer {
  const read = readHeldAnswer(Buffer.from(xml), limits);
  if (!read.ok) throw new Error(read.error.code);
  return read.value;
}

/** Latitude and longitude of the document that came with an answer. */
function pointOf(read: HeldAnswer): readonly number[] | undefined {
  if (read.kind !== 'location' || read.document === undefined) return undefined;
  const document = parsePidfLo(read.document, source, limits);
  const shape = document.ok ? document.value.locations[0]?.shape : undefined;
  return shape?.kind === 'point' ? [shape.position.lat, shape.position.lon] : undefined;
}

const requests: readonly { name: string; request: LocationRequest; xml: string }[] = [
  {
    name: 'RFC 5985 §5.1: a request for any location of the asker',
    request: {},
    xml: `<locationRequest xmlns="${held}"/>`,
  },
  {
    name: 'RFC 6753 §3.2: what a GET asks for',
    request: { locationTypes: ['geodetic', 'civic'], exact: false },
    xml: `<locationRequest xmlns="${held}"><locationType exact="false">geodetic civic</locationType></locationRequest>`,
  },
  {
    name: 'RFC 5985 §6.1: for routing',
    request: { responseTime: 'emergencyRouting', locationTypes: ['any'] },
    xml: `<locationRequest xmlns="${held}" responseTime="emergencyRouting"><locationType>any</locationType></locationRequest>`,
  },
  {
    name: 'RFC 5985 §6.1: within a time in whole milliseconds',
    request: { responseTime: 1234.9, locationTypes: ['civic'], exact: true },
    xml: `<locationRequest xmlns="${held}" responseTime="1234"><locationType exact="true">civic</locationType></locationRequest>`,
  },
  {
    name: 'RFC 5985 §6.2: any stands alone',
    request: { locationTypes: ['civic', 'any'] },
    xml: `<locationRequest xmlns="${held}"><locationType>any</locationType></locationRequest>`,
  },
  {
    name: 'RFC 6155 §3.5: by URI',
    request: { device: [{ kind: 'uri', uri: 'sip:user@example.net;gr=k&h' }] },
    xml: `<locationRequest xmlns="${held}"><device xmlns="${id}"><uri>sip:user@example.net;gr=k&amp;h</uri></device></locationRequest>`,
  },
  {
    name: 'RFC 6155 §3.1: by addresses of both versions',
    request: {
      device: [
        { kind: 'ip', address: '192.0.2.75' },
        { kind: 'ip', address: '2001:db8::1:ea7:fee1:d1e' },
      ],
    },
    xml: `<locationRequest xmlns="${held}"><device xmlns="${id}"><ip v="4">192.0.2.75</ip><ip v="6">2001:db8::1:ea7:fee1:d1e</ip></device></locationRequest>`,
  },
  {
    name: 'RFC 6155 §3.2 to §3.8: by everything else',
    request: {
      device: [
        { kind: 'other', name: 'mac', value: 'A0-12-34-56-78-90' },
        { kind: 'other', name: 'udpport', value: '51393' },
        { kind: 'other', name: 'fqdn', value: 'host.example.net' },
        { kind: 'other', name: 'msisdn', value: '11235550123' },
        { kind: 'other', name: 'imsi', value: '310150123456789' },
        { kind: 'other', name: 'duid', value: '1234567890AB' },
      ],
    },
    xml: `<locationRequest xmlns="${held}"><device xmlns="${id}"><mac>A0-12-34-56-78-90</mac><udpport>51393</udpport><fqdn>host.example.net</fqdn><msisdn>11235550123</msisdn><imsi>310150123456789</imsi><duid>1234567890AB</duid></device></locationRequest>`,
  },
];

describe('HELD requests', () => {
  it.each(requests)('$name: written', ({ request, xml }) => {
    expect(writeLocationRequest(request)).toBe(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
  });

  it.skipIf(schemasSkipped !== '').each(requests)(`$name: valid${schemasSkipped}`, ({ request }) => {
    expect(schemaErrors('held', writeLocationRequest(request))).toEqual([]);
  });

  // The published pattern of an NAI has the line ends of its printing in it, so nothing with a domain is valid by it.
  it('RFC 6155 §3.4: by network access identifier', () => {
    const xml = writeLocationRequest({ device: [{ kind: 'other', name: 'nai', value: 'user@example.net' }] });
    expect(xml).toContain('<nai>user@example.net</nai>');
  });

  const identity: fc.Arbitrary<DeviceIdentity> = fc.oneof(
    fc.constant({ kind: 'uri', uri: 'tel:+1-202-555-0123;phone-context=<+1>' } as const),
    fc.ipV4().map((address): DeviceIdentity => ({ kind: 'ip', address })),
    fc.ipV6().map((address): DeviceIdentity => ({ kind: 'ip', address })),
    fc
      .stringMatching(/^[0-9]{6,15}$/)
      .map((value): DeviceIdentity => ({ kind: 'other', name: 'mdn', value })),
  );
  const anyRequest = fc.record({
    responseTime: fc.oneof(
      fc.constantFrom('emergencyRouting' as const, 'emergencyDispatch' as const, undefined),
      fc.nat({ max: 99_999 }),
    ),
    locationTypes: fc.oneof(
      fc.constant(['any'] as const),
      fc.uniqueArray(fc.constantFrom('geodetic' as const, 'civic' as const, 'locationURI' as const)),
    ),
    exact: fc.boolean(),
    device: fc.array(identity, { maxLength: 4 }),
  });

  it(`are read as they were written (seed ${seed})`, () => {
    fc.assert(
      fc.property(anyRequest, (request) => {
        const read = readLocationRequest(Buffer.from(writeLocationRequest(request)), limits);
        // Without a type there is nothing to be exact about, and nowhere to say so.
        const exact = request.exact && request.locationTypes.length > 0;
        expect(read).toEqual({ ok: true, value: { ...request, exact } });
      }),
      { seed },
    );
  });

  it.each<[string, string, Partial<LocationRequest>]>([
    ['a prefix', `<h:locationRequest xmlns:h="${held}" responseTime=" 8000 "/>`, { responseTime: 8000 }],
    [
      'no namespace',
      '<locationRequest responseTime="emergencyDispatch"/>',
      { responseTime: 'emergencyDispatch' },
    ],
    ['an unbound prefix', '<held:locationRequest/>', { locationTypes: [], device: [] }],
    [
      'a time with a unit, which is none',
      '<locationRequest responseTime="8s"/>',
      { responseTime: undefined },
    ],
    [
      'types on several lines, one of them unknown (RFC 6753 §3.1)',
      '<locationRequest><locationType exact="1">\n civic\n velocity geodetic civic</locationType></locationRequest>',
      { locationTypes: ['civic', 'geodetic'], exact: true },
    ],
    [
      'identities that are not known',
      '<locationRequest><device><shoe>42</shoe><uri> sip:a@b </uri></device></locationRequest>',
      { device: [{ kind: 'uri', uri: 'sip:a@b' }] },
    ],
  ])('are read with %s', (_name, xml, expected) => {
    const read = readLocationRequest(Buffer.from(xml), limits);
    expect(read.ok && read.value).toMatchObject(expected);
  });

  it.each([
    ['no XML', 'lat=1&lon=2', 'location.xmlUnreadable', 'xmlError'],
    ['nothing', '', 'location.xmlUnreadable', 'xmlError'],
    ['a DOCTYPE', '<!DOCTYPE x><locationRequest/>', 'location.xmlUnreadable', 'xmlError'],
    ['another message', `<createContext xmlns="${held}"/>`, 'location.heldUnknown', 'unsupportedMessage'],
  ])('RFC 5985 §6.3: %s is refused', (_name, xml, code, heldCode) => {
    const read = readLocationRequest(Buffer.from(xml), limits);
    expect(!read.ok && read.error).toMatchObject({ code, heldCode });
  });
});

const uriSet = (uris: string) => `<locationUriSet expires="2026-11-24T20:00:00Z">${uris}</locationUriSet>`;

const answers: readonly {
  name: string;
  xml: string;
  point?: boolean;
  uris?: readonly string[];
  expires?: string;
}[] = [
  {
    name: 'RFC 5985 §5.2: a location',
    xml: `<locationResponse xmlns="${held}">${presence}</locationResponse>`,
    point: true,
  },
  {
    name: 'RFC 5985 §6.5: references and a location',
    xml: `<locationResponse xmlns="${held}">${uriSet('<locationURI>https://ls.example:9768/357yc6s64</locationURI><locationURI>sip:9769+357yc6@ls.example</locationURI>')}${presence}</locationResponse>`,
    point: true,
    uris: ['https://ls.example:9768/357yc6s64', 'sip:9769+357yc6@ls.example'],
    expires: '2026-11-24T20:00:00Z',
  },
  {
    name: 'a reference with white space around it and an empty one',
    xml: `<locationResponse xmlns="${held}">${uriSet('<locationURI>\n\t https://ls.example/1 \n</locationURI><locationURI> </locationURI>')}</locationResponse>`,
    uris: ['https://ls.example/1'],
    expires: '2026-11-24T20:00:00Z',
  },
  {
    name: 'a reference without a set around it',
    xml: `<locationResponse xmlns="${held}"><locationURI>https://ls.example/1</locationURI></locationResponse>`,
    uris: ['https://ls.example/1'],
  },
  {
    name: 'prefixes',
    xml: `<ns2:locationResponse xmlns:ns2="${held}">${presence}</ns2:locationResponse>`,
    point: true,
  },
  { name: 'no namespace', xml: `<locationResponse>${presence}</locationResponse>`, point: true },
  {
    name: 'the namespace of a draft',
    xml: `<locationResponse xmlns="http://sample.example/held">${presence}</locationResponse>`,
    point: true,
  },
  {
    name: 'a prefix that is not bound',
    xml: `<held:locationResponse>${presence}</held:locationResponse>`,
    point: true,
  },
  {
    name: 'prefixes bound around the presence',
    xml: `<locationResponse xmlns="${held}" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml"><p:presence xmlns:p="urn:ietf:params:xml:ns:pidf" entity="pres:x@y"><p:tuple id="a"><p:status><gp:geopriv><gp:location-info><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-34.407 150.883</gml:pos></gml:Point></gp:location-info><gp:usage-rules/></gp:geopriv></p:status></p:tuple></p:presence></locationResponse>`,
    point: true,
  },
  {
    name: 'the presence deeper than it belongs',
    xml: `<locationResponse xmlns="${held}"><result>${presence}</result></locationResponse>`,
    point: true,
  },
  {
    name: 'a location without a presence around it',
    xml: `<locationResponse xmlns="${held}">${/<gp:geopriv>.*<\/gp:geopriv>/s.exec(pidfLo)?.[0].replace('<gp:geopriv>', '<gp:geopriv xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml">')}</locationResponse>`,
    point: true,
  },
  { name: 'RFC 6753 §3.2: a presence alone', xml: pidfLo, point: true },
];

describe('HELD answers', () => {
  it.each(answers)('$name', ({ xml, point = false, uris = [], expires }) => {
    const read = answer(xml);
    expect(read).toMatchObject({ kind: 'location', locationUris: uris, expires });
    expect(pointOf(read)).toEqual(point ? [-34.407, 150.883] : undefined);
  });

  it.each<[string, string, string, string]>([
    [
      'RFC 5985 §5.3: with words',
      `<error xmlns="${held}" code="locationUnknown"><message xml:lang="en">Unable to\n determine</message></error>`,
      'locationUnknown',
      'Unable to determine',
    ],
    ['without words', `<error xmlns="${held}" code="timeout"/>`, 'timeout', ''],
    ['with a prefix', `<h:error xmlns:h="${held}" code=" notLocatable "/>`, 'notLocatable', ''],
    ['with a code of its own', '<error code="acme.quota"/>', 'acme.quota', ''],
    ['without a code', '<error><message>no</message></error>', 'unspecified', 'no'],
    [
      'inside of a response',
      `<locationResponse xmlns="${held}"><error code="generalLisError"/></locationResponse>`,
      'generalLisError',
      '',
    ],
    [
      'of many words',
      `<error code="x"><message>${'w'.repeat(5_000)}</message></error>`,
      'x',
      'w'.repeat(200),
    ],
  ])('an error %s', (_name, xml, code, message) => {
    expect(answer(xml)).toEqual({ kind: 'error', code, message });
  });

  it.each([
    ['an empty response', `<locationResponse xmlns="${held}"/>`, 'location.heldEmpty'],
    ['a presence without a location', `<locationResponse><foo/></locationResponse>`, 'location.heldEmpty'],
    ['a page for people', '<html><body>It works</body></html>', 'location.heldUnknown'],
    ['a request', `<locationRequest xmlns="${held}"/>`, 'location.heldUnknown'],
    ['JSON', '{"location":null}', 'location.xmlUnreadable'],
    ['nothing', '', 'location.xmlUnreadable'],
    ['half an answer', `<locationResponse xmlns="${held}">${presence}`, 'location.xmlUnreadable'],
    ['a DOCTYPE', `<!DOCTYPE a SYSTEM "file:///etc/passwd"><locationResponse/>`, 'location.xmlUnreadable'],
    [
      'more than the limit',
      `<error code="x">${' '.repeat(limits.xml.bytesMax)}</error>`,
      'location.xmlUnreadable',
    ],
  ])('%s is none', (_name, xml, code) => {
    const read = readHeldAnswer(Buffer.from(xml), limits);
    expect(!read.ok && read.error.code).toBe(code);
  });

  it('keep no more references than Geolocation values are looked at', () => {
    const uris = Array.from(
      { length: 500 },
      (_, index) => `<locationURI>https://ls.example/${index}</locationURI>`,
    );
    const read = answer(`<locationResponse>${uriSet(uris.join(''))}</locationResponse>`);
    expect(read.kind === 'location' && read.locationUris).toHaveLength(limits.headerValuesMax);
  });

  it('RFC 5985 §11.3: have a media type of their own', () => {
    expect(heldMediaType).toBe('application/held+xml');
  });
});

describe(`HELD answers of ours (seed ${seed})`, () => {
  const references = {
    uris: ['https://esrp.example/location/a?b=1&c=2', 'sips:abc@esrp.example'],
    expires: '2026-11-24T20:00:00Z',
  };

  it('are read as they were written', () => {
    fc.assert(
      fc.property(arbitraryContent, fc.boolean(), (content, hasReferences) => {
        const document = writePidfLo(content);
        const xml = writeLocationResponse({
          pidfLo: document,
          references: hasReferences ? references : undefined,
        });
        const read = answer(xml);
        if (read.kind !== 'location' || read.document === undefined) throw new Error('no location was read');
        expect(read.locationUris).toEqual(hasReferences ? references.uris : []);
        expect(parsePidfLo(read.document, source, limits)).toEqual(
          parsePidfLo(Buffer.from(document), source, limits),
        );
      }),
      { seed },
    );
  });

  it.skipIf(schemasSkipped !== '')(`are valid by the published schemas${schemasSkipped}`, () => {
    fc.assert(
      fc.property(arbitraryContent, (content) => {
        const document = writePidfLo(content);
        expect(schemaErrors('held', writeLocationResponse({ pidfLo: document }))).toEqual([]);
        expect(schemaErrors('held', writeLocationResponse({ pidfLo: document, references }))).toEqual([]);
      }),
      { seed },
    );
    expect(schemaErrors('held', writeLocationResponse({ references }))).toEqual([]);
  });

  const codes: readonly HeldErrorCode[] = [
    ...(['requestError', 'xmlError', 'generalLisError', 'locationUnknown', 'unsupportedMessage'] as const),
    ...(['timeout', 'cannotProvideLiType', 'notLocatable', 'badIdentifier'] as const),
  ];

  it.each(codes)('RFC 5985 §6.3: error %s', (code) => {
    const xml = writeHeldError(code, 'no <such> device & no other');
    expect(answer(xml)).toEqual({ kind: 'error', code, message: 'no <such> device & no other' });
  });

  it.skipIf(schemasSkipped !== '').each(codes)(`error %s is valid${schemasSkipped}`, (code) => {
    expect(schemaErrors('held', writeHeldError(code, 'words'))).toEqual([]);
  });

  it.skipIf(schemasSkipped !== '')(`the schema objects to faults${schemasSkipped}`, () => {
    const request = writeLocationRequest({
      device: [{ kind: 'other', name: 'mac', value: 'A0-12-34-56-78-90' }],
    });
    for (const spoilt of [
      request.replace('A0-', ''),
      request.replaceAll('locationRequest', 'locationQuestion'),
      writeLocationRequest({ locationTypes: ['civic'] }).replace('civic', 'civil'),
      writeHeldError('timeout', '').replace(' code="timeout"', ''),
      writeLocationResponse({ references }).replace(' expires="2026-11-24T20:00:00Z"', ''),
      writeLocationResponse({ pidfLo }).replace('<gp:usage-rules/>', ''),
    ]) {
      expect(schemaErrors('held', spoilt)).not.toEqual([]);
    }
  });
});
