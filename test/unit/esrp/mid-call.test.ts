import { describe, expect, it } from 'vitest';
import { boundaryId, callRecordId, datasetId, serviceUrn, wallMs } from '../../../src/base/index.ts';
import {
  type BoundaryLookup,
  CallBook,
  type CallRecord,
  type LookupAnswer,
  MidCall,
  type MidCallOptions,
} from '../../../src/esrp/index.ts';
import { centerOf } from '../../../src/geo/index.ts';
import { defaultLocationLimits } from '../../../src/location/index.ts';
import { defaultBodyLimits } from '../../../src/sip/body/index.ts';
import type { EffectId, ProxyTarget } from '../../../src/sip/proxy/index.ts';
import { pointPidf, sdpAndPidf, testFlow, testRequest } from '../../support/emergency-messages.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const id = 7 as EffectId;
const west = 'sip:west@192.0.2.20';
const east = 'sip:east@192.0.2.21';
const fallback = 'sip:default@192.0.2.22';
const service = serviceUrn('urn:service:sos');

/** Everything west of the meridian of Greenwich is served by one answering point, everything east by the other. */
function boundaryOf(lon: number): LookupAnswer {
  const serviceUri = lon < 0 ? west : east;
  const match = {
    boundaryId: boundaryId(serviceUri),
    datasetId: datasetId(1),
    displayName: serviceUri,
    serviceUrn: service,
    serviceUri,
    serviceNumber: undefined,
    agencyId: undefined,
    priority: 0,
  };
  return { kind: 'found', rule: 'covers', matches: [match] };
}

