import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues, type SipRequest } from '../../src/sip/message/index.ts';
import { forwardTo, nothingOpen, ProxyHarness, testListeners } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect({ ...harness.drain(), dialogs: 0 }).toEqual(nothingOpen);
});

const inDialog = { to: '<urn:service:sos>;tag=t' } as const;

function setUp(options: ConstructorParameters<typeof ProxyHarness>[0] = {}) {
  harness = new ProxyHarness(options);
  const caller = harness.peer('203.0.113.1', 5080);
  const psap = harness.peer('198.51.100.2');
  harness.decide = () => forwardTo([undefined]);
  return { caller, psap };
}

describe('RFC 3261 §16.4: our own Route', () => {
  const [first, ...others] = testListeners;
  const behindNat = {
    listeners: [
      {
        ...first,
        local: { address: '10.0.0.1', port: 5070 },
        announced: { host: 'esrp.example.org', port: 5060 },
      },
      ...others,
    ],
    aliases: ['sos.example.net', '192.0.2.200'],
  } as const;

  it.each([
    ['the announced name', '<sip:esrp.example.org:5060;lr>', true],
    ['the announced name in capitals', '<sip:ESRP.Example.ORG;lr>', true],
    ['the bound address and port', '<sip:10.0.0.1:5070;lr>', true],
    ['an alias', '<sip:sos.example.net:5060;lr>', true],
    ['an alias at the bound port', '<sip:sos.example.net:5070;lr>', true],
    ['an alias whose port its SRV records give', '<sip:sos.example.net;lr>', true],
    ['an alias that is an address', '<sip:192.0.2.200;lr>', true],
    ['the announced name at another port', '<sip:esrp.example.org:5099;lr>', false],
    ['the bound address at another port', '<sip:10.0.0.1:5060;lr>', false],
    ['an alias at another port', '<sip:sos.example.net:5099;lr>', false],
    ['an alias that is an address at another port', '<sip:192.0.2.200:5099;lr>', false],
  ])('is known by %s (FIELD case 33)', (_name, route, isOurs) => {
    harness = new ProxyHarness(behindNat);
    const asked: string[] = [];
    harness.resolve = (query) => {
      asked.push(query.host);
      return [];
    };
    harness.peer('203.0.113.1', 5080).request({
      method: 'BYE',
      requestUri: 'sip:x@198.51.100.2',
      routes: [route],
      ...inDialog,
    });
    expect(asked).toEqual([isOurs ? '198.51.100.2' : route.replace(/^<sip:([^:]+):.*$/, '$1')]);
  });

  it('is taken off however many times it stands on top, and nowhere else', () => {
    const { caller } = setUp();
    const next = harness.peer('198.51.100.9');
    caller.request({
      routes: [
        '<sip:192.0.2.1;lr>, <sip:192.0.2.1:5060;transport=tcp;lr>',
        '<sip:198.51.100.9;lr>',
        '<sip:192.0.2.1;lr>',
      ],
    });
    const request = next.takeRequest('INVITE');
    expect(headerValues(request, 'route')).toEqual(['<sip:198.51.100.9;lr>', '<sip:192.0.2.1;lr>']);
    next.respond(request, 486);
  });

  it('under a name that only its address gives away ends after one round: 482, for an ACK nothing', () => {
    const { caller } = setUp();
    harness.names.set('lb.example.org', ['192.0.2.1']);
    const parts = { requestUri: 'sip:x@198.51.100.2', routes: ['<sip:lb.example.org;lr>'], ...inDialog };
    caller.request({ ...parts, method: 'BYE' });
    caller.takeResponse(482);
    const before = harness.sent.length;
    caller.request({ ...parts, method: 'ACK' });
    expect(harness.sent.length - before).toBe(1);
    expect(harness.eventsOf('discarded').map((event) => event.reason)).toContain('looped ACK');
  });

  it.each([
    ['an initial INVITE', { method: 'INVITE' }],
    ['an ordinary one', { method: 'MESSAGE', requestUri: 'sip:bob@example.com' }],
  ])('then others, in %s: the others decide the way unless the decision names a target', (_name, parts) => {
    const { caller, psap } = setUp();
    const next = harness.peer('198.51.100.9');
    const routes = ['<sip:192.0.2.1;lr>', '<sip:198.51.100.9;lr>'];
    caller.request({ ...parts, routes });
    const request = next.takeRequest(parts.method);
    next.respond(request, 486);
    harness.decide = () => forwardTo(['sip:198.51.100.2']);
    caller.request({ ...parts, routes, callId: 'call-2' });
    const directed = psap.takeRequest(parts.method);
    expect(headerValues(directed, 'route')).toEqual(['<sip:198.51.100.2;lr>', '<sip:198.51.100.9;lr>']);
    psap.respond(directed, 486);
  });
});

