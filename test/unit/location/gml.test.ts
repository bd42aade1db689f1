import { describe, expect, it } from 'vitest';
import { point, readInfo, wgs84 } from './support.ts';

const here = { kind: 'point', position: { lon: -73.99, lat: 40.71 } };
const there = { lon: -73.99, lat: 40.71 };
const metre = 'uom="urn:ogc:def:uom:EPSG::9001"';

function circle(radius: string): string {
  return `<gs:Circle ${wgs84}><gml:pos>40.71 -73.99</gml:pos>${radius}</gs:Circle>`;
}

describe('a point (RFC 5491 §5.2.1): read', () => {
  it.each<[string, string, unknown, readonly string[]]>([
    ['in two dimensions', point('40.71 -73.99'), here, []],
    [
      'in three',
      point('40.71 -73.99 12.5', 'srsName="urn:ogc:def:crs:EPSG::4979"'),
      { kind: 'point', position: { ...there, altM: 12.5 } },
      [],
    ],
    ['with white space', point('\r\n\t 40.71\n-73.99 '), here, []],
    ['with exponents and signs', point('+4.071e1 -.7399E+2'), here, []],
    ['with the point at the end', point('40. -73.'), { kind: 'point', position: { lon: -73, lat: 40 } }, []],
    [
      'with many digits',
      point('40.71234567890123 -73.99'),
      { kind: 'point', position: { lon: -73.99, lat: 40.71234567890123 } },
      [],
    ],
    [
      'at the pole and the date line',
      point('-90 180'),
      { kind: 'point', position: { lon: 180, lat: -90 } },
      [],
    ],
    ['with a comma', point('40.71,-73.99'), here, ['separatorRepaired']],
    ['with a comma and a space', point('40.71 , -73.99'), here, ['separatorRepaired']],
    [
      'whole numbers with a comma',
      point('40,-73'),
      { kind: 'point', position: { lon: -73, lat: 40 } },
      ['separatorRepaired'],
    ],
    ['with hemisphere letters', point('40.71N 73.99W'), here, ['hemisphereLetters']],
    ['degree signs', point('40.71° -73.99°'), here, ['signsRepaired']],
    ['a minus of typography', point('40.71 \u221273.99'), here, ['signsRepaired']],
    [
      'degrees, minutes and seconds with their signs',
      point('40°30′00″S 73° 15\' 36"E'),
      { kind: 'point', position: { lon: 73.26, lat: -40.5 } },
      ['signsRepaired', 'hemisphereLetters'],
    ],
    ['degree signs and letters', point('40.71°N 73.99°W'), here, ['signsRepaired', 'hemisphereLetters']],
    ['hemisphere letters, longitude first', point('73.99w 40.71n'), here, ['hemisphereLetters']],
    [
      'degrees, minutes and seconds',
      point('40:30:00S 73:15:36E'),
      { kind: 'point', position: { lon: 73.26, lat: -40.5 } },
      ['hemisphereLetters'],
    ],
    [
      'longitude first, proven by its value',
      point('-122.41 37.77'),
      { kind: 'point', position: { lon: -122.41, lat: 37.77 } },
      ['axisOrderSwapped'],
    ],
    [
      'longitude first by CRS84',
      point('-73.99 40.71', 'srsName="urn:ogc:def:crs:OGC:1.3:CRS84"'),
      here,
      ['srsNameRepaired'],
    ],
    [
      'CRS84 in the wrong order, proven',
      point('37.77 -122.41', 'srsName="OGC:CRS84"'),
      { kind: 'point', position: { lon: -122.41, lat: 37.77 } },
      ['srsNameRepaired', 'axisOrderSwapped'],
    ],
    ['without a reference system', point('40.71 -73.99', ''), here, ['srsNameMissing']],
    [
      'reference system on the position',
      `<gml:Point><gml:pos ${wgs84}>40.71 -73.99</gml:pos></gml:Point>`,
      here,
      ['srsNameRepaired'],
    ],
    ['EPSG spelt short', point('40.71 -73.99', 'srsName="epsg:4326"'), here, ['srsNameRepaired']],
    [
      'EPSG with a version',
      point('40.71 -73.99', 'srsName="urn:ogc:def:crs:EPSG:6.6:4326"'),
      here,
      ['srsNameRepaired'],
    ],
    ['WGS84 by name', point('40.71 -73.99', 'srsName="WGS-84"'), here, ['srsNameRepaired']],
    ['NAD 83', point('40.71 -73.99', 'srsName="urn:ogc:def:crs:EPSG::4269"'), here, ['datumAssumed']],
    [
      'two numbers in a 3-D system',
      point('40.71 -73.99', 'srsName="urn:ogc:def:crs:EPSG::4979"'),
      here,
      ['dimensionMismatch'],
    ],
    [
      'coordinates with a space',
      `<gml:Point ${wgs84}><gml:coordinates>40.71 -73.99</gml:coordinates></gml:Point>`,
      here,
      ['oldCoordinates'],
    ],
    [
      'coordinates with a comma, proven',
      `<gml:Point ${wgs84}><gml:coordinates>-122.41,37.77</gml:coordinates></gml:Point>`,
      { kind: 'point', position: { lon: -122.41, lat: 37.77 } },
      ['oldCoordinates', 'separatorRepaired'],
    ],
    [
      'coord',
      `<gml:Point ${wgs84}><gml:coord><gml:X>40.71</gml:X><gml:Y>-73.99</gml:Y></gml:coord></gml:Point>`,
      here,
      ['oldCoordinates'],
    ],
    ['in the feature of RFC 4119', `<gml:location>${point('40.71 -73.99')}</gml:location>`, here, []],
    [
      'without a namespace',
      `<Point xmlns="" ${wgs84}><pos>40.71 -73.99</pos></Point>`,
      here,
      ['namespaceRepaired', 'namespaceRepaired'],
    ],
    [
      'in the namespace of the document',
      `<Point ${wgs84}><pos>40.71 -73.99</pos></Point>`,
      here,
      ['namespaceRepaired', 'namespaceRepaired'],
    ],
    [
      'with an unbound prefix',
      `<g:Point ${wgs84}><g:pos>40.71 -73.99</g:pos></g:Point>`,
      here,
      ['namespaceRepaired', 'namespaceRepaired'],
    ],
  ])('%s', (_name, info, shape, warnings) => {
    expect(readInfo(info)).toMatchObject({ shape, rejected: [], warnings });
  });
});

