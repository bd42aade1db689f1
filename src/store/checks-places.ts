import { type DatasetId, datasetId, errorText, serviceUrn, wallMs } from '../base/index.ts';
import type {
  BoundaryLookup,
  DataError,
  DataErrorList,
  Logger,
  LookupAnswer,
  LookupScope,
} from '../esrp/index.ts';
import { centerOf, type Position } from '../geo/index.ts';
import type { FoundPlace } from './checks-context.ts';
import { inGroups } from './checks-context.ts';
import type { Database, Statement } from './database/types.ts';
import {
  keepGap,
  keepOverlap,
  keepPlaces,
  listPlaces,
  type PlaceRow,
  resolvePlaces,
} from './sql/check-place.ts';

// Gaps and overlaps are kept once a place, whether a check found them or a call fell into one.

/** Rows that one statement writes. */
const writtenMax = 50;
/** Faults of lookups that wait to be looked at; more are let go, since the next call finds them again. */
const waitingMax = 100;
/** Faults of lookups that were looked at, not to be looked at again. */
const rememberedMax = 10_000;
/** How wide and high the cell is that stands for a caller's place in a gap: about 500 m. */
const cellDeg = 0.005;
/** An overlap below it is taken for a border that two agencies drew. */
const lookupMinAreaM2 = 100;
const deadlineMs = 60_000;

/** Keeps what a check found, and marks as resolved what a check of the active dataset did not find. */
export async function keepFoundPlaces(
  database: Database,
  of: { readonly datasetId: number; readonly startedAt: number; readonly places: readonly FoundPlace[] },
): Promise<void> {
  const rows = of.places.map(placeRow);
  // Two gaps between the same boundaries are two places only where they are apart.
  const unique = [...new Map(rows.map((row) => [row.key, row])).values()];
  for (const group of inGroups(unique, () => 1, writtenMax)) {
    await database.query(keepPlaces(of.datasetId, group), { deadlineMs });
  }
  await database.query(resolvePlaces(of.datasetId, of.startedAt), { deadlineMs });
}

function placeRow({ kind, serviceUrn: urn, featureIds, agencies, areaM2, place }: FoundPlace): PlaceRow {
  const where = kind === 'gap' ? firstCell(place) : '';
  return {
    kind,
    key: kind === 'overlap' ? overlapKey(urn, featureIds) : `gap ${urn} ${where}`,
    urn,
    agencies,
    ids: featureIds,
    area_m2: areaM2,
    place,
  };
}

function overlapKey(urn: string, ids: readonly string[]): string {
  return `overlap ${urn} ${[...ids].sort().join(' ')}`;
}

/** The cell that the first corner of a place lies in. */
function firstCell(place: string): string {
  const [lon = 0, lat = 0] = (
    /-?\d+(?:\.\d+)?(?:e-?\d+)?,-?\d+(?:\.\d+)?(?:e-?\d+)?/i.exec(place)?.[0] ?? '0,0'
  )
    .split(',')
    .map(Number);
  return cellName({ lon, lat });
}

function cellName({ lon, lat }: Position): string {
  return `${Math.floor(lon / cellDeg)} ${Math.floor(lat / cellDeg)}`;
}

/** A fault of the data that a lookup met. */
type LookupFault =
  | {
      readonly kind: 'overlap';
      readonly datasetId: DatasetId;
      readonly urn: string;
      readonly ids: readonly [string, string];
    }
  | {
      readonly kind: 'gap';
      readonly datasetId: DatasetId;
      readonly services: readonly string[];
      readonly position: Position;
    };

/** Data errors as they are kept, and a lookup that notes those that it meets. */
export interface DataErrors extends DataErrorList {
  /** The same answers; faults in the data of the active dataset are noted behind the caller's back. */
  watch(lookup: BoundaryLookup): BoundaryLookup;
  /** Resolves when nothing waits to be noted. */
  idle(): Promise<void>;
  stop(): void;
}

/** Makes the keeper of data errors. */
export function makeDataErrors(database: Database, logger: Logger): DataErrors {
  const notes = new LookupNotes(database, logger);
  return {
    watch: (lookup) => watched(lookup, notes),
    idle: () => notes.idle(),
    stop: () => notes.stop(),
    listDataErrors: async ({ limit, before, kind, withResolved }) => {
      const statement = listPlaces({ limit, before: before ?? null, kind: kind ?? null, withResolved });
      return ((await database.query(statement, { deadlineMs })) as readonly PlaceJson[]).map(decodePlace);
    },
  };
}

