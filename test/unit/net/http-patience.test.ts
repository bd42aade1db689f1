import { describe, expect, it } from 'vitest';
import { OriginPatience } from '../../../src/net/http-patience.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const limits = { timeoutsMax: 3, shortMs: 500, provingMs: 1_000, memoryMs: 30_000, originsMax: 2 };
const lis = 'https://lis.example';
const other = 'https://other.example';

function patienceAfter(...waitedMs: readonly number[]): { patience: OriginPatience; clock: ManualClock } {
  const clock = new ManualClock();
  const patience = new OriginPatience(limits);
  for (const waited of waitedMs) patience.timedOut(lis, waited, clock.mono());
  return { patience, clock };
}

describe('patience with a server', () => {
  it.each([
    ['nothing yet', [], undefined],
    ['two timeouts', [2_000, 2_000], undefined],
    ['three timeouts', [2_000, 2_000, 2_000], 500],
    ['three waits too short to prove anything', [500, 999, 500], undefined],
  ])('after %s', (_, waits, shortMs) => {
    const { patience, clock } = patienceAfter(...waits);
    expect(patience.shortWaitMs(lis, clock.mono())).toBe(shortMs);
  });

  it('is not lost with other servers', () => {
    const { patience, clock } = patienceAfter(2_000, 2_000, 2_000);
    expect(patience.shortWaitMs(other, clock.mono())).toBeUndefined();
  });

  it('comes back with one answer', () => {
    const { patience, clock } = patienceAfter(2_000, 2_000, 2_000);
    patience.answered(lis);
    expect(patience.shortWaitMs(lis, clock.mono())).toBeUndefined();
    patience.timedOut(lis, 2_000, clock.mono());
    expect(patience.shortWaitMs(lis, clock.mono())).toBeUndefined();
  });

  it('comes back with time', () => {
    const { patience, clock } = patienceAfter(2_000, 2_000, 2_000);
    clock.advanceBy(29_999);
    expect(patience.shortWaitMs(lis, clock.mono())).toBe(500);
    clock.advanceBy(1);
    expect(patience.shortWaitMs(lis, clock.mono())).toBeUndefined();
    expect(patience.size).toBe(0);
  });

  it('leaves one request that goes on, at a time', () => {
    const { patience } = patienceAfter(2_000, 2_000, 2_000);
    expect(patience.takeProbe(other)).toBe(false);
    expect(patience.takeProbe(lis)).toBe(true);
    expect(patience.takeProbe(lis)).toBe(false);
    patience.releaseProbe(lis);
    expect(patience.takeProbe(lis)).toBe(true);
  });

  it('remembers no more servers than its limit', () => {
    const { patience, clock } = patienceAfter(2_000, 2_000, 2_000);
    patience.timedOut(other, 2_000, clock.mono());
    patience.timedOut('https://third.example', 2_000, clock.mono());
    expect(patience.size).toBe(2);
    expect(patience.shortWaitMs(lis, clock.mono())).toBeUndefined();
  });
});
