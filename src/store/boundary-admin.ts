import type { DatasetId } from '../base/index.ts';
import type { Actor, BoundaryAdmin, BoundaryListQuery, Dataset, Logger } from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import { loadBoundaries } from './boundary-load.ts';
import type { Database } from './database/types.ts';
import { type BoundaryJson, type DatasetJson, decodeBoundary, decodeDataset } from './decode.ts';
import { getBoundary, listBoundaries } from './sql/boundary.ts';
import {
  getDataset,
  listDatasets,
  lockActivation,
  pointAt,
  recordActivation,
  retireActive,
  undoActivation,
} from './sql/dataset.ts';

/** Loads, activates, rolls back and reads datasets; each change leaves an audit row in its own transaction. */
export function makeBoundaryAdmin(database: Database, deadlineMs: number, logger: Logger): BoundaryAdmin {
  return {
    load: async (features, options) => await loadBoundaries(database, features, options, logger),
    listDatasets: async () => {
      const rows = (await database.query(listDatasets(), { deadlineMs })) as readonly DatasetJson[];
      return rows.map(decodeDataset);
    },
    getDataset: async (id) => {
      const row = (await database.query(getDataset(id), { deadlineMs })) as DatasetJson | null;
      return row === null ? undefined : decodeDataset(row);
    },
    activate: async (id, actor) => await activate(database, id, actor, deadlineMs),
    rollBack: async (actor) => await rollBack(database, actor, deadlineMs),
    listBoundaries: async (query) => await list(database, query, deadlineMs),
    getBoundary: async (id, dataset) => {
      const row = await database.query(getBoundary(id, dataset ?? null), { deadlineMs });
      return row === null ? undefined : decodeBoundary(row as BoundaryJson);
    },
  };
}

async function activate(
  database: Database,
  id: DatasetId,
  actor: Actor,
  deadlineMs: number,
): Promise<Dataset | undefined> {
  return await database.dbTransaction(
    async (tx) => {
      await tx.script(lockActivation);
      const wanted = (await tx.query(getDataset(id))) as DatasetJson | null;
      if (wanted === null) return undefined;
      // Activating what is active already would put a step into the history that rolls back to itself.
      if (wanted.state === 'active') return decodeDataset(wanted);
      const previous = await tx.query(retireActive());
      const activation = await tx.query(recordActivation(id, actor.name));
      const { dataset } = (await tx.query(pointAt(id, Number(activation)))) as { dataset: DatasetJson };
      await audited(tx, actor, 'dataset.activated', { datasetId: id, previousDatasetId: previous });
      return decodeDataset(dataset);
    },
    { deadlineMs },
  );
}

async function rollBack(database: Database, actor: Actor, deadlineMs: number): Promise<Dataset | undefined> {
  return await database.dbTransaction(
    async (tx) => {
      await tx.script(lockActivation);
      const target = (await tx.query(undoActivation())) as {
        readonly activationId: number;
        readonly datasetId: number;
      } | null;
      if (target === null) return undefined;
      const undone = await tx.query(retireActive());
      const { dataset } = (await tx.query(pointAt(target.datasetId, target.activationId))) as {
        dataset: DatasetJson;
      };
      await audited(tx, actor, 'dataset.rolledBack', {
        datasetId: target.datasetId,
        undoneDatasetId: undone,
      });
      return decodeDataset(dataset);
    },
    { deadlineMs },
  );
}

async function list(database: Database, query: BoundaryListQuery, deadlineMs: number) {
  const rows = await database.query(
    listBoundaries({
      datasetId: query.datasetId ?? null,
      after: query.after ?? null,
      text: query.text ?? null,
      limit: query.limit,
      withGeometry: query.withGeometry,
    }),
    { deadlineMs },
  );
  return (rows as readonly BoundaryJson[]).map(decodeBoundary);
}
