import { afterEach, describe, expect, it } from 'vitest';
import { headerValue, headerValues, type SipRequest } from '../../src/sip/message/index.ts';
import { defaultProxyLimits, type ProxyCoreOptions } from '../../src/sip/proxy/index.ts';
import type { Transport } from '../../src/sip/transaction/index.ts';
import { forwardTo, nothingOpen, type Peer, ProxyHarness } from '../support/proxy-harness.ts';
import { allListeners, secrets } from '../support/routing-listeners.ts';

let harness = new ProxyHarness();

afterEach(() => {
  expect(harness.drain()).toEqual(nothingOpen);
});

interface SetUp {
  readonly transport?: Transport;
  readonly isEmergency?: boolean;
  readonly options?: Partial<ProxyCoreOptions>;
}

function setUp({ transport = 'wss', isEmergency = false, options = {} }: SetUp = {}) {
  harness = new ProxyHarness({ listeners: allListeners, recordRouteSecrets: secrets, ...options });
  const caller = harness.peer('203.0.113.1', 40_001, transport);
  const callee = harness.peer('198.51.100.2', 5070);
  harness.decide = () => forwardTo([`sip:${callee.place}`], { isEmergency });
  return { caller, callee };
}

/** A browser's Via and Contact name no host at all (RFC 7118 §5). */
const browser = {
  via: 'SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks',
  contact: 'df7jal23ls0d.invalid',
};

/** An answered call: what the called side goes by. */
function answered(
  caller: Peer,
  callee: Peer,
  parts: { readonly via?: string; readonly contact?: string } = {},
) {
  const text = caller.requestText(parts.via === undefined ? {} : { via: parts.via });
  caller.send(
    parts.contact === undefined ? text : text.replace(/^Contact: .*$/m, `Contact: <sip:a@${parts.contact}>`),
  );
  const invite = callee.takeRequest('INVITE');
  const ok = callee.respond(invite, 200);
  caller.takeResponse(100);
  const answer = caller.takeResponse(200);
  return { invite, ok, answer };
}

function tokensOf(request: SipRequest): (string | undefined)[] {
  return headerValues(request, 'record-route').map((value) => /sips?:([^@>]+)@/.exec(value)?.[1]);
}

