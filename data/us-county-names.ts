import { usStateByFips } from './us-states.ts';

// us-atlas names counties without their kind, so that Baltimore stands for a county and for a city. The Census Bureau's
// kinds follow from the FIPS code: 510 and above are independent cities, the rest goes by state.
const alaskaKinds: ReadonlyMap<string, string> = new Map([
  ['02013', 'Borough'],
  ['02016', 'Census Area'],
  ['02020', 'Municipality'],
  ['02050', 'Census Area'],
  ['02060', 'Borough'],
  ['02068', 'Borough'],
  ['02070', 'Census Area'],
  ['02090', 'Borough'],
  ['02100', 'Borough'],
  ['02105', 'Census Area'],
  ['02110', 'City and Borough'],
  ['02122', 'Borough'],
  ['02130', 'Borough'],
  ['02150', 'Borough'],
  ['02158', 'Census Area'],
  ['02164', 'Borough'],
  ['02170', 'Borough'],
  ['02180', 'Census Area'],
  ['02185', 'Borough'],
  ['02188', 'Borough'],
  ['02195', 'Borough'],
  ['02198', 'Census Area'],
  ['02220', 'City and Borough'],
  ['02230', 'Municipality'],
  ['02240', 'Census Area'],
  ['02261', 'Census Area'],
  ['02275', 'City and Borough'],
  ['02282', 'City and Borough'],
  ['02290', 'Census Area'],
]);

// Places whose name is whole as it is: Carson City, the District, and the parts of the island territories.
const withoutKind: ReadonlySet<string> = new Set(['11', '60', '66', '69', '78']);

/** The name of a county or its like with its kind, such as `Harris County`, `Orleans Parish` or `Baltimore city`. */
export function countyFullName(fips: string, name: string): string {
  const state = usStateByFips(fips)?.fips ?? '';
  if (fips === '32510' || withoutKind.has(state)) return name;
  if (Number(fips.slice(2)) >= 510) return `${name} city`;
  if (state === '02') return `${name} ${alaskaKinds.get(fips) ?? 'Census Area'}`;
  if (state === '22') return `${name} Parish`;
  if (state === '72') return `${name} Municipio`;
  return `${name} County`;
}
