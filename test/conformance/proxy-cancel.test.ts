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

describe('RFC 3261 §9.1: a CANCEL of ours', () => {
  it('RFC 3261 §9.1: has the Request-URI, Call-ID, To, From, CSeq number and one Via of what it cancels', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request({ cseq: 7, callId: 'to-be-cancelled' });
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    caller.cancel(invite);
    const cancel = one.takeRequest('CANCEL');
    for (const name of ['call-id', 'to', 'from', 'route']) {
      expect(headerValue(cancel, name)).toBe(headerValue(forwarded, name));
    }
    expect(cancel.requestUri).toBe(forwarded.requestUri);
    expect(headerValue(cancel, 'cseq')).toBe('7 CANCEL');
    expect(headerValues(cancel, 'via')).toEqual(headerValues(forwarded, 'via').slice(0, 1));
    expect(headerValue(cancel, 'require')).toBeUndefined();
    one.respond(forwarded, 487);
  });

  it.each([100, 180])('RFC 3261 §9.1: is not sent before a provisional response, here a %i', (status) => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    caller.cancel(invite);
    harness.wait(400);
    expect(one.waiting).toEqual([]);
    one.respond(forwarded, status);
    one.takeRequest('CANCEL');
    one.respond(forwarded, 487);
  });

  it('RFC 3261 §9.1: is not sent after a final response', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    caller.cancel(invite);
    one.respond(forwarded, 200);
    expect(one.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', '200', '200']);
  });

  it('RFC 3261 §9.1: is not sent for anything but an INVITE', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request({ method: 'MESSAGE' });
    const [first, second] = [one.takeRequest('MESSAGE'), two.takeRequest('MESSAGE')];
    two.respond(second, 100);
    one.respond(first, 200);
    expect(two.waiting).toEqual([]);
    two.respond(second, 200);
    expect(caller.waiting).toEqual(['200']);
  });

  it('RFC 3261 §9.1: without an answer in 64*T1 after it the INVITE counts as cancelled', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    one.respond(one.takeRequest('INVITE'), 180);
    harness.wait(5000);
    caller.cancel(invite);
    harness.wait(31_999);
    expect(caller.waiting).toEqual(['100', '180', '200']);
    harness.wait(2);
    expect(caller.waiting).toEqual(['100', '180', '200', '487']);
  });
});

describe('RFC 3261 §9.2: a CANCEL that comes', () => {
  it('RFC 3261 §9.2: of nothing that is known gets 481', () => {
    const { caller } = setUp(forwardTo([uris[0]]));
    caller.request({ method: 'CANCEL' });
    expect(caller.waiting).toEqual(['481']);
  });

  it('RFC 3261 §9.2: its 200 has the To tag of the 487', () => {
    const { caller } = setUp(forwardTo(['sip:slow.example.org']));
    const invite = caller.request();
    caller.takeResponse(100);
    caller.cancel(invite);
    const tags = [toTagOf(caller.takeResponse(200)), toTagOf(caller.takeResponse(487))];
    expect(tags[0]).toBeDefined();
    expect(tags[1]).toBe(tags[0]);
  });

  it('RFC 3261 §9.2: after the final response it has no effect', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    one.respond(one.takeRequest('INVITE'), 486);
    one.takeRequest('ACK');
    caller.cancel(invite);
    expect(caller.waiting).toEqual(['100', '486', '200']);
    expect(one.waiting).toEqual([]);
  });

  it('RFC 3261 §9.2: repeated, it gets the same 200 and there is no second 487', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    caller.inbox.length = 0;
    caller.cancel(invite);
    one.respond(one.takeRequest('CANCEL'), 200);
    one.respond(forwarded, 487);
    one.takeRequest('ACK');
    const answer = caller.takeResponse(200);
    caller.ackRefusal(invite, caller.takeResponse(487));
    caller.cancel(invite);
    expect(caller.takeResponse(200).bytes.equals(answer.bytes)).toBe(true);
    expect([caller.waiting, one.waiting]).toEqual([[], []]);
  });

  it('RFC 3261 §9.2: a CANCEL cannot be challenged or refused for its Proxy-Require', () => {
    const { caller } = setUp(forwardTo(['sip:slow.example.org']));
    const invite = caller.request();
    caller.cancel(invite, ['Proxy-Require: nothing-we-know']);
    expect(caller.waiting).toEqual(['100', '200', '487']);
  });
});

