import type { BoundaryLookup, BoundaryMatch, LookupAnswer, LookupScope } from '../../esrp/index.ts';
import { centerOf, type Position, type Shape } from '../../geo/index.ts';
import type { CivicAddress } from '../../location/index.ts';
import { storeError } from '../database/failures.ts';
import { type CallerArea, callerAreaOf } from '../geometry/caller-area.ts';
import {
  answerOf,
  chooseAtPoint,
  chooseNearest,
  compareTies,
  leastDistance,
  type OverlapCandidate,
  orderOverlaps,
  overlapMatchesMax,
  overlapsMax,
  type PointCandidate,
} from '../lookup-order.ts';
import { crackM, isPole, localPlane, metresPerDegree } from '../lookup-place.ts';
import { boundariesByNames } from './area-lookup.ts';
import { matchOf } from './match.ts';
import type { DatasetSnapshot } from './snapshot.ts';

/** Corners of boundaries in an area's box above which it is not overlaid: nothing else runs meanwhile. */
const cornersMax = 256_000;
/** The first distance at which the nearest boundary is looked for, metres, and what it grows by. */
const firstReachM = 500;
const reachGrowth = 4;

interface RowCandidate {
  readonly row: number;
}

/**
 * Lookups in a snapshot, with the answers that the database gives: the same candidates, put in order by the same code.
 * Civic addresses are found by area names alone. In time that does not depend on anything outside; no deadline is kept.
 */
export class MemoryLookup implements BoundaryLookup {
  readonly #snapshot: () => DatasetSnapshot | undefined;
  readonly #found: number[] = [];

  /** `snapshot` gives the one in use; each lookup asks once. */
  constructor(snapshot: () => DatasetSnapshot | undefined) {
    this.#snapshot = snapshot;
  }

  byPoint(position: Position, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer(scope, (snapshot) => this.#atPoint(snapshot, position, scope));
  }

  byArea(shape: Shape, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer(scope, (snapshot) => {
      const area = callerAreaOf(shape);
      return area === undefined
        ? this.#atPoint(snapshot, centerOf(shape), scope)
        : overArea(snapshot, area, scope);
    });
  }

  byCivic(civic: CivicAddress, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer(scope, (snapshot) => boundariesByNames(snapshot, civic, scope));
  }

  nearest(position: Position, withinM: number, scope: LookupScope): Promise<LookupAnswer> {
    return this.#answer(scope, (snapshot) => nearestTo(snapshot, position, withinM, scope));
  }

  async #answer(
    scope: LookupScope,
    work: (snapshot: DatasetSnapshot) => LookupAnswer,
  ): Promise<LookupAnswer> {
    const snapshot = this.#snapshot();
    if (snapshot === undefined) throw storeError('store.standbyFailed', 'no dataset is in memory');
    const { datasetId: wanted } = scope;
    return wanted !== undefined && wanted !== snapshot.version.datasetId
      ? { kind: 'noActiveDataset' }
      : work(snapshot);
  }

  #atPoint(snapshot: DatasetSnapshot, position: Position, scope: LookupScope): LookupAnswer {
    const { rule, chosen } = chooseAtPoint(this.#candidatesAt(snapshot, position, scope));
    return answerOf(matchesOf(snapshot, chosen), snapshot.version.datasetId, { rule });
  }

  // Near ones are looked for only where none covers the point: they would not be chosen.
  #candidatesAt(
    snapshot: DatasetSnapshot,
    position: Position,
    scope: LookupScope,
  ): readonly (PointCandidate & RowCandidate)[] {
    if (isPole(position)) return atPole(snapshot, position, crackM, scope);
    const count = snapshot.index.covering(position.lon, position.lat, this.#found);
    const candidates: (PointCandidate & RowCandidate)[] = [];
    for (let place = 0; place < count; place += 1) {
      const row = this.#found[place] ?? 0;
      const ranked = rank(snapshot, row, scope);
      if (ranked !== undefined) candidates.push({ ...ranked, distanceM: 0 });
    }
    if (candidates.length > 0) return candidates;
    // None covers it, so none is at distance 0, whatever rounding makes of an edge.
    return near(snapshot, position, crackM, scope).map((each) => ({
      ...each,
      distanceM: Math.max(each.distanceM, Number.MIN_VALUE),
    }));
  }
}

/** The boundary's place among others, where it is of a service asked for and in force. */
function rank(snapshot: DatasetSnapshot, row: number, { services, asOf }: LookupScope) {
  if (!snapshot.columns.isInForce(row, asOf)) return undefined;
  const { serviceUrn, boundaryId, priority } = matchOf(snapshot, row);
  const preference = services.indexOf(serviceUrn) + 1;
  return preference === 0 ? undefined : { row, preference, priority, boundaryId };
}

