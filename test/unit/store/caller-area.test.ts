import { describe, expect, it } from 'vitest';
import type { Shape } from '../../../src/geo/index.ts';
import { callerAreaOf } from '../../../src/store/geometry/caller-area.ts';

function circle(lon: number, lat: number, radiusM: number): Shape {
  return { kind: 'circle', center: { lon, lat }, radiusM };
}

function polygon(...corners: readonly (readonly [number, number])[]): Shape {
  return { kind: 'polygon', exterior: corners.map(([lon, lat]) => ({ lon, lat })), interiors: [] };
}

/** The longitudes and latitudes of a polygon's outer ring in WKB: after 13 bytes of head, two doubles each. */
function outerRing(hex: string | undefined): readonly (readonly [number, number])[] {
  const bytes = Buffer.from(hex ?? '', 'hex');
  return Array.from({ length: bytes.readUInt32LE(9) }, (_, index) => [
    bytes.readDoubleLE(13 + index * 16),
    bytes.readDoubleLE(21 + index * 16),
  ]);
}

describe('an area for the database', () => {
  it.each([
    ['away from the antimeridian', circle(10, 50, 1_000), 1],
    ['over it from the west', circle(179.999, 0, 1_000), 2],
    ['over it from the east', circle(-179.999, 0, 1_000), 2],
    ['beside it', circle(-179.9, 0, 1_000), 1],
    ['around a pole', circle(33, 90, 50_000), 2],
    ['all of the Earth', circle(0, 0, 12_000_000), 1],
  ])('%s', (_name, shape, copies) => {
    const area = callerAreaOf(shape);
    expect(area?.copies).toHaveLength(copies);
    const rings = (area?.copies ?? []).map(outerRing);
    for (const ring of rings) {
      expect(ring[0]).toEqual(ring.at(-1));
      expect(ring.every(([, lat]) => Math.abs(lat) <= 90)).toBe(true);
      expect(ring.some(([lon]) => Math.abs(lon) <= 180)).toBe(true);
    }
    const [first, second] = rings;
    const turnDeg = second === undefined ? 360 : Math.abs((second[0]?.[0] ?? 0) - (first?.[0]?.[0] ?? 0));
    expect(turnDeg).toBeCloseTo(360, 9);
  });

  it.each([
    ['a point', { kind: 'point', position: { lon: 0, lat: 0 } }],
    ['no radius', circle(0, 0, 0)],
    ['a radius that is no number', circle(0, 0, Number.NaN)],
    ['a center that is no number', circle(Number.NaN, 0, 10)],
    ['less than a square metre', circle(0, 0, 0.5)],
    ['an open ring', polygon([0, 0], [1, 0], [1, 1], [0, 1])],
    ['a line', polygon([0, 0], [1, 0], [0, 0])],
    ['a sliver', polygon([0, 0], [1, 0], [1, 1e-8], [0, 0])],
    ['a latitude beyond the pole', polygon([0, 0], [1, 0], [1, 91], [0, 0])],
  ] satisfies readonly (readonly [string, Shape])[])('none of %s', (_name, shape) => {
    expect(callerAreaOf(shape)).toBeUndefined();
  });

  it('has its corners on the grid, none of them twice in a row', () => {
    const shape = polygon([0.1234567891234, 0], [1, 0], [1, 1e-12], [1, 1], [0.1234567891234, 0]);
    expect(outerRing(callerAreaOf(shape)?.copies[0])).toEqual([
      [0.123456789, 0],
      [1, 0],
      [1, 1],
      [0.123456789, 0],
    ]);
  });

  it('has a tolerance that grows as it shrinks', () => {
    expect(callerAreaOf(circle(0, 0, 1_000_000))?.tolerance).toBe(1e-9);
    expect(callerAreaOf(circle(0, 0, 100))?.tolerance).toBeCloseTo(4.4e-6, 6);
    expect(callerAreaOf(circle(0, 0, 1))?.tolerance).toBeCloseTo(4.4e-4, 5);
  });
});
