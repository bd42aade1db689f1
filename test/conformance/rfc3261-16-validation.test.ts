import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import { EmergencyProxy, gotRequest } from '../support/emergency-proxy.ts';
import { forwardTo, nothingOpen, ProxyHarness, toTagOf } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(place?: string, options: ConstructorParameters<typeof ProxyHarness>[0] = {}) {
  harness = new ProxyHarness(options);
  harness.decide = () => forwardTo([place], { failover: 'none' });
  return { caller: harness.peer('203.0.113.1', 5080), callee: harness.peer('198.51.100.2') };
}

/** The whole server's decisions, without its sockets. */
function server(...parts: ConstructorParameters<typeof EmergencyProxy>): EmergencyProxy {
  const proxy = new EmergencyProxy(...parts);
  harness = proxy.harness;
  return proxy;
}

const bob = 'sip:bob@198.51.100.2';

describe('RFC 3261 §16.2: a stateful proxy', () => {
  it('RFC 3261 §16.2: an INVITE gets its 100 at once, before anybody decides', () => {
    const { caller } = setUp();
    harness.decide = undefined;
    caller.request();
    expect(caller.waiting).toEqual(['100']);
    harness.answer({ kind: 'reply', statusCode: 404, reasonPhrase: 'Not Found', headers: [] });
  });

  it('RFC 3261 §16.2: other requests get no 100 at once', () => {
    const { caller } = setUp();
    harness.decide = undefined;
    for (const method of ['OPTIONS', 'MESSAGE', 'NEWTHING']) {
      caller.request({ method });
      expect(caller.waiting, method).toEqual([]);
      harness.answer({ kind: 'reply', statusCode: 404, reasonPhrase: 'Not Found', headers: [] });
      caller.takeResponse(404);
    }
  });

  it.each([
    ['INVITE', ['INVITE'], ['100', '200']],
    ['MESSAGE', ['MESSAGE'], ['200']],
  ])('RFC 3261 §16.2: a retransmitted %s is not forwarded again', (method, forwarded, answers) => {
    const { caller, callee } = setUp('sip:198.51.100.2');
    const parts = { method, branch: 'z9hG4bKagain' };
    caller.request(parts);
    caller.request(parts);
    expect(callee.waiting).toEqual(forwarded);
    callee.respond(callee.takeRequest(method), 200);
    expect([...new Set(caller.waiting)]).toEqual(answers);
  });
});

