import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { Position } from '../geo/index.ts';
import { isPositionInRange } from '../geo/index.ts';
import type { LocationErrorCode } from './errors.ts';
import { readPlainNumbers } from './plain-numbers.ts';
import type { LocationError } from './types.ts';

/** Which axis comes first in a text of coordinates. */
export type AxisOrder = 'latLon' | 'lonLat' | 'unknown';

/** Coordinates as numbers, in the order of the text. */
interface Ordinates {
  readonly values: readonly number[];
  readonly axisOrder: AxisOrder;
}

/** Tells a warning's code and text to whoever reads the document. */
export type Warn = (code: LocationErrorCode, message: string) => void;

/** Positions of one ring as they were written, in one order of axes. */
export interface PositionTuples {
  /** First axis, second axis, and altitude where there is one. */
  readonly tuples: readonly (readonly number[])[];
  readonly axisOrder: AxisOrder;
}

/**
 * xs:double without INF and NaN, which are valid by schema and are no place. No two parts match the same
 * digits: it fails in one pass.
 */
const number = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?$/;
/** Degrees, optional minutes and seconds, and a hemisphere (RFC 4119 §2.3: `37:46:30N`). */
const angle =
  /^([0-9]{1,3}(?:\.[0-9]{1,20})?)(?::([0-9]{1,2}(?:\.[0-9]{1,20})?))?(?::([0-9]{1,2}(?:\.[0-9]{1,20})?))?:?([NSEW])$/i;
