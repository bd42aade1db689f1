import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues, topVia } from '../../src/sip/message/index.ts';
import { defaultProxyLimits } from '../../src/sip/proxy/index.ts';
import type { Destination, Transport } from '../../src/sip/transaction/index.ts';
import {
  forwardTo,
  describe as inWords,
  nothingOpen,
  type Peer,
  ProxyHarness,
  toTagOf,
} from '../support/proxy-harness.ts';

// What other stacks stumbled over in the field, in transactions and in the ways of a proxy.

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

function setUp(transport: Transport = 'udp') {
  harness = new ProxyHarness();
  harness.decide = () => forwardTo(['sip:198.51.100.2:5070']);
  return {
    caller: harness.peer('203.0.113.1', 5080, transport),
    psap: harness.peer('198.51.100.2', 5070),
    other: harness.peer('198.51.100.3', 5070),
  };
}

function place(transport: Transport, address: string, port: number): Destination {
  return { transport, remote: { address, port }, connectionId: undefined, local: undefined };
}

/** What a peer got, in order, without the 100s; its inbox is emptied. */
function taken(peer: Peer): readonly string[] {
  return peer.inbox
    .splice(0)
    .map(inWords)
    .filter((word) => word !== '100');
}

describe('large requests', () => {
  const large = 'x'.repeat(30_000);

  it('case 21: 30 kB by UDP are taken whole; TCP is tried first with a Via of its own, and UDP where TCP is not there', () => {
    const { caller, psap } = setUp();
    const sizes: number[] = [];
    harness.resolve = (query) => {
      sizes.push(query.sizeBytes ?? 0);
      return [place('tcp', '198.51.100.9', 5070), place('udp', '198.51.100.2', 5070)];
    };
    harness.broken.add('198.51.100.9:5070');
    caller.request({ body: large });
    expect(sizes[0]).toBeGreaterThan(30_000);
    const transports = harness.sent
      .filter((each) => each.bytes.length > large.length)
      .map((each) => [
        each.destination.transport,
        /^Via: SIP\/2\.0\/(\w+)/m.exec(each.bytes.toString('latin1'))?.[1],
      ]);
    expect(transports).toEqual([
      ['tcp', 'TCP'],
      ['udp', 'UDP'],
    ]);
    expect(psap.takeRequest('INVITE').body.toString()).toBe(large);
    expect(taken(caller)).toEqual([]);
  });

  it('case 21: what follows in the dialog, being small, is asked about anew and may go by UDP', () => {
    const { caller, psap } = setUp();
    const tcpPsap = harness.peer('198.51.100.2', 5070, 'tcp');
    harness.resolve = (query) =>
      query.host === '198.51.100.2'
        ? [place((query.sizeBytes ?? 0) > 1_300 ? 'tcp' : 'udp', '198.51.100.2', 5070)]
        : undefined;
    caller.request({ body: large });
    tcpPsap.respond(tcpPsap.takeRequest('INVITE'), 200, { headers: [] });
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    caller.inDialog('BYE', answer, { requestUri: 'sip:peer@198.51.100.2:5070' });
    expect([taken(psap), taken(tcpPsap)]).toEqual([['BYE'], []]);
  });

  it('case 22: the answer on the connection that took the place of UDP belongs to the request (RFC 3261 §18.1.1)', () => {
    const { caller } = setUp();
    const tcpPsap = harness.peer('198.51.100.2', 5070, 'tcp');
    harness.resolve = () => [place('tcp', '198.51.100.2', 5070), place('udp', '198.51.100.2', 5070)];
    caller.request({ body: large });
    tcpPsap.respond(tcpPsap.takeRequest('INVITE'), 180);
    expect(taken(caller)).toEqual(['180']);
    harness.wait(40_000);
    expect(taken(tcpPsap)).toEqual([]);
  });
});

