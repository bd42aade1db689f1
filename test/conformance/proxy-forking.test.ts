import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues, topVia } from '../../src/sip/message/index.ts';
import { forkSetting, together, forkUris as uris } from '../support/fork-setting.ts';
import { forwardTo, nothingOpen, ProxyHarness, toTagOf } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(...parts: Parameters<typeof forkSetting>): ReturnType<typeof forkSetting> {
  const setting = forkSetting(...parts);
  harness = setting.harness;
  return setting;
}

describe('RFC 3261 §16.6: request forwarding to several targets', () => {
  it('RFC 3261 §16.6: targets may be tried in parallel, each with a branch of its own', () => {
    const { caller, one, two, three } = setUp(together(3));
    caller.request();
    const sent = [one, two, three].map((peer) => peer.takeRequest('INVITE'));
    const branches = sent.map((request) => {
      const via = topVia(request);
      return via.ok ? via.value.branch : undefined;
    });
    expect(new Set(branches).size).toBe(3);
    three.respond(sent[2] ?? caller.request(), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3261 §16.6: targets may be tried in groups, the next when the last of a group refused', () => {
    const { caller, one, two, three, four } = setUp(
      forwardTo([
        { routeUri: uris[0] },
        { routeUri: uris[1], withPrevious: true },
        { routeUri: uris[2] },
        { routeUri: uris[3], withPrevious: true },
      ]),
    );
    caller.request();
    one.respond(one.takeRequest('INVITE'), 486);
    expect([three.waiting, four.waiting]).toEqual([[], []]);
    two.respond(two.takeRequest('INVITE'), 480);
    const [third, fourth] = [three.takeRequest('INVITE'), four.takeRequest('INVITE')];
    three.respond(third, 404);
    expect(caller.waiting).toEqual(['100']);
    four.respond(fourth, 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3261 §16.6: serially, the next target waits for the final response of the one before', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0], uris[1]]));
    caller.request();
    const first = one.takeRequest('INVITE');
    one.respond(first, 180);
    harness.wait(10_000);
    expect(two.waiting).toEqual([]);
    one.respond(first, 486);
    two.respond(two.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });

  it('RFC 3261 §16.6: a branch that cannot be sent at all does not keep its siblings', () => {
    const { caller, two } = setUp(together(2));
    harness.broken.add('198.51.100.2:5060');
    caller.request();
    two.respond(two.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });
});

describe('RFC 3261 §16.7 item 5: what is forwarded at once from several branches', () => {
  it('RFC 3261 §16.7 item 5: every 101 to 199 of every branch, in order, with its own To tag', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 180, { toTag: 'one' });
    two.respond(second, 183, { toTag: 'two', headers: [['RSeq', '1']] });
    one.respond(first, 183, { toTag: 'one', headers: [['RSeq', '1']] });
    two.respond(second, 180, { toTag: 'two' });
    caller.takeResponse(100);
    expect(caller.inbox.map((message) => toTagOf(message))).toEqual(['one', 'two', 'one', 'two']);
    expect(caller.waiting).toEqual(['180', '183', '183', '180']);
    one.respond(first, 200, { toTag: 'one' });
    expect(toTagOf(caller.inbox.at(-1) ?? first)).toBe('one');
  });

  it('RFC 3261 §16.7 item 5: several 2xx all go up', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 200, { toTag: 'one' });
    two.respond(second, 200, { toTag: 'two' });
    caller.takeResponse(100);
    expect([toTagOf(caller.takeResponse(200)), toTagOf(caller.takeResponse(200))]).toEqual(['one', 'two']);
    expect(harness.eventsOf('final').map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  });

  it('RFC 3261 §16.7 item 5: a 6xx is not forwarded at once; the others are cancelled, no branch is added', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([{ routeUri: uris[0] }, { routeUri: uris[1], withPrevious: true }, { routeUri: uris[2] }], {
        failover: 'serverErrors',
      }),
    );
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    two.respond(second, 180);
    one.respond(first, 603);
    const cancel = two.takeRequest('CANCEL');
    expect(headerValue(cancel, 'reason')).toBe('SIP;cause=603;text="Decline"');
    expect(caller.waiting).toEqual(['100', '180']);
    two.respond(second, 487);
    expect(caller.waiting).toEqual(['100', '180', '603']);
    expect(three.waiting).toEqual([]);
  });

  it('RFC 3261 §16.7 item 5: a 2xx after a 6xx of another branch is what the caller gets', () => {
    const { caller, one, two } = setUp(together(2, { failover: 'none' }));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    two.respond(second, 180);
    one.respond(first, 600);
    two.respond(second, 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });

  it('RFC 3261 §16.7 item 5, deviation: an emergency call goes on after a 6xx of one PSAP', () => {
    const { caller, one, two, three } = setUp(
      forwardTo([{ routeUri: uris[0] }, { routeUri: uris[1], withPrevious: true }, { routeUri: uris[2] }]),
    );
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    two.respond(second, 180);
    one.respond(first, 603);
    expect(two.waiting).toEqual([]);
    two.respond(second, 486);
    two.takeRequest('ACK');
    three.respond(three.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '180', '200']);
  });
});

