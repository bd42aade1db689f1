import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { BoundaryGeometry } from '../esrp/index.ts';
import { isPositionInRange } from '../geo/index.ts';
import type { LoadErrorCode } from './errors.ts';
import type { Refusal } from './types.ts';

type Pair = readonly [number, number];
type Ring = readonly Pair[];

/**
 * Checks the form of a GeoJSON polygon or multipolygon (RFC 7946 §3.1.6) and gives it as a multipolygon of
 * longitude and latitude; altitudes are left out. Whether rings cross is for the database to say.
 */
export function readGeometry(geometry: unknown): Result<BoundaryGeometry, Refusal> {
  if (!isRecord(geometry)) {
    return refuse('load.geometryMissing', 'no geometry; a boundary is a Polygon or a MultiPolygon');
  }
  const { type, coordinates } = geometry;
  if (type !== 'Polygon' && type !== 'MultiPolygon') {
    const named = typeof type === 'string' ? type.slice(0, 40) : 'of no type';
    return refuse('load.geometryType', `the geometry is ${named}; a boundary is a Polygon or a MultiPolygon`);
  }
  const polygons = type === 'Polygon' ? [coordinates] : coordinates;
  if (!Array.isArray(polygons)) return refuse('load.geometryEmpty', 'the geometry has no coordinates');
  const read: Ring[][] = [];
  for (const [polygonIndex, polygon] of polygons.entries()) {
    const rings: Ring[] = [];
    if (!Array.isArray(polygon) || polygon.length === 0) {
      return refuse('load.geometryEmpty', `polygon ${polygonIndex + 1} has no rings`);
    }
    for (const [ringIndex, ring] of polygon.entries()) {
      const checked = readRing(ring, `polygon ${polygonIndex + 1}, ring ${ringIndex + 1}`);
      if (!checked.ok) return checked;
      rings.push(checked.value);
    }
    read.push(rings);
  }
  if (read.length === 0) return refuse('load.geometryEmpty', 'the geometry has no polygons');
  return ok({ type: 'MultiPolygon', coordinates: read });
}

function readRing(ring: unknown, where: string): Result<Ring, Refusal> {
  if (!Array.isArray(ring) || ring.length < 4) {
    const count = Array.isArray(ring) ? ring.length : 0;
    return refuse(
      'load.ringTooShort',
      `${where} has ${count} positions; a ring has four or more, the last equal to the first`,
    );
  }
  const pairs: Pair[] = [];
  for (const [index, position] of ring.entries()) {
    const [lon, lat] = Array.isArray(position) ? (position as readonly unknown[]) : [];
    if (
      typeof lon !== 'number' ||
      typeof lat !== 'number' ||
      !Number.isFinite(lon) ||
      !Number.isFinite(lat)
    ) {
      return refuse(
        'load.positionMalformed',
        `${where}, position ${index + 1} is not [longitude, latitude] in numbers`,
      );
    }
    if (!isPositionInRange({ lon, lat })) {
      return refuse(
        'load.positionOutOfRange',
        `${where}, position ${index + 1} is [${lon}, ${lat}]; write degrees, longitude first`,
      );
    }
    pairs.push([lon, lat]);
  }
  const first = pairs[0];
  const last = pairs.at(-1);
  if (first?.[0] !== last?.[0] || first?.[1] !== last?.[1]) {
    return refuse(
      'load.ringNotClosed',
      `${where} does not end where it starts; repeat its first position at the end`,
    );
  }
  return ok(pairs);
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(code: LoadErrorCode, reason: string): Result<never, Refusal> {
  return err({ code, reason });
}
