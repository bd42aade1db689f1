import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ordinateText } from '../../../src/location/ordinate-text.ts';

const seed = Number(process.env['FIRSTLINE_SEED'] ?? Date.now() % 2 ** 31);

describe('ordinateText', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [180, '180'],
    [-180, '-180'],
    [0.5, '0.5'],
    [-0.000_000_001, '-0.000000001'],
    [0.000_000_01, '0.00000001'],
    [37.775, '37.775'],
    [-122.419_416, '-122.419416'],
    [-122.419_412_345_678_9, '-122.4194123456789'],
    [100.000_000_01, '100.00000001'],
    [0.1 + 0.2, '0.30000000000000004'],
    [1e-10, '1e-10'],
    [123_456.75, '123456.75'],
  ])('%d is %s', (value, text) => {
    expect(ordinateText(value)).toBe(text);
  });

  it(`is read as the same number, and has the digits that String gives (seed ${seed})`, () => {
    const decimals = fc
      .tuple(fc.integer({ min: -180 * 10 ** 9, max: 180 * 10 ** 9 }), fc.integer({ min: 0, max: 12 }))
      .map(([whole, places]) => whole / 10 ** places);
    const any = fc.double({ min: -360, max: 360, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(decimals, any), (value) => {
        const text = ordinateText(value);
        expect(Number(text)).toBe(value + 0);
        // Exponents are valid, and seldom read; small numbers come without one.
        if (!String(value).includes('e')) expect(text).toBe(String(value));
      }),
      { seed, numRuns: 5_000 },
    );
  });
});
