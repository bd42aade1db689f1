import { type DatasetId, errorText, type WallMs } from '../base/index.ts';
import type { Actor, AuditLog, Logger } from './ports.ts';
import {
  runShadow,
  type ShadowLimits,
  type ShadowPorts,
  type ShadowRequest,
  type ShadowSummary,
} from './shadow.ts';

/** A run of shadow routing, under way or over. */
export interface ShadowReport {
  readonly request: ShadowRequest;
  readonly state: 'running' | 'finished' | 'failed';
  readonly startedAt: WallMs;
  readonly finishedAt: WallMs | undefined;
  /** Why it failed. */
  readonly detail: string;
  readonly summary: ShadowSummary;
}

/** Keeps the newest run of each dataset. */
export interface ShadowStore {
  putShadow(report: ShadowReport): Promise<void>;
  getShadow(id: DatasetId): Promise<ShadowReport | undefined>;
}

/** Runs of shadow routing behind the caller's back; the newest of each dataset is kept. */
export interface ShadowRunner {
  /** Begins a run; one that is under way for the dataset goes on and is told instead. */
  start(
    request: ShadowRequest,
    actor: Actor,
  ): Promise<{ readonly kind: 'started' | 'running'; readonly report: ShadowReport }>;
  /** Runs at once, and keeps nothing. */
  compare(request: ShadowRequest): Promise<ShadowSummary>;
  get(id: DatasetId): Promise<ShadowReport | undefined>;
  /** Ends a run of this process; what it has so far is its result. */
  cancel(id: DatasetId): Promise<ShadowReport | undefined>;
  /** Ends all runs. */
  stop(): Promise<void>;
}

interface Run {
  report: ShadowReport;
  isCancelled: boolean;
  done: Promise<void>;
}

export interface ShadowRunnerPorts extends ShadowPorts {
  readonly store: ShadowStore;
  readonly audit: AuditLog;
  readonly logger: Logger;
}

const nothingYet: ShadowSummary = {
  total: 0,
  done: 0,
  same: 0,
  moved: 0,
  lost: 0,
  gained: 0,
  failed: 0,
  flows: [],
  differences: [],
};

/** Makes the runner of shadow routing. */
export function createShadowRunner(limits: ShadowLimits, ports: ShadowRunnerPorts): ShadowRunner {
  const runs = new Map<DatasetId, Run>();
  const { clock, store } = ports;

  const work = async (run: Run): Promise<void> => {
    await carryOut(run, limits, ports);
    runs.delete(run.report.request.datasetId);
  };

  return {
    async start(request, actor) {
      const before = runs.get(request.datasetId);
      if (before !== undefined) return { kind: 'running', report: before.report };
      const report: ShadowReport = {
        request,
        state: 'running',
        startedAt: clock.wall(),
        finishedAt: undefined,
        detail: '',
        summary: nothingYet,
      };
      const run: Run = { report, isCancelled: false, done: Promise.resolve() };
      runs.set(request.datasetId, run);
      try {
        await store.putShadow(report);
        const { datasetId, baseId, source, count } = request;
        await ports.audit.append(actor, 'dataset.shadowed', { datasetId, baseId, source, count });
      } catch (thrown) {
        runs.delete(request.datasetId);
        throw thrown;
      }
      run.done = work(run);
      return { kind: 'started', report };
    },
    compare: (request) =>
      runShadow(request, ports, { limits, isCancelled: () => false, onProgress: async () => undefined }),
    async get(id) {
      const run = runs.get(id);
      if (run !== undefined) return run.report;
      return await store.getShadow(id);
    },
    async cancel(id) {
      const run = runs.get(id);
      if (run === undefined) return await store.getShadow(id);
      run.isCancelled = true;
      await run.done;
      return run.report;
    },
    async stop() {
      for (const run of runs.values()) run.isCancelled = true;
      await Promise.all([...runs.values()].map(({ done }) => done));
    },
  };
}

/** Runs, and keeps what it came to. */
async function carryOut(run: Run, limits: ShadowLimits, ports: ShadowRunnerPorts): Promise<void> {
  const { clock, store, logger } = ports;
  const { request } = run.report;
  try {
    const summary = await runShadow(request, ports, {
      limits,
      isCancelled: () => run.isCancelled,
      onProgress: async (soFar) => {
        run.report = { ...run.report, summary: soFar };
      },
    });
    const state = run.isCancelled ? 'failed' : 'finished';
    const detail = run.isCancelled ? 'it was ended before it was done' : '';
    run.report = { ...run.report, state, detail, summary, finishedAt: clock.wall() };
  } catch (thrown) {
    const detail = errorText(thrown);
    logger.warn('shadow.failed', { datasetId: request.datasetId, reason: detail });
    run.report = { ...run.report, state: 'failed', detail, finishedAt: clock.wall() };
  }
  try {
    await store.putShadow(run.report);
  } catch (thrown) {
    logger.warn('shadow.notKept', { datasetId: request.datasetId, reason: errorText(thrown) });
  }
}
