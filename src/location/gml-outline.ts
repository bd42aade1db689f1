import type { Ring } from '../geo/index.ts';

// What one pass over the corners of a ring tells, with longitudes continuous, in degrees as in a plane.

/**
 * Whether a closed ring turns to one side at every corner, and goes round once: it can then not meet itself. Most rings that
 * programs make of a circle or a box do, and this is told in one pass.
 */
export function isConvex(line: Ring): boolean {
  const count = line.length - 1;
  let [fromX, fromY] = line[count - 1] ?? [0, 0];
  let [x, y] = line[0] ?? [0, 0];
  let isDownward = isBelow(x - fromX, y - fromY);
  let turns = 0;
  let rounds = 0;
  for (let index = 1; index <= count; index += 1) {
    const [toX, toY] = line[index] ?? [0, 0];
    const turn = Math.sign((x - fromX) * (toY - y) - (y - fromY) * (toX - x));
    if (turn === 0 || turn === -turns) return false;
    turns = turn;
    // Each round of a ring that only turns one way looks upwards once after it has looked downwards.
    const isDownwardNow = isBelow(toX - x, toY - y);
    if (isDownward && !isDownwardNow) rounds += 1;
    isDownward = isDownwardNow;
    [fromX, fromY, x, y] = [x, y, toX, toY];
  }
  return rounds === 1;
}

/** Whether a direction is in the lower half of the circle, of which west is a part and east is none. */
function isBelow(x: number, y: number): boolean {
  return y < 0 || (y === 0 && x < 0);
}

/** Twice the area of the largest triangle on the line from the first corner to the one that is farthest from it: 0 for a line. */
export function largestTriangleDeg2(line: Ring): number {
  const x0 = line[0]?.[0] ?? 0;
  const y0 = line[0]?.[1] ?? 0;
  let [farX, farY, far] = [0, 0, 0];
  for (const corner of line) {
    const x = corner[0] - x0;
    const y = corner[1] - y0;
    const distance = x * x + y * y;
    if (distance <= far) continue;
    farX = x;
    farY = y;
    far = distance;
  }
  let largest = 0;
  for (const corner of line) {
    largest = Math.max(largest, Math.abs(farX * (corner[1] - y0) - farY * (corner[0] - x0)));
  }
  return largest;
}

/** Directions counter-clockwise. */
const directions = [
  ...[[1, 0] as const, [1, 1] as const, [0, 1] as const, [-1, 1] as const],
  ...[[-1, 0] as const, [-1, -1] as const, [0, -1] as const, [1, -1] as const],
];

/**
 * The corners without those inside of the octagon that the farthest of eight directions make: none of those is a corner of
 * the hull, and a hull is sought by sorting what is left.
 */
export function outerCorners(corners: Ring): Ring {
  const octagon = directions.map(([x, y]) => {
    let farthest = corners[0] ?? [0, 0];
    let distance = Number.NEGATIVE_INFINITY;
    for (const corner of corners) {
      const here = corner[0] * x + corner[1] * y;
      if (here <= distance) continue;
      farthest = corner;
      distance = here;
    }
    return farthest;
  });
  const sides = octagon.flatMap(([x, y], index) => {
    const [toX, toY] = octagon[(index + 1) % octagon.length] ?? [x, y];
    return toX === x && toY === y ? [] : [{ x, y, alongX: toX - x, alongY: toY - y }];
  });
  return corners.filter(([x, y]) =>
    sides.some((side) => side.alongX * (y - side.y) - side.alongY * (x - side.x) <= 0),
  );
}
