import type { LayerName, RefusedFeature } from '../esrp/index.ts';

/** Refused features that are listed at most: what is wrong with many is usually one thing. All are counted. */
export const refusedListedMax = 10_000;

/** What was wrong with features of a load or a change set. */
export class LayerNotes {
  readonly #refused: RefusedFeature[] = [];
  /** By layer and ordinal: what was wrong with features that could be repaired. */
  readonly #repaired = new Map<string, RefusedFeature>();
  #refusedCount = 0;

  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** In the order of the source, those that are listed. */
  refused(): readonly RefusedFeature[] {
    return this.#refused.sort((a, b) => a.ordinal - b.ordinal);
  }

  repaired(): readonly RefusedFeature[] {
    return [...this.#repaired.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  refuse(refused: RefusedFeature): void {
    this.#refusedCount += 1;
    if (this.#refused.length < refusedListedMax) this.#refused.push(refused);
  }

  noteRepair(
    of: {
      readonly layer: LayerName;
      readonly ordinal: number;
      readonly featureId: string;
    },
    reason: string,
  ): void {
    const key = `${of.layer} ${of.ordinal}`;
    const before = this.#repaired.get(key);
    this.#repaired.set(key, {
      ordinal: of.ordinal,
      layer: of.layer,
      boundaryId: of.featureId,
      code: 'store.invalidGeometry',
      reason: before === undefined ? reason : `${before.reason}; ${reason}`,
    });
  }
}
