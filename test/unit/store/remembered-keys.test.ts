import { afterEach, describe, expect, it } from 'vitest';
import { rememberKeysOfLargeObjects } from '../../../src/store/pglite/remembered-keys.ts';

const listKeys = Object.keys;
afterEach(() => {
  Object.keys = listKeys;
});

describe('keys of objects', () => {
  it('are listed once where there are very many, and each time otherwise', () => {
    const large = Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`k${index}`, index]));
    const small: Record<string, number> = { a: 1 };
    rememberKeysOfLargeObjects();
    expect(Object.keys(large)).toEqual(listKeys(large));
    expect(Object.keys(large)).toBe(Object.keys(large));
    expect(Object.keys(small)).toEqual(['a']);
    small['b'] = 2;
    expect(Object.keys(small)).toEqual(['a', 'b']);
  });
});
