import { describe, expect, it } from 'vitest';
import { seededFraction } from '../../../data/sample-points.ts';
import { readPlainNumbers } from '../../../src/location/plain-numbers.ts';

const seed = Date.now() % 2 ** 31;

describe('plain numbers', () => {
  it.each<[string, string, readonly number[]]>([
    ['a position', '40.74844 -73.98543', [40.74844, -73.98543]],
    ['white space of all kinds', '\t 1\r\n2  3 ', [1, 2, 3]],
    ['signs', '+1 -0 -.5', [1, -0, -0.5]],
    ['points at either end', '.5 5.', [0.5, 5]],
    [
      'more digits than a number holds',
      '-73.98542999999999 0.1000000000000000055511151',
      [-73.98542999999999, 0.1],
    ],
    ['leading zeros', '000000000000000000000007 0.00000000000000000000000001', [7, 1e-26]],
    ['nothing', ' \n', []],
  ])('%s are read', (_name, text, values) => {
    expect(readPlainNumbers(text)).toEqual(values);
  });

  it.each([
    ...[
      '1,5',
      '1 ,2',
      '1e3',
      '0x28',
      'NaN',
      'INF',
      '1.2.3',
      '-',
      '.',
      '- 1',
      '--1',
      '1-2',
      '12N',
      '1\u00a02',
      '٣',
    ],
    `1${'0'.repeat(60)}`,
  ])('%j is left to others', (text) => {
    expect(readPlainNumbers(text)).toBeUndefined();
  });

  it(`are what the platform makes of them (seed ${seed})`, () => {
    const fraction = seededFraction(seed);
    for (let run = 0; run < 3_000; run += 1) {
      const value = (fraction() - 0.5) * 10 ** Math.floor(fraction() * 12);
      const text = run % 2 === 0 ? value.toFixed(Math.floor(fraction() * 20)) : value.toFixed(7);
      expect(readPlainNumbers(text)?.[0], text).toBe(Number(text));
    }
  });
});
