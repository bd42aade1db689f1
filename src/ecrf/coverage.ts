import {
  areaM2,
  centerOf,
  footprintOf,
  isInPolygon,
  type Position,
  type Ring,
  type Shape,
} from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';

/**
 * A region that a LoST server answers for (RFC 5582 §7.1): addresses that agree in all of its elements, or what lies in a
 * shape, edges straight in longitude and latitude.
 */
export type CoverageRegion =
  | { readonly kind: 'civic'; readonly elements: ReadonlyMap<string, string> }
  | { readonly kind: 'shape'; readonly shape: Shape };

/** Where somebody is, as a query says it. */
export interface CoverageQuestion {
  readonly shape: Shape | undefined;
  readonly civic: CivicAddress | undefined;
}

/**
 * How closely a region fits a place; undefined where it does not. Larger is closer: the number of civic elements that agree
 * (RFC 5582 §7.1, longest match), and of shapes the smaller one. An empty list of regions covers everything, at 0.
 */
export function coverageFit(
  regions: readonly CoverageRegion[],
  question: CoverageQuestion,
): number | undefined {
  if (regions.length === 0) return 0;
  let best: number | undefined;
  for (const region of regions) {
    const fit = region.kind === 'civic' ? civicFit(region, question) : shapeFit(region.shape, question);
    if (fit !== undefined && (best === undefined || fit > best)) best = fit;
  }
  return best;
}

function civicFit(
  { elements }: Extract<CoverageRegion, { kind: 'civic' }>,
  { civic }: CoverageQuestion,
): number | undefined {
  if (civic === undefined) return undefined;
  for (const [name, value] of elements) {
    const own = name === 'country' ? civic.country : civic.elements.get(name);
    if (own === undefined || comparable(own) !== comparable(value)) return undefined;
  }
  return elements.size;
}

function comparable(value: string): string {
  return value
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[\s.]+/gu, ' ')
    .trim()
    .toLowerCase();
}

/** The whole earth in square metres; a region's fit is what share of it the region leaves out. */
const earthM2 = 5.1e14;

function shapeFit(region: Shape, { shape }: CoverageQuestion): number | undefined {
  if (shape === undefined) return undefined;
  const known = knownRegion(region);
  return isTouching(known, shape) ? 1 - Math.min(1, known.areaM2 / earthM2) : undefined;
}

interface KnownRegion {
  readonly rings: readonly Ring[];
  readonly areaM2: number;
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

// Regions are few and asked for often; some have many corners.
const knownRegions = new WeakMap<Shape, KnownRegion>();

function knownRegion(shape: Shape): KnownRegion {
  const known = knownRegions.get(shape);
  if (known !== undefined) return known;
  const rings = footprintOf(shape) ?? [];
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of rings[0] ?? []) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  const made = { rings, areaM2: areaM2(shape), west, east, south, north };
  knownRegions.set(shape, made);
  return made;
}

/**
 * Whether any part of a caller's area can lie in a region (RFC 5222 §12.2: a query is for any portion of its shape). Held
 * over its centre and corners: a coverage region is coarse, and a server that does not serve the place says so itself.
 */
function isTouching(region: KnownRegion, shape: Shape): boolean {
  const corners = footprintOf(shape)?.[0] ?? [];
  const places = [centerOf(shape), ...corners.map(([lon, lat]) => ({ lon, lat }))];
  if (places.some((place) => isIn(region, place))) return true;
  if (corners.length === 0) return false;
  const asked = knownRegion(shape);
  return (region.rings[0] ?? []).some(([lon, lat]) => isIn(asked, { lon, lat }));
}

/** Rings may run on over the antimeridian: a place is looked for on its own side and beyond it. */
function isIn({ rings, west, east, south, north }: KnownRegion, { lon, lat }: Position): boolean {
  if (lat < south || lat > north) return false;
  return [lon, lon - 360, lon + 360].some(
    (each) => each >= west && each <= east && isInPolygon({ lon: each, lat }, rings),
  );
}