function callTo(uri: string): CallRecord {
  const target = { displayName: uri, boundaryId: undefined, ringTimeoutMs: 60_000 };
  return {
    id: callRecordId('record-0001'),
    receivedAt: wallMs(1_000),
    state: 'routing',
    method: 'INVITE',
    sipCallId: 'call-1@caller.example.net',
    from: '"Caller" <sip:a@x.example>;tag=f1',
    to: '<urn:service:sos>',
    requestUri: 'urn:service:sos',
    ingress: 'udp 127.0.0.1:5080',
    emergencyCallId: undefined,
    incidentId: undefined,
    recognition: {
      kind: 'emergency',
      service,
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
    plan: {
      targets: [
        { ...target, uri, reason: 'mapped' },
        { ...target, uri: fallback, reason: 'default' },
      ],
      trace: [],
    },
    stages: [],
    attempts: [],
    warnings: [],
    statusCode: undefined,
    answeredAt: undefined,
    endedAt: undefined,
  };
}

interface Setting {
  readonly reroutesRinging?: boolean;
  readonly lookup?: BoundaryLookup['byPoint'];
}

function setUp({ reroutesRinging = true, lookup = async ({ lon }) => boundaryOf(lon) }: Setting = {}) {
  const clock = new ManualClock();
  const kept: CallRecord[] = [];
  const logged: string[] = [];
  const note = (event: string) => logged.push(event);
  const logger = { debug: note, info: note, warn: note, error: note };
  const store = {
    put: (record: CallRecord) => void kept.push(record),
    list: async () => kept,
    get: async () => kept.at(-1),
  };
  const book = new CallBook({ store, clock, logger });
  const moves: (readonly ProxyTarget[])[] = [];
  const options: MidCallOptions = {
    locate: {
      budgetMs: 2_000,
      order: 'valueFirst',
      fallbacks: ['ingress', 'service'],
      serviceDefaults: new Map(),
      limits: { body: defaultBodyLimits, location: defaultLocationLimits },
    },
    reroutesRinging,
    ringTimeoutMs: 60_000,
    lastRingTimeoutMs: 180_000,
    silenceTimeoutMs: 5_000,
    lookupDeadlineMs: 500,
    retention: { keepsDocumentRetention: false, locationRetentionMs: 1_000 },
  };
  const midCall = new MidCall(options, {
    clock,
    logger,
    book,
    lookup: {
      byPoint: lookup,
      byArea: (shape, scope) => lookup(centerOf(shape), scope),
      byCivic: async () => ({ kind: 'noActiveDataset' }),
      nearest: async () => ({ kind: 'noActiveDataset' }),
    },
    locations: { fetch: undefined, tables: undefined, timer: () => () => undefined },
    retarget: (decideId, targets) => {
      expect(decideId).toBe(id);
      moves.push(targets);
    },
  });
  book.expect(id);
  book.open(id, callTo(west));
  const settle = async () => {
    for (let turn = 0; turn < 100 && midCall.busyCount > 0; turn += 1) await Promise.resolve();
    expect(midCall.busyCount).toBe(0);
  };
  return { midCall, book, kept, logged, moves, settle };
}

interface Later {
  readonly method?: string;
  readonly lon?: number;
  readonly fromTag?: string;
  readonly body?: 'multipart' | 'pidf' | 'sdp' | 'none';
  readonly document?: string;
}

function later({ method = 'UPDATE', lon = 10, fromTag = 'f1', body = 'multipart', document }: Later = {}) {
  const pidf = document ?? pointPidf({ lon, lat: 50 });
  const bodies = {
    multipart: sdpAndPidf(pidf),
    pidf: { contentType: 'application/pidf+xml', body: pidf },
    sdp: { contentType: 'application/sdp', body: 'v=0\r\n' },
    none: {},
  };
  const request = testRequest({ method, ...bodies[body] });
  const callId = 'call-1@caller.example.net';
  return { kind: 'inDialog', method, callId, fromTag, toTag: 't1', request, flow: testFlow } as const;
}

describe('a location that comes during a call', () => {
  it.each(['UPDATE', 'INVITE', 'INFO', 'NOTIFY', 'MESSAGE'])('in %s is put on the record', async (method) => {
    const { midCall, kept, settle, logged } = setUp({ reroutesRinging: false });
    midCall.onInDialog(later({ method }));
    await settle();
    const [update] = kept.at(-1)?.locationUpdates ?? [];
    expect(update).toMatchObject({ method, outcome: 'recorded', mapping: { kind: 'mapped' } });
    expect(update?.located.location?.shape && centerOf(update.located.location.shape).lon).toBe(10);
    expect(kept.at(-1)?.locationKeptUntil).toBe((update?.at ?? 0) + 1_000);
    expect(logged).toContain('call.locationUpdated');
  });

  it.each([
    ['as a whole body', later({ body: 'pidf' }), 1],
    ['that cannot be read', later({ body: 'pidf', document: '<presence>' }), 1],
    ['as nothing but SDP', later({ body: 'sdp' }), 0],
    ['as nothing at all', later({ body: 'none' }), 0],
    ["of the answering point's side", later({ fromTag: 't1' }), 0],
  ])('%s gives %#: as many entries as there are locations of the caller', async (_, event, count) => {
    const { midCall, kept, settle } = setUp();
    midCall.onInDialog(event);
    await settle();
    expect(kept.at(-1)?.locationUpdates).toHaveLength(count);
  });

  it('sends a ringing call to the new place, and to the old default route after it', async () => {
    const { midCall, kept, moves, settle } = setUp();
    midCall.onInDialog(later());
    await settle();
    expect(moves.map((targets) => targets.map(({ routeUri }) => routeUri))).toEqual([[east, fallback]]);
    expect(kept.at(-1)?.plan?.targets.map(({ uri }) => uri)).toEqual([east, fallback]);
    expect(kept.at(-1)?.locationUpdates[0]?.outcome).toBe('rerouted');
  });

  it.each([
    ['is in the same area', {}, -10],
    ['is elsewhere and the policy says stay', { reroutesRinging: false }, 10],
    [
      'is where nobody is known to serve',
      { lookup: async () => ({ kind: 'nothing', datasetId: datasetId(1) }) as const },
      10,
    ],
    ['cannot be looked up', { lookup: () => Promise.reject(new Error('down')) }, 10],
  ])('leaves a ringing call where it is that %s', async (_, setting: Setting, lon) => {
    const { midCall, kept, moves, settle } = setUp(setting);
    midCall.onInDialog(later({ lon }));
    await settle();
    expect(moves).toEqual([]);
    expect(kept.at(-1)?.locationUpdates[0]?.outcome).toBe('recorded');
  });

  it('never moves an answered call, also where the answer came during the lookup', async () => {
    const answer = { kind: 'final', decideId: id, statusCode: 200, reasonPhrase: 'OK' } as const;
    const { midCall, book, kept, moves, settle } = setUp({
      lookup: async ({ lon }) => {
        book.onEvent(answer);
        return boundaryOf(lon);
      },
    });
    midCall.onInDialog(later());
    await settle();
    midCall.onInDialog(later({ lon: 20 }));
    await settle();
    expect(moves).toEqual([]);
    expect(kept.at(-1)).toMatchObject({ state: 'answered' });
    expect(kept.at(-1)?.locationUpdates.map(({ outcome }) => outcome)).toEqual(['recorded', 'recorded']);
  });

  it('is looked into one at a time; of those that wait the newest counts', async () => {
    const open: (() => void)[] = [];
    const { midCall, kept, settle } = setUp({
      reroutesRinging: false,
      lookup: async ({ lon }) => {
        await new Promise<void>((resolve) => open.push(resolve));
        return boundaryOf(lon);
      },
    });
    for (const lon of [1, 2, 3]) midCall.onInDialog(later({ lon }));
    while (kept.at(-1)?.locationUpdates.length !== 2) {
      open.shift()?.();
      await Promise.resolve();
    }
    await settle();
    const lons = kept
      .at(-1)
      ?.locationUpdates.map(({ located }) => located.location?.shape && centerOf(located.location.shape).lon);
    expect(lons).toEqual([1, 3]);
  });

  it('of a call that is over, or none of ours, is left alone', async () => {
    const { midCall, book, kept, settle } = setUp();
    for (const event of [
      { kind: 'final', decideId: id, statusCode: 486, reasonPhrase: '' },
      { kind: 'done', decideId: id },
    ] as const)
      book.onEvent(event);
    const before = kept.length;
    midCall.onInDialog(later());
    await settle();
    expect(kept).toHaveLength(before);
  });
});
