import { describe, expect, it } from 'vitest';
import { callRecordId, serviceUrn, wallMs } from '../../../src/base/index.ts';
import type { CallRecord, Located } from '../../../src/esrp/index.ts';
import type { LocationValue } from '../../../src/location/index.ts';
import { decodeRecord, encodeRecord } from '../../../src/store/record-codec.ts';
import { withoutLocations } from '../../../src/store/record-strip.ts';

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

describe('a record that comes back', () => {
  const place: LocationValue = {
    source: { kind: 'query' },
    shape: undefined,
    civic: { country: 'US', elements: new Map([['A1', 'TX']]), language: undefined },
    method: undefined,
    entity: undefined,
    timestamp: undefined,
    isRetransmissionAllowed: undefined,
    retentionExpires: undefined,
  };
  const located: Located = {
    location: undefined,
    alternatives: [place],
    candidates: [{ origin: 'part 1', outcome: 'notFetched', reason: 'late', durationMs: 12.5 }],
    warnings: [],
    additionalData: [{ block: 'VEDS', form: 'value', origin: 'part 1.2' }],
  };

  it('has its addresses wherever they stand: in the location, the alternatives, and later locations', () => {
    const update = {
      at: wallMs(2_000),
      method: 'UPDATE',
      located,
      mapping: undefined,
      outcome: 'recorded',
    } as const;
    for (const changes of [
      { located: { ...located, location: place, alternatives: [] } },
      { located },
      { locationUpdates: [update] },
      { located, locationUpdates: [update], locationKeptUntil: wallMs(9_000) },
    ]) {
      expect(decodeRecord(encoded(changes))).toEqual({ ...plain, ...changes });
    }
  });

  it('says with its row until when its locations may be kept', () => {
    const row = (changes: Partial<CallRecord>) => JSON.parse(encodeRecord({ ...plain, ...changes }, 7));
    expect(row({ locationKeptUntil: wallMs(9_000) })).toMatchObject({ kept_until: 9_000 });
    expect(row({})).toMatchObject({ kept_until: null });
  });

  it('keeps the cause of a warning that came with a later location', () => {
    const warning = { code: 'x.y', message: 'broken', cause: new Error('below') };
    const update = {
      at: wallMs(2_000),
      method: 'UPDATE',
      located: { ...located, alternatives: [], warnings: [warning] },
      mapping: undefined,
      outcome: 'recorded',
    } as const;
    expect(encoded({ locationUpdates: [update] })['locationUpdates']).toMatchObject([
      { located: { warnings: [{ cause: { message: 'below' } }] } },
    ]);
  });

  it('has empty lists where an earlier version wrote it', () => {
    const { locationUpdates: _updates, locationKeptUntil: _until, ...old } = plain;
    const { alternatives: _others, additionalData: _data, ...oldLocated } = { ...located, location: place };
    const json = JSON.parse(
      JSON.stringify({ ...old, located: oldLocated }, (_key, value: unknown) =>
        value instanceof Map ? Object.fromEntries(value) : value,
      ),
    ) as unknown;
    expect(decodeRecord(json)).toEqual({
      ...plain,
      located: { ...located, location: place, alternatives: [], additionalData: [] },
    });
  });
});

describe('a record whose time to keep locations is over', () => {
  it('keeps what was decided and why, without positions, addresses and references', () => {
    const secret = { lat: 29.7604, lon: -95.3698 };
    const located: Located = {
      location: {
        source: { kind: 'reference', uri: 'https://lis.example.net/secret', protocol: 'held' },
        shape: { kind: 'point', position: secret },
        civic: { country: 'US', elements: new Map([['RD', 'Secret Street']]), language: undefined },
        method: undefined,
        entity: 'pres:secret@example.com',
        timestamp: undefined,
        isRetransmissionAllowed: undefined,
        retentionExpires: undefined,
      },
      alternatives: [],
      candidates: [
        { origin: 'Geolocation 1 <https://lis.example.net/secret>', outcome: 'chosen', reason: 'came first' },
        { origin: 'Geolocation 2 sip:secret@lis.example.net', outcome: 'notFetched', reason: 'late' },
      ],
      warnings: [{ code: 'xml.x', message: 'odd', cause: new Error('near <pos>secret</pos>') }],
      additionalData: [
        { block: 'ProviderInfo', form: 'reference', origin: 'Call-Info 1', uri: 'https://secret.example' },
      ],
    };
    const stripped = withoutLocations({
      ...plain,
      located,
      locationUpdates: [
        { at: wallMs(2_000), method: 'UPDATE', located, mapping: undefined, outcome: 'recorded' },
      ],
      locationKeptUntil: wallMs(3_000),
      stages: [{ stage: 'locate', durationMs: 1, summary: 'fetched https://lis.example.net/secret' }],
    });
    const text = encodeRecord(stripped, 1);
    expect(text).not.toMatch(/secret|29\.7604|95\.3698/i);
    for (const each of [stripped.located, stripped.locationUpdates[0]?.located]) {
      expect(each?.candidates.map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ['chosen', 'came first'],
        ['notFetched', 'late'],
      ]);
      expect(each?.candidates[0]?.origin).toBe('Geolocation 1 (removed)');
      expect(each?.warnings.map(({ code }) => code)).toEqual(['xml.x', 'store.locationRemoved']);
      expect(each?.additionalData).toEqual([
        { block: 'ProviderInfo', form: 'reference', origin: 'Call-Info 1' },
      ]);
    }
    expect(stripped.locationKeptUntil).toBeUndefined();
    expect(stripped.from).toBe(plain.from);
  });
});