/** Signs of degrees, minutes and seconds, and the minus of typography: no decimal number has them. */
const signs = /[\u00b0\u2032\u2033\u2019\u201d\u2212'"]/;
/** White space that is not single spaces between words. */
const uncollapsed = /^ |[\t\n\r]| {2}| $/;
/** Longer than any coordinates of one position. */
const textMax = 32_768;
/** How far a latitude may pass the pole by rounding and still not be taken for a longitude: about a metre. */
const poleSlackDeg = 1e-5;

/**
 * Reads the coordinates of one position. This is the one place where GML's order (latitude, longitude) becomes
 * ours. An order that the values disprove is turned round, with a warning.
 */
export function readPosition(
  text: string,
  axisOrder: AxisOrder,
  warn: Warn,
): Result<{ readonly position: Position; readonly count: number }, LocationError> {
  const read = text.length > textMax ? undefined : readOrdinates(text, axisOrder, warn);
  if (read === undefined) {
    return refuse(
      'location.positionMalformed',
      'a position is two or three plain numbers separated by spaces',
    );
  }
  const [first, second, altM] = read.values;
  if (first === undefined || second === undefined || read.values.length > 3) {
    return refuse(
      'location.positionMalformed',
      `a position has two or three numbers, not ${read.values.length}`,
    );
  }
  const order = provenOrder(first, second, read.axisOrder, warn);
  if (order === 'unknown') {
    return refuse('location.axisOrderAmbiguous', 'these coordinates may mean latitude or longitude first');
  }
  const [lat, lon] = order === 'latLon' ? [first, second] : [second, first];
  const position: Position = altM === undefined ? { lon, lat } : { lon, lat, altM };
  if (!isPositionInRange(position)) {
    return refuse(
      'location.positionOutOfRange',
      'a latitude is within 90 degrees and a longitude within 180',
    );
  }
  return ok({ position, count: read.values.length });
}

/**
 * Turns the positions of one ring into ours, all in the order that is said, or that a single one of them proves. An
 * altitude is kept where there is one.
 */
export function orderPositions(
  { tuples, axisOrder }: PositionTuples,
  warn: Warn,
): Result<readonly Position[], LocationError> {
  const order = provenRingOrder(tuples, axisOrder, warn);
  if (order === 'unknown') {
    return refuse('location.axisOrderAmbiguous', 'these coordinates may mean latitude or longitude first');
  }
  const positions: Position[] = [];
  for (const tuple of tuples) {
    const first = tuple[0] ?? Number.NaN;
    const second = tuple[1] ?? Number.NaN;
    const altM = tuple[2];
    const lat = order === 'latLon' ? first : second;
    const lon = order === 'latLon' ? second : first;
    const position: Position = altM === undefined ? { lon, lat } : { lon, lat, altM };
    if (!isPositionInRange(position)) {
      return refuse(
        'location.positionOutOfRange',
        'a latitude is within 90 degrees and a longitude within 180',
      );
    }
    positions.push(position);
  }
  return ok(positions);
}

function provenRingOrder(tuples: readonly (readonly number[])[], said: AxisOrder, warn: Warn): AxisOrder {
  let isFirstLongitude = false;
  let isSecondLongitude = false;
  for (const tuple of tuples) {
    isFirstLongitude ||= isOnlyLongitude(tuple[0] ?? 0);
    isSecondLongitude ||= isOnlyLongitude(tuple[1] ?? 0);
  }
  if (isFirstLongitude === isSecondLongitude) return said;
  const proven: AxisOrder = isFirstLongitude ? 'lonLat' : 'latLon';
  if (said !== 'unknown' && said !== proven) {
    warn(
      'location.axisOrderSwapped',
      'coordinates beyond 90 degrees stand where latitudes belong: read the other way round',
    );
  }
  return proven;
}

/**
 * Reads the text of many positions: numbers separated by white space, also with a comma inside of every position
 * (`40.5,-73.5 40.6,-73.6`) or between positions (`40.5 -73.5, 40.6 -73.6`), or angles with hemisphere letters. How many
 * numbers a position has is for the caller to say: undefined where `dimensions` does not divide them.
 */
export function readOrdinateList(
  text: string,
  axisOrder: AxisOrder,
  warn: Warn,
):
  | { readonly values: readonly number[]; readonly size: number | undefined; readonly axisOrder: AxisOrder }
  | undefined {
  const numbers = readPlainNumbers(text);
  if (numbers !== undefined) return { values: numbers, size: undefined, axisOrder };
  const plain = plainSigns(text, warn).trim();
  if (plain === '') return { values: [], size: undefined, axisOrder };
  const list = splitList(plain, warn);
  if (list === undefined) return undefined;
  const { tokens, size } = list;
  if (tokens.some((token) => hasHemisphere(token))) {
    const read = readAngleList(tokens, warn);
    return read && { values: read.values, size: 2, axisOrder: read.axisOrder };
  }
  const values: number[] = [];
  for (const token of tokens) {
    const value = readNumber(token);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return { values, size, axisOrder };
}

/** Splits a list at white space and commas; the size of a position is known where the commas show it. */
function splitList(
  text: string,
  warn: Warn,
): { readonly tokens: readonly string[]; readonly size: number | undefined } | undefined {
  const words = text.split(/[\t\n\r ]+/);
  if (!text.includes(',')) return { tokens: words, size: undefined };
  const groups = /,[\t\n\r ]/.test(text)
    ? text.split(/[\t\n\r ]*,[\t\n\r ]*/).map((group) => group.split(/[\t\n\r ]+/))
    : words.map((word) => word.split(','));
  const size = groups[0]?.length ?? 0;
  if ((size !== 2 && size !== 3) || groups.some((group) => group.length !== size)) return undefined;
  const tokens = groups.flat();
  // Whole numbers on both sides of a comma could be one number with a decimal comma.
  if (tokens.some((token) => !token.includes('.') && !hasHemisphere(token))) return undefined;
  warn('location.separatorRepaired', 'coordinates separated by commas; write a space between them');
  return { tokens, size };
}

function readAngleList(tokens: readonly string[], warn: Warn): Ordinates | undefined {
  const values: number[] = [];
  let axisOrder: AxisOrder = 'unknown';
  for (let index = 0; index < tokens.length; index += 2) {
    const pair = readAngles(tokens.slice(index, index + 2), warn);
    if (pair === undefined || (axisOrder !== 'unknown' && axisOrder !== pair.axisOrder)) return undefined;
    axisOrder = pair.axisOrder;
    values.push(...pair.values);
  }
  return { values, axisOrder };
}

/** A number by the rules of xs:double, finite; undefined for anything else (`0x28`, an empty text, `1,5`). */
export function readNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed.length > textMax || !number.test(trimmed)) return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : undefined;
}

