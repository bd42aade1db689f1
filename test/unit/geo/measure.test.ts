import { describe, expect, it } from 'vitest';
import { centerOf, distanceM, isInPolygon, isPositionInRange } from '../../../src/geo/index.ts';

describe('isPositionInRange', () => {
  it.each([
    ['the middle', { lon: 0, lat: 0 }, true],
    ['both edges', { lon: -180, lat: 90 }, true],
    ['beyond the pole', { lon: 0, lat: 90.0000001 }, false],
    ['beyond the date line', { lon: 180.0000001, lat: 0 }, false],
    ['no number', { lon: Number.NaN, lat: 0 }, false],
    ['without end', { lon: 0, lat: Number.POSITIVE_INFINITY }, false],
    ['altitude', { lon: 0, lat: 0, altM: -400 }, true],
    ['altitude that is none', { lon: 0, lat: 0, altM: Number.NaN }, false],
  ])('%s', (_name, position, expected) => {
    expect(isPositionInRange(position)).toBe(expected);
  });
});

describe('distanceM', () => {
  it.each([
    ['no distance', { lon: 10, lat: 50 }, { lon: 10, lat: 50 }, 0],
    ['one degree of latitude', { lon: 0, lat: 0 }, { lon: 0, lat: 1 }, 111_195],
    ['one degree of longitude at 60 north', { lon: 0, lat: 60 }, { lon: 1, lat: 60 }, 55_597],
    ['over the date line', { lon: 179.5, lat: 0 }, { lon: -179.5, lat: 0 }, 111_195],
    ['to the other side', { lon: 0, lat: 0 }, { lon: 180, lat: 0 }, 20_015_087],
    ['New York to Los Angeles', { lon: -73.7781, lat: 40.6413 }, { lon: -118.4085, lat: 33.9416 }, 3_974_200],
  ])('%s', (_name, from, to, expected) => {
    expect(Math.abs(distanceM(from, to) - expected)).toBeLessThanOrEqual(expected * 0.0005);
  });
});

describe('centerOf', () => {
  it('gives a point its own position and a circle its centre', () => {
    const position = { lon: 1, lat: 2 };
    expect(centerOf({ kind: 'point', position })).toBe(position);
    expect(centerOf({ kind: 'circle', center: position, radiusM: 5 })).toBe(position);
  });
});

describe('isInPolygon', () => {
  const square = [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
    [0, 0],
  ] as const;
  const hole = [
    [4, 4],
    [6, 4],
    [6, 6],
    [4, 6],
    [4, 4],
  ] as const;
  it.each([
    ['the inside', { lon: 2, lat: 3 }, true],
    ['the hole', { lon: 5, lat: 5 }, false],
    ['the outside', { lon: 11, lat: 5 }, false],
    ['the border', { lon: 10, lat: 5 }, true],
    ['a longitude that is a latitude', { lon: 5, lat: 11 }, false],
  ])('%s', (_name, position, expected) => {
    expect(isInPolygon(position, [square, hole])).toBe(expected);
  });
});
