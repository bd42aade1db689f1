import { assert } from '../base/index.ts';
import {
  blockBits,
  blockCorners,
  blockMask,
  boxStride,
  fanout,
  leafFlag,
  linkStride,
  type PolygonTree,
  turnedFlag,
  wholeFlag,
} from './polygon-index-tree.ts';

/** A closed ring as longitude, latitude, longitude, latitude ...: the last corner is the first. */
export interface FlatRing {
  readonly coordinates: ArrayLike<number>;
  readonly isHole: boolean;
}

/** A node that has no place yet. */
interface Node {
  west: number;
  south: number;
  east: number;
  north: number;
  startLat: number;
  endLat: number;
  first: number;
  count: number;
}

/** Takes polygons one after another and keeps of each no more than the tree needs: the source may be a stream. */
export class TreeBuilder {
  readonly #blocks: Float64Array[] = [];
  #cornerCount = 0;
  #vertexCount = 0;
  #boxes = new Float64Array(1_024 * boxStride);
  #links = new Uint32Array(1_024 * linkStride);
  #nodeCount = 0;
  readonly #polygons: { readonly node: Node; readonly no: number }[] = [];
  #nextNo = 0;

  /** Adds a polygon of one or more outer rings with their holes; answers its number. One without rings is found nowhere. */
  add(rings: readonly FlatRing[]): number {
    const no = this.#nextNo;
    this.#nextNo += 1;
    const nodes: Node[] = [];
    for (const ring of rings) {
      const node = this.#addRing(ring);
      if (node !== undefined) nodes.push(node);
    }
    // Whole rings count for nothing in a ray that passes them by.
    const root = this.#addLevels(nodes.length > 1 ? sortedByPlace(nodes) : nodes, true);
    if (root !== undefined) this.#polygons.push({ node: root, no });
    return no;
  }

