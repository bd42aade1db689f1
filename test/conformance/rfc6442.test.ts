import { describe, expect, it } from 'vitest';
import { headerValues } from '../../src/sip/index.ts';
import { pointPidf } from '../support/emergency-messages.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import { bodyPart, multipart, offersInWords, offersOf } from '../support/location-offers.ts';
import { sipBytes } from '../support/sip-builders.ts';

// Location conveyance (RFC 6442), with what amends it: RFC 2392, RFC 8262, RFC 8787.

const mixed = 'Content-Type: multipart/mixed;boundary=b';
const here = pointPidf({ lon: 2, lat: 1 });
const there = pointPidf({ lon: 4, lat: 3 });
const pidf = 'application/pidf+xml';
const body = multipart('b', bodyPart('application/sdp', '', 'v=0'), bodyPart(pidf, 'loc@a.example', here));

const offered = (...headers: readonly string[]): readonly string[] =>
  offersInWords(offersOf({ headers: [mixed, ...headers], body }));

describe('RFC 6442 §4.1: the Geolocation header field', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['RFC 6442 §4.1: a value in the body', ['Geolocation: <cid:loc@a.example>'], ['point 1 2']],
    [
      'RFC 6442 §4.1: an https reference',
      ['Geolocation: <https://lis.example/x>'],
      ['held https://lis.example/x', 'point 1 2'],
    ],
    [
      'RFC 6442 §4.1: an http reference',
      ['Geolocation: <http://lis.example/x>'],
      ['held http://lis.example/x', 'point 1 2'],
    ],
    [
      'RFC 6442 §4.1: sip, sips and pres references',
      ['Geolocation: <sip:a@lis.example>, <sips:b@lis.example>, <pres:c@lis.example>'],
      [
        'presence sip:a@lis.example',
        'presence sips:b@lis.example',
        'presence pres:c@lis.example',
        'point 1 2',
      ],
    ],
    [
      'RFC 6442 §4.1: several values in one line and in several, in their order',
      ['Geolocation: <https://a.example/1>,\r\n <cid:loc@a.example>', 'Geolocation: <https://a.example/2>'],
      ['held https://a.example/1', 'point 1 2', 'held https://a.example/2'],
    ],
    [
      'RFC 6442 §4.1: parameters that are not known are passed over',
      ['Geolocation: <cid:loc@a.example>;inserted-by=x;used-for-routing'],
      ['point 1 2'],
    ],
    [
      'RFC 6442 §4.1: another scheme is not read, and the next value is',
      ['Geolocation: <ftp://a.example/loc>, <cid:loc@a.example>'],
      ['unsupported location.headerMalformed', 'point 1 2'],
    ],
    [
      'RFC 6442 §4.1: a geo URI has no place there; read after what has',
      ['Geolocation: <geo:5,6;u=7>, <cid:loc@a.example>'],
      ['point 1 2', 'circle 5 6 7'],
    ],
    ['RFC 6442 §4.1: no header at all, and a location in the body', [], ['point 1 2']],
    ['RFC 2392 §2: escapes', ['Geolocation: <cid:%6Coc%40a.example>'], ['point 1 2']],
    ['RFC 2392 §2: the domain in another case', ['Geolocation: <CID:loc@A.Example>'], ['point 1 2']],
    [
      'RFC 2392 §2: another name in another case is another',
      ['Geolocation: <cid:LOC@a.example>'],
      ['unreadable location.partMissing', 'point 1 2'],
    ],
    ['RFC 2392 §2: brackets inside of the URL', ['Geolocation: <cid:%3Cloc@a.example%3E>'], ['point 1 2']],
  ])('%s', (_title, headers, expected) => {
    expect(offered(...headers)).toEqual(expected);
  });

  it('RFC 6442 §4.1: values and parameters leave as they came, in their order', async () => {
    const values = ['<https://a.example/1>;x=y', '<cid:loc@a.example>;loc-src=a.example, <ftp://b>'];
    const proxy = new EmergencyProxy();
    await proxy.send(sipBytes({ extra: [mixed, ...values.map((value) => `Geolocation: ${value}`)], body }));
    const request = gotRequest(proxy.psap);
    expect(headerValues(request, 'geolocation').join(', ')).toBe(values.join(', '));
    expect(request.body.equals(body)).toBe(true);
  });
});

