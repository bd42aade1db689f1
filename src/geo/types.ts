/**
 * A place on the WGS 84 ellipsoid. Degrees; in code always longitude before latitude; altitude in metres
 * above the ellipsoid.
 */
export interface Position {
  readonly lon: number;
  readonly lat: number;
  readonly altM?: number;
}

/** A closed line of longitudes and latitudes: the last one is the first. */
export type Ring = readonly (readonly [lon: number, lat: number])[];

/** The place where a caller is, with its uncertainty (RFC 5491 §5). Radii in metres. */
export type Shape =
  | { readonly kind: 'point'; readonly position: Position }
  | { readonly kind: 'circle'; readonly center: Position; readonly radiusM: number };
