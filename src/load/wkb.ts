import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import { refuse } from './field-values.ts';
import type { Refusal } from './types.ts';

/** A geometry in the form of GeoJSON; only the types that a layer may have bring coordinates. */
export interface ReadGeometry {
  readonly type: string;
  readonly coordinates?: unknown;
}

type Read<T> = Result<T, Refusal>;

const typeNames: Readonly<Record<number, string>> = {
  1: 'Point',
  2: 'LineString',
  3: 'Polygon',
  4: 'MultiPoint',
  5: 'MultiLineString',
  6: 'MultiPolygon',
  7: 'GeometryCollection',
};

const curved = new Set([8, 9, 10, 11, 12, 13, 14]);

/**
 * Reads well-known binary (OGC 06-103r4 §8.2, its ISO form, and the form with flags that PostGIS writes) into a geometry in
 * the form of GeoJSON; heights and measures are left out. Every count is held to the bytes that are there before anything is
 * made of it.
 */
export function readWkb(bytes: Uint8Array): Read<ReadGeometry> {
  const reader = new WkbReader(bytes);
  const geometry = reader.geometry(0);
  if (geometry.ok && !reader.isAtEnd) {
    return broken('bytes are left behind the geometry');
  }
  return geometry;
}

class WkbReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#view.byteLength;
  }

  geometry(depth: number, only?: number): Read<ReadGeometry> {
    if (this.#left < 5) return broken('the geometry is cut off');
    const order = this.#view.getUint8(this.#at);
    if (order > 1) return broken('the byte order is neither 0 nor 1');
    const isLittle = order === 1;
    const word = this.#view.getUint32(this.#at + 1, isLittle);
    this.#at += 5;
    if ((word & 0x2000_0000) !== 0) {
      if (this.#left < 4) return broken('the geometry is cut off');
      this.#at += 4;
    }
    const plain = word & 0x0fff_ffff;
    const type = plain % 1000;
    const thousands = Math.floor(plain / 1000);
    const flags = ((word & 0x8000_0000) !== 0 ? 1 : 0) + ((word & 0x4000_0000) !== 0 ? 1 : 0);
    const isKnown = thousands <= 3;
    const stride = 16 + 8 * (thousands === 3 ? 2 : Math.min(thousands, 1)) + 8 * flags;
    const name = isKnown ? typeNames[type] : undefined;
    if (isKnown && (curved.has(type) || type > 14) && type <= 17) return unsupported(type);
    if (name === undefined || (only !== undefined && type !== only)) {
      return broken(`there is no geometry of type ${plain} here`);
    }
    const form = { isLittle, stride };
    switch (type) {
      case 1:
        return this.#typed(name, this.#point(form));
      case 2:
        return this.#typed(name, this.#points(form));
      case 3:
        return this.#typed(
          name,
          this.#list(form, 4, () => this.#points(form)),
        );
      case 7:
        // Its parts are of no use to any layer, whose reader says so.
        this.#at = this.#view.byteLength;
        return ok({ type: name });
      default:
        return depth > 0
          ? broken('a geometry is nested where none may be')
          : this.#typed(
              name,
              this.#list(form, 5, () => this.#part(type - 3)),
            );
    }
  }

  #part(type: number): Read<unknown> {
    const part = this.geometry(1, type);
    return part.ok ? ok(part.value.coordinates) : part;
  }

  #typed(type: string, coordinates: Read<unknown>): Read<ReadGeometry> {
    return coordinates.ok ? ok({ type, coordinates: coordinates.value }) : coordinates;
  }

  #point({ isLittle, stride }: Form): Read<readonly number[]> {
    if (this.#left < stride) return broken('the geometry is cut off');
    const east = this.#view.getFloat64(this.#at, isLittle);
    const north = this.#view.getFloat64(this.#at + 8, isLittle);
    this.#at += stride;
    return ok([east, north]);
  }

  #points({ isLittle, stride }: Form): Read<readonly (readonly number[])[]> {
    const count = this.#count(isLittle, stride);
    if (count === undefined) return broken('a list has more positions than there are bytes');
    const points: number[][] = new Array(count);
    let at = this.#at;
    for (let index = 0; index < count; index += 1, at += stride) {
      points[index] = [this.#view.getFloat64(at, isLittle), this.#view.getFloat64(at + 8, isLittle)];
    }
    this.#at = at;
    return ok(points);
  }

  #list({ isLittle }: Form, leastBytes: number, item: () => Read<unknown>): Read<readonly unknown[]> {
    const count = this.#count(isLittle, leastBytes);
    if (count === undefined) return broken('a list has more parts than there are bytes');
    const items: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      const read = item();
      if (!read.ok) return read;
      items.push(read.value);
    }
    return ok(items);
  }

  /** A count of things that have at least so many bytes each; undefined where there are not as many. */
  #count(isLittle: boolean, leastBytes: number): number | undefined {
    if (this.#left < 4) return undefined;
    const count = this.#view.getUint32(this.#at, isLittle);
    this.#at += 4;
    return count * leastBytes <= this.#left ? count : undefined;
  }

  get #left(): number {
    return this.#view.byteLength - this.#at;
  }
}

interface Form {
  readonly isLittle: boolean;
  /** Bytes of a position. */
  readonly stride: number;
}

const envelopeBytes = [0, 32, 48, 48, 64];

/**
 * Reads a GeoPackage's geometry: its header (OGC 12-128r19 §2.1.3) and the well-known binary behind it. Undefined: it is empty.
 */
export function readGpkgGeometry(bytes: Uint8Array): Read<ReadGeometry | undefined> {
  const flags = bytes[3] ?? 0;
  if (bytes.length < 8 || bytes[0] !== 0x47 || bytes[1] !== 0x50) {
    return broken('the geometry is not in the form of a GeoPackage');
  }
  if (bytes[2] !== 0) return broken(`the geometry is of version ${bytes[2]} of its form, which is unknown`);
  if ((flags & 0x20) !== 0) return broken('the geometry is of an extended form, which is unknown');
  const skipped = envelopeBytes[(flags >> 1) & 7];
  if (skipped === undefined || bytes.length < 8 + skipped) {
    return broken('the header of the geometry is cut off or wrong');
  }
  if ((flags & 0x10) !== 0) return ok(undefined);
  return readWkb(bytes.subarray(8 + skipped));
}

function broken(what: string): Read<never> {
  return refuse('load.geometryBroken', `${what}; write the file anew, such as by ogr2ogr`);
}

function unsupported(type: number): Read<never> {
  const what = curved.has(type) ? 'has curves' : 'is a surface in space';
  return refuse(
    'load.geometryType',
    `the geometry ${what}; make it straight, such as by ogr2ogr -nlt CONVERT_TO_LINEAR`,
  );
}
