import { orient2d } from 'robust-predicates';
import {
  blockBits,
  blockMask,
  countAt,
  countMask,
  eastAt,
  endAt,
  firstAt,
  leafFlag,
  northAt,
  type PolygonTree,
  southAt,
  stackSize,
  startAt,
  stride,
  westAt,
} from './polygon-index-tree.ts';

/** Twice the rounding of the product difference below, as a part of the sum of its products (Shewchuk 1997, ccwerrboundA). */
const errorBound = (3 + 16 * 2 ** -53) * 2 ** -53;

// Lookups are synchronous and do not nest, so they share one stack.
const stack = new Uint32Array(stackSize);

/**
 * How the side of an edge that a point is on is decided where it is on the edge but for rounding. `exact`: as it is.
 * `asPostgis`: by the difference of two products in doubles, as the ST_Covers of PostGIS 3.3 to 3.6 does for a point: a
 * point that is off an edge by a last digit may count as on it (one in 75,000 of those computed to lie on it), never
 * the other way.
 */
export type SideRule = 'exact' | 'asPostgis';

/** Where a point is in regard to a polygon's node: 0 outside, 1 inside, 2 on an edge or corner. By even and odd. */
export function placeIn(
  tree: PolygonTree,
  node: number,
  { x, y, rule }: { readonly x: number; readonly y: number; readonly rule: SideRule },
): 0 | 1 | 2 {
  const { boxes, links } = tree;
  const isExact = rule === 'exact';
  const roundX = Math.fround(x);
  const roundY = Math.fround(y);
  let isInside = false;
  let height = 1;
  stack[0] = node * stride;
  while (height > 0) {
    height -= 1;
    const at = stack[height] ?? 0;
    const first = links[at + firstAt] ?? 0;
    const flags = links[at + countAt] ?? 0;
    if (flags >= leafFlag) {
      const place = crossings(tree, first, flags & countMask, x, y, isExact);
      if (place === 2) return 2;
      if (place === 1) isInside = !isInside;
      continue;
    }
    const end = (first + (flags & countMask)) * stride;
    for (let child = first * stride; child < end; child += stride) {
      if (roundY < (boxes[child + southAt] ?? 0) || roundY > (boxes[child + northAt] ?? 0)) continue;
      if (roundX > (boxes[child + eastAt] ?? 0)) continue;
      if (roundX < (boxes[child + westAt] ?? 0)) {
        const start = boxes[child + startAt] ?? 0;
        const stop = boxes[child + endAt] ?? 0;
        if (start !== roundY && stop !== roundY) {
          if (start > roundY !== stop > roundY) isInside = !isInside;
          continue;
        }
      }
      stack[height] = child;
      height += 1;
    }
  }
  return isInside ? 1 : 0;
}

/** Whether a ray to the right crosses the edges of a leaf an odd number of times (1) or even (0); 2: the point is on one. */
function crossings(
  tree: PolygonTree,
  first: number,
  count: number,
  x: number,
  y: number,
  isExact: boolean,
): 0 | 1 | 2 {
  const block = tree.blocks[first >> blockBits];
  if (block === undefined) return 0;
  let isOdd = false;
  let at = 2 * (first & blockMask);
  let x1 = block[at] ?? 0;
  let y1 = block[at + 1] ?? 0;
  for (const end = at + 2 * count; at < end; ) {
    at += 2;
    const x2 = block[at] ?? 0;
    const y2 = block[at + 1] ?? 0;
    const isAbove1 = y1 > y;
    const isAbove2 = y2 > y;
    if (isAbove1 !== isAbove2) {
      const side = x1 > x && x2 > x ? 1 : x1 < x && x2 < x ? -1 : leftOf(x1, y1, x2, y2, x, y, isExact);
      if (side === 0) return 2;
      if (side > 0) isOdd = !isOdd;
    } else if (!isAbove1 && (y1 === y || y2 === y) && isTouching(x1, y1, x2, y2, x, y)) {
      return 2;
    }
    x1 = x2;
    y1 = y2;
  }
  return isOdd ? 1 : 0;
}

/** Of an edge that reaches the parallel from below: whether it touches it at the point. */
function isTouching(x1: number, y1: number, x2: number, y2: number, x: number, y: number): boolean {
  if (y1 === y2) return x1 < x2 ? x1 <= x && x <= x2 : x2 <= x && x <= x1;
  return y1 === y ? x1 === x : x2 === x;
}

/** Above 0 where the point is to the left of an edge (from its lower end, looking up), 0 on it. */
function leftOf(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  x: number,
  y: number,
  isExact: boolean,
): number {
  const a = (x2 - x1) * (y - y1);
  const b = (x - x1) * (y2 - y1);
  let turn = a - b;
  if (isExact && Math.abs(turn) <= errorBound * (Math.abs(a) + Math.abs(b))) {
    turn = -orient2d(x1, y1, x2, y2, x, y);
  }
  return y2 > y1 ? turn : -turn;
}
