import type { DatasetId, ServiceUrn } from '../base/index.ts';
import type { Position } from '../geo/index.ts';
import type { CheckReport, Finding, FindingSeverity, LayerName } from './gis.ts';
import type { Actor } from './ports.ts';

// Looking at a dataset before it is activated: checks, differences, places to try it at, and taking it away.

/** How a check is done. */
export interface CheckOptions {
  /** Gaps, overlaps and ground outside of the provisioning boundary below it are counted alone. */
  readonly minAreaM2: number;
  readonly actor: Actor;
}

/** A page of findings, in order of their numbers. */
export interface FindingQuery {
  readonly datasetId: DatasetId;
  readonly limit: number;
  /** Findings after this number. */
  readonly after: number | undefined;
  readonly code: string | undefined;
  readonly severity: FindingSeverity | undefined;
  readonly layer: LayerName | undefined;
}

/** A feature that two datasets do not have alike. */
export interface FeatureChange {
  readonly layer: LayerName;
  readonly featureId: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** Names of what is different; `geometry` among them. */
  readonly fields: readonly string[];
  /** Of what changed hands: the feature's own area where it was added or removed. Undefined for lines and points. */
  readonly changedAreaM2: number | undefined;
}

/** How many features of a layer are different. */
export interface LayerDifference {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly same: number;
}

export interface DiffQuery {
  /** What it is compared with: the older one. */
  readonly from: DatasetId;
  readonly to: DatasetId;
  /** Changes that are listed. */
  readonly limit: number;
  /** Changes after this one, in order of layer and id. */
  readonly after: { readonly layer: LayerName; readonly featureId: string } | undefined;
  readonly layer: LayerName | undefined;
}

/** What is different between two datasets. */
export interface DatasetDiff {
  readonly layers: Readonly<Record<LayerName, LayerDifference>>;
  readonly changes: readonly FeatureChange[];
}

/** A place to try a dataset at. */
export interface ProbePoint {
  readonly position: Position;
  /** The service of the boundary that it was made from; undefined: any. */
  readonly service: ServiceUrn | undefined;
}

/** How points are made: over the ground of boundaries, within some metres of their borders, at address points, or where two datasets differ. */
export type ProbeKind = 'area' | 'border' | 'addressPoint' | 'changed';

export interface ProbeQuery {
  readonly datasetId: DatasetId;
  readonly kind: ProbeKind;
  readonly count: number;
  /** One seed always makes the same points of one dataset. */
  readonly seed: number;
  /** For `changed`: the other dataset. */
  readonly from?: DatasetId | undefined;
}

/** Makes places. May give fewer than were asked for. */
export interface ProbeSource {
  points(query: ProbeQuery): Promise<readonly ProbePoint[]>;
}

/** What became of asking for a check. */
export type CheckStart =
  | { readonly kind: 'started' | 'running'; readonly report: CheckReport }
  | { readonly kind: 'unknown' };

/** What became of taking a dataset away. */
export type DatasetRemoval = 'removed' | 'active' | 'unknown';

/** Looks at datasets and takes them away. Checks run behind the caller's back; one at a time for a dataset. */
export interface DatasetReview extends ProbeSource {
  startCheck(id: DatasetId, options: CheckOptions): Promise<CheckStart>;
  /** The newest check; undefined where there was none. */
  getCheck(id: DatasetId): Promise<CheckReport | undefined>;
  /** Ends a check that is under way in this process; its report is `failed` then. */
  cancelCheck(id: DatasetId): Promise<CheckReport | undefined>;
  listFindings(query: FindingQuery): Promise<readonly Finding[]>;
  /** Undefined where one of the datasets is not there. */
  diff(query: DiffQuery): Promise<DatasetDiff | undefined>;
  /** Removes a dataset that is not active, with all that is known of it; an audit row stays. */
  removeDataset(id: DatasetId, actor: Actor): Promise<DatasetRemoval>;
}

/** Whether a report keeps its dataset from being activated, and why; undefined: it does not. */
export function activationHindrance(
  report: CheckReport | undefined,
  revision: number,
): 'notChecked' | 'checkFailed' | undefined {
  if (report === undefined || report.state !== 'finished' || report.revision !== revision)
    return 'notChecked';
  return report.counts.error > 0 ? 'checkFailed' : undefined;
}
