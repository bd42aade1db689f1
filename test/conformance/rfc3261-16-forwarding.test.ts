import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues, type SipRequest, topVia } from '../../src/sip/message/index.ts';
import { defaultProxyTimers } from '../../src/sip/proxy/index.ts';
import type { Destination, Transport } from '../../src/sip/transaction/index.ts';
import { forwardTo, nothingOpen, ProxyHarness, testListeners } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(options: ConstructorParameters<typeof ProxyHarness>[0] = {}) {
  harness = new ProxyHarness(options);
  harness.decide = () => forwardTo(['sip:198.51.100.2'], { failover: 'none' });
  return { caller: harness.peer('203.0.113.1', 5080), callee: harness.peer('198.51.100.2') };
}

function linesOf(request: SipRequest): readonly string[] {
  return request.head.split('\r\n').filter((line) => line !== '');
}

function viaOf(request: SipRequest) {
  const via = topVia(request);
  if (!via.ok) throw new Error('no Via');
  return via.value;
}

describe('RFC 3261 §16.6 items 1 to 3: the copy', () => {
  it('RFC 3261 §16.6 item 1: has every header that came, in order and as written, and the body', () => {
    const { caller, callee } = setUp();
    const headers = [
      'X-B: 2',
      's: compact',
      'X-A: 1,2',
      'X-B:1',
      'Contact:   <sip:second@203.0.113.1> ; q=0.1',
      'X-Empty:',
      'Subject: folded\r\n  over lines',
      'Content-Type: application/octet-stream',
    ];
    const sent = caller.request({ headers, body: '\x00\xff\r\n\r\n--x\r\n' });
    const got = callee.takeRequest('INVITE');
    const ours = /^(?:Via|Record-Route|Route|Max-Breadth|Max-Forwards):/;
    const kept = (request: SipRequest) => linesOf(request).filter((line) => !ours.test(line));
    expect(kept(got)).toEqual(kept(sent));
    expect(got.body.equals(sent.body)).toBe(true);
    callee.respond(got, 486);
  });

  it('RFC 3261 §16.6 item 1: each branch starts with the request as it came', () => {
    const { caller, callee } = setUp();
    const other = harness.peer('198.51.100.3');
    harness.decide = () => forwardTo(['sip:198.51.100.2', 'sip:198.51.100.3']);
    caller.request();
    const first = callee.takeRequest('INVITE');
    callee.respond(first, 486);
    const second = other.takeRequest('INVITE');
    const plain = ({ head }: SipRequest) =>
      head.replace(/;branch=z9hG4bK[^;\r]+/, '').replace('198.51.100.3', '198.51.100.2');
    expect(plain(second)).toBe(plain(first));
    other.respond(second, 486);
  });

  it('RFC 3261 §16.6 item 2: the URI of the target replaces the Request-URI, in the start line only', () => {
    const { caller, callee } = setUp();
    harness.decide = () => forwardTo([undefined], { requestUri: 'sip:new@198.51.100.2', failover: 'none' });
    caller.request({ requestUri: 'sip:old@example.org', to: '<sip:old@example.org>' });
    const request = callee.takeRequest('INVITE');
    expect([request.requestUri, headerValue(request, 'to')]).toEqual([
      'sip:new@198.51.100.2',
      '<sip:old@example.org>',
    ]);
    callee.respond(request, 486);
  });

  it('RFC 3261 §16.6 item 2: what may not stand in a Request-URI is taken off a contact that becomes one', () => {
    const { caller, callee } = setUp();
    const other = harness.peer('198.51.100.3');
    harness.decide = () =>
      forwardTo(['sip:198.51.100.2'], { redirects: { kind: 'recurse', keepsRequestUri: false } });
    caller.request({ requestUri: 'sip:a@example.org' });
    const contact = '<sip:b@198.51.100.3;user=phone;method=BYE?Subject=x&Route=y>';
    callee.respond(callee.takeRequest('INVITE'), 302, { headers: [['Contact', contact]] });
    const request = other.takeRequest('INVITE');
    expect(request.requestUri).toBe('sip:b@198.51.100.3;user=phone');
    other.respond(request, 486);
  });

  it.each([
    ['70', '69'],
    ['1', '0'],
    ['255', '254'],
    [null, '70'],
  ])('RFC 3261 §16.6 item 3: Max-Forwards %s becomes %s', (value, expected) => {
    const { caller, callee } = setUp();
    caller.request({ maxForwards: value === null ? null : Number(value) });
    const request = callee.takeRequest('INVITE');
    expect(headerValues(request, 'max-forwards')).toEqual([expected]);
    callee.respond(request, 486);
  });
});

