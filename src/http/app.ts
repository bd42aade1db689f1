import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { DependencyError, errorText } from '../base/index.ts';
import { authenticate } from './api-key.ts';
import { bodyChunks, readAll } from './body.ts';
import { sendEvents } from './event-stream.ts';
import type { LocationReferences } from './location-references.ts';
import type { LostEndpoint } from './lost-endpoint.ts';
import type { Operation, OperationPorts } from './operation.ts';
import { type Outcome, type Problem, ProblemError, problem, problemReply, type Reply } from './problem.ts';
import { readRequestBody } from './request-body.ts';

/** Serves a table of operations with express: routes, authentication, deadlines, error answers, security headers. */
export function createApp(operations: readonly Operation[], ports: OperationPorts): RequestListener {
  const app = expressApp(operations, ports);
  return (request, response) => {
    for (const [name, value] of securityHeaders) response.setHeader(name, value);
    const unfit = unfitRequest(request);
    if (unfit !== undefined) {
      send(request, response, { requestId: randomUUID(), outcome: unfit, lingerMs: ports.limits.lingerMs });
      return;
    }
    const { references, lost } = ports;
    const token = references?.tokenOf(request.url ?? '');
    if (references !== undefined && token !== undefined) {
      void serveReference({ request, response, ports }, references, token);
    } else if (lost?.takes(request.url ?? '') === true) void serveLost({ request, response, ports }, lost);
    else app(request, response);
  };
}

/** Location references go by possession alone, and stand in no table of operations: their addresses are not ours to list. */
async function serveReference(
  { request, response, ports }: { request: IncomingMessage; response: ServerResponse; ports: OperationPorts },
  references: LocationReferences,
  token: string,
): Promise<void> {
  const requestId = randomUUID();
  const { limits, logger } = ports;
  const readBody = () =>
    readAll(
      bodyChunks(request, {
        bytesMax: limits.referenceBodyBytesMax,
        idleMs: limits.bodyIdleMs,
        isGzipTaken: false,
      }),
    );
  const { method = 'GET', headers } = request;
  const work = references.answer(token, { method, headers, readBody });
  const outcome = await settled(beforeDeadline(work, limits.requestTimeoutMs), (fault) =>
    logger.error('http.fault', { requestId, operation: 'followReference', ...fault }),
  );
  const reply = send(request, response, { requestId, outcome, lingerMs: limits.lingerMs });
  // Never the path: who has it has the location.
  logger.debug('http.request', { requestId, operation: 'followReference', status: reply.status });
}

/** LoST has documents, errors and clients of its own; it stands in no table of REST operations. */
async function serveLost(
  { request, response, ports }: { request: IncomingMessage; response: ServerResponse; ports: OperationPorts },
  lost: LostEndpoint,
): Promise<void> {
  const requestId = randomUUID();
  const { limits, logger } = ports;
  const readBody = (bytesMax: number) =>
    readAll(bodyChunks(request, { bytesMax, idleMs: limits.bodyIdleMs, isGzipTaken: false }));
  const work = lost.answer({ request, requestId, readBody });
  const outcome = await settled(beforeDeadline(work, limits.requestTimeoutMs), (fault) =>
    logger.error('http.fault', { requestId, operation: 'lost', ...fault }),
  );
  send(request, response, { requestId, outcome, lingerMs: limits.lingerMs });
}

const securityHeaders = [
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
] as const;

/** What express would not answer by a problem document, or node by none at all. */
function unfitRequest({ url = '', headers, httpVersion }: IncomingMessage): Problem | undefined {
  if (headers.host === undefined && httpVersion === '1.1') {
    return problem('http.badMessage', 'the Host header field is missing'); // RFC 9112 §3.2
  }
  if (url.startsWith('/') || URL.canParse(url)) return undefined;
  return problem('http.noSuchPath', 'the request target is no path');
}

function expressApp(operations: readonly Operation[], ports: OperationPorts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  // A literal segment goes before a parameter in its place.
  const paths = [...new Set(operations.map(({ path }) => path))].sort((a, b) => rank(a) - rank(b));
  for (const path of paths) {
    const route = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    const here = operations.filter((operation) => operation.path === path);
    for (const operation of here) route[operation.method](serve(operation, ports));
    const allow = here
      .flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
      .join(', ');
    route.all((request, response) => {
      const detail = `${request.method} is not taken here; ${allow} is`;
      send(request, response, {
        requestId: randomUUID(),
        outcome: problem('http.methodNotAllowed', detail, { headers: { Allow: allow } }),
        lingerMs: ports.limits.lingerMs,
      });
    });
  }
  app.use((request: Request, response: Response) => {
    const outcome = problem(
      'http.noSuchPath',
      'nothing is served at this path; /api/v1/openapi.json lists what is',
    );
    send(request, response, { requestId: randomUUID(), outcome, lingerMs: ports.limits.lingerMs });
  });
  app.use(lastResort(ports));
  return app;
}

function rank(path: string): number {
  return path.split('{').length;
}

