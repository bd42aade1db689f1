import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues } from '../../src/sip/message/index.ts';
import { defaultProxyLimits } from '../../src/sip/proxy/index.ts';
import { forkSetting, forkUris, together } from '../support/fork-setting.ts';
import { forwardTo, nothingOpen, ProxyHarness, toTagOf } from '../support/proxy-harness.ts';

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

describe('RFC 3261 §16.7: what a response passes through', () => {
  it('RFC 3261 §16.7 item 1: a response finds its request among many, by its branch', () => {
    const { caller, one } = setUp();
    for (const callId of ['a', 'b', 'c']) caller.request({ method: 'MESSAGE', callId });
    const requests = ['a', 'b', 'c'].map(() => one.takeRequest('MESSAGE'));
    for (const [index, status] of [200, 404, 486].entries()) {
      const request = requests[2 - index];
      if (request !== undefined) one.respond(request, status);
    }
    const got = [200, 404, 486].map((status) => headerValue(caller.takeResponse(status), 'call-id'));
    expect(got).toEqual(['c', 'b', 'a']);
  });

  it('RFC 3261 §16.7 item 3: of several Via values in one line only ours is taken off', () => {
    const { caller, one } = setUp();
    caller.request({ headers: ['Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKfirst'] });
    const request = one.takeRequest('INVITE');
    const vias = headerValues(request, 'via');
    const joined = one.respond(request, 180).bytes.toString('latin1');
    expect(joined).toContain('Via: ');
    one.send(
      joined
        .replace('180 Ringing', '183 Progress')
        .replace(/(?:Via: .*\r\n)+/, `Via: ${vias.join(', ')}\r\n`),
    );
    caller.takeResponse(100);
    for (const status of [180, 183]) {
      expect(headerValues(caller.takeResponse(status), 'via')).toEqual(vias.slice(1));
    }
    one.respond(request, 486);
  });

  it('RFC 3261 §16.7 item 4: a late refusal after the final response changes nothing', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 200);
    two.respond(second, 603);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3261 §16.7 item 5: a 2xx goes up at once, though other branches are open', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    two.takeRequest('INVITE');
    one.respond(one.takeRequest('INVITE'), 200);
    expect(caller.waiting).toEqual(['100', '200']);
  });

  it('RFC 3261 §16.7 item 5: a 6xx adds no branch, neither by a redirect nor by a further target', () => {
    const { caller, one, two, three } = setUp(
      forwardTo(
        [{ routeUri: forkUris[0] }, { routeUri: forkUris[1], withPrevious: true }, { routeUri: forkUris[2] }],
        { failover: 'serverErrors', redirects: { kind: 'recurse', keepsRequestUri: false } },
      ),
    );
    caller.request();
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 600);
    two.respond(second, 302, { headers: [['Contact', '<sip:198.51.100.4>']] });
    expect(three.waiting).toEqual([]);
    expect(caller.waiting).toEqual(['100', '600']);
  });

  it('RFC 3261 §16.7 item 6: a request that got no final response anywhere gets 408, after all have ended', () => {
    const { caller } = setUp(together(2));
    caller.request();
    harness.wait(31_999);
    expect(caller.waiting).toEqual(['100']);
    harness.wait(1);
    expect(caller.waiting).toEqual(['100', '408']);
  });

  it.each([401, 407, 415, 420, 484])(
    'RFC 3261 §16.7 item 6: a %i is preferred to what came before it',
    (status) => {
      const { caller, one, two, three } = setUp(together(3));
      caller.request();
      one.respond(one.takeRequest('INVITE'), 404);
      two.respond(two.takeRequest('INVITE'), status);
      three.respond(three.takeRequest('INVITE'), 486);
      expect(caller.waiting).toEqual(['100', String(status)]);
    },
  );

  it.each([180, 200, 486])('RFC 3261 §16.7 item 6: a To tag of the request stays in a %i', (status) => {
    const { caller, one } = setUp();
    caller.request({
      requestUri: 'sip:x@198.51.100.2',
      routes: ['<sip:192.0.2.1;lr>'],
      to: '<urn:service:sos>;tag=mine',
    });
    const request = one.takeRequest('INVITE');
    one.respond(request, status);
    caller.takeResponse(100);
    expect(toTagOf(caller.takeResponse(status))).toBe('mine');
    if (status < 200) one.respond(request, 486);
  });

  it('RFC 3261 §16.7 item 6: no tag is put into a 1xx or 2xx that has none', () => {
    const { caller, one } = setUp();
    caller.request();
    const request = one.takeRequest('INVITE');
    const tagged = one.respond(request, 180, { toTag: 'x' }).bytes.toString('latin1');
    one.send(tagged.replace(';tag=x', '').replace('180 Ringing', '183 Progress'));
    caller.takeResponse(100);
    expect(toTagOf(caller.takeResponse(180))).toBe('x');
    expect(toTagOf(caller.takeResponse(183))).toBeUndefined();
    one.respond(request, 486);
  });

  it('RFC 3261 §16.7 item 6: we make no provisional response of our own but 100', () => {
    const { caller, one } = setUp(together(1));
    caller.request();
    harness.wait(20_000);
    const made = harness.sent
      .map(({ bytes }) => /^SIP\/2\.0 (1\d\d)/.exec(bytes.toString('latin1'))?.[1])
      .filter((status) => status !== undefined);
    expect(made).toEqual(['100']);
    one.respond(one.takeRequest('INVITE'), 486);
    expect(caller.waiting).toContain('486');
  });

  it('RFC 3261 §16.7 item 8: Record-Route is left as it came back, ours and that of others', () => {
    const { caller, one } = setUp();
    caller.request({ headers: ['Record-Route: <sip:p1.example.org;lr>'] });
    const request = one.takeRequest('INVITE');
    const recorded = headerValues(request, 'record-route');
    one.respond(request, 200);
    caller.takeResponse(100);
    expect(headerValues(caller.takeResponse(200), 'record-route')).toEqual(recorded);
  });

  it('RFC 3261 §16.7 item 9: body, headers and the received that we added stay in what goes up', () => {
    const { caller, one } = setUp();
    caller.request({ via: 'SIP/2.0/UDP phone.example.org:5080;branch=z9hG4bKreceived' });
    const request = one.takeRequest('INVITE');
    const text = one.respond(request, 180).bytes.toString('latin1').replace('180 Ringing', '183 Progress');
    one.send(
      text.replace(
        /Content-Length: 0\r\n\r\n$/,
        'X-Any: \xff\r\nDate: x\r\nContent-Length: 4\r\n\r\n\x00\xff\r\n',
      ),
    );
    caller.takeResponse(100);
    caller.takeResponse(180);
    const got = caller.takeResponse(183);
    expect(got.body).toEqual(Buffer.from('\x00\xff\r\n', 'latin1'));
    expect([headerValue(got, 'x-any'), headerValue(got, 'date')]).toEqual(['\xff', 'x']);
    expect(headerValue(got, 'via')).toContain(';received=203.0.113.1');
    one.respond(request, 486);
  });

  it('RFC 3261 §16.7 item 10: a branch is cancelled once, by the final response or a 6xx, not by a refusal', () => {
    const { caller, one, two, three } = setUp(together(3, { failover: 'serverErrors' }));
    caller.request();
    const [first, second, third] = [one, two, three].map((peer) => {
      const request = peer.takeRequest('INVITE');
      peer.respond(request, 180);
      return request;
    });
    if (first === undefined || second === undefined || third === undefined) throw new Error('three branches');
    one.respond(first, 404);
    expect([two.waiting, three.waiting]).toEqual([[], []]);
    two.respond(second, 603);
    expect(three.waiting).toEqual(['CANCEL']);
    three.respond(third, 200);
    expect(three.waiting).toEqual(['CANCEL']);
    expect(caller.waiting.at(-1)).toBe('200');
  });
});

