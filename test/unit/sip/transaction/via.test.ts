import { describe, expect, it } from 'vitest';
import { topVia } from '../../../../src/sip/message/index.ts';
import {
  bareHost,
  defaultPort,
  type Flow,
  hostText,
  responseDestination,
  stampVia,
} from '../../../../src/sip/transaction/index.ts';
import { requestFrom } from '../../../support/emergency-messages.ts';

const flow: Flow = {
  transport: 'udp',
  local: { address: '192.0.2.1', port: 5060 },
  remote: { address: '203.0.113.9', port: 33_000 },
  connectionId: undefined,
};

function via(value: string) {
  const request = requestFrom(
    `OPTIONS sip:a@b SIP/2.0\r\nVia: ${value}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n`,
  );
  const top = topVia(request);
  if (!top.ok) throw new Error(top.error.message);
  return top.value;
}

describe('stampVia (RFC 3261 §18.2.1, RFC 3581 §4)', () => {
  it.each([
    ['SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKa', undefined],
    [
      'SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKa;rport',
      'SIP/2.0/UDP 203.0.113.9;branch=z9hG4bKa;received=203.0.113.9;rport=33000',
    ],
    [
      'SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa',
      'SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;received=203.0.113.9',
    ],
    [
      'SIP/2.0/UDP pc.example.net;rport;branch=z9hG4bKa',
      'SIP/2.0/UDP pc.example.net;branch=z9hG4bKa;received=203.0.113.9;rport=33000',
    ],
    [
      'SIP/2.0/UDP 10.0.0.1;received=1.2.3.4;rport=99;branch=z9hG4bKa;hidden',
      'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;hidden;received=203.0.113.9;rport=33000',
    ],
    [
      'SIP / 2.0 / UDP 10.0.0.1 ; rport ; branch=z9hG4bKa',
      'SIP / 2.0 / UDP 10.0.0.1 ; branch=z9hG4bKa;received=203.0.113.9;rport=33000',
    ],
    [
      'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;x="a b"',
      'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;x="a b";received=203.0.113.9',
    ],
  ])('%s', (value, expected) => {
    expect(stampVia(via(value), flow)).toBe(expected);
  });
});

describe('responseDestination (RFC 3261 §18.2.2)', () => {
  it.each([
    ['SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa', '203.0.113.9', 5062],
    ['SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa', '203.0.113.9', 5060],
    ['SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;rport', '203.0.113.9', 33_000],
    ['SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;maddr=198.51.100.1', '198.51.100.1', 5062],
    ['SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;maddr=host.example', '203.0.113.9', 5062],
  ])('%s', (value, address, port) => {
    expect(responseDestination(via(value), flow)).toEqual({
      transport: 'udp',
      remote: { address, port },
      connectionId: undefined,
      local: flow.local,
    });
  });

  it('names the connection on a stream, and the place to open a new one', () => {
    const stream: Flow = { ...flow, transport: 'tls', connectionId: 'c7' };
    expect(responseDestination(via('SIP/2.0/TLS 10.0.0.1;branch=z9hG4bKa;rport'), stream)).toEqual({
      transport: 'tls',
      remote: { address: '203.0.113.9', port: 5061 },
      connectionId: 'c7',
      local: undefined,
      serverName: '10.0.0.1',
    });
  });
});

describe('responseDestination (RFC 7118 §5.3)', () => {
  it.each(['ws', 'wss'] as const)('names the connection of a %s client and no other way', (transport) => {
    const stream: Flow = { ...flow, transport, connectionId: `${transport}-7` };
    expect(responseDestination(via('SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bKa'), stream)).toEqual({
      transport,
      remote: flow.remote,
      connectionId: `${transport}-7`,
      local: undefined,
      onlyConnection: true,
    });
  });
});

describe('hosts and ports', () => {
  it.each([
    ['udp', 5060],
    ['tcp', 5060],
    ['tls', 5061],
    ['ws', 80],
    ['wss', 443],
  ] as const)('%s has port %i', (transport, port) => {
    expect(defaultPort(transport)).toBe(port);
  });

  it('brackets come and go', () => {
    expect([hostText('2001:db8::1'), hostText('[2001:db8::1]'), hostText('a.example')]).toEqual([
      '[2001:db8::1]',
      '[2001:db8::1]',
      'a.example',
    ]);
    expect([bareHost('[2001:db8::1]'), bareHost('a.example')]).toEqual(['2001:db8::1', 'a.example']);
  });
});