describe('CANCEL', () => {
  it('case 23: before any provisional response it waits, and the INVITE is repeated (RFC 3261 §9.1)', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    caller.cancel(invite);
    harness.wait(600);
    expect(taken(psap)).toEqual(['INVITE']);
    psap.respond(forwarded, 180);
    expect(taken(psap)).toEqual(['CANCEL']);
  });

  it('case 24: crossing a 200, the 200 goes to the caller, and no CANCEL follows it (RFC 3261 §16.7 item 5)', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    caller.cancel(invite);
    psap.respond(forwarded, 200);
    expect([taken(caller), taken(psap)]).toEqual([['200', '200'], []]);
    expect(harness.eventsOf('final')).toMatchObject([{ statusCode: 200 }]);
  });

  it('case 25: repeated, it gets the same 200, no 481 and no second 487 (RFC 3261 §9.2)', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    psap.respond(forwarded, 180);
    for (let count = 0; count < 3; count += 1) caller.cancel(invite);
    psap.respond(psap.takeRequest('CANCEL'), 200);
    psap.respond(forwarded, 487);
    caller.cancel(invite);
    const answers = caller.inbox.filter(
      (message) => message.kind === 'response' && message.statusCode === 200,
    );
    expect(new Set(answers.map(toTagOf)).size).toBe(1);
    expect(taken(caller)).toEqual(['180', '200', '200', '200', '487', '200']);
    expect(taken(psap)).toEqual(['ACK']);
  });
});

describe('Timer C and late answers', () => {
  it('case 26: each 183 starts Timer C again; its end cancels once, cancelled before or not (RFC 3261 §16.7 item 2, §16.8)', () => {
    const { caller, psap } = setUp();
    harness.decide = () => forwardTo([{ routeUri: 'sip:198.51.100.2:5070', timeoutMs: 3_600_000 }]);
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    for (let count = 0; count < 4; count += 1) {
      psap.respond(forwarded, 183);
      harness.wait(150_000);
    }
    expect(taken(psap)).toEqual([]);
    caller.cancel(invite);
    psap.respond(psap.takeRequest('CANCEL'), 200);
    harness.wait(400_000);
    expect(taken(psap)).toEqual([]);
    expect(taken(caller).filter((word) => word === '487')).not.toEqual([]);
  });

  it('case 27: a 2xx that comes after the end is passed on all the same (RFC 6026 §7.3)', () => {
    const { caller, psap } = setUp();
    const invite = caller.request();
    const forwarded = psap.takeRequest('INVITE');
    psap.respond(forwarded, 180);
    caller.cancel(invite);
    psap.respond(psap.takeRequest('CANCEL'), 200);
    taken(caller);
    psap.respond(forwarded, 200);
    expect(taken(caller)).toEqual(['200']);
  });

  it('case 28: every 2xx of a fork reaches the caller (RFC 3261 §16.7 item 5)', () => {
    const { caller, psap, other } = setUp();
    harness.decide = () =>
      forwardTo(['sip:198.51.100.2:5070', { routeUri: 'sip:198.51.100.3:5070', withPrevious: true }]);
    caller.request();
    const first = psap.takeRequest('INVITE');
    const second = other.takeRequest('INVITE');
    psap.respond(first, 200, { toTag: 'one' });
    other.respond(second, 200, { toTag: 'two' });
    const answers = caller.inbox.filter(
      (message) => message.kind === 'response' && message.statusCode === 200,
    );
    expect(answers.map(toTagOf)).toEqual(['one', 'two']);
  });
});

describe('ACK', () => {
  it('case 29: of a 2xx, one for each that comes, by its route set (RFC 3261 §16.11)', () => {
    const { caller, psap } = setUp();
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), 200);
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    caller.inDialog('ACK', answer);
    caller.inDialog('ACK', answer);
    expect(taken(psap)).toEqual(['ACK', 'ACK']);
  });

  it('case 29: of a 2xx whose next hop recorded no route goes to the Contact', () => {
    const { caller, psap, other } = setUp();
    caller.request();
    const invite = psap.takeRequest('INVITE');
    psap.respond(invite, 200, { headers: [] });
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    caller.inDialog('ACK', answer, { requestUri: `sip:phone@${other.place}` });
    expect([taken(psap), taken(other)]).toEqual([[], ['ACK']]);
  });

  it('case 31: of a refusal, with the routes that were loaded before, ends here (RFC 3261 §17.1.1.3)', () => {
    const { caller, psap } = setUp();
    const routes = ['<sip:192.0.2.1;lr>'];
    const invite = caller.request({ routes });
    psap.respond(psap.takeRequest('INVITE'), 486);
    expect(taken(psap)).toEqual(['ACK']);
    caller.takeResponse(100);
    caller.ackRefusal(invite, caller.takeResponse(486));
    harness.wait(60_000);
    expect([taken(caller), taken(psap)]).toEqual([[], []]);
  });
});

