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
  roundingDeg,
  southAt,
  stackSize,
  stride,
  westAt,
} from './polygon-index-tree.ts';

const stack = new Uint32Array(stackSize);

/**
 * The least distance from a point to the edges below a node, squared; longitudes count `scale` as much as latitudes.
 * What is not nearer than `limit` (squared) is not looked at, and `limit` comes back where nothing is.
 */
export function edgeDistance2(
  tree: PolygonTree,
  node: number,
  at: { readonly x: number; readonly y: number; readonly scale: number },
  limit: number,
): number {
  const { boxes, links } = tree;
  const { x, y, scale } = at;
  let least = limit;
  let height = 1;
  stack[0] = node;
  while (height > 0) {
    height -= 1;
    const record = (stack[height] ?? 0) * stride;
    const first = links[record + firstAt] ?? 0;
    const flags = links[record + countAt] ?? 0;
    if (flags >= leafFlag) {
      least = Math.min(least, leafDistance2(tree, first, flags & countMask, at));
      continue;
    }
    const end = first + (flags & countMask);
    for (let child = first; child < end; child += 1) {
      if (boxDistance2(boxes, child, x, y, scale) >= least) continue;
      stack[height] = child;
      height += 1;
    }
  }
  return least;
}

/** The least distance from a point to a node's box, squared, or a little less; 0 inside. */
export function boxDistance2(boxes: Float32Array, node: number, x: number, y: number, scale: number): number {
  const box = node * stride;
  const dx = Math.max((boxes[box + westAt] ?? 0) - x, x - (boxes[box + eastAt] ?? 0)) - roundingDeg;
  const dy = Math.max((boxes[box + southAt] ?? 0) - y, y - (boxes[box + northAt] ?? 0)) - roundingDeg;
  const across = Math.max(dx, 0) * scale;
  const up = Math.max(dy, 0);
  return across * across + up * up;
}

function leafDistance2(
  tree: PolygonTree,
  first: number,
  count: number,
  { x, y, scale }: { readonly x: number; readonly y: number; readonly scale: number },
): number {
  const block = tree.blocks[first >> blockBits];
  if (block === undefined) return Infinity;
  let least = Infinity;
  let at = 2 * (first & blockMask);
  let x1 = ((block[at] ?? 0) - x) * scale;
  let y1 = (block[at + 1] ?? 0) - y;
  for (const end = at + 2 * count; at < end; ) {
    at += 2;
    const x2 = ((block[at] ?? 0) - x) * scale;
    const y2 = (block[at + 1] ?? 0) - y;
    const dx = x2 - x1;
    const dy = y2 - y1;
    const length2 = dx * dx + dy * dy;
    const along = length2 > 0 ? Math.min(Math.max(-(x1 * dx + y1 * dy) / length2, 0), 1) : 0;
    const nearX = x1 + along * dx;
    const nearY = y1 + along * dy;
    least = Math.min(least, nearX * nearX + nearY * nearY);
    x1 = x2;
    y1 = y2;
  }
  return least;
}