describe('RFC 3261 §16.6 item 4: Record-Route', () => {
  it('RFC 3261 §16.6 item 4: stands before those of others, a Route or none', () => {
    for (const routes of [[], ['<sip:192.0.2.1;lr>', '<sip:198.51.100.9;lr>']]) {
      const { caller, callee } = setUp();
      caller.request({ routes, headers: ['Record-Route: <sip:p2.example.org;lr>, <sip:p1.example.org;lr>'] });
      const request = callee.takeRequest('INVITE');
      expect(headerValues(request, 'record-route')).toEqual([
        '<sip:192.0.2.1:5060;lr>',
        '<sip:p2.example.org;lr>',
        '<sip:p1.example.org;lr>',
      ]);
      callee.respond(request, 486);
      expect(harness.drain()).toEqual(nothingOpen);
    }
  });

  it.each(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY', 'PUBLISH', 'NEWTHING'])(
    'RFC 3261 §16.6 item 4: is put into a %s outside of a dialog, whether or not its method is known',
    (method) => {
      const { caller, callee } = setUp();
      caller.request({ method });
      const request = callee.takeRequest(method);
      expect(headerValues(request, 'record-route')).toEqual(['<sip:192.0.2.1:5060;lr>']);
      callee.respond(request, 486);
    },
  );

  // The others refresh nothing that could be lost: their path is the route set of the dialog.
  it.each([
    ['INVITE', 1],
    ['SUBSCRIBE', 1],
    ['REFER', 1],
    ['NOTIFY', 1],
    ['BYE', 0],
    ['INFO', 0],
    ['UPDATE', 0],
    ['NEWTHING', 0],
  ])('RFC 3261 §16.6 item 4: within a dialog %s has %i of ours', (method, count) => {
    const { caller, callee } = setUp();
    caller.request({
      method,
      requestUri: 'sip:x@198.51.100.2',
      routes: ['<sip:192.0.2.1;lr>'],
      to: '<urn:service:sos>;tag=t',
    });
    const request = callee.takeRequest(method);
    expect(headerValues(request, 'record-route')).toHaveLength(count);
    callee.respond(request, 486);
  });

  const tlsListener = {
    transport: 'tls',
    local: { address: '192.0.2.1', port: 5061 },
    announced: { host: '192.0.2.1', port: 5061 },
    ingress: 'test',
  } as const;

  it.each([
    ['came by UDP and leaves by TLS', 'udp', 'sips:x@198.51.100.2', '<sips:192.0.2.1:5061;lr>'],
    ['came by TLS and leaves by UDP', 'tls', 'sip:x@198.51.100.2', '<sip:192.0.2.1:5060;transport=udp;lr>'],
    ['came and leaves by TLS', 'tls', 'sips:x@198.51.100.2', '<sips:192.0.2.1:5061;lr>'],
  ] as const)('RFC 3261 §16.6 item 4: a request that %s (%s)', (_name, transport, requestUri, expected) => {
    harness = new ProxyHarness({ listeners: [...testListeners, tlsListener] });
    harness.decide = () => forwardTo([undefined], { failover: 'none' });
    const leaves: Transport = requestUri.startsWith('sips') ? 'tls' : 'udp';
    const callee = harness.peer('198.51.100.2', leaves === 'tls' ? 5061 : 5060, leaves);
    harness.peer('203.0.113.1', 5080, transport).request({ requestUri });
    const request = callee.takeRequest('INVITE');
    expect(headerValues(request, 'record-route')[0]).toBe(expected);
    callee.respond(request, 486);
  });
});