describe('RFC 3261 §16.8 and §16.10: timer C and CANCEL', () => {
  it('RFC 3261 §16.8: without any provisional response a branch ends as if it had got 408', () => {
    const { caller, one, two } = setUp(forwardTo([forkUris[0], forkUris[1]], { failover: 'serverErrors' }));
    caller.request();
    harness.wait(32_000);
    expect(new Set(one.waiting)).toEqual(new Set(['INVITE']));
    two.respond(two.takeRequest('INVITE'), 486);
    expect(caller.waiting).toEqual(['100', '486']);
  });

  // This proxy forwards nothing statelessly, so that no element beyond it can know the branch that a CANCEL would get
  // here; who sent it learns at once that there is nothing to cancel.
  it('RFC 3261 §16.10, deviation: a CANCEL without a context is answered with 481 and not forwarded', () => {
    const { caller, one } = setUp();
    const invite = caller.requestText({ requestUri: 'sip:x@198.51.100.2' });
    caller.send(invite.replace(/^INVITE/, 'CANCEL').replace('1 INVITE', '1 CANCEL'));
    caller.takeResponse(481);
    expect(one.waiting).toEqual([]);
  });

  it('RFC 3261 §16.10: a CANCEL makes no response context of its own', () => {
    const { caller, one } = setUp();
    const sent = caller.request();
    const invite = one.takeRequest('INVITE');
    one.respond(invite, 180);
    const before = harness.core.counts().contexts;
    caller.cancel(sent);
    expect(harness.core.counts().contexts).toBe(before);
    one.respond(one.takeRequest('CANCEL'), 200);
    one.respond(invite, 487);
    expect(caller.waiting).toEqual(['100', '180', '200', '487']);
  });
});

