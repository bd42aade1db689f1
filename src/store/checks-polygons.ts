import { shown } from './checks-attributes.ts';
import { type CheckContext, inGroups } from './checks-context.ts';
import type { Statement } from './database/types.ts';
import {
  type CheckedBoundary,
  type JudgedPolygon,
  judgePolygons,
  type LongEdge,
  longEdges,
  type Overlap,
  overlapOfParts,
  overlapsOfPairs,
  type PolygonTable,
} from './sql/check-boundary.ts';
import type { TileBox } from './sql/check-tile.ts';

/** Corners that one statement looks at: some tens of milliseconds. */
const cornersMax = 25_000;
const pairCornersMax = 15_000;
/** Two boundaries with more corners in all are compared by their parts. */
const wholeCornersMax = 10_000;
/** Edges wider than this are told (degrees of longitude). */
const longEdgeDeg = 0.2;
/** From here on a gap or an overlap is an error. */
export const errorAreaM2 = 1_000_000;

const layers = {
  service_boundary: 'serviceBoundary',
  provisioning_boundary: 'provisioningBoundary',
  admin_area: 'adminArea',
} as const;

interface Polygon {
  readonly no: number;
  readonly id: string;
  readonly corners: number;
}

/** Validity and long edges of a polygon layer; answers the numbers of those that are not valid. */
export async function checkShapes(
  context: CheckContext,
  table: PolygonTable,
  polygons: readonly Polygon[],
  onProgress: (share: number) => Promise<void>,
): Promise<ReadonlySet<number>> {
  const invalid = new Set<number>();
  let done = 0;
  for (const group of inGroups(polygons, ({ corners }) => corners, cornersMax)) {
    for (const each of await judge(context, table, group)) {
      invalid.add(each.no);
      const { id: featureId, reason, place } = each;
      await context.add({ code: 'geometryInvalid', layer: layers[table], featureId, reason, place });
    }
    const numbers = group.filter(({ no }) => !invalid.has(no)).map(({ no }) => no);
    const statement = longEdges(table, { datasetId: context.datasetId, numbers, spanDeg: longEdgeDeg });
    for (const edge of await context.ask<readonly LongEdge[]>(statement))
      await addLongEdge(context, table, edge);
    done += group.length;
    await onProgress(done / polygons.length);
  }
  return invalid;
}

async function judge(
  context: CheckContext,
  table: PolygonTable,
  group: readonly Polygon[],
): Promise<readonly Pick<JudgedPolygon, 'no' | 'id' | 'reason' | 'place'>[]> {
  const statement = judgePolygons(
    table,
    context.datasetId,
    group.map(({ no }) => no),
  );
  const judged = await context.tryAsking<{
    readonly counted: number;
    readonly invalid: readonly JudgedPolygon[];
  }>(statement);
  if (judged?.counted === group.length) return judged.invalid;
  // A judgement that is lost is lost over one of them, which is not valid then.
  const [only] = group;
  if (group.length === 1 && only !== undefined) {
    return [{ no: only.no, id: only.id, reason: 'the database could not judge it', place: null }];
  }
  const half = Math.ceil(group.length / 2);
  return [
    ...(await judge(context, table, group.slice(0, half))),
    ...(await judge(context, table, group.slice(half))),
  ];
}

async function addLongEdge(context: CheckContext, table: PolygonTable, edge: LongEdge): Promise<void> {
  const count =
    edge.count === 1
      ? 'an edge spans'
      : `${edge.count} edges span more than ${longEdgeDeg}°; the widest spans`;
  const reason = `${count} ${edge.spanDeg.toFixed(2)}° of longitude: the shortest way between its ends runs up to ${Math.round(sagM(edge))} m beside it`;
  await context.add({
    code: 'longEdge',
    layer: layers[table],
    featureId: edge.id,
    reason,
    place: edge.place,
  });
}

/** How far the great circle between the ends of an edge along a parallel leaves it, metres, on the sphere. */
function sagM({ spanDeg, latDeg }: LongEdge): number {
  const lat = (latDeg * Math.PI) / 180;
  const half = (spanDeg * Math.PI) / 360;
  return Math.abs(Math.atan(Math.tan(lat) / Math.cos(half)) - lat) * 6_371_009;
}

/** An overlap's place in the data, slivers too. */
export interface OverlapBox {
  readonly urn: string;
  readonly box: TileBox;
}

/** Ground that two boundaries of a service both have at one moment; answers where, for the search of gaps. */
export async function checkOverlaps(
  context: CheckContext,
  boundaries: readonly CheckedBoundary[],
  onProgress: (share: number) => Promise<void>,
): Promise<readonly OverlapBox[]> {
  const byNo = new Map(boundaries.map((each) => [each.no, each]));
  const pairs = candidatePairs(boundaries);
  const found: OverlapBox[] = [];
  let done = 0;
  const corners = ([a, b]: Pair) => {
    const sum = (byNo.get(a)?.corners ?? 0) + (byNo.get(b)?.corners ?? 0);
    // A large pair has a statement of its own.
    return sum > wholeCornersMax ? pairCornersMax : sum;
  };
  for (const group of inGroups(pairs, corners, pairCornersMax)) {
    for (const overlap of await overlapsOf(context, group, byNo)) {
      const a = byNo.get(overlap.a);
      const b = byNo.get(overlap.b);
      if (a === undefined || b === undefined) continue;
      found.push({ urn: a.urn, box: overlap.box });
      await addOverlap(context, overlap, a.id <= b.id ? [a, b] : [b, a]);
    }
    done += group.length;
    await onProgress(done / pairs.length);
  }
  return found;
}

