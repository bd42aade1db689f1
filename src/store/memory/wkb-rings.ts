import { assert } from '../../base/index.ts';
import type { FlatRing } from '../../geo/index.ts';
import type { Extent } from './columns.ts';

const polygonType = 3;
const multiPolygonType = 6;

/** The rings of a polygon or multipolygon as little-endian WKB (OGC 06-103r4 §8), and what they cover. */
export function ringsOfWkb(wkb: Buffer): { readonly rings: readonly FlatRing[]; readonly extent: Extent } {
  const rings: FlatRing[] = [];
  const end = readGeometry(wkb, 0, rings);
  assert(end === wkb.length, 'the geometry of a boundary ends where its bytes do');
  return { rings, extent: extentOf(rings) };
}

function readGeometry(wkb: Buffer, start: number, rings: FlatRing[]): number {
  assert(wkb[start] === 1, 'the geometry of a boundary is little-endian');
  const type = wkb.readUInt32LE(start + 1);
  const count = wkb.readUInt32LE(start + 5);
  let at = start + 9;
  if (type === multiPolygonType) {
    for (let index = 0; index < count; index += 1) at = readGeometry(wkb, at, rings);
    return at;
  }
  assert(type === polygonType, 'a boundary is a polygon');
  for (let index = 0; index < count; index += 1) {
    const size = wkb.readUInt32LE(at) * 16;
    at += 4;
    // A copy, which begins where an array of doubles may.
    const bytes = new Uint8Array(wkb.subarray(at, at + size));
    rings.push({ coordinates: new Float64Array(bytes.buffer), isHole: index > 0 });
    at += size;
  }
  return at;
}

function extentOf(rings: readonly FlatRing[]): Extent {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  let vertexCount = 0;
  for (const { coordinates } of rings) {
    for (let index = 0; index < coordinates.length; index += 2) {
      const lon = coordinates[index] ?? 0;
      const lat = coordinates[index + 1] ?? 0;
      if (lon < west) west = lon;
      if (lon > east) east = lon;
      if (lat < south) south = lat;
      if (lat > north) north = lat;
    }
    vertexCount += coordinates.length / 2;
  }
  return { west, south, east, north, vertexCount };
}
