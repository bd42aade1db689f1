import type { DatasetId } from '../base/index.ts';
import type { LayerName } from '../esrp/index.ts';
import { storeError } from './database/failures.ts';
import type { Database, Statement } from './database/types.ts';
import type { DatasetJson } from './decode.ts';
import type { LayerWriter } from './layer-writer.ts';
import { getDataset } from './sql/dataset.ts';
import { removeAllRows, rowsOf } from './sql/layer.ts';

/** Rows that are copied by one statement: the embedded database does nothing else meanwhile, and polygons are large. */
const copyRowsMax = {
  pglite: { polygons: 200, lines: 1_000, point: 2_000 },
  postgres: { polygons: 5_000, lines: 50_000, point: 50_000 },
} as const;
const statementDeadlineMs = 120_000;
/** How often a copy begins again because its source was changed meanwhile. */
const attemptsMax = 5;

/**
 * Takes layers over from another dataset as they are now, with their parts; answers how many features each has. Rejects
 * with `store.loadFailed` where that dataset is not there or is changed all the time.
 */
export async function copyLayers(
  database: Database,
  writers: readonly LayerWriter[],
  of: { readonly base: DatasetId; readonly datasetId: number },
): Promise<ReadonlyMap<LayerName, number>> {
  const ask = (statement: Statement) => database.query(statement, { deadlineMs: statementDeadlineMs });
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const before = await revisionOf(ask, of.base);
    const counts = new Map<LayerName, number>();
    for (const writer of writers) counts.set(writer.layer, await copyLayer(database.kind, ask, writer, of));
    // A change set that came between two statements would be there by half.
    if ((await revisionOf(ask, of.base)) === before) return counts;
    for (const { spec } of writers) await ask(removeAllRows(spec, of.datasetId));
  }
  throw storeError('store.loadFailed', `the dataset ${of.base} was changed while it was copied`);
}

type Ask = (statement: Statement) => Promise<unknown>;

async function revisionOf(ask: Ask, base: DatasetId): Promise<number> {
  const dataset = (await ask(getDataset(base))) as DatasetJson | null;
  if (dataset === null) throw storeError('store.loadFailed', `the base dataset ${base} is not there`);
  return dataset.revision;
}

async function copyLayer(
  kind: Database['kind'],
  ask: Ask,
  writer: LayerWriter,
  { base, datasetId }: { readonly base: DatasetId; readonly datasetId: number },
): Promise<number> {
  const { last } = (await ask(rowsOf(writer.spec, base))) as { readonly last: number };
  let count = 0;
  const rowsMax = copyRowsMax[kind][writer.spec.geometryKind];
  for (let from = 1; from <= last; from += rowsMax) {
    const to = from + rowsMax - 1;
    count += Number(await ask(writer.copyFrom(datasetId, { datasetId: base, from, to })));
  }
  return count;
}
