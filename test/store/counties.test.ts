import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { samplePoints, seededFraction } from '../../data/sample-points.ts';
import { demoBoundaryId, usCounties, usCountyCount, usCountyPsaps } from '../../data/us-counties.ts';
import type {
  BoundaryAdmin,
  BoundaryLookup,
  LoadOutcome,
  LoadProgress,
  LookupAnswer,
} from '../../src/esrp/index.ts';
import type { Position } from '../../src/geo/index.ts';
import type { CivicAddress } from '../../src/location/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { actor, ask, drivers, recordingLogger, sos, type TestDatabase, testNow } from './harness.ts';

// The demo data in the database, looked up as calls do.

const scope = { services: [sos], asOf: testNow, deadlineMs: 20_000 } as const;

describe.each(drivers)('the counties on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('loaded and active', () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let boundaries: BoundaryAdmin;
    let outcome: LoadOutcome;
    const progress: LoadProgress[] = [];

    beforeAll(async () => {
      test = await open();
      lookup = makeBoundaryLookup(test.database);
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      outcome = await boundaries.load(usCountyPsaps(), {
        name: 'counties',
        source: 'us-atlas',
        actor,
        invalidGeometry: 'repair',
        onProgress: (each) => progress.push(each),
      });
      if (outcome.kind === 'loaded') await boundaries.activate(outcome.dataset.id, actor);
    });
    afterAll(async () => await test.close());

    it('are all there, 39 of them repaired, and progress was told', async () => {
      expect(outcome).toMatchObject({ kind: 'loaded', dataset: { boundaryCount: usCountyCount } });
      expect(outcome.kind === 'loaded' && outcome.repaired.length).toBe(39);
      expect(await ask(test.database, 'select count(*) from service_boundary')).toBe(usCountyCount);
      expect(
        await ask(test.database, 'select count(*) from service_boundary where not ST_IsValid(geom)'),
      ).toBe(0);
      expect(new Set(progress.map(({ phase }) => phase))).toEqual(
        new Set(['reading', 'checking', 'indexing']),
      );
    });

    const places: readonly (readonly [string, Position, string])[] = [
      ['Houston', { lon: -95.3698, lat: 29.7604 }, '48201'],
      ['Manhattan', { lon: -73.9712, lat: 40.7831 }, '36061'],
      ['Fairfax city, inside of Fairfax County', { lon: -77.3064, lat: 38.8462 }, '51600'],
      ['Fairfax County around it', { lon: -77.2, lat: 38.8 }, '51059'],
      ['Falls Church, a line in the published data', { lon: -77.1611, lat: 38.8844 }, '51610'],
      ['Baltimore city', { lon: -76.6122, lat: 39.2904 }, '24510'],
      ['Anchorage', { lon: -149.9, lat: 61.18 }, '02020'],
      ['Honolulu', { lon: -157.8, lat: 21.35 }, '15003'],
      ['San Juan, Puerto Rico', { lon: -66.06, lat: 18.4 }, '72127'],
    ];
    it.each(places)('%s', async (_name, position, fips) => {
      const answer = await lookup.byPoint(position, scope);
      expect(answer).toMatchObject({ kind: 'found', rule: 'covers' });
      expect(answer.kind === 'found' && answer.matches[0]).toMatchObject({
        boundaryId: demoBoundaryId(fips),
        serviceUri: `sip:psap-${fips}@127.0.0.1:5070`,
        serviceUrn: 'urn:service:sos',
        serviceNumber: '911',
      });
    });

    it.each([
      ['the Gulf of Mexico', { lon: -90, lat: 25 }],
      ['Paris', { lon: 2.35, lat: 48.86 }],
      ['the south pole', { lon: 0, lat: -90 }],
      ['the north pole', { lon: 0, lat: 90 }],
      ['the antimeridian', { lon: 180, lat: 0 }],
    ])('nothing in %s', async (_name, position) => {
      expect((await lookup.byPoint(position, scope)).kind).toBe('nothing');
    });

    it('answers a corner of several counties the same each time, smallest id first', async () => {
      const random = seededFraction(7);
      const counties = [...usCounties()];
      let shared = 0;
      for (let i = 0; i < 60; i += 1) {
        const ring = counties[Math.floor(random() * counties.length)]?.geometry.coordinates[0]?.[0] ?? [];
        const [lon, lat] = ring[Math.floor(random() * ring.length)] ?? [0, 0];
        const first = await lookup.byPoint({ lon, lat }, scope);
        expect(await lookup.byPoint({ lon, lat }, scope)).toEqual(first);
        const ids = idsOf(first);
        expect(ids).toEqual([...ids].sort());
        if (ids.length > 1) shared += 1;
      }
      expect(shared).toBeGreaterThan(10);
    });

    it('says what ST_Covers says of the whole polygons', async () => {
      const seed = 20_260_101;
      const random = seededFraction(seed);
      const points = [
        ...samplePoints(2_500, seed).map(({ position }) => position),
        ...Array.from({ length: 500 }, () => ({ lon: -125 + random() * 58, lat: 25 + random() * 24 })),
      ];
      const expected = await coversOf(test, points);
      const wrong: unknown[] = [];
      for (const [index, position] of points.entries()) {
        const answer = await lookup.byPoint(position, scope);
        const ids = answer.kind === 'found' && answer.rule === 'covers' ? [...idsOf(answer)].sort() : [];
        if (ids.join() !== expected[index]?.join()) wrong.push({ position, ids, expected: expected[index] });
      }
      expect(wrong, `seed ${seed}`).toEqual([]);
    });

    const found: readonly (readonly [string, string | undefined, Record<string, string>, string])[] = [
      ['state by name', 'US', { A1: 'Texas', A2: 'Harris' }, '48201'],
      ['USPS code', 'US', { A1: 'TX', A2: 'Harris County' }, '48201'],
      ['ISO form, capitals', 'us', { A1: 'us-tx', A2: 'HARRIS COUNTY' }, '48201'],
      ['no country', undefined, { A1: 'TX', A2: 'County of Harris' }, '48201'],
      ['an A3 that the boundaries do not know', 'US', { A1: 'TX', A2: 'Harris', A3: 'Houston' }, '48201'],
      ['a parish', 'US', { A1: 'LA', A2: 'Orleans' }, '22071'],
      ['a borough by a county’s word', 'US', { A1: 'AK', A2: 'Fairbanks North Star Borough' }, '02090'],
      ['diacritics', 'US', { A1: 'New Mexico', A2: 'Dona Ana' }, '35013'],
      ['an abbreviation', 'US', { A1: 'AL', A2: 'Saint Clair' }, '01115'],
      ['a space', 'US', { A1: 'IL', A2: 'De Kalb' }, '17037'],
      ['the city of two with one name', 'US', { A1: 'MD', A2: 'Baltimore city' }, '24510'],
      ['the county of two with one name', 'US', { A1: 'MD', A2: 'Baltimore County' }, '24005'],
      ['a city that is no county, named without its kind', 'US', { A1: 'VA', A2: 'Alexandria' }, '51510'],
      ['a county whose name ends in City', 'US', { A1: 'VA', A2: 'James City' }, '51095'],
      ['one PSAP for all of A1', 'US', { A1: 'DC' }, '11001'],
      ['a territory as a country', 'PR', { A2: 'San Juan' }, '72127'],
    ];
    it.each(found)('civic: %s', async (_name, country, elements, fips) => {
      expect(await lookup.byCivic(civic(country, elements), scope)).toMatchObject({
        kind: 'found',
        rule: 'areaName',
        matches: [{ boundaryId: demoBoundaryId(fips) }],
      });
    });

    it.each([
      ['two of one name', 'US', { A1: 'MD', A2: 'Baltimore' }, 'ambiguous'],
      ['a whole state', 'US', { A1: 'TX' }, 'ambiguous'],
      ['a city without its county', 'US', { A1: 'TX', A3: 'Houston' }, 'ambiguous'],
      ['a county name of many states', 'US', { A2: 'Washington County' }, 'ambiguous'],
      ['a country', 'US', {}, 'ambiguous'],
      ['an unknown county', 'US', { A1: 'TX', A2: 'Westeros' }, 'nothing'],
      ['a county in another state', 'US', { A1: 'UT', A2: 'Harris' }, 'nothing'],
      ['another country', 'DE', { A1: 'TX', A2: 'Harris' }, 'nothing'],
    ])('civic: %s', async (_name, country, elements, kind) => {
      expect((await lookup.byCivic(civic(country, elements as Record<string, string>), scope)).kind).toBe(
        kind,
      );
    });

    it('lists boundaries in pages, by text, with and without geometry', async () => {
      const query = {
        datasetId: undefined,
        limit: 3,
        after: undefined,
        withGeometry: false,
        text: undefined,
      };
      const page = await boundaries.listBoundaries(query);
      expect(page.map(({ boundaryId }) => boundaryId)).toEqual(
        ['01001', '01003', '01005'].map(demoBoundaryId),
      );
      expect(page[0]?.geometry).toBeUndefined();
      const next = await boundaries.listBoundaries({ ...query, after: page[2]?.boundaryId, limit: 1 });
      expect(next[0]?.boundaryId).toBe(demoBoundaryId('01007'));
      const named = await boundaries.listBoundaries({ ...query, text: 'los angeles', withGeometry: true });
      expect(named).toMatchObject([
        { a1: 'CA', a2: 'Los Angeles County', geometry: { type: 'MultiPolygon' } },
      ]);
      expect(await boundaries.getBoundary(demoBoundaryId('48201'), undefined)).toMatchObject({
        displayName: 'Harris County PSAP',
        country: 'US',
      });
      expect(await boundaries.getBoundary('urn:none', undefined)).toBeUndefined();
    });
  });
});

