import type { ServiceUrn } from '../base/index.ts';
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
