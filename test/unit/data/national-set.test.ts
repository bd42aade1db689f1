import { describe, expect, it } from 'vitest';
import {
  nationalBoundaries,
  nationalBoundaryId,
  nationalPlaces,
  nationalSet,
  nationalSetLines,
  smallNationalSet,
} from '../../../data/national-set.ts';
import type { BoundaryGeometry } from '../../../src/esrp/index.ts';
import { isRingCrossing, polygonIndexBuilder, type Ring } from '../../../src/geo/index.ts';

const small = [...nationalBoundaries(smallNationalSet)];

describe('the national set', () => {
  it('has 10,000 boundaries of 10 million vertices, one of them of half a million', () => {
    let [count, vertexCount, largest] = [0, 0, 0];
    for (const { rings } of nationalBoundaries()) {
      const vertices = rings.reduce((sum, { coordinates }) => sum + coordinates.length / 2, 0);
      count += 1;
      vertexCount += vertices;
      largest = Math.max(largest, vertices);
    }
    expect(count).toBe(10_000);
    expect(Math.abs(vertexCount / 10_000_000 - 1)).toBeLessThan(0.02);
    expect(Math.abs(largest / 500_000 - 1)).toBeLessThan(0.02);
  });

  it('is as small as asked, and the same each time', () => {
    expect(small).toHaveLength(150);
    expect(small.map(({ ordinal }) => ordinal)).toEqual(small.map((_, index) => index + 1));
    expect([...nationalBoundaries(smallNationalSet)]).toEqual(small);
    expect([...nationalBoundaries({ ...smallNationalSet, seed: 2 })]).not.toEqual(small);
  });

  it('has islands, enclaves, islands in them, a largest one, and one at the antimeridian', () => {
    const kinds = small.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'enclave').length).toBeGreaterThan(2);
    expect(kinds.filter((kind) => kind === 'largest')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'antimeridian')).toHaveLength(1);
    const outerCounts = small.map(({ rings }) => rings.filter(({ isHole }) => !isHole).length);
    expect(outerCounts.filter((outer) => outer > 1).length).toBeGreaterThan(10);
    expect(small.some(({ kind, rings }) => kind === 'enclave' && rings.some(({ isHole }) => isHole))).toBe(
      true,
    );
    const antimeridian = small.find(({ kind }) => kind === 'antimeridian');
    const lons = antimeridian?.rings.map(({ coordinates }) =>
      coordinates.filter((_, index) => index % 2 === 0),
    );
    expect(lons?.map((each) => [Math.min(...each), Math.max(...each)])).toEqual([
      [expect.closeTo(177.5, 0), 180],
      [-180, expect.closeTo(-178, 0)],
    ]);
  });

  it('has rings that do not cross themselves', () => {
    for (const { ordinal, rings } of small) {
      for (const { coordinates } of rings) {
        expect(isRingCrossing(ringOf(coordinates)), `boundary ${ordinal}`).toBe(false);
      }
    }
  });

  it('has each inner edge twice, once each way, and each outer one once', () => {
    const counts = new Map<string, number>();
    for (const { kind, rings } of small) {
      if (kind === 'antimeridian') continue;
      for (const { coordinates } of rings) {
        for (let at = 0; at + 3 < coordinates.length; at += 2) {
          const [from, to] = [coordinates.slice(at, at + 2).join(), coordinates.slice(at + 2, at + 4).join()];
          const key = from < to ? `${from} ${to}` : `${to} ${from}`;
          counts.set(key, (counts.get(key) ?? 0) + (from < to ? 1 : 1_000));
        }
      }
    }
    const inner = [...counts.values()].filter((count) => count === 1_001).length;
    const outer = [...counts.values()].filter((count) => count === 1 || count === 1_000).length;
    expect(inner + outer).toBe(counts.size);
    expect(inner).toBeGreaterThan(10_000);
    expect(outer).toBeGreaterThan(3_000);
  });

  it('covers every place in it exactly once, borders apart', () => {
    const builder = polygonIndexBuilder();
    for (const { rings } of small) builder.add(rings);
    const index = builder.finish();
    const counts = { anywhere: [0, 0, 0, 0, 0], corner: [0, 0, 0, 0, 0], edge: [0, 0, 0, 0, 0] };
    for (const { kind, position } of nationalPlaces(3_000, 5, smallNationalSet)) {
      if (kind === 'nearBorder') continue;
      const count = index.covering(position.lon, position.lat, []);
      counts[kind][count] = (counts[kind][count] ?? 0) + 1;
    }
    expect(counts.anywhere[1]).toBeGreaterThan(1_900);
    expect(counts.anywhere.slice(2)).toEqual([0, 0, 0]);
    expect(counts.corner[0]).toBe(0);
    expect(counts.corner[2]).toBeGreaterThan(250);
  });
});

describe('what is loaded', () => {
  it('are features of the same rings', async () => {
    let count = 0;
    for await (const source of nationalSet(smallNationalSet)) {
      if (source.kind !== 'feature') throw new Error(source.kind);
      const { boundaryId, geometry } = source.feature;
      expect(boundaryId).toBe(nationalBoundaryId(count + 1));
      const corners = geometry.coordinates.flat(2).length;
      const rings = small[count]?.rings ?? [];
      expect(corners).toBe(rings.reduce((sum, { coordinates }) => sum + coordinates.length / 2, 0));
      count += 1;
    }
    expect(count).toBe(small.length);
  });

  it('are lines of GeoJSON of the same coordinates', async () => {
    const lines = [...nationalSetLines(smallNationalSet)];
    const geometries: BoundaryGeometry[] = [];
    for await (const source of nationalSet(smallNationalSet)) {
      if (source.kind === 'feature') geometries.push(source.feature.geometry);
    }
    expect(lines.map((line) => JSON.parse(line).geometry)).toEqual(geometries);
  });
});

describe('places', () => {
  it('are the same for the same seed', () => {
    const places = [...nationalPlaces(90, 1, smallNationalSet)];
    expect([...nationalPlaces(90, 1, smallNationalSet)]).toEqual(places);
    expect([...nationalPlaces(90, 2, smallNationalSet)]).not.toEqual(places);
    expect(places.filter(({ kind }) => kind === 'anywhere')).toHaveLength(60);
    for (const kind of ['corner', 'edge', 'nearBorder']) {
      expect(places.filter((place) => place.kind === kind)).toHaveLength(10);
    }
  });
});

function ringOf(coordinates: Float64Array): Ring {
  const ring: (readonly [number, number])[] = [];
  for (let at = 0; at < coordinates.length; at += 2) {
    ring.push([coordinates[at] ?? 0, coordinates[at + 1] ?? 0]);
  }
  return ring;
}