describe('a point: rejected, never guessed', () => {
  it.each<[string, string, string]>([
    ['empty', point(''), 'unreadable location.positionMalformed'],
    ['white space', point('  '), 'unreadable location.positionMalformed'],
    ['one number', point('40.71'), 'unreadable location.positionMalformed'],
    ['four numbers', point('1 2 3 4'), 'unreadable location.positionMalformed'],
    ['NaN', point('NaN NaN'), 'unreadable location.positionMalformed'],
    ['INF', point('INF 0'), 'unreadable location.positionMalformed'],
    ['a number too large for a number', point('1e999 0'), 'unreadable location.positionMalformed'],
    ['hexadecimal', point('0x28 0x1'), 'unreadable location.positionMalformed'],
    ['decimal commas', point('40,71 -73,99'), 'unreadable location.positionMalformed'],
    ['a decimal comma on one side', point('40,7 -73'), 'unreadable location.positionMalformed'],
    ['three whole numbers with commas', point('40,7,-73'), 'unreadable location.positionMalformed'],
    ['commas without a number between', point('40.7,,-73.9'), 'unreadable location.positionMalformed'],
    ['a degree sign inside', point('40°71 -73.99'), 'unreadable location.positionMalformed'],
    ['feet for minutes', point("40.71' -73.99'"), 'unreadable location.positionMalformed'],
    ['two signs of minus', point('40.71 \u2212-73.99'), 'unreadable location.positionMalformed'],
    ['full-width digits', point('\uff14\uff10 \uff11'), 'unreadable location.positionMalformed'],
    ['two latitudes by their letters', point('40.71N 73.99N'), 'unreadable location.positionMalformed'],
    ['sixty minutes', point('40:60:00N 73:00:00W'), 'unreadable location.positionMalformed'],
    ['a letter on one side', point('40.71N -73.99'), 'unreadable location.positionMalformed'],
    ['beyond the pole by a rounding', point('90.0000001 0'), 'unreadable location.positionOutOfRange'],
    ['latitude beyond 180', point('181 0'), 'unreadable location.positionOutOfRange'],
    ['longitude beyond 180', point('0.5 181'), 'unreadable location.positionOutOfRange'],
    ['both beyond 90', point('100 120'), 'unreadable location.positionOutOfRange'],
    ['no position', `<gml:Point ${wgs84}/>`, 'unreadable location.positionMissing'],
    [
      'a position of somebody else',
      `<gml:Point ${wgs84}><gml:pos xmlns:gml="urn:evil">40 -73</gml:pos></gml:Point>`,
      'unreadable location.positionMissing',
    ],
    [
      'coordinates that may be either',
      `<gml:Point ${wgs84}><gml:coordinates>-73.99,40.71</gml:coordinates></gml:Point>`,
      'unreadable location.axisOrderAmbiguous',
    ],
    [
      'a projected system',
      point('1 2', 'srsName="urn:ogc:def:crs:EPSG::3857"'),
      'unsupported location.crsUnsupported',
    ],
    [
      'a system that ends like ours',
      point('1 2', 'srsName="urn:ogc:def:crs:EPSG::14326"'),
      'unsupported location.crsUnsupported',
    ],
    ['a line', '<gml:LineString/>', 'unsupported location.shapeUnsupported'],
    ['a solid', '<gml:Solid/>', 'unsupported location.shapeUnsupported'],
    [
      'several points',
      `<gml:MultiPoint ${wgs84}><gml:pointMember>${point('1 2')}</gml:pointMember></gml:MultiPoint>`,
      'unsupported location.shapeUnsupported',
    ],
    [
      'places relative to another (RFC 7035)',
      point('1 2', 'srsName="urn:ietf:params:geopriv:relative:2d"'),
      'unsupported location.crsUnsupported',
    ],
    [
      'a point of somebody else',
      `<e:Point xmlns:e="urn:evil" ${wgs84}><e:pos>1 2</e:pos></e:Point>`,
      'unreadable location.empty',
    ],
    ['nothing', '', 'unreadable location.empty'],
  ])('%s', (_name, info, rejection) => {
    expect(readInfo(info)).toMatchObject({ shape: undefined, rejected: [rejection] });
  });
});

