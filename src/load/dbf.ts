import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { ByteReader } from './byte-reader.ts';
import { refuse } from './field-values.ts';
import type { Refusal } from './types.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  readonly length: number;
}

/** A row of a dBASE table; `deleted` where it is marked so, and counts for nothing but its place. */
export type DbfRow = Readonly<Record<string, unknown>> | 'deleted';

/** Reads the attribute table of a shapefile row by row. */
export class DbfReader {
  readonly fields: readonly string[];
  readonly rowCount: number;
  readonly #columns: readonly Column[];
  readonly #rowBytes: number;
  readonly #bytes: ByteReader;
  readonly #decode: (bytes: Uint8Array) => string;
  #rows = 0;

  private constructor(bytes: ByteReader, head: DbfHead, decode: (bytes: Uint8Array) => string) {
    this.#bytes = bytes;
    this.#columns = head.columns;
    this.#rowBytes = head.rowBytes;
    this.#decode = decode;
    this.rowCount = head.rowCount;
    this.fields = head.columns.map(({ name }) => name);
  }

  /** Reads the header. `codePage`: the text of the `.cpg` file, where there is one. */
  static async open(bytes: ByteReader, codePage: string | undefined): Promise<Result<DbfReader, Refusal>> {
    const start = await bytes.read(32);
    if (start.length < 32) return broken('its header is cut off');
    const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
    const headBytes = view.getUint16(8, true);
    if (headBytes < 33) return broken('its header says no fields');
    const decode = decoderOf(codePage, view.getUint8(29));
    if (decode === undefined) {
      return refuse(
        'load.shapefileBroken',
        `the .cpg file names the encoding "${(codePage ?? '').trim().slice(0, 40)}", which is unknown; write UTF-8`,
      );
    }
    const rest = await bytes.read(headBytes - 32);
    if (rest.length < headBytes - 32) return broken('its header is cut off');
    const columns = readColumns(rest, decode);
    const rowBytes = view.getUint16(10, true);
    const last = columns.at(-1);
    if (last === undefined || last.offset + last.length > rowBytes) {
      return broken('its fields are longer than its rows');
    }
    const head = { columns, rowBytes, rowCount: view.getUint32(4, true) };
    return ok(new DbfReader(bytes, head, decode));
  }

  /** The next row; undefined behind the last. */
  async next(): Promise<Result<DbfRow | undefined, Refusal>> {
    if (this.#rows >= this.rowCount) return ok(undefined);
    const row = await this.#bytes.read(this.#rowBytes);
    if (row.length < this.#rowBytes) {
      return broken(`it ends in row ${this.#rows + 1} of ${this.rowCount}; it may have been cut off`);
    }
    this.#rows += 1;
    if (row[0] === 0x2a) return ok('deleted');
    const values: Record<string, unknown> = {};
    for (const column of this.#columns) {
      values[column.name] = this.#value(row.subarray(column.offset, column.offset + column.length), column);
    }
    return ok(values);
  }

  #value(bytes: Uint8Array, { type }: Column): unknown {
    switch (type) {
      case 'I':
      case '+':
        return bytes.length === 4 ? viewOf(bytes).getInt32(0, true) : undefined;
      case 'O':
      case 'B':
        return bytes.length === 8 ? viewOf(bytes).getFloat64(0, true) : undefined;
      case 'N':
      case 'F':
        return numberOf(latin(bytes).trim());
      case 'D': {
        const text = latin(bytes).trim();
        return /^0*$/.test(text) ? undefined : text;
      }
      case 'L':
        return logicalOf(latin(bytes).trim());
      // Memos lie in a file of their own, and are in no layer of the data model.
      case 'M':
      case 'G':
      case 'P':
        return undefined;
      default:
        return this.#decode(bytes);
    }
  }
}

interface DbfHead {
  readonly columns: readonly Column[];
  readonly rowBytes: number;
  readonly rowCount: number;
}

function readColumns(bytes: Uint8Array, decode: (bytes: Uint8Array) => string): readonly Column[] {
  const columns: Column[] = [];
  let offset = 1;
  for (let at = 0; at + 32 <= bytes.length && bytes[at] !== 0x0d; at += 32) {
    const end = bytes.indexOf(0, at);
    const name = decode(bytes.subarray(at, end >= at && end < at + 11 ? end : at + 11));
    const type = String.fromCharCode(bytes[at + 11] ?? 0);
    const length = bytes[at + 16] ?? 0;
    if (name !== '__proto__') columns.push({ name, type, offset, length });
    offset += length;
  }
  return columns;
}

/** Stars stand for a number that did not fit its column. */
function numberOf(text: string): number | string | undefined {
  if (text === '' || /^\*+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) && (Number.isSafeInteger(number) || !/^[0-9]{16,}$/.test(text))
    ? number
    : text;
}

function logicalOf(text: string): boolean | undefined {
  if (/^[yt]$/i.test(text)) return true;
  return /^[nf]$/i.test(text) ? false : undefined;
}

/** The language drivers of dBASE that files name, by their byte (dBASE table file header, offset 29). */
const languageDrivers: Readonly<Record<number, string>> = {
  3: 'windows-1252',
  87: 'windows-1252',
  200: 'windows-1250',
  201: 'windows-1251',
  202: 'windows-1254',
  203: 'windows-1253',
};

function decoderOf(
  codePage: string | undefined,
  driver: number,
): ((bytes: Uint8Array) => string) | undefined {
  const named = codePage
    ?.replace(/^\ufeff/, '')
    .trim()
    .toLowerCase();
  const label = named === undefined || named === '' ? languageDrivers[driver] : labelOf(named);
  if (label === undefined) return guessed();
  try {
    const decoder = new TextDecoder(label);
    return (bytes) => cleaned(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** The names that `.cpg` files use, as the platform calls them. */
function labelOf(name: string): string {
  if (name === '65001' || name === 'utf8') return 'utf-8';
  const page = /^(?:ansi|cp|windows|oem|ibm)?[ -]*(\d{3,4})$/.exec(name)?.[1];
  if (page !== undefined && /^(?:874|125[0-8])$/.test(page)) return `windows-${page}`;
  if (page === '866') return 'ibm866';
  const part = /^(?:iso[ -]?)?8859[ -]?(\d{1,2})$/.exec(name)?.[1];
  if (part !== undefined) return `iso-8859-${part}`;
  return /^88591(\d?)$/.test(name) ? `iso-8859-1${name.slice(5)}` : name;
}

/** Without a word of it, text is UTF-8 where it can be, else the code page of Western Europe that shapefiles began with. */
function guessed(): (bytes: Uint8Array) => string {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  const western = new TextDecoder('windows-1252');
  return (bytes) => {
    try {
      return cleaned(utf8.decode(bytes));
    } catch {
      return cleaned(western.decode(bytes));
    }
  };
}

/** Fields are filled up with spaces or zero bytes, and may end in the midst of a character. */
function cleaned(text: string): string {
  const end = text.indexOf('\u0000');
  return (end < 0 ? text : text.slice(0, end)).replace(/\ufffd+\s*$/, '').trim();
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').replace(/\0/g, ' ');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function broken(what: string): Result<never, Refusal> {
  return refuse('load.shapefileBroken', `the .dbf file: ${what}`);
}
