import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, topVia } from '../../../src/sip/message/index.ts';
import { forwardTo, nothingOpen, ProxyHarness, toTagOf } from '../../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp() {
  harness = new ProxyHarness();
  harness.decide = () => forwardTo(['sip:198.51.100.2:5070', 'sip:198.51.100.3:5070']);
  return {
    caller: harness.peer('203.0.113.1', 5080),
    psap: harness.peer('198.51.100.2', 5070),
    alternate: harness.peer('198.51.100.3', 5070),
  };
}

describe('CANCEL', () => {
  it('while the PSAP rings: 200, CANCEL with the branch and routes of the INVITE, 487, no other target', () => {
    const { caller, psap, alternate } = setUp();
    const invite = caller.request();
    caller.takeResponse(100);
    const forwarded = psap.takeRequest('INVITE');
    psap.respond(forwarded, 180);
    caller.takeResponse(180);
    caller.cancel(invite, ['Reason: SIP;cause=200;text="Call completed elsewhere"']);
    caller.takeResponse(200);
    const cancel = psap.takeRequest('CANCEL');
    expect(cancel.requestUri).toBe(forwarded.requestUri);
    const [cancelVia, inviteVia] = [topVia(cancel), topVia(forwarded)];
    expect(cancelVia.ok && inviteVia.ok && cancelVia.value.raw === inviteVia.value.raw).toBe(true);
    expect(headerValue(cancel, 'route')).toBe(headerValue(forwarded, 'route'));
    expect(headerValue(cancel, 'cseq')).toBe('1 CANCEL');
    expect(headerValue(cancel, 'reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
    expect(toTagOf(cancel)).toBeUndefined();
    psap.respond(cancel, 200);
    expect(caller.waiting).toEqual([]);
    psap.respond(forwarded, 487);
    psap.takeRequest('ACK');
    caller.ackRefusal(invite, caller.takeResponse(487));
    expect(alternate.waiting).toEqual([]);
    expect(harness.eventsOf('cancelled')).toHaveLength(1);
    expect(harness.eventsOf('final')).toMatchObject([{ statusCode: 487 }]);
  });

  it('before any response: held until the first provisional one comes', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    caller.cancel(invite);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(psap.waiting).toEqual([]);
    harness.wait(600);
    psap.takeRequest('INVITE'); // still repeated
    psap.respond(forwarded, 100);
    const cancel = psap.takeRequest('CANCEL');
    psap.respond(cancel, 200);
    psap.respond(forwarded, 487);
    psap.takeRequest('ACK');
    expect(caller.waiting).toEqual(['100', '200', '487']);
  });

  it('to a PSAP that never answers: 487 when timer B ends', () => {
    const { caller } = setUp();
    const invite = caller.request();
    caller.cancel(invite);
    harness.wait(31_900);
    expect(caller.waiting).toEqual(['100', '200']);
    harness.wait(200);
    expect(caller.waiting).toEqual(['100', '200', '487']);
  });

  it('to a PSAP that rang and then fell silent: 487 64*T1 after the CANCEL (RFC 3261 §9.1)', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    psap.respond(psap.takeRequest('INVITE'), 180);
    harness.wait(10_000);
    caller.cancel(invite);
    harness.wait(31_900);
    expect(caller.waiting).toEqual(['100', '180', '200']);
    harness.wait(200);
    expect(caller.waiting).toEqual(['100', '180', '200', '487']);
  });

  it('that crosses the 200: the 200 goes up', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    psap.respond(forwarded, 180);
    caller.cancel(invite);
    const cancel = psap.takeRequest('CANCEL');
    psap.respond(forwarded, 200);
    psap.respond(cancel, 481);
    expect(caller.waiting).toEqual(['100', '180', '200', '200']);
    expect(headerValue(caller.inbox.at(-1) ?? invite, 'cseq')).toBe('1 INVITE');
    expect(harness.eventsOf('final')).toMatchObject([{ statusCode: 200 }]);
  });

  it('after the answer: 200 to the CANCEL, no effect', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    psap.respond(psap.takeRequest('INVITE'), 200);
    caller.cancel(invite);
    expect(caller.waiting).toEqual(['100', '200', '200']);
    expect(psap.waiting).toEqual([]);
  });

  it('repeated: the same 200 again, no second CANCEL and no second 487', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    psap.respond(forwarded, 180);
    caller.inbox.length = 0;
    caller.cancel(invite);
    caller.cancel(invite);
    const [first, second] = [caller.takeResponse(200), caller.takeResponse(200)];
    expect(second.bytes.equals(first.bytes)).toBe(true);
    psap.respond(psap.takeRequest('CANCEL'), 200);
    expect(psap.waiting).toEqual([]);
    psap.respond(forwarded, 487);
    caller.ackRefusal(invite, caller.takeResponse(487));
    caller.cancel(invite);
    caller.takeResponse(200);
    expect(caller.waiting).toEqual([]);
  });

  it('with the tag of the 487 in its 200 (RFC 3261 §9.2)', () => {
    const { caller } = setUp();
    harness.decide = undefined;
    const invite = caller.request();
    caller.takeResponse(100);
    caller.cancel(invite);
    const refused = [...caller.inbox];
    expect(caller.waiting).toEqual(['200', '487']);
    expect(new Set(refused.map(toTagOf)).size).toBe(1);
    expect(toTagOf(refused[0] ?? invite)).toBeDefined();
  });

  it('while the decision is open: the question is taken back, 487 at once', () => {
    const { caller, psap } = setUp();
    harness.decide = undefined;
    const invite = caller.request();
    const id = harness.openQuestion('decide');
    caller.cancel(invite);
    expect(caller.waiting).toEqual(['100', '200', '487']);
    expect(harness.forgotten).toEqual([id]);
    // An answer that was under way has no effect.
    harness.input({ kind: 'decided', id, decision: forwardTo(['sip:198.51.100.2:5070']) });
    expect(psap.waiting).toEqual([]);
  });

  it('while a name is looked up: the question is taken back, 487 at once', () => {
    const { caller } = setUp();
    harness.decide = () => forwardTo(['sip:psap.example.org', 'sip:198.51.100.3:5070']);
    const invite = caller.request();
    const id = harness.openQuestion('resolve');
    caller.cancel(invite);
    expect(caller.waiting).toEqual(['100', '200', '487']);
    expect(harness.forgotten).toEqual([id]);
  });

  it('of something unknown: 481', () => {
    const { caller } = setUp();
    caller.request({ method: 'CANCEL' });
    expect(caller.waiting).toEqual(['481']);
  });

  it('reaches both branches when the second was started beside a silent first', () => {
    const { caller, psap, alternate } = setUp();
    harness.decide = () =>
      forwardTo([
        { routeUri: 'sip:198.51.100.2:5070', silenceTimeoutMs: 2000 },
        { routeUri: 'sip:198.51.100.3:5070' },
      ]);
    const invite = caller.request();
    const first = psap.takeRequest('INVITE');
    harness.wait(2000);
    const second = alternate.takeRequest('INVITE');
    alternate.respond(second, 180);
    psap.inbox.length = 0;
    psap.respond(first, 180);
    caller.cancel(invite);
    psap.respond(psap.takeRequest('CANCEL'), 200);
    alternate.respond(alternate.takeRequest('CANCEL'), 200);
    psap.respond(first, 487);
    expect(caller.waiting).not.toContain('487');
    alternate.respond(second, 487);
    expect(caller.waiting.filter((what) => what === '487')).toHaveLength(1);
  });

  it('of a re-INVITE', () => {
    const { caller, psap } = setUp();
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), 200);
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    caller.inDialog('ACK', answer);
    psap.takeRequest('ACK');
    const again = caller.inDialog('INVITE', answer, { cseq: 3 });
    const forwarded = psap.takeRequest('INVITE');
    psap.respond(forwarded, 180);
    caller.cancel(again);
    psap.respond(psap.takeRequest('CANCEL'), 200);
    psap.respond(forwarded, 487);
    expect(caller.waiting).toEqual(['100', '180', '200', '487']);
  });
});
