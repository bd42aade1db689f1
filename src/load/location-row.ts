import { err, ok, type Result } from '../base/index.ts';
import {
  type LocationTableName,
  locationTableKey,
  type RefusedTableRow,
  type SourceTableRow,
  type TableLocation,
} from '../esrp/index.ts';
import type { Shape } from '../geo/index.ts';
import type { LoadErrorCode } from './errors.ts';
import type { TableColumn, TableHeader } from './location-header.ts';

// Half of the way around the Earth: no circle is larger.
const radiusMaxM = 20_037_508;
const civicCharactersMax = 256;

interface RowContext {
  readonly header: TableHeader;
  readonly table: LocationTableName;
  readonly line: number;
}

/** Checks one row of a table: its location, or the first thing that is wrong with it. */
export function readLocationRow(fields: readonly string[], context: RowContext): SourceTableRow {
  const { header, line } = context;
  const { columns } = header;
  const checked =
    fields.length === columns.length
      ? locationOf(fields, context)
      : fault(undefined, 'load.columnCount', countReason(fields.length, columns.length));
  if (checked.ok) return { kind: 'row', line, location: checked.value };
  return { kind: 'refused', refused: { line, ...checked.error } };
}

type Fault = Omit<RefusedTableRow, 'line'>;

function locationOf(fields: readonly string[], { header, table }: RowContext): Result<TableLocation, Fault> {
  const broken = header.columns.find((_column, index) => fields[index]?.includes('\uFFFD') === true);
  if (broken !== undefined) {
    return fault(broken.name, 'load.notUtf8', 'is not UTF-8; save the file in that encoding');
  }
  const values = new Map<string, string>();
  for (const [index, { name }] of header.columns.entries()) {
    const value = fields[index] ?? '';
    if (value !== '') values.set(name, value);
  }
  const key = locationTableKey(table, values.get('key') ?? '');
  if (!key.ok) return fault('key', 'load.keyInvalid', key.error.message);
  const shape = shapeOf(values);
  if (!shape.ok) return shape;
  const civic = civicOf(values, header.columns);
  if (!civic.ok) return civic;
  if (shape.value === undefined && civic.value === undefined) {
    return fault(undefined, 'load.placeMissing', 'there is neither a position nor an address');
  }
  return ok({ key: key.value, shape: shape.value, civic: civic.value });
}

function shapeOf(values: ReadonlyMap<string, string>): Result<Shape | undefined, Fault> {
  const lat = degreesOf(values, 'lat', 90);
  if (!lat.ok) return lat;
  const lon = degreesOf(values, 'lon', 180);
  if (!lon.ok) return lon;
  const radius = values.get('radiusM');
  if (lat.value === undefined && lon.value === undefined) {
    return radius === undefined
      ? ok(undefined)
      : fault('radiusM', 'load.radiusInvalid', 'stands without a position');
  }
  if (lat.value === undefined || lon.value === undefined) {
    const missing = lat.value === undefined ? 'lat' : 'lon';
    return fault(missing, 'load.positionMalformed', 'is missing');
  }
  const position = { lon: lon.value, lat: lat.value };
  if (radius === undefined) return ok({ kind: 'point', position });
  const radiusM = numberOf(radius);
  if (radiusM === undefined || radiusM < 0 || radiusM > radiusMaxM) {
    return fault('radiusM', 'load.radiusInvalid', `must be metres, 0 to ${radiusMaxM}, with a decimal point`);
  }
  return ok(radiusM === 0 ? { kind: 'point', position } : { kind: 'circle', center: position, radiusM });
}

function degreesOf(
  values: ReadonlyMap<string, string>,
  column: 'lat' | 'lon',
  max: number,
): Result<number | undefined, Fault> {
  const text = values.get(column);
  if (text === undefined) return ok(undefined);
  const degrees = numberOf(text);
  if (degrees === undefined) {
    return fault(
      column,
      'load.positionMalformed',
      'must be decimal degrees with a decimal point, such as 29.76',
    );
  }
  if (Math.abs(degrees) > max) {
    return fault(column, 'load.positionOutOfRange', `must be degrees from -${max} to ${max}`);
  }
  return ok(degrees);
}

/** Decimal notation only: what a spreadsheet makes of a long number is not what was meant. */
function numberOf(text: string): number | undefined {
  return /^[+-]?(\d{1,12}(\.\d{0,20})?|\.\d{1,20})$/.test(text) ? Number(text) : undefined;
}

function civicOf(
  values: ReadonlyMap<string, string>,
  columns: readonly TableColumn[],
): Result<TableLocation['civic'], Fault> {
  const country = values.get('country');
  if (country !== undefined && !/^[A-Za-z]{2}$/.test(country)) {
    return fault('country', 'load.countryInvalid', 'must be two letters (ISO 3166-1)');
  }
  const elements = new Map<string, string>();
  for (const { kind, name } of columns) {
    const value = kind === 'civic' ? values.get(name) : undefined;
    if (value === undefined) continue;
    const text = value.replace(/\s+/g, ' ');
    if (text.length > civicCharactersMax || /[\u0000-\u001f\u007f]/.test(text)) {
      const reason = `must be at most ${civicCharactersMax} characters without control characters`;
      return fault(name, 'load.civicInvalid', reason);
    }
    elements.set(name, text);
  }
  if (elements.size === 0) return ok(undefined);
  return ok({ country: country?.toUpperCase(), elements, language: undefined });
}

function countReason(found: number, wanted: number): string {
  return `the row has ${found} fields and the header ${wanted}; a comma inside of a field needs quotes around the field`;
}

function fault(column: string | undefined, code: LoadErrorCode, reason: string): Result<never, Fault> {
  return err({ column, code, reason });
}
