import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DatasetId, datasetId, serviceUrn, wallMs } from '../../src/base/index.ts';
import type { BoundaryLookup, LookupAnswer, LookupScope } from '../../src/esrp/index.ts';
import type { Position, Shape } from '../../src/geo/index.ts';
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
import { memoryLookupOf } from './memory-harness.ts';

// One behaviour of all lookups: the standby index in memory, the embedded database and a server answer the same rows the
// same way.

const sos = serviceUrn('urn:service:sos');
const nena = serviceUrn('urn:nena:service:sos');
const fire = serviceUrn('urn:service:sos.fire');
const marine = serviceUrn('urn:service:sos.marine');
const police = serviceUrn('urn:service:sos.police');
const day = 86_400_000;
const metreDeg = 1 / 111_195;
const notImplemented = 'urn:emergency:ServiceNotImplemented';

const scope: LookupScope = { services: [sos], asOf: testNow, deadlineMs: 20_000 };

const features = [
  feature('west', { geometry: box(0, 0, 1, 2) }),
  feature('east', { geometry: box(1, 0, 2, 2) }),
  feature('high', { geometry: box(5, 0, 6, 1), priority: 5 }),
  feature('low-a', { geometry: box(5, 0, 6, 1), priority: 1 }),
  feature('low-b', { geometry: box(5, 0, 6, 1), priority: 1 }),
  feature('Ä-tie', { geometry: box(7, 0, 8, 1) }),
  feature('z-tie', { geometry: box(7, 0, 8, 1) }),
  feature('around', { geometry: holed(box(10, 0, 14, 4), box(11, 1, 13, 3)) }),
  feature('island', { geometry: box(11.5, 1.5, 12.5, 2.5) }),
  feature('fiji-west', { geometry: box(178, -18, 180, -16) }),
  feature('fiji-east', { geometry: box(-180, -18, -178, -16) }),
  feature('pole-a', { geometry: box(-180, 80, 0, 90) }),
  feature('pole-b', { geometry: box(0, 80, 180, 90) }),
  feature('south-sector', { geometry: box(40, -90, 50, -85) }),
  feature('ended', { geometry: box(20, 0, 21, 1), expire: wallMs(testNow) }),
  feature('begun', { geometry: box(20, 0, 21, 1), effective: wallMs(testNow) }),
  feature('to-come', { geometry: box(22, 0, 23, 1), effective: wallMs(testNow + day) }),
  feature('fire-only', { geometry: box(25, 0, 26, 1), serviceUrn: fire, priority: -3 }),
  feature('all-there', { geometry: box(25, 0, 27, 1) }),
  feature('older-name', { geometry: box(28, 0, 29, 1), serviceUrn: nena }),
  feature('no-marine', { geometry: box(30, 0, 32, 1), serviceUrn: marine, serviceUri: notImplemented }),
  feature('some-marine', { geometry: box(31, 0, 33, 1), serviceUrn: marine, priority: 4 }),
  feature('sos-there', { geometry: box(30, 0, 33, 1) }),
  feature('marine-beside', { geometry: box(29.9, 2, 30, 3), serviceUrn: marine }),
  feature('fiji-sea', { geometry: box(179, -15, 180, -14), serviceUrn: marine }),
  feature('no-police', { geometry: box(60, 0, 61, 1), serviceUrn: police, serviceUri: notImplemented }),
  feature('two-parts', {
    geometry: {
      type: 'MultiPolygon',
      coordinates: [...box(70, 0, 71, 1).coordinates, ...box(72, 0, 73, 1).coordinates],
    },
  }),
  feature('saw', { geometry: saw(75, 0, 400) }),
  feature('north-60', { geometry: box(80, 60, 81, 61) }),
];

function holed(outer: ReturnType<typeof box>, hole: ReturnType<typeof box>): ReturnType<typeof box> {
  return {
    type: 'MultiPolygon',
    coordinates: [[...(outer.coordinates[0] ?? []), ...(hole.coordinates[0] ?? [])]],
  };
}

