import type { TileBox } from './sql/check-tile.ts';

// Gaps are cut out tile by tile; pieces that meet across the edge of a tile are one place. Coordinates lie on one grid, so
// they meet exactly.

/** Rings of positions, east before north. */
export type PiecePolygon = readonly (readonly (readonly number[])[])[];

/** Pieces that are one place. */
export interface PieceCluster {
  readonly areaM2: number;
  readonly polygons: readonly PiecePolygon[];
  /** Whether it reaches the edge of everything that is looked at. */
  readonly isAtFrame: boolean;
}

/** A stretch of a tile's edge that a piece has. */
interface Stretch {
  readonly low: number;
  readonly high: number;
  readonly piece: number;
  /** On which side of the line the piece lies. */
  readonly side: -1 | 1;
}

interface Piece {
  readonly polygon: PiecePolygon;
  readonly areaM2: number;
  isAtFrame: boolean;
}

/** Joins pieces of tiles to places. */
export class PieceClusters {
  readonly #frame: TileBox;
  readonly #pieces: Piece[] = [];
  /** By line: `x` or `y` and its coordinate in units of the grid. */
  readonly #lines = new Map<string, Stretch[]>();

  constructor(frame: TileBox) {
    this.#frame = frame;
  }

  /** Adds a piece of a tile. */
  add(tile: TileBox, polygon: PiecePolygon, areaM2: number): void {
    const piece: Piece = { polygon, areaM2, isAtFrame: false };
    const no = this.#pieces.push(piece) - 1;
    for (const ring of polygon) {
      for (let at = 1; at < ring.length; at++) {
        const from = ring[at - 1];
        const to = ring[at];
        if (from !== undefined && to !== undefined) this.#note(tile, piece, no, from, to);
      }
    }
  }

  all(): readonly PieceCluster[] {
    const parent = this.#pieces.map((_, no) => no);
    const root = (no: number): number => {
      let at = no;
      while (parent[at] !== at) {
        parent[at] = parent[parent[at] ?? at] ?? at;
        at = parent[at] ?? at;
      }
      return at;
    };
    for (const stretches of this.#lines.values()) {
      for (const [a, b] of meetings(stretches)) parent[root(a)] = root(b);
    }
    const clusters = new Map<number, { areaM2: number; polygons: PiecePolygon[]; isAtFrame: boolean }>();
    for (const [no, { polygon, areaM2, isAtFrame }] of this.#pieces.entries()) {
      const cluster = clusters.get(root(no)) ?? { areaM2: 0, polygons: [], isAtFrame: false };
      cluster.areaM2 += areaM2;
      cluster.polygons.push(polygon);
      cluster.isAtFrame ||= isAtFrame;
      clusters.set(root(no), cluster);
    }
    return [...clusters.values()];
  }

  #note(tile: TileBox, piece: Piece, no: number, from: readonly number[], to: readonly number[]): void {
    for (const axis of [0, 1] as const) {
      const other = axis === 0 ? 1 : 0;
      const at = onGrid(from[axis]);
      if (at !== onGrid(to[axis])) continue;
      for (const side of [-1, 1] as const) {
        // The tile lies below its high edge and above its low one.
        const edge = side === -1 ? tile[axis + 2] : tile[axis];
        if (at !== onGrid(edge)) continue;
        const [low, high] = sorted(onGrid(from[other]), onGrid(to[other]));
        if (at === onGrid(side === -1 ? this.#frame[axis + 2] : this.#frame[axis])) piece.isAtFrame = true;
        const key = `${axis} ${at}`;
        const line = this.#lines.get(key);
        if (line === undefined) this.#lines.set(key, [{ low, high, piece: no, side }]);
        else line.push({ low, high, piece: no, side });
      }
    }
  }
}

function onGrid(value: number | undefined): number {
  return Math.round((value ?? 0) * 1e9);
}

function sorted(a: number, b: number): readonly [number, number] {
  return a < b ? [a, b] : [b, a];
}

/** Pairs of pieces on both sides of a line that have more than a point of it in common. */
function meetings(stretches: readonly Stretch[]): readonly (readonly [number, number])[] {
  const ordered = [...stretches].sort((a, b) => a.low - b.low);
  const pairs: [number, number][] = [];
  let open: Stretch[] = [];
  for (const here of ordered) {
    open = open.filter(({ high }) => high > here.low);
    for (const other of open) if (other.side !== here.side) pairs.push([other.piece, here.piece]);
    open.push(here);
  }
  return pairs;
}
