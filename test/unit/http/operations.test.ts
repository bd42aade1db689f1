import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashApiKey, isApiKey } from '../../../src/http/index.ts';
import { answerSchema, faultsOf } from './api-document.ts';
import { type Answer, boundaryFile, startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.stop());

/** The answer has the status, and its body is as the API document says. */
function expectDocumented(answer: Answer, operationId: string, status: number): void {
  expect(answer.status, answer.text).toBe(status);
  const mediaType = answer.headers.get('content-type') ?? '';
  const schema = answerSchema(operationId, status, mediaType);
  expect(schema, `${operationId} ${status} ${mediaType} is not in the document`).toBeDefined();
  expect(faultsOf(schema, answer.json)).toEqual([]);
}

async function load(name: string, ids: readonly string[], more = ''): Promise<Answer> {
  return await server.send('POST', `/api/v1/datasets?name=${name}${more}`, {
    headers: { 'content-type': 'application/geo+json' },
    body: JSON.stringify(boundaryFile(ids)),
  });
}

describe('GET /api/v1/route', () => {
  it('asks for a point and explains the answer', async () => {
    const answer = await server.send('GET', '/api/v1/route?lat=29.76&lon=-95.37');
    expectDocumented(answer, 'queryRoute', 200);
    expect(server.routes.queries).toEqual([
      {
        service: 'urn:service:sos',
        location: { kind: 'point', position: { lon: -95.37, lat: 29.76 } },
        asOf: undefined,
      },
    ]);
    expect(answer.json).toMatchObject({
      mapping: { kind: 'mapped', rule: 'covers', boundary: { boundaryId: '48201' } },
      plan: { targets: [{ reason: 'mapped' }, { reason: 'default' }] },
      located: { location: { civic: { country: 'US', A1: 'TX' }, civicLanguage: 'en' } },
      totalMs: 1.2,
    });
    expect(answer.text).not.toContain('kept inside');
  });

  it.each([
    ['service in any case', 'service=URN:Service:SOS.Fire', { service: 'urn:service:sos.fire' }],
    ['a NENA service', 'service=urn:nena:service:sos.police', { service: 'urn:nena:service:sos.police' }],
    ['a moment', 'asOf=2026-02-01T00:00:00%2B01:00', { asOf: Date.UTC(2026, 0, 31, 23) }],
  ])('takes %s', async (_name, parameter, expected) => {
    const answer = await server.send('GET', `/api/v1/route?lat=1&lon=2&${parameter}`);
    expectDocumented(answer, 'queryRoute', 200);
    expect(server.routes.queries[0]).toMatchObject(expected);
  });

  it('asks for a civic address, white space collapsed and country in upper case', async () => {
    const answer = await server.send('GET', '/api/v1/route?country=us&A1=TX&A2=Fort%20%20Bend&HNO=12');
    expectDocumented(answer, 'queryRoute', 200);
    const elements = new Map([
      ['A1', 'TX'],
      ['A2', 'Fort Bend'],
      ['HNO', '12'],
    ]);
    expect(server.routes.queries[0]?.location).toEqual({
      kind: 'civic',
      civic: { country: 'US', elements, language: undefined },
    });
  });

  it('answers HEAD without a body', async () => {
    const answer = await server.send('HEAD', '/api/v1/route?lat=1&lon=2');
    expect([answer.status, answer.text]).toEqual([200, '']);
  });
});

describe('POST /api/v1/route', () => {
  it.each(['application/pidf+xml', 'application/pidf-lo+xml; charset=utf-8', 'Application/XML'])(
    'hands on a document of type %s as bytes',
    async (mediaType) => {
      const text = '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:é"/>';
      const answer = await server.send('POST', '/api/v1/route?service=urn:service:sos.fire', {
        headers: { 'content-type': mediaType },
        body: text,
      });
      expectDocumented(answer, 'queryRouteByBody', 200);
      const query = server.routes.queries[0];
      expect(query?.service).toBe('urn:service:sos.fire');
      expect(query?.location.kind === 'document' && Buffer.from(query.location.bytes).toString()).toBe(text);
    },
  );

  it.each([
    [
      'a point',
      { location: { lat: 29.76, lon: -95.37 } },
      { kind: 'point', position: { lon: -95.37, lat: 29.76 } },
    ],
    [
      'a civic address',
      { location: { civic: { country: 'US', A1: 'TX' } } },
      { kind: 'civic', civic: { country: 'US', elements: new Map([['A1', 'TX']]), language: undefined } },
    ],
  ])('takes %s as JSON', async (_name, body, location) => {
    const answer = await server.send('POST', '/api/v1/route', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ service: 'urn:service:sos', asOf: '2026-01-01T00:00:00Z', ...body }),
    });
    expectDocumented(answer, 'queryRouteByBody', 200);
    expect(server.routes.queries).toEqual([
      { service: 'urn:service:sos', asOf: Date.UTC(2026, 0, 1), location },
    ]);
  });
});

