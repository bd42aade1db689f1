import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createGzip, gzipSync } from 'node:zlib';
import type { CertificateFiles } from '../../src/net/index.ts';
import type { Authority, MadeCertificate } from './net-tls.ts';

// A location server of somebody else (RFC 5985, RFC 6753), written by the RFCs' text alone, which can misbehave.

/** A place as the server tells it. */
export interface HeldPlace {
  readonly lat: number;
  readonly lon: number;
}

/** What the server does with a request, by its path. */
export type HeldBehaviour =
  /** Answers with a place, in a locationResponse or as a presence document by itself. */
  | {
      readonly kind: 'place';
      readonly place: HeldPlace;
      readonly form?: 'held' | 'pidf';
      readonly contentType?: string;
      /** Says this of the body's length, whatever it is. */
      readonly contentLength?: number;
      readonly encoding?: 'gzip' | 'br';
      /** Knows no POST, and says so by this status. */
      readonly postStatus?: number;
      readonly delayMs?: number;
    }
  /** Knows devices by an identity that stands in the question, and answers a HELD error to others. */
  | { readonly kind: 'identities'; readonly places: Readonly<Record<string, HeldPlace>> }
  /** Answers with references in place of a location. */
  | { readonly kind: 'references'; readonly uris: readonly string[] }
  | { readonly kind: 'heldError'; readonly code: string; readonly statusCode?: number }
  | {
      readonly kind: 'redirect';
      readonly statusCode: number;
      readonly to: string;
      readonly retryAfterS?: number;
    }
  | {
      readonly kind: 'text';
      readonly statusCode?: number;
      readonly contentType?: string;
      readonly body: string;
    }
  /** Reads the request and says nothing. */
  | { readonly kind: 'silent' }
  /** Sends the head of an answer and then a byte now and then. */
  | { readonly kind: 'trickle' }
  /** Sends for ever. */
  | { readonly kind: 'endless'; readonly isGzip?: boolean }
  /** A few kilobytes that are many megabytes. */
  | { readonly kind: 'bomb' }
  /** Headers without end. */
  | { readonly kind: 'hugeHeaders' }
  /** Writes these bytes in place of HTTP, and ends the connection. */
  | { readonly kind: 'garbage'; readonly bytes: string }
  /** Closes the connection after so many bytes of the body; before the answer's head where undefined. */
  | { readonly kind: 'breakOff'; readonly afterBytes?: number };

/** A request as it came. */
export interface HeldRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Tells connections apart. */
  readonly remotePort: number;
  /** Whether the client showed a certificate that the authority signed. */
  readonly isClientProven: boolean;
}

/** A location server on loopback. */
export interface HeldServer {
  readonly address: string;
  readonly port: number;
  readonly requests: HeldRequest[];
  /** TCP connections that were accepted. */
  connections(): number;
  /** Behaviour by path; `*` is everything else. May be changed at any time. */
  readonly behaviours: Map<string, HeldBehaviour>;
  /** `https://host:port/path` (or `http:`), with the server's address where no other name is given. */
  uri(path: string, host?: string): string;
  close(): Promise<void>;
}

export interface HeldServerOptions {
  readonly behaviours: Readonly<Record<string, HeldBehaviour>>;
  /** `127.0.0.1` where undefined. */
  readonly address?: string;
  /** Names of its certificate; its address and `lis.example` where undefined. */
  readonly altNames?: readonly string[];
  /** The certificate itself, in place of one that the authority makes. */
  readonly certificate?: MadeCertificate | CertificateFiles;
  /** Turns clients without a certificate of the authority away. */
  readonly wantsClientCertificate?: boolean;
  /** Speaks HTTP without TLS. */
  readonly isPlain?: boolean;
}

