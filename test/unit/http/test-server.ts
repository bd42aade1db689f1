import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wallMs } from '../../../src/base/index.ts';
import { CallChanges } from '../../../src/esrp/index.ts';
import {
  apiKeyRandomBytes,
  createHttpServer,
  type Health,
  type HttpLimits,
  type HttpPorts,
  hashApiKey,
  newApiKey,
} from '../../../src/http/index.ts';
import { createGisReader, defaultLocationTableLimits, readLocationTable } from '../../../src/load/index.ts';
import { MemoryChanges } from './memory-changes.ts';
import { deskOf, discrepancyWorld } from './memory-discrepancies.ts';
import { MemoryLocationTables } from './memory-locations.ts';
import {
  bareRecord,
  callRecord,
  MemoryAudit,
  MemoryBoundaries,
  MemoryCalls,
  MemoryKeys,
  memoryValidation,
  RecordingRoutes,
} from './memory-ports.ts';
import { MemoryReview, memoryDataErrors, memoryShadow } from './memory-review.ts';

/** An answer as a test looks at it. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: NonNullable<RequestInit['body']>;
  /** The key that the server knows unless told otherwise. */
  readonly key?: string | undefined;
}

/** A real server at a free port over ports in memory: three calls, no dataset, one key. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  key: string;
  readonly audit: MemoryAudit;
  readonly boundaries: MemoryBoundaries;
  readonly changes: MemoryChanges;
  readonly review: MemoryReview;
  readonly locationTables: MemoryLocationTables;
  readonly routes: RecordingRoutes;
  readonly callChanges: CallChanges;
  readonly logged: { readonly level: string; readonly event: string; readonly fields: unknown }[];
  health: Health;
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startTestServer(
  given: { readonly ports?: Partial<HttpPorts>; readonly limits?: Partial<HttpLimits> } = {},
): Promise<TestServer> {
  const audit = new MemoryAudit();
  const boundaries = new MemoryBoundaries(audit);
  const changes = new MemoryChanges(boundaries, audit);
  const review = new MemoryReview(boundaries, audit);
  const locationTables = new MemoryLocationTables(audit);
  const apiKeys = new MemoryKeys(audit);
  const routes = new RecordingRoutes();
  const callChanges = new CallChanges();
  const calls = new MemoryCalls();
  calls.put(bareRecord('call-0001'));
  calls.put(callRecord('call-0002', 'answered'));
  calls.put(callRecord('call-0003'));
  const key = newApiKey(randomBytes(apiKeyRandomBytes));
  await apiKeys.replace('admin', hashApiKey(key), { name: 'test', via: 'system' });
  const logged: TestServer['logged'] = [];
  const log = (level: string) => (event: string, fields?: unknown) =>
    void logged.push({ level, event, fields });
  const server = createHttpServer({
    listen: [{ host: '127.0.0.1', port: 0 }],
    routes,
    validateCivic: memoryValidation,
    boundaries,
    changes,
    review,
    shadow: memoryShadow({ review, calls, audit }),
    dataErrors: memoryDataErrors,
    discrepancies: deskOf(discrepancyWorld()),
    calls,
    callChanges,
    audit,
    apiKeys,
    gis: createGisReader({ uploadsFolder: join(tmpdir(), 'firstline-test-uploads') }),
    locationTables,
    readLocationTable: (bytes, table) =>
      readLocationTable(bytes, { table, limits: defaultLocationTableLimits }),
    health: () => handle.health,
    nextHops: () => [
      {
        transport: 'tls',
        address: '192.0.2.30',
        port: 5061,
        state: 'down',
        forMs: 840,
        downs: 1,
        silences: 0,
      },
    ],
    certificates: () => [
      { file: '/etc/a.pem', subjectAltName: 'DNS:a.example', validUntil: wallMs(1_800_000_000_000) },
      { file: '/etc/b.pem', subjectAltName: undefined, validUntil: wallMs(1_800_000_000_000) },
    ],
    counters: () => ({ firstline_calls_total: 3, 'firstline.odd-name': 1 }),
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    version: '0.1.0',
    ...(given.limits === undefined ? {} : { limits: given.limits }),
    ...given.ports,
  });
  const [bound] = await server.start();
  if (bound === undefined) throw new Error('the server bound no address');
  const url = `http://127.0.0.1:${bound.port}`;
  const handle: TestServer = {
    url,
    port: bound.port,
    key,
    audit,
    boundaries,
    changes,
    review,
    locationTables,
    routes,
    callChanges,
    logged,
    health: { live: true, ready: true, checks: [{ name: 'database', ok: true, detail: 'answers' }] },
    send: (method, path, options = {}) => send(`${url}${path}`, method, { key: handle.key, ...options }),
    stop: () => server.stop(1_000),
  };
  return handle;
}

async function send(url: string, method: string, options: SendOptions): Promise<Answer> {
  const { body, key, headers } = options;
  const response = await fetch(url, {
    method,
    headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(body === undefined ? {} : { body, duplex: 'half' as const }),
  });
  const text = isEndless(response) ? await firstPiece(response) : await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} };
}

/** Events go on until one side ends them. */
function isEndless(response: Response): boolean {
  return response.headers.get('content-type') === 'text/event-stream';
}

async function firstPiece(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return first?.value ?? '';
}

/** A boundary file of squares beside each other, one for each id. */
export function boundaryFile(ids: readonly string[]): Record<string, unknown> {
  return {
    type: 'FeatureCollection',
    features: ids.map((id, index) => ({
      type: 'Feature',
      properties: {
        NGUID: id,
        DsplayName: `Area ${id}`,
        ServiceURN: 'urn:service:sos',
        ServiceURI: `sip:${id}@127.0.0.1:5070`,
        Country: 'US',
        Effective: '2026-01-01T00:00:00Z',
      },
      geometry: { type: 'Polygon', coordinates: [square(index)] },
    })),
  };
}

function square(index: number): number[][] {
  const west = -120 + index * 0.001;
  return [
    [west, 30],
    [west + 0.001, 30],
    [west + 0.001, 31],
    [west, 31],
    [west, 30],
  ];
}
