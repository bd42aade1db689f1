import type { DatasetReview } from '../esrp/index.ts';
import { type DatasetChecksOptions, makeDatasetChecks } from './checks.ts';
import type { Database } from './database/types.ts';
import { diffDatasets, makePoints } from './diff.ts';
import { getDataset } from './sql/dataset.ts';

/** {@link DatasetReview} over one database. */
export type StoredReview = DatasetReview & {
  /** Resolves when no check runs in this process. */
  idle(): Promise<void>;
  /** Ends every check that runs in this process; its report says so. */
  stop(): Promise<void>;
};

/** Looks at datasets: checks, differences, places to try them at; and removes them. */
export function makeDatasetReview(database: Database, options: DatasetChecksOptions): StoredReview {
  const checks = makeDatasetChecks(database, options);
  const isThere = async (id: number) =>
    (await database.query(getDataset(id), { deadlineMs: options.deadlineMs })) !== null;
  return {
    startCheck: (id, of) => checks.startCheck(id, of),
    getCheck: (id) => checks.getCheck(id),
    cancelCheck: (id) => checks.cancelCheck(id),
    listFindings: (query) => checks.listFindings(query),
    removeDataset: (id, actor) => checks.removeDataset(id, actor),
    idle: () => checks.idle(),
    stop: () => checks.stop(),
    diff: async (query) => {
      if (!(await isThere(query.from)) || !(await isThere(query.to))) return undefined;
      return await diffDatasets(database, query);
    },
    points: async (query) => ((await isThere(query.datasetId)) ? await makePoints(database, query) : []),
  };
}
