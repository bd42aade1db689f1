import { z } from 'zod';
import type {
  LocationTableInfo,
  RefusedTableRow,
  StoredTableLocation,
  TableLoadOutcome,
  TableLocation,
} from '../../esrp/index.ts';
import type { Shape } from '../../geo/index.ts';
import { lineText } from '../validation.ts';
import { civicFromWire, civicToWire } from './civic.ts';
import { momentSchema, momentToWire, optionalMoment } from './common.ts';
import { replyComponent, requestComponent } from './registry.ts';
import { shapeSchema, shapeToWire } from './shape.ts';

const tableSchema = replyComponent(
  'LocationTable',
  z
    .strictObject({
      name: z.enum(['cell', 'number']),
      rowCount: z.int(),
      updatedAt: momentSchema.optional(),
      updatedBy: z.string().optional(),
      source: z.string().optional().describe('Where the newest load came from'),
      isLoading: z.boolean(),
    })
    .describe('A table of places: by radio cell or access point, or by the number of the caller.'),
);

/** {@link LocationTableInfo} as JSON. */
export type WireLocationTable = z.infer<typeof tableSchema>;

/** All location tables. */
export const locationTableListSchema = replyComponent(
  'LocationTableList',
  z.strictObject({ items: z.array(tableSchema) }),
);

/** A row of a location table. */
export const locationRowSchema = replyComponent(
  'LocationRow',
  z
    .strictObject({
      key: z.string(),
      shape: shapeSchema.optional(),
      civic: z.record(z.string(), z.string()).optional(),
      updatedAt: momentSchema,
    })
    .describe('A row of a location table: a place, and the cell or number that is there.'),
);

/** {@link StoredTableLocation} as JSON. */
export type WireLocationRow = z.infer<typeof locationRowSchema>;

/** A page of rows in key order. */
export const locationRowPageSchema = replyComponent(
  'LocationRowPage',
  z.strictObject({
    items: z.array(locationRowSchema),
    next: z.string().optional().describe('Give this as `after` to read on; absent on the last page.'),
  }),
);

/** {@link locationRowPageSchema}'s value. */
export type WireLocationRowPage = z.infer<typeof locationRowPageSchema>;

/** A row that was refused. */
export const tableNoteSchema = replyComponent(
  'RowNote',
  z
    .strictObject({
      line: z.int().describe('Line in the file, from 1'),
      column: z.string().optional(),
      code: z.string(),
      reason: z.string().describe('What is wrong and what to do'),
    })
    .describe('A row of a location table that was refused.'),
);

/** {@link RefusedTableRow} as JSON. */
export type WireTableNote = z.infer<typeof tableNoteSchema>;

/** The answer to a load of a location table. */
export const tableLoadSchema = replyComponent(
  'LocationTableLoad',
  z
    .strictObject({
      table: tableSchema,
      readCount: z.int().describe('Rows read'),
      refusedCount: z.int().describe('Rows left out'),
      refused: z
        .array(tableNoteSchema)
        .describe('Rows left out; the first ones of them where there are many.'),
    })
    .describe('What became of a load.'),
);

/** {@link tableLoadSchema}'s value. */
export type WireTableLoad = z.infer<typeof tableLoadSchema>;

const positionPair = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]);

/** The place of one row in a request. */
export const locationRowRequestSchema = requestComponent(
  'RequestLocationRow',
  z
    .strictObject({
      lat: z.number().min(-90).max(90).optional().describe('Degrees north, WGS 84'),
      lon: z.number().min(-180).max(180).optional().describe('Degrees east, WGS 84'),
      radiusM: z.number().positive().max(20_037_508).optional(),
      polygon: z
        .array(positionPair)
        .min(4)
        .max(1_000)
        .optional()
        .describe('Longitude and latitude of each corner; the last one is the first'),
      civic: z
        .record(
          z.string().regex(/^(country|[A-Z][A-Z0-9]{0,31})$/, 'must be a civic element, such as A1 or HNO'),
          lineText(256),
        )
        .optional(),
    })
    .refine(({ lat, lon }) => (lat === undefined) === (lon === undefined), 'lat and lon go together')
    .refine(({ lat, radiusM }) => radiusM === undefined || lat !== undefined, 'radiusM needs lat and lon')
    .refine(({ lat, polygon }) => lat === undefined || polygon === undefined, 'has lat and lon, or polygon')
    .refine(
      ({ polygon }) => polygon === undefined || isClosed(polygon),
      'the last position of polygon must be its first',
    )
    .refine(({ civic }) => civic?.['country'] === undefined || /^[A-Za-z]{2}$/.test(civic['country']), {
      path: ['civic', 'country'],
      message: 'must be a two-letter country code (ISO 3166-1)',
    })
    .refine(
      ({ lat, polygon, civic }) => lat !== undefined || polygon !== undefined || hasElements(civic),
      'must have lat and lon, polygon, or civic with elements',
    )
    .describe('A place: a point, a circle or a polygon, an address, or both.'),
);

/** Makes the core's row of a checked one; `key` as the table keeps it. */
export function tableLocationFromWire(
  key: string,
  row: z.infer<typeof locationRowRequestSchema>,
): TableLocation {
  const { country, ...elements } = row.civic ?? {};
  const civic = hasElements(row.civic)
    ? civicFromWire({ ...elements, country: country?.toUpperCase() })
    : undefined;
  return { key, shape: shapeFromWire(row), civic };
}

/** Writes a table. */
export function locationTableToWire(table: LocationTableInfo): WireLocationTable {
  return {
    name: table.name,
    rowCount: table.rowCount,
    updatedAt: optionalMoment(table.updatedAt),
    updatedBy: table.updatedBy,
    source: table.source,
    isLoading: table.isLoading,
  };
}

/** Writes a row. */
export function locationRowToWire({ key, shape, civic, updatedAt }: StoredTableLocation): WireLocationRow {
  return {
    key,
    shape: shape === undefined ? undefined : shapeToWire(shape),
    civic: civic === undefined ? undefined : civicToWire(civic),
    updatedAt: momentToWire(updatedAt),
  };
}

/** Writes what became of a load. */
export function tableLoadToWire(outcome: Exclude<TableLoadOutcome, { kind: 'busy' }>): WireTableLoad {
  return {
    table: locationTableToWire(outcome.table),
    readCount: outcome.readCount,
    refusedCount: outcome.refusedCount,
    refused: outcome.refused.map(tableNoteToWire),
  };
}

function tableNoteToWire({ line, column, code, reason }: RefusedTableRow): WireTableNote {
  return { line, column, code, reason };
}

function shapeFromWire(row: z.infer<typeof locationRowRequestSchema>): Shape | undefined {
  const { lat, lon, radiusM, polygon } = row;
  if (polygon !== undefined) {
    const exterior = polygon.map((pair) => ({ lon: pair[0], lat: pair[1] }));
    return { kind: 'polygon', exterior, interiors: [] };
  }
  if (lat === undefined || lon === undefined) return undefined;
  const position = { lon, lat };
  return radiusM === undefined ? { kind: 'point', position } : { kind: 'circle', center: position, radiusM };
}

function isClosed(polygon: readonly (readonly [number, number])[]): boolean {
  const [first] = polygon;
  const last = polygon.at(-1);
  return first?.[0] === last?.[0] && first?.[1] === last?.[1];
}

function hasElements(civic: Readonly<Record<string, string>> | undefined): boolean {
  return Object.keys(civic ?? {}).some((name) => name !== 'country');
}
