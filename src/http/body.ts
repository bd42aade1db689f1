import type { IncomingMessage } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ProblemError, problem } from './problem.ts';

export interface BodyLimits {
  /** Bytes as sent, and bytes decompressed, each. */
  readonly bytesMax: number;
  /** Longest wait for the next chunk. Time in which the reader is busy elsewhere does not count. */
  readonly idleMs: number;
  /** Whether `Content-Encoding: gzip` is taken. */
  readonly isGzipTaken: boolean;
}

/**
 * The body of a request as chunks, decompressed and held to limits. Rejects with ProblemError. Leaves the request open
 * when the reader stops early, so that an answer can still be sent.
 */
export function bodyChunks(request: IncomingMessage, limits: BodyLimits): AsyncIterable<Uint8Array> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip';
  if (encoding !== 'identity' && !(isGzip && limits.isGzipTaken)) {
    // RFC 9110 §15.5.16: a 415 for the coding names the codings that are taken.
    const taken = limits.isGzipTaken ? 'gzip' : 'identity';
    throw new ProblemError(
      problem('http.unsupportedEncoding', `Content-Encoding ${encoding} is not taken here; send ${taken}`, {
        headers: { 'Accept-Encoding': taken },
      }),
    );
  }
  if (Number(request.headers['content-length'] ?? 0) > limits.bytesMax) throw tooLarge(limits.bytesMax);
  const sent = counted(withIdleLimit(request, limits.idleMs), limits.bytesMax);
  return isGzip ? counted(gunzipped(sent), limits.bytesMax) : sent;
}

/** Collects a whole body. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

async function* withIdleLimit(request: IncomingMessage, idleMs: number): AsyncGenerator<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = request.iterator({ destroyOnReturn: false });
  let isWaiting = false;
  try {
    for (;;) {
      isWaiting = true;
      const next = await withTimeout(iterator.next(), idleMs);
      isWaiting = false;
      if (next.done === true) return;
      yield next.value;
    }
  } catch (thrown) {
    if (!request.destroyed) throw thrown;
    throw new ProblemError(problem('http.badMessage', 'the connection ended before the body did'));
  } finally {
    // An iterator that still waits for bytes would not return before they come.
    if (!isWaiting) await iterator.return?.();
  }
}

async function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: timeout, cancel } = timer(timeoutMs);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    cancel();
  }
}

function timer(timeoutMs: number): { promise: Promise<never>; cancel: () => void } {
  let handle: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    handle = setTimeout(
      () =>
        reject(
          new ProblemError(problem('http.bodyTimeout', `no bytes of the body came for ${timeoutMs} ms`)),
        ),
      timeoutMs,
    );
  });
  return { promise, cancel: () => clearTimeout(handle) };
}

async function* counted(chunks: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) throw tooLarge(bytesMax);
    yield chunk;
  }
}

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  let failure: unknown;
  pipeline(Readable.from(chunks, { objectMode: false }), gunzip, (error) => {
    failure = error ?? undefined;
  });
  try {
    yield* gunzip;
  } catch (thrown) {
    const cause = failure ?? thrown;
    if (isZlibError(cause)) {
      throw new ProblemError(problem('http.badEncoding', `the body is not intact gzip: ${cause.message}`));
    }
    throw cause;
  }
}

function isZlibError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && 'code' in thrown && /^Z_/.test(String(thrown.code));
}

function tooLarge(bytesMax: number): ProblemError {
  return new ProblemError(problem('http.bodyTooLarge', `the body is over the limit of ${bytesMax} bytes`));
}
