import { describe, expect, it } from 'vitest';
import { serviceUrn } from '../../../src/base/index.ts';
import type { SourceFeature } from '../../../src/esrp/index.ts';
import { type Given, previewSource, readSource, refusals } from './gis-support.ts';
import { fieldsOfVersion2, fieldsOfVersion3 } from './nena-fields.ts';
import { collection, square } from './support.ts';

const line = [
  [0, 0],
  [1, 1],
];
const geometries: Readonly<Record<string, unknown>> = {
  RoadCenterLine: { type: 'LineString', coordinates: line },
  SiteStructureAddressPoint: { type: 'Point', coordinates: [0.5, 0.5] },
};
const polygon = { type: 'Polygon', coordinates: [square] };

/** A value that each field takes, by the beginning of its name. */
function sample(field: string): unknown {
  if (/^(?:DateUpdate|Effective)$/.test(field)) return '2026-01-01';
  if (field === 'Expire') return '2027-01-01';
  if (/^(?:From|To)Addr|^Add_Number|^SpeedLimit|^FloorIndex|^Elev/.test(field)) return 12;
  if (/^Parity/.test(field)) return 'E';
  if (/^Country/.test(field)) return 'us';
  if (/^Valid/.test(field)) return 'Y';
  if (field === 'ServiceURI') return 'sip:psap@example.com';
  if (field === 'ServiceURN') return 'urn:service:sos';
  if (/^Long/.test(field)) return -95;
  if (/^Lat/.test(field)) return 29;
  return `a ${field}`;
}

function row(fields: string, changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...Object.fromEntries(fields.split(' ').map((field) => [field, sample(field)])), ...changes };
}

function source(name: string | undefined, properties: unknown, geometry: unknown, rest: object = {}): string {
  return collection([{ type: 'Feature', properties, geometry, ...rest }], name === undefined ? {} : { name });
}

async function one(text: string, given: Given = {}): Promise<SourceFeature | undefined> {
  const { items } = await readSource(text, given);
  expect(items).toHaveLength(1);
  return items[0];
}

describe("layers and fields of NENA's GIS data model, version 3", () => {
  it.each(Object.entries(fieldsOfVersion3))(
    '%s maps by itself, with all of its fields',
    async (name, fields) => {
      const text = source(name, row(fields), geometries[name] ?? polygon);
      const { layers, refused } = await previewSource(text);
      expect(refused).toEqual([]);
      expect(layers).toMatchObject([{ nenaLayer: name, toldBy: 'name', unmapped: [], crs: 'EPSG:4326' }]);
      expect(refusals(layers[0]?.items ?? [])).toEqual([]);
    },
  );

  it('gives an address point every element of its address', async () => {
    const fields = fieldsOfVersion3['SiteStructureAddressPoint'] ?? '';
    const item = await one(
      source('SiteStructureAddressPoint', row(fields), geometries['SiteStructureAddressPoint']),
    );
    expect(item?.kind === 'addressPoint' && [...item.feature.civic.elements.keys()].sort()).toEqual(
      (
        'A1 A2 A3 A4 A5 ADDCODE BLD FLR HNC HNO HNP HNS LOC MP PC PCE PCN PLC PN POD POM PRD PRM RD ROOM ROW SEAT ' +
        'SECTION SITE STP STPS STS SUBSITE UNIT UNIT_PRETYPE UNIT_VALUE WING'
      ).split(' '),
    );
    expect(item).toMatchObject({ feature: { civic: { country: 'US' }, coordinates: [0.5, 0.5] } });
  });

  it.each([
    ['PsapPolygon', 'urn:emergency:service:sos.psap'],
    ['PolicePolygon', 'urn:emergency:service:responder.police'],
    ['FirePolygon', 'urn:emergency:service:responder.fire'],
    ['EmsPolygon', 'urn:emergency:service:responder.ems'],
  ])('%s has a service where its features name none, unless the load names one', async (name, urn) => {
    const text = source(name, row('NGUID ServiceURI'), polygon);
    expect(await one(text)).toMatchObject({ feature: { serviceUrn: urn } });
    const named = await one(text, { defaultServiceUrn: serviceUrn('urn:service:sos.fire') });
    expect(named).toMatchObject({ feature: { serviceUrn: 'urn:service:sos.fire' } });
  });

  it('keeps what a boundary says of its agency and its card', async () => {
    const item = await one(source('PsapPolygon', row(fieldsOfVersion3['PsapPolygon'] ?? ''), polygon));
    expect(item).toMatchObject({
      feature: {
        boundaryId: 'a NGUID',
        discrepancyAgencyId: 'a DiscrpAgID',
        agencyId: 'a Agency_ID',
        cardUri: 'a AVcard_URI',
        dateUpdate: Date.UTC(2026, 0, 1),
      },
    });
  });

  it.each(['urn:emergency:servicenotimplemented', 'URN:Emergency:ServiceNotImplemented'])(
    'takes %s as the URI of a service that is not there',
    async (uri) => {
      const item = await one(source('FirePolygon', row('NGUID', { ServiceURI: uri }), polygon));
      expect(item).toMatchObject({ feature: { serviceUri: uri } });
    },
  );

  it('takes an address of the web for a service that is no call', async () => {
    const adr = { ServiceURI: 'https://adr.example.com/', ServiceURN: 'urn:emergency:service:adr' };
    expect(await one(source('ServiceBoundaryPolygon', row('NGUID', adr), polygon))).toMatchObject({
      kind: 'feature',
    });
  });

  it('passes layers over that nothing here uses, and says so where nothing else is there', async () => {
    const rail = source('RailroadCenterLine', row('NGUID'), geometries['RoadCenterLine']);
    expect((await previewSource(rail)).layers).toMatchObject([{ ignored: 'nothing here uses the layer' }]);
    expect(refusals((await readSource(rail)).items)).toEqual([expect.stringMatching(/^load\.noLayers/)]);
  });
});

