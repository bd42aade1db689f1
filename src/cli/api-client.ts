import { err, errorText, ok, type Result } from '../base/index.ts';
import {
  cliUserAgent,
  type WireAuditPage,
  type WireBoundaryFeature,
  type WireBoundaryPage,
  type WireCallPage,
  type WireCallRecord,
  type WireChangeAnswer,
  type WireChangeSetPage,
  type WireCheckReport,
  type WireCivicValidation,
  type WireDataset,
  type WireDatasetDiff,
  type WireFindingPage,
  type WireGisPreview,
  type WireLoadAnswer,
  type WireLoadList,
  type WireLocationRow,
  type WireLocationRowPage,
  type WireLocationTable,
  type WireNewKey,
  type WireRouteAnswer,
  type WireShadowReport,
  type WireTableLoad,
} from '../http/index.ts';
import type { CliError } from './errors.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;
type Answer<T> = Promise<Result<T, CliError>>;

interface Sending {
  readonly query?: Query;
  readonly body?: NonNullable<RequestInit['body']>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent for uploads, which take their time. */
  readonly timeoutMs?: number;
}

const timeoutMs = 60_000;
/** Taking tables away waits for lookups that read them. */
const removalTimeoutMs = 180_000;

/** The REST API as the commands use it. Every method resolves; what went wrong is in its Result. */
export class ApiClient {
  readonly #url: URL;
  readonly #key: string | undefined;
  readonly #version: string;

  constructor(options: { readonly url: URL; readonly key: string | undefined; readonly version: string }) {
    this.#url = options.url;
    this.#key = options.key;
    this.#version = options.version;
  }

  route(query: Query): Answer<WireRouteAnswer> {
    return this.#send('GET', '/api/v1/route', { query, timeoutMs });
  }

  routeByDocument(document: Uint8Array<ArrayBuffer>, query: Query): Answer<WireRouteAnswer> {
    const headers = { 'Content-Type': 'application/pidf+xml' };
    return this.#send('POST', '/api/v1/route', { query, body: document, headers, timeoutMs });
  }

  validate(request: unknown): Answer<WireCivicValidation> {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify(request);
    return this.#send('POST', '/api/v1/locations/validate', { body, headers, timeoutMs });
  }

  validateDocument(document: Uint8Array<ArrayBuffer>, query: Query): Answer<WireCivicValidation> {
    const headers = { 'Content-Type': 'application/pidf+xml' };
    return this.#send('POST', '/api/v1/locations/validate', { query, body: document, headers, timeoutMs });
  }

  boundaries(query: Query): Answer<WireBoundaryPage> {
    return this.#send('GET', '/api/v1/boundaries', { query, timeoutMs });
  }

  boundary(id: string, query: Query): Answer<WireBoundaryFeature> {
    return this.#send('GET', `/api/v1/boundaries/${encodeURIComponent(id)}`, { query, timeoutMs });
  }

  datasets(): Answer<{ readonly items: readonly WireDataset[] }> {
    return this.#send('GET', '/api/v1/datasets', { timeoutMs });
  }

  load(body: ReadableStream<Uint8Array>, query: Query, contentType: string): Answer<WireLoadAnswer> {
    return this.#send('POST', '/api/v1/datasets', { query, body, headers: { 'Content-Type': contentType } });
  }

  loads(): Answer<WireLoadList> {
    return this.#send('GET', '/api/v1/datasets/loads', { timeoutMs });
  }

  preview(body: ReadableStream<Uint8Array>, query: Query, contentType: string): Answer<WireGisPreview> {
    const headers = { 'Content-Type': contentType };
    return this.#send('POST', '/api/v1/datasets/preview', { query, body, headers });
  }

  activate(id: string, query: Query = {}): Answer<WireDataset> {
    return this.#send('POST', `${datasetPath(id)}/activate`, { query, timeoutMs });
  }

  removeDataset(id: string): Answer<WireDataset> {
    return this.#send('DELETE', datasetPath(id), { timeoutMs: removalTimeoutMs });
  }

  startCheck(id: string, query: Query): Answer<WireCheckReport> {
    return this.#send('POST', `${datasetPath(id)}/check`, { query, timeoutMs });
  }

  check(id: string): Answer<WireCheckReport> {
    return this.#send('GET', `${datasetPath(id)}/check`, { timeoutMs });
  }

  findings(id: string, query: Query): Answer<WireFindingPage> {
    return this.#send('GET', `${datasetPath(id)}/findings`, { query, timeoutMs });
  }

  findingFeatures(id: string, query: Query): Answer<unknown> {
    return this.#send('GET', `${datasetPath(id)}/findings.geojson`, { query, timeoutMs });
  }

  diff(id: string, query: Query): Answer<WireDatasetDiff> {
    return this.#send('GET', `${datasetPath(id)}/diff`, { query, timeoutMs });
  }

