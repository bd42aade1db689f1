import { describe, expect, it } from 'vitest';
import type { AgentEvent, AnswerPlan, CallRequest } from '../../../src/sip/agent/index.ts';
import { SimulatedLink, type StationOptions } from '../../support/net-link.ts';

const offer =
  'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
const answerAfter1s: AnswerPlan = {
  ringAfterMs: 100,
  outcome: { kind: 'answer', afterMs: 1_000, hangUpAfterMs: undefined },
};

interface Setting {
  readonly answer?: AnswerPlan;
  readonly call?: Partial<CallRequest>;
  readonly transport?: 'udp' | 'tcp';
  readonly caller?: Partial<StationOptions>;
}

function setUp(setting: Setting = {}) {
  const link = new SimulatedLink({ seed: 7 });
  const transport = setting.transport ?? 'udp';
  const caller = link.add({
    name: 'caller',
    address: '192.0.2.1',
    transports: [transport],
    ...setting.caller,
  });
  const callee = link.add({
    name: 'callee',
    address: '192.0.2.2',
    transports: [transport],
    answer: setting.answer ?? answerAfter1s,
  });
  const call: CallRequest = {
    callId: 'call-1',
    requestUri: 'urn:service:sos',
    fromUri: 'sip:caller@192.0.2.1',
    firstHop: { host: '192.0.2.2', port: 5060, transport },
    headers: [],
    body: { contentType: 'application/sdp', bytes: Buffer.from(offer) },
    giveUpAfterMs: 30_000,
    hangUpAfterMs: 5_000,
    ...setting.call,
  };
  return { link, caller, callee, place: () => link.submit('caller', { kind: 'call', call }) };
}

/** Events as words: `provisional 180`, `ended hungUpByUs`. */
function story(events: readonly AgentEvent[]): readonly string[] {
  return events.map((event) => {
    switch (event.kind) {
      case 'provisional':
        return `provisional ${event.statusCode}`;
      case 'response':
        return `response ${event.method} ${event.statusCode}`;
      case 'ended':
        return `ended ${event.end.reason}${event.end.statusCode === undefined ? '' : ` ${event.end.statusCode}`}`;
      default:
        return event.kind;
    }
  });
}

