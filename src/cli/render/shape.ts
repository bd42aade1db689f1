import type { WireLocation, WireShape } from '../../http/index.ts';

/** A shape in words: its kind, its measures, where it is. */
export function shapeText(shape: WireShape): string {
  switch (shape.kind) {
    case 'point':
      return `point ${positionText(shape.position)}`;
    case 'circle':
      return `circle of ${metres(shape.radiusM)} around ${positionText(shape.center)}`;
    case 'ellipse':
      return `ellipse ${axes(shape)}, ${degrees(shape.orientationDeg)}, around ${positionText(shape.center)}`;
    case 'arcBand':
      return (
        `arc band from ${metres(shape.innerRadiusM)} to ${metres(shape.outerRadiusM)}, ${degrees(shape.startAngleDeg)} to ` +
        `${degrees((shape.startAngleDeg + shape.openingAngleDeg) % 360)}, around ${positionText(shape.center)}`
      );
    case 'polygon':
      return `polygon of ${ringText(shape.exterior)}${holesText(shape.interiors.length)}`;
    case 'sphere':
      return `sphere of ${metres(shape.radiusM)} around ${positionText(shape.center)}`;
    case 'ellipsoid':
      return (
        `ellipsoid ${axes(shape)}, ${metres(shape.verticalM)} up and down, ${degrees(shape.orientationDeg)}, around ` +
        positionText(shape.center)
      );
    case 'prism':
      return `prism ${metres(shape.heightM)} high over ${ringText(shape.base)}`;
    default:
      // A server of a newer version may know more.
      return 'a shape that this version does not know';
  }
}

/** A civic address in one line: names with their values, `country` first. */
export function civicText(civic: Readonly<Record<string, string>>): string {
  const { country, ...rest } = civic;
  const named = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
  return [...(country === undefined ? [] : [country]), ...named].join(', ');
}

/** A location in one line: what it is, how sure it is, and where it came from. */
export function locationText(location: WireLocation): string {
  const { shape, civic, method, confidence, timestamp } = location;
  const parts = [
    shape === undefined ? undefined : shapeText(shape),
    civic === undefined ? undefined : civicText(civic),
    confidence === undefined ? undefined : confidenceText(confidence),
    method === undefined ? undefined : `by ${method}`,
    timestamp === undefined ? undefined : `at ${timestamp}`,
    `from ${sourceText(location.source)}`,
  ];
  return parts.filter((part) => part !== undefined).join('; ');
}

function sourceText(source: WireLocation['source']): string {
  switch (source.kind) {
    case 'body':
      return `part ${source.partPath} of the request`;
    case 'reference':
      return `${source.uri} (${source.protocol})`;
    case 'locationServer':
      return `the location server, asked for ${source.identity}`;
    case 'header':
      return `Geolocation value ${source.ordinal}`;
    case 'alert':
      return `the alert in part ${source.partPath}`;
    case 'table':
      return `the ${source.table} table, row ${source.key}`;
    case 'default':
      return `the default place of the ${source.of} ${source.name}`;
    case 'query':
      return 'the query';
    default:
      return 'elsewhere';
  }
}

function confidenceText({ percent, pdf }: NonNullable<WireLocation['confidence']>): string {
  const sure = percent === undefined ? 'confidence unknown' : `${percent} % sure`;
  return pdf === 'unknown' ? sure : `${sure} (${pdf})`;
}

function axes({ semiMajorM, semiMinorM }: { readonly semiMajorM: number; readonly semiMinorM: number }) {
  return `${round(semiMajorM)} \u00d7 ${metres(semiMinorM)}`;
}

type WirePosition = Extract<WireShape, { kind: 'point' }>['position'];

function positionText({ lat, lon, altM }: WirePosition): string {
  return `${lat}, ${lon}${altM === undefined ? '' : `, ${metres(altM)} above the ellipsoid`}`;
}

function ringText(ring: readonly WirePosition[]): string {
  const [first] = ring;
  const start = first === undefined ? '' : ` from ${positionText(first)}`;
  return `${Math.max(0, ring.length - 1)} corners${start}`;
}

function holesText(count: number): string {
  return count === 0 ? '' : `, ${count} ${count === 1 ? 'hole' : 'holes'}`;
}

function metres(value: number): string {
  return `${round(value)} m`;
}

function degrees(value: number): string {
  return `${round(value)}\u00b0`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
