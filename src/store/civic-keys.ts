import { createHash } from 'node:crypto';
import type { CivicAddress } from '../location/index.ts';
import {
  type AddressRules,
  addressRules,
  houseKey,
  roadPartElements,
  streetElements,
  streetKeys,
} from '../location/index.ts';
import { regionKeys, storedAreaKeys } from './area-names.ts';

/** The elements that name a place, beside the country: areas, and the postal community. */
export const placeElements = ['A1', 'A2', 'A3', 'A4', 'A5', 'PCN'] as const;

/** The elements that a street has in the store. */
export const storedStreetElements: readonly string[] = [...streetElements, 'A6', ...roadPartElements];

const notOfRow: ReadonlySet<string> = new Set([...placeElements, ...storedStreetElements]);

/** Elements by name, as JSON has them. */
export type ElementsJson = Readonly<Record<string, string>>;

/** A row of civic_place. */
export interface PlaceRow {
  readonly place_id: string;
  readonly country_key: string;
  readonly a1_key: string;
  readonly a2_keys: readonly string[];
  readonly a3_keys: readonly string[];
  readonly a4_keys: readonly string[];
  readonly a5_keys: readonly string[];
  readonly pcn_keys: readonly string[];
  readonly elements: ElementsJson;
}

/** A row of civic_street, and of the place that it is in. */
export interface StreetRow {
  readonly street_id: string;
  readonly place: PlaceRow;
  readonly full_key: string;
  readonly part_keys: readonly string[];
  readonly rd_key: string;
  readonly road_key: string;
  readonly words: string;
  readonly elements: ElementsJson;
}

// Many rows in a row name the same street; what was made for one is kept for a while.
const keptMax = 20_000;
const places = new Map<string, PlaceRow>();
const streets = new Map<string, StreetRow>();

/** The street that an address is on, with its place. Its id is made of the keys, so it is the same wherever it is made. */
export function streetRowOf(civic: CivicAddress, street = civic.elements): StreetRow {
  const named = [
    civic.country ?? '',
    ...placeElements.map((name) => civic.elements.get(name) ?? ''),
    ...storedStreetElements.map((name) => street.get(name) ?? ''),
  ].join('\u0000');
  return kept(streets, named, () => {
    const place = placeRowOf(civic);
    const keys = streetKeys(street, addressRules(civic.country));
    const rd = keys.parts[streetElements.indexOf('RD')] ?? '';
    return {
      street_id: idOf([place.place_id, keys.full, keys.parts, keys.road]),
      place,
      full_key: keys.full,
      part_keys: keys.parts,
      rd_key: rd,
      road_key: keys.road,
      words: keys.words,
      elements: chosen(street, storedStreetElements),
    };
  });
}

function placeRowOf(civic: CivicAddress): PlaceRow {
  const named = [civic.country ?? '', ...placeElements.map((name) => civic.elements.get(name) ?? '')].join(
    '\u0000',
  );
  return kept(places, named, () => {
    const keys = areaKeyColumns(civic);
    const pcn_keys = storedAreaKeys(civic.elements.get('PCN'));
    const country = civic.country === undefined ? {} : { country: civic.country };
    return {
      place_id: idOf([keys, pcn_keys]),
      ...keys,
      pcn_keys,
      elements: { ...country, ...chosen(civic.elements, placeElements) },
    };
  });
}

/** The keys of the areas that an address names, by the columns of civic_place and admin_area. */
export function areaKeyColumns(civic: CivicAddress): {
  readonly country_key: string;
  readonly a1_key: string;
  readonly a2_keys: readonly string[];
  readonly a3_keys: readonly string[];
  readonly a4_keys: readonly string[];
  readonly a5_keys: readonly string[];
} {
  const { countryKey, a1Key } = regionKeys(civic.country, civic.elements.get('A1'));
  const keys = (level: string) => storedAreaKeys(civic.elements.get(level));
  return {
    country_key: countryKey ?? '',
    a1_key: a1Key ?? '',
    a2_keys: keys('A2'),
    a3_keys: keys('A3'),
    a4_keys: keys('A4'),
    a5_keys: keys('A5'),
  };
}

/** What of an address neither its place nor its street says. */
export function rowElementsOf(elements: ReadonlyMap<string, string>): ElementsJson {
  const left: Record<string, string> = {};
  for (const [name, value] of elements) if (!notOfRow.has(name)) left[name] = value;
  return left;
}

/** The house number of an address as its row has it; a mile post stands for one that is not there (RFC 6848 §5.2). */
export function houseColumns(
  elements: ReadonlyMap<string, string>,
  rules: AddressRules,
): { readonly key: string; readonly number: number | undefined; readonly last: number | undefined } {
  const { key, number, last } = houseKey(elements, rules);
  if (key !== '') return { key, number, last };
  const post = elements.get('MP');
  if (post === undefined) return { key: '', number: undefined, last: undefined };
  return {
    key: `mp ${post.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, '')}`,
    number: undefined,
    last: undefined,
  };
}

function chosen(elements: ReadonlyMap<string, string>, names: readonly string[]): ElementsJson {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = elements.get(name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

// 72 bits: among a million streets two have the same with a chance of one in ten thousand million.
function idOf(keys: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(keys)).digest('base64url').slice(0, 12);
}

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  if (map.size >= keptMax) map.clear();
  map.set(key, value);
  return value;
}
