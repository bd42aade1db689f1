import type { DatasetId } from '../base/index.ts';
import type { Actor, DatasetRemoval } from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import { sqlState } from './database/failures.ts';
import type { Database } from './database/types.ts';
import type { DatasetJson } from './decode.ts';
import { layerWriters } from './layer-writers.ts';
import { forgetDataset, getDataset, lockActivation, lockDataset, unlistDataset } from './sql/dataset.ts';
import { attachedPartitions, detachPartition, partitionOf } from './sql/layer.ts';

const deadlineMs = 120_000;
// PostgreSQL manual, appendix A.
const lockNotAvailable = '55P03';
/** How often a detachment is tried that others are in the way of. */
const attemptsMax = 600;

/**
 * Removes a dataset that is not active, with its change sets, findings and activations; the audit trail stays. From its
 * first step on nobody sees the dataset; what a process that dies leaves of it is removed at the next start.
 */
export async function removeDataset(
  database: Database,
  id: DatasetId,
  actor: Actor,
): Promise<DatasetRemoval> {
  // Tells other processes that somebody works on it, as a load does.
  const lock = await database.tryLock(id);
  if (lock === undefined) return 'unknown';
  try {
    const removal = await database.dbTransaction<DatasetRemoval>(
      async (tx) => {
        await tx.script(lockActivation);
        await tx.query(lockDataset(id));
        const dataset = (await tx.query(getDataset(id))) as DatasetJson | null;
        if (dataset === null) return 'unknown';
        if (dataset.state === 'active') return 'active';
        await tx.query(unlistDataset(id));
        await audited(tx, actor, 'dataset.removed', { datasetId: id, name: dataset.name });
        return 'removed';
      },
      { deadlineMs },
    );
    if (removal !== 'removed') return removal;
    await dropDatasetTables(database, id);
    await database.query(forgetDataset(id), { deadlineMs });
    return removal;
  } finally {
    await lock.release();
  }
}

/**
 * Drops all tables of a dataset that nobody sees. Those that are attached are detached first, each in a step that gives up
 * after some milliseconds and is tried again: it needs the whole table for a moment, and lookups queue behind it.
 */
export async function dropDatasetTables(database: Database, datasetId: number): Promise<void> {
  const tables = layerWriters.flatMap((writer) => writer.tables);
  const attached = (await database.query(attachedPartitions(tables, datasetId), { deadlineMs })) as string[];
  for (const table of tables.filter((each) => attached.includes(partitionOf(each, datasetId)))) {
    await detach(database, detachPartition(table, datasetId));
  }
  const script = layerWriters.map((writer) => writer.dropTables(datasetId)).join(';\n');
  await database.dbTransaction((tx) => tx.script(script), { deadlineMs });
}

async function detach(database: Database, script: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await database.dbTransaction((tx) => tx.script(script), { deadlineMs });
      return;
    } catch (error) {
      const isInTheWay = error instanceof Error && sqlState(error.cause) === lockNotAvailable;
      if (!isInTheWay || attempt >= attemptsMax) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
