import type { SourceCrs } from '../esrp/index.ts';

/** What a source says of its coordinate reference system. */
export type CrsState =
  | { readonly kind: 'lonLat' }
  | { readonly kind: 'other'; readonly crs: SourceCrs }
  /** It says nothing. */
  | { readonly kind: 'missing' }
  /** It says something that cannot be read. */
  | { readonly kind: 'unreadable'; readonly text: string };

/** Longitude and latitude, WGS 84. */
export const lonLat: CrsState = { kind: 'lonLat' };

/** A definition has at most so many characters; those of the EPSG registry have under 3,000. */
const definitionMax = 20_000;

/**
 * Reads how a system is named: `EPSG:3857`, the URN or the web address of one (OGC 07-092r1, OGC 09-048r3), CRS84, a WKT
 * definition (a `.prj` file) or a PROJ string. A number alone is one of the EPSG registry.
 */
export function readCrs(text: string): CrsState {
  const trimmed = text.replace(/^\ufeff/, '').trim();
  if (trimmed === '') return { kind: 'missing' };
  if (/(?:^|[:/])(?:OGC[:/](?:[0-9.]+)?[:/]?)?CRS84h?$/i.test(trimmed)) return lonLat;
  const code =
    /^(?:urn:(?:x-)?ogc:def:crs:)?EPSG:(?:[0-9.]*:)?([0-9]{1,6})$/i.exec(trimmed)?.[1] ??
    /^https?:\/\/(?:www\.)?opengis\.net\/(?:def\/crs\/EPSG\/[0-9.]+\/|gml\/srs\/epsg\.xml#)([0-9]{1,6})$/i.exec(
      trimmed,
    )?.[1] ??
    /^([0-9]{1,6})$/.exec(trimmed)?.[1];
  if (code !== undefined) return crsOfEpsg(Number(code));
  if (/^(?:GEOG|PROJ|GEOD|BOUND|COMPD|VERT|LOCAL|ENG)[A-Z]*\s*[[(]/i.test(trimmed)) return readWkt(trimmed);
  if (/^\+(?:proj|init)=/.test(trimmed) && trimmed.length <= definitionMax) {
    return { kind: 'other', crs: { kind: 'definition', text: trimmed } };
  }
  return { kind: 'unreadable', text: trimmed.slice(0, 80) };
}

/** A system of the EPSG registry; 4326 and its form with heights are what everything is kept in. */
export function crsOfEpsg(code: number): CrsState {
  if (code === 4326 || code === 4979) return lonLat;
  return code > 0 ? { kind: 'other', crs: { kind: 'epsg', code } } : { kind: 'missing' };
}

/**
 * The systems that `.prj` files name without a number, by the name alone, which ESRI fixes. Their EPSG numbers bring the shift
 * between datums with them.
 */
const esriNames: readonly (readonly [pattern: RegExp, code: (match: RegExpExecArray) => number])[] = [
  [/^GCS_WGS_1984$/, () => 4326],
  [/^GCS_North_American_1983$/, () => 4269],
  [/^GCS_North_American_1927$/, () => 4267],
  [/^GCS_ETRS_1989$/, () => 4258],
  [/^WGS_1984_Web_Mercator_Auxiliary_Sphere$/, () => 3857],
  [/^WGS_1984_UTM_Zone_([1-9]|[1-5][0-9]|60)N$/, ([, zone]) => 32_600 + Number(zone)],
  [/^WGS_1984_UTM_Zone_([1-9]|[1-5][0-9]|60)S$/, ([, zone]) => 32_700 + Number(zone)],
  [/^NAD_1983_UTM_Zone_([1-9]|1[0-9]|2[0-3])N$/, ([, zone]) => 26_900 + Number(zone)],
];

// WKT of version 1 names its own number last, by AUTHORITY["EPSG","2278"]; version 2 by ID["EPSG",2278].
const ownAuthority = /(?:AUTHORITY|ID)\s*\[\s*"EPSG"\s*,\s*"?([0-9]{1,6})"?\s*\]\s*\]\s*$/i;

function readWkt(text: string): CrsState {
  if (text.length > definitionMax || !isBalanced(text)) {
    return { kind: 'unreadable', text: text.slice(0, 80) };
  }
  const name = /^[A-Z0-9_]+\s*[[(]\s*"([^"]*)"/i.exec(text)?.[1] ?? '';
  const isBoundOrCompound = /^(?:BOUND|COMPD|COMPOUND)/i.test(text);
  const code = isBoundOrCompound ? undefined : ownAuthority.exec(text)?.[1];
  if (code !== undefined) return crsOfEpsg(Number(code));
  for (const [pattern, codeOf] of esriNames) {
    const match = pattern.exec(name);
    if (match !== null) return crsOfEpsg(codeOf(match));
  }
  return { kind: 'other', crs: { kind: 'definition', text } };
}

function isBalanced(text: string): boolean {
  const outside = text.replace(/"[^"]*"/g, '');
  return outside.split(/[[(]/).length === outside.split(/[\])]/).length;
}
