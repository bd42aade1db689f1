import type { StandbyRow } from './columns.ts';
import type { DatasetVersion } from './snapshot.ts';

/** What the thread that makes snapshots is started for. */
export type MakerJob =
  | { readonly kind: 'build'; readonly file: string }
  | { readonly kind: 'load'; readonly file: string };

/** A boundary on its way to the thread, or a piece of the geometry of the next one: a large one comes in several. */
export interface SentRow {
  readonly row: StandbyRow | undefined;
  /** WKB in hex, whole bytes of it. */
  readonly wkb: string;
}

/** To the thread. */
export type MakerRequest =
  | { readonly kind: 'rows'; readonly rows: readonly SentRow[] }
  | { readonly kind: 'finish'; readonly version: DatasetVersion };

/** From the thread. */
export type MakerReport =
  /** The rows were taken in; the next may come. */
  | { readonly kind: 'taken' }
  | {
      readonly kind: 'made';
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** Why it is not on the disk, too. */
      readonly notWritten: string | undefined;
    }
  /** There is no file to load. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly reason: string };
