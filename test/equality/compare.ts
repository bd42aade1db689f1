import type { LookupAnswer } from '../../src/esrp/index.ts';
import type { Position, Shape } from '../../src/geo/index.ts';
import { callerAreaOf } from '../../src/store/geometry/caller-area.ts';
import type { DatasetSnapshot } from '../../src/store/memory/snapshot.ts';

/** What became of a question, or the code of what it failed with. */
export type Outcome = LookupAnswer | { readonly kind: 'failed'; readonly code: string };

/** How far from an edge rounding may put a point on the other side of it, metres: the database computes in doubles. */
export const edgeToleranceM = 1e-6;
/** How far shares may differ, as parts of the area, beside the area's own tolerance. */
export const shareTolerance = 1e-7;
/** Areas with more corners are made simpler by the database, which moves shares by up to twice this. */
const simplified = { cornersMax: 512, share: 2e-4 };

/** How two answers differ: `explained` where rounding at an edge or a stated tolerance is the reason. */
export interface Difference {
  readonly explained: string | undefined;
  readonly what: string;
}

/** Compares the answers to a point; undefined where they are the same. */
export function comparePoint(
  position: Position,
  one: Outcome,
  other: Outcome,
  snapshot: DatasetSnapshot,
): Difference | undefined {
  const what = `${describe(one)} / ${describe(other)}`;
  if (describe(one) === describe(other)) return undefined;
  const atEdge = new Set(
    [...edgesNear(snapshot, position, edgeToleranceM)].map(
      (row) => snapshot.columns.text(row, 'boundaryId') ?? '',
    ),
  );
  const differing = idsOf(one).filter((id) => !idsOf(other).includes(id));
  differing.push(...idsOf(other).filter((id) => !idsOf(one).includes(id)));
  // Where only the rule differs, the point is on the edge of what it lies within a metre of.
  const ids = differing.length > 0 ? differing : [...idsOf(one), ...idsOf(other)];
  const isAtEdge = ids.length > 0 && ids.every((id) => atEdge.has(id) || isNearOnly(id, one, other));
  return { explained: isAtEdge && atEdge.size > 0 ? 'on an edge, by rounding' : undefined, what };
}

// With another rule the list is another one: of all within a metre in place of those that cover the point.
function isNearOnly(id: string, one: Outcome, other: Outcome): boolean {
  const answers = [one, other].filter((each) => idsOf(each).includes(id));
  return answers.every((each) => each.kind === 'found' && each.rule === 'withinOneMetre');
}

function edgesNear(snapshot: DatasetSnapshot, position: Position, withinM: number): ReadonlySet<number> {
  const near = new Set(snapshot.index.near(position.lon, position.lat, withinM).map(({ no }) => no));
  for (const no of near) {
    // Deep inside is at no edge: a step to each side tells.
    const stepDeg = (2 * withinM) / 111_195;
    const around = [0, 1, 2, 3, 4, 5, 6, 7].map((part) => ({
      lon:
        position.lon + (stepDeg / Math.cos((position.lat * Math.PI) / 180)) * Math.cos((part * Math.PI) / 4),
      lat: position.lat + stepDeg * Math.sin((part * Math.PI) / 4),
    }));
    const found: number[] = [];
    const isInside = around.every(({ lon, lat }) => {
      const count = snapshot.index.covering(lon, lat, found);
      return found.slice(0, count).includes(no);
    });
    if (isInside) near.delete(no);
  }
  return near;
}

/** Compares the answers to an area. */
export function compareArea(shape: Shape, one: Outcome, other: Outcome): Difference | undefined {
  const what = `${describe(one)} / ${describe(other)}`;
  const area = callerAreaOf(shape);
  const isSimplified =
    (area?.rings ?? []).reduce((sum, ring) => sum + ring.length, 0) > simplified.cornersMax;
  const tolerance = isSimplified ? simplified.share : shareTolerance + 2 * (area?.tolerance ?? 0);
  const [a, b] = [sharesOf(one), sharesOf(other)];
  const sameKind = one.kind === other.kind && idsOf(one).join() === idsOf(other).join();
  if (sameKind && totalOf(one) === totalOf(other)) {
    const most = [...a].reduce((max, [id, share]) => Math.max(max, Math.abs(share - (b.get(id) ?? -1))), 0);
    if (most <= tolerance) return undefined;
    return { explained: undefined, what: `shares differ by ${most}: ${what}` };
  }
  const tooLarge = [one, other].some((each) => each.kind === 'failed' && each.code === 'store.areaTooLarge');
  if (tooLarge) return { explained: 'too large for one of them', what };
  // The same boundaries but for shares at the least that counts, in an order that shares within the tolerance allow.
  const ids = new Set([...a.keys(), ...b.keys()]);
  const isClose = [...ids].every((id) => Math.abs((a.get(id) ?? 0) - (b.get(id) ?? 0)) <= 2 * tolerance);
  return { explained: isClose ? 'shares equal within the tolerance' : undefined, what };
}

function idsOf(answer: Outcome): readonly string[] {
  if (answer.kind === 'found') return answer.matches.map(({ boundaryId }) => boundaryId);
  return answer.kind === 'absent' ? [answer.boundary.boundaryId] : [];
}

function sharesOf(answer: Outcome): ReadonlyMap<string, number> {
  if (answer.kind !== 'found') return new Map();
  return new Map(answer.matches.map(({ boundaryId, share }) => [boundaryId, share ?? 0]));
}

function totalOf(answer: Outcome): number | undefined {
  return answer.kind === 'found' ? answer.total : undefined;
}

/** An answer in a line: kind, rule and boundaries in their order; a distance to the millimetre. */
export function describe(answer: Outcome): string {
  if (answer.kind === 'failed') return `failed ${answer.code}`;
  const rule = answer.kind === 'found' ? ` ${answer.rule}` : '';
  const far =
    answer.kind === 'found' && answer.distanceM !== undefined ? ` ${answer.distanceM.toFixed(3)} m` : '';
  return `${answer.kind}${rule}${far} ${idsOf(answer).join(', ')}`.trim();
}
