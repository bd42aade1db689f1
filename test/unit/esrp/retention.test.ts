import { describe, expect, it } from 'vitest';
import { wallMs } from '../../../src/base/index.ts';
import { keptUntil, type Located, type RetentionRules } from '../../../src/esrp/index.ts';
import type { LocationSource, LocationValue } from '../../../src/location/index.ts';

const receivedAt = wallMs(Date.UTC(2026, 10, 23, 12, 0, 0));
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const body: LocationSource = { kind: 'body', contentId: undefined, partPath: '1.2', isReferenced: true };
const reference: LocationSource = { kind: 'reference', uri: 'https://lis.example.net/1', protocol: 'held' };
const cell: LocationSource = { kind: 'table', table: 'cell', key: '3gpp:1' };

function value(retentionExpires?: string, timestamp?: string, source: LocationSource = body): LocationValue {
  return {
    source,
    shape: { kind: 'point', position: { lon: 1, lat: 2 } },
    civic: undefined,
    method: undefined,
    entity: undefined,
    timestamp,
    isRetransmissionAllowed: undefined,
    retentionExpires,
  };
}

function located(location: LocationValue | undefined, ...alternatives: LocationValue[]): Located {
  const origin = 'Geolocation 1 <https://lis.example.net/1>';
  return {
    location,
    alternatives,
    candidates: [{ origin, outcome: 'notFetched', reason: 'late' }],
    warnings: [],
    additionalData: [],
  };
}

function keptHours(what: Located | undefined, rules: Partial<RetentionRules> = {}): number | undefined {
  const until = keptUntil(what, receivedAt, {
    keepsDocumentRetention: true,
    locationRetentionMs: 365 * dayMs,
    ...rules,
  });
  return until === undefined ? undefined : (until - receivedAt) / hourMs;
}

describe('how long a location stays on a record', () => {
  const rows: readonly (readonly [string, Located | undefined, number | undefined])[] = [
    ['the document says when', located(value('2026-11-23T14:00:00Z')), 2],
    ['in another zone', located(value('2026-11-23T14:00:00+01:00')), 1],
    ['without a zone, taken for UTC', located(value('2026-11-23T14:00:00')), 2],
    ['with fractions and white space', located(value(' 2026-11-23T13:00:00.123Z ')), 1],
    ['in a leap second', located(value('2026-11-23T12:59:60Z')), 3_599 / 3_600],
    ['the date has passed: no longer than the call', located(value('2003-06-23T04:57:29Z')), 0],
    ['the date cannot be read: no longer than the call', located(value('tomorrow')), 0],
    ['an empty date: no longer than the call', located(value('')), 0],
    ['a date that is none: no longer than the call', located(value('2026-13-45T99:00:00Z')), 0],
    ['nothing said: a day from the timestamp', located(value(undefined, '2026-11-23T11:00:00Z')), 23],
    ['neither: a day from the receipt', located(value()), 24],
    ['a timestamp that cannot be read: a day from the receipt', located(value(undefined, 'now')), 24],
    [
      'a timestamp of days ago: no longer than the call',
      located(value(undefined, '2026-11-01T00:00:00Z')),
      0,
    ],
    ['the date beyond our own time', located(value('2036-01-01T00:00:00Z')), 365 * 24],
    ['a fetched document', located(value('2026-11-23T15:00:00Z', undefined, reference)), 3],
    ['a table of ours has no document', located(value(undefined, undefined, cell)), 365 * 24],
    ['the shortest of several', located(value('2026-11-24T12:00:00Z'), value('2026-11-23T16:00:00Z')), 4],
    ['a reference that was not fetched', located(undefined), 365 * 24],
    ['nothing but a part that could not be read', { ...located(undefined), candidates: [] }, undefined],
    ['nothing was located', undefined, undefined],
  ];
  it.each(rows)('%s', (_name, what, hours) => {
    expect(keptHours(what)).toBe(hours);
  });

  it('by our own rule where that ends first', () => {
    expect(keptHours(located(value('2026-11-30T12:00:00Z')), { locationRetentionMs: dayMs })).toBe(24);
  });

  it('by our own rule alone where the documents do not count', () => {
    const rules = { keepsDocumentRetention: false, locationRetentionMs: 2 * dayMs };
    expect(keptHours(located(value('2003-06-23T04:57:29Z')), rules)).toBe(48);
  });
});
