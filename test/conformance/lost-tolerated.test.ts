import { describe, expect, it } from 'vitest';
import type { FindService, LostRequest } from '../../src/lost/index.ts';
import {
  chooseLocation,
  defaultLostRequestLimits,
  readLostRequest,
  writeLostRequest,
} from '../../src/lost/index.ts';
import { lostErrorsBy } from '../support/lost-schema.ts';
import { schemasSkipped } from '../support/schemas.ts';

// What clients send beyond the schema, and what is made of it.

const lost = 'xmlns="urn:ietf:params:xml:ns:lost1"';
const gml = 'xmlns:gml="http://www.opengis.net/gml"';
const gs = 'xmlns:gs="http://www.opengis.net/pidflo/1.0"';
const ca = 'xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"';
const crs = 'srsName="urn:ogc:def:crs:EPSG::4326"';
const pos = `<gml:Point ${gml} ${crs}><gml:pos>48.21 16.37</gml:pos></gml:Point>`;
const vienna = { lon: 16.37, lat: 48.21 };
const point = { kind: 'geodetic', shape: { kind: 'point', position: vienna } };

/** A findService with a location of these insides. */
function around(
  inside: string,
  options: { attributes?: string; more?: string; profile?: string } = {},
): string {
  const { attributes = '', more = '', profile = 'geodetic-2d' } = options;
  const named = profile === '' ? '' : ` profile="${profile}"`;
  return `<findService ${lost} ${attributes}><location id="a"${named}>${inside}</location><service>urn:service:sos</service>${more}</findService>`;
}

function read(document: string | Uint8Array): LostRequest {
  const bytes = typeof document === 'string' ? Buffer.from(document) : document;
  const request = readLostRequest(bytes, defaultLostRequestLimits);
  if (!request.ok) throw new Error(`${request.error.code}: ${request.error.message}`);
  return request.value;
}

function find(document: string | Uint8Array): FindService {
  const request = read(document);
  if (request.kind !== 'findService') throw new Error(`read as ${request.kind}`);
  return request;
}

function usedIn(document: string | Uint8Array): unknown {
  const chosen = chooseLocation(find(document).locations);
  return chosen.ok ? chosen.value.value : chosen.error;
}

