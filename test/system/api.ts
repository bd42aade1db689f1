import { stripVTControlCharacters } from 'node:util';
import type { ServerProcess } from '../support/server-process.ts';

/** The key that a first start shows, and the file that it says it keeps it in. */
export function shownKey(server: ServerProcess): { readonly key: string; readonly file: string } | undefined {
  const match = /^\s*Key\s+(\S+) .*\bkept in (\S+?)\)?$/m.exec(stripVTControlCharacters(server.output()));
  return match?.[1] === undefined || match[2] === undefined ? undefined : { key: match[1], file: match[2] };
}

/** A reply of the REST interface; `json` is what its body holds, in the form that the test expects of it. */
export interface ApiReply<Json> {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  readonly json: Json;
}

/** What the tests read of an answer to a route query. */
export interface RouteJson {
  readonly mapping: {
    readonly kind: string;
    readonly rule: string;
    readonly boundary: { readonly boundaryId: string };
  };
  readonly plan: { readonly targets: readonly { readonly uri: string; readonly reason: string }[] };
  readonly stages: readonly { readonly stage: string; readonly durationMs: number }[];
}

/** What the tests read of a call's record. */
export interface CallJson {
  readonly id: string;
  readonly state: string;
  readonly sipCallId: string;
  readonly emergencyCallId: string;
  readonly stages: readonly { readonly stage: string }[];
  readonly attempts: readonly unknown[];
  readonly warnings: readonly { readonly message: string }[];
}

/** A page of a list. */
export interface PageJson<Item> {
  readonly items: readonly Item[];
}

/** A page of boundaries. */
export interface BoundariesJson {
  readonly features: readonly { readonly id: string }[];
  readonly next?: string;
}

/** A problem document. */
export interface ProblemJson {
  readonly errors: readonly { readonly path: string }[];
  readonly refused: readonly { readonly ordinal: number; readonly reason: string }[];
}

/** Asks the REST interface of a server. */
export async function api<Json = unknown>(
  server: ServerProcess,
  key: string | undefined,
  path: string,
  options: { readonly method?: string; readonly body?: string; readonly contentType?: string } = {},
): Promise<ApiReply<Json>> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}${path}`, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(options.contentType === undefined ? {} : { 'content-type': options.contentType }),
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const text = await response.text();
  const contentType = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    contentType,
    text,
    json: /json/.test(contentType) ? JSON.parse(text) : undefined,
  };
}

/** The value of one count of /metrics; 0 where it is not listed. */
export async function count(server: ServerProcess, key: string, name: RegExp): Promise<number> {
  const { text } = await api(server, key, '/metrics');
  return text
    .split('\n')
    .filter((line) => name.test(line.split(' ')[0] ?? ''))
    .reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
}

/** Asks again until an answer satisfies; fails with the last answer after `timeoutMs`. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isEnough: (answer: T) => boolean,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms; last: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
