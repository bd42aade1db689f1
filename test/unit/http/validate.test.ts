import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { civicPidfExample } from '../../../src/http/operations/validate-examples.ts';
import { startTestServer, type TestServer } from './test-server.ts';

// POST /api/v1/locations/validate: what goes in and out; what it says is the store's.

describe('the validation of addresses', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(async () => await server.stop());

  const path = '/api/v1/locations/validate';
  const json = { 'Content-Type': 'application/json' };
  const document = { 'Content-Type': 'application/pidf+xml' };
  const post = (body: unknown) => server.send('POST', path, { headers: json, body: JSON.stringify(body) });

  it('answers for an address in JSON', async () => {
    const answer = await post({ civic: { country: 'us', A1: 'TX', RD: 'Main', HNO: '1', UNIT: '4' } });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      datasetId: 1,
      valid: ['country', 'A1', 'RD', 'HNO'],
      invalid: [],
      unchecked: ['UNIT'],
      layer: 'addressPoint',
      featureId: 'point-1',
      position: { lat: 29, lon: -95 },
      similar: [],
      changesAt: '2030-01-01T00:00:00.000Z',
    });
  });

  it('lists similar addresses, as many as were asked for', async () => {
    const civic = { country: 'US', A1: 'TX', RD: 'Mian' };
    expect((await post({ civic })).json).toMatchObject({
      invalid: ['RD'],
      similar: [{ country: 'US', A1: 'TX', RD: 'Main' }],
    });
    expect((await post({ civic, similar: 0 })).json).toMatchObject({ invalid: ['RD'], similar: [] });
  });

  it('answers for another moment', async () => {
    const answer = await post({ civic: { A1: 'TX' }, asOf: '2031-01-01T00:00:00Z' });
    expect(answer.json).toMatchObject({ invalid: ['A1'], valid: [] });
  });

  it('reads the first civic address of a document', async () => {
    const answer = await server.send('POST', `${path}?similar=0`, {
      headers: document,
      body: civicPidfExample,
    });
    expect(answer.status).toBe(200);
    expect(answer.json['valid']).toEqual(['country', 'A1', 'A3', 'RD', 'STS', 'HNO']);
  });

  it('takes the elements of all namespaces', async () => {
    const civic = { HNP: 'N', STP: 'Rue', STPS: 'de la', UNIT_VALUE: '4', MP: '12.5', SITE: 'Airport' };
    const valid = (await post({ civic })).json['valid'] as string[];
    expect(valid.sort()).toEqual(Object.keys(civic).sort());
  });

  const refused: readonly (readonly [
    string,
    () => Promise<{ status: number; json: unknown }>,
    number,
    string,
  ])[] = [
    [
      'a dataset that is not there',
      () => post({ civic: { A1: 'TX' }, dataset: 7 }),
      404,
      'there is no dataset 7',
    ],
    [
      'an address without an element',
      () => post({ civic: {} }),
      400,
      'civic: must name at least one element',
    ],
    [
      'more similar addresses than are listed',
      () => post({ civic: { A1: 'TX' }, similar: 21 }),
      400,
      'similar',
    ],
    [
      'a document without a civic address',
      () =>
        server.send('POST', path, {
          headers: document,
          body: civicPidfExample.replace(/<ca:civicAddress>.*<\/ca:civicAddress>/s, ''),
        }),
      400,
      '',
    ],
    ['what is no document', () => server.send('POST', path, { headers: document, body: 'x' }), 400, ''],
  ];
  it.each(refused)('refuses %s', async (_name, send, status, detail) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(String((answer.json as { detail: unknown }).detail)).toContain(detail);
  });

  it('needs a key', async () => {
    const answer = await server.send('POST', path, { headers: json, body: '{}', key: undefined });
    expect(answer.status).toBe(401);
  });
});
