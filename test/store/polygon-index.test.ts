import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededFraction } from '../../data/sample-points.ts';
import { buildPolygonIndex, type Ring } from '../../src/geo/index.ts';
import { ask, drivers, type TestDatabase } from './harness.ts';

// The index in memory beside PostGIS itself: points where rounding decides, and shares of areas. FIRSTLINE_SEED repeats.

const seed = Number(process.env['FIRSTLINE_SEED'] ?? 20_261_124);

interface Case {
  readonly ring: Ring;
  readonly point: readonly [number, number];
}

describe.each(drivers)('the polygon index and PostGIS on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)(`FIRSTLINE_SEED=${seed}`, () => {
    let test: TestDatabase;
    beforeAll(async () => {
      test = await open();
    });
    afterAll(async () => await test.close());

    it('say the same of points that are on an edge but for rounding', async () => {
      const cases = [...pointsByEdges(seededFraction(seed), 2_000)];
      const rows = cases.map(
        ({ ring, point }) => `(ST_GeomFromText('${wktOf(ring)}', 4326), ${point.join()})`,
      );
      const answers = (await ask(
        test.database,
        `select json_agg(ST_Covers(g, ST_SetSRID(ST_MakePoint(x::float8, y::float8), 4326)) order by no)
         from (values ${rows.map((row, no) => `${row.slice(0, -1)}, ${no})`).join()}) as r(g, x, y, no)`,
      )) as readonly boolean[];
      let roundedCount = 0;
      for (const [no, { ring, point }] of cases.entries()) {
        const polygon = [{ coordinates: [[ring]] }];
        const isCovered = buildPolygonIndex(polygon).covering(...point, []) > 0;
        expect(isCovered, `case ${no}: ${wktOf(ring)}, ${point.join(' ')}`).toBe(answers[no]);
        if (buildPolygonIndex(polygon, 'exact').covering(...point, []) > 0 !== isCovered) roundedCount += 1;
      }
      // Else the cases would show nothing.
      expect(roundedCount).toBeGreaterThan(20);
    });

    it('give the same shares of areas', async () => {
      const random = seededFraction(seed + 1);
      const pairs = Array.from({ length: 150 }, () => [star(random), star(random)] as const);
      const rows = pairs.map(([a, b], no) => `('${wktOf(a)}', '${wktOf(b)}', ${no})`);
      const shares = (await ask(
        test.database,
        `select json_agg(ST_Area(ST_Intersection(ST_GeomFromText(a, 4326), ST_GeomFromText(b, 4326), 1e-9))
           / ST_Area(ST_GeomFromText(b, 4326)) order by no)
         from (values ${rows.join()}) as r(a, b, no)`,
      )) as readonly number[];
      for (const [no, [ring, area]] of pairs.entries()) {
        const [found] = buildPolygonIndex([{ coordinates: [[ring]] }]).overlaps([[area]]);
        const what = `pair ${no}: ${wktOf(ring)}, ${wktOf(area)}`;
        expect(Math.abs((found?.share ?? 0) - (shares[no] ?? -1)), what).toBeLessThan(1e-7);
      }
      expect(shares.filter((share) => share > 0.01 && share < 0.99).length).toBeGreaterThan(50);
    });
  });
});

/** Triangles and points computed to be on one of their edges: by equal parts, which often round to where products tie. */
function* pointsByEdges(random: () => number, count: number): Generator<Case> {
  for (let no = 0; no < count; no += 1) {
    const whole = (limit: number) => Math.floor(random() * limit) - Math.floor(limit / 2);
    const from = [whole(20), whole(20)] as const;
    const to = [whole(20), whole(20)] as const;
    const third = [whole(20), whole(20)] as const;
    const parts = 3 + Math.floor(random() * 10);
    const part = Math.floor(random() * (parts + 1)) / parts;
    const point = [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])] as const;
    const area = (to[0] - from[0]) * (third[1] - from[1]) - (third[0] - from[0]) * (to[1] - from[1]);
    if (area !== 0) yield { ring: [from, to, third, from], point };
  }
}

function star(random: () => number): Ring {
  const count = 3 + Math.floor(random() ** 2 * 60);
  const [x, y, size] = [-90 + random(), 40 + random(), 0.1 + random()];
  const corners = Array.from({ length: count }, (_, place): readonly [number, number] => {
    const angle = (2 * Math.PI * place) / count;
    const spoke = size * (0.4 + 0.6 * random());
    return [x + spoke * Math.cos(angle), y + spoke * Math.sin(angle)];
  });
  return [...corners, ...corners.slice(0, 1)];
}

function wktOf(ring: Ring): string {
  return `POLYGON((${ring.map((corner) => corner.join(' ')).join()}))`;
}
