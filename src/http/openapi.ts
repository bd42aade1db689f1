import type { HttpErrorCode } from './errors.ts';
import { formMediaType } from './multipart.ts';
import type { BodySpec, Operation, ReplySpec } from './operation.ts';
import { problemMediaType, problemTypes } from './problem.ts';
import { problemSchema } from './wire/admin.ts';
import { componentRef, componentSchemas, type JsonSchema, parameterSchemas } from './wire/registry.ts';

/** An OpenAPI 3.1 document: as much of its form as we write. */
export interface OpenApiDocument {
  readonly openapi: '3.1.1';
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
  } & JsonSchema;
  readonly servers: readonly JsonSchema[];
  readonly security: readonly JsonSchema[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly components: JsonSchema;
}

const tags = {
  Routing: 'Where a call goes, and why.',
  Boundaries: 'The service boundaries of a dataset.',
  Datasets: 'Loading, activating and rolling back boundaries. Each change leaves a row in the audit trail.',
  Places:
    "The carrier's own tables of places: of radio cells and access points, and of callers' numbers. Each change leaves a row in the audit trail.",
  Calls: 'Recent calls and how they were routed.',
  Discrepancies:
    'Reports of what is wrong with data and services, of others and our own (NENA-STA-010.3 §3.7).',
  Administration: 'Keys and the audit trail.',
  Documentation: 'What this API is.',
  Monitoring: 'Health and counts.',
};

/** Makes the API document of a table of operations. */
export function openApiDocument(operations: readonly Operation[], version: string): OpenApiDocument {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    const item = paths[operation.path] ?? {};
    paths[operation.path] = { ...item, [operation.method]: describeOperation(operation) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Firstline',
      version,
      description:
        'Emergency call routing. Errors are problem documents (RFC 9457). Positions are degrees, WGS 84; moments are RFC 3339.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key: fl_ and 43 characters.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
      schemas: componentSchemas(),
    },
  };
}

/** The problems that an operation can answer with: its own, and those of every operation of its kind. */
export function problemsOf(operation: Operation): readonly HttpErrorCode[] {
  const { access, body, params, query, problems } = operation;
  const codes: HttpErrorCode[] = [...problems];
  if (access === 'key') codes.push('http.keyRequired', 'http.unavailable', 'http.deadlineMissed');
  codes.push('http.invalidRequest', 'http.internal');
  if (body !== undefined) {
    codes.push(
      'http.bodyTimeout',
      'http.bodyTooLarge',
      'http.unsupportedMediaType',
      'http.unsupportedEncoding',
    );
  }
  if (body?.json !== undefined) codes.push('http.badJson');
  if (body?.upload !== undefined) codes.push('http.badEncoding');
  if (Object.keys(params.shape).length + Object.keys(query.shape).length > 0) codes.push('http.badMessage');
  return [...new Set(codes)];
}

function describeOperation(operation: Operation): JsonSchema {
  const parameters = [
    ...parameterSchemas(operation.params).map((found) => describeParameter('path', found)),
    ...parameterSchemas(operation.query).map((found) => describeParameter('query', found)),
  ];
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    ...(operation.access === 'open' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.body === undefined ? {} : { requestBody: describeBody(operation.body) }),
    responses: { ...describeReplies(operation.replies), ...describeProblems(operation) },
  };
}

function describeParameter(
  place: 'path' | 'query',
  found: { readonly name: string; readonly isRequired: boolean; readonly schema: JsonSchema },
): JsonSchema {
  const { description, ...schema } = found.schema;
  return {
    name: found.name,
    in: place,
    required: place === 'path' || found.isRequired,
    ...(description === undefined ? {} : { description }),
    schema,
  };
}

function describeBody(body: BodySpec): JsonSchema {
  const content: Record<string, JsonSchema> = {};
  if (body.json !== undefined) {
    const examples = Object.entries(body.json.examples).map(([name, value]) => [name, { value }]);
    content['application/json'] = {
      schema: componentRef(body.json.schema),
      examples: Object.fromEntries(examples),
    };
  }
  for (const mediaType of body.document?.mediaTypes ?? [])
    content[mediaType] = { example: body.document?.example };
  for (const mediaType of body.upload?.mediaTypes ?? []) {
    const example = body.upload?.example;
    content[mediaType] = { schema: { type: typeof example === 'string' ? 'string' : 'object' }, example };
  }
  // OpenAPI 3.1.1 §4.8.14.2: bytes without a structure have no schema.
  for (const mediaType of body.upload?.binaryMediaTypes ?? []) content[mediaType] = {};
  if (body.upload?.formFields !== undefined) content[formMediaType] = describeForm(body.upload.formFields);
  return { required: true, content };
}

function describeForm(fields: Readonly<Record<string, string>>): JsonSchema {
  const properties = Object.entries(fields).map(([name, description]) => [
    name,
    { type: 'string', description },
  ]);
  const file = {
    description: 'The file; behind the other parts',
    contentMediaType: 'application/octet-stream',
  };
  return {
    schema: { type: 'object', required: ['file'], properties: { ...Object.fromEntries(properties), file } },
  };
}

function describeReplies(replies: readonly ReplySpec[]): Record<string, JsonSchema> {
  return Object.fromEntries(
    replies.map(({ status, description, mediaType, schema, example }) => [
      String(status),
      {
        description,
        content: {
          [mediaType]: {
            ...(schema === undefined ? {} : { schema: componentRef(schema) }),
            ...(example === undefined ? {} : { example }),
          },
        },
      },
    ]),
  );
}

function describeProblems(operation: Operation): Record<string, JsonSchema> {
  const byStatus = new Map<number, HttpErrorCode[]>();
  for (const code of problemsOf(operation)) {
    const { status } = problemTypes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const taken = new Set(operation.replies.map(({ status }) => status));
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !taken.has(status))
      .map(([status, codes]) => [
        String(status),
        {
          description: codes.map((code) => `${problemTypes[code].title} (${code})`).join('; '),
          ...(status === 401 ? { headers: { 'WWW-Authenticate': { schema: { type: 'string' } } } } : {}),
          content: { [problemMediaType]: { schema: componentRef(problemSchema) } },
        },
      ]),
  );
}