describe('RFC 3261 §16.3: request validation', () => {
  it('RFC 3261 §16.3: merged requests are no error, each copy is forwarded', () => {
    const { caller, callee } = setUp('sip:198.51.100.2');
    for (const branch of ['z9hG4bKmerged1', 'z9hG4bKmerged2']) {
      caller.request({ method: 'MESSAGE', branch });
      callee.respond(callee.takeRequest('MESSAGE'), 200);
      caller.takeResponse(200);
    }
  });

  it.each([
    ['Date', 'Date: yesterday, or so'],
    ['Contact', 'Contact: <<<'],
    ['Expires', 'Expires: never'],
    ['Allow', 'Allow: ,,;'],
    ['Content-Language', 'Content-Language: '],
    ['an unknown one', 'X-Odd: \x01\xff;;,,"'],
    ['one that is no header name of anybody', '(odd): x'],
  ])('RFC 3261 §16.3 item 1: a malformed %s is ignored and forwarded as it came', (_name, line) => {
    const { caller, callee } = setUp('sip:198.51.100.2');
    caller.request({ requestUri: bob, headers: [line] });
    const request = callee.takeRequest('INVITE');
    expect(request.head).toContain(`\r\n${line}\r\n`);
    callee.respond(request, 486);
  });

  it.each(['From', 'To', 'Call-ID', 'CSeq'])(
    'RFC 3261 §16.3 item 1: without %s a request that is no call for help gets 400',
    async (name) => {
      const proxy = server();
      const text = proxy.caller
        .requestText({ method: 'MESSAGE', requestUri: 'sip:bob@example.com' })
        .replace(new RegExp(`^${name}: .*\\r\\n`, 'm'), '');
      await proxy.send(text);
      expect(proxy.delivered).toBe('caller 400');
    },
  );

  // The call must get through: whoever calls for help with a broken phone gets no second try.
  it('RFC 3261 §16.3 item 1, deviation: a call for help goes on with a Max-Forwards that is no number', async () => {
    const proxy = server();
    const broken = (parts: object) =>
      proxy.send(proxy.caller.requestText(parts).replace('Max-Forwards: 70', 'Max-Forwards: many'));
    await broken({});
    expect(headerValue(gotRequest(proxy.fallback), 'max-forwards')).toBe('70');
    expect(proxy.warnings).not.toEqual([]);
    proxy.fallback.respond(gotRequest(proxy.fallback), 486);
    await broken({ method: 'MESSAGE', requestUri: 'sip:bob@example.com', callId: 'call-2' });
    expect(proxy.delivered).toContain('caller 400');
  });

  it('RFC 3261 §16.3 item 1: without any Via there is nothing to answer by', () => {
    const { caller } = setUp();
    caller.send(caller.requestText({ method: 'MESSAGE' }).replace(/^Via: .*\r\n/m, ''));
    expect(harness.sent).toEqual([]);
  });

  it.each(['NEWTHING', 'X!', 'invite'])(
    'RFC 3261 §16.3 item 1: a method that is not known, %s, is no reason to refuse',
    (method) => {
      const { caller, callee } = setUp('sip:198.51.100.2');
      caller.request({ method, headers: ['Newheader: 1;2,3'] });
      const request = callee.takeRequest(method);
      expect(headerValue(request, 'newheader')).toBe('1;2,3');
      callee.respond(request, 501);
      caller.takeResponse(501);
    },
  );

  it.each(['http://example.org/', 'foo:bar', 'mailto:a@example.org', 'urn:uuid:1'])(
    'RFC 3261 §16.3 item 2: %s gets 416',
    async (requestUri) => {
      const proxy = server();
      await proxy.send(proxy.caller.requestText({ method: 'MESSAGE', requestUri }));
      expect(proxy.delivered).toBe('caller 416');
    },
  );

  it.each([
    ['foo:bar', 'caller 416'],
    ['tel:+15551230000', 'bob MESSAGE'],
  ])('RFC 3261 §16.3 item 2: %s with a Route: %s', async (requestUri, delivered) => {
    const proxy = server();
    const routes = ['<sip:192.0.2.1;lr>', '<sip:192.168.10.20;lr>'];
    await proxy.send(proxy.caller.requestText({ method: 'MESSAGE', requestUri, routes }));
    expect(proxy.delivered).toBe(delivered);
    if (proxy.bob.inbox.length > 0) proxy.bob.respond(proxy.bob.takeRequest('MESSAGE'), 200);
  });

  it('RFC 3261 §16.3 item 3: without Max-Forwards the check is passed', () => {
    const { caller, callee } = setUp('sip:198.51.100.2');
    caller.request({ method: 'MESSAGE', maxForwards: null });
    callee.respond(callee.takeRequest('MESSAGE'), 200);
  });

  it('RFC 3261 §16.3 item 3: with Max-Forwards 1 it is passed, with 0 it is not, a call for help or not', async () => {
    for (const requestUri of ['urn:service:sos', 'sip:bob@example.com']) {
      const proxy = server();
      await proxy.send(proxy.caller.requestText({ method: 'MESSAGE', requestUri, maxForwards: 0 }));
      expect(proxy.delivered).toBe('caller 483');
      const text = proxy.caller.requestText({ method: 'MESSAGE', requestUri, maxForwards: 1 });
      await proxy.send(text.replace('call-1', 'call-2'));
      expect(proxy.delivered).toContain('MESSAGE');
      for (const peer of [proxy.bob, proxy.psap, proxy.fallback]) {
        if (peer.inbox.length > 0) peer.respond(peer.takeRequest('MESSAGE'), 200);
      }
      expect(harness.drain()).toEqual(nothingOpen);
    }
  });

  it('RFC 3261 §16.3 item 4, RFC 5393 §4.2.2: what went through us unchanged gets 482', () => {
    const { caller } = setUp('sip:192.0.2.1:5060');
    harness.decide = () => forwardTo([undefined], { failover: 'none' });
    harness.names.set('us.example.org', ['192.0.2.1']);
    caller.request({ method: 'MESSAGE', requestUri: 'sip:a@us.example.org' });
    caller.takeResponse(482);
    // Once out, once in again: no second round.
    expect(harness.sent.filter(({ bytes }) => bytes.toString('latin1').startsWith('MESSAGE'))).toHaveLength(
      1,
    );
  });

  it('RFC 3261 §16.3 item 4, RFC 5393 §4.2.2: with another Request-URI it is a spiral, and goes on', () => {
    const { caller, callee } = setUp();
    let rounds = 0;
    harness.decide = () => {
      rounds += 1;
      return rounds === 1
        ? forwardTo(['sip:192.0.2.1'], { requestUri: 'sip:second@example.org', failover: 'none' })
        : forwardTo(['sip:198.51.100.2'], { failover: 'none' });
    };
    caller.request({ method: 'MESSAGE', requestUri: 'sip:first@example.org' });
    const request = callee.takeRequest('MESSAGE');
    expect(headerValues(request, 'via')).toHaveLength(3);
    callee.respond(request, 200);
    caller.takeResponse(200);
  });

  it('RFC 3261 §16.3 item 5: 420 names the options that are not understood, all of them', () => {
    const { caller } = setUp();
    caller.request({ headers: ['Proxy-Require: foo', 'Proxy-Require: bar,baz'] });
    expect(headerValues(caller.takeResponse(420), 'unsupported')).toEqual(['foo', 'bar', 'baz']);
  });

  it('RFC 3261 §16.3 item 5: the Require of the endpoints is none of ours', () => {
    const { caller, callee } = setUp('sip:198.51.100.2');
    caller.request({ headers: ['Require: foo'] });
    const request = callee.takeRequest('INVITE');
    expect(headerValues(request, 'require')).toEqual(['foo']);
    callee.respond(request, 420);
  });

  // No option is worth a call for help, and none that exists asks for what would harm one if it is not done.
  it('RFC 3261 §16.3 item 5, deviation: a call for help is not refused for its Proxy-Require', () => {
    const { caller, callee } = setUp('sip:198.51.100.2', { mayIgnoreProxyRequire: () => true });
    caller.request({ headers: ['Proxy-Require: foo'] });
    const request = callee.takeRequest('INVITE');
    expect(headerValues(request, 'proxy-require')).toEqual(['foo']);
    callee.respond(request, 486);
  });

  it('RFC 3261 §16.3 item 6: no credentials are asked for', async () => {
    const proxy = server();
    await proxy.send(proxy.caller.requestText());
    await proxy.send(
      proxy.caller.requestText({ method: 'MESSAGE', requestUri: 'sip:bob@example.com', callId: '2' }),
    );
    expect(proxy.delivered).not.toMatch(/40[17]/);
    proxy.fallback.respond(proxy.fallback.takeRequest('INVITE'), 486);
    proxy.bob.respond(proxy.bob.takeRequest('MESSAGE'), 200);
  });
});

