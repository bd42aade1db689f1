import type { Random } from '../base/index.ts';

/**
 * One order of records of equal priority, drawn by weight as RFC 2782 says: those of weight zero stand first, a number
 * between zero and the sum of weights picks the record at which the running sum reaches it, and again among the rest.
 * Records of weight zero begin in random order ("arranged in any order"), so that some of only such records share the
 * load.
 */
export function drawByWeight<Item extends { readonly weight: number }>(
  items: readonly Item[],
  random: Random,
): readonly Item[] {
  const left = shuffled(
    items.filter((item) => item.weight === 0),
    random,
  );
  left.push(...items.filter((item) => item.weight > 0));
  let sum = items.reduce((total, item) => total + item.weight, 0);
  const order: Item[] = [];
  while (left.length > 0) {
    const mark = Math.floor(random.fraction() * (sum + 1));
    let running = 0;
    const at = left.findIndex((item) => {
      running += item.weight;
      return running >= mark;
    });
    for (const picked of left.splice(Math.max(0, at), 1)) {
      sum -= picked.weight;
      order.push(picked);
    }
  }
  return order;
}

/** Fisher and Yates. */
function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const rest = [...items];
  const order: Item[] = [];
  while (rest.length > 0) order.push(...rest.splice(Math.floor(random.fraction() * rest.length), 1));
  return order;
}
