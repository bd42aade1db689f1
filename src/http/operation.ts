import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Actor } from '../esrp/index.ts';
import type { HttpErrorCode } from './errors.ts';
import type { HttpLimits } from './limits.ts';
import type { LoadsUnderWay } from './loads.ts';
import { type FieldError, type Outcome, problem } from './problem.ts';
import type { HttpPorts } from './types.ts';
import { fieldErrors } from './validation.ts';

/** What the table of operations asks of its surroundings: the ports, and the API document that is made from the table itself. */
export interface OperationPorts extends HttpPorts {
  readonly document: () => unknown;
  readonly limits: HttpLimits;
  /** Event streams that are open, for the end of the server. */
  readonly streams: Set<ServerResponse>;
  /** Loads that are under way. */
  readonly loads: LoadsUnderWay;
}

/** A body as an operation takes it. */
export type RequestBody<Json = unknown> =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: Json }
  | { readonly kind: 'document'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'upload';
      readonly chunks: AsyncIterable<Uint8Array>;
      /** Of a form: the file's name, and the fields before it. */
      readonly fileName?: string | undefined;
      readonly fields?: ReadonlyMap<string, string>;
    };

/** The bodies that an operation takes, by media type. */
export interface BodySpec<Json extends z.ZodType = z.ZodType> {
  readonly json?: { readonly schema: Json; readonly examples: Readonly<Record<string, unknown>> };
  /** Read whole, handed on as bytes. */
  readonly document?: { readonly mediaTypes: readonly string[]; readonly example: string };
  /** Handed on as it arrives; may be gzip. */
  readonly upload?: {
    readonly mediaTypes: readonly string[];
    readonly example: unknown;
    /** Of files whose bytes say what they are. */
    readonly binaryMediaTypes?: readonly string[];
    /** A form is taken too: its part `file`, and these fields before it, by name with what they are. */
    readonly formFields?: Readonly<Record<string, string>>;
  };
}

/** One successful answer of an operation, for the API document. */
export interface ReplySpec {
  readonly status: number;
  readonly description: string;
  readonly mediaType: string;
  /** Registered in wire/registry.ts; absent where the answer is plain text or a document of another standard. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
}

/** An operation as the API document describes it. */
export interface OperationShape {
  /** `operationId`: a verb and a noun. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With parameters in braces. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: 'key' | 'open';
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: BodySpec;
  readonly replies: readonly ReplySpec[];
  /** Problems of its own, besides those that every operation of its kind can have. */
  readonly problems: readonly HttpErrorCode[];
}

/** What the server hands to an operation. `readBody` rejects with ProblemError. */
export interface OperationInput {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: URLSearchParams;
  readonly actor: Actor | undefined;
  readonly ports: OperationPorts;
  readBody(): Promise<RequestBody>;
}

/** One row of the table that makes both the router and the API document. */
export interface Operation extends OperationShape {
  answer(input: OperationInput): Promise<Outcome>;
}

/** What an operation's own code gets: checked values. */
export interface OperationContext<Params, Query, Json> {
  readonly params: Params;
  readonly query: Query;
  readonly body: RequestBody<Json>;
  /** Who asks; `anonymous` in open operations. */
  readonly actor: Actor;
  readonly ports: OperationPorts;
}

interface Definition<P extends z.ZodObject, Q extends z.ZodObject, J extends z.ZodType>
  extends Omit<OperationShape, 'params' | 'query' | 'body'> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: BodySpec<J>;
  handle(context: OperationContext<z.output<P>, z.output<Q>, z.output<J>>): Promise<Outcome> | Outcome;
}

/** Declares an operation: path and query are checked together before the body is read, then the body, then `handle` runs. */
export function defineOperation<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  J extends z.ZodType = z.ZodType,
>(definition: Definition<P, Q, J>): Operation {
  const { handle, body: bodySpec, params: paramsSchema, query: querySchema, ...shape } = definition;
  const params = paramsSchema ?? nothing;
  const query = querySchema ?? nothing;
  return {
    ...shape,
    params,
    query,
    ...(bodySpec === undefined ? {} : { body: bodySpec }),
    async answer(input) {
      const given = checkParameters(params, query, input);
      if (given.errors.length > 0) return invalid(given.errors);
      const raw = await input.readBody();
      const body = checkBody(bodySpec, raw);
      if (body.errors !== undefined) return invalid(body.errors);
      return handle({
        params: given.params as z.output<P>,
        query: given.query as z.output<Q>,
        body: body.value as RequestBody<z.output<J>>,
        actor: input.actor ?? { name: 'anonymous', via: 'api' },
        ports: input.ports,
      });
    },
  };
}

const nothing = z.strictObject({});

function checkParameters(params: z.ZodObject, query: z.ZodObject, input: OperationInput) {
  const repeated: FieldError[] = [...new Set(input.query.keys())]
    .filter((name) => input.query.getAll(name).length > 1)
    .map((name) => ({ in: 'query', path: name, message: 'is given more than once' }));
  const inPath = params.safeParse(input.params);
  const inQuery = query.safeParse(Object.fromEntries(input.query));
  return {
    params: inPath.data,
    query: inQuery.data,
    errors: [
      ...(inPath.success ? [] : fieldErrors('path', inPath.error.issues)),
      ...repeated,
      ...(inQuery.success ? [] : fieldErrors('query', inQuery.error.issues)),
    ],
  };
}

function checkBody(
  spec: BodySpec | undefined,
  raw: RequestBody,
): { value: RequestBody; errors?: undefined } | { errors: readonly FieldError[] } {
  if (raw.kind !== 'json' || spec?.json === undefined) return { value: raw };
  const checked = spec.json.schema.safeParse(raw.value);
  if (!checked.success) return { errors: fieldErrors('body', checked.error.issues) };
  return { value: { kind: 'json', value: checked.data } };
}

function invalid(errors: readonly FieldError[]): Outcome {
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail = first === undefined ? 'the request is invalid' : `${first.path}: ${first.message}${more}`;
  return problem('http.invalidRequest', detail, { errors });
}