describe('routes', () => {
  it.each([';lr', ';lr=on', ';lr=true', ';LR', ';lr='])(
    'case 30: a Route with %s is loose (RFC 3261 §16.6 item 6)',
    (flag) => {
      const { caller, other } = setUp();
      const uri = `<sip:${other.place}${flag}>`;
      caller.request({
        method: 'BYE',
        requestUri: 'sip:callee@192.0.2.77',
        to: '<sip:a@b>;tag=2',
        routes: ['<sip:192.0.2.1;lr>', uri],
      });
      const request = other.takeRequest('BYE');
      expect([request.requestUri, headerValues(request, 'route')]).toEqual(['sip:callee@192.0.2.77', [uri]]);
      other.respond(request, 200);
    },
  );

  it('case 30: one without is strict: it becomes the Request-URI, which goes to the end of the routes (§16.6 item 6)', () => {
    const { caller, other } = setUp();
    const uri = `sip:${other.place}`;
    caller.request({
      method: 'BYE',
      requestUri: 'sip:callee@192.0.2.77',
      to: '<sip:a@b>;tag=2',
      routes: ['<sip:192.0.2.1;lr>', `<${uri}>`],
    });
    const request = other.takeRequest('BYE');
    expect([request.requestUri, headerValues(request, 'route')]).toEqual([uri, ['<sip:callee@192.0.2.77>']]);
    other.respond(request, 200);
  });

  it("case 32: where the sides differ in transport, both are recorded, the next hop's side first (RFC 5658 §5)", () => {
    const { caller, psap } = setUp('tcp');
    caller.request();
    const invite = psap.takeRequest('INVITE');
    const recorded = headerValues(invite, 'record-route');
    expect(recorded).toHaveLength(2);
    expect(recorded[0]).not.toContain('transport=tcp');
    expect(recorded[1]).toContain('transport=tcp');
    const answer = psap.respond(invite, 200);
    psap.inDialogBack('BYE', invite, answer);
    expect(taken(caller)).toEqual(['200', 'BYE']);
  });

  it.each([
    ['by its address', '<sip:192.0.2.1;lr>'],
    ['by its address and port', '<sip:192.0.2.1:5060;lr>'],
    ['by a name of ours', '<sip:ESRP.example.net;lr>'],
    ['by its IPv6 address', '<sip:[2001:db8::1];lr>'],
    ['with a user', '<sip:token@192.0.2.1;lr>'],
  ])('case 33: our own Route %s is taken off', (_name, own) => {
    harness = new ProxyHarness({ aliases: ['esrp.example.net'] });
    harness.decide = () => forwardTo(['sip:198.51.100.2:5070']);
    const caller = harness.peer('203.0.113.1', 5080);
    const psap = harness.peer('198.51.100.2', 5070);
    caller.request({ routes: [own] });
    expect(headerValues(psap.takeRequest('INVITE'), 'route')).toEqual(['<sip:198.51.100.2:5070;lr>']);
  });

  it("case 33: a Route of our address at another port is somebody else's", () => {
    const { caller } = setUp();
    harness.decide = () => forwardTo([undefined]);
    const neighbour = harness.peer('192.0.2.1', 5090);
    caller.request({ requestUri: 'sip:a@b.example', routes: ['<sip:192.0.2.1:5090;lr>'] });
    expect(headerValues(neighbour.takeRequest('INVITE'), 'route')).toEqual(['<sip:192.0.2.1:5090;lr>']);
  });

  it('case 33, 54: a Route to ourselves that we do not know ends as a loop, even where a peer resets Max-Forwards', () => {
    const { caller } = setUp();
    harness.decide = () => forwardTo(['sip:203.0.113.99']);
    const mirror = harness.peer('203.0.113.99');
    caller.request();
    for (let turns = 0; turns < 5; turns += 1) {
      const next = mirror.inbox.find((message) => message.kind === 'request' && message.method === 'INVITE');
      if (next === undefined) break;
      mirror.inbox.length = 0;
      const via = 'Via: SIP/2.0/UDP 203.0.113.99;branch=z9hG4bKmirror';
      const text = next.head
        .replace(/^Via:/m, `${via}${turns}\r\nVia:`)
        .replace(/Max-Forwards: \d+/, 'Max-Forwards: 70');
      mirror.send(text.replace(/^Route:.*\r\n/gm, ''));
    }
    expect(taken(mirror)).toContain('482');
  });

  it('case 34: the same call on another way is a spiral and goes on; unchanged it is a loop: 482 (RFC 5393 §4.2)', () => {
    const { caller, other } = setUp();
    let targets = ['sip:198.51.100.3:5070'];
    harness.decide = () => forwardTo(targets);
    caller.request({ requestUri: 'sip:first@example.com' });
    const first = other.takeRequest('INVITE');
    targets = ['sip:198.51.100.2:5070'];
    const turned = (uri: string, turn: number): string =>
      first.head
        .replace(/^Route:.*\r\n/gm, '')
        .replace(/ sip:first@example.com /, ` ${uri} `)
        .replace(/^Via:/m, `Via: SIP/2.0/UDP 198.51.100.3:5070;branch=z9hG4bKturn${turn}\r\nVia:`);
    other.send(turned('sip:second@example.com', 1));
    expect(taken(other)).toEqual([]);
    other.send(turned('sip:first@example.com', 2));
    expect(taken(other)).toEqual(['482']);
  });

  it('case 34: the same call by two ways is no business of a proxy: both are forwarded (RFC 3261 §8.2.2.2 is for a UAS)', () => {
    const { caller, psap } = setUp();
    caller.request({ branch: 'z9hG4bKone' });
    caller.request({ branch: 'z9hG4bKtwo' });
    expect(taken(psap)).toEqual(['INVITE', 'INVITE']);
  });
});

