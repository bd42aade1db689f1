import type { BoundaryGeometry } from '../../esrp/index.ts';

const multiPolygonType = 6;
const polygonType = 3;

/** A multipolygon as little-endian WKB (OGC 06-103r4 §8), x longitude, y latitude. */
export function multiPolygonWkb(geometry: BoundaryGeometry): Buffer {
  const buffer = Buffer.allocUnsafe(sizeOf(geometry));
  let at = writeHead(buffer, 0, multiPolygonType, geometry.coordinates.length);
  for (const polygon of geometry.coordinates) {
    at = writeHead(buffer, at, polygonType, polygon.length);
    for (const ring of polygon) {
      at = buffer.writeUInt32LE(ring.length, at);
      for (const [lon, lat] of ring) {
        at = buffer.writeDoubleLE(lon, at);
        at = buffer.writeDoubleLE(lat, at);
      }
    }
  }
  return buffer;
}

function writeHead(buffer: Buffer, at: number, type: number, count: number): number {
  buffer[at] = 1; // little-endian
  buffer.writeUInt32LE(type, at + 1);
  return buffer.writeUInt32LE(count, at + 5);
}

function sizeOf(geometry: BoundaryGeometry): number {
  let size = 9;
  for (const polygon of geometry.coordinates) {
    size += 9;
    for (const ring of polygon) size += 4 + ring.length * 16;
  }
  return size;
}