function serve(operation: Operation, ports: OperationPorts) {
  return async (request: Request, response: Response): Promise<void> => {
    const requestId = randomUUID();
    const startedAt = performance.now();
    let actorName: string | undefined;
    const work = async (): Promise<Outcome> => {
      const actor =
        operation.access === 'key' ? await authenticate(request.headers, ports.apiKeys) : undefined;
      if (operation.access === 'key' && actor === undefined) return keyRequired(request);
      actorName = actor?.name;
      return operation.answer({
        params: request.params,
        query: new URLSearchParams(/\?([^#]*)/.exec(request.originalUrl)?.[1] ?? ''),
        actor,
        ports,
        readBody: () => readRequestBody(request, operation.body, ports.limits),
      });
    };
    const isUpload = operation.body?.upload !== undefined;
    const outcome = await settled(
      isUpload ? work() : beforeDeadline(work(), ports.limits.requestTimeoutMs),
      (fault) => ports.logger.error('http.fault', { requestId, operation: operation.id, ...fault }),
    );
    if (outcome.kind === 'events') {
      response.setHeader('X-Request-Id', requestId);
      if (request.method === 'HEAD') response.end();
      else sendEvents(response, outcome, ports);
      return;
    }
    const reply = send(request, response, { requestId, outcome, lingerMs: ports.limits.lingerMs });
    ports.logger.debug('http.request', {
      requestId,
      operation: operation.id,
      status: reply.status,
      durationMs: Math.round((performance.now() - startedAt) * 100) / 100,
      ...(actorName === undefined ? {} : { actor: actorName }),
    });
  };
}

/** What was thrown becomes a problem: a known one as it is, a dependency's without its text, everything else without a word. */
async function settled<Wanted>(
  work: Promise<Wanted>,
  onFault: (fault: Readonly<Record<string, unknown>>) => void,
): Promise<Wanted | Problem> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof ProblemError) return thrown.problem;
    if (thrown instanceof DependencyError) {
      onFault({ code: thrown.code, error: thrown.message });
      return problem('http.unavailable', 'something that the answer needs did not answer; try again', {
        headers: { 'Retry-After': '5' },
        extensions: { cause: thrown.code },
      });
    }
    onFault({ error: errorText(thrown), ...(thrown instanceof Error ? { stack: thrown.stack } : {}) });
    return problem(
      'http.internal',
      "the server failed; its log has the details under this document's instance",
    );
  }
}

async function beforeDeadline<Wanted>(work: Promise<Wanted>, timeoutMs: number): Promise<Wanted | Problem> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Problem>((resolve) => {
    const outcome = problem('http.deadlineMissed', `no answer was ready after ${timeoutMs} ms`, {
      headers: { 'Retry-After': '5' },
    });
    timer = setTimeout(() => resolve(outcome), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function keyRequired(request: Request): Outcome {
  const isGiven = request.headers.authorization !== undefined || request.headers['x-api-key'] !== undefined;
  const detail = isGiven
    ? 'the API key is not in force'
    : 'send the API key as Authorization: Bearer or as X-API-Key';
  // RFC 6750 §3: no error code where no credentials came.
  const challenge = isGiven ? 'Bearer realm="firstline", error="invalid_token"' : 'Bearer realm="firstline"';
  return problem('http.keyRequired', detail, { headers: { 'WWW-Authenticate': challenge } });
}

interface Sending {
  readonly requestId: string;
  readonly outcome: Reply | Problem;
  readonly lingerMs: number;
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { requestId, outcome, lingerMs }: Sending,
): Reply {
  const reply = outcome.kind === 'problem' ? problemReply(outcome, requestId) : outcome;
  if (response.destroyed || response.headersSent) return reply;
  response.statusCode = reply.status;
  response.setHeader('Content-Type', reply.contentType);
  response.setHeader('X-Request-Id', requestId);
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.setHeader('Content-Length', Buffer.byteLength(reply.body));
  response.end(request.method === 'HEAD' ? undefined : reply.body);
  if (hasBody(request) && !request.complete) linger(request, response, lingerMs);
  return reply;
}

/**
 * Takes and drops what still comes of a body, for a while: a connection that is closed with unread bytes is reset, and
 * the client would lose the answer (RFC 9112 §9.6).
 */
function linger(request: IncomingMessage, response: ServerResponse, lingerMs: number): void {
  const timer = setTimeout(() => request.socket.destroy(), lingerMs);
  const stop = () => clearTimeout(timer);
  request.once('end', stop);
  request.once('close', stop);
  response.once('finish', () => request.resume());
}

/** RFC 9112 §6: a request has a body where one of these fields says so. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function lastResort(ports: OperationPorts) {
  // Express knows an error handler by its four parameters.
  return async (
    thrown: unknown,
    request: Request,
    response: Response,
    _next: NextFunction,
  ): Promise<void> => {
    const requestId = randomUUID();
    const cause = isBadPath(thrown)
      ? new ProblemError(problem('http.badMessage', 'the path has a percent-encoding that does not decode'))
      : thrown;
    const rejected: Promise<Problem> = Promise.reject(cause);
    const outcome = await settled(rejected, (fault) =>
      ports.logger.error('http.fault', { requestId, ...fault }),
    );
    send(request, response, { requestId, outcome, lingerMs: ports.limits.lingerMs });
  };
}

function isBadPath(thrown: unknown): boolean {
  return thrown instanceof URIError;
}
