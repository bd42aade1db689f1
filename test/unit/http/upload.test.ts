import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpLimits, HttpPorts } from '../../../src/http/index.ts';
import { createGisReader } from '../../../src/load/index.ts';
import { faultsOf } from './api-document.ts';
import { type Answer, boundaryFile, startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
afterEach(() => server.stop());

const ids = (count: number) => Array.from({ length: count }, (_, index) => `id-${index + 1}`);

async function upload(
  body: NonNullable<RequestInit['body']>,
  given: {
    readonly limits?: Partial<HttpLimits>;
    readonly ports?: Partial<HttpPorts>;
    readonly encoding?: string;
  } = {},
  query = 'name=test',
): Promise<Answer> {
  server = await startTestServer(given);
  return await server.send('POST', `/api/v1/datasets?${query}`, {
    headers: {
      'content-type': 'application/geo+json',
      ...(given.encoding === undefined ? {} : { 'content-encoding': given.encoding }),
    },
    body,
  });
}

/** A text as a stream of chunks, as fetch takes it. */
function streamed(text: string, chunkBytes: number): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(new Uint8Array(bytes.subarray(at, at + chunkBytes)));
      at += chunkBytes;
    },
  });
}

describe('a boundary file', () => {
  it('is read as it arrives, in chunks of any size and without a length', async () => {
    const answer = await upload(streamed(JSON.stringify(boundaryFile(ids(40))), 997));
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json).toMatchObject({ dataset: { boundaryCount: 40 } });
  });

  it('reaches the reader before its end is sent', async () => {
    let firstBytes: (text: string) => void = () => {};
    const seen = new Promise<string>((resolve) => {
      firstBytes = resolve;
    });
    const features: HttpPorts['gis']['features'] = async function* (bytes) {
      for await (const chunk of bytes) firstBytes(Buffer.from(chunk).toString());
      yield {
        kind: 'refused',
        refused: { ordinal: 1, boundaryId: undefined, code: 'load.test', reason: 'as planned' },
      };
    };
    let isSent = false;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (!isSent) {
          isSent = true;
          controller.enqueue(Buffer.from('{"type":'));
          return;
        }
        // The rest leaves only after the reader has had the first part.
        expect(await seen).toBe('{"type":');
        controller.enqueue(Buffer.from('"FeatureCollection"}'));
        controller.close();
      },
    });
    const answer = await upload(body, {
      ports: { gis: { ...createGisReader({ uploadsFolder: '/nonexistent' }), features } },
    });
    expect(answer.status, answer.text).toBe(422);
  });

  it.each(['gzip', 'x-gzip', 'GZIP'])('may be %s', async (encoding) => {
    const answer = await upload(gzipSync(JSON.stringify(boundaryFile(ids(3)))), { encoding });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json).toMatchObject({ dataset: { boundaryCount: 3 } });
  });

  it('takes the service of the query for features that name none', async () => {
    const file = boundaryFile(['a']) as { features: { properties: Record<string, unknown> }[] };
    for (const { properties } of file.features) delete properties['ServiceURN'];
    const answer = await upload(
      JSON.stringify(file),
      {},
      'name=x&service=urn:service:SOS.fire&activate=true',
    );
    expect(answer.status, answer.text).toBe(201);
    const boundary = await server.send('GET', '/api/v1/boundaries/a');
    expect(boundary.json).toMatchObject({ properties: { ServiceURN: 'urn:service:sos.fire' } });
  });
});