describe('a call over a faultless link', () => {
  for (const transport of ['udp', 'tcp'] as const) {
    it(`rings, is answered and hung up by the caller, over ${transport}`, () => {
      const { link, caller, callee, place } = setUp({ transport });
      place();
      link.run();
      expect(link.wire).toEqual([
        'caller INVITE urn:service:sos SIP/2.0',
        'callee SIP/2.0 180 Ringing',
        'callee SIP/2.0 200 OK',
        `caller ACK sip:callee@192.0.2.2:5060${transport === 'tcp' ? ';transport=tcp' : ''} SIP/2.0`,
        `caller BYE sip:callee@192.0.2.2:5060${transport === 'tcp' ? ';transport=tcp' : ''} SIP/2.0`,
        'callee SIP/2.0 200 OK',
      ]);
      expect(story(caller.events)).toEqual(['provisional 180', 'answered', 'ended hungUpByUs 200']);
      expect(story(callee.events)).toEqual([
        'incoming',
        'provisional 180',
        'answered',
        'confirmed',
        'ended hungUpByPeer',
      ]);
      expect(link.remains()).toBe(0);
    });
  }

  it('is hung up by the callee', () => {
    const { link, caller, callee, place } = setUp({
      answer: { ringAfterMs: 100, outcome: { kind: 'answer', afterMs: 500, hangUpAfterMs: 2_000 } },
      call: { hangUpAfterMs: undefined },
    });
    place();
    link.run();
    expect(story(caller.events).at(-1)).toBe('ended hungUpByPeer');
    expect(story(callee.events).at(-1)).toBe('ended hungUpByUs 200');
    expect(link.remains()).toBe(0);
  });

  it('gets a 100 when the callee takes its time', () => {
    const { link, caller, place } = setUp({
      answer: { ringAfterMs: 2_000, outcome: { kind: 'answer', afterMs: 3_000, hangUpAfterMs: undefined } },
    });
    place();
    link.run();
    expect(story(caller.events).slice(0, 3)).toEqual(['provisional 100', 'provisional 180', 'answered']);
    expect(link.wire.filter((line) => line.startsWith('caller INVITE'))).toHaveLength(1);
  });

  it('is refused', () => {
    const { link, caller, callee, place } = setUp({
      answer: { ringAfterMs: undefined, outcome: { kind: 'reject', afterMs: 50, statusCode: 486 } },
    });
    place();
    link.run();
    expect(story(caller.events)).toEqual(['ended refused 486']);
    expect(story(callee.events)).toEqual(['incoming', 'ended refused 486']);
    expect(link.wire).toEqual([
      'caller INVITE urn:service:sos SIP/2.0',
      'callee SIP/2.0 486 Busy Here',
      'caller ACK urn:service:sos SIP/2.0',
    ]);
    expect(link.remains()).toBe(0);
  });

  it('is cancelled when nobody answers', () => {
    const { link, caller, callee, place } = setUp({
      answer: { ringAfterMs: 100, outcome: { kind: 'neverAnswer' } },
      call: { giveUpAfterMs: 20_000 },
    });
    place();
    link.run();
    expect(story(caller.events)).toEqual(['provisional 180', 'ended cancelled 487']);
    expect(story(callee.events).at(-1)).toBe('ended cancelled 487');
    expect(link.remains()).toBe(0);
  });

  it('is cancelled before any response came: the CANCEL waits for one', () => {
    const { link, caller, place } = setUp({
      answer: { ringAfterMs: 1_000, outcome: { kind: 'neverAnswer' } },
    });
    place();
    link.submit('caller', { kind: 'hangUp', callId: 'call-1' });
    link.run(150);
    expect(link.wire).toEqual(['caller INVITE urn:service:sos SIP/2.0']);
    link.run();
    expect(link.wire.slice(1, 3)).toEqual([
      'callee SIP/2.0 100 Trying',
      'caller CANCEL urn:service:sos SIP/2.0',
    ]);
    expect(story(caller.events)).toEqual(['provisional 100', 'ended cancelled 487']);
    expect(link.remains()).toBe(0);
  });

  it('is ended by BYE where the answer crosses the CANCEL', () => {
    const { link, caller, place } = setUp();
    place();
    link.run(1_001.5);
    link.submit('caller', { kind: 'hangUp', callId: 'call-1' });
    link.run();
    expect(link.wire.some((line) => line.startsWith('caller CANCEL'))).toBe(true);
    expect(story(caller.events).slice(-2)).toEqual(['answered', 'ended hungUpByUs 200']);
    expect(link.remains()).toBe(0);
  });

  it('rings on every minute, and ends with 480 when the caller never goes away', () => {
    const { link, caller, place } = setUp({
      answer: { ringAfterMs: 100, outcome: { kind: 'neverAnswer' } },
      call: { giveUpAfterMs: undefined },
    });
    place();
    link.run();
    expect(story(caller.events).filter((line) => line === 'provisional 180')).toHaveLength(10);
    expect(story(caller.events).at(-1)).toBe('ended refused 480');
    expect(link.remains()).toBe(0);
  });

  it('goes unanswered where nobody is, and says so', () => {
    const { link, caller, place } = setUp({
      call: { firstHop: { host: '192.0.2.77', port: 5060, transport: 'udp' }, giveUpAfterMs: undefined },
    });
    place();
    link.run();
    expect(story(caller.events)).toEqual(['ended timedOut']);
    // Timer A doubles from 500 ms until timer B at 32 s (RFC 3261 §17.1.1.2).
    expect(link.wire).toHaveLength(7);
    expect(link.remains()).toBe(0);
  });

  it('is unreachable where a connection is refused', () => {
    const { link, caller, place } = setUp({
      transport: 'tcp',
      call: { firstHop: { host: '192.0.2.77', port: 5060, transport: 'tcp' } },
    });
    place();
    link.run();
    expect(story(caller.events)).toEqual(['ended unreachable']);
    expect(link.remains()).toBe(0);
  });

  it('asks for the address of a name', () => {
    const { link, caller, place } = setUp({
      call: { firstHop: { host: 'psap.example', port: 5060, transport: 'udp' } },
    });
    link.hosts.set('psap.example', '192.0.2.2');
    place();
    link.run();
    expect(story(caller.events).at(-1)).toBe('ended hungUpByUs 200');
  });

  it('is unreachable under a name that nobody knows', () => {
    const { link, caller, place } = setUp({
      call: { firstHop: { host: 'nobody.example', port: 5060, transport: 'udp' } },
    });
    place();
    link.run();
    expect(story(caller.events)).toEqual(['ended unreachable']);
    expect(link.remains()).toBe(0);
  });

  it('is unreachable over a transport that we do not speak', () => {
    const { link, caller, place } = setUp({
      call: { firstHop: { host: '192.0.2.2', port: 5061, transport: 'tls' } },
    });
    place();
    link.run();
    expect(story(caller.events)).toEqual(['ended unreachable']);
  });
});

