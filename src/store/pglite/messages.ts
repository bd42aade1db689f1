import type { QueryLane } from '../database/types.ts';

/** What the worker is started with. */
export interface WorkerSettings {
  /** PGlite's own folder of database files. */
  readonly databaseDir: string;
  /** Where the repacked extension bundle is kept. */
  readonly cacheDir: string;
  /** One Int32: the id of the request that runs now, 0 for none. The main thread finds a stuck statement by it. */
  readonly running: SharedArrayBuffer;
}

/** A prepared statement with its parameters in text form, or SQL text alone (`script`). */
export interface WireStatement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly (string | null)[];
}

/** Requests to the worker. Those with a `transaction` run in it; all others wait until it has ended. */
export type WorkerRequest =
  | {
      readonly kind: 'query';
      readonly id: number;
      readonly lane: QueryLane;
      readonly transaction: number | undefined;
      readonly statement: WireStatement;
      /** Not started after this moment (epoch milliseconds): nobody waits for it any more. */
      readonly startBefore: number;
    }
  | { readonly kind: 'script'; readonly id: number; readonly transaction: number; readonly sql: string }
  | {
      readonly kind: 'begin';
      readonly id: number;
      readonly transaction: number;
      readonly startBefore: number;
    }
  | { readonly kind: 'end'; readonly id: number; readonly transaction: number; readonly commit: boolean }
  | { readonly kind: 'listen'; readonly id: number; readonly channel: string }
  | { readonly kind: 'close'; readonly id: number };

/** Why a request failed, in a form that crosses threads. */
export interface WireFailure {
  readonly reason: 'failed' | 'lost' | 'late';
  readonly message: string;
  /** SQLSTATE, where the database gave one. */
  readonly sqlState: string;
}

/** What the worker says. */
export type WorkerReport =
  | { readonly kind: 'phase'; readonly phase: WorkerPhase }
  | { readonly kind: 'note'; readonly event: string; readonly reason: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'startFailed'; readonly message: string }
  | { readonly kind: 'done'; readonly id: number; readonly answer: string | null }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: WireFailure }
  | { readonly kind: 'notification'; readonly channel: string; readonly payload: string };

/** The phases of a start that take long enough to show. */
export type WorkerPhase = 'repacking' | 'creating' | 'opening' | 'extension';
