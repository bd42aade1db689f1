import { BlockList } from 'node:net';
import { type CodedError, err, ok, type Result } from '../base/index.ts';
import { familyOf } from './addresses.ts';
import { addNetwork } from './next-hop-filter.ts';
import { canonicalAddress } from './tls-identity.ts';

/** Decides which addresses may be asked for a document whose URI somebody else wrote. */
export interface AddressGuard {
  /** Why nothing may be sent to this address, in a word or two such as `loopback`; undefined: it may be asked. */
  refusal(address: string): string | undefined;
}

/**
 * Public unicast addresses, and those in `networks`. Addresses that name no single machine are never asked. Those at which
 * clouds hand out a machine's credentials are asked only where `networks` has them by themselves (`/32`, `/128`): an
 * operator who lists `fd00::/8` means own hosts. All problems of the list are reported together: `net.badNetwork`.
 */
export function addressGuard(networks: readonly string[]): Result<AddressGuard, readonly CodedError[]> {
  const listed = new BlockList();
  const single = new BlockList();
  const problems: CodedError[] = [];
  for (const network of networks) {
    const problem = addNetwork(listed, network);
    if (problem !== undefined) problems.push({ code: 'net.badNetwork', message: problem });
    else if (isSingle(network)) addNetwork(single, network);
  }
  if (problems.length > 0) return err(problems);
  return ok({
    refusal: (address) => {
      const plain = reachedAddress(address);
      if (plain === undefined) return 'not an address';
      const kind = specialKind(plain);
      if (kind === undefined || never.has(kind)) return kind;
      return contains(kind === 'metadata' ? single : listed, plain) ? undefined : kind;
    },
  });
}

const never: ReadonlySet<string> = new Set(['unspecified', 'multicast', 'broadcast']);

/**
 * What is not global unicast, by IANA's registries of special-purpose addresses (RFC 6890, RFC 8190), the narrower first.
 * Documentation networks are left out: they lead nowhere, so nothing can be reached through them.
 */
const special: readonly (readonly [network: string, kind: string])[] = [
  // Where clouds and container hosts tell a machine its credentials.
  ['169.254.169.254/32', 'metadata'],
  ['169.254.170.2/32', 'metadata'],
  ['169.254.170.23/32', 'metadata'],
  ['100.100.100.200/32', 'metadata'],
  ['168.63.129.16/32', 'metadata'],
  ['192.0.0.192/32', 'metadata'],
  ['fd00:ec2::254/128', 'metadata'],
  ['fd00:ec2::23/128', 'metadata'],
  ['fd20:ce::254/128', 'metadata'],
  ['0.0.0.0/32', 'unspecified'],
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'carrier NAT'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'protocol assignment'],
  ['192.88.99.0/24', '6to4'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'benchmarking'],
  ['224.0.0.0/4', 'multicast'],
  ['255.255.255.255/32', 'broadcast'],
  ['240.0.0.0/4', 'reserved'],
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['::/96', 'IPv4-compatible'],
  // RFC 8215: what IPv4 address stands behind is known to that network alone.
  ['64:ff9b:1::/48', 'NAT64'],
  ['100::/64', 'discard-only'],
  ['2001::/32', 'Teredo'],
  ['2001::/23', 'protocol assignment'],
  ['2002::/16', '6to4'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['ff00::/8', 'multicast'],
];

const specialLists = special.map(([network, kind]) => {
  const list = new BlockList();
  addNetwork(list, network);
  return { list, kind, family: familyOf(network.slice(0, network.indexOf('/'))) };
});

const globalIpv6 = new BlockList();
addNetwork(globalIpv6, '2000::/3');

function specialKind(address: string): string | undefined {
  const family = familyOf(address);
  if (family === undefined) return 'not an address';
  const found = specialLists.find((entry) => entry.family === family && entry.list.check(address, family));
  if (found !== undefined) return found.kind;
  // RFC 4291 §2.4: everything that is handed out as global unicast lies in 2000::/3.
  return family === 'ipv6' && !globalIpv6.check(address, 'ipv6') ? 'reserved' : undefined;
}

function contains(list: BlockList, address: string): boolean {
  const family = familyOf(address);
  return family !== undefined && list.check(address, family);
}

/**
 * The address that packets reach in the end, in its canonical form: that inside of an IPv4-mapped address (RFC 4291
 * §2.5.5.2) and of one with the well-known prefix of NAT64 (RFC 6052 §2.1). Undefined for what is no address, and for
 * addresses with a zone.
 */
function reachedAddress(address: string): string | undefined {
  const canonical = canonicalAddress(address);
  if (canonical === undefined || familyOf(canonical) === 'ipv4') return canonical;
  const inside =
    /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ??
    /^64:ff9b::(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})?$/.exec(canonical);
  if (inside === null) return canonical;
  const high = Number.parseInt(inside[1] ?? '0', 16);
  const low = Number.parseInt(inside[2] ?? '0', 16);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function isSingle(network: string): boolean {
  const slash = network.indexOf('/');
  if (slash < 0) return true;
  return network.slice(slash + 1) === (network.includes(':') ? '128' : '32');
}
