import { describe, expect, it } from 'vitest';
import type { Shape } from '../../../src/geo/index.ts';
import {
  areaM2,
  centerOf,
  destination,
  distanceM,
  footprintCorners,
  footprintOf,
  isInPolygon,
  ringsAreaM2,
} from '../../../src/geo/index.ts';

const center = { lon: -73.99, lat: 40.71 };
const box = (west: number, south: number, east: number, north: number) => [
  { lon: west, lat: south },
  { lon: east, lat: south },
  { lon: east, lat: north },
  { lon: west, lat: north },
  { lon: west, lat: south },
];

describe('the end of a geodesic', () => {
  // From GeographicLib's GeodSolve, to the micro-degree.
  it.each<[string, number, number, number, number, number, number]>([
    ['north', 0, 0, 0, 110_574.388558, 0, 1],
    ['east on the equator', 0, 0, 90, 111_319.490793, 1, 0],
    ['a quarter of the meridian', 10, 0, 0, 10_001_965.729, 10, 90],
    ['south over the equator', 0, 1, 180, 2 * 110_574.388558, 0, -1],
  ])('%s', (_name, lon, lat, bearingDeg, lengthM, toLon, toLat) => {
    const end = destination({ lon, lat }, bearingDeg, lengthM);
    expect(end.lat).toBeCloseTo(toLat, 6);
    if (Math.abs(toLat) < 90) expect(end.lon).toBeCloseTo(toLon, 6);
  });

  it('runs over the antimeridian', () => {
    expect(destination({ lon: 179.5, lat: 0 }, 90, 111_319.490793)).toMatchObject({
      lon: expect.closeTo(-179.5, 9),
    });
  });

  it('stays where it is with a length of nothing, and drops the altitude', () => {
    expect(destination({ lon: 1, lat: 2, altM: 3 }, 77, 0)).toEqual({ lon: 1, lat: 2 });
  });
});

const round: readonly [string, Shape][] = [
  ['circle', { kind: 'circle', center, radiusM: 850 }],
  ['large circle', { kind: 'circle', center, radiusM: 50_000 }],
  ['circle on the antimeridian', { kind: 'circle', center: { lon: 180, lat: -17 }, radiusM: 5000 }],
  ['circle on a pole', { kind: 'circle', center: { lon: 0, lat: 90 }, radiusM: 5000 }],
  ['circle over a pole', { kind: 'circle', center: { lon: 20, lat: -89.99 }, radiusM: 30_000 }],
  ['sphere', { kind: 'sphere', center: { ...center, altM: 20 }, radiusM: 50 }],
  ['ellipse', { kind: 'ellipse', center, semiMajorM: 1275, semiMinorM: 670, orientationDeg: 43.2 }],
  [
    'ellipsoid',
    {
      kind: 'ellipsoid',
      center,
      semiMajorM: 7.7,
      semiMinorM: 3.3,
      verticalM: 28.7,
      orientationDeg: 90,
    },
  ],
];
const band = (start: number, opening: number, inner = 3594, outer = 4148): Shape => ({
  kind: 'arcBand',
  center,
  innerRadiusM: inner,
  outerRadiusM: outer,
  startAngleDeg: start,
  openingAngleDeg: opening,
});
const bands: readonly [string, Shape][] = [
  ['narrow band', band(20, 20)],
  ['wide band', band(20, 120)],
  ['band over north', band(350, 40)],
  ['nearly a ring', band(0, 359)],
  ['ring', band(0, 360)],
  ['slice', band(200, 90, 0)],
  ['disc', band(0, 360, 0)],
];

