import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wallMs } from '../../src/base/index.ts';
import type { BoundaryAdmin, BoundaryLookup, LookupAnswer, SourceFeature } from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeBoundaryLookup } from '../../src/store/boundary-lookup.ts';
import { address, addressPoint, numbered, road } from '../support/civic-rows.ts';
import { actor, box, drivers, feature, recordingLogger, sos, type TestDatabase, testNow } from './harness.ts';

// Addresses looked up for routing: by point, range, street, likeness and area, in several countries.

const scope = { services: [sos], asOf: testNow, deadlineMs: 20_000 } as const;
const day = 86_400_000;

const springfield = { country: 'US', A1: 'IL', A2: 'Sangamon', A3: 'Springfield' } as const;
const lakeville = { country: 'US', A1: 'IL', A2: 'Sangamon', A3: 'Lakeville' } as const;
const outside = { country: 'US', A1: 'IL', A2: 'Sangamon', PCN: 'Rochester' } as const;
const main = { RD: 'Main', STS: 'Street' } as const;
const queens = { country: 'US', A1: 'NY', A3: 'Queens' } as const;
const berlin = { country: 'DE', A1: 'BE', A3: 'Berlin' } as const;
const paris = { country: 'FR', A1: '75', A3: 'Paris' } as const;
const madrid = { country: 'ES', A1: 'MD', A3: 'Madrid' } as const;

