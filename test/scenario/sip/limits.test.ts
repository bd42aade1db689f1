import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../../src/sip/message/index.ts';
import { defaultProxyLimits } from '../../../src/sip/proxy/index.ts';
import { forwardTo, nothingOpen, ProxyHarness, toTagOf } from '../../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(options: ConstructorParameters<typeof ProxyHarness>[0] = {}) {
  harness = new ProxyHarness(options);
  harness.decide = () => forwardTo(['sip:198.51.100.2']);
  return { caller: harness.peer('203.0.113.1', 5080), psap: harness.peer('198.51.100.2') };
}

describe('a decision', () => {
  it('that does not come in time is replaced by the fallback', () => {
    const { caller } = setUp();
    const byDefault = harness.peer('192.0.2.99');
    harness.decide = undefined;
    caller.request();
    const id = harness.openQuestion('decide');
    harness.wait(3000);
    byDefault.respond(byDefault.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(harness.forgotten).toEqual([id]);
    harness.input({ kind: 'decided', id, decision: forwardTo(['sip:198.51.100.2']) });
    expect(byDefault.waiting).toEqual([]);
  });

  it('may refuse, and says why', () => {
    const { caller } = setUp({ serverName: 'Firstline' });
    harness.decide = () => ({
      kind: 'reply',
      statusCode: 403,
      reasonPhrase: 'Not An Emergency',
      headers: [{ name: 'Warning', value: '399 - "no"' }],
    });
    const invite = caller.request();
    caller.takeResponse(100);
    const refused = caller.takeResponse(403);
    expect(refused.reasonPhrase).toBe('Not An Emergency');
    expect(headerValue(refused, 'warning')).toBe('399 - "no"');
    expect(headerValue(refused, 'server')).toBe('Firstline');
    caller.ackRefusal(invite, refused);
    expect(harness.eventsOf('final')).toMatchObject([{ statusCode: 403, reasonPhrase: 'Not An Emergency' }]);
  });

  it('with too many targets keeps the last one, which is the default route', () => {
    const { caller } = setUp({ limits: { ...defaultProxyLimits, targetsMax: 3 } });
    const places = [10, 11, 12, 13, 14].map((host) => `198.51.100.${host}`);
    const peers = places.map((place) => harness.peer(place));
    harness.decide = () => forwardTo(places.map((place) => `sip:${place}`));
    caller.request();
    const asked: string[] = [];
    for (const [index, peer] of peers.entries()) {
      if (peer.inbox.length === 0) continue;
      asked.push(places[index] ?? '');
      peer.respond(peer.takeRequest('INVITE'), 486);
    }
    expect(asked).toEqual(['198.51.100.10', '198.51.100.11', '198.51.100.14']);
  });
});

describe('open transactions', () => {
  const limits = { ...defaultProxyLimits, transactionsMax: 3, transactionsHardMax: 6 };

  it('at the limit: 503 with Retry-After, without a transaction', () => {
    const { caller } = setUp({ limits });
    harness.decide = undefined;
    for (let call = 0; call < 3; call += 1) caller.request({ callId: `call-${call}` });
    caller.inbox.length = 0;
    const refusedInvite = caller.request({ callId: 'one too many' });
    const refused = caller.takeResponse(503);
    expect(headerValue(refused, 'retry-after')).toBe('10');
    expect(harness.core.counts().serverTransactions).toBe(3);
    caller.ackRefusal(refusedInvite, refused);
    caller.send(refusedInvite.bytes);
    expect(toTagOf(caller.takeResponse(503))).toBe(toTagOf(refused));
    for (const question of [...harness.questions.keys()]) {
      const decision = { kind: 'reply', statusCode: 480, reasonPhrase: 'x', headers: [] } as const;
      harness.input({ kind: 'decided', id: question, decision });
    }
  });

  it('some requests may exceed it, up to the hard limit; requests within dialogs too', () => {
    const { caller } = setUp({
      limits,
      mayExceedLimit: (request) => request.requestUri.startsWith('urn:service:sos'),
      decideTimeoutMs: 1,
      fallbackDecision: () => ({ kind: 'reply', statusCode: 480, reasonPhrase: 'x', headers: [] }),
    });
    harness.decide = undefined;
    for (let call = 0; call < 3; call += 1) caller.request({ requestUri: 'sip:x@example.org' });
    caller.inbox.length = 0;
    caller.request({ requestUri: 'sip:x@example.org' });
    caller.takeResponse(503);
    caller.request();
    caller.takeResponse(100);
    caller.request({ method: 'BYE', to: '<urn:service:sos>;tag=t', requestUri: 'sip:198.51.100.2' });
    expect(harness.core.counts()).toMatchObject({ serverTransactions: 5, clientTransactions: 1 });
    caller.request();
    caller.takeResponse(503);
  });

  it('two thousand at once, and nothing left of them', () => {
    const { caller } = setUp();
    for (let call = 0; call < 2000; call += 1) caller.request({ callId: `call-${call}` });
    expect(harness.core.counts()).toMatchObject({ contexts: 2000, clientTransactions: 2000 });
    for (let guard = 0; guard < 1_000_000 && harness.jump(); guard += 1);
    expect(harness.core.counts()).toEqual(nothingOpen);
  });
});

describe('responses', () => {
  it('beyond the limit are dropped', () => {
    const { caller, psap } = setUp({ limits: { ...defaultProxyLimits, responsesMax: 5 } });
    caller.request();
    const invite = psap.takeRequest('INVITE');
    for (let index = 0; index < 10; index += 1) psap.respond(invite, 183);
    expect(caller.waiting).toHaveLength(1 + 5);
    psap.respond(invite, 200);
    expect(caller.waiting.at(-1)).toBe('200');
  });
});

describe('requests that cannot be forwarded', () => {
  it('with Proxy-Require get 420 and the names, unless they may pass', () => {
    const { caller, psap } = setUp({ mayIgnoreProxyRequire: (request) => request.method === 'INVITE' });
    caller.request({ method: 'MESSAGE', headers: ['Proxy-Require: foo, bar'] });
    const refused = caller.takeResponse(420);
    expect(headerValues(refused, 'unsupported')).toEqual(['foo', 'bar']);
    caller.request({ headers: ['Proxy-Require: foo'] });
    psap.respond(psap.takeRequest('INVITE'), 486);
  });

  it('with a fatal defect get 400 with its reason, without a transaction', () => {
    const { caller } = setUp();
    const text = caller.requestText({ method: 'MESSAGE' }).replace(/CSeq: .*\r\n/, '');
    caller.send(text);
    const refused = caller.takeResponse(400);
    expect(refused.reasonPhrase).toMatch(/CSeq/i);
    expect(harness.core.counts()).toEqual(nothingOpen);
    expect(harness.eventsOf('discarded')).toMatchObject([{ reason: 'fatal defect' }]);
  });

  it('with a fatal defect, an ACK or a response are dropped', () => {
    const { caller } = setUp();
    caller.send(caller.requestText({ method: 'ACK' }).replace(/CSeq: .*\r\n/, ''));
    caller.send('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n\r\n');
    expect(harness.sent).toEqual([]);
    expect(harness.eventsOf('discarded')).toHaveLength(2);
  });

  it('with a routable defect are asked about', () => {
    const { caller, psap } = setUp();
    caller.send(caller.requestText().replace(/Contact: .*\r\n/, 'Contact: <<<\r\nMax-Forwards: many\r\n'));
    const request = psap.takeRequest('INVITE');
    expect(headerValue(request, 'contact')).toBe('<<<');
    psap.respond(request, 486);
  });
});
