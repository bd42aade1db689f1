import { DependencyError, errorText } from '../base/index.ts';
import type { CallRecord, CallRecordQuery, CallRecordStore, Logger } from '../esrp/index.ts';
import type { Database } from './database/types.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';
import type { SpillFile } from './spill-file.ts';
import { getCallRecord, listCallRecords, putCallRecords } from './sql/call-record.ts';

export interface CallRecordOptions {
  readonly deadlineMs: number;
  /** How many records wait in memory at most; beyond it the oldest finished ones go to the spill file. */
  readonly queueMax: number;
  /**
   * How long a change of a record may wait: what changes again meanwhile is written once, in its newest state. It is also
   * what a crash of the process costs at most.
   */
  readonly writeDelayMs: number;
  readonly spill: SpillFile;
  /** Told of each record that is put. */
  readonly onPut?: (record: CallRecord) => void;
  readonly logger: Logger;
}

const batchMax = 200;
/** Records that come due are written in rounds of this length, so that the event loop is not held up by many at once. */
const roundMs = 100;
const retryDelayMaxMs = 5_000;
const never = Number.POSITIVE_INFINITY;

interface Waiting {
  readonly record: CallRecord;
  readonly version: number;
  /** When its oldest change that is not written yet is due to be. */
  readonly dueAt: number;
}

/** Call records, written behind the calls in batches. Nothing that was accepted is lost while the process lives. */
export class CallRecords implements CallRecordStore {
  readonly #database: Database;
  readonly #options: CallRecordOptions;
  /** Newest state by record id, the one that has waited longest first. */
  readonly #queue = new Map<string, Waiting>();
  #lastVersion = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<boolean> | undefined;
  #spilling: Promise<void> | undefined;
  #retryDelayMs: number;
  #isStopped = false;

  constructor(database: Database, options: CallRecordOptions) {
    this.#database = database;
    this.#options = options;
    this.#retryDelayMs = roundMs;
  }

  /** Brings back what an earlier process spilled; its outcome does not matter to the start. */
  start(): void {
    this.#schedule(0);
  }

  put(record: CallRecord): void {
    // Wall time makes versions of a later process higher, so that a spilled state never replaces a newer one.
    this.#lastVersion = Math.max(this.#lastVersion + 1, Date.now() * 1000);
    const { writeDelayMs, queueMax } = this.#options;
    // A record that waits keeps its place: changes that go on do not put off its writing.
    const dueAt = this.#queue.get(record.id)?.dueAt ?? performance.now() + writeDelayMs;
    this.#queue.set(record.id, { record, version: this.#lastVersion, dueAt });
    this.#options.onPut?.(record);
    if (this.#queue.size > queueMax) this.#spilling ??= this.#spill(this.#overflow());
    this.#schedule(writeDelayMs);
  }

  async list(query: CallRecordQuery): Promise<readonly CallRecord[]> {
    await this.#writeBeforeRead();
    const rows = await this.#database.query(
      listCallRecords({ limit: query.limit, before: query.before ?? null, state: query.state ?? null }),
      { deadlineMs: this.#options.deadlineMs },
    );
    return (rows as readonly unknown[]).map(decodeRecord);
  }

  async get(id: CallRecord['id']): Promise<CallRecord | undefined> {
    const waiting = this.#queue.get(id);
    if (waiting !== undefined) return waiting.record;
    const row = await this.#database.query(getCallRecord(id), { deadlineMs: this.#options.deadlineMs });
    return row === null ? undefined : decodeRecord(row);
  }

  /** How many records wait to be written. */
  pendingCount(): number {
    return this.#queue.size;
  }

  /** Writes everything that waits; what is not written after `deadlineMs` goes to the spill file for the next start. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const endsAt = performance.now() + deadlineMs;
    while (this.#queue.size > 0 && performance.now() < endsAt) {
      const isWritten = await within(this.#write('all'), endsAt - performance.now());
      if (!isWritten) break;
    }
    await this.#spilling;
    if (this.#queue.size > 0) await this.#spill([...this.#queue.values()]);
  }

  // A reader sees what was put before: one attempt, and if the database is away the read itself says so.
  async #writeBeforeRead(): Promise<void> {
    const { deadlineMs } = this.#options;
    for (let i = 0; i * batchMax < this.#options.queueMax && this.#queue.size > 0; i += 1) {
      if (!(await within(this.#write('all'), deadlineMs))) return;
    }
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#write('due').then((isWritten) => this.#continue(isWritten));
    }, delayMs);
  }

  async #continue(isWritten: boolean): Promise<void> {
    if (this.#isStopped) return;
    if (isWritten && this.#dueInMs() <= 0) {
      this.#schedule(0);
      return;
    }
    if (isWritten && (await this.#isAllBroughtBack())) {
      this.#retryDelayMs = roundMs;
      const dueInMs = this.#dueInMs();
      if (dueInMs < never) this.#schedule(Math.max(dueInMs, Math.min(roundMs, this.#options.writeDelayMs)));
      return;
    }
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, retryDelayMaxMs);
    this.#schedule(this.#retryDelayMs);
  }

  /** How long the record that has waited longest may wait on; no time left where it is not above zero. */
  #dueInMs(): number {
    const [first] = this.#queue.values();
    return first === undefined ? never : first.dueAt - performance.now();
  }

