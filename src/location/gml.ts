import type { Result } from '../base/index.ts';
import { assertNever, ok } from '../base/index.ts';
import type { Shape } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { polygonsIn, readEnvelope, readPolygon, readPrism } from './gml-area.ts';
import { refuse, warnOfNamespace } from './gml-elements.ts';
import { readCenter } from './gml-position.ts';
import type { RoundKind } from './gml-round.ts';
import { readRound } from './gml-round.ts';
import { readSystem } from './gml-system.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type { Warn } from './ordinates.ts';
import type { LocationError } from './types.ts';

/** How an element of GML or GeoShape is read. */
type Reading = 'point' | 'polygon' | 'prism' | RoundKind | 'envelope' | 'surface' | 'none';

/** The eight shapes of RFC 5491 §5, those of GML that cover the same, and those that are no area. */
const readings: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  ['Point', 'point'],
  ['Polygon', 'polygon'],
  ['Circle', 'circle'],
  ['Ellipse', 'ellipse'],
  ['ArcBand', 'arcBand'],
  ['Sphere', 'sphere'],
  ['Ellipsoid', 'ellipsoid'],
  ['Prism', 'prism'],
  ['CircleByCenterPoint', 'circle'],
  ['Envelope', 'envelope'],
  ['LinearRing', 'surface'],
  ['Surface', 'surface'],
  ['CompositeSurface', 'surface'],
  ['MultiSurface', 'surface'],
  ['MultiPolygon', 'surface'],
  ...[
    ...['LineString', 'Curve', 'MultiPoint', 'MultiCurve', 'MultiLineString', 'MultiGeometry', 'Solid'],
    ...['MultiSolid', 'CompositeCurve', 'CompositeSolid', 'Box', 'Triangle', 'Rectangle', 'Tin', 'Arc'],
    ...[
      'TriangulatedSurface',
      'PolyhedralSurface',
      'OrientableSurface',
      'OrientableCurve',
      'ArcByCenterPoint',
    ],
  ].map((name): [string, Reading] => [name, 'none']),
]);

/** Shapes that RFC 5491 takes from GML itself; the others are GeoShape's. */
const gmlNames: ReadonlySet<string> = new Set(['Point', 'Polygon']);

/** Whether an element names a shape, in GML's namespace, GeoShape's, or one that is taken for them. */
export function isShapeElement(element: XmlElement): boolean {
  return readings.has(element.localName) && namespaceFit(element, namespaces.gml) !== 'foreign';
}

/**
 * Reads a shape (RFC 5491 §5): all eight in two and three dimensions, and those of GML that one of them stands for. What
 * is broken is repaired where that is certain, or widened where it is not, always with a warning. Lines, and several
 * shapes at once, are refused as unsupported.
 */
export function readShape(element: XmlElement, warn: Warn): Result<Shape, LocationError> {
  const name = element.localName;
  const reading = readings.get(name) ?? 'none';
  if (reading === 'none') return refuse('location.shapeUnsupported', `the shape ${name} is not read`);
  if (gmlNames.has(name)) warnOfNamespace(element, namespaces.gml, warn);
  else if (reading !== 'envelope' && reading !== 'surface' && name !== 'CircleByCenterPoint') {
    warnOfNamespace(element, namespaces.gs, warn);
  }
  const system = readSystem(element, warn);
  if (!system.ok) return system;
  switch (reading) {
    case 'point': {
      const position = readCenter(element, system.value, warn);
      return position.ok ? ok({ kind: 'point', position: position.value }) : position;
    }
    case 'polygon':
      return readPolygon(element, system.value, warn);
    case 'prism':
      return readPrism(element, system.value, warn);
    case 'envelope':
      return readEnvelope(element, system.value, warn);
    case 'surface': {
      const polygons = name === 'LinearRing' ? [element] : polygonsIn(element);
      const [polygon] = polygons;
      if (polygon === undefined || polygons.length > 1) {
        return refuse('location.shapeUnsupported', `a ${name} of ${polygons.length} polygons is not read`);
      }
      warn('location.shapeSubstituted', `a ${name} is read as its polygon`);
      return readPolygon(polygon, system.value, warn);
    }
    case 'circle':
    case 'sphere':
    case 'ellipse':
    case 'ellipsoid':
    case 'arcBand':
      if (name === 'CircleByCenterPoint') {
        warn('location.shapeSubstituted', 'a CircleByCenterPoint is read as the circle that it is');
      }
      return readRound(reading, element, system.value, warn);
    default:
      return assertNever(reading);
  }
}
