/** Something that waits for one moment. Both fields belong to the heap that it is in. */
export interface DeadlineNode {
  /** Monotonic milliseconds; meaningless while outside of a heap. */
  dueAt: number;
  /** Position in the heap, -1 while outside. */
  heapIndex: number;
}

/**
 * A binary heap of deadlines whose nodes know their place, so that moving or removing one costs a few steps and leaves
 * nothing behind: an answered transaction's long timers do not linger until they would have fired.
 */
export class DeadlineHeap<Node extends DeadlineNode> {
  readonly #nodes: Node[] = [];

  /** How many deadlines are open. */
  get size(): number {
    return this.#nodes.length;
  }

  /** The node that is due first, still inside. */
  peek(): Node | undefined {
    return this.#nodes[0];
  }

  /** Puts a node in, or moves it, to be due at `dueAt`. */
  set(node: Node, dueAt: number): void {
    if (node.heapIndex < 0) {
      node.dueAt = dueAt;
      node.heapIndex = this.#nodes.length;
      this.#nodes.push(node);
      this.#rise(node, node.heapIndex);
      return;
    }
    const sooner = dueAt < node.dueAt;
    node.dueAt = dueAt;
    if (sooner) this.#rise(node, node.heapIndex);
    else this.#sink(node, node.heapIndex);
  }

  /** Takes a node out; no effect where it is not in. */
  remove(node: Node): void {
    const index = node.heapIndex;
    if (index < 0) return;
    node.heapIndex = -1;
    const last = this.#nodes.pop();
    if (last === undefined || last === node) return;
    if (last.dueAt < node.dueAt) this.#rise(last, index);
    else this.#sink(last, index);
  }

  #rise(node: Node, from: number): void {
    const nodes = this.#nodes;
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = nodes[parentIndex];
      if (parent === undefined || parent.dueAt <= node.dueAt) break;
      nodes[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    nodes[index] = node;
    node.heapIndex = index;
  }

  #sink(node: Node, from: number): void {
    const nodes = this.#nodes;
    let index = from;
    for (;;) {
      const leftIndex = 2 * index + 1;
      const left = nodes[leftIndex];
      if (left === undefined) break;
      const right = nodes[leftIndex + 1];
      const child = right !== undefined && right.dueAt < left.dueAt ? right : left;
      if (child.dueAt >= node.dueAt) break;
      const childIndex = child === left ? leftIndex : leftIndex + 1;
      nodes[index] = child;
      child.heapIndex = index;
      index = childIndex;
    }
    nodes[index] = node;
    node.heapIndex = index;
  }
}