function readOrdinates(text: string, axisOrder: AxisOrder, warn: Warn): Ordinates | undefined {
  const numbers = readPlainNumbers(text);
  if (numbers !== undefined && numbers.length > 0) return { values: numbers, axisOrder };
  const tokens = splitOrdinates(plainSigns(text, warn), warn);
  if (tokens === undefined) return undefined;
  if (tokens.some(hasHemisphere)) return readAngles(tokens, warn);
  const values: number[] = [];
  for (const token of tokens) {
    const value = readNumber(token);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return { values, axisOrder };
}

/**
 * Writes the signs of typography as they can be read: degrees, minutes and seconds by colons, the minus as a hyphen. A
 * degree sign after a plain decimal number is dropped; anything stranger stays, and is refused as no number.
 */
function plainSigns(text: string, warn: Warn): string {
  if (!signs.test(text)) return text;
  const plain = text
    .replace(/\u2212/g, '-')
    .replace(/[\u2019\u2032]/g, "'")
    .replace(/[\u2033\u201d]|''/g, '"')
    .replace(/([\u00b0'"])[\t\n\r ]+(?=[0-9NSEWnsew])(?![NSEWnsew][0-9])/g, (_all, sign: string) => sign)
    .replace(/\u00b0(?=[\t\n\r ,]|$)/g, '')
    .replace(/[\u00b0'](?=[0-9])/g, ':')
    .replace(/[\u00b0'"](?=[NSEWnsew](?:[\t\n\r ,]|$))/g, '');
  if (!signs.test(plain)) {
    warn(
      'location.signsRepaired',
      'coordinates with degree signs or a typographic minus; write plain numbers',
    );
  }
  return plain;
}

function hasHemisphere(token: string): boolean {
  const last = token.charCodeAt(token.length - 1) | 0x20;
  return last === 0x6e || last === 0x73 || last === 0x65 || last === 0x77;
}

/**
 * Splits at white space, or at commas where every separator has one. Anything in between (`40,7 -73,9`) is a
 * decimal comma or not to be told from one, so it is not guessed at.
 */
function splitOrdinates(text: string, warn: Warn): readonly string[] | undefined {
  const trimmed = uncollapsed.test(text) ? text.replace(/[\t\n\r ]+/g, ' ').trim() : text;
  if (trimmed === '') return undefined;
  if (!trimmed.includes(',')) return trimmed.split(' ');
  const tokens = trimmed.split(/ ?, ?/);
  const isPlain = tokens.length <= 3 && tokens.every((token) => token !== '' && !token.includes(' '));
  // `40,7,-73` could be latitude 40.7: three numbers are taken apart only where the points show which is which.
  const isCertain = tokens.length === 2 || tokens.slice(0, 2).every((token) => token.includes('.'));
  if (!isPlain || !isCertain) return undefined;
  warn('location.separatorRepaired', 'coordinates separated by commas; write a space between them');
  return tokens;
}

function readAngles(tokens: readonly string[], warn: Warn): Ordinates | undefined {
  const [first, second] = tokens.map(readAngle);
  if (tokens.length !== 2 || first === undefined || second === undefined) return undefined;
  if (first.isLatitude === second.isLatitude) return undefined;
  warn('location.hemisphereLetters', 'coordinates with hemisphere letters; write signed decimal degrees');
  return { values: [first.degrees, second.degrees], axisOrder: first.isLatitude ? 'latLon' : 'lonLat' };
}

function readAngle(token: string): { readonly degrees: number; readonly isLatitude: boolean } | undefined {
  const match = angle.exec(token);
  if (match === null) return undefined;
  const [, whole, minuteText, secondText, letter] = match;
  const minutes = Number(minuteText ?? 0);
  const seconds = Number(secondText ?? 0);
  if (whole === undefined || letter === undefined || minutes >= 60 || seconds >= 60) return undefined;
  const size = Number(whole) + minutes / 60 + seconds / 3600;
  const hemisphere = letter.toUpperCase();
  const isNegative = hemisphere === 'S' || hemisphere === 'W';
  return { degrees: isNegative ? -size : size, isLatitude: hemisphere === 'N' || hemisphere === 'S' };
}

/** The order to read in: the one that is said, save where one value can only be a longitude. */
function provenOrder(first: number, second: number, said: AxisOrder, warn: Warn): AxisOrder {
  const isFirstLongitude = isOnlyLongitude(first) && Math.abs(second) <= 90;
  const isSecondLongitude = isOnlyLongitude(second) && Math.abs(first) <= 90;
  if (said === 'latLon' && isFirstLongitude) {
    warn(
      'location.axisOrderSwapped',
      'the first coordinate is beyond 90 degrees, so it is the longitude; write latitude first',
    );
    return 'lonLat';
  }
  if (said === 'lonLat' && isSecondLongitude) {
    warn('location.axisOrderSwapped', 'the second coordinate is beyond 90 degrees, so it is the longitude');
    return 'latLon';
  }
  if (said !== 'unknown') return said;
  if (isFirstLongitude) return 'lonLat';
  return isSecondLongitude ? 'latLon' : 'unknown';
}

function isOnlyLongitude(value: number): boolean {
  return Math.abs(value) > 90 + poleSlackDeg && Math.abs(value) <= 180;
}

function refuse(code: LocationErrorCode, message: string): Result<never, LocationError> {
  return err({ code, message });
}
