import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetId, wallMs } from '../../src/base/index.ts';
import type { BoundaryAdmin, CivicValidation, CivicValidator, SourceFeature } from '../../src/esrp/index.ts';
import { makeBoundaryAdmin } from '../../src/store/boundary-admin.ts';
import { makeCivicValidator } from '../../src/store/civic-validator.ts';
import { address, addressPoint, numbered, road } from '../support/civic-rows.ts';
import { actor, box, drivers, feature, recordingLogger, type TestDatabase, testNow } from './harness.ts';

// The location validation function (RFC 5222 §8.4.2): exact, element by element.

const day = 86_400_000;
const scope = { asOf: testNow, deadlineMs: 20_000, similarMax: 3 } as const;

const springfield = { country: 'US', A1: 'IL', A2: 'Sangamon', A3: 'Springfield' } as const;
const shelbyville = {
  country: 'US',
  A1: 'IL',
  A2: 'Sangamon',
  A3: 'Shelbyville',
  PCN: 'Shelbyville',
} as const;
const main = { RD: 'Main', STS: 'Street' } as const;

function* town(): Generator<SourceFeature> {
  yield { kind: 'feature', feature: feature('psap', { geometry: box(0, 0, 2, 2), a1: 'IL' }) };
  yield { kind: 'feature', feature: feature('cook', { geometry: box(3, 0, 4, 2), a1: 'IL', a2: 'Cook' }) };
  yield {
    kind: 'adminArea',
    feature: {
      ...{ ordinal: 1, featureId: 'area-decatur', discrepancyAgencyId: undefined, dateUpdate: undefined },
      ...{ effective: undefined, expire: wallMs(testNow + 9 * day), crs: undefined, level: 3 as const },
      civic: address({ country: 'US', A1: 'IL', A2: 'Macon', A3: 'Decatur' }),
      coordinates: box(0, 1, 1, 2).coordinates,
    },
  };
  yield addressPoint('p12', [0.5, 0.5], { ...springfield, ...main, HNO: '12', PC: '62701' });
  yield addressPoint('p14a', [0.5, 0.5], { ...springfield, ...main, HNO: '14', HNS: 'A' });
  yield addressPoint('p16-1', [0.5, 0.5], { ...springfield, ...main, HNO: '16', UNIT: '1', FLR: '1' });
  yield addressPoint('p16-2', [0.5, 0.5], { ...springfield, ...main, HNO: '16', UNIT: '2', FLR: '1' });
  yield addressPoint('p18', [0.5, 0.5], { ...springfield, ...main, HNO: '18' });
  yield addressPoint('p18-1', [0.5, 0.5], { ...springfield, ...main, HNO: '18', UNIT: '1' });
  yield addressPoint('pa', [0.5, 0.5], { ...springfield, RD: 'Main', STS: 'Ave', HNO: '12' });
  yield addressPoint('pn', [0.6, 0.5], { ...springfield, PRD: 'N', RD: 'Grand', STS: 'Ave', HNO: '7' });
  yield addressPoint('ps', [0.7, 0.5], { ...springfield, PRD: 'S', RD: 'Grand', STS: 'Ave', HNO: '9' });
  yield addressPoint('s12', [0.9, 0.9], { ...shelbyville, ...main, HNO: '12' });
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
  yield addressPoint(
    'soon',
    [0.3, 0.3],
    { ...springfield, RD: 'Ending', STS: 'Rd', HNO: '1' },
    { expire: wallMs(testNow + 3 * day) },
  );
  yield addressPoint(
    'ghost',
    [0.3, 0.3],
    { country: 'US', A1: 'IL', A2: 'Sangamon', A3: 'Ghosttown', RD: 'Old', STS: 'Rd', HNO: '1' },
    { expire: wallMs(testNow - day) },
  );
  const side = (from: number, to: number, isForValidation = true) => ({
    from,
    to,
    place: springfield,
    isForValidation,
  });
  yield road(
    'oak',
    [
      [0.2, 0.4],
      [0.2, 0.5],
    ],
    { RD: 'Oak', STS: 'Ave' },
    { left: side(1, 99), right: side(100, 198, false) },
  );
  yield road(
    'bare',
    [
      [0.2, 0.4],
      [0.2, 0.5],
    ],
    { RD: 'Bare', STS: 'Ln' },
    { left: { place: springfield }, right: { place: springfield } },
  );
}

