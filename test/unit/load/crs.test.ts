import { describe, expect, it } from 'vitest';
import type { SourceCrs } from '../../../src/esrp/index.ts';
import { fixture, type Given, readSource, refusals } from './gis-support.ts';
import { zipOf } from './zip-support.ts';

const lambert = 'PROJCS["NAD_1983_StatePlane_Texas_South_Central_FIPS_4204_Feet"';

async function crsOf(bytes: Uint8Array, given: Given = {}): Promise<readonly (SourceCrs | undefined)[]> {
  const { items } = await readSource(bytes, given);
  expect(refusals(items)).toEqual([]);
  return items.flatMap((item) => (item.kind === 'refused' ? [] : [item.feature.crs]));
}

describe('the coordinate reference system of a source goes with its features', () => {
  it.each<[string, string, SourceCrs | undefined, readonly [number, number]]>([
    ['WGS 84 by .prj', 'psap-latin1.zip', undefined, [-95.5, 29.5]],
    ['Web Mercator by .prj', 'psap-mercator.zip', { kind: 'epsg', code: 3857 }, [-10_631_011, 3_439_440]],
    ['NAD27 by the name in .prj', 'psap-nad27.zip', { kind: 'epsg', code: 4267 }, [-95.5, 29.5]],
    [
      'Web Mercator by a crs member',
      'psap-mercator.geojson',
      { kind: 'epsg', code: 3857 },
      [-10_631_011, 3_439_440],
    ],
  ])('%s', async (_name, file, crs, near) => {
    const { items } = await readSource(fixture(file));
    expect(items).toHaveLength(2);
    const [first] = items;
    if (first?.kind !== 'feature') throw new Error('no boundary');
    expect(first.feature.crs).toEqual(crs);
    const [[[[east = 0, north = 0] = []] = []] = []] = first.feature.geometry.coordinates.filter(([ring]) =>
      ring?.some(([x]) => Math.abs(x - near[0]) < 0.001 * Math.abs(near[0])),
    );
    expect(Math.abs(east - near[0]) / Math.abs(near[0])).toBeLessThan(0.02);
    expect(Math.abs(north - near[1]) / Math.abs(near[1])).toBeLessThan(0.05);
  });

  it('a state plane in feet comes as its definition', async () => {
    const [first, second] = await crsOf(fixture('psap-state-plane.zip'));
    expect(first).toEqual({ kind: 'definition', text: expect.stringContaining(lambert) });
    expect(first).toEqual(second);
  });

  it.each<[string, SourceCrs | undefined]>([
    ['EPSG:2278', { kind: 'epsg', code: 2278 }],
    ['2278', { kind: 'epsg', code: 2278 }],
    ['urn:ogc:def:crs:EPSG::26915', { kind: 'epsg', code: 26915 }],
    ['urn:ogc:def:crs:EPSG:6.6:4326', undefined],
    ['http://www.opengis.net/def/crs/EPSG/0/27700', { kind: 'epsg', code: 27700 }],
    ['http://www.opengis.net/gml/srs/epsg.xml#27700', { kind: 'epsg', code: 27700 }],
    ['urn:ogc:def:crs:OGC:1.3:CRS84', undefined],
    ['OGC:CRS84', undefined],
    ['EPSG:4979', undefined],
    ['+proj=utm +zone=15 +datum=NAD83', { kind: 'definition', text: '+proj=utm +zone=15 +datum=NAD83' }],
    ['GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]]', undefined],
    [
      'PROJCS["x",GEOGCS["y",AUTHORITY["EPSG","4269"]],AUTHORITY["EPSG","2278"]]',
      { kind: 'epsg', code: 2278 },
    ],
    ['GEOGCRS["NAD83",ID["EPSG",4269]]', { kind: 'epsg', code: 4269 }],
    [
      'PROJCS["mine",GEOGCS["y",AUTHORITY["EPSG","4269"]]]',
      { kind: 'definition', text: 'PROJCS["mine",GEOGCS["y",AUTHORITY["EPSG","4269"]]]' },
    ],
    ['PROJCS["WGS_1984_UTM_Zone_15N",GEOGCS["GCS_WGS_1984"]]', { kind: 'epsg', code: 32615 }],
    ['PROJCS["NAD_1983_UTM_Zone_15N",GEOGCS["x"]]', { kind: 'epsg', code: 26915 }],
  ])('%s by the option, in place of what the source says', async (crs, expected) => {
    const found = await crsOf(fixture('psap-latin1.zip'), { crs });
    expect(found).toEqual([expected, expected]);
  });

  it.each<[string, string | undefined, RegExp]>([
    ['no .prj', undefined, /^load\.crsMissing: PsapPolygon\.shp, row 1: .*EPSG:4326/],
    ['an empty .prj', ' \n', /^load\.crsMissing/],
    ['a .prj that is no definition', 'State plane, feet', /^load\.crsUnsupported: .*"State plane, feet"/],
    ['a .prj that is cut off', `${lambert},GEOGCS["x"`, /^load\.crsUnsupported/],
  ])('a shapefile with %s is refused, once for all of its rows', async (_name, prj, expected) => {
    const bytes = await zipOf(fixture('psap-latin1.zip'), (name, content) => {
      if (!name.endsWith('.prj')) return content;
      return prj === undefined ? undefined : Buffer.from(prj);
    });
    const { items } = await readSource(bytes);
    expect(refusals(items)).toEqual([expect.stringMatching(expected)]);
  });
});
