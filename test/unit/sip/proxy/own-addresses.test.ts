import { describe, expect, it } from 'vitest';
import { OwnAddresses } from '../../../../src/sip/proxy/own-addresses.ts';
import type { Listener } from '../../../../src/sip/transaction/index.ts';
import { parseSipUri } from '../../../../src/sip/uri/index.ts';

const udp: Listener = {
  transport: 'udp',
  local: { address: '10.0.0.1', port: 5060 },
  announced: { host: '192.0.2.1', port: 5070 },
  ingress: 'a',
};
const tcp: Listener = { ...udp, transport: 'tcp' };
const tls: Listener = {
  transport: 'tls',
  local: { address: '::', port: 5061 },
  announced: { host: 'ESRP.example.org', port: 5061 },
  ingress: 'b',
};
const six: Listener = {
  transport: 'udp',
  local: { address: '2001:db8::1', port: 5060 },
  announced: { host: '2001:db8::1', port: 5060 },
  ingress: 'b',
};
const own = new OwnAddresses([udp, tcp, tls, six], ['sos.example.net']);

describe('OwnAddresses', () => {
  it.each([
    ['sip:192.0.2.1:5070', udp],
    ['sip:192.0.2.1:5070;transport=tcp', tcp],
    ['sip:192.0.2.1:5070;transport=TCP;lr', tcp],
    ['sip:10.0.0.1', udp],
    ['sip:192.0.2.1', undefined],
    ['sip:10.0.0.1:5070', undefined],
    ['sips:esrp.example.org', tls],
    ['sip:esrp.example.org;transport=tls', tls],
    ['sip:esrp.example.org', undefined],
    ['sip:[2001:DB8::1]', six],
    ['sip:sos.example.net:5070', udp],
    ['sip:sos.example.net:5060', udp],
    ['sip:sos.example.net', udp],
    ['sip:sos.example.net;transport=tcp', tcp],
    ['sips:SOS.example.net', tls],
    ['sip:sos.example.net:5099', undefined],
  ])('%s', (text, expected) => {
    const uri = parseSipUri(text);
    if (!uri.ok) throw new Error(uri.error.message);
    expect(own.ofUri(uri.value)).toBe(expected);
  });

  it('finds the listener of a flow, or one of its transport', () => {
    const remote = { address: '203.0.113.1', port: 1 };
    const at = (transport: Listener['transport'], address: string, port: number) =>
      own.ofFlow({ transport, local: { address, port }, remote, connectionId: undefined });
    expect(at('udp', '2001:db8::1', 5060)).toBe(six);
    expect(at('tcp', '10.0.0.1', 40_000)).toBe(tcp);
    expect(at('ws', '10.0.0.1', 40_000)).toBe(udp);
  });

  it('sends from a listener of the transport and family, a preferred one first', () => {
    expect(own.toSendFrom('udp', '198.51.100.1', [])).toBe(udp);
    expect(own.toSendFrom('udp', '2001:db8::9', [udp, tcp])).toBe(six);
    expect(own.toSendFrom('tcp', '198.51.100.1', [udp, undefined, tcp])).toBe(tcp);
    expect(own.toSendFrom('tcp', '2001:db8::9', [])).toBeUndefined();
    expect(own.toSendFrom('wss', '198.51.100.1', [])).toBeUndefined();
  });
});
