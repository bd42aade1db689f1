import { describe, expect, it } from 'vitest';
import { regionKeys, soughtAreaKeys, storedAreaKeys } from '../../../src/store/area-names.ts';
import { usStates } from '../../../src/store/us-states.ts';

const agrees = (stored: string, sought: string) => {
  const keys = new Set(storedAreaKeys(stored));
  return (soughtAreaKeys(sought) ?? []).some((key) => keys.has(key));
};

describe('names of areas', () => {
  it.each([
    ['Harris County', 'harris'],
    ['Harris', 'HARRIS COUNTY'],
    ['Harris County', 'County of Harris'],
    ['Doña Ana County', 'Dona Ana'],
    ["Prince George's County", 'prince georges'],
    ['Prince George’s County', "Prince George's"],
    ['St. Louis County', 'Saint Louis County'],
    ['Ste. Genevieve County', 'Sainte Genevieve'],
    ['DeKalb County', 'De Kalb'],
    ['Miami-Dade County', 'Miami Dade'],
    ['Orleans Parish', 'Orleans County'],
    ['Baltimore city', 'City of Baltimore'],
    ['Baltimore city', 'Baltimore'],
    ['Baltimore County', 'Baltimore'],
    ['James City County', 'James City'],
    ['Carson City', 'Carson City'],
    ['Juneau City and Borough', 'Juneau'],
    ['Yukon-Koyukuk Census Area', 'Yukon–Koyukuk'],
    ['München', 'Munchen'],
    ['東京都', '東京都'],
  ])('%s is %s', (stored, sought) => {
    expect(agrees(stored, sought)).toBe(true);
  });

  it.each([
    ['Baltimore city', 'Baltimore County'],
    ['Baltimore County', 'Baltimore city'],
    ['Harris County', 'Harrison'],
    ['Carson City', 'Carson County'],
    ['Harris County', '!'],
  ])('%s is not %s', (stored, sought) => {
    expect(agrees(stored, sought)).toBe(false);
  });

  it('are no keys where there is no name', () => {
    expect(storedAreaKeys(undefined)).toEqual([]);
    expect(soughtAreaKeys(undefined)).toBeUndefined();
    expect(soughtAreaKeys(' - ')).toBeUndefined();
  });
});

describe('country and first level', () => {
  it.each([
    ['US', 'TX', 'US', 'tx'],
    ['us', 'Texas', 'US', 'tx'],
    ['USA', 'us-tx', 'US', 'tx'],
    [undefined, 'US-TX', 'US', 'tx'],
    [undefined, 'New York', undefined, 'ny'],
    ['US', 'District of Columbia', 'US', 'dc'],
    ['PR', undefined, 'US', 'pr'],
    ['PR', 'San Juan', 'US', 'pr'],
    ['US', 'U.S. Virgin Islands', 'US', 'vi'],
    ['DE', 'Sachsen-Anhalt', 'DE', 'sachsenanhalt'],
    ['DE', 'DE-BY', 'DE', 'by'],
    ['CA', 'Ontario', 'CA', 'ontario'],
    ['US', undefined, 'US', undefined],
    [undefined, undefined, undefined, undefined],
  ])('%s %s', (country, a1, countryKey, a1Key) => {
    expect(regionKeys(country, a1)).toEqual({ countryKey, a1Key });
  });

  it('know every state by both names', () => {
    expect(usStates.length).toBe(56);
    for (const { usps, name } of usStates) {
      expect(regionKeys('US', name)).toEqual({ countryKey: 'US', a1Key: usps.toLowerCase() });
      expect(regionKeys('US', usps)).toEqual({ countryKey: 'US', a1Key: usps.toLowerCase() });
    }
  });
});
