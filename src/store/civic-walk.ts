import {
  houseElements,
  houseKey,
  postalCodeKey,
  roadPartElements,
  streetElements,
} from '../location/index.ts';
import { subaddressElements, subaddressOf } from './civic-choice.ts';
import type { CivicQuestion } from './civic-question.ts';
import type { CivicVerdict } from './civic-verdict.ts';
import type {
  DatedPointJson,
  DatedRangeJson,
  HouseRowsJson,
  WalkedStreetJson,
  WalkJson,
} from './sql/civic-validation.ts';
import { areaLevels } from './sql/civic-validation.ts';

// The walk of a validation, element by element, each among the rows that agree on those before. An element agrees (valid),
// contradicts every row that is left (invalid, and the walk ends), or the rows say nothing of it (unchecked).

/** Walks the areas. */
export function walkAreas(verdict: CivicVerdict, walk: WalkJson): void {
  for (const [at, name] of areaLevels.entries()) {
    const level = walk.levels[at];
    if (!verdict.has(name) || level === undefined) continue;
    if (level.isMatched) verdict.approve(name);
    else if (level.isKnown) {
      verdict.reject(name);
      return;
    }
  }
}

/** Walks the parts of the street's name; the streets that are left. */
export function walkStreet(
  verdict: CivicVerdict,
  walk: WalkJson,
  question: CivicQuestion,
): readonly WalkedStreetJson[] {
  const { street } = question;
  if (street === undefined) return [];
  const nameOf = (element: string) => (element === 'RD' && !verdict.has('RD') ? 'A6' : element);
  const known = walk.streets ?? [];
  const same = known.filter(({ fullKey }) => street.fullKeys.includes(fullKey));
  if (same.length > 0) {
    verdict.approve(...streetElements.map(nameOf));
    return walkRoadParts(verdict, same, street.roadKey);
  }
  // The name itself comes first: what is before and behind it is only told apart among streets of that name.
  const first = verdict.has(nameOf('RD')) ? nameOf('RD') : streetElements.find((name) => verdict.has(name));
  if (first === undefined) return [];
  if (known.length === 0) {
    if (walk.hasStreets) verdict.reject(first);
    return [];
  }
  verdict.approve(nameOf('RD'));
  let left = known;
  for (const [at, element] of streetElements.entries()) {
    if (element === 'RD') continue;
    const asked = street.partKeys[at] ?? '';
    if (asked === '') {
      // Where the address leaves a part out, the street that has none is meant.
      const without = left.filter(({ partKeys }) => partKeys[at] === '');
      if (without.length > 0) left = without;
      continue;
    }
    const agreeing = left.filter(({ partKeys }) => partKeys[at] === asked);
    if (agreeing.length === 0) {
      verdict.reject(element);
      return left;
    }
    verdict.approve(element);
    left = agreeing;
  }
  return walkRoadParts(verdict, left, street.roadKey);
}

// House numbers are the finest part's (RFC 5139 §3.2.1): of a branch that the data does not have, nothing more is known.
function walkRoadParts(
  verdict: CivicVerdict,
  streets: readonly WalkedStreetJson[],
  roadKey: string,
): readonly WalkedStreetJson[] {
  const agreeing = streets.filter((street) => street.roadKey === roadKey);
  if (agreeing.length > 0) {
    verdict.approve(...roadPartElements);
    return agreeing;
  }
  if (roadKey === '') return streets;
  const first = roadPartElements.find((name) => verdict.has(name));
  if (first !== undefined && streets.some((street) => street.roadKey !== '')) verdict.reject(first);
  return [];
}

/** Rows that are left after the walk of the house number. */
export interface HouseWalk {
  readonly points: readonly DatedPointJson[];
  /** Sides that have the number in their range, where no point has it. */
  readonly ranges: readonly DatedRangeJson[];
}

/** Whether a row is in force. */
export function isInForce(
  row: { readonly effective: number | null; readonly expire: number | null },
  asOf: number,
): boolean {
  return (row.effective === null || row.effective <= asOf) && (row.expire === null || row.expire > asOf);
}

/**
 * Walks the house number. One that an address point has is valid; one that only a road's range covers is not checked:
 * the range does not say that there is a house.
 */
