import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callRecordId, DependencyError, wallMs } from '../../src/base/index.ts';
import type { CallRecord, Located } from '../../src/esrp/index.ts';
import { makeApiKeyStore } from '../../src/store/api-keys.ts';
import { makeAuditLog } from '../../src/store/audit-log.ts';
import { CallRecords } from '../../src/store/call-records.ts';
import type { Database } from '../../src/store/database/types.ts';
import { keepRetention, removeLocations } from '../../src/store/retention.ts';
import { openSpillFile } from '../../src/store/spill-file.ts';
import { actor, ask, drivers, recordingLogger, sos, type TestDatabase, temporaryFolder } from './harness.ts';

// Call records, written behind the calls; and API keys.

describe.each(drivers)('records on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('of calls and keys', () => {
    let test: TestDatabase;
    const folders: string[] = [];

    const recordsOver = (
      database: Database,
      changes: { queueMax?: number; folder?: string; writeDelayMs?: number } = {},
    ) => {
      const folder = changes.folder ?? temporaryFolder();
      folders.push(folder);
      const logger = recordingLogger();
      const records = new CallRecords(database, {
        deadlineMs: 20_000,
        queueMax: changes.queueMax ?? 1_000,
        writeDelayMs: changes.writeDelayMs ?? 5,
        spill: openSpillFile(folder),
        logger,
      });
      return { records, folder, logger };
    };

    beforeAll(async () => {
      test = await open();
    });
    afterAll(async () => {
      await test.close();
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });

    it('come back as they were put, also with what JSON and jsonb cannot hold', async () => {
      const { records } = recordsOver(test.database);
      const record: CallRecord = {
        ...call('full-0001', 1),
        from: 'sip:caller\u0000@example.com \ud800',
        located: {
          location: {
            source: { kind: 'query' },
            shape: { kind: 'point', position: { lon: -95.3, lat: 29.7 } },
            civic: { country: 'US', elements: new Map([['A1', 'TX']]), language: 'en' },
            method: undefined,
            entity: undefined,
            timestamp: undefined,
            isRetransmissionAllowed: undefined,
            retentionExpires: undefined,
          },
          alternatives: [],
          candidates: [],
          additionalData: [],
          warnings: [{ code: 'x.y', message: 'broken', cause: new Error('below') }],
        },
      };
      records.put(record);
      expect(await records.get(record.id)).toBe(record);
      await records.stop(20_000);
      const again = recordsOver(test.database).records;
      const stored = await again.get(record.id);
      expect(stored?.located?.location?.civic?.elements).toEqual(new Map([['A1', 'TX']]));
      expect(stored?.located?.warnings).toMatchObject([{ code: 'x.y', cause: { message: 'below' } }]);
      expect(stored?.from).toBe('sip:caller\uFFFD@example.com \uFFFD');
      expect(stored?.receivedAt).toBe(record.receivedAt);
      expect(await again.get(callRecordId('nobody-0001'))).toBeUndefined();
    });

    it('list newest first, in pages, by state, with what was put just now', async () => {
      const { records } = recordsOver(test.database);
      for (let i = 1; i <= 450; i += 1) records.put(call(`list-${1_000 + i}`, 1_000_000 + i));
      records.put({ ...call('list-1003', 1_000_003), state: 'ended' });
      const page = await records.list({ limit: 2, before: undefined, state: undefined });
      expect(page.map(({ id }) => id)).toEqual(['list-1450', 'list-1449']);
      const next = await records.list({ limit: 1, before: page[1]?.id, state: undefined });
      expect(next.map(({ id }) => id)).toEqual(['list-1448']);
      const ended = await records.list({ limit: 10, before: undefined, state: 'ended' });
      expect(ended.map(({ id }) => id)).toEqual(['list-1003']);
      await records.stop(20_000);
      expect(await ask(test.database, "select count(*) from call_record where id like 'list-%'")).toBe(450);
    });

    it('keep the newest state, whatever order writes arrive in', async () => {
      const { records } = recordsOver(test.database);
      records.put(call('order-001', 5));
      records.put({ ...call('order-001', 5), state: 'answered' });
      await records.stop(20_000);
      // A state that another process spilled earlier comes in late.
      const { records: late, folder } = recordsOver(test.database);
      const row = {
        id: 'order-001',
        version: 1,
        received_at: 5,
        state: 'routing',
        record: call('order-001', 5),
      };
      writeFileSync(join(folder, 'calls-999999999.ndjson'), `${JSON.stringify(row)}\n{"id":"cut`);
      late.start();
      await emptied(folder);
      expect((await late.get(callRecordId('order-001')))?.state).toBe('answered');
      await late.stop(20_000);
    });

    it('that change while they wait are written once, in their newest state', async () => {
      const counted = switchable(test.database);
      const { records } = recordsOver(counted.database, { writeDelayMs: 150 });
      const states = ['routing', 'proceeding', 'answered', 'ended'] as const;
      for (const state of states) {
        for (let i = 0; i < 20; i += 1) records.put({ ...call(`once-${1_000 + i}`, 4_000_000 + i), state });
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until(() => records.pendingCount() === 0);
      expect(counted.rowsWritten).toBe(20);
      const ended = "select count(*) from call_record where id like 'once-%' and state = 'ended'";
      expect(await ask(test.database, ended)).toBe(20);
      await records.stop(20_000);
    });

    it('that never cease to change are written all the same', async () => {
      const counted = switchable(test.database);
      const { records } = recordsOver(counted.database, { writeDelayMs: 60 });
      for (let attempt = 0; counted.rowsWritten < 3; attempt += 1) {
        records.put({ ...call('restless-1', 5_000_000), statusCode: attempt });
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(counted.rowsWritten).toBeGreaterThanOrEqual(3);
      await records.stop(20_000);
    });

    it('wait out a database that is away, spill what does not fit, and lose none', async () => {
      const away = switchable(test.database);
      const { records, folder, logger } = recordsOver(away.database, { queueMax: 40 });
      away.isAway = true;
      for (let i = 0; i < 200; i += 1) {
        const finished = i % 2 === 0;
        records.put({
          ...call(`away-${1_000 + i}`, 2_000_000 + i),
          state: finished ? 'ended' : 'proceeding',
        });
        if (i % 20 === 0)
          await records.list({ limit: 1, before: undefined, state: undefined }).catch(() => undefined);
      }
      await until(() => records.pendingCount() <= 40);
      expect(logger.events).toContain('store.recordsSpilled');
      expect(logger.events).toContain('store.recordsNotWritten');
      // One to which rows are added; one more where a try to bring them back was under way.
      expect(readdirSync(folder).filter((name) => /^(calls|taken)-\d+.*\.ndjson$/.test(name))).not.toEqual(
        [],
      );
      away.isAway = false;
      records.start();
      await until(() => records.pendingCount() === 0);
      await emptied(folder);
      await records.stop(20_000);
      expect(await ask(test.database, "select count(*) from call_record where id like 'away-%'")).toBe(200);
      const ended = "select count(*) from call_record where id like 'away-%' and state = 'ended'";
      expect(await ask(test.database, ended)).toBe(100);
    });

    it('go to the spill file where the database is away at the stop, and come back at the next start', async () => {
      const away = switchable(test.database);
      const { records, folder } = recordsOver(away.database);
      away.isAway = true;
      for (let i = 0; i < 30; i += 1) records.put(call(`stop-${1_000 + i}`, 3_000_000 + i));
      await records.stop(100);
      expect(records.pendingCount()).toBe(0);
      const next = recordsOver(test.database, { folder }).records;
      next.start();
      await emptied(folder);
      await next.stop(20_000);
      expect(await ask(test.database, "select count(*) from call_record where id like 'stop-%'")).toBe(30);
    });

    it('lose their locations when the time is over and the call too, and nothing else', async () => {
      const { records } = recordsOver(test.database);
      const past = wallMs(Date.now() - 1_000);
      const ahead = wallMs(Date.now() + 3_600_000);
      const recent = Date.now() - 10_000;
      const rows = [
        ['due', 'ended', past, recent],
        ['refused', 'failed', past, recent],
        ['talking', 'answered', past, recent],
        ['later', 'ended', ahead, recent],
        ['died', 'answered', past, recent - 3 * 86_400_000],
      ] as const;
      for (const [name, state, until, receivedAt] of rows) {
        const base = call(`kept-${name}`, receivedAt);
        records.put({ ...base, state, located: placed, locationKeptUntil: until });
      }
      await records.stop(20_000);
      // More than one batch of them.
      const many = recordsOver(test.database).records;
      for (let i = 0; i < 250; i += 1) {
        const base = call(`due-${1_000 + i}`, recent);
        many.put({ ...base, state: 'ended', located: placed, locationKeptUntil: past });
      }
      await many.stop(20_000);
      expect(await removeLocations(test.database, 20_000)).toBe(253);
      expect(await removeLocations(test.database, 20_000)).toBe(0);
      const after = recordsOver(test.database).records;
      for (const [name, isGone] of [
        ['due', true],
        ['refused', true],
        ['talking', false],
        ['later', false],
        ['died', true],
      ] as const) {
        const record = await after.get(callRecordId(`kept-${name}`));
        expect(record?.located?.location === undefined, name).toBe(isGone);
        expect(record?.locationKeptUntil === undefined, name).toBe(isGone);
        expect(record?.located?.candidates, name).toHaveLength(1);
        expect(record?.from).toBe('sip:caller@example.com');
      }
      // A newer state that was on its way meanwhile is not undone, and its location goes in its turn.
      const late = recordsOver(test.database).records;
      late.put({ ...call('kept-due', recent), state: 'ended', located: placed, locationKeptUntil: past });
      await late.stop(20_000);
      expect(await removeLocations(test.database, 20_000)).toBe(1);
    });

    it('are looked at from the start, with a line and an audit row that hold the count alone', async () => {
      const { records, logger } = recordsOver(test.database);
      const ended = { ...call('start-due', Date.now()), state: 'ended', located: placed } as const;
      records.put({ ...ended, locationKeptUntil: wallMs(Date.now() - 1) });
      await records.stop(20_000);
      const retention = keepRetention(test.database, { retentionDays: 36_500, deadlineMs: 20_000, logger });
      await until(() => logger.events.includes('store.locationsRemoved'));
      retention.stop();
      const isAudited = async () => {
        const [row] = await makeAuditLog(test.database, 20_000).list({ limit: 1, before: undefined });
        return row?.action === 'records.locationsRemoved' ? row.detail : undefined;
      };
      let detail = await isAudited();
      while (detail === undefined) detail = await isAudited();
      expect(detail).toEqual({ count: 1 });
    });

    it('of keys: found by hash, replaced in one step with an audit row', async () => {
      const keys = makeApiKeyStore(test.database, 20_000);
      const [old, fresh] = ['a'.repeat(64), 'b'.repeat(64)];
      expect(await keys.hasAny()).toBe(false);
      await keys.replace('local', old, actor);
      expect(await keys.hasAny()).toBe(true);
      expect(await keys.find(old)).toEqual({ name: 'local' });
      await keys.replace('local', fresh, actor);
      expect(await keys.find(old)).toBeUndefined();
      expect(await keys.find(fresh)).toEqual({ name: 'local' });
      const rows = await makeAuditLog(test.database, 20_000).list({ limit: 2, before: undefined });
      expect(rows.map(({ action, detail }) => [action, detail])).toEqual([
        ['apiKey.replaced', { name: 'local' }],
        ['apiKey.replaced', { name: 'local' }],
      ]);
      expect(JSON.stringify(rows)).not.toContain('bbbb');
    });
  });
});

