import { canonicalHost, hostMatcher } from './http-target.ts';
import type { HttpCredentials } from './http-types.ts';

/**
 * What is shown to a host: by its own name, else by the longest `*.domain` that it lies below. As an Authorization header
 * (RFC 7617 with UTF-8, RFC 6750 §2.1).
 */
export function authorizationOf(
  credentials: Readonly<Record<string, HttpCredentials>>,
): (host: string) => string | undefined {
  const rows = Object.entries(credentials)
    .map(([pattern, value]) => ({
      isBelow: pattern.startsWith('*.'),
      length: canonicalHost(pattern.replace(/^\*\./, ''))?.length ?? 0,
      matches: hostMatcher([pattern]),
      header: headerOf(value),
    }))
    .toSorted((one, other) => Number(one.isBelow) - Number(other.isBelow) || other.length - one.length);
  return (host) => rows.find(({ matches }) => matches(host))?.header;
}

function headerOf(credentials: HttpCredentials): string {
  if ('bearerToken' in credentials) return `Bearer ${credentials.bearerToken}`;
  const { username, password } = credentials;
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