describe('RFC 5626 §5.2, §5.3: flow tokens', () => {
  it('RFC 7118 §5: requests to a WebSocket go by its own connection, wherever its Contact leads', () => {
    const { caller, callee } = setUp();
    const { invite, ok, answer } = answered(caller, callee, browser);
    expect(tokensOf(invite)).toEqual([undefined, expect.stringMatching(/^[\w-]{30,90}$/)]);
    caller.inDialog('ACK', answer);
    expect(callee.takeRequest('ACK').requestUri).toBe(`sip:peer@${callee.place}`);
    for (const method of ['INVITE', 'INFO', 'BYE']) {
      callee.inDialogBack(method, invite, ok);
      const request = caller.takeRequest(method);
      expect(request.requestUri).toBe('sip:a@df7jal23ls0d.invalid');
      expect(headerValue(request, 'route')).toBeUndefined();
      caller.respond(request, 200);
      if (method === 'INVITE') callee.takeResponse(100);
      callee.takeResponse(200);
      if (method !== 'INVITE') continue;
      callee.inDialogBack('ACK', invite, ok);
      caller.takeRequest('ACK');
    }
  });

  it.each(['ws', 'wss'] as const)(
    'both sides on one %s listener: the position says which way a request goes',
    (transport) => {
      const { caller } = setUp({ transport });
      const callee = harness.peer('203.0.113.2', 40_002, transport);
      const flow = { transport, remote: callee.flow.remote, connectionId: callee.flow.connectionId };
      harness.decide = () => forwardTo(['sip:browser.invalid']);
      harness.resolve = () => [{ ...flow, local: undefined, onlyConnection: true }];
      const { invite, ok, answer } = answered(caller, callee, { contact: 'a.invalid' });
      harness.resolve = undefined;
      expect(tokensOf(invite)).toHaveLength(2);
      expect(new Set(tokensOf(invite)).size).toBe(2);
      caller.inDialog('INFO', answer);
      callee.respond(callee.takeRequest('INFO'), 200);
      caller.takeResponse(200);
      callee.inDialogBack('BYE', invite, ok);
      caller.respond(caller.takeRequest('BYE'), 200);
      callee.takeResponse(200);
    },
  );

  it.each(['tcp', 'tls'] as const)('%s: the connection that the caller opened comes first', (transport) => {
    const { caller, callee } = setUp({ transport });
    const { invite, ok } = answered(caller, callee);
    callee.inDialogBack('BYE', invite, ok);
    const bye = caller.takeRequest('BYE');
    expect(harness.sent.at(-1)?.destination).toMatchObject({
      connectionId: 'connection-203.0.113.1:40001',
      onlyConnection: true,
    });
    caller.respond(bye, 200);
  });

  it.each(['tcp', 'tls'] as const)(
    '%s: where it is gone the Contact is looked up (FIELD case 40)',
    (transport) => {
      const { caller, callee } = setUp({ transport });
      const contact =
        transport === 'tls' ? '203.0.113.1:5061;transport=tls' : '203.0.113.1:5060;transport=tcp';
      const { invite, ok } = answered(caller, callee, { contact });
      harness.broken.add('203.0.113.1:40001');
      const listening = harness.peer('203.0.113.1', transport === 'tls' ? 5061 : 5060, transport);
      callee.inDialogBack('BYE', invite, ok);
      listening.respond(listening.takeRequest('BYE'), 200);
      callee.takeResponse(200);
      callee.inDialogBack('ACK', invite, ok);
      expect(listening.waiting).toEqual(['ACK']);
    },
  );

  it('a request from a new connection of the same side still goes the other way (FIELD case 40)', () => {
    const { caller, callee } = setUp({ transport: 'tcp' });
    const { answer } = answered(caller, callee);
    const again = harness.peer('203.0.113.1', 40_777, 'tcp');
    again.inDialog('BYE', answer);
    callee.respond(callee.takeRequest('BYE'), 200);
    again.takeResponse(200);
    expect(caller.waiting).toEqual([]);
  });

  it('a proxy between that did not record itself is no way back', () => {
    const { caller, callee } = setUp({ transport: 'tcp' });
    const text = caller
      .requestText()
      .replace(/^(Via: .*)$/m, '$1\r\nVia: SIP/2.0/UDP 203.0.113.77;branch=z9hG4bKbehind')
      .replace(/^Contact: .*$/m, 'Contact: <sip:a@203.0.113.77>');
    caller.send(text);
    const invite = callee.takeRequest('INVITE');
    expect(tokensOf(invite)).toEqual([undefined, undefined]);
    callee.respond(invite, 486);
  });

  it('a proxy between that recorded itself is', () => {
    const { caller, callee } = setUp({ transport: 'tcp' });
    caller.request({ headers: [`Record-Route: <sip:${caller.place};transport=tcp;lr>`] });
    const invite = callee.takeRequest('INVITE');
    expect(tokensOf(invite)[1]).toMatch(/^[\w-]+$/);
    callee.respond(invite, 486);
  });
});

describe('RFC 5626 §5.3: datagrams through a NAT', () => {
  const behindNat = { via: 'SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bKnat;rport', contact: '10.0.0.7:5060' };

  it('a caller whose Contact is its own unreachable address is reached where it is seen', () => {
    const { caller, callee } = setUp({ transport: 'udp' });
    const { invite, ok } = answered(caller, callee, behindNat);
    expect(tokensOf(invite)).toEqual([undefined, expect.stringMatching(/^[\w-]+$/)]);
    callee.inDialogBack('BYE', invite, ok);
    const bye = caller.takeRequest('BYE');
    expect(bye.requestUri).toBe('sip:a@10.0.0.7:5060');
    expect(harness.sent.at(-1)?.destination.local).toEqual({ address: '192.0.2.1', port: 5060 });
    caller.respond(bye, 200);
  });

  it.each([
    ['its own address', {}],
    ['another Contact', { ...behindNat, contact: '192.0.2.200' }],
    ['a name', { via: 'SIP/2.0/UDP pc.example.net:5060;branch=z9hG4bKn;rport', contact: 'pc.example.net' }],
  ])('a caller with %s is reached by its Contact', (_name, parts) => {
    const { caller, callee } = setUp({ transport: 'udp' });
    caller.send(
      caller
        .requestText('via' in parts ? { via: parts.via } : {})
        .replace(/^Contact: .*$/m, (line) =>
          'contact' in parts ? `Contact: <sip:a@${parts.contact}>` : line,
        ),
    );
    const invite = callee.takeRequest('INVITE');
    expect(headerValues(invite, 'record-route')).toEqual(['<sip:192.0.2.1:5060;lr>']);
    callee.respond(invite, 486);
  });
});

