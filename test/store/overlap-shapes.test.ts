import { featureCollection, intersect, multiPolygon, polygon } from '@turf/turf';
import type { MultiPolygon, Polygon } from 'geojson';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededFraction } from '../../data/sample-points.ts';
import { usCounties, usCountyCount, usCountyPsaps } from '../../data/us-counties.ts';
import type { BoundaryAdmin, BoundaryGeometry, BoundaryLookup, LookupAnswer } from '../../src/esrp/index.ts';
import { destination, doubleAreaDeg2, footprintOf, type Position, type Shape } from '../../src/geo/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { callerAreaOf } from '../../src/store/geometry/caller-area.ts';
import { actor, drivers, recordingLogger, sos, type TestDatabase, testNow } from './harness.ts';

// Areas of every flat shape at random places over the demo counties: the databases held to each other, and to a clipping
// of another kind over the whole polygons (a sweep line in JavaScript, as turf has it).

const scope = { services: [sos], asOf: testNow, deadlineMs: 20_000 } as const;
const seed = 20_261_123;
const shapeCount = 500;
/** Both clip polygons of the same corners; more than this is no rounding. */
const tolerance = 1e-6;

interface Share {
  readonly id: string;
  readonly share: number;
}

interface Stored {
  readonly id: string;
  readonly geometry: BoundaryGeometry;
  readonly box: readonly [west: number, south: number, east: number, north: number];
}

const shapes = randomShapes();
const answersBefore: { readonly driver: string; readonly answers: readonly (readonly Share[])[] }[] = [];

describe.each(drivers)('random areas over the counties on $name', ({ name, isThere, open }) => {
  describe.skipIf(!isThere)(`seed ${seed}`, () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let boundaries: BoundaryAdmin;

    beforeAll(async () => {
      test = await open();
      lookup = makeBoundaryLookup(test.database);
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const outcome = await boundaries.load(usCountyPsaps(), {
        name: 'counties',
        source: 'us-atlas',
        actor,
        invalidGeometry: 'repair',
      });
      if (outcome.kind === 'loaded') await boundaries.activate(outcome.dataset.id, actor);
    });
    afterAll(async () => await test.close());

    it('are refused where too many parts of boundaries lie in their box, and the session goes on', async () => {
      const center = { lon: -90, lat: 38 };
      const large: Shape = { kind: 'circle', center, radiusM: 1_000_000 };
      await expect(lookup.byArea(large, scope)).rejects.toMatchObject({ code: 'store.areaTooLarge' });
      expect(await lookup.byPoint(center, scope)).toMatchObject({ kind: 'found', rule: 'covers' });
    });

    it('have the shares that another way of clipping gives, and the same on each database', async () => {
      const stored = await storedCounties(boundaries);
      expect(stored).toHaveLength(usCountyCount);
      const answers: (readonly Share[])[] = [];
      let severalCount = 0;
      for (const shape of shapes) {
        const found = sharesOf(await lookup.byArea(shape, scope));
        answers.push(found);
        const least = 2 * (callerAreaOf(shape)?.tolerance ?? 0) + tolerance;
        const expected = sharesByClipping(shape, stored);
        const what = `${JSON.stringify(shape)}: ${JSON.stringify(found)}, ${JSON.stringify(expected)}`;
        for (const { id, share } of found) {
          expect(Math.abs((expected.get(id) ?? 0) - share), what).toBeLessThan(least);
        }
        if (found.length === 20) continue;
        const missing = [...expected].filter(
          ([id, share]) => share > least && !found.some((each) => each.id === id),
        );
        expect(missing, what).toEqual([]);
        if (found.length > 1) severalCount += 1;
        for (const [index, { share }] of found.entries()) {
          expect(share, what).toBeLessThanOrEqual(found[index - 1]?.share ?? 1);
        }
      }
      expect(severalCount).toBeGreaterThan(shapeCount / 4);

      for (const before of answersBefore) {
        for (const [index, found] of answers.entries()) {
          const other = before.answers[index] ?? [];
          expect(
            found.map(({ id }) => id),
            `${before.driver}, ${JSON.stringify(shapes[index])}`,
          ).toEqual(other.map(({ id }) => id));
          for (const [place, { share }] of found.entries()) {
            expect(Math.abs(share - (other[place]?.share ?? -1))).toBeLessThan(tolerance);
          }
        }
      }
      answersBefore.push({ driver: name, answers });
    }, 300_000);
  });
});

function sharesOf(answer: LookupAnswer): readonly Share[] {
  if (answer.kind !== 'found') return [];
  return answer.matches.map(({ boundaryId, share }) => ({ id: boundaryId, share: share ?? -1 }));
}

