import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SyncStore } from './ecrf/index.ts';
import { defaultLostAnswerLimits, type LostMapping, readLostAnswer, writeLostAnswer } from './lost/index.ts';

/**
 * Keeps the mappings of other servers in a file of the data folder: as the document that would give them to a peer, so that
 * they are read by the same rules. The file is replaced as a whole.
 */
export function syncFile(dataDir: string): SyncStore {
  const path = join(dataDir, 'lost-mappings.xml');
  return {
    async load(): Promise<readonly LostMapping[]> {
      const bytes = await readFile(path).catch((thrown: NodeJS.ErrnoException) => {
        if (thrown.code === 'ENOENT') return undefined;
        throw thrown;
      });
      if (bytes === undefined) return [];
      const read = readLostAnswer(bytes, defaultLostAnswerLimits);
      if (!read.ok) throw new Error(`${path}: ${read.error.message}`);
      if (read.value.kind !== 'getMappingsResponse') throw new Error(`${path} holds ${read.value.kind}`);
      return read.value.changes.flatMap((change) => (change.kind === 'put' ? [change.mapping] : []));
    },
    async save(mappings: readonly LostMapping[]): Promise<void> {
      const changes = mappings.map((mapping) => ({ kind: 'put', mapping }) as const);
      const next = `${path}.next`;
      await writeFile(next, writeLostAnswer({ kind: 'getMappingsResponse', changes }), { mode: 0o600 });
      await rename(next, path);
    },
  };
}
