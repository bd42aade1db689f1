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

/** Answers by latitude, and civic addresses by `civic`; each lookup takes `tookMs`. */
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
  byCivic(_: unknown, { deadlineMs }: { readonly deadlineMs: number }) {
    return this.#answer('civic', deadlineMs);
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
) {
  const clock = new ManualClock();
  const lookup = new Boundaries(clock, answers, tookMs);
  const question = { service, located: what, asOf: wallMs(0), deadlineMs: 500 };
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

describe('an area goes by its centre', () => {
  const center = { lon: 0, lat: 1 };
  const ring = [
    { lon: -1, lat: 0 },
    { lon: 1, lat: 0 },
    { lon: 1, lat: 2 },
    { lon: -1, lat: 2 },
    { lon: -1, lat: 0 },
  ];
  const shapes: readonly (readonly [string, Shape])[] = [
    ['the point', { kind: 'point', position: center }],
    ['the centre of the circle', { kind: 'circle', center, radiusM: 10 }],
    [
      'the centre of the ellipse',
      { kind: 'ellipse', center, semiMajorM: 9, semiMinorM: 3, orientationDeg: 4 },
    ],
    [
      'the centre of the arc band',
      { kind: 'arcBand', center, innerRadiusM: 1, outerRadiusM: 2, startAngleDeg: 0, openingAngleDeg: 90 },
    ],
    ['the centre of the polygon', { kind: 'polygon', exterior: ring, interiors: [] }],
    ['the centre of the sphere', { kind: 'sphere', center, radiusM: 10 }],
    [
      'the centre of the ellipsoid',
      { kind: 'ellipsoid', center, semiMajorM: 9, semiMinorM: 3, verticalM: 2, orientationDeg: 4 },
    ],
    ['the centre of the prism', { kind: 'prism', base: ring, heightM: 3 }],
  ];
  it.each(shapes)('%s', async (words, shape) => {
    const { mapping } = await map(located(value({ shape })), { any: found });
    expect(mapping.detail).toBe(`PSAP covers ${words}`);
  });
});
