// How polygons lie in the index. Corners are in blocks, ring by ring, two numbers each. Sixteen edges that follow each
// other are a leaf; sixteen leaves of a ring are a node, and so on up to one node for a ring; the rings of a polygon are
// grouped in the same way up to one node for a polygon, and the polygons (along a Hilbert curve) up to the root. So one
// tree of boxes leads from the whole down to a few edges, in a ring of half a million corners as in one of four.
//
// What is skipped unread: a piece of a ring whose box lies wholly to the right of a point counts in a ray cast to the
// right as one edge from its first corner to its last. So does, above an area, all that lies over it (see area-overlap).
//
// A node has 32 bytes, so that its children take eight lines of the processor's cache. Its box is in single precision,
// rounded to the nearest: rounding keeps order, so that a rounded value below another one says the same of the exact
// ones. Equal values say nothing: then the children are looked at.

/** A node's record in 32-bit words: six floats of the box, then two integers, in two views of one buffer. */
export const stride = 8;
export const westAt = 0;
export const southAt = 1;
export const eastAt = 2;
export const northAt = 3;
/** Latitude of the first and of the last corner of a piece of a ring. */
export const startAt = 4;
export const endAt = 5;
/** The first child; of a leaf, its first corner. */
export const firstAt = 6;
/** How many children (of a leaf: edges) there are, with flags. */
export const countAt = 7;

/** Children of a node, and edges of a leaf, at most. */
export const fanout = 16;
/** Flag: the children are edges. */
export const leafFlag = 0x8000_0000;
/** Flag: the ring turns the other way than its kind does (outer rings clockwise, holes against the clock). */
export const turnedFlag = 0x4000_0000;
/** Flag: the children are whole rings or polygons, or hold such. */
export const wholeFlag = 0x2000_0000;
export const countMask = 0xffff;

/** Corners of a block, as a power of two: a leaf lies in one block, so that its edges are read from one array. */
export const blockBits = 16;
export const blockCorners = 1 << blockBits;
export const blockMask = blockCorners - 1;

/** Nodes that can wait at once while the tree is gone through: 16 each on at most a dozen levels. */
export const stackSize = 512;

/** The most that rounding to single precision moves a longitude, degrees, with room to spare. */
export const roundingDeg = 2 ** -16;

/** The index as flat arrays; nothing in it changes once it is built. */
export interface PolygonTree {
  /** The nodes' records as floats, and the same memory as integers. */
  readonly boxes: Float32Array;
  readonly links: Uint32Array;
  /** Corners as longitude, latitude. */
  readonly blocks: readonly Float64Array[];
  /** Where the polygons' nodes begin; those before are pieces of polygons, those after hold polygons. */
  readonly firstPolygon: number;
  /** The number of the polygon of each polygon node. */
  readonly polygonNos: Uint32Array;
  /** The last node; undefined where there are no polygons. */
  readonly root: number | undefined;
  /** Corners of rings, the closing ones included. */
  readonly vertexCount: number;
  /** Corners in the blocks: some are there twice, and some places at the ends of blocks are empty. */
  readonly cornerCount: number;
}
