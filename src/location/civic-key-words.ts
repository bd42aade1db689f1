import { type AddressRules, tens } from './civic-key-rules.ts';

// Letters that Unicode does not take apart into a plain one and a mark.
const plainLetters: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ø', 'o'],
  ['ł', 'l'],
  ['đ', 'd'],
  ['ð', 'd'],
  ['þ', 'th'],
  ['ı', 'i'],
  ['ĳ', 'ij'],
]);

/** Text in lower case without marks, in letters and figures that compare byte by byte; punctuation and spaces stay. */
export function foldText(text: string): string {
  // What most text is needs none of it.
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase();
  return text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\p{M}\p{Lm}]/gu, '')
    .replace(/[ßæœøłđðþıĳ]/g, (letter) => plainLetters.get(letter) ?? letter);
}

/**
 * The words of a text: folded, apostrophes and the dots of abbreviations left out, other punctuation and each change
 * between letters and figures as a space. Ordinals are their figures: `1st`, `first` and `1er` are `1`.
 */
export function plainWords(text: string, rules: AddressRules): readonly string[] {
  const folded = foldText(text.replace(/[º°ª]/g, ''))
    .replace(/&|\+/g, ' and ')
    .replace(/['’`´ʼ]/g, '')
    .replace(/(\p{L})\.(?=\p{L})/gu, '$1')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  if (folded === '') return [];
  const words: string[] = [];
  for (const word of folded.split(' ')) {
    for (const part of splitFigures(word, rules)) {
      words.push(rules.hasUmlauts ? withoutUmlauts(part) : part);
    }
  }
  return withOrdinals(words, rules);
}

// `Mueller` is how `Müller` is written without the letter; after a vowel, or q, the e is one of its own (`Neue`, `Quelle`).
function withoutUmlauts(word: string): string {
  return word.replace(/(?<![aeiouq])([aou])e/g, '$1');
}

/** `i95` as `i` and `95`; `1st` as `1`. */
function splitFigures(word: string, rules: AddressRules): readonly string[] {
  if (!/\p{N}/u.test(word)) return [word];
  const [, figures, ending] = /^(\d+)(\p{L}+)$/u.exec(word) ?? [];
  if (figures !== undefined && ending !== undefined && isOrdinal(figures, ending, rules)) {
    return [withoutZeros(figures)];
  }
  return word.split(/(?<=\p{N})(?=\p{L})|(?<=\p{L})(?=\p{N})/u).map(withoutZeros);
}

function withoutZeros(word: string): string {
  return word.replace(/^0+(?=\d)/, '');
}

function isOrdinal(figures: string, ending: string, rules: AddressRules): boolean {
  if (!rules.ordinalEndings.has(ending)) return false;
  if (!/^(st|nd|rd|th)$/.test(ending)) return true;
  if (/1[123]$/.test(figures)) return ending === 'th';
  return ending === (['th', 'st', 'nd', 'rd'][Number(figures.at(-1))] ?? 'th');
}

/** `first` becomes `1`, `twenty first` becomes `21`. */
function withOrdinals(words: readonly string[], rules: AddressRules): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const ten = tens.get(word);
    const unit = ten === undefined ? undefined : rules.ordinals.get(words[at + 1] ?? '');
    if (ten !== undefined && unit !== undefined && unit < 10) {
      found.push(String(ten + unit));
      at += 1;
      continue;
    }
    const number = rules.ordinals.get(word);
    found.push(number === undefined ? word : String(number));
  }
  return found;
}

/** Words as one key: what is between words does not count, save between figures. */
export function joinWords(words: readonly string[]): string {
  let key = '';
  for (const word of words) key += /\p{N}$/u.test(key) && /^\p{N}/u.test(word) ? ` ${word}` : word;
  return key;
}
