import { Worker } from 'node:worker_threads';
import { type DependencyError, errorText } from '../../base/index.ts';
import { deadlineMissed, storeError } from '../database/failures.ts';
import type { WireFailure, WorkerPhase, WorkerReport, WorkerRequest, WorkerSettings } from './messages.ts';
import { workerUrl } from './worker-url.ts';

/** What one life of the worker tells its owner. */
export interface WorkerEvents {
  readonly onPhase: (phase: WorkerPhase) => void;
  readonly onNote: (event: string, reason: string) => void;
  readonly onNotification: (channel: string, payload: string) => void;
  /** The worker has ended, or a result was lost: this link is of no more use and everything open was rejected. */
  readonly onBroken: (failure: DependencyError) => void;
}

type Unsent<Request> = Request extends { readonly id: number } ? Omit<Request, 'id'> : never;

interface Pending {
  readonly what: string;
  readonly endsAt: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (answer: string | null) => void;
  readonly reject: (error: DependencyError) => void;
  isGivenUp: boolean;
}

const watchEveryMs = 250;

/** One life of the database worker: sends requests, matches answers, keeps deadlines, finds a stuck statement. */
export class WorkerLink {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #running: Int32Array;
  readonly #pending = new Map<number, Pending>();
  readonly #events: WorkerEvents;
  readonly #stuckAfterMs: number;
  #lastId = 0;
  #watch: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    settings: Omit<WorkerSettings, 'running'>,
    options: { readonly stuckAfterMs: number; readonly events: WorkerEvents },
  ) {
    const running = new SharedArrayBuffer(4);
    this.#running = new Int32Array(running);
    this.#events = options.events;
    this.#stuckAfterMs = options.stuckAfterMs;
    const workerData: WorkerSettings = { ...settings, running };
    this.#worker = new Worker(workerUrl(), { workerData, execArgv: [], name: 'firstline-database' });
    this.ready = new Promise((resolve, reject) => {
      const failed = (message: string) =>
        reject(storeError('store.databaseDown', `the embedded database did not start: ${message}`));
      this.#worker.on('message', (report: WorkerReport) => {
        if (report.kind === 'ready') resolve();
        else if (report.kind === 'startFailed') failed(report.message);
        else this.#accept(report);
      });
      this.#worker.on('error', (error) => {
        failed(errorText(error));
        this.#break(
          storeError('store.databaseDown', `the database worker failed: ${errorText(error)}`, error),
        );
      });
      this.#worker.on('exit', (code) => {
        failed(`the worker ended with code ${code}`);
        this.#break(storeError('store.databaseDown', `the database worker ended with code ${code}`));
      });
    });
  }

  /** Sends a request; rejects after `deadlineMs` while the worker goes on with it. */
  send(request: Unsent<WorkerRequest>, deadlineMs: number, what: string): Promise<string | null> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(storeError('store.databaseDown', 'the embedded database is being reopened'));
        return;
      }
      this.#lastId = (this.#lastId % 0x7fff_fff0) + 1;
      const id = this.#lastId;
      const timer = setTimeout(() => this.#giveUp(id, deadlineMs), deadlineMs);
      const endsAt = performance.now() + deadlineMs;
      this.#pending.set(id, { what, endsAt, timer, resolve, reject, isGivenUp: false });
      this.#worker.postMessage({ ...request, id });
    });
  }

  /** Ends the worker at once, as a crash would; the database recovers from its log when it is opened again. */
  async terminate(): Promise<void> {
    this.#isOver = true;
    await this.#worker.terminate();
  }

  #accept(report: Exclude<WorkerReport, { kind: 'ready' | 'startFailed' }>): void {
    switch (report.kind) {
      case 'phase':
        this.#events.onPhase(report.phase);
        return;
      case 'note':
        this.#events.onNote(report.event, report.reason);
        return;
      case 'notification':
        this.#events.onNotification(report.channel, report.payload);
        return;
      case 'done':
        this.#settle(report.id, (pending) => pending.resolve(report.answer));
        return;
      case 'failed':
        this.#failed(report.id, report.failure);
    }
  }

  #failed(id: number, failure: WireFailure): void {
    const what = this.#pending.get(id)?.what ?? 'a statement';
    const error = dependencyError(failure, what);
    this.#settle(id, (pending) => pending.reject(error));
    // After a loss the session's state is unknown (memory of the exception, snapshots left open): it is not used again.
    if (failure.reason === 'lost') this.#break(error);
  }

  #settle(id: number, finish: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (!pending.isGivenUp) finish(pending);
  }

  // The entry stays until the worker reports, so that a statement that never ends is noticed.
  #giveUp(id: number, deadlineMs: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    pending.isGivenUp = true;
    pending.reject(deadlineMissed(pending.what, deadlineMs));
    this.#watch ??= setInterval(() => this.#look(), watchEveryMs).unref();
  }

  #look(): void {
    const current = this.#pending.get(Atomics.load(this.#running, 0));
    const now = performance.now();
    if (current?.isGivenUp === true && now - current.endsAt > this.#stuckAfterMs) {
      this.#break(
        storeError('store.databaseDown', `${current.what} is stuck; the embedded database is reopened`),
      );
    }
    if ([...this.#pending.values()].some((pending) => pending.isGivenUp)) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #break(failure: DependencyError): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    for (const id of [...this.#pending.keys()]) {
      this.#settle(id, (pending) =>
        pending.reject(storeError('store.databaseDown', `${pending.what}: ${failure.message}`, failure)),
      );
    }
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onBroken(failure);
  }
}

function dependencyError(failure: WireFailure, what: string): DependencyError {
  switch (failure.reason) {
    case 'lost':
      return storeError('store.resultLost', `${failure.message}; its work was undone`);
    case 'late':
      return storeError('store.deadlineMissed', `${what} was still waiting at its deadline`);
    case 'failed':
      return storeError('store.queryFailed', `${what}: ${failure.message}`, { code: failure.sqlState });
  }
}
