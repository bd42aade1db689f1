/** What one network access says of the place, as keys of the cell tables. */
interface AccessKeys {
  /** A single line, access point or cell. */
  readonly exact: readonly string[];
  /** A location area or tracking area. */
  readonly areas: readonly string[];
}

/** Parameters of P-Access-Network-Info (RFC 7315 §5.4) and the kinds of key that they make, by falling precision. */
const kindOfParam: ReadonlyMap<string, string> = new Map([
  ['dsl-location', 'dsl'],
  ['fiber-location', 'fiber'],
  ['eth-location', 'eth'],
  ['gstn-location', 'gstn'],
  ['dvb-rcs2-node-id', 'dvb'],
  ['i-wlan-node-id', 'wlan'],
  ['ci-3gpp2-femto', 'cdma-femto'],
  ['cgi-3gpp', '3gpp'],
  ['utran-cell-id-3gpp', '3gpp'],
  ['ci-3gpp2', 'cdma'],
  ['utran-sai-3gpp', '3gpp-sai'],
]);

const kinds: ReadonlySet<string> = new Set([...kindOfParam.values(), '3gpp-area']);

/** Characters of a key; a longer one is none. */
const keyCharactersMax = 256;
/** Accesses of one request that are looked at. */
const accessesMax = 16;

/**
 * Keys of the cell tables that P-Access-Network-Info values name (RFC 7315 §5.4, 3GPP TS 24.229 §7.2A.4.3), each once:
 * single lines, access points and cells first, then location and tracking areas; in each of the two what the network provided
 * (`network-provided`) before what the device says. Pure; never throws for input.
 */
export function accessNetworkKeys(values: readonly string[]): readonly string[] {
  const fromNetwork: AccessKeys[] = [];
  const fromDevice: AccessKeys[] = [];
  for (const access of values.flatMap(splitAccesses).slice(0, accessesMax)) {
    const params = splitParams(access);
    (params.has('network-provided') ? fromNetwork : fromDevice).push(keysOf(params));
  }
  const all = [...fromNetwork, ...fromDevice];
  return [...new Set([...all.flatMap(({ exact }) => exact), ...all.flatMap(({ areas }) => areas)])];
}

/**
 * A key of the cell tables in the one form in which it is compared: `3gpp:<cell identity>`, `3gpp-area:`, `3gpp-sai:`,
 * `wlan:aa:bb:cc:dd:ee:ff`, `cdma:`, `cdma-femto:`, `dsl:`, `fiber:`, `eth:`, `gstn:`, `dvb:`, in lower case. A cell identity
 * or a hardware address alone is taken for what it looks like. Undefined: no key.
 */
export function normaliseCellKey(text: string): string | undefined {
  const trimmed = text.trim();
  const colon = trimmed.indexOf(':');
  const kind = trimmed.slice(0, Math.max(colon, 0)).trim().toLowerCase();
  if (kinds.has(kind)) return keyOf(kind, trimmed.slice(colon + 1));
  return hardwareAddress(trimmed) === undefined ? keyOf('3gpp', trimmed) : keyOf('wlan', trimmed);
}

/**
 * A telephone number in the one form in which it is compared: `+` and the digits of E.164. Out of a `tel:` URI, the user part of
 * a `sip:` URI, or a number with visual separators (RFC 3966 §5.1.1). Undefined: not a global number.
 */
export function normaliseNumberKey(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > keyCharactersMax) return undefined;
  const uri = /^(tel|sips?):([^;@]*)/i.exec(trimmed);
  const isSip = uri !== null && uri[1]?.toLowerCase() !== 'tel';
  if (isSip && !trimmed.includes('@')) return undefined;
  const written = (uri?.[2] ?? trimmed).replace(/%2b/gi, '+').replace(/[ \-.()]/g, '');
  return /^\+[1-9]\d{2,14}$/.test(written) ? written : undefined;
}

/** The accesses of one header line: split at commas outside of quotes. */
function splitAccesses(line: string): readonly string[] {
  return splitOutsideQuotes(line, ',').filter((access) => access.trim() !== '');
}

/** Parameters by lower-case name, quotes taken off; the access type itself comes first, and is not wanted. */
function splitParams(access: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const part of splitOutsideQuotes(access, ';').slice(1)) {
    const equals = part.indexOf('=');
    // Some write "network-provided" in quotes, as the grammar's text does.
    const name = unquoted(equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    if (!params.has(name)) params.set(name, equals < 0 ? '' : unquoted(part.slice(equals + 1)));
  }
  return params;
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquoted(text: string): string {
  return text.trim().replace(/^"|"$/g, '').trim();
}

function keysOf(params: ReadonlyMap<string, string>): AccessKeys {
  const exact: string[] = [];
  const areas: string[] = [];
  for (const [name, kind] of kindOfParam) {
    const value = params.get(name);
    const key = value === undefined ? undefined : keyOf(kind, value);
    if (key === undefined) continue;
    exact.push(key);
    const area = areaOf(key);
    if (area !== undefined) areas.push(area);
  }
  return { exact, areas };
}

function keyOf(kind: string, value: string): string | undefined {
  if (value.length > keyCharactersMax) return undefined;
  switch (kind) {
    case 'wlan': {
      const address = hardwareAddress(value);
      return address === undefined ? undefined : `wlan:${address}`;
    }
    case '3gpp':
    case '3gpp-sai':
    case '3gpp-area': {
      const identity = value.replace(/[\s.:-]+/g, '').toLowerCase();
      // A country and a network code in digits, then the area and the cell in hex digits.
      const isIdentity = /^\d{5}[\da-f]{4,20}$/.test(identity) && !/^0+$/.test(identity);
      return isIdentity ? `${kind}:${identity}` : undefined;
    }
    default: {
      const text = value.trim().replace(/\s+/g, ' ').toLowerCase();
      return text === '' ? undefined : `${kind}:${text}`;
    }
  }
}

const cellDigitsByLength: ReadonlyMap<number, number> = new Map([
  [13, 4],
  [14, 4],
  [16, 7],
  [17, 7],
  [20, 9],
  [21, 9],
]);

/**
 * The area of a cell: its identity without the cell's own number, whose length the whole length tells: country (3 digits) and
 * network (2 or 3), then LAC and CI of 4 and 4 hex digits (GERAN), 4 and 7 (UTRAN, E-UTRAN), or TAC and NCI of 6 and 9 (NR).
 */
function areaOf(key: string): string | undefined {
  if (!key.startsWith('3gpp:') && !key.startsWith('3gpp-sai:')) return undefined;
  const identity = key.slice(key.indexOf(':') + 1);
  const cellDigits = cellDigitsByLength.get(identity.length);
  return cellDigits === undefined ? undefined : `3gpp-area:${identity.slice(0, -cellDigits)}`;
}

/** Twelve hex digits, in whatever notation; the broadcast address and zeros stand for one that is not known. */
function hardwareAddress(text: string): string | undefined {
  const digits = text.trim().toLowerCase();
  const isAddress = /^(?:[\da-f]{12}|[\da-f]{2}(?:[:-][\da-f]{2}){5}|[\da-f]{4}(?:\.[\da-f]{4}){2})$/.test(
    digits,
  );
  if (!isAddress) return undefined;
  const plain = digits.replace(/[^\da-f]/g, '');
  if (/^(?:0+|f+)$/.test(plain)) return undefined;
  return (plain.match(/../g) ?? []).join(':');
}
