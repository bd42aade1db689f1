import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { createGisReader } from '../../../src/load/index.ts';
import { fixture, previewSource, readSource, refusals } from './gis-support.ts';
import { collection, square } from './support.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/gis-mapping.schema.json', import.meta.url), 'utf8'),
) as object;
const accepts = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);

const reader = createGisReader({ uploadsFolder: '/nonexistent' });
const faultsOf = (mapping: unknown) =>
  reader
    .check({ defaultServiceUrn: undefined, mapping })
    .map(({ option, path, message }) => `${option} ${path} ${message}`);

/** Roads as a county may keep them. */
const roads = collection(
  [
    {
      type: 'Feature',
      properties: {
        OBJECTID: 17,
        STREET: 'Main',
        TYP: 'ST',
        PAR_L: 'Odd',
        PAR_R: ' none ',
        LF: 101,
        LT: 199,
        CNTY: 'Harris',
        X: 1,
      },
      geometry: {
        type: 'LineString',
        coordinates: [
          [0, 0],
          [1, 1],
        ],
      },
    },
  ],
  { name: 'county_roads' },
);
const roadMapping = {
  layers: [
    {
      source: 'county_*',
      layer: 'RoadCenterLine',
      fields: {
        NGUID: { template: 'urn:emergency:uid:gis:RCL:{OBJECTID}:gis.example.gov' },
        St_Name: 'street',
        St_PosTyp: { from: 'TYP', values: { ST: 'Street', AVE: 'Avenue' } },
        FromAddr_L: 'LF',
        ToAddr_L: 'LT',
        Parity_L: { from: 'PAR_L', values: { Odd: 'O', Even: 'E', Both: 'B', None: 'Z' } },
        Parity_R: { from: 'PAR_R', values: { Odd: 'O', Even: 'E', Both: 'B', None: 'Z' } },
        Country_L: { value: 'US' },
        Country_R: { value: 'US' },
        A1_L: { value: 'TX' },
        A1_R: { value: 'TX' },
        A2_L: 'CNTY',
        A2_R: { from: 'CNTY_R', default: 'Unknown' },
      },
    },
  ],
};

describe('a mapping file', () => {
  it('makes layers of data that is named in another way', async () => {
    const { items } = await readSource(roads, { mapping: roadMapping });
    expect(refusals(items)).toEqual([]);
    expect(items).toMatchObject([
      {
        kind: 'roadCentreLine',
        feature: {
          featureId: 'urn:emergency:uid:gis:RCL:17:gis.example.gov',
          street: new Map([
            ['RD', 'Main'],
            ['STS', 'Street'],
          ]),
          left: {
            from: 101,
            to: 199,
            parity: 'odd',
            civic: {
              country: 'US',
              elements: new Map([
                ['A1', 'TX'],
                ['A2', 'Harris'],
              ]),
            },
          },
          right: {
            parity: 'none',
            civic: {
              elements: new Map([
                ['A1', 'TX'],
                ['A2', 'Unknown'],
              ]),
            },
          },
        },
      },
    ]);
  });

  it('is shown in a preview: where each field comes from, and what nothing is made of', async () => {
    const { layers } = await previewSource(roads, { mapping: roadMapping });
    expect(layers).toMatchObject([
      { nenaLayer: 'RoadCenterLine', toldBy: 'mapping', unmapped: ['X'], isWhole: true },
    ]);
    expect(layers[0]?.fields).toContainEqual({ field: 'St_Name', from: ['STREET'] });
    expect(layers[0]?.fields).toContainEqual({ field: 'Country_L', from: [], value: 'US' });
  });

  it('passes layers over that it ignores', async () => {
    const mapping = {
      layers: [
        {
          source: 'Psap*',
          layer: 'PsapPolygon',
          fields: { DsplayName: { value: 'One name' }, ServiceNum: null },
        },
        { source: '*', layer: 'ignore' },
      ],
    };
    const { items } = await readSource(fixture('nena.gpkg.gz'), { mapping });
    expect(items.map(({ kind }) => kind)).toEqual(['feature', 'feature']);
    expect(items[0]).toMatchObject({ feature: { displayName: 'One name', serviceNumber: undefined } });
  });

  it('names the system of coordinates in place of the source', async () => {
    const mapping = { crs: 'EPSG:2278', layers: [{ source: 'A2Polygon', crs: 'EPSG:4326' }] };
    const { items } = await readSource(fixture('nena.gpkg.gz'), { mapping });
    const crsOf = (kind: string) =>
      items.flatMap((item) => (item.kind === kind && item.kind !== 'refused' ? [item.feature.crs] : []));
    expect(crsOf('adminArea')).toEqual([undefined]);
    expect(crsOf('roadCentreLine')).toEqual([{ kind: 'epsg', code: 2278 }]);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a field that the table lacks',
      { layers: [{ source: 'PsapPolygon', layer: 'PsapPolygon', fields: { NGUID: 'GUID' } }] },
      /^load\.mappingUnmet: .*PsapPolygon, row 1: the mapping takes NGUID from the field GUID/,
    ],
    [
      'a layer that the source lacks',
      { layers: [{ source: 'Psaps', layer: 'PsapPolygon' }] },
      /^load\.mappingUnmet: the mapping names the layer Psaps/,
    ],
  ])('that names %s is told so', async (_name, mapping, expected) => {
    const { items } = await readSource(fixture('nena.gpkg.gz'), { mapping });
    expect(refusals(items)).toEqual([expect.stringMatching(expected)]);
  });

  it('layers that nobody knows are refused, or ignored where it says so', async () => {
    const zip = collection(
      [{ type: 'Feature', properties: { a: 1 }, geometry: { type: 'Polygon', coordinates: [square] } }],
      { name: 'parks' },
    );
    const mapping = { otherLayers: 'ignore', layers: [] };
    expect(refusals((await readSource(zip)).items)).toEqual([expect.stringMatching(/^load\./)]);
    // Alone it counts as boundaries, since nothing says that it has layers.
    expect((await readSource(zip, { mapping })).items).toHaveLength(1);
  });
});

