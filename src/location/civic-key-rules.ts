import { addressWords } from './civic-key-data.ts';
import type { AddressLanguage, AddressWords } from './civic-key-types.ts';

/** How a country writes its addresses. */
export interface AddressStyle {
  /** In order: where two languages shorten to the same word, the first one's meaning holds. */
  readonly languages: readonly AddressLanguage[];
  /**
   * What `12-16` is as a house number. `range`: the numbers of one building, twelve to sixteen. `prefix`: number 16 behind the
   * prefix 12, as in Queens, New York.
   */
  readonly hyphenatedNumber: 'range' | 'prefix';
}

/** Styles by country (ISO 3166-1 alpha-2) and one for all others. */
export interface AddressStyles {
  readonly countries: Readonly<Record<string, AddressStyle>>;
  readonly others: AddressStyle;
}

/** Words of a style as they are looked up. */
export interface AddressRules {
  readonly style: AddressStyle;
  readonly directions: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, string>;
  readonly ordinals: ReadonlyMap<string, number>;
  readonly ordinalEndings: ReadonlySet<string>;
  /** The longest first. */
  readonly endings: readonly (readonly [ending: string, key: string])[];
  /** Whether `ae`, `oe` and `ue` may stand for letters with marks. */
  readonly hasUmlauts: boolean;
}

const style = (...languages: readonly AddressLanguage[]): AddressStyle => ({
  languages,
  hyphenatedNumber: 'range',
});

/** The styles that are built in. */
export const defaultAddressStyles: AddressStyles = {
  countries: {
    US: { languages: ['en'], hyphenatedNumber: 'prefix' },
    PR: { languages: ['es', 'en'], hyphenatedNumber: 'prefix' },
    CA: style('en', 'fr'),
    ...Object.fromEntries(['GB', 'IE', 'AU', 'NZ', 'IN', 'SG', 'ZA'].map((code) => [code, style('en')])),
    ...Object.fromEntries(['FR', 'MC'].map((code) => [code, style('fr')])),
    BE: style('nl', 'fr', 'de'),
    LU: style('fr', 'de'),
    CH: style('de', 'fr', 'it'),
    ...Object.fromEntries(['DE', 'AT', 'LI'].map((code) => [code, style('de')])),
    NL: style('nl'),
    IT: style('it', 'de'),
    ...Object.fromEntries(['PT', 'BR'].map((code) => [code, style('pt')])),
    ...Object.fromEntries(
      ['ES', 'MX', 'AR', 'CL', 'CO', 'PE', 'EC', 'UY', 'PY', 'BO', 'VE', 'CR', 'PA', 'GT', 'DO'].map(
        (code) => [code, style('es')],
      ),
    ),
  },
  others: style('en', 'fr', 'es', 'de', 'nl'),
};

const made = new WeakMap<AddressStyle, AddressRules>();

/** The rules of a country's addresses; undefined: of no country in particular. */
export function addressRules(
  country: string | undefined,
  styles: AddressStyles = defaultAddressStyles,
): AddressRules {
  const chosen = (country === undefined ? undefined : styles.countries[country]) ?? styles.others;
  const known = made.get(chosen);
  if (known !== undefined) return known;
  const rules = makeRules(chosen);
  made.set(chosen, rules);
  return rules;
}

/** The rules of all styles, each once, those for no country in particular first: for addresses that do not say where they are. */
export function allAddressRules(styles: AddressStyles = defaultAddressStyles): readonly AddressRules[] {
  const byText = new Map<string, AddressRules>();
  for (const each of [styles.others, ...Object.values(styles.countries)]) {
    const text = JSON.stringify(each);
    if (!byText.has(text)) byText.set(text, rulesOf(each));
  }
  return [...byText.values()];
}

function rulesOf(chosen: AddressStyle): AddressRules {
  return addressRules(undefined, { countries: {}, others: chosen });
}

function makeRules(chosen: AddressStyle): AddressRules {
  const words = chosen.languages.map((language) => addressWords[language]);
  return {
    style: chosen,
    directions: keysOf(words, 'directions'),
    types: keysOf(words, 'types'),
    names: keysOf(words, 'names'),
    ordinals: ordinalsOf(words, chosen.languages.includes('en')),
    ordinalEndings: new Set(words.flatMap(({ ordinalEndings }) => ordinalEndings)),
    endings: endingsOf(words),
    hasUmlauts: chosen.languages.includes('de'),
  };
}

function keysOf(
  words: readonly AddressWords[],
  kind: 'directions' | 'types' | 'names',
): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const language of words) {
    for (const line of language[kind]) {
      const [key = '', ...others] = line.split(' ');
      for (const word of [key, ...others]) if (!keys.has(word)) keys.set(word, key);
    }
  }
  return keys;
}

function ordinalsOf(words: readonly AddressWords[], isEnglish: boolean): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const { ordinals } of words) {
    for (const [index, word] of ordinals.entries()) if (!numbers.has(word)) numbers.set(word, index + 1);
  }
  if (isEnglish) {
    for (const [word, number] of tens) {
      numbers.set(`${word.slice(0, -1)}ieth`, number);
      for (const [unit, value] of [...numbers]) if (value < 10) numbers.set(`${word}${unit}`, number + value);
    }
  }
  return numbers;
}

/** English tens, which go before units: `twenty first`. */
export const tens: ReadonlyMap<string, number> = new Map([
  ['twenty', 20],
  ['thirty', 30],
  ['forty', 40],
  ['fifty', 50],
  ['sixty', 60],
  ['seventy', 70],
  ['eighty', 80],
  ['ninety', 90],
]);

function endingsOf(words: readonly AddressWords[]): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  for (const { endings } of words) {
    for (const line of endings) {
      const [key = '', ...others] = line.split(' ');
      for (const word of [key, ...others]) found.push([word, key]);
    }
  }
  return found.sort((a, b) => b[0].length - a[0].length);
}