describe('the ground that a shape covers', () => {
  it.each([...round, ...bands])('%s: closed, counter-clockwise, of the right area', (name, shape) => {
    const rings = footprintOf(shape) ?? [];
    expect(rings.length).toBeGreaterThan(0);
    for (const ring of rings) expect(ring.at(-1)).toEqual(ring[0]);
    // Around a pole chords that are straight in longitude are parts of parallels: the corners lie out for nothing.
    expect(Math.abs(ringsAreaM2(rings) / areaM2(shape) - 1)).toBeLessThan(
      name.includes('pole') ? 2e-3 : 3e-4,
    );
  });

  it.each(round)('%s: contains its centre', (_name, shape) => {
    const rings = footprintOf(shape) ?? [];
    const at = centerOf(shape);
    const places = [at, { ...at, lon: at.lon + 360 }, { ...at, lon: at.lon - 360 }];
    // A pole is on the border of every ring through it.
    expect(places.some((place) => isInPolygon(place, rings))).toBe(true);
  });

  it('has its corners on the circle, by the chord that keeps the area', () => {
    const ring = footprintOf({ kind: 'circle', center, radiusM: 1000 })?.[0] ?? [];
    expect(ring).toHaveLength(footprintCorners + 1);
    for (const [lon, lat] of ring) {
      expect(distanceM(center, { lon, lat }) / 1000.8).toBeCloseTo(1, 2);
    }
  });

  it('turns the ellipse by its orientation: clockwise from north', () => {
    const [ring = []] =
      footprintOf({ kind: 'ellipse', center, semiMajorM: 1000, semiMinorM: 10, orientationDeg: 90 }) ?? [];
    const lons = ring.map(([lon]) => lon);
    const lats = ring.map(([, lat]) => lat);
    expect(Math.max(...lons) - Math.min(...lons)).toBeGreaterThan(0.02);
    expect(Math.max(...lats) - Math.min(...lats)).toBeLessThan(0.0002);
  });

  it('is a ring with a hole for an arc band all round', () => {
    expect(footprintOf(band(0, 360))).toHaveLength(2);
    expect(isInPolygon(center, footprintOf(band(0, 360)) ?? [])).toBe(false);
  });

  it('runs on over the antimeridian instead of going round the Earth', () => {
    const [ring = []] =
      footprintOf({ kind: 'polygon', exterior: box(179, 51, -179, 53), interiors: [] }) ?? [];
    const lons = ring.map(([lon]) => lon);
    expect(Math.max(...lons) - Math.min(...lons)).toBe(2);
  });

  it('turns clockwise rings round, and holes the other way', () => {
    const exterior = [...box(0, 0, 4, 4)].reverse();
    const [outer = [], hole = []] =
      footprintOf({ kind: 'polygon', exterior, interiors: [box(1, 1, 2, 2)] }) ?? [];
    expect(outer.slice(0, 2)).toEqual([
      [0, 0],
      [4, 0],
    ]);
    expect(hole.slice(0, 2)).toEqual([
      [1, 1],
      [1, 2],
    ]);
  });

  it.each<[string, Shape]>([
    ['point', { kind: 'point', position: center }],
    ['circle without radius', { kind: 'circle', center, radiusM: 0 }],
    ['ellipse without width', { kind: 'ellipse', center, semiMajorM: 5, semiMinorM: 0, orientationDeg: 0 }],
    ['band without depth', band(0, 90, 5, 5)],
    ['band without opening', band(0, 0)],
    ['polygon without area', { kind: 'polygon', exterior: box(1, 1, 1, 2), interiors: [] }],
  ])('%s: none', (_name, shape) => {
    expect(footprintOf(shape)).toBeUndefined();
    expect(areaM2(shape)).toBe(0);
  });

  it('is everything for what reaches round the Earth', () => {
    const [ring = []] = footprintOf({ kind: 'circle', center, radiusM: 15_000_000 }) ?? [];
    expect(ringsAreaM2([ring]) / 5.1e14).toBeCloseTo(1, 3);
  });

  it('takes the hole from the area', () => {
    const whole = areaM2({ kind: 'polygon', exterior: box(0, 0, 1, 1), interiors: [] });
    const less = areaM2({ kind: 'polygon', exterior: box(0, 0, 1, 1), interiors: [box(0, 0, 0.5, 1)] });
    expect(less / whole).toBeCloseTo(0.5, 6);
    // A square degree at the equator.
    expect(whole / 1.2309e10).toBeCloseTo(1, 3);
  });
});

