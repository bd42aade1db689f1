// Header names: the long form of every compact one, and which headers hold comma-separated lists, found by their bytes.

import { headerRows } from './registry.ts';

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
  for (const row of headerRows) {
    const key = row.name.toLowerCase();
    const name: KnownName = { key, track: tracks[key] ?? 0, isList: row.values === 'list' };
    byKey.set(key, name);
    // The spelling that our own code writes finds its key without lower-casing.
    byKey.set(row.name, name);
    insert(table, key, name);
    if (row.compact === undefined) continue;
    byKey.set(row.compact, name);
    insert(table, row.compact, name);
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
