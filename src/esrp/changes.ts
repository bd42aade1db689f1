import type { DatasetId, WallMs } from '../base/index.ts';
import type { LayerName } from './gis.ts';
import type { Actor, Dataset, LoadOptions, RefusedFeature, SourceFeature } from './ports.ts';

// Changes to single features of a dataset after its load: sets of them, each one transaction, and undone as one.

/**
 * One change of a set. `add`: a feature with a new id. `change`: takes the place of the feature with its id, as a whole.
 * `expire`: the feature counts no more from a moment on, which may be to come.
 */
export type FeatureEdit =
  | {
      readonly kind: 'add' | 'change';
      readonly feature: Exclude<SourceFeature, { readonly kind: 'refused' }>;
    }
  | {
      readonly kind: 'expire';
      /** Place in the set, from 1, to name it in reports. */
      readonly ordinal: number;
      readonly layer: LayerName;
      readonly featureId: string;
      /** Undefined: the moment at which the set is applied. */
      readonly at: WallMs | undefined;
    };

/** What a set did to one feature. */
export interface RecordedEdit {
  readonly action: FeatureEdit['kind'];
  readonly layer: LayerName;
  readonly featureId: string;
}

/** A set of changes that was applied to a dataset. */
export interface ChangeSet {
  readonly no: number;
  readonly datasetId: DatasetId;
  /** Of the dataset, after it. */
  readonly revision: number;
  readonly at: WallMs;
  readonly actor: string;
  readonly note: string;
  readonly edits: readonly RecordedEdit[];
  readonly undoneAt: WallMs | undefined;
  readonly undoneBy: string | undefined;
}

export interface ChangeOptions {
  readonly datasetId: DatasetId;
  readonly actor: Actor;
  /** For people who read the list of sets; may be empty. */
  readonly note: string;
  readonly invalidGeometry: LoadOptions['invalidGeometry'];
  /** The asker's own name of the set: asked for again under it, the set is not applied again. */
  readonly requestKey: string | undefined;
}

/** What became of a set: applied, or nothing changed and every refusal listed. */
export type ChangeOutcome =
  | {
      /** `repeated`: it had been applied before, under the same key. */
      readonly kind: 'applied' | 'repeated';
      readonly changeSet: ChangeSet;
      readonly dataset: Dataset;
      readonly repaired: readonly RefusedFeature[];
    }
  | { readonly kind: 'refused'; readonly refused: readonly RefusedFeature[] }
  /** The key stands for another set. */
  | { readonly kind: 'keyTaken'; readonly changeSet: ChangeSet }
  /** There is no such dataset. */
  | { readonly kind: 'unknown' };

/** A feature of a set that a later set changed. */
export interface LaterEdit {
  readonly layer: LayerName;
  readonly featureId: string;
  /** The later set. */
  readonly changeSetNo: number;
}

/** What became of undoing a set. */
export type UndoOutcome =
  | { readonly kind: 'undone'; readonly changeSet: ChangeSet; readonly dataset: Dataset }
  | { readonly kind: 'undoneBefore'; readonly changeSet: ChangeSet }
  /** Later sets changed the same features: they are undone first. */
  | { readonly kind: 'inTheWay'; readonly later: readonly LaterEdit[] }
  | { readonly kind: 'unknown' };

/** A page of sets, newest first. */
export interface ChangeSetQuery {
  readonly datasetId: DatasetId;
  readonly limit: number;
  /** Sets older than this one. */
  readonly before: number | undefined;
  /** Sets that touched this feature. */
  readonly featureId: string | undefined;
}

/** A feature as it was between two sets. */
export interface FeatureVersion {
  /** The set that brought it; undefined: the load. */
  readonly addedIn: number | undefined;
  /** The set that took it out; undefined: it is current. Its own, where that set was undone. */
  readonly removedIn: number | undefined;
  readonly dateUpdate: WallMs | undefined;
  readonly effective: WallMs | undefined;
  readonly expire: WallMs | undefined;
}

/** Changes single features of a dataset. Lookups see all of a set or nothing; each set leaves an audit row. */
export interface BoundaryChanges {
  apply(edits: readonly FeatureEdit[], options: ChangeOptions): Promise<ChangeOutcome>;
  undo(datasetId: DatasetId, no: number, actor: Actor): Promise<UndoOutcome>;
  list(query: ChangeSetQuery): Promise<readonly ChangeSet[]>;
  /** All versions of a feature, oldest first. */
  history(datasetId: DatasetId, layer: LayerName, featureId: string): Promise<readonly FeatureVersion[]>;
}
