import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues, maxForwards, topVia, vias } from '../../../src/sip/message/index.ts';
import { forwardTo, nothingOpen, ProxyHarness, toTagOf } from '../../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp() {
  harness = new ProxyHarness();
  harness.decide = () => forwardTo(['sip:psap@198.51.100.2:5070']);
  return { caller: harness.peer('203.0.113.1', 5080), psap: harness.peer('198.51.100.2', 5070) };
}

/** A call that was answered; nobody sent the ACK yet. */
function answered() {
  const { caller, psap } = setUp();
  const sentInvite = caller.request();
  caller.takeResponse(100);
  const invite = psap.takeRequest('INVITE');
  const ok = psap.respond(invite, 200);
  return { caller, psap, sentInvite, invite, ok, answer: caller.takeResponse(200) };
}

describe('a call', () => {
  it('goes through from INVITE to BYE', () => {
    const { caller, psap } = setUp();
    const body = 'v=0\r\n\u00e9\u0000\u0001binary';
    caller.request({ body, headers: ['X-Odd:   as it was  ', 'Content-Type: application/sdp'] });
    caller.takeResponse(100);
    const invite = psap.takeRequest('INVITE');
    expect(invite.requestUri).toBe('urn:service:sos');
    expect(headerValue(invite, 'route')).toBe('<sip:psap@198.51.100.2:5070;lr>');
    expect(headerValues(invite, 'record-route')).toEqual(['<sip:192.0.2.1:5060;lr>']);
    expect(maxForwards(invite)).toBe(69);
    expect(invite.body.toString('latin1')).toBe(body);
    expect(invite.head).toContain('X-Odd:   as it was  \r\n');
    const all = vias(invite);
    expect(all.ok && all.value.length).toBe(2);
    expect(all.ok && all.value[1]?.raw).toContain(';received=203.0.113.1;rport=5080');
    psap.respond(invite, 100);
    expect(caller.waiting).toEqual([]);
    psap.respond(invite, 180);
    const via = topVia(caller.takeResponse(180));
    expect(via.ok && via.value.host).toBe('203.0.113.1');
    psap.respond(invite, 200);
    const answer = caller.takeResponse(200);
    caller.inDialog('ACK', answer);
    const ack = psap.takeRequest('ACK');
    expect(ack.requestUri).toBe('sip:peer@198.51.100.2:5070');
    expect(headerValue(ack, 'route')).toBeUndefined();
    caller.inDialog('BYE', answer);
    psap.respond(psap.takeRequest('BYE'), 200);
    caller.takeResponse(200);
    const inDialog = { method: 'BYE', callId: 'call-1', fromTag: 'caller', toTag: 'tag5070' };
    expect(harness.eventsOf('inDialog')).toMatchObject([{ ...inDialog, request: { method: 'BYE' } }]);
    expect(harness.events.map((event) => event.kind)).toEqual([
      'attempt',
      'provisional',
      'attemptEnded',
      'final',
      'inDialog',
    ]);
  });

  it('is ended by the called side', () => {
    const { caller, psap, invite, ok, answer } = answered();
    caller.inDialog('ACK', answer);
    psap.takeRequest('ACK');
    psap.inDialogBack('BYE', invite, ok);
    const bye = caller.takeRequest('BYE');
    expect(bye.requestUri).toBe('sip:peer@203.0.113.1:5080');
    caller.respond(bye, 200);
    psap.takeResponse(200);
  });

  it('is told to be over when nothing of it is left', () => {
    const { caller, answer } = answered();
    caller.inDialog('ACK', answer);
    harness.drain();
    expect(harness.events.at(-1)?.kind).toBe('done');
  });

  it('absorbs a repeated INVITE and repeats the last provisional response', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    caller.takeResponse(100);
    caller.send(invite.bytes);
    caller.takeResponse(100);
    const forwarded = psap.takeRequest('INVITE');
    psap.respond(forwarded, 183);
    caller.takeResponse(183);
    caller.send(invite.bytes);
    caller.takeResponse(183);
    expect(psap.waiting).toEqual([]);
    psap.respond(forwarded, 486);
    caller.ackRefusal(invite, caller.takeResponse(486));
    psap.takeRequest('ACK');
  });

  it('repeats the INVITE to a silent PSAP at T1, 2*T1, 4*T1 until it hears of it', () => {
    const { caller, psap } = setUp();
    caller.request();
    const start = harness.clock.mono();
    harness.wait(3600);
    expect(psap.waiting).toEqual(['INVITE', 'INVITE', 'INVITE', 'INVITE']);
    const times = harness.sent
      .filter((sent) => sent.destination.remote.port === 5070)
      .map((sent) => sent.at - start);
    expect(times).toEqual([0, 500, 1500, 3500]);
    const copies = new Set(psap.inbox.map((message) => message.bytes.toString('latin1')));
    expect(copies.size).toBe(1);
    const invite = psap.takeRequest('INVITE');
    psap.inbox.length = 0;
    psap.respond(invite, 100);
    harness.wait(10_000);
    expect(psap.waiting).toEqual([]);
    psap.respond(invite, 200);
    caller.takeResponse(100);
    caller.takeResponse(200);
  });

  it('passes each repetition of the 200 up and each ACK down', () => {
    const { caller, psap, ok, answer } = answered();
    psap.send(ok.bytes);
    caller.takeResponse(200);
    caller.inDialog('ACK', answer, { branch: 'z9hG4bKack' });
    caller.inDialog('ACK', answer, { branch: 'z9hG4bKack' });
    const first = psap.takeRequest('ACK');
    const second = psap.takeRequest('ACK');
    expect(second.bytes.equals(first.bytes)).toBe(true);
    // The record hears of the answer once.
    expect(harness.eventsOf('final')).toHaveLength(1);
  });

  it('passes a repeated 200 up until timer L and M end, and drops it afterwards', () => {
    const { caller, psap, ok } = answered();
    harness.wait(31_900);
    psap.send(ok.bytes);
    caller.takeResponse(200);
    harness.wait(200);
    psap.send(ok.bytes);
    expect(caller.waiting).toEqual([]);
    expect(harness.eventsOf('discarded').map((event) => event.reason)).toEqual(['no transaction']);
  });

  it('absorbs the INVITE that is repeated because the 200 got lost', () => {
    const { caller, psap, sentInvite, ok } = answered();
    caller.send(sentInvite.bytes);
    expect([...caller.waiting, ...psap.waiting]).toEqual([]);
    psap.send(ok.bytes);
    caller.takeResponse(200);
  });

  it('repeats a refusal until the ACK comes, and absorbs further ACKs', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    psap.respond(forwarded, 486);
    const ack = psap.takeRequest('ACK');
    const [ackVia, inviteVia] = [topVia(ack), topVia(forwarded)];
    expect(ackVia.ok && inviteVia.ok && ackVia.value.raw === inviteVia.value.raw).toBe(true);
    expect(headerValue(ack, 'route')).toBe(headerValue(forwarded, 'route'));
    expect(toTagOf(ack)).toBe('tag5070');
    caller.takeResponse(100);
    const busy = caller.takeResponse(486);
    harness.wait(1600);
    expect(caller.waiting).toEqual(['486', '486']);
    caller.ackRefusal(invite, busy);
    caller.ackRefusal(invite, busy);
    harness.wait(60_000);
    expect(caller.waiting).toEqual(['486', '486']);
    expect(psap.waiting).toEqual([]);
  });

  it('acknowledges a repeated refusal itself', () => {
    const { psap } = setUp();
    harness.peer('203.0.113.1', 5081).request();
    const forwarded = psap.takeRequest('INVITE');
    const busy = psap.respond(forwarded, 486);
    psap.takeRequest('ACK');
    psap.send(busy.bytes);
    psap.takeRequest('ACK');
  });

  it('gives up on an ACK that never comes after timer H', () => {
    const { caller, psap } = setUp();
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), 600);
    harness.wait(32_000);
    expect(harness.eventsOf('discarded').map((event) => event.reason)).toEqual(['no ACK']);
    // At 0, .5, 1.5, 3.5, 7.5 ... every 4 s up to 31.5 s.
    expect(caller.waiting.filter((what) => what === '600')).toHaveLength(11);
  });

  it('passes several 2xx with different tags of a downstream fork', () => {
    const { caller, psap, invite } = answered();
    psap.respond(invite, 200, { toTag: 'second' });
    expect(toTagOf(caller.takeResponse(200))).toBe('second');
    expect(harness.eventsOf('final')).toHaveLength(2);
  });
});

