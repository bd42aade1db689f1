import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceUrn, serviceUrn, wallMs } from '../../src/base/index.ts';
import type {
  BoundaryAdmin,
  BoundaryFeature,
  BoundaryGeometry,
  BoundaryLookup,
  LookupAnswer,
} from '../../src/esrp/index.ts';
import type { Shape } from '../../src/geo/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import {
  actor,
  box,
  drivers,
  feature,
  recordingLogger,
  source,
  type TestDatabase,
  testNow,
} from './harness.ts';

// Areas by greatest overlap over boundaries made by hand, whose shares are known.

const plain = serviceUrn('urn:service:sos');
const police = serviceUrn('urn:service:sos.police');
const fire = serviceUrn('urn:service:sos.fire');
const ambulance = serviceUrn('urn:service:sos.ambulance');
const marine = serviceUrn('urn:service:sos.marine');
const mountain = serviceUrn('urn:service:sos.mountain');

const scope = {
  services: [plain] as readonly [ServiceUrn, ...ServiceUrn[]],
  asOf: testNow,
  deadlineMs: 20_000,
};

const day = 86_400_000;

/** West and east of the meridian of 1; a hole with an island in it; both sides of the antimeridian; around the pole. */
const features: readonly BoundaryFeature[] = [
  feature('west', { geometry: box(0, 0, 1, 2) }),
  feature('east', { geometry: box(1, 0, 2, 2) }),
  feature('around', { geometry: holed(box(10, 0, 14, 4), box(11, 1, 13, 3)) }),
  feature('island', { geometry: box(11.5, 1.5, 12.5, 2.5) }),
  feature('fiji-west', { geometry: box(178, -18, 180, -16) }),
  feature('fiji-east', { geometry: box(-180, -18, -178, -16) }),
  feature('pole-a', { geometry: box(-180, 80, 0, 90) }),
  feature('pole-b', { geometry: box(0, 80, 180, 90) }),
  feature('police-small', { serviceUrn: police, geometry: box(20, 0, 20.1, 1) }),
  feature('sos-large', { geometry: box(20, 0, 22, 1) }),
  feature('tie-b', { geometry: box(30, 0, 31, 1) }),
  feature('tie-a', { geometry: box(31, 0, 32, 1) }),
  feature('tie-first', { priority: 7, geometry: box(30, 0, 32, 1), serviceUrn: fire }),
  feature('tie-second', { priority: 3, geometry: box(29, 0, 33, 1), serviceUrn: fire }),
  feature('tie-third', {
    priority: 3,
    geometry: holed(box(29, -1, 33, 2), box(29.1, 1.5, 29.2, 1.6)),
    serviceUrn: fire,
  }),
  feature('ended', { geometry: box(40, 0, 41, 1), expire: wallMs(testNow) }),
  feature('begun', { geometry: box(40.5, 0, 42, 1), effective: wallMs(testNow) }),
  feature('fine', { serviceUrn: mountain, geometry: saw(50, 0, 400) }),
  feature('thin', { serviceUrn: marine, geometry: box(60, 0, 60.001, 1) }),
  ...Array.from({ length: 30 }, (_, index) =>
    feature(`many-${String(index).padStart(2, '0')}`, {
      serviceUrn: ambulance,
      geometry: box(70 + index / 10, 0, 70.1 + index / 10, 1),
    }),
  ),
];

type Row = readonly [string, Shape, readonly (readonly [string, number])[], Partial<typeof scope>?];

