import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { Position, PositionRing, Shape } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { collapsedTextOf } from '../xml/index.ts';
import { ownChild, refuse } from './gml-elements.ts';
import { readLengthM } from './gml-measure.ts';
import { readPositionIn } from './gml-position.ts';
import { hasCorners, readRing } from './gml-ring.ts';
import type { ReferenceSystem } from './gml-system.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type { Warn } from './ordinates.ts';
import type { LocationError } from './types.ts';

/** Reads a polygon (RFC 5491 §5.2.2), its holes too; corners without an area, near each other, are a point. */
export function readPolygon(
  polygon: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): Result<Shape, LocationError> {
  const { exterior, interiors } = findRings(polygon, warn);
  if (exterior === undefined) {
    return refuse('location.positionMissing', `no exterior ring in ${polygon.localName}`);
  }
  const outer = readRing(exterior, system, warn);
  if (!outer.ok) return outer;
  if (outer.value.kind === 'point') return ok({ kind: 'point', position: outer.value.position });
  return ok({ kind: 'polygon', exterior: outer.value.ring, interiors: readHoles(interiors, system, warn) });
}

/** A hole that cannot be read is filled: the area is larger then, and loses nobody. */
function readHoles(
  holders: readonly XmlElement[],
  system: ReferenceSystem,
  warn: Warn,
): readonly PositionRing[] {
  const holes: PositionRing[] = [];
  for (const holder of holders) {
    warn('location.ringHoles', 'the polygon has holes, which RFC 5491 does not have');
    const hole = readRing(holder, system, warn);
    if (hole.ok && hole.value.kind === 'ring') holes.push(hole.value.ring);
    else if (!hole.ok) warn(hole.error.code, `${hole.error.message}: the hole is filled`);
  }
  return holes;
}

/** Reads a prism (RFC 5491 §5.2.8). Without a height it is the polygon at its base. */
export function readPrism(
  prism: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): Result<Shape, LocationError> {
  const base = ownChild(prism, 'base', namespaces.gs, warn);
  if (base === undefined)
    warn('location.ringRepaired', 'the polygon of the prism belongs into a base element');
  const read = readPolygon(polygonIn(base ?? prism) ?? base ?? prism, system, warn);
  const heightM = readLengthM(prism, 'height', warn, true);
  if (!read.ok || read.value.kind !== 'polygon') return read;
  if (heightM === undefined || heightM === 0) {
    warn(
      'location.measureUnusable',
      'the prism has no height that can be used: taken as the polygon at its base',
    );
    return read;
  }
  const { exterior } = read.value;
  const [first] = exterior;
  if (first?.altM === undefined && system.dimensions !== 3) {
    warn('location.dimensionMismatch', 'a prism has three dimensions, and its base no altitude');
  }
  if (heightM > 0) return ok({ kind: 'prism', base: exterior, heightM });
  warn('location.measureSwapped', 'the height is negative: taken from the top of the prism downwards');
  return ok({ kind: 'prism', base: exterior.map((corner) => lowered(corner, heightM)), heightM: -heightM });
}

function lowered(corner: Position, byM: number): Position {
  return corner.altM === undefined ? corner : { ...corner, altM: corner.altM + byM };
}

/** The polygon inside of a base, also in the surface elements that GML puts around one. */
function polygonIn(element: XmlElement): XmlElement | undefined {
  for (const child of element.children) {
    if (typeof child === 'string' || namespaceFit(child, namespaces.gml) === 'foreign') continue;
    if (child.localName === 'Polygon') return child;
    if (child.localName === 'Surface') return polygonsIn(child)[0];
  }
  return undefined;
}

const memberNames =
  /^(?:surfaceMembers?|polygonMember|patches|Polygon|PolygonPatch|Surface|CompositeSurface)$/;