describe('inside of a call', () => {
  for (const [method, status] of [
    ['INVITE', 200],
    ['UPDATE', 200],
    ['INFO', 200],
    ['MESSAGE', 200],
    ['OPTIONS', 200],
    ['PRACK', 481],
    ['REFER', 405],
  ] as const) {
    for (const from of ['caller', 'callee'] as const) {
      it(`${method} of the ${from} gets ${status}`, () => {
        const { link, caller, callee, place } = setUp();
        place();
        link.run(2_000);
        const body = { contentType: 'application/sdp', bytes: Buffer.from(offer) };
        const hasBody = method === 'INVITE' || method === 'UPDATE';
        link.submit(from, {
          kind: 'request',
          request: { callId: 'call-1', method, headers: [], body: hasBody ? body : undefined },
        });
        link.run();
        const asking = from === 'caller' ? caller : callee;
        // 481 says that the dialog is gone, and ends it (RFC 3261 §12.2.1.2).
        expect(story(asking.events)).toContain(`response ${method} ${status}`);
        expect(story(asking.events).at(-1)).toMatch(/^ended hungUpBy/);
        expect(link.remains()).toBe(0);
      });
    }
  }

  it('a re-INVITE that meets another is refused with 491', () => {
    const { link, caller, callee, place } = setUp();
    place();
    link.run(2_000);
    const request = { callId: 'call-1', method: 'INVITE', headers: [], body: undefined };
    link.submit('caller', { kind: 'request', request });
    link.submit('callee', { kind: 'request', request });
    link.run();
    expect(story(caller.events)).toContain('response INVITE 491');
    expect(story(callee.events)).toContain('response INVITE 491');
    expect(link.remains()).toBe(0);
  });

  it('a request for a call that is not there gets 481 from us', () => {
    const { link, caller } = setUp();
    link.submit('caller', {
      kind: 'request',
      request: { callId: 'none', method: 'INFO', headers: [], body: undefined },
    });
    expect(story(caller.events)).toEqual(['response INFO 481']);
  });
});

describe('a call whose acknowledgement is lost', () => {
  it('is answered again and again, then hung up by the callee', () => {
    const { link, caller, callee, place } = setUp({ call: { hangUpAfterMs: undefined } });
    link.isLost = (from, bytes) => from === 'caller' && bytes.toString('latin1', 0, 4) === 'ACK ';
    place();
    link.run();
    expect(link.wire.filter((line) => line === 'callee SIP/2.0 200 OK').length).toBeGreaterThan(8);
    const acks = link.wire.filter((line) => line.startsWith('caller ACK')).length;
    expect(acks).toBe(link.wire.filter((line) => line === 'callee SIP/2.0 200 OK').length);
    expect(story(callee.events).at(-1)).toBe('ended notAcknowledged 200');
    expect(story(caller.events).at(-1)).toBe('ended hungUpByPeer');
    expect(link.remains()).toBe(0);
  });
});
