import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues, type SipResponse } from '../../src/sip/message/index.ts';
import { EmergencyProxy } from '../support/emergency-proxy.ts';
import { nothingOpen, type RequestParts, toTagOf } from '../support/proxy-harness.ts';

// Where the proxy answers itself it is a user agent server (RFC 3261 §16.1): the rows of §8.2 and §11 that then count.

let proxy = new EmergencyProxy();

afterEach(() => {
  for (const peer of [proxy.psap, proxy.fallback, proxy.bob]) {
    for (const message of peer.inbox) {
      if (message.kind === 'request' && message.method !== 'ACK') peer.respond(message, 486);
    }
  }
  expect(proxy.harness.drain()).toEqual(nothingOpen);
});

async function answer(parts: RequestParts, ...options: ConstructorParameters<typeof EmergencyProxy>) {
  proxy = new EmergencyProxy(...options);
  await proxy.send(proxy.caller.requestText(parts));
  const last = proxy.caller.inbox.at(-1);
  if (last?.kind !== 'response') throw new Error('no answer');
  return last satisfies SipResponse;
}

const refusing = ['udp', { nonEmergency: 'refuse' }] as const;
const ours = 'sip:192.0.2.1';

describe('RFC 3261 §8.2: a user agent server', () => {
  it.each(['REGISTER', 'PUBLISH'])('RFC 3261 §8.2.1: %s gets 405 with Allow', async (method) => {
    for (const requestUri of [ours, 'sip:example.com']) {
      const got = await answer({ method, requestUri }, ...refusing);
      expect(got.statusCode).toBe(405);
      const allow = headerValues(got, 'allow');
      expect(allow).toContain('INVITE');
      expect(allow).not.toContain(method);
    }
  });

  it('RFC 3261 §8.2.2.1: a Request-URI of a scheme that is not understood gets 416', async () => {
    expect((await answer({ method: 'OPTIONS', requestUri: 'foo:bar' })).statusCode).toBe(416);
  });

  it('RFC 3261 §8.2.2.1: a To that is odd or names somebody else is no reason to refuse', async () => {
    for (const to of ['<tel:+1555>', '<foo:bar>', '"Nobody" <sip:nobody@nowhere.invalid>']) {
      expect((await answer({ method: 'OPTIONS', requestUri: ours, to })).statusCode).toBe(200);
    }
  });

  it('RFC 3261 §8.2.2.1: a Request-URI that we do not serve gets 404', async () => {
    expect((await answer({ method: 'MESSAGE', requestUri: 'sip:alice@192.0.2.1' })).statusCode).toBe(404);
  });

  it('RFC 3261 §8.2.2.3: an extension that is required of us and not known gets 420 that names it', async () => {
    const headers = ['Require: foo, resource-priority', 'Require: bar'];
    const got = await answer({ method: 'OPTIONS', requestUri: ours, headers });
    expect([got.statusCode, headerValues(got, 'unsupported')]).toEqual([420, ['foo', 'bar']]);
  });

  it('RFC 3261 §8.2.2.3: Require is not looked at in an ACK or a CANCEL', async () => {
    proxy = new EmergencyProxy();
    const invite = proxy.caller.request();
    await proxy.settle();
    proxy.caller.cancel(invite, ['Require: foo']);
    expect(proxy.caller.waiting).toContain('200');
    const before = proxy.harness.sent.length;
    proxy.caller.request({ method: 'ACK', requestUri: ours, headers: ['Require: foo'], callId: 'call-2' });
    expect(proxy.harness.sent).toHaveLength(before);
  });

  it('RFC 3261 §8.2.4, §8.2.6: no extension is used that the request does not name', async () => {
    const got = await answer({ method: 'OPTIONS', requestUri: ours });
    expect(headerValues(got, 'require')).toEqual([]);
  });
});

describe('RFC 3261 §10: registrations', () => {
  it('RFC 3261 §10.2: a REGISTER for another domain is proxied like any request where calls are', async () => {
    proxy = new EmergencyProxy();
    const text = proxy.caller.requestText({
      method: 'REGISTER',
      requestUri: 'sip:example.com',
      headers: ['Expires: 60', 'Path: <sip:first.example.org;lr>'],
    });
    await proxy.send(text);
    const got = proxy.bob.takeRequest('REGISTER');
    expect([got.requestUri, headerValue(got, 'expires'), headerValues(got, 'path')]).toEqual([
      'sip:example.com',
      '60',
      ['<sip:first.example.org;lr>'],
    ]);
    expect(headerValues(got, 'contact')).toEqual(['<sip:peer@192.0.2.7:5060>']);
    const bindings = [['Contact', '<sip:peer@192.0.2.7>;expires=60']] as const;
    proxy.bob.respond(got, 200, { headers: bindings });
    const answered = proxy.caller.takeResponse(200);
    expect(headerValues(answered, 'contact')).toContain('<sip:peer@192.0.2.7>;expires=60');
  });
});

describe('RFC 3261 §11: OPTIONS', () => {
  it.each(['sip:192.0.2.1', 'sip:192.0.2.1:5060', 'sip:ping@192.0.2.1', 'sip:192.0.2.1;transport=udp'])(
    'RFC 3261 §11.2: %s is answered by us, with the status that an INVITE would have',
    async (requestUri) => {
      const got = await answer(
        { method: 'OPTIONS', requestUri, headers: ['Accept: application/sdp'] },
        ...refusing,
      );
      expect(got.statusCode).toBe(200);
      expect(toTagOf(got)).toBeDefined();
    },
  );

  it('RFC 3261 §11.2: has Accept, Accept-Encoding, Accept-Language and Supported, a proxy no Allow', async () => {
    const got = await answer({ method: 'OPTIONS', requestUri: ours });
    const names = ['accept', 'accept-encoding', 'accept-language', 'supported', 'allow'];
    expect(names.map((name) => headerValues(got, name).length > 0)).toEqual([true, true, true, true, false]);
  });

  it('RFC 3261 §11: for somebody else it is proxied, with no hops left refused', async () => {
    proxy = new EmergencyProxy();
    const parts = { method: 'OPTIONS', requestUri: 'sip:bob@example.com' };
    await proxy.send(proxy.caller.requestText(parts));
    await proxy.send(proxy.caller.requestText({ ...parts, maxForwards: 0, callId: 'call-2' }));
    expect(proxy.delivered).toBe('bob OPTIONS, caller 483');
  });

  it('RFC 3261 §11: for a service URN it goes where the call would go', async () => {
    proxy = new EmergencyProxy();
    await proxy.send(proxy.caller.requestText({ method: 'OPTIONS' }));
    expect(proxy.delivered).toBe('fallback OPTIONS');
  });
});