describe('version 2', () => {
  it.each(Object.entries(fieldsOfVersion2))('%s', async (name, [layer, fields]) => {
    const text = source(name, row(fields), geometries[layer] ?? polygon);
    const { layers } = await previewSource(text);
    expect(layers).toMatchObject([{ nenaLayer: layer, toldBy: 'name', unmapped: [] }]);
    expect(refusals(layers[0]?.items ?? [])).toEqual([]);
  });

  it('names areas and places on both sides of a road as version 3 does', async () => {
    const [, fields = ''] = fieldsOfVersion2['RoadCenterlines'] ?? [];
    const item = await one(source('RoadCenterlines', row(fields), geometries['RoadCenterLine']));
    expect(item?.kind === 'roadCentreLine' && Object.fromEntries(item.feature.right.civic.elements)).toEqual({
      A1: 'a State_R',
      A2: 'a County_R',
      A3: 'a IncMuni_R',
      A4: 'a UnincCom_R',
      A5: 'a NbrhdCom_R',
      ADDCODE: 'a AddCode_R',
      PC: 'a PostCode_R',
      PCN: 'a PostComm_R',
    });
  });
});

describe('which layer a source is', () => {
  it.each<[string, string | undefined, Given, string, string]>([
    ['its own name', 'A2Polygon', { layer: 'A3Polygon' }, 'A2Polygon', 'name'],
    ['the name of its file', undefined, { fileName: 'gis/county/A2Polygon.geojson.gz' }, 'A2Polygon', 'name'],
    ['another case', 'a2_polygon', {}, 'A2Polygon', 'name'],
    ['the option', undefined, { layer: 'CountyBoundary' }, 'A2Polygon', 'option'],
    [
      'a mapping',
      'counties',
      { mapping: { layers: [{ source: 'COUNT*', layer: 'A2Polygon' }] } },
      'A2Polygon',
      'mapping',
    ],
  ])('by %s', async (_name, name, given, layer, toldBy) => {
    const text = source(name, row('NGUID Country A1 A2'), polygon);
    expect((await previewSource(text, given)).layers).toMatchObject([{ nenaLayer: layer, toldBy }]);
  });

  it.each<[string, string, unknown, string]>([
    ['a road', 'NGUID FromAddr_L Country_L', geometries['RoadCenterLine'], 'RoadCenterLine'],
    ['an address', 'NGUID Add_Number', geometries['SiteStructureAddressPoint'], 'SiteStructureAddressPoint'],
    ['a boundary', 'NGUID ServiceURI', polygon, 'ServiceBoundaryPolygon'],
    ['a county', 'CntyNGUID', polygon, 'A2Polygon'],
  ])('by the fields of %s', async (_name, fields, geometry, layer) => {
    const { layers } = await previewSource(source(undefined, row(fields), geometry));
    expect(layers).toMatchObject([{ nenaLayer: layer, toldBy: 'fields' }]);
  });
});

