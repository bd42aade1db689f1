import { describe, expect, it } from 'vitest';
import {
  buildPolygonIndex,
  type PolygonIndex,
  polygonIndexFromBytes,
  type Ring,
} from '../../../src/geo/index.ts';

type Polygons = readonly (readonly Ring[])[];

// By number: two that share a border; one with a hole and its island; an enclave's own polygon; two parts on both sides of
// the antimeridian; a cap around the pole; one that turns the other way.
const polygons: readonly Polygons[] = [
  [[box(0, 0, 1, 2)]],
  [[box(1, 0, 2, 2)]],
  [[box(10, 0, 14, 4), [...box(11, 1, 13, 3)].reverse()], [box(11.5, 1.5, 12, 2)]],
  [[box(11, 1, 13, 3), box(11.5, 1.5, 12, 2)]],
  [[box(178, -18, 180, -16)], [box(-180, -18, -179, -16)]],
  [[box(-180, 80, 180, 90)]],
  [[[...box(20, 0, 21, 1)].reverse(), box(20.2, 0.2, 20.4, 0.4)]],
];
const index = buildPolygonIndex(polygons.map((coordinates) => ({ coordinates })));

describe('covering', () => {
  const rows: readonly (readonly [string, number, number, readonly number[]])[] = [
    ['inside', 0.5, 0.5, [0]],
    ['outside', -0.5, 0.5, []],
    ['on a shared border', 1, 0.7, [0, 1]],
    ['on a shared corner', 1, 2, [0, 1]],
    ['on the lower edge', 0.3, 0, [0]],
    ['on the upper edge', 0.3, 2, [0]],
    ['on the left edge', 0, 1.1, [0]],
    ['beside the lower edge', 2.1, 0, []],
    ['beside the upper edge', -0.1, 2, []],
    ['around a hole', 10.5, 0.5, [2]],
    ['in a hole, where the enclave is', 11.2, 1.2, [3]],
    ['on the edge of a hole', 11, 2, [2, 3]],
    ['on a corner of a hole', 13, 3, [2, 3]],
    ['on an island in a hole', 11.7, 1.7, [2]],
    ['on the shore of an island', 12, 1.8, [2, 3]],
    ['left of a hole at the height of its corner', 10.5, 1, [2]],
    ['west of the antimeridian', 179, -17, [4]],
    ['east of the antimeridian', -179.5, -17, [4]],
    ['on the antimeridian, once', 180, -17, [4]],
    ['on the antimeridian, written from the other side', -180, -17, [4]],
    ['north of 80', 33, 85, [5]],
    ['the pole', 77, 90, [5]],
    ['the pole on the antimeridian', 180, 90, [5]],
    ['in a ring that turns clockwise', 20.1, 0.5, [6]],
    ['in a hole that turns the other way', 20.3, 0.3, []],
    ['a hair to the left of the border', 1 - 2 ** -53, 1, [0]],
    ['a hair to the right of the border', 1 + 2 ** -52, 1, [1]],
  ];
  it.each(rows)('%s', (_, lon, lat, expected) => {
    expect(coveringIn(index, lon, lat)).toEqual(expected);
  });

  describe('beside a slanting border, by less than doubles can tell', () => {
    // A third as a double is a little less than a third: the point is below the border, on the right of it.
    const halves = [
      {
        coordinates: [
          [
            [
              [0, 0],
              [3, 1],
              [0, 1],
              [0, 0],
            ],
          ],
        ],
      },
      {
        coordinates: [
          [
            [
              [0, 0],
              [3, 0],
              [3, 1],
              [0, 0],
            ],
          ],
        ],
      },
    ] as const;

    it('decides exactly where asked', () => {
      const exact = buildPolygonIndex(halves, 'exact');
      expect(coveringIn(exact, 1, 1 / 3)).toEqual([1]);
      expect(coveringIn(exact, 1.5, 0.5)).toEqual([0, 1]);
    });

    it('counts the point to both sides as PostGIS does, else', () => {
      const rounded = buildPolygonIndex(halves);
      expect(coveringIn(rounded, 1, 1 / 3)).toEqual([0, 1]);
      expect(coveringIn(rounded, 1.5, 0.5)).toEqual([0, 1]);
      const read = polygonIndexFromBytes(Buffer.concat(rounded.toBytes()), 'exact');
      expect(read.ok && coveringIn(read.value, 1, 1 / 3)).toEqual([1]);
    });
  });

  it('leaves what lies in the list beyond its count', () => {
    const found = [7, 7, 7];
    expect(index.covering(0.5, 0.5, found)).toBe(1);
    expect(found).toEqual([0, 7, 7]);
  });
});

