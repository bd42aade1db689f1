import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import type { RequestDecision } from '../../src/sip/proxy/index.ts';
import { forkSetting, together, forkUris as uris } from '../support/fork-setting.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(...parts: Parameters<typeof forkSetting>): ReturnType<typeof forkSetting> {
  const setting = forkSetting(...parts);
  harness = setting.harness;
  return setting;
}

describe('RFC 5393 §5.3.3: Max-Breadth', () => {
  function breadths(decision: RequestDecision, headers: readonly string[] = []): (string | undefined)[] {
    const peers = setUp(decision);
    peers.caller.request({ headers });
    return [peers.one, peers.two, peers.three, peers.four].map((peer) => {
      const [request] = peer.inbox;
      return request === undefined ? undefined : headerValues(request, 'max-breadth').join('|');
    });
  }

  it('RFC 5393 §5.3.3: 60 is added where there is none', () => {
    expect(breadths(forwardTo([uris[0]]))[0]).toBe('60');
  });

  it.each([
    ['kept as it came', ['Max-Breadth: 7'], '7'],
    ['lowered to the maximum', ['Max-Breadth: 600'], '60'],
    ['one value of several', ['Max-Breadth: 20', 'Max-Breadth: 9'], '9'],
    ['made sense of where it is none', ['Max-Breadth: many'], '60'],
    ['at least 1', ['Max-Breadth: 0'], '1'],
  ])('RFC 5393 §5.3.3: without forking it is %s', (_name, headers, expected) => {
    expect(breadths(forwardTo([uris[0]]), headers)[0]).toBe(expected);
  });

  it('RFC 5393 §5.2: it is divided over parallel branches', () => {
    expect(breadths(together(2))).toEqual(['30', '30', undefined, undefined]);
    expect(breadths(together(4), ['Max-Breadth: 10'])).toEqual(['2', '2', '3', '3']);
  });

  it('RFC 5393 §5.2: each of serial branches gets all of it', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0], uris[1]]));
    caller.request({ headers: ['Max-Breadth: 7'] });
    const first = one.takeRequest('INVITE');
    one.respond(first, 486);
    const second = two.takeRequest('INVITE');
    expect([first, second].map((request) => headerValue(request, 'max-breadth'))).toEqual(['7', '7']);
    two.respond(second, 200);
  });

  it('RFC 5393 §5.3.3: a branch beside a silent one takes from the same sum', () => {
    const { caller, one, two } = setUp(
      forwardTo([{ routeUri: uris[0], silenceTimeoutMs: 2000 }, { routeUri: uris[1] }]),
    );
    caller.request({ headers: ['Max-Breadth: 7'] });
    harness.wait(2000);
    const sent = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    expect(sent.map((request) => headerValue(request, 'max-breadth'))).toEqual(['3', '4']);
    two.respond(two.inbox[0]?.kind === 'request' ? two.inbox[0] : (sent[1] ?? caller.request()), 200);
  });

  it('RFC 5393 §5.5: what does not suffice for all at once is used serially, and reused', () => {
    const { caller, one, two, three } = setUp(together(3));
    caller.request({ headers: ['Max-Breadth: 2'] });
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    expect([first, second].map((request) => headerValue(request, 'max-breadth'))).toEqual(['1', '1']);
    expect(three.waiting).toEqual([]);
    one.respond(first, 486);
    const third = three.takeRequest('INVITE');
    expect(headerValue(third, 'max-breadth')).toBe('1');
    two.respond(second, 486);
    three.respond(third, 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 5393 §5.3.3: with a breadth of 1 forking is serial', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request({ headers: ['Max-Breadth: 1'] });
    expect(two.waiting).toEqual([]);
    one.respond(one.takeRequest('INVITE'), 486);
    two.respond(two.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 5393 §5.3.3: 440 where it does not suffice and the targets must be tried together', () => {
    const { caller, one } = setUp(together(3, { parallelOnly: true }));
    caller.request({ headers: ['Max-Breadth: 2'] });
    expect(one.waiting).toEqual([]);
    caller.takeResponse(100);
    expect(caller.takeResponse(440).reasonPhrase).toBe('Max-Breadth Exceeded');
  });

  it('RFC 5393 §5.3.3: a request with enough of it goes out together', () => {
    expect(breadths(together(3, { parallelOnly: true }), ['Max-Breadth: 3'])).toEqual([
      '1',
      '1',
      '1',
      undefined,
    ]);
  });

  it('RFC 5393 §5.3.3: a silent branch that holds all of it keeps others waiting', () => {
    const { caller, one, two } = setUp(
      forwardTo([{ routeUri: uris[0], silenceTimeoutMs: 2000 }, { routeUri: uris[1] }], {
        failover: 'serverErrors',
      }),
    );
    caller.request({ headers: ['Max-Breadth: 1'] });
    harness.wait(31_000);
    expect(two.waiting).toEqual([]);
    harness.wait(1_001);
    expect(one.waiting).toHaveLength(7);
    two.respond(two.takeRequest('INVITE'), 200);
  });

  it('RFC 5393 §5.3.3: nor does a silent address let the next one in beside it', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([{ routeUri: 'sip:psap.example.org', timeoutMs: 100_000 }], { failover: 'none' }),
    );
    harness.names.set('psap.example.org', ['198.51.100.2', '198.51.100.3', '198.51.100.4']);
    caller.request({ headers: ['Max-Breadth: 1'] });
    harness.wait(31_999);
    expect([one.waiting.length, two.waiting.length]).toEqual([7, 0]);
    harness.wait(31_999);
    expect([two.waiting.length, three.waiting.length]).toEqual([7, 0]);
    harness.wait(3);
    three.respond(three.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 5393 §5.4.1: a branch that is being cancelled holds its part until it ends', () => {
    const { caller, one, two } = setUp(
      forwardTo([{ routeUri: uris[0], timeoutMs: 5000 }, { routeUri: uris[1] }], {
        failover: 'serverErrors',
      }),
    );
    caller.request();
    const first = one.takeRequest('INVITE');
    one.respond(first, 180);
    harness.wait(5000);
    one.takeRequest('CANCEL');
    expect(two.waiting).toEqual([]);
    one.respond(first, 487);
    const second = two.takeRequest('INVITE');
    expect(headerValue(second, 'max-breadth')).toBe('60');
    two.respond(second, 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });

  it('RFC 5393 §5.3.3, deviation: an emergency call does not wait for breadth', () => {
    const { caller, two } = setUp(
      forwardTo([{ routeUri: uris[0], silenceTimeoutMs: 2000 }, { routeUri: uris[1] }]),
    );
    caller.request({ headers: ['Max-Breadth: 1'] });
    harness.wait(2000);
    two.respond(two.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 5393 §5.4.1: a CANCEL has none', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    caller.cancel(invite);
    expect(headerValue(one.takeRequest('CANCEL'), 'max-breadth')).toBeUndefined();
    one.respond(forwarded, 487);
  });
});
