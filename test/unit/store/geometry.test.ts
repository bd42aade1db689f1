import { describe, expect, it } from 'vitest';
import type { BoundaryGeometry } from '../../../src/esrp/index.ts';
import { formFault, withoutCollapsedRings } from '../../../src/store/geometry/ring-checks.ts';
import { multiPolygonWkb } from '../../../src/store/geometry/wkb.ts';

type Ring = readonly (readonly [number, number])[];
const square: Ring = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
  [0, 0],
];
const line: Ring = [
  [0, 0],
  [1, 1],
  [0, 0],
  [0, 0],
];
const polygons = (...coordinates: readonly (readonly Ring[])[]): BoundaryGeometry => ({
  type: 'MultiPolygon',
  coordinates,
});
const withPosition = (lon: number, lat: number) =>
  polygons([
    [
      [0, 0],
      [lon, lat],
      [1, 1],
      [0, 0],
    ],
  ]);

describe('the form of a geometry', () => {
  it.each([
    ['a square', polygons([square]), undefined],
    ['the whole world', withPosition(180, 90), undefined],
    ['no polygon', polygons(), 'store.emptyGeometry'],
    ['no ring', polygons([]), 'store.emptyGeometry'],
    ['an empty ring', polygons([[]]), 'store.ringTooShort'],
    [
      'three positions',
      polygons([
        [
          [0, 0],
          [1, 1],
          [0, 0],
        ],
      ]),
      'store.ringTooShort',
    ],
    ['an open ring', polygons([square.slice(0, 4)]), 'store.ringOpen'],
    ['an open hole', polygons([square, square.slice(0, 4)]), 'store.ringOpen'],
    ['longitude too large', withPosition(180.1, 0), 'store.coordinateOutOfRange'],
    ['latitude too small', withPosition(0, -90.1), 'store.coordinateOutOfRange'],
    ['not a number', withPosition(Number.NaN, 0), 'store.coordinateOutOfRange'],
    ['infinite', withPosition(0, Number.POSITIVE_INFINITY), 'store.coordinateOutOfRange'],
  ])('%s', (_name, geometry, code) => {
    expect(formFault(geometry)?.code).toBe(code);
  });

  it('loses rings that are points or lines, and polygons whose outer ring is one', () => {
    expect(withoutCollapsedRings(polygons([square, line], [line], [line, square]).coordinates)).toEqual({
      coordinates: [[square]],
      collapsedCount: 3,
    });
    const whole = [[square]];
    expect(withoutCollapsedRings(whole)).toEqual({ coordinates: whole, collapsedCount: 0 });
  });

  it('is written as WKB', () => {
    const wkb = multiPolygonWkb(
      polygons([
        [
          [1, 2],
          [3, 4],
          [5, 6],
          [1, 2],
        ],
      ]),
    );
    expect(wkb.toString('hex')).toBe(
      [
        '01 06000000 01000000',
        '01 03000000 01000000',
        '04000000',
        '000000000000f03f 0000000000000040',
        '0000000000000840 0000000000001040',
        '0000000000001440 0000000000001840',
        '000000000000f03f 0000000000000040',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });
});