const roadFields =
  'NGUID St_Name FromAddr_L ToAddr_L FromAddr_R ToAddr_R Parity_L Parity_R Country_L Country_R A1_L A1_R';
const addressFields = 'NGUID Country A1 St_Name Add_Number';

describe('what a feature is refused for names the field and what to do, never its value', () => {
  it.each<[string, string, string, Readonly<Record<string, unknown>>, RegExp]>([
    [
      'a parity in words',
      'RoadCenterLine',
      roadFields,
      { Parity_L: 'Odd' },
      /^load\.valueInvalid: Parity_L is text like "Aaa".*O, E, B or Z.*mapping/,
    ],
    [
      'a house number in words',
      'RoadCenterLine',
      roadFields,
      { ToAddr_R: '12B' },
      /^load\.valueInvalid: ToAddr_R is text like "99A".*whole number from 0 to 999999/,
    ],
    [
      'a house number below 0',
      'RoadCenterLine',
      roadFields,
      { ToAddr_R: -1 },
      /^load\.valueInvalid: ToAddr_R/,
    ],
    [
      'one end of a range',
      'RoadCenterLine',
      roadFields,
      { ToAddr_L: null },
      /^load\.fieldMissing: ToAddr_L .*Parity_L/,
    ],
    ['a road without a name', 'RoadCenterLine', roadFields, { St_Name: ' ' }, /^load\.fieldMissing: St_Name/],
    [
      'a road without a state',
      'RoadCenterLine',
      roadFields,
      { A1_R: undefined },
      /^load\.fieldMissing: A1_R/,
    ],
    [
      'a word for validation',
      'RoadCenterLine',
      `${roadFields} Valid_L`,
      { Valid_L: 'maybe' },
      /^load\.valueInvalid: Valid_L/,
    ],
    [
      'a country in words',
      'SiteStructureAddressPoint',
      addressFields,
      { Country: 'U.S.' },
      /^load\.countryInvalid: Country .*text like "A\.A\."/,
    ],
    [
      'a number with a suffix',
      'SiteStructureAddressPoint',
      addressFields,
      { Add_Number: '155 B' },
      /^load\.valueInvalid: Add_Number .*AddNum_Suf/,
    ],
    [
      'a text that is too long',
      'SiteStructureAddressPoint',
      addressFields,
      { St_Name: 'x'.repeat(255) },
      /^load\.textTooLong: St_Name has 255/,
    ],
    [
      'a control character',
      'SiteStructureAddressPoint',
      addressFields,
      { St_Name: 'a\u0000b' },
      /^load\.valueInvalid: St_Name/,
    ],
    [
      'an object',
      'SiteStructureAddressPoint',
      addressFields,
      { St_Name: {} },
      /^load\.valueInvalid: St_Name/,
    ],
    ['an area without a name', 'A2Polygon', 'NGUID Country A1', {}, /^load\.fieldMissing: A2/],
    ['an area without a country', 'A1Polygon', 'NGUID A1', {}, /^load\.fieldMissing: Country/],
    ['no id', 'ProvisioningPolygon', 'DiscrpAgID', {}, /^load\.idMissing/],
    [
      'a date in words',
      'ProvisioningPolygon',
      'NGUID',
      { DateUpdate: 'last May' },
      /^load\.dateInvalid: DateUpdate .*text like "aaaa Aaa"/,
    ],
    [
      'dates the wrong way',
      'ProvisioningPolygon',
      'NGUID Effective',
      { Expire: '2020-01-01' },
      /^load\.dateOrder/,
    ],
  ])('%s', async (_name, layer, fields, changes, expected) => {
    const text = source(layer, row(fields, changes), geometries[layer] ?? polygon);
    const { items } = await readSource(text);
    expect(refusals(items)).toEqual([expect.stringMatching(expected)]);
  });

  it.each<[string, string, unknown, RegExp]>([
    [
      'a polygon for a road',
      'RoadCenterLine',
      polygon,
      /^load\.geometryType: the geometry is Polygon; a road is a LineString/,
    ],
    [
      'a line of one position',
      'RoadCenterLine',
      { type: 'LineString', coordinates: [[0, 0]] },
      /^load\.lineTooShort/,
    ],
    [
      'two points for an address',
      'SiteStructureAddressPoint',
      { type: 'MultiPoint', coordinates: line },
      /^load\.geometryType: .*2 points/,
    ],
    [
      'an empty point',
      'SiteStructureAddressPoint',
      { type: 'Point', coordinates: [] },
      /^load\.geometryEmpty/,
    ],
    [
      'a point in metres',
      'SiteStructureAddressPoint',
      { type: 'Point', coordinates: [1e6, 2e6] },
      /^load\.positionOutOfRange/,
    ],
  ])('%s', async (_name, layer, geometry, expected) => {
    const fields = layer === 'RoadCenterLine' ? roadFields : addressFields;
    const { items } = await readSource(source(layer, row(fields), geometry));
    expect(refusals(items)).toEqual([expect.stringMatching(expected)]);
  });
});