describe('answers', () => {
  it('case 36: a 503 sends the call on to the next target, and reaches nobody upstream (RFC 3261 §16.7 item 6)', () => {
    const { caller, psap, other } = setUp();
    harness.decide = () => forwardTo(['sip:198.51.100.2:5070', 'sip:198.51.100.3:5070']);
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), 503, { headers: [['Retry-After', '30']] });
    const second = other.takeRequest('INVITE');
    other.respond(second, 503, { headers: [['Retry-After', '30']] });
    expect(taken(caller)).toEqual(['500']);
  });

  it('case 37: reliable 18x of two To tags and equal RSeq pass apart; a PRACK goes to the Contact of its own (RFC 3262 §4)', () => {
    const { caller, psap, other } = setUp();
    harness.decide = () =>
      forwardTo(['sip:198.51.100.2:5070', { routeUri: 'sip:198.51.100.3:5070', withPrevious: true }]);
    caller.request({ headers: ['Require: 100rel'] });
    const reliable = [
      ['Require', '100rel'],
      ['RSeq', '1'],
    ] as const;
    psap.respond(psap.takeRequest('INVITE'), 183, { toTag: 'one', headers: reliable });
    other.respond(other.takeRequest('INVITE'), 183, { toTag: 'two', headers: reliable });
    caller.takeResponse(100);
    const [one, two] = [caller.takeResponse(183), caller.takeResponse(183)];
    expect([toTagOf(one), toTagOf(two), headerValue(two, 'rseq')]).toEqual(['one', 'two', '1']);
    for (const [response, peer] of [
      [two, other],
      [one, psap],
    ] as const) {
      caller.inDialog('PRACK', response, { headers: ['RAck: 1 1 INVITE'] });
      const prack = peer.takeRequest('PRACK');
      expect(headerValue(prack, 'rack')).toBe('1 1 INVITE');
      peer.respond(prack, 200);
    }
  });

  it('case 38: an UPDATE before the answer, a re-INVITE refused with 491 or 500, a BYE that crosses it: all pass as they are', () => {
    const { caller, psap } = setUp();
    caller.request();
    const invite = psap.takeRequest('INVITE');
    psap.respond(invite, 183);
    caller.takeResponse(100);
    const early = caller.takeResponse(183);
    caller.inDialog('UPDATE', early);
    psap.respond(psap.takeRequest('UPDATE'), 500, { headers: [['Retry-After', '3']] });
    expect(headerValue(caller.takeResponse(500), 'retry-after')).toBe('3');
    const answer = psap.respond(invite, 200);
    caller.takeResponse(200);
    caller.inDialog('INVITE', answer, { cseq: 3 });
    const again = psap.takeRequest('INVITE');
    psap.inDialogBack('BYE', invite, answer);
    expect(taken(caller)).toEqual(['BYE']);
    psap.respond(again, 491);
    expect([taken(caller), taken(psap)]).toEqual([['491'], ['ACK']]);
  });

  it('case 39: what is no INVITE gets no 100 before its caller has slowed down, and never a 408 (RFC 4320 §4.1, §4.2)', () => {
    const { caller, psap } = setUp();
    caller.request({ method: 'MESSAGE' });
    harness.wait(3_000);
    expect(caller.inbox).toEqual([]);
    harness.wait(120_000);
    expect(caller.waiting.filter((word) => word !== '100')).toEqual([]);
    expect(taken(psap).every((word) => word === 'MESSAGE')).toBe(true);
  });

  it('case 53: a NOTIFY before the 200 of its SUBSCRIBE finds its way by the recorded routes (RFC 6665 §4.1.2.4)', () => {
    const { caller, psap } = setUp();
    caller.request({ method: 'SUBSCRIBE', headers: ['Event: presence'] });
    const subscribe = psap.takeRequest('SUBSCRIBE');
    expect(headerValues(subscribe, 'record-route')).toHaveLength(1);
    const routes = headerValues(subscribe, 'record-route');
    psap.request({
      method: 'NOTIFY',
      requestUri: 'sip:peer@203.0.113.1:5080',
      routes,
      to: `${headerValue(subscribe, 'from')}`,
      headers: ['Event: presence', 'Subscription-State: active'],
    });
    expect(taken(caller)).toEqual(['NOTIFY']);
    psap.respond(subscribe, 200);
    expect(taken(caller)).toEqual(['200']);
  });
});

