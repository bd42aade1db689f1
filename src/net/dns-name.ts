/** Octets of a name as text, without the final dot (RFC 1035 §2.3.4: 255 on the wire). */
const nameLengthMax = 253;
const labelLengthMax = 63;
/** Letters, digits and hyphens, and the underscore of service labels (RFC 1123 §2.1, RFC 2782). */
const label = /^[a-z0-9_-]+$/;

/**
 * A name as questions and cache keys hold it: lower case, no final dot. Undefined for what no name server can be asked
 * about: empty or overlong labels, other characters.
 */
export function dnsName(text: string): string | undefined {
  const lower = text.toLowerCase();
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower;
  if (name.length === 0 || name.length > nameLengthMax) return undefined;
  const isGood = name.split('.').every((part) => part.length <= labelLengthMax && label.test(part));
  return isGood ? name : undefined;
}

/** RFC 6761 §6.4: names under `invalid` do not exist, and name servers are not asked. Browsers put them into Contacts. */
export function isReservedAbsent(name: string): boolean {
  return name === 'invalid' || name.endsWith('.invalid');
}

/** What the search list of the system makes of a host name, in order of trial (resolv.conf(5) `search` and `ndots`). */
export function searchNames(
  host: string,
  options: { readonly search: readonly string[]; readonly ndots: number },
): readonly string[] {
  const name = dnsName(host);
  if (name === undefined) return [];
  const dots = name.split('.').length - 1;
  // Names with dots enough are taken as they are, without the list behind them: RFC 1535 §6.
  if (host.endsWith('.') || dots >= options.ndots || options.search.length === 0) return [name];
  const searched = options.search.flatMap((suffix) => dnsName(`${name}.${suffix}`) ?? []);
  return [...searched, name];
}