describe('requests within a call', () => {
  it('carry an early dialog: reliable 183, PRACK, UPDATE, then the answer', () => {
    const { caller, psap } = setUp();
    caller.request({ headers: ['Supported: 100rel'] });
    caller.takeResponse(100);
    const invite = psap.takeRequest('INVITE');
    psap.respond(invite, 183, {
      headers: [
        ['Require', '100rel'],
        ['RSeq', '7'],
      ],
    });
    const progress = caller.takeResponse(183);
    expect(headerValue(progress, 'rseq')).toBe('7');
    caller.inDialog('PRACK', progress, { headers: ['RAck: 7 1 INVITE'] });
    const prack = psap.takeRequest('PRACK');
    expect(headerValue(prack, 'rack')).toBe('7 1 INVITE');
    psap.respond(prack, 200);
    caller.takeResponse(200);
    caller.inDialog('UPDATE', progress, { cseq: 3 });
    psap.respond(psap.takeRequest('UPDATE'), 200);
    caller.takeResponse(200);
    psap.respond(invite, 200);
    caller.takeResponse(200);
  });

  it('carry a re-INVITE in either direction without a question', () => {
    const { caller, psap, invite, ok, answer } = answered();
    caller.inDialog('ACK', answer);
    psap.takeRequest('ACK');
    caller.inDialog('INVITE', answer, { cseq: 5 });
    caller.takeResponse(100);
    const again = psap.takeRequest('INVITE');
    // For an endpoint that lost its route set (RFC 3261 §16.6 item 4).
    expect(headerValues(again, 'record-route')).toEqual(['<sip:192.0.2.1:5060;lr>']);
    psap.respond(again, 488);
    psap.takeRequest('ACK');
    caller.takeResponse(488);
    psap.inDialogBack('INVITE', invite, ok, { cseq: 9 });
    psap.takeResponse(100);
    const back = caller.takeRequest('INVITE');
    caller.respond(back, 200);
    psap.takeResponse(200);
    expect(harness.questions.size).toBe(0);
    expect(harness.eventsOf('attempt')).toHaveLength(1);
  });

  it('carry INFO and REFER with all their headers', () => {
    const { caller, psap, answer } = answered();
    for (const [index, method] of ['INFO', 'REFER', 'NOTIFY', 'MESSAGE'].entries()) {
      caller.inDialog(method, answer, { cseq: 10 + index, headers: ['Refer-To: <sip:other@example.org>'] });
      const request = psap.takeRequest(method);
      expect(headerValue(request, 'refer-to')).toBe('<sip:other@example.org>');
      psap.respond(request, 202);
      caller.takeResponse(202);
    }
  });
});

