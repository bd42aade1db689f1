import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  defaultLostRequestLimits,
  type LostAnswer,
  type LostRequest,
  readLostRequest,
  writeLostAnswer,
} from '../../../src/lost/index.ts';
import { answerOf, errorsOf, mapping } from '../ecrf/support.ts';
import { run } from './run.ts';

describe('firstline lost', () => {
  let server: Server;
  let url: string;
  let answer: LostAnswer | string;
  const asked: {
    readonly path: string;
    readonly request: LostRequest;
    readonly cache: string | undefined;
  }[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const read = readLostRequest(Buffer.concat(chunks), defaultLostRequestLimits);
        if (!read.ok) throw new Error(read.error.message);
        asked.push({ path: request.url ?? '', request: read.value, cache: request.headers['cache-control'] });
        response.end(typeof answer === 'string' ? answer : writeLostAnswer(answer));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await new Promise((done) => server.close(done));
  });

  beforeEach(() => {
    asked.length = 0;
    answer = answerOf([mapping({ serviceNumber: '911' })]);
  });

  const ask = (...words: string[]) => run(['--url', url, 'lost', ...words]);

  it('finds who serves a point', async () => {
    const { code, out } = await ask('find', '40.7', '-74', '--service', 'urn:service:sos.fire');
    expect(code).toBe(0);
    expect(out).toContain('sip:other@example.com');
    expect(out).toContain('911');
    expect(asked).toMatchObject([
      {
        path: '/lost',
        cache: 'no-cache',
        request: {
          kind: 'findService',
          service: 'urn:service:sos.fire',
          isRecursive: true,
          locations: [{ value: { shape: { position: { lon: -74, lat: 40.7 } } } }],
        },
      },
    ]);
  });

  it('has an address validated by the LVF', async () => {
    answer = answerOf([mapping()], {
      locationValidation: { valid: ['country'], invalid: ['A3'], unchecked: ['HNO'] },
    });
    const { out } = await ask('find', '--civic', 'country=US,A3=Nowhere,HNO=1', '--validate');
    expect(out).toMatch(/invalid\s+A3/);
    expect(asked).toMatchObject([
      { path: '/lvf', request: { validatesLocation: true, additionalLocation: 'similar' } },
    ]);
  });

  it('lists services, at a place too', async () => {
    const path = [{ source: 'other.example' }];
    answer = { kind: 'listServicesResponse', services: ['urn:service:sos'], warnings: [], path };
    expect((await ask('services')).out).toBe('urn:service:sos\n');
    answer = { ...answer, kind: 'listServicesByLocationResponse', locationUsed: 'place' };
    expect((await ask('services', '1', '2', '--service', 'urn:service:sos')).out).toContain(
      'urn:service:sos',
    );
    expect(asked.map(({ request }) => request.kind)).toEqual(['listServices', 'listServicesByLocation']);
  });

  it('fetches a boundary, and prints what came', async () => {
    answer = errorsOf('notFound');
    const { code, out } = await ask('boundary', 'a-key', '--xml');
    expect(code).toBe(1);
    expect(out).toContain('<notFound');
    expect(asked).toMatchObject([{ request: { kind: 'getServiceBoundary', key: 'a-key' } }]);
  });

  it.each([
    ['no place', ['find'], 2, 'give one place'],
    ['half a place', ['find', '1'], 2, 'give one place'],
    ['two places', ['find', '1', '2', '--civic', 'country=US'], 2, 'give one place'],
    ['no moment', ['find', '1', '2', '--as-of', 'soon'], 2, 'no moment'],
  ])('refuses %s', async (_, words, code, text) => {
    const ran = await ask(...words);
    expect([ran.code, ran.err]).toEqual([code, expect.stringContaining(text)]);
    expect(asked).toEqual([]);
  });

  it('says that what answers is no LoST server, or that nobody does', async () => {
    answer = '<html/>';
    expect(await ask('services')).toMatchObject({ err: expect.stringContaining('does not answer LoST') });
    const nobody = await run(['lost', 'services', '--lost-url', 'http://127.0.0.1:9/lost']);
    expect(nobody.code).toBe(69);
  });
});
