import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { PolygonCoordinates } from '../esrp/index.ts';
import { isPositionInRange } from '../geo/index.ts';
import { refuse } from './field-values.ts';
import type { Refusal } from './types.ts';

type Pair = readonly [number, number];
type Line = readonly Pair[];

/** How positions are checked. */
export interface PositionForm {
  /** Whether they are longitude and latitude, whose range is known; others are checked once they have been transformed. */
  readonly isLonLat: boolean;
  /** What the layer holds, for reports: `a boundary`. */
  readonly what: string;
}

/**
 * Checks the form of a GeoJSON polygon or multipolygon (RFC 7946 §3.1.6) and gives the rings of its polygons, east before
 * north; altitudes are left out. Whether rings cross is for the database to say.
 */
export function readPolygons(geometry: unknown, form: PositionForm): Result<PolygonCoordinates, Refusal> {
  const typed = typedCoordinates(geometry, ['Polygon', 'MultiPolygon'], form.what);
  if (!typed.ok) return typed;
  const { type, coordinates } = typed.value;
  const polygons = type === 'Polygon' ? [coordinates] : coordinates;
  if (!Array.isArray(polygons)) return refuse('load.geometryEmpty', 'the geometry has no coordinates');
  const read: Line[][] = [];
  for (const [polygonIndex, polygon] of polygons.entries()) {
    const rings: Line[] = [];
    if (!Array.isArray(polygon) || polygon.length === 0) {
      return refuse('load.geometryEmpty', `polygon ${polygonIndex + 1} has no rings`);
    }
    for (const [ringIndex, ring] of polygon.entries()) {
      const checked = readRing(ring, `polygon ${polygonIndex + 1}, ring ${ringIndex + 1}`, form);
      if (!checked.ok) return checked;
      rings.push(checked.value);
    }
    read.push(rings);
  }
  if (read.length === 0) return refuse('load.geometryEmpty', 'the geometry has no polygons');
  return ok(read);
}

/** Checks the form of a GeoJSON line or multiline and gives its lines, east before north. */
export function readLines(geometry: unknown, form: PositionForm): Result<readonly Line[], Refusal> {
  const typed = typedCoordinates(geometry, ['LineString', 'MultiLineString'], form.what);
  if (!typed.ok) return typed;
  const { type, coordinates } = typed.value;
  const lines = type === 'LineString' ? [coordinates] : coordinates;
  if (!Array.isArray(lines) || lines.length === 0) {
    return refuse('load.geometryEmpty', 'the geometry has no lines');
  }
  const read: Line[] = [];
  for (const [index, line] of lines.entries()) {
    const where = `line ${index + 1}`;
    if (!Array.isArray(line) || line.length < 2) {
      return refuse('load.lineTooShort', `${where} has fewer than two positions`);
    }
    const checked = readPositions(line, where, form);
    if (!checked.ok) return checked;
    read.push(checked.value);
  }
  return ok(read);
}

/** Checks the form of a GeoJSON point, or of a multipoint of one point, east before north. */
export function readPoint(geometry: unknown, form: PositionForm): Result<Pair, Refusal> {
  const typed = typedCoordinates(geometry, ['Point', 'MultiPoint'], form.what);
  if (!typed.ok) return typed;
  const { type, coordinates } = typed.value;
  const points = type === 'Point' ? [coordinates] : coordinates;
  if (!Array.isArray(points) || points.length === 0) {
    return refuse('load.geometryEmpty', 'the geometry has no position');
  }
  if (points.length > 1) {
    return refuse('load.geometryType', `the geometry has ${points.length} points; ${form.what} has one`);
  }
  const [point] = points as readonly unknown[];
  // An empty point has no numbers in GeoJSON, and none that are numbers in WKB.
  if (!Array.isArray(point) || point.length === 0 || point.slice(0, 2).every(Number.isNaN)) {
    return refuse('load.geometryEmpty', 'the geometry has no position');
  }
  return readPosition(point, 'the point', form);
}

function typedCoordinates(
  geometry: unknown,
  types: readonly [string, string],
  what: string,
): Result<{ readonly type: string; readonly coordinates: unknown }, Refusal> {
  const wanted = `${what} is a ${types[0]} or a ${types[1]}`;
  if (!isRecord(geometry)) return refuse('load.geometryMissing', `no geometry; ${wanted}`);
  const { type, coordinates } = geometry;
  if (type !== types[0] && type !== types[1]) {
    const named = typeof type === 'string' ? type.slice(0, 40) : 'of no type';
    return refuse('load.geometryType', `the geometry is ${named}; ${wanted}`);
  }
  return ok({ type, coordinates });
}

function readRing(ring: unknown, where: string, form: PositionForm): Result<Line, Refusal> {
  if (!Array.isArray(ring) || ring.length < 4) {
    const count = Array.isArray(ring) ? ring.length : 0;
    return refuse(
      'load.ringTooShort',
      `${where} has ${count} positions; a ring has four or more, the last equal to the first`,
    );
  }
  const pairs = readPositions(ring, where, form);
  if (!pairs.ok) return pairs;
  const first = pairs.value[0];
  const last = pairs.value.at(-1);
  if (first?.[0] !== last?.[0] || first?.[1] !== last?.[1]) {
    return refuse(
      'load.ringNotClosed',
      `${where} does not end where it starts; repeat its first position at the end`,
    );
  }
  return pairs;
}

function readPositions(
  positions: readonly unknown[],
  where: string,
  form: PositionForm,
): Result<Line, Refusal> {
  const pairs: Pair[] = [];
  for (const [index, position] of positions.entries()) {
    const [east, north] = Array.isArray(position) ? (position as readonly unknown[]) : [];
    if (
      typeof east !== 'number' ||
      typeof north !== 'number' ||
      !Number.isFinite(east) ||
      !Number.isFinite(north) ||
      (form.isLonLat && !isPositionInRange({ lon: east, lat: north }))
    ) {
      return wrongPosition(east, north, `${where}, position ${index + 1}`);
    }
    pairs.push([east, north]);
  }
  return ok(pairs);
}

function readPosition(position: unknown, where: string, form: PositionForm): Result<Pair, Refusal> {
  const [east, north] = Array.isArray(position) ? (position as readonly unknown[]) : [];
  if (
    typeof east === 'number' &&
    typeof north === 'number' &&
    Number.isFinite(east) &&
    Number.isFinite(north) &&
    !(form.isLonLat && !isPositionInRange({ lon: east, lat: north }))
  ) {
    return ok([east, north]);
  }
  return wrongPosition(east, north, where);
}

function wrongPosition(east: unknown, north: unknown, where: string): Result<never, Refusal> {
  if (
    typeof east === 'number' &&
    typeof north === 'number' &&
    Number.isFinite(east) &&
    Number.isFinite(north)
  ) {
    return refuse(
      'load.positionOutOfRange',
      `${where} is [${east}, ${north}]; write degrees, longitude first`,
    );
  }
  return refuse('load.positionMalformed', `${where} is not [longitude, latitude] in numbers`);
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
