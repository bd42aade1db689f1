import { describe, expect, it } from 'vitest';
import { boundaryId, DependencyError, datasetId, serviceUrn, wallMs } from '../../../src/base/index.ts';
import type { BoundaryLookup, Located, LookupAnswer } from '../../../src/esrp/index.ts';
import { mapLocated } from '../../../src/esrp/index.ts';
import type { Shape } from '../../../src/geo/index.ts';
import { civicAddress, type LocationValue } from '../../../src/location/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const service = serviceUrn('urn:service:sos');
const match = {
  boundaryId: boundaryId('b1'),
  datasetId: datasetId(1),
  displayName: 'PSAP',
  serviceUrn: service,
  serviceUri: 'sip:psap@192.0.2.20',
  serviceNumber: '911',
  agencyId: undefined,
  priority: 0,
};
const found: LookupAnswer = { kind: 'found', rule: 'covers', matches: [match] };
const nothing: LookupAnswer = { kind: 'nothing', datasetId: datasetId(1) };
const ambiguous: LookupAnswer = { kind: 'ambiguous', datasetId: datasetId(1), candidates: [match, match] };
const noDataset: LookupAnswer = { kind: 'noActiveDataset' };

function value(place: { shape?: Shape; civic?: Record<string, string> }): LocationValue {
  return {
    source: { kind: 'query' },
    shape: place.shape,
    civic: place.civic && civicAddress(place.civic),
    method: undefined,
    entity: undefined,
    timestamp: undefined,
    isRetransmissionAllowed: undefined,
    retentionExpires: undefined,
  };
}

function point(lat: number): LocationValue {
  return value({ shape: { kind: 'point', position: { lon: 0, lat } } });
}

const civic = value({ civic: { country: 'US', A1: 'TX' } });

function located(first: LocationValue, ...alternatives: LocationValue[]): Located {
  const candidate = (index: number) => ({
    origin: `source ${index}`,
    outcome: 'notChosen' as const,
    reason: 'another location comes first',
  });
  return {
    location: first,
    alternatives,
    candidates: [
      { origin: 'a broken one', outcome: 'unreadable', reason: 'broken' },
      { origin: 'source 0', outcome: 'chosen', reason: 'first' },
      ...alternatives.map((_, index) => candidate(index + 1)),
    ],
    warnings: [],
    additionalData: [],
  };
}