describe('datasets', () => {
  it('loads, lists, reads, activates and rolls back, and each change is audited', async () => {
    const first = await load('first', ['a', 'b'], '&activate=true&source=first.geojson');
    expectDocumented(first, 'loadDataset', 201);
    expect(first.headers.get('location')).toBe('/api/v1/datasets/1');
    expect(first.json).toMatchObject({
      dataset: {
        id: 1,
        name: 'first',
        state: 'active',
        source: 'first.geojson',
        createdBy: 'admin',
        boundaryCount: 2,
        layerCounts: {
          serviceBoundary: 2,
          provisioningBoundary: 0,
          adminArea: 0,
          roadCentreLine: 0,
          addressPoint: 0,
        },
        revision: 0,
      },
      repairedCount: 0,
    });
    const second = await load('second', ['c'], '&invalidGeometry=repair');
    expect(second.json).toMatchObject({ dataset: { id: 2, state: 'staged' }, repairedCount: 1 });
    expectDocumented(second, 'loadDataset', 201);

    await server.send('POST', '/api/v1/datasets/2/check');
    const activated = await server.send('POST', '/api/v1/datasets/2/activate');
    expectDocumented(activated, 'activateDataset', 200);
    expect(activated.json).toMatchObject({ id: 2, state: 'active' });
    const list = await server.send('GET', '/api/v1/datasets');
    expectDocumented(list, 'listDatasets', 200);
    expect(list.json['items']).toMatchObject([
      { id: 1, state: 'retired' },
      { id: 2, state: 'active' },
    ]);

    const back = await server.send('POST', '/api/v1/datasets/rollback');
    expectDocumented(back, 'rollBackDataset', 200);
    expect(back.json).toMatchObject({ id: 1, state: 'active' });
    const read = await server.send('GET', '/api/v1/datasets/2');
    expectDocumented(read, 'readDataset', 200);
    expect(read.json).toMatchObject({ id: 2, state: 'retired' });

    const audit = await server.send('GET', '/api/v1/audit');
    expectDocumented(audit, 'readAudit', 200);
    const actions = (audit.json['items'] as { action: string }[]).map(({ action }) => action);
    expect(actions).toEqual([
      'dataset.rolledBack',
      'dataset.activated',
      'dataset.loaded',
      'dataset.activated',
      'dataset.loaded',
      'key.replaced',
    ]);
  });
});

describe('boundaries', () => {
  beforeEach(async () => {
    await load('active', ['a', 'b', 'c', 'd/e'], '&activate=true');
    await load('other', ['z']);
  });

  it('lists pages as GeoJSON and names the next one', async () => {
    const first = await server.send('GET', '/api/v1/boundaries?limit=3');
    expectDocumented(first, 'listBoundaries', 200);
    expect(first.json['next']).toBe('c');
    const link = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const last = await server.send('GET', link);
    expectDocumented(last, 'listBoundaries', 200);
    expect(last.json['next']).toBeUndefined();
    expect(last.headers.get('link')).toBeNull();
    expect((last.json['features'] as { id: string }[]).map(({ id }) => id)).toEqual(['d/e']);
  });

  it.each([
    ['a text', 'q=AREA%20b', ['b']],
    ['a dataset', 'datasetId=2', ['z']],
    ['no match', 'q=nowhere', []],
  ])('filters by %s', async (_name, query, ids) => {
    const answer = await server.send('GET', `/api/v1/boundaries?${query}`);
    expectDocumented(answer, 'listBoundaries', 200);
    expect((answer.json['features'] as { id: string }[]).map(({ id }) => id)).toEqual(ids);
  });

  it('leaves geometry out when told to', async () => {
    const answer = await server.send('GET', '/api/v1/boundaries?geometry=false&limit=1');
    expectDocumented(answer, 'listBoundaries', 200);
    expect(answer.json['features']).toMatchObject([{ id: 'a', geometry: null }]);
  });

  it('reads one, its id percent-encoded, and what comes out can be loaded again', async () => {
    const answer = await server.send('GET', '/api/v1/boundaries/d%2Fe');
    expectDocumented(answer, 'readBoundary', 200);
    expect(answer.headers.get('content-type')).toBe('application/geo+json');
    expect(answer.json).toMatchObject({
      type: 'Feature',
      id: 'd/e',
      properties: {
        NGUID: 'd/e',
        ServiceURI: 'sip:d/e@127.0.0.1:5070',
        Effective: '2026-01-01T00:00:00.000Z',
      },
    });
    const again = await server.send('POST', '/api/v1/datasets?name=again', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'FeatureCollection', features: [answer.json] }),
    });
    expect(again.status, again.text).toBe(201);
    const copy = await server.send('GET', '/api/v1/boundaries/d%2Fe?datasetId=3');
    expect(copy.json).toEqual({
      ...answer.json,
      properties: { ...(answer.json['properties'] as object), datasetId: 3 },
    });
  });
});

