import { afterEach, describe, expect, it } from 'vitest';
import { defaultNetLimits } from '../../src/net/index.ts';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import type { Listener } from '../../src/sip/transaction/index.ts';
import { forkSetting, forkUris, together } from '../support/fork-setting.ts';
import { forwardTo, nothingOpen, ProxyHarness, testListeners, toTagOf } from '../support/proxy-harness.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(...parts: Partial<Parameters<typeof forkSetting>>): ReturnType<typeof forkSetting> {
  const [decision = forwardTo(['sip:198.51.100.2'], { failover: 'none' }), options] = parts;
  const setting = forkSetting(decision, options);
  harness = setting.harness;
  return setting;
}

describe('RFC 3261 §9: CANCEL', () => {
  it('RFC 3261 §9.1: a CANCEL of ours has the Route of its INVITE, no Require, and goes to the same place', () => {
    const { caller, one } = setUp();
    const sent = caller.request({
      routes: ['<sip:198.51.100.9;lr>'],
      headers: ['Require: 100rel', 'Proxy-Authorization: Digest realm="x"'],
    });
    const invite = one.takeRequest('INVITE');
    const place = harness.sent.find(({ bytes }) =>
      bytes.toString('latin1').startsWith('INVITE'),
    )?.destination;
    one.respond(invite, 180);
    caller.cancel(sent);
    const cancel = one.takeRequest('CANCEL');
    expect(headerValues(cancel, 'route')).toEqual(headerValues(invite, 'route'));
    expect([headerValues(cancel, 'require'), headerValues(cancel, 'proxy-require')]).toEqual([[], []]);
    expect(toTagOf(cancel)).toBeUndefined();
    expect(harness.sent.at(-1)?.destination).toEqual(place);
    one.respond(invite, 487);
  });

  it.each(['MESSAGE', 'SUBSCRIBE', 'BYE'])(
    'RFC 3261 §9.2: a CANCEL of a %s gets 200, and does nothing',
    (method) => {
      const { caller, one } = setUp();
      const text = caller.requestText({ method });
      caller.send(text);
      caller.send(text.replace(new RegExp(`^${method}`), 'CANCEL').replace(`1 ${method}`, '1 CANCEL'));
      caller.takeResponse(200);
      expect(one.waiting).toEqual([method]);
      one.respond(one.takeRequest(method), 202);
      caller.takeResponse(202);
    },
  );
});

describe('RFC 3261 §17: transport errors and reliable transports', () => {
  it('RFC 3261 §17.1.4: a request that cannot be sent ends its transaction at once, and is not sent again', () => {
    const { caller } = setUp();
    harness.broken.add('198.51.100.2:5060');
    caller.request({ method: 'MESSAGE' });
    caller.takeResponse(500);
    expect(harness.core.counts().clientTransactions).toBe(0);
    harness.wait(5_000);
    const tries = harness.sent.filter(({ bytes }) => bytes.toString('latin1').startsWith('MESSAGE'));
    expect(tries).toHaveLength(1);
  });

  it('RFC 3261 §17.2.4, RFC 6026 §8.8: a response that cannot be sent is told, and repetitions are still absorbed', () => {
    const { caller, one } = setUp();
    harness.broken.add('203.0.113.1:5080');
    const parts = { method: 'MESSAGE', branch: 'z9hG4bKbroken' };
    caller.request(parts);
    one.respond(one.takeRequest('MESSAGE'), 200);
    caller.request(parts);
    expect(one.waiting).toEqual([]);
    expect(harness.eventsOf('discarded').map(({ reason }) => reason)).toContain('response not sent');
  });

  it('RFC 3261 §18.1.1: connections stay open for longer than any transaction takes', () => {
    expect(defaultNetLimits.stream.idleMs).toBeGreaterThanOrEqual(64 * 500);
  });
});

describe('RFC 4320 §4: requests that are no INVITE, by TCP', () => {
  it('RFC 4320 §4.1: without any other answer there is a 100 in time by a reliable transport too', () => {
    setUp();
    const caller = harness.peer('203.0.113.1', 5080, 'tcp');
    caller.request({ method: 'MESSAGE' });
    harness.wait(4_500);
    expect(caller.waiting).toEqual(['100']);
  });

  it('RFC 4320 §4.2: of several 2xx of a fork one goes up', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request({ method: 'MESSAGE' });
    const [first, second] = [one.takeRequest('MESSAGE'), two.takeRequest('MESSAGE')];
    one.respond(first, 200);
    two.respond(second, 202);
    expect(caller.waiting).toEqual(['200']);
  });
});

