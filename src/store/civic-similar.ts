import type { WallMs } from '../base/index.ts';
import type { CivicAddress } from '../location/index.ts';
import { foldText, houseElements } from '../location/index.ts';
import type { ElementsJson } from './civic-keys.ts';
import type { CivicQuestion } from './civic-question.ts';
import type { Ask } from './civic-validator.ts';
import type { CivicVerdict } from './civic-verdict.ts';
import { type HouseQuestion, hasLikeness, type PlaceQuestion } from './sql/civic.ts';
import {
  type HouseRowsJson,
  houseRows,
  type SimilarHouseJson,
  type SimilarStreetJson,
  similarHouses,
  similarStreets,
  type WalkedStreetJson,
} from './sql/civic-validation.ts';

/** What a search for similar addresses starts from. */
export interface SimilarScope {
  readonly asOf: WallMs;
  readonly similarMax: number;
  readonly verdict: CivicVerdict;
  /** The streets that the walk came to. */
  readonly streets: readonly WalkedStreetJson[];
}

/** Streets that are looked into for one search. */
const streetsMax = 8;
/** What an address that is suggested says of its house. */
const houseNames: readonly string[] = [...houseElements, 'PC', 'PCE'];

/**
 * Complete addresses of the data that are like an invalid one (RFC 8917 §3): of the street and place that are most alike,
 * those of its house number, or of the numbers nearest to it.
 */
export async function similarAddresses(
  ask: Ask,
  dataset: number,
  question: CivicQuestion,
  scope: SimilarScope,
): Promise<readonly CivicAddress[]> {
  const streets =
    scope.streets.length > 0 && !isOfStreet(scope.verdict)
      ? scope.streets.map(({ id, elements, placeElements }) => ({ id, elements, placeElements, likeness: 1 }))
      : await streetsLike(ask, dataset, question, scope);
  if (streets.length === 0) return [];
  const found = new Map<string, CivicAddress>();
  const add = (street: SimilarStreetJson, house: ElementsJson): void => {
    const civic = addressOf(street, house);
    const key = JSON.stringify([civic.country, [...civic.elements]]);
    if (found.size < scope.similarMax && !found.has(key)) found.set(key, civic);
  };
  if (question.house.key === '') for (const street of streets) add(street, {});
  else await addHouses(ask, dataset, question, { ...scope, streets, add });
  return [...found.values()];
}

function isOfStreet({ invalid }: CivicVerdict): boolean {
  return invalid.some((name) => /^(PRM|PRD|STP|STPS|RD|STS|POD|POM|A6|RDSEC|RDBR|RDSUBBR)$/.test(name));
}

async function streetsLike(
  ask: Ask,
  dataset: number,
  question: CivicQuestion,
  { asOf, verdict }: SimilarScope,
): Promise<readonly SimilarStreetJson[]> {
  const { street, civic } = question;
  if (street === undefined) return [];
  const { isThere } = await ask<{ readonly isThere: boolean }>(hasLikeness());
  const lost = verdict.invalid.find((name) => /^A[1-5]$/.test(name));
  return await ask<readonly SimilarStreetJson[]>(
    similarStreets(dataset, validPlace(question, verdict), {
      asOf,
      fullKeys: street.fullKeys,
      rdKeys: street.rdKeys,
      words: street.words,
      placeWords: lost === undefined ? '' : foldText(civic.elements.get(lost) ?? ''),
      limit: streetsMax,
      hasLikeness: isThere,
    }),
  );
}

/** What of the place was found to be valid. */
function validPlace({ place }: CivicQuestion, { valid }: CivicVerdict): PlaceQuestion {
  const where = new Set(valid);
  return {
    countryKey: where.has('country') ? place.countryKey : undefined,
    a1Key: where.has('A1') ? place.a1Key : undefined,
    a2Keys: where.has('A2') ? place.a2Keys : undefined,
    a3Keys: where.has('A3') ? place.a3Keys : undefined,
    a4Keys: where.has('A4') ? place.a4Keys : undefined,
    a5Keys: undefined,
    pcnKeys: undefined,
  };
}

async function addHouses(
  ask: Ask,
  dataset: number,
  question: CivicQuestion,
  so: {
    readonly asOf: WallMs;
    readonly similarMax: number;
    readonly streets: readonly SimilarStreetJson[];
    readonly add: (street: SimilarStreetJson, house: ElementsJson) => void;
  },
): Promise<void> {
  const { asOf, streets, add, similarMax } = so;
  const { house } = question;
  const ids = streets.map(({ id }) => id);
  const asked: HouseQuestion = { houseKey: house.key, numbers: house.numbers, asOf };
  const rows = await ask<HouseRowsJson>(houseRows(dataset, ids, asked));
  for (const street of streets) {
    const points = (rows.points ?? []).filter(
      (point) => point.streetId === street.id && point.houseKey === house.key,
    );
    for (const point of points) add(street, chosen(point.elements));
    const isInRange = (rows.ranges ?? []).some(
      (range) => range.streetId === street.id && range.isForValidation,
    );
    if (points.length === 0 && isInRange) {
      add(street, chosen(Object.fromEntries([...question.civic.elements].filter(([name]) => name !== 'PC'))));
    }
  }
  if (house.number === undefined) return;
  const near = await ask<readonly SimilarHouseJson[]>(
    similarHouses(dataset, ids, { asOf, number: house.number, limit: similarMax }),
  );
  for (const { streetId, elements } of near) {
    const street = streets.find(({ id }) => id === streetId);
    if (street !== undefined) add(street, chosen(elements));
  }
}

function chosen(elements: ElementsJson): ElementsJson {
  return Object.fromEntries(Object.entries(elements).filter(([name]) => houseNames.includes(name)));
}

function addressOf(street: SimilarStreetJson, house: ElementsJson): CivicAddress {
  const { country, ...place } = street.placeElements;
  return {
    country,
    elements: new Map(Object.entries({ ...place, ...street.elements, ...house })),
    language: undefined,
  };
}