describe('RFC 3261 §16.4: route information preprocessing', () => {
  it('RFC 3261 §16.4: a Request-URI that we put into Record-Route is replaced by the last Route', () => {
    const { caller, callee } = setUp();
    caller.request({
      method: 'BYE',
      requestUri: 'sip:192.0.2.1;lr',
      routes: ['<sip:198.51.100.2;lr>', '<sip:x@198.51.100.77>'],
      to: '<urn:service:sos>;tag=t',
    });
    const request = callee.takeRequest('BYE');
    expect([request.requestUri, headerValues(request, 'route')]).toEqual([
      'sip:x@198.51.100.77',
      ['<sip:198.51.100.2;lr>'],
    ]);
    callee.respond(request, 200);
  });

  it('RFC 3261 §16.4: a first Route that names us is taken off, one that names another stays', () => {
    const { caller, callee } = setUp();
    caller.request({ method: 'MESSAGE', requestUri: bob, routes: ['<sip:192.0.2.1;lr>'] });
    const first = callee.takeRequest('MESSAGE');
    expect(headerValues(first, 'route')).toEqual([]);
    callee.respond(first, 200);
    caller.request({ method: 'MESSAGE', requestUri: 'sip:x@example.org', routes: ['<sip:198.51.100.2;lr>'] });
    const second = callee.takeRequest('MESSAGE');
    expect(headerValues(second, 'route')).toEqual(['<sip:198.51.100.2;lr>']);
    callee.respond(second, 200);
  });
});

describe('RFC 3261 §16.5: determining request targets', () => {
  it('RFC 3261 §16.5: a maddr that is not ours makes the Request-URI the only target', async () => {
    const proxy = server();
    const requestUri = 'sip:bob@example.com;maddr=192.168.10.20';
    await proxy.send(proxy.caller.requestText({ method: 'MESSAGE', requestUri }));
    expect(gotRequest(proxy.bob).requestUri).toBe(requestUri);
    proxy.bob.respond(gotRequest(proxy.bob), 200);
  });

  it('RFC 3261 §16.5: a Request-URI of a domain that is not ours is the only target', async () => {
    const proxy = server();
    await proxy.send(proxy.caller.requestText({ method: 'MESSAGE', requestUri: 'sip:bob@example.com' }));
    expect(gotRequest(proxy.bob).requestUri).toBe('sip:bob@example.com');
    proxy.bob.respond(gotRequest(proxy.bob), 200);
  });

  // RFC 6881 §9.3 SP-33 has a proxy recognise what a phone dialled; the phone put its own domain behind it.
  it('RFC 3261 §16.5, deviation: a dialled emergency number is ours in whatever domain it stands', async () => {
    const proxy = server();
    await proxy.send(proxy.caller.requestText({ requestUri: 'sip:911@carrier.example.net;user=phone' }));
    expect(gotRequest(proxy.fallback).requestUri).toBe('urn:service:sos');
    proxy.fallback.respond(gotRequest(proxy.fallback), 486);
  });

  it.each([
    ['a user here', 'MESSAGE', 'sip:bob@192.0.2.1', '404'],
    ['us', 'MESSAGE', 'sip:192.0.2.1', '404'],
  ])('RFC 3261 §16.5: %s does not exist', async (_name, method, requestUri, status) => {
    const proxy = server();
    await proxy.send(proxy.caller.requestText({ method, requestUri }));
    expect(proxy.delivered).toBe(`caller ${status}`);
    expect(toTagOf(proxy.caller.takeResponse(Number(status)))).toBeDefined();
  });
});
