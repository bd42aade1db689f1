import { describe, expect, it } from 'vitest';
import { point, readInfo, wgs84 } from './support.ts';

const wgs84Space = 'srsName="urn:ogc:def:crs:EPSG::4979"';
const uom = (code: number | string) => `uom="urn:ogc:def:uom:EPSG::${code}"`;
const at = (lat: number, lon: number, altM?: number) =>
  altM === undefined ? { lon, lat } : { lon, lat, altM };
const measure = (name: string, value: number | string, unit = uom(9001)) =>
  `<gs:${name} ${unit}>${value}</gs:${name}>`;
const angle = (name: string, value: number | string, unit = uom(9102)) => measure(name, value, unit);

function shape(name: string, content: string, pos = '40.5 -73.5', system = wgs84): string {
  return `<gs:${name} ${system}><gml:pos>${pos}</gml:pos>${content}</gs:${name}>`;
}

function polygon(ring: string, rest = '', system = wgs84): string {
  return `<gml:Polygon ${system}><gml:exterior><gml:LinearRing>${ring}</gml:LinearRing></gml:exterior>${rest}</gml:Polygon>`;
}

const list = (text: string) => `<gml:posList>${text}</gml:posList>`;
const square = '40 -74 40 -73 41 -73 41 -74 40 -74';
const squareRing = [at(40, -74), at(40, -73), at(41, -73), at(41, -74), at(40, -74)];
const squareShape = { kind: 'polygon', exterior: squareRing, interiors: [] };
type Row = [name: string, info: string, shape: unknown, warnings: readonly string[]];

function expectRow(_name: string, info: string, expected: unknown, warnings: readonly string[]): void {
  expect(readInfo(info)).toMatchObject({ shape: expected, rejected: [], warnings });
}

const center = at(40.5, -73.5);
const here = { kind: 'point', position: center };
const majorMinor = (major: number | string, minor: number | string) =>
  measure('semiMajorAxis', major) + measure('semiMinorAxis', minor);
const ellipse = (semiMajorM: number, semiMinorM: number, orientationDeg: number) => ({
  kind: 'ellipse',
  center,
  semiMajorM,
  semiMinorM,
  orientationDeg,
});

describe('an ellipse (RFC 5491 §5.2.4)', () => {
  it.each<Row>([
    ['plain', shape('Ellipse', majorMinor(30, 20) + angle('orientation', 45)), ellipse(30, 20, 45), []],
    [
      'in any order',
      `<gs:Ellipse ${wgs84}>${angle('orientation', 45)}${measure('semiMinorAxis', 20)}<gml:pos>40.5 -73.5</gml:pos>${measure('semiMajorAxis', 30)}</gs:Ellipse>`,
      ellipse(30, 20, 45),
      [],
    ],
    [
      'axes exchanged',
      shape('Ellipse', majorMinor(20, 30) + angle('orientation', 300)),
      ellipse(30, 20, 30),
      ['measureSwapped'],
    ],
    [
      'turned more than once',
      shape('Ellipse', majorMinor(30, 20) + angle('orientation', 405)),
      ellipse(30, 20, 45),
      ['angleRepaired'],
    ],
    [
      'turned the other way',
      shape('Ellipse', majorMinor(30, 20) + angle('orientation', -90)),
      ellipse(30, 20, 270),
      ['angleRepaired'],
    ],
    [
      'radians that are degrees',
      shape('Ellipse', majorMinor(30, 20) + angle('orientation', 45, uom(9101))),
      ellipse(30, 20, 45),
      ['angleRepaired'],
    ],
    ['no orientation', shape('Ellipse', majorMinor(30, 20)), ellipse(30, 30, 0), ['measureUnusable']],
    ['no orientation, round', shape('Ellipse', majorMinor(30, 30)), ellipse(30, 30, 0), []],
    [
      'one axis',
      shape('Ellipse', measure('semiMajorAxis', 30) + angle('orientation', 45)),
      ellipse(30, 30, 0),
      ['measureUnusable'],
    ],
    [
      'a negative axis',
      shape('Ellipse', majorMinor(30, -1) + angle('orientation', 45)),
      ellipse(30, 30, 0),
      ['measureUnusable'],
    ],
    ['no axes', shape('Ellipse', angle('orientation', 45)), here, ['radiusUnusable']],
    [
      'in the GML namespace',
      shape('Ellipse', majorMinor(30, 20) + angle('orientation', 45)).replaceAll('gs:', 'gml:'),
      ellipse(30, 20, 45),
      ['namespaceRepaired', 'namespaceRepaired', 'namespaceRepaired', 'namespaceRepaired'],
    ],
  ])('%s', expectRow);
});

