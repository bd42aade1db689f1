import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { Position, PositionRing } from '../geo/index.ts';
import { continuous, convexHull, distanceM, isRingCrossing } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, collapsedTextOf, textOf } from '../xml/index.ts';
import { refuse, warnOfNamespace } from './gml-elements.ts';
import { isConvex, largestTriangleDeg2, outerCorners } from './gml-outline.ts';
import { coordinatesOrder, coordText } from './gml-position.ts';
import type { ReferenceSystem } from './gml-system.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type { AxisOrder, PositionTuples, Warn } from './ordinates.ts';
import { orderPositions, readOrdinateList } from './ordinates.ts';
import type { LocationError } from './types.ts';

/** A ring that lies within this is a point for every purpose of routing. */
const pointExtentM = 1000;

/** Corners of a ring whose edges are compared; twice what the largest areas of a network have, within a few milliseconds. */
const comparedMax = 10_000;

/** What a ring turned out to be: an area, or all corners in one place or line. */
export type RingReading =
  | { readonly kind: 'ring'; readonly ring: PositionRing }
  | { readonly kind: 'point'; readonly position: Position };

/**
 * Reads the corners of a ring out of the element that holds them (`pos`, `posList`, or older forms), and makes a ring of
 * them that can be used (RFC 5491 §5.1, §5.2.2): closed, without repeated corners, at one altitude, not crossing itself.
 * Either direction is accepted, and kept.
 */
export function readRing(
  holder: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): Result<RingReading, LocationError> {
  const tuples = readTuples(holder, system, warn);
  if (!tuples.ok) return tuples;
  if (tuples.value.tuples.length === 0) {
    return refuse('location.positionMissing', `no position in ${holder.localName}`);
  }
  const ordered = orderPositions(tuples.value, warn);
  if (!ordered.ok) return ordered;
  return soundRing(ordered.value, warn);
}

/** Whether an element holds corners itself. */
export function hasCorners(element: XmlElement): boolean {
  return element.children.some(
    (child) =>
      typeof child !== 'string' &&
      /^(?:pos|posList|coordinates|coord|pointProperty|pointRep)$/.test(child.localName) &&
      namespaceFit(child, namespaces.gml) !== 'foreign',
  );
}

function readTuples(
  holder: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): Result<PositionTuples, LocationError> {
  const tuples: (readonly number[])[] = [];
  let axisOrder: AxisOrder = system.axisOrder;
  for (const { element, text, order, isList } of cornerTexts(holder, system, warn)) {
    const read = readOrdinateList(text, order, warn);
    if (read === undefined) return malformed;
    if (tuples.length > 0 && read.axisOrder !== axisOrder) return malformed;
    axisOrder = read.axisOrder;
    const size = isList ? sizeIn(read, element, system) : read.values.length;
    if ((size !== 2 && size !== 3) || read.values.length % size !== 0) return malformed;
    if (system.dimensions !== undefined && system.dimensions !== size) {
      warn('location.dimensionMismatch', `${size} numbers for a system of ${system.dimensions} axes`);
    }
    const { values } = read;
    for (let index = 0; index < values.length; index += size) {
      const [first = Number.NaN, second = Number.NaN] = [values[index], values[index + 1]];
      tuples.push(size === 2 ? [first, second] : [first, second, values[index + 2] ?? Number.NaN]);
    }
  }
  return ok({ tuples, axisOrder });
}

const malformed = refuse(
  'location.positionMalformed',
  'the corners of a ring are plain numbers, two or three of each corner, separated by spaces',
);

interface CornerText {
  readonly element: XmlElement;
  readonly text: string;
  readonly order: AxisOrder;
  /** Whether the text has many positions. */
  readonly isList: boolean;
}

function cornerTexts(holder: XmlElement, system: ReferenceSystem, warn: Warn): readonly CornerText[] {
  const texts: CornerText[] = [];
  for (const element of holder.children) {
    if (typeof element === 'string' || namespaceFit(element, namespaces.gml) === 'foreign') continue;
    switch (element.localName) {
      case 'pos':
      case 'posList': {
        warnOfNamespace(element, namespaces.gml, warn);
        const isList = element.localName === 'posList';
        texts.push({ element, text: textOf(element), order: system.axisOrder, isList });
        break;
      }
      case 'coordinates': {
        warn('location.oldCoordinates', 'coordinates is an element of an older GML; write posList');
        const text = collapsedTextOf(element);
        const order = text.includes(',')
          ? coordinatesOrder(text.replace(/ /g, ''), system)
          : system.axisOrder;
        texts.push({ element, text, order, isList: true });
        break;
      }
      case 'coord':
        texts.push({ element, text: coordText(element, warn), order: system.axisOrder, isList: false });
        break;
      case 'pointProperty':
      case 'pointRep':
      case 'Point':
        texts.push(...cornerTexts(element, system, warn));
        break;
      default:
    }
  }
  return texts;
}

