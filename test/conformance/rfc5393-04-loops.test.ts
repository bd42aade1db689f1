import { afterEach, describe, expect, it } from 'vitest';
import { headerValues, type SipRequest, topVia } from '../../src/sip/message/index.ts';
import type { RequestDecision } from '../../src/sip/proxy/index.ts';
import { forwardTo, nothingOpen, ProxyHarness } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(decide: (request: SipRequest) => RequestDecision) {
  harness = new ProxyHarness();
  harness.decide = decide;
  return { caller: harness.peer('203.0.113.1', 5080), callee: harness.peer('198.51.100.2') };
}

const onward = forwardTo(['sip:198.51.100.2'], { failover: 'none' });

function secondPartOf(request: SipRequest): string {
  const via = topVia(request);
  return /-([^-]+)$/.exec((via.ok && via.value.branch) || '')?.[1] ?? 'none';
}

/** The request as it would come back from the next hop. */
function comingBack(request: SipRequest, change: (head: string) => string = (head) => head): string {
  const head = change(request.head).replace(/^Route: .*\r\n/gm, '');
  return `${head.replace(/^Via: /m, 'Via: SIP/2.0/UDP 203.0.113.1:5080;branch=z9hG4bKback, ')}`;
}

/** How many 482 were sent, wherever to. */
function refusals(): number {
  return harness.sent.filter(({ bytes }) => bytes.toString('latin1').startsWith('SIP/2.0 482 ')).length;
}

describe('RFC 5393 §4.2.1: the branch parameter', () => {
  it.each([
    ['Request-URI', { requestUri: 'urn:service:sos.fire' }],
    ['a Route', { routes: ['<sip:198.51.100.9;lr>'] }],
    ['a location', { headers: ['Geolocation: <cid:a@b>'] }],
    ['what a phone says of the service', { headers: ['Accept-Contact: *;service="sos"'] }],
    ['a body', { body: 'x' }],
  ])('RFC 5393 §4.2.1: its second part depends on %s', (_name, parts) => {
    const { caller, callee } = setUp(() => onward);
    for (const each of [{}, parts]) {
      caller.request({ method: 'MESSAGE', ...each });
    }
    const [first, second] = [callee.takeRequest('MESSAGE'), callee.takeRequest('MESSAGE')];
    expect(secondPartOf(first)).not.toBe(secondPartOf(second));
    for (const request of [first, second]) callee.respond(request, 200);
  });

  it('RFC 5393 §4.2.1: it does not depend on the method: CANCEL and ACK have that of their INVITE', () => {
    const { caller, callee } = setUp(() => onward);
    const sent = caller.request();
    const invite = callee.takeRequest('INVITE');
    callee.respond(invite, 180);
    caller.cancel(sent);
    expect(secondPartOf(callee.takeRequest('CANCEL'))).toBe(secondPartOf(invite));
    callee.respond(invite, 487);
    expect(secondPartOf(callee.takeRequest('ACK'))).toBe(secondPartOf(invite));
  });

  it('RFC 5393 §4.2.1: the first part differs though the second is the same', () => {
    const { caller, callee } = setUp(() => onward);
    caller.request({ method: 'MESSAGE' });
    caller.request({ method: 'MESSAGE' });
    const [first, second] = [callee.takeRequest('MESSAGE'), callee.takeRequest('MESSAGE')];
    expect(secondPartOf(first)).toBe(secondPartOf(second));
    expect(headerValues(first, 'via')[0]).not.toBe(headerValues(second, 'via')[0]);
    for (const request of [first, second]) callee.respond(request, 200);
  });
});

describe('RFC 5393 §4.2.2: the loop-detection check', () => {
  it('RFC 5393 §4.2.2: a request that comes back unchanged gets 482, an emergency or not, forked or not', () => {
    for (const requestUri of ['urn:service:sos', 'sip:bob@example.com']) {
      const { caller, callee } = setUp(() => onward);
      caller.request({ method: 'MESSAGE', requestUri });
      const request = callee.takeRequest('MESSAGE');
      callee.send(comingBack(request));
      expect([refusals(), callee.waiting]).toEqual([1, []]);
      callee.respond(request, 200);
      expect(caller.waiting).toEqual(['200']);
      expect(harness.drain()).toEqual(nothingOpen);
    }
  });

  it.each([
    ['another Request-URI', (head: string) => head.replace('urn:service:sos ', 'urn:service:sos.fire ')],
    ['another location', (head: string) => head.replace('cid:a@b', 'cid:c@d')],
    ['one location more', (head: string) => head.replace('<cid:a@b>', '<cid:a@b>, <https://lis.example/1>')],
  ])('RFC 5393 §4.2.2: with %s it is a spiral and goes on', (_name, change) => {
    const { caller, callee } = setUp(() => onward);
    caller.request({ method: 'MESSAGE', headers: ['Geolocation: <cid:a@b>'] });
    const request = callee.takeRequest('MESSAGE');
    // The location is the proxy's peer's to change here.
    callee.send(comingBack(request, change));
    const again = callee.takeRequest('MESSAGE');
    expect(headerValues(again, 'via')).toHaveLength(4);
    callee.respond(again, 200);
    callee.respond(request, 200);
  });

  it('RFC 5393 §4.2.2: every Via of ours is looked at, not the first alone', () => {
    const { caller, callee } = setUp(() => onward);
    caller.request({ method: 'MESSAGE' });
    const request = callee.takeRequest('MESSAGE');
    const others = Array.from(
      { length: 5 },
      (_, index) => `SIP/2.0/TCP p${index}.example.org;branch=z9hG4bK${index}`,
    );
    callee.send(comingBack(request).replace(/^Via: /m, `Via: ${others.join(', ')}, `));
    expect(refusals()).toBe(1);
    expect(callee.waiting).not.toContain('MESSAGE');
    callee.respond(request, 200);
  });

  it('RFC 5393 §4.2.4: odd parameters in the Via of others do no harm', () => {
    const { caller, callee } = setUp(() => onward);
    const odd = 'SIP / 2.0 / UDP p.example.org:5060 ;branch=;x;y="a,b;branch=z9hG4bK-1";z=[::1]';
    caller.request({ method: 'MESSAGE', headers: [`Via: ${odd}`] });
    const request = callee.takeRequest('MESSAGE');
    expect(headerValues(request, 'via')[2]).toBe(odd);
    callee.respond(request, 200);
  });
});