describe('RFC 3261 §16.10: CANCEL processing', () => {
  it('RFC 3261 §16.10: the 200 comes at once, before any branch has answered', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    caller.cancel(invite);
    expect(caller.waiting).toEqual(['100', '180', '200']);
    one.respond(forwarded, 487);
  });

  it('RFC 3261 §16.10: every pending branch is cancelled, with the Reason that came', () => {
    const { caller, one, two, three } = setUp(together(3));
    const invite = caller.request();
    const peers = [one, two, three];
    const sent = peers.map((peer) => peer.takeRequest('INVITE'));
    for (const [index, peer] of peers.entries()) {
      const request = sent[index];
      if (request !== undefined) peer.respond(request, 180);
    }
    caller.cancel(invite, ['Reason: SIP;cause=200;text="Call completed elsewhere"']);
    const branches = peers.map((peer) => {
      const cancel = peer.takeRequest('CANCEL');
      expect(headerValue(cancel, 'reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
      const via = topVia(cancel);
      return via.ok ? via.value.branch : undefined;
    });
    expect(new Set(branches).size).toBe(3);
    for (const [index, peer] of peers.entries()) {
      expect(caller.waiting).not.toContain('487');
      const request = sent[index];
      if (request !== undefined) peer.respond(request, 487);
    }
    expect(caller.waiting.filter((what) => what === '487')).toHaveLength(1);
  });

  it('RFC 3261 §16.10: no further target is tried', () => {
    const { caller, one, two } = setUp(forwardTo([uris[0], uris[1]]));
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    caller.cancel(invite);
    one.respond(forwarded, 486);
    expect(two.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', '180', '200', '486']);
  });

  it('RFC 3261 §16.10: before the decision: the question is taken back, 487 at once', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    harness.decide = undefined;
    const invite = caller.request();
    const id = harness.openQuestion('decide');
    caller.cancel(invite);
    expect(harness.forgotten).toEqual([id]);
    harness.input({ kind: 'decided', id, decision: forwardTo([uris[0]]) });
    expect([caller.waiting, one.waiting]).toEqual([['100', '200', '487'], []]);
  });

  it('RFC 3261 §16.10: while names are looked up: those questions are taken back, 487 at once', () => {
    const { caller, one } = setUp(
      forwardTo([
        'sip:slow.example.org',
        { routeUri: 'sip:slower.example.org', withPrevious: true },
        uris[0],
      ]),
    );
    const invite = caller.request();
    const ids = [...harness.questions.keys()];
    expect(ids).toHaveLength(2);
    caller.cancel(invite);
    expect(harness.forgotten).toEqual(ids);
    expect([caller.waiting, one.waiting]).toEqual([['100', '200', '487'], []]);
  });

  it('RFC 3261 §16.10: while one branch rings and the name of another is looked up', () => {
    const { caller, one } = setUp(
      forwardTo([uris[0], { routeUri: 'sip:slow.example.org', withPrevious: true }]),
    );
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    const id = harness.openQuestion('resolve');
    caller.cancel(invite);
    one.takeRequest('CANCEL');
    expect(harness.forgotten).toEqual([id]);
    one.respond(forwarded, 487);
    expect(caller.waiting).toEqual(['100', '180', '200', '487']);
  });

  it('RFC 3261 §16.10: crossing a 200 that 200 goes up, and its ACK and BYE go through', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    caller.cancel(invite);
    const cancel = one.takeRequest('CANCEL');
    one.respond(forwarded, 200);
    one.respond(cancel, 200);
    caller.takeResponse(100);
    caller.takeResponse(180);
    expect(headerValue(caller.takeResponse(200), 'cseq')).toBe('1 CANCEL');
    const answer = caller.takeResponse(200);
    expect(headerValue(answer, 'cseq')).toBe('1 INVITE');
    caller.inDialog('ACK', answer);
    one.takeRequest('ACK');
    caller.inDialog('BYE', answer);
    one.respond(one.takeRequest('BYE'), 200);
    caller.takeResponse(200);
    expect([caller.waiting, one.waiting]).toEqual([[], []]);
  });
});