describe('sides of a road', () => {
  it.each<[string, Readonly<Record<string, unknown>>, unknown]>([
    [
      'odd by its numbers',
      { Parity_L: null, FromAddr_L: 101, ToAddr_L: 199 },
      { from: 101, to: 199, parity: 'odd' },
    ],
    ['both by its numbers', { Parity_L: '', FromAddr_L: 2, ToAddr_L: 9 }, { from: 2, to: 9, parity: 'both' }],
    ['falling', { FromAddr_L: 98, ToAddr_L: 2 }, { from: 98, to: 2, parity: 'even' }],
    [
      'without addresses',
      { Parity_L: 'Z', FromAddr_L: 0, ToAddr_L: 0 },
      { from: undefined, to: undefined, parity: 'none' },
    ],
    [
      'empty',
      { Parity_L: null, FromAddr_L: 0, ToAddr_L: null },
      { from: undefined, to: undefined, parity: 'none' },
    ],
    ['numbers as texts', { FromAddr_L: '10', ToAddr_L: '20.0' }, { from: 10, to: 20 }],
    ['not for validation', { Valid_L: 'n' }, { isForValidation: false }],
    ['for validation where it is not said', {}, { isForValidation: true }],
  ])('%s', async (_name, changes, left) => {
    const item = await one(source('RoadCenterLine', row(roadFields, changes), geometries['RoadCenterLine']));
    expect(item).toMatchObject({ kind: 'roadCentreLine', feature: { left } });
  });
});

it('an address without geometry is where its fields say', async () => {
  const fields = row(addressFields, { Longitude: -95.5, Latitude: '29.25' });
  const item = await one(source('SiteStructureAddressPoint', fields, null));
  expect(item).toMatchObject({
    kind: 'addressPoint',
    feature: { coordinates: [-95.5, 29.25], crs: undefined },
  });
});

it('ids are unique in a layer, not among layers', async () => {
  const text =
    source('PsapPolygon', row('NGUID ServiceURI'), polygon) +
    source('ProvisioningPolygon', row('NGUID'), polygon);
  const { items } = await readSource(text + source('ProvisioningPolygon', row('NGUID'), polygon));
  expect(items.map(({ kind }) => kind)).toEqual(['feature', 'provisioningBoundary', 'refused']);
  expect(refusals(items)).toEqual([expect.stringMatching(/^load\.idDuplicate/)]);
});
