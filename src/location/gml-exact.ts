import type { Position, Ring } from '../geo/index.ts';
import { isPositionInRange } from '../geo/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf, textOf } from '../xml/index.ts';
import { readSystem } from './gml-system.ts';
import { namespaceFit, namespaces } from './namespaces.ts';
import { readPlainNumbers } from './plain-numbers.ts';

/**
 * Reads a GML polygon exactly or not at all: no ring is repaired, widened or left out, however many corners it has. The
 * exterior comes first, then the holes; longitude before latitude, altitudes left out. Undefined where anything in it is
 * not as RFC 5491 §5.2.2 and RFC 5964 §4 have it. For regions whose borders must not move, such as service boundaries; a
 * caller's area is read by `readShape`, which makes the most of what there is.
 */
export function readExactPolygon(polygon: XmlElement): readonly Ring[] | undefined {
  const system = readSystem(polygon, () => undefined);
  if (!system.ok || system.value.axisOrder === 'unknown' || system.value.isGml2Name) return undefined;
  const { axisOrder, dimensions } = system.value;
  const rings: Ring[] = [];
  for (const child of polygon.children) {
    if (typeof child === 'string' || namespaceFit(child, namespaces.gml) === 'foreign') continue;
    const isExterior = child.localName === 'exterior';
    if (!isExterior && child.localName !== 'interior') continue;
    // One exterior, before all holes.
    if (isExterior !== (rings.length === 0)) return undefined;
    const ring = readExactRing(child, axisOrder === 'latLon', dimensions);
    if (ring === undefined) return undefined;
    rings.push(ring);
  }
  return rings.length === 0 ? undefined : rings;
}

function readExactRing(
  boundary: XmlElement,
  isLatFirst: boolean,
  dimensions: 2 | 3 | undefined,
): Ring | undefined {
  const holder = boundary.children.find((child) => typeof child !== 'string');
  if (holder === undefined || typeof holder === 'string' || holder.localName !== 'LinearRing')
    return undefined;
  const corners: (readonly [number, number])[] = [];
  for (const child of holder.children) {
    if (typeof child === 'string') continue;
    if (child.localName !== 'pos' && child.localName !== 'posList') return undefined;
    const values = readPlainNumbers(textOf(child));
    if (values === undefined) return undefined;
    const said = attributeOf(child, 'srsDimension')?.trim() === '3' ? 3 : undefined;
    const size = child.localName === 'pos' ? values.length : (dimensions ?? said ?? 2);
    if ((size !== 2 && size !== 3) || values.length % size !== 0) return undefined;
    for (let index = 0; index < values.length; index += size) {
      const first = values[index] ?? Number.NaN;
      const second = values[index + 1] ?? Number.NaN;
      const position: Position = isLatFirst ? { lon: second, lat: first } : { lon: first, lat: second };
      if (!isPositionInRange(position)) return undefined;
      corners.push([position.lon, position.lat]);
    }
  }
  const [start] = corners;
  const end = corners.at(-1);
  if (start === undefined || end === undefined || corners.length < 4) return undefined;
  return start[0] === end[0] && start[1] === end[1] ? corners : undefined;
}