describe('RFC 3261 §16.11: what is forwarded without a transaction', () => {
  const ack = {
    method: 'ACK',
    requestUri: 'sip:x@198.51.100.2',
    routes: ['<sip:192.0.2.1;lr>'],
    to: '<urn:service:sos>;tag=t',
  } as const;

  it('RFC 3261 §16.11: a repeated ACK goes out the same, with the same branch', () => {
    const { caller, one } = setUp();
    for (let count = 0; count < 2; count += 1) caller.request({ ...ack, branch: 'z9hG4bKack' });
    const [first, second] = [one.takeRequest('ACK'), one.takeRequest('ACK')];
    expect(second.bytes).toEqual(first.bytes);
  });

  it('RFC 3261 §16.11: ACKs of two transactions have two branches, with or without the magic cookie', () => {
    const { caller, one } = setUp();
    for (const branch of ['z9hG4bKone', 'z9hG4bKtwo', 'old1', 'old2']) caller.request({ ...ack, branch });
    const branches = one.inbox.map(
      (message) => /branch=([^;]+)/.exec(headerValue(message, 'via') ?? '')?.[1],
    );
    expect(new Set(branches).size).toBe(4);
    for (const branch of branches) expect(branch).toMatch(/^z9hG4bK/);
  });

  it('RFC 3261 §16.11, §16.3: an ACK is validated too, and answered by nobody', () => {
    const { caller, one } = setUp();
    caller.request({ ...ack, maxForwards: 0 });
    caller.request({ ...ack, headers: ['Proxy-Require: foo'], callId: 'call-2' });
    expect([one.waiting, caller.waiting]).toEqual([['ACK'], []]);
    expect(harness.eventsOf('discarded')).toHaveLength(1);
  });
});