describe('calls', () => {
  it('lists them newest first, page by page', async () => {
    const first = await server.send('GET', '/api/v1/calls?limit=2');
    expectDocumented(first, 'listCalls', 200);
    expect(first.json).toMatchObject({
      items: [
        {
          id: 'call-0003',
          target: 'sip:48201@127.0.0.1:5070',
          targetReason: 'mapped',
          boundaryName: 'Harris County PSAP',
        },
        { id: 'call-0002', state: 'answered' },
      ],
      next: 'call-0002',
    });
    const last = await server.send('GET', '/api/v1/calls?limit=2&before=call-0002');
    expectDocumented(last, 'listCalls', 200);
    expect(last.json).toMatchObject({ items: [{ id: 'call-0001', state: 'failed' }] });
    expect(last.json['next']).toBeUndefined();
  });

  it('lists those in one state', async () => {
    const answer = await server.send('GET', '/api/v1/calls?state=answered');
    expect(answer.json['items']).toMatchObject([{ id: 'call-0002' }]);
  });

  it.each(['call-0003', 'call-0001'])('reads the record of %s', async (id) => {
    const answer = await server.send('GET', `/api/v1/calls/${id}`);
    expectDocumented(answer, 'readCall', 200);
    expect(answer.json['id']).toBe(id);
  });
});

describe('keys', () => {
  it('replaces the key that asks, shows the new one once, and ends the old one at once', async () => {
    const answer = await server.send('POST', '/api/v1/keys/rotate', {
      headers: { 'user-agent': 'firstline-cli/0.1.0' },
    });
    expectDocumented(answer, 'rotateKey', 200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const key = String(answer.json['key']);
    expect(isApiKey(key)).toBe(true);
    expect((await server.send('GET', '/api/v1/audit')).status).toBe(401);
    const audit = await server.send('GET', '/api/v1/audit?limit=1', { key });
    expect(audit.json).toMatchObject({
      items: [{ action: 'key.replaced', actor: 'admin', via: 'cli' }],
      next: 2,
    });
    expect(audit.text).not.toContain(key);
    expect(JSON.stringify(server.logged)).not.toContain(key);
    expect(JSON.stringify(server.logged)).not.toContain(hashApiKey(key));
  });
});

describe('health and counts', () => {
  it.each([
    ['/livez', 'readLiveness', { live: true, ready: false }, 200],
    ['/livez', 'readLiveness', { live: false, ready: false }, 503],
    ['/readyz', 'readReadiness', { live: true, ready: true }, 200],
    ['/readyz', 'readReadiness', { live: true, ready: false }, 503],
  ])('%s with %s %o answers %i and says why', async (path, operationId, state, status) => {
    const checks = [{ name: 'database', ok: state.ready, detail: 'said by the test' }];
    server.health = { ...state, checks };
    const answer = await server.send('GET', path, { key: undefined });
    expectDocumented(answer, operationId, status);
    expect(answer.json['checks']).toEqual(checks);
  });

  it('says degraded where calls are taken and something is wrong', async () => {
    server.health = { live: true, ready: true, checks: [{ name: 'database', ok: false, detail: 'down' }] };
    const answer = await server.send('GET', '/readyz', { key: undefined });
    expectDocumented(answer, 'readReadiness', 200);
    expect(answer.json['status']).toBe('degraded');
  });

  it('dumps counters in the text format of Prometheus', async () => {
    const answer = await server.send('GET', '/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.text).toBe('firstline_calls_total 3\nfirstline_odd_name 1\n');
  });
});

describe('problem types', () => {
  it('are described where a problem document says', async () => {
    const problem = await server.send('GET', '/api/v1/calls/no-such-call');
    const answer = await server.send('GET', String(problem.json['type']), { key: undefined });
    expectDocumented(answer, 'readProblemType', 200);
    expect(answer.json).toMatchObject({ code: 'http.notFound', status: 404 });
  });
});

describe('every answer', () => {
  it.each(['/livez', '/api/v1/calls', '/nowhere'])('%s carries the security headers', async (path) => {
    const { headers } = await server.send('GET', path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