export function walkHouse(
  verdict: CivicVerdict,
  rows: HouseRowsJson,
  question: CivicQuestion,
  asOf: number,
): HouseWalk {
  const names = houseNames(verdict);
  const points = (rows.points ?? []).filter((point) => isInForce(point, asOf));
  const exact = points.filter((point) => point.houseKey === question.house.key);
  if (exact.length > 0) {
    verdict.approve(...names);
    return { points: exact, ranges: [] };
  }
  if (names.includes('HNO') && question.house.number !== undefined) {
    const left = walkHouseParts(verdict, points, question);
    if (left !== undefined) return { points: left, ranges: [] };
  }
  const ranges = (rows.ranges ?? []).filter((range) => isInForce(range, asOf) && fitsPrefix(range, question));
  const forValidation = ranges.filter((range) => range.isForValidation);
  if (forValidation.length > 0) return { points: [], ranges: forValidation };
  const [first] = names;
  if (ranges.length === 0 && rows.hasNumbers && first !== undefined) {
    verdict.reject(names.includes('HNO') ? 'HNO' : first);
  }
  return { points: [], ranges: [] };
}

/** The elements of the house number that the address has. */
function houseNames(verdict: CivicVerdict): readonly string[] {
  const names = [...houseElements, 'HNC'].filter((name) => verdict.has(name));
  return names.length > 0 || !verdict.has('MP') ? names : ['MP'];
}

/** The number with another prefix or suffix than any point has; undefined where no point has the number. */
function walkHouseParts(
  verdict: CivicVerdict,
  points: readonly DatedPointJson[],
  { civic, rules }: CivicQuestion,
): readonly DatedPointJson[] | undefined {
  const keyOf = (elements: ReadonlyMap<string, string>) => houseKey(elements, rules);
  const hno = civic.elements.get('HNO');
  if (hno === undefined) return undefined;
  const asked = keyOf(civic.elements);
  const alone = keyOf(new Map([['HNO', hno]]));
  // What is written into the number itself is part of it.
  const isPlain = alone.prefix === '' && alone.suffix === '' && alone.last === undefined;
  const same = isPlain
    ? points.filter((point) => {
        const has = keyOf(new Map(Object.entries(point.elements)));
        return has.number === asked.number && has.last === undefined;
      })
    : [];
  if (same.length === 0) return undefined;
  verdict.approve('HNO');
  for (const part of ['prefix', 'suffix'] as const) {
    const element = part === 'prefix' ? 'HNP' : 'HNS';
    if (!verdict.has(element)) continue;
    const agreeing = same.filter(
      (point) => keyOf(new Map(Object.entries(point.elements)))[part] === asked[part],
    );
    if (agreeing.length === 0) {
      verdict.reject(element);
      return same;
    }
    verdict.approve(element);
  }
  return same;
}

function fitsPrefix(range: DatedRangeJson, { house }: CivicQuestion): boolean {
  return range.number === house.number ? range.prefix === house.prefix : range.prefix === '';
}

/**
 * Walks what is below the house number, among its address points: equal to one of them is valid; where every point
 * names the element and none agrees it is invalid, for then the data knows them all; else the data does not tell.
 */
export function walkBelow(
  verdict: CivicVerdict,
  points: readonly DatedPointJson[],
  { civic, rules }: CivicQuestion,
): readonly DatedPointJson[] {
  let left = points;
  for (const name of subaddressElements) {
    if (!verdict.has(name) || left.length === 0) continue;
    const asked = subaddressOf(name, (each) => civic.elements.get(each), rules);
    const has = (point: DatedPointJson) => subaddressOf(name, (each) => point.elements[each], rules);
    const agreeing = left.filter((point) => has(point) === asked);
    if (agreeing.length > 0) {
      verdict.approve(name);
      left = agreeing;
    } else if (left.every((point) => has(point) !== undefined)) {
      verdict.reject(name);
      return left;
    }
  }
  return left;
}

/** Walks the postal code and community, which say nothing that the rest does not, and may contradict it. */
export function walkPostal(
  verdict: CivicVerdict,
  rows: readonly { readonly elements: Readonly<Record<string, string>> }[],
  question: CivicQuestion,
  community: { readonly isKnown: boolean; readonly isMatched: boolean },
): void {
  const { civic } = question;
  if (verdict.has('PCN') && community.isKnown) {
    if (community.isMatched) verdict.approve('PCN');
    else verdict.reject('PCN');
  }
  for (const name of ['PC', 'PCE'] as const) {
    const asked = civic.elements.get(name);
    if (asked === undefined || verdict.isOver) continue;
    const codes = rows.flatMap(({ elements }) => {
      const code = elements[name];
      return code === undefined ? [] : [postalCodeKey(code, civic.country)];
    });
    if (codes.length === 0) continue;
    if (codes.includes(postalCodeKey(asked, civic.country))) verdict.approve(name);
    else verdict.reject(name);
  }
}