/** Valid, invalid and unchecked, as words. */
function lists(validation: CivicValidation | undefined): readonly string[] {
  if (validation === undefined) return [];
  const text = (names: readonly string[]) => [...names].sort().join(' ');
  return [text(validation.valid), text(validation.invalid), text(validation.unchecked)];
}

const place = 'A1 A2 A3';

const rows: readonly (readonly [
  string,
  Readonly<Record<string, string>>,
  readonly [string, string, string],
  string?,
])[] = [
  [
    'an address point',
    { ...springfield, ...main, HNO: '12' },
    [`${place} HNO RD STS country`, '', ''],
    'p12',
  ],
  [
    'the same in other spellings',
    {
      country: 'US',
      A1: 'Illinois',
      A2: 'SANGAMON COUNTY',
      A3: 'springfield',
      RD: 'main',
      STS: 'St',
      HNO: '12',
    },
    [`${place} HNO RD STS country`, '', ''],
    'p12',
  ],
  [
    'its street in one element',
    { ...springfield, RD: 'Main St', HNO: '12' },
    [`${place} HNO RD country`, '', ''],
    'p12',
  ],
  [
    'its street in A6',
    { ...springfield, A6: 'Main Street', HNO: '12' },
    [`${place} A6 HNO country`, '', ''],
    'p12',
  ],
  [
    'its postal code',
    { ...springfield, ...main, HNO: '12', PC: '62701' },
    [`${place} HNO PC RD STS country`, '', ''],
    'p12',
  ],
  [
    'another postal code',
    { ...springfield, ...main, HNO: '12', PC: '99999' },
    [`${place} HNO RD STS country`, 'PC', ''],
    'p12',
  ],
  [
    'a postal code that the data does not have',
    { ...springfield, ...main, HNO: '18', PC: '62701' },
    [`${place} HNO RD STS country`, '', 'PC'],
  ],
  [
    'a postal community',
    { ...shelbyville, ...main, HNO: '12' },
    [`${place} HNO PCN RD STS country`, '', ''],
    's12',
  ],
  [
    'another postal community',
    { ...shelbyville, PCN: 'Springfield', ...main, HNO: '12' },
    [`${place} HNO RD STS country`, 'PCN', ''],
    's12',
  ],
  [
    'a number with its suffix',
    { ...springfield, ...main, HNO: '14A' },
    [`${place} HNO RD STS country`, '', ''],
    'p14a',
  ],
  [
    'another suffix',
    { ...springfield, ...main, HNO: '14', HNS: 'B' },
    [`${place} HNO RD STS country`, 'HNS', ''],
    'p14a',
  ],
  [
    'a suffix in the number that no point has',
    { ...springfield, ...main, HNO: '12B' },
    [`${place} RD STS country`, 'HNO', ''],
  ],
  [
    'a number that nothing has',
    { ...springfield, ...main, HNO: '5000', UNIT: '4', PC: '62701' },
    [`${place} RD STS country`, 'HNO', 'PC UNIT'],
  ],
  [
    'a number in a range alone',
    { ...springfield, RD: 'Oak', STS: 'Ave', HNO: '51', UNIT: '4' },
    [`${place} RD STS country`, '', 'HNO UNIT'],
    'oak',
  ],
  [
    'a number on a side that is not for validation',
    { ...springfield, RD: 'Oak', STS: 'Ave', HNO: '150' },
    [`${place} RD STS country`, '', 'HNO'],
  ],
  [
    'a number in no range',
    { ...springfield, RD: 'Oak', STS: 'Ave', HNO: '999' },
    [`${place} RD STS country`, 'HNO', ''],
  ],
  [
    'a street without numbers',
    { ...springfield, RD: 'Bare', STS: 'Ln', HNO: '1' },
    [`${place} RD STS country`, '', 'HNO'],
  ],
  [
    'a unit, floor and room of a building without any',
    { ...springfield, ...main, HNO: '12', FLR: '2', UNIT: '5', ROOM: 'B' },
    [`${place} HNO RD STS country`, '', 'FLR ROOM UNIT'],
    'p12',
  ],
  [
    'a unit and its floor',
    { ...springfield, ...main, HNO: '16', UNIT: 'Apt 2', FLR: '1st floor' },
    [`${place} FLR HNO RD STS UNIT country`, '', ''],
    'p16-2',
  ],
  [
    'a unit that a building of known units does not have',
    { ...springfield, ...main, HNO: '16', UNIT: '9' },
    [`${place} HNO RD STS country`, 'UNIT', ''],
  ],
  [
    'a unit that a building of some known units may have',
    { ...springfield, ...main, HNO: '18', UNIT: '9' },
    [`${place} HNO RD STS country`, '', 'UNIT'],
  ],
  [
    'a misspelt street',
    { ...springfield, RD: 'Mian', STS: 'Street', HNO: '12' },
    [`${place} country`, 'RD', 'HNO STS'],
  ],
  [
    'another street type',
    { ...springfield, RD: 'Main', STS: 'Boulevard', HNO: '12' },
    [`${place} RD country`, 'STS', 'HNO'],
  ],
  [
    'another direction',
    { ...springfield, PRD: 'E', RD: 'Grand', STS: 'Ave', HNO: '7' },
    [`${place} RD country`, 'PRD', 'HNO STS'],
  ],
  [
    'a direction left out',
    { ...springfield, RD: 'Grand', STS: 'Ave', HNO: '7' },
    [`${place} HNO RD STS country`, '', ''],
    'pn',
  ],
  [
    'a street of another city',
    { ...shelbyville, RD: 'Oak', STS: 'Ave', HNO: '51' },
    [`${place} country`, 'RD', 'HNO PCN STS'],
  ],
  [
    'an unknown city',
    { ...springfield, A3: 'Springfeild', ...main, HNO: '12' },
    ['A1 A2 country', 'A3', 'HNO RD STS'],
  ],
  ['a city whose rows have expired', { ...springfield, A3: 'Ghosttown' }, ['A1 A2 country', 'A3', '']],
  ['an unknown first level', { ...springfield, A1: 'ZZ' }, ['country', 'A1', 'A2 A3']],
  ['another country', { ...springfield, country: 'FR' }, ['', 'country', 'A1 A2 A3']],
  [
    'an area of a polygon alone',
    { country: 'US', A1: 'IL', A2: 'Macon', A3: 'Decatur', RD: 'Any', HNO: '1' },
    [`${place} country`, '', 'HNO RD'],
  ],
  [
    'an area that a boundary names',
    { country: 'US', A1: 'IL', A2: 'Cook', A3: 'Chicago' },
    ['A1 A2 country', '', 'A3'],
  ],
  [
    'a row that has expired',
    { ...springfield, RD: 'Gone', STS: 'Rd', HNO: '1' },
    [`${place} country`, 'RD', 'HNO STS'],
  ],
  [
    'a row that is not in force yet',
    { ...springfield, RD: 'Future', STS: 'Rd', HNO: '1' },
    [`${place} country`, 'RD', 'HNO STS'],
  ],
  [
    'a branch that the data does not know',
    { ...springfield, ...main, RDBR: 'Lane 7', HNO: '12' },
    [`${place} RD STS country`, '', 'HNO RDBR'],
  ],
  [
    'elements that no data has',
    { ...springfield, ...main, HNO: '12', LOC: 'corner', PLC: 'office', bridge: '4' },
    [`${place} HNO RD STS country`, '', 'LOC PLC bridge'],
    'p12',
  ],
];

