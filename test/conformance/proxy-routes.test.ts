import { describe, expect, it } from 'vitest';
import { monoMs } from '../../src/base/index.ts';
import {
  defaultMessageLimits,
  headerValues,
  parseMessage,
  type SipRequest,
} from '../../src/sip/message/index.ts';
import { defaultProxyLimits, defaultProxyTimers, ProxyCore } from '../../src/sip/proxy/index.ts';
import type { Flow, Listener } from '../../src/sip/transaction/index.ts';
import { SeededRandom } from '../support/manual-clock.ts';
import { forwardTo } from '../support/proxy-harness.ts';

/** A proxy that is known by a name, and record-routes what it forwards. */
function proxyNamed(name: string): (text: string, target: string | undefined) => SipRequest {
  const listener: Listener = {
    transport: 'udp',
    local: { address: '192.0.2.1', port: 5060 },
    announced: { host: name, port: 5060 },
    ingress: 'test',
  };
  const flow: Flow = {
    transport: 'udp',
    local: listener.local,
    remote: { address: '203.0.113.1', port: 5060 },
    connectionId: undefined,
  };
  const decision = (target: string | undefined) => forwardTo([undefined], { requestUri: target });
  const core = new ProxyCore({
    listeners: [listener],
    random: new SeededRandom(1),
    timers: defaultProxyTimers,
    limits: defaultProxyLimits,
    messageLimits: defaultMessageLimits,
    decideTimeoutMs: 1000,
    resolveTimeoutMs: 1000,
    serverName: undefined,
    fallbackDecision: () => decision(undefined),
  });
  return (text, target) => {
    const now = monoMs(0);
    const effects = [...core.handle(now, { kind: 'message', message: requestOf(text), flow })];
    for (let index = 0; index < effects.length; index += 1) {
      const effect = effects[index];
      if (effect?.kind === 'decide') {
        effects.push(...core.handle(now, { kind: 'decided', id: effect.id, decision: decision(target) }));
      } else if (effect?.kind === 'resolve') {
        const remote = { address: '198.51.100.1', port: 5060 };
        const destinations = [
          { transport: 'udp' as const, remote, connectionId: undefined, local: undefined },
        ];
        effects.push(
          ...core.handle(now, {
            kind: 'resolved',
            id: effect.id,
            result: { kind: 'addresses', destinations },
          }),
        );
      }
    }
    const sent = effects.findLast((effect) => effect.kind === 'send');
    if (sent?.kind !== 'send') throw new Error('nothing was forwarded');
    return requestOf(sent.bytes.toString('latin1'));
  };
}

function requestOf(text: string): SipRequest {
  const outcome = parseMessage(Buffer.from(text, 'latin1'), {
    framing: 'datagram',
    limits: defaultMessageLimits,
  });
  if (outcome.kind !== 'message' || outcome.message.kind !== 'request')
    throw new Error(`no request: ${text}`);
  return outcome.message;
}

function request(method: string, uri: string, lines: readonly string[], toTag = ''): string {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK${method}${uri.length}`,
    ...lines,
    'Max-Forwards: 70',
    'From: Caller <sip:caller@u1.example.com>;tag=1',
    `To: Callee <sip:callee@domain.com>${toTag}`,
    'Call-ID: trapezoid',
    `CSeq: 1 ${method}`,
    'Contact: <sip:caller@u1.example.com>',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

describe('RFC 3261 §16.12.1.1 the basic SIP trapezoid', () => {
  it('U1 -> P1 -> P2 -> U2 with Record-Route, and the BYE back by the route set', () => {
    const [p1, p2] = [proxyNamed('p1.example.com'), proxyNamed('p2.domain.com')];
    const atP2 = p1(request('INVITE', 'sip:callee@domain.com', []), undefined);
    expect(atP2.requestUri).toBe('sip:callee@domain.com');
    expect(headerValues(atP2, 'record-route')).toEqual(['<sip:p1.example.com:5060;lr>']);
    const atU2 = p2(atP2.bytes.toString('latin1'), 'sip:callee@u2.domain.com');
    expect(atU2.requestUri).toBe('sip:callee@u2.domain.com');
    const recorded = headerValues(atU2, 'record-route');
    expect(recorded).toEqual(['<sip:p2.domain.com:5060;lr>', '<sip:p1.example.com:5060;lr>']);
    const bye = request(
      'BYE',
      'sip:caller@u1.example.com',
      recorded.map((route) => `Route: ${route}`),
      ';tag=2',
    );
    const byeAtP1 = p2(bye, undefined);
    expect(headerValues(byeAtP1, 'route')).toEqual(['<sip:p1.example.com:5060;lr>']);
    const byeAtU1 = p1(byeAtP1.bytes.toString('latin1'), undefined);
    expect(byeAtU1.requestUri).toBe('sip:caller@u1.example.com');
    expect(headerValues(byeAtU1, 'route')).toEqual([]);
  });
});

describe('RFC 3261 §16.12.1.2 traversing a strict-routing proxy', () => {
  // U1 -> P1 -> P2 (strict) -> P3 (strict) -> P4 -> U2; the dialog's requests come from U2.
  const p4 = proxyNamed('p4.domain.com');
  const p1 = proxyNamed('p1.example.com');
  const routes = [
    '<sip:p4.domain.com:5060;lr>',
    '<sip:p3.middle.com>',
    '<sip:p2.example.com>',
    '<sip:p1.example.com:5060;lr>',
  ];

  it('P4 rewrites for the strict P3: its URI becomes the Request-URI, the old one the last Route', () => {
    const bye = request(
      'BYE',
      'sip:caller@u1.example.com',
      routes.map((route) => `Route: ${route}`),
      ';tag=2',
    );
    const atP3 = p4(bye, undefined);
    expect(atP3.requestUri).toBe('sip:p3.middle.com');
    expect(headerValues(atP3, 'route')).toEqual([
      '<sip:p2.example.com>',
      '<sip:p1.example.com:5060;lr>',
      '<sip:caller@u1.example.com>',
    ]);
  });

  it('P1 gets its own URI as Request-URI from the strict P2, and restores the last Route', () => {
    const atP1 = request(
      'BYE',
      'sip:p1.example.com:5060;lr',
      ['Route: <sip:caller@u1.example.com>'],
      ';tag=2',
    );
    const atU1 = p1(atP1, undefined);
    expect(atU1.requestUri).toBe('sip:caller@u1.example.com');
    expect(headerValues(atU1, 'route')).toEqual([]);
  });
});

describe('RFC 3261 §16.6 item 3, §16.7 item 3', () => {
  it('each hop takes one from Max-Forwards and puts its Via on top', () => {
    const p1 = proxyNamed('p1.example.com');
    const forwarded = p1(request('INVITE', 'sip:callee@domain.com', []), undefined);
    const values = headerValues(forwarded, 'via');
    expect(values[0]).toMatch(
      /^SIP\/2\.0\/UDP p1\.example\.com:5060;branch=z9hG4bK[0-9a-z]{12}-[0-9a-z]+;rport$/,
    );
    expect(values[1]).toBe('SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKINVITE21');
    expect(headerValues(forwarded, 'max-forwards')).toEqual(['69']);
  });
});
