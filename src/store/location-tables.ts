import {
  type LocationTableAdmin,
  type LocationTables,
  type Logger,
  locationTableLookupKeys,
  type TableChange,
  type TableLocation,
} from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import type { Database, DbTransaction } from './database/types.ts';
import {
  decodeLocationTable,
  decodeStoredTableLocation,
  decodeTableLocation,
  encodeTableLocation,
  type LocationTableJson,
  type StoredTableLocationJson,
  type TableLocationJson,
} from './location-codec.ts';
import { loadLocations } from './location-load.ts';
import {
  findLocation,
  holdLocationTable,
  listLocationRows,
  listLocationTables,
  noteLocationChange,
  removeLocation,
  setLocation,
} from './sql/location-table.ts';

/** How many keys one question may have: a call names a few cells, and a number is in fifteen blocks at most. */
const keysMax = 200;

/** The location tables over a database. Lookups go before everything else that the database is asked. */
export function makeLocationTables(
  database: Database,
  deadlineMs: number,
  logger: Logger,
): LocationTables & LocationTableAdmin {
  const change = (work: (tx: DbTransaction) => Promise<TableChange>) =>
    database.dbTransaction(work, { deadlineMs });
  return {
    find: async (table, keys, limitMs) => {
      const wanted = locationTableLookupKeys(table, keys).slice(0, keysMax);
      if (wanted.length === 0) return undefined;
      const row = await database.query(findLocation(table, wanted), { deadlineMs: limitMs, lane: 'lookup' });
      return row === null ? undefined : decodeTableLocation(row as TableLocationJson);
    },
    listTables: async () => {
      const tables = await database.query(listLocationTables(), { deadlineMs });
      return (tables as readonly LocationTableJson[]).map(decodeLocationTable);
    },
    load: (rows, options) => loadLocations(database, rows, options, logger),
    listRows: async ({ table, after, limit }) => {
      const statement = listLocationRows({ table, after: after ?? null, limit });
      const rows = await database.query(statement, { deadlineMs });
      return (rows as readonly StoredTableLocationJson[]).map(decodeStoredTableLocation);
    },
    getRow: async (table, key) => {
      const statement = listLocationRows({ table, after: null, limit: 1, only: key });
      const [row] = (await database.query(statement, { deadlineMs })) as readonly StoredTableLocationJson[];
      return row === undefined ? undefined : decodeStoredTableLocation(row);
    },
    setRow: (table, location, actor) =>
      change(async (tx) => {
        if ((await tx.query(holdLocationTable(table))) !== true) return { kind: 'busy' };
        const { row, isNew } = await setOne(tx, table, location);
        await tx.query(noteLocationChange({ table, added: isNew ? 1 : 0, updatedBy: actor.name }));
        await audited(tx, actor, 'location.rowSet', { table, key: row.key });
        return { kind: 'changed', row: decodeStoredTableLocation(row) };
      }),
    removeRow: (table, key, actor) =>
      change(async (tx) => {
        if ((await tx.query(holdLocationTable(table))) !== true) return { kind: 'busy' };
        const row = (await tx.query(removeLocation(table, key))) as StoredTableLocationJson | null;
        if (row === null) return { kind: 'absent' };
        await tx.query(noteLocationChange({ table, added: -1, updatedBy: actor.name }));
        await audited(tx, actor, 'location.rowRemoved', { table, key });
        return { kind: 'changed', row: decodeStoredTableLocation(row) };
      }),
  };
}

async function setOne(tx: DbTransaction, table: string, location: TableLocation) {
  const answer = await tx.query(setLocation(table, encodeTableLocation(location)));
  return answer as { readonly row: StoredTableLocationJson; readonly isNew: boolean };
}