/** A square whose east side has teeth, so that it has parts. */
function saw(west: number, south: number, teeth: number): ReturnType<typeof box> {
  const east = Array.from(
    { length: 2 * teeth + 1 },
    (_, index) => [west + 1 + (index % 2) * 0.1, south + index / (2 * teeth)] as const,
  );
  const ring = [[west, south] as const, ...east, [west, south + 1] as const, [west, south] as const];
  return { type: 'MultiPolygon', coordinates: [[ring]] };
}

type Expected = readonly [rule: string, ...ids: string[]];
type Changes = Partial<LookupScope>;
type PointRow = readonly [string, readonly [number, number], Expected, Changes?];

const points: readonly PointRow[] = [
  ['inside of one', [0.5, 0.5], ['covers', 'west']],
  ['on the border of two, the smallest id first', [1, 0.5], ['covers', 'east', 'west']],
  ['on a corner of one', [0, 0], ['covers', 'west']],
  ['on a corner of two', [1, 2], ['covers', 'east', 'west']],
  ['on an outer edge', [0, 1], ['covers', 'west']],
  ['on a sloping edge, at a corner of it', [76.1, 1 / 800], ['covers', 'saw']],
  ['half a metre off', [0.5, -0.5 * metreDeg], ['withinOneMetre', 'west']],
  ['half a metre off a corner of two', [1, 2 + 0.5 * metreDeg], ['withinOneMetre', 'east', 'west']],
  [
    'half a metre to the east, where degrees are short',
    [81 + metreDeg, 60.5],
    ['withinOneMetre', 'north-60'],
  ],
  ['just more than a metre off', [0.5, -1.01 * metreDeg], ['nothing']],
  ['in a hole', [11.2, 1.2], ['nothing']],
  ['on the edge of a hole', [11, 2], ['covers', 'around']],
  ['on an island in the hole', [12, 2], ['covers', 'island']],
  ['by priority, then id', [5.5, 0.5], ['covers', 'high', 'low-a', 'low-b']],
  ['ids as code units order them', [7.5, 0.5], ['covers', 'z-tie', 'Ä-tie']],
  ['on the antimeridian from the east', [180, -17], ['covers', 'fiji-east', 'fiji-west']],
  ['on the antimeridian from the west', [-180, -17], ['covers', 'fiji-east', 'fiji-west']],
  ['half a metre west of the antimeridian', [180 - 0.5 * metreDeg, -17], ['covers', 'fiji-west']],
  [
    'half a metre north of it all there',
    [180, -16 + 0.5 * metreDeg],
    ['withinOneMetre', 'fiji-east', 'fiji-west'],
  ],
  ['the pole', [0, 90], ['covers', 'pole-a', 'pole-b']],
  ['the pole, by another longitude', [123, 90], ['covers', 'pole-a', 'pole-b']],
  ['beside the pole', [-90, 89.9999], ['covers', 'pole-a']],
  ['the south pole, which one sector reaches', [-120, -90], ['covers', 'south-sector']],
  ['at the moment of an end and a beginning', [20.5, 0.5], ['covers', 'begun']],
  ['the moment before', [20.5, 0.5], ['covers', 'ended'], { asOf: wallMs(testNow - 1) }],
  ['what is not in force yet', [22.5, 0.5], ['nothing']],
  ['what will be', [22.5, 0.5], ['covers', 'to-come'], { asOf: wallMs(testNow + day) }],
  [
    'the service asked for before its parent',
    [25.5, 0.5],
    ['covers', 'fire-only', 'all-there'],
    { services: [fire, sos] },
  ],
  [
    'the parent where the service is not there',
    [26.5, 0.5],
    ['covers', 'all-there'],
    { services: [fire, sos] },
  ],
  ['a service by its older name', [28.5, 0.5], ['covers', 'older-name'], { services: [sos, nena] }],
  ['no other service than those asked for', [28.5, 0.5], ['nothing']],
  ['a service that is known to be absent', [30.5, 0.5], ['absent', 'no-marine'], { services: [marine, sos] }],
  [
    'an absence that a higher priority goes before',
    [31.5, 0.5],
    ['covers', 'some-marine', 'sos-there'],
    { services: [marine, sos] },
  ],
  [
    'an absence of a service that comes second',
    [31.5, 0.5],
    ['covers', 'sos-there', 'some-marine'],
    { services: [sos, marine] },
  ],
  ['on the edge of an absence', [30, 0.5], ['absent', 'no-marine'], { services: [marine, sos] }],
  ['the first part of two', [70.5, 0.5], ['covers', 'two-parts']],
  ['between the parts', [71.5, 0.5], ['nothing']],
  ['far from all', [-100, -60], ['nothing']],
];

