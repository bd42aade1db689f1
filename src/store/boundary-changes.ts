import { createHash } from 'node:crypto';
import { datasetId as toDatasetId, wallMs } from '../base/index.ts';
import type {
  BoundaryChanges,
  ChangeOptions,
  ChangeOutcome,
  ChangeSet,
  FeatureEdit,
  FeatureVersion,
  LaterEdit,
  UndoOutcome,
} from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import { applyEdits } from './change-edits.ts';
import { storeError } from './database/failures.ts';
import type { Database, DbTransaction } from './database/types.ts';
import { type DatasetJson, decodeDataset, moment } from './decode.ts';
import { LayerNotes } from './layer-notes.ts';
import { type Asker, LayerRows } from './layer-rows.ts';
import { idOf, layerOf, layerWriters, writerOf } from './layer-writers.ts';
import {
  bringBack,
  changeSetOfRequest,
  countChange,
  featureVersions,
  getChangeSet,
  laterEdits,
  listChangeSets,
  markUndone,
  recordChangeSet,
  takeBack,
} from './sql/change.ts';
import { getDataset, lockDataset } from './sql/dataset.ts';

/** Later edits that are named at most where they keep a set from being undone. */
const laterEditsMax = 100;

/** A set as our statements answer it. */
interface ChangeSetJson {
  readonly no: number;
  readonly datasetId: number;
  readonly revision: number;
  readonly at: number;
  readonly actor: string;
  readonly note: string;
  readonly edits: ChangeSet['edits'];
  readonly undoneAt: number | null;
  readonly undoneBy: string | null;
  readonly requestHash: string | null;
}

/** Changes single features of datasets, a set of changes in one transaction each. */
export function makeBoundaryChanges(database: Database, deadlineMs: number): BoundaryChanges {
  return {
    apply: async (edits, options) => await apply(database, edits, options, deadlineMs),
    undo: async (datasetId, no, actor) => {
      const work = (tx: DbTransaction) => undo(tx, { datasetId, no, actor });
      return await database.dbTransaction(work, { deadlineMs });
    },
    list: async ({ datasetId, limit, before, featureId }) => {
      const statement = listChangeSets({
        datasetId,
        limit,
        before: before ?? null,
        featureId: featureId ?? null,
      });
      return ((await database.query(statement, { deadlineMs })) as readonly ChangeSetJson[]).map(decodeSet);
    },
    history: async (datasetId, layer, featureId) => {
      const writer = writerOf(layer);
      if (writer === undefined) return [];
      const rows = await database.query(featureVersions(writer.spec, datasetId, featureId), { deadlineMs });
      return (rows as readonly VersionJson[]).map(decodeVersion);
    },
  };
}

/** Ends a transaction whose set cannot be applied. */
class Refused extends Error {}

async function apply(
  database: Database,
  edits: readonly FeatureEdit[],
  options: ChangeOptions,
  deadlineMs: number,
): Promise<ChangeOutcome> {
  const notes = new LayerNotes();
  const work = async (tx: DbTransaction): Promise<ChangeOutcome> => {
    const outcome = await applyIn(tx, edits, options, notes);
    if (notes.refusedCount > 0) throw new Refused('a change cannot be made');
    return outcome;
  };
  try {
    return await database.dbTransaction(work, { deadlineMs });
  } catch (error) {
    // A driver may wrap what ended its transaction; the notes say whether it was ours.
    if (notes.refusedCount > 0) return { kind: 'refused', refused: notes.refused() };
    throw error;
  }
}

async function applyIn(
  tx: DbTransaction,
  edits: readonly FeatureEdit[],
  options: ChangeOptions,
  notes: LayerNotes,
): Promise<ChangeOutcome> {
  const { datasetId, actor, note, requestKey } = options;
  const dataset = await lockedDataset(tx, datasetId);
  if (dataset === undefined) return { kind: 'unknown' };
  const requestHash = hashOf(edits, options);
  if (requestKey !== undefined) {
    const before = (await tx.query(changeSetOfRequest(datasetId, requestKey))) as ChangeSetJson | null;
    if (before !== null) {
      const changeSet = decodeSet(before);
      if (before.requestHash !== requestHash) return { kind: 'keyTaken', changeSet };
      return { kind: 'repeated', changeSet, dataset: decodeDataset(dataset), repaired: [] };
    }
  }
  const recorded = (await tx.query(
    recordChangeSet({
      datasetId,
      actor: actor.name,
      note,
      editsJson: JSON.stringify(edits.map(recordedEdit)),
      requestKey: requestKey ?? null,
      requestHash,
    }),
  )) as ChangeSetJson;
  const changeSet = decodeSet(recorded);
  const asker = askerIn(tx);
  const rows = new LayerRows(asker, {
    datasetId,
    invalidGeometry: options.invalidGeometry,
    notes,
    addedIn: changeSet.no,
  });
  const added = await applyEdits(edits, { asker, rows, notes, datasetId, changeSetNo: changeSet.no });
  const changed = await counted(tx, datasetId, added);
  await audited(tx, actor, 'dataset.changed', {
    datasetId,
    changeSetNo: changeSet.no,
    revision: changeSet.revision,
    note,
    editCount: edits.length,
  });
  return { kind: 'applied', changeSet, dataset: decodeDataset(changed), repaired: notes.repaired() };
}

