import { wallMs } from '../base/index.ts';
import type { Actor, AuditLog, AuditRow } from '../esrp/index.ts';
import type { Database, DbTransaction } from './database/types.ts';
import { appendAudit, listAudit } from './sql/audit.ts';

/** Adds an audit row in the transaction of the change that it tells of. */
export async function audited(
  tx: DbTransaction,
  actor: Actor,
  action: string,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tx.query(appendAudit({ actor: actor.name, via: actor.via, action, detail }));
}

/** The audit trail; rows are only ever added. */
export function makeAuditLog(database: Database, deadlineMs: number): AuditLog {
  return {
    append: async (actor, action, detail) => {
      await database.query(appendAudit({ actor: actor.name, via: actor.via, action, detail }), {
        deadlineMs,
      });
    },
    list: async ({ limit, before }) => {
      const rows = await database.query(listAudit({ limit, before: before ?? null }), { deadlineMs });
      return (rows as readonly (Omit<AuditRow, 'at'> & { readonly at: number })[]).map((row) => ({
        ...row,
        at: wallMs(row.at),
      }));
    },
  };
}
