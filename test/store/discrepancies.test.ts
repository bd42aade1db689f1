import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wallMs } from '../../src/base/index.ts';
import type { DiscrepancyEntry, DiscrepancyStore } from '../../src/esrp/index.ts';
import { makeAuditLog } from '../../src/store/audit-log.ts';
import { makeDiscrepancyStore } from '../../src/store/checks-discrepancy.ts';
import { actor, drivers, type TestDatabase, testNow } from './harness.ts';

const entry = (reportId: string, changes: Partial<DiscrepancyEntry> = {}): DiscrepancyEntry => ({
  direction: 'in',
  reportingAgency: 'psap.example',
  reportId,
  reportType: 'LostDiscrepancyReport',
  problem: undefined,
  severity: 'Severe',
  submittedAt: testNow,
  receivedAt: wallMs(testNow + Number(reportId)),
  state: 'open',
  report: { reportType: 'LostDiscrepancyReport', members: { nobody: ['knows', null, 1.5] } },
  response: undefined,
  status: undefined,
  resolution: undefined,
  resolvedAt: undefined,
  targetUri: undefined,
  attempts: 0,
  nextAttemptAt: undefined,
  lastFailure: undefined,
  ...changes,
});

describe.each(drivers)('discrepancy reports on $name', ({ isThere, open }) => {
  describe.skipIf(!isThere)('kept', () => {
    let test: TestDatabase;
    let store: DiscrepancyStore;
    beforeAll(async () => {
      test = await open();
      store = makeDiscrepancyStore(test.database, 20_000);
    });
    afterAll(async () => await test.close());

    it('are as they came, once a key, and audited', async () => {
      expect(await store.addDiscrepancy(entry('1'), actor)).toBe('added');
      expect(await store.addDiscrepancy(entry('1', { severity: 'Minor' }), actor)).toBe('exists');
      expect(await store.addDiscrepancy(entry('1', { direction: 'out', state: 'queued' }), actor)).toBe(
        'added',
      );
      expect(await store.getDiscrepancy(entry('1'))).toEqual(entry('1'));
      expect(await store.getDiscrepancy(entry('9'))).toBeUndefined();
      const audit = await makeAuditLog(test.database, 5_000).list({ limit: 9, before: undefined });
      expect(audit.map(({ action, detail }) => [action, detail['direction']])).toEqual([
        ['discrepancy.added', 'out'],
        ['discrepancy.added', 'in'],
      ]);
    });

    it('change in what is told of them alone', async () => {
      const change = {
        state: 'resolved',
        resolution: { resolution: 'DataCorrected' },
        resolvedAt: wallMs(testNow + 500),
        targetUri: 'https://psap.example/',
        nextAttemptAt: wallMs(testNow + 1_000),
      } as const;
      const after = { ...entry('1'), ...change };
      expect(await store.changeDiscrepancy(entry('1'), change, actor)).toEqual(after);
      expect(await store.getDiscrepancy(entry('1'))).toEqual(after);
      expect((await store.getDiscrepancy(entry('1', { direction: 'out' })))?.state).toBe('queued');
      expect(await store.changeDiscrepancy(entry('9'), { attempts: 1 }, undefined)).toBeUndefined();
    });

    it('are taken when they are due, by one alone', async () => {
      const due = { direction: 'out', state: 'queued', nextAttemptAt: wallMs(testNow + 900) } as const;
      await store.addDiscrepancy(entry('2', due), actor);
      await store.addDiscrepancy(entry('3', { ...due, nextAttemptAt: wallMs(testNow + 5_000) }), actor);
      const take = (at: number) => store.takeDue(wallMs(testNow + at), wallMs(testNow + 60_000), 10);
      expect(await take(800)).toEqual([]);
      const [first, second] = await Promise.all([take(1_000), take(1_000)]);
      expect([...first, ...second].map(({ reportId }) => reportId).sort()).toEqual(['1', '2']);
      expect(await take(1_000)).toEqual([]);
      expect((await take(5_000)).map(({ reportId }) => reportId)).toEqual(['3']);
    });

    it('are listed by pages, directions and states, the newest first', async () => {
      const list = async (changes: object) =>
        (
          await store.listDiscrepancies({
            ...{ limit: 10, before: undefined, direction: undefined, state: undefined },
            ...changes,
          })
        ).map(({ reportId, direction }) => `${direction} ${reportId}`);
      expect((await list({})).slice(0, 2)).toEqual(['out 3', 'out 2']);
      expect(await list({ direction: 'in' })).toEqual(['in 1']);
      expect(await list({ state: 'queued', limit: 1 })).toEqual(['out 3']);
      expect(await list({ before: wallMs(testNow + 2), direction: 'out' })).toEqual(['out 1']);
    });
  });
});
