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

/** A closed line of positions: the last one is the first; four or more. */
export type PositionRing = readonly Position[];

/**
 * The place where a caller is, with its uncertainty (RFC 5491 §5): all of its shapes. Lengths in metres; an orientation is
 * that of the major axis, an angle that of a direction: degrees clockwise from north.
 */
export type Shape =
  | { readonly kind: 'point'; readonly position: Position }
  | { readonly kind: 'circle'; readonly center: Position; readonly radiusM: number }
  | {
      readonly kind: 'ellipse';
      readonly center: Position;
      readonly semiMajorM: number;
      readonly semiMinorM: number;
      readonly orientationDeg: number;
    }
  /** What lies between two circles and two directions: from `startAngleDeg` clockwise through `openingAngleDeg`. */
  | {
      readonly kind: 'arcBand';
      readonly center: Position;
      readonly innerRadiusM: number;
      readonly outerRadiusM: number;
      readonly startAngleDeg: number;
      readonly openingAngleDeg: number;
    }
  | {
      readonly kind: 'polygon';
      readonly exterior: PositionRing;
      /** Holes. RFC 5491 §5.2.2 has none; GML has. */
      readonly interiors: readonly PositionRing[];
    }
  | { readonly kind: 'sphere'; readonly center: Position; readonly radiusM: number }
  | {
      readonly kind: 'ellipsoid';
      readonly center: Position;
      readonly semiMajorM: number;
      readonly semiMinorM: number;
      readonly verticalM: number;
      readonly orientationDeg: number;
    }
  /** A polygon, all of whose positions have one altitude, and what is above it up to `heightM`. */
  | { readonly kind: 'prism'; readonly base: PositionRing; readonly heightM: number };