describe('near', () => {
  const metres = 111_195;
  const rows: readonly (readonly [string, number, number, number, readonly (readonly [number, number])[]])[] =
    [
      ['inside', 0.5, 0.5, 1, [[0, 0]]],
      [
        'on a border',
        1,
        1,
        1,
        [
          [0, 0],
          [1, 0],
        ],
      ],
      ['south of two', 0.999, -0.001, 112, [[0, 0.001 * metres]]],
      [
        'south of two, further',
        0.999,
        -0.001,
        160,
        [
          [0, 0.001 * metres],
          [1, 0.001 * Math.SQRT2 * metres],
        ],
      ],
      ['in a hole', 20.3, 0.21, 2_000, [[6, 0.01 * metres]]],
      ['nothing near enough', 5, 5, 1_000, []],
      ['a degree of longitude at 60 degrees', -1, 60, 0, []],
      ['over the antimeridian', -179.9999, -15.9999, 12, [[4, 0.0001 * metres]]],
      ['by the copy at the other side', 179.999_99, 79.999_99, 2, [[5, 0.000_01 * metres]]],
      ['the pole', 0, 90, 1, [[5, 0]]],
    ];
  it.each(rows)('%s', (_, lon, lat, withinM, expected) => {
    const found = [...index.near(lon, lat, withinM)].sort((a, b) => a.no - b.no);
    expect(found.map(({ no }) => no)).toEqual(expected.map(([no]) => no));
    for (const [place, { distanceM }] of found.entries()) {
      expect(Math.abs(distanceM - (expected[place]?.[1] ?? -1))).toBeLessThan(0.001 + distanceM * 1e-6);
    }
  });

  it('measures longitudes by the latitude of the point', () => {
    const [found] = buildPolygonIndex([{ coordinates: [[box(1, 59, 2, 61)]] }]).near(0, 60, 60_000);
    expect(found?.distanceM).toBeCloseTo(metres * Math.cos(Math.PI / 3), 6);
  });

  it('finds a place just west of the antimeridian from just east of it', () => {
    const [found] = buildPolygonIndex([{ coordinates: [[box(170, 0, 179.9999, 1)]] }]).near(
      -179.9999,
      0.5,
      30,
    );
    expect(found?.distanceM).toBeCloseTo(0.0002 * metres * Math.cos((0.5 * Math.PI) / 180), 4);
  });
});

describe('overlaps', () => {
  const rows: readonly (readonly [string, Polygons, readonly (readonly [number, number])[]])[] = [
    [
      'half and half',
      [[box(0.5, 0.5, 1.5, 1.5)]],
      [
        [0, 0.5],
        [1, 0.5],
      ],
    ],
    [
      'seven and three tenths',
      [[box(0.3, 0.5, 1.3, 1.5)]],
      [
        [0, 0.7],
        [1, 0.3],
      ],
    ],
    ['wholly in one', [[box(0.3, 0.5, 0.9, 1.5)]], [[0, 1]]],
    ['its own edges', [[box(0, 0, 1, 2)]], [[0, 1]]],
    [
      'larger than all',
      [[box(-2, -2, 4, 4)]],
      [
        [0, 2 / 36],
        [1, 2 / 36],
      ],
    ],
    ['touching at an edge', [[box(2, 0, 3, 2)]], []],
    ['touching at a corner', [[box(2, 2, 3, 3)]], []],
    ['far away', [[box(-50, -50, -49, -49)]], []],
    ['in a hole', [[box(11.1, 1.1, 11.4, 1.4)]], [[3, 1]]],
    [
      'an island in a hole',
      [[box(11, 1, 13, 3)]],
      [
        [2, 1 / 16],
        [3, 15 / 16],
      ],
    ],
    [
      'a hole and what is around it',
      [[box(10, 0, 14, 4)]],
      [
        [2, 12.25 / 16],
        [3, 3.75 / 16],
      ],
    ],
    [
      'an area with a hole',
      [[box(0, 0, 2, 2), box(0.5, 0.5, 1, 1)]],
      [
        [0, 1.75 / 3.75],
        [1, 2 / 3.75],
      ],
    ],
    [
      'an area in two parts',
      [[box(0.5, 0, 0.6, 0.1)], [box(1.5, 0, 1.6, 0.3)]],
      [
        [0, 0.25],
        [1, 0.75],
      ],
    ],
    [
      'a triangle',
      [
        [
          [
            [0, 0],
            [2, 0],
            [0, 2],
            [0, 0],
          ],
        ],
      ],
      [
        [0, 0.75],
        [1, 0.25],
      ],
    ],
    [
      'a ring that turns clockwise',
      [[[...box(0.5, 0.5, 1.5, 1.5)].reverse()]],
      [
        [0, 0.5],
        [1, 0.5],
      ],
    ],
    ['over the antimeridian', [[box(179.5, -17.5, 181, -16.5)]], [[4, 1]]],
    ['over the antimeridian from the east', [[box(-181, -17.5, -178, -16.5)]], [[4, 2 / 3]]],
    ['around the pole', [[box(-180, 70, 180, 90)]], [[5, 0.5]]],
    ['without extent', [[box(0.5, 0.5, 0.5, 1.5)]], []],
    ['a turned ring with a hole', [[box(20, 0, 21, 1)]], [[6, 0.96]]],
  ];
  it.each(rows)('%s', (_, area, expected) => {
    const found = [...index.overlaps(area)].sort((a, b) => a.no - b.no);
    expect(found.map(({ no }) => no)).toEqual(expected.map(([no]) => no));
    for (const [place, { share }] of found.entries()) {
      expect(Math.abs(share - (expected[place]?.[1] ?? -1))).toBeLessThan(1e-13);
    }
  });
});

