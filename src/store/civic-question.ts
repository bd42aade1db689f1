import type { CivicAddress } from '../location/index.ts';
import {
  type AddressRules,
  addressRules,
  allAddressRules,
  houseKey,
  streetElements,
  streetKeys,
} from '../location/index.ts';
import { regionKeys, soughtAreaKeys } from './area-names.ts';
import { houseColumns } from './civic-keys.ts';
import type { PlaceQuestion, StreetQuestion } from './sql/civic.ts';

/** An address as it is looked for. */
export interface CivicQuestion {
  readonly civic: CivicAddress;
  readonly rules: AddressRules;
  readonly place: PlaceQuestion;
  /** Undefined: it names no street. */
  readonly street: (StreetQuestion & { readonly words: string }) | undefined;
  readonly house: {
    /** Empty: it names no house number. */
    readonly key: string;
    readonly number: number | undefined;
    readonly prefix: string;
    /** The numbers that it may be in ranges: itself, and with a prefix of figures the whole written as one. */
    readonly numbers: readonly number[];
  };
  /** The finest level of areas that it names; 0: at most a country. */
  readonly areaLevel: number;
}

const integerMax = 2_147_483_647;

/** An address's keys, as the store has them. */
export function civicQuestion(civic: CivicAddress): CivicQuestion {
  const { elements } = civic;
  const { countryKey, a1Key } = regionKeys(civic.country, elements.get('A1'));
  const rules = addressRules(countryKey);
  const house = houseKey(elements, rules);
  const { key, number } = houseColumns(elements, rules);
  return {
    civic,
    rules,
    place: {
      countryKey,
      a1Key,
      a2Keys: soughtAreaKeys(elements.get('A2')),
      a3Keys: soughtAreaKeys(elements.get('A3')),
      a4Keys: soughtAreaKeys(elements.get('A4')),
      a5Keys: soughtAreaKeys(elements.get('A5')),
      pcnKeys: soughtAreaKeys(elements.get('PCN')),
    },
    street: streetQuestion(civic, countryKey),
    house: { key, number, prefix: house.prefix, numbers: numbersOf(number, house.prefix) },
    areaLevel: ['A1', 'A2', 'A3', 'A4', 'A5'].reduce(
      (level, name, index) => (soughtAreaKeys(elements.get(name)) === undefined ? level : index + 1),
      0,
    ),
  };
}

function streetQuestion({ elements }: CivicAddress, countryKey: string | undefined): CivicQuestion['street'] {
  const keys = (countryKey === undefined ? allAddressRules() : [addressRules(countryKey)]).map((rules) =>
    streetKeys(elements, rules),
  );
  const [first] = keys;
  if (first === undefined || first.full === '') return undefined;
  const rdAt = streetElements.indexOf('RD');
  const distinct = (list: readonly string[]) => [...new Set(list)].filter((key) => key !== '');
  return {
    fullKeys: distinct(keys.map(({ full }) => full)),
    rdKeys: distinct(keys.map(({ parts }) => parts[rdAt] ?? '')),
    partKeys: first.parts,
    roadKey: first.road,
    words: first.words,
  };
}

// Queens writes 114-25 where a road's range may be 11401 to 11499.
function numbersOf(number: number | undefined, prefix: string): readonly number[] {
  if (number === undefined) return [];
  const whole = /^\d+$/.test(prefix) ? Number(`${prefix}${String(number).padStart(2, '0')}`) : undefined;
  return whole === undefined || whole > integerMax ? [number] : [number, whole];
}
