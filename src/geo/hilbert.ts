const steps = 65_536;

/** How far along a Hilbert curve of 65,536 steps a side a place of the unit square lies, as a whole number below 2^32. */
export function hilbertKey(fractionX: number, fractionY: number): number {
  let x = Math.min(steps - 1, Math.floor(fractionX * steps));
  let y = Math.min(steps - 1, Math.floor(fractionY * steps));
  let key = 0;
  for (let half = steps / 2; half >= 1; half /= 2) {
    const isRight = (x & half) > 0;
    const isUpper = (y & half) > 0;
    key = key * 4 + (isRight ? (isUpper ? 2 : 3) : isUpper ? 1 : 0);
    if (isUpper) continue;
    if (isRight) {
      x = steps - 1 - x;
      y = steps - 1 - y;
    }
    const swapped = x;
    x = y;
    y = swapped;
  }
  return key;
}
