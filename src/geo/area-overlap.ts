import { type AreaProfile, areaBelow, areaWestOf } from './area-profile.ts';
import {
  blockBits,
  blockMask,
  countAt,
  countMask,
  eastAt,
  firstAt,
  leafFlag,
  northAt,
  type PolygonTree,
  southAt,
  stackSize,
  stride,
  turnedFlag,
  westAt,
  wholeFlag,
} from './polygon-index-tree.ts';

const stack = new Uint32Array(stackSize);

/**
 * The area that a polygon's node and a profile have in common, square degrees; the profile is turned by `turn` degrees of
 * longitude. Pieces beside or below the profile's box count for nothing, pieces over it as one edge.
 */
export function commonArea(tree: PolygonTree, node: number, profile: AreaProfile, turn: number): number {
  const { boxes, links } = tree;
  const west = profile.west + turn;
  const roundWest = Math.fround(west);
  const roundEast = Math.fround(west + profile.width);
  const roundSouth = Math.fround(profile.south);
  const roundNorth = Math.fround(profile.south + profile.height);
  let sum = 0;
  let height = 1;
  stack[0] = node;
  while (height > 0) {
    height -= 1;
    const record = (stack[height] ?? 0) * stride;
    const first = links[record + firstAt] ?? 0;
    const flags = links[record + countAt] ?? 0;
    if (flags >= leafFlag) {
      const leaf = leafArea(tree, first, flags & countMask, profile, west);
      sum += (flags & turnedFlag) === 0 ? -leaf : leaf;
      continue;
    }
    const end = first + (flags & countMask);
    for (let child = first; child < end; child += 1) {
      const box = child * stride;
      if ((boxes[box + westAt] ?? 0) > roundEast || (boxes[box + eastAt] ?? 0) < roundWest) continue;
      if ((boxes[box + northAt] ?? 0) < roundSouth) continue;
      if ((boxes[box + southAt] ?? 0) > roundNorth) sum += pieceOver(tree, child, profile, west);
      else {
        stack[height] = child;
        height += 1;
      }
    }
  }
  return sum;
}

/** What a piece of a ring counts that lies over the whole profile: as the one edge from its start to its end. */
function pieceOver(tree: PolygonTree, node: number, profile: AreaProfile, west: number): number {
  const flags = tree.links[node * stride + countAt] ?? 0;
  // Whole rings come back to where they began.
  if ((flags & wholeFlag) !== 0) return 0;
  const area =
    areaWestOf(profile, endLon(tree, node, 'last') - west) -
    areaWestOf(profile, endLon(tree, node, 'first') - west);
  return (flags & turnedFlag) === 0 ? -area : area;
}

/** The longitude of the first or last corner of a piece of a ring. */
function endLon({ links, blocks }: PolygonTree, node: number, which: 'first' | 'last'): number {
  let at = node;
  for (;;) {
    const first = links[at * stride + firstAt] ?? 0;
    const flags = links[at * stride + countAt] ?? 0;
    const count = flags & countMask;
    if (flags >= leafFlag) {
      const corner = which === 'first' ? first : first + count;
      return blocks[corner >> blockBits]?.[2 * (corner & blockMask)] ?? 0;
    }
    at = which === 'first' ? first : first + count - 1;
  }
}

/** The area of the profile under the edges of a leaf, those that go west taken off. */
function leafArea(
  tree: PolygonTree,
  first: number,
  count: number,
  profile: AreaProfile,
  west: number,
): number {
  const block = tree.blocks[first >> blockBits];
  if (block === undefined) return 0;
  const { south } = profile;
  let sum = 0;
  let at = 2 * (first & blockMask);
  let x1 = (block[at] ?? 0) - west;
  let y1 = (block[at + 1] ?? 0) - south;
  for (const end = at + 2 * count; at < end; ) {
    at += 2;
    const x2 = (block[at] ?? 0) - west;
    const y2 = (block[at + 1] ?? 0) - south;
    if (x1 < x2) sum += areaUnder(profile, x1, y1, x2, y2);
    else if (x1 > x2) sum -= areaUnder(profile, x2, y2, x1, y1);
    x1 = x2;
    y1 = y2;
  }
  return sum;
}

/** The area of the profile under an edge that goes east: its part beside or below the box has none, above it all. */
function areaUnder(profile: AreaProfile, x1: number, y1: number, x2: number, y2: number): number {
  const { width, height } = profile;
  if (x2 <= 0 || x1 >= width || (y1 <= 0 && y2 <= 0)) return 0;
  const slope = (y2 - y1) / (x2 - x1);
  let from = Math.max(x1, 0);
  let to = Math.min(x2, width);
  let yFrom = from === x1 ? y1 : y1 + slope * (from - x1);
  let yTo = to === x2 ? y2 : y2 - slope * (x2 - to);
  if (yFrom <= 0 && yTo <= 0) return 0;
  if (yFrom >= height && yTo >= height) return areaWestOf(profile, to) - areaWestOf(profile, from);
  let sum = 0;
  if (yFrom < 0) {
    from -= yFrom / slope;
    yFrom = 0;
  } else if (yFrom > height) {
    const cut = from + (height - yFrom) / slope;
    sum += areaWestOf(profile, cut) - areaWestOf(profile, from);
    from = cut;
    yFrom = height;
  }
  if (yTo < 0) {
    to -= yTo / slope;
    yTo = 0;
  } else if (yTo > height) {
    const cut = to + (height - yTo) / slope;
    sum += areaWestOf(profile, to) - areaWestOf(profile, cut);
    to = cut;
    yTo = height;
  }
  return from < to ? sum + areaBelow(profile, from, yFrom, to, yTo) : sum;
}
