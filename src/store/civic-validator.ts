import { datasetId, type WallMs, wallMs } from '../base/index.ts';
import type { CivicLayer, CivicValidation, CivicValidator, ValidationScope } from '../esrp/index.ts';
import type { Position } from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';
import { type CivicQuestion, civicQuestion } from './civic-question.ts';
import { placeOnRoad } from './civic-road.ts';
import { similarAddresses } from './civic-similar.ts';
import { CivicVerdict } from './civic-verdict.ts';
import { type HouseWalk, walkAreas, walkBelow, walkHouse, walkPostal, walkStreet } from './civic-walk.ts';
import type { Database, Statement } from './database/types.ts';
import {
  datasetToValidate,
  type HouseRowsJson,
  houseRows,
  type WalkedStreetJson,
  type WalkJson,
  walkAddress,
} from './sql/civic-validation.ts';

/** Asks the database within what is left of a deadline. */
export type Ask = <T>(statement: Statement) => Promise<T>;

/**
 * The location validation function over the address points, roads, areas and boundaries of a dataset (RFC 5222 §8.4.2). Names
 * are compared by their keys: case, marks and shortened words do not count, a likeness never does.
 */
export function makeCivicValidator(database: Database): CivicValidator {
  return { validate: (civic, scope) => validate(database, civic, scope) };
}

async function validate(
  database: Database,
  civic: CivicAddress,
  scope: ValidationScope,
): Promise<CivicValidation | undefined> {
  const endsAt = performance.now() + scope.deadlineMs;
  const ask: Ask = async <T>(statement: Statement) => {
    const deadlineMs = Math.max(1, endsAt - performance.now());
    return (await database.query(statement, { deadlineMs, lane: 'lookup' })) as T;
  };
  const dataset = await ask<number | null>(datasetToValidate(scope.datasetId));
  if (dataset === null) return undefined;
  const question = civicQuestion(civic);
  const walked = await walkAll(ask, dataset, question, scope.asOf);
  const { verdict } = walked;
  const similar =
    verdict.isOver && scope.similarMax > 0
      ? await similarAddresses(ask, dataset, question, { ...scope, ...walked })
      : [];
  return {
    datasetId: datasetId(dataset),
    valid: verdict.valid,
    invalid: verdict.invalid,
    unchecked: verdict.unchecked,
    ...walked.row,
    similar,
    changesAt: walked.changesAt,
  };
}

/** How far a validation came. */
export interface Walked {
  readonly verdict: CivicVerdict;
  readonly streets: readonly WalkedStreetJson[];
  readonly row: RowFound;
  readonly changesAt: WallMs | undefined;
}

interface RowFound {
  readonly layer: CivicLayer | undefined;
  readonly featureId: string | undefined;
  readonly position: Position | undefined;
}

const noRow: RowFound = { layer: undefined, featureId: undefined, position: undefined };

async function walkAll(ask: Ask, dataset: number, question: CivicQuestion, asOf: WallMs): Promise<Walked> {
  const { civic, street, place } = question;
  const verdict = new CivicVerdict([
    ...(civic.country === undefined ? [] : ['country']),
    ...civic.elements.keys(),
  ]);
  const keys = { fullKeys: street?.fullKeys ?? [], rdKeys: street?.rdKeys ?? [], asOf };
  const walk = await ask<WalkJson>(walkAddress(dataset, place, keys));
  walkAreas(verdict, walk);
  const streets = verdict.isOver ? [] : walkStreet(verdict, walk, question);
  if (verdict.isOver || streets.length === 0) {
    if (!verdict.isOver && street === undefined) {
      walkPostal(verdict, [], question, { isKnown: walk.pcnKnown, isMatched: walk.pcnMatched });
    }
    return { verdict, streets, row: noRow, changesAt: earliest([walk.changesAt]) };
  }
  return await walkHouses(ask, dataset, question, { verdict, streets, asOf });
}

async function walkHouses(
  ask: Ask,
  dataset: number,
  question: CivicQuestion,
  so: {
    readonly verdict: CivicVerdict;
    readonly streets: readonly WalkedStreetJson[];
    readonly asOf: WallMs;
  },
): Promise<Walked> {
  const { verdict, streets, asOf } = so;
  const { house } = question;
  if (house.key === '') {
    walkPostal(verdict, [], question, communityOf(streets, question));
    return { verdict, streets, row: noRow, changesAt: earliest(streets.map((each) => each.changesAt)) };
  }
  const ids = streets.map(({ id }) => id);
  const asked = { houseKey: house.key, numbers: house.numbers, asOf };
  const rows = await ask<HouseRowsJson>(houseRows(dataset, ids, asked));
  const { points, ranges } = walkHouse(verdict, rows, question, asOf);
  const left = verdict.isOver ? points : walkBelow(verdict, points, question);
  const used = left.length > 0 ? left : ranges;
  const onStreets = new Set(used.map(({ streetId }) => streetId));
  if (!verdict.isOver) {
    const where = onStreets.size === 0 ? streets : streets.filter(({ id }) => onStreets.has(id));
    walkPostal(verdict, used, question, communityOf(where, question));
  }
  const dated = [...(rows.points ?? []), ...(rows.ranges ?? [])];
  const changes = dated.flatMap(({ effective, expire }) => [effective, expire]);
  return {
    verdict,
    streets,
    row: rowOf({ points: left, ranges }),
    changesAt: earliest(
      dated.length > 0
        ? changes.filter((at) => at !== null && at > asOf)
        : streets.map((each) => each.changesAt),
    ),
  };
}

function communityOf(
  streets: readonly WalkedStreetJson[],
  { place }: CivicQuestion,
): { readonly isKnown: boolean; readonly isMatched: boolean } {
  return {
    isKnown: streets.some(({ pcnKeys }) => pcnKeys.length > 0),
    isMatched: streets.some(({ pcnKeys }) => pcnKeys.some((key) => place.pcnKeys?.includes(key) === true)),
  };
}

function rowOf({ points, ranges }: HouseWalk): RowFound {
  const [point, otherPoint] = points;
  if (point !== undefined) {
    if (otherPoint !== undefined) return noRow;
    const { lon, lat, featureId } = point;
    return { layer: 'addressPoint', featureId, position: { lon, lat } };
  }
  const [range, otherRange] = ranges;
  if (range === undefined || otherRange !== undefined) return noRow;
  return { layer: 'roadRange', featureId: range.featureId, position: placeOnRoad(range.lines, range) };
}

function earliest(moments: readonly (number | null)[]): WallMs | undefined {
  const known = moments.filter((at): at is number => at !== null);
  return known.length === 0 ? undefined : wallMs(Math.min(...known));
}