describe('RFC 3261 §16.4: maddr in the Request-URI', () => {
  it.each([
    ['ours, by the default port', 'sip:u@example.com;maddr=192.0.2.1', 'sip:u@example.com'],
    [
      'ours, with the port and transport that it came by',
      'sip:u@example.com:5060;maddr=192.0.2.1;transport=udp',
      'sip:u@example.com:5060',
    ],
    [
      'ours, beside other parameters',
      'sip:u@example.com;user=phone;maddr=192.0.2.1',
      'sip:u@example.com;user=phone',
    ],
    ['ours, by another transport', 'sip:u@example.com;maddr=192.0.2.1;transport=tcp', undefined],
    ['ours, at another port', 'sip:u@example.com:5099;maddr=192.0.2.1', undefined],
    ["another element's", 'sip:u@example.com;maddr=198.51.100.2', undefined],
  ])('%s', (_name, requestUri, expected) => {
    const { caller } = setUp();
    const seen: string[] = [];
    harness.decide = (request) => {
      seen.push(request.requestUri);
      return { kind: 'reply', statusCode: 404, reasonPhrase: 'Not Found', headers: [] };
    };
    caller.request({ requestUri });
    expect(seen).toEqual([expected ?? requestUri]);
  });

  it('of ours goes out without it (RFC 3261 §16.6 item 2)', () => {
    const { caller, psap } = setUp();
    harness.decide = () => forwardTo(['sip:198.51.100.2']);
    caller.request({ requestUri: 'sip:u@example.com;maddr=192.0.2.1' });
    const request = psap.takeRequest('INVITE');
    expect(request.requestUri).toBe('sip:u@example.com');
    psap.respond(request, 486);
  });
});

describe('RFC 3261 §16.12: loose and strict routers', () => {
  it.each(['lr', 'lr=on', 'lr=true', 'LR', 'lr='])(
    'a next hop with %s is a loose router (FIELD case 30)',
    (flag) => {
      const { caller } = setUp();
      const next = harness.peer('198.51.100.9');
      for (const method of ['INVITE', 'BYE', 'ACK']) {
        const parts = method === 'INVITE' ? {} : inDialog;
        caller.request({
          method,
          requestUri: 'sip:x@198.51.100.2',
          routes: [`<sip:198.51.100.9;${flag}>`],
          ...parts,
        });
        const request = next.takeRequest(method);
        expect(request.requestUri).toBe('sip:x@198.51.100.2');
        expect(headerValues(request, 'route')).toEqual([`<sip:198.51.100.9;${flag}>`]);
        if (method === 'INVITE') {
          next.respond(request, 486);
          next.takeRequest('ACK');
        }
        if (method === 'BYE') next.respond(request, 200);
      }
    },
  );

  it.each(['BYE', 'ACK', 'INFO'])('%s to a strict router: its URI is the Request-URI', (method) => {
    const { caller } = setUp();
    const strict = harness.peer('198.51.100.9');
    caller.request({
      method,
      requestUri: 'sip:x@198.51.100.2',
      routes: ['<sip:192.0.2.1;lr>', '<sip:198.51.100.9>', '<sip:198.51.100.8;lr>'],
      ...inDialog,
    });
    const request = strict.takeRequest(method);
    expect(request.requestUri).toBe('sip:198.51.100.9');
    expect(headerValues(request, 'route')).toEqual(['<sip:198.51.100.8;lr>', '<sip:x@198.51.100.2>']);
    if (method !== 'ACK') strict.respond(request, 200);
  });

  it.each(['BYE', 'ACK', 'INFO'])('%s of a strict router: the last Route is the Request-URI', (method) => {
    const { caller, psap } = setUp();
    caller.request({
      method,
      requestUri: 'sip:192.0.2.1:5060;lr=on',
      routes: ['<sip:198.51.100.2;lr>', '<sip:x@198.51.100.7>'],
      ...inDialog,
    });
    const request = psap.takeRequest(method);
    expect(request.requestUri).toBe('sip:x@198.51.100.7');
    expect(headerValues(request, 'route')).toEqual(['<sip:198.51.100.2;lr>']);
    if (method !== 'ACK') psap.respond(request, 200);
  });
});

