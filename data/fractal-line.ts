import { seededFraction } from './sample-points.ts';

// Borders as they are drawn: a line from one corner to another that bends at every scale, and never crosses itself. Each
// stretch becomes four of equal length with a random bulge, as in Koch's curve but flatter. All of a line stays within a
// rhombus around its ends whose half angle is 25 degrees; so lines whose rhombuses are apart never cross either.

/** Half the steepest bulge in degrees: the angle at a line's ends within which it stays. */
export const halfAngleDeg = 25;
const steepest = (2 * halfAngleDeg - 2) * (Math.PI / 180);
const flattest = 10 * (Math.PI / 180);

export type Place = readonly [x: number, y: number];

/**
 * The corners of a line from `from` up to but without `to`, put into `into` as x, y, x, y ...: about `pieces` of them in
 * the mean over seeds, the same ones for the same seed.
 */
export function fractalLine(
  from: Place,
  to: Place,
  { pieces, seed }: { readonly pieces: number; readonly seed: number },
  into: number[],
): void {
  const depth = Math.max(0, Math.floor(Math.log2(Math.max(1, pieces)) / 2));
  // What is missing to the number of pieces comes of splitting a part of the last ones once more.
  const splitPart = (pieces / 4 ** depth - 1) / 3;
  const random = seededFraction(seed);
  const draw = (x1: number, y1: number, x2: number, y2: number, levels: number): void => {
    if (levels <= 0 && (levels < 0 || random() >= splitPart)) {
      into.push(x1, y1);
      return;
    }
    const angle = flattest + random() * (steepest - flattest);
    const side = random() < 0.5 ? -1 : 1;
    const part = 1 / (2 * (1 + Math.cos(angle)));
    const dx = (x2 - x1) * part;
    const dy = (y2 - y1) * part;
    const sin = side * Math.sin(angle);
    const ax = x1 + dx;
    const ay = y1 + dy;
    const bx = ax + dx * Math.cos(angle) - dy * sin;
    const by = ay + dy * Math.cos(angle) + dx * sin;
    const cx = x2 - dx;
    const cy = y2 - dy;
    draw(x1, y1, ax, ay, levels - 1);
    draw(ax, ay, bx, by, levels - 1);
    draw(bx, by, cx, cy, levels - 1);
    draw(cx, cy, x2, y2, levels - 1);
  };
  draw(from[0], from[1], to[0], to[1], depth);
}