describe('RFC 5626 §5.3.1: a flow that is gone', () => {
  it.each([false, true])('of a WebSocket gives 430, emergency %s', (isEmergency) => {
    const { caller, callee } = setUp({ isEmergency });
    const { invite, ok } = answered(caller, callee, browser);
    harness.broken.add('203.0.113.1:40001');
    callee.inDialogBack('BYE', invite, ok);
    expect(callee.takeResponse(430).reasonPhrase).toBe('Flow Failed');
  });

  it.each([
    [
      'with a changed letter',
      (token: string) => `${token.slice(0, 8)}${token[8] === 'A' ? 'B' : 'A'}${token.slice(9)}`,
    ],
    ['cut short', (token: string) => token.slice(0, -2)],
    ['with letters added', (token: string) => `${token}AAAA`],
    ['of another kind', () => 'alice'],
    ['that is absent', () => ''],
  ])('a token %s is ignored, and the request goes by its Request-URI', (_name, change) => {
    const { caller, callee } = setUp({ transport: 'tcp' });
    const { invite, ok } = answered(caller, callee, { contact: '203.0.113.9:5060' });
    const elsewhere = harness.peer('203.0.113.9');
    const routes = headerValues(invite, 'record-route').map((value) =>
      value.replace(/sip:([\w-]+)@/, (_all, token: string) => `sip:${change(token)}@`.replace(':@', ':')),
    );
    callee.inDialogBack('BYE', invite, ok, { routes });
    elsewhere.respond(elsewhere.takeRequest('BYE'), 200);
    callee.takeResponse(200);
  });

  it('a token of another node, or of this one before its restart, is ignored; its mark of an emergency holds', () => {
    const { caller, callee } = setUp({ transport: 'tcp', isEmergency: true });
    const { invite } = answered(caller, callee, { contact: '203.0.113.9:5060' });
    const other = new ProxyHarness({ listeners: allListeners, recordRouteSecrets: secrets });
    other.random.token(50);
    const restarted = new ProxyHarness({
      listeners: allListeners,
      recordRouteSecrets: secrets,
      random: other.random,
    });
    const calleeThere = restarted.peer('198.51.100.2', 5070);
    const callerThere = restarted.peer('203.0.113.9', 5060);
    calleeThere.request({
      method: 'BYE',
      requestUri: 'sip:a@203.0.113.9:5060',
      to: '<sip:caller@example.net>;tag=caller',
      routes: headerValues(invite, 'record-route'),
    });
    callerThere.respond(callerThere.takeRequest('BYE'), 200);
    expect(restarted.eventsOf('inDialog')[0]?.isEmergency).toBe(true);
    expect(restarted.drain()).toEqual(nothingOpen);
  });

  it('RFC 5626 §5.2: a token signed with an older secret is taken, one with a foreign secret is not', () => {
    const [, older] = secrets;
    if (older === undefined) throw new Error('there are two');
    for (const [secret, isTaken] of [
      [older, true],
      [Buffer.from('somebody else'), false],
    ] as const) {
      const { caller, callee } = setUp({ isEmergency: true, options: { recordRouteSecrets: [secret] } });
      const { invite } = answered(caller, callee, browser);
      const routes = headerValues(invite, 'record-route');
      harness.drain();
      const next = setUp({ isEmergency: true });
      next.callee.request({
        method: 'BYE',
        requestUri: 'sip:a@203.0.113.9:5060',
        to: '<sip:caller@example.net>;tag=caller',
        routes,
      });
      expect(harness.eventsOf('inDialog')[0]?.isEmergency === true).toBe(isTaken);
      if (isTaken) next.caller.respond(next.caller.takeRequest('BYE'), 200);
    }
  });
});