type NearRow = readonly [string, readonly [number, number], number, Expected, number?, Partial<LookupScope>?];

const nears: readonly NearRow[] = [
  ['within', [0.5, -0.01], 2_000, ['nearest', 'west'], 1_111.95],
  ['too far', [0.5, -0.01], 1_000, ['nothing']],
  ['inside of one', [0.5, 0.5], 1_000, ['nearest', 'west'], 0],
  ['as near to two', [1, -0.01], 2_000, ['nearest', 'east', 'west'], 1_111.95],
  ['the nearer of two', [3, 0.5], 500_000, ['nearest', 'east'], 111_190],
  [
    'a hundred kilometres, and degrees of longitude shorter',
    [80.5, 59.2],
    100_000,
    ['nearest', 'north-60'],
    88_956,
  ],
  ['to the east at 60° north', [82, 60.5], 60_000, ['nearest', 'north-60'], 54_754],
  ['over the antimeridian', [-177.99, -15], 200_000, ['nearest', 'fiji-east'], 111_195],
  [
    'over it to the other side',
    [-179.5, -14.5],
    60_000,
    ['nearest', 'fiji-sea'],
    53_826,
    { services: [marine] },
  ],
  ['in a hole', [11.2, 2], 100_000, ['nearest', 'around'], 22_225],
  [
    'the first service that has one, though another is nearer',
    [29.95, 1.5],
    200_000,
    ['nearest', 'marine-beside'],
    55_597,
    { services: [marine, sos] },
  ],
  [
    'a parent where the service has none so near',
    [27.5, 0.5],
    60_000,
    ['nearest', 'all-there'],
    55_595,
    { services: [fire, sos] },
  ],
  [
    'an absence that is the nearest',
    [59.9, 0.5],
    50_000,
    ['absent', 'no-police'],
    0,
    { services: [police, sos] },
  ],
  ['not one that is not in force', [22.5, -0.1], 50_000, ['nothing']],
  ['the pole', [77, -90], 1_000, ['nearest', 'south-sector'], 0],
];

type AreaRow = readonly [string, Shape, readonly (readonly [string, number])[], Partial<LookupScope>?];

