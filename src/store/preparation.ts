import { join } from 'node:path';
import { DependencyError, errorText } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import { discardUnfinishedLoads } from './boundary-load.ts';
import type { Database } from './database/types.ts';
import { discardUnfinishedLocationLoads } from './location-load.ts';
import { migrate } from './migrate.ts';
import { packageRoot } from './package-root.ts';
import type { StoreProgress } from './types.ts';

/** A database that is away when the process starts is asked again after this. */
const retryAfterMs = 2_000;

/** Whether the schema is current, now or later. */
export interface Preparation {
  /** Resolves when the schema is current; never rejects. Stays open for ever where the store is closed before. */
  readonly done: Promise<void>;
  isDone(): boolean;
  /** Ends the attempts. */
  stop(): void;
}

/**
 * Brings the schema up to date and removes what a killed process left behind. Where the database cannot be reached the
 * attempts go on behind the caller's back, so that a server can start without it; every other failure rejects.
 */
export async function prepareSchema(
  database: Database,
  options: { readonly logger: Logger; readonly onProgress: (progress: StoreProgress) => void },
): Promise<Preparation> {
  let isStopped = false;
  let isDone = false;
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const attempt = async () => {
    options.onProgress({ phase: 'migrating' });
    await migrate(database, join(packageRoot(), 'migrations'), (count, total) =>
      options.onProgress({ phase: 'migrating', done: count, total }),
    );
    const discarded =
      (await discardUnfinishedLoads(database)) +
      (await discardUnfinishedLocationLoads(database, options.logger));
    if (discarded > 0) options.logger.info('store.unfinishedLoadsDiscarded', { count: discarded });
    isDone = true;
    finish();
  };
  const again = (error: unknown) => {
    options.logger.error('store.notPrepared', { error: errorText(error), retryAfterMs });
    setTimeout(() => {
      if (!isStopped) attempt().catch(again);
    }, retryAfterMs).unref();
  };
  try {
    await attempt();
  } catch (error) {
    if (!isAway(error)) throw error;
    again(error);
  }
  return {
    done,
    isDone: () => isDone,
    stop: () => {
      isStopped = true;
    },
  };
}

function isAway(error: unknown): boolean {
  return (
    error instanceof DependencyError &&
    (error.code === 'store.databaseDown' || error.code === 'store.deadlineMissed')
  );
}
