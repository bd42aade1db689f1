/** The schemes of RFC 6442 §4.1, those that turn up all the same, and the rest. */
export type GeolocationScheme = 'cid' | 'http' | 'https' | 'sip' | 'sips' | 'pres' | 'geo' | 'other';

/** One value of a Geolocation header field. */
export interface GeolocationValue {
  /** Without angle brackets and the white space in them. */
  readonly uri: string;
  readonly scheme: GeolocationScheme;
  /** By lower-case name; without a value: the empty text. RFC 6442 defines none, RFC 8787 `loc-src`. */
  readonly params: ReadonlyMap<string, string>;
  /** As received, for records. */
  readonly raw: string;
}

const schemes: ReadonlySet<string> = new Set<GeolocationScheme>([
  'cid',
  'http',
  'https',
  'sip',
  'sips',
  'pres',
  'geo',
]);

/**
 * Reads Geolocation header field values, several to a line or not, in order (RFC 6442 §4.1). Angle brackets
 * may be missing or unclosed; what is no URI at all has the scheme `other`; empty values are left out.
 */
export function parseGeolocationHeader(values: readonly string[]): readonly GeolocationValue[] {
  const found: GeolocationValue[] = [];
  for (const value of values) {
    for (const raw of splitValues(value)) {
      const read = readValue(raw);
      if (read !== undefined) found.push(read);
    }
  }
  return found;
}

/** The host name in `loc-src`, in lower case (RFC 8787 §4); undefined where it is no fully qualified one, such as an address. */
export function locationSourceOf(text: string): string | undefined {
  const name = text.trim().toLowerCase();
  if (name.length > 255) return undefined;
  return /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z](?:[a-z\d-]{0,61}[a-z\d])?\.?$/.test(name)
    ? name
    : undefined;
}

/**
 * Whether a cid URL names the body part with this Content-ID (RFC 2392 §2), whatever programs make of it:
 * percent-encoded or not, with or without angle brackets on either side, the domain in any case, and one of
 * the two without its domain.
 */
export function cidMatches(uri: string, contentId: string): boolean {
  const wanted = decodeCid(uri);
  const actual = splitId(contentId);
  if (wanted.local === '' || wanted.local !== actual.local) return false;
  return wanted.domain === undefined || actual.domain === undefined || wanted.domain === actual.domain;
}

/**
 * Splits a line at the commas between values: not inside brackets or quotes, and in a bare URI only before
 * another URI.
 */
function splitValues(line: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let closing = '';
  let hasBrackets = false;
  for (let i = 0; i < line.length; i += 1) {
    const character = line.charAt(i);
    if (closing !== '') {
      if (character === closing) closing = '';
    } else if (character === '<') {
      closing = '>';
      hasBrackets = true;
    } else if (character === '"') {
      closing = '"';
    } else if (character === ',' && (hasBrackets || startsValue(line, i + 1))) {
      parts.push(line.slice(start, i));
      start = i + 1;
      hasBrackets = false;
    }
  }
  parts.push(line.slice(start));
  return parts;
}

const valueStart = /[\t ]*(?:<|[A-Za-z][A-Za-z0-9+.-]{0,20}:|$|,)/y;

function startsValue(line: string, offset: number): boolean {
  valueStart.lastIndex = offset;
  return valueStart.test(line);
}

function readValue(part: string): GeolocationValue | undefined {
  const raw = part.trim();
  const open = raw.indexOf('<');
  let uri: string;
  let rest: string;
  if (open === -1) {
    // Without brackets, what follows a semicolon are header parameters (RFC 3261 §20.10's rule for addresses).
    const semicolon = raw.indexOf(';');
    uri = semicolon === -1 ? raw : raw.slice(0, semicolon);
    rest = semicolon === -1 ? '' : raw.slice(semicolon);
  } else {
    const close = raw.indexOf('>', open);
    uri = close === -1 ? raw.slice(open + 1) : raw.slice(open + 1, close);
    rest = close === -1 ? '' : raw.slice(close + 1);
  }
  uri = uri.trim();
  if (uri === '') return undefined;
  return { uri, scheme: schemeOf(uri), params: readParams(rest), raw };
}

function schemeOf(uri: string): GeolocationScheme {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(uri)?.[1]?.toLowerCase() ?? '';
  return schemes.has(scheme) ? (scheme as GeolocationScheme) : 'other';
}

function readParams(text: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const name = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase();
    const value = equals === -1 ? '' : part.slice(equals + 1).trim();
    if (name !== '' && !params.has(name)) params.set(name, value.replace(/^"(.*)"$/, '$1'));
  }
  return params;
}

/**
 * An identifier without the angle brackets and white space around it. A loop, because a pattern would try
 * every inner run of spaces.
 */
export function stripBrackets(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && ' \t\r\n<'.includes(text.charAt(start))) start += 1;
  while (end > start && ' \t\r\n>'.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return stripBrackets(decodeURIComponent(text));
  } catch {
    // Not UTF-8 behind the percent signs: the text is compared as it stands.
    return text;
  }
}

/** The two halves of a Content-ID: what is before its last @, which is compared exactly, and the domain, in lower case. */
export interface IdHalves {
  readonly local: string;
  readonly domain: string | undefined;
}

/** The Content-ID that a cid URL names (RFC 2392 §2). */
export function decodeCid(uri: string): IdHalves {
  return halves(decodePercent(withoutScheme(uri)));
}

/** A Content-ID, or what was written for one, by its halves (RFC 2392 §2, RFC 5322 §3.6.4). */
export function splitId(contentId: string): IdHalves {
  return halves(withoutScheme(contentId));
}

function withoutScheme(text: string): string {
  return stripBrackets(text).replace(/^cid:/i, '');
}

function halves(id: string): IdHalves {
  const at = id.lastIndexOf('@');
  if (at === -1) return { local: id, domain: undefined };
  return { local: id.slice(0, at), domain: id.slice(at + 1).toLowerCase() };
}