const radii = (inner: number | string, outer: number | string) =>
  measure('innerRadius', inner) + measure('outerRadius', outer);
const angles = (start: number | string, opening: number | string, unit = uom(9102)) =>
  angle('startAngle', start, unit) + angle('openingAngle', opening, unit);
const band = (
  innerRadiusM: number,
  outerRadiusM: number,
  startAngleDeg: number,
  openingAngleDeg: number,
) => ({
  kind: 'arcBand',
  center,
  innerRadiusM,
  outerRadiusM,
  startAngleDeg,
  openingAngleDeg,
});

describe('an arc band (RFC 5491 §5.2.5)', () => {
  it.each<Row>([
    ['plain', shape('ArcBand', radii(100, 200) + angles(20, 120)), band(100, 200, 20, 120), []],
    [
      'radii exchanged',
      shape('ArcBand', radii(200, 100) + angles(20, 120)),
      band(100, 200, 20, 120),
      ['measureSwapped'],
    ],
    [
      'no inner radius',
      shape('ArcBand', measure('outerRadius', 200) + angles(20, 120)),
      band(0, 200, 20, 120),
      ['measureUnusable'],
    ],
    [
      'no outer radius',
      shape('ArcBand', measure('innerRadius', 200) + angles(20, 120)),
      here,
      ['radiusUnusable'],
    ],
    ['no angles', shape('ArcBand', radii(100, 200)), band(100, 200, 0, 360), ['measureUnusable']],
    [
      'no opening to speak of',
      shape('ArcBand', radii(100, 200) + angles(20, 0)),
      band(100, 200, 0, 360),
      ['measureUnusable'],
    ],
    [
      'more than all round',
      shape('ArcBand', radii(100, 200) + angles(20, 500)),
      band(100, 200, 20, 360),
      ['angleRepaired'],
    ],
    [
      'the other way round',
      shape('ArcBand', radii(100, 200) + angles(20, -40)),
      band(100, 200, 340, 40),
      ['angleRepaired'],
    ],
    ['all round', shape('ArcBand', radii(100, 200) + angles(0, 360)), band(100, 200, 0, 360), []],
  ])('%s', expectRow);
});

const space = at(40.5, -73.5, 26.3);

describe('bodies in space (RFC 5491 §5.2.6, §5.2.7)', () => {
  it.each<Row>([
    [
      'sphere',
      shape('Sphere', measure('radius', 50), '40.5 -73.5 26.3', wgs84Space),
      { kind: 'sphere', center: space, radiusM: 50 },
      [],
    ],
    [
      'sphere without an altitude',
      shape('Sphere', measure('radius', 50)),
      { kind: 'sphere', center, radiusM: 50 },
      ['dimensionMismatch'],
    ],
    [
      'sphere without an altitude in a 3-D system',
      shape('Sphere', measure('radius', 50), '40.5 -73.5', wgs84Space),
      { kind: 'sphere', center, radiusM: 50 },
      ['dimensionMismatch'],
    ],
    [
      'sphere in a 2-D system',
      shape('Sphere', measure('radius', 50), '40.5 -73.5 26.3'),
      { kind: 'sphere', center: space, radiusM: 50 },
      ['dimensionMismatch'],
    ],
    [
      'sphere without a radius',
      shape('Sphere', '', '40.5 -73.5 26.3', wgs84Space),
      { kind: 'point', position: space },
      ['radiusUnusable'],
    ],
    [
      'ellipsoid',
      shape(
        'Ellipsoid',
        majorMinor(30, 20) + measure('verticalAxis', 10) + angle('orientation', 90),
        '40.5 -73.5 26.3',
        wgs84Space,
      ),
      { ...ellipse(30, 20, 90), kind: 'ellipsoid', center: space, verticalM: 10 },
      [],
    ],
    [
      'ellipsoid without a vertical axis',
      shape('Ellipsoid', majorMinor(30, 20) + angle('orientation', 90), '40.5 -73.5 26.3', wgs84Space),
      { ...ellipse(30, 20, 90), center: space },
      ['measureUnusable'],
    ],
    [
      'ellipsoid without axes',
      shape('Ellipsoid', measure('verticalAxis', 10), '40.5 -73.5 26.3', wgs84Space),
      { kind: 'point', position: space },
      ['radiusUnusable'],
    ],
  ])('%s', expectRow);
});

