import { type DatasetId, wallMs } from '../../../src/base/index.ts';
import type {
  Actor,
  BoundaryChanges,
  ChangeOptions,
  ChangeOutcome,
  ChangeSet,
  ChangeSetQuery,
  FeatureEdit,
  FeatureVersion,
  LayerName,
  UndoOutcome,
} from '../../../src/esrp/index.ts';
import { type MemoryAudit, type MemoryBoundaries, madeAt } from './memory-ports.ts';

// Sets of changes, kept in memory: what is asked is remembered, features are not changed. A boundary named `refuse-me`
// refuses its set.

/** {@link BoundaryChanges} in memory. */
export class MemoryChanges implements BoundaryChanges {
  readonly sets: ChangeSet[] = [];
  readonly asked: { readonly edits: readonly FeatureEdit[]; readonly options: ChangeOptions }[] = [];
  readonly #keys = new Map<string, { readonly set: ChangeSet; readonly edits: string }>();
  readonly #boundaries: MemoryBoundaries;
  readonly #audit: MemoryAudit;

  constructor(boundaries: MemoryBoundaries, audit: MemoryAudit) {
    this.#boundaries = boundaries;
    this.#audit = audit;
  }

  async apply(edits: readonly FeatureEdit[], options: ChangeOptions): Promise<ChangeOutcome> {
    const dataset = await this.#boundaries.getDataset(options.datasetId);
    if (dataset === undefined) return { kind: 'unknown' };
    this.asked.push({ edits, options });
    const named = edits.map(nameOf);
    const bad = named.findIndex(({ featureId }) => featureId === 'refuse-me');
    if (bad >= 0) {
      const refused = {
        ordinal: bad + 1,
        boundaryId: 'refuse-me',
        code: 'store.idTaken',
        reason: 'it is there',
      };
      return { kind: 'refused', refused: [refused] };
    }
    const before = this.#keys.get(options.requestKey ?? '');
    if (before !== undefined) {
      if (before.edits !== JSON.stringify(named)) return { kind: 'keyTaken', changeSet: before.set };
      return { kind: 'repeated', changeSet: before.set, dataset, repaired: [] };
    }
    const set: ChangeSet = {
      no: this.sets.length + 1,
      datasetId: options.datasetId,
      revision: this.sets.length + 1,
      at: madeAt,
      actor: options.actor.name,
      note: options.note,
      edits: named,
      undoneAt: undefined,
      undoneBy: undefined,
    };
    this.sets.push(set);
    if (options.requestKey !== undefined) {
      this.#keys.set(options.requestKey, { set, edits: JSON.stringify(named) });
    }
    await this.#audit.append(options.actor, 'dataset.changed', { changeSetNo: set.no });
    return { kind: 'applied', changeSet: set, dataset: { ...dataset, revision: set.revision }, repaired: [] };
  }

  async undo(datasetId: DatasetId, no: number, actor: Actor): Promise<UndoOutcome> {
    const dataset = await this.#boundaries.getDataset(datasetId);
    const set = this.sets.find((each) => each.no === no && each.datasetId === datasetId);
    if (set === undefined || dataset === undefined) return { kind: 'unknown' };
    if (set.undoneAt !== undefined) return { kind: 'undoneBefore', changeSet: set };
    const [edit] = set.edits;
    const later = this.sets.find(
      (each) =>
        each.no > no &&
        each.undoneAt === undefined &&
        each.edits.some(({ featureId }) => featureId === edit?.featureId),
    );
    if (later !== undefined && edit !== undefined) {
      const { layer, featureId } = edit;
      return { kind: 'inTheWay', later: [{ layer, featureId, changeSetNo: later.no }] };
    }
    const undone = { ...set, undoneAt: wallMs(madeAt + 1), undoneBy: actor.name };
    this.sets[no - 1] = undone;
    return { kind: 'undone', changeSet: undone, dataset };
  }

  async list({ datasetId, limit, before, featureId }: ChangeSetQuery): Promise<readonly ChangeSet[]> {
    return this.sets
      .filter((set) => set.datasetId === datasetId && (before === undefined || set.no < before))
      .filter(({ edits }) => featureId === undefined || edits.some((edit) => edit.featureId === featureId))
      .reverse()
      .slice(0, limit);
  }

  async history(
    _datasetId: DatasetId,
    layer: LayerName,
    featureId: string,
  ): Promise<readonly FeatureVersion[]> {
    return this.sets
      .filter(({ edits }) => edits.some((edit) => edit.layer === layer && edit.featureId === featureId))
      .map(({ no }) => ({
        addedIn: no,
        removedIn: undefined,
        dateUpdate: undefined,
        effective: madeAt,
        expire: undefined,
      }));
  }
}

function nameOf(edit: FeatureEdit): ChangeSet['edits'][number] {
  if (edit.kind === 'expire') return { action: edit.kind, layer: edit.layer, featureId: edit.featureId };
  const { kind, feature } = edit.feature;
  const layer = kind === 'feature' ? 'serviceBoundary' : kind;
  return {
    action: edit.kind,
    layer,
    featureId: 'featureId' in feature ? feature.featureId : feature.boundaryId,
  };
}
