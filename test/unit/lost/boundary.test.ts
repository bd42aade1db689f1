import { describe, expect, it } from 'vitest';
import type { LostBoundary } from '../../../src/lost/index.ts';
import { defaultLostAnswerLimits, readLostAnswer } from '../../../src/lost/index.ts';

// Regions as other servers send them: taken exactly, or not at all.

const gml = 'xmlns:gml="http://www.opengis.net/gml"';
const crs = 'srsName="urn:ogc:def:crs:EPSG::4326"';
const ringOf = (corners: string): string =>
  `<gml:LinearRing><gml:posList>${corners}</gml:posList></gml:LinearRing>`;
const square = '0 0 0 2 2 2 2 0 0 0';
const squareRing = [
  [0, 0],
  [2, 0],
  [2, 2],
  [0, 2],
  [0, 0],
];
const polygon = (inside: string, attributes = `${gml} ${crs}`): string =>
  `<gml:Polygon ${attributes}>${inside}</gml:Polygon>`;
const plain = polygon(`<gml:exterior>${ringOf(square)}</gml:exterior>`);

function boundariesIn(inside: string, profile = 'geodetic-2d'): readonly LostBoundary[] {
  const document = `<getServiceBoundaryResponse xmlns="urn:ietf:params:xml:ns:lost1"><serviceBoundary profile="${profile}">${inside}</serviceBoundary></getServiceBoundaryResponse>`;
  const answer = readLostAnswer(Buffer.from(document), defaultLostAnswerLimits);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value.kind === 'getServiceBoundaryResponse' ? answer.value.boundaries : [];
}

describe('a boundary that is read', () => {
  it.each([
    ['a polygon', plain],
    [
      'positions one by one',
      plain.replace(
        /<gml:posList>.*<\/gml:posList>/,
        ['0 0', '0 2', '2 2', '2 0', '0 0'].map((pos) => `<gml:pos>${pos}</gml:pos>`).join(''),
      ),
    ],
    [
      'altitudes',
      polygon(
        `<gml:exterior>${ringOf('0 0 9 0 2 9 2 2 9 2 0 9 0 0 9')}</gml:exterior>`,
        `${gml} srsName="urn:ogc:def:crs:EPSG::4979"`,
      ),
    ],
    [
      'longitude first, said so',
      polygon(
        `<gml:exterior>${ringOf('0 0 2 0 2 2 0 2 0 0')}</gml:exterior>`,
        `${gml} srsName="urn:ogc:def:crs:OGC:1.3:CRS84"`,
      ),
    ],
    ['a ring that is not closed', plain.replace(square, '0 0 0 2 2 2 2 0')],
    ['commas between numbers', plain.replace(square, '0.0,0.0 0.0,2.0 2.0,2.0 2.0,0.0 0.0,0.0')],
    ['exponents', plain.replace(square, '0 0 0 2e0 2 2 2 0 0 0')],
    ['no namespace', plain.replaceAll('gml:', '').replace(gml, '').replace('xmlns:', '')],
    [
      'a surface of one polygon',
      `<gml:MultiSurface ${gml} ${crs}><gml:surfaceMember>${plain}</gml:surfaceMember></gml:MultiSurface>`,
    ],
  ])('%s', (_name, inside) => {
    expect(boundariesIn(inside)).toMatchObject([{ kind: 'polygons', polygons: [[squareRing]] }]);
  });

  it('has holes (RFC 5964 §5)', () => {
    const inside = polygon(
      `<gml:exterior>${ringOf(square)}</gml:exterior><gml:interior>${ringOf('1 1 1.5 1 1.5 1.5 1 1')}</gml:interior>`,
    );
    const hole = [
      [1, 1],
      [1, 1.5],
      [1.5, 1.5],
      [1, 1],
    ];
    expect(boundariesIn(inside)).toMatchObject([{ kind: 'polygons', polygons: [[squareRing, hole]] }]);
  });

  it('adds up from several areas in one element (RFC 5222 §5.5)', () => {
    const two = `${plain}${plain}`;
    expect(boundariesIn(two)).toMatchObject([{ polygons: [[squareRing], [squareRing]] }]);
    const surface = `<gml:MultiSurface ${gml} ${crs}><gml:surfaceMember>${plain}</gml:surfaceMember><gml:surfaceMember>${plain}</gml:surfaceMember></gml:MultiSurface>`;
    expect(boundariesIn(surface)).toMatchObject([{ polygons: [[squareRing], [squareRing]] }]);
  });

  it('may be a circle', () => {
    const circle = `<gs:Circle xmlns:gs="http://www.opengis.net/pidflo/1.0" ${gml} ${crs}><gml:pos>1 2</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">30</gs:radius></gs:Circle>`;
    const shape = { kind: 'circle', center: { lon: 2, lat: 1 }, radiusM: 30 };
    expect(boundariesIn(circle)).toMatchObject([{ kind: 'shapes', shapes: [shape] }]);
  });

  it('may have a ring that crosses itself and more corners than a caller\u2019s area may have', () => {
    const corners = Array.from({ length: 30_000 }, (_, index) => {
      const angle = (2 * Math.PI * index) / 30_000;
      const radius = 1 + 0.5 * (index % 2);
      return `${(radius * Math.sin(angle)).toFixed(6)} ${(radius * Math.cos(angle)).toFixed(6)}`;
    });
    const text = [...corners, corners[0]].join(' ');
    const [boundary] = boundariesIn(plain.replace(square, text));
    expect(boundary?.kind === 'polygons' && boundary.polygons[0]?.[0]?.length).toBe(30_001);
  });
});

describe('a boundary that is not read, and passed on as it stands', () => {
  it.each([
    ['another profile', plain, 'prism-3d'],
    ['another reference system', plain.replace('4326', '3857'), 'geodetic-2d'],
    ['a corner that is none', plain.replace('0 2', '0 x'), 'geodetic-2d'],
    ['a latitude beyond the pole', plain.replace('0 2 2', '95 95 2'), 'geodetic-2d'],
    [
      'a hole that cannot be read',
      polygon(`<gml:exterior>${ringOf(square)}</gml:exterior><gml:interior>${ringOf('1 1')}</gml:interior>`),
      'geodetic-2d',
    ],
    ['a point', `<gml:Point ${gml} ${crs}><gml:pos>1 2</gml:pos></gml:Point>`, 'geodetic-2d'],
    ['a ring without an area', plain.replace(square, '0 0 0 0.001 0 0'), 'geodetic-2d'],
    [
      'a polygon and an address',
      `${plain}<civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"><country>AT</country></civicAddress>`,
      'geodetic-2d',
    ],
    [
      'a radius of an unknown unit',
      `<gs:Circle xmlns:gs="http://www.opengis.net/pidflo/1.0" ${gml} ${crs}><gml:pos>1 2</gml:pos><gs:radius>30</gs:radius></gs:Circle>`,
      'geodetic-2d',
    ],
    ['something else', '<x xmlns="urn:example:x"/>', 'geodetic-2d'],
  ])('%s', (_name, inside, profile) => {
    const [boundary] = boundariesIn(inside, profile);
    expect(boundary).toMatchObject({ kind: 'unreadable', profile });
    expect(boundary?.content?.length).toBeGreaterThan(0);
  });
});
