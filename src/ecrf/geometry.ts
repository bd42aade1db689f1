import type { BoundaryGeometry } from '../esrp/index.ts';
import type { Position, Ring } from '../geo/index.ts';
import type { LostBoundary } from '../lost/index.ts';

/** A boundary as LoST has it; undefined where it has more corners than that. */
export function polygonsOf({ coordinates }: BoundaryGeometry, cornersMax: number): LostBoundary | undefined {
  return cornersOf(coordinates) > cornersMax ? undefined : { kind: 'polygons', polygons: coordinates };
}

function cornersOf(polygons: readonly (readonly Ring[])[]): number {
  return polygons.reduce((sum, rings) => sum + rings.reduce((all, ring) => all + ring.length, 0), 0);
}

const metresPerDegree = 111_195;

/**
 * The distance from a position to the nearest edge of a boundary, metres, on the plane that is true to scale at the
 * position: what lies nearer than that lies on the same side of all of its edges.
 */
export function distanceToEdgeM({ lon, lat }: Position, { coordinates }: BoundaryGeometry): number {
  const scaleX = Math.cos((lat * Math.PI) / 180) * metresPerDegree;
  let least = Number.POSITIVE_INFINITY;
  for (const ring of coordinates.flat()) {
    let before: readonly [number, number] | undefined;
    for (const corner of ring) {
      if (before !== undefined) {
        const [ax, ay] = [(before[0] - lon) * scaleX, (before[1] - lat) * metresPerDegree];
        const [bx, by] = [(corner[0] - lon) * scaleX, (corner[1] - lat) * metresPerDegree];
        least = Math.min(least, distanceToSegment(ax, ay, bx, by));
      }
      before = corner;
    }
  }
  return least;
}

/** From the origin to the segment between two points. */
function distanceToSegment(ax: number, ay: number, bx: number, by: number): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length2 = dx * dx + dy * dy;
  const along = length2 === 0 ? 0 : Math.max(0, Math.min(1, -(ax * dx + ay * dy) / length2));
  return Math.hypot(ax + along * dx, ay + along * dy);
}