function near(
  snapshot: DatasetSnapshot,
  position: Position,
  withinM: number,
  scope: LookupScope,
): readonly (PointCandidate & RowCandidate)[] {
  const candidates: (PointCandidate & RowCandidate)[] = [];
  for (const { no, distanceM } of snapshot.index.near(position.lon, position.lat, withinM)) {
    const ranked = rank(snapshot, no, scope);
    if (ranked !== undefined) candidates.push({ ...ranked, distanceM });
  }
  return candidates;
}

// A boundary that reaches a pole anywhere covers it.
function atPole(
  snapshot: DatasetSnapshot,
  { lat }: Position,
  withinM: number,
  scope: LookupScope,
): readonly (PointCandidate & RowCandidate)[] {
  const candidates: (PointCandidate & RowCandidate)[] = [];
  const { heightDeg } = localPlane({ lon: 0, lat }, withinM);
  for (let row = 0; row < snapshot.columns.rowCount; row += 1) {
    const { south, north } = snapshot.columns.extent(row);
    const distanceDeg = 90 - (lat > 0 ? north : -south);
    if (distanceDeg > heightDeg) continue;
    const ranked = rank(snapshot, row, scope);
    if (ranked !== undefined) candidates.push({ ...ranked, distanceM: distanceDeg * metresPerDegree });
  }
  return candidates;
}

function nearestTo(
  snapshot: DatasetSnapshot,
  position: Position,
  withinM: number,
  scope: LookupScope,
): LookupAnswer {
  const chosen = nearestRows(snapshot, position, withinM, scope);
  const matches = matchesOf(snapshot, chosen);
  const distanceM = leastDistance(chosen);
  return answerOf(matches, snapshot.version.datasetId, { rule: 'nearest', distanceM });
}

// Wider and wider, until the first service that the dataset has is there: what was found within a distance is nearer
// than all that lies beyond it. The other services count only where it is not there at all.
function nearestRows(
  snapshot: DatasetSnapshot,
  position: Position,
  withinM: number,
  scope: LookupScope,
): readonly (PointCandidate & RowCandidate)[] {
  const present = scope.services.findIndex((service) => snapshot.columns.services.includes(service)) + 1;
  if (present === 0) return [];
  for (let reachM = firstReachM; ; reachM *= reachGrowth) {
    const isLast = reachM >= withinM;
    const within = isLast ? withinM : reachM;
    const chosen = chooseNearest(
      isPole(position) ? atPole(snapshot, position, within, scope) : near(snapshot, position, within, scope),
    );
    if (isLast || chosen[0]?.preference === present) return chosen;
  }
}

function overArea(snapshot: DatasetSnapshot, area: CallerArea, scope: LookupScope): LookupAnswer {
  assertNotTooLarge(snapshot, area);
  const candidates: (OverlapCandidate & RowCandidate)[] = [];
  for (const { no, share } of snapshot.index.overlaps([area.rings])) {
    if (share <= area.tolerance) continue;
    const ranked = rank(snapshot, no, scope);
    if (ranked !== undefined) candidates.push({ ...ranked, share });
  }
  candidates.sort((a, b) => a.preference - b.preference || b.share - a.share || compareTies(a, b));
  const ordered = orderOverlaps(candidates.slice(0, overlapsMax), area.tolerance).slice(0, overlapMatchesMax);
  const matches = ordered.map((each) => ({ ...matchOf(snapshot, each.row), share: each.share }));
  return answerOf(matches, snapshot.version.datasetId, { rule: 'overlap', total: candidates.length });
}

// How many corners lie in the box is reckoned by how much of each boundary's own box it takes.
function assertNotTooLarge({ columns }: DatasetSnapshot, { rings }: CallerArea): void {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of rings[0] ?? []) {
    west = Math.min(west, lon);
    east = Math.max(east, lon);
    south = Math.min(south, lat);
    north = Math.max(north, lat);
  }
  let corners = 0;
  for (let row = 0; row < columns.rowCount; row += 1) {
    const extent = columns.extent(row);
    const high = Math.min(north, extent.north) - Math.max(south, extent.south);
    if (high <= 0) continue;
    for (const turn of [0, -360, 360]) {
      const wide = Math.min(east + turn, extent.east) - Math.max(west + turn, extent.west);
      if (wide <= 0) continue;
      const size = (extent.east - extent.west) * (extent.north - extent.south);
      corners += extent.vertexCount * (size > 0 ? (wide * high) / size : 1);
    }
  }
  if (corners > cornersMax) {
    throw storeError(
      'store.areaTooLarge',
      `the area's box holds some ${Math.round(corners)} corners of boundaries`,
    );
  }
}

function matchesOf(snapshot: DatasetSnapshot, rows: readonly RowCandidate[]): readonly BoundaryMatch[] {
  return rows.map(({ row }) => matchOf(snapshot, row));
}
