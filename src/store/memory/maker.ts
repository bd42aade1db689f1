import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { errorText } from '../../base/index.ts';
import { storeError } from '../database/failures.ts';
import type { MakerJob, MakerReport, MakerRequest, SentRow } from './messages.ts';
import { type DatasetSnapshot, type DatasetVersion, openSnapshot } from './snapshot.ts';

/** A snapshot that was made, and why it is not on the disk, where it is not. */
export interface MadeSnapshot {
  readonly snapshot: DatasetSnapshot;
  readonly notWritten: string | undefined;
}

/** Loads the snapshot of a file in a thread of its own; undefined where there is none. Rejects where it cannot be used. */
export async function loadSnapshot(file: string): Promise<MadeSnapshot | undefined> {
  const maker = new SnapshotMaker({ kind: 'load', file });
  return await maker.result;
}

/** Makes one snapshot in a thread of its own, so that calls wait for none of it. */
export class SnapshotMaker {
  /** Undefined where there is no file to load. */
  readonly result: Promise<MadeSnapshot | undefined>;
  readonly #worker: Worker;
  #taken: (() => void) | undefined;
  #isOver = false;

  constructor(job: MakerJob) {
    this.#worker = new Worker(makerUrl(), { workerData: job, execArgv: [], name: 'firstline-standby' });
    this.result = new Promise((resolve, reject) => {
      const failed = (reason: string) => {
        this.#end();
        reject(storeError('store.standbyFailed', `the standby index was not made: ${reason}`));
      };
      this.#worker.on('message', (report: MakerReport) => {
        if (report.kind === 'taken') {
          this.#taken?.();
          return;
        }
        if (report.kind === 'failed') {
          failed(report.reason);
          return;
        }
        if (report.kind === 'absent') {
          this.#end();
          resolve(undefined);
          return;
        }
        const opened = openSnapshot(report.bytes);
        if (!opened.ok) {
          failed(opened.error);
          return;
        }
        this.#end();
        resolve({ snapshot: opened.value, notWritten: report.notWritten });
      });
      this.#worker.on('error', (error) => failed(errorText(error)));
      this.#worker.on('exit', (code) => failed(`its thread ended with code ${code}`));
    });
    // Whoever adds rows meets the failure there; the result may not be asked for any more.
    this.result.catch(() => undefined);
  }

  /** Hands over rows; resolves when the next ones may come. */
  async add(rows: readonly SentRow[]): Promise<void> {
    if (this.#isOver) {
      await this.result;
      throw storeError('store.standbyFailed', 'the thread of the standby index has ended');
    }
    const taken = new Promise<void>((resolve) => {
      this.#taken = resolve;
    });
    this.#send({ kind: 'rows', rows });
    await taken;
  }

  async finish(version: DatasetVersion): Promise<MadeSnapshot> {
    this.#send({ kind: 'finish', version });
    const made = await this.result;
    if (made === undefined) throw storeError('store.standbyFailed', 'nothing was made');
    return made;
  }

  async abandon(): Promise<void> {
    this.#end();
    await this.#worker.terminate();
  }

  #send(request: MakerRequest): void {
    this.#worker.postMessage(request);
  }

  // An adder that waits goes on, and meets the end at its next step.
  #end(): void {
    this.#isOver = true;
    this.#taken?.();
  }
}

// Run from TypeScript source (under the test runner) the thread is the compiled one in `dist/`: Node 20 cannot start one
// from TypeScript.
function makerUrl(): URL {
  const here = import.meta.url;
  const url = here.endsWith('.ts')
    ? new URL(here.replace(/\/src\/(?=store\/memory\/[^/]+$)/, '/dist/src/').replace(/[^/]+$/, 'worker.js'))
    : new URL('worker.js', here);
  if (!existsSync(fileURLToPath(url))) {
    throw storeError('store.workerMissing', `${fileURLToPath(url)} is missing; run: node deploy/prepare.mjs`);
  }
  return url;
}