describe('RFC 6442 §4.2: the Geolocation-Routing header field', () => {
  it.each([
    ['yes', 'yes'],
    ['no', 'no'],
    ['No', 'no'],
    ['perhaps;x=y', undefined],
  ])('RFC 6442 §4.2: %s', (value, expected) => {
    expect(offersOf({ headers: [`Geolocation-Routing: ${value}`] }).geolocationRouting).toBe(expected);
  });

  it('RFC 6442 §4.2: absent', () => {
    expect(offersOf({}).geolocationRouting).toBeUndefined();
  });
});

describe('RFC 5491 §3: which of several', () => {
  it('RFC 5491 §3 rule 9: documents in their order, those that the header names first', () => {
    const two = multipart('b', bodyPart(pidf, 'a@x', here), bodyPart(pidf, 'b@x', there));
    expect(offersInWords(offersOf({ headers: [mixed], body: two }))).toEqual(['point 1 2', 'point 3 4']);
    const named = { headers: [mixed, 'Geolocation: <cid:b@x>'], body: two };
    expect(offersInWords(offersOf(named))).toEqual(['point 3 4', 'point 1 2']);
  });
});

describe('RFC 6881 §6.9: several locations', () => {
  it('RFC 6881 §6.9: a derived location is used where there is no other (SP-21)', () => {
    const derived = here.replace('<gp:method>GPS<', '<gp:method>Derived<');
    const two = multipart('b', bodyPart(pidf, 'a@x', derived), bodyPart(pidf, 'b@x', there));
    expect(offersInWords(offersOf({ headers: [mixed, 'Geolocation: <cid:a@x>'], body: two }))).toEqual([
      'point 3 4',
      'point 1 2',
    ]);
  });
});

describe('RFC 8262 §3.3: Content-ID of the whole body', () => {
  it('RFC 8262 §3.3: a body that is no multipart', () => {
    const headers = [
      `Content-Type: ${pidf}`,
      'Content-ID: <body@a.example>',
      'Geolocation: <cid:body@a.example>',
    ];
    const { offers } = offersOf({ headers, body: here });
    expect(offers).toMatchObject([{ location: { source: { partPath: '0', isReferenced: true } } }]);
  });

  it('RFC 8262 §3.3: a multipart, whose location is meant', () => {
    const headers = [mixed, 'Content-ID: <body@a.example>', 'Geolocation: <cid:body@a.example>'];
    const { offers } = offersOf({ headers, body });
    expect(offers).toMatchObject([{ location: { source: { partPath: '2', isReferenced: true } } }]);
  });
});

describe('RFC 8787 §4: who added a location', () => {
  it.each<[string, string, string | undefined, readonly string[]]>([
    ['RFC 8787 §4: a host name', 'edgeproxy.example.com', 'edgeproxy.example.com', []],
    ['RFC 8787 §4: in quotes and upper case', '"LIS.Example.COM"', 'lis.example.com', []],
    ['RFC 8787 §4: an address is none', '192.0.2.9', undefined, ['location.sourceMalformed']],
    ['RFC 8787 §4: an IPv6 address is none', '[2001:db8::1]', undefined, ['location.sourceMalformed']],
  ])('%s', (_title, source, expected, codes) => {
    const value = `<https://lis.example.com:8222/y77syc7cuecbh>;loc-src=${source}`;
    const { offers, warnings } = offersOf({
      headers: [mixed, `Geolocation: <cid:loc@a.example>, ${value}`],
      body,
    });
    expect(offers.map((offer) => (offer.kind === 'refused' ? offer : offer.locationSource))).toEqual([
      undefined,
      expected,
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(codes);
  });
});
