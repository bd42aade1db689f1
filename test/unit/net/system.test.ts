import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../../src/net/system.ts';

describe('random values of the machine', () => {
  it('are tokens of the length and the letters asked for, none like another', () => {
    const random = systemRandom();
    const tokens = new Set(Array.from({ length: 2000 }, () => random.token(16)));
    expect(tokens.size).toBe(2000);
    for (const token of tokens) expect(token).toMatch(/^[0-9a-z]{16}$/);
  });

  it('favour no letter', () => {
    const counts = new Map<string, number>();
    const letters = 360_000;
    for (const letter of systemRandom().token(letters)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    expect(counts.size).toBe(36);
    // Expected 10,000 each with a standard deviation of 99; eight of them is out of reach for chance.
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(800);
  });

  it('are fractions from 0 up to 1', () => {
    const random = systemRandom();
    const values = Array.from({ length: 5000 }, () => random.fraction());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / 5000 - 0.5)).toBeLessThan(0.05);
  });
});

describe('the clocks of the machine', () => {
  it('go forward in milliseconds, and know the year', () => {
    const first = systemClock.mono();
    expect(systemClock.mono()).toBeGreaterThanOrEqual(first);
    expect(new Date(systemClock.wall()).getUTCFullYear()).toBeGreaterThan(2024);
  });
});
