import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { RoadFeature, RoadParity, RoadSide } from '../esrp/index.ts';
import { missingField, readCommon, readCountry, readElements } from './build-common.ts';
import { asText, boundedText, readInteger, refuse, shapeOf } from './field-values.ts';
import type { TargetValues } from './layer-plan.ts';
import type { Refusal } from './types.ts';

/** The fields of a street's name and their PIDF-LO elements (RFC 5139, RFC 6848; NENA-STA-004). */
export const streetElements = [
  ['St_PreMod', 'PRM'],
  ['St_PreDir', 'PRD'],
  ['St_PreTyp', 'STP'],
  ['St_PreSep', 'STPS'],
  ['St_Name', 'RD'],
  ['St_PosTyp', 'STS'],
  ['St_PosDir', 'POD'],
  ['St_PosMod', 'POM'],
] as const;

/** The greatest house number of the data model (domain AddressNumber). */
export const houseNumberRange = { min: 0, max: 999_999 } as const;

/** Reads a road segment's attributes. */
export function readRoad(
  values: TargetValues,
  rowId: unknown,
): Result<Omit<RoadFeature, 'ordinal' | 'lines' | 'crs'>, Refusal> {
  const common = readCommon(values, rowId, 'road segment');
  if (!common.ok) return common;
  const street = readElements(values, streetElements);
  if (!street.ok) return street;
  if (!street.value.has('RD')) return missingField('St_Name', 'a road is found by its name');
  const left = readSide(values, 'L');
  if (!left.ok) return left;
  const right = readSide(values, 'R');
  if (!right.ok) return right;
  return ok({ ...common.value, street: street.value, left: left.value, right: right.value });
}

function readSide(values: TargetValues, letter: 'L' | 'R'): Result<RoadSide, Refusal> {
  const country = readCountry(values, `Country_${letter}`);
  if (!country.ok) return country;
  if (country.value === undefined) {
    return missingField(`Country_${letter}`, 'an address is found from its country down');
  }
  const elements = readElements(values, [
    ...[1, 2, 3, 4, 5].map((level) => [`A${level}_${letter}`, `A${level}`] as const),
    [`AddCode_${letter}`, 'ADDCODE'],
    [`PostComm_${letter}`, 'PCN'],
    [`PostCode_${letter}`, 'PC'],
  ]);
  if (!elements.ok) return elements;
  if (!elements.value.has('A1')) {
    return missingField(`A1_${letter}`, 'an address is found from its state or province down');
  }
  const range = readRange(values, letter);
  if (!range.ok) return range;
  const prefix = boundedText(`AdNumPre_${letter}`, values.raw(`AdNumPre_${letter}`));
  if (!prefix.ok) return prefix;
  const valid = readValid(values, `Valid_${letter}`);
  if (!valid.ok) return valid;
  return ok({
    ...range.value,
    numberPrefix: prefix.value,
    civic: { country: country.value, elements: elements.value, language: undefined },
    isForValidation: valid.value,
  });
}

const parities: Readonly<Record<string, RoadParity>> = { o: 'odd', e: 'even', b: 'both', z: 'none' };

function readRange(
  values: TargetValues,
  letter: 'L' | 'R',
): Result<Pick<RoadSide, 'from' | 'to' | 'parity'>, Refusal> {
  const ends: (number | undefined)[] = [];
  for (const field of [`FromAddr_${letter}`, `ToAddr_${letter}`]) {
    const value = values.raw(field);
    const number = readInteger(value, houseNumberRange);
    if (number === 'invalid') {
      return refuse(
        'load.valueInvalid',
        `${field} is ${shapeOf(value)}; it has to be a whole number from 0 to ${houseNumberRange.max}`,
      );
    }
    ends.push(number);
  }
  const [from, to] = ends;
  const field = `Parity_${letter}`;
  const value = values.raw(field);
  const word = asText(value)?.toLowerCase();
  const named = word === undefined ? undefined : parities[word];
  if (word !== undefined && named === undefined) {
    return refuse(
      'load.valueInvalid',
      `${field} is ${shapeOf(value)}; it has to be O, E, B or Z. Map other words to these in a mapping file`,
    );
  }
  // 0 to 0 is how a side without addresses is written.
  const isEmpty = (from ?? 0) === 0 && (to ?? 0) === 0;
  if (named === 'none' || (named === undefined && isEmpty)) {
    return ok({ from: undefined, to: undefined, parity: 'none' });
  }
  if (from === undefined || to === undefined) {
    const missing = from === undefined ? `FromAddr_${letter}` : `ToAddr_${letter}`;
    return missingField(missing, `${field} says that there are addresses`);
  }
  return ok({ from, to, parity: named ?? parityOf(from, to) });
}

function parityOf(from: number, to: number): RoadParity {
  if (from % 2 !== to % 2) return 'both';
  return from % 2 === 0 ? 'even' : 'odd';
}

function readValid(values: TargetValues, field: string): Result<boolean, Refusal> {
  const value = values.raw(field);
  const word = asText(value)?.toLowerCase();
  if (word === undefined || word === 'y') return ok(true);
  if (word === 'n') return ok(false);
  return refuse('load.valueInvalid', `${field} is ${shapeOf(value)}; it has to be Y or N`);
}
