import { assertNever } from '../base/index.ts';
import { civicElement, polygonElementOf, shapeElement } from '../location/index.ts';
import type { XmlElement } from '../xml/index.ts';
import type { LostBoundary, LostLocation, LostLocationValue } from './types.ts';
import { extension, lost } from './write-parts.ts';

/**
 * Writes the locations of a request. What was read is passed on as it stood. One that holds nothing that could be written is
 * left out: no schema allows an empty one.
 */
export function locationElements(locations: readonly LostLocation[]): readonly XmlElement[] {
  return locations.flatMap(({ id, profile, value, content }, index) => {
    const children = content ?? valueElements(value);
    if (children.length === 0) return [];
    // RFC 5222 §7: every location has an id.
    const attributes = { id: id ?? `location-${index + 1}`, profile: profile ?? profileOf(value) };
    return [lost('location', children, attributes)];
  });
}

/** Writes a region: an element for each of its areas or addresses (RFC 5222 §12.3), or what was read as it stood. */
export function boundaryElements(
  boundary: LostBoundary,
  namespaceUri: string,
  name: string,
  expires?: string,
): readonly XmlElement[] {
  const profile =
    boundary.kind === 'unreadable' ? boundary.profile : boundary.kind === 'civic' ? 'civic' : 'geodetic-2d';
  const groups =
    boundary.content === undefined ? areaElements(boundary).map((area) => [area]) : [boundary.content];
  return groups.map((children) => extension(namespaceUri, name, children, { profile, expires }));
}

function valueElements(value: LostLocationValue): readonly XmlElement[] {
  switch (value.kind) {
    case 'geodetic':
      return [shapeElement(value.shape, 'posList')];
    case 'civic':
      return [civicElement(value.civic)];
    case 'unusable':
      return [];
    default:
      return assertNever(value);
  }
}

function profileOf(value: LostLocationValue): string | undefined {
  if (value.kind === 'unusable') return undefined;
  return value.kind === 'geodetic' ? 'geodetic-2d' : 'civic';
}

function areaElements(boundary: LostBoundary): readonly XmlElement[] {
  switch (boundary.kind) {
    case 'polygons':
      return boundary.polygons.map(polygonElementOf);
    case 'shapes':
      return boundary.shapes.map((shape) => shapeElement(shape, 'posList'));
    case 'civic':
      return boundary.civics.map(civicElement);
    case 'unreadable':
      return [];
    default:
      return assertNever(boundary);
  }
}
