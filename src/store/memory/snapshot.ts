import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../base/index.ts';
import type { BoundaryMatch } from '../../esrp/index.ts';
import { type PolygonIndex, polygonIndexBuilder, polygonIndexFromBytes } from '../../geo/index.ts';
import {
  Columns,
  ColumnsBuilder,
  type ColumnsHeader,
  columnsBytes,
  padded,
  type StandbyRow,
} from './columns.ts';
import type { SentRow } from './messages.ts';
import { ringsOfWkb } from './wkb-rings.ts';

/** Which state of which dataset: a database that is made anew counts its datasets from 1 again, so the id is not enough. */
export interface DatasetVersion {
  readonly datasetId: number;
  readonly revision: number;
  /** When the dataset was begun, as the database writes it. */
  readonly createdAt: string;
}

/** A dataset's service boundaries in memory. */
export interface DatasetSnapshot {
  readonly version: DatasetVersion;
  readonly columns: Columns;
  readonly index: PolygonIndex;
  /** Rows that were asked for, by their number. */
  readonly matches: (BoundaryMatch | undefined)[];
  readonly byteLength: number;
}

/** Whether two are the same state of the same dataset. */
export function isSameVersion(a: DatasetVersion, b: DatasetVersion): boolean {
  return a.datasetId === b.datasetId && a.revision === b.revision && a.createdAt === b.createdAt;
}

interface Header extends ColumnsHeader {
  readonly version: DatasetVersion;
  readonly indexBytes: number;
}

const mark = Buffer.from('FLSTDBY1', 'latin1');
/** Mark, length of the header, SHA-256 of everything behind. */
const preambleBytes = 8 + 8 + 32;

/** Takes the boundaries of a dataset one after another. */
export class SnapshotBuilder {
  readonly #columns = new ColumnsBuilder();
  readonly #index = polygonIndexBuilder();
  /** Of the geometry of the next boundary. */
  readonly #pieces: Buffer[] = [];
  readonly #onRing: ((ring: ArrayLike<number>) => void) | undefined;

  /** `onRing` is told each ring, as longitude, latitude, longitude ... */
  constructor(onRing?: (ring: ArrayLike<number>) => void) {
    this.#onRing = onRing;
  }

  /** Adds boundaries whose geometry may come in pieces. */
  addSent(rows: readonly SentRow[]): void {
    for (const { row, wkb } of rows) {
      this.#pieces.push(Buffer.from(wkb, 'hex'));
      if (row !== undefined) this.#add(row, Buffer.concat(this.#pieces.splice(0)));
    }
  }

  #add(row: StandbyRow, wkb: Buffer): void {
    const { rings, extent } = ringsOfWkb(wkb);
    this.#index.add(rings);
    this.#columns.add(row, extent);
    for (const { coordinates } of rings) this.#onRing?.(coordinates);
  }

  /** The file's bytes in pieces. The builder must not be used any more. */
  finish(version: DatasetVersion): readonly Uint8Array[] {
    const { header: columnsHeader, pieces: columns } = this.#columns.finish();
    const index = this.#index.finish().toBytes();
    const header: Header = {
      ...columnsHeader,
      version,
      indexBytes: index.reduce((sum, { byteLength }) => sum + byteLength, 0),
    };
    const headerBytes = padded(Buffer.from(`${JSON.stringify(header)}\n`, 'utf8'));
    const body = [headerBytes, ...columns, ...index];
    const hash = createHash('sha256');
    for (const piece of body) hash.update(piece);
    const preamble = Buffer.alloc(preambleBytes);
    mark.copy(preamble);
    preamble.writeUInt32LE(headerBytes.length, 8);
    hash.digest().copy(preamble, 16);
    return [preamble, ...body];
  }
}

/**
 * The snapshot over the bytes of a file, which begin at a multiple of 8 and must not be changed. The checksum is
 * {@link checksumFault}'s to look at.
 */
export function openSnapshot(bytes: Uint8Array): Result<DatasetSnapshot, string> {
  const whole = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  if (whole.length < preambleBytes || !whole.subarray(0, 8).equals(mark)) {
    return err('it is not a snapshot of this version');
  }
  const headerEnd = preambleBytes + whole.readUInt32LE(8);
  const header = headerOf(whole.subarray(preambleBytes, headerEnd));
  if (header === undefined) return err('its header is damaged');
  const columnsEnd = headerEnd + columnsBytes(header);
  if (columnsEnd + header.indexBytes !== whole.length) {
    return err(`it has ${whole.length} bytes in place of ${columnsEnd + header.indexBytes}`);
  }
  const index = polygonIndexFromBytes(bytes.subarray(columnsEnd));
  if (!index.ok) return err(`its index cannot be used: ${index.error}`);
  return ok({
    version: header.version,
    columns: new Columns(header, bytes.subarray(headerEnd, columnsEnd)),
    index: index.value,
    matches: new Array<BoundaryMatch | undefined>(header.rowCount),
    byteLength: bytes.byteLength,
  });
}

/** What is wrong with the content of a snapshot's bytes; undefined where the checksum says nothing is. */
export function checksumFault(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength < preambleBytes) return 'it is too short';
  const sum = createHash('sha256').update(bytes.subarray(preambleBytes)).digest();
  return sum.equals(bytes.subarray(16, preambleBytes)) ? undefined : 'its checksum does not fit its content';
}

function headerOf(bytes: Buffer): Header | undefined {
  try {
    // Filled up with zeros behind the line.
    return JSON.parse(bytes.toString('utf8').replace(/\0*$/, '')) as Header;
  } catch {
    return undefined;
  }
}
