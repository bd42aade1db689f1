import type { Result, WallMs } from '../base/index.ts';
import { ok } from '../base/index.ts';
import { asText, boundedText, readDate, refuse, shapeOf, textMax } from './field-values.ts';
import type { TargetValues } from './layer-plan.ts';
import type { Refusal } from './types.ts';

/** What every feature has. */
export interface CommonAttributes {
  readonly featureId: string;
  readonly discrepancyAgencyId: string | undefined;
  readonly dateUpdate: WallMs | undefined;
  readonly effective: WallMs | undefined;
  readonly expire: WallMs | undefined;
}

/** Reads the id, the agency and the dates. `rowId` is what the format calls the row, used where the fields have no id. */
export function readCommon(
  values: TargetValues,
  rowId: unknown,
  what: string,
): Result<CommonAttributes, Refusal> {
  const featureId = asText(values.raw('NGUID')) ?? asText(rowId);
  if (featureId === undefined) {
    return refuse('load.idMissing', `no NGUID (or id); every ${what} needs one that stays the same`);
  }
  if (featureId.length > textMax) {
    return refuse('load.idTooLong', `the id has ${featureId.length} characters; ${textMax} is the most`);
  }
  const agency = boundedText('DiscrpAgID', values.raw('DiscrpAgID'));
  if (!agency.ok) return agency;
  const dates: Record<'DateUpdate' | 'Effective' | 'Expire', WallMs | undefined> = {
    DateUpdate: undefined,
    Effective: undefined,
    Expire: undefined,
  };
  for (const field of ['DateUpdate', 'Effective', 'Expire'] as const) {
    const value = values.raw(field);
    const date = readDate(value);
    if (date === 'invalid') {
      return refuse(
        'load.dateInvalid',
        `${field} is no date but ${shapeOf(value)}; write one such as 2026-01-31T00:00:00Z`,
      );
    }
    dates[field] = date;
  }
  const { Effective: effective, Expire: expire, DateUpdate: dateUpdate } = dates;
  if (effective !== undefined && expire !== undefined && effective > expire) {
    return refuse('load.dateOrder', `Effective is after Expire: the ${what} would never be in force`);
  }
  return ok({ featureId, discrepancyAgencyId: agency.value, dateUpdate, effective, expire });
}

/** A country by ISO 3166-1 alpha-2. */
export function readCountry(values: TargetValues, field: string): Result<string | undefined, Refusal> {
  const value = values.raw(field);
  const text = asText(value);
  if (text === undefined || /^[a-z]{2}$/i.test(text)) return ok(text?.toUpperCase());
  return refuse(
    'load.countryInvalid',
    `${field} is not two letters, such as US (ISO 3166-1 alpha-2), but ${shapeOf(value)}`,
  );
}

/** Reads fields into elements of an address: pairs of a field and the name of its PIDF-LO element, in order. */
export function readElements(
  values: TargetValues,
  names: readonly (readonly [field: string, element: string])[],
): Result<ReadonlyMap<string, string>, Refusal> {
  const elements = new Map<string, string>();
  for (const [field, element] of names) {
    const text = boundedText(field, values.raw(field));
    if (!text.ok) return text;
    if (text.value === undefined) continue;
    if (hasControlCharacter(text.value)) {
      return refuse('load.valueInvalid', `${field} has a control character; take it out`);
    }
    elements.set(element, text.value.replace(/\s+/g, ' '));
  }
  return ok(elements);
}

/** The refusal for a field without which a feature is of no use. */
export function missingField(field: string, why: string): Result<never, Refusal> {
  return refuse(
    'load.fieldMissing',
    `${field} is absent or empty; ${why}. Fill it, or set it in a mapping file`,
  );
}

function hasControlCharacter(text: string): boolean {
  return /[\u0000-\u0008\u000e-\u001f\u007f]/.test(text);
}
