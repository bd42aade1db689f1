import { CsvError, type Parser, parse } from 'csv-parse';
import type { LocationTableName, SourceTableRow } from '../esrp/index.ts';
import type { LoadErrorCode } from './errors.ts';
import { readHeader, splitLine, type TableHeader } from './location-header.ts';
import { readLocationRow } from './location-row.ts';

/** What reading a table may cost. */
export interface LocationTableLimits {
  /** Of one row; a larger one ends the source. */
  readonly rowBytesMax: number;
}

export const defaultLocationTableLimits: LocationTableLimits = { rowBytesMax: 65_536 };

export interface LocationTableReading {
  readonly table: LocationTableName;
  readonly limits: LocationTableLimits;
}

/**
 * Reads a location table from CSV (RFC 4180) as it comes in: UTF-8 with or without byte order mark, CRLF or LF, quoted
 * fields, a header row first; `,`, `;` or a tab between fields, as the header has it. Every row comes out, usable or refused
 * with its line and column, in order. What ends the source early (a header that cannot be used, a quote that never closes) is
 * one refusal. Never throws for what it reads; the stream's own failures pass through.
 */
export async function* readLocationTable(
  stream: AsyncIterable<Uint8Array>,
  { table, limits }: LocationTableReading,
): AsyncGenerator<SourceTableRow, void, undefined> {
  const start = await firstLine(stream, limits.rowBytesMax);
  if (start.line === undefined) {
    yield refusal(1, 'load.headerInvalid', `the header row has more than ${limits.rowBytesMax} bytes`);
    return;
  }
  const header = readHeader(splitLine(start.line));
  if (header.kind === 'refused') {
    for (const refused of header.refused) yield { kind: 'refused', refused };
    return;
  }
  yield* readRows(start.rest, header.header, { table, limits });
}

interface CsvItem {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function* readRows(
  chunks: AsyncIterable<Uint8Array>,
  header: TableHeader,
  { table, limits }: LocationTableReading,
): AsyncGenerator<SourceTableRow, void, undefined> {
  const reader = new RowReader(header, { table, limits });
  for await (const chunk of chunks) {
    yield* reader.take(chunk);
    if (reader.isOver) return;
  }
  yield* await reader.end();
}

/** Rows out of pieces of text: those of a piece at once, since a promise a row would cost more than the row. */
class RowReader {
  isOver = false;
  readonly #header: TableHeader;
  readonly #table: LocationTableName;
  readonly #parser: Parser;
  readonly #broken: SourceTableRow[] = [];
  #isHeader = true;

  constructor(header: TableHeader, { table, limits }: LocationTableReading) {
    this.#header = header;
    this.#table = table;
    this.#parser = parse({
      delimiter: header.delimiter,
      bom: true,
      info: true,
      max_record_size: limits.rowBytesMax,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      trim: true,
      on_skip: (error) => this.#skip(error),
    });
    this.#parser.on('error', (error) => this.#skip(error instanceof CsvError ? error : undefined));
  }

  take(chunk: Uint8Array): readonly SourceTableRow[] {
    this.#parser.write(chunk);
    return this.#drain();
  }

  async end(): Promise<readonly SourceTableRow[]> {
    const ended = new Promise<void>((resolve) => {
      this.#parser.once('end', resolve);
      this.#parser.once('error', () => resolve());
    });
    const rows: SourceTableRow[] = [];
    this.#parser.on('readable', () => rows.push(...this.#drain()));
    this.#parser.end();
    rows.push(...this.#drain());
    await ended;
    rows.push(...this.#drain());
    return rows;
  }

  #drain(): readonly SourceTableRow[] {
    const rows: SourceTableRow[] = [];
    for (;;) {
      const item = this.#parser.read() as CsvItem | null;
      if (item === null) break;
      if (this.#isHeader) this.#isHeader = false;
      else {
        const context = { header: this.#header, table: this.#table, line: item.info.lines };
        rows.push(readLocationRow(item.record, context));
      }
    }
    if (this.#broken.length === 0) return rows;
    return [...rows, ...this.#broken.splice(0)].sort((a, b) => lineOf(a) - lineOf(b));
  }

  // What is behind a row without an end cannot be told apart any more.
  #skip(error: CsvError | undefined): undefined {
    if (this.isOver || error === undefined) return;
    this.isOver = error.code === 'CSV_MAX_RECORD_SIZE' || error.code === 'CSV_QUOTE_NOT_CLOSED';
    this.#broken.push(brokenRow(error));
  }
}

function lineOf(row: SourceTableRow): number {
  return row.kind === 'row' ? row.line : row.refused.line;
}

/** What csv-parse could not take apart. */
function brokenRow(error: CsvError): SourceTableRow {
  const line = typeof error['lines'] === 'number' ? error['lines'] : 1;
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return refusal(
        line,
        'load.csvBroken',
        'a quote opens and never closes; the rows behind it were not read',
      );
    case 'CSV_MAX_RECORD_SIZE':
      return refusal(line, 'load.csvBroken', 'the row is too long, or a quote before it was never closed');
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return refusal(
        line,
        'load.csvBroken',
        'a quote stands inside of a field; put the whole field in quotes and double those in it',
      );
    default:
      return refusal(line, 'load.csvBroken', 'the row is not CSV; check its quotes');
  }
}

function refusal(line: number, code: LoadErrorCode, reason: string): SourceTableRow {
  return { kind: 'refused', refused: { line, column: undefined, code, reason } };
}

/** The header line without its end, and the whole source again. Undefined where it is longer than `bytesMax`. */
async function firstLine(
  stream: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<{ readonly line: string | undefined; readonly rest: AsyncIterable<Uint8Array> }> {
  const iterator = stream[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  let sizeBytes = 0;
  for (;;) {
    const next = await iterator.next();
    if (next.done !== true) taken.push(next.value);
    sizeBytes += next.done === true ? 0 : next.value.length;
    const hasEnd = next.done === true || next.value.includes(10) || next.value.includes(13);
    if (!hasEnd && sizeBytes <= bytesMax) continue;
    const text = new TextDecoder().decode(Buffer.concat(taken));
    const [line = ''] = text.split(/\r\n|\r|\n/, 1);
    const isTooLong = Buffer.byteLength(line) > bytesMax;
    return { line: isTooLong ? undefined : line, rest: again(taken, iterator) };
  }
}

async function* again(
  taken: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* taken;
  try {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
