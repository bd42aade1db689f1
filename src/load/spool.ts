import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DependencyError, errorText } from '../base/index.ts';
import type { LoadErrorCode } from './errors.ts';
import type { Refusal } from './types.ts';

/** A folder of files that are there while a source is read. */
export interface Spool {
  readonly folder: string;
  /** Writes a stream to a new file, by its path in the folder, and gives its whole path; a refusal where it has more bytes than are left to the folder. */
  write(chunks: AsyncIterable<Uint8Array>, name?: string): Promise<SpoolOutcome>;
  /** Makes a folder in it, and gives its path. */
  folderFor(purpose: string): Promise<string>;
  remove(): Promise<void>;
}

/** Where a stream was written, or why it was not. */
export type SpoolOutcome =
  | { readonly kind: 'written'; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * Makes a folder below `folder`, named after this process so that a later one finds what was left behind. Rejects with
 * `load.spoolFailed` where the disk does not take it.
 */
export async function openSpool(folder: string, bytesMax: number): Promise<Spool> {
  let own: string;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    own = await mkdtemp(join(folder, `${process.pid}-`));
  } catch (thrown) {
    throw spoolError(thrown);
  }
  let leftBytes = bytesMax;
  return {
    folder: own,
    async write(chunks, name = randomUUID()) {
      const path = join(own, name);
      const written = await writeNew(path, chunks, leftBytes);
      if (written === undefined) {
        await rm(path, { force: true });
        const reason = `the file is larger than the ${bytesMax} bytes that are kept of one upload`;
        return { kind: 'refused', refusal: { code: 'load.tooLarge', reason } };
      }
      leftBytes -= written;
      return { kind: 'written', path, sizeBytes: written };
    },
    async folderFor(purpose) {
      try {
        return await mkdtemp(join(own, `${purpose}-`));
      } catch (thrown) {
        throw spoolError(thrown);
      }
    },
    remove: () => rm(own, { recursive: true, force: true }),
  };
}

async function writeNew(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<number | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    file = await open(path, 'wx', 0o600);
  } catch (thrown) {
    throw spoolError(thrown);
  }
  let sizeBytes = 0;
  try {
    for await (const chunk of chunks) {
      sizeBytes += chunk.length;
      if (sizeBytes > bytesMax) return undefined;
      await writeWhole(file, chunk);
    }
    return sizeBytes;
  } finally {
    await file.close();
  }
}

async function writeWhole(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
  } catch (thrown) {
    throw spoolError(thrown);
  }
}

/** Removes what processes left behind that are no more. Never rejects; says what could not be removed. */
export async function cleanSpools(folder: string): Promise<readonly string[]> {
  const left: string[] = [];
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names) {
    const pid = Number(/^([1-9][0-9]*)-/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || (pid !== process.pid && isRunning(pid))) continue;
    await rm(join(folder, name), { recursive: true, force: true }).catch((thrown: unknown) => {
      left.push(`${name}: ${errorText(thrown)}`);
    });
  }
  return left;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // A process that may not be signalled is there.
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

function spoolError(thrown: unknown): DependencyError {
  const why = `an upload could not be kept on disk: ${errorText(thrown)}`;
  return new DependencyError<LoadErrorCode>('load.spoolFailed', why, thrown);
}
