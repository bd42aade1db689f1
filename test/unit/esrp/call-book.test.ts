import { describe, expect, it } from 'vitest';
import type { WallMs } from '../../../src/base/index.ts';
import { boundaryId, callRecordId, datasetId, monoMs, serviceUrn, wallMs } from '../../../src/base/index.ts';
import type { CallEvent, CallRecord, CallRecordStore, LocationUpdate } from '../../../src/esrp/index.ts';
import { CallBook, CallChanges } from '../../../src/esrp/index.ts';
import type { EffectId } from '../../../src/sip/proxy/index.ts';
import { testFlow, testRequest } from '../../support/emergency-messages.ts';

const id = 7 as EffectId;
const target = 'sip:psap@127.0.0.1:5070';

const started: CallRecord = {
  id: callRecordId('record-0001'),
  receivedAt: wallMs(1_000),
  state: 'routing',
  method: 'INVITE',
  sipCallId: 'call-1',
  from: '<sip:a@x.example>',
  to: '<urn:service:sos>',
  requestUri: 'urn:service:sos',
  ingress: 'udp 127.0.0.1:5080',
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
  mapping: {
    kind: 'mapped',
    rule: 'covers',
    boundary: {
      boundaryId: boundaryId('b1'),
      datasetId: datasetId(1),
      displayName: 'PSAP',
      serviceUrn: serviceUrn('urn:service:sos'),
      serviceUri: target,
      serviceNumber: undefined,
      agencyId: undefined,
      priority: 0,
    },
    others: [],
    substitutedFrom: undefined,
    detail: '',
  },
  plan: undefined,
  stages: [],
  attempts: [],
  warnings: [],
  statusCode: undefined,
  answeredAt: undefined,
  endedAt: undefined,
};

class KeptRecords implements CallRecordStore {
  readonly put = (record: CallRecord) => {
    this.all.push(record);
  };
  readonly all: CallRecord[] = [];
  get last(): CallRecord | undefined {
    return this.all.at(-1);
  }
  async list(): Promise<readonly CallRecord[]> {
    return this.all;
  }
  async get(): Promise<CallRecord | undefined> {
    return this.last;
  }
}

function makeBook() {
  const store = new KeptRecords();
  const logged: string[] = [];
  let now = 2_000;
  const note = (event: string) => logged.push(event);
  const clock = { mono: () => monoMs(now), wall: (): WallMs => wallMs(++now) };
  const changes = new CallChanges();
  const told: string[] = [];
  changes.listen(({ kind, record }) => told.push(`${kind} ${record.state}`));
  const logger = { debug: note, info: note, warn: note, error: note };
  const book = new CallBook({ store, clock, logger, changes });
  return { book, store, logged, told };
}

const attempt: CallEvent = {
  kind: 'attempt',
  decideId: id,
  label: `0 ${target}`,
  destination: {
    transport: 'udp',
    remote: { address: '127.0.0.1', port: 5070 },
    connectionId: undefined,
    local: undefined,
  },
};
const provisional: CallEvent = { kind: 'provisional', decideId: id, statusCode: 180 };
const attemptEnded: CallEvent = {
  kind: 'attemptEnded',
  decideId: id,
  label: `0 ${target}`,
  statusCode: 200,
  detail: 'OK',
};
const final = (statusCode: number): CallEvent => ({
  kind: 'final',
  decideId: id,
  statusCode,
  reasonPhrase: '',
});
const cancelled: CallEvent = { kind: 'cancelled', decideId: id };
const done: CallEvent = { kind: 'done', decideId: id };
const inDialog = (method: string): CallEvent => ({
  kind: 'inDialog',
  method,
  callId: 'call-1',
  fromTag: 'a',
  toTag: 'b',
  request: testRequest({ method }),
  flow: testFlow,
});
const bye = inDialog('BYE');
const info = inDialog('INFO');

