import { describe, expect, it } from 'vitest';
import { callRecordId, serviceUrn, wallMs } from '../../../src/base/index.ts';
import type { CallRecord } from '../../../src/esrp/index.ts';
import { encodeRecord } from '../../../src/store/record-codec.ts';

const plain: CallRecord = {
  id: callRecordId('codec-0001'),
  receivedAt: wallMs(1_000),
  state: 'routing',
  method: 'INVITE',
  sipCallId: 'a@example.com',
  from: 'sip:caller@example.com',
  to: 'urn:service:sos',
  requestUri: 'urn:service:sos',
  ingress: 'default',
  emergencyCallId: undefined,
  incidentId: undefined,
  recognition: {
    kind: 'emergency',
    service: serviceUrn('urn:service:sos'),
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

function encoded(changes: Partial<CallRecord>): Record<string, unknown> {
  const row = JSON.parse(encodeRecord({ ...plain, ...changes }, 7)) as Record<string, unknown>;
  expect(row).toMatchObject({ id: 'codec-0001', version: 7, received_at: 1_000, state: 'routing' });
  return row['record'] as Record<string, unknown>;
}

describe('a record as JSON that jsonb takes', () => {
  for (const [name, from, stored] of [
    ['plain text', 'sip:caller@example.com', 'sip:caller@example.com'],
    ['U+0000', 'a\u0000b', 'a\uFFFDb'],
    ['half of a surrogate pair', 'a\ud800b', 'a\uFFFDb'],
    ['the other half', 'a\udc00b', 'a\uFFFDb'],
    ['a whole pair', 'a\u{1F691}b', 'a\u{1F691}b'],
    ['text that looks like an escape', 'a\\u0000b', 'a\\u0000b'],
    ['control characters', 'a\u0001\n"b', 'a\u0001\n"b'],
  ] as const) {
    it(`keeps ${name}, or puts U+FFFD where it cannot be kept`, () => {
      expect(encoded({ from })['from']).toBe(stored);
    });
  }

  it('writes out the causes of warnings, also of those that came with the location', () => {
    const warning = { code: 'x.y', message: 'broken', cause: new Error('below') };
    expect(encoded({ warnings: [warning] })['warnings']).toMatchObject([{ cause: { message: 'below' } }]);
    const located = {
      location: undefined,
      alternatives: [],
      candidates: [],
      warnings: [warning],
      additionalData: [],
    };
    expect(encoded({ located })['located']).toMatchObject({ warnings: [{ cause: { message: 'below' } }] });
  });

  it('keeps the codes where a cause refers to itself', () => {
    const cause: Record<string, unknown> = {};
    cause['cause'] = cause;
    expect(encoded({ warnings: [{ code: 'x.y', message: 'broken', cause }] })['warnings']).toMatchObject([
      { code: 'x.y', message: 'broken' },
    ]);
  });
});