describe('RFC 5626 §5.3: incoming and outgoing requests', () => {
  it("a lone Route with the sender's own flow is outgoing: it goes by the Request-URI", () => {
    const { caller, callee } = setUp();
    const { invite } = answered(caller, callee, browser);
    const [, own] = headerValues(invite, 'record-route');
    const parts = { requestUri: `sip:x@${callee.place}`, to: '<urn:service:sos>;tag=t', routes: [own ?? ''] };
    caller.request({ ...parts, method: 'INFO' });
    callee.respond(callee.takeRequest('INFO'), 200);
    callee.request({ ...parts, method: 'INFO', requestUri: 'sip:a@b.invalid' });
    caller.takeResponse(200);
    caller.respond(caller.takeRequest('INFO'), 200);
  });

  it('RFC 5626 §5.3.1: a new request with such a Route goes by the flow, and its dialog stays on it', () => {
    const { caller, callee } = setUp();
    const { invite } = answered(caller, callee, browser);
    const token = tokensOf(invite)[1];
    harness.decide = () => forwardTo([undefined]);
    const ordinary = harness.peer('198.51.100.8');
    ordinary.request({
      callId: 'call-2',
      requestUri: 'sip:a@df7jal23ls0d.invalid',
      routes: [`<sips:${token}@192.0.2.1:5063;transport=ws;lr;ob>`],
    });
    const called = caller.takeRequest('INVITE');
    expect(headerValue(called, 'route')).toBeUndefined();
    expect(tokensOf(called)).toEqual([token, undefined]);
    caller.respond(called, 200);
    ordinary.takeResponse(100);
    ordinary.inDialog('BYE', ordinary.takeResponse(200), {
      callId: 'call-2',
      requestUri: 'sip:a@df7jal23ls0d.invalid',
    });
    caller.respond(caller.takeRequest('BYE'), 200);
    ordinary.takeResponse(200);
  });
});

describe('RFC 3261 §16.4: a token that a strict router or an escaping peer sends back', () => {
  it.each([
    ['as Request-URI, the flow in the Route', (recorded: readonly string[]) => recorded],
    ['with escapes', (recorded: readonly string[]) => recorded.map(escaped)],
  ])('%s', (_name, change) => {
    const { caller, callee } = setUp({ isEmergency: true });
    const { invite, ok } = answered(caller, callee, browser);
    const [top = '', below = ''] = change(headerValues(invite, 'record-route'));
    callee.inDialogBack('BYE', invite, ok, {
      requestUri: top.slice(1, -1),
      routes: [below, '<sip:a@df7jal23ls0d.invalid>'],
    });
    const bye = caller.takeRequest('BYE');
    expect([bye.requestUri, headerValue(bye, 'route')]).toEqual(['sip:a@df7jal23ls0d.invalid', undefined]);
    expect(harness.eventsOf('inDialog')[0]?.isEmergency).toBe(true);
    caller.respond(bye, 200);
  });

  /** Each character of the user part as an escape (RFC 3261 §19.1.4). */
  function escaped(value: string): string {
    return value.replace(/(sips?:)([\w-]+)@/, (_all, scheme: string, user: string) => {
      const text = [...user].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('');
      return `${scheme}${text}@`;
    });
  }
});

describe("an emergency call's dialog", () => {
  it('is marked in Record-Route, and told with its requests; an ordinary one is not', () => {
    for (const isEmergency of [true, false]) {
      const { caller, callee } = setUp({ transport: 'udp', isEmergency });
      const { invite, answer } = answered(caller, callee);
      expect(tokensOf(invite)).toEqual([isEmergency ? expect.stringMatching(/^[\w-]{15}$/) : undefined]);
      caller.inDialog('INVITE', answer);
      const again = callee.takeRequest('INVITE');
      expect(headerValues(again, 'record-route')).toEqual(headerValues(invite, 'record-route'));
      callee.respond(again, 200);
      caller.takeResponse(100);
      caller.takeResponse(200);
      caller.inDialog('BYE', answer);
      callee.respond(callee.takeRequest('BYE'), 200);
      caller.takeResponse(200);
      expect(harness.eventsOf('inDialog').map((event) => event.isEmergency === true)).toEqual([
        isEmergency,
        isEmergency,
      ]);
    }
  });

  it('goes on where nothing else is taken any more, up to a tenth beyond the hard limit', () => {
    const limits = { transactionsMax: 10, transactionsHardMax: 20 };
    harness = new ProxyHarness();
    const { caller, callee } = setUp({ transport: 'udp', isEmergency: true });
    const marked = answered(caller, callee);
    harness.drain();
    const crowd = setUp({
      transport: 'udp',
      isEmergency: true,
      options: { limits: { ...defaultProxyLimits, ...limits } },
    });
    for (let index = 0; index < 12; index += 1) {
      crowd.caller.request({
        callId: `call-${index}`,
        method: 'INFO',
        to: '<urn:service:sos>;tag=t',
        requestUri: `sip:${crowd.callee.place}`,
        routes: ['<sip:192.0.2.1:5060;lr>'],
      });
    }
    expect(crowd.caller.waiting).toContain('503');
    crowd.caller.inbox.length = 0;
    crowd.caller.inDialog('BYE', marked.answer);
    expect(crowd.caller.waiting).toEqual([]);
    expect(crowd.callee.waiting.at(-1)).toBe('BYE');
  });
});
