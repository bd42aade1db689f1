import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture } from '../load/gis-support.ts';
import { faultsOf } from './api-document.ts';
import { type Answer, boundaryFile, startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
afterEach(() => server.stop());

async function post(
  path: string,
  body: NonNullable<RequestInit['body']>,
  contentType: string,
): Promise<Answer> {
  server = await startTestServer();
  return await server.send('POST', `/api/v1/datasets${path}`, {
    headers: { 'content-type': contentType },
    body,
  });
}

/** A form as curl sends it: -F name=value, -F file=@name. */
function form(
  parts: readonly (readonly [name: string, content: Uint8Array | string, fileName?: string])[],
  end = '--XX--\r\n',
): { readonly body: Buffer; readonly type: string } {
  const bytes = parts.flatMap(([name, content, fileName]) => [
    Buffer.from(
      `--XX\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"\r\nContent-Type: application/octet-stream`}\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return { body: Buffer.concat([...bytes, Buffer.from(end)]), type: 'multipart/form-data; boundary=XX' };
}

const mapping = JSON.stringify({
  layers: [{ layer: 'PsapPolygon', fields: { ServiceURI: { value: 'sip:mapped@example.com' } } }],
});

describe('a file of any format', () => {
  it.each<[string, () => Buffer, string, number]>([
    ['GeoPackage', () => gunzipSync(fixture('nena.gpkg.gz')), 'application/geopackage+sqlite3', 2],
    ['GeoPackage, gzip', () => fixture('nena.gpkg.gz'), 'application/gzip', 2],
    ['shapefiles', () => fixture('shapefiles.zip'), 'application/zip', 2],
    ['of a type that says nothing', () => fixture('shapefiles.zip'), 'application/octet-stream', 2],
    ['of the wrong type', () => fixture('psap-latin1.zip'), 'application/geo+json', 2],
    [
      'a GeoJSON sequence',
      () => Buffer.from(`\u001e${JSON.stringify(one())}\n`),
      'application/geo+json-seq',
      1,
    ],
  ])('%s', async (_name, bytes, type, count) => {
    const answer = await post('?name=x', bytes(), type);
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json).toMatchObject({ dataset: { boundaryCount: count } });
  });

  it('that is refused names the file, the layer and the row in it', async () => {
    const answer = await post(
      '?name=x&layer=RoadCenterLine',
      fixture('PsapPolygon.geojson'),
      'application/json',
    );
    expect(answer.status, answer.text).toBe(201);
    const roads = JSON.stringify({ name: 'RoadCenterLine', ...boundaryFile(['a']) });
    const refused = await server.send('POST', '/api/v1/datasets?name=y', {
      headers: { 'content-type': 'application/json' },
      body: roads,
    });
    expect(refused.status).toBe(422);
    expect(refused.json).toMatchObject({ refused: [{ layer: 'roadCentreLine', code: 'load.fieldMissing' }] });
    expect(faultsOf({ $ref: '#/components/schemas/Problem' }, refused.json)).toEqual([]);
  });
});

describe('a form with a file', () => {
  it('is taken with its name', async () => {
    const { body, type } = form([['file', JSON.stringify(boundaryFile(['a'])), 'FirePolygon.geojson']]);
    const answer = await post('?name=x&activate=true', body, type);
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json).toMatchObject({ dataset: { source: 'FirePolygon.geojson', state: 'active' } });
  });

  it('brings its mapping before it', async () => {
    const file = gzipSync(JSON.stringify(boundaryFile(['a'])));
    const { body, type } = form([
      ['mapping', mapping],
      ['file', file, 'x.gz'],
    ]);
    const answer = await post('?name=x', body, type);
    expect(answer.status, answer.text).toBe(201);
    await server.send('POST', '/api/v1/datasets/1/activate?unchecked=true');
    const boundary = await server.send('GET', '/api/v1/boundaries/a');
    expect(boundary.json).toMatchObject({ properties: { ServiceURI: 'sip:mapped@example.com' } });
  });

  it('may come in pieces of any size', async () => {
    const { body, type } = form([
      ['mapping', mapping],
      ['file', fixture('shapefiles.zip'), 'x.zip'],
    ]);
    let at = 0;
    const pieces = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= body.length) controller.close();
        else controller.enqueue(new Uint8Array(body.subarray(at, at + 61)));
        at += 61;
      },
    });
    const answer = await post('?name=x', pieces, type);
    expect(answer.status, answer.text).toBe(422);
    expect(answer.json).toMatchObject({ readCount: 6, refusedCount: 2 });
  });

  it.each<[string, Parameters<typeof form>, RegExp]>([
    ['no file', [[['mapping', mapping]]], /no part named file/],
    [
      'a field behind the file',
      [
        [
          ['file', '{}', 'x'],
          ['mapping', mapping],
        ],
      ],
      /behind the file comes mapping/,
    ],
    [
      'two files',
      [
        [
          ['file', JSON.stringify(boundaryFile(['a'])), 'x'],
          ['file', '{}', 'y'],
        ],
      ],
      /a second file/,
    ],
    ['an end in the midst', [[['file', '{"type":', 'x']], ''], /ends inside a part|cut off/],
    [
      'another field',
      [
        [
          ['layer', 'x'],
          ['file', '{}', 'x'],
        ],
      ],
      /is no part of this form/,
    ],
    [
      'a mapping that is no JSON',
      [
        [
          ['mapping', '{'],
          ['file', '{}', 'x'],
        ],
      ],
      /\/mapping: is not JSON/,
    ],
    [
      'a mapping that is wrong',
      [
        [
          ['mapping', '{"layers":[{"layer":"Parks"}]}'],
          ['file', '{}', 'x'],
        ],
      ],
      /layers\[0\]\.layer: is no layer/,
    ],
    [
      'a field twice',
      [
        [
          ['mapping', mapping],
          ['mapping', mapping],
          ['file', '{}', 'x'],
        ],
      ],
      /two parts named mapping/,
    ],
  ])('with %s is refused', async (_name, given, expected) => {
    const { body, type } = form(...given);
    const answer = await post('?name=x', body, type);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.text).toMatch(expected);
    expect(faultsOf({ $ref: '#/components/schemas/Problem' }, answer.json)).toEqual([]);
    expect(server.boundaries.datasets.size).toBe(0);
  });

  it.each(['multipart/form-data', 'multipart/form-data; boundary='])('400 for %s', async (type) => {
    const answer = await post('?name=x', 'x', type);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.text).toContain('names no boundary');
  });

  it('413 for a mapping that is too large', async () => {
    const { body, type } = form([['mapping', ' '.repeat(5_000_000)]]);
    expect((await post('?name=x', body, type)).status).toBe(413);
  });
});

