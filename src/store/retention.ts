import { errorText } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import type { Database } from './database/types.ts';
import { purgeCallRecords } from './sql/call-record.ts';

const dayMs = 86_400_000;
const everyMs = 3_600_000;
/** Rows of one statement: small, so that it delays nothing else. */
const batchMax = 1_000;

/** Removes call records past their retention, now and every hour, until the returned function is called. */
export function keepRetention(
  database: Database,
  options: { readonly retentionDays: number; readonly deadlineMs: number; readonly logger: Logger },
): () => void {
  let isStopped = false;
  const purge = async () => {
    const olderThan = Date.now() - options.retentionDays * dayMs;
    let removed = batchMax;
    while (removed === batchMax && !isStopped) {
      removed = Number(
        await database.query(purgeCallRecords(olderThan, batchMax), { deadlineMs: options.deadlineMs }),
      );
    }
  };
  const run = () => {
    purge().catch((error: unknown) =>
      options.logger.warn('store.retentionFailed', { error: errorText(error) }),
    );
  };
  const timer = setInterval(run, everyMs);
  timer.unref();
  run();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}
