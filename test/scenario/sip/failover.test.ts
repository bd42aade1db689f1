import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../../src/sip/message/index.ts';
import type { ProxyTarget, RequestDecision } from '../../../src/sip/proxy/index.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

const first = 'sip:198.51.100.2';
const second = 'sip:198.51.100.3';

function setUp(decision: RequestDecision = forwardTo([first, second])) {
  harness = new ProxyHarness();
  harness.decide = () => decision;
  return {
    caller: harness.peer('203.0.113.1', 5080),
    psap: harness.peer('198.51.100.2'),
    alternate: harness.peer('198.51.100.3'),
  };
}

function ended(): unknown[] {
  return harness.eventsOf('attemptEnded').map(({ label, statusCode }) => [label, statusCode]);
}

describe('failover', () => {
  it.each([302, 401, 404, 480, 486, 500, 503, 600, 603])(
    'all: a %i moves the call to the next target',
    (status) => {
      const { caller, psap, alternate } = setUp();
      caller.request();
      psap.respond(psap.takeRequest('INVITE'), status);
      psap.takeRequest('ACK');
      alternate.respond(alternate.takeRequest('INVITE'), 200);
      expect(caller.waiting).toEqual(['100', '200']);
      expect(ended()).toEqual([
        ['target1', status],
        ['target2', 200],
      ]);
      expect(harness.eventsOf('attempt').map((event) => event.label)).toEqual(['target1', 'target2']);
    },
  );

  it.each([
    ['serverErrors', 500, true],
    ['serverErrors', 503, true],
    ['serverErrors', 408, true],
    ['serverErrors', 486, false],
    ['serverErrors', 603, false],
    ['none', 500, false],
    ['none', 486, false],
  ] as const)('%s: after a %i another target is tried: %s', (failover, status, goesOn) => {
    const { caller, psap, alternate } = setUp(forwardTo([first, second], { failover }));
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), status);
    expect(alternate.waiting).toEqual(goesOn ? ['INVITE'] : []);
    if (!goesOn) expect(caller.waiting).toEqual(['100', String(status)]);
    else alternate.respond(alternate.takeRequest('INVITE'), 200);
  });

  it('a target that rings too long is cancelled, and the next one does not wait for its end', () => {
    const { caller, psap, alternate } = setUp(forwardTo([{ routeUri: first, timeoutMs: 20_000 }, second]));
    caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    harness.wait(19_900);
    expect(alternate.waiting).toEqual([]);
    harness.wait(200);
    const other = alternate.takeRequest('INVITE');
    psap.takeRequest('CANCEL');
    alternate.respond(other, 180);
    psap.respond(ringing, 487);
    psap.takeRequest('ACK');
    alternate.respond(other, 200);
    expect(caller.waiting).toEqual(['100', '180', '180', '200']);
    expect(ended()).toEqual([
      ['target1', 408],
      ['target2', 200],
    ]);
  });

  it('a target that answers while its CANCEL is under way wins, and the next one is cancelled', () => {
    const { caller, psap, alternate } = setUp(forwardTo([{ routeUri: first, timeoutMs: 20_000 }, second]));
    caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    harness.wait(20_001);
    alternate.respond(alternate.takeRequest('INVITE'), 180);
    psap.respond(ringing, 200);
    alternate.takeRequest('CANCEL');
    expect(caller.waiting).toEqual(['100', '180', '180', '200']);
    expect(ended()).toEqual([
      ['target1', 408],
      ['target1', 200],
    ]);
  });

  it('the last target rings too long: 408 once its end is there', () => {
    const { caller, psap } = setUp(forwardTo([{ routeUri: first, timeoutMs: 5000 }]));
    caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    harness.wait(5000);
    psap.respond(psap.takeRequest('CANCEL'), 200);
    expect(caller.waiting).toEqual(['100', '180']);
    psap.respond(ringing, 487);
    expect(caller.waiting).toEqual(['100', '180', '408']);
  });

  it('a ring timer before any response holds the CANCEL until there is one', () => {
    const { caller, psap, alternate } = setUp(forwardTo([{ routeUri: first, timeoutMs: 1000 }, second]));
    caller.request();
    const late = psap.takeRequest('INVITE');
    harness.wait(1100);
    expect(psap.waiting).toEqual(['INVITE']);
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    psap.inbox.length = 0;
    psap.respond(late, 180);
    psap.takeRequest('CANCEL');
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('a silent target is left after timer B', () => {
    const { caller, psap, alternate } = setUp();
    caller.request();
    harness.wait(32_000);
    expect(psap.inbox.length).toBe(7);
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(ended()[0]).toEqual(['target1', 408]);
  });

  it('a silent target keeps its chance beside the next one after silenceTimeoutMs', () => {
    const { caller, psap, alternate } = setUp(
      forwardTo([{ routeUri: first, silenceTimeoutMs: 2000 }, second], { failover: 'all' }),
    );
    caller.request();
    const late = psap.takeRequest('INVITE');
    harness.wait(2000);
    const other = alternate.takeRequest('INVITE');
    alternate.respond(other, 180);
    psap.respond(late, 200);
    alternate.takeRequest('CANCEL');
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });

  it('a 100 ends the wait for a first response', () => {
    const { caller, psap, alternate } = setUp(
      forwardTo([{ routeUri: first, silenceTimeoutMs: 2000 }, second]),
    );
    caller.request();
    const slow = psap.takeRequest('INVITE');
    psap.respond(slow, 100);
    harness.wait(15_000);
    expect(alternate.waiting).toEqual([]);
    psap.respond(slow, 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('a refusal of an older, silent target is kept while the newer one goes on', () => {
    const { caller, psap, alternate } = setUp(
      forwardTo([{ routeUri: first, silenceTimeoutMs: 2000 }, second]),
    );
    caller.request();
    const late = psap.takeRequest('INVITE');
    harness.wait(2000);
    const other = alternate.takeRequest('INVITE');
    alternate.respond(other, 180);
    psap.respond(late, 404);
    expect(caller.waiting).toEqual(['100', '180']);
    alternate.respond(other, 486);
    expect(caller.waiting).toEqual(['100', '180', '404']);
  });

  it('a target that refuses the connection is left at once', () => {
    const { caller, alternate } = setUp();
    harness.broken.add('198.51.100.2:5060');
    caller.request();
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(ended()[0]).toEqual(['target1', 503]);
  });

  it('an address that fails or answers 503 is left for the next address of the same target', () => {
    const { caller, psap, alternate } = setUp(forwardTo(['sip:psap.example.org', 'sip:192.0.2.77']));
    harness.names.set('psap.example.org', ['198.51.100.9', '198.51.100.2', '198.51.100.3']);
    harness.broken.add('198.51.100.9:5060');
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), 503);
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    expect(
      harness.eventsOf('attempt').map((event) => [event.label, event.destination?.remote.address]),
    ).toEqual([
      ['target1', '198.51.100.9'],
      ['target1', '198.51.100.2'],
      ['target1', '198.51.100.3'],
    ]);
  });

  it('a name without an address, and one that nobody resolves, lead to the next target', () => {
    const { caller, alternate } = setUp(forwardTo(['sip:none.example.org', 'sip:slow.example.org', second]));
    harness.names.set('none.example.org', []);
    caller.request();
    expect(alternate.waiting).toEqual([]);
    harness.wait(2000);
    expect(harness.forgotten).toHaveLength(1);
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    expect(ended()).toEqual([
      ['target1', 503],
      ['target2', 503],
      ['target3', 200],
    ]);
  });

  it('a name that is looked up longer than the target has time leads to the next target', () => {
    const { caller, alternate } = setUp(
      forwardTo([{ routeUri: 'sip:slow.example.org', timeoutMs: 500 }, second]),
    );
    caller.request();
    harness.wait(500);
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it.each([
    ['no SIP URI', 'tel:+15551230000', 416],
    ['no URI at all', 'not a uri', 500],
    ['a transport that we have no listener for', 'sip:198.51.100.2;transport=tls', 503],
    ['a family that we have no listener for', 'sip:[2001:db8::2]', 503],
  ])('a target that is %s is passed over', (_name, uri, status) => {
    harness = new ProxyHarness({
      listeners: [
        {
          transport: 'udp',
          local: { address: '192.0.2.1', port: 5060 },
          announced: { host: '192.0.2.1', port: 5060 },
          ingress: 'test',
        },
      ],
    });
    harness.decide = () => forwardTo([uri, second]);
    const caller = harness.peer('203.0.113.1', 5080);
    const alternate = harness.peer('198.51.100.3');
    caller.request();
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    expect(ended()[0]).toEqual(['target1', status]);
  });

  it('timer C ends a branch that rings for ever, and each 101 to 199 resets it', () => {
    const long: Partial<ProxyTarget> = { routeUri: first, timeoutMs: 3_600_000 };
    const { caller, psap, alternate } = setUp(forwardTo([long, second]));
    caller.request();
    const ringing = psap.takeRequest('INVITE');
    psap.respond(ringing, 180);
    harness.wait(150_000);
    psap.respond(ringing, 183);
    harness.wait(150_000);
    expect(psap.waiting).toEqual([]);
    harness.wait(36_000);
    psap.takeRequest('CANCEL');
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '180', '183', '200']);
  });

  it('a non-INVITE target that does not answer in time is left beside the next one', () => {
    const { caller, psap, alternate } = setUp(forwardTo([{ routeUri: first, timeoutMs: 4000 }, second]));
    caller.request({ method: 'MESSAGE' });
    harness.wait(4000);
    expect(psap.waiting).not.toContain('CANCEL');
    alternate.respond(alternate.takeRequest('MESSAGE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
    psap.respond(psap.takeRequest('MESSAGE'), 202);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(harness.eventsOf('final').map((event) => event.statusCode)).toEqual([200]);
  });
});

describe('the final response when every target failed', () => {
  it.each([
    ['the lowest class', [500, 404], '404'],
    ['class 6 before all', [404, 603], '603'],
    ['class 3 before class 4', [486, 302], '302'],
    ['one that tells how to ask again', [404, 407], '407'],
    ['the first of equal ones', [486, 480], '486'],
    ['a real one before a timeout', [408, 486], '486'],
    ['500 in place of 503', [503, 503], '500'],
    ['anything but 503', [503, 504], '504'],
  ] as const)('is %s', (_name, [one, two], expected) => {
    const { caller, psap, alternate } = setUp();
    const invite = caller.request();
    psap.respond(psap.takeRequest('INVITE'), one);
    alternate.respond(alternate.takeRequest('INVITE'), two);
    expect(caller.waiting).toEqual(['100', expected]);
    const last = caller.inbox.at(-1);
    if (last?.kind === 'response') caller.ackRefusal(invite, last);
  });

  it('is 408 after silence and 500 after broken paths', () => {
    const { caller } = setUp();
    caller.request();
    harness.wait(64_000);
    expect(caller.waiting[1]).toBe('408');
    const other = setUp();
    harness.broken.add('198.51.100.2:5060').add('198.51.100.3:5060');
    other.caller.request();
    expect(other.caller.waiting).toEqual(['100', '500']);
  });

  it('carries the challenges of all branches (RFC 3261 §16.7 item 7)', () => {
    const { caller, psap, alternate } = setUp();
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), 407, { headers: [['Proxy-Authenticate', 'Digest realm="a"']] });
    alternate.respond(alternate.takeRequest('INVITE'), 401, {
      headers: [['WWW-Authenticate', 'Digest realm="b"']],
    });
    caller.takeResponse(100);
    const chosen = caller.takeResponse(407);
    expect(headerValues(chosen, 'proxy-authenticate')).toEqual(['Digest realm="a"']);
    expect(headerValue(chosen, 'www-authenticate')).toBe('Digest realm="b"');
  });

  it('is silence for a MESSAGE that timed out at every target, 500 where a path was broken', () => {
    const { caller } = setUp(
      forwardTo([
        { routeUri: first, timeoutMs: 3000 },
        { routeUri: second, timeoutMs: 3000 },
      ]),
    );
    caller.request({ method: 'MESSAGE' });
    harness.wait(70_000);
    expect(caller.waiting).toEqual(['100']);
    const other = setUp();
    harness.broken.add('198.51.100.2:5060').add('198.51.100.3:5060');
    other.caller.request({ method: 'MESSAGE' });
    expect(other.caller.waiting).toEqual(['500']);
  });
});