describe('bytes', () => {
  it('give the same index', () => {
    const bytes = Buffer.concat(index.toBytes());
    expect(bytes.length).toBe(index.byteLength);
    const read = polygonIndexFromBytes(bytes);
    if (!read.ok) throw new Error(read.error);
    expect(coveringIn(read.value, 11, 2)).toEqual([2, 3]);
    expect(read.value.vertexCount).toBe(index.vertexCount);
    expect(read.value.polygonCount).toBe(polygons.length);
    expect(Buffer.concat(read.value.toBytes()).equals(bytes)).toBe(true);
  });

  it('at any address', () => {
    const bytes = Buffer.concat([Buffer.alloc(3), ...index.toBytes()]).subarray(3);
    const read = polygonIndexFromBytes(bytes);
    expect(read.ok && coveringIn(read.value, 1, 0.7)).toEqual([0, 1]);
  });

  it('of an empty index', () => {
    const empty = buildPolygonIndex([]);
    const read = polygonIndexFromBytes(Buffer.concat(empty.toBytes()));
    expect(read.ok && coveringIn(read.value, 0, 0)).toEqual([]);
    expect(empty.near(0, 0, 1_000)).toEqual([]);
    expect(empty.overlaps([[box(0, 0, 1, 1)]])).toEqual([]);
  });

  it('are refused where they are cut short, longer or damaged', () => {
    const bytes = Buffer.concat(index.toBytes());
    for (let length = 0; length < bytes.length; length += 1) {
      expect(polygonIndexFromBytes(bytes.subarray(0, length)).ok, `${length} bytes`).toBe(false);
    }
    expect(polygonIndexFromBytes(Buffer.concat([bytes, Buffer.alloc(1)]))).toMatchObject({ ok: false });
    const other = Buffer.from(bytes);
    other.fill(0xff, 0, 8);
    expect(polygonIndexFromBytes(other)).toEqual({ ok: false, error: 'it is not an index of this version' });
  });

  it('that are changed anywhere end a lookup all the same', () => {
    const bytes = Buffer.concat(index.toBytes());
    for (let at = 8; at < bytes.length; at += 1) {
      const other = Buffer.from(bytes);
      other[at] = 255 - (other[at] ?? 0);
      const read = polygonIndexFromBytes(other);
      if (read.ok) coveringIn(read.value, 11, 2);
    }
  });
});

describe('building', () => {
  it('numbers polygons in their order, and finds one without rings nowhere', () => {
    const three = buildPolygonIndex([
      { coordinates: [[box(0, 0, 1, 1)]] },
      { coordinates: [] },
      { coordinates: [[box(0, 0, 2, 2)]] },
    ]);
    expect(coveringIn(three, 0.5, 0.5)).toEqual([0, 2]);
    expect(three.polygonCount).toBe(2);
  });

  it.each<readonly [string, Ring]>([
    ['open', box(0, 0, 1, 1).slice(0, 4)],
    [
      'too short',
      [
        [0, 0],
        [1, 1],
        [0, 0],
      ],
    ],
    [
      'not finite',
      [
        [0, 0],
        [1, 0],
        [1, Number.NaN],
        [0, 0],
      ],
    ],
  ])('breaks at a ring that is %s', (_, ring) => {
    expect(() => buildPolygonIndex([{ coordinates: [[ring]] }])).toThrow('a ring of the index');
  });

  it('takes rings without area and corners that repeat', () => {
    const flat = buildPolygonIndex([
      {
        coordinates: [
          [
            [
              [0, 0],
              [1, 0],
              [2, 0],
              [0, 0],
            ],
          ],
          [
            [
              [5, 5],
              [5, 5],
              [6, 5],
              [6, 6],
              [6, 6],
              [5, 5],
            ],
          ],
        ],
      },
    ]);
    expect(coveringIn(flat, 0.5, 0)).toEqual([0]);
    expect(coveringIn(flat, 0.5, 0.1)).toEqual([]);
    expect(coveringIn(flat, 5.7, 5.3)).toEqual([0]);
    expect(coveringIn(flat, 5.3, 5.7)).toEqual([]);
  });
});

function coveringIn(of: PolygonIndex, lon: number, lat: number): readonly number[] {
  const found: number[] = [];
  const count = of.covering(lon, lat, found);
  return found.slice(0, count).sort((a, b) => a - b);
}

function box(west: number, south: number, east: number, north: number): Ring {
  return [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
}
