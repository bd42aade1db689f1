import { coreHeadersAtoM } from './registry-core-a-m.ts';
import { coreHeadersOtoW } from './registry-core-o-w.ts';
import { dialogHeaders } from './registry-dialog.ts';
import { locationHeaders } from './registry-location.ts';
import { networkHeaders } from './registry-network.ts';
import { type HeaderRow, type HeaderUse, type Presence, registryMethods } from './registry-row.ts';

/** What a proxy may do to a header: RFC 3261 §20's `a`, `m` and `d`. Reading changes nothing and is no operation here. */
export type ProxyOperation = 'add' | 'modify' | 'delete';

/** Where a header stands: in a request, or in a response of this status. */
export type HeaderPlace = 'request' | number;

/** Every header that we know, by document. */
export const headerRows: readonly HeaderRow[] = [
  ...coreHeadersAtoM,
  ...coreHeadersOtoW,
  ...dialogHeaders,
  ...networkHeaders,
  ...locationHeaders,
];

const columns: readonly string[] = registryMethods;
const byKey: ReadonlyMap<string, HeaderRow> = new Map(
  headerRows.flatMap((row) => {
    const entries: (readonly [string, HeaderRow])[] = [[row.name.toLowerCase(), row]];
    if (row.compact !== undefined) entries.push([row.compact, row]);
    return entries;
  }),
);

/** The row of a header by its name in any case, long or compact; undefined for one that no document of ours defines. */
export function findHeaderRow(name: string): HeaderRow | undefined {
  return byKey.get(name.toLowerCase());
}

/** Whether a header may stand in such a message at all; of one that is unknown, nobody says that it may not. */
export function mayStand(name: string, place: HeaderPlace): boolean {
  const row = findHeaderRow(name);
  return row === undefined || usesAt(row, place).length > 0;
}

/**
 * Whether a proxy may do this to a header. What is unknown stays untouched (RFC 3261 §16.6 items 1 and 5), and so does a
 * header in a place where no document has it.
 */
export function mayProxy(name: string, place: HeaderPlace, operation: ProxyOperation): boolean {
  const row = findHeaderRow(name);
  if (row === undefined) return false;
  const letter = operation.charAt(0);
  return usesAt(row, place).some((use) => use.proxy.includes(letter));
}

/** The presence of a header in messages of a method, by the row that says most about the place; `.` where none does. */
export function presenceOf(name: string, place: HeaderPlace, method: string): Presence {
  const row = findHeaderRow(name);
  const column = columns.indexOf(method);
  if (row === undefined || column < 0) return '.';
  const uses = [...usesAt(row, place)].sort((a, b) => breadth(a.where) - breadth(b.where));
  for (const use of uses) {
    const presence = use.presence[column] ?? '.';
    if (presence !== '.') return presence;
  }
  return '.';
}

function usesAt(row: HeaderRow, place: HeaderPlace): readonly HeaderUse[] {
  return row.uses.filter((use) => isAt(use.where, place));
}

function isAt(where: string, place: HeaderPlace): boolean {
  if (where === '' || where === 'c') return true;
  if (place === 'request') return where === 'R';
  if (where === 'r' || where === 'rc') return true;
  return where.split(',').some((part) => coversStatus(part, place));
}

/** `2xx`, `18x`, `404`, `300-699`. */
function coversStatus(part: string, status: number): boolean {
  const range = /^(\d{3})-(\d{3})$/.exec(part);
  if (range !== null) return status >= Number(range[1]) && status <= Number(range[2]);
  const digits = String(status);
  return part.length === 3 && [...part].every((char, index) => char === 'x' || char === digits[index]);
}

/** How much a place covers: a single code before a class, a class before all responses, all of them last. */
function breadth(where: string): number {
  if (where === '' || where === 'c') return 4;
  if (where === 'r' || where === 'rc') return 3;
  if (where.includes('-')) return 2;
  return where.includes('x') ? 1 : 0;
}
