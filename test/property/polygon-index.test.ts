import { featureCollection, intersect, multiPolygon } from '@turf/turf';
import type { MultiPolygon, Polygon } from 'geojson';
import { describe, expect, it } from 'vitest';
import { nationalBoundaries, nationalPlaces, smallNationalSet } from '../../data/national-set.ts';
import { seededFraction } from '../../data/sample-points.ts';
import {
  buildPolygonIndex,
  destination,
  doubleAreaDeg2,
  type FlatRing,
  footprintOf,
  type PolygonIndex,
  type Position,
  polygonIndexBuilder,
  type Ring,
  type Shape,
  type SideRule,
} from '../../src/geo/index.ts';

// The index beside slow ways that need no index: points decided in whole numbers, distances edge by edge, areas cut by a
// sweep line. FIRSTLINE_SEED repeats a run that failed.

const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 1_000_000);
type Polygons = readonly (readonly Ring[])[];
type Corner = readonly [number, number];

describe(`polygons at random, FIRSTLINE_SEED=${seed}`, () => {
  it.each(['exact', 'asPostgis'] as const)(
    'cover the points that whole numbers say they cover, %s',
    (rule) => {
      const random = seededFraction(seed);
      const counts = { inside: 0, outside: 0 };
      for (let round = 0; round < 60; round += 1) {
        const polygons = Array.from({ length: 1 + Math.floor(random() * 40) }, () => randomPolygons(random));
        const index = buildPolygonIndex(
          polygons.map((coordinates) => ({ coordinates })),
          rule,
        );
        for (let place = 0; place < 60; place += 1) {
          const [lon, lat] = awkwardPlace(polygons, random);
          const expected = polygons.flatMap((each, no) => (isCovered(each, lon, lat, rule) ? [no] : []));
          const what = `seed ${seed}, round ${round}, ${lon} ${lat}`;
          expect(coveringIn(index, lon, lat), what).toEqual(expected);
          counts.inside += expected.length;
          counts.outside += polygons.length - expected.length;
        }
      }
      expect(counts.inside).toBeGreaterThan(1_000);
      expect(counts.outside).toBeGreaterThan(1_000);
    },
  );

  it('are as near as the nearest of all their edges', () => {
    const random = seededFraction(seed + 1);
    let foundCount = 0;
    for (let round = 0; round < 60; round += 1) {
      const polygons = Array.from({ length: 20 }, () => randomPolygons(random));
      const index = buildPolygonIndex(polygons.map((coordinates) => ({ coordinates })));
      for (let place = 0; place < 20; place += 1) {
        const [lon, lat] = awkwardPlace(polygons, random);
        const withinM = 1_000_000 * random() ** 4;
        const found = new Map(index.near(lon, lat, withinM).map(({ no, distanceM }) => [no, distanceM]));
        for (const [no, each] of polygons.entries()) {
          const distanceM = isCovered(each, lon, lat, 'asPostgis') ? 0 : edgeDistanceM(each, lon, lat);
          const what = `seed ${seed}, round ${round}, ${lon} ${lat}, ${distanceM} m, polygon ${no}`;
          if (distanceM < withinM * (1 - 1e-9)) {
            expect(Math.abs((found.get(no) ?? -1) - distanceM), what).toBeLessThanOrEqual(
              1e-6 + distanceM * 1e-9,
            );
          } else if (distanceM > withinM * (1 + 1e-9)) expect(found.has(no), what).toBe(false);
        }
        foundCount += found.size;
      }
    }
    expect(foundCount).toBeGreaterThan(1_000);
  });

  it('have the shares of areas that a sweep line gives', () => {
    const random = seededFraction(seed + 2);
    let severalCount = 0;
    for (let round = 0; round < 40; round += 1) {
      const polygons = Array.from({ length: 12 }, () => randomPolygons(random, 'fine'));
      const index = buildPolygonIndex(polygons.map((coordinates) => ({ coordinates })));
      const area =
        round % 2 === 0 ? randomPolygons(random, 'fine') : [footprintOf(randomShape(random)) ?? []];
      const shares = new Map(index.overlaps(area).map(({ no, share }) => [no, share]));
      for (const [no, each] of polygons.entries()) {
        const expected = shareBySweeping(each, area);
        if (expected === undefined) continue;
        const what = `seed ${seed}, round ${round}, polygon ${no}`;
        expect(Math.abs((shares.get(no) ?? 0) - expected), what).toBeLessThan(1e-9);
      }
      if (shares.size > 1) severalCount += 1;
    }
    expect(severalCount).toBeGreaterThan(10);
  }, 60_000);
});

