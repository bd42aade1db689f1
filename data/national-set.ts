import { serviceUrn } from '../src/base/index.ts';
import type { SourceFeature } from '../src/esrp/index.ts';
import type { FlatRing, Position } from '../src/geo/index.ts';
import { fractalLine, type Place } from './fractal-line.ts';
import { seededFraction } from './sample-points.ts';

/** How large a generated set of boundaries is; the same options give the same set. */
export interface NationalSetOptions {
  /** 10,000 where undefined; at least 20. */
  readonly boundaryCount?: number;
  /** Pieces of the border between two neighbours, in the mean; 237 where undefined, which makes ten million vertices. */
  readonly piecesPerBorder?: number;
  /** Vertices of the largest polygon, about; 500,000 where undefined. */
  readonly largestVertexCount?: number;
  readonly seed?: number;
}

/** A boundary of the set, as flat rings. */
export interface NationalBoundary {
  /** From 1. */
  readonly ordinal: number;
  readonly kind: 'area' | 'enclave' | 'largest' | 'antimeridian';
  /** Outer rings against the clock, holes clockwise; longitude, latitude ... in degrees, rounded to 1e-7. */
  readonly rings: readonly FlatRing[];
}

/** A place to look up: anywhere in the set, on a corner or an edge of a border, or within a metre of one. */
export interface NationalPlace {
  readonly kind: 'anywhere' | 'corner' | 'edge' | 'nearBorder';
  readonly position: Position;
}

const agency = 'demo.firstline.example';
const [west, south, widthDeg, heightDeg] = [-124, 25, 56, 24];
/** How far the corners of areas are from where an even grid would have them, in parts of a cell. */
const jitter = 0.12;
const enclaveRadius = 0.06;
const islandRadius = 0.02;

/** The small set that tests use: 150 boundaries, about 30,000 vertices. */
export const smallNationalSet: NationalSetOptions = {
  boundaryCount: 150,
  piecesPerBorder: 40,
  largestVertexCount: 3_000,
};

/**
 * A dense set of boundaries for a country that does not exist: areas that fill a rectangle without gaps or overlaps,
 * whose borders bend at every scale and are the same corners on both sides; off the coast islands, in some areas an
 * enclave with a boundary of its own, in some of these an island that belongs to the area around; one very large
 * polygon along the north; one area on both sides of the antimeridian. Made one after another: nothing is kept.
 */
export function* nationalBoundaries(options: NationalSetOptions = {}): Generator<NationalBoundary> {
  const plan = planOf(options);
  let ordinal = 0;
  for (let row = 0; row < plan.rows; row += 1) {
    for (let column = 0; column < plan.columns; column += 1) {
      const enclave = enclaveIn(plan, column, row);
      ordinal += 1;
      yield { ordinal, kind: 'area', rings: areaRings(plan, column, row, enclave) };
      if (enclave === undefined) continue;
      ordinal += 1;
      yield { ordinal, kind: 'enclave', rings: enclaveRings(enclave) };
    }
  }
  yield { ordinal: ordinal + 1, kind: 'largest', rings: [largestRing(plan)] };
  yield { ordinal: ordinal + 2, kind: 'antimeridian', rings: antimeridianRings(plan) };
}

/** The boundaries as a load takes them: each with an id, a SIP URI and the service `urn:service:sos`. */
export async function* nationalSet(options: NationalSetOptions = {}): AsyncGenerator<SourceFeature> {
  const service = serviceUrn('urn:service:sos');
  for (const { ordinal, rings } of nationalBoundaries(options)) {
    yield {
      kind: 'feature',
      feature: {
        ordinal,
        boundaryId: nationalBoundaryId(ordinal),
        displayName: `Area ${ordinal} PSAP`,
        serviceUrn: service,
        serviceUri: nationalPsapUri(ordinal),
        serviceNumber: '911',
        agencyId: agency,
        priority: 0,
        effective: undefined,
        expire: undefined,
        country: 'US',
        a1: undefined,
        a2: `Area ${ordinal}`,
        a3: undefined,
        geometry: { type: 'MultiPolygon', coordinates: nested(rings) },
      },
    };
  }
}

