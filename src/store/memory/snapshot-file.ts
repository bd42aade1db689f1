import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { errorText } from '../../base/index.ts';
import { checksumFault, openSnapshot } from './snapshot.ts';

/** Where the last known good snapshot of a data folder is. */
export function snapshotFile(dataDir: string): string {
  return join(dataDir, 'standby', 'active.snapshot');
}

/** Writes a snapshot in place of the file, whole or not at all: it is on the disk before it takes the old one's name. */
export async function writeSnapshot(file: string, pieces: readonly Uint8Array[]): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unfinished = join(folder, `.${basename(file)}.${process.pid}.tmp`);
  try {
    const handle = await open(unfinished, 'w', 0o600);
    try {
      for (const piece of pieces) await handle.writeFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
    const parent = await open(folder, 'r');
    await parent.sync().finally(() => parent.close());
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** What a snapshot's file holds: its bytes, looked at, or why they cannot be used. */
export type ReadSnapshot =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Reads and checks a snapshot's file. */
export async function readSnapshot(file: string): Promise<ReadSnapshot> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await readWhole(file);
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isAbsent ? { kind: 'absent' } : { kind: 'unusable', reason: errorText(error) };
  }
  const fault = checksumFault(bytes);
  if (fault !== undefined) return { kind: 'unusable', reason: fault };
  const opened = openSnapshot(bytes);
  return opened.ok ? { kind: 'bytes', bytes } : { kind: 'unusable', reason: opened.error };
}

// Into memory of its own, which can be handed to another thread.
async function readWhole(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, 64 * 1024 * 1024), at);
      if (bytesRead === 0) return bytes.slice(0, at);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/** The pieces as one. */
export function joinPieces(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
