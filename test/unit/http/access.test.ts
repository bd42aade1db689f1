import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKeyRandomBytes, hashApiKey, isApiKey, newApiKey } from '../../../src/http/index.ts';
import { documentedOperations } from './api-document.ts';
import { startTestServer, type TestServer } from './test-server.ts';

// Operations that answer without a key; every other one needs it.
const open = ['readDocument', 'readProblemType', 'readLiveness', 'readReadiness', 'readDiscrepancyVersions'];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const rows = documentedOperations().map(
  ({ operationId, method, path }) =>
    [operationId, method.toUpperCase(), path.replace(/\{\w+\}/g, 'call-0001')] as const,
);

describe('operation by key', () => {
  it('the table sees every operation', () => {
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.map(([id]) => id)).toEqual(expect.arrayContaining(open));
  });

  it.each(rows)('%s without a key', async (id, method, path) => {
    const answer = await server.send(method, path, { key: undefined });
    expect(answer.status === 401, answer.text).toBe(!open.includes(id));
    if (answer.status === 401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="firstline"');
  });

  it.each(rows)('%s with a key that is not in force', async (id, method, path) => {
    const key = newApiKey(randomBytes(apiKeyRandomBytes));
    const answer = await server.send(method, path, { key });
    expect(answer.status === 401, answer.text).toBe(!open.includes(id));
    if (answer.status === 401) {
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="firstline", error="invalid_token"');
    }
  });

  // Rotation would end the key for the rows after it; operations.test.ts has it.
  it.each(rows.filter(([id]) => id !== 'rotateKey'))('%s with the key', async (_id, method, path) => {
    const answer = await server.send(method, path);
    expect(answer.status).not.toBe(401);
  });
});

describe('how a key may come', () => {
  it.each<[string, number, (key: string) => Record<string, string>]>([
    ['Bearer', 200, (key) => ({ authorization: `Bearer ${key}` })],
    ['bearer in other case', 200, (key) => ({ authorization: `bEaReR ${key}` })],
    ['X-API-Key', 200, (key) => ({ 'x-api-key': key })],
    ['X-API-Key beside another scheme', 200, (key) => ({ 'x-api-key': key, authorization: 'Basic eDp5' })],
    ['Basic', 401, (key) => ({ authorization: `Basic ${Buffer.from(`admin:${key}`).toString('base64')}` })],
    ['the hash itself', 401, (key) => ({ authorization: `Bearer ${hashApiKey(key)}` })],
    ['the key and more', 401, (key) => ({ authorization: `Bearer ${key}x` })],
    ['a key cut short', 401, (key) => ({ authorization: `Bearer ${key.slice(0, -1)}` })],
    ['nothing after Bearer', 401, () => ({ authorization: 'Bearer ' })],
    ['in the query', 401, () => ({})],
  ])('%s: %i', async (name, status, headersOf) => {
    const path = name === 'in the query' ? `/api/v1/calls?key=${server.key}` : '/api/v1/calls';
    const answer = await server.send('GET', path, { key: undefined, headers: headersOf(server.key) });
    expect(answer.status).toBe(status);
  });
});

describe('keys', () => {
  it('are fl_ and 43 base64url characters of the bytes given', () => {
    expect(newApiKey(new Uint8Array(32))).toBe(`fl_${'A'.repeat(43)}`);
    expect(newApiKey(new Uint8Array(32).fill(255))).toMatch(/^fl_[A-Za-z0-9_-]{43}$/);
    expect(() => newApiKey(new Uint8Array(16))).toThrow('32 bytes');
  });

  it.each([
    ['', false],
    [`fl_${'A'.repeat(42)}`, false],
    [`fl_${'A'.repeat(43)}`, true],
    [`fl_${'A'.repeat(43)}\n`, false],
    [`fl_${'+'.repeat(43)}`, false],
  ])('%j is a key: %s', (text, expected) => expect(isApiKey(text)).toBe(expected));

  it('hash to SHA-256 in hex', () => {
    expect(hashApiKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