describe('RFC 3261 §17.1.1.3, §17.2.1: the ACK for a refusal', () => {
  it('with a preloaded Route is absorbed where the refusal was made (FIELD case 31)', () => {
    const { caller } = setUp();
    harness.decide = () => ({ kind: 'reply', statusCode: 403, reasonPhrase: 'Forbidden', headers: [] });
    const invite = caller.request({ routes: ['<sip:198.51.100.9;lr>'] });
    caller.takeResponse(100);
    const refusal = caller.takeResponse(403);
    const before = harness.sent.length;
    caller.ackRefusal(invite, refusal);
    harness.wait(10_000);
    expect(harness.sent).toHaveLength(before);
    expect(harness.eventsOf('discarded')).toEqual([]);
  });

  it('repeats the Route of its INVITE', () => {
    const { caller } = setUp();
    const next = harness.peer('198.51.100.9');
    caller.request({ routes: ['<sip:198.51.100.9;lr>', '<sip:198.51.100.8;lr>'] });
    const invite = next.takeRequest('INVITE');
    next.respond(invite, 404);
    expect(headerValues(next.takeRequest('ACK'), 'route')).toEqual(headerValues(invite, 'route'));
  });
});

describe('RFC 3261 §16.11: the ACK for a 2xx', () => {
  const ack = { method: 'ACK', routes: ['<sip:192.0.2.1;lr>'], ...inDialog };

  it('is passed on once for each that comes', () => {
    const { caller, psap } = setUp();
    caller.request({ ...ack, requestUri: 'sip:x@198.51.100.2' });
    caller.request({ ...ack, requestUri: 'sip:x@198.51.100.2' });
    expect(psap.waiting).toEqual(['ACK', 'ACK']);
  });

  it('goes to the second address where the first cannot be sent to, and to the third', () => {
    const { caller } = setUp();
    harness.names.set('psap.example.org', ['198.51.100.21', '198.51.100.22', '198.51.100.23']);
    harness.broken.add('198.51.100.21:5060');
    harness.broken.add('198.51.100.22:5060');
    const third = harness.peer('198.51.100.23');
    caller.request({ ...ack, requestUri: 'sip:x@psap.example.org' });
    expect(third.waiting).toEqual(['ACK']);
    expect(harness.eventsOf('discarded')).toEqual([]);
  });

  it('that no address takes is told once', () => {
    const { caller } = setUp();
    harness.names.set('psap.example.org', ['198.51.100.21', '198.51.100.22']);
    harness.broken.add('198.51.100.21:5060');
    harness.broken.add('198.51.100.22:5060');
    caller.request({ ...ack, requestUri: 'sip:x@psap.example.org' });
    expect(harness.eventsOf('discarded').map((event) => event.reason)).toEqual(['send failed']);
  });

  it('goes straight to a next hop that did not record itself', () => {
    const { caller, psap } = setUp();
    caller.request({ method: 'ACK', requestUri: 'sip:x@198.51.100.2', ...inDialog });
    expect(psap.waiting).toEqual(['ACK']);
  });
});

