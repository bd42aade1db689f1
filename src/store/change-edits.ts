import type { FeatureEdit, LayerName, SourceCrs } from '../esrp/index.ts';
import { storeError } from './database/failures.ts';
import type { LayerNotes } from './layer-notes.ts';
import type { Asker, LayerRows } from './layer-rows.ts';
import type { LayerFeature, LayerRow, LayerWriter } from './layer-writer.ts';
import { idOf, layerFeature, layerOf, writerOf } from './layer-writers.ts';
import { addExpired, type CurrentRow, currentRows, takeOut } from './sql/change.ts';
import { rowsOf } from './sql/layer.ts';

/** What edits are applied with, in the transaction of their set. */
export interface EditContext {
  readonly asker: Asker;
  readonly rows: LayerRows;
  readonly notes: LayerNotes;
  readonly datasetId: number;
  readonly changeSetNo: number;
}

/** An edit that may be made, by what is known without the database. */
type Edit =
  | { readonly kind: 'add' | 'change'; readonly feature: LayerFeature }
  | Extract<FeatureEdit, { readonly kind: 'expire' }>;

/** Makes all edits of a set, or notes why not; answers how many features each layer has more. */
export async function applyEdits(
  edits: readonly FeatureEdit[],
  context: EditContext,
): Promise<Readonly<Record<string, number>>> {
  const added: Record<string, number> = {};
  for (const [layer, own] of byLayer(edits, context.notes)) {
    const writer = writerOf(layer);
    if (writer === undefined) {
      for (const each of own)
        refuse(context.notes, each, 'store.layerUnknown', `the layer ${layer} is not kept`);
      continue;
    }
    await applyToLayer(writer, own, context);
    added[layer] = own.filter(({ kind }) => kind === 'add').length;
  }
  return added;
}

function byLayer(edits: readonly FeatureEdit[], notes: LayerNotes): ReadonlyMap<LayerName, readonly Named[]> {
  const layers = new Map<LayerName, Named[]>();
  const firstOrdinals = new Map<string, number>();
  for (const edit of edits) {
    const named = nameEdit(edit);
    const { layer, featureId, ordinal } = named;
    const key = `${layer} ${featureId}`;
    const first = firstOrdinals.get(key);
    if (first !== undefined) {
      refuse(
        notes,
        named,
        'store.duplicateId',
        `feature ${first} has the same id; one set changes a feature once`,
      );
      continue;
    }
    firstOrdinals.set(key, ordinal);
    const own = layers.get(layer) ?? [];
    layers.set(layer, own);
    own.push(named);
  }
  return layers;
}

interface Named {
  readonly kind: FeatureEdit['kind'];
  readonly layer: LayerName;
  readonly featureId: string;
  readonly ordinal: number;
  readonly edit: FeatureEdit;
}

function nameEdit(edit: FeatureEdit): Named {
  const { kind } = edit;
  if (kind === 'expire') {
    const { layer, featureId, ordinal } = edit;
    return { kind, layer, featureId, ordinal, edit };
  }
  return { kind, layer: layerOf(edit.feature), ...idOf(edit.feature), edit };
}

async function applyToLayer(
  writer: LayerWriter,
  named: readonly Named[],
  context: EditContext,
): Promise<void> {
  const { asker, datasetId, changeSetNo, notes } = context;
  const { spec } = writer;
  const ids = named.map(({ featureId }) => featureId);
  const found = (await asker.ask(currentRows(spec, datasetId, ids))) as readonly CurrentRow[];
  const current = new Map(found.map((row) => [row.featureId, row]));
  const possible: Edit[] = [];
  for (const each of named) {
    const edit = possibleEdit(each, current.get(each.featureId), notes);
    if (edit !== undefined) possible.push(edit);
  }
  const replaced = found.map(({ no }) => no);
  const goneCount = await asker.ask(takeOut(spec, { datasetId, changeSetNo, numbers: replaced }));
  expectCount(goneCount, replaced.length, 'taking features out');
  const { last } = (await asker.ask(rowsOf(spec, datasetId))) as { readonly last: number };
  const next = await storeFeatures(writer, possible, last + 1, context);
  const end = await storeExpired(writer, possible, { from: next, current }, context);
  if (spec.derived !== undefined && notes.refusedCount === 0 && end > last + 1) {
    await asker.ask(spec.derived.add({ datasetId, from: last + 1, to: end - 1 }));
  }
}

