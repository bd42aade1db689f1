import { describe, expect, it } from 'vitest';
import { samplePoints } from '../../../data/sample-points.ts';
import {
  demoBoundaryId,
  demoPsapUri,
  usCounties,
  usCountyCount,
  usCountyPsaps,
} from '../../../data/us-counties.ts';
import { countyFullName } from '../../../data/us-county-names.ts';
import { usStateByFips } from '../../../data/us-states.ts';
import type { BoundaryFeature } from '../../../src/esrp/index.ts';
import { formFault } from '../../../src/store/geometry/ring-checks.ts';

async function features(): Promise<readonly BoundaryFeature[]> {
  const all: BoundaryFeature[] = [];
  for await (const each of usCountyPsaps({ host: '::1', port: 6000 })) {
    if (each.kind === 'feature') all.push(each.feature);
  }
  return all;
}

describe('the demo data', () => {
  it('has a boundary for every county, with what routing needs', async () => {
    const all = await features();
    expect(all.length).toBe(usCountyCount);
    expect(new Set(all.map(({ boundaryId }) => boundaryId)).size).toBe(usCountyCount);
    expect(all.map(({ ordinal }) => ordinal)).toEqual(Array.from(all, (_, index) => index + 1));
    expect(
      all.filter(({ a1, a2, geometry }) => a1 === undefined || a2 === undefined || formFault(geometry)),
    ).toEqual([]);
    for (const { serviceUri } of all) expect(serviceUri).toMatch(/^sip:psap-\d{5}@\[::1\]:6000$/);
  });

  it('tells areas of one name in one state apart', async () => {
    const all = await features();
    const names = all.map(({ a1, a2 }) => `${a1} ${a2}`);
    expect(new Set(names).size).toBe(usCountyCount);
  });

  it('widens the one county that is a line, and no other', () => {
    expect([...usCounties()].filter(({ isWidened }) => isWidened).map(({ fips }) => fips)).toEqual(['51610']);
  });

  it.each([
    ['48201', 'Harris', 'Harris County'],
    ['22071', 'Orleans', 'Orleans Parish'],
    ['24510', 'Baltimore', 'Baltimore city'],
    ['24005', 'Baltimore', 'Baltimore County'],
    ['32510', 'Carson City', 'Carson City'],
    ['51095', 'James City', 'James City County'],
    ['02020', 'Anchorage', 'Anchorage Municipality'],
    ['72127', 'San Juan', 'San Juan Municipio'],
    ['11001', 'District of Columbia', 'District of Columbia'],
  ])('calls %s by its kind', (fips, name, fullName) => {
    expect(countyFullName(fips, name)).toBe(fullName);
  });

  it('has ids and addresses that can be worked out', () => {
    expect(demoBoundaryId('48201')).toBe('urn:emergency:uid:gis:PsapPolygon:48201:demo.firstline.example');
    expect(demoPsapUri('48201')).toBe('sip:psap-48201@127.0.0.1:5070');
    expect(usStateByFips('48201')).toEqual({ fips: '48', usps: 'TX', name: 'Texas' });
    expect(usStateByFips('99')).toBeUndefined();
  });

  it('gives the same random places for the same seed', () => {
    const places = samplePoints(200, 3);
    expect(places.length).toBe(200);
    expect(samplePoints(200, 3)).toEqual(places);
    expect(samplePoints(200, 4)).not.toEqual(places);
    for (const { position } of places) {
      expect(Math.abs(position.lon)).toBeLessThanOrEqual(180);
      expect(Math.abs(position.lat)).toBeLessThanOrEqual(90);
    }
  });
});
