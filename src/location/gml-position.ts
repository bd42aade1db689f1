import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { Position } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { collapsedTextOf } from '../xml/index.ts';
import { refuse, warnOfNamespace } from './gml-elements.ts';
import type { ReferenceSystem } from './gml-system.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import type { AxisOrder, Warn } from './ordinates.ts';
import { readPosition } from './ordinates.ts';
import type { LocationError } from './types.ts';

/** Reads the position of a point, or the centre of a round shape. */
export function readCenter(
  element: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): Result<Position, LocationError> {
  const found = findCoordinates(element, system, warn);
  if (found === undefined) return refuse('location.positionMissing', `no position in ${element.localName}`);
  return readPositionIn(found.text, found.axisOrder, system, warn);
}

/** Reads one position, and warns where it has not the numbers that its reference system has axes. */
export function readPositionIn(
  text: string,
  axisOrder: AxisOrder,
  system: ReferenceSystem,
  warn: Warn,
): Result<Position, LocationError> {
  const read = readPosition(text, axisOrder, warn);
  if (!read.ok) return read;
  if (system.dimensions !== undefined && system.dimensions !== read.value.count) {
    const said = `${read.value.count} numbers for a system of ${system.dimensions} axes`;
    warn('location.dimensionMismatch', said);
  }
  return ok(read.value.position);
}

/** The order of axes of a `coordinates` element: `x,y` is GML 2's form, where programs put longitude first as often as not. */
export function coordinatesOrder(text: string, system: ReferenceSystem): AxisOrder {
  const isEitherOrder = text.includes(',') && (system.isGml2Name || !text.includes(' '));
  return isEitherOrder ? 'unknown' : system.axisOrder;
}

/** The text of a `coord` element of GML 2. */
export function coordText(coord: XmlElement, warn: Warn): string {
  warn('location.oldCoordinates', 'coord is an element of an older GML; write pos');
  const parts: string[] = [];
  for (const part of coord.children) {
    if (typeof part !== 'string' && /^[XYZ]$/.test(part.localName)) parts.push(collapsedTextOf(part));
  }
  return parts.join(' ');
}

/** The text of a shape's coordinates: `pos`, or `coordinates` and `coord`, which GML 3.1 deprecates. */
function findCoordinates(
  element: XmlElement,
  system: ReferenceSystem,
  warn: Warn,
): { readonly text: string; readonly axisOrder: AxisOrder } | undefined {
  for (const child of element.children) {
    if (typeof child === 'string' || namespaceFit(child, namespaces.gml) === 'foreign') continue;
    switch (child.localName) {
      case 'pos':
        warnOfNamespace(child, namespaces.gml, warn);
        return { text: collapsedTextOf(child), axisOrder: system.axisOrder };
      case 'coordinates': {
        warn('location.oldCoordinates', 'coordinates is an element of an older GML; write pos');
        const text = collapsedTextOf(child);
        return { text, axisOrder: coordinatesOrder(text, system) };
      }
      case 'coord':
        return { text: coordText(child, warn), axisOrder: system.axisOrder };
      case 'center':
      case 'centerOf':
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