function possibleEdit(named: Named, row: CurrentRow | undefined, notes: LayerNotes): Edit | undefined {
  const { kind, edit, featureId } = named;
  if (kind === 'add' && row !== undefined) {
    refuse(notes, named, 'store.idTaken', `there is a feature ${featureId} already; change it instead`);
    return undefined;
  }
  if (kind !== 'add' && row === undefined) {
    refuse(notes, named, 'store.featureUnknown', `there is no feature ${featureId}; add it instead`);
    return undefined;
  }
  const feature = edit.kind === 'expire' ? undefined : layerFeature(edit.feature);
  const effective = edit.kind === 'expire' ? row?.effective : feature?.effective;
  const expire = edit.kind === 'expire' ? edit.at : feature?.expire;
  if (typeof effective === 'number' && typeof expire === 'number' && expire <= effective) {
    refuse(notes, named, 'store.datesReversed', 'it would expire before, or when, it takes effect');
    return undefined;
  }
  if (edit.kind === 'expire') return edit;
  return feature === undefined ? undefined : { kind: edit.kind, feature };
}

/** Stores new features and new states of changed ones; answers the number that comes next. */
async function storeFeatures(
  writer: LayerWriter,
  edits: readonly Edit[],
  first: number,
  { rows }: EditContext,
): Promise<number> {
  const bySystem = new Map<string, { readonly crs: SourceCrs | undefined; readonly rows: LayerRow[] }>();
  for (const edit of edits) {
    if (edit.kind === 'expire') continue;
    const row = rows.rowOf(writer, edit.feature);
    if (row === undefined) continue;
    const { crs } = edit.feature;
    const key = JSON.stringify(crs ?? null);
    const batch = bySystem.get(key) ?? { crs, rows: [] };
    bySystem.set(key, batch);
    batch.rows.push(row);
  }
  let from = first;
  for (const batch of bySystem.values()) {
    await rows.store(writer, { ...batch, from });
    from += batch.rows.length;
  }
  return from;
}

/** Stores the features that expire, with their new expiry; answers the number that comes next. */
async function storeExpired(
  writer: LayerWriter,
  edits: readonly Edit[],
  { from, current }: { readonly from: number; readonly current: ReadonlyMap<string, CurrentRow> },
  { asker, rows, datasetId, changeSetNo, notes }: EditContext,
): Promise<number> {
  const expired = edits.flatMap((edit) => {
    const no = edit.kind === 'expire' ? current.get(edit.featureId)?.no : undefined;
    return edit.kind !== 'expire' || no === undefined ? [] : [{ no, ordinal: edit.ordinal, at: edit.at }];
  });
  if (expired.length === 0 || notes.refusedCount > 0) return from;
  const statement = addExpired(writer.spec, {
    datasetId,
    changeSetNo,
    from,
    numbers: expired.map(({ no }) => no),
    ordinals: expired.map(({ ordinal }) => ordinal),
    expiries: expired.map(({ at }) => (at === undefined ? '' : String(at))),
  });
  expectCount(await asker.ask(statement), expired.length, 'expiring features');
  const end = from + expired.length;
  await rows.split(writer, { datasetId, from, to: end - 1 }, expired.length);
  return end;
}

function refuse(notes: LayerNotes, { layer, featureId, ordinal }: Named, code: string, reason: string): void {
  notes.refuse({ ordinal, layer, boundaryId: featureId, code, reason });
}

function expectCount(answer: unknown, expected: number, what: string): void {
  if (answer !== expected) {
    throw storeError('store.resultLost', `${what} touched ${String(answer)} features instead of ${expected}`);
  }
}
