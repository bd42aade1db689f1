import { DependencyError } from '../base/index.ts';
import type { LayerName, LoadOptions, SourceCrs } from '../esrp/index.ts';
import { storeError } from './database/failures.ts';
import type { Statement } from './database/types.ts';
import type { LayerNotes } from './layer-notes.ts';
import {
  type AddTo,
  isLonLat,
  type LayerFeature,
  type LayerRow,
  type LayerWriter,
  type RowRange,
} from './layer-writer.ts';
import {
  addParts,
  type Judgement,
  judgeRows,
  knowsEpsg,
  type RowNumbers,
  removeParts,
  repairRows,
  transformPosition,
} from './sql/layer.ts';

/** Asks the database, outside of a transaction or within one. */
export interface Asker {
  ask(statement: Statement): Promise<unknown>;
  /** Asks what may fail for the geometry that it is given; what was done before stays, and more can be asked. */
  attempt(statement: Statement): Promise<unknown>;
}

/** Where rows are stored, and what becomes of those that cannot be as they are. */
export interface RowsOptions {
  readonly datasetId: number;
  readonly invalidGeometry: LoadOptions['invalidGeometry'];
  readonly notes: LayerNotes;
  /** The change set that rows are added in; undefined: a load. */
  readonly addedIn?: number;
}

/** Stores features of all layers: adds them, brings them to EPSG:4326, judges and repairs them, splits them into parts. */
export class LayerRows {
  readonly #asker: Asker;
  readonly #options: RowsOptions;
  /** By coordinate system: whether the database can use it. */
  readonly #systems = new Map<string, Promise<boolean>>();

  constructor(asker: Asker, options: RowsOptions) {
    this.#asker = asker;
    this.#options = options;
  }

  /** A feature as a row; undefined where it was refused. */
  rowOf(writer: LayerWriter, feature: LayerFeature): LayerRow | undefined {
    const { invalidGeometry, notes } = this.#options;
    const { ordinal, featureId } = feature;
    const of = { layer: writer.layer, ordinal, featureId };
    const row = writer.toRow(feature);
    if ('code' in row) {
      // Only rings without an area are no fault of form.
      const isInvalid = row.code === 'store.unrepairable' && invalidGeometry === 'refuse';
      this.#refuse(of, isInvalid ? 'store.invalidGeometry' : row.code, row.reason);
      return undefined;
    }
    if (row.collapsedCount === 0) return row;
    const reason = `${row.collapsedCount} of its rings have no area`;
    if (invalidGeometry === 'refuse') {
      this.#refuse(of, 'store.invalidGeometry', reason);
      return undefined;
    }
    notes.noteRepair(of, reason);
    return row;
  }