/** All polygons of a surface or a collection of them, in order. */
export function polygonsIn(element: XmlElement): readonly XmlElement[] {
  const found: XmlElement[] = [];
  for (const child of element.children) {
    if (typeof child === 'string' || !memberNames.test(child.localName)) continue;
    if (namespaceFit(child, namespaces.gml) === 'foreign') continue;
    if (child.localName === 'Polygon' || child.localName === 'PolygonPatch') found.push(child);
    else found.push(...polygonsIn(child));
  }
  return found;
}

/** The elements that hold the corners of a polygon's rings: `exterior/LinearRing`, the names of GML 2, or none around them. */
function findRings(
  polygon: XmlElement,
  warn: Warn,
): { readonly exterior: XmlElement | undefined; readonly interiors: readonly XmlElement[] } {
  let exterior: XmlElement | undefined;
  const interiors: XmlElement[] = [];
  for (const child of polygon.children) {
    if (typeof child === 'string' || namespaceFit(child, namespaces.gml) === 'foreign') continue;
    switch (child.localName) {
      case 'exterior':
      case 'outerBoundaryIs':
        exterior ??= ringIn(child, warn);
        break;
      case 'interior':
      case 'innerBoundaryIs':
        interiors.push(ringIn(child, warn));
        break;
      case 'LinearRing':
        warn('location.ringRepaired', 'the ring of a polygon belongs into an exterior element');
        exterior ??= child;
        break;
      default:
    }
  }
  if (exterior === undefined && hasCorners(polygon)) {
    warn('location.ringRepaired', 'the corners of a polygon belong into exterior and LinearRing elements');
    exterior = polygon;
  }
  return { exterior, interiors };
}

function ringIn(boundary: XmlElement, warn: Warn): XmlElement {
  const ring = ownChild(boundary, 'LinearRing', namespaces.gml, warn);
  if (ring === undefined && hasCorners(boundary)) {
    warn('location.ringRepaired', 'the corners of a polygon belong into a LinearRing element');
  }
  return ring ?? boundary;
}

/** Reads the box of a `gml:Envelope` as the polygon that it is; one without an area as its corner. */
export function readEnvelope(
  envelope: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): Result<Shape, LocationError> {
  const texts: string[] = [];
  for (const child of envelope.children) {
    if (typeof child === 'string' || namespaceFit(child, namespaces.gml) === 'foreign') continue;
    if (/^(?:lowerCorner|upperCorner|pos)$/.test(child.localName)) texts.push(collapsedTextOf(child));
  }
  const [lowerText, upperText] = texts;
  if (lowerText === undefined || upperText === undefined || texts.length > 2) {
    return refuse('location.positionMissing', 'an Envelope has two corners');
  }
  const lower = readPositionIn(lowerText, system.axisOrder, system, warn);
  if (!lower.ok) return lower;
  const upper = readPositionIn(upperText, system.axisOrder, system, warn);
  if (!upper.ok) return upper;
  warn('location.shapeSubstituted', 'an Envelope is read as the polygon that it is');
  return ok(boxOf(lower.value, upper.value));
}

function boxOf(lower: Position, upper: Position): Shape {
  const south = Math.min(lower.lat, upper.lat);
  const north = Math.max(lower.lat, upper.lat);
  const west = lower.lon;
  // A box whose east is less than its west reaches over the antimeridian.
  const widthDeg = upper.lon - west + (upper.lon < west ? 360 : 0);
  if (widthDeg === 0 || south === north) return { kind: 'point', position: { lon: west, lat: south } };
  const corner = (lon: number, lat: number): Position => ({ lon: lon > 180 ? lon - 360 : lon, lat });
  // Edges of half a turn would be taken for the shorter way round.
  const lons = widthDeg < 180 ? [0, widthDeg] : [0, widthDeg / 3, (widthDeg * 2) / 3, widthDeg];
  const exterior = [
    ...lons.map((part) => corner(west + part, south)),
    ...[...lons].reverse().map((part) => corner(west + part, north)),
    corner(west, south),
  ];
  return { kind: 'polygon', exterior, interiors: [] };
}
