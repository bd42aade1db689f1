export type { LoadErrorCode } from './errors.ts';
export { loadErrors } from './errors.ts';
export { readGeoJsonFeatures } from './geojson.ts';
export type { LocationTableLimits, LocationTableReading } from './location-table.ts';
export { defaultLocationTableLimits, readLocationTable } from './location-table.ts';
export type { GeoJsonLimits, GeoJsonOptions } from './types.ts';
export { defaultGeoJsonLimits } from './types.ts';
