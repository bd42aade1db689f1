import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorText } from '../base/index.ts';
import { SourceFault } from './source-fault.ts';

/** The first bytes of a stream, and all of it. */
export interface Peeked {
  readonly head: Uint8Array;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Looks at the first bytes of a stream, as many as asked for or all that there are. */
export async function peek(chunks: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  while (heldBytes < sizeBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    held.push(next.value);
    heldBytes += next.value.length;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* held;
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(held).subarray(0, sizeBytes), chunks: all() };
}

/** Decompresses gzip; a SourceFault where it is none, or has more bytes than the limit. */
export async function* gunzipped(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip();
  let failure: unknown;
  pipeline(Readable.from(chunks, { objectMode: false }), gunzip, (error) => {
    failure = error ?? undefined;
  });
  let sizeBytes = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.length;
      if (sizeBytes > bytesMax) {
        const reason = `the gzip file has more than ${bytesMax} bytes inside`;
        throw new SourceFault({ code: 'load.tooLarge', reason });
      }
      yield chunk;
    }
  } catch (thrown) {
    const cause = failure ?? thrown;
    if (!(cause instanceof Error && 'code' in cause && /^Z_/.test(String(cause.code)))) throw cause;
    const reason = `the gzip file does not decompress: ${errorText(cause)}; it may have been cut off`;
    throw new SourceFault({ code: 'load.gzipBroken', reason });
  }
}
