import type { XmlElement } from '../xml/index.ts';
import { attributeOf, collapsedTextOf } from '../xml/index.ts';
import { ownChild } from './gml-elements.ts';
import { namespaces } from './namespaces.ts';
import type { Warn } from './ordinates.ts';
import { readNumber } from './ordinates.ts';

/** EPSG 9001, 9102 and 9101: what RFC 5491 §5 allows. */
const metre = 'urn:ogc:def:uom:EPSG::9001';
const degree = 'urn:ogc:def:uom:EPSG::9102';
const radian = 'urn:ogc:def:uom:EPSG::9101';

/** Other units of length by EPSG code and by name, in metres; 9003 is the foot of the US survey. */
const lengthUnits: readonly (readonly [names: RegExp, metres: number])[] = [
  [/^(?:.*[:#/]9001|m|met(?:re|er)s?)$/i, 1],
  [/^(?:.*[:#/]9002|ft|foot|feet)$/i, 0.3048],
  [/^(?:.*[:#/]9003|us-?ft|(?:us )?survey (?:foot|feet))$/i, 1200 / 3937],
  [/^(?:.*[:#/]9036|km|kilomet(?:re|er)s?)$/i, 1000],
  [/^(?:.*[:#/](?:9093|9035)|mi|miles?)$/i, 1609.344],
  [/^(?:.*[:#/]9030|nmi?|nautical miles?)$/i, 1852],
  [/^(?:.*[:#/]9096|yd|yards?)$/i, 0.9144],
];
const degreeNames = /^(?:.*[:#/]9102|deg(?:rees?)?|\u00b0)$/i;
const radianNames = /^(?:.*[:#/]9101|rad(?:ians?)?)$/i;
/** Longer than any name of a unit. */
const uomMax = 100;
/** Half the way round the Earth: a larger length leaves nothing out. */
const lengthMaxM = 20_037_508;
/** A full turn in radians, with a little for rounding. */
const turnRad = 2 * Math.PI + 1e-6;

/**
 * The length that a child of a shape gives, metres, zero or more; undefined where there is none to be had, of which the
 * caller warns. A minus is kept only where `isSigned`.
 */
export function readLengthM(
  shape: XmlElement,
  name: string,
  warn: Warn,
  isSigned = false,
): number | undefined {
  const element = ownChild(shape, name, namespaces.gs, warn);
  const value = element && readNumber(collapsedTextOf(element));
  const unitM = element && readLengthUnit(element, warn);
  if (value === undefined || unitM === undefined || (value < 0 && !isSigned)) return undefined;
  const lengthM = value * unitM;
  // Zero has one sign.
  return Math.abs(lengthM) > lengthMaxM ? undefined : lengthM + 0;
}

/** Metres in one unit; undefined for a unit that is not known. */
function readLengthUnit(element: XmlElement, warn: Warn): number | undefined {
  const uom = attributeOf(element, 'uom')?.trim();
  if (uom === metre) return 1;
  if (uom === undefined || uom === '') {
    warn(
      'location.unitMissing',
      `${element.localName} without a unit is taken as metres; write uom="${metre}"`,
    );
    return 1;
  }
  if (uom.length > uomMax) return undefined;
  for (const [index, [names, metres]] of lengthUnits.entries()) {
    if (!names.test(uom)) continue;
    if (index === 0)
      warn('location.unitMissing', `the unit of ${element.localName} is written uom="${metre}"`);
    else if (index <= 2) {
      warn('location.unitFoot', `${element.localName} in feet was converted; RFC 5491 allows metres only`);
    } else warn('location.unitConverted', `${element.localName} was converted; RFC 5491 allows metres only`);
    return metres;
  }
  return undefined;
}

/** The angle that a child of a shape gives, degrees, as it is; undefined where there is none to be had. */
export function readAngleDeg(shape: XmlElement, name: string, warn: Warn): number | undefined {
  const element = ownChild(shape, name, namespaces.gs, warn);
  const value = element && readNumber(collapsedTextOf(element));
  if (element === undefined || value === undefined) return undefined;
  const uom = attributeOf(element, 'uom')?.trim();
  if (uom === degree) return value;
  if (uom === undefined || uom === '') {
    warn('location.unitMissing', `${name} without a unit is taken as degrees; write uom="${degree}"`);
    return value;
  }
  if (uom === radian) return fromRadians(value, name, warn);
  if (uom.length > uomMax) return undefined;
  if (degreeNames.test(uom)) {
    warn('location.unitMissing', `the unit of ${name} is written uom="${degree}"`);
    return value;
  }
  if (!radianNames.test(uom)) return undefined;
  warn('location.unitMissing', `the unit of ${name} is written uom="${radian}"`);
  return fromRadians(value, name, warn);
}

/** A direction, degrees clockwise from north, 0 up to 360; undefined where there is none to be had. */
export function readBearingDeg(shape: XmlElement, name: string, warn: Warn): number | undefined {
  const angle = readAngleDeg(shape, name, warn);
  if (angle === undefined) return undefined;
  if (angle < 0 || angle > 360) {
    warn('location.angleRepaired', `${name} is beyond a full turn, or negative; read as the same direction`);
  }
  return turned(angle);
}

/** The same direction within 0 up to 360 degrees. */
export function turned(angleDeg: number): number {
  const rest = angleDeg % 360;
  return rest < 0 ? rest + 360 : rest + 0;
}

/** Programs that take one unit for the other are about: beyond a full turn the value tells. */
function fromRadians(value: number, name: string, warn: Warn): number {
  if (Math.abs(value) > turnRad) {
    warn('location.angleRepaired', `${name} is said to be in radians, and its value can only be degrees`);
    return value;
  }
  return (value * 180) / Math.PI;
}
