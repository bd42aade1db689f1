// Header names: the long form of every compact one, and which headers hold comma-separated lists.

/** Headers that the parser keeps track of, by the position of their bit. */
export const tracked = {
  via: 1,
  from: 2,
  to: 3,
  'call-id': 4,
  cseq: 5,
  'max-forwards': 6,
  'content-length': 7,
} as const;

/** A header name that we know. */
export interface KnownName {
  /** Lower-case long form. */
  readonly key: string;
  /** One of {@link tracked}, else 0. */
  readonly track: number;
  readonly isList: boolean;
}

/** RFC 3261 §7.3.3 and the registry of SIP header fields. */
const compactForms: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

const singleNames =
  'authorization call-id content-disposition content-id content-length content-type cseq date event expires from ' +
  'geolocation-error geolocation-routing identity identity-info info-package max-breadth max-forwards mime-version ' +
  'min-expires min-se organization p-access-network-info p-charging-vector priority privacy proxy-authenticate ' +
  'proxy-authorization rack refer-sub refer-to referred-by replaces retry-after rseq server session-expires ' +
  'session-id sip-etag sip-if-match subject subscription-state target-dialog timestamp to user-agent ' +
  'www-authenticate';

/** Headers whose grammar is a comma-separated list, so that one line may hold several values (RFC 3261 §7.3.1). */
const listNames =
  'accept accept-contact accept-encoding accept-language accept-resource-priority alert-info allow allow-events ' +
  'call-info contact content-encoding content-language diversion error-info feature-caps geolocation history-info ' +
  'in-reply-to p-asserted-identity p-associated-uri p-preferred-identity p-visited-network-id path proxy-require ' +
  'reason record-route recv-info reject-contact request-disposition require resource-priority route ' +
  'security-client security-server security-verify service-route supported unsupported user-to-user via warning';

const tableSize = 1_024;
const byKey = new Map<string, KnownName>();
const slots = makeSlots();

/** Continues the hash of a header name by one byte, without regard to case. */
export function hashByte(hash: number, code: number): number {
  return (Math.imul(hash, 31) + (code | 0x20)) | 0;
}

/** The known name that the token from `start` to `end` spells; `hash` is {@link hashByte} over it, from 0. */
export function knownName(
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
): KnownName | undefined {
  let index = slotOf(hash);
  for (;;) {
    const slot = slots[index];
    if (slot === undefined) return undefined;
    if (isSpelled(bytes, start, end, slot.spelling)) return slot.name;
    index = (index + 1) % tableSize;
  }
}

/** The key of a name in any case, long or compact: what {@link HeaderSpan.key} would say. */
export function headerKey(name: string): string {
  const exact = byKey.get(name);
  if (exact !== undefined) return exact.key;
  const lower = name.toLowerCase();
  return byKey.get(lower)?.key ?? lower;
}

/** Whether a header (by its key) may hold several values in one line, separated by commas. Unknown headers may not. */
export function isListHeader(key: string): boolean {
  return byKey.get(key)?.isList ?? false;
}

/** Which tracked header a key is, else 0. */
export function trackOf(key: string): number {
  return byKey.get(key)?.track ?? 0;
}

interface Slot {
  /** Bytes of the name, lower case. */
  readonly spelling: Uint8Array;
  readonly name: KnownName;
}

function makeSlots(): readonly (Slot | undefined)[] {
  const table: (Slot | undefined)[] = new Array<Slot | undefined>(tableSize).fill(undefined);
  const tracks: Readonly<Record<string, number>> = tracked;
  const add = (key: string, isList: boolean): void => {
    const name: KnownName = { key, track: tracks[key] ?? 0, isList };
    byKey.set(key, name);
    // The spelling that our own code writes finds its key without lower-casing.
    byKey.set(displayName(key), name);
    insert(table, key, name);
  };
  for (const key of singleNames.split(' ')) add(key, false);
  for (const key of listNames.split(' ')) add(key, true);
  for (const [letter, key] of Object.entries(compactForms)) {
    const name = byKey.get(key);
    if (name === undefined) continue;
    byKey.set(letter, name);
    insert(table, letter, name);
  }
  return table;
}

function insert(table: (Slot | undefined)[], spelling: string, name: KnownName): void {
  const bytes = Uint8Array.from(Buffer.from(spelling, 'latin1'));
  let index = slotOf(bytes.reduce(hashByte, 0));
  while (table[index] !== undefined) index = (index + 1) % tableSize;
  table[index] = { spelling: bytes, name };
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 11)) & (tableSize - 1);
}

function isSpelled(bytes: Uint8Array, start: number, end: number, spelling: Uint8Array): boolean {
  if (end - start !== spelling.length) return false;
  for (let index = 0; index < spelling.length; index++) {
    if (((bytes[start + index] ?? 0) | 0x20) !== spelling[index]) return false;
  }
  return true;
}

function displayName(key: string): string {
  if (key === 'call-id') return 'Call-ID';
  if (key === 'cseq') return 'CSeq';
  return key.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
