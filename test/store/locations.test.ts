import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  LocationTableAdmin,
  LocationTables,
  SourceTableRow,
  TableLoadOptions,
  TableLocation,
} from '../../src/esrp/index.ts';
import { makeAuditLog } from '../../src/store/audit-log.ts';
import { discardUnfinishedLocationLoads } from '../../src/store/location-load.ts';
import { makeLocationTables } from '../../src/store/location-tables.ts';
import { beginLocationLoad, createLocationLoad } from '../../src/store/sql/location-table.ts';
import { actor, ask, drivers, recordingLogger, type TestDatabase } from './harness.ts';

// Location tables: the place of a cell, and of a caller's number.

const replace: TableLoadOptions = {
  table: 'cell',
  mode: 'replace',
  skipsBadRows: false,
  source: 'cells.csv',
  actor,
};

describe.each(drivers)('location tables on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of cells and numbers', () => {
    let test: TestDatabase;
    let tables: LocationTables & LocationTableAdmin;
    const find = (...keys: readonly string[]) => tables.find('cell', keys, 20_000);
    const keysOf = async (table: 'cell' | 'number') =>
      (await tables.listRows({ table, after: undefined, limit: 1_000 })).map(({ key }) => key);
    const rowCount = async (table: 'cell' | 'number') =>
      (await tables.listTables()).find(({ name }) => name === table)?.rowCount;

    beforeAll(async () => {
      test = await open();
      tables = makeLocationTables(test.database, 20_000, recordingLogger());
    });
    afterAll(async () => {
      await test.close();
    });

    it('are there and empty before anything was loaded', async () => {
      expect((await tables.listTables()).map(({ name, rowCount: count }) => [name, count])).toEqual([
        ['cell', 0],
        ['number', 0],
      ]);
      expect(await find('3gpp:1')).toBeUndefined();
      expect(await find()).toBeUndefined();
    });

    it('give the row of the first key that has one, with shape and address as they were', async () => {
      const full: TableLocation = {
        key: '3gpp:2',
        shape: {
          kind: 'polygon',
          exterior: [at(1, 1), at(2, 1), at(2, 2), at(1, 1)],
          interiors: [],
        },
        civic: { country: 'US', elements: new Map([['A1', 'TX']]), language: 'en' },
      };
      const outcome = await tables.load(rows(cell('3gpp:1', 10), full), replace);
      expect(outcome).toMatchObject({ kind: 'loaded', readCount: 2, refusedCount: 0 });
      expect(await find('3gpp:9', '3gpp:2', '3gpp:1')).toEqual(full);
      expect(await find('3gpp:1', '3gpp:2')).toEqual(cell('3gpp:1', 10));
      expect(await tables.find('number', ['3gpp:1'], 20_000)).toBeUndefined();
    });

    it('are replaced as a whole, and merged row by row', async () => {
      await tables.load(rows(cell('3gpp:a', 1), cell('3gpp:b', 2)), replace);
      expect(await keysOf('cell')).toEqual(['3gpp:a', '3gpp:b']);
      const merged = await tables.load(rows(cell('3gpp:b', 3), cell('3gpp:c', 4)), {
        ...replace,
        mode: 'merge',
      });
      expect(merged).toMatchObject({ kind: 'loaded', table: { rowCount: 3, updatedBy: actor.name } });
      expect(await find('3gpp:b')).toEqual(cell('3gpp:b', 3));
      // A second merge may bring the same key again.
      await tables.load(rows(cell('3gpp:b', 5)), { ...replace, mode: 'merge' });
      expect(await find('3gpp:b')).toEqual(cell('3gpp:b', 5));
      expect(await rowCount('cell')).toBe(3);
    });

    it('stay as they are where a row is bad, and take the others where those are to be left out', async () => {
      await tables.load(rows(cell('3gpp:kept', 1)), replace);
      const source = (): AsyncGenerator<SourceTableRow> =>
        items(
          { kind: 'row', line: 2, location: cell('3gpp:x', 1) },
          { kind: 'refused', refused: { line: 3, column: 'lat', code: 'load.x', reason: 'no number' } },
          { kind: 'row', line: 4, location: cell('3gpp:x', 2) },
        );
      const refused = await tables.load(source(), replace);
      expect(refused).toMatchObject({
        kind: 'refused',
        readCount: 3,
        refusedCount: 2,
        refused: [
          { line: 3, column: 'lat' },
          { line: 4, code: 'store.duplicateKey', reason: expect.stringContaining('line 2') },
        ],
      });
      expect(await keysOf('cell')).toEqual(['3gpp:kept']);
      const skipped = await tables.load(source(), { ...replace, skipsBadRows: true });
      expect(skipped).toMatchObject({ kind: 'loaded', refusedCount: 2, table: { rowCount: 1 } });
      expect(await find('3gpp:x')).toEqual(cell('3gpp:x', 1));
      expect(await tables.load(rows(), replace)).toMatchObject({ kind: 'refused', refusedCount: 1 });
      expect(await keysOf('cell')).toEqual(['3gpp:x']);
    });

    it('name keys that stand in a file twice, also far from each other', async () => {
      const many = Array.from({ length: 2_500 }, (_, index) => cell(`3gpp:${index}`, index % 90));
      const outcome = await tables.load(rows(...many, cell('3gpp:7', 1)), replace);
      expect(outcome).toMatchObject({
        kind: 'refused',
        refused: [{ line: 2_502, column: 'key', reason: expect.stringContaining('line 9') }],
      });
    });

    it('answer all the time of a load from before it, then from after it, and nothing between', async () => {
      await tables.load(rows(...generation(1, 1_500)), replace);
      const seen = new Set<string>();
      let isOver = false;
      const asking = (async () => {
        while (!isOver) {
          const [first, last] = await Promise.all([find('3gpp:k0'), find('3gpp:k1499')]);
          seen.add(`${latitude(first)} ${latitude(last)}`);
        }
      })();
      const outcome = await tables.load(rows(...generation(2, 1_500)), replace);
      isOver = true;
      await asking;
      expect(outcome.kind).toBe('loaded');
      // The two questions are two moments: the later of them may see the new table already, never the other way round.
      for (const pair of seen) expect(['1 1', '2 2', '1 2']).toContain(pair);
      expect(seen.has('1 1')).toBe(true);
      expect(latitude(await find('3gpp:k0'))).toBe(2);
      // What was replaced is gone from the disk too: the two live partitions are left.
      expect(await ask(test.database, partitionCount)).toBe(2);
    });

    it('take a block of numbers where there is no line for a number, the longest first', async () => {
      await tables.load(rows(cell('+1555*', 1), cell('+155512*', 2), cell('+15551230100', 3)), {
        ...replace,
        table: 'number',
      });
      const number = async (key: string) => latitude(await tables.find('number', [key], 20_000));
      expect(await number('+15551230100')).toBe(3);
      expect(await number('+15551230101')).toBe(2);
      expect(await number('+15559990000')).toBe(1);
      expect(await number('+4930123456')).toBeUndefined();
      expect(latitude(await tables.find('number', ['+4930123456', '+15551230100'], 20_000))).toBe(3);
    });

    it('are listed in pages and changed one row at a time, each change audited', async () => {
      await tables.load(rows(cell('3gpp:1', 1), cell('3gpp:2', 2), cell('3gpp:3', 3)), replace);
      const page = await tables.listRows({ table: 'cell', after: '3gpp:1', limit: 1 });
      expect(page.map(({ key }) => key)).toEqual(['3gpp:2']);
      expect(await tables.setRow('cell', cell('3gpp:2', 7), actor)).toMatchObject({ kind: 'changed' });
      expect(await tables.setRow('cell', cell('3gpp:4', 8), actor)).toMatchObject({ kind: 'changed' });
      expect(await rowCount('cell')).toBe(4);
      expect(latitude(await tables.getRow('cell', '3gpp:2'))).toBe(7);
      expect(await tables.removeRow('cell', '3gpp:4', actor)).toMatchObject({
        kind: 'changed',
        row: { key: '3gpp:4' },
      });
      expect(await tables.removeRow('cell', '3gpp:4', actor)).toEqual({ kind: 'absent' });
      expect(await tables.getRow('cell', '3gpp:4')).toBeUndefined();
      expect(await rowCount('cell')).toBe(3);
      const audit = await makeAuditLog(test.database, 20_000).list({ limit: 4, before: undefined });
      expect(audit.map(({ action }) => action)).toEqual([
        'location.rowRemoved',
        'location.rowSet',
        'location.rowSet',
        'location.tableLoaded',
      ]);
      expect(JSON.stringify(audit)).not.toContain('position');
    });

    it('are not changed by two at once', async () => {
      await tables.load(rows(cell('3gpp:1', 1)), replace);
      let answers: unknown;
      async function* source(): AsyncGenerator<SourceTableRow> {
        yield { kind: 'row', line: 2, location: cell('3gpp:2', 2) };
        answers = await Promise.all([
          tables.load(rows(cell('3gpp:3', 3)), replace),
          tables.setRow('cell', cell('3gpp:1', 9), actor),
          tables.removeRow('cell', '3gpp:1', actor),
          tables.setRow('number', cell('+15550001111', 9), actor).then(({ kind }) => kind),
        ]);
      }
      expect(await tables.load(source(), replace)).toMatchObject({ kind: 'loaded' });
      expect(answers).toEqual([{ kind: 'busy' }, { kind: 'busy' }, { kind: 'busy' }, 'changed']);
      expect(await keysOf('cell')).toEqual(['3gpp:2']);
    });

    it('keep nothing of a load whose source breaks off', async () => {
      await tables.load(rows(cell('3gpp:1', 1)), replace);
      async function* broken(): AsyncGenerator<SourceTableRow> {
        yield { kind: 'row', line: 2, location: cell('3gpp:2', 2) };
        throw new Error('the connection ended');
      }
      await expect(tables.load(broken(), replace)).rejects.toMatchObject({ code: 'store.loadFailed' });
      expect(await keysOf('cell')).toEqual(['3gpp:1']);
      expect((await tables.listTables()).map(({ isLoading }) => isLoading)).toEqual([false, false]);
    });

    it('are free again after a process died in a load', async () => {
      const dead = 900_001;
      await test.database.query(beginLocationLoad('cell', dead), { deadlineMs: 20_000 });
      await test.database.dbTransaction((tx) => tx.script(createLocationLoad(dead)), { deadlineMs: 20_000 });
      expect(await tables.load(rows(cell('3gpp:5', 5)), replace)).toEqual({ kind: 'busy' });
      expect(await discardUnfinishedLocationLoads(test.database, recordingLogger())).toBe(1);
      expect(await ask(test.database, "select to_regclass('location_row_900001') is null")).toBe(true);
      expect(await tables.load(rows(cell('3gpp:5', 5)), replace)).toMatchObject({ kind: 'loaded' });
    });

    it('say that the deadline was missed where the database does not answer in time', async () => {
      await test.database.dbTransaction(
        async (tx) => {
          await tx.script('lock table location_row in access exclusive mode');
          const slow = tx.script('select pg_sleep(0.5)');
          await expect(tables.find('cell', ['3gpp:1'], 50)).rejects.toMatchObject({
            code: 'store.deadlineMissed',
          });
          await slow;
        },
        { deadlineMs: 20_000 },
      );
    });
  });
});

const partitionCount = "select count(*) from pg_inherits where inhparent = 'location_row'::regclass";

function at(lon: number, lat: number) {
  return { lon, lat };
}

function cell(key: string, lat: number): TableLocation {
  return { key, shape: { kind: 'circle', center: at(0, lat), radiusM: 500 }, civic: undefined };
}

function generation(lat: number, count: number): readonly TableLocation[] {
  return Array.from({ length: count }, (_, index) => cell(`3gpp:k${index}`, lat));
}

function latitude(row: TableLocation | undefined): number | undefined {
  return row?.shape?.kind === 'circle' ? row.shape.center.lat : undefined;
}

/** Rows of a file: the first one in line 2, below the header. */
async function* rows(...locations: readonly TableLocation[]): AsyncGenerator<SourceTableRow> {
  for (const [index, location] of locations.entries()) yield { kind: 'row', line: index + 2, location };
}

async function* items(...given: readonly SourceTableRow[]): AsyncGenerator<SourceTableRow> {
  yield* given;
}
