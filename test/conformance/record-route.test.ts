import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues, topVia } from '../../src/sip/message/index.ts';
import type { Transport } from '../../src/sip/transaction/index.ts';
import { forwardTo, nothingOpen, type Peer, ProxyHarness } from '../support/proxy-harness.ts';
import { allListeners, secrets } from '../support/routing-listeners.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

const addresses = {
  4: { caller: '203.0.113.1', callee: '198.51.100.2', own: '192.0.2.1' },
  6: { caller: '2001:db8:1::1', callee: '2001:db8:2::2', own: '[2001:db8::1]' },
} as const;

type Family = keyof typeof addresses;

/**
 * Our URI for a side, as RFC 5658 §6.2 wants it where the sides differ. The called side is sent to by SIPS where it speaks
 * TLS; the caller's Request-URI and Contact are SIP, so that its side must not become SIPS (RFC 3261 §16.6 item 4).
 */
function uriOf(transport: Transport, family: Family, side: 'called' | 'caller'): string {
  const host = addresses[family].own;
  const uris: { readonly [T in Transport]: string } = {
    udp: `<sip:${host}:5060;transport=udp;lr>`,
    tcp: `<sip:${host}:5060;transport=tcp;lr>`,
    tls: side === 'called' ? `<sips:${host}:5061;lr>` : `<sip:${host}:5061;transport=tls;lr>`,
    ws: `<sip:${host}:5062;transport=ws;lr>`,
    wss: `<sips:${host}:5063;transport=ws;lr>`,
  };
  return uris[transport];
}

/** A Route or Record-Route value without the token of ours. */
function plain(value: string): string {
  return value.replace(/(sips?:)[\w-]+@/, '$1');
}

interface Side {
  readonly transport: Transport;
  readonly family: Family;
}

function setUp(from: Side, to: Side, options: { readonly recordRouteSecrets?: readonly Buffer[] } = {}) {
  harness = new ProxyHarness({ listeners: allListeners, ...options });
  const caller = harness.peer(addresses[from.family].caller, 5080, from.transport);
  const callee = harness.peer(addresses[to.family].callee, 5070, to.transport);
  const isSecure = to.transport === 'tls' || to.transport === 'wss';
  const transport = to.transport === 'udp' || isSecure ? '' : `;transport=${to.transport}`;
  const secure = to.transport === 'wss' ? ';transport=ws' : '';
  harness.decide = () => forwardTo([`${isSecure ? 'sips' : 'sip'}:${callee.place}${transport}${secure}`]);
  return { caller, callee };
}

/** INVITE, 200, ACK, a request each way and the BYE; gives what the called side was sent as Record-Route. */
function wholeCall(caller: Peer, callee: Peer): readonly string[] {
  caller.request();
  const invite = callee.takeRequest('INVITE');
  const recorded = headerValues(invite, 'record-route');
  const ok = callee.respond(invite, 200);
  caller.takeResponse(100);
  const answer = caller.takeResponse(200);
  expect(headerValues(answer, 'record-route')).toEqual(recorded);
  caller.inDialog('ACK', answer);
  expect(headerValue(callee.takeRequest('ACK'), 'route')).toBeUndefined();
  caller.inDialog('INFO', answer);
  callee.respond(callee.takeRequest('INFO'), 200);
  caller.takeResponse(200);
  callee.inDialogBack('BYE', invite, ok);
  caller.respond(caller.takeRequest('BYE'), 200);
  callee.takeResponse(200);
  return recorded;
}

const sides: readonly Side[] = (['udp', 'tcp', 'tls', 'ws', 'wss'] as const).flatMap((transport) =>
  ([4, 6] as const).map((family) => ({ transport, family })),
);
const pairs = sides.flatMap((from) => sides.map((to) => ({ from, to })));

