type Pair = readonly [number, number];
type Ring = readonly Pair[];

interface Sized {
  readonly ring: Ring;
  readonly area: number;
  readonly box: readonly [west: number, south: number, east: number, north: number];
}

/**
 * Puts the rings of a shapefile's polygon together: clockwise ones are outer, the others are holes of the smallest outer ring
 * around them (ESRI Shapefile Technical Description, July 1998, p. 8). Where the largest ring of all turns the other way, the
 * writer had them the wrong way round, and they are read so. A hole that lies in no outer ring is a polygon of its own.
 */
export function polygonsOfRings(rings: readonly Ring[]): readonly (readonly Ring[])[] {
  const sized = rings.map((ring) => ({ ring, area: signedArea(ring), box: boxOf(ring) }));
  const largest = sized.reduce<Sized | undefined>(
    (found, each) => (found === undefined || Math.abs(each.area) > Math.abs(found.area) ? each : found),
    undefined,
  );
  const outerSign = (largest?.area ?? 0) > 0 ? 1 : -1;
  const outers = sized.filter(({ area }) => area === 0 || Math.sign(area) === outerSign);
  const polygons = new Map<Sized, Ring[]>(outers.map((outer) => [outer, [outer.ring]]));
  const bySize = [...outers].sort((one, other) => Math.abs(one.area) - Math.abs(other.area));
  for (const hole of sized) {
    if (polygons.has(hole)) continue;
    const around = bySize.find(
      (outer) => Math.abs(outer.area) >= Math.abs(hole.area) && contains(outer, hole),
    );
    if (around === undefined) polygons.set(hole, [hole.ring]);
    else polygons.get(around)?.push(hole.ring);
  }
  return [...polygons.values()];
}

/** Twice the area, positive where it turns counterclockwise; from the first corner, to keep the figures small. */
function signedArea(ring: Ring): number {
  const [x0, y0] = ring[0] ?? [0, 0];
  let sum = 0;
  for (let index = 1; index < ring.length; index += 1) {
    const [x1, y1] = ring[index - 1] ?? [x0, y0];
    const [x2, y2] = ring[index] ?? [x0, y0];
    sum += (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
  }
  return sum;
}

function boxOf(ring: Ring): Sized['box'] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of ring) {
    west = Math.min(west, x);
    south = Math.min(south, y);
    east = Math.max(east, x);
    north = Math.max(north, y);
  }
  return [west, south, east, north];
}

function contains(outer: Sized, hole: Sized): boolean {
  const [west, south, east, north] = outer.box;
  if (hole.box[0] < west || hole.box[1] < south || hole.box[2] > east || hole.box[3] > north) return false;
  // Holes may touch the ring around them: a corner that is on it says nothing.
  for (const corner of hole.ring) {
    const where = side(outer.ring, corner);
    if (where !== 'on') return where === 'in';
  }
  return true;
}

function side(ring: Ring, [x, y]: Pair): 'in' | 'out' | 'on' {
  let isIn = false;
  for (let index = 1; index < ring.length; index += 1) {
    const [x1, y1] = ring[index - 1] ?? [0, 0];
    const [x2, y2] = ring[index] ?? [0, 0];
    const cross = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1);
    const isWithin =
      x >= Math.min(x1, x2) && x <= Math.max(x1, x2) && y >= Math.min(y1, y2) && y <= Math.max(y1, y2);
    if (cross === 0 && isWithin) return 'on';
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) isIn = !isIn;
  }
  return isIn ? 'in' : 'out';
}
