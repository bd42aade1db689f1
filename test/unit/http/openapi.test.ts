import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiDocument, documentedOperations, faultsOf, type MediaType } from './api-document.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const operations = documentedOperations();
const rows = operations.map((operation) => [operation.operationId, operation] as const);

describe('the API document (OpenAPI 3.1.1)', () => {
  it('has what the specification requires at the top (§4.8.1)', () => {
    expect(apiDocument.openapi).toMatch(/^3\.1\.\d+$/);
    expect(apiDocument.info.title).toBeTruthy();
    expect(apiDocument.info.version).toBe('0.1.0');
    expect(operations.length).toBeGreaterThan(15);
  });

  it('gives each operation an id of its own (§4.8.10)', () => {
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it.each(rows)('%s names a known tag and has a summary and a successful answer', (_id, operation) => {
    const tags = apiDocument.tags.map(({ name }) => name);
    expect(tags).toEqual(expect.arrayContaining([...operation.tags]));
    expect(operation.summary).toMatch(/[.?]/);
    expect(Object.keys(operation.responses).some((status) => status.startsWith('2'))).toBe(true);
    for (const response of Object.values(operation.responses)) expect(response.description).toBeTruthy();
  });

  it.each(rows)(
    '%s declares exactly the parameters of its path, each required (§4.8.12)',
    (_id, operation) => {
      const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      expect(declared.every(({ required }) => required)).toBe(true);
      for (const { schema } of operation.parameters ?? []) expect(schema['type']).toBeTruthy();
    },
  );

  it.each(rows)('%s documents 401 exactly where it needs a key', (_id, operation) => {
    const isOpen = operation.security?.length === 0;
    expect('401' in operation.responses).toBe(!isOpen);
  });

  it('resolves every reference', () => {
    const refs = [...JSON.stringify(apiDocument).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? '');
    expect(refs.length).toBeGreaterThan(20);
    for (const ref of refs) {
      const parts = ref.replace(/^#\//, '').split('/');
      expect(
        parts.reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], apiDocument),
        ref,
      ).toBeDefined();
    }
  });

  const examples = operations.flatMap((operation) => [
    ...mediaExamples(`${operation.operationId} takes`, operation.requestBody?.content ?? {}),
    ...Object.entries(operation.responses).flatMap(([status, { content }]) =>
      mediaExamples(`${operation.operationId} answers ${status}`, content),
    ),
  ]);

  it('has examples to check', () => expect(examples.length).toBeGreaterThan(18));

  it.each(examples)('example: %s %s', (_what, _mediaType, schema, value) => {
    expect(faultsOf(schema, value)).toEqual([]);
  });

  it('finds a wrong example', () => {
    expect(faultsOf({ $ref: '#/components/schemas/Dataset' }, { id: 'one' })).not.toEqual([]);
  });
});

describe('schemas/openapi.json', () => {
  it('is what `firstline openapi` prints', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const written = JSON.parse(readFileSync('schemas/openapi.json', 'utf8'));
    const current = JSON.parse(JSON.stringify({ ...apiDocument, info: { ...apiDocument.info, version } }));
    expect(
      written,
      'run: npx firstline openapi > schemas/openapi.json && npx biome check --write schemas',
    ).toEqual(current);
  });
});

describe('the served API', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  it('serves the document', async () => {
    const answer = await server.send('GET', '/api/v1/openapi.json', { key: undefined });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual(JSON.parse(JSON.stringify(apiDocument)));
  });

  it.each(rows)('serves %s', async (_id, operation) => {
    const path = operation.path.replace(/\{(\w+)\}/g, '1');
    const answer = await server.send(operation.method.toUpperCase(), path, { key: undefined });
    // Without a key every operation says so, or answers; a path that is not served says 404 http.noSuchPath.
    expect(answer.json['type']).not.toBe('/api/v1/problems/http.noSuchPath');
    expect(answer.status).not.toBe(405);
  });

  it.each(rows)('refuses other methods on the path of %s', async (_id, operation) => {
    const path = operation.path.replace(/\{(\w+)\}/g, '1');
    const answer = await server.send('PATCH', path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toContain(operation.method.toUpperCase());
  });
});

function mediaExamples(what: string, content: Readonly<Record<string, MediaType>>) {
  return Object.entries(content).flatMap(([mediaType, { schema, example, examples }]) => {
    if (schema === undefined) return [];
    const values = [
      ...(example === undefined ? [] : [example]),
      ...Object.values(examples ?? {}).map(({ value }) => value),
    ];
    return values.map((value) => [what, mediaType, schema, value] as const);
  });
}