describe('locations of LoST as clients write them', () => {
  it.each([
    ['in the plain form', pos],
    ['with white space in the position', pos.replace('48.21 16.37', '\n   48.21 \t 16.37\n ')],
    ['with a comma and a space between', pos.replace('48.21 16.37', '48.21, 16.37')],
    ['with the old spelling of the reference system', pos.replace('crs:EPSG::', 'crs::EPSG::')],
    ['without the version of the authority', pos.replace('EPSG::', 'EPSG:')],
    ['by the short name of the reference system', pos.replace('urn:ogc:def:crs:EPSG::4326', 'EPSG:4326')],
    ['without a reference system', pos.replace(crs, '')],
    ['with a prefix that is not bound', pos.replace(gml, '')],
    ['in no namespace of their own', '<Point><pos>48.21 16.37</pos></Point>'],
    ['in the namespace of GML 3.2', pos.replace('gml"', 'gml/3.2"')],
    [
      'by coordinates of GML 2',
      `<gml:Point ${gml} ${crs}><gml:coordinates>48.21N 16.37E</gml:coordinates></gml:Point>`,
    ],
    [
      'inside of location-info',
      `<gp:location-info xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10">${pos}</gp:location-info>`,
    ],
    ['with an element of an extension before the shape', `<x xmlns="urn:example:x"/>${pos}`],
  ])('a point %s', (_name, inside) => {
    expect(usedIn(around(inside))).toEqual(point);
  });

  it('takes longitude first where the reference system has it so', () => {
    const swapped = pos.replace('EPSG::4326', 'OGC::CRS84').replace('48.21 16.37', '16.37 48.21');
    expect(usedIn(around(swapped))).toEqual(point);
  });

  it.each([
    ['GEODETIC-2D', 'in capitals'],
    [' geodetic-2d ', 'with white space around it'],
    ['urn:ietf:params:lost:location-profile:geodetic-2d', 'as a URN'],
    ['civic', 'wrongly'],
    ['', 'not at all'],
  ])('a profile named %j: %s', (profile) => {
    expect(usedIn(around(pos, { profile }))).toEqual(point);
  });

  it.each([
    [
      'circle',
      `<gs:Circle ${gs} ${gml} ${crs}><gml:pos>48.21 16.37</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001"> 30 </gs:radius></gs:Circle>`,
    ],
    [
      'circle',
      `<gml:Circle ${gml} ${crs}><gml:pos>48.21 16.37</gml:pos><gml:radius>30</gml:radius></gml:Circle>`,
    ],
    [
      'ellipse',
      `<gs:Ellipse ${gs} ${gml} ${crs}><gml:pos>48.21 16.37</gml:pos><gs:semiMajorAxis>30</gs:semiMajorAxis><gs:semiMinorAxis>20</gs:semiMinorAxis><gs:orientation>45</gs:orientation></gs:Ellipse>`,
    ],
    [
      'arcBand',
      `<gs:ArcBand ${gs} ${gml} ${crs}><gml:pos>48.21 16.37</gml:pos><gs:innerRadius>0</gs:innerRadius><gs:outerRadius>30</gs:outerRadius><gs:startAngle>0</gs:startAngle><gs:openingAngle>90</gs:openingAngle></gs:ArcBand>`,
    ],
    [
      'polygon',
      `<gml:Polygon ${gml} ${crs}><gml:exterior><gml:LinearRing><gml:posList>48 16 49 16 49 17 48 16</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>`,
    ],
    // Its ring is not closed.
    [
      'polygon',
      `<gml:Polygon ${gml} ${crs}><gml:exterior><gml:LinearRing><gml:posList>48 16 49 16 49 17</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>`,
    ],
    [
      'sphere',
      `<gs:Sphere ${gs} ${gml} srsName="urn:ogc:def:crs:EPSG::4979"><gml:pos>48.21 16.37 200</gml:pos><gs:radius>30</gs:radius></gs:Sphere>`,
    ],
    [
      'prism',
      `<gs:Prism ${gs} ${gml} srsName="urn:ogc:def:crs:EPSG::4979"><gs:base><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>48 16 9 49 16 9 49 17 9 48 16 9</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gs:base><gs:height>3</gs:height></gs:Prism>`,
    ],
  ])('a shape: %s', (kind, inside) => {
    expect(usedIn(around(inside))).toMatchObject({ kind: 'geodetic', shape: { kind } });
  });

  it.each([
    ['in its namespace', `<civicAddress ${ca}><country>at</country><A3> Wien </A3></civicAddress>`],
    ['in no namespace of its own', '<civicAddress><country>AT</country><A3>Wien</A3></civicAddress>'],
    [
      'with a prefix that is not bound',
      '<ca:civicAddress><ca:country>AT</ca:country><ca:A3>Wien</ca:A3></ca:civicAddress>',
    ],
    ['as civilAddress', `<civilAddress ${ca}><country>AT</country><A3>Wien</A3></civilAddress>`],
  ])('an address %s', (_name, inside) => {
    const civic = { country: 'AT', elements: new Map([['A3', 'Wien']]), language: undefined };
    expect(usedIn(around(inside, { profile: 'civic' }))).toEqual({ kind: 'civic', civic });
  });

  it('takes what the profile names where there is a shape and an address', () => {
    const both = `${pos}<civicAddress ${ca}><country>AT</country></civicAddress>`;
    expect(usedIn(around(both))).toMatchObject({ kind: 'geodetic' });
    expect(usedIn(around(both, { profile: 'civic' }))).toMatchObject({ kind: 'civic' });
  });

  it('passes over a broken location where a later one can be used', () => {
    const document = `<findService ${lost}><location id="a" profile="geodetic-2d">${pos.replace('48.21', 'NaN')}</location><location id="b" profile="civic"><civicAddress ${ca}><country>AT</country></civicAddress></location><service>urn:service:sos</service></findService>`;
    const chosen = chooseLocation(find(document).locations);
    expect(chosen.ok && chosen.value.id).toBe('b');
  });
});