describe('RFC 3261 §22.3: credentials between others', () => {
  it('RFC 3261 §22.3: Proxy-Authorization and Authorization pass, whatever their realm', () => {
    const { caller, one } = setUp();
    const headers = [
      'Proxy-Authorization: Digest username="a", realm="one.example", nonce="1", uri="sip:x", response="2"',
      'Proxy-Authorization: Digest username="a", realm="two.example", nonce="3", uri="sip:x", response="4"',
      'Authorization: Digest username="a", realm="three.example", nonce="5", uri="sip:x", response="6"',
    ];
    const sent = caller.request({ headers });
    const got = one.takeRequest('INVITE');
    for (const key of ['proxy-authorization', 'authorization']) {
      expect(headerValues(got, key)).toEqual(headerValues(sent, key));
    }
    one.respond(got, 486);
  });

  it.each([
    [401, 'WWW-Authenticate'],
    [407, 'Proxy-Authenticate'],
  ] as const)('RFC 3261 §22.3: a %i goes up with its challenge', (status, name) => {
    const { caller, one } = setUp();
    caller.request();
    const challenge = 'Digest realm="one.example", nonce="1", qop="auth,auth-int", algorithm=SHA-256';
    one.respond(one.takeRequest('INVITE'), status, { headers: [[name, challenge]] });
    caller.takeResponse(100);
    expect(headerValues(caller.takeResponse(status), name.toLowerCase())).toEqual([challenge]);
  });

  it('RFC 3261 §22.3: several proxies below one fork challenge, and all of it goes up', () => {
    const { caller, one, two } = setUp(together(2));
    caller.request();
    const challenge = (realm: string) => ({
      headers: [['Proxy-Authenticate', `Digest realm="${realm}", nonce="1"`]] as const,
    });
    const [first, second] = [one.takeRequest('INVITE'), two.takeRequest('INVITE')];
    one.respond(first, 407, challenge('one.example'));
    two.respond(second, 407, challenge('two.example'));
    caller.takeResponse(100);
    const got = headerValues(caller.takeResponse(407), 'proxy-authenticate');
    expect(got.map((value) => /realm="([^"]+)"/.exec(value)?.[1])).toEqual(['one.example', 'two.example']);
  });
});

describe('RFC 3261 §8.2.6: responses of our own', () => {
  const refuse = {
    kind: 'reply',
    statusCode: 404,
    reasonPhrase: 'Not Found',
    headers: [],
  } as const;

  it('RFC 3261 §8.2.6.1: a 100 takes the Timestamp along, and has no To tag', () => {
    const { caller, one } = setUp();
    caller.request({ headers: ['Timestamp: 54.5'] });
    const trying = caller.takeResponse(100);
    expect([headerValue(trying, 'timestamp'), toTagOf(trying)]).toEqual(['54.5', undefined]);
    one.respond(one.takeRequest('INVITE'), 486);
  });

  it('RFC 3261 §8.2.6.2: From, Call-ID, CSeq and Via are those of the request, in order; To has a tag of ours', () => {
    const { caller } = setUp(refuse);
    const sent = caller.request({
      method: 'MESSAGE',
      headers: ['Via: SIP/2.0/UDP a.example, SIP/2.0/UDP b.example', 'Via: SIP/2.0/UDP c.example'],
    });
    const got = caller.takeResponse(404);
    for (const key of ['from', 'call-id', 'cseq']) expect(headerValue(got, key)).toBe(headerValue(sent, key));
    expect(headerValues(got, 'via').slice(1)).toEqual(headerValues(sent, 'via').slice(1));
    expect(headerValue(got, 'to')).toBe(`${headerValue(sent, 'to')};tag=${toTagOf(got)}`);
    expect(toTagOf(got)?.length).toBeGreaterThanOrEqual(8);
  });

  it('RFC 3261 §8.2.6.2: a To tag that the request has stays, and a repeated request gets the same tag', () => {
    const { caller } = setUp(refuse);
    const parts = { method: 'MESSAGE', branch: 'z9hG4bKrepeated' };
    for (const to of ['<urn:service:sos>;tag=mine', '<urn:service:sos>']) {
      const callId = `call ${to.length}`;
      caller.request({ ...parts, to, callId, branch: `${parts.branch}${to.length}` });
      caller.request({ ...parts, to, callId, branch: `${parts.branch}${to.length}` });
      const [first, second] = [caller.takeResponse(404), caller.takeResponse(404)];
      expect(toTagOf(second)).toBe(toTagOf(first));
      if (to.includes('tag')) expect(toTagOf(first)).toBe('mine');
    }
  });

  it('RFC 3261 §8.2.7: an answer without a transaction has the same tag for each copy', () => {
    const { caller } = setUp(refuse, {
      limits: { ...defaultProxyLimits, transactionsMax: 0, transactionsHardMax: 0 },
    });
    for (let count = 0; count < 2; count += 1) caller.request({ branch: 'z9hG4bKfull' });
    const [first, second] = [caller.takeResponse(503), caller.takeResponse(503)];
    expect(toTagOf(first)).toBeDefined();
    expect(second.bytes).toEqual(first.bytes);
    expect(headerValue(first, 'retry-after')).toBe('10');
  });
});