describe('a circle (RFC 5491 §5.2.3)', () => {
  const round = (radiusM: number) => ({ kind: 'circle', center: there, radiusM });
  it.each<[string, string, unknown, readonly string[]]>([
    ['metres', circle(`<gs:radius ${metre}>\n 30.5 </gs:radius>`), round(30.5), []],
    ['no radius to speak of', circle(`<gs:radius ${metre}>0</gs:radius>`), round(0), []],
    [
      'feet',
      circle('<gs:radius uom="urn:ogc:def:uom:EPSG::9002">100</gs:radius>'),
      round(30.48),
      ['unitFoot'],
    ],
    ['metres by another name', circle('<gs:radius uom="m">5</gs:radius>'), round(5), ['unitMissing']],
    ['no unit', circle('<gs:radius>5</gs:radius>'), round(5), ['unitMissing']],
    [
      'radius in the GML namespace',
      circle(`<gml:radius ${metre}>5</gml:radius>`),
      round(5),
      ['namespaceRepaired'],
    ],
    [
      'radius before the position',
      `<gs:Circle ${wgs84}><gs:radius ${metre}>5</gs:radius><gml:pos>40.71 -73.99</gml:pos></gs:Circle>`,
      round(5),
      [],
    ],
    ['no radius', circle(''), here, ['radiusUnusable']],
    ['a negative radius', circle(`<gs:radius ${metre}>-5</gs:radius>`), here, ['radiusUnusable']],
    ['a radius that is no number', circle(`<gs:radius ${metre}>NaN</gs:radius>`), here, ['radiusUnusable']],
    ['a radius beyond the Earth', circle(`<gs:radius ${metre}>1e9</gs:radius>`), here, ['radiusUnusable']],
    [
      'a unit that is none of length',
      circle('<gs:radius uom="urn:ogc:def:uom:EPSG::9102">5</gs:radius>'),
      here,
      ['radiusUnusable'],
    ],
    [
      'circle in the GML namespace',
      `<gml:Circle ${wgs84}><gml:pos>40.71 -73.99</gml:pos><gml:radius ${metre}>5</gml:radius></gml:Circle>`,
      round(5),
      ['namespaceRepaired', 'namespaceRepaired'],
    ],
    [
      'circle by centre point',
      `<gml:CircleByCenterPoint ${wgs84}><gml:pos>40.71 -73.99</gml:pos><gs:radius ${metre}>5</gs:radius></gml:CircleByCenterPoint>`,
      round(5),
      ['shapeSubstituted'],
    ],
  ])('%s', (_name, info, shape, warnings) => {
    expect(readInfo(info)).toMatchObject({ shape, rejected: [], warnings });
  });

  it('without a position is unreadable', () => {
    expect(readInfo(`<gs:Circle ${wgs84}><gs:radius ${metre}>5</gs:radius></gs:Circle>`).rejected).toEqual([
      'unreadable location.positionMissing',
    ]);
  });
});
