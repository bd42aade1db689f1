import { DependencyError, datasetId } from '../base/index.ts';
import type { BoundaryLookup, BoundaryMatch, LookupAnswer, LookupScope } from '../esrp/index.ts';
import { centerOf, type Position, type Shape } from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';
import { regionKeys, soughtAreaKeys } from './area-names.ts';
import type { Database } from './database/types.ts';
import { decodeMatch, type MatchJson } from './decode.ts';
import { callerAreaOf } from './geometry/caller-area.ts';
import {
  boundariesAtPoint,
  boundariesByAreaNames,
  nearestWithinM,
  type PointCandidate,
} from './sql/lookup.ts';
import { boundariesOverArea, type OverlapCandidate, overlapPartsMax } from './sql/overlap.ts';

type CandidateJson = MatchJson & PointCandidate;

interface PointJson {
  readonly datasetId: number | null;
  readonly candidates: readonly CandidateJson[] | null;
}

type OverlapJson = MatchJson & OverlapCandidate;

interface OverlapsJson {
  readonly datasetId: number | null;
  readonly parts: number;
  readonly total: number;
  readonly candidates: readonly OverlapJson[] | null;
}

interface AreaJson {
  readonly datasetId: number | null;
  readonly uriCount: number;
  readonly matches: readonly MatchJson[] | null;
}

/** Lookups in the active dataset by one prepared statement each. */
export function makeBoundaryLookup(database: Database): BoundaryLookup {
  return {
    byPoint: async (position, scope) => await byPoint(database, position, scope),
    byArea: async (shape, scope) => await byArea(database, shape, scope),
    byCivic: async (civic, scope) => await byCivic(database, civic, scope),
    nearest: async (position, withinM, scope) => await nearest(database, position, withinM, scope),
  };
}

async function byPoint(database: Database, position: Position, scope: LookupScope): Promise<LookupAnswer> {
  const json = await candidatesAt(database, position, nearestWithinM, scope);
  if (json.datasetId === null) return { kind: 'noActiveDataset' };
  const { rule, chosen } = chooseAtPoint(json.candidates ?? []);
  const matches = decodeAll(chosen, json.datasetId);
  if (!isFilled(matches)) return { kind: 'nothing', datasetId: datasetId(json.datasetId) };
  return { kind: 'found', rule, matches };
}

async function nearest(
  database: Database,
  position: Position,
  withinM: number,
  scope: LookupScope,
): Promise<LookupAnswer> {
  const json = await candidatesAt(database, position, withinM, scope);
  if (json.datasetId === null) return { kind: 'noActiveDataset' };
  const [first, ...others] = chooseAtPoint(json.candidates ?? []).chosen;
  if (first === undefined) return { kind: 'nothing', datasetId: datasetId(json.datasetId) };
  const dataset = json.datasetId;
  return {
    kind: 'found',
    rule: 'nearest',
    matches: [decodeMatch(first, dataset), ...others.map((each) => decodeMatch(each, dataset))],
    distanceM: first.distanceM,
  };
}

async function candidatesAt(
  database: Database,
  { lon, lat }: Position,
  withinM: number,
  { services, asOf, ...scope }: LookupScope,
): Promise<PointJson> {
  const statement = boundariesAtPoint({ lon, lat, withinM, services, asOf });
  return (await database.query(statement, { deadlineMs: scope.deadlineMs, lane: 'lookup' })) as PointJson;
}

// A boundary that covers the point always goes before one that is only near. Among near ones the nearest is meant,
// to the centimetre: below that, differences are rounding and the tie-break decides.
function chooseAtPoint(candidates: readonly CandidateJson[]): {
  readonly rule: 'covers' | 'withinOneMetre';
  readonly chosen: readonly CandidateJson[];
} {
  const covering = candidates.filter(({ distanceM }) => distanceM === 0);
  const rule = covering.length > 0 ? 'covers' : 'withinOneMetre';
  const sorted = (rule === 'covers' ? covering : [...candidates]).sort(
    (a, b) =>
      a.preference - b.preference ||
      Math.round(a.distanceM * 100) - Math.round(b.distanceM * 100) ||
      b.priority - a.priority ||
      compareText(a.boundaryId, b.boundaryId),
  );
  // Several parts of one boundary can meet at the point.
  const ids = new Set<string>();
  return { rule, chosen: sorted.filter(({ boundaryId }) => !ids.has(boundaryId) && ids.add(boundaryId)) };
}

