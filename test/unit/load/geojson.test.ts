import { describe, expect, it } from 'vitest';
import { serviceUrn } from '../../../src/base/index.ts';
import type { SourceCrs } from '../../../src/esrp/index.ts';
import { collection, fates, feature, readAll, square } from './support.ts';

const two = [feature({ NGUID: 'a' }), feature({ NGUID: 'b' })];
const [first = '', second = ''] = two.map((item) => JSON.stringify(item));
/** Where the list of features begins in a collection. */
const listStart = '{"type":"FeatureCollection","features":['.length;
const projected = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::3857' } };

describe('forms of a source (RFC 7946, RFC 8142)', () => {
  it.each<[string, string | Uint8Array, readonly string[]]>([
    ['a collection', collection(two), ['a', 'b']],
    ['a collection with white space', JSON.stringify(JSON.parse(collection(two)), undefined, 2), ['a', 'b']],
    ['a collection with a mark', `\ufeff${collection(two)}`, ['a', 'b']],
    ['an empty collection', collection([]), []],
    ['a collection after another', collection(two) + collection([feature({ NGUID: 'c' })]), ['a', 'b', 'c']],
    ['members after the features', collection(two).replace(/\}$/, ',"name":"x","bbox":[1,2]}'), ['a', 'b']],
    [
      'a member whose value is the word features',
      collection(two, { name: 'features', features: 'features' }).replace('"features":"features",', ''),
      ['a', 'b'],
    ],
    [
      'an object with a member named features before',
      `{"meta":{"features":[{"x":1}]},${collection(two).slice(1)}`,
      ['a', 'b'],
    ],
    ['one feature', first, ['a']],
    ['a feature a line', `${first}\n${second}\n`, ['a', 'b']],
    ['features without anything between', `${first}${second}`, ['a', 'b']],
    ['a text sequence', `\u001e${first}\n\u001e${second}\n`, ['a', 'b']],
    [
      'brackets and quotes in strings',
      collection([feature({ NGUID: '}]{["\\"' }), feature({ NGUID: 'b' })]),
      ['}]{["\\"', 'b'],
    ],
    [
      'characters of several bytes',
      collection([feature({ NGUID: 'Ægir Ø \u{1F600}' })]),
      ['Ægir Ø \u{1F600}'],
    ],
  ])('%s', async (_name, text, expected) => {
    expect(fates(await readAll([text]))).toEqual(expected);
  });

  it('gives the same in pieces of every size', async () => {
    const text = Buffer.from(
      `\ufeff${collection(two, { crs: null, name: 'å' })}\n${JSON.stringify(feature({ NGUID: 'ç' }))}`,
    );
    const whole = await readAll([text]);
    for (const size of [1, 2, 3, 7, 64]) {
      const pieces = [];
      for (let at = 0; at < text.length; at += size) pieces.push(text.subarray(at, at + size));
      expect(await readAll(pieces)).toEqual(whole);
    }
  });
});

