import type { Position, Shape } from '../geo/index.ts';
import { isPositionInRange } from '../geo/index.ts';

const number = String.raw`-?\d{1,12}(?:\.\d{0,20})?`;
const coordinates = new RegExp(`^geo:(${number}),(${number})(?:,(${number}))?(?:;(.*))?$`, 'i');

/** Half of the way around the Earth, metres: what is less certain than that says nothing. */
const radiusMaxM = 20_037_508;

/**
 * Reads a `geo:` URI (RFC 5870 §3.3): a point; with an uncertainty (`u`, metres, §3.4.3) a circle, and a sphere where there is an
 * altitude too. Undefined: not one, out of range, or in another reference system than WGS 84.
 *
 * `headerParams` are parameters that stood behind the URI where its angle brackets were left out.
 */
export function readGeoUri(uri: string, headerParams: ReadonlyMap<string, string>): Shape | undefined {
  const match = coordinates.exec(uri.replace(/[\t ]+/g, ''));
  if (match === null) return undefined;
  const params = new Map(headerParams);
  for (const part of (match[4] ?? '').split(';')) {
    const [name = '', value = ''] = part.split('=', 2);
    params.set(name.toLowerCase(), value);
  }
  if ((params.get('crs') ?? 'wgs84').toLowerCase() !== 'wgs84') return undefined;
  const position = toPosition(match);
  if (!isPositionInRange(position)) return undefined;
  const uncertainty = params.get('u') ?? '';
  const radiusM = /^\d{1,9}(?:\.\d{0,20})?$/.test(uncertainty) ? Number(uncertainty) : 0;
  if (radiusM > radiusMaxM) return undefined;
  if (radiusM === 0) return { kind: 'point', position };
  const kind = position.altM === undefined ? 'circle' : 'sphere';
  return { kind, center: position, radiusM };
}

/** RFC 5870 §3.4.2: the longitude of a pole is zero. */
function toPosition(match: RegExpExecArray): Position {
  const lat = Number(match[1]);
  const lon = Math.abs(lat) === 90 ? 0 : Number(match[2]);
  return match[3] === undefined ? { lon, lat } : { lon, lat, altM: Number(match[3]) };
}
