import type { Readable } from 'node:stream';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import type { Result } from '../base/index.ts';
import { errorText, ok } from '../base/index.ts';
import { refuse } from './field-values.ts';
import { SourceFault } from './source-fault.ts';
import type { Refusal } from './types.ts';

/** What a zip file may hold. */
export interface ZipLimits {
  readonly entriesMax: number;
  /** Of all files together, decompressed. */
  readonly unpackedBytesMax: number;
}

/** A file in a zip file. */
export interface ZipMember {
  /** With folders, separated by slashes. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Its bytes, decompressed; a SourceFault where they are damaged. */
  read(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** An open zip file. */
export interface Zip {
  readonly members: readonly ZipMember[];
  close(): void;
}

const pathMax = 500;

/**
 * Opens a zip file and lists its files. Names that lead out of it, names twice and encrypted files refuse the whole; so does
 * what is larger inside than the limit, by its own word, which is held to as the files are read.
 */
export async function openZip(path: string, limits: ZipLimits): Promise<Result<Zip, Refusal>> {
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (thrown) {
    return broken(thrown);
  }
  const listed = await list(zip, limits);
  if (!listed.ok) {
    zip.close();
    return listed;
  }
  return ok({ members: listed.value, close: () => zip.close() });
}

async function list(zip: ZipFile, limits: ZipLimits): Promise<Result<readonly ZipMember[], Refusal>> {
  const members = new Map<string, ZipMember>();
  let unpackedBytes = 0;
  let count = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      count += 1;
      if (count > limits.entriesMax) {
        return refuse('load.zipUnsafe', `the zip file has more than ${limits.entriesMax} files`);
      }
      if (entry.fileName.endsWith('/')) continue;
      const fault = faultOf(entry, members);
      if (fault !== undefined) return refuse('load.zipUnsafe', fault);
      if (entry.isEncrypted()) {
        return refuse('load.zipBroken', 'the zip file is encrypted; pack it without a password');
      }
      unpackedBytes += entry.uncompressedSize;
      if (unpackedBytes > limits.unpackedBytesMax) {
        return refuse(
          'load.tooLarge',
          `the zip file has more than ${limits.unpackedBytesMax} bytes inside; load its files one by one`,
        );
      }
      members.set(entry.fileName.toLowerCase(), memberOf(zip, entry));
    }
  } catch (thrown) {
    return broken(thrown);
  }
  return ok([...members.values()]);
}

function memberOf(zip: ZipFile, entry: Entry): ZipMember {
  async function* read(): AsyncGenerator<Uint8Array, void, undefined> {
    let stream: Readable | undefined;
    try {
      stream = await zip.openReadStreamPromise(entry);
      yield* stream as AsyncIterable<Uint8Array>;
    } catch (thrown) {
      const reason = `${entry.fileName.slice(0, 80)} in the zip file is damaged: ${errorText(thrown)}`;
      throw new SourceFault({ code: 'load.zipBroken', reason });
    } finally {
      stream?.destroy();
    }
  }
  return { path: entry.fileName, sizeBytes: entry.uncompressedSize, read };
}

function faultOf({ fileName }: Entry, members: ReadonlyMap<string, ZipMember>): string | undefined {
  const shown = fileName.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
  if (fileName.length > pathMax) return `a name in the zip file has more than ${pathMax} characters`;
  if (/[\u0000-\u001f\u007f]/.test(fileName)) return `the zip file names ${shown}, with control characters`;
  if (members.has(fileName.toLowerCase())) return `the zip file has ${shown} twice`;
  return undefined;
}

function broken(thrown: unknown): Result<never, Refusal> {
  const text = errorText(thrown);
  if (/relative path|absolute path|invalid characters in fileName/i.test(text)) {
    return refuse('load.zipUnsafe', `the zip file has a name that leads out of it: ${text.slice(0, 120)}`);
  }
  return refuse(
    'load.zipBroken',
    `the zip file cannot be read: ${text.slice(0, 160)}; it may have been cut off`,
  );
}