function civic(country: string | undefined, elements: Record<string, string>): CivicAddress {
  return { country, elements: new Map(Object.entries(elements)), language: undefined };
}

function idsOf(answer: LookupAnswer): readonly string[] {
  return answer.kind === 'found' ? answer.matches.map(({ boundaryId }) => boundaryId) : [];
}

/** The ids of the boundaries whose whole polygon covers each point, sorted; by the table that lookups do not search. */
async function coversOf(test: TestDatabase, points: readonly Position[]): Promise<readonly string[][]> {
  const answers: string[][] = [];
  for (let from = 0; from < points.length; from += 250) {
    const some = points.slice(from, from + 250).map(({ lon, lat }, index) => ({ index, lon, lat }));
    const rows = await test.database.query(
      {
        name: '',
        text: `select json_agg(ids order by index)::text as answer from (
          select r.index, array_remove(array_agg(b.boundary_id order by b.boundary_id collate "C"), null) as ids
          from json_to_recordset($1::json) as r(index int, lon float8, lat float8)
          left join service_boundary b on ST_Covers(b.geom, ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326))
          group by r.index) each`,
        values: [JSON.stringify(some)],
      },
      { deadlineMs: 100_000 },
    );
    answers.push(...(rows as string[][]));
  }
  return answers;
}
