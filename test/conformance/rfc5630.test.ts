import { afterEach, describe, expect, it } from 'vitest';
import { headerValues } from '../../src/sip/message/index.ts';
import type { Listener, Transport } from '../../src/sip/transaction/index.ts';
import { forwardTo, nothingOpen, type Peer, ProxyHarness, testListeners } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

const tls: Listener = {
  transport: 'tls',
  local: { address: '192.0.2.1', port: 5061 },
  announced: { host: '192.0.2.1', port: 5061 },
  ingress: 'test',
};

function setUp(...decision: Parameters<typeof forwardTo>) {
  harness = new ProxyHarness({ listeners: [...testListeners, tls] });
  harness.decide = () => forwardTo(...decision);
  const at = (host: string, transport: Transport): Peer =>
    harness.peer(host, transport === 'tls' ? 5061 : 5060, transport);
  return {
    caller: at('203.0.113.1', 'tls'),
    secure: at('198.51.100.2', 'tls'),
    plain: at('198.51.100.2', 'udp'),
    other: at('198.51.100.3', 'udp'),
    otherSecure: at('198.51.100.3', 'tls'),
  };
}

const sips = 'sips:bob@198.51.100.2';
const sip = 'sip:bob@198.51.100.2';
const follows = { failover: 'none', redirects: { kind: 'recurse', keepsRequestUri: false } } as const;

describe('RFC 5630 §5.3: a request for a SIPS URI', () => {
  it('RFC 5630 §5.3: keeps its scheme and goes by TLS, in the last hop too', () => {
    const { caller, secure, plain } = setUp([undefined], { failover: 'none' });
    caller.request({ requestUri: sips });
    const request = secure.takeRequest('INVITE');
    expect([request.requestUri, plain.waiting]).toEqual([sips, []]);
    secure.respond(request, 486);
  });

  it('RFC 5630 §5.3: goes by TLS through a Route that is no SIPS URI, and its ACK and BYE too', () => {
    const { caller, secure } = setUp([sip], { failover: 'none' });
    caller.request({ requestUri: sips });
    const invite = secure.takeRequest('INVITE');
    const ok = secure.respond(invite, 200);
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    expect(ok.statusCode).toBe(200);
    for (const method of ['ACK', 'BYE']) {
      caller.inDialog(method, answer, { requestUri: sips });
      const request = secure.takeRequest(method);
      if (method === 'BYE') secure.respond(request, 200);
    }
  });

  it('RFC 5630 §5.3: where TLS cannot be had it is refused and goes nowhere else', () => {
    const { caller, plain } = setUp([undefined], { failover: 'none' });
    harness.broken.add('198.51.100.2:5061');
    caller.request({ requestUri: sips });
    caller.takeResponse(100);
    caller.takeResponse(500);
    expect(plain.waiting).toEqual([]);
  });

  it('RFC 5630 §5.3: a 3xx with a SIP contact is not followed but passed', () => {
    const { caller, secure, other } = setUp([undefined], follows);
    caller.request({ requestUri: sips });
    secure.respond(secure.takeRequest('INVITE'), 302, { headers: [['Contact', '<sip:198.51.100.3>']] });
    caller.takeResponse(100);
    expect(headerValues(caller.takeResponse(302), 'contact')).toEqual(['<sip:198.51.100.3>']);
    expect(other.waiting).toEqual([]);
  });

  it.each([
    [416, []],
    [480, [['Warning', '380 example.org "SIPS Not Allowed"']]],
  ] as const)('RFC 5630 §5.3: a %i is passed and not tried with another scheme', (status, headers) => {
    const { caller, secure, plain } = setUp([undefined], follows);
    caller.request({ requestUri: sips });
    secure.respond(secure.takeRequest('INVITE'), status, { headers });
    caller.takeResponse(100);
    expect(headerValues(caller.takeResponse(status), 'warning')).toEqual(headers.map(([, value]) => value));
    expect([secure.waiting, plain.waiting]).toEqual([['ACK'], []]);
  });

  // RFC 6881 §9.1 SP-31: an emergency call must be retried without TLS.
  it('RFC 5630 §5.3, deviation: for a call for help the resolver is told that it may go without TLS', () => {
    const { caller, secure } = setUp([undefined], { failover: 'all', mayFallBackFromTls: true });
    const asked: (boolean | undefined)[] = [];
    harness.resolve = (query) => {
      asked.push(query.mayFallBack);
      return undefined;
    };
    caller.request({ requestUri: sips });
    secure.respond(secure.takeRequest('INVITE'), 486);
    expect(asked).toEqual([true]);
  });
});

describe('RFC 5630 §5.3: a request for a SIP URI', () => {
  it('RFC 5630 §5.3: is not given a SIPS Request-URI, though it goes by TLS', () => {
    const { caller, secure } = setUp(['sips:198.51.100.2'], { failover: 'none' });
    caller.request({ requestUri: sip });
    const request = secure.takeRequest('INVITE');
    expect(request.requestUri).toBe(sip);
    secure.respond(request, 486);
  });

  it('RFC 5630 §5.3: a 3xx with a SIPS contact is not followed but passed', () => {
    const { caller, plain, otherSecure } = setUp([undefined], follows);
    caller.request({ requestUri: sip });
    plain.respond(plain.takeRequest('INVITE'), 302, { headers: [['Contact', '<sips:198.51.100.3>']] });
    caller.takeResponse(100);
    expect(headerValues(caller.takeResponse(302), 'contact')).toEqual(['<sips:198.51.100.3>']);
    expect(otherSecure.waiting).toEqual([]);
  });

  it('RFC 5630 §5.3: a 480 that wants SIPS is passed with its Warning', () => {
    const { caller, plain, secure } = setUp([undefined], follows);
    caller.request({ requestUri: sip });
    const warning = '381 example.org "SIPS Required"';
    plain.respond(plain.takeRequest('INVITE'), 480, { headers: [['Warning', warning]] });
    caller.takeResponse(100);
    expect(headerValues(caller.takeResponse(480), 'warning')).toEqual([warning]);
    expect(secure.waiting).toEqual([]);
  });

  // Phones whose Contact is SIP end a call that is recorded with SIPS, which RFC 3261 §16.6 item 4 forbids there as well; an
  // address without a name has no NAPTR record that could say TLS.
  it('RFC 5630 §5.3, RFC 5658 §6.2, deviation: towards TLS without SIPS we record transport=tls', () => {
    const { caller, secure } = setUp(['sip:198.51.100.2:5061;transport=tls'], { failover: 'none' });
    caller.request({ requestUri: sip });
    const request = secure.takeRequest('INVITE');
    expect(headerValues(request, 'record-route')).toEqual(['<sip:192.0.2.1:5061;transport=tls;lr>']);
    secure.respond(request, 486);
  });

  it('RFC 5630 §5.3: towards SIPS transport=tls is not written', () => {
    const { caller, secure } = setUp([undefined], { failover: 'none' });
    caller.request({ requestUri: `${sips};transport=tls` });
    const request = secure.takeRequest('INVITE');
    expect(headerValues(request, 'record-route')).toEqual(['<sips:192.0.2.1:5061;lr>']);
    secure.respond(request, 486);
  });
});
