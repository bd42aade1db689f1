import type { CivicLayer } from '../esrp/index.ts';
import type { Position } from '../geo/index.ts';
import { type AddressRules, houseKey, postalCodeKey, subaddressKey } from '../location/index.ts';
import type { CivicQuestion } from './civic-question.ts';
import { placeOnRoad } from './civic-road.ts';
import type { AddressJson, PointJson, RangeJson, StreetJson } from './sql/civic.ts';

/** A row that an address can mean, and where that is. */
export interface CivicPlace {
  readonly layer: CivicLayer;
  readonly featureId: string;
  readonly position: Position;
  /** 1 where every element agreed. */
  readonly score: number;
}

/** What is kept of a score where the street lacks a part of the name, or has one that the address has not. */
const lackingScore = 0.95;
/** What is kept where the house number's prefix or suffix is another. */
const otherSuffixScore = 0.9;

/** Elements below the house number, by which rows of one house number are told apart. */
export const subaddressElements: readonly string[] = [
  ...['BLD', 'WING', 'FLR', 'UNIT_PRETYPE', 'UNIT', 'UNIT_VALUE', 'ROOM', 'SECTION', 'ROW', 'SEAT'],
  ...['SITE', 'SUBSITE', 'PN', 'MP', 'NAM', 'LMK'],
];

/**
 * The places that an address means, all of them equally good: of the streets whose whole name agrees, else of those that
 * contradict no part of it. Of these by the finest layer that has any: address points of the house number, those of the
 * number with another suffix, then road ranges.
 */
export function choosePlaces(found: AddressJson, question: CivicQuestion, base = 1): readonly CivicPlace[] {
  const streets = found.streets ?? [];
  const hasFull = streets.some(({ isFull }) => isFull);
  const groups = new Set(streets.map(groupOf));
  for (const group of [...groups].sort((a, b) => a - b)) {
    // That the named street has no such number, and another has it, is no agreement of all elements.
    const isOther = group > 0 && (hasFull || group > 1);
    const score = isOther ? base * lackingScore : base;
    const ranks = new Map(
      streets.filter((street) => groupOf(street) === group).map(({ id, placeRank }) => [id, placeRank]),
    );
    const places = placesOnStreets(found, question, { ranks, score });
    if (places.length > 0) return places;
  }
  return [];
}

function groupOf({ isFull, lacking }: StreetJson): number {
  return isFull ? 0 : 1 + lacking;
}

/** Streets that agree alike: by id, how well their places do, the lower the better. */
interface StreetGroup {
  readonly ranks: ReadonlyMap<string, number>;
  readonly score: number;
}

function placesOnStreets(
  found: AddressJson,
  question: CivicQuestion,
  group: StreetGroup,
): readonly CivicPlace[] {
  const points = (found.points ?? []).filter(({ streetId }) => group.ranks.has(streetId));
  const exact = points.filter(({ houseKey: key }) => key === question.house.key);
  const chosenExact = bestPoints(exact, question, group);
  if (chosenExact.length > 0) return chosenExact.map((point) => placeOfPoint(point, group.score));
  const near = bestPoints(
    points.filter((point) => isSamePrefix(point, question)),
    question,
    group,
  );
  if (near.length > 0) {
    return near.map((point) => placeOfPoint(point, group.score * nearFactor(point, question)));
  }
  const ranges = (found.ranges ?? []).filter(({ streetId }) => group.ranks.has(streetId));
  return bestRanges(ranges, question, group).flatMap((range) => placeOfRange(range, group.score));
}

function best<T extends { readonly streetId: string }>(
  rows: readonly T[],
  { ranks }: StreetGroup,
): readonly T[] {
  const rank = ({ streetId }: T): number => ranks.get(streetId) ?? Number.POSITIVE_INFINITY;
  const least = rows.reduce((min, row) => Math.min(min, rank(row)), Number.POSITIVE_INFINITY);
  return rows.filter((row) => rank(row) === least);
}

