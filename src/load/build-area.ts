import type { Result } from '../base/index.ts';
import { ok } from '../base/index.ts';
import type { AdminAreaFeature, ProvisioningFeature } from '../esrp/index.ts';
import { missingField, readCommon, readCountry, readElements } from './build-common.ts';
import type { TargetValues } from './layer-plan.ts';
import type { Refusal } from './types.ts';

type Placeless<Feature> = Omit<Feature, 'ordinal' | 'coordinates' | 'crs'>;

/** Reads a provisioning boundary's attributes. */
export function readProvisioning(
  values: TargetValues,
  rowId: unknown,
): Result<Placeless<ProvisioningFeature>, Refusal> {
  return readCommon(values, rowId, 'provisioning boundary');
}

/** Reads an administrative area's attributes: its country and the names of A1 down to its own level. */
export function readAdminArea(
  values: TargetValues,
  rowId: unknown,
  level: AdminAreaFeature['level'],
): Result<Placeless<AdminAreaFeature>, Refusal> {
  const common = readCommon(values, rowId, 'area');
  if (!common.ok) return common;
  const country = readCountry(values, 'Country');
  if (!country.ok) return country;
  if (country.value === undefined) return missingField('Country', 'an area is found by its country');
  const names = Array.from({ length: level }, (_, index) => [`A${index + 1}`, `A${index + 1}`] as const);
  const elements = readElements(values, names);
  if (!elements.ok) return elements;
  const own = `A${level}`;
  if (!elements.value.has(own)) return missingField(own, 'it is the name of the area');
  return ok({
    ...common.value,
    level,
    civic: { country: country.value, elements: elements.value, language: undefined },
  });
}