describe('RFC 6026: what the update of INVITE transactions asks of a proxy', () => {
  it('RFC 6026 §7.1: an INVITE that is repeated after its 2xx is absorbed', () => {
    const { caller, one } = setUp();
    const parts = { branch: 'z9hG4bKabsorbed' };
    caller.request(parts);
    one.respond(one.takeRequest('INVITE'), 200);
    const before = harness.sent.length;
    caller.request(parts);
    expect(harness.sent).toHaveLength(before);
    expect(one.waiting).toEqual([]);
  });

  it('RFC 6026 §7.3: the proxy repeats no 2xx by itself', () => {
    const { caller, one } = setUp();
    caller.request();
    one.respond(one.takeRequest('INVITE'), 200);
    harness.wait(20_000);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 6026 §8.2: a stray 1xx, 2xx and refusal are dropped alike', () => {
    const { caller, one } = setUp();
    caller.request();
    const request = one.takeRequest('INVITE');
    const text = one.respond(request, 486).bytes.toString('latin1');
    const before = harness.sent.length;
    for (const line of ['180 Ringing', '200 OK', '404 Not Found']) {
      const stray = text.replace('486 Busy Here', line).replace(/z9hG4bK[\w-]+/, 'z9hG4bKstray-1');
      one.send(stray);
    }
    expect(harness.sent).toHaveLength(before);
  });

  it.each([
    ['RFC 6026 §8.4: a refusal after a 2xx changes nothing', 200, 486, ['100', '200']],
    ['RFC 6026 §8.4: a 2xx after a refusal is dropped', 486, 200, ['100', '486']],
  ] as const)('%s', (_name, first, second, expected) => {
    const { caller, one } = setUp();
    caller.request();
    const request = one.takeRequest('INVITE');
    one.respond(request, first);
    one.respond(request, second);
    expect([...new Set(caller.waiting)]).toEqual(expected);
  });

  it('RFC 6026 §8.5, §8.6, §8.7: a 2xx of another branch passes while the transaction is accepted', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 200, { toTag: 'one' });
    harness.wait(20_000);
    two.respond(second, 200, { toTag: 'two' });
    expect(caller.waiting).toEqual(['100', '200', '200']);
    expect(caller.inbox.slice(1).map(toTagOf)).toEqual(['one', 'two']);
  });
});

describe('RFC 5922 §7.5 and RFC 5923: TLS between proxies', () => {
  const tls: Listener = {
    transport: 'tls',
    local: { address: '192.0.2.1', port: 5061 },
    announced: { host: 'esrp.example.org', port: 5061 },
    ingress: 'test',
  };

  it('RFC 5922 §7.5: the Record-Route of a TLS side has the name that our certificate proves', () => {
    const { caller } = setUp(forwardTo(['sips:198.51.100.2']), { listeners: [...testListeners, tls] });
    const secure = harness.peer('198.51.100.2', 5061, 'tls');
    caller.request();
    const request = secure.takeRequest('INVITE');
    expect(headerValues(request, 'record-route')[0]).toBe('<sips:esrp.example.org:5061;lr>');
    secure.respond(request, 486);
  });

  it('RFC 5923 §8.2: a request with alias goes on as if it had none; the parameter stays where it was', () => {
    const { caller } = setUp(forwardTo(['sips:198.51.100.2']), { listeners: [...testListeners, tls] });
    const secure = harness.peer('198.51.100.2', 5061, 'tls');
    caller.request({ via: 'SIP/2.0/UDP 203.0.113.1:5080;branch=z9hG4bKalias;alias' });
    const request = secure.takeRequest('INVITE');
    expect(headerValues(request, 'via')[1]).toContain(';alias');
    expect(headerValue(request, 'via')).not.toContain('alias');
    secure.respond(request, 486);
  });
});

describe('RFC 3326 §2: Reason', () => {
  it('RFC 3326 §2: the Reason of a refusal and of a CANCEL goes on', () => {
    const { caller, one } = setUp(forwardTo([forkUris[0]]));
    const sent = caller.request();
    const invite = one.takeRequest('INVITE');
    one.respond(invite, 180);
    const reason = 'SIP;cause=600;text="Busy Everywhere"';
    caller.cancel(sent, [`Reason: ${reason}`]);
    expect(headerValues(one.takeRequest('CANCEL'), 'reason')).toEqual([reason]);
    one.respond(invite, 487, { headers: [['Reason', 'Q.850;cause=31']] });
    const got = caller.inbox.at(-1);
    expect(got && headerValues(got, 'reason')).toEqual(['Q.850;cause=31']);
  });
});
