import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { Position, Shape } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, childElements, collapsedTextOf } from '../xml/index.ts';
import type { LocationErrorCode } from './errors.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type { AxisOrder, Warn } from './ordinates.ts';
import { readNumber, readPosition } from './ordinates.ts';
import type { LocationError } from './types.ts';

/** Shapes of RFC 5491 §5 and GML that are recognised and not read. */
const unreadShapes: ReadonlySet<string> = new Set([
  'Polygon',
  'Ellipse',
  'ArcBand',
  'Sphere',
  'Ellipsoid',
  'Prism',
  'LineString',
  'Surface',
  'MultiPoint',
  'MultiPolygon',
  'MultiSurface',
  'Solid',
  'Envelope',
]);

/** EPSG 9001 and 9002 (RFC 5491 §5 allows the first only). */
const metre = 'urn:ogc:def:uom:EPSG::9001';
const metreNames = /^(?:.*[:#/]9001|m|met(?:re|er)s?)$/i;
const footNames = /^(?:.*[:#/]9002|ft|foot|feet)$/i;
const footM = 0.3048;
/** Half the way round the Earth: a larger radius leaves nothing out. */
const radiusMaxM = 20_037_508;

/** Whether an element names a shape, in GML's namespace, GeoShape's, or one that is taken for them. */
export function isShapeElement(element: XmlElement): boolean {
  if (!isShapeName(element.localName)) return false;
  return namespaceFit(element, namespaces.gml) !== 'foreign';
}

/** Reads a `gml:Point` or a `gs:Circle` (RFC 5491 §5.2.1, §5.2.3). Other shapes are refused as unsupported. */
export function readShape(element: XmlElement, warn: Warn): Result<Shape, LocationError> {
  const own = element.localName === 'Circle' ? namespaces.gs : namespaces.gml;
  if (unreadShapes.has(element.localName)) {
    return refuse('location.shapeUnsupported', `the shape ${element.localName} is not read`);
  }
  warnOfNamespace(element, own, warn);
  const system = readSystem(element, warn);
  if (!system.ok) return system;
  const center = readCenter(element, system.value, warn);
  if (!center.ok) return center;
  if (element.localName === 'Point') return ok({ kind: 'point', position: center.value });
  const radiusM = readRadius(element, warn);
  if (radiusM === undefined) return ok({ kind: 'point', position: center.value });
  return ok({ kind: 'circle', center: center.value, radiusM });
}

function isShapeName(localName: string): boolean {
  return localName === 'Point' || localName === 'Circle' || unreadShapes.has(localName);
}

/** What the reference system says of a text of coordinates. */
interface ReferenceSystem {
  readonly axisOrder: AxisOrder;
  /** Undefined where the document names none. */
  readonly dimensions: 2 | 3 | undefined;
  /** GML 2's name of EPSG 4326, under which either order was in use. */
  readonly isGml2Name: boolean;
}

/** Reads `srsName` of the shape, or of the position inside it, where some programs put it. */
function readSystem(element: XmlElement, warn: Warn): Result<ReferenceSystem, LocationError> {
  let name = attributeOf(element, 'srsName');
  if (name === undefined) {
    for (const child of childElements(element)) name ??= attributeOf(child, 'srsName');
  }
  const text = name?.trim();
  if (text === undefined || text === '') {
    warn('location.srsNameMissing', `no srsName on ${element.localName}: taken as EPSG 4326`);
    return ok({ axisOrder: 'latLon', dimensions: undefined, isGml2Name: false });
  }
  if (text === 'urn:ogc:def:crs:EPSG::4326')
    return ok({ axisOrder: 'latLon', dimensions: 2, isGml2Name: false });
  if (text === 'urn:ogc:def:crs:EPSG::4979')
    return ok({ axisOrder: 'latLon', dimensions: 3, isGml2Name: false });
  return readOddSystem(text, warn);
}

/** The other spellings that are about, each with a warning. */
function readOddSystem(text: string, warn: Warn): Result<ReferenceSystem, LocationError> {
  if (text.length > 200)
    return refuse('location.crsUnsupported', 'the srsName is no name of a reference system');
  if (/CRS:?84$/i.test(text)) {
    warn(
      'location.srsNameRepaired',
      'CRS84 puts longitude first and is read so; write urn:ogc:def:crs:EPSG::4326',
    );
    return ok({ axisOrder: 'lonLat', dimensions: 2, isGml2Name: false });
  }
  const code = /(?:EPSG|CRS)\b.*?[:#/](4326|4979|4269)$/i.exec(text)?.[1];
  if (code === '4269') {
    warn('location.datumAssumed', 'NAD 83 is taken as WGS 84; write urn:ogc:def:crs:EPSG::4326');
    return ok({ axisOrder: 'latLon', dimensions: 2, isGml2Name: false });
  }
  if (code !== undefined || /^WGS[ _-]?(?:19)?84$/i.test(text)) {
    warn('location.srsNameRepaired', 'the reference system is urn:ogc:def:crs:EPSG::4326 or ::4979 in full');
    const dimensions = code === undefined ? undefined : code === '4979' ? 3 : 2;
    return ok({ axisOrder: 'latLon', dimensions, isGml2Name: /\.xml#/i.test(text) });
  }
  return refuse('location.crsUnsupported', 'the reference system is not WGS 84; send EPSG 4326 or 4979');
}

function readCenter(
  element: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): Result<Position, LocationError> {
  const found = findCoordinates(element, system, warn);
  if (found === undefined) return refuse('location.positionMissing', `no position in ${element.localName}`);
  const read = readPosition(found.text, found.axisOrder, warn);
  if (!read.ok) return read;
  if (system.dimensions !== undefined && system.dimensions !== read.value.count) {
    const said = `${read.value.count} numbers for a system of ${system.dimensions} axes`;
    warn('location.dimensionMismatch', said);
  }
  return ok(read.value.position);
}

/** The text of a shape's coordinates: `pos`, or `coordinates` and `coord`, which GML 3.1 deprecates. */
function findCoordinates(
  element: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): { readonly text: string; readonly axisOrder: AxisOrder } | undefined {
  for (const child of childElements(element)) {
    if (namespaceFit(child, namespaces.gml) === 'foreign') continue;
    switch (child.localName) {
      case 'pos':
        warnOfNamespace(child, namespaces.gml, warn);
        return { text: collapsedTextOf(child), axisOrder: system.axisOrder };
      case 'coordinates': {
        warn('location.oldCoordinates', 'coordinates is an element of an older GML; write pos');
        const text = collapsedTextOf(child);
        // `x,y` is GML 2's form, where programs put longitude first as often as not.
        const isEitherOrder = text.includes(',') && (system.isGml2Name || !text.includes(' '));
        return { text, axisOrder: isEitherOrder ? 'unknown' : system.axisOrder };
      }
      case 'coord': {
        warn('location.oldCoordinates', 'coord is an element of an older GML; write pos');
        const parts = childElements(child).filter((part) => /^[XYZ]$/.test(part.localName));
        return { text: parts.map(collapsedTextOf).join(' '), axisOrder: system.axisOrder };
      }
      case 'center':
      case 'pointProperty':
      case 'Point': {
        const inner = findCoordinates(child, system, warn);
        if (inner !== undefined) return inner;
        break;
      }
      default:
    }
  }
  return undefined;
}

/** A circle's radius in metres; undefined, with a warning, where there is none to be had. */
function readRadius(circle: XmlElement, warn: Warn): number | undefined {
  const radius = childElements(circle).find(
    (child) => child.localName === 'radius' && namespaceFit(child, namespaces.gs) !== 'foreign',
  );
  const value = radius === undefined ? undefined : readNumber(collapsedTextOf(radius));
  const unitM = radius === undefined ? undefined : readUnit(radius, warn);
  if (value === undefined || unitM === undefined || value < 0 || value * unitM > radiusMaxM) {
    warn('location.radiusUnusable', 'the circle has no radius that can be used: taken as a point');
    return undefined;
  }
  return value * unitM;
}

/** Metres in one unit of the radius; undefined for a unit that is not known. */
function readUnit(radius: XmlElement, warn: Warn): number | undefined {
  const uom = attributeOf(radius, 'uom')?.trim();
  if (uom === metre) return 1;
  if (uom === undefined || uom === '') {
    warn('location.unitMissing', `a radius without a unit is taken as metres; write uom="${metre}"`);
    return 1;
  }
  if (uom.length > 100) return undefined;
  if (footNames.test(uom)) {
    warn('location.unitFoot', 'a radius in feet was converted; RFC 5491 allows metres only');
    return footM;
  }
  if (!metreNames.test(uom)) return undefined;
  warn('location.unitMissing', `the unit of a radius is written uom="${metre}"`);
  return 1;
}

function warnOfNamespace(element: XmlElement, own: string, warn: Warn): void {
  if (namespaceFit(element, own) === 'own') return;
  warn('location.namespaceRepaired', `${element.localName} belongs in the namespace ${own}`);
}

function refuse(code: LocationErrorCode, message: string): Result<never, LocationError> {
  return err({ code, message });
}
