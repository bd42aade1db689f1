import { describe, expect, it } from 'vitest';
import { addressGuard } from '../../../src/net/http-address-guard.ts';

function guard(...networks: readonly string[]) {
  const made = addressGuard(networks);
  if (!made.ok) throw new Error(made.error.map(({ message }) => message).join());
  return made.value;
}

const refused: readonly (readonly [name: string, kind: string, ...addresses: string[]])[] = [
  ['loopback', 'loopback', '127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1'],
  ['RFC 1918', 'private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  ['unique local', 'private', 'fc00::1', 'fdff:ffff::1'],
  ['link-local', 'link-local', '169.254.0.1', 'fe80::1', 'febf::1'],
  ['site-local', 'site-local', 'fec0::1'],
  ['carrier NAT', 'carrier NAT', '100.64.0.1', '100.127.255.255'],
  ['multicast', 'multicast', '224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'],
  ['unspecified', 'unspecified', '0.0.0.0', '::', '::ffff:0.0.0.0', '64:ff9b::'],
  ['this network', 'this network', '0.0.0.1', '0.255.255.255'],
  ['broadcast', 'broadcast', '255.255.255.255'],
  ['reserved', 'reserved', '240.0.0.1', '4000::1', '1::1', '5f00::1'],
  ['benchmarking', 'benchmarking', '198.18.0.1', '198.19.255.255'],
  ['metadata', 'metadata', '169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16'],
  ['metadata on IPv6', 'metadata', 'fd00:ec2::254', 'FD00:0EC2:0:0:0:0:0:254', '::ffff:169.254.169.254'],
  ['IPv4-mapped', 'loopback', '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:127.0.0.1'],
  ['IPv4-mapped private', 'private', '::ffff:10.1.2.3', '::FFFF:C0A8:0101'],
  ['IPv4-compatible', 'IPv4-compatible', '::127.0.0.1', '::8.8.8.8', '::ffff:1'],
  ['IPv4-translated', 'reserved', '::ffff:0:127.0.0.1'],
  ['NAT64 of loopback', 'loopback', '64:ff9b::127.0.0.1', '64:ff9b::7f00:1'],
  ['NAT64 of private', 'private', '64:ff9b::10.0.0.0', '64:ff9b::192.168.0.1'],
  ['NAT64 of metadata', 'metadata', '64:ff9b::169.254.169.254'],
  ['local NAT64', 'NAT64', '64:ff9b:1::1', '64:ff9b:1:ffff::8.8.8.8'],
  ['6to4', '6to4', '2002:7f00:1::1', '2002:808:808::1', '192.88.99.1'],
  ['Teredo', 'Teredo', '2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['IETF assignments', 'protocol assignment', '192.0.0.8', '2001:1::1', '2001:20::1'],
  ['discard-only', 'discard-only', '100::1'],
  ['a zone', 'not an address', 'fe80::1%eth0', '2600::1%1'],
  ['no address', 'not an address', '', 'localhost', '127.1', '0x7f000001', '2130706433', '[::1]'],
];

describe('address guard', () => {
  it.each(refused)('refuses %s: %s', (_, kind, ...addresses) => {
    for (const address of addresses) expect(guard().refusal(address), address).toBe(kind);
  });

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.255.255',
    '172.32.0.1',
    '169.253.255.255',
    '198.17.255.255',
    '223.255.255.255',
    '203.0.113.7',
    '2600::1',
    '2a00:1450:4001::8a',
    '2001:db8::1',
    '2001:4860:4860::8888',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('allows %s', (address) => {
    expect(guard().refusal(address)).toBeUndefined();
  });

  it('allows what a network has, in whatever form the address is written', () => {
    const some = guard('127.0.0.0/8', 'fd00::/8', '10.1.2.3');
    for (const address of ['127.0.0.1', '::ffff:127.9.9.9', '64:ff9b::127.0.0.1', 'fd12::1', '10.1.2.3'])
      expect(some.refusal(address), address).toBeUndefined();
    expect(some.refusal('10.1.2.4')).toBe('private');
    expect(some.refusal('::1')).toBe('loopback');
  });

  it('wants metadata services to be listed by themselves', () => {
    const wide = guard('169.254.0.0/16', 'fd00::/8', '0.0.0.0/0', '::/0');
    expect(wide.refusal('169.254.169.254')).toBe('metadata');
    expect(wide.refusal('fd00:ec2::254')).toBe('metadata');
    expect(wide.refusal('169.254.1.1')).toBeUndefined();
    const named = guard('169.254.169.254/32', 'fd00:ec2::254');
    expect(named.refusal('169.254.169.254')).toBeUndefined();
    expect(named.refusal('fd00:ec2::254')).toBeUndefined();
  });

  it('never allows what names no single machine', () => {
    const wide = guard('0.0.0.0/0', '::/0');
    for (const address of ['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255'])
      expect(wide.refusal(address), address).toBeTypeOf('string');
  });

  it('reports every network that is none', () => {
    const made = addressGuard(['10.0.0.0/33', '10.0.0.0/8', 'x']);
    expect(made.ok ? [] : made.error.map(({ code }) => code)).toEqual(['net.badNetwork', 'net.badNetwork']);
  });
});
