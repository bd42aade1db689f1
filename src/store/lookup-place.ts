import type { Position } from '../geo/index.ts';

// Where a point is looked for: the same for the database and for the standby index, so that both answer alike.

// Mean radius of the Earth's meridian arc at any latitude differs by less than 0.6 % from this; one metre needs no more.
export const metresPerDegree = 111_195;

/** How far from a boundary a point still belongs to it where rounding left it in none (GIS data has such cracks). */
export const crackM = 1;

/** Where the cosine of the latitude ends, so that a box at a pole stays a box. */
const leastScale = 1e-6;

/** The plane on which distances from a point are taken: true to scale there, edges straight in longitude and latitude. */
export interface LocalPlane {
  /** Degrees of longitude times this are as long as degrees of latitude. */
  readonly scale: number;
  readonly heightDeg: number;
  readonly widthDeg: number;
  /**
   * The longitudes at which the point is looked for: its own, and a whole turn off where the box around it reaches over
   * the antimeridian. Boundaries lie within ±180.
   */
  readonly lons: readonly number[];
}

/** The plane at a position, and the box around it that reaches `withinM` each way. */
export function localPlane({ lon, lat }: Position, withinM: number): LocalPlane {
  const scale = scaleAt(lat);
  const heightDeg = withinM / metresPerDegree;
  const widthDeg = Math.min(heightDeg / scale, 360);
  const lons = [lon, lon - 360, lon + 360].filter(
    (each, index) => index === 0 || (each + widthDeg >= -180 && each - widthDeg <= 180),
  );
  return { scale, heightDeg, widthDeg, lons };
}

/** How long a degree of longitude is beside one of latitude. */
export function scaleAt(lat: number): number {
  return Math.max(Math.cos((lat * Math.PI) / 180), leastScale);
}

/** At a pole every longitude is the same place. */
export function isPole({ lat }: Position): boolean {
  return Math.abs(lat) === 90;
}
