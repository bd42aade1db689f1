import { afterEach, describe, expect, it } from 'vitest';
import {
  buildResponse,
  headerValue,
  headerValues,
  maxForwards,
  topVia,
} from '../../../src/sip/message/index.ts';
import { forwardTo, nothingOpen, ProxyHarness, testListeners } from '../../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(uri = 'sip:198.51.100.2') {
  harness = new ProxyHarness();
  harness.decide = () => forwardTo([uri]);
  return { caller: harness.peer('203.0.113.1', 5080), psap: harness.peer('198.51.100.2') };
}

describe('Record-Route', () => {
  it.each([
    [
      'UDP to TCP',
      ['203.0.113.1', 'udp'],
      ['198.51.100.2', 'tcp'],
      ['<sip:192.0.2.1:5060;transport=tcp;lr>', '<sip:192.0.2.1:5060;transport=udp;lr>'],
    ],
    [
      'TCP to UDP',
      ['203.0.113.1', 'tcp'],
      ['198.51.100.2', 'udp'],
      ['<sip:192.0.2.1:5060;transport=udp;lr>', '<sip:192.0.2.1:5060;transport=tcp;lr>'],
    ],
    [
      'IPv4 to IPv6',
      ['203.0.113.1', 'udp'],
      ['2001:db8::2', 'udp'],
      ['<sip:[2001:db8::1]:5060;transport=udp;lr>', '<sip:192.0.2.1:5060;transport=udp;lr>'],
    ],
    [
      'IPv6 TCP to IPv4 UDP',
      ['2001:db8::7', 'tcp'],
      ['198.51.100.2', 'udp'],
      ['<sip:192.0.2.1:5060;transport=udp;lr>', '<sip:[2001:db8::1]:5060;transport=tcp;lr>'],
    ],
    [
      'TCP to TCP',
      ['203.0.113.1', 'tcp'],
      ['198.51.100.2', 'tcp'],
      ['<sip:192.0.2.1:5060;transport=tcp;lr>'],
    ],
  ] as const)('%s: a whole call stays on its sides', (_name, callerSide, psapSide, expected) => {
    harness = new ProxyHarness();
    const caller = harness.peer(callerSide[0], 5080, callerSide[1]);
    const psap = harness.peer(psapSide[0], 5070, psapSide[1]);
    const transport = psapSide[1] === 'udp' ? '' : `;transport=${psapSide[1]}`;
    harness.decide = () => forwardTo([`sip:${psap.place}${transport}`]);
    caller.request();
    const invite = psap.takeRequest('INVITE');
    expect(headerValues(invite, 'record-route')).toEqual(expected);
    const ok = psap.respond(invite, 200);
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    caller.inDialog('ACK', answer);
    expect(headerValue(psap.takeRequest('ACK'), 'route')).toBeUndefined();
    caller.inDialog('INFO', answer);
    psap.respond(psap.takeRequest('INFO'), 200);
    caller.takeResponse(200);
    psap.inDialogBack('BYE', invite, ok);
    caller.respond(caller.takeRequest('BYE'), 200);
    psap.takeResponse(200);
    // Both of our own Route values come off at once: nothing is sent to ourselves.
    const ownAddresses = testListeners.map((each) => each.local.address);
    expect(harness.sent.filter((sent) => ownAddresses.includes(sent.destination.remote.address))).toEqual([]);
  });

  it('is left out where the decision says so', () => {
    const { caller, psap } = setUp();
    harness.decide = () => forwardTo(['sip:198.51.100.2'], { recordRoute: false });
    caller.request({ method: 'OPTIONS' });
    const request = psap.takeRequest('OPTIONS');
    expect(headerValue(request, 'record-route')).toBeUndefined();
    psap.respond(request, 200);
  });

  it('writes TLS as sips, never as transport=tls (RFC 5658 §6.2)', () => {
    harness = new ProxyHarness({
      listeners: [
        ...testListeners,
        {
          transport: 'tls',
          local: { address: '192.0.2.1', port: 5061 },
          announced: { host: 'esrp.example.org', port: 5061 },
          ingress: 'test',
        },
      ],
    });
    harness.decide = () => forwardTo(['sips:198.51.100.2']);
    const psap = harness.peer('198.51.100.2', 5061, 'tls');
    harness.peer('203.0.113.1', 5080).request();
    const invite = psap.takeRequest('INVITE');
    expect(headerValues(invite, 'record-route')).toEqual([
      '<sips:esrp.example.org:5061;lr>',
      '<sip:192.0.2.1:5060;transport=udp;lr>',
    ]);
    const via = topVia(invite);
    expect(via.ok && `${via.value.transport} ${via.value.host}:${via.value.port}`).toBe(
      'TLS esrp.example.org:5061',
    );
  });
});