describe('RFC 3261 §12.2: requests of a dialog that do not say where to', () => {
  const memory = { dialogMemory: { dialogsMax: 3, ageMaxMs: 3_600_000 } };

  function answered(callId = 'call-1') {
    const { caller, psap } = setUpOnce();
    caller.request({ callId, headers: ['Record-Route: <sip:203.0.113.1:5080;lr>'] });
    const invite = psap.takeRequest('INVITE');
    psap.respond(invite, 180);
    const ok = psap.respond(invite, 200, { headers: [] });
    caller.takeResponse(100);
    caller.takeResponse(180);
    return { caller, psap, invite, ok, answer: caller.takeResponse(200) };
  }

  let current: ReturnType<typeof setUp> | undefined;

  function setUpOnce() {
    if (current === undefined) {
      current = setUp(memory);
      harness.decide = () => forwardTo(['sip:198.51.100.2']);
    }
    return current;
  }

  afterEach(() => {
    current = undefined;
  });

  it.each([
    ['the service URN', 'urn:service:sos'],
    ['our own address', 'sip:192.0.2.1'],
    ['a user at our own address', 'sip:sos@192.0.2.1:5060'],
  ])('to %s go to the other side, from both sides', (_name, requestUri) => {
    const { caller, psap, answer, invite, ok } = answered();
    const lost = { requestUri, routes: [] };
    for (const method of ['ACK', 'INFO', 'BYE']) {
      caller.inDialog(method, answer, lost);
      const request = psap.takeRequest(method);
      expect(request.requestUri).toBe('sip:peer@198.51.100.2:5060');
      expect(headerValue(request, 'route')).toBeUndefined();
      if (method === 'INFO') psap.respond(request, 200);
      if (method === 'BYE') psap.respond(request, 503);
    }
    caller.inbox.length = 0;
    psap.inDialogBack('BYE', invite, ok, lost);
    const bye = caller.takeRequest('BYE');
    expect(bye.requestUri).toBe('sip:peer@203.0.113.1:5080');
    expect(headerValues(bye, 'route')).toEqual(['<sip:203.0.113.1:5080;lr>']);
    caller.respond(bye, 200);
  });

  it('are not known where the names and routes of the dialog are thousands of characters long', () => {
    const { caller, psap } = setUpOnce();
    caller.request({
      callId: 'long',
      headers: [`Record-Route: <sip:${'x'.repeat(4_000)}@203.0.113.1:5080;lr>`],
    });
    const invite = psap.takeRequest('INVITE');
    psap.respond(invite, 200);
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    expect(harness.core.counts().dialogs).toBe(0);
    caller.inDialog('BYE', answer, { requestUri: 'urn:service:sos', routes: [] });
    caller.takeResponse(481);
    expect(psap.inbox).toEqual([]);
  });

  it('share a limit on what all of them take', () => {
    const { caller, psap } = setUpOnce();
    for (const callId of ['one', 'two', 'three']) {
      caller.request({ callId, headers: [`Record-Route: <sip:${'x'.repeat(1_600)}@203.0.113.1:5080;lr>`] });
      psap.respond(psap.takeRequest('INVITE'), 200);
      caller.inbox.length = 0;
    }
    // Of the three that may be kept by their number, one has room by the 3,000 characters that go with it.
    expect(harness.core.counts().dialogs).toBe(1);
  });

  it('to the called side take the routes that others recorded behind us', () => {
    const { caller, psap } = setUpOnce();
    const beyond = ['<sip:198.51.100.2:5060;lr>', '<sip:198.51.100.3;lr>'];
    const lines = [...beyond]
      .reverse()
      .map((value) => `Record-Route: ${value}\r\n`)
      .join('');
    const call = { callId: 'call-2' };
    caller.request(call);
    const second = psap.takeRequest('INVITE');
    const answer = psap.respond(second, 180).bytes.toString('latin1');
    caller.inbox.length = 0;
    psap.send(
      answer
        .replace('180 Ringing', '200 OK')
        .replace(/^Record-Route:/m, `${lines}Record-Route:`)
        .replace(/;tag=tag5060/, ';tag=other'),
    );
    const ok = caller.takeResponse(200);
    caller.inDialog('BYE', ok, { ...call, requestUri: 'urn:service:sos', routes: [] });
    const bye = psap.takeRequest('BYE');
    expect(headerValues(bye, 'route')).toEqual(beyond);
    psap.respond(bye, 200);
  });

  it('are known from a provisional response on', () => {
    const { caller, psap } = setUpOnce();
    caller.request();
    const invite = psap.takeRequest('INVITE');
    psap.respond(invite, 183);
    caller.takeResponse(100);
    const early = caller.takeResponse(183);
    caller.inDialog('PRACK', early, { requestUri: 'urn:service:sos', routes: [] });
    psap.respond(psap.takeRequest('PRACK'), 200);
    caller.takeResponse(200);
    expect(harness.core.counts().dialogs).toBe(1);
    psap.respond(invite, 486);
    expect(harness.core.counts().dialogs).toBe(0);
  });

  it('follow a target refresh of either side (RFC 3261 §12.2.1.2)', () => {
    const { caller, psap, answer, invite, ok } = answered();
    const moved = harness.peer('198.51.100.3');
    psap.inDialogBack('UPDATE', invite, ok, { headers: [] });
    const update = caller.takeRequest('UPDATE');
    caller.respond(update, 200);
    psap.takeResponse(200);
    const text = psap
      .requestText({
        method: 'INVITE',
        requestUri: 'sip:peer@203.0.113.1:5080',
        routes: headerValues(invite, 'record-route'),
        cseq: 7,
        to: headerValue(invite, 'from') ?? '',
      })
      .replace(/^From: .*$/m, `From: ${headerValue(ok, 'to')}`)
      .replace(/^Contact: .*$/m, `Contact: ${moved.contact}`);
    psap.send(text);
    caller.respond(caller.takeRequest('INVITE'), 200);
    caller.inDialog('BYE', answer, { requestUri: 'urn:service:sos', routes: [] });
    const bye = moved.takeRequest('BYE');
    expect(bye.requestUri).toBe('sip:peer@198.51.100.3:5060');
    moved.respond(bye, 200);
  });

  it('are not known after their BYE: 481, and nothing to an ACK', () => {
    const { caller, psap, answer } = answered();
    expect(harness.core.counts().dialogs).toBe(1);
    caller.inDialog('BYE', answer, { routes: ['<sip:192.0.2.1:5060;lr>'] });
    psap.respond(psap.takeRequest('BYE'), 200);
    caller.takeResponse(200);
    expect(harness.core.counts().dialogs).toBe(0);
    caller.inDialog('BYE', answer, { requestUri: 'urn:service:sos', routes: [] });
    caller.takeResponse(481);
    const before = harness.sent.length;
    caller.inDialog('ACK', answer, { requestUri: 'urn:service:sos', routes: [] });
    expect(harness.sent).toHaveLength(before);
  });

  it('an INVITE or MESSAGE of an unknown dialog is a call for help: asked about', () => {
    const { caller, psap } = setUpOnce();
    for (const method of ['INVITE', 'MESSAGE']) {
      caller.request({ method, ...inDialog });
      psap.respond(psap.takeRequest(method), 486);
      if (method === 'INVITE') psap.takeRequest('ACK');
    }
  });

  it('of what only rang are let go after five minutes, of what was answered not (RFC 3261 §12.3)', () => {
    const { caller, psap } = setUpOnce();
    caller.request({ callId: 'rang' });
    psap.respond(psap.takeRequest('INVITE'), 180);
    caller.inbox.length = 0;
    answered('answered');
    expect(harness.core.counts().dialogs).toBe(2);
    harness.wait(300_001);
    psap.inbox.length = 0;
    caller.inbox.length = 0;
    answered('later');
    expect(harness.core.counts().dialogs).toBe(2);
  });

  it('of the least lately used dialogs are let go at the limit, and by age', () => {
    const calls = ['a', 'b', 'c', 'd'].map((callId) => ({ callId, ...answered(callId) }));
    expect(harness.core.counts().dialogs).toBe(3);
    const [oldest, ...others] = calls;
    if (oldest === undefined) throw new Error('four calls');
    const byeOf = (call: typeof oldest) =>
      call.caller.inDialog('BYE', call.answer, {
        callId: call.callId,
        requestUri: 'urn:service:sos',
        routes: [],
      });
    byeOf(oldest);
    oldest.caller.takeResponse(481);
    for (const call of others.slice(1)) {
      byeOf(call);
      call.psap.respond(call.psap.takeRequest('BYE'), 200);
      call.caller.takeResponse(200);
    }
    harness.wait(3_600_001);
    const [last] = others;
    if (last !== undefined) byeOf(last);
    oldest.caller.takeResponse(481);
  });
});