describe('RFC 3261 §16.8: timer C', () => {
  const patient = { routeUri: uris[0], timeoutMs: 3_600_000 };

  it('RFC 3261 §16.8: after a provisional response the branch is cancelled', () => {
    const { caller, one } = setUp(forwardTo([patient]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    harness.wait(184_999);
    expect(one.waiting).toEqual([]);
    harness.wait(2);
    one.respond(one.takeRequest('CANCEL'), 200);
    expect(caller.waiting).toEqual(['100', '180']);
    one.respond(forwarded, 487);
    expect(caller.waiting).toEqual(['100', '180', '408']);
  });

  it('RFC 3261 §16.7 item 2: each 101 to 199 resets it, a 100 does not', () => {
    const { caller, one } = setUp(forwardTo([patient]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    harness.wait(100_000);
    one.respond(forwarded, 183);
    harness.wait(100_000);
    expect(one.waiting).toEqual([]);
    one.respond(forwarded, 100);
    harness.wait(85_001);
    one.takeRequest('CANCEL');
    one.respond(forwarded, 487);
  });

  it('RFC 3261 §16.8: it runs for each branch by itself', () => {
    const { caller, one, two } = setUp(
      forwardTo([patient, { ...patient, routeUri: uris[1], withPrevious: true }]),
    );
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 180);
    two.respond(second, 180);
    harness.wait(100_000);
    two.respond(second, 180);
    harness.wait(85_001);
    one.takeRequest('CANCEL');
    expect(two.waiting).toEqual([]);
    two.respond(second, 200);
    expect(caller.waiting).toEqual(['100', '180', '180', '180', '200']);
    one.respond(first, 487);
  });

  it('RFC 3261 §16.8: it does nothing to a branch that was cancelled', () => {
    const { caller, one } = setUp(forwardTo([patient, uris[1]]));
    const invite = caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    harness.wait(180_000);
    caller.cancel(invite);
    one.takeRequest('CANCEL');
    harness.wait(10_000);
    one.respond(forwarded, 183);
    // Only the CANCEL that is repeated, its INVITE's end 64*T1 later, and no other target.
    expect(new Set(one.waiting)).toEqual(new Set(['CANCEL']));
    harness.wait(22_001);
    expect(caller.waiting).toEqual(['100', '180', '200', '183', '487']);
    expect(harness.eventsOf('attempt')).toHaveLength(1);
  });

  it('RFC 6026 §7.3: a 2xx after timer C still goes up', () => {
    const { caller, one, two } = setUp(forwardTo([patient, uris[1]]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 180);
    harness.wait(185_001);
    one.takeRequest('CANCEL');
    const other = two.takeRequest('INVITE');
    two.respond(other, 180);
    one.respond(forwarded, 200);
    expect(caller.waiting).toEqual(['100', '180', '180', '200']);
    two.takeRequest('CANCEL');
    two.respond(other, 487);
  });
});

describe('RFC 6026 §7: late 2xx', () => {
  it('RFC 6026 §7.3: of a branch that is being cancelled goes up', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    two.respond(second, 180);
    one.respond(first, 200, { toTag: 'one' });
    two.takeRequest('CANCEL');
    harness.wait(5000);
    two.respond(second, 200, { toTag: 'two' });
    expect(caller.inbox.slice(-2).map(toTagOf)).toEqual(['one', 'two']);
  });

  it('RFC 6026 §7.2: repetitions of a 2xx go up until timer M', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    one.respond(forwarded, 200);
    harness.wait(31_000);
    one.respond(forwarded, 200);
    expect(caller.waiting).toEqual(['100', '200', '200']);
    harness.wait(1001);
    one.respond(forwarded, 200);
    expect(caller.waiting).toEqual(['100', '200', '200']);
    expect(harness.eventsOf('final')).toHaveLength(1);
  });

  it('RFC 6026 §8.2: a response that matches no transaction is not forwarded', () => {
    const { caller, one } = setUp(forwardTo([uris[0]]));
    caller.request();
    const forwarded = one.takeRequest('INVITE');
    harness.wait(32_001);
    expect(caller.waiting).toEqual(['100', '408']);
    one.respond(forwarded, 200);
    expect(caller.waiting).toEqual(['100', '408']);
    expect(harness.eventsOf('discarded').map(({ reason }) => reason)).toContain('no transaction');
  });

  it('RFC 6026 §8.3: a 2xx for which the server transaction is over is discarded', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 200);
    // The other branch is cancelled when it rings, and answers when timer L has ended the caller's transaction.
    harness.wait(31_000);
    two.inbox.length = 0;
    two.respond(second, 180);
    two.takeRequest('CANCEL');
    harness.wait(2000);
    two.respond(second, 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });
});
