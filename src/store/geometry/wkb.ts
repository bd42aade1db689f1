import type { BoundaryGeometry } from '../../esrp/index.ts';
import type { Ring } from '../../geo/index.ts';

const multiPolygonType = 6;
const polygonType = 3;

/** A multipolygon as little-endian WKB (OGC 06-103r4 §8), x longitude, y latitude. */
export function multiPolygonWkb(geometry: BoundaryGeometry): Buffer {
  const buffer = Buffer.allocUnsafe(sizeOf(geometry));
  let at = writeHead(buffer, 0, multiPolygonType, geometry.coordinates.length);
  for (const polygon of geometry.coordinates) at = writePolygon(buffer, at, polygon);
  return buffer;
}

/** A polygon as little-endian WKB, its outer ring first, x longitude, y latitude. */
export function polygonWkb(rings: readonly Ring[]): Buffer {
  const buffer = Buffer.allocUnsafe(sizeOfPolygon(rings));
  writePolygon(buffer, 0, rings);
  return buffer;
}

function writePolygon(buffer: Buffer, start: number, rings: readonly Ring[]): number {
  let at = writeHead(buffer, start, polygonType, rings.length);
  for (const ring of rings) {
    at = buffer.writeUInt32LE(ring.length, at);
    for (const [lon, lat] of ring) {
      at = buffer.writeDoubleLE(lon, at);
      at = buffer.writeDoubleLE(lat, at);
    }
  }
  return at;
}

function writeHead(buffer: Buffer, at: number, type: number, count: number): number {
  buffer[at] = 1; // little-endian
  buffer.writeUInt32LE(type, at + 1);
  return buffer.writeUInt32LE(count, at + 5);
}

function sizeOf(geometry: BoundaryGeometry): number {
  let size = 9;
  for (const polygon of geometry.coordinates) size += sizeOfPolygon(polygon);
  return size;
}

function sizeOfPolygon(rings: readonly Ring[]): number {
  let size = 9;
  for (const ring of rings) size += 4 + ring.length * 16;
  return size;
}
