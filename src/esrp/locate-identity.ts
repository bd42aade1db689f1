import { normaliseNumberKey } from '../location/index.ts';
import { type Flow, headerValues, parseUri, type SipRequest, type TelUri, type Uri } from '../sip/index.ts';
import { identityUrisMax } from './limits.ts';
import type { CallerIdentity } from './ports.ts';

/** Who says who the caller is, the most trusted first (RFC 3325 §4, RFC 6881 §9.2). */
const identityHeaders = ['p-asserted-identity', 'p-preferred-identity', 'from', 'contact'];
/** The same for the caller's number: a Contact names a device. */
const numberHeaders = ['p-asserted-identity', 'from', 'p-preferred-identity'];

/**
 * What a location server may know the caller by: URIs alone, since display names hold anything, and no URI that says of
 * itself that it names nobody.
 */
export function callerIdentity(request: SipRequest, flow: Flow): CallerIdentity {
  const uris = new Set<string>();
  for (const uri of namedUris(request, identityHeaders)) {
    if (uris.size < identityUrisMax && isSomebody(uri)) uris.add(withoutHeaders(uri));
  }
  return { ip: flow.remote.address, uris: [...uris] };
}

/** The caller's numbers as keys of the number table, the most trusted first. */
export function callerNumbers(request: SipRequest): readonly string[] {
  const keys = new Set<string>();
  for (const uri of namedUris(request, numberHeaders)) {
    const number = numberIn(uri);
    const key = number === undefined ? undefined : normaliseNumberKey(number);
    if (key !== undefined && keys.size < identityUrisMax) keys.add(key);
  }
  return [...keys];
}

function* namedUris(request: SipRequest, names: readonly string[]): Generator<Uri> {
  for (const name of names) {
    for (const value of headerValues(request, name)) {
      const parsed = parseUri(uriTextOf(value));
      if (parsed.ok) yield parsed.value;
    }
  }
}

/**
 * The URI of an address, whatever stands around it: names without quotes that hold `&` and other signs are common, and a
 * grammar refuses them.
 */
function uriTextOf(value: string): string {
  const text = value.trim();
  const nameEnd = text.startsWith('"') ? closingQuote(text) : 0;
  const open = text.indexOf('<', nameEnd);
  if (open === -1) return (text.slice(nameEnd).split(';')[0] ?? '').trim();
  const close = text.indexOf('>', open);
  return (close === -1 ? text.slice(open + 1) : text.slice(open + 1, close)).trim();
}

function closingQuote(text: string): number {
  for (let i = 1; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === '"') return i + 1;
  }
  return 0;
}

function isSomebody(uri: Uri): boolean {
  if (uri.kind === 'tel') return true;
  // RFC 3323 §4.1.1.3: anonymous.invalid; RFC 3261 §8.1.1.3: anonymous at any domain.
  return (
    uri.kind === 'sip' &&
    uri.user !== undefined &&
    uri.user.toLowerCase() !== 'anonymous' &&
    !uri.host.toLowerCase().endsWith('.invalid')
  );
}

function withoutHeaders(uri: Uri): string {
  const at = uri.kind === 'sip' ? uri.raw.indexOf('?') : -1;
  return at === -1 ? uri.raw : uri.raw.slice(0, at);
}

// RFC 3966 §5.1.5: the context of a local number is the beginning of its global form, or a domain that nobody else knows.
function globalNumber({ number, params }: TelUri): string {
  const context = params.find(({ name }) => name.toLowerCase() === 'phone-context')?.value;
  return number.startsWith('+') || !context?.startsWith('+') ? number : context + number;
}

// RFC 3261 §19.1.6: `user=phone` says that the user part is a number. A global number says so itself.
function numberIn(uri: Uri): string | undefined {
  if (uri.kind === 'tel') return globalNumber(uri);
  if (uri.kind !== 'sip' || uri.user === undefined) return undefined;
  const user = (uri.user.split(';')[0] ?? '').replace(/%2b/gi, '+');
  const isPhone = uri.params.some(
    ({ name, value }) => name.toLowerCase() === 'user' && value?.toLowerCase() === 'phone',
  );
  return isPhone || /^\+[0-9.()-]+$/.test(user) ? user : undefined;
}
