import { type CodedError, err, ok, type Result } from '../base/index.ts';
import { normaliseCellKey, normaliseNumberKey } from '../location/index.ts';
import type { EsrpErrorCode } from './errors.ts';
import type { LocationTableName } from './ports.ts';

/** The names of the location tables. */
export const locationTableNames: readonly LocationTableName[] = ['cell', 'number'];

/**
 * A key as its table keeps it. The number table takes blocks too: digits with a `*` behind stand for all numbers that
 * begin so. Error: `esrp.tableKey`, whose message says what a key looks like.
 */
export function locationTableKey(
  table: LocationTableName,
  text: string,
): Result<string, CodedError<EsrpErrorCode>> {
  const key = table === 'cell' ? normaliseCellKey(text) : numberKey(text.trim());
  return key === undefined ? err({ code: 'esrp.tableKey', message: advice[table] }) : ok(key);
}

/**
 * The keys under which a row may stand, best first: each key itself, then, in the number table, the blocks that it is in,
 * longest first.
 */
export function locationTableLookupKeys(
  table: LocationTableName,
  keys: readonly string[],
): readonly string[] {
  if (table === 'cell') return keys;
  return keys.flatMap((key) => [key, ...blocksOf(key)]);
}

const advice: Readonly<Record<LocationTableName, string>> = {
  cell: 'write a cell as its access network names it, such as 3gpp:00101a2b3c4d5e6f, wlan:00:11:22:aa:bb:cc or dsl:pop7-slot2',
  number:
    'write a number with + and country code, such as +15551230100, or a block of numbers with * behind, such as +1555123*',
};

// E.164 §6.2.1: at most 15 digits, the first of which is never 0.
function numberKey(text: string): string | undefined {
  if (!text.endsWith('*')) return normaliseNumberKey(text);
  const digits = text
    .slice(0, -1)
    .replace(/^tel:/i, '')
    .replace(/[\s().-]/g, '');
  return /^\+[1-9]\d{0,14}$/.test(digits) ? `${digits}*` : undefined;
}

function blocksOf(key: string): readonly string[] {
  const blocks: string[] = [];
  for (let length = key.length - 1; length >= 2; length -= 1) blocks.push(`${key.slice(0, length)}*`);
  return blocks;
}
