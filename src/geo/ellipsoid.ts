import type { Position } from './types.ts';

// WGS 84 (EPSG 7030): semi-major axis in metres, and flattening.
const semiMajorM = 6_378_137;
const flattening = 1 / 298.257223563;
const semiMinorM = semiMajorM * (1 - flattening);
const eccentricity = Math.sqrt(flattening * (2 - flattening));
const radiansPerDegree = Math.PI / 180;
/** The iteration gains three digits a step; this is never reached. */
const stepsMax = 20;

/** From the equator to a pole, metres along the ellipsoid. */
export const quarterMeridianM = 10_001_965;

/**
 * Where a geodesic of a length and first direction (degrees clockwise from north) ends, by Vincenty's direct formula:
 * exact to a millimetre. The longitude is within ±180; an altitude is left out.
 */
export function destination(from: Position, bearingDeg: number, lengthM: number): Position {
  if (lengthM === 0) return { lon: from.lon, lat: from.lat };
  const bearing = bearingDeg * radiansPerDegree;
  const sinBearing = Math.sin(bearing);
  const cosBearing = Math.cos(bearing);
  const tanU1 = (1 - flattening) * Math.tan(from.lat * radiansPerDegree);
  const cosU1 = 1 / Math.sqrt(1 + tanU1 * tanU1);
  const sinU1 = tanU1 * cosU1;
  const sigma1 = Math.atan2(tanU1, cosBearing);
  const sinAlpha = cosU1 * sinBearing;
  const cosSqAlpha = 1 - sinAlpha * sinAlpha;
  const uSq = (cosSqAlpha * (semiMajorM ** 2 - semiMinorM ** 2)) / semiMinorM ** 2;
  const a = 1 + (uSq / 16384) * (4096 + uSq * (-768 + uSq * (320 - 175 * uSq)));
  const b = (uSq / 1024) * (256 + uSq * (-128 + uSq * (74 - 47 * uSq)));
  let sigma = lengthM / (semiMinorM * a);
  let sinSigma = 0;
  let cosSigma = 1;
  let cos2SigmaM = 1;
  for (let step = 0; step < stepsMax; step += 1) {
    cos2SigmaM = Math.cos(2 * sigma1 + sigma);
    sinSigma = Math.sin(sigma);
    cosSigma = Math.cos(sigma);
    const m = 2 * cos2SigmaM * cos2SigmaM - 1;
    const third = (b / 6) * cos2SigmaM * (4 * sinSigma * sinSigma - 3) * (4 * cos2SigmaM * cos2SigmaM - 3);
    const delta = b * sinSigma * (cos2SigmaM + (b / 4) * (cosSigma * m - third));
    const next = lengthM / (semiMinorM * a) + delta;
    const isDone = Math.abs(next - sigma) < 1e-12;
    sigma = next;
    if (isDone) break;
  }
  const across = sinU1 * sinSigma - cosU1 * cosSigma * cosBearing;
  const lat = Math.atan2(
    sinU1 * cosSigma + cosU1 * sinSigma * cosBearing,
    (1 - flattening) * Math.hypot(sinAlpha, across),
  );
  const lambda = Math.atan2(sinSigma * sinBearing, cosU1 * cosSigma - sinU1 * sinSigma * cosBearing);
  const c = (flattening / 16) * cosSqAlpha * (4 + flattening * (4 - 3 * cosSqAlpha));
  const inner = cos2SigmaM + c * cosSigma * (2 * cos2SigmaM * cos2SigmaM - 1);
  const difference = lambda - (1 - c) * flattening * sinAlpha * (sigma + c * sinSigma * inner);
  return { lon: wrapLon(from.lon + difference / radiansPerDegree), lat: lat / radiansPerDegree };
}

/** A longitude within ±180 that means the same. */
export function wrapLon(lon: number): number {
  if (lon >= -180 && lon <= 180) return lon;
  const turned = ((((lon + 180) % 360) + 360) % 360) - 180;
  return turned === -180 && lon > 0 ? 180 : turned;
}

/**
 * The area of a closed ring on the ellipsoid, square metres; positive where it turns counter-clockwise. Longitudes must
 * be continuous (see `continuous`); edges are straight in longitude and latitude.
 */
export function signedAreaM2(ring: readonly (readonly [lon: number, lat: number])[]): number {
  let sum = 0;
  for (let index = 1; index < ring.length; index += 1) {
    const from = ring[index - 1];
    const to = ring[index];
    if (from === undefined || to === undefined) continue;
    // Simpson's rule for the strip between the edge and the equator.
    const mean = (authalic(from[1]) + 4 * authalic((from[1] + to[1]) / 2) + authalic(to[1])) / 6;
    sum -= (to[0] - from[0]) * radiansPerDegree * mean;
  }
  return sum;
}

/** The area between the equator and a parallel, square metres per radian of longitude. */
function authalic(lat: number): number {
  const sin = Math.sin(lat * radiansPerDegree);
  const es = eccentricity * sin;
  return (semiMinorM ** 2 / 2) * (sin / (1 - es * es) + Math.atanh(es) / eccentricity);
}