describe('flows and floods', () => {
  it('case 40: a request of the dialog from a new port or connection goes the same way (RFC 3261 §18.1.2)', () => {
    const { caller, psap } = setUp();
    caller.request();
    psap.respond(psap.takeRequest('INVITE'), 200);
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    const moved = harness.peer('203.0.113.1', 41_234);
    const byTcp = harness.peer('203.0.113.1', 41_235, 'tcp');
    moved.inDialog('ACK', answer);
    byTcp.inDialog('BYE', answer);
    expect(psap.waiting).toEqual(['ACK', 'BYE']);
    const bye = psap.inbox[1];
    if (bye?.kind === 'request') psap.respond(bye, 200);
    expect(taken(byTcp)).toEqual(['200']);
  });

  it('case 51: however many calls for help come from one address, none is refused while there is room for it', () => {
    harness = new ProxyHarness({
      limits: { ...defaultProxyLimits, transactionsMax: 10 },
      mayExceedLimit: (request) => request.requestUri.startsWith('urn:service:sos'),
    });
    harness.decide = () => forwardTo(['sip:198.51.100.2:5070']);
    const carrier = harness.peer('203.0.113.1', 5080);
    const psap = harness.peer('198.51.100.2', 5070);
    for (let count = 0; count < 200; count += 1) carrier.request({ callId: `call-${count}` });
    expect(psap.inbox).toHaveLength(200);
    carrier.request({ requestUri: 'sip:spam@example.com', callId: 'spam' });
    expect(taken(carrier)).toEqual(['503']);
  });

  it('case 54: Max-Forwards goes down by one on each way through us, and is never set anew', () => {
    const { caller, psap } = setUp();
    for (const [index, value] of [70, 255, 1].entries()) {
      caller.request({ maxForwards: value, callId: `hops-${index}` });
      const request = psap.takeRequest('INVITE');
      expect(headerValue(request, 'max-forwards')).toBe(String(value - 1));
      const via = topVia(request);
      expect(via.ok && via.value.branch).toMatch(/^z9hG4bK/);
    }
  });
});
