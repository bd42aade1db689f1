import { z } from 'zod';
import {
  type LocationTableName,
  locationTableKey,
  locationTableNames,
  type TableLoadOptions,
} from '../../esrp/index.ts';
import { defineOperation, type OperationPorts, type RequestBody } from '../operation.ts';
import { jsonReply, type Outcome, type Problem, ProblemError, problem } from '../problem.ts';
import { booleanText, integerText, lineText } from '../validation.ts';
import {
  locationRowPageSchema,
  locationRowRequestSchema,
  locationRowSchema,
  locationRowToWire,
  locationTableListSchema,
  locationTableToWire,
  tableLoadSchema,
  tableLoadToWire,
  tableLocationFromWire,
} from '../wire/location-table.ts';
import { locationCsvExample, locationRowExample, locationTableExample } from './examples.ts';
import { watchedUpload } from './load.ts';

const json = 'application/json';
const tableText = z
  .enum(['cell', 'number'], `must be ${locationTableNames.join(' or ')}`)
  .describe('`cell`: by radio cell or access point; `number`: by the number of the caller');
const rowParams = z.strictObject({
  table: tableText,
  key: lineText(254).describe('A cell such as 3gpp:00101a2b3c4d5e6f, or a number such as +15551230100'),
});

/** All location tables. */
export const listLocationTables = defineOperation({
  id: 'listLocationTables',
  method: 'get',
  path: '/api/v1/location-tables',
  tag: 'Places',
  summary: 'List the location tables with their counts.',
  access: 'key',
  replies: [
    {
      status: 200,
      description: 'All tables.',
      mediaType: json,
      schema: locationTableListSchema,
      example: { items: [locationTableExample] },
    },
  ],
  problems: [],
  async handle({ ports }) {
    const tables = await ports.locationTables.listTables();
    return jsonReply(200, { items: tables.map(locationTableToWire) });
  },
});

/** Loads a location table. */
export const loadLocationTable = defineOperation({
  id: 'loadLocationTable',
  method: 'put',
  path: '/api/v1/location-tables/{table}',
  tag: 'Places',
  summary: 'Load a location table from CSV, in place of its rows or merged into them.',
  description:
    'UTF-8 with a header row: `key`, `lat` and `lon` (decimal degrees, WGS 84), `radiusM`, `country`, and any civic element ' +
    'by its name (RFC 5139), such as A1, A3, RD, HNO. A key of the number table may end in `*` for all numbers that begin so; ' +
    'the number itself wins, then the longest block. Calls see the table before the load or after it. Either every row can ' +
    'be used, or nothing changes and the rows that were refused are listed with line and column. The body may be gzip.',
  access: 'key',
  params: z.strictObject({ table: tableText }),
  query: z.strictObject({
    mode: z
      .enum(['replace', 'merge'], 'must be replace or merge')
      .default('replace')
      .describe(
        '`replace`: the rows become the table; `merge`: they are added, in place of rows of the same key',
      ),
    skipBad: booleanText().default(false).describe('Leaves rows out that cannot be used'),
    source: lineText(254).optional().describe('Where the file is from, such as its name'),
  }),
  body: { upload: { mediaTypes: ['text/csv'], example: locationCsvExample } },
  replies: [
    {
      status: 200,
      description: 'The table as it is now.',
      mediaType: json,
      schema: tableLoadSchema,
      example: { table: locationTableExample, readCount: 2, refusedCount: 0, refused: [] },
    },
  ],
  problems: ['http.loadRefused', 'http.tableBusy'],
  handle: ({ params, query, body, actor, ports }) =>
    loadFromCsv(
      {
        table: params.table,
        mode: query.mode,
        skipsBadRows: query.skipBad,
        source: query.source ?? 'upload',
        actor,
      },
      body,
      ports,
    ),
});

/** A page of rows. */
export const listLocationRows = defineOperation({
  id: 'listLocationRows',
  method: 'get',
  path: '/api/v1/location-tables/{table}/rows',
  tag: 'Places',
  summary: 'List the rows of a location table, in key order.',
  access: 'key',
  params: z.strictObject({ table: tableText }),
  query: z.strictObject({
    limit: integerText({ min: 1, max: 1_000 }).default(100).describe('Rows a page'),
    after: lineText(254).optional().describe('Rows after this key: `next` of the page before'),
  }),
  replies: [
    {
      status: 200,
      description: 'A page.',
      mediaType: json,
      schema: locationRowPageSchema,
      example: { items: [locationRowExample], next: locationRowExample.key },
    },
  ],
  problems: [],
  async handle({ params, query, ports }) {
    // One more than the page shows whether there is a next one.
    const found = await ports.locationTables.listRows({
      table: params.table,
      after: query.after,
      limit: query.limit + 1,
    });
    const page = found.slice(0, query.limit);
    const next = found.length > page.length ? page.at(-1)?.key : undefined;
    return jsonReply(200, { items: page.map(locationRowToWire), next });
  },
});