describe('RFC 5658 §5: double Record-Route', () => {
  const differing = pairs.filter(
    ({ from, to }) => from.transport !== to.transport || from.family !== to.family,
  );

  it.each(
    differing.map(
      ({ from, to }) =>
        [`${from.transport}/${from.family} to ${to.transport}/${to.family}`, from, to] as const,
    ),
  )('%s: the side towards the called party on top', (_name, from, to) => {
    const { caller, callee } = setUp(from, to);
    expect(wholeCall(caller, callee)).toEqual([
      uriOf(to.transport, to.family, 'called'),
      uriOf(from.transport, from.family, 'caller'),
    ]);
  });

  it.each(
    differing.map(
      ({ from, to }) =>
        [`${from.transport}/${from.family} to ${to.transport}/${to.family}`, from, to] as const,
    ),
  )('%s: with tokens too, and the whole call stays on its sides', (_name, from, to) => {
    const { caller, callee } = setUp(from, to, { recordRouteSecrets: secrets });
    expect(wholeCall(caller, callee).map(plain)).toEqual([
      uriOf(to.transport, to.family, 'called'),
      uriOf(from.transport, from.family, 'caller'),
    ]);
  });

  it.each(sides.map((side) => [`${side.transport}/${side.family}`, side] as const))(
    '%s on both sides is recorded once',
    (_name, side) => {
      const { caller, callee } = setUp(side, side);
      const single = uriOf(side.transport, side.family, 'called').replace(';transport=udp', '');
      // SIPS on one side alone are two ways to come back.
      const isTls = side.transport === 'tls';
      const recorded = isTls ? [single, uriOf(side.transport, side.family, 'caller')] : [single];
      expect(wholeCall(caller, callee)).toEqual(recorded);
    },
  );

  it('goes above what others recorded, and is added again by a re-INVITE (RFC 3261 §16.6 item 4)', () => {
    const { caller, callee } = setUp({ transport: 'udp', family: 4 }, { transport: 'tcp', family: 4 });
    caller.request({ headers: ['Record-Route: <sip:203.0.113.1:5080;lr>'] });
    const invite = callee.takeRequest('INVITE');
    const expected = [
      '<sip:192.0.2.1:5060;transport=tcp;lr>',
      '<sip:192.0.2.1:5060;transport=udp;lr>',
      '<sip:203.0.113.1:5080;lr>',
    ];
    expect(headerValues(invite, 'record-route')).toEqual(expected);
    callee.respond(invite, 200);
    caller.takeResponse(100);
    const answer = caller.takeResponse(200);
    caller.inDialog('INVITE', answer, {
      routes: ['<sip:192.0.2.1:5060;transport=udp;lr>', '<sip:192.0.2.1:5060;transport=tcp;lr>'],
    });
    const again = callee.takeRequest('INVITE');
    expect(headerValues(again, 'record-route')).toEqual(expected.slice(0, 2));
    callee.respond(again, 200);
    caller.inDialog('UPDATE', answer, { routes: ['<sip:192.0.2.1:5060;transport=udp;lr>'] });
    const update = callee.takeRequest('UPDATE');
    expect(headerValues(update, 'record-route')).toEqual([]);
    callee.respond(update, 200);
  });
});