describe('broken sources: one refusal that names the byte', () => {
  it.each<[string, string | Uint8Array, readonly string[], RegExp]>([
    ['nothing', '', ['load.notGeoJson'], /empty/],
    ['white space', ' \n', ['load.notGeoJson'], /empty/],
    ['a list', `[${first}]`, ['load.jsonBroken'], /^byte 0:/],
    ['text', 'type,geometry', ['load.jsonBroken'], /^byte 0:/],
    [
      'the end inside a feature',
      `${first}\n${second.slice(0, -1)}`,
      ['a', 'load.jsonBroken'],
      new RegExp(`ends inside an object that starts at byte ${first.length + 1}`),
    ],
    [
      'the end inside the list',
      collection(two).slice(0, -2),
      ['a', 'b', 'load.jsonBroken'],
      /ends inside the list/,
    ],
    [
      'the end inside the collection',
      collection(two).slice(0, -1),
      ['a', 'b', 'load.jsonBroken'],
      /ends inside an object/,
    ],
    [
      'a number among the features',
      collection([two[0], 7, two[1]]),
      ['a', 'load.jsonBroken'],
      new RegExp(`^byte ${listStart + first.length + 1}:`),
    ],
    ['null among the features', collection([null]), ['load.jsonBroken'], /^byte 40:/],
    [
      'a comma missing',
      `{"type":"FeatureCollection","features":[${first}${second}]}`,
      ['a', 'load.jsonBroken'],
      new RegExp(`^byte ${listStart + first.length}:`),
    ],
    [
      'a comma at the end of the list',
      `{"type":"FeatureCollection","features":[${first},]}`,
      ['a', 'load.jsonBroken'],
      new RegExp(`^byte ${listStart + first.length + 1}:`),
    ],
    ['text after the collection', `${collection([])}x`, ['load.jsonBroken'], /^byte 42:/],
    [
      'a word that is no JSON in a feature',
      `{"type":nonsense}\n${second}`,
      ['load.jsonBroken', 'b'],
      /byte 0 is not JSON/,
    ],
    [
      'brackets that do not pair in a feature',
      `{"type":[}}\n${second}`,
      ['load.jsonBroken', 'b'],
      /byte 0 is not JSON/,
    ],
    ['a head that is no JSON', `{"type":x,"features":[${first}]}`, ['load.jsonBroken'], /byte 0 is not JSON/],
    ['no feature', '{"type":"Topology"}', ['load.notGeoJson'], /byte 0 is no Feature/],
    [
      'a collection whose features are no list',
      '{"type":"FeatureCollection","features":null}',
      ['load.notGeoJson'],
      /byte 0/,
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from(first.replace('"a"', '"\xe9"'), 'latin1'),
      ['load.notUtf8'],
      /byte 0 is not UTF-8/,
    ],
  ])('%s', async (_name, text, expected, reason) => {
    const items = await readAll([text]);
    expect(fates(items)).toEqual(expected);
    const refused = items.find((item) => item.kind === 'refused');
    if (refused?.kind === 'refused') expect(refused.refused.reason).toMatch(reason);
  });

  it('numbers all features from 1, refused ones too', async () => {
    const items = await readAll([collection([two[0], feature({ NGUID: '' }), two[1]])]);
    expect(
      items.map((item) => (item.kind === 'refused' ? item.refused.ordinal : item.feature.ordinal)),
    ).toEqual([1, 2, 3]);
  });

  it('skips a feature that is too large and goes on after it', async () => {
    const long = feature({ NGUID: 'long', text: 'x'.repeat(500) });
    const items = await readAll([collection([long, two[0]])], {
      limits: { featureBytesMax: 400, envelopeBytesMax: 400 },
    });
    expect(fates(items)).toEqual(['load.featureTooLarge', 'a']);
  });
});

describe('reference systems', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['none', undefined, ['one']],
    ['null', null, ['one']],
    ['CRS84', { type: 'name', properties: { name: 'urn:ogc:def:crs:OGC:1.3:CRS84' } }, ['one']],
    ['EPSG 4326', { type: 'name', properties: { name: 'EPSG:4326' } }, ['one']],
    ['EPSG 4326 by URN', { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::4326' } }, ['one']],
    ['a text that names none', { type: 'name', properties: { name: 'my own' } }, ['load.crsUnsupported']],
    ['a link', { type: 'link', properties: { href: 'http://h/' } }, ['load.crsUnsupported']],
    ['a text', 'EPSG:4326', ['load.crsUnsupported']],
  ])('%s', async (_name, crs, expected) => {
    expect(fates(await readAll([collection([feature()], crs === undefined ? {} : { crs })]))).toEqual(
      expected,
    );
    expect(fates(await readAll([JSON.stringify(feature({}, crs === undefined ? {} : { crs }))]))).toEqual(
      expected,
    );
  });

  it.each<[string, unknown, SourceCrs]>([
    ['Web Mercator', projected, { kind: 'epsg', code: 3857 }],
    [
      'one that ends like WGS 84',
      { type: 'name', properties: { name: 'EPSG:14326' } },
      { kind: 'epsg', code: 14326 },
    ],
  ])('%s goes with the features, whose coordinates are not held to degrees', async (_name, crs, expected) => {
    const far = {
      type: 'Polygon',
      coordinates: [
        [
          [1e6, 2e6],
          [1e6 + 9, 2e6],
          [1e6, 2e6 + 9],
          [1e6, 2e6],
        ],
      ],
    };
    const [item] = await readAll([collection([feature({}, { geometry: far })], { crs })]);
    expect(item).toMatchObject({ kind: 'feature', feature: { crs: expected } });
  });

  it('named after the features refuses at the end', async () => {
    const text = collection([feature()]).replace(/\}$/, `,"crs":${JSON.stringify(projected)}}`);
    expect(fates(await readAll([text]))).toEqual(['one', 'load.crsUnsupported']);
  });
});

