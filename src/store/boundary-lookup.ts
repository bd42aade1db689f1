import { datasetId } from '../base/index.ts';
import type { BoundaryLookup, BoundaryMatch, LookupAnswer, LookupScope } from '../esrp/index.ts';
import { centerOf, type Position, type Shape } from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';
import { regionKeys, soughtAreaKeys } from './area-names.ts';
import { lookUpCivic } from './civic-lookup.ts';
import type { CivicMemory, CivicPorts } from './civic-work.ts';
import { storeError } from './database/failures.ts';
import type { Database, Statement } from './database/types.ts';
import { decodeMatch, type MatchJson } from './decode.ts';
import { callerAreaOf } from './geometry/caller-area.ts';
import {
  answerOf,
  chooseAtPoint,
  chooseNearest,
  isAbsence,
  leastDistance,
  type OverlapCandidate,
  orderOverlaps,
  overlapMatchesMax,
  type PointCandidate,
} from './lookup-order.ts';
import { crackM, isPole, localPlane } from './lookup-place.ts';
import { getDataset } from './sql/dataset.ts';
import { activeDatasetId, boundariesAtPoint, boundariesAtPole, boundariesByAreaNames } from './sql/lookup.ts';
import { reachOfService, servicesPresent } from './sql/nearest.ts';
import { boundariesOverArea, overlapPartsMax } from './sql/overlap.ts';

/** What every statement of a lookup answers: which dataset was active at its moment. */
interface ActiveJson {
  readonly activeId: number | null;
}

type CandidateJson = MatchJson & PointCandidate;
type OverlapJson = MatchJson & OverlapCandidate;

interface PointJson extends ActiveJson {
  readonly candidates: readonly CandidateJson[] | null;
}

interface OverlapsJson extends ActiveJson {
  readonly parts: number;
  readonly total: number;
  readonly candidates: readonly OverlapJson[] | null;
}

interface AreaJson extends ActiveJson {
  readonly uriCount: number;
  /** The finest level of areas that agreed; null where nothing did. */
  readonly level: number | null;
  readonly matches: readonly MatchJson[] | null;
}

/** Lookups in the database, in the active dataset or the one named, by one prepared statement each. */
export function makeBoundaryLookup(database: Database): BoundaryLookup {
  const sessions = new LookupSessions(database);
  const memory: CivicMemory = { hasLikeness: undefined };
  return {
    byPoint: async (position, scope) =>
      await sessions.run(scope, (session) => byPoint(session, position, scope)),
    byArea: async (shape, scope) => await sessions.run(scope, (session) => byArea(session, shape, scope)),
    byCivic: async (civic, scope) =>
      await sessions.run(scope, (session) =>
        lookUpCivic(civic, scope, civicPorts(session, civic, scope), memory),
      ),
    nearest: async (position, withinM, scope) =>
      await sessions.run(scope, (session) => nearest(session, position, withinM, scope)),
  };
}

/** How often a lookup follows the pointer to the active dataset when that changes under it. */
const followsMax = 5;

/**
 * Tells each lookup the dataset to look into. That is the one that was active last; each statement says which one is,
 * and where it is another the lookup is done again, so that an answer is never of two datasets.
 */