function rowReply(description: string) {
  return {
    status: 200,
    description,
    mediaType: json,
    schema: locationRowSchema,
    example: locationRowExample,
  };
}

/** One row. */
export const readLocationRow = defineOperation({
  id: 'readLocationRow',
  method: 'get',
  path: '/api/v1/location-tables/{table}/rows/{key}',
  tag: 'Places',
  summary: 'Read one row of a location table.',
  access: 'key',
  params: rowParams,
  replies: [rowReply('The row.')],
  problems: ['http.notFound'],
  async handle({ params, ports }) {
    const { table } = params;
    const key = locationTableKey(table, params.key);
    if (!key.ok) return badKey(key.error.message);
    const row = await ports.locationTables.getRow(table, key.value);
    return row === undefined ? noRow(table, key.value) : jsonReply(200, locationRowToWire(row));
  },
});

/** Sets one row. */
export const setLocationRow = defineOperation({
  id: 'setLocationRow',
  method: 'put',
  path: '/api/v1/location-tables/{table}/rows/{key}',
  tag: 'Places',
  summary: 'Set one row of a location table.',
  access: 'key',
  params: rowParams,
  body: {
    json: {
      schema: locationRowRequestSchema,
      examples: {
        circle: { lat: 29.76, lon: -95.37, radiusM: 500 },
        address: { civic: { country: 'US', A1: 'TX', A3: 'Houston', RD: 'Main', STS: 'Street', HNO: '7' } },
      },
    },
  },
  replies: [rowReply('The row as it is now.')],
  problems: ['http.tableBusy'],
  async handle({ params, body, actor, ports }) {
    const { table } = params;
    const key = locationTableKey(table, params.key);
    if (!key.ok) return badKey(key.error.message);
    if (body.kind !== 'json') return problem('http.badJson', 'the body is not JSON');
    const location = tableLocationFromWire(key.value, body.value);
    const change = await ports.locationTables.setRow(table, location, actor);
    return change.kind === 'changed' ? jsonReply(200, locationRowToWire(change.row)) : busy(table);
  },
});

/** Removes one row. */
export const removeLocationRow = defineOperation({
  id: 'removeLocationRow',
  method: 'delete',
  path: '/api/v1/location-tables/{table}/rows/{key}',
  tag: 'Places',
  summary: 'Remove one row of a location table.',
  access: 'key',
  params: rowParams,
  replies: [rowReply('The row that was removed.')],
  problems: ['http.notFound', 'http.tableBusy'],
  async handle({ params, actor, ports }) {
    const { table } = params;
    const key = locationTableKey(table, params.key);
    if (!key.ok) return badKey(key.error.message);
    const change = await ports.locationTables.removeRow(table, key.value, actor);
    if (change.kind === 'changed') return jsonReply(200, locationRowToWire(change.row));
    return change.kind === 'busy' ? busy(table) : noRow(table, key.value);
  },
});

async function loadFromCsv(
  options: TableLoadOptions,
  body: RequestBody,
  ports: OperationPorts,
): Promise<Outcome> {
  const upload = watchedUpload(body);
  try {
    const rows = ports.readLocationTable(upload.chunks, options.table);
    const outcome = await ports.locationTables.load(rows, options);
    if (outcome.kind === 'busy') return busy(options.table);
    const { readCount, refusedCount, refused, ...rest } = tableLoadToWire(outcome);
    const listed = refused.slice(0, ports.limits.listedFeaturesMax);
    if (outcome.kind === 'loaded') {
      return jsonReply(200, { ...rest, readCount, refusedCount, refused: listed });
    }
    const count = `${refusedCount} of ${readCount} rows cannot be used`;
    return problem('http.loadRefused', `${count}; nothing was changed`, {
      extensions: { readCount, refusedCount, refused: listed },
    });
  } catch (thrown) {
    const failure = upload.failure();
    if (failure instanceof ProblemError) return failure.problem;
    throw thrown;
  }
}

function busy(table: LocationTableName): Problem {
  return problem('http.tableBusy', `a load of the ${table} table is under way; try again when it is done`, {
    headers: { 'Retry-After': '5' },
  });
}

// The key itself is left out: it may be the number of a caller.
function badKey(message: string): Problem {
  return problem('http.invalidRequest', `key: ${message}`, {
    errors: [{ in: 'path', path: 'key', message }],
  });
}

function noRow(table: LocationTableName, key: string): Problem {
  return problem('http.notFound', `the ${table} table has no row ${key}`);
}
