import { errorText, type WallMs, wallMs } from './base/index.ts';
import type { BoundaryDetail, BoundaryDirectory, BoundaryList } from './ecrf/index.ts';
import type { Dataset, Logger, StoredBoundary } from './esrp/index.ts';
import type { Store } from './store/index.ts';

export interface DirectoryParts {
  readonly store: Pick<Store, 'prepared' | 'boundaries' | 'changes' | 'onActiveDatasetChange'>;
  readonly logger: Logger;
  /** Called after the active dataset changed and was read. */
  readonly onChanged: () => void;
}

const pageSize = 1_000;
const retryMs = 5_000;
/** Sets of changes among which the newest moment is sought: an older one may have been undone of late. */
const changeSetsMax = 100;
/** Geometries that are kept: those of the boundaries that are asked for again and again. */
const geometriesMax = 200;

/**
 * The boundaries of the active dataset without their geometry, kept in memory and read again when the dataset changes, on the
 * connections that lookups do not use; geometries are read when they are asked for.
 */
export class StoreDirectory implements BoundaryDirectory {
  readonly #parts: DirectoryParts;
  readonly #geometries = new Map<string, StoredBoundary['geometry']>();
  #list: BoundaryList | undefined;
  #reading: Promise<void> | undefined;
  #isStale = false;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => Promise<void>) | undefined;
  #isStopped = false;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
  }

  current(): BoundaryList | undefined {
    return this.#list;
  }

  geometry: BoundaryDirectory['geometry'] = async ({ datasetId, revision, boundaryId }, deadlineMs) => {
    const key = `${datasetId} ${revision} ${boundaryId}`;
    const isCurrent = this.#list?.datasetId === datasetId && this.#list.revision === revision;
    const known = isCurrent ? this.#geometries.get(key) : undefined;
    if (known !== undefined) return known;
    const { boundaries } = this.#parts.store;
    const read = Promise.all([
      boundaries.getDataset(datasetId),
      boundaries.getBoundary(boundaryId, datasetId),
    ]);
    const found = await within(read, deadlineMs);
    if (found === undefined) throw new Error(`the boundary could not be read within ${deadlineMs} ms`);
    const [dataset, boundary] = found;
    if (dataset?.revision !== revision || boundary?.geometry === undefined) return undefined;
    if (isCurrent) this.#keep(key, boundary.geometry);
    return boundary.geometry;
  };

  /** Begins to read, and goes on to whenever the active dataset changes. */
  start(): void {
    void this.#begin();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#unlisten?.();
  }

  /** Reads again; two calls while it reads are one. */
  refresh(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#readWhileStale().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #begin(): Promise<void> {
    try {
      await this.#parts.store.prepared;
      if (this.#isStopped) return;
      this.#unlisten = await this.#parts.store.onActiveDatasetChange(() => void this.refresh());
      await this.refresh();
    } catch (thrown) {
      this.#parts.logger.warn('lost.directoryNotRead', { error: errorText(thrown) });
      this.#later(() => void this.#begin());
    }
  }

  async #readWhileStale(): Promise<void> {
    while (this.#isStale && !this.#isStopped) {
      this.#isStale = false;
      try {
        const before = this.#list;
        const list = await readList(this.#parts.store);
        if (list?.datasetId === before?.datasetId && list?.revision === before?.revision) continue;
        this.#list = list;
        this.#geometries.clear();
        this.#parts.onChanged();
      } catch (thrown) {
        this.#parts.logger.warn('lost.directoryNotRead', { error: errorText(thrown) });
        this.#later(() => void this.refresh());
      }
    }
  }

  #later(work: () => void): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(work, retryMs);
    this.#timer.unref();
  }

  #keep(key: string, geometry: StoredBoundary['geometry']): void {
    const oldest = this.#geometries.size >= geometriesMax ? this.#geometries.keys().next().value : undefined;
    if (oldest !== undefined) this.#geometries.delete(oldest);
    this.#geometries.set(key, geometry);
  }
}

async function readList({
  boundaries: admin,
  changes,
}: Pick<Store, 'boundaries' | 'changes'>): Promise<BoundaryList | undefined> {
  const active = (await admin.listDatasets()).find(({ state }) => state === 'active');
  if (active === undefined) return undefined;
  const boundaries = new Map<string, BoundaryDetail>();
  let after: string | undefined;
  for (;;) {
    const page = await admin.listBoundaries({
      datasetId: active.id,
      limit: pageSize,
      after,
      withGeometry: false,
      text: undefined,
    });
    for (const boundary of page) boundaries.set(boundary.boundaryId, detailOf(boundary));
    after = page.at(-1)?.boundaryId;
    if (page.length < pageSize || after === undefined) break;
  }
  const updatedAt = await updatedAtOf(active, changes);
  return { datasetId: active.id, revision: active.revision, updatedAt, boundaries };
}

/** When a dataset came to be as it is: the same on every node and after every start. Undoing a change is one too. */
async function updatedAtOf({ id, createdAt, revision }: Dataset, changes: Store['changes']): Promise<WallMs> {
  if (revision === 0) return createdAt;
  const sets = await changes.list({
    datasetId: id,
    limit: changeSetsMax,
    before: undefined,
    featureId: undefined,
  });
  const newest = Math.max(createdAt, ...sets.flatMap(({ at, undoneAt }) => [at, undoneAt ?? at]));
  return wallMs(newest);
}

function detailOf(boundary: StoredBoundary): BoundaryDetail {
  const { boundaryId, datasetId, displayName, serviceUrn, serviceUri, serviceNumber } = boundary;
  const { effective, expire, country, a1, a2, a3 } = boundary;
  return {
    boundaryId,
    datasetId,
    displayName,
    serviceUrn,
    serviceUri,
    serviceNumber,
    effective,
    expire,
    country,
    a1,
    a2,
    a3,
  };
}

async function within<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}
