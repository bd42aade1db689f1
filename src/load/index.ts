export type { LoadErrorCode } from './errors.ts';
export { loadErrors } from './errors.ts';
export { readGeoJsonFeatures } from './geojson.ts';
export type { GeoJsonLimits, GeoJsonOptions } from './types.ts';
export { defaultGeoJsonLimits } from './types.ts';
