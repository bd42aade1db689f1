import { assertNever } from '../base/index.ts';
import type { Position, PositionRing, Ring, Shape } from '../geo/index.ts';
import { continuous, doubleAreaDeg2 } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { xmlElement } from '../xml/index.ts';
import { namespaces } from './namespaces.ts';
import { ordinateText } from './ordinate-text.ts';

/** How a ring lists its positions: in one `gml:posList`, or each in a `gml:pos` (RFC 5491 §5.2.2 shows both). */
export type RingForm = 'posList' | 'pos';

const metre = 'urn:ogc:def:uom:EPSG::9001';
const degree = 'urn:ogc:def:uom:EPSG::9102';

/**
 * Writes a shape as RFC 5491 §5 has it, in GML's order of axes: latitude, longitude, altitude. The reference system is EPSG
 * 4979 where every position has an altitude and the shape may have one, else 4326.
 */
export function shapeElement(shape: Shape, ringForm: RingForm): XmlElement {
  switch (shape.kind) {
    case 'point':
      return gml('Point', [posElement(shape.position)], systemOf([shape.position]));
    case 'circle':
      return centred('Circle', flat(shape.center), [length('radius', shape.radiusM)]);
    case 'ellipse':
      return centred('Ellipse', flat(shape.center), [
        length('semiMajorAxis', shape.semiMajorM),
        length('semiMinorAxis', shape.semiMinorM),
        angle('orientation', shape.orientationDeg),
      ]);
    case 'arcBand':
      return centred('ArcBand', flat(shape.center), [
        length('innerRadius', shape.innerRadiusM),
        length('outerRadius', shape.outerRadiusM),
        angle('startAngle', shape.startAngleDeg),
        angle('openingAngle', shape.openingAngleDeg),
      ]);
    case 'polygon': {
      const rings = [shape.exterior, ...shape.interiors];
      return polygonElement(rings, ringForm, systemOf(rings.flat()));
    }
    case 'sphere':
      return centred('Sphere', shape.center, [length('radius', shape.radiusM)]);
    case 'ellipsoid':
      return centred('Ellipsoid', shape.center, [
        length('semiMajorAxis', shape.semiMajorM),
        length('semiMinorAxis', shape.semiMinorM),
        length('verticalAxis', shape.verticalM),
        angle('orientation', shape.orientationDeg),
      ]);
    case 'prism': {
      const system = systemOf(shape.base);
      // RFC 5491 §5.2.8: the reference system is the prism's, the polygon inside has none of its own.
      const base = gs('base', [polygonElement([shape.base], ringForm, system, false)]);
      return gs('Prism', [base, length('height', shape.heightM)], { srsName: system.srsName });
    }
    default:
      return assertNever(shape);
  }
}

/**
 * Writes a polygon of plain rings, the exterior first: it turns counter-clockwise and its holes clockwise (RFC 5964 §3),
 * whichever way the rings turn.
 */
export function polygonElementOf(rings: readonly Ring[]): XmlElement {
  const boundaries = rings.map((ring, index) => {
    const corners = isCounterClockwise(ring) === (index === 0) ? ring : [...ring].reverse();
    let text = '';
    for (const [lon, lat] of corners)
      text += `${text === '' ? '' : ' '}${ordinateText(lat)} ${ordinateText(lon)}`;
    return gml(index === 0 ? 'exterior' : 'interior', [gml('LinearRing', [gml('posList', [text])])]);
  });
  return gml('Polygon', boundaries, { srsName: 'urn:ogc:def:crs:EPSG::4326', hasAltitude: false });
}

function isCounterClockwise(ring: Ring): boolean {
  const isOverAntimeridian = ring.some(([lon], index) => Math.abs(lon - (ring[index - 1]?.[0] ?? lon)) > 180);
  return doubleAreaDeg2(isOverAntimeridian ? continuous(ring) : ring) > 0;
}

interface ReferenceSystem {
  readonly srsName: string;
  readonly hasAltitude: boolean;
}

function systemOf(positions: readonly Position[]): ReferenceSystem {
  const hasAltitude = positions.every(({ altM }) => altM !== undefined);
  return { srsName: `urn:ogc:def:crs:EPSG::${hasAltitude ? 4979 : 4326}`, hasAltitude };
}

function flat({ lon, lat }: Position): Position {
  return { lon, lat };
}

function centred(localName: string, center: Position, measures: readonly XmlElement[]): XmlElement {
  return gs(localName, [posElement(center), ...measures], { srsName: systemOf([center]).srsName });
}

function polygonElement(
  rings: readonly PositionRing[],
  ringForm: RingForm,
  system: ReferenceSystem,
  isNamed = true,
): XmlElement {
  const boundaries = rings.map((ring, index) => {
    const text = (position: Position): string => ordinates(system.hasAltitude ? position : flat(position));
    const positions =
      ringForm === 'posList'
        ? [gml('posList', [ring.map(text).join(' ')])]
        : ring.map((position) => gml('pos', [text(position)]));
    return gml(index === 0 ? 'exterior' : 'interior', [gml('LinearRing', positions)]);
  });
  return gml('Polygon', boundaries, isNamed ? system : undefined);
}

function posElement(position: Position): XmlElement {
  return gml('pos', [ordinates(position)]);
}

/** The shortest text from which the same numbers are read again. */
function ordinates({ lon, lat, altM }: Position): string {
  const text = `${ordinateText(lat)} ${ordinateText(lon)}`;
  return altM === undefined ? text : `${text} ${altM}`;
}

function length(localName: string, metres: number): XmlElement {
  return gs(localName, [String(metres)], { uom: metre });
}

function angle(localName: string, degrees: number): XmlElement {
  return gs(localName, [String(degrees)], { uom: degree });
}

function gml(
  localName: string,
  children: readonly (XmlElement | string)[],
  system?: ReferenceSystem,
): XmlElement {
  const attributes = { srsName: system?.srsName };
  return xmlElement({ name: `gml:${localName}`, namespaceUri: namespaces.gml, attributes, children });
}

function gs(
  localName: string,
  children: readonly (XmlElement | string)[],
  attributes: Readonly<Record<string, string>> = {},
): XmlElement {
  return xmlElement({ name: `gs:${localName}`, namespaceUri: namespaces.gs, attributes, children });
}
