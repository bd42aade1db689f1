import { assert } from '../base/index.ts';
import { hilbertKey } from './hilbert.ts';
import {
  blockBits,
  blockCorners,
  blockMask,
  countAt,
  eastAt,
  endAt,
  fanout,
  firstAt,
  leafFlag,
  northAt,
  type PolygonTree,
  southAt,
  startAt,
  stride,
  turnedFlag,
  westAt,
  wholeFlag,
} from './polygon-index-tree.ts';

/** A closed ring as longitude, latitude, longitude, latitude ...: the last corner is the first. */
export interface FlatRing {
  readonly coordinates: Float64Array;
  readonly isHole: boolean;
}

/** The record of a node that is not in its place yet. */
type Loose = Float32Array;

/** Takes polygons one after another and keeps of each no more than the tree needs: the source may be a stream. */
export class TreeBuilder {
  readonly #blocks: Float64Array[] = [];
  #cornerCount = 0;
  #vertexCount = 0;
  #boxes = new Float32Array(1_024 * stride);
  #links = new Uint32Array(this.#boxes.buffer);
  #nodeCount = 0;
  readonly #polygons: { readonly node: Loose; readonly no: number }[] = [];
  #nextNo = 0;

  /** Adds a polygon of one or more outer rings with their holes; answers its number. One without rings is found nowhere. */
  add(rings: readonly FlatRing[]): number {
    const no = this.#nextNo;
    this.#nextNo += 1;
    const roots = rings.map((ring) => this.#addRing(ring));
    const root = this.#addWholes(roots.length > 2 ? sortedByPlace(roots, (node) => node) : roots);
    if (root !== undefined) this.#polygons.push({ node: root, no });
    return no;
  }

  finish(): PolygonTree {
    const sorted = sortedByPlace(this.#polygons, ({ node }) => node);
    const firstPolygon = this.#nodeCount;
    const root = this.#addWholes(sorted.map(({ node }) => node));
    if (root !== undefined) this.#place(root);
    // What the last block does not use is given back.
    const last = this.#blocks.pop();
    const used = ((this.#cornerCount - 1) & blockMask) + 1;
    if (last !== undefined) this.#blocks.push(last.slice(0, 2 * used));
    const boxes = this.#boxes.slice(0, this.#nodeCount * stride);
    return {
      boxes,
      links: new Uint32Array(boxes.buffer),
      blocks: this.#blocks,
      firstPolygon,
      polygonNos: Uint32Array.from(sorted, ({ no }) => no),
      root: root === undefined ? undefined : this.#nodeCount - 1,
      vertexCount: this.#vertexCount,
      cornerCount: this.#cornerCount,
    };
  }

  #addRing({ coordinates, isHole }: FlatRing): Loose {
    const size = coordinates.length >> 1;
    const doubleArea = doubleAreaOf(coordinates);
    assert(
      coordinates.length % 2 === 0 &&
        size >= 4 &&
        Number.isFinite(doubleArea) &&
        coordinates[0] === coordinates[2 * size - 2] &&
        coordinates[1] === coordinates[2 * size - 1],
      'a ring of the index is open, too short or not finite',
    );
    this.#vertexCount += size;
    const turned = doubleArea < 0 === isHole ? 0 : turnedFlag;
    const from = this.#nodeCount;
    for (let corner = 0; corner < size - 1; corner += fanout) {
      this.#addLeaf(coordinates, corner, Math.min(fanout, size - 1 - corner), turned);
    }
    return this.#addLevels(from, turned);
  }

  // A leaf begins with the corner that the one before ends with, which is there already unless its block is full.
  #addLeaf(coordinates: Float64Array, from: number, count: number, turned: number): void {
    let first = from === 0 ? this.#cornerCount : this.#cornerCount - 1;
    const isInBlock = first >> blockBits === (first + count) >> blockBits;
    if (!isInBlock || first >> blockBits === this.#blocks.length) {
      first = this.#blocks.length * blockCorners;
      this.#blocks.push(new Float64Array(2 * blockCorners));
    }
    const block = this.#blocks[first >> blockBits];
    assert(block !== undefined, 'a block of corners is missing');
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    let at = 2 * (first & blockMask);
    const end = 2 * (from + count);
    for (let corner = 2 * from; corner <= end; corner += 2) {
      const lon = coordinates[corner] ?? 0;
      const lat = coordinates[corner + 1] ?? 0;
      block[at] = lon;
      block[at + 1] = lat;
      at += 2;
      if (lon < west) west = lon;
      if (lon > east) east = lon;
      if (lat < south) south = lat;
      if (lat > north) north = lat;
    }
    this.#cornerCount = first + count + 1;
    const node = this.#newNode();
    this.#boxes[node + westAt] = west;
    this.#boxes[node + southAt] = south;
    this.#boxes[node + eastAt] = east;
    this.#boxes[node + northAt] = north;
    this.#boxes[node + startAt] = coordinates[2 * from + 1] ?? 0;
    this.#boxes[node + endAt] = coordinates[end + 1] ?? 0;
    this.#links[node + firstAt] = first;
    this.#links[node + countAt] = count | leafFlag | turned;
  }

  #addWholes(nodes: readonly Loose[]): Loose | undefined {
    const from = this.#nodeCount;
    for (const node of nodes) this.#place(node);
    return nodes.length === 0 ? undefined : this.#addLevels(from, wholeFlag);
  }

  /** Puts nodes over the ones from a place to the end until there is one, which is taken out and given back. */
  #addLevels(start: number, flags: number): Loose {
    let from = start;
    for (let end = this.#nodeCount; end - from > 1; end = this.#nodeCount) {
      for (let first = from; first < end; first += fanout) {
        this.#addParent(first, Math.min(fanout, end - first), flags);
      }
      from = end;
    }
    this.#nodeCount = from;
    return this.#boxes.slice(from * stride, (from + 1) * stride);
  }

