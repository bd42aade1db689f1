import type { PolygonCoordinates } from '../../esrp/index.ts';
import type { Ring } from '../../geo/index.ts';

const pointType = 1;
const lineType = 2;
const polygonType = 3;
const multiLineType = 5;
const multiPolygonType = 6;

type Pair = readonly [number, number];

/** A multipolygon as little-endian WKB (OGC 06-103r4 §8), x (longitude, east) before y. */
export function multiPolygonWkb(geometry: { readonly coordinates: PolygonCoordinates }): Buffer {
  const { coordinates } = geometry;
  const size = coordinates.reduce((sum, polygon) => sum + sizeOfPolygon(polygon), 9);
  const buffer = Buffer.allocUnsafe(size);
  let at = writeHead(buffer, 0, multiPolygonType, coordinates.length);
  for (const polygon of coordinates) at = writePolygon(buffer, at, polygon);
  return buffer;
}

/** A polygon as little-endian WKB, its outer ring first, x before y. */
export function polygonWkb(rings: readonly Ring[]): Buffer {
  const buffer = Buffer.allocUnsafe(sizeOfPolygon(rings));
  writePolygon(buffer, 0, rings);
  return buffer;
}

/** Lines as a multilinestring in little-endian WKB, x before y. */
export function multiLineWkb(lines: readonly (readonly Pair[])[]): Buffer {
  const size = lines.reduce((sum, line) => sum + 9 + line.length * 16, 9);
  const buffer = Buffer.allocUnsafe(size);
  let at = writeHead(buffer, 0, multiLineType, lines.length);
  for (const line of lines) {
    at = writeHead(buffer, at, lineType, line.length);
    for (const pair of line) at = writePair(buffer, at, pair);
  }
  return buffer;
}

/** A point as little-endian WKB, x before y. */
export function pointWkb(pair: Pair): Buffer {
  const buffer = Buffer.allocUnsafe(21);
  buffer[0] = 1; // little-endian
  buffer.writeUInt32LE(pointType, 1);
  writePair(buffer, 5, pair);
  return buffer;
}

function writePolygon(buffer: Buffer, start: number, rings: readonly Ring[]): number {
  let at = writeHead(buffer, start, polygonType, rings.length);
  for (const ring of rings) {
    at = buffer.writeUInt32LE(ring.length, at);
    for (const pair of ring) at = writePair(buffer, at, pair);
  }
  return at;
}

function writePair(buffer: Buffer, start: number, [x, y]: Pair): number {
  return buffer.writeDoubleLE(y, buffer.writeDoubleLE(x, start));
}

function writeHead(buffer: Buffer, at: number, type: number, count: number): number {
  buffer[at] = 1; // little-endian
  buffer.writeUInt32LE(type, at + 1);
  return buffer.writeUInt32LE(count, at + 5);
}

function sizeOfPolygon(rings: readonly Ring[]): number {
  let size = 9;
  for (const ring of rings) size += 4 + ring.length * 16;
  return size;
}
