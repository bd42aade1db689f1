import type { LocationLimits, PidfLo } from '../../../src/location/index.ts';
import { chooseLocation, defaultLocationLimits, parsePidfLo } from '../../../src/location/index.ts';

/** The namespaces of a PIDF-LO document, as they are declared when everything is as it should be. */
export const declarations =
  'xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" ' +
  'xmlns:gbp="urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" ' +
  'xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" xmlns:gml="http://www.opengis.net/gml" ' +
  'xmlns:gs="http://www.opengis.net/pidflo/1.0"';

export const wgs84 = 'srsName="urn:ogc:def:crs:EPSG::4326"';

/** A point with its position as text. */
export function point(pos: string, attributes = wgs84): string {
  return `<gml:Point ${attributes}><gml:pos>${pos}</gml:pos></gml:Point>`;
}

/** A geopriv element around the content of a location-info. */
export function geopriv(info: string, rest = '<gp:usage-rules/>'): string {
  return `<gp:geopriv><gp:location-info>${info}</gp:location-info>${rest}</gp:geopriv>`;
}

/** A tuple around a geopriv element. */
export function tuple(inner: string): string {
  return `<tuple id="t"><status>${inner}</status></tuple>`;
}

/** A device or person around a geopriv element. */
export function dataModel(name: 'device' | 'person', inner: string): string {
  return `<dm:${name} id="d">${inner}</dm:${name}>`;
}

/** A whole document. */
export function presence(...children: readonly string[]): string {
  return `<presence ${declarations} entity="pres:caller@example.com">${children.join('')}</presence>`;
}

/** Reads a document that must have locations or reasons in it. */
export function readDocument(text: string, limits: LocationLimits = defaultLocationLimits): PidfLo {
  const read = parsePidfLo(Buffer.from(text), { kind: 'query' }, limits);
  if (!read.ok) throw new Error(`${read.error.code}: ${read.error.message}`);
  return read.value;
}

/** Reads the content of one location-info: what came of it, and the codes of the warnings. */
export function readInfo(info: string): {
  readonly shape: unknown;
  readonly civic: unknown;
  readonly rejected: readonly string[];
  readonly warnings: readonly string[];
} {
  const document = readDocument(presence(tuple(geopriv(info))));
  const location = chooseLocation(document);
  const civic = location?.civic;
  return {
    shape: location?.shape,
    civic: civic && {
      country: civic.country,
      language: civic.language,
      ...Object.fromEntries(civic.elements),
    },
    rejected: document.entries.flatMap((entry) =>
      entry.kind === 'rejected' ? [`${entry.rejected.outcome} ${entry.rejected.error.code}`] : [],
    ),
    warnings: document.warnings.map(({ code }) => code.replace(/^location\./, '')),
  };
}