describe('a polygon (RFC 5491 §5.1, §5.2.2)', () => {
  const corners = (texts: readonly string[]) => texts.map((text) => `<gml:pos>${text}</gml:pos>`).join('');
  const level = squareRing.map((corner) => ({ ...corner, altM: 5 }));
  it.each<Row>([
    ['posList', polygon(list(square)), squareShape, []],
    ['pos by pos', polygon(corners(['40 -74', '40 -73', '41 -73', '41 -74', '40 -74'])), squareShape, []],
    ['white space everywhere', polygon(list(`\n ${square.replaceAll(' ', ' \t\n ')} `)), squareShape, []],
    ['not closed', polygon(list('40 -74 40 -73 41 -73 41 -74')), squareShape, ['ringClosed']],
    ['a corner twice', polygon(list(`40 -74 ${square}`)), squareShape, ['ringRepaired']],
    [
      'clockwise',
      polygon(list('40 -74 41 -74 41 -73 40 -73 40 -74')),
      { ...squareShape, exterior: [...squareRing].reverse() },
      [],
    ],
    ['crossing itself', polygon(list('40 -74 41 -73 41 -74 40 -73 40 -74')), squareShape, ['ringCrossing']],
    [
      'touching itself',
      polygon(list('40 -74 40 -73 40.5 -73.5 41 -73 41 -74 40.5 -73.5 40 -74')),
      squareShape,
      ['ringCrossing'],
    ],
    [
      'going back the way it came',
      polygon(list('40 -74 40 -73 40 -72 40 -73 41 -73 41 -74 40 -74')),
      { kind: 'polygon', interiors: [] },
      ['ringCrossing'],
    ],
    [
      'longitude first, proven by one corner',
      polygon(list('-100 40 -80 40 -80 41 -100 41 -100 40')),
      {
        ...squareShape,
        exterior: [at(40, -100), at(40, -80), at(41, -80), at(41, -100), at(40, -100)],
      },
      ['axisOrderSwapped'],
    ],
    [
      'longitude first by CRS84',
      polygon(list('-74 40 -73 40 -73 41 -74 41 -74 40'), '', 'srsName="urn:ogc:def:crs:OGC::CRS84"'),
      squareShape,
      ['srsNameRepaired'],
    ],
    [
      'in three dimensions',
      polygon(list('40 -74 5 40 -73 5 41 -73 5 41 -74 5 40 -74 5'), '', wgs84Space),
      { ...squareShape, exterior: level },
      [],
    ],
    [
      'in three dimensions by a 2-D system',
      polygon(list('40 -74 5 40 -73 5 41 -73 5 41 -74 5 40 -74 5')),
      { ...squareShape, exterior: level },
      ['dimensionMismatch'],
    ],
    [
      'in three dimensions by a 2-D system, an even count',
      polygon(list('40 -74 5 40 -73 5 41 -73 5 40 -74 5')),
      { kind: 'polygon', exterior: [level[0], level[1], level[2], level[0]] },
      ['dimensionMismatch'],
    ],
    ['in two by a 3-D system', polygon(list(square), '', wgs84Space), squareShape, ['dimensionMismatch']],
    [
      'at different altitudes',
      polygon(corners(['40 -74 9', '40 -73 5', '41 -73 7', '41 -74 9', '40 -74 9']), '', wgs84Space),
      { ...squareShape, exterior: level },
      ['altitudeMismatch'],
    ],
    [
      'commas in the corners',
      polygon(list('40.0,-74.0 40.0,-73.0 41.0,-73.0 41.0,-74.0 40.0,-74.0')),
      squareShape,
      ['separatorRepaired'],
    ],
    [
      'commas between the corners',
      polygon(list('40.0 -74.0, 40.0 -73.0, 41.0 -73.0, 41.0 -74.0, 40.0 -74.0')),
      squareShape,
      ['separatorRepaired'],
    ],
    [
      'hemisphere letters',
      polygon(list('40N 74W 40N 73W 41N 73W 41N 74W 40N 74W')),
      squareShape,
      ['hemisphereLetters'],
    ],
    [
      'coordinates of GML 2',
      polygon('<gml:coordinates>40.0 -74.0 40.0 -73.0 41.0 -73.0 41.0 -74.0 40.0 -74.0</gml:coordinates>'),
      squareShape,
      ['oldCoordinates'],
    ],
    [
      'boundaries of GML 2',
      `<gml:Polygon ${wgs84}><gml:outerBoundaryIs><gml:LinearRing>${list(square)}</gml:LinearRing></gml:outerBoundaryIs></gml:Polygon>`,
      squareShape,
      [],
    ],
    [
      'a ring without its boundary',
      `<gml:Polygon ${wgs84}><gml:LinearRing>${list(square)}</gml:LinearRing></gml:Polygon>`,
      squareShape,
      ['ringRepaired'],
    ],
    ['corners alone', `<gml:Polygon ${wgs84}>${list(square)}</gml:Polygon>`, squareShape, ['ringRepaired']],
    [
      'a boundary without its ring',
      `<gml:Polygon ${wgs84}><gml:exterior>${list(square)}</gml:exterior></gml:Polygon>`,
      squareShape,
      ['ringRepaired'],
    ],
    [
      'a hole',
      polygon(
        list(square),
        `<gml:interior><gml:LinearRing>${list('40.2 -73.8 40.4 -73.8 40.4 -73.6 40.2 -73.8')}</gml:LinearRing></gml:interior>`,
      ),
      {
        ...squareShape,
        interiors: [[at(40.2, -73.8), at(40.4, -73.8), at(40.4, -73.6), at(40.2, -73.8)]],
      },
      ['ringHoles'],
    ],
    [
      'a hole that cannot be read',
      polygon(list(square), `<gml:interior><gml:LinearRing>${list('1 2 x')}</gml:LinearRing></gml:interior>`),
      squareShape,
      ['ringHoles', 'positionMalformed'],
    ],
    [
      'all corners in one place',
      polygon(list('40.5 -73.5 40.5 -73.5 40.5 -73.5 40.5 -73.5')),
      here,
      ['ringRepaired', 'ringDegenerate'],
    ],
    [
      'a line of a few metres',
      polygon(list('40.5 -73.5 40.50001 -73.5 40.50002 -73.5 40.5 -73.5')),
      here,
      ['ringDegenerate'],
    ],
    [
      'around a pole',
      polygon(list('80 0 80 90 80 180 80 -90 80 0')),
      { exterior: [at(80, 0), at(80, 90), at(80, 180), at(80, -90), at(80, 0)] },
      [],
    ],
  ])('%s', expectRow);

  it.each<[string, string, string]>([
    ['no ring', `<gml:Polygon ${wgs84}/>`, 'positionMissing'],
    ['an empty ring', polygon(list(' ')), 'positionMissing'],
    ['two corners far apart', polygon(list('40 -74 41 -73 40 -74')), 'ringDegenerate'],
    ['a long line', polygon(list('40 -74 41 -74 42 -74 43 -74 40 -74')), 'ringDegenerate'],
    ['a number too many', polygon(list(`${square} 40`)), 'positionMalformed'],
    ['no numbers', polygon(list('a b c d')), 'positionMalformed'],
    ['decimal commas', polygon(list('40,7 -73,9 41,2 -73,1 40,7 -73,9')), 'positionMalformed'],
    ['off the Earth', polygon(list('40 -74 40 -73 241 -73 41 -74 40 -74')), 'positionOutOfRange'],
  ])('is refused with %s', (_name, info, code) => {
    expect(readInfo(info)).toMatchObject({ shape: undefined, rejected: [`unreadable location.${code}`] });
  });
});