describe('the mapping schema agrees with the reader', () => {
  const layer = (fields: unknown, rest: object = {}) => ({
    layers: [{ layer: 'RoadCenterLine', ...rest, fields }],
  });

  it.each<[string, unknown]>([
    ['the example', roadMapping],
    ['nothing', {}],
    ['a system by number', { crs: 2278 }],
    ['a field that is absent', layer({ Parity_L: null })],
    ['a value that becomes none', layer({ Parity_L: { from: 'p', values: { x: null } } })],
    ['another case', layer({ parity_l: 'p' })],
    ['a name of version 2', { layers: [{ layer: 'CountyBoundary' }] }],
    ['a $schema', { $schema: 'gis-mapping.schema.json', layers: [] }],
  ])('both take %s', (_name, mapping) => {
    expect(faultsOf(mapping)).toEqual([]);
    expect(accepts(mapping), JSON.stringify(accepts.errors)).toBe(true);
  });

  it.each<[string, unknown, RegExp]>([
    ['a list', [], /^mapping mapping is an object/],
    ['an unknown member', { layer: [] }, /mapping\.layer is unknown/],
    ['layers that are no list', { layers: {} }, /layers is a list/],
    ['a layer that is none', { layers: [7] }, /layers\[0\] is an object/],
    [
      'two origins',
      layer({ NGUID: { from: 'a', value: 'b' } }),
      /layers\[0\]\.fields\.NGUID has exactly one of/,
    ],
    ['no origin', layer({ NGUID: { default: 'b' } }), /NGUID has exactly one of/],
    ['values that are a list', layer({ NGUID: { from: 'a', values: [] } }), /NGUID\.values is an object/],
    ['a number for a source', layer({}, { source: 7 }), /layers\[0\]\.source is a text/],
    ['other layers in another word', { otherLayers: 'drop' }, /otherLayers is refuse or ignore/],
  ])('both refuse %s', (_name, mapping, expected) => {
    expect(faultsOf(mapping)).toContainEqual(expect.stringMatching(expected));
    expect(accepts(mapping)).toBe(false);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a field that is none',
      layer({ Street: 'STREET' }),
      /layers\[0\]\.fields\.Street is no field of RoadCenterLine/,
    ],
    ['a layer that is none', { layers: [{ layer: 'Parks' }] }, /layers\[0\]\.layer is no layer/],
    ['a system that is none', { crs: 'feet' }, /crs is no coordinate reference system/],
  ])('the reader refuses %s, which the schema cannot know', (_name, mapping, expected) => {
    expect(faultsOf(mapping)).toContainEqual(expect.stringMatching(expected));
  });
});