describe('attributes', () => {
  async function attributesOf(properties: Readonly<Record<string, unknown>>, id?: unknown): Promise<unknown> {
    const [item] = await readAll([JSON.stringify({ ...feature(), properties, id })]);
    if (item?.kind === 'feature') {
      const { geometry: _geometry, ordinal: _ordinal, ...rest } = item.feature;
      return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    }
    return item?.kind === 'refused' ? item.refused.code : item?.kind;
  }
  const must = { NGUID: 'n', ServiceURI: 'sip:p@h', ServiceURN: 'urn:service:sos' };
  const made = {
    boundaryId: 'n',
    displayName: 'n',
    serviceUrn: 'urn:service:sos',
    serviceUri: 'sip:p@h',
    priority: 0,
  };

  it('by the names of NENA version 3', async () => {
    const properties = {
      ...must,
      ServiceNum: '911',
      DsplayName: ' Town PSAP ',
      Agency_ID: 'psap.example.gov',
      Effective: '2026-01-01T00:00:00Z',
      Expire: '2027-01-01T00:00:00-05:00',
      Country: 'us',
      A1: 'NY',
      A2: 'Kings',
      A3: 'Brooklyn',
      priority: 7,
    };
    expect(await attributesOf(properties)).toEqual({
      boundaryId: 'n',
      displayName: 'Town PSAP',
      serviceUrn: 'urn:service:sos',
      serviceUri: 'sip:p@h',
      serviceNumber: '911',
      agencyId: 'psap.example.gov',
      priority: 7,
      effective: Date.UTC(2026, 0, 1),
      expire: Date.UTC(2027, 0, 1, 5),
      country: 'US',
      a1: 'NY',
      a2: 'Kings',
      a3: 'Brooklyn',
    });
  });

  it.each<[string, Readonly<Record<string, unknown>>, unknown]>([
    [
      'version 2',
      { ES_NGUID: 'n', ServiceURI: 'sip:p@h', ServiceURN: 'urn:service:sos', State: 'NY', County: 'Kings' },
      { ...made, a1: 'NY', a2: 'Kings' },
    ],
    [
      'our own',
      { id: 'n', uri: 'sip:p@h', urn: 'urn:service:sos', name: 'Town' },
      { ...made, displayName: 'Town' },
    ],
    ['other case', { nguid: 'n', SERVICEURI: 'sip:p@h', serviceurn: 'URN:Service:SOS' }, made],
    [
      'version 3 before ours',
      { ...must, id: 'other', name: 'x', DsplayName: 'y' },
      { ...made, displayName: 'y' },
    ],
    ['empty values do not count', { ...must, NGUID: '', ES_NGUID: null, id: 'n', A1: ' ' }, made],
    ['a number as id', { ...must, NGUID: 17 }, { ...made, boundaryId: '17', displayName: '17' }],
    ['a number as service number', { ...must, ServiceNum: 911 }, { ...made, serviceNumber: '911' }],
    ['priority as text', { ...must, priority: '-3' }, { ...made, priority: -3 }],
    ['white space around the URI', { ...must, ServiceURI: ' sip:p@h ' }, made],
    ['milliseconds', { ...must, Effective: 0 }, { ...made, effective: 0 }],
    ['a date alone', { ...must, Expire: '2026-02-28' }, { ...made, expire: Date.UTC(2026, 1, 28) }],
    [
      'the date of ogr2ogr',
      { ...must, Expire: '2026/02/28 01:00:00+01' },
      { ...made, expire: Date.UTC(2026, 1, 28) },
    ],
    ['names that are no names', { ...must, constructor: 'x' }, made],
  ])('%s', async (_name, properties, expected) => {
    expect(await attributesOf(properties)).toEqual(expected);
  });

  it('takes the id of the feature where the properties have none, and the service of the load', async () => {
    const options = { defaultServiceUrn: serviceUrn('urn:service:sos.fire') };
    const source = JSON.stringify({ ...feature({ NGUID: undefined, ServiceURN: undefined }), id: 'gid' });
    expect(await readAll([source], options)).toMatchObject([
      { feature: { boundaryId: 'gid', serviceUrn: 'urn:service:sos.fire' } },
    ]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['no id', { NGUID: undefined }, 'load.idMissing'],
    ['an id that is too long', { NGUID: 'x'.repeat(255) }, 'load.idTooLong'],
    ['no URI', { ServiceURI: null }, 'load.uriMissing'],
    ['a web URI', { ServiceURI: 'https://h/' }, 'load.uriInvalid'],
    ['a telephone URI', { ServiceURI: 'tel:+1' }, 'load.uriInvalid'],
    ['a URI without a host', { ServiceURI: 'sip:p@' }, 'load.uriInvalid'],
    ['a URI with a space', { ServiceURI: 'sip:p q@h' }, 'load.uriInvalid'],
    ['a URI with a line break', { ServiceURI: 'sip:p@h\r\nX: y' }, 'load.uriInvalid'],
    ['a port out of range', { ServiceURI: 'sip:p@h:70000' }, 'load.uriInvalid'],
    ['no URN', { ServiceURN: undefined }, 'load.urnMissing'],
    ['a URN that is none', { ServiceURN: 'sos' }, 'load.urnInvalid'],
    ['a URN with a space', { ServiceURN: 'urn:service:so s' }, 'load.urnInvalid'],
    ['a country in words', { Country: 'United States' }, 'load.countryInvalid'],
    ['a date in words', { Effective: 'yesterday' }, 'load.dateInvalid'],
    ['a day that is none', { Expire: '2026-02-31' }, 'load.dateInvalid'],
    ['an hour that is none', { Expire: '2026-02-01T25:00:00Z' }, 'load.dateInvalid'],
    ['a date that is an object', { Expire: {} }, 'load.dateInvalid'],
    ['expiry before effect', { Effective: '2027-01-01', Expire: '2026-01-01' }, 'load.dateOrder'],
    ['a priority with a fraction', { priority: 1.5 }, 'load.priorityInvalid'],
  ])('refused: %s', async (_name, properties, code) => {
    expect(fates(await readAll([JSON.stringify(feature(properties))]))).toEqual([code]);
  });

  it.each([
    'sips:psap@[2001:db8::1]:5061;transport=tls',
    'sip:psap-1.county_911@esinet.example.gov',
    'sip:10.0.0.1',
    'sip:urn%3aservice%3asos@h;user=phone',
  ])('takes %s as a URI', async (uri) => {
    expect(await attributesOf({ ...must, ServiceURI: uri })).toMatchObject({ serviceUri: uri });
  });

  it('refuses the second feature of one id and names the id', async () => {
    const items = await readAll([collection([feature(), feature()])]);
    expect(items[1]).toMatchObject({ refused: { boundaryId: 'one', code: 'load.idDuplicate' } });
  });
});

describe('geometry', () => {
  async function fateOf(geometry: unknown): Promise<unknown> {
    const [item] = await readAll([JSON.stringify(feature({}, { geometry }))]);
    if (item?.kind === 'refused') return `${item.refused.code}: ${item.refused.reason}`;
    return item?.kind === 'feature' ? item.feature.geometry : item?.kind;
  }
  const hole = square.map(([x = 0, y = 0]) => [x / 4 + 0.1, y / 4 + 0.1]);

  it.each<[string, unknown, unknown]>([
    ['polygon', { type: 'Polygon', coordinates: [square, hole] }, [[square, hole]]],
    ['multipolygon', { type: 'MultiPolygon', coordinates: [[square], [hole]] }, [[square], [hole]]],
    [
      'altitudes left out',
      { type: 'Polygon', coordinates: [square.map((pair) => [...pair, 7])] },
      [[square]],
    ],
    [
      'a triangle',
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [0, 1],
            [0, 0],
          ],
        ],
      },
      [
        [
          [
            [0, 0],
            [1, 0],
            [0, 1],
            [0, 0],
          ],
        ],
      ],
    ],
    [
      'the whole Earth',
      {
        type: 'Polygon',
        coordinates: [
          [
            [-180, -90],
            [180, -90],
            [180, 90],
            [-180, -90],
          ],
        ],
      },
      [
        [
          [
            [-180, -90],
            [180, -90],
            [180, 90],
            [-180, -90],
          ],
        ],
      ],
    ],
  ])('%s', async (_name, geometry, coordinates) => {
    expect(await fateOf(geometry)).toEqual({ type: 'MultiPolygon', coordinates });
  });

  it.each<[string, unknown, RegExp]>([
    ['none', null, /^load\.geometryMissing/],
    ['a text', 'POLYGON EMPTY', /^load\.geometryMissing/],
    ['a point', { type: 'Point', coordinates: [0, 0] }, /^load\.geometryType: the geometry is Point/],
    ['a collection', { type: 'GeometryCollection', geometries: [] }, /^load\.geometryType/],
    ['no coordinates', { type: 'Polygon' }, /^load\.geometryEmpty/],
    ['no polygons', { type: 'MultiPolygon', coordinates: [] }, /^load\.geometryEmpty/],
    ['no rings', { type: 'MultiPolygon', coordinates: [[square], []] }, /^load\.geometryEmpty: polygon 2/],
    ['coordinates that are none', { type: 'MultiPolygon', coordinates: 7 }, /^load\.geometryEmpty/],
    ['an empty ring', { type: 'Polygon', coordinates: [[]] }, /^load\.ringTooShort: polygon 1, ring 1 has 0/],
    [
      'three positions',
      { type: 'Polygon', coordinates: [square.slice(2)] },
      /^load\.ringTooShort: polygon 1, ring 1 has 3/,
    ],
    [
      'a ring that is open',
      { type: 'Polygon', coordinates: [square, square.slice(0, 4)] },
      /^load\.ringNotClosed: polygon 1, ring 2/,
    ],
    [
      'one number',
      { type: 'Polygon', coordinates: [[[0], [1, 0], [1, 1], [0]]] },
      /^load\.positionMalformed: polygon 1, ring 1, position 1/,
    ],
    [
      'texts',
      {
        type: 'Polygon',
        coordinates: [
          [
            ['0', '0'],
            [1, 0],
            [1, 1],
            ['0', '0'],
          ],
        ],
      },
      /^load\.positionMalformed/,
    ],
    [
      'null',
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [null, 0],
            [1, 1],
            [0, 0],
          ],
        ],
      },
      /^load\.positionMalformed: polygon 1, ring 1, position 2/,
    ],
    [
      'metres',
      {
        type: 'Polygon',
        coordinates: [
          [
            [500000, 0],
            [1, 0],
            [1, 1],
            [500000, 0],
          ],
        ],
      },
      /^load\.positionOutOfRange: polygon 1, ring 1, position 1 is \[500000, 0\]/,
    ],
    [
      'latitude first',
      {
        type: 'Polygon',
        coordinates: [
          [
            [40, -122],
            [41, -122],
            [41, -121],
            [40, -122],
          ],
        ],
      },
      /^load\.positionOutOfRange/,
    ],
  ])('refused: %s', async (_name, geometry, expected) => {
    expect(await fateOf(geometry)).toMatch(expected);
  });

  it('too large a number in the text is out of range, not endless', async () => {
    const text = JSON.stringify(feature()).replace('[1,1]', '[1e999,1]');
    expect(fates(await readAll([text]))).toEqual(['load.positionMalformed']);
  });
});
