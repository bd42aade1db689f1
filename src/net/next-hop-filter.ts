import { BlockList } from 'node:net';
import { type CodedError, err, ok, type Result } from '../base/index.ts';
import { familyOf } from './addresses.ts';

/** Decides which addresses calls may be sent to. */
export interface NextHopFilter {
  allows(address: string): boolean;
}

/**
 * Reads a list of networks (`192.0.2.0/24`, `2001:db8::/32`, single addresses). An empty list allows every unicast
 * address. Addresses that name no single machine (unspecified, multicast, broadcast) are never allowed.
 * All problems are reported together: `net.badNetwork`.
 */
export function nextHopFilter(networks: readonly string[]): Result<NextHopFilter, readonly CodedError[]> {
  const allowed = new BlockList();
  const problems: CodedError[] = [];
  for (const network of networks) {
    const problem = addNetwork(allowed, network);
    if (problem !== undefined) problems.push({ code: 'net.badNetwork', message: problem });
  }
  if (problems.length > 0) return err(problems);
  const isOpen = networks.length === 0;
  const never = notUnicast();
  const contains = (list: BlockList, address: string): boolean => {
    const plain = withoutMapping(address);
    const family = familyOf(plain);
    return family !== undefined && list.check(plain, family);
  };
  return ok({
    allows: (address) =>
      familyOf(address) !== undefined && !contains(never, address) && (isOpen || contains(allowed, address)),
  });
}

/** Adds a network to a list; says what is wrong with one that is none. */
export function addNetwork(list: BlockList, network: string): string | undefined {
  const slash = network.indexOf('/');
  const address = slash < 0 ? network : network.slice(0, slash);
  const family = familyOf(address);
  const widest = family === 'ipv4' ? 32 : 128;
  const prefixText = slash < 0 ? String(widest) : network.slice(slash + 1);
  const prefix = /^[0-9]{1,3}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (family === undefined || !(prefix <= widest)) {
    return `"${network}" is no network: write an IPv4 or IPv6 address, or address/prefix such as 192.0.2.0/24`;
  }
  list.addSubnet(address, prefix, family);
  return undefined;
}

function notUnicast(): BlockList {
  const list = new BlockList();
  list.addAddress('0.0.0.0', 'ipv4');
  list.addAddress('255.255.255.255', 'ipv4');
  list.addSubnet('224.0.0.0', 4, 'ipv4');
  list.addAddress('::', 'ipv6');
  list.addSubnet('ff00::', 8, 'ipv6');
  return list;
}

/** `::ffff:192.0.2.1` reaches 192.0.2.1, so it is judged as that (RFC 4291 §2.5.5.2). */
function withoutMapping(address: string): string {
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  return mapped !== undefined && familyOf(mapped) === 'ipv4' ? mapped : address;
}
