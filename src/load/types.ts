import type { ServiceUrn } from '../base/index.ts';
import type { CrsState } from './crs.ts';
import type { LoadErrorCode } from './errors.ts';

/** What reading a source may cost. */
export interface GeoJsonLimits {
  /** Of one feature; a larger one is refused and skipped without being held in memory. */
  readonly featureBytesMax: number;
  /** Of what a feature collection says besides its features. */
  readonly envelopeBytesMax: number;
}

/**
 * A boundary of 13 million vertices has 340 MB of GeoJSON, its largest feature under 4 MB; a string in this
 * runtime ends at 512 MB.
 */
export const defaultGeoJsonLimits: GeoJsonLimits = {
  featureBytesMax: 67_108_864,
  envelopeBytesMax: 1_048_576,
};

/** How a source of boundaries is read. */
export interface GeoJsonOptions {
  /** The service of boundaries that name none; undefined: they are refused. */
  readonly defaultServiceUrn: ServiceUrn | undefined;
  readonly limits: GeoJsonLimits;
}

/** Why a feature is refused: a code, and a reason that says what, where and what to do. */
export interface Refusal {
  readonly code: LoadErrorCode;
  readonly reason: string;
}

/** One row of a source layer before anything is made of it. */
export interface RawFeature {
  readonly kind: 'row';
  readonly properties: Readonly<Record<string, unknown>>;
  /** The names of the properties; the same array for all rows of a table. */
  readonly fields: readonly string[];
  /** A GeoJSON geometry, its coordinates not checked. */
  readonly geometry: unknown;
  /** What the format itself calls the row. */
  readonly id: unknown;
  readonly crs: CrsState;
  /** What the source calls the layer. */
  readonly layerName: string | undefined;
}

/**
 * What a reader of a format gives: rows, and refusals of rows. `ends`: nothing comes after it, since what follows cannot be
 * made out.
 */
export type RawItem =
  | RawFeature
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      readonly id?: string | undefined;
      readonly ends?: boolean;
    };

/** A layer of a source, ready to be read. */
export interface SourceLayer {
  /** To name it in reports: the file, and the layer in it where it has several. Undefined: the source is it. */
  readonly label: string | undefined;
  /** By which its layer is told where no row says another one; without folder and ending. */
  readonly name: string | undefined;
  /** Whether all rows have the same fields. */
  readonly isTable: boolean;
  /** Of a table, where its format says them before the first row. */
  readonly fields?: readonly string[];
  readonly crs?: CrsState;
  rows(): AsyncIterable<RawItem> | Iterable<RawItem>;
}
