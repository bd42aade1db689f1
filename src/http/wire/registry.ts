import { z } from 'zod';

// The named schemas of the API document. Requests are described by what comes in, answers by what goes out, so that
// defaults and conversions read right on either side; no name stands in both.

const requests = z.registry<{ id: string }>();
const replies = z.registry<{ id: string }>();

/** Names a schema of request bodies. */
export function requestComponent<T extends z.ZodType>(id: string, schema: T): T {
  requests.add(schema, { id });
  return schema;
}

/** Names a schema of answers. */
export function replyComponent<T extends z.ZodType>(id: string, schema: T): T {
  replies.add(schema, { id });
  return schema;
}

/** The reference to a named schema. */
export function componentRef(schema: z.ZodType): { readonly $ref: string } {
  const id = (requests.get(schema) ?? replies.get(schema))?.id;
  if (id === undefined) throw new TypeError('a schema of the API document has no name');
  return { $ref: componentUri(id) };
}

/** A JSON Schema object (2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** All named schemas, by name. */
export function componentSchemas(): Readonly<Record<string, JsonSchema>> {
  const incoming = z.toJSONSchema(requests, {
    uri: componentUri,
    io: 'input',
    override: shorten,
  }).schemas;
  const outgoing = z.toJSONSchema(replies, {
    uri: componentUri,
    io: 'output',
    override: shorten,
  }).schemas;
  const all = Object.entries({ ...incoming, ...outgoing }).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(all.map(([id, schema]) => [id, withoutRoot(schema)]));
}

/** The properties of an object schema as its values are after conversion, and which of them must be given. */
export function parameterSchemas(
  schema: z.ZodObject,
): readonly { readonly name: string; readonly isRequired: boolean; readonly schema: JsonSchema }[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'output', override: shorten });
  return Object.entries(properties).map(([name, property]) => ({
    name,
    isRequired: !(schema.shape[name]?.safeParse(undefined).success ?? false),
    schema: property as JsonSchema,
  }));
}

function componentUri(id: string): string {
  return `#/components/schemas/${id}`;
}

/** Leaves out what only repeats the type: zod's screen-long pattern of every valid date, and the range of safe integers. */
function shorten({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema['format'] === 'date-time') delete jsonSchema['pattern'];
  if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
}

function withoutRoot(schema: Readonly<Record<string, unknown>>): JsonSchema {
  const { $schema: _dialect, $id: _id, ...rest } = schema;
  return rest;
}