/**
 * How many numbers a position of a list has: by its commas, else by the reference system, else by `srsDimension`. The
 * other size is taken where the list is a closed ring at one altitude by it, and no ring by what is said.
 */
function sizeIn(
  { values, size }: { readonly values: readonly number[]; readonly size: number | undefined },
  element: XmlElement,
  system: ReferenceSystem,
): number {
  if (size !== undefined) return size;
  const said = attributeOf(element, 'srsDimension')?.trim();
  const first = system.dimensions ?? (said === '3' ? 3 : 2);
  const other = first === 2 ? 3 : 2;
  if (isClosedBy(values, first) || !isClosedBy(values, other)) return first;
  return other;
}

function isClosedBy(values: readonly number[], size: 2 | 3): boolean {
  const { length } = values;
  if (length % size !== 0 || length < 4 * size) return false;
  for (let axis = 0; axis < size; axis += 1) {
    if (values[axis] !== values[length - size + axis]) return false;
  }
  if (size === 2) return true;
  for (let index = 5; index < length; index += 3) if (values[index] !== values[2]) return false;
  return true;
}

/** Makes a ring that can be used of corners in order: closed, without repeated corners, at one altitude, not crossing itself. */
export function soundRing(positions: readonly Position[], warn: Warn): Result<RingReading, LocationError> {
  const level = levelled(positions, warn);
  const corners = withoutRepetition(level, warn);
  const [first] = corners;
  if (first === undefined) return refuse('location.positionMissing', 'a ring has no corner');
  const isClosed = corners.length > 1 && isSamePlace(first, corners.at(-1));
  const ring = isClosed ? corners : [...corners, first];
  const line = continuous(ring.map(({ lon, lat }): readonly [number, number] => [lon, lat]));
  if (ring.length < 4 || largestTriangleDeg2(line) < areaMinDeg2) return pointOf(corners, warn);
  if (!isClosed) {
    warn(
      'location.ringClosed',
      'the last corner of the ring is not the first: closed by an edge between them',
    );
  }
  // A ring around a pole is closed through it: what could be compared there is none of its own edges.
  if (line.length !== ring.length || isConvex(line)) return ok({ kind: 'ring', ring });
  const isComparable = ring.length <= comparedMax;
  if (isComparable && !isRingCrossing(line)) return ok({ kind: 'ring', ring });
  const what = isComparable ? 'crosses or touches itself' : `has more than ${comparedMax} corners`;
  warn(
    'location.ringCrossing',
    `the ring ${what}: taken as the smallest area without dents around its corners`,
  );
  const altM = first.altM;
  const hull = convexHull(outerCorners(line.slice(1))).map(([lon, lat]): Position => {
    const turnedLon = lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon;
    return altM === undefined ? { lon: turnedLon, lat } : { lon: turnedLon, lat, altM };
  });
  return ok({ kind: 'ring', ring: hull });
}

function withoutRepetition(positions: readonly Position[], warn: Warn): readonly Position[] {
  const corners: Position[] = [];
  let before: Position | undefined;
  for (const position of positions) {
    if (!isSamePlace(position, before)) corners.push(position);
    before = position;
  }
  if (corners.length === positions.length) return positions;
  warn('location.ringRepaired', 'a corner that repeats the one before it is left out');
  return corners;
}

/** Twice the area in square degrees of about a square millimetre: less comes of rounding. */
const areaMinDeg2 = 1e-16;

/** Corners that make no area: the middle of them, where they are near each other. */
function pointOf(corners: readonly Position[], warn: Warn): Result<RingReading, LocationError> {
  const [first] = corners;
  if (first === undefined || corners.some((corner) => distanceM(first, corner) > pointExtentM)) {
    return refuse('location.ringDegenerate', 'the corners of a ring make no area: four or more make one');
  }
  warn('location.ringDegenerate', 'the corners of the ring make no area: taken as a point');
  return ok({ kind: 'point', position: first });
}

function isSamePlace(a: Position, b: Position | undefined): boolean {
  return b !== undefined && a.lon === b.lon && a.lat === b.lat;
}

/** The corners at one altitude (RFC 5491 §5.1): the lowest that any of them has. */
function levelled(positions: readonly Position[], warn: Warn): readonly Position[] {
  const altM = positions[0]?.altM;
  if (positions.every((position) => position.altM === altM)) return positions;
  warn('location.altitudeMismatch', 'the corners of the ring differ in altitude: taken at the lowest');
  let lowest = Number.POSITIVE_INFINITY;
  for (const position of positions) lowest = Math.min(lowest, position.altM ?? lowest);
  return positions.map(({ lon, lat }) => ({ lon, lat, altM: lowest }));
}