describe('a prism (RFC 5491 §5.2.8)', () => {
  const cube = '40 -74 5 40 -73 5 41 -73 5 41 -74 5 40 -74 5';
  const base = squareRing.map((corner) => ({ ...corner, altM: 5 }));
  const prism = (inner: string, height: string, system = wgs84Space) =>
    `<gs:Prism ${system}>${inner}${height}</gs:Prism>`;
  const bottom = `<gs:base>${polygon(list(cube), '', '')}</gs:base>`;
  const height = (value: number | string, unit = uom(9001)) => measure('height', value, unit);
  it.each<Row>([
    ['plain', prism(bottom, height(2.5)), { kind: 'prism', base, heightM: 2.5 }, []],
    ['height first', prism(height(2.5), bottom), { kind: 'prism', base, heightM: 2.5 }, []],
    [
      'without a height',
      prism(bottom, ''),
      { kind: 'polygon', exterior: base, interiors: [] },
      ['measureUnusable'],
    ],
    [
      'flat',
      prism(bottom, height(0)),
      { kind: 'polygon', exterior: base, interiors: [] },
      ['measureUnusable'],
    ],
    [
      'downwards',
      prism(bottom, height(-2)),
      { kind: 'prism', base: base.map((corner) => ({ ...corner, altM: 3 })), heightM: 2 },
      ['measureSwapped'],
    ],
    [
      'without a base',
      prism(polygon(list(cube), '', ''), height(2.5)),
      { kind: 'prism', base, heightM: 2.5 },
      ['ringRepaired'],
    ],
    [
      'without an altitude',
      prism(`<gs:base>${polygon(list(square), '', '')}</gs:base>`, height(2.5), wgs84),
      { kind: 'prism', base: squareRing, heightM: 2.5 },
      ['dimensionMismatch'],
    ],
    [
      'the system on the polygon inside',
      prism(`<gs:base>${polygon(list(cube), '', wgs84Space)}</gs:base>`, height(2.5), ''),
      { kind: 'prism', base, heightM: 2.5 },
      ['srsNameRepaired'],
    ],
  ])('%s', expectRow);
});