function watched(lookup: BoundaryLookup, notes: LookupNotes): BoundaryLookup {
  const noting = async (
    position: () => Position,
    scope: LookupScope,
    answering: Promise<LookupAnswer>,
  ): Promise<LookupAnswer> => {
    const answer = await answering;
    // Of the active dataset alone: what is compared beside it is not what calls go by.
    if (scope.datasetId === undefined) notes.note(answer, position, scope);
    return answer;
  };
  return {
    byPoint: (position, scope) => noting(() => position, scope, lookup.byPoint(position, scope)),
    byArea: (shape, scope) => noting(() => centerOf(shape), scope, lookup.byArea(shape, scope)),
    byCivic: (civic, scope) => lookup.byCivic(civic, scope),
    nearest: (position, withinM, scope) => lookup.nearest(position, withinM, scope),
  };
}

/** Takes note of faults one after the other, each once. */
class LookupNotes {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #known = new Set<string>();
  #waiting: { readonly key: string; readonly fault: LookupFault }[] = [];
  #working: Promise<void> | undefined;
  #isStopped = false;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  note(answer: LookupAnswer, position: () => Position, { services }: LookupScope): void {
    const fault = faultOf(answer, position, services);
    if (fault === undefined || this.#isStopped) return;
    const key = keyOf(fault);
    const isKnown = this.#known.has(`${fault.datasetId} ${key}`);
    if (isKnown || this.#waiting.length >= waitingMax) return;
    if (this.#known.size >= rememberedMax) this.#known.clear();
    this.#known.add(`${fault.datasetId} ${key}`);
    this.#waiting.push({ key, fault });
    this.#working ??= this.#work();
  }

  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { key, fault } = next;
      try {
        await this.#database.query(statementOf(key, fault), { deadlineMs });
      } catch (error) {
        // The call has its answer; the next one from there finds the fault again.
        this.#known.delete(`${fault.datasetId} ${key}`);
        this.#logger.debug('store.dataErrorNotKept', { kind: fault.kind, reason: errorText(error) });
      }
    }
    this.#working = undefined;
  }
}

function faultOf(
  answer: LookupAnswer,
  position: () => Position,
  services: readonly string[],
): LookupFault | undefined {
  if (answer.kind === 'nothing') {
    const { datasetId: asked } = answer;
    return asked === undefined
      ? undefined
      : { kind: 'gap', datasetId: asked, services, position: position() };
  }
  if (answer.kind !== 'found' || answer.rule !== 'covers') return undefined;
  const [first, ...others] = answer.matches;
  const rival = others.find(
    (other) =>
      other.serviceUrn === first.serviceUrn &&
      other.priority === first.priority &&
      other.serviceUri !== first.serviceUri,
  );
  const dataset = first.datasetId;
  if (rival === undefined || dataset === undefined) return undefined;
  const ids =
    first.boundaryId < rival.boundaryId
      ? [first.boundaryId, rival.boundaryId]
      : [rival.boundaryId, first.boundaryId];
  return { kind: 'overlap', datasetId: dataset, urn: first.serviceUrn, ids: [ids[0] ?? '', ids[1] ?? ''] };
}

function keyOf(fault: LookupFault): string {
  return fault.kind === 'overlap'
    ? overlapKey(fault.urn, fault.ids)
    : `gap ${fault.services[0] ?? ''} ${cellName(fault.position)}`;
}

function statementOf(key: string, fault: LookupFault): Statement {
  if (fault.kind === 'overlap') {
    return keepOverlap({ datasetId: fault.datasetId, ids: fault.ids, key, minAreaM2: lookupMinAreaM2 });
  }
  const { lon, lat } = fault.position;
  const west = Math.floor(lon / cellDeg) * cellDeg;
  const south = Math.floor(lat / cellDeg) * cellDeg;
  const cell = [west, south, west + cellDeg, south + cellDeg] as const;
  return keepGap({ datasetId: fault.datasetId, services: fault.services, lon, lat, cell, key });
}

interface PlaceJson {
  readonly id: number;
  readonly kind: 'gap' | 'overlap';
  readonly serviceUrn: string;
  readonly agencies: readonly string[];
  readonly featureIds: readonly string[];
  readonly foundBy: 'check' | 'lookup';
  readonly datasetId: number | null;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly seenCount: number;
  readonly resolvedAt: number | null;
  readonly areaM2: number | null;
  readonly place: unknown;
}

function decodePlace(json: PlaceJson): DataError {
  return {
    ...json,
    serviceUrn: serviceUrn(json.serviceUrn),
    datasetId: json.datasetId === null ? undefined : datasetId(json.datasetId),
    firstSeen: wallMs(json.firstSeen),
    lastSeen: wallMs(json.lastSeen),
    resolvedAt: json.resolvedAt === null ? undefined : wallMs(json.resolvedAt),
    areaM2: json.areaM2 ?? undefined,
  };
}
