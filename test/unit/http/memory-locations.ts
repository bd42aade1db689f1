import type {
  Actor,
  LocationTableAdmin,
  LocationTableInfo,
  LocationTableName,
  RefusedTableRow,
  SourceTableRow,
  StoredTableLocation,
  TableChange,
  TableLoadOptions,
  TableLoadOutcome,
  TableLocation,
} from '../../../src/esrp/index.ts';
import { type MemoryAudit, madeAt } from './memory-ports.ts';

/** Location tables in memory. `isBusy`: as while another load is under way. */
export class MemoryLocationTables implements LocationTableAdmin {
  isBusy = false;
  readonly #rows = new Map<LocationTableName, Map<string, StoredTableLocation>>([
    ['cell', new Map()],
    ['number', new Map()],
  ]);
  readonly #sources = new Map<LocationTableName, string>();
  readonly #audit: MemoryAudit;

  constructor(audit: MemoryAudit) {
    this.#audit = audit;
  }

  async listTables(): Promise<readonly LocationTableInfo[]> {
    return [this.#info('cell'), this.#info('number')];
  }

  async load(rows: AsyncIterable<SourceTableRow>, options: TableLoadOptions): Promise<TableLoadOutcome> {
    if (this.isBusy) return { kind: 'busy' };
    const { table, mode, skipsBadRows, source, actor } = options;
    const loaded = new Map(mode === 'merge' ? this.#of(table) : []);
    const refused: RefusedTableRow[] = [];
    let readCount = 0;
    for await (const row of rows) {
      readCount += 1;
      if (row.kind === 'refused') refused.push(row.refused);
      else loaded.set(row.location.key, { ...row.location, updatedAt: madeAt });
    }
    const isRefused = refused.length > 0 && !skipsBadRows;
    if (!isRefused) {
      this.#rows.set(table, loaded);
      this.#sources.set(table, source);
      await this.#audit.append(actor, 'location.tableLoaded', { table, mode });
    }
    return {
      kind: isRefused ? 'refused' : 'loaded',
      table: this.#info(table),
      readCount,
      refusedCount: refused.length,
      refused,
    };
  }

  async listRows(query: {
    readonly table: LocationTableName;
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<readonly StoredTableLocation[]> {
    return [...this.#of(query.table).values()]
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .filter(({ key }) => query.after === undefined || key > query.after)
      .slice(0, query.limit);
  }

  async getRow(table: LocationTableName, key: string): Promise<StoredTableLocation | undefined> {
    return this.#of(table).get(key);
  }

  async setRow(table: LocationTableName, location: TableLocation, actor: Actor): Promise<TableChange> {
    if (this.isBusy) return { kind: 'busy' };
    const row = { ...location, updatedAt: madeAt };
    this.#of(table).set(location.key, row);
    await this.#audit.append(actor, 'location.rowSet', { table, key: location.key });
    return { kind: 'changed', row };
  }

  async removeRow(table: LocationTableName, key: string, actor: Actor): Promise<TableChange> {
    if (this.isBusy) return { kind: 'busy' };
    const row = this.#of(table).get(key);
    if (row === undefined) return { kind: 'absent' };
    this.#of(table).delete(key);
    await this.#audit.append(actor, 'location.rowRemoved', { table, key });
    return { kind: 'changed', row };
  }

  #of(table: LocationTableName): Map<string, StoredTableLocation> {
    return this.#rows.get(table) ?? new Map();
  }

  #info(name: LocationTableName): LocationTableInfo {
    const rowCount = this.#of(name).size;
    const source = this.#sources.get(name);
    return {
      name,
      rowCount,
      updatedAt: rowCount === 0 ? undefined : madeAt,
      updatedBy: rowCount === 0 ? undefined : 'admin',
      source,
      isLoading: this.isBusy,
    };
  }
}
