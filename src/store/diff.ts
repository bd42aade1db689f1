import { type DatasetId, serviceUrn } from '../base/index.ts';
import type {
  DatasetDiff,
  DiffQuery,
  FeatureChange,
  LayerDifference,
  LayerName,
  ProbePoint,
  ProbeQuery,
} from '../esrp/index.ts';
import { inGroups } from './checks-context.ts';
import type { Database, Statement } from './database/types.ts';
import {
  type PointRow,
  pointsAtAddresses,
  pointsAtBorders,
  pointsInside,
  pointsWhereChanged,
} from './sql/check-points.ts';
import {
  compareRange,
  describeChanges,
  diffLayers,
  type FeatureDifference,
  lastNumbers,
  type RangeDifference,
} from './sql/diff.ts';

/** Rows that one statement compares: polygons have thousands of corners. */
const polygonRowsMax = 200;
const otherRowsMax = 5_000;
/** Features that one statement describes, or makes points on. */
const describedMax = 20;
const statementDeadlineMs = 60_000;
/** How far from a border points near one are at most: about ten metres. */
const nearBorderDeg = 1e-4;

interface ChangeKey {
  readonly layer: LayerName;
  readonly featureId: string;
  readonly kind: FeatureChange['kind'];
}

/** Compares two datasets feature by feature. Both are there. */
export async function diffDatasets(database: Database, query: DiffQuery): Promise<DatasetDiff> {
  const layers = {} as Record<LayerName, LayerDifference>;
  const listed: ChangeKey[] = [];
  for (const layer of diffLayers) {
    if (query.layer !== undefined && query.layer !== layer) {
      layers[layer] = { added: 0, removed: 0, changed: 0, same: 0 };
      continue;
    }
    const keys = await compareLayer(database, layer, query);
    layers[layer] = keys.counts;
    listed.push(...keys.first);
  }
  const wanted = listed.filter((key) => isAfter(key, query.after)).slice(0, query.limit);
  return { layers, changes: await describe(database, query, wanted) };
}

function isAfter({ layer, featureId }: ChangeKey, after: DiffQuery['after']): boolean {
  if (after === undefined) return true;
  const order = diffLayers.indexOf(layer) - diffLayers.indexOf(after.layer);
  return order > 0 || (order === 0 && featureId > after.featureId);
}

/** Counts a layer's differences; of those after the page before the first ones, in order of their ids. */
async function compareLayer(
  database: Database,
  layer: LayerName,
  { from, to, limit, after }: DiffQuery,
): Promise<{ readonly counts: LayerDifference; readonly first: readonly ChangeKey[] }> {
  const counts = { added: 0, removed: 0, changed: 0, same: 0 };
  let first: ChangeKey[] = [];
  const note = (kind: FeatureChange['kind'], ids: readonly string[]) => {
    counts[kind] += ids.length;
    for (const featureId of ids) {
      const key = { layer, featureId, kind };
      if (isAfter(key, after)) first.push(key);
    }
    // What cannot be on the page any more is let go.
    if (first.length > 4 * limit + 1_000) first = inOrder(first).slice(0, limit);
  };
  const [lastFrom, lastTo] = (await ask(database, lastNumbers(layer, from, to))) as readonly [number, number];
  const size = layer === 'addressPoint' || layer === 'roadCentreLine' ? otherRowsMax : polygonRowsMax;
  for (let start = 1; start <= lastTo; start += size) {
    const range = {
      layer,
      dataset: to,
      other: from,
      first: start,
      last: start + size - 1,
      onlySingle: false,
    };
    const found = (await ask(database, compareRange(range))) as RangeDifference;
    counts.same += found.same;
    note('changed', found.changed);
    note('added', found.single);
  }
  for (let start = 1; start <= lastFrom; start += size) {
    const range = { layer, dataset: from, other: to, first: start, last: start + size - 1, onlySingle: true };
    note('removed', ((await ask(database, compareRange(range))) as RangeDifference).single);
  }
  return { counts, first: inOrder(first).slice(0, limit) };
}

function inOrder(keys: readonly ChangeKey[]): ChangeKey[] {
  return [...keys].sort((a, b) => (a.featureId < b.featureId ? -1 : a.featureId > b.featureId ? 1 : 0));
}

async function describe(
  database: Database,
  { from, to }: DiffQuery,
  keys: readonly ChangeKey[],
): Promise<readonly FeatureChange[]> {
  const changes: FeatureChange[] = [];
  for (const layer of diffLayers) {
    const ofLayer = keys.filter((key) => key.layer === layer);
    for (const group of inGroups(ofLayer, () => 1, describedMax)) {
      const ids = group.map(({ featureId }) => featureId);
      const found = (await ask(
        database,
        describeChanges({ layer, from, to, ids }),
      )) as readonly FeatureDifference[];
      const byId = new Map(found.map((each) => [each.id, each]));
      for (const { featureId, kind } of group) {
        const { fields = [], areaM2 = null } = byId.get(featureId) ?? {};
        changes.push({
          layer,
          featureId,
          kind,
          fields: fields.map(fieldName),
          changedAreaM2: areaM2 ?? undefined,
        });
      }
    }
  }
  return changes;
}

/** `service_uri` is `serviceUri`. */
function fieldName(column: string): string {
  if (column === 'geom') return 'geometry';
  return column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Makes places to try datasets at. */
export async function makePoints(database: Database, query: ProbeQuery): Promise<readonly ProbePoint[]> {
  const { datasetId, count, seed, kind, from } = query;
  if (count === 0) return [];
  const question = { datasetId, count, seed };
  switch (kind) {
    case 'area':
      return decode(await ask(database, pointsInside(question)));
    case 'border':
      return decode(await ask(database, pointsAtBorders({ ...question, withinDeg: nearBorderDeg })));
    case 'addressPoint':
      return decode(await ask(database, pointsAtAddresses(question)));
    case 'changed':
      return from === undefined ? [] : await pointsOfChanges(database, query, from);
  }
}

async function pointsOfChanges(
  database: Database,
  { datasetId, count, seed }: ProbeQuery,
  from: DatasetId,
): Promise<readonly ProbePoint[]> {
  const diff = { from, to: datasetId, limit: count, after: undefined, layer: 'serviceBoundary' } as const;
  const { first } = await compareLayer(database, 'serviceBoundary', diff);
  const ids = first.map(({ featureId }) => featureId);
  const perFeature = Math.ceil(count / Math.max(1, ids.length));
  const points: ProbePoint[] = [];
  for (const group of inGroups(ids, () => 1, describedMax)) {
    const question = { datasetId, count: group.length * perFeature, seed, from, ids: group };
    points.push(...decode(await ask(database, pointsWhereChanged(question))));
    if (points.length >= count) break;
  }
  return points.slice(0, count);
}

function decode(answer: unknown): readonly ProbePoint[] {
  return (answer as readonly PointRow[]).map(({ lon, lat, urn }) => ({
    position: { lon, lat },
    service: urn === null ? undefined : serviceUrn(urn),
  }));
}

async function ask(database: Database, statement: Statement): Promise<unknown> {
  return await database.query(statement, { deadlineMs: statementDeadlineMs });
}