  /** Stores rows of one layer and one system, numbered from `from`. Where something was refused, fewer may be there. */
  async store(
    writer: LayerWriter,
    batch: { readonly rows: readonly LayerRow[]; readonly from: number; readonly crs: SourceCrs | undefined },
  ): Promise<void> {
    const { datasetId, addedIn, notes } = this.#options;
    const { rows, from } = batch;
    const crs = isLonLat(batch.crs) ? undefined : batch.crs;
    const [first] = rows;
    if (first === undefined || (crs !== undefined && !(await this.#knows(writer, crs, first)))) return;
    const to: AddTo = { datasetId, from, crs, ...(addedIn === undefined ? {} : { addedIn }) };
    const addedCount = await this.#add(writer, to, rows);
    const range = { datasetId, from, to: from + rows.length - 1 };
    // A point in degrees cannot be invalid, and a line's form says all about it.
    if (writer.spec.geometryKind === 'polygons' || crs !== undefined) {
      await this.#makeValid(writer, range, addedCount);
    }
    // A load that is refused already is read on only to name everything that is wrong with it.
    if (notes.refusedCount === 0) await this.split(writer, range, rows.length);
  }

  // Rows that cannot be transformed fail their whole batch; halved again and again, only the cause is refused.
  async #add(writer: LayerWriter, to: AddTo, rows: readonly LayerRow[]): Promise<number> {
    if (to.crs === undefined) {
      expectCount(await this.#asker.ask(writer.add(to, rows)), rows.length, 'adding features');
      return rows.length;
    }
    try {
      expectCount(await this.#asker.attempt(writer.add(to, rows)), rows.length, 'adding features');
      return rows.length;
    } catch (error) {
      if (!isFailureOfGeometry(error)) throw error;
      const [only] = rows;
      if (rows.length === 1 && only !== undefined) {
        this.#refuse({ ...only, layer: writer.layer }, 'store.transformFailed', error.message);
        return 0;
      }
      const half = Math.ceil(rows.length / 2);
      return (
        (await this.#add(writer, to, rows.slice(0, half))) +
        (await this.#add(writer, { ...to, from: to.from + half }, rows.slice(half)))
      );
    }
  }

  async #makeValid(writer: LayerWriter, range: RowRange, count: number): Promise<void> {
    const { datasetId, invalidGeometry, notes } = this.#options;
    const { layer } = writer;
    const { invalid } = await this.#judge(writer, range, count);
    if (invalid.length === 0) return;
    for (const each of invalid.filter(({ isInRange }) => !isInRange)) {
      this.#refuse({ ...each, layer }, 'store.coordinateOutOfRange', each.reason);
    }
    const rest = invalid.filter(({ isInRange }) => isInRange);
    if (invalidGeometry === 'refuse') {
      for (const each of rest) this.#refuse({ ...each, layer }, 'store.invalidGeometry', each.reason);
      return;
    }
    if (rest.length === 0) return;
    await this.#repair(
      writer,
      datasetId,
      rest.map(({ no }) => no),
    );
    const still = new Set((await this.#judge(writer, range, count)).invalid.map(({ no }) => no));
    for (const each of rest) {
      if (still.has(each.no)) {
        this.#refuse({ ...each, layer }, 'store.unrepairable', `${each.reason}; no repair leaves an area`);
      } else {
        notes.noteRepair({ ...each, layer }, each.reason);
      }
    }
  }

  // A repair that fails inside of GEOS fails for its whole batch; one by one, only the cause stays as it is and is
  // refused by the judgement that follows.
  async #repair(writer: LayerWriter, datasetId: number, numbers: readonly number[]): Promise<void> {
    try {
      const repaired = await this.#asker.attempt(repairRows(writer.spec, datasetId, numbers));
      expectCount(repaired, numbers.length, 'repairing');
    } catch (error) {
      if (!isFailureOfGeometry(error)) throw error;
      if (numbers.length === 1) return;
      for (const number of numbers) await this.#repair(writer, datasetId, [number]);
    }
  }

  async #judge(writer: LayerWriter, range: RowRange, count: number): Promise<Judgement> {
    const judged = (await this.#asker.ask(judgeRows(writer.spec, range))) as Judgement;
    expectCount(judged.counted, count, 'judging geometry');
    return judged;
  }

  /**
   * Splits rows of a layer that is kept in parts too. Splitting valid polygons can still fail inside of GEOS at full
   * precision; on a grid of a tenth of a millimetre it does not.
   */
  async split({ spec }: LayerWriter, rows: RowNumbers, count: number): Promise<void> {
    if (spec.partTable === undefined) return;
    try {
      expectCount(await this.#asker.attempt(addParts(spec, spec.partTable, rows, -1)), count, 'splitting');
    } catch (error) {
      if (!isFailureOfGeometry(error)) throw error;
      await this.#asker.ask(removeParts(spec, spec.partTable, rows));
      expectCount(
        await this.#asker.ask(addParts(spec, spec.partTable, rows, 1e-9)),
        count,
        'splitting on a grid',
      );
    }
  }

  /** Whether the database can use a system; where not, the first feature that has it is refused, once. */
  #knows(writer: LayerWriter, crs: SourceCrs, first: LayerRow): Promise<boolean> {
    const key = crs.kind === 'epsg' ? `EPSG:${crs.code}` : crs.text;
    const known = this.#systems.get(key) ?? this.#tryOut(writer, crs, first);
    this.#systems.set(key, known);
    return known;
  }

  async #tryOut(writer: LayerWriter, crs: SourceCrs, first: LayerRow): Promise<boolean> {
    const refuse = (reason: string): false => {
      this.#refuse(
        { ...first, layer: writer.layer },
        'store.crsUnknown',
        `${reason}; bring the file to EPSG:4326`,
      );
      return false;
    };
    if (crs.kind === 'epsg') {
      const isKnown = (await this.#asker.ask(knowsEpsg(crs.code))) === true;
      return isKnown || refuse(`the database does not know EPSG:${crs.code}`);
    }
    if (!isDefinition(crs.text)) return refuse('the definition of the coordinate system is not WKT or PROJ');
    try {
      await this.#asker.attempt(transformPosition(crs, first.firstPosition));
      return true;
    } catch (error) {
      if (!isFailureOfGeometry(error)) throw error;
      return refuse(`the database cannot use the definition of the coordinate system: ${error.message}`);
    }
  }

  #refuse(
    of: { readonly layer: LayerName; readonly ordinal: number; readonly featureId: string },
    code: string,
    reason: string,
  ): void {
    const { layer, ordinal, featureId } = of;
    this.#options.notes.refuse({ ordinal, layer, boundaryId: featureId, code, reason });
  }
}

// What PROJ reads as a system of coordinates by itself: WKT 1 (ISO and ESRI), WKT 2, and its own strings. Text that is
// neither makes the embedded database lose the statement, and might name a file.
const definitionsMax = 20_000;
const definitions =
  /^\s*(?:\+proj=|(?:PROJCS|GEOGCS|PROJCRS|PROJECTEDCRS|GEOGCRS|GEOGRAPHICCRS|GEODCRS|GEODETICCRS|BOUNDCRS|COMPD_CS|COMPOUNDCRS)\s*[[(])/i;

function isDefinition(text: string): boolean {
  return (
    text.length <= definitionsMax && definitions.test(text) && !/\+(?:init|nadgrids|geoidgrids)=/i.test(text)
  );
}

/** Whether a statement failed over a geometry: GEOS or PROJ refused it, or the embedded database lost its result. */
function isFailureOfGeometry(error: unknown): error is DependencyError {
  return (
    error instanceof DependencyError &&
    (error.code === 'store.resultLost' || error.code === 'store.queryFailed')
  );
}

function expectCount(answer: unknown, expected: number, what: string): void {
  if (answer !== expected) {
    throw storeError('store.resultLost', `${what} touched ${String(answer)} features instead of ${expected}`);
  }
}
