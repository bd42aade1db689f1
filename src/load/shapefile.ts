import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import { ByteReader } from './byte-reader.ts';
import type { CrsState } from './crs.ts';
import { DbfReader } from './dbf.ts';
import { refuse } from './field-values.ts';
import { polygonsOfRings } from './rings.ts';
import type { RawItem, Refusal } from './types.ts';
import type { ReadGeometry } from './wkb.ts';

/** The files of a shapefile, opened. */
export interface ShapefileParts {
  readonly shp: AsyncIterable<Uint8Array>;
  readonly dbf: AsyncIterable<Uint8Array>;
  /** The text of the `.cpg` file. */
  readonly codePage: string | undefined;
  /** What the `.prj` file says. */
  readonly crs: CrsState;
}

/**
 * The rows of a shapefile (ESRI Shapefile Technical Description, July 1998), in order, without its index: geometry and
 * attributes are read side by side, and have to be as many. Rows that are marked as deleted are left out.
 */
export async function* shapefileRows(
  parts: ShapefileParts,
  recordBytesMax: number,
): AsyncGenerator<RawItem, void, undefined> {
  const shp = new ByteReader(parts.shp);
  const dbfBytes = new ByteReader(parts.dbf);
  try {
    const dbf = await DbfReader.open(dbfBytes, parts.codePage);
    const shapes = await ShapeReader.open(shp, recordBytesMax);
    if (!dbf.ok) yield { kind: 'refused', refusal: dbf.error, ends: true };
    else if (!shapes.ok) yield { kind: 'refused', refusal: shapes.error, ends: true };
    else yield* pairedRows(shapes.value, dbf.value, parts.crs);
  } finally {
    await Promise.all([shp.close(), dbfBytes.close()]);
  }
}

async function* pairedRows(
  shapes: ShapeReader,
  dbf: DbfReader,
  crs: CrsState,
): AsyncGenerator<RawItem, void, undefined> {
  const { fields } = dbf;
  for (let no = 1; ; no += 1) {
    const shape = await shapes.next();
    const attributes = await dbf.next();
    const failed = shape.ok ? attributes : shape;
    if (!failed.ok) yield { kind: 'refused', refusal: failed.error, ends: true };
    if (!shape.ok || !attributes.ok) return;
    if (shape.value === undefined && attributes.value === undefined) return;
    if (shape.value === undefined || attributes.value === undefined) {
      const which = shape.value === undefined ? '.shp' : '.dbf';
      const reason = `the ${which} file ends before row ${no}, the other does not; they are not of one shapefile`;
      yield { kind: 'refused', refusal: { code: 'load.shapefileBroken', reason }, ends: true };
      return;
    }
    if (attributes.value === 'deleted') continue;
    if (shape.value.kind === 'refused') {
      yield { kind: 'refused', refusal: shape.value.refusal };
      continue;
    }
    yield {
      kind: 'row',
      properties: attributes.value,
      fields,
      geometry: shape.value.geometry,
      id: undefined,
      crs,
      layerName: undefined,
    };
  }
}

type Shape =
  | { readonly kind: 'shape'; readonly geometry: ReadGeometry | undefined }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Shape types, those with heights and measures among them; what stands behind the plane coordinates is left out. */
const shapeKinds: Readonly<Record<number, 'null' | 'point' | 'line' | 'polygon' | 'points'>> = {
  0: 'null',
  1: 'point',
  3: 'line',
  5: 'polygon',
  8: 'points',
  11: 'point',
  13: 'line',
  15: 'polygon',
  18: 'points',
  21: 'point',
  23: 'line',
  25: 'polygon',
  28: 'points',
};

class ShapeReader {
  readonly #bytes: ByteReader;
  readonly #type: number;
  readonly #sizeBytes: number;
  readonly #recordBytesMax: number;
  #record = 0;

  private constructor(bytes: ByteReader, type: number, sizeBytes: number, recordBytesMax: number) {
    this.#bytes = bytes;
    this.#type = type;
    this.#sizeBytes = sizeBytes;
    this.#recordBytesMax = recordBytesMax;
  }