const areas: readonly AreaRow[] = [
  [
    'half and half',
    rectangle(0.5, 0.5, 1.5, 1.5),
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  [
    'the larger share first',
    rectangle(0.3, 0.5, 1.3, 1.5),
    [
      ['west', 0.7],
      ['east', 0.3],
    ],
  ],
  ['wholly in one', rectangle(0.3, 0.5, 0.9, 1.5), [['west', 1]]],
  ['touching at an edge', rectangle(2, 0, 3, 2), []],
  ['a hole and an island', rectangle(11, 1, 13, 3), [['island', 0.25]]],
  [
    'over the antimeridian',
    rectangle(179.7, -17.5, 180.7, -16.5),
    [
      ['fiji-east', 0.7],
      ['fiji-west', 0.3],
    ],
  ],
  [
    'over it from the other side',
    rectangle(-180.3, -17.5, -179.3, -16.5),
    [
      ['fiji-east', 0.7],
      ['fiji-west', 0.3],
    ],
  ],
  [
    'at the pole',
    rectangle(-10, 85, 10, 90),
    [
      ['pole-a', 0.5],
      ['pole-b', 0.5],
    ],
  ],
  ['two parts of one', rectangle(70.5, 0.25, 72.5, 0.75), [['two-parts', 0.5]]],
  [
    'by priority where shares are equal',
    rectangle(5.1, 0.1, 5.9, 0.9),
    [
      ['high', 1],
      ['low-a', 1],
      ['low-b', 1],
    ],
  ],
  [
    'the service before the share',
    rectangle(25.9, 0.1, 26.9, 0.9),
    [
      ['fire-only', 0.1],
      ['all-there', 1],
    ],
    { services: [fire, sos] },
  ],
  ['what is in force', rectangle(20.1, 0.1, 20.9, 0.9), [['begun', 1]]],
  [
    'a circle',
    { kind: 'circle', center: { lon: 1, lat: 1 }, radiusM: 5_000 },
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  [
    'a sphere',
    { kind: 'sphere', center: { lon: 1, lat: 1, altM: 9 }, radiusM: 500 },
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  [
    'an arc band to the east',
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
    'an ellipse',
    { kind: 'ellipse', center: { lon: 1, lat: 1 }, semiMajorM: 900, semiMinorM: 90, orientationDeg: 0 },
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  [
    'an ellipsoid',
    {
      kind: 'ellipsoid',
      center: { lon: 1, lat: 1, altM: 9 },
      semiMajorM: 900,
      semiMinorM: 90,
      verticalM: 9,
      orientationDeg: 90,
    },
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
  [
    'a prism',
    { kind: 'prism', base: corners(0.5, 0.5, 1.5, 1.5, 4), heightM: 20 },
    [
      ['east', 0.5],
      ['west', 0.5],
    ],
  ],
];

function rectangle(west: number, south: number, east: number, north: number): Shape {
  return { kind: 'polygon', exterior: corners(west, south, east, north), interiors: [] };
}

function corners(west: number, south: number, east: number, north: number, altM?: number): Position[] {
  const height = altM === undefined ? {} : { altM };
  const places = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ] as const;
  return places.map(([lon, lat]) => ({ lon, lat, ...height }));
}

interface Subject {
  readonly name: string;
  readonly isThere: boolean;
  readonly isMemory: boolean;
  open(): Promise<TestDatabase>;
}

const [embedded, ...servers] = drivers;
const subjects: readonly Subject[] = [
  ...(embedded === undefined ? [] : [{ ...embedded, name: 'memory', isMemory: true }]),
  ...[embedded, ...servers].flatMap((driver) =>
    driver === undefined ? [] : [{ ...driver, isMemory: false }],
  ),
];

describe.each(subjects)('lookups by $name', ({ isThere, isMemory, open }) => {
  describe.skipIf(!isThere)('of boundaries made by hand', () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let refresh: () => Promise<void> = async () => undefined;
    let activeId: DatasetId;

    beforeAll(async () => {
      test = await open();
      const boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const outcome = await boundaries.load(source(...features), {
        name: 'hand',
        source: 'test',
        actor,
        invalidGeometry: 'refuse',
      });
      if (outcome.kind === 'refused') throw new Error(JSON.stringify(outcome.refused));
      activeId = outcome.dataset.id;
      await boundaries.activate(activeId, actor);
      const memory = memoryLookupOf(test.database);
      if (isMemory) refresh = memory.refresh;
      await refresh();
      lookup = isMemory ? memory : makeBoundaryLookup(test.database);
    });
    afterAll(async () => await test.close());

    it.each(points.map(([name, at, expected, changes]) => [name, at, expected, changes ?? {}] as const))(
      'a point: %s',
      async (_name, [lon, lat], expected, changes) => {
        expect(shown(await lookup.byPoint({ lon, lat }, { ...scope, ...changes }))).toEqual(expected);
      },
    );

    it.each(
      nears.map(
        ([name, at, withinM, expected, distanceM, changes]) =>
          [name, at, withinM, expected, { distanceM, changes }] as const,
      ),
    )('nearest: %s', async (_name, [lon, lat], withinM, expected, { distanceM, changes }) => {
      const answer = await lookup.nearest({ lon, lat }, withinM, { ...scope, ...changes });
      expect(shown(answer)).toEqual(expected);
      if (distanceM !== undefined && answer.kind === 'found') {
        expect(Math.abs((answer.distanceM ?? -1) - distanceM)).toBeLessThan(1 + distanceM / 1_000);
      }
    });

    it.each(areas.map(([name, shape, expected, changes]) => [name, shape, expected, changes ?? {}] as const))(
      'an area: %s',
      async (_name, shape, expected, changes) => {
        const answer = await lookup.byArea(shape, { ...scope, ...changes });
        expect(shown(answer)).toEqual(
          expected.length === 0 ? ['nothing'] : ['overlap', ...expected.map(([id]) => id)],
        );
        if (answer.kind !== 'found') return;
        expect(answer.total).toBe(expected.length);
        for (const [place, [, share]] of expected.entries()) {
          // A circle's two halves are drawn with straight edges.
          expect(answer.matches[place]?.share).toBeCloseTo(share, shape.kind === 'polygon' ? 8 : 3);
        }
      },
    );

    it('an area without extent goes by its point', async () => {
      const shape: Shape = { kind: 'circle', center: { lon: 0.5, lat: 0.5 }, radiusM: 0.1 };
      expect(shown(await lookup.byArea(shape, scope))).toEqual(['covers', 'west']);
    });

    it('all of a boundary that an answer names', async () => {
      const answer = await lookup.byPoint({ lon: 25.5, lat: 0.5 }, { ...scope, services: [fire] });
      expect(answer).toEqual({
        kind: 'found',
        rule: 'covers',
        matches: [
          {
            boundaryId: 'fire-only',
            datasetId: activeId,
            displayName: 'fire-only',
            serviceUrn: fire,
            serviceUri: 'sip:fire-only@psap.example',
            serviceNumber: '911',
            agencyId: 'agency.example',
            priority: -3,
          },
        ],
      });
    });

    it('the dataset named, and none that is not there', async () => {
      const named = { ...scope, datasetId: activeId };
      expect(shown(await lookup.byPoint({ lon: 0.5, lat: 0.5 }, named))).toEqual(['covers', 'west']);
      expect(shown(await lookup.byPoint({ lon: 60, lat: 60 }, named))).toEqual(['nothing']);
      const unknown = { ...scope, datasetId: datasetId(9_999) };
      expect(shown(await lookup.byPoint({ lon: 0.5, lat: 0.5 }, unknown))).toEqual(['noActiveDataset']);
    });

    it('no boundary that a change took out', async () => {
      const remove = (no: string) =>
        test.database.dbTransaction(
          (tx) => tx.script(`update service_boundary set removed_in = ${no} where boundary_id = 'north-60'`),
          { deadlineMs: 20_000 },
        );
      await remove('1');
      await refresh();
      const inside = { lon: 80.5, lat: 60.5 };
      expect(shown(await lookup.byPoint(inside, scope))).toEqual(['nothing']);
      expect(shown(await lookup.nearest(inside, 1_000, scope))).toEqual(['nothing']);
      expect(shown(await lookup.byArea({ kind: 'circle', center: inside, radiusM: 99 }, scope))).toEqual([
        'nothing',
      ]);
      await remove('null');
      await refresh();
      expect(shown(await lookup.byPoint(inside, scope))).toEqual(['covers', 'north-60']);
    });
  });
});

function shown(answer: LookupAnswer): readonly string[] {
  if (answer.kind === 'found') return [answer.rule, ...answer.matches.map(({ boundaryId }) => boundaryId)];
  return answer.kind === 'absent' ? ['absent', answer.boundary.boundaryId] : [answer.kind];
}
