import { seededFraction } from '../../data/sample-points.ts';
import { destination, type Position, type Shape } from '../../src/geo/index.ts';
import type { DatasetSnapshot } from '../../src/store/memory/snapshot.ts';

// Random questions to lookups, the same for the same seed.

/** A point to look up. */
export interface PointQuestion {
  readonly kind: 'anywhere' | 'corner' | 'edge' | 'nearBorder';
  readonly position: Position;
}

/** Straight pieces of borders: longitude and latitude of both ends, one after another. */
export type Edges = Float64Array;

export const shapeKinds = [
  'circle',
  'ellipse',
  'arcBand',
  'polygon',
  'holed polygon',
  'sphere',
  'ellipsoid',
  'prism',
] as const;

/** `count` edges of a source's rings, every edge equally likely. */
export class EdgeSample {
  readonly edges: Edges;
  readonly #random: () => number;
  readonly #count: number;
  #seen = 0;

  constructor(count: number, seed: number) {
    this.edges = new Float64Array(4 * count);
    this.#count = count;
    this.#random = seededFraction(seed);
  }

  add(ring: ArrayLike<number>): void {
    for (let at = 0; at + 3 < ring.length; at += 2) {
      const place = this.#seen < this.#count ? this.#seen : Math.floor(this.#random() * (this.#seen + 1));
      this.#seen += 1;
      if (place >= this.#count) continue;
      for (let part = 0; part < 4; part += 1) this.edges[4 * place + part] = ring[at + part] ?? 0;
    }
  }

  /** What was kept: fewer than asked for where there were not so many. */
  kept(): Edges {
    return this.edges.subarray(0, 4 * Math.min(this.#seen, this.#count));
  }
}

/** The box around all boundaries of a snapshot. */
export function wholeBox({ columns }: DatasetSnapshot): readonly [number, number, number, number] {
  let [west, south, east, north] = [180, 90, -180, -90];
  for (let row = 0; row < columns.rowCount; row += 1) {
    const extent = columns.extent(row);
    west = Math.min(west, extent.west);
    south = Math.min(south, extent.south);
    east = Math.max(east, extent.east);
    north = Math.max(north, extent.north);
  }
  return [west, south, east, north];
}

/** Points without end: two thirds anywhere, most of them within a degree of a border; of the others as many on corners, on edges, and within a metre of an edge. */
export function* pointQuestions(
  seed: number,
  edges: Edges,
  box: readonly [number, number, number, number],
): Generator<PointQuestion> {
  const random = seededFraction(seed);
  const [west, south, east, north] = box;
  for (let no = 0; ; no += 1) {
    if (no % 3 !== 0) {
      // The box is mostly empty where boundaries lie on both sides of the antimeridian: most are sought around borders.
      const [lon, lat] = edgeAt(edges, random());
      const [east1, north1] = [random() * 2 - 1, random() * 2 - 1];
      const position =
        no % 4 === 0
          ? { lon: west + random() * (east - west), lat: south + random() * (north - south) }
          : inRange({ lon: lon + east1, lat: Math.max(-90, Math.min(90, lat + north1)) });
      yield { kind: 'anywhere', position };
      continue;
    }
    const [x1, y1, x2, y2] = edgeAt(edges, random());
    const part = random();
    const turn = (Math.floor(no / 3) % 3) as 0 | 1 | 2;
    if (turn === 0) {
      yield { kind: 'corner', position: { lon: x1, lat: y1 } };
      continue;
    }
    const onEdge = { lon: x1 + part * (x2 - x1), lat: y1 + part * (y2 - y1) };
    if (turn === 1) yield { kind: 'edge', position: onEdge };
    else yield { kind: 'nearBorder', position: inRange(destination(onEdge, random() * 360, random())) };
  }
}

/** Areas of every shape in turn without end, from 20 m to `mostM` large, small ones as often as large; half lie on borders. */
export function* areaQuestions(
  seed: number,
  edges: Edges,
  box: readonly [number, number, number, number],
  mostM: number,
): Generator<{ readonly kind: (typeof shapeKinds)[number]; readonly shape: Shape }> {
  const random = seededFraction(seed);
  const [west, south, east, north] = box;
  for (let no = 0; ; no += 1) {
    const [lon, lat] = edgeAt(edges, random());
    const sizeM = 20 * (mostM / 20) ** random();
    const near = inRange(destination({ lon, lat }, random() * 360, random() * sizeM));
    const far = { lon: west + random() * (east - west), lat: south + random() * (north - south) };
    const kind = shapeKinds[no % shapeKinds.length] ?? 'circle';
    yield { kind, shape: shapeOf(kind, no % 2 === (no >> 3) % 2 ? near : far, sizeM, random) };
  }
}

function shapeOf(
  kind: (typeof shapeKinds)[number],
  center: Position,
  sizeM: number,
  random: () => number,
): Shape {
  const orientationDeg = random() * 360;
  const semi = { semiMajorM: sizeM, semiMinorM: sizeM * (0.1 + 0.9 * random()) };
  switch (kind) {
    case 'circle':
      return { kind, center, radiusM: sizeM };
    case 'sphere':
      return { kind, center: { ...center, altM: 10 }, radiusM: sizeM };
    case 'ellipse':
      return { kind, center, ...semi, orientationDeg };
    case 'ellipsoid':
      return { kind, center: { ...center, altM: 10 }, ...semi, verticalM: 5, orientationDeg };
    case 'arcBand': {
      const innerRadiusM = sizeM * 0.9 * random();
      const openingAngleDeg = 5 + random() * 355;
      const startAngleDeg = orientationDeg;
      return { kind, center, innerRadiusM, outerRadiusM: sizeM, startAngleDeg, openingAngleDeg };
    }
    case 'polygon':
      return { kind, exterior: star(center, sizeM, orientationDeg, random), interiors: [] };
    case 'holed polygon': {
      const hole = star(center, sizeM * 0.15, orientationDeg, random).reverse();
      return {
        kind: 'polygon',
        exterior: star(center, sizeM, orientationDeg, random),
        interiors: [hole],
      };
    }
    case 'prism': {
      const base = star(center, sizeM, orientationDeg, random).map((each) => ({ ...each, altM: 5 }));
      return { kind, base, heightM: 12 };
    }
  }
}

// Against the clock around its centre, so that it never crosses itself.
function star(center: Position, sizeM: number, turnDeg: number, random: () => number): Position[] {
  const count = 5 + Math.floor(random() * 10);
  const corners = Array.from({ length: count }, (_, corner) =>
    destination(center, turnDeg - (corner * 360) / count, sizeM * (0.4 + 0.6 * random())),
  );
  return [...corners, ...corners.slice(0, 1)];
}

function edgeAt(edges: Edges, fraction: number): readonly [number, number, number, number] {
  const at = 4 * Math.floor((fraction * edges.length) / 4);
  return [edges[at] ?? 0, edges[at + 1] ?? 0, edges[at + 2] ?? 0, edges[at + 3] ?? 0];
}

function inRange({ lon, lat }: Position): Position {
  return { lon: lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon, lat };
}