  async #isAllBroughtBack(): Promise<boolean> {
    try {
      await this.#bringBack();
      return true;
    } catch (error) {
      this.#warn('store.spillReadFailed', error);
      return false;
    }
  }

  /** Writes one batch, the oldest changes first: of all that wait, or of those that are due. False: it is still in the queue. */
  #write(which: 'all' | 'due'): Promise<boolean> {
    this.#writing ??= this.#writeBatch(which === 'all' ? never : performance.now()).finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeBatch(dueBy: number): Promise<boolean> {
    const batch: Waiting[] = [];
    for (const waiting of this.#queue.values()) {
      if (waiting.dueAt > dueBy || batch.push(waiting) >= batchMax) break;
    }
    if (batch.length === 0) return true;
    const rows = batch.map(({ record, version }) => encodeRecord(record, version));
    try {
      await this.#writeRows(rows);
    } catch (error) {
      this.#warn('store.recordsNotWritten', error);
      return false;
    }
    const dueAt = performance.now() + this.#options.writeDelayMs;
    for (const { record, version } of batch) {
      const newest = this.#queue.get(record.id);
      this.#queue.delete(record.id);
      // A state that came while this batch was on its way waits from now on, behind the others.
      if (newest !== undefined && newest.version !== version)
        this.#queue.set(record.id, { ...newest, dueAt });
    }
    return true;
  }

  async #writeRows(rows: readonly string[]): Promise<void> {
    try {
      await this.#database.query(putCallRecords(`[${rows.join(',')}]`), {
        deadlineMs: this.#options.deadlineMs,
      });
    } catch (error) {
      const isRefused = error instanceof DependencyError && error.code === 'store.queryFailed';
      const [only] = rows;
      if (!isRefused || only === undefined) throw error;
      if (rows.length === 1) {
        // The database is well and will never take this one: keeping it would hold up all others for ever.
        this.#options.logger.error('store.recordRefused', { reason: error.message, row: only.slice(0, 200) });
        return;
      }
      const half = Math.ceil(rows.length / 2);
      await this.#writeRows(rows.slice(0, half));
      await this.#writeRows(rows.slice(half));
    }
  }

  // A quarter of the queue at a time: records of finished calls first, since those do not change any more.
  #overflow(): readonly Waiting[] {
    const count = Math.ceil(this.#options.queueMax / 4);
    const finished: Waiting[] = [];
    const open: Waiting[] = [];
    for (const waiting of this.#queue.values()) {
      const isFinished = waiting.record.endedAt !== undefined || isOver(waiting.record.state);
      (isFinished ? finished : open).push(waiting);
    }
    return [...finished, ...open].slice(0, count);
  }

  async #spill(waiting: readonly Waiting[]): Promise<void> {
    let isSpilled = false;
    try {
      await this.#options.spill.append(waiting.map(({ record, version }) => encodeRecord(record, version)));
      for (const { record, version } of waiting) {
        if (this.#queue.get(record.id)?.version === version) this.#queue.delete(record.id);
      }
      isSpilled = true;
      this.#options.logger.warn('store.recordsSpilled', { count: waiting.length });
    } catch (error) {
      this.#warn('store.spillFailed', error); // They stay in memory.
    }
    // More may have come in meanwhile than went out.
    const isTooMuch = isSpilled && this.#queue.size > this.#options.queueMax;
    this.#spilling = isTooMuch ? this.#spill(this.#overflow()) : undefined;
  }

  async #bringBack(): Promise<void> {
    const taken = await this.#options.spill.take();
    if (taken === undefined) return;
    for (let i = 0; i < taken.rows.length; i += batchMax) {
      await this.#writeRows(taken.rows.slice(i, i + batchMax));
    }
    await taken.done();
    this.#options.logger.info('store.recordsBroughtBack', { count: taken.rows.length });
  }

  #warn(event: string, error: unknown): void {
    this.#options.logger.warn(event, { reason: errorText(error), pending: this.#queue.size });
  }
}

function isOver(state: CallRecord['state']): boolean {
  return state === 'failed' || state === 'redirected' || state === 'cancelled' || state === 'ended';
}

/** False where `promise` takes longer than `limitMs`. */
async function within(promise: Promise<boolean>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, limitMs));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