describe(`the national set in small, FIRSTLINE_SEED=${seed}`, () => {
  const boundaries = [...nationalBoundaries(smallNationalSet)];
  const builder = polygonIndexBuilder();
  for (const { rings } of boundaries) builder.add(rings);
  const index = builder.finish();
  const polygons = boundaries.map(({ rings }) => asPolygons(rings));
  const boxes = polygons.map(boxOf);

  it('covers places as whole numbers say: inside once, on borders more often', () => {
    const counts = { anywhere: 0, corner: 0, edge: 0, nearBorder: 0 };
    for (const { kind, position } of nationalPlaces(600, seed, smallNationalSet)) {
      const { lon, lat } = position;
      const expected = polygons.flatMap((each, no) => {
        const [west = 0, south = 0, east = 0, north = 0] = boxes[no] ?? [];
        if (lon < west || lon > east || lat < south || lat > north) return [];
        return isCovered(each, lon, lat, 'asPostgis') ? [no] : [];
      });
      expect(coveringIn(index, lon, lat), `seed ${seed}, ${lon} ${lat}`).toEqual(expected);
      counts[kind] += expected.length;
    }
    expect(counts.anywhere).toBeGreaterThan(380);
    expect(counts.corner).toBeGreaterThan(110);
  });

  it('shares out every area in it among its boundaries, each as much as a sweep line says', () => {
    const random = seededFraction(seed + 3);
    for (let round = 0; round < 60; round += 1) {
      const center = { lon: -120 + random() * 48, lat: 28 + random() * 18 };
      const shape = shapeAt(center, 100 * 2_000 ** random(), round, random);
      const area = [footprintOf(shape) ?? []];
      const found = index.overlaps(area);
      const what = `seed ${seed}, ${JSON.stringify(shape)}`;
      expect(Math.abs(found.reduce((sum, { share }) => sum + share, 0) - 1), what).toBeLessThan(1e-11);
      for (const { no, share } of found) {
        const expected = shareBySweeping(polygons[no] ?? [], area);
        if (expected !== undefined) expect(Math.abs(share - expected), what).toBeLessThan(1e-8);
      }
    }
  });
});

function coveringIn(index: PolygonIndex, lon: number, lat: number): readonly number[] {
  const found: number[] = [];
  const count = index.covering(lon, lat, found);
  return found.slice(0, count).sort((a, b) => a - b);
}

/** A star with a smaller one cut out of it and a third in the hole; on a coarse grid, so that corners fall on each other and on edges. */
function randomPolygons(random: () => number, grid: 'coarse' | 'fine' = 'coarse'): Polygons {
  const center: Corner = [Math.floor(random() * 16) - 8, 40 + Math.floor(random() * 8)];
  const count = 3 + Math.floor(random() ** 3 * 120);
  const size = 0.5 + random() * 4;
  const spokes = Array.from({ length: count }, () => 0.5 + 0.5 * random());
  const turn = random() * 6;
  const ringOf = (part: number): Ring => {
    const corners = spokes.map((spoke, place): Corner => {
      const angle = turn + (2 * Math.PI * place) / count;
      const x = center[0] + size * part * spoke * Math.cos(angle);
      const y = center[1] + size * part * spoke * Math.sin(angle);
      return grid === 'fine' ? [x, y] : [Math.round(x * 8) / 8, Math.round(y * 8) / 8];
    });
    const [first = center] = corners;
    return [...corners, first];
  };
  const rings = [ringOf(1)];
  if (random() < 0.5) rings.push(random() < 0.5 ? ringOf(0.5) : [...ringOf(0.5)].reverse());
  return rings.length > 1 && random() < 0.5 ? [rings, [ringOf(0.2)]] : [rings];
}

/** On a corner, on an edge as exactly as doubles allow, at the height of a corner, on the grid, or anywhere. */
function awkwardPlace(polygons: readonly Polygons[], random: () => number): Corner {
  const any = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)];
  const ring = any(any(any(polygons) ?? []) ?? []) ?? [];
  const at = Math.floor(random() * (ring.length - 1));
  const [x1, y1] = ring[at] ?? [0, 0];
  const [x2, y2] = ring[at + 1] ?? [0, 0];
  const part = random() < 0.5 ? Math.floor(random() * 9) / 8 : random();
  switch (Math.floor(random() * 6)) {
    case 0:
      return [x1, y1];
    case 1:
      return [x1 + part * (x2 - x1), y1 + part * (y2 - y1)];
    case 2:
      return [x1 + part * (x2 - x1), y1 + part * (y2 - y1) + (random() - 0.5) * 2 ** -46];
    case 3:
      return [Math.round(random() * 160 - 80) / 8, y1];
    case 4:
      return [x1, 36 + Math.round(random() * 160) / 8];
    default:
      return [random() * 20 - 10, 36 + random() * 16];
  }
}

/**
 * By even and odd over all edges, in whole numbers: every double here is one of 2^-1000. By the rule of PostGIS an edge
 * also holds the points for which the products come out equal in doubles.
 */
