import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { AddressPointFeature } from '../esrp/index.ts';
import { missingField, readCommon, readCountry, readElements } from './build-common.ts';
import { houseNumberRange, streetElements } from './build-road.ts';
import { readInteger, refuse, shapeOf } from './field-values.ts';
import type { TargetValues } from './layer-plan.ts';
import type { Refusal } from './types.ts';

/** The fields of an address point and their PIDF-LO elements (RFC 5139, RFC 6848; NENA-STA-004), the house number apart. */
const elementNames = [
  ['A1', 'A1'],
  ['A2', 'A2'],
  ['A3', 'A3'],
  ['A4', 'A4'],
  ['A5', 'A5'],
  ['AddCode', 'ADDCODE'],
  ...streetElements,
  ['AddNum_Pre', 'HNP'],
  ['AddNum_Suf', 'HNS'],
  ['AddNum_Cmp', 'HNC'],
  ['DistMarker', 'MP'],
  ['Post_Comm', 'PCN'],
  ['Post_Code', 'PC'],
  ['PostCodeEx', 'PCE'],
  ['Site', 'SITE'],
  ['SubSite', 'SUBSITE'],
  ['Structure', 'BLD'],
  ['Wing', 'WING'],
  ['Floor', 'FLR'],
  ['Unit', 'UNIT'],
  ['UnitPreTyp', 'UNIT_PRETYPE'],
  ['UnitValue', 'UNIT_VALUE'],
  ['Room', 'ROOM'],
  ['Section', 'SECTION'],
  ['Row', 'ROW'],
  ['Seat', 'SEAT'],
  ['LocMarker', 'PN'],
  ['Addtl_Loc', 'LOC'],
  ['Place_Type', 'PLC'],
] as const;

/** Reads an address point's attributes. */
export function readAddressPoint(
  values: TargetValues,
  rowId: unknown,
): Result<Omit<AddressPointFeature, 'ordinal' | 'coordinates' | 'crs'>, Refusal> {
  const common = readCommon(values, rowId, 'address point');
  if (!common.ok) return common;
  const country = readCountry(values, 'Country');
  if (!country.ok) return country;
  if (country.value === undefined) {
    return missingField('Country', 'an address is found from its country down');
  }
  const read = readElements(values, elementNames);
  if (!read.ok) return read;
  if (!read.value.has('A1')) {
    return missingField('A1', 'an address is found from its state or province down');
  }
  const value = values.raw('Add_Number');
  const number = readInteger(value, houseNumberRange);
  if (number === 'invalid') {
    return refuse(
      'load.valueInvalid',
      `Add_Number is ${shapeOf(value)}; it has to be a whole number from 0 to ${houseNumberRange.max}. What stands before ` +
        'or behind it goes into AddNum_Pre and AddNum_Suf',
    );
  }
  const elements = new Map(read.value);
  if (number !== undefined) elements.set('HNO', String(number));
  return ok({
    ...common.value,
    civic: { country: country.value, elements, language: undefined },
  });
}

/** The point of the fields Longitude and Latitude, for tables without geometry. */
export function pointOfFields(values: TargetValues): unknown {
  const lon = Number(values.raw('Longitude') ?? Number.NaN);
  const lat = Number(values.raw('Latitude') ?? Number.NaN);
  return Number.isFinite(lon) && Number.isFinite(lat)
    ? { type: 'Point', coordinates: [lon, lat] }
    : undefined;
}