type Pair = readonly [number, number];

/** Pairs of boundaries that could overlap: of one service, in force at one moment, boxes that have ground in common. */
export function candidatePairs(boundaries: readonly CheckedBoundary[]): readonly Pair[] {
  const byUrn = new Map<string, CheckedBoundary[]>();
  for (const boundary of boundaries) {
    const same = byUrn.get(boundary.urn);
    if (same === undefined) byUrn.set(boundary.urn, [boundary]);
    else same.push(boundary);
  }
  return [...byUrn.values()].flatMap(pairsOfService);
}

function pairsOfService(boundaries: readonly CheckedBoundary[]): readonly Pair[] {
  const sorted = boundaries
    .flatMap((boundary) => (boundary.box === null ? [] : [{ boundary, box: boundary.box }]))
    .sort((a, b) => a.box[0] - b.box[0]);
  const pairs: Pair[] = [];
  let open: typeof sorted = [];
  for (const here of sorted) {
    open = open.filter(({ box }) => box[2] > here.box[0]);
    for (const other of open) {
      const isBeside = other.box[1] >= here.box[3] || other.box[3] <= here.box[1];
      if (isBeside || !areTogether(other.boundary, here.boundary)) continue;
      pairs.push([other.boundary.no, here.boundary.no]);
    }
    open.push(here);
  }
  return pairs;
}

function areTogether(a: CheckedBoundary, b: CheckedBoundary): boolean {
  const startsBefore = (x: CheckedBoundary, y: CheckedBoundary) =>
    x.effective === null || y.expire === null || x.effective < y.expire;
  return startsBefore(a, b) && startsBefore(b, a);
}

async function overlapsOf(
  context: CheckContext,
  pairs: readonly Pair[],
  byNo: ReadonlyMap<number, CheckedBoundary>,
): Promise<readonly Overlap[]> {
  const answer = await context.tryAsking<{ readonly tested: number; readonly found: readonly Overlap[] }>(
    statementFor(context, pairs, byNo),
  );
  if (answer?.tested === pairs.length) return answer.found;
  const [only] = pairs;
  if (pairs.length === 1 && only !== undefined) {
    const [a, b] = only.map((no) => byNo.get(no)?.id);
    const reason = 'whether the two overlap could not be computed';
    await context.add({ code: 'notCompared', layer: 'serviceBoundary', featureId: a, otherId: b, reason });
    return [];
  }
  const half = Math.ceil(pairs.length / 2);
  return [
    ...(await overlapsOf(context, pairs.slice(0, half), byNo)),
    ...(await overlapsOf(context, pairs.slice(half), byNo)),
  ];
}

function statementFor(
  { datasetId }: CheckContext,
  pairs: readonly Pair[],
  byNo: ReadonlyMap<number, CheckedBoundary>,
): Statement {
  const [only] = pairs;
  const [a, b] = (only ?? []).map((no) => byNo.get(no));
  if (pairs.length > 1 || only === undefined || a === undefined || b === undefined) {
    return overlapsOfPairs(datasetId, pairs);
  }
  const { box: x } = a;
  const { box: y } = b;
  if (x === null || y === null || a.corners + b.corners <= wholeCornersMax)
    return overlapsOfPairs(datasetId, pairs);
  const box = [
    Math.max(x[0], y[0]),
    Math.max(x[1], y[1]),
    Math.min(x[2], y[2]),
    Math.min(x[3], y[3]),
  ] as const;
  return overlapOfParts(datasetId, only, box);
}

async function addOverlap(
  context: CheckContext,
  { areaM2, place }: Overlap,
  [first, second]: readonly [CheckedBoundary, CheckedBoundary],
): Promise<void> {
  if (areaM2 < context.minAreaM2) {
    context.count('overlapSliver');
    return;
  }
  const ids = { layer: 'serviceBoundary', featureId: first.id, otherId: second.id, areaM2, place } as const;
  const ground = `${shown(first.name)} and ${shown(second.name)} both have ${areaText(areaM2)} for ${first.urn}`;
  if (first.uri === second.uri) {
    await context.add({
      code: 'overlapDecided',
      ...ids,
      reason: `${ground}; both lead to ${shown(first.uri)}`,
    });
    return;
  }
  if (first.priority !== second.priority) {
    const winner = first.priority > second.priority ? first : second;
    await context.add({
      code: 'overlapDecided',
      ...ids,
      reason: `${ground}; ${shown(winner.name)} goes first by its priority`,
    });
    return;
  }
  const code = areaM2 >= errorAreaM2 ? 'overlap' : 'smallOverlap';
  await context.add({ code, ...ids, reason: ground });
  context.places.push({
    kind: 'overlap',
    serviceUrn: first.urn,
    featureIds: [first.id, second.id],
    agencies: [...new Set([first.agency, second.agency].flatMap((agency) => agency ?? []))],
    areaM2,
    place,
  });
}

/** An area for people. */
export function areaText(areaM2: number): string {
  return areaM2 >= 1e5 ? `${(areaM2 / 1e6).toFixed(2)} km²` : `${Math.round(areaM2)} m²`;
}
