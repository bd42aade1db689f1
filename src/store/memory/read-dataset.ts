import { storeError } from '../database/failures.ts';
import type { Database } from '../database/types.ts';
import { activeState, boundaryPage, geometryPiece } from '../sql/standby.ts';
import type { StandbyRow } from './columns.ts';
import type { SentRow } from './messages.ts';
import { type DatasetVersion, isSameVersion } from './snapshot.ts';

/**
 * WKB of one piece: the embedded database does nothing else while it makes one, nor this thread while it passes it on, a
 * few milliseconds.
 */
const pieceBytes = 64 * 1024;
const pieceDeadlineMs = 120_000;

/** The active dataset's state, undefined where none is active. */
export async function readActiveVersion(
  database: Database,
  deadlineMs: number,
): Promise<DatasetVersion | undefined> {
  const state = (await database.query(activeState(), { deadlineMs })) as {
    readonly id: number;
    readonly revision: number;
    readonly createdAt: string;
  } | null;
  if (state === null) return undefined;
  return { datasetId: state.id, revision: state.revision, createdAt: state.createdAt };
}

type PageRow = StandbyRow & { readonly no: number; readonly wkb: string | null };

/** Reads the boundaries of a dataset, in their order, as a stream of small pieces; of large ones the geometry first. */
export async function* readBoundaries(
  database: Database,
  datasetId: number,
): AsyncGenerator<readonly SentRow[]> {
  const ask = { deadlineMs: pieceDeadlineMs };
  for (let after = 0; ; ) {
    const page = (await database.query(boundaryPage(datasetId, after, pieceBytes), ask)) as PageRow[];
    const last = page.at(-1);
    if (last === undefined) return;
    const rows: SentRow[] = [];
    for (const { no, wkb, ...row } of page) {
      // The first of its page, and alone in it.
      if (wkb === null) yield* readGeometry(database, datasetId, no);
      rows.push({ row, wkb: wkb ?? '' });
    }
    yield rows;
    after = last.no;
  }
}

async function* readGeometry(
  database: Database,
  datasetId: number,
  boundaryNo: number,
): AsyncGenerator<readonly SentRow[]> {
  for (let offset = 0; ; offset += pieceBytes) {
    const statement = geometryPiece(datasetId, boundaryNo, offset, pieceBytes);
    const wkb = (await database.query(statement, { deadlineMs: pieceDeadlineMs })) as string;
    yield [{ row: undefined, wkb }];
    if (wkb.length < 2 * pieceBytes) return;
  }
}

/** Rejects where another state is active than the one that was read. */
export async function assertStillActive(database: Database, version: DatasetVersion): Promise<void> {
  const now = await readActiveVersion(database, pieceDeadlineMs);
  if (now === undefined || !isSameVersion(now, version)) {
    throw storeError('store.standbyFailed', 'the active dataset changed while it was read');
  }
}
