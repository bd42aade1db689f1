import type { ShadowReport, ShadowStore } from '../esrp/index.ts';
import type { Database } from './database/types.ts';
import { getShadow, putShadow } from './sql/check-shadow.ts';

// The report is a document: what JSON leaves out is what is undefined, and brands are plain values in it.

/** Keeps the newest run of shadow routing of each dataset. */
export function makeShadowStore(database: Database, deadlineMs: number): ShadowStore {
  return {
    putShadow: async (report) => {
      const statement = putShadow({
        datasetId: report.request.datasetId,
        state: report.state,
        startedAt: report.startedAt,
        finishedAt: report.finishedAt ?? null,
        report: JSON.stringify(report),
      });
      await database.query(statement, { deadlineMs });
    },
    getShadow: async (id) => {
      const found = (await database.query(getShadow(id), { deadlineMs })) as ShadowReport | null;
      if (found === null) return undefined;
      // Runs are told by the process that they run in: one that is only on record ended with its process.
      return found.state === 'running'
        ? { ...found, state: 'failed', detail: 'it is not running in this process, or ended with it' }
        : found;
    },
  };
}
