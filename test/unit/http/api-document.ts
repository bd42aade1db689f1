import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type OpenApiDocument, openApiDocument, operations } from '../../../src/http/index.ts';

/** The API document as the tests' server serves it. */
export const apiDocument: OpenApiDocument = openApiDocument(operations, '0.1.0');

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
ajv.addKeyword('example');
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
ajv.addFormat('uri-reference', /^\S+$/);
ajv.addSchema({ $id: 'api', components: apiDocument.components });
ajv.addVocabulary(['components']);

const compiled = new Map<string, ValidateFunction>();

/** A check of one schema of the document. */
export function validatorOf(schema: unknown): ValidateFunction {
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/');
  const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
  compiled.set(text, validate);
  return validate;
}

/** What is wrong with a value by a schema of the document; empty where nothing is. */
export function faultsOf(schema: unknown, value: unknown): readonly string[] {
  const validate = validatorOf(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}

/** One operation of the document as the tests read it. */
export interface DocumentedOperation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Readonly<Record<string, unknown>>;
  }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, MediaType>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content: Readonly<Record<string, MediaType>> }>
  >;
}

export interface MediaType {
  readonly schema?: unknown;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

/** Every operation of the document. */
export function documentedOperations(): readonly DocumentedOperation[] {
  return Object.entries(apiDocument.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      ...(operation as unknown as DocumentedOperation),
      method,
      path,
    })),
  );
}

/** The schema that the document gives for an answer, by its status and media type. */
export function answerSchema(operationId: string, status: number, mediaType: string): unknown {
  const operation = documentedOperations().find((found) => found.operationId === operationId);
  return operation?.responses[String(status)]?.content[mediaType]?.schema;
}