describe('Route', () => {
  it('of ours is removed, others stay in order', () => {
    const { caller } = setUp();
    harness.decide = () => forwardTo([undefined]);
    const next = harness.peer('198.51.100.9');
    caller.request({ routes: ['<sip:192.0.2.1;lr>, <sip:198.51.100.9;lr>', '<sip:198.51.100.8;lr>'] });
    const request = next.takeRequest('INVITE');
    expect(headerValues(request, 'route')).toEqual(['<sip:198.51.100.9;lr>', '<sip:198.51.100.8;lr>']);
    next.respond(request, 486);
  });

  it('at another port of our address is not ours', () => {
    const { caller } = setUp();
    harness.decide = () => forwardTo([undefined]);
    const other = harness.peer('192.0.2.1', 5099);
    caller.request({ routes: ['<sip:192.0.2.1:5099;lr>'] });
    const request = other.takeRequest('INVITE');
    expect(headerValues(request, 'route')).toEqual(['<sip:192.0.2.1:5099;lr>']);
    other.respond(request, 486);
  });

  it('of the target goes before those that are there', () => {
    const { caller, psap } = setUp('sip:psap@198.51.100.2;x=y');
    caller.request({ routes: ['<sip:198.51.100.8;lr>'] });
    const request = psap.takeRequest('INVITE');
    expect(headerValues(request, 'route')).toEqual([
      '<sip:psap@198.51.100.2;x=y;lr>',
      '<sip:198.51.100.8;lr>',
    ]);
    psap.respond(request, 486);
  });

  it('to a strict router swaps the Request-URI (RFC 3261 §16.6 item 6), in the ACK too', () => {
    const { caller } = setUp();
    harness.decide = () => forwardTo([undefined]);
    const strict = harness.peer('198.51.100.9');
    caller.request({ routes: ['<sip:192.0.2.1;lr>', '<sip:198.51.100.9>', '<sip:198.51.100.8;lr>'] });
    const request = strict.takeRequest('INVITE');
    expect(request.requestUri).toBe('sip:198.51.100.9');
    const expected = ['<sip:198.51.100.8;lr>', '<urn:service:sos>'];
    expect(headerValues(request, 'route')).toEqual(expected);
    strict.respond(request, 404);
    const ack = strict.takeRequest('ACK');
    expect(ack.requestUri).toBe('sip:198.51.100.9');
    expect(headerValues(ack, 'route')).toEqual(expected);
  });

  it('of a strict router upstream is repaired (RFC 3261 §16.4), before the question', () => {
    const { caller, psap } = setUp();
    const asked: string[] = [];
    harness.decide = (request) => {
      asked.push(request.requestUri);
      return forwardTo(['sip:198.51.100.2']);
    };
    caller.request({
      requestUri: 'sip:192.0.2.1:5060;lr',
      routes: ['<sip:198.51.100.8;lr>', '<urn:service:sos.fire>'],
    });
    expect(asked).toEqual(['urn:service:sos.fire']);
    const request = psap.takeRequest('INVITE');
    expect(request.requestUri).toBe('urn:service:sos.fire');
    expect(headerValues(request, 'route')).toEqual(['<sip:198.51.100.2;lr>', '<sip:198.51.100.8;lr>']);
    psap.respond(request, 486);
  });

  it('of a strict router upstream is repaired within a dialog', () => {
    const { caller, psap } = setUp();
    caller.request({
      method: 'BYE',
      requestUri: 'sip:192.0.2.1:5060;lr',
      to: '<urn:service:sos>;tag=t',
      routes: ['<sip:psap@198.51.100.2>'],
    });
    const bye = psap.takeRequest('BYE');
    expect(bye.requestUri).toBe('sip:psap@198.51.100.2');
    expect(headerValue(bye, 'route')).toBeUndefined();
    psap.respond(bye, 200);
    caller.takeResponse(200);
  });

  it.each(['lr', 'lr=on', 'lr=true', 'LR'])('of ours with %s carries an ACK (Kamailio #267)', (flag) => {
    const { caller, psap } = setUp();
    caller.request({
      method: 'ACK',
      requestUri: 'sip:psap@198.51.100.2',
      to: '<urn:service:sos>;tag=t',
      routes: [`<sip:192.0.2.1:5060;${flag}>`],
    });
    expect(headerValue(psap.takeRequest('ACK'), 'route')).toBeUndefined();
  });
});

