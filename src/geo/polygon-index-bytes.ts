import { err, ok, type Result } from '../base/index.ts';
import {
  blockBits,
  blockCorners,
  countAt,
  countMask,
  fanout,
  firstAt,
  leafFlag,
  type PolygonTree,
  stride,
} from './polygon-index-tree.ts';

// The arrays as they are in memory, after a header of eight doubles; so a file of another order of bytes, or of another
// version of the layout, is refused.

const headerLength = 8;
/** "FLPI" and the version, as a number that reads differently in another order of bytes. */
const mark = 0x464c_5049 * 256 + 1;

/** The tree as consecutive pieces of bytes, which share its memory: nothing is copied, and nothing may be changed. */
export function treeBytes(tree: PolygonTree): readonly Uint8Array[] {
  const { boxes, blocks, polygonNos } = tree;
  const header = Float64Array.of(
    mark,
    boxes.length / stride,
    tree.firstPolygon,
    polygonNos.length,
    tree.root ?? -1,
    tree.vertexCount,
    tree.cornerCount,
    0,
  );
  const padding = polygonNos.length % 2 === 1 ? [new Uint8Array(4)] : [];
  return [
    bytesOf(header),
    bytesOf(boxes),
    bytesOf(polygonNos),
    ...padding,
    ...blocks.map((block) => bytesOf(block)),
  ];
}

/** Reads what {@link treeBytes} gave, put together; shares the memory of `bytes` where that begins at a multiple of 8. */
export function treeFromBytes(bytes: Uint8Array): Result<PolygonTree, string> {
  const whole = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  let offset = whole.byteOffset;
  const end = whole.byteOffset + whole.byteLength;
  if (whole.byteLength < headerLength * 8) return err('it is too short for an index');
  const header = new Float64Array(whole.buffer, offset, headerLength);
  offset += headerLength * 8;
  const [
    read,
    nodeCount = 0,
    firstPolygon = 0,
    polygonCount = 0,
    root = 0,
    vertexCount = 0,
    cornerCount = 0,
  ] = header;
  if (read !== mark) return err('it is not an index of this version');
  const counts = [nodeCount, firstPolygon, polygonCount, vertexCount, cornerCount];
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0))
    return err('its header is damaged');
  const noBytes = 4 * (polygonCount + (polygonCount % 2));
  const expected = 4 * stride * nodeCount + noBytes + 16 * cornerCount;
  if (end - offset !== expected) return err(`it has ${end - offset} bytes in place of ${expected}`);
  const boxes = new Float32Array(whole.buffer, offset, nodeCount * stride);
  const links = new Uint32Array(whole.buffer, offset, nodeCount * stride);
  offset += boxes.byteLength;
  const polygonNos = new Uint32Array(whole.buffer, offset, polygonCount);
  offset += noBytes;
  const blocks: Float64Array[] = [];
  for (let corner = 0; corner < cornerCount; corner += blockCorners) {
    const size = Math.min(blockCorners, cornerCount - corner);
    blocks.push(new Float64Array(whole.buffer, offset, 2 * size));
    offset += 16 * size;
  }
  const tree = {
    ...{ boxes, links, blocks, firstPolygon, polygonNos, vertexCount, cornerCount },
    root: root === -1 ? undefined : root,
  };
  return isSound(tree) ? ok(tree) : err('its nodes are damaged');
}

/** Whether going through the tree comes to an end and reads nothing that is not there. */
function isSound({ links, polygonNos, firstPolygon, root, cornerCount }: PolygonTree): boolean {
  const nodeCount = links.length / stride;
  if (firstPolygon + polygonNos.length > nodeCount) return false;
  if (root === undefined ? nodeCount > 0 : root !== nodeCount - 1) return false;
  for (let node = 0; node < nodeCount; node += 1) {
    const first = links[node * stride + firstAt] ?? 0;
    const flags = links[node * stride + countAt] ?? 0;
    const count = flags & countMask;
    if (count === 0 || count > fanout) return false;
    if (flags >= leafFlag) {
      const last = first + count;
      if (last >= cornerCount || first >> blockBits !== last >> blockBits) return false;
    } else if (first + count > node) return false;
  }
  return true;
}

function bytesOf(array: Float64Array | Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