/** The boundaries as GeoJSON text sequences (RFC 8142) without the separator: one feature a line. */
export function* nationalSetLines(options: NationalSetOptions = {}): Generator<string> {
  for (const { ordinal, rings } of nationalBoundaries(options)) {
    const properties = {
      NGUID: nationalBoundaryId(ordinal),
      DisplayName: `Area ${ordinal} PSAP`,
      ServiceURN: 'urn:service:sos',
      ServiceURI: nationalPsapUri(ordinal),
      ServiceNum: '911',
      Agency_ID: agency,
      Country: 'US',
    };
    const geometry = { type: 'MultiPolygon', coordinates: nested(rings) };
    yield `${JSON.stringify({ type: 'Feature', properties, geometry })}\n`;
  }
}

/** The NENA globally unique id of a boundary of the set. */
export function nationalBoundaryId(ordinal: number): string {
  return `urn:emergency:uid:gis:PsapPolygon:national-${String(ordinal).padStart(5, '0')}:${agency}`;
}

/** The SIP URI of a boundary of the set. */
export function nationalPsapUri(ordinal: number): string {
  return `sip:psap-${ordinal}@127.0.0.1:5070`;
}

/**
 * Random places of the set: two thirds anywhere in its areas, of the rest a third on corners of borders, a third on
 * their edges, and a third within a metre of them. The same seed gives the same places.
 */
export function* nationalPlaces(
  count: number,
  seed: number,
  options: NationalSetOptions = {},
): Generator<NationalPlace> {
  const plan = planOf(options);
  const random = seededFraction(seed);
  const within = (from: number, to: number) => from + random() * (to - from);
  for (let place = 0; place < count; place += 1) {
    if (place % 3 !== 0) {
      const position = { lon: within(west, west + widthDeg), lat: within(south, south + heightDeg) };
      yield { kind: 'anywhere', position };
      continue;
    }
    const line = borderOf(plan, random);
    const at = 2 * Math.floor(random() * (line.length / 2 - 1));
    const [lon1 = 0, lat1 = 0, lon2 = 0, lat2 = 0] = line.slice(at, at + 4);
    const kind = (['corner', 'edge', 'nearBorder'] as const)[(place / 3) % 3] ?? 'corner';
    const part = kind === 'corner' ? 0 : random();
    const offDeg = kind === 'nearBorder' ? 1e-5 : 0;
    const lon = lon1 + part * (lon2 - lon1) + within(-offDeg, offDeg);
    const lat = lat1 + part * (lat2 - lat1) + within(-offDeg, offDeg) * 0.9;
    yield { kind, position: { lon, lat } };
  }
}

interface Plan {
  readonly columns: number;
  readonly rows: number;
  readonly enclaves: number;
  readonly pieces: number;
  readonly largest: number;
  readonly seed: number;
  readonly lon: (column: number) => number;
  readonly lat: (row: number) => number;
}

interface Enclave {
  /** Against the clock. */
  readonly border: Float64Array;
  /** An island in it that belongs to the area around. */
  readonly island: Float64Array | undefined;
}

function planOf(options: NationalSetOptions): Plan {
  const boundaryCount = Math.max(20, options.boundaryCount ?? 10_000);
  // Two are neither areas nor enclaves; about one of forty areas has an enclave, to make the number come out.
  const areaCount = Math.floor(((boundaryCount - 2) * 40) / 41);
  const columns = Math.floor(Math.sqrt(areaCount));
  const rows = Math.floor(areaCount / columns);
  return {
    columns,
    rows,
    enclaves: boundaryCount - 2 - columns * rows,
    pieces: options.piecesPerBorder ?? 237,
    largest: options.largestVertexCount ?? 500_000,
    seed: options.seed ?? 1,
    lon: (column) => rounded(west + (column / columns) * widthDeg),
    lat: (row) => rounded(south + (row / rows) * heightDeg),
  };
}

function rounded(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7;
}