describe('the place that stands for a shape', () => {
  it.each<[string, Shape, { lon: number; lat: number; altM?: number }]>([
    ['box', { kind: 'polygon', exterior: box(0, 0, 4, 2), interiors: [] }, { lon: 2, lat: 1 }],
    [
      'box with more corners on one side',
      {
        kind: 'polygon',
        exterior: [
          { lon: 0, lat: 0 },
          { lon: 1, lat: 0 },
          { lon: 2, lat: 0 },
          { lon: 3, lat: 0 },
          { lon: 4, lat: 0 },
          { lon: 4, lat: 2 },
          { lon: 0, lat: 2 },
          { lon: 0, lat: 0 },
        ],
        interiors: [],
      },
      { lon: 2, lat: 1 },
    ],
    [
      'box on the antimeridian',
      { kind: 'polygon', exterior: box(179, 51, -179, 53), interiors: [] },
      { lon: 180, lat: 52 },
    ],
    [
      'prism: the middle of its height',
      {
        kind: 'prism',
        base: box(0, 0, 4, 2).map((position) => ({ ...position, altM: 36.6 })),
        heightM: 2.4,
      },
      { lon: 2, lat: 1, altM: 37.8 },
    ],
    [
      'all corners in one line',
      {
        kind: 'polygon',
        exterior: [
          { lon: 0, lat: 0 },
          { lon: 2, lat: 2 },
          { lon: 4, lat: 4 },
          { lon: 0, lat: 0 },
        ],
        interiors: [],
      },
      { lon: 2, lat: 2 },
    ],
  ])('%s', (_name, shape, expected) => {
    const at = centerOf(shape);
    expect(at.lon).toBeCloseTo(expected.lon, 9);
    expect(at.lat).toBeCloseTo(expected.lat, 9);
    if (expected.altM === undefined) expect(at.altM).toBeUndefined();
    else expect(at.altM).toBeCloseTo(expected.altM, 9);
  });

  it('is inside of a polygon whose centroid is not', () => {
    const horseshoe = [
      [0, 0],
      [6, 0],
      [6, 6],
      [4, 6],
      [4, 1],
      [2, 1],
      [2, 6],
      [0, 6],
      [0, 0],
    ] as const;
    const exterior = horseshoe.map(([lon, lat]) => ({ lon, lat }));
    expect(isInPolygon(centerOf({ kind: 'polygon', exterior, interiors: [] }), [horseshoe])).toBe(true);
  });

  it('is not in the hole', () => {
    const exterior = box(0, 0, 4, 4);
    const hole = box(1, 1, 3, 3);
    const rings = footprintOf({ kind: 'polygon', exterior, interiors: [hole] }) ?? [];
    expect(isInPolygon(centerOf({ kind: 'polygon', exterior, interiors: [hole] }), rings)).toBe(true);
  });

  it.each(bands)('%s: in the band, at its middle bearing', (_name, shape) => {
    if (shape.kind !== 'arcBand') throw new Error('a band');
    const at = centerOf(shape);
    const fromCenterM = distanceM(center, at);
    // The sphere's distance is within 0.6 % of the ellipsoid's.
    expect(fromCenterM).toBeGreaterThanOrEqual(shape.innerRadiusM * 0.99);
    expect(fromCenterM).toBeLessThanOrEqual(shape.outerRadiusM * 1.01);
    if (shape.innerRadiusM > 0) {
      const rings = footprintOf(shape) ?? [];
      expect(isInPolygon(at, rings)).toBe(true);
      expect(isInPolygon(center, rings)).toBe(false);
    }
  });

  it('of a narrow band is its centroid (RFC 7459 §5.1.1.1)', () => {
    const o = Math.PI / 9;
    const [r, R] = [3594, 4148];
    const d = (4 * Math.sin(o / 2) * (R * R + R * r + r * r)) / (3 * o * (R + r));
    expect(centerOf(band(20, 20))).toEqual(destination(center, 30, d));
  });
});