describe('requests within a dialog', () => {
  it('without any Route go by their Request-URI', () => {
    const { caller, psap } = setUp();
    caller.request({ method: 'BYE', requestUri: 'sip:x@198.51.100.2', to: '<urn:service:sos>;tag=t' });
    psap.respond(psap.takeRequest('BYE'), 200);
    caller.takeResponse(200);
    expect(harness.eventsOf('inDialog')).toHaveLength(1);
  });

  it('to ourselves are asked about', () => {
    const { caller } = setUp();
    harness.decide = () => ({ kind: 'reply', statusCode: 481, reasonPhrase: 'No Such Call', headers: [] });
    caller.request({ method: 'BYE', requestUri: 'sip:192.0.2.1', to: '<urn:service:sos>;tag=t' });
    const response = caller.takeResponse(481);
    expect(response.reasonPhrase).toBe('No Such Call');
    expect(headerValue(response, 'to')).toBe('<urn:service:sos>;tag=t');
  });

  it('to a name wait for its address, the ACK too', () => {
    const { caller, psap } = setUp();
    harness.names.set('psap.example.org', ['198.51.100.2']);
    for (const method of ['ACK', 'BYE']) {
      caller.request({
        method,
        requestUri: 'sip:x@psap.example.org',
        to: '<urn:service:sos>;tag=t',
        routes: ['<sip:192.0.2.1;lr>'],
      });
      const request = psap.takeRequest(method);
      if (method === 'BYE') psap.respond(request, 200);
    }
  });

  it('an ACK whose next hop is never resolved leaves nothing behind', () => {
    const { caller } = setUp();
    caller.request({
      method: 'ACK',
      requestUri: 'sip:x@slow.example.org',
      to: '<urn:service:sos>;tag=t',
      routes: ['<sip:192.0.2.1;lr>'],
    });
    harness.wait(2000);
    expect(harness.core.counts()).toEqual(nothingOpen);
    expect(harness.eventsOf('discarded').map((event) => event.reason)).toEqual(['unroutable ACK']);
  });

  it.each([
    ['without a To tag', { to: '<urn:service:sos>' }],
    ['to ourselves', { to: '<urn:service:sos>;tag=t', requestUri: 'sip:192.0.2.1', routes: [] }],
    ['to a URN', { to: '<urn:service:sos>;tag=t', requestUri: 'urn:service:sos' }],
    ['without hops left', { to: '<urn:service:sos>;tag=t', maxForwards: 0 }],
  ])('a stray ACK %s is dropped', (_name, parts) => {
    const { caller } = setUp();
    caller.request({
      method: 'ACK',
      requestUri: 'sip:198.51.100.2',
      routes: ['<sip:192.0.2.1;lr>'],
      ...parts,
    });
    expect(harness.sent).toEqual([]);
    expect(harness.eventsOf('discarded')).toHaveLength(1);
  });
});

describe('Max-Forwards', () => {
  it('is added as 70 where it is absent', () => {
    const { caller, psap } = setUp();
    caller.request({ maxForwards: null });
    const request = psap.takeRequest('INVITE');
    expect(maxForwards(request)).toBe(70);
    psap.respond(request, 486);
  });

  it('of 1 goes on as 0', () => {
    const { caller, psap } = setUp();
    caller.request({ maxForwards: 1 });
    const request = psap.takeRequest('INVITE');
    expect(maxForwards(request)).toBe(0);
    psap.respond(request, 486);
  });

  it('of 0 ends the way with 483, but not for an OPTIONS that is for us', () => {
    const { caller } = setUp();
    harness.decide = () => ({ kind: 'reply', statusCode: 200, reasonPhrase: 'OK', headers: [] });
    caller.request({ maxForwards: 0 });
    caller.takeResponse(483);
    caller.request({ method: 'OPTIONS', requestUri: 'sip:198.51.100.2', maxForwards: 0 });
    caller.takeResponse(483);
    caller.request({ method: 'OPTIONS', requestUri: 'sip:192.0.2.1', maxForwards: 0 });
    caller.takeResponse(200);
  });
});

describe('loops', () => {
  it('a target that leads back to us unchanged gets 482 and the next target is tried', () => {
    const { caller, psap } = setUp();
    harness.decide = () => forwardTo(['sip:192.0.2.1', 'sip:198.51.100.2']);
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(harness.eventsOf('attemptEnded').map((event) => event.statusCode)).toEqual([482, 200]);
  });

  it('a spiral, the same call with another Request-URI, goes through twice', () => {
    const { caller, psap } = setUp();
    harness.decide = (request) =>
      request.requestUri === 'sip:sos@example.org'
        ? forwardTo(['sip:192.0.2.1'], { requestUri: 'urn:service:sos' })
        : forwardTo(['sip:198.51.100.2']);
    caller.request({ requestUri: 'sip:sos@example.org' });
    const request = psap.takeRequest('INVITE');
    expect(headerValues(request, 'via')).toHaveLength(3);
    expect(maxForwards(request)).toBe(68);
    const ok = psap.respond(request, 200);
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    caller.inDialog('BYE', answer);
    psap.respond(psap.takeRequest('BYE'), 200);
    caller.takeResponse(200);
    expect(ok.statusCode).toBe(200);
  });

  it('the same call from two sides is forwarded twice (RFC 3261 §16.3)', () => {
    const { caller, psap } = setUp();
    const other = harness.peer('203.0.113.9', 5080);
    for (const side of [caller, other]) {
      side.request();
      psap.respond(psap.takeRequest('INVITE'), 200);
    }
    expect(caller.waiting).toEqual(other.waiting);
  });
});