/** Starts a server whose certificate is the authority's. */
export async function startHeldServer(authority: Authority, options: HeldServerOptions): Promise<HeldServer> {
  const address = options.address ?? '127.0.0.1';
  const behaviours = new Map(Object.entries(options.behaviours));
  const requests: HeldRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const timers = new Set<NodeJS.Timeout>();
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    void readRequest(request).then((held) => {
      requests.push(held);
      const behaviour = behaviours.get(held.path) ?? behaviours.get('*');
      behave(behaviour ?? { kind: 'text', statusCode: 404, body: '' }, { held, response, timers });
    });
  };
  const own = await authority.issue({ altNames: options.altNames ?? [`IP:${address}`, 'DNS:lis.example'] });
  const given = options.certificate;
  const { cert, key } = given !== undefined && 'cert' in given ? given : own;
  const server =
    options.isPlain === true
      ? createHttpServer(onRequest)
      : createHttpsServer(
          {
            cert,
            key,
            ca: authority.ca,
            requestCert: true,
            rejectUnauthorized: options.wantsClientCertificate === true,
          },
          onRequest,
        );
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('clientError', (_: Error, socket) => socket.destroy());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((done) => server.listen(0, address, done));
  const { port } = server.address() as AddressInfo;
  return {
    address,
    port,
    requests,
    connections: () => connections,
    behaviours,
    uri: (path, host = address) =>
      `${options.isPlain === true ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`,
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

/** A TCP port that counts who comes: `silent` says nothing, so that no TLS comes about; `closing` hangs up at once. */
export async function startTcpTrap(
  kind: 'silent' | 'closing',
  address = '127.0.0.1',
): Promise<{ readonly port: number; connections(): number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (kind === 'closing') socket.destroy();
  });
  await new Promise<void>((done) => server.listen(0, address, done));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

/** A presence document with a circle of 50 metres. */
export function placeDocument({ lat, lon }: HeldPlace): string {
  return `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:target@lis.example"
  xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml"
  xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model">
  <dm:device id="d1"><gp:geopriv><gp:location-info>
    <gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>${lat} ${lon}</gml:pos>
      <gs:radius uom="urn:ogc:def:uom:EPSG::9001">50</gs:radius></gs:Circle>
  </gp:location-info><gp:usage-rules/><gp:method>Wiremap</gp:method></gp:geopriv></dm:device>
</presence>`;
}

/** RFC 5985 §5.2. */
export function placeResponse(place: HeldPlace): string {
  return `<?xml version="1.0"?>\n<locationResponse xmlns="urn:ietf:params:xml:ns:geopriv:held">${placeDocument(place)}</locationResponse>`;
}

interface At {
  readonly held: HeldRequest;
  readonly response: ServerResponse;
  readonly timers: Set<NodeJS.Timeout>;
}

const heldType = 'application/held+xml';
const trickleMs = 20;
const bombBytes = 20_000_000;

function behave(behaviour: HeldBehaviour, at: At): void {
  const { held, response } = at;
  switch (behaviour.kind) {
    case 'place':
      answerPlace(behaviour, at);
      return;
    case 'identities': {
      const known = Object.entries(behaviour.places).find(([identity]) => held.body.includes(identity));
      const body = known === undefined ? errorDocument('notLocatable') : placeResponse(known[1]);
      send(response, { contentType: heldType, body });
      return;
    }
    case 'references':
      send(response, { contentType: heldType, body: referencesDocument(behaviour.uris) });
      return;
    case 'heldError':
      send(response, {
        statusCode: behaviour.statusCode ?? 200,
        contentType: heldType,
        body: errorDocument(behaviour.code),
      });
      return;
    case 'redirect':
      response.setHeader('location', behaviour.to);
      if (behaviour.retryAfterS !== undefined) response.setHeader('retry-after', behaviour.retryAfterS);
      response.writeHead(behaviour.statusCode);
      response.end('moved');
      return;
    case 'text':
      send(response, { contentType: 'text/html', ...behaviour });
      return;
    default:
      misbehave(behaviour, at);
  }
}

type Place = Extract<HeldBehaviour, { kind: 'place' }>;

