import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import { defaultProxyTimers } from '../../src/sip/proxy/index.ts';
import { forkSetting, together, forkUris as uris } from '../support/fork-setting.ts';
import { forwardTo, nothingOpen, ProxyHarness, toTagOf } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(...parts: Parameters<typeof forkSetting>): ReturnType<typeof forkSetting> {
  const setting = forkSetting(...parts);
  harness = setting.harness;
  harness.names.set('psap.example.org', ['198.51.100.2', '198.51.100.3']);
  return setting;
}

const named = 'sip:psap.example.org';

describe('RFC 3261 §16.7: response processing', () => {
  it('RFC 3261 §16.7 item 3: our Via is taken off, those below stay as they came', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request({ branch: 'z9hG4bKmine' });
    const forwarded = one.takeRequest('INVITE');
    const vias = headerValues(forwarded, 'via');
    one.respond(forwarded, 180);
    caller.takeResponse(100);
    expect(headerValues(caller.takeResponse(180), 'via')).toEqual(vias.slice(1));
    expect(headerValue(invite, 'via')).toContain('z9hG4bKmine');
    one.respond(forwarded, 200);
  });

  it('RFC 3261 §16.7 item 3: a response with no Via left was for us and goes nowhere', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0], uris[1]]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    const [ours] = headerValues(forwarded, 'via');
    one.send(
      `SIP/2.0 486 Busy Here\r\nVia: ${ours}\r\nFrom: ${headerValue(forwarded, 'from')}\r\n` +
        `To: ${headerValue(forwarded, 'to')};tag=x\r\nCall-ID: call-1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`,
    );
    expect(harness.eventsOf('discarded').map(({ reason }) => reason)).toContain('no further via');
    expect(caller.waiting).toEqual(['100']);
    two.respond(two.takeRequest('INVITE'), 200);
  });

  it('RFC 3261 §16.7 item 5: a 100 is not passed, every other provisional response is', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    for (const status of [100, 180, 181, 182, 183, 199, 180]) one.respond(forwarded, status);
    expect(caller.waiting).toEqual(['100', '180', '181', '182', '183', '199', '180']);
    one.respond(forwarded, 200);
  });

  it('RFC 3261 §16.7 item 5: after a final response no provisional one is passed', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 200);
    two.respond(second, 180);
    expect(caller.waiting).toEqual(['100', '200']);
    two.respond(second, 487);
  });

  it('RFC 3261 §16.7 item 5: exactly one final response to a request that is no INVITE', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request({ method: 'OPTIONS' });
    const [first, second] = [one.takeRequest('OPTIONS'), two.takeRequest('OPTIONS')];
    one.respond(first, 200);
    two.respond(second, 200);
    expect(caller.waiting).toEqual(['200']);
  });

  it('RFC 3261 §16.7 item 6: 408 where no branch had a final response', () => {
    const { caller } = setUp(together(2));
    caller.request();
    harness.wait(32_001);
    expect(caller.waiting).toEqual(['100', '408']);
  });

  it.each([
    ['any 6xx before all else', [404, 603, 302], 603],
    ['the lowest class', [500, 486, 302], 302],
    ['of class 4 one that tells how to ask again', [404, 420, 486], 420],
    ['anything before a 503', [503, 504, 503], 504],
  ] as const)('RFC 3261 §16.7 item 6: the best is %s', (_name, statuses, expected) => {
    const { caller, one, two, three } = setUp(together(3));
    caller.request();
    for (const [index, peer] of [one, two, three].entries()) {
      peer.respond(peer.takeRequest('INVITE'), statuses[index] ?? 500);
    }
    expect(caller.waiting).toEqual(['100', String(expected)]);
  });

  it('RFC 3261 §16.7 item 6: a 503 is never passed as such, nor its Retry-After', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 503, { headers: [['Retry-After', '120']] });
    caller.takeResponse(100);
    expect(headerValue(caller.takeResponse(500), 'retry-after')).toBeUndefined();
  });

  it('RFC 3261 §16.7 item 6: the To tag of a response that is passed on is kept', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 183, { toTag: 'early' });
    one.respond(forwarded, 486, { toTag: 'early' });
    caller.takeResponse(100);
    expect(caller.inbox.map(toTagOf)).toEqual(['early', 'early']);
  });

  it('RFC 3261 §16.7 item 9: the context stays until its last transaction has ended', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 200);
    harness.wait(31_000);
    expect(harness.core.counts().contexts).toBe(1);
    harness.wait(1001);
    expect(harness.core.counts()).toEqual(nothingOpen);
    expect(harness.eventsOf('done')).toHaveLength(1);
  });
});