function isCovered(polygons: Polygons, lon: number, lat: number, rule: SideRule): boolean {
  const [x, y] = [whole(lon), whole(lat)];
  let isInside = false;
  for (const ring of polygons.flat()) {
    for (let index = 1; index < ring.length; index += 1) {
      const [lon1, lat1] = ring[index - 1] ?? [0, 0];
      const [lon2, lat2] = ring[index] ?? [0, 0];
      if (lat1 > lat && lat2 > lat) continue;
      if (lat1 < lat && lat2 < lat) continue;
      const [x1, y1, x2, y2] = [whole(lon1), whole(lat1), whole(lon2), whole(lat2)];
      const turn = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1);
      const isBetween = x1 < x2 ? x1 <= x && x <= x2 : x2 <= x && x <= x1;
      const isEqualInDoubles = (lon2 - lon1) * (lat - lat1) === (lon - lon1) * (lat2 - lat1);
      if (isBetween && (turn === 0n || (rule === 'asPostgis' && isEqualInDoubles))) return true;
      if (y1 > y !== y2 > y && (y2 > y1 ? turn > 0n : turn < 0n)) isInside = !isInside;
    }
  }
  return isInside;
}

function whole(value: number): bigint {
  return BigInt(value * 2 ** 1_000);
}

function edgeDistanceM(polygons: Polygons, lon: number, lat: number): number {
  const scale = Math.cos((lat * Math.PI) / 180);
  let least = Infinity;
  for (const ring of polygons.flat()) {
    for (let index = 1; index < ring.length; index += 1) {
      const [lon1, lat1] = ring[index - 1] ?? [0, 0];
      const [lon2, lat2] = ring[index] ?? [0, 0];
      const [x1, y1, x2, y2] = [(lon1 - lon) * scale, lat1 - lat, (lon2 - lon) * scale, lat2 - lat];
      const length = Math.hypot(x2 - x1, y2 - y1);
      const along = length > 0 ? -(x1 * (x2 - x1) + y1 * (y2 - y1)) / length / length : 0;
      const part = Math.min(1, Math.max(0, along));
      least = Math.min(least, Math.hypot(x1 + part * (x2 - x1), y1 + part * (y2 - y1)));
    }
  }
  return least * 111_195;
}

function randomShape(random: () => number): Shape {
  const center = { lon: random() * 16 - 8, lat: 40 + random() * 8 };
  return shapeAt(center, 1_000 * 300 ** random(), Math.floor(random() * 3), random);
}

function shapeAt(center: Position, sizeM: number, kind: number, random: () => number): Shape {
  const turnDeg = random() * 360;
  if (kind % 3 === 0) return { kind: 'circle', center, radiusM: sizeM };
  if (kind % 3 === 1) {
    const [startAngleDeg, openingAngleDeg] = [turnDeg, 5 + random() * 350];
    return {
      kind: 'arcBand',
      center,
      innerRadiusM: sizeM / 3,
      outerRadiusM: sizeM,
      startAngleDeg,
      openingAngleDeg,
    };
  }
  const count = 3 + Math.floor(random() * 10);
  const corners = Array.from({ length: count }, (_, corner) =>
    destination(center, turnDeg - (corner * 360) / count, sizeM * (0.2 + 0.8 * random())),
  );
  return { kind: 'polygon', exterior: [...corners, ...corners.slice(0, 1)], interiors: [] };
}

/** Undefined where the sweep line loses its way among edges that nearly meet, as it does now and then. */
function shareBySweeping(polygons: Polygons, area: Polygons): number | undefined {
  const figures = [multiPolygon(copied(polygons)), multiPolygon(copied(area))];
  let common: Polygon | MultiPolygon | undefined;
  try {
    common = intersect(featureCollection<Polygon | MultiPolygon>(figures))?.geometry;
  } catch {
    return undefined;
  }
  if (common === undefined) return 0;
  const parts = common.type === 'Polygon' ? [common.coordinates] : common.coordinates;
  return areaDeg2(parts) / areaDeg2(area);
}

function copied(polygons: Polygons): number[][][][] {
  return polygons.map((rings) => rings.map((ring) => ring.map(([lon, lat]) => [lon, lat])));
}

function areaDeg2(polygons: readonly (readonly (readonly (readonly number[])[])[])[]): number {
  let sum = 0;
  for (const rings of polygons) {
    for (const [place, ring] of rings.entries()) {
      const twice = doubleAreaDeg2(ring.map(([lon, lat]) => [lon ?? 0, lat ?? 0] as const));
      sum += ((place === 0 ? 1 : -1) * Math.abs(twice)) / 2;
    }
  }
  return sum;
}

function asPolygons(rings: readonly FlatRing[]): Polygons {
  const polygons: Corner[][][] = [];
  for (const { coordinates, isHole } of rings) {
    const ring: Corner[] = [];
    for (let at = 0; at < coordinates.length; at += 2) {
      ring.push([coordinates[at] ?? 0, coordinates[at + 1] ?? 0]);
    }
    if (isHole) polygons.at(-1)?.push(ring);
    else polygons.push([ring]);
  }
  return polygons;
}

function boxOf(polygons: Polygons): readonly [west: number, south: number, east: number, north: number] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of polygons.flat(2)) {
    west = Math.min(west, lon);
    south = Math.min(south, lat);
    east = Math.max(east, lon);
    north = Math.max(north, lat);
  }
  return [west, south, east, north];
}