describe('shapes of GML that one of RFC 5491 stands for', () => {
  const member = (name: string, count = 1) =>
    `<gml:${name}>${polygon(list(square), '', '')}</gml:${name}>`.repeat(count);
  const box = (lower: string, upper: string) =>
    `<gml:Envelope ${wgs84}><gml:lowerCorner>${lower}</gml:lowerCorner><gml:upperCorner>${upper}</gml:upperCorner></gml:Envelope>`;
  it.each<Row>([
    ['Envelope', box('40 -74', '41 -73'), squareShape, ['shapeSubstituted']],
    [
      'Envelope over the antimeridian',
      box('51 179', '53 -179'),
      { exterior: [at(51, 179), at(51, -179), at(53, -179), at(53, 179), at(51, 179)] },
      ['shapeSubstituted'],
    ],
    ['Envelope without an area', box('40.5 -73.5', '40.5 -73.5'), here, ['shapeSubstituted']],
    [
      'MultiSurface of one',
      `<gml:MultiSurface ${wgs84}>${member('surfaceMember')}</gml:MultiSurface>`,
      squareShape,
      ['shapeSubstituted'],
    ],
    [
      'MultiPolygon of one',
      `<gml:MultiPolygon ${wgs84}>${member('polygonMember')}</gml:MultiPolygon>`,
      squareShape,
      ['shapeSubstituted'],
    ],
    [
      'Surface of one patch',
      `<gml:Surface ${wgs84}><gml:patches>${polygon(list(square), '', '').replaceAll('gml:Polygon', 'gml:PolygonPatch')}</gml:patches></gml:Surface>`,
      squareShape,
      ['shapeSubstituted'],
    ],
    [
      'LinearRing alone',
      `<gml:LinearRing ${wgs84}>${list(square)}</gml:LinearRing>`,
      squareShape,
      ['shapeSubstituted', 'ringRepaired'],
    ],
  ])('%s', expectRow);

  it('a wide Envelope is not taken for the rest of the globe', () => {
    const { shape: wide } = readInfo(box('40 -100', '41 110'));
    expect(wide).toMatchObject({ kind: 'polygon', exterior: { length: 9 } });
  });

  it('several polygons are said to be unsupported', () => {
    const info = `<gml:MultiSurface ${wgs84}>${member('surfaceMember', 2)}</gml:MultiSurface>`;
    expect(readInfo(info).rejected).toEqual(['unsupported location.shapeUnsupported']);
  });
});

