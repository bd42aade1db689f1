import { datasetId } from '../base/index.ts';
import type { BoundaryMatch, LookupAnswer, MappingRule } from '../esrp/index.ts';

// Which of the boundaries that were found answers: one order for the database's rows and for the standby index's, so
// that what one says the other says too. The order never hangs on rounding: what differs by rounding alone is equal,
// and priority and id decide.

/** What of a found boundary decides its place. */
export interface Ranked {
  /** Place of its service in the list of preferences, from 1. */
  readonly preference: number;
  readonly priority: number;
  readonly boundaryId: string;
}

/** A boundary at a point or near it. */
export interface PointCandidate extends Ranked {
  /** Metres from the point; 0 where it covers the point (edges and corners count). */
  readonly distanceM: number;
}

/** A boundary that overlaps an area. */
export interface OverlapCandidate extends Ranked {
  /** The part of the area that it covers, 0 to 1 but for rounding. */
  readonly share: number;
}

/** How many overlapping boundaries are put in order at most. */
export const overlapsMax = 100;
/** How many boundaries an answer by overlap lists. */
export const overlapMatchesMax = 20;

/** What a boundary for a service that is known not to be there has in place of an address (NENA-STA-010.3 §4.3.4). */
const notImplemented = 'urn:emergency:servicenotimplemented';

// Differences below a centimetre are rounding.
const perMetre = 100;

/**
 * The boundaries that serve a point, in order, each once. One that covers it always goes before one that is only near.
 * Among near ones the nearest is meant.
 */
export function chooseAtPoint<T extends PointCandidate>(
  candidates: readonly T[],
): { readonly rule: 'covers' | 'withinOneMetre'; readonly chosen: readonly T[] } {
  const covering = candidates.filter(({ distanceM }) => distanceM === 0);
  const rule = covering.length > 0 ? 'covers' : 'withinOneMetre';
  return { rule, chosen: inOrder(rule === 'covers' ? covering : candidates) };
}

/** The nearest boundary of the first service that has one, and those that are as near. */
export function chooseNearest<T extends PointCandidate>(candidates: readonly T[]): readonly T[] {
  const sorted = inOrder(candidates);
  const [first] = sorted;
  if (first === undefined) return [];
  const place = Math.round(first.distanceM * perMetre);
  return sorted.filter(
    (each) => each.preference === first.preference && Math.round(each.distanceM * perMetre) === place,
  );
}

/** How far the nearest of them is, metres. */
export function leastDistance(candidates: readonly PointCandidate[]): number {
  return candidates.reduce((least, { distanceM }) => Math.min(least, distanceM), Number.POSITIVE_INFINITY);
}

function inOrder<T extends PointCandidate>(candidates: readonly T[]): readonly T[] {
  const sorted = [...candidates].sort(
    (a, b) =>
      a.preference - b.preference ||
      Math.round(a.distanceM * perMetre) - Math.round(b.distanceM * perMetre) ||
      compareTies(a, b),
  );
  // Several parts of one boundary can meet at the point.
  const ids = new Set<string>();
  return sorted.filter(({ boundaryId }) => !ids.has(boundaryId) && ids.add(boundaryId));
}

/**
 * By service, then share, the largest first. Shares that follow each other within the tolerance are equal, and the largest
 * of them holds for all.
 */
export function orderOverlaps<T extends OverlapCandidate>(
  candidates: readonly T[],
  tolerance: number,
): readonly T[] {
  const sorted = [...candidates].sort((a, b) => a.preference - b.preference || b.share - a.share);
  const levelled: T[] = [];
  let before: T | undefined;
  for (const each of sorted) {
    const isEqual = before?.preference === each.preference && before.share - each.share <= tolerance;
    const share = isEqual ? (levelled.at(-1)?.share ?? each.share) : wholeOr(each.share, tolerance);
    levelled.push({ ...each, share });
    before = each;
  }
  return levelled.sort((a, b) => a.preference - b.preference || b.share - a.share || compareTies(a, b));
}

function wholeOr(share: number, tolerance: number): number {
  return share >= 1 - tolerance ? 1 : share;
}

/** Priority, highest first, then id, by code units as collation "C" has them. */
export function compareTies(
  a: Pick<Ranked, 'priority' | 'boundaryId'>,
  b: Pick<Ranked, 'priority' | 'boundaryId'>,
): number {
  return b.priority - a.priority || compareText(a.boundaryId, b.boundaryId);
}

// UTF-8 orders as code points do; UTF-16 differs only where one text has a surrogate and the other a higher unit.
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  for (let index = 0; index < a.length && index < b.length; index += 1) {
    const one = a.charCodeAt(index);
    const other = b.charCodeAt(index);
    if (one === other) continue;
    const isSurrogate = one >= 0xd800 && one <= 0xdfff;
    if (isSurrogate !== (other >= 0xd800 && other <= 0xdfff)) return isSurrogate ? 1 : -1;
    return one - other;
  }
  return a.length - b.length;
}

/** What a lookup found beside the boundaries. */
export interface FoundBy {
  readonly rule: MappingRule;
  readonly total?: number;
  readonly distanceM?: number;
}

/** The answer with boundaries in their order: the first one decides whether the service is known to be absent. */
export function answerOf(
  matches: readonly BoundaryMatch[],
  dataset: number,
  found: FoundBy,
): Extract<LookupAnswer, { kind: 'found' | 'nothing' | 'absent' }> {
  const [first, ...others] = matches;
  if (first === undefined) return { kind: 'nothing', datasetId: datasetId(dataset) };
  if (isAbsence(first)) return { kind: 'absent', datasetId: datasetId(dataset), boundary: first };
  return { kind: 'found', ...found, matches: [first, ...others.filter((each) => !isAbsence(each))] };
}

/** Whether a boundary says that its service is not there. */
export function isAbsence({ serviceUri }: Pick<BoundaryMatch, 'serviceUri'>): boolean {
  return serviceUri.toLowerCase() === notImplemented;
}