/** Half of the places are corners of counties, where several meet; sizes from 20 m to 60 km, small ones as often as large. */
function randomShapes(): readonly Shape[] {
  const random = seededFraction(seed);
  const counties = [...usCounties()];
  return Array.from({ length: shapeCount }, (_, index) => {
    const ring = counties[Math.floor(random() * counties.length)]?.geometry.coordinates[0]?.[0] ?? [];
    const [lon, lat] = ring[Math.floor(random() * ring.length)] ?? [0, 0];
    const sizeM = 20 * 3_000 ** random();
    const near = destination({ lon, lat }, random() * 360, random() * sizeM);
    const center = index % 2 === 0 ? near : { lon: -120 + random() * 45, lat: 30 + random() * 18 };
    return shapeAt(center, sizeM, index, random);
  });
}

function shapeAt(center: Position, sizeM: number, index: number, random: () => number): Shape {
  const turnDeg = random() * 360;
  switch (index % 4) {
    case 0:
      return { kind: 'circle', center, radiusM: sizeM };
    case 1:
      return {
        kind: 'ellipse',
        center,
        semiMajorM: sizeM,
        semiMinorM: sizeM * (0.1 + 0.9 * random()),
        orientationDeg: turnDeg,
      };
    case 2: {
      const innerRadiusM = sizeM * 0.9 * random();
      const openingAngleDeg = 5 + random() * 355;
      return {
        kind: 'arcBand',
        center,
        innerRadiusM,
        outerRadiusM: sizeM,
        startAngleDeg: turnDeg,
        openingAngleDeg,
      };
    }
    default: {
      const count = 3 + Math.floor(random() * 10);
      const corners = Array.from({ length: count }, (_, corner) =>
        destination(center, turnDeg - (corner * 360) / count, sizeM * (0.2 + 0.8 * random())),
      );
      return { kind: 'polygon', exterior: [...corners, ...corners.slice(0, 1)], interiors: [] };
    }
  }
}

async function storedCounties(boundaries: BoundaryAdmin): Promise<readonly Stored[]> {
  const stored: Stored[] = [];
  for (;;) {
    const after = stored.at(-1)?.id;
    const query = { datasetId: undefined, limit: 200, after, withGeometry: true, text: undefined };
    const page = await boundaries.listBoundaries(query);
    if (page.length === 0) return stored;
    for (const { boundaryId, geometry } of page) {
      if (geometry !== undefined) stored.push({ id: boundaryId, geometry, box: boxOf(geometry) });
    }
  }
}

function boxOf({ coordinates }: BoundaryGeometry): Stored['box'] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of coordinates.flat(2)) {
    west = Math.min(west, lon);
    south = Math.min(south, lat);
    east = Math.max(east, lon);
    north = Math.max(north, lat);
  }
  return [west, south, east, north];
}

/** The share of each county above nothing, with no database. */
function sharesByClipping(shape: Shape, stored: readonly Stored[]): ReadonlyMap<string, number> {
  const rings = (footprintOf(shape) ?? []).map((ring) => ring.map(([lon, lat]) => [lon, lat]));
  const footprint = polygon(rings);
  const [west, south, east, north] = boxOf({
    type: 'MultiPolygon',
    coordinates: [rings.map((ring) => ring.map(([lon, lat]) => [lon ?? 0, lat ?? 0] as const))],
  });
  const whole = areaDeg2([rings]);
  const shares = new Map<string, number>();
  for (const { id, geometry, box } of stored) {
    if (box[0] > east || box[2] < west || box[1] > north || box[3] < south) continue;
    const county = geometry.coordinates.map((part) =>
      part.map((ring) => ring.map(([lon, lat]) => [lon, lat])),
    );
    const common = intersect(
      featureCollection<Polygon | MultiPolygon>([footprint, multiPolygon(county)]),
    )?.geometry;
    if (common === undefined) continue;
    shares.set(id, areaDeg2(common.type === 'Polygon' ? [common.coordinates] : common.coordinates) / whole);
  }
  return shares;
}

function areaDeg2(polygons: readonly (readonly (readonly (readonly number[])[])[])[]): number {
  let sum = 0;
  for (const rings of polygons) {
    for (const [place, ring] of rings.entries()) {
      const turn = doubleAreaDeg2(ring.map(([lon, lat]) => [lon ?? 0, lat ?? 0] as const));
      sum += ((place === 0 ? 1 : -1) * Math.abs(turn)) / 2;
    }
  }
  return sum;
}