function bestPoints(
  points: readonly PointJson[],
  question: CivicQuestion,
  group: StreetGroup,
): readonly PointJson[] {
  const fitting = byPostalCode(best(points, group), question);
  const counts = fitting.map((point) => subaddressFit(point.elements, question));
  const most = Math.max(...counts, Number.NEGATIVE_INFINITY);
  return fitting
    .filter((_, index) => counts[index] === most)
    .sort((a, b) => compare(a.featureId, b.featureId));
}

function bestRanges(
  ranges: readonly RangeJson[],
  question: CivicQuestion,
  group: StreetGroup,
): readonly RangeJson[] {
  const { house } = question;
  const fits = (range: RangeJson): boolean =>
    range.number === house.number ? range.prefix === house.prefix : range.prefix === '';
  const fitting = ranges.filter(fits);
  // Letters before the number that no range has are told by no range, and the number is.
  const without = ranges.filter((range) => range.number === house.number && range.prefix === '');
  const chosen = fitting.length > 0 ? fitting : without;
  return [...byPostalCode(best(chosen, group), question)].sort((a, b) => compare(a.featureId, b.featureId));
}

/** Those whose postal code is the address's, where any is. */
function byPostalCode<T extends { readonly elements: Readonly<Record<string, string>> }>(
  rows: readonly T[],
  { civic }: CivicQuestion,
): readonly T[] {
  const asked = civic.elements.get('PC');
  if (asked === undefined) return rows;
  const key = postalCodeKey(asked, civic.country);
  const same = rows.filter(
    ({ elements: { PC } }) => PC !== undefined && postalCodeKey(PC, civic.country) === key,
  );
  return same.length > 0 ? same : rows;
}

/** How many elements below the house number agree, less those that contradict. */
function subaddressFit(elements: Readonly<Record<string, string>>, { civic, rules }: CivicQuestion): number {
  let fit = 0;
  for (const name of subaddressElements) {
    const asked = subaddressOf(name, (each) => civic.elements.get(each), rules);
    if (asked === undefined) continue;
    const has = subaddressOf(name, (each) => elements[each], rules);
    if (has !== undefined) fit += has === asked ? 1 : -1;
  }
  return fit;
}

/** The key of an element below the house number; `UNIT` and `UNIT_VALUE` say the same. */
export function subaddressOf(
  name: string,
  get: (name: string) => string | undefined,
  rules: AddressRules,
): string | undefined {
  const value =
    get(name) ?? (name === 'UNIT' ? get('UNIT_VALUE') : name === 'UNIT_VALUE' ? get('UNIT') : undefined);
  return value === undefined ? undefined : subaddressKey(value, rules);
}

function isSamePrefix(point: PointJson, { house, rules }: CivicQuestion): boolean {
  return houseKey(new Map(Object.entries(point.elements)), rules).prefix === house.prefix;
}

// A building of several numbers has the one in between.
function nearFactor(point: PointJson, { house, rules }: CivicQuestion): number {
  const { number, last } = houseKey(new Map(Object.entries(point.elements)), rules);
  const isOfSeveral = last !== undefined && number !== undefined && house.key === String(house.number);
  return isOfSeveral ? 1 : otherSuffixScore;
}

function placeOfPoint(point: PointJson, score: number): CivicPlace {
  return {
    layer: 'addressPoint',
    featureId: point.featureId,
    position: { lon: point.lon, lat: point.lat },
    score: rounded(score),
  };
}

function placeOfRange(range: RangeJson, score: number): readonly CivicPlace[] {
  const position = placeOnRoad(range.lines, range);
  if (position === undefined) return [];
  return [{ layer: 'roadRange', featureId: range.featureId, position, score: rounded(score) }];
}

/** To three decimals: a score is told, not computed with. */
export function rounded(score: number): number {
  return Math.round(score * 1000) / 1000;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
