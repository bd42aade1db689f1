import { type HttpErrorCode, httpErrors } from './errors.ts';

/** One value of a request that is wrong. `path` is a parameter's name, or a JSON Pointer (RFC 6901) into the body. */
export interface FieldError {
  readonly in: 'path' | 'query' | 'body';
  readonly path: string;
  readonly message: string;
}

/** An error answer before it is written: what happened, where several things are wrong each of them, and extension members. */
export interface Problem {
  readonly kind: 'problem';
  readonly code: HttpErrorCode;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is ready to be sent. */
export interface Reply {
  readonly kind: 'reply';
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer without an end: events as they happen (HTML Living Standard §9.2, `text/event-stream`). */
export interface EventStream {
  readonly kind: 'events';
  /** Begins; the result ends it. `send` takes whole events. */
  open(send: (event: ServerEvent) => void): () => void;
}

/** One event of an {@link EventStream}. */
export interface ServerEvent {
  readonly name: string;
  /** JSON without line breaks. */
  readonly data: string;
}

/** What an operation comes to. */
export type Outcome = Reply | Problem | EventStream;

/** Carries a {@link Problem} out of a byte stream, where no Result can travel. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

interface ProblemType {
  readonly status: number;
  readonly title: string;
}

/** Status and title of each problem type. `http.listenFailed` never reaches a client; its row keeps the table whole. */
export const problemTypes: Readonly<Record<HttpErrorCode, ProblemType>> = {
  'http.badMessage': { status: 400, title: 'Unreadable request' },
  'http.invalidRequest': { status: 400, title: 'Invalid request' },
  'http.badJson': { status: 400, title: 'Not JSON' },
  'http.badEncoding': { status: 400, title: 'Undecodable body' },
  'http.keyRequired': { status: 401, title: 'API key required' },
  'http.noSuchPath': { status: 404, title: 'No such path' },
  'http.notFound': { status: 404, title: 'Not found' },
  'http.methodNotAllowed': { status: 405, title: 'Method not allowed' },
  'http.bodyTimeout': { status: 408, title: 'Body too slow' },
  'http.nothingToRollBack': { status: 409, title: 'Nothing to roll back' },
  'http.tableBusy': { status: 409, title: 'Table busy' },
  'http.notChecked': { status: 409, title: 'Not checked' },
  'http.checkFailed': { status: 409, title: 'Check failed' },
  'http.changeKeyTaken': { status: 409, title: 'Key taken' },
  'http.laterChanges': { status: 409, title: 'Later changes' },
  'http.datasetActive': { status: 409, title: 'Dataset active' },
  'http.bodyTooLarge': { status: 413, title: 'Body too large' },
  'http.unsupportedMediaType': { status: 415, title: 'Unsupported media type' },
  'http.unsupportedEncoding': { status: 415, title: 'Unsupported content encoding' },
  'http.loadRefused': { status: 422, title: 'Load refused' },
  'http.discrepancyRefused': { status: 454, title: 'Unspecified error' },
  'http.discrepancyNotOurs': { status: 470, title: 'Unknown service or database' },
  'http.reporterUnauthorized': { status: 471, title: 'Unauthorized reporter' },
  'http.responderUnauthorized': { status: 472, title: 'Unauthorized responder' },
  'http.reportUnknown': { status: 473, title: 'Unknown report id' },
  'http.reportResolved': { status: 474, title: 'Resolution already provided' },
  'http.reportOpen': { status: 475, title: 'Response not available yet' },
  'http.headersTooLarge': { status: 431, title: 'Header fields too large' },
  'http.internal': { status: 500, title: 'Internal error' },
  'http.listenFailed': { status: 500, title: 'Cannot listen' },
  'http.tooManyStreams': { status: 503, title: 'Too many event streams' },
  'http.tooManyQueries': { status: 503, title: 'Too many LoST questions' },
  'http.credentialRequired': { status: 401, title: 'Credential required' },
  'http.unavailable': { status: 503, title: 'Temporarily unavailable' },
  'http.deadlineMissed': { status: 503, title: 'No answer in time' },
};

/** The media type of problem documents (RFC 9457 §6.1). */
export const problemMediaType = 'application/problem+json';

/** Makes a problem. */
export function problem(
  code: HttpErrorCode,
  detail: string,
  more: Omit<Problem, 'kind' | 'code' | 'detail'> = {},
): Problem {
  return { kind: 'problem', code, detail, ...more };
}

/** Makes a JSON answer. */
export function jsonReply(
  status: number,
  value: unknown,
  more: { readonly contentType?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Reply {
  const { contentType = 'application/json', headers } = more;
  const body = JSON.stringify(value);
  return headers === undefined
    ? { kind: 'reply', status, contentType, body }
    : { kind: 'reply', status, contentType, headers, body };
}

/** Where a problem type is described: the `type` member of its documents, relative to the server (RFC 9457 §3.1.1). */
export function problemTypeUri(code: HttpErrorCode): string {
  return `/api/v1/problems/${code}`;
}

/** Writes a problem document. The request id becomes `instance`, and the log has it too. */
export function problemReply(given: Problem, requestId: string): Reply {
  const { status, title } = problemTypes[given.code];
  const document = {
    type: problemTypeUri(given.code),
    title,
    status,
    detail: given.detail,
    instance: `urn:uuid:${requestId}`,
    ...(given.errors === undefined ? {} : { errors: given.errors }),
    ...given.extensions,
  };
  return jsonReply(status, document, {
    contentType: problemMediaType,
    ...(given.headers === undefined ? {} : { headers: given.headers }),
  });
}

/** Whether a text is a code of the error table. */
export function isHttpErrorCode(text: string): text is HttpErrorCode {
  return Object.hasOwn(httpErrors, text);
}
