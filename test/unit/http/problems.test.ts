import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { DependencyError } from '../../../src/base/index.ts';
import type { HttpLimits, HttpPorts } from '../../../src/http/index.ts';
import { faultsOf } from './api-document.ts';
import { MemoryAudit, MemoryBoundaries, MemoryCalls, RecordingRoutes } from './memory-ports.ts';
import {
  type Answer,
  boundaryFile,
  type SendOptions,
  startTestServer,
  type TestServer,
} from './test-server.ts';

let server: TestServer;
afterEach(() => server.stop());

async function ask(
  method: string,
  path: string,
  options?: SendOptions,
  given: { readonly ports?: Partial<HttpPorts>; readonly limits?: Partial<HttpLimits> } = {},
): Promise<Answer> {
  server = await startTestServer(given);
  return await server.send(method, path, options);
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(faultsOf({ $ref: '#/components/schemas/Problem' }, answer.json)).toEqual([]);
  expect(answer.json).toMatchObject({ type: `/api/v1/problems/${code}`, status });
  expect(answer.json['instance']).toBe(`urn:uuid:${answer.headers.get('x-request-id')}`);
}

const json = (body: string): SendOptions => ({ headers: { 'content-type': 'application/json' }, body });

describe('invalid values: 400 that names each', () => {
  it.each<[string, string, string, SendOptions | undefined, [string, string, RegExp][]]>([
    [
      'no place',
      'GET',
      '/api/v1/route',
      undefined,
      [['query', 'lat', /give lat and lon, or a civic address/]],
    ],
    ['half a point', 'GET', '/api/v1/route?lat=1', undefined, [['query', 'lon', /is missing/]]],
    ['point and civic', 'GET', '/api/v1/route?lat=1&lon=1&A1=TX', undefined, [['query', 'lat', /not both/]]],
    [
      'two out of range',
      'GET',
      '/api/v1/route?lat=91&lon=-181',
      undefined,
      [
        ['query', 'lat', /from -90 to 90/],
        ['query', 'lon', /from -180 to 180/],
      ],
    ],
    ['an empty number', 'GET', '/api/v1/route?lat=&lon=1', undefined, [['query', 'lat', /must be a number/]]],
    [
      'not a number',
      'GET',
      '/api/v1/route?lat=NaN&lon=0x10',
      undefined,
      [
        ['query', 'lat', /number/],
        ['query', 'lon', /number/],
      ],
    ],
    [
      'a value twice',
      'GET',
      '/api/v1/route?lat=1&lat=2&lon=3',
      undefined,
      [['query', 'lat', /more than once/]],
    ],
    ['an unknown name', 'GET', '/api/v1/route?lat=1&lon=2&lng=3', undefined, [['query', 'lng', /not known/]]],
    [
      'a wrong service',
      'GET',
      '/api/v1/route?lat=1&lon=2&service=911',
      undefined,
      [['query', 'service', /service URN/]],
    ],
    [
      'a moment without offset',
      'GET',
      '/api/v1/route?lat=1&lon=2&asOf=2026-01-01T00:00:00',
      undefined,
      [['query', 'asOf', /offset/]],
    ],
    ['a wrong country', 'GET', '/api/v1/route?country=USA', undefined, [['query', 'country', /two-letter/]]],
    ['a blank element', 'GET', '/api/v1/route?A1=%20', undefined, [['query', 'A1', /1 to 256/]]],
    ['a NUL', 'GET', '/api/v1/boundaries?q=%00', undefined, [['query', 'q', /control/]]],
    ['a wrong limit', 'GET', '/api/v1/calls?limit=0', undefined, [['query', 'limit', /from 1 to 500/]]],
    ['a wrong state', 'GET', '/api/v1/calls?state=gone', undefined, [['query', 'state', /routing/]]],
    ['a wrong record id', 'GET', '/api/v1/calls/x', undefined, [['path', 'id', /id of a call record/]]],
    ['a wrong dataset', 'GET', '/api/v1/datasets/0', undefined, [['path', 'id', /from 1 to/]]],
    ['a huge dataset', 'GET', '/api/v1/datasets/99999999999', undefined, [['path', 'id', /from 1 to/]]],
    ['no name for a load', 'POST', '/api/v1/datasets', json('{}'), [['query', 'name', /missing/]]],
    [
      'JSON without location',
      'POST',
      '/api/v1/route',
      json('{}'),
      [['body', '/location', /missing|expected/]],
    ],
    [
      'a text for a number',
      'POST',
      '/api/v1/route',
      json('{"location":{"lat":1,"lon":"2"}}'),
      [['body', '/location/lon', /expected number/]],
    ],
    [
      'an empty civic',
      'POST',
      '/api/v1/route',
      json('{"location":{"civic":{}}}'),
      [['body', '/location/civic', /at least one/]],
    ],
    [
      'an unknown element',
      'POST',
      '/api/v1/route',
      json('{"location":{"civic":{"a1":"TX"}}}'),
      [
        ['body', '/location/civic/a1', /not known/],
        ['body', '/location/civic', /at least one/],
      ],
    ],
    [
      'an unknown member',
      'POST',
      '/api/v1/route',
      json('{"location":{"lat":1,"lon":2},"when":1}'),
      [['body', '/when', /not known/]],
    ],
    ['JSON that is no object', 'POST', '/api/v1/route', json('[]'), [['body', '', /expected object/]]],
  ])('%s', async (_name, method, path, options, errors) => {
    const answer = await ask(method, path, options);
    expectProblem(answer, 400, 'http.invalidRequest');
    const found = answer.json['errors'] as { in: string; path: string; message: string }[];
    expect(found).toEqual(
      errors.map(([place, where, message]) => ({
        in: place,
        path: where,
        message: expect.stringMatching(message),
      })),
    );
  });
});