/** How many boundaries an answer by overlap lists. */
const overlapMatchesMax = 20;

async function byArea(database: Database, shape: Shape, scope: LookupScope): Promise<LookupAnswer> {
  const area = callerAreaOf(shape);
  if (area === undefined) return await byPoint(database, centerOf(shape), scope);
  const statement = boundariesOverArea({ ...area, services: scope.services, asOf: scope.asOf });
  const json = (await database.query(statement, lookupOptions(scope))) as OverlapsJson;
  if (json.datasetId === null) return { kind: 'noActiveDataset' };
  if (json.parts > overlapPartsMax) {
    throw new DependencyError(
      'store.areaTooLarge',
      `the area's box holds more than ${overlapPartsMax} parts of boundaries`,
    );
  }
  const candidates = orderOverlaps(json.candidates ?? [], area.tolerance).slice(0, overlapMatchesMax);
  const matches = candidates.map((each) => ({
    ...decodeMatch(each, json.datasetId ?? 0),
    share: each.share,
  }));
  if (!isFilled(matches)) return { kind: 'nothing', datasetId: datasetId(json.datasetId) };
  return { kind: 'found', rule: 'overlap', matches, total: json.total };
}

/**
 * By service, then share, the largest first. Shares that follow each other within the tolerance are equal, the largest
 * of them holds for all, and priority and id decide: so the order does not hang on rounding.
 */
function orderOverlaps(candidates: readonly OverlapJson[], tolerance: number): readonly OverlapJson[] {
  const sorted = [...candidates].sort((a, b) => a.preference - b.preference || b.share - a.share);
  const levelled: OverlapJson[] = [];
  let before: OverlapJson | undefined;
  for (const each of sorted) {
    const isEqual = before?.preference === each.preference && before.share - each.share <= tolerance;
    const share = isEqual ? (levelled.at(-1)?.share ?? each.share) : wholeOr(each.share, tolerance);
    levelled.push({ ...each, share });
    before = each;
  }
  return levelled.sort(
    (a, b) =>
      a.preference - b.preference ||
      b.share - a.share ||
      b.priority - a.priority ||
      compareText(a.boundaryId, b.boundaryId),
  );
}

function wholeOr(share: number, tolerance: number): number {
  return share >= 1 - tolerance ? 1 : share;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function byCivic(database: Database, civic: CivicAddress, scope: LookupScope): Promise<LookupAnswer> {
  const { countryKey, a1Key } = regionKeys(civic.country, civic.elements.get('A1'));
  const statement = boundariesByAreaNames({
    countryKey,
    a1Key,
    a2Keys: soughtAreaKeys(civic.elements.get('A2')),
    a3Keys: soughtAreaKeys(civic.elements.get('A3')),
    services: scope.services,
    asOf: scope.asOf,
  });
  const json = (await database.query(statement, lookupOptions(scope))) as AreaJson;
  if (json.datasetId === null) return { kind: 'noActiveDataset' };
  const matches = decodeAll(json.matches, json.datasetId);
  if (!isFilled(matches)) return { kind: 'nothing', datasetId: datasetId(json.datasetId) };
  // Several boundaries that lead to one PSAP leave no doubt where the call goes.
  if (json.uriCount === 1) return { kind: 'found', rule: 'areaName', matches };
  return { kind: 'ambiguous', datasetId: datasetId(json.datasetId), candidates: matches };
}

function lookupOptions(scope: LookupScope) {
  return { deadlineMs: scope.deadlineMs, lane: 'lookup' } as const;
}

function decodeAll(matches: readonly MatchJson[] | null, dataset: number): readonly BoundaryMatch[] {
  return (matches ?? []).map((match) => decodeMatch(match, dataset));
}

function isFilled(
  matches: readonly BoundaryMatch[],
): matches is readonly [BoundaryMatch, ...BoundaryMatch[]] {
  return matches.length > 0;
}