  startShadow(id: string, request: unknown): Answer<WireShadowReport> {
    const headers = { 'Content-Type': 'application/json' };
    return this.#send('POST', `${datasetPath(id)}/shadow`, {
      body: JSON.stringify(request),
      headers,
      timeoutMs,
    });
  }

  shadow(id: string): Answer<WireShadowReport> {
    return this.#send('GET', `${datasetPath(id)}/shadow`, { timeoutMs });
  }

  rollBack(): Answer<WireDataset> {
    return this.#send('POST', '/api/v1/datasets/rollback', { timeoutMs });
  }

  changes(dataset: number, query: Query): Answer<WireChangeSetPage> {
    return this.#send('GET', `${datasetPath(String(dataset))}/changes`, { query, timeoutMs });
  }

  applyChanges(dataset: number, features: string, query: Query): Answer<WireChangeAnswer> {
    const headers = { 'Content-Type': 'application/geo+json' };
    const sending = { query, body: features, headers, timeoutMs };
    return this.#send('POST', `${datasetPath(String(dataset))}/changes`, sending);
  }

  undoChanges(dataset: number, no: number): Answer<WireChangeAnswer> {
    return this.#send('POST', `${datasetPath(String(dataset))}/changes/${no}/undo`, { timeoutMs });
  }

  locationTables(): Answer<{ readonly items: readonly WireLocationTable[] }> {
    return this.#send('GET', '/api/v1/location-tables', { timeoutMs });
  }

  loadLocations(
    table: string,
    body: ReadableStream<Uint8Array>,
    query: Query,
    isGzip: boolean,
  ): Answer<WireTableLoad> {
    const headers = { 'Content-Type': 'text/csv', ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}) };
    return this.#send('PUT', tablePath(table), { query, body, headers });
  }

  locationRows(table: string, query: Query): Answer<WireLocationRowPage> {
    return this.#send('GET', `${tablePath(table)}/rows`, { query, timeoutMs });
  }

  locationRow(table: string, key: string): Answer<WireLocationRow> {
    return this.#send('GET', rowPath(table, key), { timeoutMs });
  }

  setLocationRow(table: string, key: string, row: unknown): Answer<WireLocationRow> {
    const headers = { 'Content-Type': 'application/json' };
    return this.#send('PUT', rowPath(table, key), { body: JSON.stringify(row), headers, timeoutMs });
  }

  removeLocationRow(table: string, key: string): Answer<WireLocationRow> {
    return this.#send('DELETE', rowPath(table, key), { timeoutMs });
  }

  calls(query: Query): Answer<WireCallPage> {
    return this.#send('GET', '/api/v1/calls', { query, timeoutMs });
  }

  call(id: string): Answer<WireCallRecord> {
    return this.#send('GET', `/api/v1/calls/${encodeURIComponent(id)}`, { timeoutMs });
  }

  audit(query: Query): Answer<WireAuditPage> {
    return this.#send('GET', '/api/v1/audit', { query, timeoutMs });
  }

  rotateKey(): Answer<WireNewKey> {
    return this.#send('POST', '/api/v1/keys/rotate', { timeoutMs });
  }

  async #send<T>(method: string, path: string, sending: Sending): Answer<T> {
    const url = new URL(path, this.#url);
    for (const [name, value] of Object.entries(sending.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    try {
      const response = await fetch(url, {
        method,
        redirect: 'error',
        headers: {
          'User-Agent': `${cliUserAgent}/${this.#version}`,
          ...(this.#key === undefined ? {} : { Authorization: `Bearer ${this.#key}` }),
          ...sending.headers,
        },
        ...(sending.body === undefined ? {} : { body: sending.body, duplex: 'half' as const }),
        ...(sending.timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(sending.timeoutMs) }),
      });
      return readAnswer<T>(response.status, await response.text(), this.#key !== undefined);
    } catch (thrown) {
      return err(this.#unreachable(thrown));
    }
  }

  #unreachable(thrown: unknown): CliError {
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
    const why =
      cause instanceof Error && 'code' in cause && cause.code !== undefined
        ? String(cause.code)
        : errorText(cause);
    if (why === 'UND_ERR_HEADERS_TIMEOUT' || (thrown instanceof Error && thrown.name === 'TimeoutError')) {
      return {
        code: 'cli.unreachable',
        message: `the server at ${this.#url.origin} took too long to answer; it may still be at work`,
        cause: thrown,
      };
    }
    return {
      code: 'cli.unreachable',
      message:
        `no server answers at ${this.#url.origin} (${why}).\n` +
        'Start one with `npx firstline serve`, or name another one by --url or FIRSTLINE_URL.',
      cause: thrown,
    };
  }
}

function datasetPath(id: string): string {
  return `/api/v1/datasets/${encodeURIComponent(id)}`;
}

function tablePath(table: string): string {
  return `/api/v1/location-tables/${encodeURIComponent(table)}`;
}

function rowPath(table: string, key: string): string {
  return `${tablePath(table)}/rows/${encodeURIComponent(key)}`;
}

function readAnswer<T>(status: number, text: string, hasKey: boolean): Result<T, CliError> {
  const value = parseJson(text);
  if (value === undefined) {
    return err({
      code: 'cli.badAnswer',
      message: `what answered is no Firstline server (HTTP ${status}, no JSON)`,
    });
  }
  // The server holds its answers to the same schemas that these types are made from.
  if (status >= 200 && status < 300) return ok(value as T);
  const title = typeof value['title'] === 'string' ? value['title'] : `HTTP ${status}`;
  const detail = typeof value['detail'] === 'string' ? `: ${value['detail']}` : '';
  const message = `${title}${detail}`;
  if (status === 401 || status === 403) {
    const advice = hasKey
      ? 'The key comes from --key, FIRSTLINE_API_KEY, or the file api-key in the data folder, the first of them that is there.'
      : 'Give one by --key or FIRSTLINE_API_KEY, or run this in the folder that the server was started in.';
    return err({ code: 'cli.noPermission', message: `${message}.\n${advice}`, problem: value });
  }
  if (status === 502 || status === 503 || status === 504)
    return err({ code: 'cli.unreachable', message, problem: value });
  if (status >= 500) return err({ code: 'cli.badAnswer', message, problem: value });
  return err({ code: 'cli.refused', message, problem: value });
}

function parseJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
