import { errorText } from '../base/index.ts';
import type { CallRecord, Logger } from '../esrp/index.ts';
import { audited } from './audit-log.ts';
import type { Database } from './database/types.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';
import { withoutLocations } from './record-strip.ts';
import {
  nextLocationDue,
  purgeCallRecords,
  recordsPastLocation,
  stripCallRecords,
} from './sql/call-record.ts';

const dayMs = 86_400_000;
const everyMs = 3_600_000;
/** Rows of one statement: small, so that it delays nothing else. */
const batchMax = 1_000;
/** Whole records travel there and back. */
const stripBatchMax = 100;
/** Locations that come due within this time go together. */
const togetherMs = 10_000;

export interface RetentionOptions {
  readonly retentionDays: number;
  readonly deadlineMs: number;
  readonly logger: Logger;
}

/** The keeping of retention rules, at work until `stop`. */
export interface Retention {
  /** Told of a record that was put: where its call is over, its locations go when their time is. */
  note(record: CallRecord): void;
  stop(): void;
}

/**
 * Removes call records past their retention, and locations off records past theirs: now, every hour, and soon after a
 * location's time is over.
 */
export function keepRetention(database: Database, options: RetentionOptions): Retention {
  const work = new RetentionWork(database, options);
  const timer = setInterval(() => work.run(), everyMs);
  timer.unref();
  work.run();
  return {
    note: (record) => {
      if (record.locationKeptUntil !== undefined && isOver(record)) work.expect(record.locationKeptUntil);
    },
    stop: () => {
      clearInterval(timer);
      work.stop();
    },
  };
}

/** Takes locations off records whose time is over, until none is left; answers how many records. */
export async function removeLocations(database: Database, deadlineMs: number): Promise<number> {
  let removed = 0;
  for (;;) {
    const due = (await database.query(recordsPastLocation(Date.now(), stripBatchMax), {
      deadlineMs,
    })) as readonly { readonly version: string; readonly record: unknown }[];
    if (due.length === 0) return removed;
    const rows = due.map(({ version, record }) =>
      encodeRecord(withoutLocations(decodeRecord(record)), Number(version)),
    );
    const stripped = Number(await database.query(stripCallRecords(`[${rows.join(',')}]`), { deadlineMs }));
    removed += stripped;
    // All of them changed meanwhile: their time comes again.
    if (stripped === 0) return removed;
  }
}

class RetentionWork {
  readonly #database: Database;
  readonly #options: RetentionOptions;
  #isStopped = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(database: Database, options: RetentionOptions) {
    this.#database = database;
    this.#options = options;
  }

  run(): void {
    this.#running ??= this.#work()
      .catch((error: unknown) =>
        this.#options.logger.warn('store.retentionFailed', { error: errorText(error) }),
      )
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Runs soon after a moment (milliseconds since 1970), when the record has been written too. */
  expect(at: number): void {
    const runAt = Math.max(at, Date.now()) + togetherMs;
    if (this.#isStopped || runAt >= this.#timerAt || runAt > Date.now() + everyMs) return;
    clearTimeout(this.#timer);
    this.#timerAt = runAt;
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.run();
    }, runAt - Date.now());
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #work(): Promise<void> {
    const { retentionDays, deadlineMs, logger } = this.#options;
    const olderThan = Date.now() - retentionDays * dayMs;
    let purged = batchMax;
    while (purged === batchMax && !this.#isStopped) {
      purged = Number(await this.#database.query(purgeCallRecords(olderThan, batchMax), { deadlineMs }));
    }
    if (this.#isStopped) return;
    const count = await removeLocations(this.#database, deadlineMs);
    if (count > 0) {
      logger.info('store.locationsRemoved', { count });
      await this.#database.dbTransaction(
        (tx) => audited(tx, { name: 'system', via: 'system' }, 'records.locationsRemoved', { count }),
        { deadlineMs },
      );
    }
    const next = await this.#database.query(nextLocationDue(Date.now()), { deadlineMs });
    if (typeof next === 'number') this.expect(next);
  }
}

function isOver({ state }: CallRecord): boolean {
  return state === 'failed' || state === 'redirected' || state === 'cancelled' || state === 'ended';
}