describe('requests of LoST as clients write them', () => {
  it.each([
    ['no namespace at all', around(pos).replace(lost, '')],
    [
      'a prefix',
      around(pos)
        .replace(/<(\/?)(findService|location|service)\b/g, '<$1ls:$2')
        .replace('xmlns=', 'xmlns:ls='),
    ],
    [
      'a prefix that is not bound',
      around(pos)
        .replace(/<(\/?)(findService|location|service)\b/g, '<$1ls:$2')
        .replace(lost, ''),
    ],
    [
      'elements in another order',
      `<findService ${lost}><service> urn:service:sos </service><location id="a" profile="geodetic-2d">${pos}</location></findService>`,
    ],
    ['a declaration after an empty line', `\n<?xml version="1.0" encoding="UTF-8"?>\n${around(pos)}`],
    ['an attribute that is not known', around(pos, { attributes: 'version="2"' })],
    ['an element of LoST that is not known', around(pos, { more: '<extra/>' })],
  ])('a findService with %s', (_name, document) => {
    expect(find(document)).toMatchObject({
      service: 'urn:service:sos',
      locations: [{ id: 'a', value: point }],
    });
  });

  it('reads UTF-16 (RFC 5222 §16)', () => {
    const document = Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?>${around(pos)}`, 'utf16le');
    expect(usedIn(document)).toEqual(point);
  });

  it.each([
    ['true', true],
    ['1', true],
    [' TRUE ', true],
    ['false', false],
    ['0', false],
    ['yes', false],
  ])('recursive=%j', (text, expected) => {
    const request = find(around(pos, { attributes: `recursive="${text}" validateLocation="${text}"` }));
    expect([request.isRecursive, request.validatesLocation]).toEqual([expected, expected]);
  });

  it.each([
    [
      'an element of its extension',
      { more: '<asOf xmlns="urn:ietf:params:xml:ns:lostPlannedChange1">2027-01-01T00:00:00Z</asOf>' },
    ],
    ['an element without a prefix', { more: '<asOf>2027-01-01T00:00:00Z</asOf>' }],
    ['an attribute', { attributes: 'asOf="2027-01-01T00:00:00Z"' }],
    [
      'with a time zone',
      {
        more: '<p:asOf xmlns:p="urn:ietf:params:xml:ns:lostPlannedChange1"> 2027-01-01T01:00:00+01:00 </p:asOf>',
      },
    ],
    ['without a time zone', { attributes: 'asOf="2027-01-01T00:00:00"' }],
  ])('asOf: %s', (_name, options) => {
    const { asOf } = find(around(pos, options));
    expect(asOf?.ms).toBe(Date.UTC(2027, 0, 1));
  });

  it('reads the identifiers of call and incident (NENA-STA-010.3 §3.4.10.4)', () => {
    const ids = {
      callId: 'urn:emergency:uid:callid:a:b.example',
      incidentTrackingId: 'urn:emergency:uid:incidentid:c:b.example',
    };
    const element = `<emergencyCallIncidentId xmlns="urn:emergency:xml:ns:lostExt:Ids" callId="${ids.callId}" incidentTrackingId="${ids.incidentTrackingId}"/>`;
    expect(find(around(pos, { more: element })).callIds).toEqual(ids);
    const children = `<i:emergencyCallIncidentId xmlns:i="urn:emergency:xml:ns:lostExt:Ids"><i:callId>${ids.callId}</i:callId><i:incidentTrackingId>${ids.incidentTrackingId}</i:incidentTrackingId></i:emergencyCallIncidentId>`;
    expect(find(around(pos, { more: children })).callIds).toEqual(ids);
  });

  it('reads which further addresses are wanted (extension lost-rli1)', () => {
    const attributes = 'xmlns:rli="urn:ietf:params:xml:ns:lost-rli1" rli:returnAdditionalLocation="similar"';
    expect(find(around(pos, { attributes })).additionalLocation).toBe('similar');
    expect(find(around(pos)).additionalLocation).toBeUndefined();
  });

  it('overlooks recursive on listServices', () => {
    const document = `<listServices ${lost} recursive="true"><service>urn:service:sos</service></listServices>`;
    expect(read(document)).toMatchObject({ kind: 'listServices', service: 'urn:service:sos' });
  });

  it('keeps elements of other namespaces to pass them on, and drops those that would not mean the same', () => {
    const more = '<x:a xmlns:x="urn:example:x" x:b="1"><x:c>text</x:c></x:a><y:unbound/>';
    const request = find(around(pos, { more }));
    expect(request.extensions).toHaveLength(1);
    expect(writeLostRequest(request)).toContain('<x:a xmlns:x="urn:example:x" x:b="1"><x:c>text</x:c></x:a>');
  });

  it('passes a location of an unknown profile on as it stood', () => {
    const document = `<findService ${lost}><location id="p" profile="prism-3d"><x:p xmlns:x="urn:example:x">1 2</x:p></location><location id="a" profile="geodetic-2d">${pos}</location><service>urn:service:sos</service></findService>`;
    const written = writeLostRequest(find(document));
    expect(written).toContain(
      '<location id="p" profile="prism-3d"><x:p xmlns:x="urn:example:x">1 2</x:p></location>',
    );
  });

  it.skipIf(schemasSkipped !== '')(`passes what it repaired on as the schema has it${schemasSkipped}`, () => {
    const document = around('<Point><pos>48.21, 16.37</pos></Point>').replace(lost, '').replace('id="a"', '');
    const written = writeLostRequest(find(document));
    expect(lostErrorsBy('published', written)).toEqual([]);
    expect(usedIn(written)).toEqual(point);
  });
});

describe('requests of LoST that cannot be answered', () => {
  const far = pos.replace('48.21 16.37', '148.21 148.21');
  const mercator = pos.replace('EPSG::4326', 'EPSG::3857');
  const line = `<gml:LineString ${gml} ${crs}><gml:posList>48 16 49 17</gml:posList></gml:LineString>`;
  it.each([
    ['no XML', 'hello', 'lost.xmlUnreadable', 'badRequest'],
    ['an empty body', '', 'lost.xmlUnreadable', 'badRequest'],
    ['XML that is cut off', around(pos).slice(0, -20), 'lost.xmlUnreadable', 'badRequest'],
    ['a DOCTYPE', `<!DOCTYPE a>${around(pos)}`, 'lost.xmlUnreadable', 'badRequest'],
    [
      'another protocol',
      '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"/>',
      'lost.notRequest',
      'badRequest',
    ],
    ['an unknown request', `<findServices ${lost}/>`, 'lost.notRequest', 'badRequest'],
    ['an answer', `<redirect ${lost} target="a.b"/>`, 'lost.notRequest', 'badRequest'],
    ['no service', around(pos).replace(/<service>.*<\/service>/, ''), 'lost.serviceMissing', 'badRequest'],
    ['an empty service', around(pos).replace('urn:service:sos', ' '), 'lost.serviceMissing', 'badRequest'],
    [
      'no location',
      `<findService ${lost}><service>urn:service:sos</service></findService>`,
      'lost.locationMissing',
      'badRequest',
    ],
    ['no key', `<getServiceBoundary ${lost}/>`, 'lost.keyMissing', 'badRequest'],
    [
      'a date that is none',
      around(pos, { more: '<asOf>tomorrow</asOf>' }),
      'lost.momentMalformed',
      'badRequest',
    ],
    [
      'a month that is none',
      around(pos, { attributes: 'asOf="2027-13-01T00:00:00Z"' }),
      'lost.momentMalformed',
      'badRequest',
    ],
    [
      'a profile that is not read',
      around(pos, { profile: 'polar-1d' }),
      'lost.profileUnrecognized',
      'locationProfileUnrecognized',
    ],
    [
      'nothing readable and no profile',
      around('<x xmlns="urn:example:x"/>', { profile: '' }),
      'lost.profileUnrecognized',
      'locationProfileUnrecognized',
    ],
    ['an empty location', around(''), 'lost.locationInvalid', 'locationInvalid'],
    [
      'an empty address',
      around(`<civicAddress ${ca}/>`, { profile: 'civic' }),
      'lost.locationInvalid',
      'locationInvalid',
    ],
    ['a latitude of 148', around(far), 'lost.locationInvalid', 'locationInvalid'],
    [
      'a latitude of -122',
      around(pos.replace('48.21 16.37', '-122 -122')),
      'lost.locationInvalid',
      'locationInvalid',
    ],
    ['NaN', around(pos.replace('48.21', 'NaN')), 'lost.locationInvalid', 'locationInvalid'],
    ['INF', around(pos.replace('48.21', 'INF')), 'lost.locationInvalid', 'locationInvalid'],
    ['a line', around(line), 'lost.locationInvalid', 'locationInvalid'],
    ['another reference system', around(mercator), 'lost.srsInvalid', 'SRSInvalid'],
  ])('%s', (_name, document, code, type) => {
    const request = readLostRequest(Buffer.from(document), defaultLostRequestLimits);
    expect(request).toMatchObject({ ok: false, error: { code, type } });
    // The message is for people, and is no place for a caller's place.
    if (!request.ok) expect(request.error.message).not.toMatch(/48\.21|16\.37|148|-122/);
  });

  it('names the profiles that are not read', () => {
    const request = readLostRequest(
      Buffer.from(around(pos, { profile: 'polar-1d' })),
      defaultLostRequestLimits,
    );
    expect(request).toMatchObject({ error: { unsupportedProfiles: ['polar-1d'] } });
  });

  it.each([
    ['locations', around(pos).replace(/<location.*<\/location>/, (one) => one.repeat(17))],
    ['vias', around(pos, { more: `<path>${'<via source="a.b"/>'.repeat(65)}</path>` })],
    [
      'mappings',
      `<pushMappings xmlns="urn:ietf:params:xml:ns:lostsync1">${`<mapping ${lost} source="a.b" sourceId="1" lastUpdated="2020-01-01T00:00:00Z" expires="NO-CACHE"/>`.repeat(65)}</pushMappings>`,
    ],
  ])('more %s than the limit', (_name, document) => {
    const request = readLostRequest(Buffer.from(document), defaultLostRequestLimits);
    expect(request).toMatchObject({ ok: false, error: { code: 'lost.tooMany', type: 'badRequest' } });
  });

  it.each([
    ['bytes', around(pos, { more: `<!--${'x'.repeat(131_072)}-->` })],
    ['depth', around(pos, { more: '<a>'.repeat(40) + '</a>'.repeat(40) })],
    ['elements', around(pos, { more: '<a/>'.repeat(4_001) })],
  ])('more %s than the limit of the XML', (_name, document) => {
    const request = readLostRequest(Buffer.from(document), defaultLostRequestLimits);
    expect(request).toMatchObject({ ok: false, error: { code: 'lost.xmlUnreadable' } });
  });
});
