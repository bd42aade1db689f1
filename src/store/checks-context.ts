import { DependencyError } from '../base/index.ts';
import { type FindingCode, type FindingSeverity, findingCodes, type LayerName } from '../esrp/index.ts';
import { storeError } from './database/failures.ts';
import type { Database, Statement } from './database/types.ts';
import { addFindings, type FindingRow } from './sql/check.ts';

/** Findings of one code that are listed; all are counted. */
const listedPerCodeMax = 10_000;
const batchRowsMax = 50;
const batchBytesMax = 64 * 1024;
const statementDeadlineMs = 120_000;

/** Something found; what is not said is not known. */
export interface FoundFault {
  readonly code: FindingCode;
  readonly layer: LayerName;
  readonly featureId?: string | undefined;
  readonly otherId?: string | undefined;
  readonly reason: string;
  readonly areaM2?: number | undefined;
  /** GeoJSON text of a geometry. */
  readonly place?: string | null | undefined;
}

/** A gap or an overlap with who it concerns, to be kept beyond the report. */
export interface FoundPlace {
  readonly kind: 'gap' | 'overlap';
  readonly serviceUrn: string;
  readonly featureIds: readonly string[];
  readonly agencies: readonly string[];
  readonly areaM2: number;
  readonly place: string;
}

/** Thrown where a check was told to end. */
export class CheckCancelled extends Error {
  override readonly name = 'CheckCancelled';
}

/** What the steps of a check share: the database in small statements, the findings, and the wish to end. */
export class CheckContext {
  readonly datasetId: number;
  readonly minAreaM2: number;
  /** The moment whose boundaries count, epoch milliseconds. */
  readonly asOf: number;
  readonly counts: Record<FindingSeverity, number> = { error: 0, warning: 0, info: 0 };
  readonly countsByCode: Record<string, number> = {};
  readonly places: FoundPlace[] = [];
  readonly #database: Database;
  readonly #signal: AbortSignal;
  #rows: FindingRow[] = [];
  #rowBytes = 0;
  #lastNo = 0;

  constructor(
    database: Database,
    of: {
      readonly datasetId: number;
      readonly minAreaM2: number;
      readonly asOf: number;
      readonly signal: AbortSignal;
    },
  ) {
    this.#database = database;
    this.datasetId = of.datasetId;
    this.minAreaM2 = of.minAreaM2;
    this.asOf = of.asOf;
    this.#signal = of.signal;
  }

  async ask<Answer>(statement: Statement): Promise<Answer> {
    if (this.#signal.aborted) throw new CheckCancelled('the check was ended');
    return (await this.#database.query(statement, { deadlineMs: statementDeadlineMs })) as Answer;
  }

  /** Asks; undefined where the statement failed inside of the database's geometry library. */
  async tryAsking<Answer>(statement: Statement): Promise<Answer | undefined> {
    try {
      return await this.ask<Answer>(statement);
    } catch (error) {
      if (isFailureInGeos(error)) return undefined;
      throw error;
    }
  }

  async add(fault: FoundFault): Promise<void> {
    const { severity } = findingCodes[fault.code];
    this.counts[severity] += 1;
    const count = this.count(fault.code);
    if (count > listedPerCodeMax) return;
    this.#lastNo -= 1;
    const place = fault.place ?? null;
    this.#rows.push({
      no: this.#lastNo,
      code: fault.code,
      severity,
      layer: fault.layer,
      feature_id: fault.featureId ?? null,
      other_id: fault.otherId ?? null,
      reason: fault.reason,
      area_m2: fault.areaM2 ?? null,
      place,
    });
    this.#rowBytes += 200 + (place?.length ?? 0);
    if (this.#rows.length >= batchRowsMax || this.#rowBytes >= batchBytesMax) await this.flush();
  }

  /** Counts a finding that is not listed; answers how many of its code there are. */
  count(code: FindingCode): number {
    const count = (this.countsByCode[code] ?? 0) + 1;
    this.countsByCode[code] = count;
    return count;
  }

  async flush(): Promise<void> {
    const rows = this.#rows;
    if (rows.length === 0) return;
    this.#rows = [];
    this.#rowBytes = 0;
    const added = await this.ask<number>(addFindings(this.datasetId, rows));
    if (added !== rows.length)
      throw storeError('store.resultLost', `${added} of ${rows.length} findings were kept`);
  }
}

/** Whether a statement failed over its geometry; the embedded database loses the result then. */
function isFailureInGeos(error: unknown): boolean {
  return (
    error instanceof DependencyError &&
    (error.code === 'store.resultLost' || error.code === 'store.queryFailed')
  );
}

/** Items in groups whose weights stay below a limit; an item above it has a group of its own. */
export function inGroups<Item>(
  items: readonly Item[],
  weightOf: (item: Item) => number,
  weightMax: number,
): readonly (readonly Item[])[] {
  const groups: Item[][] = [];
  let group: Item[] = [];
  let weight = 0;
  for (const item of items) {
    const own = weightOf(item);
    if (group.length > 0 && weight + own > weightMax) {
      groups.push(group);
      group = [];
      weight = 0;
    }
    group.push(item);
    weight += own;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}