describe('the book of calls', () => {
  const rows: readonly {
    readonly name: string;
    readonly events: readonly CallEvent[];
    readonly state: string;
    readonly statusCode?: number;
  }[] = [
    { name: 'rings', events: [attempt, provisional, done], state: 'failed' },
    {
      name: 'is answered',
      events: [attempt, provisional, final(200), attemptEnded],
      state: 'answered',
      statusCode: 200,
    },
    {
      name: 'is answered and ended',
      events: [attempt, final(200), attemptEnded, bye, done],
      state: 'ended',
      statusCode: 200,
    },
    {
      name: 'is not ended by INFO',
      events: [attempt, final(200), attemptEnded, info, done],
      state: 'answered',
      statusCode: 200,
    },
    {
      name: 'ends after the transaction is gone',
      events: [attempt, final(200), attemptEnded, done, bye],
      state: 'ended',
      statusCode: 200,
    },
    { name: 'is refused', events: [attempt, final(486), done], state: 'failed', statusCode: 486 },
    {
      name: 'is cancelled',
      events: [attempt, provisional, cancelled, final(487), done],
      state: 'cancelled',
      statusCode: 487,
    },
    {
      name: 'keeps its first final response',
      events: [attempt, final(200), final(200), done],
      state: 'answered',
      statusCode: 200,
    },
  ];
  it.each(rows)('a call that $name', ({ events, state, statusCode }) => {
    const { book, store } = makeBook();
    book.expect(id);
    book.open(id, started);
    for (const event of events) book.onEvent(event);
    expect(store.last).toMatchObject({ state, ...(statusCode === undefined ? {} : { statusCode }) });
  });

  it('has each attempt with its end, also when that is told after the answer', () => {
    const { book, store } = makeBook();
    book.expect(id);
    book.open(id, started);
    for (const event of [attempt, final(200), attemptEnded, done]) book.onEvent(event);
    expect(store.last?.attempts).toMatchObject([{ target, nextHop: 'udp 127.0.0.1:5070', statusCode: 200 }]);
    expect(store.last?.attempts[0]?.endedAt).toBeDefined();
  });

  it('has attempts at several addresses of a target each with its own end, and a late answer with the one that gave it', () => {
    const { book, store } = makeBook();
    const at = (address: string) => ({
      transport: 'udp' as const,
      remote: { address, port: 5070 },
      connectionId: undefined,
      local: undefined,
    });
    book.expect(id);
    book.open(id, started);
    book.onEvent({ ...attempt, destination: at('127.0.0.1') } as CallEvent);
    book.onEvent({ ...attempt, destination: at('127.0.0.2'), contact: 'sip:other@127.0.0.2' } as CallEvent);
    book.onEvent({ ...attemptEnded, destination: at('127.0.0.2'), statusCode: 486 } as CallEvent);
    book.onEvent({ ...attemptEnded, destination: at('127.0.0.1'), statusCode: 408 } as CallEvent);
    book.onEvent({ ...attemptEnded, destination: at('127.0.0.1'), statusCode: 200 } as CallEvent);
    for (const event of [final(200), done]) book.onEvent(event);
    expect(store.last?.attempts).toMatchObject([
      { target, nextHop: 'udp 127.0.0.1:5070', statusCode: 200 },
      { target: 'sip:other@127.0.0.2', nextHop: 'udp 127.0.0.2:5070', statusCode: 486 },
    ]);
  });

  it('is redirected by a 3xx', () => {
    const { book, store } = makeBook();
    book.expect(id);
    book.open(id, started);
    for (const event of [final(302), done]) book.onEvent(event);
    expect(store.last).toMatchObject({ state: 'redirected', statusCode: 302 });
  });

  it('is empty when calls are over', () => {
    const { book } = makeBook();
    book.expect(id);
    book.open(id, started);
    for (const event of [attempt, final(200), done, bye]) book.onEvent(event);
    expect(book.counts()).toEqual({ inSetUp: 0, answered: 0 });
  });

  it('logs one line a call', () => {
    const { book, logged } = makeBook();
    book.expect(id);
    book.open(id, started);
    for (const event of [attempt, provisional, final(200), attemptEnded, done, bye]) book.onEvent(event);
    expect(logged).toEqual(['call.routed']);
  });

  it('keeps what happened before the decision was there, and says that it came late', () => {
    const { book, store } = makeBook();
    book.expect(id);
    for (const event of [attempt, provisional, final(200)]) book.onEvent(event);
    book.open(id, started);
    expect(store.last).toMatchObject({ state: 'answered', warnings: [{ code: 'esrp.decidedLate' }] });
  });

  it('does not blame the stages where the caller gave up before the decision', () => {
    const { book, store } = makeBook();
    book.expect(id);
    for (const event of [cancelled, final(487), done]) book.onEvent(event);
    book.open(id, started);
    expect(store.last).toMatchObject({ state: 'cancelled', statusCode: 487, warnings: [] });
    expect(book.counts().inSetUp).toBe(0);
  });

  it('does not follow a request that is no emergency', () => {
    const { book, store } = makeBook();
    book.expect(id);
    book.open(id, undefined);
    book.onEvent(final(403));
    expect(store.all).toEqual([]);
    expect(book.counts().inSetUp).toBe(0);
  });

  it('finds a call by its SIP Call-ID from its decision to its end', () => {
    const { book } = makeBook();
    book.expect(id);
    expect(book.find('call-1')).toBeUndefined();
    book.open(id, started);
    expect(book.find('call-1')).toMatchObject({ decideId: id, isInSetUp: true });
    for (const event of [attempt, provisional, final(200), done]) book.onEvent(event);
    expect(book.find('call-1')).toMatchObject({ decideId: id, isInSetUp: false });
    book.onEvent(bye);
    expect(book.find('call-1')).toBeUndefined();
  });

  it('finds no call that failed, and none in set-up that the caller gave up', () => {
    const { book } = makeBook();
    book.expect(id);
    book.open(id, started);
    book.onEvent(cancelled);
    expect(book.find('call-1')?.isInSetUp).toBe(false);
    for (const event of [final(487), done]) book.onEvent(event);
    expect(book.find('call-1')).toBeUndefined();
  });

  it('tells who follows it of the start, each state and each new location', () => {
    const { book, told } = makeBook();
    book.expect(id);
    book.open(id, started);
    book.onEvent(provisional);
    book.addLocation('call-1', { update: newLocation(5), keptUntil: undefined, plan: undefined });
    for (const event of [final(200), done, bye]) book.onEvent(event);
    expect(told).toEqual([
      'started routing',
      'state proceeding',
      'location proceeding',
      'state answered',
      'state ended',
    ]);
  });

  it('puts later locations on the record, the newest ones where there are too many', () => {
    const { book, store } = makeBook();
    book.expect(id);
    book.open(id, started);
    for (let at = 1; at <= 40; at += 1) {
      const keptUntil = at === 3 ? wallMs(100) : wallMs(9_000);
      book.addLocation('call-1', { update: newLocation(at), keptUntil, plan: undefined });
    }
    expect(store.last?.locationUpdates.map(({ at }) => at)).toEqual(
      Array.from({ length: 32 }, (_, n) => n + 9),
    );
    expect(store.last?.locationKeptUntil).toBe(100);
  });

  it('takes no location for a call that is not in progress', () => {
    const { book, store } = makeBook();
    book.addLocation('call-1', { update: newLocation(1), keptUntil: undefined, plan: undefined });
    expect(store.all).toEqual([]);
  });
});

function newLocation(at: number): LocationUpdate {
  return {
    at: wallMs(at),
    method: 'UPDATE',
    located: { location: undefined, alternatives: [], candidates: [], warnings: [], additionalData: [] },
    mapping: undefined,
    outcome: 'recorded',
  };
}