  finish(): PolygonTree {
    const sorted = sortedByPlace(this.#polygons.map(({ node, no }) => ({ ...node, no })));
    const firstPolygon = this.#nodeCount;
    const top = this.#addLevels(sorted, true);
    const root = top === undefined ? undefined : this.#place(top);
    const blocks = this.#blocks;
    const last = blocks.at(-1);
    // What the last block does not use is given back.
    if (last !== undefined)
      blocks[blocks.length - 1] = last.slice(0, 2 * (((this.#cornerCount - 1) & blockMask) + 1));
    return {
      boxes: this.#boxes.slice(0, this.#nodeCount * boxStride),
      links: this.#links.slice(0, this.#nodeCount * linkStride),
      blocks,
      firstPolygon,
      polygonNos: Uint32Array.from(sorted, ({ no }) => no),
      root,
      vertexCount: this.#vertexCount,
      cornerCount: this.#cornerCount,
    };
  }

  #addRing({ coordinates, isHole }: FlatRing): Node | undefined {
    const size = coordinates.length >> 1;
    assert(isClosed(coordinates), 'a ring of the index is open, too short or not finite');
    this.#vertexCount += size;
    const isClockwise = doubleAreaOf(coordinates) < 0;
    const turned = isClockwise === isHole ? 0 : turnedFlag;
    const leaves: Node[] = [];
    for (let from = 0; from < size - 1; from += fanout) {
      leaves.push(this.#addLeaf(coordinates, from, Math.min(from + fanout, size - 1), turned));
    }
    return this.#addLevels(leaves, false);
  }

  // A leaf begins with the corner that the one before ends with, which is there already unless its block is full.
  #addLeaf(coordinates: ArrayLike<number>, from: number, to: number, turned: number): Node {
    const count = to - from;
    let first = from === 0 ? this.#cornerCount : this.#cornerCount - 1;
    if (first >> blockBits !== (first + count) >> blockBits || (from === 0 && (first & blockMask) === 0)) {
      this.#blocks.push(new Float64Array(2 * blockCorners));
      first = (this.#blocks.length - 1) * blockCorners;
    }
    const block = this.#blocks[first >> blockBits];
    assert(block !== undefined, 'a block of corners is missing');
    const node: Node = {
      ...{ west: Infinity, south: Infinity, east: -Infinity, north: -Infinity },
      ...{ startLat: coordinates[2 * from + 1] ?? 0, endLat: coordinates[2 * to + 1] ?? 0 },
      ...{ first, count: (count | leafFlag | turned) >>> 0 },
    };
    let at = 2 * (first & blockMask);
    for (let corner = from; corner <= to; corner += 1) {
      const lon = coordinates[2 * corner] ?? 0;
      const lat = coordinates[2 * corner + 1] ?? 0;
      block[at] = lon;
      block[at + 1] = lat;
      at += 2;
      if (lon < node.west) node.west = lon;
      if (lon > node.east) node.east = lon;
      if (lat < node.south) node.south = lat;
      if (lat > node.north) node.north = lat;
    }
    this.#cornerCount = first + count + 1;
    return node;
  }

  /** Puts nodes under nodes until one is left, which is given back without a place. */
  #addLevels(nodes: readonly Node[], isOfWholes: boolean): Node | undefined {
    let level = nodes;
    while (level.length > 1) {
      const above: Node[] = [];
      for (let from = 0; from < level.length; from += fanout) {
        above.push(this.#group(level.slice(from, from + fanout), isOfWholes));
      }
      level = above;
    }
    return level[0];
  }

  #group(children: readonly Node[], isOfWholes: boolean): Node {
    const node: Node = {
      ...{ west: Infinity, south: Infinity, east: -Infinity, north: -Infinity },
      startLat: isOfWholes ? 0 : (children[0]?.startLat ?? 0),
      endLat: isOfWholes ? 0 : (children.at(-1)?.endLat ?? 0),
      first: this.#nodeCount,
      count: (children.length | (isOfWholes ? wholeFlag : (children[0]?.count ?? 0) & turnedFlag)) >>> 0,
    };
    for (const child of children) {
      this.#place(child);
      node.west = Math.min(node.west, child.west);
      node.south = Math.min(node.south, child.south);
      node.east = Math.max(node.east, child.east);
      node.north = Math.max(node.north, child.north);
    }
    return node;
  }

  #place(node: Node): number {
    const no = this.#nodeCount;
    if ((no + 1) * boxStride > this.#boxes.length) {
      this.#boxes = grown(this.#boxes, Float64Array);
      this.#links = grown(this.#links, Uint32Array);
    }
    this.#boxes.set(
      [node.west, node.south, node.east, node.north, node.startLat, node.endLat],
      no * boxStride,
    );
    this.#links[no * linkStride] = node.first;
    this.#links[no * linkStride + 1] = node.count;
    this.#nodeCount += 1;
    return no;
  }
}

function grown<T extends Float64Array | Uint32Array>(array: T, Kind: new (length: number) => T): T {
  // By half: little is unused in the end, and while it grows the old one is there too.
  const larger = new Kind(Math.ceil(array.length / 8) * 12);
  larger.set(array);
  return larger;
}

function isClosed(coordinates: ArrayLike<number>): boolean {
  const length = coordinates.length;
  if (length < 8 || length % 2 !== 0) return false;
  for (let at = 0; at < length; at += 1) if (!Number.isFinite(coordinates[at])) return false;
  return coordinates[0] === coordinates[length - 2] && coordinates[1] === coordinates[length - 1];
}

/** Twice the area, positive where the ring turns against the clock; from the first corner, so that digits are kept. */
function doubleAreaOf(coordinates: ArrayLike<number>): number {
  const x0 = coordinates[0] ?? 0;
  const y0 = coordinates[1] ?? 0;
  let sum = 0;
  for (let at = 2; at < coordinates.length; at += 2) {
    const x1 = (coordinates[at - 2] ?? 0) - x0;
    const y1 = (coordinates[at - 1] ?? 0) - y0;
    const x2 = (coordinates[at] ?? 0) - x0;
    const y2 = (coordinates[at + 1] ?? 0) - y0;
    sum += x1 * y2 - x2 * y1;
  }
  return sum;
}

/** In the order of a Hilbert curve through the middles of their boxes, so that neighbours get to one node. */
function sortedByPlace<T extends Node>(nodes: readonly T[]): readonly T[] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const node of nodes) {
    west = Math.min(west, node.west);
    south = Math.min(south, node.south);
    east = Math.max(east, node.east);
    north = Math.max(north, node.north);
  }
  const steps = 65_535;
  const along = (value: number, from: number, to: number) =>
    to > from ? Math.floor((steps * (value - from)) / (to - from)) : 0;
  return nodes
    .map((node) => {
      const x = along((node.west + node.east) / 2, west, east);
      const y = along((node.south + node.north) / 2, south, north);
      return { node, key: hilbertKey(x, y) };
    })
    .sort((a, b) => a.key - b.key)
    .map(({ node }) => node);
}

/** How far along a Hilbert curve of 65,536 steps a side a cell lies. */
function hilbertKey(cellX: number, cellY: number): number {
  let [x, y, key] = [cellX, cellY, 0];
  for (let half = 32_768; half >= 1; half /= 2) {
    const isRight = (x & half) > 0;
    const isUpper = (y & half) > 0;
    key = key * 4 + (isRight ? (isUpper ? 2 : 3) : isUpper ? 1 : 0);
    if (!isUpper) {
      if (isRight) [x, y] = [65_535 - x, 65_535 - y];
      [x, y] = [y, x];
    }
  }
  return key;
}
