import { describe, expect, it } from 'vitest';
import { flowBack, recordRouteUri } from '../../../../src/sip/proxy/record-route.ts';
import type { Flow, Listener } from '../../../../src/sip/transaction/index.ts';
import { requestFrom, requestText } from '../../../support/emergency-messages.ts';

const udp: Listener = {
  transport: 'udp',
  local: { address: '10.0.0.1', port: 5060 },
  announced: { host: '192.0.2.1', port: 5070 },
  ingress: 'a',
};
const six: Listener = { ...udp, announced: { host: '2001:db8::1', port: 5060 } };

describe('recordRouteUri', () => {
  it.each([
    [udp, false, undefined, '<sip:192.0.2.1:5070;lr>'],
    [udp, true, undefined, '<sip:192.0.2.1:5070;transport=udp;lr>'],
    [udp, true, 'token', '<sip:token@192.0.2.1:5070;transport=udp;lr>'],
    [{ ...udp, transport: 'tcp' }, false, undefined, '<sip:192.0.2.1:5070;transport=tcp;lr>'],
    [{ ...udp, transport: 'tls' }, true, 'token', '<sips:token@192.0.2.1:5070;lr>'],
    [six, false, undefined, '<sip:[2001:db8::1]:5060;lr>'],
    [{ ...udp, transport: 'ws' }, true, undefined, '<sip:192.0.2.1:5070;transport=ws;lr>'],
    [{ ...udp, transport: 'wss' }, true, 'token', '<sips:token@192.0.2.1:5070;transport=ws;lr>'],
  ] as const)('$0.transport, names UDP: %s', (listener, namesUdp, token, expected) => {
    expect(recordRouteUri({ listener, isSips: true }, namesUdp, token)).toBe(expected);
  });
});

it('recordRouteUri of TLS is no SIPS URI for who does not use it', () => {
  const side = { listener: { ...udp, transport: 'tls' } as const, isSips: false };
  expect(recordRouteUri(side, false)).toBe('<sip:192.0.2.1:5070;transport=tls;lr>');
});

describe('flowBack', () => {
  const flow: Flow = {
    transport: 'udp',
    local: { address: '10.0.0.1', port: 5060 },
    remote: { address: '203.0.113.7', port: 40_000 },
    connectionId: undefined,
  };

  function backOf(
    via: string,
    contact: string,
    transport: Flow['transport'] = 'udp',
    headers: readonly string[] = [],
  ) {
    const text = requestText({ headers })
      .replace(/^Via: .*$/m, `Via: SIP/2.0/${transport.toUpperCase()} ${via};branch=z9hG4bKa`)
      .replace(/^Contact: .*$/m, `Contact: ${contact}`);
    const connectionId = transport === 'udp' ? undefined : '7';
    return flowBack(requestFrom(text), { ...flow, transport, connectionId });
  }

  it.each([
    ['a private address behind a NAT', '10.1.1.1', '<sip:a@10.1.1.1>', true],
    [
      'a private address in another spelling of the Contact',
      '10.1.1.1:5060',
      '<sip:a@10.1.1.1:5062;ob>',
      true,
    ],
    ['no NAT', '203.0.113.7', '<sip:a@203.0.113.7>', false],
    ['no NAT, another source port, no rport', '203.0.113.7:5060', '<sip:a@203.0.113.7>', false],
    ['another source port and rport', '203.0.113.7:5060;rport', '<sip:a@203.0.113.7>', true],
    ['the source port and rport', '203.0.113.7:40000;rport', '<sip:a@203.0.113.7:40000>', false],
    ['a NAT, and a Contact that is reachable', '10.1.1.1', '<sip:a@198.51.100.9>', false],
    ['a name that resolves', 'pc.example.org', '<sip:a@pc.example.org>', false],
    ['a name that does not', 'abc.invalid', '<sip:a@abc.invalid>', true],
    ['a bare name', 'localpc', '<sip:a@LOCALPC>', true],
    ['an IPv6 address', '[fd00::1]', '<sip:a@[FD00::1]>', true],
    ['a Contact of another kind', '10.1.1.1', '<tel:+15551230000>', false],
  ])('datagrams, %s', (_name, via, contact, isNeeded) => {
    const expected = { transport: 'udp', remote: flow.remote, connectionId: undefined, local: flow.local };
    expect(backOf(via, contact)).toEqual(isNeeded ? expected : undefined);
  });

  it.each([
    ['the first hop', '10.1.1.1', '<sip:a@198.51.100.9>', [], true],
    [
      'a proxy that recorded itself by its sent-by',
      '10.1.1.1',
      '<sip:a@x>',
      ['Via: SIP/2.0/UDP x;branch=z9hG4bKx', 'Record-Route: <sip:10.1.1.1;lr>'],
      true,
    ],
    [
      'a proxy that recorded itself by its address',
      'p.example.org',
      '<sip:a@x>',
      ['Via: SIP/2.0/UDP x;branch=z9hG4bKx', 'Record-Route: <sip:203.0.113.7;lr>'],
      true,
    ],
    [
      'a proxy that is not the last one recorded',
      'p.example.org',
      '<sip:a@x>',
      ['Via: SIP/2.0/UDP x;branch=z9hG4bKx', 'Record-Route: <sip:198.51.100.9;lr>'],
      false,
    ],
    [
      'a proxy that recorded nothing',
      'p.example.org',
      '<sip:a@x>',
      ['Via: SIP/2.0/UDP x;branch=z9hG4bKx'],
      false,
    ],
  ])('connections, %s', (_name, via, contact, headers, isNeeded) => {
    const expected = {
      transport: 'tcp',
      remote: flow.remote,
      connectionId: '7',
      local: undefined,
      onlyConnection: true,
    };
    expect(backOf(via, contact, 'tcp', headers)).toEqual(isNeeded ? expected : undefined);
  });
});