describe('a boundary file that is refused', () => {
  it('changes nothing and lists every refused feature with its reason', async () => {
    const file = boundaryFile(['a', 'b', 'b', 'd']) as {
      features: { properties: Record<string, unknown> }[];
    };
    delete file.features[0]?.properties['ServiceURI'];
    const answer = await upload(JSON.stringify(file));
    expect(answer.status).toBe(422);
    expect(faultsOf({ $ref: '#/components/schemas/Problem' }, answer.json)).toEqual([]);
    expect(answer.json).toMatchObject({
      type: '/api/v1/problems/http.loadRefused',
      detail: '2 of 4 features cannot be used; nothing was changed',
      readCount: 4,
      refusedCount: 2,
      refused: [
        {
          ordinal: 1,
          boundaryId: 'a',
          code: 'load.uriMissing',
          reason: expect.stringContaining('ServiceURI'),
        },
        { ordinal: 3, boundaryId: 'b', code: 'load.idDuplicate' },
      ],
    });
    expect(server.boundaries.datasets.size).toBe(0);
    expect(server.audit.rows.map(({ action }) => action)).toEqual(['key.replaced']);
  });

  it('lists the first ones of many, and counts all', async () => {
    const file = JSON.stringify(boundaryFile(ids(50)));
    const answer = await upload(file.replaceAll('sip:', 'http:'), { limits: { listedFeaturesMax: 10 } });
    expect(answer.json).toMatchObject({ readCount: 50, refusedCount: 50 });
    expect(answer.json['refused']).toHaveLength(10);
  });

  it.each([
    ['broken JSON', '{"type":"FeatureCollection","features":[{]}', 'load.jsonBroken'],
    ['no GeoJSON', '{"hello":1}', 'load.notGeoJson'],
    ['an empty file', '', 'load.notGeoJson'],
  ])('%s', async (_name, text, code) => {
    const answer = await upload(text);
    expect(answer.status, answer.text).toBe(422);
    expect(answer.json['refused']).toContainEqual(expect.objectContaining({ code }));
  });
});

describe('limits of an upload', () => {
  const large = JSON.stringify(boundaryFile(ids(200)));

  it.each<[string, NonNullable<RequestInit['body']>, string | undefined]>([
    ['by its Content-Length', large, undefined],
    ['as it comes', streamed(large, 4_096), undefined],
    ['by what it decompresses to', gzipSync(large), 'gzip'],
  ])('413 %s, and nothing is kept', async (_name, body, encoding) => {
    const limits = { uploadBytesMax: 20_000 };
    const answer = await upload(body, encoding === undefined ? { limits } : { limits, encoding });
    expect(answer.status, answer.text).toBe(413);
    expect(answer.json).toMatchObject({ type: '/api/v1/problems/http.bodyTooLarge' });
    expect(server.boundaries.datasets.size).toBe(0);
  });

  it.each([
    ['that is none', Buffer.from('{"type":"FeatureCollection","features":[]}')],
    ['that ends early', gzipSync(large).subarray(0, 500)],
  ])('400 for gzip %s', async (_name, body) => {
    const answer = await upload(body, { encoding: 'gzip' });
    expect(answer.status, answer.text).toBe(400);
    expect(answer.json).toMatchObject({ type: '/api/v1/problems/http.badEncoding' });
  });

  it('408 when the bytes stop coming', async () => {
    server = await startTestServer({ limits: { bodyIdleMs: 50, lingerMs: 50 } });
    const text = await raw(
      `POST /api/v1/datasets?name=x HTTP/1.1\r\nHost: x\r\nX-API-Key: ${server.key}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"type":',
    );
    expect(text).toContain('HTTP/1.1 408 ');
    expect(text).toContain('/api/v1/problems/http.bodyTimeout');
    expect(server.boundaries.datasets.size).toBe(0);
  });

  it('a client that goes away leaves nothing behind', async () => {
    server = await startTestServer();
    const loaded = new Promise<void>((resolve) => {
      const load = server.boundaries.load.bind(server.boundaries);
      server.boundaries.load = async (features, options) => {
        try {
          return await load(features, options);
        } finally {
          resolve();
        }
      };
    });
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      `POST /api/v1/datasets?name=x HTTP/1.1\r\nHost: x\r\nX-API-Key: ${server.key}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"type":',
      () => socket.destroy(),
    );
    await loaded;
    expect(server.boundaries.datasets.size).toBe(0);
    expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('bytes that are no request', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400, 'http.badMessage'],
    ['no Host', 'GET /livez HTTP/1.1\r\n\r\n', 400, 'http.badMessage'],
    [
      'too many header bytes',
      `GET /livez HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
      431,
      'http.headersTooLarge',
    ],
    ['a target that is no path', 'GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n', 404, 'http.noSuchPath'],
  ])('%s: %i', async (_name, request, status, code) => {
    server = await startTestServer({ limits: { keepAliveMs: 50 } });
    const text = await raw(request);
    expect(text).toContain(`HTTP/1.1 ${status} `);
    expect(text).toContain('application/problem+json');
    expect(text).toContain(`/api/v1/problems/${code}`);
  });
});

/** Everything that the server says to these bytes before it closes. */
function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(text));
    socket.write(request);
  });
}