interface Undoing {
  readonly datasetId: ChangeOptions['datasetId'];
  readonly no: number;
  readonly actor: ChangeOptions['actor'];
}

async function undo(tx: DbTransaction, { datasetId, no, actor }: Undoing): Promise<UndoOutcome> {
  if ((await lockedDataset(tx, datasetId)) === undefined) return { kind: 'unknown' };
  const found = (await tx.query(getChangeSet(datasetId, no))) as ChangeSetJson | null;
  if (found === null) return { kind: 'unknown' };
  if (found.undoneAt !== null) return { kind: 'undoneBefore', changeSet: decodeSet(found) };
  const touched = new Set(found.edits.map(({ layer }) => layer));
  const writers = layerWriters.filter(({ layer }) => touched.has(layer));
  const of = { datasetId, changeSetNo: no };
  const later: LaterEdit[] = [];
  for (const { spec, layer } of writers) {
    const edits = (await tx.query(laterEdits(spec, of, laterEditsMax))) as readonly Omit<
      LaterEdit,
      'layer'
    >[];
    later.push(...edits.map((edit) => ({ ...edit, layer })));
  }
  if (later.length > 0) return { kind: 'inTheWay', later: later.slice(0, laterEditsMax) };
  const rows = new LayerRows(askerIn(tx), { datasetId, invalidGeometry: 'refuse', notes: new LayerNotes() });
  const added: Record<string, number> = {};
  for (const writer of writers) {
    const goneCount = Number(await tx.query(takeBack(writer.spec, of)));
    const numbers = (await tx.query(bringBack(writer.spec, of))) as readonly number[];
    if (numbers.length > 0) await rows.split(writer, { datasetId, numbers }, numbers.length);
    added[writer.layer] = numbers.length - goneCount;
  }
  const undone = (await tx.query(markUndone(no, actor.name))) as ChangeSetJson;
  const changed = await counted(tx, datasetId, added);
  await audited(tx, actor, 'dataset.changeUndone', {
    datasetId,
    changeSetNo: no,
    revision: changed.revision,
  });
  return { kind: 'undone', changeSet: decodeSet(undone), dataset: decodeDataset(changed) };
}

async function lockedDataset(tx: DbTransaction, id: number): Promise<DatasetJson | undefined> {
  if ((await tx.query(lockDataset(id))) === null) return undefined;
  return ((await tx.query(getDataset(id))) as DatasetJson | null) ?? undefined;
}

async function counted(
  tx: DbTransaction,
  datasetId: number,
  added: Readonly<Record<string, number>>,
): Promise<DatasetJson> {
  const { dataset } = (await tx.query(countChange(datasetId, added))) as {
    readonly dataset: DatasetJson | null;
  };
  if (dataset === null) throw storeError('store.resultLost', `the dataset ${datasetId} is gone`);
  return dataset;
}

// A statement that fails ends its transaction; a savepoint keeps what was done before.
function askerIn(tx: DbTransaction): Asker {
  return {
    ask: (statement) => tx.query(statement),
    attempt: async (statement) => {
      await tx.script('savepoint attempt');
      try {
        const answer = await tx.query(statement);
        await tx.script('release savepoint attempt');
        return answer;
      } catch (error) {
        await tx.script('rollback to savepoint attempt');
        throw error;
      }
    },
  };
}

function recordedEdit(edit: FeatureEdit): ChangeSet['edits'][number] {
  if (edit.kind === 'expire') return { action: edit.kind, layer: edit.layer, featureId: edit.featureId };
  return { action: edit.kind, layer: layerOf(edit.feature), featureId: idOf(edit.feature).featureId };
}

function hashOf(edits: readonly FeatureEdit[], { note, invalidGeometry }: ChangeOptions): string {
  const text = JSON.stringify({ edits, note, invalidGeometry }, (_key, value: unknown) =>
    value instanceof Map ? [...value] : value,
  );
  return createHash('sha256').update(text).digest('hex');
}

function decodeSet(json: ChangeSetJson): ChangeSet {
  const { requestHash: _hash, ...rest } = json;
  return {
    ...rest,
    datasetId: toDatasetId(json.datasetId),
    at: wallMs(json.at),
    undoneAt: moment(json.undoneAt),
    undoneBy: json.undoneBy ?? undefined,
  };
}

interface VersionJson {
  readonly addedIn: number | null;
  readonly removedIn: number | null;
  readonly dateUpdate: number | null;
  readonly effective: number | null;
  readonly expire: number | null;
}

function decodeVersion(json: VersionJson): FeatureVersion {
  return {
    addedIn: json.addedIn ?? undefined,
    removedIn: json.removedIn ?? undefined,
    dateUpdate: moment(json.dateUpdate),
    effective: moment(json.effective),
    expire: moment(json.expire),
  };
}
