import type { RefusedTableRow } from '../esrp/index.ts';

/** What a column of a location table holds. */
export type TableColumn =
  | { readonly kind: 'key' | 'lat' | 'lon' | 'radiusM' | 'country'; readonly name: string }
  /** A civic element, by its name in RFC 5139, RFC 6848 or NENA's extension. */
  | { readonly kind: 'civic'; readonly name: string };

/** The columns of a table, in order. */
export interface TableHeader {
  readonly columns: readonly TableColumn[];
  readonly delimiter: string;
}

const fixed = new Map<string, 'key' | 'lat' | 'lon' | 'radiusM' | 'country'>([
  ['key', 'key'],
  ['lat', 'lat'],
  ['latitude', 'lat'],
  ['lon', 'lon'],
  ['lng', 'lon'],
  ['longitude', 'lon'],
  ['radiusm', 'radiusM'],
  ['country', 'country'],
]);

/** The fields of a header line, and what stands between them: whichever of comma, semicolon and tab splits it most. */
export function splitLine(line: string): { readonly fields: readonly string[]; readonly delimiter: string } {
  const delimiter = [',', ';', '\t'].reduce((best, next) =>
    line.split(next).length > line.split(best).length ? next : best,
  );
  const fields = line
    .replace(/^\uFEFF/, '')
    .split(delimiter)
    .map((field) =>
      field
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .trim(),
    );
  return { fields, delimiter };
}

/** Reads a header row: which column holds what, or everything that is wrong with it. */
export function readHeader({
  fields,
  delimiter,
}: {
  readonly fields: readonly string[];
  readonly delimiter: string;
}): { readonly kind: 'header'; readonly header: TableHeader } | Refused {
  const refused: RefusedTableRow[] = [];
  const columns = fields.map((name) => columnOf(name));
  const named = new Set<string>();
  for (const [index, column] of columns.entries()) {
    const name = fields[index] ?? '';
    if (column === undefined) refused.push(headerFault(name, unknownColumn));
    else if (named.has(column.name)) refused.push(headerFault(name, 'stands in the header twice'));
    else named.add(column.name);
  }
  const known = columns.filter((column) => column !== undefined);
  const has = (kind: TableColumn['kind']) => known.some((column) => column.kind === kind);
  if (!has('key'))
    refused.push(headerFault('key', 'is missing; the first row names the columns, such as key,lat,lon'));
  if (has('lat') !== has('lon')) refused.push(headerFault(has('lat') ? 'lon' : 'lat', 'is missing'));
  if (has('radiusM') && !has('lat')) refused.push(headerFault('radiusM', 'needs the columns lat and lon'));
  if (!has('lat') && !has('civic')) {
    refused.push(
      headerFault(undefined, 'there is no place: add lat and lon, or civic elements such as A1 and A3'),
    );
  }
  return refused.length > 0
    ? { kind: 'refused', refused }
    : { kind: 'header', header: { columns: known, delimiter } };
}

interface Refused {
  readonly kind: 'refused';
  readonly refused: readonly RefusedTableRow[];
}

const unknownColumn =
  'is no column of a location table: key, lat, lon, radiusM, country, or a civic element in capital letters, such as A1';

// Civic elements have capital letters in RFC 5139, RFC 6848 and NENA-STA-004: a mistyped `latt` is none.
function columnOf(name: string): TableColumn | undefined {
  const kind = fixed.get(name.toLowerCase());
  if (kind !== undefined) return { kind, name: kind };
  return /^[A-Z][A-Z0-9]{0,31}$/.test(name) ? { kind: 'civic', name } : undefined;
}

function headerFault(column: string | undefined, reason: string): RefusedTableRow {
  return { line: 1, column: column?.slice(0, 40), code: 'load.headerInvalid', reason };
}