describe('how a file is to be read', () => {
  it.each<[string, RegExp]>([
    ['layer=Parks', /layer: is no layer; there are PsapPolygon/],
    ['crs=feet', /crs: is no coordinate reference system/],
    ['base=9', /base: there is no dataset 9/],
    ['base=x', /base: must be a whole number/],
    ['rows=3', /rows: is not known here/],
  ])('%s is refused', async (query, expected) => {
    const answer = await post(`?name=x&${query}`, '{}', 'application/json');
    expect(answer.status, answer.text).toBe(400);
    expect(answer.json['detail']).toMatch(expected);
  });

  it('a base that is there is handed on', async () => {
    server = await startTestServer();
    const send = (query: string, id: string) =>
      server.send('POST', `/api/v1/datasets?name=x${query}`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(boundaryFile([id])),
      });
    await send('', 'a');
    const bases: unknown[] = [];
    const load = server.boundaries.load.bind(server.boundaries);
    server.boundaries.load = (features, options) => {
      bases.push(options.base);
      return load(features, options);
    };
    expect((await send('&base=1', 'b')).status).toBe(201);
    expect(bases).toEqual([1]);
  });
});

describe('a load that is to be activated', () => {
  it.each<[string, string, number, readonly string[]]>([
    ['is checked first', '', 1, ['dataset.activated']],
    [
      'is not where it says so, which is kept',
      '&unchecked=true',
      0,
      ['dataset.activatedUnchecked', 'dataset.activated'],
    ],
  ])('%s', async (_name, query, checkCount, actions) => {
    server = await startTestServer();
    const checks: number[] = [];
    const startCheck = server.review.startCheck.bind(server.review);
    server.review.startCheck = (id, options) => {
      checks.push(id);
      return startCheck(id, options);
    };
    const answer = await server.send('POST', `/api/v1/datasets?name=x&activate=true${query}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(boundaryFile(['a'])),
    });
    expect(answer.json).toMatchObject({ dataset: { id: 1, state: 'active' } });
    expect(checks).toHaveLength(checkCount);
    expect(server.audit.rows.map(({ action }) => action)).toEqual(expect.arrayContaining([...actions]));
  });

  it('stays as it is where its check finds errors', async () => {
    server = await startTestServer();
    const getCheck = server.review.getCheck.bind(server.review);
    server.review.getCheck = async (id) => {
      const report = await getCheck(id);
      return report === undefined ? undefined : { ...report, counts: { ...report.counts, error: 2 } };
    };
    const answer = await server.send('POST', '/api/v1/datasets?name=x&activate=true', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(boundaryFile(['a'])),
    });
    expect(answer.status, answer.text).toBe(409);
    expect(answer.json).toMatchObject({ type: '/api/v1/problems/http.checkFailed' });
    expect(faultsOf({ $ref: '#/components/schemas/Problem' }, answer.json)).toEqual([]);
    expect((await server.boundaries.listDatasets()).map(({ state }) => state)).not.toContain('active');
  });
});

describe('a load that is under way', () => {
  it('is listed with how far it is, and no more once it has ended', async () => {
    server = await startTestServer();
    const list = async () =>
      (await server.send('GET', '/api/v1/datasets/loads')).json as { items: unknown[] };
    let seen: (value: unknown) => void = () => {};
    const during = new Promise<unknown>((resolve) => {
      seen = resolve;
    });
    const load = server.boundaries.load.bind(server.boundaries);
    server.boundaries.load = async (features, options) => {
      const outcome = await load(features, options);
      options.onProgress?.({ phase: 'indexing', done: 1, total: 2 });
      seen(await list());
      return outcome;
    };
    const body = JSON.stringify(boundaryFile(['a']));
    const answer = await server.send('POST', '/api/v1/datasets?name=x&key=mine&source=a.geojson', {
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status, answer.text).toBe(201);
    const listed = await during;
    expect(listed).toMatchObject({
      items: [
        {
          key: 'mine',
          name: 'x',
          source: 'a.geojson',
          receivedBytes: body.length,
          phase: 'indexing',
          done: 1,
          total: 2,
        },
      ],
    });
    expect(faultsOf({ $ref: '#/components/schemas/LoadList' }, listed)).toEqual([]);
    expect(await list()).toEqual({ items: [] });
    await server.send('POST', '/api/v1/datasets?name=x', {
      headers: { 'content-type': 'application/json' },
      body: '[',
    });
    expect(await list()).toEqual({ items: [] });
  });
});

describe('a preview', () => {
  it('shows each layer with its first rows as they would be stored, and stores nothing', async () => {
    const answer = await post('/preview?rows=1', fixture('shapefiles.zip'), 'application/zip');
    expect(answer.status, answer.text).toBe(200);
    expect(faultsOf({ $ref: '#/components/schemas/GisPreview' }, answer.json)).toEqual([]);
    const { layers } = answer.json as { layers: readonly Record<string, unknown>[] };
    expect(layers.map(({ source, rowCount, isWhole }) => [source, rowCount, isWhole])).toEqual([
      ['PsapPolygon.shp', 1, false],
      ['ProvisioningPolygon.shp', 1, true],
      ['A2Polygon.shp', 1, true],
      ['RoadCenterLine.shp', 1, true],
      ['SiteStructureAddressPoint.shp', 1, true],
    ]);
    expect(layers[0]).toMatchObject({
      nenaLayer: 'PsapPolygon',
      layer: 'serviceBoundary',
      toldBy: 'name',
      crs: 'EPSG:4326',
      unmapped: [],
      features: [
        {
          ordinal: 1,
          featureId: 'urn:emergency:uid:gis:PSAP:1:gis.example.gov',
          effective: '2026-01-01T00:00:00.000Z',
          service: { displayName: 'Peñasco County', serviceUri: 'sip:psap1@example.gov' },
          place: { type: 'MultiPolygon', partCount: 3, positionCount: 25, bounds: [-95.5, 29, -93.75, 30.5] },
        },
      ],
    });
    expect(layers[3]).toMatchObject({
      features: [
        { street: { RD: 'Main' }, left: { from: 101, parity: 'odd', civic: { country: 'US', A1: 'TX' } } },
      ],
    });
    expect(server.boundaries.datasets.size).toBe(0);
  });

  it('shows what would be refused, and files that cannot be read', async () => {
    const file = boundaryFile(['a', 'b']) as { features: { properties: Record<string, unknown> }[] };
    delete file.features[1]?.properties['ServiceURI'];
    const answer = await post('/preview', JSON.stringify(file), 'application/json');
    expect(answer.json).toMatchObject({
      layers: [
        { rowCount: 2, features: [{ featureId: 'a' }], refused: [{ ordinal: 2, code: 'load.uriMissing' }] },
      ],
    });
    const broken = await server.send('POST', '/api/v1/datasets/preview', {
      headers: { 'content-type': 'application/zip' },
      body: fixture('shapefiles.zip').subarray(0, 2_000),
    });
    expect(broken.json).toMatchObject({ layers: [], refused: [{ code: 'load.zipBroken' }] });
  });

  it('is answered before the whole file has come', async () => {
    server = await startTestServer();
    const lines = Buffer.from(`${JSON.stringify(one())}\n`);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(lines));
        if (sent > 200_000) controller.close();
      },
    });
    const answer = await server.send('POST', '/api/v1/datasets/preview?rows=2', {
      headers: { 'content-type': 'application/geo+json-seq' },
      body: endless,
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json).toMatchObject({ layers: [{ rowCount: 2, isWhole: false }] });
    expect(sent).toBeLessThan(200_000);
  });
});

function one(): unknown {
  return (boundaryFile(['a']) as { features: readonly unknown[] }).features[0];
}
