import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Internet protocol versions. */
export type Family = 'ipv4' | 'ipv6';

/** The family of an IP literal (without brackets; an IPv6 zone is allowed), or undefined for anything else. */
export function familyOf(address: string): Family | undefined {
  const version = isIP(address);
  if (version === 4) return 'ipv4';
  return version === 6 ? 'ipv6' : undefined;
}

/** Takes the brackets off an IPv6 reference. */
export function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** `host:port` for people and for keys, with brackets around IPv6. */
export function endpointText(endpoint: { readonly address: string; readonly port: number }): string {
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}

/**
 * The host that peers can reach a listener by: its address, or for a wildcard address the machine's first outward
 * address of that family (loopback where there is none).
 */
export function announcedHostFor(address: string): string {
  const family = familyOf(address) ?? 'ipv4';
  if (address !== '0.0.0.0' && address !== '::') return address;
  for (const addresses of Object.values(networkInterfaces())) {
    for (const candidate of addresses ?? []) {
      const isLinkLocal = candidate.address.startsWith('fe80:');
      if (!candidate.internal && !isLinkLocal && candidate.family.toLowerCase() === family)
        return candidate.address;
    }
  }
  return family === 'ipv4' ? '127.0.0.1' : '::1';
}