const rows: readonly Row[] = [
  [
    'half and half, the smallest id first',
    rectangle(0.5, 0.5, 1.5, 1.5),
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  [
    'seven and three tenths',
    rectangle(0.3, 0.5, 1.3, 1.5),
    [
      ['west', 0.7],
      ['east', 0.3],
    ],
  ],
  [
    'three and seven tenths',
    rectangle(0.7, 0.5, 1.7, 1.5),
    [
      ['east', 0.7],
      ['west', 0.3],
    ],
  ],
  ['wholly in one', rectangle(0.3, 0.5, 0.9, 1.5), [['west', 1]]],
  ['its own edges', rectangle(0, 0, 1, 2), [['west', 1]]],
  [
    'larger than all',
    rectangle(-2, -2, 4, 4),
    [
      ['east', 2 / 36],
      ['west', 2 / 36],
    ],
  ],
  ['partly in none', rectangle(-1, 0, 1, 2), [['west', 0.5]]],
  ['touching at an edge', rectangle(2, 0, 3, 2), []],
  ['touching at a corner', rectangle(2, 2, 3, 3), []],
  ['far from all', rectangle(-50, -50, -49, -49), []],
  ['in a hole', rectangle(11.1, 1.1, 11.4, 1.4), []],
  ['an island in a hole', rectangle(11, 1, 13, 3), [['island', 0.25]]],
  [
    'a hole and what is around it',
    rectangle(10, 0, 14, 4),
    [
      ['around', 0.75],
      ['island', 1 / 16],
    ],
  ],
  ['a ring whose hole is the island', ringed(), [['around', 1]]],
  [
    'over the antimeridian',
    rectangle(179.7, -17.5, 180.7, -16.5),
    [
      ['fiji-east', 0.7],
      ['fiji-west', 0.3],
    ],
  ],
  [
    'over it, as documents write it',
    wrapped(179.7, -17.5, -179.3, -16.5),
    [
      ['fiji-east', 0.7],
      ['fiji-west', 0.3],
    ],
  ],
  [
    'from the other side',
    wrapped(-179.6, -17.5, 179.4, -16.5),
    [
      ['fiji-west', 0.6],
      ['fiji-east', 0.4],
    ],
  ],
  [
    'a circle around the pole',
    { kind: 'circle', center: { lon: 33, lat: 90 }, radiusM: 50_000 },
    [
      ['pole-a', 0.5],
      ['pole-b', 0.5],
    ],
  ],
  [
    'a circle',
    { kind: 'circle', center: { lon: 1, lat: 1 }, radiusM: 500 },
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  [
    'a circle of two metres',
    { kind: 'circle', center: { lon: 1, lat: 1 }, radiusM: 2 },
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  ['a sphere', { kind: 'sphere', center: { lon: 0.5, lat: 2 }, radiusM: 800 }, [['west', 0.5]]],
  [
    'an ellipse',
    { kind: 'ellipse', center: { lon: 1, lat: 1 }, semiMajorM: 900, semiMinorM: 100, orientationDeg: 90 },
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  [
    'an ellipsoid',
    {
      kind: 'ellipsoid',
      center: { lon: 0.5, lat: 1 },
      semiMajorM: 90,
      semiMinorM: 10,
      verticalM: 5,
      orientationDeg: 12,
    },
    [['west', 1]],
  ],
  [
    'an arc band of the east',
    {
      kind: 'arcBand',
      center: { lon: 1, lat: 1 },
      innerRadiusM: 100,
      outerRadiusM: 900,
      startAngleDeg: 0,
      openingAngleDeg: 180,
    },
    [['east', 1]],
  ],
  [
    'a prism',
    { kind: 'prism', base: corners(0.3, 0.5, 1.3, 1.5), heightM: 9 },
    [
      ['west', 0.7],
      ['east', 0.3],
    ],
  ],
  [
    'a bow tie, whose lobes count',
    bowTie(),
    [
      ['west', 0.8],
      ['east', 0.2],
    ],
  ],
  [
    'the preferred service, however little it covers',
    rectangle(20, 0, 21, 1),
    [
      ['police-small', 0.1],
      ['sos-large', 1],
    ],
    { services: [police, plain] },
  ],
  ['one service alone', rectangle(20, 0, 21, 1), [['sos-large', 1]]],
  [
    'equal shares by priority, then id',
    rectangle(30.2, 0.2, 31.4, 0.7),
    [
      ['tie-first', 1],
      ['tie-second', 1],
      ['tie-third', 1],
    ],
    { services: [fire] },
  ],
  [
    'a larger share before priority',
    rectangle(29, 0, 31, 1),
    [
      ['tie-second', 1],
      ['tie-third', 1],
      ['tie-first', 0.5],
    ],
    { services: [fire] },
  ],
  [
    'equal halves of equal priority by id',
    rectangle(30.5, 0.2, 31.5, 0.7),
    [
      ['tie-a', 0.5],
      ['tie-b', 0.5],
    ],
  ],
  ['what ends now is over, what begins now counts', rectangle(40, 0, 41, 1), [['begun', 0.5]]],
  ['a day before', rectangle(40, 0, 41, 1), [['ended', 1]], { asOf: wallMs(testNow - day) }],
  ['many parts', rectangle(50, 0, 54, 1), [['fine', 0.5]], { services: [mountain] }],
  ['a thin one', rectangle(59, 0, 61, 1), [['thin', 0.0005]], { services: [marine] }],
];

describe.each(drivers)('areas on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('over boundaries made by hand', () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let boundaries: BoundaryAdmin;

    beforeAll(async () => {
      test = await open();
      lookup = makeBoundaryLookup(test.database);
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
    });
    afterAll(async () => await test.close());

    it('have no answer before a dataset is active', async () => {
      expect((await sharesOf(rectangle(0, 0, 1, 1))).kind).toBe('noActiveDataset');
    });

    it('load', async () => {
      const outcome = await boundaries.load(source(...features), {
        name: 'by hand',
        source: 'test',
        actor,
        invalidGeometry: 'repair',
      });
      expect(outcome.kind).toBe('loaded');
      if (outcome.kind === 'loaded') await boundaries.activate(outcome.dataset.id, actor);
    });

    async function sharesOf(shape: Shape, changes: Partial<typeof scope> = {}) {
      return await lookup.byArea(shape, { ...scope, ...changes });
    }

    it.each(rows.map(([name, shape, expected, changes]) => [name, shape, expected, changes ?? {}] as const))(
      '%s',
      async (_name, shape, expected, changes) => {
        const answer = await sharesOf(shape, changes);
        expect(brief(answer).map(([id]) => id)).toEqual(expected.map(([id]) => id));
        for (const [index, [, share]] of brief(answer).entries()) {
          expect(share).toBeCloseTo(expected[index]?.[1] ?? -1, 6);
        }
        expect(answer.kind === 'found' ? answer.rule : 'overlap').toBe('overlap');
        expect(answer.kind === 'found' ? answer.total : 0).toBe(expected.length);
        expect(await sharesOf(shape, changes)).toEqual(answer);
      },
    );

    it('list the first twenty of many, and count all', async () => {
      const answer = await sharesOf(rectangle(70, 0, 73, 1), { services: [ambulance] });
      expect(brief(answer).map(([id]) => id)).toEqual(
        Array.from({ length: 20 }, (_, index) => `many-${String(index).padStart(2, '0')}`),
      );
      expect(answer).toMatchObject({ total: 30 });
    });

    it.each([
      ['a point', { kind: 'point', position: { lon: 0.5, lat: 1 } }],
      ['a circle of no radius', { kind: 'circle', center: { lon: 0.5, lat: 1 }, radiusM: 0 }],
      ['a circle of half a metre', { kind: 'circle', center: { lon: 0.5, lat: 1 }, radiusM: 0.5 }],
      ['a line', { kind: 'polygon', exterior: corners(0.5, 1, 0.6, 1), interiors: [] }],
      ['a sliver', { kind: 'polygon', exterior: corners(0.5, 1, 0.6, 1.00000001), interiors: [] }],
    ] satisfies readonly (readonly [string, Shape])[])('%s goes by its point', async (_name, shape) => {
      expect(await sharesOf(shape)).toMatchObject({
        kind: 'found',
        rule: 'covers',
        matches: [{ boundaryId: 'west' }],
      });
    });

    it('of many corners are made simpler, with shares within two in ten thousand', async () => {
      const exterior = Array.from({ length: 5_001 }, (_, index) => {
        const angle = ((index % 5_000) * Math.PI) / 2_500;
        return { lon: 1 + 0.1 * Math.cos(angle), lat: 1 + 0.1 * Math.sin(angle) };
      });
      for (const [id, share] of brief(await sharesOf({ kind: 'polygon', exterior, interiors: [] }))) {
        expect(share, id).toBeGreaterThan(0.4998);
        expect(share, id).toBeLessThan(0.5002);
      }
    });
  });
});

function brief(answer: LookupAnswer): readonly (readonly [string, number | undefined])[] {
  return answer.kind === 'found' ? answer.matches.map(({ boundaryId, share }) => [boundaryId, share]) : [];
}

function corners(west: number, south: number, east: number, north: number) {
  return [
    { lon: west, lat: south },
    { lon: east, lat: south },
    { lon: east, lat: north },
    { lon: west, lat: north },
    { lon: west, lat: south },
  ];
}

function rectangle(west: number, south: number, east: number, north: number): Shape {
  return { kind: 'polygon', exterior: corners(west, south, east, north), interiors: [] };
}

/** With longitudes within ±180: two edges run over the antimeridian. */
function wrapped(from: number, south: number, to: number, north: number): Shape {
  return rectangle(from, south, to, north);
}

/** Around the hole of the boundary that has one. */
function ringed(): Shape {
  return { kind: 'polygon', exterior: corners(10.5, 0.5, 13.5, 3.5), interiors: [corners(11, 1, 13, 3)] };
}

/** Two triangles that meet at 1, 1: four times as much to the west as to the east. */
function bowTie(): Shape {
  const at = (lon: number, lat: number) => ({ lon, lat });
  const exterior = [at(0.5, 0.5), at(1.25, 1.25), at(1.25, 0.75), at(0.5, 1.5), at(0.5, 0.5)];
  return { kind: 'polygon', exterior, interiors: [] };
}

function holed(outer: BoundaryGeometry, hole: BoundaryGeometry): BoundaryGeometry {
  const rings = [...(outer.coordinates[0] ?? []), ...(hole.coordinates[0] ?? [])];
  return { type: 'MultiPolygon', coordinates: [rings] };
}

/** A saw four degrees wide and one high, that fills half of its box and is split into many parts. */
function saw(west: number, south: number, teeth: number): BoundaryGeometry {
  const step = 4 / teeth;
  const ring: [number, number][] = [
    [west, south],
    [west + 4, south],
  ];
  for (let index = teeth; index > 0; index -= 1) {
    ring.push([west + index * step, south + 0.2], [west + (index - 0.5) * step, south + 0.8]);
  }
  ring.push([west, south + 0.2], [west, south]);
  return { type: 'MultiPolygon', coordinates: [[ring]] };
}
