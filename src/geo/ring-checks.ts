import type { Corner } from './rings.ts';
import type { Ring } from './types.ts';

/** Pairs of edges that are compared, by corner and beyond; whatever needs more is taken for crossing. */
const pairsPerCorner = 40;
const pairsFree = 20_000;

/**
 * Whether a closed ring touches or crosses itself, or is too intricate to tell within a time that grows with its length
 * alone. Longitudes must be continuous; no two corners in a row may be the same.
 */
export function isRingCrossing(ring: Ring): boolean {
  const count = ring.length - 1;
  const wests = new Float64Array(count);
  const easts = new Float64Array(count);
  for (let edge = 0; edge < count; edge += 1) {
    const from = ring[edge]?.[0] ?? 0;
    const to = ring[edge + 1]?.[0] ?? 0;
    wests[edge] = Math.min(from, to);
    easts[edge] = Math.max(from, to);
  }
  const order = new Uint32Array(count)
    .map((_, index) => index)
    .sort((a, b) => (wests[a] ?? 0) - (wests[b] ?? 0));
  let pairs = pairsFree + pairsPerCorner * count;
  for (let place = 0; place < count; place += 1) {
    const edge = order[place] ?? 0;
    const end = easts[edge] ?? 0;
    for (let next = place + 1; next < count; next += 1) {
      const other = order[next] ?? 0;
      if ((wests[other] ?? 0) > end) break;
      pairs -= 1;
      if (pairs < 0 || isContact(ring, edge, other, count)) return true;
    }
  }
  return false;
}

/** Whether two edges meet elsewhere than where one ends and the next begins. */
function isContact(ring: Ring, edge: number, other: number, count: number): boolean {
  const a = ring[edge];
  const b = ring[edge + 1];
  const c = ring[other];
  const d = ring[other + 1];
  if (a === undefined || b === undefined || c === undefined || d === undefined) return false;
  if ((edge + 1) % count === other) return isTurningBack(a, b, d);
  if ((other + 1) % count === edge) return isTurningBack(c, d, b);
  const abc = side(a, b, c);
  const abd = side(a, b, d);
  const cda = side(c, d, a);
  const cdb = side(c, d, b);
  if (abc !== abd && cda !== cdb && abc * abd <= 0 && cda * cdb <= 0) return true;
  return (
    (abc === 0 && isBetween(a, b, c)) ||
    (abd === 0 && isBetween(a, b, d)) ||
    (cda === 0 && isBetween(c, d, a)) ||
    (cdb === 0 && isBetween(c, d, b))
  );
}

/** Whether a line goes from `b` back the way that it came. */
function isTurningBack(a: Corner, b: Corner, c: Corner): boolean {
  return side(a, b, c) === 0 && (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) > 0;
}

function side(a: Corner, b: Corner, c: Corner): number {
  return Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
}

function isBetween(a: Corner, b: Corner, c: Corner): boolean {
  return (
    Math.min(a[0], b[0]) <= c[0] &&
    c[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= c[1] &&
    c[1] <= Math.max(a[1], b[1])
  );
}

/**
 * The smallest convex ring around corners, closed and counter-clockwise (Andrew's monotone chain); two or fewer corners
 * where all are in a line.
 */
export function convexHull(corners: readonly Corner[]): Ring {
  const sorted = [...corners].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (list: readonly Corner[]): Corner[] => {
    const chain: Corner[] = [];
    for (const corner of list) {
      for (;;) {
        const last = chain.at(-1);
        const before = chain.at(-2);
        if (last === undefined || before === undefined || side(before, last, corner) > 0) break;
        chain.pop();
      }
      chain.push(corner);
    }
    chain.pop();
    return chain;
  };
  const hull = [...half(sorted), ...half([...sorted].reverse())];
  const [first] = hull;
  return first === undefined || hull.length < 3 ? hull : [...hull, first];
}