  static async open(bytes: ByteReader, recordBytesMax: number): Promise<Result<ShapeReader, Refusal>> {
    const head = await bytes.read(100);
    if (head.length < 100) return broken('its header is cut off');
    const view = viewOf(head);
    if (view.getInt32(0, false) !== 9994) return broken('it does not begin as one');
    const type = view.getInt32(32, true);
    if (shapeKinds[type] === undefined) {
      return refuse(
        'load.geometryType',
        `the shapes are of type ${type}, which is no point, line or polygon`,
      );
    }
    return ok(new ShapeReader(bytes, type, view.getInt32(24, false) * 2, recordBytesMax));
  }

  /** The next shape; undefined behind the last. */
  async next(): Promise<Result<Shape | undefined, Refusal>> {
    if (await this.#bytes.isAtEnd()) {
      const missing = this.#sizeBytes - this.#bytes.consumed;
      return missing > 0 ? broken(`it ends ${missing} bytes early; it may have been cut off`) : ok(undefined);
    }
    // What stands behind the length that the header says is no part of the file.
    if (this.#bytes.consumed >= this.#sizeBytes) return ok(undefined);
    this.#record += 1;
    const where = `record ${this.#record}`;
    const head = await this.#bytes.read(8);
    if (head.length < 8) return broken(`${where} is cut off`);
    const sizeBytes = viewOf(head).getInt32(4, false) * 2;
    if (sizeBytes < 4) return broken(`${where} says that it has ${sizeBytes} bytes`);
    if (sizeBytes > this.#recordBytesMax) {
      return broken(`${where} says that it has ${sizeBytes} bytes, more than are read at once`);
    }
    const record = await this.#bytes.read(sizeBytes);
    if (record.length < sizeBytes) return broken(`${where} is cut off`);
    return this.#shape(record, where);
  }

  #shape(record: Uint8Array, where: string): Result<Shape, Refusal> {
    const view = viewOf(record);
    const type = view.getInt32(0, true);
    if (type === 0) return ok({ kind: 'shape', geometry: undefined });
    if (type !== this.#type) return broken(`${where} is of type ${type} in a file of type ${this.#type}`);
    const geometry = readShape(view, shapeKinds[type] ?? 'null');
    if (geometry === 'broken') {
      const reason = 'the counts of the shape are not what its bytes say; write the file anew';
      return ok({ kind: 'refused', refusal: { code: 'load.geometryBroken', reason } });
    }
    return ok({ kind: 'shape', geometry });
  }
}

function readShape(view: DataView, kind: string): ReadGeometry | undefined | 'broken' {
  if (kind === 'null') return undefined;
  if (kind === 'point') {
    if (view.byteLength < 20) return 'broken';
    return { type: 'Point', coordinates: [view.getFloat64(4, true), view.getFloat64(12, true)] };
  }
  if (kind === 'points') {
    const points = view.byteLength < 40 ? undefined : readPairs(view, 40, view.getUint32(36, true));
    return points === undefined ? 'broken' : { type: 'MultiPoint', coordinates: points };
  }
  const parts = readParts(view);
  if (parts === undefined) return 'broken';
  if (parts.length === 0) return undefined;
  return kind === 'line'
    ? { type: 'MultiLineString', coordinates: parts }
    : { type: 'MultiPolygon', coordinates: polygonsOfRings(parts) };
}

type Pairs = readonly (readonly [number, number])[];

function readParts(view: DataView): readonly Pairs[] | undefined {
  if (view.byteLength < 44) return undefined;
  const partCount = view.getUint32(36, true);
  const pointCount = view.getUint32(40, true);
  const pointsAt = 44 + partCount * 4;
  if (pointsAt > view.byteLength) return undefined;
  const points = readPairs(view, pointsAt, pointCount);
  if (points === undefined) return undefined;
  const parts: Pairs[] = [];
  for (let index = 0; index < partCount; index += 1) {
    const from = view.getUint32(44 + index * 4, true);
    const to = index + 1 < partCount ? view.getUint32(48 + index * 4, true) : pointCount;
    if (from > to || to > pointCount || (index === 0 && from !== 0)) return undefined;
    parts.push(points.slice(from, to));
  }
  return parts;
}

function readPairs(view: DataView, at: number, count: number): Pairs | undefined {
  if (at + count * 16 > view.byteLength) return undefined;
  const pairs: (readonly [number, number])[] = new Array(count);
  for (let index = 0; index < count; index += 1) {
    pairs[index] = [view.getFloat64(at + index * 16, true), view.getFloat64(at + index * 16 + 8, true)];
  }
  return pairs;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function broken(what: string): Result<never, Refusal> {
  return refuse('load.shapefileBroken', `the .shp file: ${what}`);
}