describe('units (RFC 5491 §5)', () => {
  const lengths: readonly (readonly [string, number, readonly string[]])[] = [
    [uom(9001), 1, []],
    [uom(9002), 0.3048, ['unitFoot']],
    [uom(9003), 1200 / 3937, ['unitFoot']],
    [uom(9036), 1000, ['unitConverted']],
    [uom(9093), 1609.344, ['unitConverted']],
    [uom(9030), 1852, ['unitConverted']],
    ['uom="urn:ogc:def:uom:EPSG:6.6:9001"', 1, ['unitMissing']],
    ['uom="http://www.opengis.net/def/uom/EPSG/0/9001"', 1, ['unitMissing']],
    ['uom="meters"', 1, ['unitMissing']],
    ['uom="ft"', 0.3048, ['unitFoot']],
    ['uom="km"', 1000, ['unitConverted']],
    ['', 1, ['unitMissing']],
  ];
  const rows: Row[] = lengths.flatMap(([unit, metres, warnings]): Row[] => [
    [
      `circle ${unit}`,
      shape('Circle', measure('radius', 10, unit)),
      { kind: 'circle', center, radiusM: 10 * metres },
      warnings,
    ],
    [
      `sphere ${unit}`,
      shape('Sphere', measure('radius', 10, unit), '40.5 -73.5 26.3', wgs84Space),
      { kind: 'sphere', center: space, radiusM: 10 * metres },
      warnings,
    ],
    [
      `ellipse ${unit}`,
      shape(
        'Ellipse',
        measure('semiMajorAxis', 10, unit) + measure('semiMinorAxis', 1) + angle('orientation', 0),
      ),
      ellipse(10 * metres, 1, 0),
      warnings,
    ],
    [
      `arc band ${unit}`,
      shape('ArcBand', measure('innerRadius', 1) + measure('outerRadius', 10, unit) + angles(0, 90)),
      band(1, 10 * metres, 0, 90),
      warnings,
    ],
  ]);
  it.each(rows)('%s', expectRow);

  it.each<[string, string, number, readonly string[]]>([
    ['degrees', uom(9102), 1, []],
    ['radians', uom(9101), 180 / Math.PI, []],
    ['degrees by name', 'uom="degree"', 1, ['unitMissing']],
    ['radians by name', 'uom="rad"', 180 / Math.PI, ['unitMissing', 'unitMissing']],
    ['none', '', 1, ['unitMissing']],
  ])('angles in %s', (_name, unit, factor, warnings) => {
    const { shape: read, warnings: told } = readInfo(
      shape('ArcBand', radii(100, 200) + angles(0.5, 1.5, unit)),
    );
    expect(read).toMatchObject(
      band(100, 200, expect.closeTo(0.5 * factor, 9) as number, expect.closeTo(1.5 * factor, 9) as number),
    );
    expect(new Set(told)).toEqual(new Set(warnings));
  });

  it.each<[string, string]>([
    ['an angle for a length', uom(9102)],
    ['an unknown unit', 'uom="furlong"'],
    ['a long text', `uom="${'m'.repeat(200)}"`],
  ])('%s is no unit of length', (_name, unit) => {
    expect(readInfo(shape('Circle', measure('radius', 10, unit)))).toMatchObject({
      shape: here,
      warnings: ['radiusUnusable'],
    });
  });

  it.each(['-1', '1e9', 'NaN', 'INF', '', '0x10', '1,5'])('%s is no length', (value) => {
    expect(readInfo(shape('Circle', measure('radius', value))).shape).toEqual(here);
  });
});

it('takes the next shape of a location-info where one cannot be used', () => {
  expect(readInfo(`<gml:LineString ${wgs84}/>${point('40.5 -73.5')}`)).toMatchObject({
    shape: here,
    rejected: ['unsupported location.shapeUnsupported'],
  });
});