describe('RFC 3261 §16.6 items 5 and 6: headers that are added, and routes', () => {
  it('RFC 3261 §16.6 item 5: a header that the decision adds goes beside what came', () => {
    const { caller, callee } = setUp();
    harness.decide = () =>
      forwardTo(['sip:198.51.100.2'], {
        failover: 'none',
        edits: [{ kind: 'append', name: 'Call-Info', value: '<urn:x>;purpose=x' }],
      });
    caller.request({ headers: ['Call-Info: <http://a>'] });
    const request = callee.takeRequest('INVITE');
    expect(headerValues(request, 'call-info')).toEqual(['<http://a>', '<urn:x>;purpose=x']);
    callee.respond(request, 486);
  });

  it('RFC 3261 §16.6 item 6: the target goes ahead of other Route values, and is a loose router', () => {
    const { caller, callee } = setUp();
    caller.request({ routes: ['<sip:198.51.100.9;lr>'] });
    const request = callee.takeRequest('INVITE');
    expect(headerValues(request, 'route')).toEqual(['<sip:198.51.100.2;lr>', '<sip:198.51.100.9;lr>']);
    callee.respond(request, 486);
  });

  it('RFC 3261 §16.6 item 6: before a strict router the Request-URI becomes the last Route', () => {
    const { caller } = setUp();
    const strict = harness.peer('198.51.100.9');
    harness.decide = () => forwardTo([undefined], { failover: 'none' });
    caller.request({
      requestUri: 'sip:a@example.org',
      routes: ['<sip:198.51.100.9>', '<sip:198.51.100.10;lr>'],
    });
    const request = strict.takeRequest('INVITE');
    expect([request.requestUri, headerValues(request, 'route')]).toEqual([
      'sip:198.51.100.9',
      ['<sip:198.51.100.10;lr>', '<sip:a@example.org>'],
    ]);
    strict.respond(request, 486);
  });
});

describe('RFC 3261 §16.6 item 7: the next hop', () => {
  /** What is asked of the resolver for a request. */
  function asked(parts: { readonly requestUri: string; readonly routes?: readonly string[] }) {
    const { caller } = setUp();
    harness.decide = () => forwardTo([undefined], { failover: 'none' });
    const queries: string[] = [];
    harness.resolve = ({ host, transport, isSecure }) => {
      queries.push(`${isSecure ? 'secure ' : ''}${transport ?? 'any'} ${host}`);
      return [];
    };
    caller.request(parts);
    return queries;
  }

  it.each([
    ['the Request-URI without a Route', { requestUri: 'sip:a@one.example' }, 'any one.example'],
    [
      'the first Route',
      { requestUri: 'sip:a@one.example', routes: ['<sip:two.example;lr>', '<sip:three.example;lr>'] },
      'any two.example',
    ],
    [
      'the Request-URI that was made for a strict router',
      { requestUri: 'sip:a@one.example', routes: ['<sip:two.example;transport=tcp>'] },
      'tcp two.example',
    ],
    [
      'a first Route as if it were SIPS, where the Request-URI is',
      { requestUri: 'sips:a@one.example', routes: ['<sip:two.example;lr>'] },
      'secure any two.example',
    ],
    [
      'a first Route that is SIPS',
      { requestUri: 'sip:a@one.example', routes: ['<sips:two.example;lr>'] },
      'secure tls two.example',
    ],
  ])('RFC 3261 §16.6 item 7: is found by %s', (_name, parts, expected) => {
    expect(asked(parts)).toEqual([expected]);
  });

  const at = (transport: Transport, address: string): Destination => ({
    transport,
    remote: { address, port: 5060 },
    connectionId: undefined,
    local: undefined,
  });

  it('RFC 3261 §16.6 item 7: all are tried in order, each in its own form and with its own branch', () => {
    const { caller } = setUp();
    const [first, second] = [harness.peer('198.51.100.3', 5060, 'tcp'), harness.peer('198.51.100.4')];
    harness.broken.add('198.51.100.2:5060');
    harness.resolve = () => [at('udp', '198.51.100.2'), at('tcp', '198.51.100.3'), at('udp', '198.51.100.4')];
    caller.request({ method: 'MESSAGE' });
    const byTcp = first.takeRequest('MESSAGE');
    first.respond(byTcp, 503);
    const byUdp = second.takeRequest('MESSAGE');
    second.respond(byUdp, 200);
    const lost = /branch=([^;]+)/.exec(harness.sent[0]?.bytes.toString('latin1') ?? '')?.[1];
    const branches = [lost, viaOf(byTcp).branch, viaOf(byUdp).branch];
    expect(new Set(branches).size).toBe(3);
    expect([viaOf(byTcp).transport, viaOf(byUdp).transport]).toEqual(['TCP', 'UDP']);
    caller.takeResponse(200);
  });

  it('RFC 3261 §18.1.1: what went by TCP for its size goes by UDP where TCP is refused', () => {
    const { caller, callee } = setUp();
    harness.resolve = () => [at('tcp', '198.51.100.7'), at('udp', '198.51.100.2')];
    harness.broken.add('198.51.100.7:5060');
    caller.request({ method: 'MESSAGE', body: 'x'.repeat(1400) });
    const request = callee.takeRequest('MESSAGE');
    expect(viaOf(request).transport).toBe('UDP');
    callee.respond(request, 200);
  });

  // What cannot be sent counts as a 503 (§16.9) and not as a 408, so that it goes up as a 500.
  it('RFC 3261 §16.6 item 7: where no address takes it, no other way is left, and the caller is told', () => {
    const { caller } = setUp();
    harness.resolve = () => [at('udp', '198.51.100.2'), at('udp', '198.51.100.3')];
    harness.broken.add('198.51.100.2:5060').add('198.51.100.3:5060');
    caller.request({ method: 'MESSAGE' });
    caller.takeResponse(500);
  });
});

