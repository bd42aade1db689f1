import { describe, expect, it } from 'vitest';
import { hilbertKey } from '../../../src/geo/hilbert.ts';

describe('the Hilbert curve', () => {
  it('goes through all cells of a grid, from each to one beside it', () => {
    const side = 32;
    const cells = Array.from({ length: side * side }, (_, index) => {
      const [x, y] = [index % side, Math.floor(index / side)];
      return { x, y, key: hilbertKey((x + 0.5) / side, (y + 0.5) / side) };
    }).sort((a, b) => a.key - b.key);
    expect(new Set(cells.map(({ key }) => key)).size).toBe(side * side);
    for (const [index, { x, y }] of cells.entries()) {
      const before = cells[index - 1];
      if (before !== undefined) expect(Math.abs(x - before.x) + Math.abs(y - before.y)).toBe(1);
    }
  });

  it('takes the far ends of the square', () => {
    expect(hilbertKey(0, 0)).toBe(0);
    expect(hilbertKey(1, 0)).toBe(2 ** 32 - 1);
  });
});