describe('RFC 5658 §6.2: transports in Record-Route', () => {
  // RFC 5658 would have no transport=tls at all; phones that speak TLS without SIPS end their calls at a SIPS route.
  it('deviation: TLS that was named as a transport is recorded so, since RFC 3261 §16.6 item 4 forbids SIPS there', () => {
    const { caller, callee } = setUp({ transport: 'udp', family: 4 }, { transport: 'tls', family: 4 });
    harness.decide = () => forwardTo([`sip:${callee.place};transport=tls`]);
    caller.request();
    const invite = callee.takeRequest('INVITE');
    expect(headerValues(invite, 'record-route')).toEqual([
      uriOf('tls', 4, 'caller'),
      uriOf('udp', 4, 'caller'),
    ]);
    const via = topVia(invite);
    expect(via.ok && via.value.transport).toBe('TLS');
    callee.respond(invite, 486);
  });

  it.each([
    ['sips', '<sips:192.0.2.1:5061;lr>'],
    ['transport=tls', '<sip:192.0.2.1:5061;transport=tls;lr>'],
    ['transport=TLS without a port', '<sip:192.0.2.1;transport=TLS;lr>'],
    ['the WebSocket of sips', '<sips:192.0.2.1:5063;transport=ws;lr>'],
    ['transport=wss', '<sip:192.0.2.1:5063;transport=wss;lr>'],
  ])('our own Route written with %s is ours', (_name, route) => {
    const { caller, callee } = setUp({ transport: 'tls', family: 4 }, { transport: 'udp', family: 4 });
    caller.request({
      method: 'BYE',
      requestUri: `sip:${callee.place}`,
      to: '<urn:service:sos>;tag=t',
      routes: [route],
    });
    const bye = callee.takeRequest('BYE');
    expect(headerValue(bye, 'route')).toBeUndefined();
    callee.respond(bye, 200);
  });

  it('a request that went by TCP for its size alone is not recorded with TCP', () => {
    const { caller, callee } = setUp({ transport: 'udp', family: 4 }, { transport: 'tcp', family: 4 });
    harness.decide = () => forwardTo([`sip:${callee.place}`]);
    const remote = { address: '198.51.100.2', port: 5070 };
    harness.resolve = () => [{ transport: 'tcp', remote, connectionId: undefined, local: undefined }];
    caller.request({ body: 'x'.repeat(1500) });
    const invite = callee.takeRequest('INVITE');
    expect(headerValues(invite, 'record-route')).toEqual(['<sip:192.0.2.1:5060;lr>']);
    expect(headerValue(invite, 'via')).toContain('SIP/2.0/TCP');
    callee.respond(invite, 486);
  });
});

describe('RFC 3261 §16.6 item 4: what is recorded', () => {
  it('has lr, and nothing is recorded where the decision does not ask for it', () => {
    const { caller, callee } = setUp({ transport: 'udp', family: 4 }, { transport: 'udp', family: 4 });
    harness.decide = () => forwardTo([`sip:${callee.place}`], { recordRoute: false });
    caller.request({ method: 'OPTIONS' });
    const request = callee.takeRequest('OPTIONS');
    expect(headerValue(request, 'record-route')).toBeUndefined();
    callee.respond(request, 200);
  });

  it('two listeners that peers know by one name and transport are recorded once', () => {
    const [first] = allListeners;
    const second = { ...first, local: { address: '10.0.0.1', port: 5060 } };
    harness = new ProxyHarness({ listeners: [second, first] });
    const caller = harness.peer('203.0.113.1', 5080);
    const callee = harness.peer('198.51.100.2', 5070);
    harness.decide = () => forwardTo([`sip:${callee.place}`]);
    caller.request();
    const invite = callee.takeRequest('INVITE');
    expect(headerValues(invite, 'record-route')).toEqual(['<sip:192.0.2.1:5060;lr>']);
    callee.respond(invite, 486);
  });
});

describe('RFC 3261 §16.6 item 4: SIPS in Record-Route, on the side of a caller by TLS', () => {
  it.each([
    ['no SIPS anywhere', 'urn:service:sos', undefined, '<sip:192.0.2.1:5061;transport=tls;lr>'],
    ['a Request-URI of SIPS', 'sips:psap@198.51.100.2:5070', undefined, '<sips:192.0.2.1:5061;lr>'],
    ['a top Route of SIPS', 'urn:service:sos', '<sips:192.0.2.1:5061;lr>', '<sips:192.0.2.1:5061;lr>'],
  ])('%s', (_name, requestUri, route, expected) => {
    const { caller, callee } = setUp({ transport: 'tls', family: 4 }, { transport: 'tls', family: 4 });
    caller.request({ requestUri, headers: route === undefined ? [] : [`Route: ${route}`] });
    const invite = callee.takeRequest('INVITE');
    expect(headerValues(invite, 'record-route').at(-1)).toBe(expected);
    callee.respond(invite, 486);
    callee.takeRequest('ACK');
  });
});
