import { usStates, usTerritoryCodes } from './us-states.ts';

// Area names are written in many ways: "Harris", "HARRIS COUNTY", "Doña Ana", "De Kalb", "City of Baltimore". A name is
// reduced to forms: letters and digits without case, marks and spaces, and the kind of area where its name says so.
// Two names agree when they have a form in common; a form without a kind agrees with every kind.

/** What kind of area a suffix speaks of; a county and a city of one name are told apart by it. */
type AreaKind = 'county' | 'city';

const kinds: readonly AreaKind[] = ['county', 'city'];

// Longest first. From the Census Bureau's list of county equivalents and incorporated places.
const suffixes: readonly (readonly [RegExp, AreaKind])[] = [
  [/ (city and borough|city and county|census area|planning region)$/, 'county'],
  [/ (county|parish|borough|municipality|municipio|district|island)$/, 'county'],
  [/ (city|town|township|village)$/, 'city'],
];
const prefixes: readonly (readonly [RegExp, AreaKind])[] = [
  [/^(county|parish|borough|municipality|municipio) of /, 'county'],
  [/^(city|town|township|village) of /, 'city'],
];
const abbreviations: ReadonlyMap<string, string> = new Map([
  ['st', 'saint'],
  ['ste', 'sainte'],
  ['mt', 'mount'],
  ['ft', 'fort'],
]);

interface AreaForm {
  readonly base: string;
  readonly kind: AreaKind | undefined;
}

/** The keys under which a boundary's area name is stored. */
export function storedAreaKeys(name: string | undefined): readonly string[] {
  const keys = new Set<string>();
  for (const { base, kind } of areaForms(name ?? '')) {
    keys.add(base);
    for (const each of kind === undefined ? kinds : [kind]) keys.add(`${base}|${each}`);
  }
  return [...keys];
}

/** The keys by which an address's area name is looked for; undefined where it names none. */
export function soughtAreaKeys(name: string | undefined): readonly string[] | undefined {
  const keys = areaForms(name ?? '').map(({ base, kind }) => (kind === undefined ? base : `${base}|${kind}`));
  return keys.length === 0 ? undefined : keys;
}

/** Country and A1 as one key each; undefined where the address does not name them. */
export interface RegionKeys {
  readonly countryKey: string | undefined;
  readonly a1Key: string | undefined;
}

/**
 * The keys of a country (ISO 3166-1 alpha-2) and of its first level: for the United States the USPS abbreviation,
 * whether it was written so, as ISO 3166-2 (`US-TX`), or as the name; elsewhere the plain name.
 */
export function regionKeys(country: string | undefined, a1: string | undefined): RegionKeys {
  const code = country === undefined ? '' : plainName(country).toUpperCase();
  if (usTerritoryCodes.has(code)) return { countryKey: 'US', a1Key: code.toLowerCase() };
  const prefix = /^([A-Za-z]{2})-(.+)$/.exec(a1?.trim() ?? '');
  const countryKey = countryOf(code, prefix?.[1]);
  const isIsoForm = prefix?.[1] !== undefined && prefix[1].toUpperCase() === countryKey;
  const name = plainName((isIsoForm ? prefix?.[2] : a1) ?? '');
  if (name === '') return { countryKey, a1Key: undefined };
  const usps = countryKey === undefined || countryKey === 'US' ? stateKeys.get(name) : undefined;
  return { countryKey, a1Key: usps ?? name };
}

function countryOf(code: string, isoPrefix: string | undefined): string | undefined {
  if (code === 'USA') return 'US';
  if (code !== '') return code;
  return isoPrefix?.toUpperCase() === 'US' ? 'US' : undefined;
}

function areaForms(name: string): readonly AreaForm[] {
  const words = plainWords(name)
    .split(' ')
    .map((word) => abbreviations.get(word) ?? word)
    .join(' ');
  if (words === '') return [];
  const forms: AreaForm[] = [{ base: words.replaceAll(' ', ''), kind: undefined }];
  for (const [pattern, kind] of [...suffixes, ...prefixes]) {
    const rest = words.replace(pattern, '');
    if (rest === words) continue;
    forms.push({ base: rest.replaceAll(' ', ''), kind });
    break;
  }
  return forms;
}

/** Lower-case words of letters and digits: no marks, no apostrophes, other punctuation as spaces. */
function plainWords(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Lm}'’`´]/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

function plainName(text: string): string {
  return plainWords(text).replaceAll(' ', '');
}

const stateKeys: ReadonlyMap<string, string> = new Map([
  ...usStates.flatMap(({ usps, name }): [string, string][] => [
    [plainName(usps), usps.toLowerCase()],
    [plainName(name), usps.toLowerCase()],
  ]),
  ['usvirginislands', 'vi'],
  ['unitedstatesvirginislands', 'vi'],
  ['commonwealthofthenorthernmarianaislands', 'mp'],
  ['washingtondc', 'dc'],
]);