describe('RFC 3261 §16.6 items 8 to 11: Via, length, transaction, timer C', () => {
  it('RFC 3261 §16.6 item 8: our Via stands on top, those that came below it, with cookie and sent-by', () => {
    const { caller, callee } = setUp();
    caller.request({ headers: ['Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKfirst'] });
    const request = callee.takeRequest('INVITE');
    const values = headerValues(request, 'via');
    expect(values).toHaveLength(3);
    expect(values[0]).toMatch(/^SIP\/2\.0\/UDP 192\.0\.2\.1:5060;branch=z9hG4bK[\w-]+;rport$/);
    expect(values[2]).toBe('SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKfirst');
    callee.respond(request, 486);
  });

  it('RFC 3261 §16.6 item 8: no two requests have one branch, not even the copies of a spiral', () => {
    const { caller, callee } = setUp();
    const branches = ['a', 'b', 'c'].map((callId) => {
      caller.request({ method: 'MESSAGE', callId });
      const request = callee.takeRequest('MESSAGE');
      callee.respond(request, 200);
      return viaOf(request).branch;
    });
    expect(new Set(branches).size).toBe(3);
  });

  it('RFC 3261 §16.6 item 8: CANCEL and the ACK of a refusal have the branch of their INVITE', () => {
    const { caller, callee } = setUp();
    const sent = caller.request();
    const invite = callee.takeRequest('INVITE');
    callee.respond(invite, 180);
    caller.cancel(sent);
    expect(viaOf(callee.takeRequest('CANCEL')).branch).toBe(viaOf(invite).branch);
    callee.respond(invite, 487);
    expect(viaOf(callee.takeRequest('ACK')).branch).toBe(viaOf(invite).branch);
  });

  it.each(['udp', 'tcp'] as const)('RFC 3261 §16.6 item 9: a Content-Length is added for %s', (transport) => {
    const { caller } = setUp();
    const callee = harness.peer('198.51.100.3', 5060, transport);
    harness.decide = () => forwardTo([`sip:198.51.100.3;transport=${transport}`], { failover: 'none' });
    const text = caller.requestText({ method: 'MESSAGE', body: 'hello' });
    caller.send(text.replace(/Content-Length: \d+\r\n/, ''));
    const request = callee.takeRequest('MESSAGE');
    expect([headerValues(request, 'content-length'), request.body.toString()]).toEqual([['5'], 'hello']);
    callee.respond(request, 200);
  });

  it('RFC 3261 §16.6 item 10: each forwarded request is repeated by a transaction of its own', () => {
    const { caller, callee } = setUp();
    caller.request();
    harness.wait(1600);
    expect(callee.waiting).toEqual(['INVITE', 'INVITE', 'INVITE']);
    callee.respond(callee.takeRequest('INVITE'), 486);
  });

  it('RFC 3261 §16.6 item 11: timer C is longer than three minutes', () => {
    expect(defaultProxyTimers.timerCMs).toBeGreaterThan(180_000);
  });

  it.each([100, 180])(
    'RFC 3261 §16.6 item 11: timer C runs for an INVITE, here after a %i, for nothing else',
    (status) => {
      const { caller, callee } = setUp();
      const target = { routeUri: 'sip:198.51.100.2', timeoutMs: 3_600_000 };
      harness.decide = () => forwardTo([target], { failover: 'none' });
      caller.request();
      const invite = callee.takeRequest('INVITE');
      callee.respond(invite, status);
      harness.wait(defaultProxyTimers.timerCMs - 1);
      expect(callee.waiting).toEqual([]);
      harness.wait(1);
      expect(callee.waiting).toEqual(['CANCEL']);
      callee.respond(callee.takeRequest('CANCEL'), 200);
      callee.respond(invite, 487);
      callee.takeRequest('ACK');
      caller.request({ method: 'MESSAGE', callId: 'call-2' });
      harness.wait(defaultProxyTimers.timerCMs + 1);
      expect(new Set(callee.waiting)).toEqual(new Set(['MESSAGE']));
    },
  );
});