describe('RFC 3261 §16.9: transport errors', () => {
  it('RFC 3261 §16.9: a request that cannot be sent counts as a 503, which goes up as 500', () => {
    const { caller } = setUp(forwardTo([uris[0]]));
    harness.broken.add('198.51.100.2:5060');
    caller.request();
    expect(caller.waiting).toEqual(['100', '500']);
    expect(harness.eventsOf('attemptEnded')).toMatchObject([{ statusCode: 503 }]);
  });

  it('RFC 3261 §16.9: a response that cannot be sent cancels nothing', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    harness.broken.add('203.0.113.1:5080');
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    one.respond(forwarded, 200);
    expect(one.waiting).toEqual([]);
    expect(harness.eventsOf('final')).toMatchObject([{ statusCode: 200 }]);
  });
});

describe('RFC 3263 §4.3: the next address', () => {
  it.each([
    [
      'a transport error',
      (setting: ReturnType<typeof setUp>) => setting.harness.broken.add('198.51.100.2:5060'),
    ],
    ['a 503', (setting: ReturnType<typeof setUp>) => setting],
  ])('RFC 3263 §4.3: is tried after %s, with another branch', (name, prepare) => {
    const setting = setUp(forwardTo([named]));
    const { caller, one, two } = setting;
    prepare(setting);
    caller.request();
    if (name === 'a 503') one.respond(one.takeRequest('INVITE'), 503);
    const [first, second] = harness.sent.filter(({ bytes }) => bytes.toString('latin1').startsWith('INVITE'));
    const branchOf = (sent: typeof first) =>
      /branch=([^;\s]+)/.exec(sent?.bytes.toString('latin1') ?? '')?.[1];
    expect(branchOf(first)).toBeDefined();
    expect(branchOf(second)).not.toBe(branchOf(first));
    two.respond(two.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3263 §4.3: is tried after timer B without any response', () => {
    const { caller, two } = setUp(forwardTo([named]), {
      timers: { ...defaultProxyTimers, nextAddressMs: 600_000 },
    });
    caller.request();
    harness.wait(31_999);
    expect(two.waiting).toEqual([]);
    harness.wait(2);
    two.respond(two.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3263 §4.3: is tried after timer F without any response', () => {
    const { caller, two } = setUp(forwardTo([named]), {
      timers: { ...defaultProxyTimers, nextAddressMs: 600_000 },
    });
    caller.request({ method: 'MESSAGE' });
    harness.wait(32_001);
    two.respond(two.takeRequest('MESSAGE'), 200);
    // RFC 4320 §4.2: delivered, but too late to say so.
    expect(caller.waiting).toEqual(['100']);
  });

  it.each([404, 408, 480, 486, 500, 504, 603])('RFC 3263 §4.3: is not tried after a %i', (status) => {
    const { caller, one, two } = setUp(forwardTo([named], { failover: 'none' }));
    caller.request();
    one.respond(one.takeRequest('INVITE'), status);
    expect(two.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', String(status)]);
  });

  it('RFC 3263 §4.3: is not tried after a provisional response', () => {
    const { caller, one, two } = setUp(forwardTo([named]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 100);
    harness.wait(40_000);
    expect(two.waiting).toEqual([]);
    one.respond(forwarded, 200);
  });

  it('RFC 3263 §4.3: is tried beside one that is silent, and whoever answers first wins', () => {
    const { caller, one, two } = setUp(forwardTo([named]));
    caller.request();
    const slow = one.takeRequest('INVITE');
    harness.wait(3999);
    expect(two.waiting).toEqual([]);
    harness.wait(2);
    const other = two.takeRequest('INVITE');
    one.respond(slow, 200);
    expect(caller.waiting).toEqual(['100', '200']);
    two.respond(other, 180);
    two.takeRequest('CANCEL');
    two.respond(other, 487);
  });

  it('RFC 3261 §8.2.2.2: a 482 of it means that the same server works on the first copy', () => {
    const { caller, one, two, three } = setUp(forwardTo([named, uris[2]]));
    caller.request();
    const slow = one.takeRequest('INVITE');
    harness.wait(4001);
    two.respond(two.takeRequest('INVITE'), 482);
    harness.wait(5000);
    expect(three.waiting).toEqual([]);
    one.respond(slow, 180);
    one.respond(slow, 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });

  it.each([
    ['all', ['100', '200']],
    ['none', ['100', '200']],
  ] as const)(
    'RFC 3263 §4.3: a refusal of it leaves the first its late answer (%s)',
    (failover, expected) => {
      const { caller, one, two } = setUp(forwardTo([named], { failover }));
      caller.request();
      const slow = one.takeRequest('INVITE');
      harness.wait(4001);
      two.respond(two.takeRequest('INVITE'), 486);
      expect(caller.waiting).toEqual(['100']);
      one.respond(slow, 200);
      expect(caller.waiting).toEqual(expected);
    },
  );

  it('RFC 3263 §4.3: comes before the next target', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([{ routeUri: named, silenceTimeoutMs: 2000 }, { routeUri: uris[2] }]),
    );
    caller.request();
    harness.wait(2000);
    expect([two.waiting, three.waiting]).toEqual([['INVITE'], []]);
    harness.wait(2000);
    three.respond(three.takeRequest('INVITE'), 200);
    expect(one.waiting.length).toBeGreaterThan(1);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3263 §4.3: is tried beside a silent one within a dialog too', () => {
    const { caller, two } = setUp(forwardTo([named]));
    caller.request({
      method: 'BYE',
      requestUri: 'sip:psap.example.org',
      to: '<urn:service:sos>;tag=psap',
      routes: ['<sip:192.0.2.1;lr>'],
    });
    harness.wait(4001);
    two.respond(two.takeRequest('BYE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3263 §4.3: one that rings after all is waited for, and neither address nor target follows', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([{ routeUri: named, silenceTimeoutMs: 2000 }, { routeUri: uris[2] }]),
    );
    caller.request();
    const slow = one.takeRequest('INVITE');
    harness.wait(2000);
    const other = two.takeRequest('INVITE');
    one.respond(slow, 180);
    two.respond(other, 503);
    harness.wait(20_000);
    expect(three.waiting).toEqual([]);
    one.respond(slow, 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });

  it('RFC 3263 §4.3: one of a silent target that rings after all holds back the target after next', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([
        { routeUri: uris[0], silenceTimeoutMs: 2000 },
        { routeUri: uris[1] },
        { routeUri: uris[2] },
      ]),
    );
    caller.request();
    const slow = one.takeRequest('INVITE');
    harness.wait(2000);
    const other = two.takeRequest('INVITE');
    one.respond(slow, 180);
    two.respond(other, 486);
    expect(three.waiting).toEqual([]);
    one.respond(slow, 486);
    three.respond(three.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });
});

describe('RFC 3263 §4.3: what a branch found out about an address', () => {
  it.each([
    ['alive once, with the first response', [100, 180, 200], [['198.51.100.2', 'alive']]],
    ['alive with a refusal', [486], [['198.51.100.2', 'alive']]],
  ] as const)('RFC 3263 §4.3: %s', (_name, statuses, expected) => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    for (const status of statuses) one.respond(forwarded, status);
    expect(harness.health).toEqual(expected);
  });

  it.each([
    ['120', 120],
    ['18000;duration=3600', 18_000],
    ['60 (I am in a meeting)', 60],
    ['soon', undefined],
  ])('RFC 3261 §20.33: refusing with a 503 and its Retry-After: %s', (value, seconds) => {
    const { caller, one, two } = setUp(forwardTo([named]));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 503, { headers: [['Retry-After', value]] });
    two.respond(two.takeRequest('INVITE'), 200);
    expect(harness.health).toEqual([
      seconds === undefined ? ['198.51.100.2', 'refusing'] : ['198.51.100.2', 'refusing', seconds],
      ['198.51.100.3', 'alive'],
    ]);
  });

  it('RFC 3263 §4.3: unreachable where it could not be sent to', () => {
    const { caller, two } = setUp(forwardTo([named]));
    harness.broken.add('198.51.100.2:5060');
    caller.request();
    two.respond(two.takeRequest('INVITE'), 200);
    expect(harness.health).toEqual([
      ['198.51.100.2', 'unreachable'],
      ['198.51.100.3', 'alive'],
    ]);
  });

  it('RFC 3263 §4.3: silent when the patience is over, not again with timer B, alive where it answers late', () => {
    const { caller, one, two } = setUp(forwardTo([named]));
    caller.request();
    const slow = one.takeRequest('INVITE');
    harness.wait(4001);
    two.respond(two.takeRequest('INVITE'), 180);
    expect(harness.health).toEqual([
      ['198.51.100.2', 'silent'],
      ['198.51.100.3', 'alive'],
    ]);
    one.respond(slow, 486);
    expect(harness.health[2]).toEqual(['198.51.100.2', 'alive']);
    harness.wait(40_000);
    expect(harness.health).toHaveLength(3);
  });

  it('RFC 3263 §4.3: silent with timer B and F where nothing else is left', () => {
    const { caller } = setUp(forwardTo([uris[0]]));
    caller.request();
    caller.request({ method: 'MESSAGE', callId: 'other' });
    harness.wait(32_001);
    expect(harness.health).toEqual([
      ['198.51.100.2', 'silent'],
      ['198.51.100.2', 'silent'],
    ]);
  });

  it('RFC 3263 §4.3: nothing of one that rang and then fell silent', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    one.respond(one.takeRequest('INVITE'), 180);
    caller.cancel(invite);
    harness.wait(40_000);
    expect(harness.health).toEqual([['198.51.100.2', 'alive']]);
  });
});

describe('RFC 4320 §4: requests that are no INVITE', () => {
  it('RFC 4320 §4.1: no provisional response but 100 is passed', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request({ method: 'MESSAGE' });
    const forwarded = one.takeRequest('MESSAGE');
    one.respond(forwarded, 180);
    one.respond(forwarded, 100);
    expect(caller.waiting).toEqual([]);
    one.respond(forwarded, 200);
    expect(caller.waiting).toEqual(['200']);
  });

  it('RFC 4320 §4.1: no 100 before timer E would be at T2, one after it', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request({ method: 'MESSAGE' });
    const forwarded = one.takeRequest('MESSAGE');
    harness.wait(3499);
    expect(caller.waiting).toEqual([]);
    harness.wait(2);
    expect(caller.waiting).toEqual(['100']);
    one.respond(forwarded, 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it.each([
    ['that timed out everywhere', undefined],
    ['that was answered with 408', 408],
  ])('RFC 4320 §4.2: no 408 to one %s', (_name, status) => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request({ method: 'MESSAGE' });
    const forwarded = one.takeRequest('MESSAGE');
    if (status !== undefined) one.respond(forwarded, status);
    harness.wait(40_000);
    expect(caller.waiting.filter((what) => what !== '100')).toEqual([]);
  });

  it('RFC 4320 §4.2: no 408 though the decision asks for it', () => {
    const { caller } = setUp({ kind: 'reply', statusCode: 408, reasonPhrase: 'Timeout', headers: [] });
    caller.request({ method: 'MESSAGE' });
    caller.request({ callId: 'other' });
    expect(caller.waiting).toEqual(['100', '408']);
  });

  it.each([200, 486])('RFC 4320 §4.2: a %i that comes later than 64*T1 is not passed', (status) => {
    const { caller, one } = setUp(
      forwardTo([{ routeUri: uris[3], timeoutMs: 30_000 }, { routeUri: uris[0] }]),
    );
    caller.request({ method: 'MESSAGE' });
    harness.wait(32_001);
    one.respond(one.takeRequest('MESSAGE'), status);
    expect(caller.waiting).toEqual(['100']);
    harness.wait(40_000);
    expect(caller.waiting).toEqual(['100']);
  });

  it('RFC 4320 §4.2: a refusal does not wait for an address that never answered', () => {
    const { caller, two } = setUp(forwardTo([named], { failover: 'none' }));
    caller.request({ method: 'MESSAGE' });
    harness.wait(4001);
    two.respond(two.takeRequest('MESSAGE'), 404);
    expect(caller.waiting).toEqual(['100', '404']);
  });
});
