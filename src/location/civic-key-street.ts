import type { AddressRules } from './civic-key-rules.ts';
import { joinWords, plainWords } from './civic-key-words.ts';

/** The elements that a street's name is made of, in the order in which they are said (RFC 5139 §3.1, RFC 6848 §5.3, NENA's STPS). */
export const streetElements = ['PRM', 'PRD', 'STP', 'STPS', 'RD', 'STS', 'POD', 'POM'] as const;

/** The elements that tell apart roads of one street, the widest first: house numbers are the finest one's (RFC 5139 §3.2.1). */
export const roadPartElements = ['RDSEC', 'RDBR', 'RDSUBBR'] as const;

export type StreetElement = (typeof streetElements)[number];

/** A street's name as it is compared. */
export interface StreetKeys {
  /** Of the whole name, however it is divided into elements. Empty: there is no street. */
  readonly full: string;
  /** By element, in the order of {@link streetElements}; empty where there is none. */
  readonly parts: readonly string[];
  /** Of sections and branches. */
  readonly road: string;
  /** Words, shortened, for comparing by likeness. */
  readonly words: string;
}

/** The keys of the street that elements name; A6 stands for RD, as in addresses before RFC 5139. */
export function streetKeys(elements: ReadonlyMap<string, string>, rules: AddressRules): StreetKeys {
  const all: string[] = [];
  const parts: string[] = [];
  for (const name of streetElements) {
    const value = elements.get(name) ?? (name === 'RD' ? elements.get('A6') : undefined);
    if (value === undefined) {
      parts.push('');
      continue;
    }
    const words = plainWords(value, rules);
    all.push(...words);
    parts.push(partKey(name, words, rules));
  }
  const keyWords = wordsAsKeys(all, rules);
  const road = roadPartElements
    .map((name) => joinWords(wordsAsKeys(plainWords(elements.get(name) ?? '', rules), rules)))
    .filter((key) => key !== '')
    .join('/');
  return { full: joinWords(keyWords), parts, road, words: keyWords.join(' ') };
}

function partKey(name: StreetElement, words: readonly string[], rules: AddressRules): string {
  if (name === 'PRD' || name === 'POD') return directionKey(words, rules);
  if (name === 'STS' || name === 'STP') {
    return joinWords(words.map((word) => rules.types.get(word) ?? rules.names.get(word) ?? word));
  }
  return joinWords(wordsAsKeys(words, rules));
}

/** `North-East`, `N.E.` and `northeast` are one direction. */
function directionKey(words: readonly string[], rules: AddressRules): string {
  const whole = rules.directions.get(words.join(''));
  return whole ?? joinWords(words.map((word) => rules.directions.get(word) ?? word));
}

/**
 * Each word by the key that its spellings share. A direction stays as it is written where nothing else is the name: `E
 * Street` is not `East Street`.
 */
function wordsAsKeys(written: readonly string[], rules: AddressRules): readonly string[] {
  const words = joinDirections(written, rules);
  const isDirection = (word: string | undefined): boolean => word !== undefined && rules.directions.has(word);
  const isType = (word: string | undefined): boolean =>
    word !== undefined && !rules.directions.has(word) && rules.types.has(word);
  const isNamed = words.some((word) => !isDirection(word) && !isType(word));
  const typeCount = words.filter(isType).length;
  const nameAt = isNamed || typeCount > 1 ? -1 : directionThatIsName(words, isDirection, isType);
  return words.map((word, at) => (at === nameAt ? word : keyOf(word, rules)));
}

function directionThatIsName(
  words: readonly string[],
  isDirection: (word: string | undefined) => boolean,
  isType: (word: string | undefined) => boolean,
): number {
  const before = words.findIndex((word, at) => isDirection(word) && isType(words[at + 1]));
  if (before >= 0) return before;
  const after = words.findIndex((word, at) => isDirection(word) && isType(words[at - 1]));
  return after >= 0 ? after : words.findIndex(isDirection);
}

/** `north east` as one word, where that is a direction. */
function joinDirections(words: readonly string[], rules: AddressRules): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const next = words[at + 1];
    const pair = word.length > 1 && next !== undefined && next.length > 1 ? word + next : undefined;
    if (pair !== undefined && rules.directions.has(word) && rules.directions.has(pair)) {
      found.push(pair);
      at += 1;
    } else found.push(word);
  }
  return found;
}

function keyOf(word: string, rules: AddressRules): string {
  const known = rules.directions.get(word) ?? rules.types.get(word) ?? rules.names.get(word);
  if (known !== undefined) return known;
  for (const [ending, key] of rules.endings) {
    if (word.length >= ending.length + 3 && word.endsWith(ending)) {
      return word.slice(0, -ending.length) + key;
    }
  }
  return word;
}