describe.each(drivers)('validation on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of a town', () => {
    let test: TestDatabase;
    let validator: CivicValidator;
    let boundaries: BoundaryAdmin;

    beforeAll(async () => {
      test = await open();
      validator = makeCivicValidator(test.database);
      boundaries = makeBoundaryAdmin(test.database, 20_000, recordingLogger());
      const outcome = await boundaries.load(numbered(town()), {
        ...{ name: 'town', source: 'drawn', actor, invalidGeometry: 'refuse' },
      });
      expect(outcome.kind).toBe('loaded');
      if (outcome.kind === 'loaded') await boundaries.activate(outcome.dataset.id, actor);
    }, 120_000);
    afterAll(async () => await test.close());

    const named = rows.map(([name, elements, expected, row]) => ({ name, elements, expected, row }));
    it.each(named)('says what is valid, invalid and unchecked: $name', async (of) => {
      const validation = await validator.validate(address(of.elements), scope);
      expect(lists(validation)).toEqual(of.expected);
      expect(validation?.featureId).toBe(of.row);
    });

    const suggestions: readonly (readonly [
      string,
      Readonly<Record<string, string>>,
      Readonly<Record<string, string>>,
    ])[] = [
      [
        'a misspelt street',
        { ...springfield, RD: 'Mian', STS: 'Street', HNO: '12' },
        { ...springfield, ...main, HNO: '12', PC: '62701' },
      ],
      [
        'another street type',
        { ...springfield, RD: 'Main', STS: 'Boulevard', HNO: '14', HNS: 'A' },
        { ...springfield, ...main, HNO: '14', HNS: 'A' },
      ],
      [
        'another number',
        { ...springfield, ...main, HNO: '11' },
        { ...springfield, ...main, HNO: '12', PC: '62701' },
      ],
      [
        'a misspelt city',
        { ...springfield, A3: 'Shelbyvile', ...main, HNO: '12' },
        { ...shelbyville, ...main, HNO: '12' },
      ],
      [
        'a range',
        { ...springfield, RD: 'Oakk', STS: 'Ave', HNO: '51' },
        { ...springfield, RD: 'Oak', STS: 'Ave', HNO: '51' },
      ],
    ];
    it.each(suggestions)('suggests an address in place of %s', async (_name, elements, expected) => {
      const validation = await validator.validate(address(elements), scope);
      const [first] = validation?.similar ?? [];
      expect({ country: first?.country, ...Object.fromEntries(first?.elements ?? []) }).toEqual(expected);
      expect(validation?.similar.length).toBeLessThanOrEqual(3);
    });

    it('suggests only what is not invalid itself, and nothing unasked', async () => {
      for (const [, elements] of suggestions) {
        const { similar = [] } = (await validator.validate(address(elements), scope)) ?? {};
        for (const each of similar) expect((await validator.validate(each, scope))?.invalid).toEqual([]);
        const none = await validator.validate(address(elements), { ...scope, similarMax: 0 });
        expect(none?.similar).toEqual([]);
      }
    });

    it('says when the rows change next, and answers for other moments', async () => {
      const ending = address({ ...springfield, RD: 'Ending', STS: 'Rd', HNO: '1' });
      expect((await validator.validate(ending, scope))?.changesAt).toBe(testNow + 3 * day);
      const later = await validator.validate(ending, { ...scope, asOf: wallMs(testNow + 4 * day) });
      expect(later?.invalid).toEqual(['RD']);
      const future = address({ ...springfield, RD: 'Future', STS: 'Rd', HNO: '1' });
      const then = await validator.validate(future, { ...scope, asOf: wallMs(testNow + 2 * day) });
      expect(then?.invalid).toEqual([]);
      const area = address({ country: 'US', A1: 'IL', A2: 'Macon', A3: 'Decatur' });
      expect((await validator.validate(area, scope))?.changesAt).toBe(testNow + 9 * day);
    });

    it('places what it found', async () => {
      const point = await validator.validate(address({ ...springfield, ...main, HNO: '12' }), scope);
      expect(point).toMatchObject({ layer: 'addressPoint', position: { lon: 0.5, lat: 0.5 } });
      const range = await validator.validate(
        address({ ...springfield, RD: 'Oak', STS: 'Ave', HNO: '51' }),
        scope,
      );
      expect(range?.layer).toBe('roadRange');
      expect(range?.position?.lat).toBeCloseTo(0.451, 3);
    });

    it('validates in a dataset that is named, and in none that is not there', async () => {
      const civic = address({ ...springfield, ...main, HNO: '12' });
      const active = await validator.validate(civic, scope);
      const named = await validator.validate(civic, { ...scope, datasetId: active?.datasetId });
      expect(named).toEqual(active);
      expect(await validator.validate(civic, { ...scope, datasetId: datasetId(999) })).toBeUndefined();
    });
  });
});
