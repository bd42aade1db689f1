import { describe, expect, it } from 'vitest';
import { readGeoUri } from '../../../src/location/geo-uri.ts';

describe('readGeoUri', () => {
  it.each<[string, unknown]>([
    ['geo:48.2010,16.3695', { kind: 'point', position: { lon: 16.3695, lat: 48.201 } }],
    ['geo:48.2010,16.3695,183', { kind: 'point', position: { lon: 16.3695, lat: 48.201, altM: 183 } }],
    [
      'geo:48.198634,16.371648;crs=wgs84;u=40',
      { kind: 'circle', center: { lon: 16.371648, lat: 48.198634 }, radiusM: 40 },
    ],
    [
      'GEO:-33.5,151.2;CRS=WGS84;U=12.5',
      { kind: 'circle', center: { lon: 151.2, lat: -33.5 }, radiusM: 12.5 },
    ],
    ['geo:1,2,3;u=40', { kind: 'sphere', center: { lon: 2, lat: 1, altM: 3 }, radiusM: 40 }],
    ['geo:1,2;u=0', { kind: 'point', position: { lon: 2, lat: 1 } }],
    ['geo:1,2;u=nonsense', { kind: 'point', position: { lon: 2, lat: 1 } }],
    ['geo:1,2;z=17;foo', { kind: 'point', position: { lon: 2, lat: 1 } }],
    ['geo: 1, 2', { kind: 'point', position: { lon: 2, lat: 1 } }],
    ['geo:90,-22.43', { kind: 'point', position: { lon: 0, lat: 90 } }],
    ['geo:1,2;crs=nztm', undefined],
    ['geo:91,2', undefined],
    ['geo:1,181', undefined],
    ['geo:1', undefined],
    ['geo:,', undefined],
    ['geo:1,2,3,4', undefined],
    ['geo:NaN,2', undefined],
    ['geo:1e1,2', undefined],
    ['geo:0?q=1,2', undefined],
    ['geo:1,2;u=999999999', undefined],
    [`geo:${'1'.repeat(10_000)},2`, undefined],
  ])('%s', (uri, shape) => {
    expect(readGeoUri(uri, new Map())).toEqual(shape);
  });

  it('takes parameters that became those of the header, where its brackets were left out', () => {
    expect(readGeoUri('geo:1,2', new Map([['u', '7']]))).toMatchObject({ kind: 'circle', radiusM: 7 });
  });
});
