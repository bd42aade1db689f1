import type { Result, WallMs } from '../base/index.ts';
import { err, ok, wallMs } from '../base/index.ts';
import type { LoadErrorCode } from './errors.ts';
import type { Refusal } from './types.ts';

/** The most characters that a text of NENA's GIS data model has. */
export const textMax = 254;

/** A value as trimmed text; undefined where there is none. */
export function asText(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed;
}

/** Whether a value counts as absent: null, empty, or white space alone. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/**
 * What a value looks like, without saying what it is: letters as `A` and `a`, digits as `9`. Reports name it, since values
 * may be addresses.
 */
export function shapeOf(value: unknown): string {
  if (typeof value === 'number')
    return Number.isInteger(value) ? 'a whole number' : 'a number with a fraction';
  if (typeof value === 'boolean') return 'true or false';
  if (typeof value !== 'string') return `a value of type ${value === null ? 'null' : typeof value}`;
  const shape = value
    .slice(0, 24)
    .replace(/\p{Lu}/gu, 'A')
    .replace(/\p{L}/gu, (letter) => (letter === 'A' ? 'A' : 'a'))
    .replace(/\p{N}/gu, '9')
    .replace(/[^\x20-\x7e]/g, '?');
  return value.length > 24 ? `text like "${shape}…" of ${value.length} characters` : `text like "${shape}"`;
}

const dateShape =
  /^(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * ISO 8601, the form that ogr2ogr writes (`2026/01/31 00:00:00+00`), eight digits, or milliseconds since 1970; UTC where no
 * zone is given.
 */
export function readDate(value: unknown): WallMs | 'invalid' | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return Math.abs(value) <= 8.64e15 ? wallMs(value) : 'invalid';
  if (typeof value !== 'string') return 'invalid';
  const text = value.trim().replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
  const match = dateShape.exec(text);
  if (match === null) return 'invalid';
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.replace(':', '').slice(3) || '00'}`;
  const at = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}${offset}`,
  );
  if (Number.isNaN(at)) return 'invalid';
  // The platform takes 31 February for 3 March; such a date is a mistake to be told of.
  const isRealDay =
    new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  return isRealDay ? wallMs(at) : 'invalid';
}

/** A whole number within a range; a text of digits counts as one, and so does `12.0`, which tables of numbers hold. */
export function readInteger(
  value: unknown,
  range: { readonly min: number; readonly max: number },
): number | 'invalid' | undefined {
  if (isAbsent(value)) return undefined;
  const text = asText(value) ?? '';
  if (!/^-?[0-9]{1,15}(?:\.0+)?$/.test(text)) return 'invalid';
  const number = Number(text);
  return number >= range.min && number <= range.max ? number : 'invalid';
}

/** A refusal as a Result. */
export function refuse(code: LoadErrorCode, reason: string): Result<never, Refusal> {
  return err({ code, reason });
}

/** A text of at most {@link textMax} characters. */
export function boundedText(field: string, value: unknown): Result<string | undefined, Refusal> {
  if (typeof value === 'object' && value !== null) {
    return refuse('load.valueInvalid', `${field} is ${shapeOf(value)}; it has to be a text`);
  }
  const text = asText(value);
  if (text === undefined || text.length <= textMax) return ok(text);
  return refuse(
    'load.textTooLong',
    `${field} has ${text.length} characters; ${textMax} is the most (NENA-STA-006.3)`,
  );
}
