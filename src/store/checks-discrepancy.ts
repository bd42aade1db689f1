import { type WallMs, wallMs } from '../base/index.ts';
import type { DiscrepancyEntry, DiscrepancyStore } from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import type { Database } from './database/types.ts';
import {
  addDiscrepancy,
  getDiscrepancy,
  listDiscrepancies,
  putDiscrepancy,
  takeDueDiscrepancies,
} from './sql/check-discrepancy.ts';

/** Keeps discrepancy reports. */
export function makeDiscrepancyStore(database: Database, deadlineMs: number): DiscrepancyStore {
  return {
    addDiscrepancy: async (entry, actor) =>
      await database.dbTransaction(
        async (tx) => {
          if ((await tx.query(addDiscrepancy(JSON.stringify(entry)))) !== 1) return 'exists';
          const { direction, reportingAgency, reportId, reportType } = entry;
          await audited(tx, actor, 'discrepancy.added', { direction, reportingAgency, reportId, reportType });
          return 'added';
        },
        { deadlineMs },
      ),
    getDiscrepancy: async (key) => decode(await database.query(getDiscrepancy(key, false), { deadlineMs })),
    listDiscrepancies: async ({ limit, before, direction, state }) => {
      const query = { limit, before: before ?? null, direction: direction ?? null, state: state ?? null };
      return decodeAll(await database.query(listDiscrepancies(query), { deadlineMs }));
    },
    changeDiscrepancy: async (key, change, actor) =>
      await database.dbTransaction(
        async (tx) => {
          const before = decode(await tx.query(getDiscrepancy(key, true)));
          if (before === undefined) return undefined;
          const after = { ...before, ...change };
          await tx.query(putDiscrepancy(JSON.stringify(after)));
          if (actor !== undefined) {
            const { direction, reportingAgency, reportId } = key;
            const fields = Object.keys(change);
            await audited(tx, actor, 'discrepancy.changed', { direction, reportingAgency, reportId, fields });
          }
          return after;
        },
        { deadlineMs },
      ),
    takeDue: async (at, until, limit) =>
      decodeAll(await database.query(takeDueDiscrepancies({ at, until, limit }), { deadlineMs })),
  };
}

function decodeAll(rows: unknown): readonly DiscrepancyEntry[] {
  return (rows as readonly unknown[]).flatMap((row) => decode(row) ?? []);
}

function decode(json: unknown): DiscrepancyEntry | undefined {
  if (json === null) return undefined;
  const row = Object.fromEntries(
    Object.entries(json as Readonly<Record<string, unknown>>).map(([name, value]) => [
      name,
      value ?? undefined,
    ]),
  ) as unknown as DiscrepancyEntry;
  return {
    ...row,
    submittedAt: wallMs(row.submittedAt),
    receivedAt: wallMs(row.receivedAt),
    resolvedAt: moment(row.resolvedAt),
    nextAttemptAt: moment(row.nextAttemptAt),
  };
}

function moment(value: number | undefined): WallMs | undefined {
  return value === undefined ? undefined : wallMs(value);
}
