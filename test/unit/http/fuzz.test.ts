import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocumentedOperation, documentedOperations, faultsOf } from './api-document.ts';
import { boundaryFile, startTestServer, type TestServer } from './test-server.ts';

// Requests made from the API document, right and wrong ones, against a running server.

const runs = Number(process.env['FIRSTLINE_FUZZ_RUNS'] ?? 40);
const seed = Number(process.env['FIRSTLINE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

let server: TestServer;
beforeAll(async () => {
  console.info(
    `fuzz seed ${seed} (FIRSTLINE_FUZZ_SEED), ${runs} requests an operation (FIRSTLINE_FUZZ_RUNS)`,
  );
  server = await startTestServer();
  await server.send('POST', '/api/v1/datasets?name=fuzz&activate=true', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(boundaryFile(['a', 'b'])),
  });
});
afterAll(() => server.stop());

const awkward = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-1',
    '1e999',
    'NaN',
    'null',
    'true',
    '%',
    '../..',
    '__proto__',
    '\u0000',
    '😀',
    "'; --",
  ),
  fc.string({ minLength: 300, maxLength: 400 }),
);

/** A value as a schema wants it, written as text. */
function fitting(schema: Readonly<Record<string, unknown>>): fc.Arbitrary<string> {
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum'].map(String));
  const min = Number(schema['minimum'] ?? -1_000);
  const max = Number(schema['maximum'] ?? 1_000);
  if (schema['type'] === 'integer') return fc.integer({ min, max: Math.min(max, 2 ** 31) }).map(String);
  if (schema['type'] === 'number')
    return fc.double({ min, max, noNaN: true }).map((value) => value.toFixed(6));
  if (schema['type'] === 'boolean') return fc.constantFrom('true', 'false');
  if (schema['format'] === 'date-time') {
    return fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  return fc.constantFrom('call-0001', 'a', 'urn:service:sos', 'US', 'http.notFound', 'fuzz');
}

function requests(operation: DocumentedOperation) {
  const parameters = operation.parameters ?? [];
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const chosen = fc.subarray([...query]);
  return fc.record({
    path: fc
      .tuple(
        ...parameters
          .filter((parameter) => parameter.in === 'path')
          .map(({ schema }) => fc.oneof(fitting(schema), awkward)),
      )
      .map((values) =>
        values.reduce(
          (path, value) => path.replace(/\{\w+\}/, encodeURIComponent(wellFormed(value)) || '%20'),
          operation.path,
        ),
      ),
    query: chosen.chain((some) =>
      fc.tuple(
        ...some.map(({ name, schema }) =>
          fc.oneof({ weight: 3, arbitrary: fitting(schema) }, awkward).map((value) => [name, value] as const),
        ),
      ),
    ),
    stray: fc.option(fc.tuple(awkward, awkward), { freq: 6 }),
    headers: fc.constantFrom<Record<string, string>>(
      {},
      { 'content-encoding': 'gzip' },
      { accept: 'text/html' },
      { range: 'bytes=0-1' },
    ),
    body: bodies(operation),
  });
}

function bodies(operation: DocumentedOperation): fc.Arbitrary<{ type: string; text: string } | undefined> {
  const content = Object.entries(operation.requestBody?.content ?? {});
  if (content.length === 0) return fc.constant(undefined);
  const examples = content.flatMap(([, { example, examples: named }]) => [
    ...(example === undefined ? [] : [example]),
    ...Object.values(named ?? {}).map(({ value }) => value),
  ]);
  const text = fc.oneof(
    fc.constantFrom(...examples.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))),
    fc.json(),
    awkward,
    fc
      .tuple(fc.constantFrom(...examples), fc.jsonValue())
      .map(([example, value]) => JSON.stringify(damaged(example, value))),
  );
  return fc.record({ type: fc.constantFrom(...content.map(([type]) => type), 'text/plain', ''), text });
}

/** An example with one of its members replaced. */
function damaged(example: unknown, value: unknown): unknown {
  if (typeof example !== 'object' || example === null) return value;
  const [name] = Object.keys(example);
  return name === undefined ? value : { ...example, [name]: value };
}

function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '');
}

describe('a fuzz of every operation', () => {
  // Rotation takes no input, and would end the key for what follows.
  const operations = documentedOperations().filter(({ operationId }) => operationId !== 'rotateKey');
  it.each(operations.map((operation) => [operation.operationId, operation] as const))(
    '%s: no 500, every error a problem document, every answer as documented',
    async (_id, operation) => {
      await fc.assert(
        fc.asyncProperty(requests(operation), async ({ path, query, stray, headers, body }) => {
          const search = new URLSearchParams(
            [...query, ...(stray === null ? [] : [stray])].map(([name, value]): [string, string] => [
              name,
              wellFormed(value),
            ]),
          );
          const type = body === undefined || body.type === '' ? {} : { 'content-type': body.type };
          const answer = await server.send(operation.method.toUpperCase(), `${path}?${search}`, {
            headers: { ...headers, ...type },
            ...(body === undefined ? {} : { body: Buffer.from(body.text) }),
          });
          expect(answer.status, answer.text).not.toBe(500);
          const mediaType = answer.headers.get('content-type') ?? '';
          const isHealth = path.endsWith('z') && answer.status === 503;
          const isError = answer.status >= 400 && !isHealth;
          expect(mediaType === 'application/problem+json', `${answer.status} ${mediaType}`).toBe(isError);
          const schema = isError
            ? { $ref: '#/components/schemas/Problem' }
            : operation.responses[String(answer.status)]?.content[mediaType]?.schema;
          if (schema !== undefined) expect(faultsOf(schema, answer.json)).toEqual([]);
        }),
        { seed, numRuns: runs },
      );
      expect(server.logged.filter(({ level }) => level === 'error')).toEqual([]);
    },
    60_000,
  );
});
