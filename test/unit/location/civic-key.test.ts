import { describe, expect, it } from 'vitest';
import {
  addressRules,
  allAddressRules,
  houseKey,
  numberPrefixKey,
  postalCodeKey,
  streetKeys,
  subaddressKey,
} from '../../../src/location/index.ts';

// Spellings of one street or number have one key; different ones have two.

type Elements = Readonly<Record<string, string>>;

const street = (country: string | undefined, elements: Elements) =>
  streetKeys(new Map(Object.entries(elements)), addressRules(country));
const house = (country: string, elements: Elements) =>
  houseKey(new Map(Object.entries(elements)), addressRules(country));

const sameStreets: readonly (readonly [string, string, readonly Elements[]])[] = [
  [
    'type and direction',
    'US',
    [
      { PRD: 'North', RD: 'Main', STS: 'Street' },
      { PRD: 'N.', RD: 'MAIN', STS: 'St.' },
      { RD: 'N Main St' },
      { A6: 'north  main-street' },
    ],
  ],
  [
    'a direction of two words',
    'US',
    [{ PRD: 'Northeast', RD: 'Elm' }, { RD: 'NE Elm' }, { RD: 'North East Elm' }, { RD: 'N.E. Elm' }],
  ],
  ['an ordinal', 'US', [{ RD: 'First', STS: 'Avenue' }, { RD: '1st', STS: 'Ave' }, { RD: '1ST AV' }]],
  [
    'an ordinal of two words',
    'US',
    [{ RD: 'Twenty-First', STS: 'Street' }, { RD: '21st St' }, { RD: 'Twenty First Street' }],
  ],
  [
    'a street of numbers',
    'CA',
    [
      { RD: '1', STS: 'St' },
      { RD: '1st', STS: 'Street' },
    ],
  ],
  ['a saint and a street', 'US', [{ RD: 'Saint Paul', STS: 'Street' }, { RD: 'St. Paul St' }]],
  [
    'an apostrophe',
    'US',
    [{ RD: "O'Brien", STS: 'Ct' }, { RD: 'OBrien Court' }, { RD: 'O’Brien', STS: 'Court' }],
  ],
  ['spacing', 'US', [{ RD: 'De Kalb', STS: 'Dr' }, { RD: 'DeKalb Drive' }]],
  ['a highway', 'US', [{ STP: 'US Highway', RD: '90' }, { RD: 'US Hwy 90' }, { RD: 'U.S. HIGHWAY 090' }]],
  ['a type before the name', 'CA', [{ STP: 'Rue', RD: 'Saint-Denis' }, { RD: 'rue St-Denis' }]],
  [
    'German marks and endings',
    'DE',
    [{ RD: 'Müllerstraße' }, { RD: 'Muellerstr.' }, { RD: 'MULLERSTRASSE' }, { RD: 'Müller Straße' }],
  ],
  ['German hyphens', 'DE', [{ RD: 'Otto-Hahn-Ring' }, { RD: 'Otto Hahn Ring' }]],
  ['a German square', 'AT', [{ RD: 'Marktplatz' }, { RD: 'Marktpl.' }]],
  ['Dutch endings', 'NL', [{ RD: 'Kerkstraat' }, { RD: 'Kerkstr.' }]],
  ['a Dutch lane', 'NL', [{ RD: 'Beethovenlaan' }, { RD: 'Beethovenln' }]],
  [
    'French',
    'FR',
    [
      { STP: 'Rue', STPS: 'de la', RD: 'République' },
      { RD: 'R. de la Republique' },
      { STP: 'rue', RD: 'de la REPUBLIQUE' },
    ],
  ],
  ['a French boulevard', 'FR', [{ STP: 'Boulevard', RD: 'Général Leclerc' }, { RD: 'Bd Gal Leclerc' }]],
  ['a French ordinal', 'FR', [{ STP: 'Rue', RD: '1er Mai' }, { RD: 'Rue Premier Mai' }]],
  ['Spanish', 'ES', [{ STP: 'Avenida', RD: 'de la Constitución' }, { RD: 'Avda. de la Constitucion' }]],
  ['a Spanish saint', 'MX', [{ STP: 'Calle', RD: 'Santa Fe' }, { RD: 'Calle Sta. Fe' }]],
  ['Italian', 'IT', [{ STP: 'Piazza', RD: 'Garibaldi' }, { RD: 'P.za Garibaldi' }]],
  ['Portuguese', 'BR', [{ STP: 'Avenida', RD: 'São João' }, { RD: 'Av. Sao Joao' }]],
  ['no country in particular', 'XX', [{ RD: 'Main', STS: 'Street' }, { RD: 'main st' }]],
];

const otherStreets: readonly (readonly [string, string, Elements, Elements])[] = [
  ['a letter and a direction', 'US', { RD: 'E', STS: 'Street' }, { RD: 'East', STS: 'Street' }],
  ['types', 'US', { RD: 'Oak', STS: 'Street' }, { RD: 'Oak', STS: 'Avenue' }],
  ['directions', 'US', { PRD: 'N', RD: 'Oak' }, { PRD: 'S', RD: 'Oak' }],
  ['ordinals', 'US', { RD: '4th', STS: 'St' }, { RD: '5th', STS: 'St' }],
  ['an umlaut after a vowel', 'DE', { RD: 'Neue Straße' }, { RD: 'Neu Straße' }],
  ['digits', 'US', { RD: 'Highway 12 3' }, { RD: 'Highway 1 23' }],
];