class LookupSessions {
  readonly #database: Database;
  /** The dataset that was active when last asked. */
  #activeId: number | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async run(
    scope: LookupScope,
    work: (session: LookupSession) => Promise<LookupAnswer>,
  ): Promise<LookupAnswer> {
    const endsAt = performance.now() + scope.deadlineMs;
    if (scope.datasetId !== undefined) {
      const answer = await work(new LookupSession(this.#database, scope.datasetId, endsAt));
      if (answer.kind !== 'nothing') return answer;
      // Nothing is found in a dataset that is not there, too.
      return (await this.#ask(getDataset(scope.datasetId), endsAt)) === null
        ? { kind: 'noActiveDataset' }
        : answer;
    }
    for (let follows = 0; follows <= followsMax; follows += 1) {
      this.#activeId ??= ((await this.#ask(activeDatasetId(), endsAt)) as number | null) ?? undefined;
      if (this.#activeId === undefined) return { kind: 'noActiveDataset' };
      const session = new LookupSession(this.#database, this.#activeId, endsAt);
      let answer: LookupAnswer | undefined;
      try {
        answer = await work(session);
      } catch (error) {
        // What went wrong in a dataset that is not active any more says nothing of the one that is.
        if (session.activeId === session.datasetId) throw error;
      }
      if (answer !== undefined && session.activeId === session.datasetId) return answer;
      this.#activeId = session.activeId;
    }
    throw storeError('store.queryFailed', 'the active dataset changes faster than it is read');
  }

  #ask(statement: Statement, endsAt: number): Promise<unknown> {
    return this.#database.query(statement, { deadlineMs: leftMs(endsAt), lane: 'lookup' });
  }
}

function leftMs(endsAt: number): number {
  return Math.max(1, endsAt - performance.now());
}

/** One lookup in one dataset. */
class LookupSession {
  readonly datasetId: number;
  /** The active dataset as the newest statement saw it; undefined where there is none. */
  activeId: number | undefined;
  readonly #database: Database;
  readonly #endsAt: number;

  constructor(database: Database, dataset: number, endsAt: number) {
    this.#database = database;
    this.datasetId = dataset;
    this.activeId = dataset;
    this.#endsAt = endsAt;
  }

  async ask<T extends ActiveJson>(statement: Statement): Promise<T> {
    const json = (await this.#database.query(statement, {
      deadlineMs: leftMs(this.#endsAt),
      lane: 'lookup',
    })) as T;
    this.activeId = json.activeId ?? undefined;
    return json;
  }
}

async function byPoint(
  session: LookupSession,
  position: Position,
  scope: LookupScope,
): Promise<LookupAnswer> {
  const { rule, chosen } = chooseAtPoint(await candidatesAt(session, position, crackM, scope));
  return answerOf(decodeAll(chosen, session.datasetId), session.datasetId, { rule });
}

// A box over the antimeridian is looked for at both ends.
async function candidatesAt(
  session: LookupSession,
  position: Position,
  withinM: number,
  { services, asOf }: Pick<LookupScope, 'services' | 'asOf'>,
): Promise<readonly CandidateJson[]> {
  const { lons, ...plane } = localPlane(position, withinM);
  const question = { ...plane, lat: position.lat, services, asOf, datasetId: session.datasetId };
  if (isPole(position)) {
    const json = await session.ask<PointJson>(boundariesAtPole({ ...question, lon: 0 }));
    return json.candidates ?? [];
  }
  const found: CandidateJson[] = [];
  for (const lon of lons) {
    const json = await session.ask<PointJson>(boundariesAtPoint({ ...question, lon }));
    if (json.candidates !== null) found.push(...json.candidates);
  }
  return found;
}

async function nearest(
  session: LookupSession,
  position: Position,
  withinM: number,
  scope: LookupScope,
): Promise<LookupAnswer> {
  const { asOf } = scope;
  const present = await session.ask<ActiveJson & { readonly services: readonly string[] | null }>(
    servicesPresent(session.datasetId, scope.services),
  );
  for (const service of scope.services) {
    if (!present.services?.includes(service)) continue;
    const reachM = await reachOf(session, position, withinM, { service, asOf });
    if (reachM === undefined) continue;
    // What is just as far is found too: distances count to the centimetre.
    const within = Math.min(withinM, reachM + 0.01);
    const found = await candidatesAt(session, position, within, { services: [service], asOf });
    const chosen = chooseNearest(found);
    if (chosen.length === 0) continue;
    return answerOf(decodeAll(chosen, session.datasetId), session.datasetId, {
      rule: 'nearest',
      distanceM: leastDistance(chosen),
    });
  }
  return { kind: 'nothing', datasetId: datasetId(session.datasetId) };
}

/** A distance within which a boundary of the service is, `withinM` at most; undefined where none can be. */
async function reachOf(
  session: LookupSession,
  position: Position,
  withinM: number,
  sought: { readonly service: string; readonly asOf: number },
): Promise<number | undefined> {
  if (isPole(position)) return withinM;
  const { lons, ...plane } = localPlane(position, withinM);
  let least: number | undefined;
  for (const lon of lons) {
    const { reachM } = await session.ask<ActiveJson & { readonly reachM: number | null }>(
      reachOfService({ ...plane, ...sought, lon, lat: position.lat, datasetId: session.datasetId }),
    );
    if (reachM !== null && (least === undefined || reachM < least)) least = reachM;
  }
  return least;
}

async function byArea(session: LookupSession, shape: Shape, scope: LookupScope): Promise<LookupAnswer> {
  const area = callerAreaOf(shape);
  if (area === undefined) return await byPoint(session, centerOf(shape), scope);
  const { services, asOf } = scope;
  const json = await session.ask<OverlapsJson>(
    boundariesOverArea({ ...area, services, asOf, datasetId: session.datasetId }),
  );
  if (json.parts > overlapPartsMax) {
    throw storeError(
      'store.areaTooLarge',
      `the area's box holds more than ${overlapPartsMax} parts of boundaries`,
    );
  }
  const candidates = orderOverlaps(json.candidates ?? [], area.tolerance).slice(0, overlapMatchesMax);
  const matches = candidates.map((each) => ({
    ...decodeMatch(each, session.datasetId),
    share: each.share,
  }));
  return answerOf(matches, session.datasetId, { rule: 'overlap', total: json.total });
}

function civicPorts(session: LookupSession, civic: CivicAddress, scope: LookupScope): CivicPorts {
  return {
    datasetId: session.datasetId,
    ask: (statement) => session.ask(statement),
    byPoint: (position) => byPoint(session, position, scope),
    byNames: () => byAreaNames(session, civic, scope),
  };
}

async function byAreaNames(
  session: LookupSession,
  civic: CivicAddress,
  scope: LookupScope,
): Promise<{ readonly answer: LookupAnswer; readonly level: number }> {
  const { countryKey, a1Key } = regionKeys(civic.country, civic.elements.get('A1'));
  const json = await session.ask<AreaJson>(
    boundariesByAreaNames({
      datasetId: session.datasetId,
      countryKey,
      a1Key,
      a2Keys: soughtAreaKeys(civic.elements.get('A2')),
      a3Keys: soughtAreaKeys(civic.elements.get('A3')),
      services: scope.services,
      asOf: scope.asOf,
    }),
  );
  const matches = decodeAll(json.matches ?? [], session.datasetId);
  const [first] = matches;
  const level = json.level ?? 0;
  // Several boundaries that lead to one PSAP leave no doubt where the call goes.
  if (json.uriCount <= 1 || first === undefined || matches.every(isAbsence)) {
    return { answer: answerOf(matches, session.datasetId, { rule: 'areaName' }), level };
  }
  return {
    answer: { kind: 'ambiguous', datasetId: datasetId(session.datasetId), candidates: matches },
    level,
  };
}

function decodeAll(matches: readonly MatchJson[], dataset: number): readonly BoundaryMatch[] {
  return matches.map((match) => decodeMatch(match, dataset));
}
