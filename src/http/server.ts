import { randomUUID } from 'node:crypto';
import {
  createServer,
  type Server as HttpListener,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as HttpsListener } from 'node:https';
import type { Duplex } from 'node:stream';
import { DependencyError, errorText } from '../base/index.ts';
import { createApp } from './app.ts';
import type { HttpErrorCode } from './errors.ts';
import { defaultHttpLimits, type HttpLimits } from './limits.ts';
import { LoadsUnderWay } from './loads.ts';
import { openApiDocument } from './openapi.ts';
import { operations } from './operations/table.ts';
import { problem, problemReply, problemTypes } from './problem.ts';
import type { HttpListen, HttpServer, HttpServerOptions } from './types.ts';

type Server = HttpListener | HttpsListener;

/** Makes the HTTP server: REST API, health pages and API document. Nothing is open before `start`. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const limits: HttpLimits = { ...defaultHttpLimits, ...options.limits };
  const document = openApiDocument(operations, options.version);
  const streams = new Set<ServerResponse>();
  const loads = new LoadsUnderWay();
  const app = createApp(operations, { ...options, limits, streams, loads, document: () => document });
  let starting: Promise<readonly Server[]> | undefined;
  let stopping: Promise<void> | undefined;
  return {
    async start() {
      starting ??= openAll(options.listen, app, limits);
      return (await starting).map(boundAddress);
    },
    async stop(deadlineMs) {
      for (const stream of streams) stream.end();
      stopping ??= closeAll(starting, deadlineMs);
      await stopping;
    },
  };
}

async function openAll(
  listen: readonly HttpListen[],
  app: RequestListener,
  limits: HttpLimits,
): Promise<readonly Server[]> {
  const servers: Server[] = [];
  try {
    for (const place of listen) servers.push(await open(place, app, limits));
    return servers;
  } catch (thrown) {
    for (const server of servers) server.close();
    throw thrown;
  }
}

function open(place: HttpListen, app: RequestListener, limits: HttpLimits): Promise<Server> {
  const server = makeServer(place, app, limits);
  server.maxHeadersCount = limits.headersMax;
  server.maxConnections = limits.connectionsMax;
  server.on('clientError', answerUnreadable);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const text = `cannot open HTTP at ${place.host} port ${place.port}: ${errorText(error)}`;
      reject(new DependencyError('http.listenFailed' satisfies HttpErrorCode, text, error));
    });
    server.listen(place.port, place.host, () => resolve(server));
  });
}

function makeServer({ tls }: HttpListen, app: RequestListener, limits: HttpLimits): Server {
  const options = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.requestTimeoutMs,
    // Uploads take their time; every other body is held to the request's own deadline.
    requestTimeout: limits.uploadTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    requireHostHeader: false,
  };
  if (tls === undefined) return createServer(options, app);
  const server = createTlsServer(
    { ...options, ...tls.options, handshakeTimeout: limits.handshakeTimeoutMs },
    app,
  );
  tls.onChanged((changed) => server.setSecureContext(changed));
  return server;
}

async function closeAll(starting: Promise<readonly Server[]> | undefined, deadlineMs: number): Promise<void> {
  const servers = await starting?.catch(() => []);
  await Promise.all((servers ?? []).map((server) => close(server, deadlineMs)));
}

function close(server: Server, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), deadlineMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function boundAddress(server: Server): { address: string; port: number } {
  const bound = server.address();
  if (bound === null || typeof bound === 'string')
    throw new DependencyError('http.listenFailed', 'the HTTP server is closed');
  return { address: bound.address, port: bound.port };
}

/** Bytes that Node's parser refuses never reach express; they get a problem document all the same. */
function answerUnreadable(error: Error & { readonly code?: string }, socket: Duplex): void {
  // What fails before TLS is up cannot be told, or not so that it could be read.
  const isOfTls = error.code?.startsWith('ERR_SSL') === true || error.code?.startsWith('ERR_TLS') === true;
  if (error.code === 'ECONNRESET' || isOfTls || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = unreadableCode(error.code);
  const detail = `the bytes are not a request that can be read (${error.code ?? 'unknown'})`;
  const reply = problemReply(problem(code, detail), randomUUID());
  const reason = problemTypes[code].title;
  socket.end(
    `HTTP/1.1 ${reply.status} ${reason}\r\nContent-Type: ${reply.contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(reply.body)}\r\nConnection: close\r\n\r\n${reply.body}`,
  );
}

function unreadableCode(code: string | undefined): HttpErrorCode {
  if (code === 'HPE_HEADER_OVERFLOW') return 'http.headersTooLarge';
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'http.bodyTimeout';
  return 'http.badMessage';
}
