import { describe, expect, it } from 'vitest';
import { seededFraction } from '../../../data/sample-points.ts';
import { convexHull, isRingCrossing, type Ring } from '../../../src/geo/index.ts';
import { isConvex, outerCorners } from '../../../src/location/gml-outline.ts';
import { readInfo, wgs84 } from './support.ts';

const seed = Date.now() % 2 ** 31;

/** A closed ring of corners on a circle, going round so many times. */
function around(count: number, rounds: number): Ring {
  const corners = Array.from({ length: count }, (_, index): readonly [number, number] => {
    const angle = (2 * Math.PI * rounds * index) / count;
    return [Math.cos(angle), Math.sin(angle)];
  });
  return closed(corners);
}

function closed(corners: Ring): Ring {
  return [...corners, ...corners.slice(0, 1)];
}

describe('rings that turn one way', () => {
  it.each<[string, Ring, boolean]>([
    [
      'a triangle',
      closed([
        [0, 0],
        [1, 0],
        [0, 1],
      ]),
      true,
    ],
    [
      'a square',
      closed([
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ]),
      true,
    ],
    [
      'a square that begins in another corner',
      closed([
        [1, 1],
        [0, 1],
        [0, 0],
        [1, 0],
      ]),
      true,
    ],
    ['a circle', around(20, 1), true],
    ['a circle of 5,000 corners', around(5_000, 1), true],
    ['a star of five points, which goes round twice', around(5, 2), false],
    ['a star of 101 points', around(101, 50), false],
    [
      'a square with a corner in an edge',
      closed([
        [0, 0],
        [1, 0],
        [2, 0],
        [2, 2],
        [0, 2],
      ]),
      false,
    ],
    [
      'a square with a dent',
      closed([
        [0, 0],
        [2, 0],
        [1, 1],
        [2, 2],
        [0, 2],
      ]),
      false,
    ],
    [
      'a bow tie',
      closed([
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
      ]),
      false,
    ],
    ['no corner', [], false],
  ])('%s', (_name, ring, expected) => {
    expect(isConvex(ring)).toBe(expected);
    expect(isConvex([...ring].reverse())).toBe(expected);
  });

  it(`never cross themselves (seed ${seed})`, () => {
    const fraction = seededFraction(seed);
    let convex = 0;
    for (let run = 0; run < 20_000; run += 1) {
      const count = 3 + Math.floor(fraction() * 4);
      const ring = closed(Array.from({ length: count }, () => [fraction(), fraction()] as const));
      if (!isConvex(ring)) continue;
      convex += 1;
      expect(isRingCrossing(ring), JSON.stringify(ring)).toBe(false);
    }
    expect(convex).toBeGreaterThan(1_000);
  });
});

describe('outer corners', () => {
  it(`have the same hull as all (seed ${seed})`, () => {
    const fraction = seededFraction(seed);
    let left = 0;
    for (let run = 0; run < 300; run += 1) {
      const step = run % 2 === 0 ? 1 : 20;
      const corners = Array.from({ length: 60 }, () => {
        const [x, y] = [Math.floor((fraction() * 1_000) / step), Math.floor((fraction() * 1_000) / step)];
        return [x, y] as const;
      });
      const outer = outerCorners(corners);
      left += outer.length;
      expect(convexHull(outer)).toEqual(convexHull(corners));
    }
    expect(left).toBeLessThan(300 * 40);
  });
});

describe('the corners of a polygon', () => {
  const cornersOf = (shape: unknown) => (shape as { readonly exterior: readonly unknown[] }).exterior.length;

  /** A comb with its teeth along a parallel: nothing in it is convex, and nothing crosses. */
  function comb(count: number): string {
    const teeth = Array.from({ length: count }, (_, index) => `${index % 2} ${(index / 1_000).toFixed(3)}`);
    const corners = ['-1 0', ...teeth, `-1 ${(count / 1_000).toFixed(3)}`, '-1 0'].join(' ');
    return `<gml:Polygon ${wgs84}><gml:exterior><gml:LinearRing><gml:posList>${corners}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>`;
  }

  it('are compared up to 5,000 and more', () => {
    const { shape, warnings } = readInfo(comb(5_000));
    expect(warnings).toEqual([]);
    expect(cornersOf(shape)).toBe(5_003);
  });

  it('are taken as the area around them beyond 10,000', () => {
    const { shape, warnings } = readInfo(comb(12_000));
    expect(warnings).toEqual(['ringCrossing']);
    expect(cornersOf(shape)).toBeLessThan(10);
  });
});
