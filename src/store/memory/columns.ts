// The attributes of a dataset's boundaries as columns over bytes: they lie in the file as they lie in memory, nothing is
// read before it is asked for, and a dataset of any size is there at once.

/** One boundary as the database gives it. Moments are epoch milliseconds. */
export interface StandbyRow {
  readonly boundaryId: string;
  readonly displayName: string;
  readonly serviceUrn: string;
  readonly serviceUri: string;
  readonly serviceNumber: string | null;
  readonly agencyId: string | null;
  readonly priority: number;
  readonly effective: number | null;
  readonly expire: number | null;
  readonly countryKey: string;
  readonly a1Key: string;
  readonly a2Keys: readonly string[];
  readonly a3Keys: readonly string[];
}

/** Where a boundary lies and how large it is. Degrees. */
export interface Extent {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  readonly vertexCount: number;
}

const textFields = [
  'boundaryId',
  'displayName',
  'serviceUri',
  'serviceNumber',
  'agencyId',
  'countryKey',
  'a1Key',
  'a2Keys',
  'a3Keys',
] as const;
type TextField = (typeof textFields)[number];
const fieldNo = Object.fromEntries(textFields.map((field, index) => [field, index])) as Record<
  TextField,
  number
>;
const numberFields = ['effective', 'expire', 'west', 'south', 'east', 'north', 'vertexCount'] as const;
const numberCount = numberFields.length;
const wholeCount = 2;
/** No text of the database holds it. */
const nothing = '\0';
const between = '\n';

/** What is needed beside the bytes to read the columns. */
export interface ColumnsHeader {
  readonly rowCount: number;
  readonly services: readonly string[];
  readonly textBytes: number;
}

/** Collects rows. */
export class ColumnsBuilder {
  readonly #services = new Map<string, number>();
  readonly #numbers: number[] = [];
  readonly #wholes: number[] = [];
  readonly #texts: Buffer[] = [];
  readonly #offsets: number[] = [0];
  #rowCount = 0;

  add(row: StandbyRow, extent: Extent): void {
    this.#rowCount += 1;
    this.#numbers.push(row.effective ?? Number.NEGATIVE_INFINITY, row.expire ?? Number.POSITIVE_INFINITY);
    this.#numbers.push(extent.west, extent.south, extent.east, extent.north, extent.vertexCount);
    const service = this.#services.get(row.serviceUrn) ?? this.#services.size;
    this.#services.set(row.serviceUrn, service);
    this.#wholes.push(row.priority, service);
    for (const field of textFields) {
      const value = row[field];
      const text = value === null ? nothing : typeof value === 'string' ? value : value.join(between);
      const bytes = Buffer.from(text, 'utf8');
      this.#texts.push(bytes);
      this.#offsets.push((this.#offsets.at(-1) ?? 0) + bytes.length);
    }
  }

  finish(): { readonly header: ColumnsHeader; readonly pieces: readonly Uint8Array[] } {
    const text = Buffer.concat(this.#texts);
    return {
      header: {
        rowCount: this.#rowCount,
        services: [...this.#services.keys()],
        textBytes: text.length,
      },
      pieces: [
        bytesOf(Float64Array.from(this.#numbers)),
        bytesOf(Int32Array.from(this.#wholes)),
        bytesOf(Uint32Array.from(this.#offsets)),
        text,
      ].map(padded),
    };
  }
}

/** How many bytes the columns take. */
export function columnsBytes({ rowCount, textBytes }: ColumnsHeader): number {
  return sizes(rowCount, textBytes).reduce((sum, size) => sum + size, 0);
}

/** The attributes of rows by their number, from 0. */
export class Columns {
  readonly rowCount: number;
  readonly services: readonly string[];
  readonly #numbers: Float64Array;
  readonly #wholes: Int32Array;
  readonly #offsets: Uint32Array;
  readonly #text: Buffer;

  /** Over bytes that begin at a multiple of 8; they must not be changed. */
  constructor(header: ColumnsHeader, bytes: Uint8Array) {
    const { rowCount, textBytes } = header;
    const { buffer } = bytes;
    const [numbersSize = 0, wholesSize = 0, offsetsSize = 0] = sizes(rowCount, textBytes);
    let at = bytes.byteOffset;
    this.rowCount = rowCount;
    this.services = header.services;
    this.#numbers = new Float64Array(buffer, at, rowCount * numberCount);
    at += numbersSize;
    this.#wholes = new Int32Array(buffer, at, rowCount * wholeCount);
    at += wholesSize;
    this.#offsets = new Uint32Array(buffer, at, rowCount * textFields.length + 1);
    at += offsetsSize;
    this.#text = Buffer.from(buffer as ArrayBuffer, at, textBytes);
  }

  serviceNo(row: number): number {
    return this.#wholes[row * wholeCount + 1] ?? -1;
  }

  priority(row: number): number {
    return this.#wholes[row * wholeCount] ?? 0;
  }

  /** Whether the boundary is in force at a moment: from its effective date on, before its expiry. */
  isInForce(row: number, asOf: number): boolean {
    const at = row * numberCount;
    return (this.#numbers[at] ?? 0) <= asOf && (this.#numbers[at + 1] ?? 0) > asOf;
  }

  extent(row: number): Extent {
    const at = row * numberCount;
    return {
      west: this.#numbers[at + 2] ?? 0,
      south: this.#numbers[at + 3] ?? 0,
      east: this.#numbers[at + 4] ?? 0,
      north: this.#numbers[at + 5] ?? 0,
      vertexCount: this.#numbers[at + 6] ?? 0,
    };
  }

  /** Undefined where the database has none. */
  text(row: number, field: TextField): string | undefined {
    const at = row * textFields.length + fieldNo[field];
    const text = this.#text.toString('utf8', this.#offsets[at] ?? 0, this.#offsets[at + 1] ?? 0);
    return text === nothing ? undefined : text;
  }

  /** Whether a field is exactly these bytes, without making a text of it. */
  isText(row: number, field: TextField, bytes: Buffer): boolean {
    const at = row * textFields.length + fieldNo[field];
    const start = this.#offsets[at] ?? 0;
    const end = this.#offsets[at + 1] ?? 0;
    return end - start === bytes.length && this.#text.compare(bytes, 0, bytes.length, start, end) === 0;
  }

  keys(row: number, field: 'a2Keys' | 'a3Keys'): readonly string[] {
    const text = this.text(row, field) ?? '';
    return text === '' ? [] : text.split(between);
  }
}

function sizes(rowCount: number, textBytes: number): readonly number[] {
  return [
    rowCount * numberCount * 8,
    rowCount * wholeCount * 4,
    (rowCount * textFields.length + 1) * 4,
    textBytes,
  ].map(toMultipleOf8);
}

/** Pieces begin at multiples of 8, as arrays of doubles must. */
export function padded(bytes: Uint8Array): Uint8Array {
  const size = toMultipleOf8(bytes.byteLength);
  if (size === bytes.byteLength) return bytes;
  const whole = new Uint8Array(size);
  whole.set(bytes);
  return whole;
}

function toMultipleOf8(size: number): number {
  return Math.ceil(size / 8) * 8;
}

function bytesOf(array: Float64Array | Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
