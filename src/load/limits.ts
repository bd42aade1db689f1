import { defaultGeoJsonLimits, type GeoJsonLimits } from './types.ts';

/** What reading a source of any format may cost. */
export interface GisLimits extends GeoJsonLimits {
  /** Of all files of an archive together, decompressed; beyond it the source is refused. */
  readonly unpackedBytesMax: number;
  /** What is kept of one source on disk while it is read; beyond it the source is refused. */
  readonly spooledBytesMax: number;
  /** Files in a zip file; a File Geodatabase has hundreds. */
  readonly entriesMax: number;
  /** Layers of one GeoPackage. */
  readonly layersMax: number;
  /** Refused features of a source; after so many it is read no further. All of them are kept until the load ends. */
  readonly refusedMax: number;
  /** From the start of ogr2ogr to its end. */
  readonly convertDeadlineMs: number;
}

/** Values for the data of a country. */
export const defaultGisLimits: GisLimits = {
  ...defaultGeoJsonLimits,
  unpackedBytesMax: 16_000_000_000,
  spooledBytesMax: 8_000_000_000,
  entriesMax: 10_000,
  layersMax: 500,
  refusedMax: 50_000,
  convertDeadlineMs: 900_000,
};