function call(id: string, receivedAt: number): CallRecord {
  return {
    id: callRecordId(id),
    receivedAt: wallMs(receivedAt),
    state: 'routing',
    method: 'INVITE',
    sipCallId: `${id}@example.com`,
    from: 'sip:caller@example.com',
    to: 'urn:service:sos',
    requestUri: 'urn:service:sos',
    ingress: 'default',
    emergencyCallId: undefined,
    incidentId: undefined,
    recognition: {
      kind: 'emergency',
      service: sos,
      isTest: false,
      rule: 'serviceUrnInRequestUri',
      matched: 'urn:service:sos',
      requestUri: 'urn:service:sos',
      isRequestUriReplaced: false,
    },
    located: undefined,
    locationUpdates: [],
    locationKeptUntil: undefined,
    mapping: undefined,
    plan: undefined,
    stages: [],
    attempts: [],
    warnings: [],
    statusCode: undefined,
    answeredAt: undefined,
    endedAt: undefined,
  };
}

const placed: Located = {
  location: {
    source: { kind: 'query' },
    shape: { kind: 'point', position: { lon: -95.3, lat: 29.7 } },
    civic: { country: 'US', elements: new Map([['A1', 'TX']]), language: undefined },
    method: undefined,
    entity: undefined,
    timestamp: undefined,
    isRetransmissionAllowed: undefined,
    retentionExpires: undefined,
  },
  alternatives: [],
  candidates: [{ origin: 'query', outcome: 'chosen', reason: 'the only one' }],
  warnings: [],
  additionalData: [],
};

/** The same database, but for times when it cannot be reached; counts the records that went to it. */
function switchable(database: Database): { database: Database; isAway: boolean; rowsWritten: number } {
  const state = {
    isAway: false,
    rowsWritten: 0,
    database: {
      kind: database.kind,
      query: async (...args: Parameters<Database['query']>) => {
        if (state.isAway) throw new DependencyError('store.databaseDown', 'away');
        const [{ name, values }] = args;
        const rows: unknown = name === 'put_call_records' ? JSON.parse(String(values[0])) : [];
        if (Array.isArray(rows)) state.rowsWritten += rows.length;
        return await database.query(...args);
      },
      dbTransaction: database.dbTransaction.bind(database),
      tryLock: database.tryLock.bind(database),
      listen: database.listen.bind(database),
      health: () => database.health(),
      close: (deadlineMs: number) => database.close(deadlineMs),
    } satisfies Database,
  };
  return state;
}

async function emptied(folder: string): Promise<void> {
  await until(() => readdirSync(folder).length === 0);
}

/** Resolves when `isSo`; the test's own time limit ends it otherwise. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}
