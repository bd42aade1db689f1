import { domainToASCII } from 'node:url';
import { familyOf, withoutBrackets } from './addresses.ts';

/** One value of a certificate's subjectAltName. */
export interface AltName {
  readonly kind: 'uri' | 'dns' | 'ip' | 'other';
  readonly value: string;
}

/** Who a certificate says its holder is. */
export interface CertificateNames {
  /** SIP domains in lower case (RFC 5922 §7.1). */
  readonly domains: readonly string[];
  /** Addresses of iPAddress values, as {@link canonicalAddress} writes them. */
  readonly addresses: readonly string[];
}

const altNameKinds: Readonly<Record<string, AltName['kind']>> = {
  uri: 'uri',
  dns: 'dns',
  'ip address': 'ip',
};
/** Kind, colon, then a value that is quoted where it holds anything odd. */
const altName = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/y;
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Takes apart a subjectAltName as Node prints it: `DNS:a.example, URI:sip:b.example, IP Address:192.0.2.1`, with odd
 * values as JSON strings. What cannot be read is left out, so that it never stands for an identity.
 */
export function parseAltNames(text: string): readonly AltName[] {
  const names: AltName[] = [];
  altName.lastIndex = 0;
  for (let match = altName.exec(text); match !== null; match = altName.exec(text)) {
    const value = unquoted(match[2] ?? '');
    const kind = altNameKinds[(match[1] ?? '').trim().toLowerCase()] ?? 'other';
    if (value !== undefined) names.push({ kind, value });
    if (altName.lastIndex >= text.length) break;
  }
  return names;
}

/**
 * The SIP domains and the addresses that a certificate names (RFC 5922 §7.1): hosts of `sip` URIs without a user; DNS
 * names only where there is no such URI; the common name only where the certificate has no subjectAltName at all.
 */
export function certificateNames(certificate: {
  /** As Node prints it; undefined where the certificate has none. */
  readonly subjectAltName: string | undefined;
  readonly commonName: string | undefined;
}): CertificateNames {
  const { subjectAltName, commonName } = certificate;
  if (subjectAltName === undefined || subjectAltName === '') {
    const name = commonName === undefined ? undefined : domainName(commonName);
    return { domains: name === undefined ? [] : [name], addresses: [] };
  }
  const altNames = parseAltNames(subjectAltName);
  const of = (kind: AltName['kind'], read: (value: string) => string | undefined): readonly string[] => [
    ...new Set(altNames.flatMap((name) => (name.kind === kind ? (read(name.value) ?? []) : []))),
  ];
  const fromUris = of('uri', sipUriHost);
  return {
    domains: fromUris.length > 0 ? fromUris : of('dns', domainName),
    addresses: of('ip', canonicalAddress),
  };
}

/**
 * Whether a certificate's holder is the host that a URI named (RFC 5922 §7.2, §7.3): whole names without regard to case,
 * no suffixes, no wildcards. A host that is an address must be an iPAddress value, or the host of a `sip` URI.
 */
export function provesHost(names: CertificateNames, host: string): boolean {
  const address = canonicalAddress(withoutBrackets(host));
  if (address !== undefined) return names.addresses.includes(address) || names.domains.includes(address);
  const wanted = domainName(host);
  return wanted !== undefined && names.domains.includes(wanted);
}

/** An IP literal in the one form that can be compared; undefined for anything else. Zones are refused. */
export function canonicalAddress(text: string): string | undefined {
  const family = familyOf(text);
  if (family === undefined || text.includes('%')) return undefined;
  return family === 'ipv4' ? text : new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

/** A DNS name in lower case and in its ASCII form (RFC 5280 §7.2), without a last dot; undefined where it is none. */
export function domainName(text: string): string | undefined {
  const isAscii = /^[\x21-\x7e]+$/.test(text);
  const ascii = (isAscii ? text : domainToASCII(text)).toLowerCase();
  const name = ascii.endsWith('.') ? ascii.slice(0, -1) : ascii;
  // A wildcard is not taken for one, and matches nothing (RFC 5922 §7.2).
  if (name.length === 0 || name.length > 253 || familyOf(name) !== undefined) return undefined;
  return name.split('.').every((part) => label.test(part)) ? name : undefined;
}

/** The host of a `sip` URI without a user; `sips` and everything else is no SIP domain identity (RFC 5922 §7.1). */
function sipUriHost(uri: string): string | undefined {
  const match = /^sip:(\[[0-9a-f:.]+\]|[^\s@:;?[\]/]+)(?::\d{1,5})?(?:[;?][^@\s]*)?$/i.exec(uri);
  const host = match?.[1];
  if (host === undefined) return undefined;
  return canonicalAddress(withoutBrackets(host)) ?? domainName(host);
}

function unquoted(value: string): string | undefined {
  if (!value.startsWith('"')) return value;
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}