  #addParent(first: number, count: number, flags: number): void {
    const node = this.#newNode();
    const boxes = this.#boxes;
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let child = first * stride; child < (first + count) * stride; child += stride) {
      west = Math.min(west, boxes[child + westAt] ?? 0);
      south = Math.min(south, boxes[child + southAt] ?? 0);
      east = Math.max(east, boxes[child + eastAt] ?? 0);
      north = Math.max(north, boxes[child + northAt] ?? 0);
    }
    const isPiece = flags !== wholeFlag;
    boxes[node + westAt] = west;
    boxes[node + southAt] = south;
    boxes[node + eastAt] = east;
    boxes[node + northAt] = north;
    // Whole rings count for nothing in a ray that passes them by.
    boxes[node + startAt] = isPiece ? (boxes[first * stride + startAt] ?? 0) : 0;
    boxes[node + endAt] = isPiece ? (boxes[(first + count - 1) * stride + endAt] ?? 0) : 0;
    this.#links[node + firstAt] = first;
    this.#links[node + countAt] = count | flags;
  }

  #place(record: Loose): void {
    // As integers, whose bits no copying changes.
    const node = this.#newNode();
    this.#links.set(new Uint32Array(record.buffer, record.byteOffset, stride), node);
  }

  /** Where the record of a new node begins. */
  #newNode(): number {
    const at = this.#nodeCount * stride;
    if (at === this.#boxes.length) {
      // By half: little is unused in the end, and while it grows the old one is there too.
      const larger = new Uint32Array(Math.ceil(this.#links.length / stride / 2) * 3 * stride);
      larger.set(this.#links);
      this.#links = larger;
      this.#boxes = new Float32Array(larger.buffer);
    }
    this.#nodeCount += 1;
    return at;
  }
}

/** Twice the area, positive where the ring turns against the clock; from the first corner, so that digits are kept. */
function doubleAreaOf(coordinates: Float64Array): number {
  const x0 = coordinates[0] ?? 0;
  const y0 = coordinates[1] ?? 0;
  let [x1, y1] = [0, 0];
  let sum = 0;
  for (let at = 2; at < coordinates.length; at += 2) {
    const x2 = (coordinates[at] ?? 0) - x0;
    const y2 = (coordinates[at + 1] ?? 0) - y0;
    sum += x1 * y2 - x2 * y1;
    x1 = x2;
    y1 = y2;
  }
  return sum;
}

/** In the order of a Hilbert curve through the middles of their boxes, so that neighbours get under one node. */
function sortedByPlace<T>(items: readonly T[], nodeOf: (item: T) => Loose): readonly T[] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const item of items) {
    const node = nodeOf(item);
    west = Math.min(west, node[westAt] ?? 0);
    south = Math.min(south, node[southAt] ?? 0);
    east = Math.max(east, node[eastAt] ?? 0);
    north = Math.max(north, node[northAt] ?? 0);
  }
  const along = (value: number, from: number, to: number) => (to > from ? (value - from) / (to - from) : 0);
  return items
    .map((item) => {
      const node = nodeOf(item);
      const x = along(((node[westAt] ?? 0) + (node[eastAt] ?? 0)) / 2, west, east);
      const y = along(((node[southAt] ?? 0) + (node[northAt] ?? 0)) / 2, south, north);
      return { item, key: hilbertKey(x, y) };
    })
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
