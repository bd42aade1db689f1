import type { BoundaryLookup } from '../../src/esrp/index.ts';
import type { Database } from '../../src/store/database/types.ts';
import { MemoryLookup } from '../../src/store/memory/memory-lookup.ts';
import { readActiveVersion, readBoundaries } from '../../src/store/memory/read-dataset.ts';
import { type DatasetSnapshot, openSnapshot, SnapshotBuilder } from '../../src/store/memory/snapshot.ts';
import { joinPieces } from '../../src/store/memory/snapshot-file.ts';

/** The active dataset of a database in memory, through the bytes of its file; `onRing` is told its rings. */
export async function snapshotOf(
  database: Database,
  onRing?: (ring: ArrayLike<number>) => void,
): Promise<DatasetSnapshot> {
  const version = await readActiveVersion(database, 60_000);
  if (version === undefined) throw new Error('no dataset is active');
  const builder = new SnapshotBuilder(onRing);
  for await (const rows of readBoundaries(database, version.datasetId)) builder.addSent(rows);
  const opened = openSnapshot(joinPieces(builder.finish(version)));
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

/** Lookups in memory that make their snapshot of the active dataset when they are first asked, and when told to. */
export function memoryLookupOf(database: Database): BoundaryLookup & { refresh(): Promise<void> } {
  let snapshot: DatasetSnapshot | undefined;
  const lookup = new MemoryLookup(() => snapshot);
  return {
    byPoint: (position, scope) => lookup.byPoint(position, scope),
    byArea: (shape, scope) => lookup.byArea(shape, scope),
    byCivic: (civic, scope) => lookup.byCivic(civic, scope),
    nearest: (position, withinM, scope) => lookup.nearest(position, withinM, scope),
    refresh: async () => {
      snapshot = await snapshotOf(database);
    },
  };
}