describe('each error class', () => {
  it.each<[string, number, string, string, string, SendOptions | undefined]>([
    ['an unknown path', 404, 'http.noSuchPath', 'GET', '/api/v1/nothing', undefined],
    ['a path with a slash too many', 404, 'http.noSuchPath', 'GET', '/api/v1/calls/', undefined],
    ['a path in other case', 404, 'http.noSuchPath', 'GET', '/API/v1/calls', undefined],
    ['an unknown call', 404, 'http.notFound', 'GET', '/api/v1/calls/call-9999', undefined],
    ['an unknown dataset', 404, 'http.notFound', 'GET', '/api/v1/datasets/9', undefined],
    ['activating an unknown dataset', 404, 'http.notFound', 'POST', '/api/v1/datasets/9/activate', undefined],
    [
      'boundaries of an unknown dataset',
      404,
      'http.notFound',
      'GET',
      '/api/v1/boundaries?datasetId=9',
      undefined,
    ],
    ['an unknown boundary', 404, 'http.notFound', 'GET', '/api/v1/boundaries/a', undefined],
    ['an unknown problem type', 404, 'http.notFound', 'GET', '/api/v1/problems/toString', undefined],
    ['nothing to roll back', 409, 'http.nothingToRollBack', 'POST', '/api/v1/datasets/rollback', undefined],
    ['a wrong method', 405, 'http.methodNotAllowed', 'DELETE', '/api/v1/calls', undefined],
    ['a preflight', 405, 'http.methodNotAllowed', 'OPTIONS', '/api/v1/calls', undefined],
    ['bad percent-encoding', 400, 'http.badMessage', 'GET', '/api/v1/calls/%E0%A4%A', undefined],
    ['not JSON', 400, 'http.badJson', 'POST', '/api/v1/route', json('{"location"')],
    [
      'not UTF-8',
      400,
      'http.badJson',
      'POST',
      '/api/v1/route',
      { ...json(''), body: Buffer.from([0x22, 0xff, 0x22]) },
    ],
    ['an empty JSON body', 400, 'http.badJson', 'POST', '/api/v1/route', json('')],
    [
      'no content type',
      415,
      'http.unsupportedMediaType',
      'POST',
      '/api/v1/route',
      { body: Buffer.from('x') },
    ],
    [
      'a wrong content type',
      415,
      'http.unsupportedMediaType',
      'POST',
      '/api/v1/datasets?name=x',
      { headers: { 'content-type': 'text/plain' }, body: 'x' },
    ],
    [
      'a coding that is not taken',
      415,
      'http.unsupportedEncoding',
      'POST',
      '/api/v1/datasets?name=x',
      { headers: { 'content-type': 'application/json', 'content-encoding': 'br' }, body: 'x' },
    ],
    [
      'gzip where it is not taken',
      415,
      'http.unsupportedEncoding',
      'POST',
      '/api/v1/route',
      { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' }, body: gzipSync('{}') },
    ],
    [
      'a document that is too large',
      413,
      'http.bodyTooLarge',
      'POST',
      '/api/v1/route',
      json(`"${'x'.repeat(300_000)}"`),
    ],
  ])('%s: %i %s', async (_name, status, code, method, path, options) => {
    expectProblem(await ask(method, path, options), status, code);
  });

  it('405 names the methods that are taken, HEAD among them', async () => {
    const answer = await ask('PUT', '/api/v1/route');
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  it('415 names what is taken', async () => {
    const answer = await ask('POST', '/api/v1/route', {
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    });
    expect(answer.headers.get('accept')).toContain('application/pidf+xml');
  });
});

describe('faults behind the API', () => {
  it('a dependency that is away: 503 with its code and without its words', async () => {
    class Away extends MemoryCalls {
      override async list(): Promise<never> {
        throw new DependencyError('store.deadlineMissed', 'SELECT secret FROM calls');
      }
    }
    const answer = await ask('GET', '/api/v1/calls', undefined, { ports: { calls: new Away() } });
    expectProblem(answer, 503, 'http.unavailable');
    expect(answer.json['cause']).toBe('store.deadlineMissed');
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.text).not.toContain('secret');
    expect(JSON.stringify(server.logged)).toContain('secret');
  });

  it('a bug: 500 without its words, logged under the id in the answer', async () => {
    class Broken extends RecordingRoutes {
      override async route(): Promise<never> {
        throw new Error('the inside of the house');
      }
    }
    const answer = await ask('GET', '/api/v1/route?lat=1&lon=2', undefined, {
      ports: { routes: new Broken() },
    });
    expectProblem(answer, 500, 'http.internal');
    expect(answer.text).not.toContain('inside');
    const fault = server.logged.find(({ event }) => event === 'http.fault');
    expect(fault).toMatchObject({
      level: 'error',
      fields: { operation: 'queryRoute', error: 'the inside of the house' },
    });
    const { requestId } = (fault?.fields ?? {}) as { requestId?: string };
    expect(answer.json['instance']).toBe(`urn:uuid:${requestId}`);
  });

  it('an answer that does not come: 503 at the deadline', async () => {
    class Silent extends MemoryCalls {
      override list(): Promise<never> {
        return new Promise(() => {});
      }
    }
    const given = { ports: { calls: new Silent() }, limits: { requestTimeoutMs: 50 } };
    expectProblem(await ask('GET', '/api/v1/calls', undefined, given), 503, 'http.deadlineMissed');
  });

  it('a key store that is away: 503, not 401', async () => {
    const apiKeys: HttpPorts['apiKeys'] = {
      find: () => Promise.reject(new DependencyError('store.databaseDown', 'no connection')),
      replace: async () => {},
      hasAny: async () => true,
    };
    expectProblem(
      await ask('GET', '/api/v1/calls', undefined, { ports: { apiKeys } }),
      503,
      'http.unavailable',
    );
  });

  it('a load that the database cannot finish: 503, and nothing of the source is blamed', async () => {
    class Full extends MemoryBoundaries {
      override async load(): Promise<never> {
        throw new DependencyError('store.loadFailed', 'disk full');
      }
    }
    const boundaries = new Full(new MemoryAudit());
    const body = JSON.stringify(boundaryFile(['a']));
    const answer = await ask('POST', '/api/v1/datasets?name=x', json(body), { ports: { boundaries } });
    expectProblem(answer, 503, 'http.unavailable');
  });
});