/** A number for a thing of the set, that looks random and is always the same. */
function hash(plan: Plan, ...of: readonly number[]): number {
  let mixed = plan.seed;
  for (const each of of) {
    mixed = Math.imul(mixed ^ (each + 0x9e37_79b9), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    mixed ^= mixed >>> 16;
  }
  return mixed >>> 0;
}

/** Kinds of things that are hashed. */
const [cornerX, cornerY, eastward, northward, isle, outline] = [1, 2, 3, 4, 5, 6];

function cornerAt(plan: Plan, column: number, row: number): Place {
  const off = (axis: number) => (hash(plan, axis, column, row) / 2 ** 32 - 0.5) * 2 * jitter;
  return [column + off(cornerX), row + off(cornerY)];
}

/** The border from a corner of the grid eastwards or northwards to the next: from its first corner to before its last. */
function gridBorder(plan: Plan, axis: number, column: number, row: number): readonly number[] {
  const line: number[] = [];
  const to = axis === eastward ? cornerAt(plan, column + 1, row) : cornerAt(plan, column, row + 1);
  const seed = hash(plan, axis, column, row);
  fractalLine(cornerAt(plan, column, row), to, { pieces: plan.pieces, seed }, line);
  return line;
}

function borderOf(plan: Plan, random: () => number): readonly number[] {
  const column = Math.floor(random() * plan.columns);
  const row = Math.floor(random() * plan.rows);
  return onGround(plan, gridBorder(plan, random() < 0.5 ? eastward : northward, column, row));
}

function onGround(plan: Plan, line: readonly number[]): readonly number[] {
  return line.map((value, index) => (index % 2 === 0 ? plan.lon(value) : plan.lat(value)));
}

/** A closed ring of lines, of which some are gone along backwards; places of the grid to degrees. */
function ringOf(
  plan: Plan,
  lines: readonly { readonly line: readonly number[]; readonly end?: Place }[],
): Float64Array {
  const size = lines.reduce((sum, { line }) => sum + line.length, 0) + 2;
  const ring = new Float64Array(size);
  let at = 0;
  const put = (x: number, y: number) => {
    ring[at] = plan.lon(x);
    ring[at + 1] = plan.lat(y);
    at += 2;
  };
  for (const { line, end } of lines) {
    if (end === undefined) {
      for (let from = 0; from < line.length; from += 2) put(line[from] ?? 0, line[from + 1] ?? 0);
      continue;
    }
    // Backwards: from its end to before its first corner.
    put(end[0], end[1]);
    for (let from = line.length - 2; from >= 2; from -= 2) put(line[from] ?? 0, line[from + 1] ?? 0);
  }
  ring[at] = ring[0] ?? 0;
  ring[at + 1] = ring[1] ?? 0;
  return ring;
}

function areaRings(plan: Plan, column: number, row: number, enclave: Enclave | undefined): FlatRing[] {
  const outer = ringOf(plan, [
    { line: gridBorder(plan, eastward, column, row) },
    { line: gridBorder(plan, northward, column + 1, row) },
    { line: gridBorder(plan, eastward, column, row + 1), end: cornerAt(plan, column + 1, row + 1) },
    { line: gridBorder(plan, northward, column, row), end: cornerAt(plan, column, row + 1) },
  ]);
  const rings: FlatRing[] = [{ coordinates: outer, isHole: false }];
  if (enclave !== undefined) {
    rings.push({ coordinates: backwards(enclave.border), isHole: true });
    if (enclave.island !== undefined) rings.push({ coordinates: enclave.island, isHole: false });
  }
  for (const coordinates of islandsOff(plan, column, row)) rings.push({ coordinates, isHole: false });
  return rings;
}

function enclaveIn(plan: Plan, column: number, row: number): Enclave | undefined {
  const cell = row * plan.columns + column;
  const cells = plan.rows * plan.columns;
  const before = Math.floor((cell * plan.enclaves) / cells);
  if (Math.floor(((cell + 1) * plan.enclaves) / cells) === before) return undefined;
  const center: Place = [column + 0.5, row + 0.5];
  const border = loop(plan, center, enclaveRadius, hash(plan, isle, column, row, 0));
  const island =
    before % 4 === 0 ? loop(plan, center, islandRadius, hash(plan, isle, column, row, 1)) : undefined;
  return { border, island };
}

function enclaveRings({ border, island }: Enclave): FlatRing[] {
  const rings: FlatRing[] = [{ coordinates: border, isHole: false }];
  if (island !== undefined) rings.push({ coordinates: backwards(island), isHole: true });
  return rings;
}

/** None to four in the sea off the areas of the west, east and south. */
function* islandsOff(plan: Plan, column: number, row: number): Generator<Float64Array> {
  const seed = hash(plan, isle, column, row, 2);
  const count = seed % 5;
  for (let place = 0; place < count; place += 1) {
    const off = 0.6 + 0.12 * place;
    const along = 0.25 + 0.5 * (hash(plan, isle, column, row, 3 + place) / 2 ** 32);
    const islandSeed = hash(plan, isle, column, row, 9 + place);
    if (column === 0) yield loop(plan, [-off, row + along], 0.03, islandSeed);
    else if (column === plan.columns - 1)
      yield loop(plan, [plan.columns + off, row + along], 0.03, islandSeed);
    else if (row === 0) yield loop(plan, [column + along, -off], 0.03, islandSeed);
  }
}

/** A ring around a place, against the clock. */
function loop(plan: Plan, [x, y]: Place, radius: number, seed: number): Float64Array {
  const corners: readonly Place[] = [
    [x + radius, y],
    [x, y + radius],
    [x - radius, y],
    [x, y - radius],
  ];
  const line: number[] = [];
  for (const [index, from] of corners.entries()) {
    const to = corners[(index + 1) % 4] ?? from;
    fractalLine(from, to, { pieces: plan.pieces / 4, seed: seed + index }, line);
  }
  return ringOf(plan, [{ line }]);
}

/** North of all areas, whose northern borders are its southern one. */
function largestRing(plan: Plan): FlatRing {
  const { columns, rows } = plan;
  const [southWest, southEast] = [cornerAt(plan, 0, rows), cornerAt(plan, columns, rows)];
  const top = rows * 1.4;
  const [northEast, north, northWest]: readonly [Place, Place, Place] = [
    [columns, top],
    [columns / 2, top],
    [0, top],
  ];
  const rest = plan.largest - columns * plan.pieces;
  // The sides are two fifths as long as the northern borders, of which there are two.
  const lines = Array.from({ length: columns }, (_, column) => ({
    line: gridBorder(plan, eastward, column, rows),
  }));
  const outer: readonly (readonly [Place, Place, number])[] = [
    [southEast, northEast, 0.15],
    [northEast, north, 0.35],
    [north, northWest, 0.35],
    [northWest, southWest, 0.15],
  ];
  for (const [index, [from, to, share]] of outer.entries()) {
    const line: number[] = [];
    const pieces = Math.max(plan.pieces, rest * share);
    fractalLine(from, to, { pieces, seed: hash(plan, outline, index) }, line);
    lines.push({ line });
  }
  return { coordinates: ringOf(plan, lines), isHole: false };
}

/** Two polygons that meet at 180 degrees. */
function antimeridianRings(plan: Plan): readonly FlatRing[] {
  const corners: readonly (readonly Place[])[] = [
    [
      [177.5, 51],
      [180, 51],
      [180, 53],
      [177.5, 53],
    ],
    [
      [-180, 53],
      [-180, 51],
      [-178, 51],
      [-178, 53],
    ],
  ];
  return corners.map((places, part) => {
    const line: number[] = [];
    for (const [index, from] of places.entries()) {
      const to = places[(index + 1) % 4] ?? from;
      const isStraight = Math.abs(from[0]) === 180 && Math.abs(to[0]) === 180;
      const pieces = isStraight ? 1 : plan.pieces;
      fractalLine(from, to, { pieces, seed: hash(plan, outline, 10 + part, index) }, line);
    }
    const coordinates = Float64Array.from([...line, line[0] ?? 0, line[1] ?? 0], rounded);
    return { coordinates, isHole: false };
  });
}

function backwards(ring: Float64Array): Float64Array {
  const turned = new Float64Array(ring.length);
  for (let at = 0; at < ring.length; at += 2) {
    turned[at] = ring[ring.length - 2 - at] ?? 0;
    turned[at + 1] = ring[ring.length - 1 - at] ?? 0;
  }
  return turned;
}

function nested(rings: readonly FlatRing[]): (readonly [number, number])[][][] {
  const polygons: (readonly [number, number])[][][] = [];
  // A hole belongs to the outer ring before it: enclaves and their holes lie so.
  for (const { coordinates, isHole } of rings) {
    const ring: (readonly [number, number])[] = [];
    for (let at = 0; at < coordinates.length; at += 2) {
      ring.push([coordinates[at] ?? 0, coordinates[at + 1] ?? 0]);
    }
    if (isHole) polygons.at(-1)?.push(ring);
    else polygons.push([ring]);
  }
  return polygons;
}
