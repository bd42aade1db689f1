import { isIP } from 'node:net';
import { assert } from './base/index.ts';
import type { Config } from './config/index.ts';
import type { Profile } from './esrp/index.ts';
import { type NextHopFilter, nextHopFilter } from './net/index.ts';
import { parseSipUri } from './sip/index.ts';

/** Whose rules a peer goes by that the configuration does not name. */
const usualProfile: Profile = 'nena-i3';

/**
 * Finds the profile of who a target's URI names: by its host, then by the longest `*.domain` that it lies below, then, for
 * an address, by the first network that it is in. A name is not looked up: who is known by a network alone and named by a
 * host name is no peer.
 */
export function profileLookup(peers: Config['peers']): (targetUri: string) => Profile {
  const hosts = new Map<string, Profile>();
  const domains = new Map<string, Profile>();
  const networks: { readonly filter: NextHopFilter; readonly profile: Profile }[] = [];
  for (const peer of Object.values(peers)) {
    for (const host of peer.hosts) {
      const [names, name] = host.startsWith('*.') ? [domains, host.slice(2)] : [hosts, host];
      const key = plainHost(name);
      if (!names.has(key)) names.set(key, peer.profile);
    }
    // Of an empty list the filter makes one that takes every address.
    if (peer.networks.length === 0) continue;
    const filter = nextHopFilter(peer.networks);
    assert(filter.ok, 'the configuration has checked the networks');
    networks.push({ filter: filter.value, profile: peer.profile });
  }
  return (targetUri) => {
    if (hosts.size + domains.size + networks.length === 0) return usualProfile;
    const uri = parseSipUri(targetUri);
    if (!uri.ok) return usualProfile;
    const host = plainHost(uri.value.host);
    const byName = hosts.get(host) ?? profileOfDomain(host, domains);
    if (byName !== undefined || isIP(host) === 0) return byName ?? usualProfile;
    return networks.find(({ filter }) => filter.allows(host))?.profile ?? usualProfile;
  };
}

function profileOfDomain(host: string, domains: ReadonlyMap<string, Profile>): Profile | undefined {
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    const profile = domains.get(host.slice(dot + 1));
    if (profile !== undefined) return profile;
  }
  return undefined;
}

/** In lower case, without the brackets of IPv6 and without the dot of a root name. */
function plainHost(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (!name.startsWith('[') || !name.endsWith(']')) return name;
  return plainAddress(name.slice(1, -1));
}

/** An IPv6 address in the one form that a URL gives it (RFC 5952), so that two spellings are one host. */
function plainAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
