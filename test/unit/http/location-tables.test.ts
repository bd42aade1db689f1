import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerSchema, faultsOf } from './api-document.ts';
import { type Answer, startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.stop());

const tables = '/api/v1/location-tables';
const lines = 'key,lat,lon,radiusM,A3\n+15551230100,29.76,-95.37,50,Houston\n+1555124*,29.8,-95.4,5000,\n';

/** The answer has the status, and its body is as the API document says. */
function expectDocumented(answer: Answer, operationId: string, status: number): void {
  expect(answer.status, answer.text).toBe(status);
  const schema = answerSchema(operationId, status, answer.headers.get('content-type') ?? '');
  expect(schema, `${operationId} ${status} is not in the document`).toBeDefined();
  expect(faultsOf(schema, answer.json)).toEqual([]);
}

async function load(csv: string | Uint8Array<ArrayBuffer>, query = '', headers = {}): Promise<Answer> {
  return await server.send('PUT', `${tables}/number${query}`, {
    headers: { 'content-type': 'text/csv', ...headers },
    body: csv,
  });
}

async function put(key: string, value: unknown): Promise<Answer> {
  return await server.send('PUT', `${tables}/number/rows/${encodeURIComponent(key)}`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  });
}

describe('location tables over REST', () => {
  it('are loaded from CSV, listed with counts, and read in pages', async () => {
    const loaded = await load(lines, '?source=lines.csv');
    expectDocumented(loaded, 'loadLocationTable', 200);
    expect(loaded.json).toMatchObject({
      table: { name: 'number', rowCount: 2 },
      readCount: 2,
      refusedCount: 0,
    });
    const list = await server.send('GET', tables);
    expectDocumented(list, 'listLocationTables', 200);
    expect(list.json).toMatchObject({
      items: [
        { name: 'cell', rowCount: 0 },
        { name: 'number', rowCount: 2, source: 'lines.csv' },
      ],
    });
    const first = await server.send('GET', `${tables}/number/rows?limit=1`);
    expectDocumented(first, 'listLocationRows', 200);
    expect(first.json).toMatchObject({ items: [{ key: '+15551230100', civic: { A3: 'Houston' } }] });
    const next = encodeURIComponent(String(first.json['next']));
    const second = await server.send('GET', `${tables}/number/rows?limit=1&after=${next}`);
    expect(second.json).toMatchObject({ items: [{ key: '+1555124*', shape: { kind: 'circle' } }] });
    expect(second.json['next']).toBeUndefined();
  });

  it('take a load that is gzip, and one that is merged', async () => {
    await load(lines);
    const merged = await load(gzipSync('key,lat,lon\n+15559990000,1,2\n'), '?mode=merge', {
      'content-encoding': 'gzip',
    });
    expect(merged.json).toMatchObject({ table: { rowCount: 3 } });
    const replaced = await load('key,lat,lon\n+15559990000,1,2\n');
    expect(replaced.json).toMatchObject({ table: { rowCount: 1 } });
  });

  it('change nothing for a load with bad rows, and name each by line and column', async () => {
    await load(lines);
    const csv = 'key,lat,lon\n+15559990000,1,2\n5551,1,2\n+15559990001,north,2\n';
    const refused = await load(csv);
    expectDocumented(refused, 'loadLocationTable', 422);
    expect(refused.json).toMatchObject({
      type: '/api/v1/problems/http.loadRefused',
      readCount: 3,
      refusedCount: 2,
      refused: [
        { line: 3, column: 'key', code: 'load.keyInvalid' },
        { line: 4, column: 'lat', code: 'load.positionMalformed' },
      ],
    });
    expect((await server.send('GET', `${tables}/number/rows/%2B15551230100`)).status).toBe(200);
    const skipped = await load(csv, '?skipBad=true');
    expectDocumented(skipped, 'loadLocationTable', 200);
    expect(skipped.json).toMatchObject({ table: { rowCount: 1 }, refusedCount: 2 });
  });

  for (const [name, value, expected] of [
    ['a point', { lat: 29.76, lon: -95.37 }, { shape: { kind: 'point' } }],
    ['a circle', { lat: 29.76, lon: -95.37, radiusM: 50 }, { shape: { kind: 'circle', radiusM: 50 } }],
    [
      'a polygon',
      {
        polygon: [
          [1, 1],
          [2, 1],
          [2, 2],
          [1, 1],
        ],
      },
      { shape: { kind: 'polygon', interiors: [] } },
    ],
    ['an address', { civic: { country: 'us', A1: 'TX' } }, { civic: { country: 'US', A1: 'TX' } }],
  ] as const) {
    it(`have ${name} set by its key in any form, read and removed, each change audited`, async () => {
      const set = await put('+1 (555) 123-0100', value);
      expectDocumented(set, 'setLocationRow', 200);
      expect(set.json).toMatchObject({ key: '+15551230100', ...expected });
      const read = await server.send('GET', `${tables}/number/rows/%2B15551230100`);
      expectDocumented(read, 'readLocationRow', 200);
      expect(read.json).toEqual(set.json);
      const removed = await server.send('DELETE', `${tables}/number/rows/%2B15551230100`);
      expectDocumented(removed, 'removeLocationRow', 200);
      for (const method of ['GET', 'DELETE']) {
        const gone = await server.send(method, `${tables}/number/rows/%2B15551230100`);
        expect(gone.json).toMatchObject({ status: 404, type: '/api/v1/problems/http.notFound' });
      }
      expect(server.audit.rows.map(({ action }) => action).slice(-2)).toEqual([
        'location.rowSet',
        'location.rowRemoved',
      ]);
      expect(JSON.stringify(server.logged)).not.toContain('15551230100');
    });
  }

  for (const [name, value] of [
    ['nothing', {}],
    ['a latitude alone', { lat: 1 }],
    ['a radius alone', { radiusM: 5 }],
    ['a latitude over 90', { lat: 91, lon: 1 }],
    [
      'a point and a polygon',
      {
        lat: 1,
        lon: 1,
        polygon: [
          [1, 1],
          [2, 1],
          [2, 2],
          [1, 1],
        ],
      },
    ],
    [
      'an open polygon',
      {
        polygon: [
          [1, 1],
          [2, 1],
          [2, 2],
          [3, 3],
        ],
      },
    ],
    ['a country alone', { civic: { country: 'US' } }],
    ['a country of three letters', { civic: { country: 'USA', A1: 'TX' } }],
    ['an element of no such name', { civic: { city: 'Houston' } }],
    ['another member', { lat: 1, lon: 1, altitude: 5 }],
  ] as const) {
    it(`refuse a row with ${name}`, async () => {
      const answer = await put('+15551230100', value);
      expect(answer.json).toMatchObject({ status: 400, type: '/api/v1/problems/http.invalidRequest' });
    });
  }

  for (const [method, path] of [
    ['GET', '/number/rows/5551'],
    ['DELETE', '/number/rows/5551'],
    ['GET', '/wifi/rows'],
    ['GET', '/cell/rows?limit=0'],
  ] as const) {
    it(`refuse ${method} ${path}`, async () => {
      const answer = await server.send(method, `${tables}${path}`);
      expect(answer.json).toMatchObject({ status: 400, type: '/api/v1/problems/http.invalidRequest' });
    });
  }

  it('say that a load is under way', async () => {
    server.locationTables.isBusy = true;
    const answers = [
      await load(lines),
      await put('+15551230100', { lat: 1, lon: 1 }),
      await server.send('DELETE', `${tables}/number/rows/%2B15551230100`),
    ];
    for (const [index, id] of ['loadLocationTable', 'setLocationRow', 'removeLocationRow'].entries()) {
      const answer = answers[index];
      if (answer !== undefined) expectDocumented(answer, id, 409);
      expect(answer?.headers.get('retry-after')).toBe('5');
    }
    expect((await server.send('GET', tables)).json).toMatchObject({ items: [{ isLoading: true }, {}] });
  });

  it('take CSV alone', async () => {
    const answer = await server.send('PUT', `${tables}/number`, {
      headers: { 'content-type': 'application/json' },
      body: '[]',
    });
    expect(answer.status).toBe(415);
    expect(answer.headers.get('accept')).toBe('text/csv');
  });
});