/** A town on both sides of the border between two PSAPs, at 1° east, and towns of other countries beside it. */
function* town(): Generator<SourceFeature> {
  yield { kind: 'feature', feature: feature('west', { country: undefined, geometry: box(0, 0, 1, 1) }) };
  yield { kind: 'feature', feature: feature('east', { country: undefined, geometry: box(1, 0, 2, 1) }) };
  yield {
    kind: 'feature',
    feature: feature('queens', { geometry: box(4, 0, 5, 1), a1: 'NY', a3: 'Queens' }),
  };
  yield { kind: 'feature', feature: feature('europe', { geometry: box(10, 0, 12, 2), country: 'DE' }) };

  yield addressPoint('p12', [0.5, 0.5], { ...springfield, ...main, HNO: '12', PC: '62701' });
  yield addressPoint('p12a', [0.501, 0.5], { ...springfield, ...main, HNO: '12', HNS: 'A' });
  yield addressPoint('p12half', [0.502, 0.5], { ...springfield, ...main, HNO: '12', HNS: '1/2' });
  yield addressPoint('p20-1', [0.51, 0.5], {
    ...springfield,
    ...main,
    HNO: '20',
    UNIT_PRETYPE: 'Apt',
    UNIT_VALUE: '1',
  });
  yield addressPoint('p20-2', [0.5100001, 0.5], { ...springfield, ...main, HNO: '20', UNIT: 'Apt 2' });
  yield addressPoint('p150-a', [0.999, 0.5], { ...springfield, ...main, HNO: '150', BLD: 'A' });
  yield addressPoint('p150-b', [1.001, 0.5], { ...springfield, ...main, HNO: '150', BLD: 'B' });
  yield addressPoint(
    'old',
    [0.3, 0.3],
    { ...springfield, RD: 'Gone', STS: 'Rd', HNO: '1' },
    { expire: wallMs(testNow - day) },
  );
  yield addressPoint(
    'new',
    [0.3, 0.3],
    { ...springfield, RD: 'Future', STS: 'Rd', HNO: '1' },
    { effective: wallMs(testNow + day) },
  );
  yield addressPoint('rural', [0.7, 0.7], { ...outside, RD: 'County Road 5', HNO: '77' });
  yield addressPoint('north', [0.2, 0.9], { ...springfield, PRD: 'N', RD: 'Grand', STS: 'Ave', HNO: '7' });
  yield addressPoint('south', [1.2, 0.1], { ...springfield, PRD: 'S', RD: 'Grand', STS: 'Ave', HNO: '7' });
  yield addressPoint('fifth', [0.2, 0.2], { ...springfield, RD: '5th', STS: 'St', HNO: '9' });
  yield addressPoint('post', [0.21, 0.2], { ...springfield, RD: 'Interstate 55', MP: '98.5' });
  yield addressPoint('lakeville12', [0.1, 0.1], { ...lakeville, ...main, HNO: '12' });
  yield addressPoint('lakeville99', [0.1, 0.1], { ...lakeville, RD: 'Juniper', STS: 'Court', HNO: '99' });
  yield addressPoint('nowhere', [3, 3], { ...springfield, RD: 'Nowhere', STS: 'Ln', HNO: '1' });
  yield addressPoint('queens', [4.5, 0.5], { ...queens, RD: 'Jackson', STS: 'Ave', HNP: '114-', HNO: '25' });
  yield addressPoint('berlin', [10.5, 0.5], {
    ...berlin,
    RD: 'Müllerstraße',
    HNO: '12',
    HNS: 'a',
    PC: '13353',
  });
  yield addressPoint('berlin-range', [10.6, 0.5], { ...berlin, RD: 'Otto-Hahn-Ring', HNO: '12-16' });
  yield addressPoint('paris', [11.5, 0.5], {
    ...paris,
    STP: 'Rue',
    STPS: 'de la',
    RD: 'République',
    HNO: '12 bis',
  });
  yield addressPoint('madrid', [11.5, 1.5], {
    ...madrid,
    STP: 'Avenida',
    RD: 'de la Constitución',
    HNO: '3',
  });

  const odd = (from: number, to: number, place: Readonly<Record<string, string>>) => ({
    from,
    to,
    parity: 'odd' as const,
    place,
  });
  const even = (from: number, to: number, place: Readonly<Record<string, string>>) => ({
    from,
    to,
    parity: 'even' as const,
    place,
  });
  yield road(
    'main-1',
    [
      [0.4, 0.5],
      [0.6, 0.5],
    ],
    main,
    { left: odd(1, 99, springfield), right: even(2, 98, springfield) },
  );
  yield road(
    'main-2',
    [
      [0.9, 0.5],
      [1.1, 0.5],
    ],
    main,
    { left: odd(101, 199, springfield), right: even(100, 198, springfield) },
  );
  // Runs against its numbers, along the border: its sides are of two PSAPs.
  yield road(
    'border',
    [
      [1, 0.2],
      [1, 0.8],
    ],
    { RD: 'Border', STS: 'Way' },
    { left: odd(99, 1, springfield), right: even(98, 2, springfield) },
  );
  yield road(
    'oak',
    [
      [0.2, 0.4],
      [0.2, 0.5],
    ],
    { RD: 'Oak', STS: 'Ave' },
    { left: { place: springfield }, right: { place: springfield } },
  );
  yield road(
    'touch',
    [
      [0.8, 0.45],
      [1, 0.45],
    ],
    { RD: 'Touching', STS: 'Trail' },
    { left: odd(1, 9, springfield), right: even(2, 8, springfield) },
  );
  yield road(
    'washington',
    [
      [0.3, 0.6],
      [0.35, 0.6],
    ],
    { RD: 'Washington', STS: 'Boulevard' },
    { left: odd(1, 99, springfield), right: even(2, 98, springfield) },
  );
  yield road(
    'queens-road',
    [
      [4.2, 0.5],
      [4.3, 0.5],
    ],
    { RD: 'Northern', STS: 'Blvd' },
    { left: { ...odd(1, 99, queens), prefix: '114-' }, right: { ...even(2, 98, queens), prefix: '114-' } },
  );
  yield road(
    'jackson-old',
    [
      [0.3, 0.1],
      [0.4, 0.1],
    ],
    { RD: 'Jackson', STS: 'Pkwy' },
    { left: odd(1, 99, springfield), right: even(2, 98, springfield) },
    { expire: wallMs(testNow - 1) },
  );
}

/** What of an answer a row of a table says. */
function gist(answer: LookupAnswer): Readonly<Record<string, unknown>> {
  const civic = 'civic' in answer ? answer.civic : undefined;
  const of = civic === undefined ? {} : { layer: civic.layer, row: civic.featureId, score: civic.score };
  if (answer.kind === 'found') return { psap: answer.matches[0].boundaryId, rule: answer.rule, ...of };
  if (answer.kind === 'ambiguous')
    return { ambiguous: answer.candidates.map(({ boundaryId }) => boundaryId).sort(), ...of };
  return { kind: answer.kind };
}

const point = (psap: string, row: string, score = 1) => ({
  psap,
  rule: 'addressPoint',
  layer: 'addressPoint',
  row,
  score,
});
const range = (psap: string, row: string, score = 1) => ({
  psap,
  rule: 'roadRange',
  layer: 'roadRange',
  row,
  score,
});

