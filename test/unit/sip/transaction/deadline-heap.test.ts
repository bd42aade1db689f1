import { describe, expect, it } from 'vitest';
import { DeadlineHeap, type DeadlineNode } from '../../../../src/sip/transaction/index.ts';
import { SeededRandom } from '../../../support/manual-clock.ts';

interface Node extends DeadlineNode {
  readonly name: number;
}

describe('DeadlineHeap', () => {
  it('gives the earliest first whatever is set, moved and removed', () => {
    const seed = Date.now() % 1_000_000;
    const random = new SeededRandom(seed);
    const heap = new DeadlineHeap<Node>();
    const nodes = Array.from({ length: 500 }, (_, name): Node => ({ name, dueAt: 0, heapIndex: -1 }));
    const expected = new Map<Node, number>();
    for (let step = 0; step < 20_000; step += 1) {
      const node = nodes[Math.floor(random.fraction() * nodes.length)];
      if (node === undefined) continue;
      if (random.fraction() < 0.6) {
        const dueAt = Math.floor(random.fraction() * 1000);
        heap.set(node, dueAt);
        expected.set(node, dueAt);
      } else {
        heap.remove(node);
        expected.delete(node);
      }
      const earliest = expected.size === 0 ? undefined : Math.min(...expected.values());
      expect(heap.peek()?.dueAt, `seed ${seed}`).toBe(earliest);
      expect(heap.size).toBe(expected.size);
    }
    let last = 0;
    for (let first = heap.peek(); first !== undefined; first = heap.peek()) {
      expect(first.dueAt).toBeGreaterThanOrEqual(last);
      last = first.dueAt;
      heap.remove(first);
      expect(first.heapIndex).toBe(-1);
    }
  });
});