describe('requests that are no INVITE', () => {
  it.each(['OPTIONS', 'MESSAGE', 'SUBSCRIBE', 'X-NEW'])('%s is asked about and forwarded', (method) => {
    const { caller, psap } = setUp();
    caller.request({ method });
    expect(caller.waiting).toEqual([]);
    psap.respond(psap.takeRequest(method), 200);
    caller.takeResponse(200);
  });

  it('an OPTIONS to ourselves is answered as decided', () => {
    const { caller } = setUp();
    harness.decide = () => ({
      kind: 'reply',
      statusCode: 200,
      reasonPhrase: 'OK',
      headers: [{ name: 'Allow', value: 'INVITE, ACK' }],
    });
    caller.request({ method: 'OPTIONS', requestUri: 'sip:192.0.2.1' });
    const answer = caller.takeResponse(200);
    expect(headerValue(answer, 'allow')).toBe('INVITE, ACK');
    expect(toTagOf(answer)).toMatch(/^[0-9a-z]{10}$/);
  });

  it('a slow one gets a 100 after 3.5 s and not before (RFC 4320 §4.1)', () => {
    const { caller, psap } = setUp();
    caller.request({ method: 'MESSAGE' });
    harness.wait(3499);
    expect(caller.waiting).toEqual([]);
    harness.wait(2);
    caller.takeResponse(100);
    psap.respond(psap.takeRequest('MESSAGE'), 200);
    caller.takeResponse(200);
  });

  it('a provisional response of the PSAP is not passed up (RFC 4320 §4.1)', () => {
    const { caller, psap } = setUp();
    caller.request({ method: 'MESSAGE' });
    const message = psap.takeRequest('MESSAGE');
    psap.respond(message, 183);
    expect(caller.waiting).toEqual([]);
    psap.respond(message, 200);
    caller.takeResponse(200);
  });

  it('one that nobody answers gets silence, not 408 (RFC 4320 §4.2), and its repetitions are absorbed', () => {
    const { caller, psap } = setUp();
    const message = caller.request({ method: 'MESSAGE' });
    harness.wait(32_500);
    expect(caller.waiting).toEqual(['100']);
    const attempts = psap.inbox.length;
    caller.send(message.bytes);
    expect(psap.inbox.length).toBe(attempts);
    expect(harness.eventsOf('attemptEnded')).toMatchObject([{ statusCode: 408 }]);
  });
});