const rows: readonly (readonly [
  string,
  Readonly<Record<string, string>>,
  Readonly<Record<string, unknown>>,
])[] = [
  ['a point, as written', { ...springfield, ...main, HNO: '12' }, point('west', 'p12')],
  [
    'with other case and short words',
    { country: 'US', A1: 'Illinois', A3: 'SPRINGFIELD', RD: 'MAIN', STS: 'St.', HNO: '12' },
    point('west', 'p12'),
  ],
  ['with its street in one element', { ...springfield, RD: 'Main St', HNO: '12' }, point('west', 'p12')],
  ['with its street in A6', { ...springfield, A6: 'Main Street', HNO: '12' }, point('west', 'p12')],
  ['without its street type', { ...springfield, RD: 'Main', HNO: '12' }, point('west', 'p12')],
  ['without a country', { A1: 'IL', A3: 'Springfield', ...main, HNO: '12' }, point('west', 'p12')],
  [
    'by its postal code, without a city',
    { country: 'US', A1: 'IL', ...main, HNO: '12', PC: '62701-1234' },
    point('west', 'p12'),
  ],
  [
    'with its suffix in its own element',
    { ...springfield, ...main, HNO: '12', HNS: 'A' },
    point('west', 'p12a'),
  ],
  ['with its suffix in one word', { ...springfield, ...main, HNO: '12a' }, point('west', 'p12a')],
  ['with a fraction', { ...springfield, ...main, HNO: '12½' }, point('west', 'p12half')],
  [
    'with a suffix that is not known',
    { ...springfield, ...main, HNO: '20', HNS: 'C' },
    point('west', 'p20-1', 0.9),
  ],
  ['a unit of several', { ...springfield, ...main, HNO: '20', UNIT: '2' }, point('west', 'p20-2')],
  [
    'a unit written in two elements',
    { ...springfield, ...main, HNO: '20', UNIT_PRETYPE: 'Apartment', UNIT_VALUE: '1' },
    point('west', 'p20-1'),
  ],
  [
    'a building of several PSAPs',
    { ...springfield, ...main, HNO: '150', BLD: 'Building B' },
    point('east', 'p150-b'),
  ],
  [
    'the same without the building',
    { ...springfield, ...main, HNO: '150' },
    { ambiguous: ['east', 'west'], layer: 'addressPoint', row: 'p150-a', score: 1 },
  ],
  [
    'a direction before the name',
    { ...springfield, PRD: 'South', RD: 'Grand', STS: 'Avenue', HNO: '7' },
    point('east', 'south'),
  ],
  [
    'the other direction, in one element',
    { ...springfield, RD: 'N Grand Ave', HNO: '7' },
    point('west', 'north'),
  ],
  [
    'without the direction',
    { ...springfield, RD: 'Grand', STS: 'Ave', HNO: '7' },
    { ambiguous: ['east', 'west'], layer: 'addressPoint', row: 'north', score: 1 },
  ],
  ['an ordinal in words', { ...springfield, RD: 'Fifth', STS: 'Street', HNO: '9' }, point('west', 'fifth')],
  [
    'a postal community as the city',
    { country: 'US', A1: 'IL', A3: 'Rochester', RD: 'Co Rd 5', HNO: '77' },
    point('west', 'rural'),
  ],
  ['a mile post', { ...springfield, RD: 'I-55', MP: '98.5' }, { kind: 'nothing' }],
  [
    'a mile post, its road written out',
    { ...springfield, RD: 'Interstate 55', MP: '98.5' },
    point('west', 'post'),
  ],
  ['the same street elsewhere', { ...lakeville, ...main, HNO: '12' }, point('west', 'lakeville12')],
  ['a range, odd side', { ...springfield, ...main, HNO: '13' }, range('west', 'main-1')],
  ['a range, even side', { ...springfield, ...main, HNO: '14' }, range('west', 'main-1')],
  ['a range, before the border', { ...springfield, ...main, HNO: '111' }, range('west', 'main-2')],
  ['a range, beyond the border', { ...springfield, ...main, HNO: '189' }, range('east', 'main-2')],
  [
    'a range that runs down, left side',
    { ...springfield, RD: 'Border', STS: 'Way', HNO: '51' },
    range('west', 'border'),
  ],
  [
    'a range that runs down, right side',
    { ...springfield, RD: 'Border', STS: 'Way', HNO: '50' },
    range('east', 'border'),
  ],
  [
    'a number in no range of a street of two PSAPs',
    { ...springfield, ...main, HNO: '5000' },
    { ambiguous: ['east', 'west'], layer: 'street', row: 'main-1', score: 1 },
  ],
  [
    'a street without numbers',
    { ...springfield, RD: 'Oak', STS: 'Ave', HNO: '5' },
    { psap: 'west', rule: 'street', layer: 'street', row: 'oak', score: 1 },
  ],
  [
    'a street that only touches the border',
    { ...springfield, RD: 'Touching', STS: 'Trl' },
    { psap: 'west', rule: 'street', layer: 'street', row: 'touch', score: 1 },
  ],
  [
    'a street of points alone',
    { ...lakeville, RD: 'Juniper', STS: 'Ct', HNO: '1' },
    { psap: 'west', rule: 'street', layer: 'street', row: 'lakeville99', score: 1 },
  ],
  [
    'a misspelt street',
    { ...springfield, RD: 'Washingtn', STS: 'Blvd', HNO: '11' },
    range('west', 'washington', 0.722),
  ],
  ['a street of another number', { ...springfield, RD: '6th', STS: 'St', HNO: '9' }, { kind: 'nothing' }],
  [
    'a misspelt street without a city',
    { country: 'US', A1: 'IL', RD: 'Washingtn', STS: 'Blvd', HNO: '11' },
    { kind: 'nothing' },
  ],
  [
    'a street of another direction',
    { ...springfield, PRD: 'E', RD: 'Grand', STS: 'Ave', HNO: '7' },
    { kind: 'nothing' },
  ],
  ['a row that has expired', { ...springfield, RD: 'Gone', STS: 'Rd', HNO: '1' }, { kind: 'nothing' }],
  [
    'a row that is not in force yet',
    { ...springfield, RD: 'Future', STS: 'Rd', HNO: '1' },
    { kind: 'nothing' },
  ],
  [
    'a range that has expired',
    { ...springfield, RD: 'Jackson', STS: 'Pkwy', HNO: '11' },
    { kind: 'nothing' },
  ],
  [
    'a place that no boundary covers',
    { ...springfield, RD: 'Nowhere', STS: 'Ln', HNO: '1' },
    { kind: 'nothing' },
  ],
  [
    'a branch of a street that is not known',
    { ...springfield, ...main, RDBR: 'Lane 7', HNO: '12' },
    { ambiguous: ['east', 'west'], layer: 'street', row: 'main-1', score: 1 },
  ],
  [
    'a number with a prefix',
    { ...queens, RD: 'Jackson', STS: 'Ave', HNO: '114-25' },
    point('queens', 'queens'),
  ],
  [
    'a prefix of a road range',
    { ...queens, RD: 'Northern', STS: 'Blvd', HNO: '114-25' },
    range('queens', 'queens-road'),
  ],
  [
    'a city that only a boundary names',
    { ...queens, RD: 'Unknown', STS: 'Ave', HNO: '1' },
    { psap: 'queens', rule: 'areaName', layer: 'area', row: undefined, score: 1 },
  ],
  [
    'German, short and without marks',
    { ...berlin, RD: 'Muellerstr.', HNO: '12 A' },
    point('europe', 'berlin'),
  ],
  [
    'German, a number within a building',
    { ...berlin, RD: 'Otto Hahn Ring', HNO: '14' },
    point('europe', 'berlin-range'),
  ],
  ['French', { ...paris, RD: 'r. de la Republique', HNO: '12B' }, point('europe', 'paris')],
  ['Spanish', { ...madrid, RD: 'Avda. de la Constitucion', HNO: '3' }, point('europe', 'madrid')],
];

describe.each(drivers)('civic addresses on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of a town', () => {
    let test: TestDatabase;
    let lookup: BoundaryLookup;
    let boundaries: BoundaryAdmin;

    beforeAll(async () => {
      test = await open();
      lookup = makeBoundaryLookup(test.database);
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const outcome = await boundaries.load(numbered(town()), {
        ...{ name: 'town', source: 'drawn', actor, invalidGeometry: 'refuse' },
      });
      expect(outcome.kind).toBe('loaded');
      if (outcome.kind === 'loaded') await boundaries.activate(outcome.dataset.id, actor);
    }, 120_000);
    afterAll(async () => await test.close());

    it.each(rows)('finds %s', async (_name, elements, expected) => {
      expect(gist(await lookup.byCivic(address(elements), scope))).toEqual(expected);
    });
  });
});
