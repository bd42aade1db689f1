import { partWords } from './civic-key-data.ts';
import type { AddressRules } from './civic-key-rules.ts';
import { foldText, joinWords, plainWords } from './civic-key-words.ts';

/** The elements of a house number, in the order in which they are said (RFC 6848 §5.4). */
export const houseElements = ['HNP', 'HNO', 'HNS'] as const;

/** A house number as it is compared. */
export interface HouseKey {
  /** Of the whole number with what is before and behind it, however it is divided into elements. Empty: there is none. */
  readonly key: string;
  /** The number that ranges count. Undefined: it has no figures. */
  readonly number: number | undefined;
  /** The last number of a building that has several. */
  readonly last: number | undefined;
  /** What is before the number, as a key. */
  readonly prefix: string;
  /** What is behind it. */
  readonly suffix: string;
}

const fractions: ReadonlyMap<string, string> = new Map([
  ['¼', ' 1/4'],
  ['½', ' 1/2'],
  ['¾', ' 3/4'],
  ['⅓', ' 1/3'],
  ['⅔', ' 2/3'],
  ['⅛', ' 1/8'],
]);
const numberMax = 2_147_483_647;

/** The house number that elements name; `HNC`, the whole of it, where they name no parts. */
export function houseKey(elements: ReadonlyMap<string, string>, rules: AddressRules): HouseKey {
  const before = tokensOf(elements.get('HNP') ?? '');
  const hno = tokensOf(elements.get('HNO') ?? elements.get('HNC') ?? '');
  const behind = behindTokens(elements.get('HNS') ?? '');
  const { prefix, number, suffix, last } = divide(hno, before.length > 0, rules);
  const keyPrefix = [...before, ...prefix];
  const keySuffix = suffixKey([...suffix, ...behind], rules);
  const middle = number === undefined ? [] : [String(number), ...(last === undefined ? [] : [`-${last}`])];
  return {
    key: [...keyPrefix, ...middle, ...keySuffix].join(' '),
    number,
    last,
    prefix: keyPrefix.join(' '),
    suffix: keySuffix.join(' '),
  };
}

/** The key of what stands before the numbers of a road's side. */
export function numberPrefixKey(prefix: string | undefined): string {
  return tokensOf(prefix ?? '').join(' ');
}

/** Fractions behind a figure, figures, letters, and hyphens between figures; in lower case. */
function tokensOf(text: string): readonly string[] {
  if (text === '') return [];
  const spelled = text
    .replace(/n[º°]|[º°ª]/gi, '')
    .replace(/[¼½¾⅓⅔⅛]/g, (sign) => fractions.get(sign) ?? sign);
  const folded = foldText(spelled)
    .replace(/^\s*(?:no|nr|num|numero|nummer|number)?[.:\s#]*(?=\d)/, '')
    .replace(/⁄/g, '/');
  const tokens = folded.match(/(?<=\d\s+)[1-7]\/[2348](?!\d)|\d+|\p{L}+|(?<=\d)\s*[-–—]\s*(?=\d)/gu) ?? [];
  return tokens.map((token) => (/^\d+$/.test(token) ? token.replace(/^0+(?=\d)/, '') : token.trim()));
}

// `1/2` alone is half of the house number that is in its own element.
function behindTokens(text: string): readonly string[] {
  const fraction = /^[1-7]\/[2348]$/.exec(text.trim());
  return fraction === null ? tokensOf(`0 ${text}`).slice(1) : [fraction[0]];
}

interface Divided {
  readonly prefix: readonly string[];
  readonly number: number | undefined;
  readonly suffix: readonly string[];
  readonly last: number | undefined;
}

function divide(tokens: readonly string[], hasPrefix: boolean, rules: AddressRules): Divided {
  const isFigure = (token: string | undefined): token is string =>
    token !== undefined && /^\d+$/.test(token) && Number(token) <= numberMax;
  const first = tokens.findIndex(isFigure);
  if (first < 0) return { prefix: tokens, number: undefined, suffix: [], last: undefined };
  const isHyphen = (token: string | undefined): boolean => token !== undefined && /^[-–—]$/.test(token);
  const second = tokens[first + 2];
  const withoutHyphens = (list: readonly string[]) => list.filter((token) => !isHyphen(token));
  if (isHyphen(tokens[first + 1]) && isFigure(second)) {
    const low = Number(tokens[first]);
    if (rules.style.hyphenatedNumber === 'range' && !hasPrefix && Number(second) > low) {
      const suffix = withoutHyphens(tokens.slice(first + 3));
      return { prefix: tokens.slice(0, first), number: low, suffix, last: Number(second) };
    }
    if (rules.style.hyphenatedNumber === 'prefix') {
      const suffix = withoutHyphens(tokens.slice(first + 3));
      return {
        prefix: withoutHyphens(tokens.slice(0, first + 2)),
        number: Number(second),
        suffix,
        last: undefined,
      };
    }
  }
  // As in grids of the American Midwest: W220 N5678.
  const lettersThenFigures = tokens[first + 1];
  const third = tokens[first + 2];
  if (
    first > 0 &&
    lettersThenFigures !== undefined &&
    /^\p{L}$/u.test(lettersThenFigures) &&
    isFigure(third)
  ) {
    const suffix = withoutHyphens(tokens.slice(first + 3));
    return { prefix: tokens.slice(0, first + 2), number: Number(third), suffix, last: undefined };
  }
  const suffix = withoutHyphens(tokens.slice(first + 1));
  return { prefix: tokens.slice(0, first), number: Number(tokens[first]), suffix, last: undefined };
}

// French numbers repeat as bis, ter and quater, which are shortened to their first letters.
function suffixKey(tokens: readonly string[], rules: AddressRules): readonly string[] {
  if (!rules.style.languages.includes('fr')) return tokens;
  const short: ReadonlyMap<string, string> = new Map([
    ['bis', 'b'],
    ['ter', 't'],
    ['quater', 'q'],
  ]);
  return tokens.map((token) => short.get(token) ?? token);
}

const partKeys: ReadonlyMap<string, string> = new Map(
  partWords.flatMap((line) => {
    const [key = '', ...others] = line.split(' ');
    return [key, ...others].map((word): [string, string] => [word, key]);
  }),
);

/**
 * The key of an element below the house number (floor, unit, room ...): without the words that say what it is, as long as
 * something is left. `Apt. 5`, `#5` and `5` are the same, and so are `2nd floor` and `2`.
 */
export function subaddressKey(value: string, rules: AddressRules): string {
  const words = plainWords(value, rules);
  const left = words.filter((word) => !partKeys.has(word));
  return left.length > 0 ? joinWords(left) : words.map((word) => partKeys.get(word) ?? word).join('');
}

/** The key of a postal code: letters and figures; of the United States the five that all have. */
export function postalCodeKey(value: string, country: string | undefined): string {
  const key = foldText(value).replace(/[^\p{L}\p{N}]+/gu, '');
  return country === 'US' && /^\d{9}$/.test(key) ? key.slice(0, 5) : key;
}