describe('RFC 3261 §16.7 items 6 and 7: the best of several branches', () => {
  it('RFC 3261 §16.7 item 6: no final response before the last branch has ended', () => {
    const { caller, one, two } = setUp(together(2, { failover: 'none' }));
    caller.request();
    const second = two.takeRequest('INVITE');
    one.respond(one.takeRequest('INVITE'), 404);
    expect(two.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100']);
    two.respond(second, 486);
    expect(caller.waiting).toEqual(['100', '404']);
  });

  it('RFC 3261 §16.7 item 6: of 503, 407, 501 and 404 the 407', () => {
    const { caller, one, two, three, four } = setUp(together(4));
    caller.request();
    for (const [peer, status] of [
      [one, 503],
      [two, 407],
      [three, 501],
      [four, 404],
    ] as const) {
      peer.respond(peer.takeRequest('INVITE'), status);
    }
    expect(caller.waiting).toEqual(['100', '407']);
  });

  it('RFC 3261 §16.7 item 7: the challenges of all 401 and 407 go with the chosen one, unchanged', () => {
    const { caller, one, two, three } = setUp(together(3));
    caller.request();
    one.respond(one.takeRequest('INVITE'), 401, {
      headers: [['WWW-Authenticate', 'Digest realm="a", nonce="1"']],
    });
    two.respond(two.takeRequest('INVITE'), 407, { headers: [['Proxy-Authenticate', 'Digest realm="b"']] });
    three.respond(three.takeRequest('INVITE'), 401, { headers: [['WWW-Authenticate', 'Digest realm="c"']] });
    caller.takeResponse(100);
    const chosen = caller.takeResponse(401);
    expect(headerValues(chosen, 'www-authenticate')).toEqual([
      'Digest realm="a", nonce="1"',
      'Digest realm="c"',
    ]);
    expect(headerValues(chosen, 'proxy-authenticate')).toEqual(['Digest realm="b"']);
  });
});

describe('RFC 3261 §16.7 item 10: CANCEL of the other branches', () => {
  it('RFC 3261 §16.7 item 10: after a 2xx every pending branch is cancelled, once', () => {
    const { caller, one, two, three } = setUp(together(3));
    caller.request();
    const sent = [one, two, three].map((peer) => peer.takeRequest('INVITE'));
    const [first, second, third] = sent;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three branches');
    two.respond(second, 180);
    three.respond(third, 183);
    one.respond(first, 200);
    const cancel = two.takeRequest('CANCEL');
    expect(headerValue(cancel, 'reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
    three.takeRequest('CANCEL');
    one.respond(first, 200);
    expect([one.waiting, two.waiting, three.waiting]).toEqual([[], [], []]);
    two.respond(second, 487);
    three.respond(third, 487);
    expect(caller.waiting).toEqual(['100', '180', '183', '200', '200']);
  });

  it('RFC 3261 §16.7 item 10: a branch without a provisional response is cancelled when it has one', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 200);
    expect(two.waiting).toEqual([]);
    two.respond(second, 180);
    two.takeRequest('CANCEL');
    expect(caller.waiting).toEqual(['100', '200']);
  });
});
