import { type CodedError, err, ok, type Result } from '../base/index.ts';
import { familyOf, withoutBrackets } from './addresses.ts';
import { dnsName } from './dns-name.ts';
import type { NetErrorCode } from './errors.ts';
import type { AddressGuard } from './http-address-guard.ts';

/** A server and what is asked of it, out of a URI that has gone through all rules that need no name server. */
export interface HttpTarget {
  /** `https://host` or `https://host:port`, canonical: the key of connections and of what is remembered. */
  readonly origin: string;
  /** In lower case without a final dot; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** Whether the host is an address. */
  readonly isAddress: boolean;
  /** Path and query: the secret part. */
  readonly path: string;
  readonly uri: string;
}

/** What a URI is held against. */
export interface TargetRules {
  readonly plainHttp: boolean;
  isHostListed(host: string): boolean;
  readonly guard: AddressGuard;
  /** Exempt from the lists of hosts and networks. */
  readonly isTrusted: boolean;
}

type Refusal = CodedError<NetErrorCode>;

const uriLengthMax = 8_000;

/**
 * Ports of other services, which an HTTP request could be made to speak to: those that browsers refuse (WHATWG Fetch,
 * "port blocking"). Any other may be a location server's: RFC 6753 §5 shows 49152.
 */
const otherServices: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/**
 * Reads a URI and holds it against the rules. Errors `net.httpUriRefused`, `net.httpHostRefused` and
 * `net.httpAddressRefused` name the host at most.
 */
export function httpTarget(uri: string, rules: TargetRules): Result<HttpTarget, Refusal> {
  const url = readUri(uri);
  if (url === undefined) return refuse('net.httpUriRefused', 'it is no URI that can be fetched');
  const isSecure = url.protocol === 'https:';
  if (!isSecure && url.protocol !== 'http:')
    return refuse('net.httpUriRefused', `${url.protocol} is not fetched, https: is`);
  if (!isSecure && !rules.plainHttp) {
    return refuse(
      'net.httpUriRefused',
      `${url.hostname} is to be asked without TLS; location.references.plainHttp would allow it`,
    );
  }
  // Userinfo is deprecated (RFC 3986 §3.2.1), serves to deceive, and would be a credential that a caller chose.
  if (/^[^/]*\/\/[^/?#]*@/.test(uri))
    return refuse('net.httpUriRefused', `a user stands before ${url.hostname}`);
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  if (otherServices.has(port))
    return refuse('net.httpUriRefused', `port ${port} of ${url.hostname} belongs to another service`);
  const host = canonicalHost(url.hostname);
  if (host === undefined) return refuse('net.httpUriRefused', 'its host is no name that can be looked up');
  const isAddress = familyOf(host) !== undefined;
  if (!rules.isTrusted) {
    if (!rules.isHostListed(host))
      return refuse('net.httpHostRefused', `${host} is not in location.references.hosts`);
    const refusal = isAddress ? rules.guard.refusal(host) : undefined;
    if (refusal !== undefined) return err(addressRefused(host, [`${host} (${refusal})`]));
  }
  const scheme = isSecure ? 'https' : 'http';
  const authority = `${host.includes(':') ? `[${host}]` : host}${url.port === '' ? '' : `:${port}`}`;
  const origin = `${scheme}://${authority}`;
  const path = `${url.pathname}${url.search}`;
  return ok({ origin, host, port, isSecure, isAddress, path, uri: `${origin}${path}` });
}

/** The error for a host at addresses that may not be asked. */
export function addressRefused(host: string, refused: readonly string[]): Refusal {
  return {
    code: 'net.httpAddressRefused',
    message: `${host} is at ${refused.join(', ')}, which is not public; location.references.networks would allow it`,
  };
}

/** Where a redirect leads: `location` is relative to what was asked (RFC 9110 §10.2.2). Undefined: it is no URI. */
export function redirectUri(location: string, from: HttpTarget): string | undefined {
  if (!isPlain(location) || !URL.canParse(location, from.uri)) return undefined;
  // Resolving would hide a user in it from the rules; only an absolute one has an authority of its own.
  if (/^([a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/i.test(location)) return undefined;
  return new URL(location, from.uri).href;
}

/**
 * Whether a host is in a list of names, addresses and `*.domain`. Names are compared whole and without regard to case.
 */
export function hostMatcher(patterns: readonly string[]): (host: string) => boolean {
  const exact = new Set<string>();
  const suffixes: string[] = [];
  for (const pattern of patterns) {
    const isBelow = pattern.startsWith('*.');
    const host = canonicalHost(isBelow ? pattern.slice(2) : pattern);
    if (host === undefined) continue;
    if (isBelow) suffixes.push(`.${host}`);
    else exact.add(host);
  }
  return (host) => exact.has(host) || suffixes.some((suffix) => host.endsWith(suffix));
}

/**
 * A host as URIs are compared by: lower case, no brackets, no final dot, addresses in their one form however they were
 * spelled (`0x7f.1`, `2130706433`). Undefined for what no name server can be asked about.
 */
export function canonicalHost(text: string): string | undefined {
  if (!URL.canParse(`http://${text}/`)) return undefined;
  const host = withoutBrackets(new URL(`http://${text}/`).hostname);
  return familyOf(host) === undefined ? dnsName(host) : host;
}

function readUri(uri: string): URL | undefined {
  return isPlain(uri) && URL.canParse(uri) ? new URL(uri) : undefined;
}

/** `URL` drops tabs and line ends and takes `\` for `/`; other programs do not, so what has them is not read at all. */
function isPlain(uri: string): boolean {
  return uri.length <= uriLengthMax && /^[\x21-\x5b\x5d-\x7e]+$/.test(uri);
}

function refuse(code: NetErrorCode, why: string): Result<never, Refusal> {
  return err({ code, message: why });
}