describe('RFC 3261 §16.3: what is checked before', () => {
  it('Max-Forwards 0 gives 483, an OPTIONS for us is answered', () => {
    const { caller } = setUp();
    harness.decide = () => ({ kind: 'reply', statusCode: 200, reasonPhrase: 'OK', headers: [] });
    for (const [method, requestUri, status] of [
      ['INVITE', 'urn:service:sos', 483],
      ['OPTIONS', 'sip:bob@example.com', 483],
      ['OPTIONS', 'sip:192.0.2.1', 200],
    ] as const) {
      caller.request({ method, requestUri, maxForwards: 0, callId: `${method}${status}` });
      caller.takeResponse(status);
    }
  });

  it('an OPTIONS for us without hops left is answered or nothing: it is never forwarded', () => {
    const { caller } = setUp();
    harness.decide = () => forwardTo(['sip:198.51.100.2']);
    caller.request({ method: 'OPTIONS', requestUri: 'sip:ping@192.0.2.1', maxForwards: 0 });
    caller.takeResponse(483);
  });

  it('Proxy-Require gives 420 with what is not supported, but not where an emergency call goes on', () => {
    const headers = ['Proxy-Require: foo, bar'];
    const { caller, psap } = setUp({ recordRouteSecrets: [Buffer.from('secret')] });
    caller.request({ headers });
    expect(headerValues(caller.takeResponse(420), 'unsupported')).toEqual(['foo', 'bar']);
    harness.decide = () => forwardTo(['sip:198.51.100.2'], { isEmergency: true });
    caller.request({ callId: 'call-2' });
    const invite: SipRequest = psap.takeRequest('INVITE');
    psap.respond(invite, 200);
    caller.takeResponse(100);
    caller.inDialog('BYE', caller.takeResponse(200), { headers, callId: 'call-2' });
    psap.respond(psap.takeRequest('BYE'), 200);
    caller.takeResponse(200);
  });
});
