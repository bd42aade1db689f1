import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { attributeOf } from '../xml/index.ts';
import { refuse } from './gml-elements.ts';
import type { AxisOrder, Warn } from './ordinates.ts';
import type { LocationError } from './types.ts';

/** What the reference system says of a text of coordinates. */
export interface ReferenceSystem {
  readonly axisOrder: AxisOrder;
  /** Undefined where the document names none. */
  readonly dimensions: 2 | 3 | undefined;
  /** GML 2's name of EPSG 4326, under which either order was in use. */
  readonly isGml2Name: boolean;
}

const plane: ReferenceSystem = { axisOrder: 'latLon', dimensions: 2, isGml2Name: false };
const space: ReferenceSystem = { axisOrder: 'latLon', dimensions: 3, isGml2Name: false };
const unnamed: ReferenceSystem = { axisOrder: 'latLon', dimensions: undefined, isGml2Name: false };
/** Longer than any name of a reference system. */
const nameMax = 200;
/** `Prism/base/Polygon/exterior/LinearRing/pos`. */
const depthMax = 6;

/**
 * Reads the reference system of a shape: `srsName` of its outermost element (RFC 5491 §5), else of an element inside, where
 * some programs put it. EPSG 4326 and 4979 in any of the spellings that are about, NAD 83, and CRS84 with its own order
 * of axes; others are refused.
 */
export function readSystem(shape: XmlElement, warn: Warn): Result<ReferenceSystem, LocationError> {
  const outer = attributeOf(shape, 'srsName')?.trim();
  if (outer === 'urn:ogc:def:crs:EPSG::4326') return ok(plane);
  if (outer === 'urn:ogc:def:crs:EPSG::4979') return ok(space);
  if (outer !== undefined && outer !== '') return readOddName(outer, warn);
  const inner = innerName(shape, depthMax)?.trim();
  if (inner === undefined || inner === '') {
    warn('location.srsNameMissing', `no srsName on ${shape.localName}: taken as EPSG 4326`);
    return ok(unnamed);
  }
  if (inner === 'urn:ogc:def:crs:EPSG::4326' || inner === 'urn:ogc:def:crs:EPSG::4979') {
    warn('location.srsNameRepaired', `the srsName belongs on ${shape.localName}, not inside of it`);
    return ok(inner.endsWith('4979') ? space : plane);
  }
  return readOddName(inner, warn);
}

function innerName(element: XmlElement, depth: number): string | undefined {
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    const name = attributeOf(child, 'srsName') ?? (depth > 1 ? innerName(child, depth - 1) : undefined);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The other spellings that are about, each with a warning. */
function readOddName(text: string, warn: Warn): Result<ReferenceSystem, LocationError> {
  if (text.length > nameMax) {
    return refuse('location.crsUnsupported', 'the srsName is no name of a reference system');
  }
  const crs84 = /CRS:?84(h?)$/i.exec(text);
  if (crs84 !== null) {
    warn(
      'location.srsNameRepaired',
      'CRS84 puts longitude first and is read so; write urn:ogc:def:crs:EPSG::4326',
    );
    return ok({ axisOrder: 'lonLat', dimensions: crs84[1] === '' ? 2 : 3, isGml2Name: false });
  }
  const code = /(?:EPSG|CRS)\b.*?[:#/](4326|4979|4269)$/i.exec(text)?.[1];
  if (code === '4269') {
    warn('location.datumAssumed', 'NAD 83 is taken as WGS 84; write urn:ogc:def:crs:EPSG::4326');
    return ok(plane);
  }
  if (code === undefined && !/^WGS[ _-]?(?:19)?84$/i.test(text)) {
    return refuse('location.crsUnsupported', 'the reference system is not WGS 84; send EPSG 4326 or 4979');
  }
  warn('location.srsNameRepaired', 'the reference system is urn:ogc:def:crs:EPSG::4326 or ::4979 in full');
  const dimensions = code === undefined ? undefined : code === '4979' ? 3 : 2;
  return ok({ axisOrder: 'latLon', dimensions, isGml2Name: /\.xml#/i.test(text) });
}