describe('responses', () => {
  it.each([
    ['with rport to the source', 'SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;rport', 5080],
    ['without rport to the port of sent-by', 'SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKb', 5062],
    ['without any port to 5060', 'SIP/2.0/UDP pc.example.net;branch=z9hG4bKc', 5060],
  ])('go %s, from the socket that the request came to', (_name, via, port) => {
    const { caller, psap } = setUp();
    caller.request({ via });
    psap.respond(psap.takeRequest('INVITE'), 486);
    const toCaller = harness.sent.filter((sent) => sent.destination.remote.address === '203.0.113.1');
    expect(toCaller.map((sent) => sent.destination.remote.port)).toEqual([port, port]);
    expect(toCaller[0]?.destination.local).toEqual({ address: '192.0.2.1', port: 5060 });
  });

  it('on a stream go back on the connection', () => {
    const { psap } = setUp();
    const caller = harness.peer('203.0.113.1', 40_001, 'tcp');
    caller.request({ via: 'SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKa' });
    psap.respond(psap.takeRequest('INVITE'), 486);
    const [first] = harness.sent;
    expect(first?.destination).toEqual({
      transport: 'tcp',
      remote: { address: '203.0.113.1', port: 5060 },
      connectionId: 'connection-203.0.113.1:40001',
      local: undefined,
    });
  });

  it.each([
    ['with a Via that is not ours', /192\.0\.2\.1:5060/, '192.0.2.2:5060', 'foreign via'],
    ['of a branch that we never made', /branch=z9hG4bK/, 'branch=z9hG4bKx', 'no transaction'],
    ['to another method', /CSeq: 1 INVITE/, 'CSeq: 1 OPTIONS', 'no transaction'],
  ])('%s are dropped', (_name, pattern, replacement, reason) => {
    const { caller, psap } = setUp();
    caller.request();
    const request = psap.takeRequest('INVITE');
    const good = psap.respond(request, 180).bytes.toString('latin1');
    psap.send(good.replace(pattern, replacement));
    expect(caller.waiting).toEqual(['100', '180']);
    expect(harness.eventsOf('discarded').map((event) => event.reason)).toEqual([reason]);
  });

  it('without another Via than ours go nowhere; a final one counts as a broken path', () => {
    const { caller, psap } = setUp();
    harness.decide = () => forwardTo(['sip:198.51.100.2', 'sip:198.51.100.3']);
    const alternate = harness.peer('198.51.100.3');
    caller.request();
    const request = psap.takeRequest('INVITE');
    for (const status of [180, 486]) {
      const { bytes } = buildResponse(request, { statusCode: status, toTag: 't' });
      const text = bytes.toString('latin1');
      const [, second] = [...text.matchAll(/^Via: .*\r\n/gm)];
      psap.send(text.replace(second?.[0] ?? '', ''));
    }
    alternate.respond(alternate.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
    expect(harness.eventsOf('discarded').map((event) => event.reason)).toEqual([
      'no further via',
      'no further via',
    ]);
  });
});

describe('header edits', () => {
  it('add before, append after, and add only where absent; a Request-URI is replaced', () => {
    const { caller, psap } = setUp();
    harness.decide = () =>
      forwardTo(['sip:198.51.100.2'], {
        requestUri: 'urn:service:sos',
        edits: [
          { kind: 'add', name: 'Geolocation', value: '<cid:ours>' },
          { kind: 'append', name: 'Call-Info', value: '<urn:emergency:uid:callid:1>' },
          { kind: 'addIfAbsent', name: 'Resource-Priority', value: 'esnet.1' },
          { kind: 'addIfAbsent', name: 'Priority', value: 'emergency' },
        ],
      });
    caller.request({
      requestUri: 'sip:911@example.org',
      headers: ['Geolocation: <cid:theirs>', 'Call-Info: <http://a>', 'Resource-Priority: esnet.3'],
    });
    const request = psap.takeRequest('INVITE');
    expect(request.requestUri).toBe('urn:service:sos');
    expect(headerValues(request, 'geolocation')).toEqual(['<cid:ours>', '<cid:theirs>']);
    expect(headerValues(request, 'call-info')).toEqual(['<http://a>', '<urn:emergency:uid:callid:1>']);
    expect(headerValues(request, 'resource-priority')).toEqual(['esnet.3']);
    expect(headerValues(request, 'priority')).toEqual(['emergency']);
    psap.respond(request, 486);
  });
});