describe('streets', () => {
  it.each(sameStreets)('have one key in all spellings: %s', (_name, country, spellings) => {
    const keys = spellings.map((elements) => street(country, elements).full);
    expect(new Set(keys)).toEqual(new Set([keys[0]]));
    expect(keys[0]).not.toBe('');
  });

  it.each(otherStreets)('have keys of their own: %s', (_name, country, one, other) => {
    expect(street(country, one).full).not.toBe(street(country, other).full);
  });

  it('keep their parts apart, in order', () => {
    const { parts, words } = street('US', {
      PRM: 'Old',
      PRD: 'North',
      RD: 'Main',
      STS: 'Street',
      POD: 'East',
    });
    expect(parts).toEqual(['old', 'n', '', '', 'main', 'st', 'e', '']);
    expect(words).toBe('old n main st e');
  });

  it('keep sections and branches apart from the name', () => {
    const { full, road } = street('AU', { RD: 'West Alice', STS: 'Parade', RDSEC: '3', RDBR: 'Carol Lane' });
    expect(full).toBe('walicepde');
    expect(road).toBe('3/carolln');
  });

  it('are none where nothing names one', () => {
    expect(street('US', { A3: 'Springfield' })).toMatchObject({ full: '', words: '' });
    expect(street('US', { RD: ' - ' }).full).toBe('');
  });

  it('have a key by each set of rules, where the country is not known', () => {
    const rules = allAddressRules();
    expect(new Set(rules).size).toBe(rules.length);
    expect(rules).toContain(addressRules('US'));
    expect(rules).toContain(addressRules('DE'));
  });
});

const numbers: readonly (readonly [
  string,
  string,
  Elements,
  string,
  number | undefined,
  number | undefined,
])[] = [
  ['a number', 'US', { HNO: '12' }, '12', 12, undefined],
  ['zeros before it', 'US', { HNO: '0012' }, '12', 12, undefined],
  ['a word before it', 'US', { HNO: 'No. 12' }, '12', 12, undefined],
  ['a suffix of its own', 'US', { HNO: '12', HNS: 'A' }, '12 a', 12, undefined],
  ['a suffix in it', 'US', { HNO: '12-a' }, '12 a', 12, undefined],
  ['a fraction of its own', 'US', { HNO: '12', HNS: '1/2' }, '12 1/2', 12, undefined],
  ['a fraction in it', 'US', { HNO: '12 1/2' }, '12 1/2', 12, undefined],
  ['a fraction of one sign', 'US', { HNO: '12½' }, '12 1/2', 12, undefined],
  ['a prefix of its own', 'US', { HNP: 'N', HNO: '6543' }, 'n 6543', 6543, undefined],
  ['a prefix in it', 'US', { HNO: 'N6543' }, 'n 6543', 6543, undefined],
  ['a grid of the Midwest', 'US', { HNO: 'W220N5678' }, 'w 220 n 5678', 5678, undefined],
  ['Queens, divided', 'US', { HNP: '114-', HNO: '25' }, '114 25', 25, undefined],
  ['Queens, in one', 'US', { HNO: '114-25' }, '114 25', 25, undefined],
  ['a building of several', 'DE', { HNO: '12-16' }, '12 -16', 12, 16],
  ['several, with a suffix', 'DE', { HNO: '12–16a' }, '12 -16 a', 12, 16],
  ['a number and a door', 'AT', { HNO: '12/3/5' }, '12 3 5', 12, undefined],
  ['a number and a staircase that reads like a fraction', 'AT', { HNO: '2/3' }, '2 3', 2, undefined],
  ['bis', 'FR', { HNO: '12 bis' }, '12 b', 12, undefined],
  ['bis, short', 'FR', { HNO: '12B' }, '12 b', 12, undefined],
  ['the complete number', 'US', { HNC: '12A' }, '12 a', 12, undefined],
  ['no figures', 'GB', { HNO: 'The Cottage' }, 'the cottage', undefined, undefined],
  ['more figures than a number has', 'US', { HNO: '99999999999' }, '99999999999', undefined, undefined],
  ['nothing', 'US', {}, '', undefined, undefined],
];

describe('house numbers', () => {
  it.each(numbers)(
    'have a key, a number and a last one: %s',
    (_name, country, elements, key, number, last) => {
      expect(house(country, elements)).toMatchObject({ key, number, last });
    },
  );

  it('have the prefix that a road range has', () => {
    expect(house('US', { HNO: '114-25' }).prefix).toBe(numberPrefixKey('114-'));
    expect(numberPrefixKey(undefined)).toBe('');
  });
});

describe('what is below a house number', () => {
  const same: readonly (readonly [string, readonly string[]])[] = [
    ['5', ['5', 'Apt 5', 'APT. 5', '#5', 'Unit 05']],
    ['2', ['2', '2nd floor', 'Floor 2', 'Second Floor']],
    ['5b', ['5B', '5-b', 'Suite 5 B']],
    ['fl', ['Floor', 'fl.']],
  ];
  it.each(same)('has the key %s in all spellings', (key, spellings) => {
    for (const each of spellings) expect(subaddressKey(each, addressRules('US'))).toBe(key);
  });
});

describe('postal codes', () => {
  it('are letters and figures; of the United States five', () => {
    expect(postalCodeKey('sw1a 1aa', 'GB')).toBe('sw1a1aa');
    expect(postalCodeKey('62701-1234', 'US')).toBe('62701');
    expect(postalCodeKey('627011234', 'DE')).toBe('627011234');
  });
});
