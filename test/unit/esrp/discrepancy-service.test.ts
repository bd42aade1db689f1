import { describe, expect, it } from 'vitest';
import { type DiscrepancyWorld, discrepancyWorld } from '../http/memory-discrepancies.ts';

// Sending discrepancy reports: at once, again after waits that grow, given up in the end.

const actor = { name: 'tester', via: 'api' } as const;
const targetUri = 'https://ecrf.example/DiscrepancyReports/v1/Reports';

async function submitted(world: DiscrepancyWorld): Promise<string> {
  const document = { reportType: 'GisDiscrepancyReport', problem: 'Gap' };
  const queued = await world.service.submit({ targetUri, document }, actor);
  if (!queued.ok) throw new Error(queued.error.reason);
  return queued.value.reportId;
}
const stateOf = (world: DiscrepancyWorld) => [...world.store.entries.values()][0];

describe('reports that are sent', () => {
  it('name us, and what is filled in', async () => {
    const world = discrepancyWorld();
    await submitted(world);
    await world.service.sendDue();
    expect(world.other.posted).toEqual([
      {
        uri: targetUri,
        isTrusted: true,
        document: {
          resolutionUri: 'https://esrp.example/DiscrepancyReports/v1/Resolutions',
          problemSeverity: 'Moderate',
          reportType: 'GisDiscrepancyReport',
          problem: 'Gap',
          discrepancyReportSubmitTimeStamp: new Date(world.nowMs).toISOString(),
          discrepancyReportId: 'x'.repeat(20),
          reportingAgencyName: 'esrp.example',
          reportingContactJcard: '["vcard",[]]',
        },
      },
    ]);
    await world.service.sendDue();
    expect(world.other.posted.length).toBe(1);
  });

  it('are tried again after waits that double, and arrive', async () => {
    const world = discrepancyWorld({ firstRetryMs: 1_000, retryMaxMs: 3_000 });
    world.other.answers.push('away', 503, 429, 201);
    await submitted(world);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 4; attempt++) {
      await world.service.sendDue();
      expect(world.other.posted.length).toBe(attempt);
      const { nextAttemptAt } = stateOf(world) ?? {};
      if (nextAttemptAt === undefined) break;
      waits.push(nextAttemptAt - world.nowMs);
      world.nowMs = nextAttemptAt - 1;
      await world.service.sendDue();
      expect(world.other.posted.length).toBe(attempt);
      world.nowMs = nextAttemptAt;
    }
    expect(waits).toEqual([1_000, 2_000, 3_000]);
    expect(stateOf(world)).toMatchObject({ state: 'sent', attempts: 4, lastFailure: undefined });
  });

  it.each([454, 470, 471])('are given up where the other side refuses them with %i', async (statusCode) => {
    const world = discrepancyWorld();
    world.other.answers.push(statusCode);
    await submitted(world);
    await world.service.sendDue();
    expect(stateOf(world)).toMatchObject({ state: 'failed', attempts: 1, nextAttemptAt: undefined });
    expect(stateOf(world)?.lastFailure).toContain(String(statusCode));
  });

  it('are given up after as many attempts as are allowed', async () => {
    const world = discrepancyWorld({ attemptsMax: 3 });
    world.other.answers.push('away', 'away', 'away');
    await submitted(world);
    for (let attempt = 0; attempt < 5; attempt++) {
      await world.service.sendDue();
      world.nowMs += 86_400_000;
    }
    expect(world.other.posted.length).toBe(3);
    expect(stateOf(world)).toMatchObject({ state: 'failed', lastFailure: 'nobody is there' });
  });

  it('are refused without a place for the resolution', async () => {
    const world = discrepancyWorld({ resolutionUri: undefined });
    const document = { reportType: 'GisDiscrepancyReport' };
    expect(await world.service.submit({ targetUri, document }, actor)).toMatchObject({
      ok: false,
      error: { fault: 'badDocument', reason: 'resolutionUri is missing' },
    });
  });
});

it('looks for what is due at every tick, and for nothing after its end', async () => {
  const world = discrepancyWorld({ pollMs: 700 });
  world.service.start();
  expect(world.timer?.delayMs).toBe(700);
  await submitted(world);
  const { timer } = world;
  world.timer = undefined;
  timer?.end();
  while (world.timer === undefined) await Promise.resolve();
  expect(world.other.posted.length).toBe(1);
  await world.service.stop();
  await world.service.stop();
  expect(world.timer).toBeUndefined();
});
