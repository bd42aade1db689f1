import { promisify } from 'node:util';
import { unzip } from 'node:zlib';
import { DependencyError } from '../base/index.ts';
import type { NetErrorCode } from './errors.ts';

/** A header of an answer: one value, several, or none. */
export type HeaderValue = string | string[] | undefined;

const decompress = promisify(unzip);

/**
 * The whole body, decompressed. Nothing compressed was asked for, yet some servers send it: gzip and deflate are taken
 * as long as what comes out stays within the limit too. Throws `net.httpTooLarge` or `net.httpEncoding`; reading ends
 * there.
 */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, HeaderValue>>,
  limits: { readonly bytesMax: number; readonly host: string },
): Promise<Uint8Array> {
  const { bytesMax, host } = limits;
  if (Number(first(headers['content-length'])) > bytesMax) throw tooLarge(limits);
  const encoding = encodingOf(headers['content-encoding']);
  if (encoding === 'other') {
    const why = `${host} answered with a compression that was not asked for: it should send documents as they are`;
    throw new DependencyError<NetErrorCode>('net.httpEncoding', why);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bytesMax) throw tooLarge(limits);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (encoding === 'none' || size === 0) return bytes;
  try {
    return await decompress(bytes, { maxOutputLength: bytesMax });
  } catch (cause) {
    const isLarge = cause instanceof RangeError && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
    if (isLarge) throw tooLarge(limits);
    const why = `${host} answered with compressed bytes that cannot be read`;
    throw new DependencyError<NetErrorCode>('net.httpEncoding', why, cause);
  }
}

/** `type/subtype` in lower case; empty where it is not said or is none. */
export function mediaType(value: HeaderValue): string {
  const type = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;|$)/.exec(
    first(value) ?? '',
  );
  return type?.[1]?.toLowerCase() ?? '';
}

/** The first value of a header that may stand several times. */
export function first(value: HeaderValue): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function encodingOf(value: HeaderValue): 'none' | 'zlib' | 'other' {
  const codings = [value ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const [coding] = codings;
  if (coding === undefined) return 'none';
  return codings.length === 1 && ['gzip', 'x-gzip', 'deflate'].includes(coding) ? 'zlib' : 'other';
}

function tooLarge(limits: { readonly bytesMax: number; readonly host: string }): DependencyError {
  const why = `${limits.host} answered with more than ${limits.bytesMax} bytes`;
  return new DependencyError<NetErrorCode>('net.httpTooLarge', why);
}
