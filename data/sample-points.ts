import { isInPolygon, type Position, type Ring } from '../src/geo/index.ts';
import { type UsCounty, usCounties } from './us-counties.ts';

/** A place in the United States with the county that it was drawn for. */
export interface SamplePoint {
  readonly position: Position;
  readonly fips: string;
}

/**
 * `count` random places inside of US counties, every county equally likely. The same seed gives the same places. Which
 * county a place is in is judged on the published shapes, so a place on a border may belong to the neighbour as well.
 */
export function samplePoints(count: number, seed: number): readonly SamplePoint[] {
  const random = seededFraction(seed);
  const counties = [...usCounties()];
  const points: SamplePoint[] = [];
  while (points.length < count) {
    const county = counties[Math.floor(random() * counties.length)];
    if (county !== undefined) points.push(placeIn(county, random));
  }
  return points;
}

/** A repeatable sequence of fractions in [0, 1) (mulberry32). */
export function seededFraction(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function placeIn(county: UsCounty, random: () => number): SamplePoint {
  // In the largest polygon: one that crosses the antimeridian in parts would have a box around the world.
  const polygon = county.geometry.coordinates.reduce((a, b) => (outerLength(b) > outerLength(a) ? b : a));
  const outer = polygon[0] ?? [];
  let [west, south, east, north] = [180, 90, -180, -90];
  for (const [lon, lat] of outer) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  for (;;) {
    const lon = west + random() * (east - west);
    const lat = south + random() * (north - south);
    if (isInPolygon({ lon, lat }, polygon)) return { position: { lon, lat }, fips: county.fips };
  }
}

function outerLength(polygon: readonly Ring[]): number {
  return polygon[0]?.length ?? 0;
}