/** Answers points by latitude, areas by `area`, civic addresses by `civic`; each lookup takes `tookMs`. */
class Boundaries implements BoundaryLookup {
  readonly deadlines: number[] = [];
  readonly #clock: ManualClock;
  readonly #answers: Readonly<Record<string, LookupAnswer | Error>>;
  readonly #tookMs: number;
  constructor(clock: ManualClock, answers: Readonly<Record<string, LookupAnswer | Error>>, tookMs = 0) {
    this.#clock = clock;
    this.#answers = answers;
    this.#tookMs = tookMs;
  }
  byPoint(position: { readonly lat: number }, { deadlineMs }: { readonly deadlineMs: number }) {
    return this.#answer(String(position.lat), deadlineMs);
  }
  byArea(_: unknown, { deadlineMs }: { readonly deadlineMs: number }) {
    return this.#answer('area', deadlineMs);
  }
  byCivic(_: unknown, { deadlineMs }: { readonly deadlineMs: number }) {
    return this.#answer('civic', deadlineMs);
  }
  nearest(_position: unknown, _withinM: number, { deadlineMs }: { readonly deadlineMs: number }) {
    return this.#answer('nearest', deadlineMs);
  }
  async #answer(key: string, deadlineMs: number): Promise<LookupAnswer> {
    this.deadlines.push(deadlineMs);
    this.#clock.advanceBy(this.#tookMs);
    const answer = this.#answers[key] ?? this.#answers['any'] ?? nothing;
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

async function map(
  what: Located | undefined,
  answers: Readonly<Record<string, LookupAnswer | Error>>,
  tookMs = 0,
  nearestWithinM = 0,
) {
  const clock = new ManualClock();
  const lookup = new Boundaries(clock, answers, tookMs);
  const question = { service, located: what, asOf: wallMs(0), deadlineMs: 500, nearestWithinM };
  return { ...(await mapLocated(question, { lookup, clock })), deadlines: lookup.deadlines };
}

const late = new DependencyError('store.deadlineMissed', 'late');
const gone = new DependencyError('store.unavailable', 'gone');

describe('which location is mapped', () => {
  type Row = readonly [string, Located, Readonly<Record<string, LookupAnswer | Error>>, string, number];
  const rows: readonly Row[] = [
    [
      'the chosen one, where it is served',
      located(point(1), point(2)),
      { 1: found, 2: found },
      'source 0',
      1,
    ],
    [
      'the first alternative where no boundary covers it',
      located(point(1), point(2)),
      { 2: found },
      'source 1',
      2,
    ],
    ['the next one that is served', located(point(1), point(2), point(3)), { 3: found }, 'source 2', 3],
    ['an address where the point is outside', located(point(1), civic), { civic: found }, 'source 1', 2],
    ['a point where the address is unknown', located(civic, point(2)), { 2: found }, 'source 1', 2],
    [
      'a point where the address is ambiguous',
      located(civic, point(2)),
      { civic: ambiguous, 2: found },
      'source 1',
      2,
    ],
    ['none where all are outside', located(point(1), point(2)), {}, 'source 0', 2],
    [
      'one that is served behind one whose lookup fails',
      located(point(1), point(2), point(3)),
      { 2: gone, 3: found },
      'source 2',
      3,
    ],
    [
      'the chosen one where the lookup fails: another would fail too',
      located(point(1), point(2)),
      { 1: gone, 2: found },
      'source 0',
      1,
    ],
    [
      'the chosen one where the lookup is late',
      located(point(1), point(2)),
      { 1: late, 2: found },
      'source 0',
      1,
    ],
    [
      'the chosen one where there are no boundaries',
      located(point(1), point(2)),
      { 1: noDataset },
      'source 0',
      1,
    ],
  ];
  it.each(rows)('%s', async (_name, what, answers, chosen, lookups) => {
    const result = await map(what, answers);
    const origins = result.located?.candidates.filter(({ outcome }) => outcome === 'chosen');
    expect(origins?.map(({ origin }) => origin)).toEqual([chosen]);
    expect(result.deadlines).toHaveLength(lookups);
    const place = Number(chosen.slice(-1));
    expect(result.located?.location).toBe([what.location, ...what.alternatives][place]);
    expect(result.located?.candidates).toHaveLength(what.candidates.length);
  });

  it('says so in the mapping, and keeps the passed-over ones as alternatives', async () => {
    const [first, second, third] = [point(1), point(2), point(3)];
    const { mapping, located: after } = await map(located(first, second, third), { 2: found });
    expect(mapping).toMatchObject({ kind: 'mapped' });
    expect(mapping.detail).toContain('PSAP covers the point');
    expect(mapping.detail).toContain('no boundary covers the point');
    expect(after?.alternatives).toEqual([first, third]);
    expect(after?.candidates.map(({ outcome }) => outcome)).toEqual([
      'unreadable',
      'notChosen',
      'chosen',
      'notChosen',
    ]);
  });

  it('gives the first one’s reason where none is served', async () => {
    const { mapping } = await map(located(civic, point(2)), { civic: ambiguous });
    expect(mapping).toMatchObject({ kind: 'unmapped', reason: 'civicAmbiguous' });
  });

  it('all within one deadline', async () => {
    const many = located(point(1), point(2), point(3), point(4));
    expect((await map(many, {}, 200)).deadlines).toEqual([500, 300, 100]);
  });

  it('nothing where nothing was located', async () => {
    expect((await map(undefined, {})).mapping).toMatchObject({ kind: 'unmapped', reason: 'noLocation' });
  });
});

const center = { lon: 0, lat: 1 };
const ring = [
  { lon: -1, lat: 0 },
  { lon: 1, lat: 0 },
  { lon: 1, lat: 2 },
  { lon: -1, lat: 2 },
  { lon: -1, lat: 0 },
];
const circle: Shape = { kind: 'circle', center, radiusM: 10 };

const areas: readonly (readonly [string, Shape])[] = [
  ['the circle', circle],
  ['the ellipse', { kind: 'ellipse', center, semiMajorM: 9, semiMinorM: 3, orientationDeg: 4 }],
  [
    'the arc band',
    { kind: 'arcBand', center, innerRadiusM: 1, outerRadiusM: 2, startAngleDeg: 0, openingAngleDeg: 90 },
  ],
  ['the polygon', { kind: 'polygon', exterior: ring, interiors: [] }],
  ['the sphere', { kind: 'sphere', center, radiusM: 10 }],
  [
    'the ellipsoid',
    { kind: 'ellipsoid', center, semiMajorM: 9, semiMinorM: 3, verticalM: 2, orientationDeg: 4 },
  ],
  ['the prism', { kind: 'prism', base: ring, heightM: 3 }],
];

describe('an area goes by its overlaps', () => {
  const overlap = (...shares: readonly [number, ...number[]]): LookupAnswer => {
    const [first, ...rest] = shares.map((share) => ({ ...match, share }));
    return { kind: 'found', rule: 'overlap', matches: [first ?? match, ...rest], total: shares.length };
  };

  it.each(areas)('%s', async (words, shape) => {
    const { mapping, deadlines } = await map(located(value({ shape })), { area: overlap(1) });
    expect(mapping).toMatchObject({ kind: 'mapped', rule: 'overlap', detail: `PSAP covers all of ${words}` });
    expect(deadlines).toHaveLength(1);
  });

  const decides = 'it; service, share, priority, then id decide';
  it.each([
    [
      'the largest share',
      overlap(0.71, 0.29),
      `PSAP covers 71 % of the circle, the largest share; 1 more overlaps ${decides}`,
    ],
    [
      'rounded down',
      overlap(0.9999, 1e-4),
      `PSAP covers 99 % of the circle, the largest share; 1 more overlaps ${decides}`,
    ],
    [
      'a whole per cent but for rounding',
      overlap(0.57 - 1e-12, 0.2, 0.1),
      `PSAP covers 57 % of the circle, the largest share; 2 more overlap ${decides}`,
    ],
    ['a small part', overlap(0.004), 'PSAP covers less than 1 % of the circle'],
    ['all, and another too', overlap(1, 1), `PSAP covers all of the circle; 1 more overlaps ${decides}`],
    [
      'the preferred service',
      overlap(0.1, 1),
      `PSAP covers 10 % of the circle, for the service that comes first; 1 more overlaps ${decides}`,
    ],
    [
      'more than are listed',
      { ...overlap(0.6, 0.1), total: 30 } as LookupAnswer,
      `PSAP covers 60 % of the circle, the largest share; 29 more overlap ${decides}`,
    ],
  ])('in words: %s', async (_name, area, detail) => {
    expect((await map(located(value({ shape: circle })), { area })).mapping.detail).toBe(detail);
  });

  it('keeps the shares of the others', async () => {
    const { mapping } = await map(located(value({ shape: circle })), { area: overlap(0.7, 0.3) });
    expect(mapping).toMatchObject({ boundary: { share: 0.7 }, others: [{ share: 0.3 }] });
  });

  it('or, where nothing overlaps it, by the address beside it', async () => {
    const both = value({ shape: circle, civic: { country: 'US', A1: 'TX' } });
    const { mapping, deadlines } = await map(located(both), { civic: found });
    expect(mapping.detail).toBe('PSAP covers the civic address');
    expect(deadlines).toHaveLength(2);
  });

  it('and is outside where nothing overlaps it', async () => {
    expect((await map(located(value({ shape: circle })), { 1: found })).mapping).toMatchObject({
      reason: 'outsideAllBoundaries',
      detail: 'no boundary covers any of the circle',
    });
  });
});

describe('an area goes by its centre', () => {
  it.each(areas)('where the overlaps fail: %s', async (words, shape) => {
    const { mapping } = await map(located(value({ shape })), { area: gone, any: found });
    expect(mapping).toMatchObject({
      kind: 'mapped',
      rule: 'covers',
      detail: `PSAP covers the centre of ${words}; the overlaps of ${words} could not be had: gone`,
    });
  });

  it('where they are late and the deadline leaves time, within what is left', async () => {
    const { mapping, deadlines } = await map(
      located(value({ shape: circle })),
      { area: late, 1: found },
      300,
    );
    expect(mapping.detail).toBe(
      'PSAP covers the centre of the circle; the overlaps of the circle did not come in time',
    );
    expect(deadlines).toEqual([300, 200]);
  });

  it('and says so where that is outside too', async () => {
    const { mapping } = await map(located(value({ shape: circle })), { area: gone });
    expect(mapping.detail).toBe(
      'no boundary covers the centre of the circle; the overlaps of the circle could not be had: gone',
    );
  });

  it('but not where no time is left', async () => {
    const { mapping, deadlines } = await map(
      located(value({ shape: circle })),
      { area: late, 1: found },
      500,
    );
    expect(mapping).toMatchObject({ kind: 'unmapped', reason: 'deadlineMissed' });
    expect(deadlines).toHaveLength(1);
  });

  it('where both fail with what the second one says', async () => {
    const { mapping } = await map(located(value({ shape: circle })), { any: gone });
    expect(mapping).toMatchObject({ kind: 'unmapped', reason: 'lookupFailed', detail: 'gone' });
  });

  it.each([
    ['without a radius', { kind: 'circle', center, radiusM: 0 } satisfies Shape, { 1: found }],
    ['too small for shares', circle, { area: found }],
  ])('%s', async (_name, shape, answers) => {
    const { mapping, deadlines } = await map(located(value({ shape })), answers);
    expect(mapping).toMatchObject({ rule: 'covers', detail: 'PSAP covers the centre of the circle' });
    expect(deadlines).toHaveLength(1);
  });
});

describe('where no boundary serves any location', () => {
  const near: LookupAnswer = { kind: 'found', rule: 'nearest', matches: [match], distanceM: 1_234.2 };
  const absence: LookupAnswer = { kind: 'absent', datasetId: datasetId(1), boundary: match };

  it('the nearest one within the distance does, of the location that comes first', async () => {
    const {
      mapping,
      located: after,
      deadlines,
    } = await map(located(point(1), point(2)), { nearest: near }, 100, 5_000);
    expect(mapping).toMatchObject({
      kind: 'mapped',
      rule: 'nearest',
      detail: 'PSAP is the nearest to the point, which no boundary covers, 1235 m off',
    });
    expect(after?.location).toEqual(point(1));
    expect(deadlines).toEqual([500, 400, 300]);
  });

  it('an area goes by its centre', async () => {
    const { mapping } = await map(located(value({ shape: circle })), { nearest: near }, 0, 5_000);
    expect(mapping.detail).toContain('is the nearest to the centre of the circle');
  });

  it.each([
    ['no distance is configured', located(point(1)), { nearest: near }, 0, 'outsideAllBoundaries', 1],
    ['none is within it', located(point(1)), {}, 500, 'outsideAllBoundaries', 2],
    ['there is no place, only an address', located(civic), { nearest: near }, 500, 'civicUnknown', 1],
    [
      'the service is known to be absent',
      located(point(1), point(2)),
      { 1: absence, 2: found, nearest: near },
      500,
      'serviceAbsent',
      1,
    ],
    [
      'the nearest says that the service is absent',
      located(point(1)),
      { nearest: absence },
      500,
      'serviceAbsent',
      2,
    ],
    ['the lookups fail', located(point(1)), { 1: gone, nearest: near }, 500, 'lookupFailed', 1],
  ] as const)('none does where %s', async (_name, what, answers, withinM, reason, lookups) => {
    const { mapping, deadlines } = await map(what, answers, 0, withinM);
    expect(mapping).toMatchObject({ kind: 'unmapped', reason });
    expect(deadlines).toHaveLength(lookups);
  });

  it('a nearest one that cannot be had leaves what was known', async () => {
    const { mapping } = await map(located(point(1)), { nearest: gone }, 0, 500);
    expect(mapping).toMatchObject({
      reason: 'outsideAllBoundaries',
      detail: 'no boundary covers the point; the nearest within 500 m was not found: gone',
    });
  });
});

describe('an answer of the standby index', () => {
  it.each([
    ['databaseAway', 'the standby index answered: the database is away'],
    ['databaseLate', 'the standby index answered: the database took too long'],
    ['databaseFailed', 'the standby index answered: the database failed'],
    ['configured', 'the standby index answered, which is asked first'],
  ] as const)('is said to be one: %s', async (why, words) => {
    const answeredBy = { name: 'memory', why } as const;
    const { mapping } = await map(located(point(1)), { 1: { ...found, answeredBy } as LookupAnswer });
    expect(mapping).toMatchObject({ answeredBy, detail: `PSAP covers the point; ${words}` });
    const outside = await map(located(point(1)), { 1: { ...nothing, answeredBy } as LookupAnswer });
    expect(outside.mapping).toMatchObject({ kind: 'unmapped', answeredBy });
    expect(outside.mapping.detail).toContain(words);
  });
});