function answerPlace(behaviour: Place, { held, response, timers }: At): void {
  const { place, postStatus, delayMs } = behaviour;
  if (held.method === 'POST' && postStatus !== undefined) {
    send(response, { statusCode: postStatus, contentType: 'text/plain', body: 'not by POST' });
    return;
  }
  const isPidf = behaviour.form === 'pidf';
  const text = isPidf ? placeDocument(place) : placeResponse(place);
  const answer = (): void => {
    const contentType = behaviour.contentType ?? (isPidf ? 'application/pidf+xml' : heldType);
    const body = behaviour.encoding === undefined ? Buffer.from(text) : gzipSync(text);
    response.writeHead(200, {
      'content-type': contentType,
      'content-length': behaviour.contentLength ?? body.length,
      ...(behaviour.encoding !== undefined && { 'content-encoding': behaviour.encoding }),
    });
    const { socket } = response;
    response.end(body, () => {
      // Who announces more than it sends closes the connection some time.
      if (behaviour.contentLength !== undefined) socket?.end();
    });
  };
  if (delayMs === undefined) answer();
  else timers.add(setTimeout(answer, delayMs));
}

type Misbehaviour = Exclude<
  HeldBehaviour,
  { kind: 'place' | 'identities' | 'references' | 'heldError' | 'redirect' | 'text' }
>;

function misbehave(behaviour: Misbehaviour, { response, timers }: At): void {
  const head = { 'content-type': heldType };
  switch (behaviour.kind) {
    case 'silent':
      return;
    case 'trickle':
      response.writeHead(200, head);
      timers.add(setInterval(() => response.write('<'), trickleMs));
      return;
    case 'endless': {
      response.writeHead(200, { ...head, ...(behaviour.isGzip === true && { 'content-encoding': 'gzip' }) });
      const out = behaviour.isGzip === true ? createGzip() : response;
      if (out !== response) out.pipe(response);
      const more = (): void => {
        while (!response.destroyed && out.write(Buffer.alloc(65_536, Math.floor(Math.random() * 256))));
        if (!response.destroyed) out.once('drain', more);
      };
      more();
      return;
    }
    case 'bomb': {
      const bomb = gzipSync(Buffer.alloc(bombBytes, 0x20));
      response.writeHead(200, { ...head, 'content-encoding': 'gzip', 'content-length': bomb.length });
      response.end(bomb);
      return;
    }
    case 'hugeHeaders':
      response.writeHead(200, { ...head, 'x-filler': 'a'.repeat(60_000) });
      response.end('<x/>');
      return;
    case 'garbage':
      response.socket?.end(behaviour.bytes);
      return;
    case 'breakOff':
      if (behaviour.afterBytes === undefined) response.socket?.destroy();
      else {
        response.writeHead(200, { ...head, 'content-length': behaviour.afterBytes + 100 });
        response.write('x'.repeat(behaviour.afterBytes), () => response.socket?.destroy());
      }
      return;
    default:
      throw new Error('no such behaviour');
  }
}

function send(
  response: ServerResponse,
  answer: { readonly statusCode?: number; readonly contentType: string; readonly body: string },
): void {
  response.writeHead(answer.statusCode ?? 200, { 'content-type': answer.contentType });
  response.end(answer.body);
}

function errorDocument(code: string): string {
  return `<?xml version="1.0"?>\n<error xmlns="urn:ietf:params:xml:ns:geopriv:held" code="${code}"><message xml:lang="en">Not here</message></error>`;
}

function referencesDocument(uris: readonly string[]): string {
  const list = uris.map((uri) => `<locationURI>${uri}</locationURI>`).join('');
  return `<?xml version="1.0"?>\n<locationResponse xmlns="urn:ietf:params:xml:ns:geopriv:held"><locationUriSet expires="2050-01-01T13:00:00Z">${list}</locationUriSet></locationResponse>`;
}

async function readRequest(request: IncomingMessage): Promise<HeldRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { socket } = request;
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
    remotePort: socket.remotePort ?? 0,
    isClientProven: 'authorized' in socket && socket.authorized === true,
  };
}
