import type { Ring, Shape } from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';
import {
  isCivicElement,
  isShapeElement,
  polygonsIn,
  readCivic,
  readExactPolygon,
  readShape,
} from '../location/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { childElements } from '../xml/index.ts';
import { contentOf, isKnownProfile, locationChild } from './read-location.ts';
import { attributeText } from './read-parts.ts';
import type { LostBoundary } from './types.ts';

/** Elements of GML that hold several polygons, which add up. */
const collections = /^(?:MultiSurface|MultiPolygon|Surface|CompositeSurface)$/;

/** What the reader of shapes may have had to overlook without moving a border. */
const harmless: ReadonlySet<string> = new Set([
  'location.namespaceRepaired',
  'location.srsNameMissing',
  'location.srsNameRepaired',
  'location.ringClosed',
  'location.ringRepaired',
  'location.ringHoles',
  'location.separatorRepaired',
  'location.oldCoordinates',
  'location.signsRepaired',
  'location.hemisphereLetters',
  'location.dimensionMismatch',
  'location.altitudeMismatch',
]);

/** Reads the representations of a region; one that is neither understood nor to be passed on is left out. */
export function readBoundaries(elements: readonly XmlElement[]): readonly LostBoundary[] {
  return elements.map(readBoundary).filter(isOfUse);
}

/** Whether a boundary says anything. */
export function isOfUse(boundary: LostBoundary): boolean {
  return boundary.kind !== 'unreadable' || boundary.content !== undefined;
}

/**
 * Reads one representation of a region (RFC 5222 §5.5, §12.2, §12.3). A border that is not certain makes it unreadable:
 * nobody is helped by a region that is only near the one that was meant.
 */
export function readBoundary(element: XmlElement): LostBoundary {
  const profile = attributeText(element, 'profile');
  const content = contentOf(element);
  const unreadable: LostBoundary = { kind: 'unreadable', profile, content };
  if (profile !== undefined && !isKnownProfile(profile)) return unreadable;
  const parts = childElements(element).map(locationChild);
  if (parts.length === 0) return unreadable;
  if (parts.every(isCivicElement)) {
    const read = parts.map((part) => readCivic(part, () => undefined));
    const civics = read.filter((civic): civic is CivicAddress => civic !== undefined);
    return civics.length === parts.length ? { kind: 'civic', civics, content } : unreadable;
  }
  if (!parts.every(isShapeElement)) return unreadable;
  return readShapes(parts, content) ?? unreadable;
}

function readShapes(
  parts: readonly XmlElement[],
  content: readonly XmlElement[] | undefined,
): LostBoundary | undefined {
  const polygons: (readonly Ring[])[] = [];
  const shapes: Shape[] = [];
  for (const part of parts) {
    const isCollection = collections.test(part.localName);
    const members = isCollection ? polygonsIn(part) : [part];
    if (members.length === 0) return undefined;
    for (const member of members) {
      const exact = member.localName.startsWith('Polygon') ? readExactPolygon(member) : undefined;
      if (exact !== undefined) {
        polygons.push(exact);
        continue;
      }
      // The reference system of a collection is not looked for in its members.
      const shape = isCollection ? undefined : readCertainShape(member);
      if (shape?.kind === 'polygon') polygons.push(ringsOf(shape));
      else if (shape !== undefined && shape.kind !== 'point') shapes.push(shape);
      else return undefined;
    }
  }
  // Regions of both kinds are not met with; taking one for the whole would be wrong.
  if (polygons.length > 0 && shapes.length > 0) return undefined;
  return polygons.length > 0 ? { kind: 'polygons', polygons, content } : { kind: 'shapes', shapes, content };
}

function readCertainShape(element: XmlElement): Shape | undefined {
  let isCertain = true;
  const shape = readShape(element, (code) => {
    if (!harmless.has(code)) isCertain = false;
  });
  return shape.ok && isCertain ? shape.value : undefined;
}

function ringsOf(shape: Shape & { readonly kind: 'polygon' }): readonly Ring[] {
  return [shape.exterior, ...shape.interiors].map((ring) =>
    ring.map(({ lon, lat }): readonly [number, number] => [lon, lat]),
  );
}
