import type {
  AddressPointFeature,
  RoadFeature,
  RoadParity,
  RoadSide,
  SourceFeature,
} from '../../src/esrp/index.ts';
import type { CivicAddress } from '../../src/location/index.ts';

/** An address by elements, `country` among them. */
export function address(elements: Readonly<Record<string, string>>): CivicAddress {
  const { country, ...others } = elements;
  return { country, elements: new Map(Object.entries(others)), language: undefined };
}

const plain = {
  ordinal: 1,
  discrepancyAgencyId: 'agency.example',
  dateUpdate: undefined,
  effective: undefined,
  expire: undefined,
  crs: undefined,
} as const;

/** A place with an address. */
export function addressPoint(
  featureId: string,
  coordinates: readonly [number, number],
  elements: Readonly<Record<string, string>>,
  changes: Partial<AddressPointFeature> = {},
): Extract<SourceFeature, { kind: 'addressPoint' }> {
  return {
    kind: 'addressPoint',
    feature: { ...plain, featureId, coordinates, civic: address(elements), ...changes },
  };
}

/** What a side of a road is made of, in short. */
export interface SideOptions {
  readonly from?: number;
  readonly to?: number;
  readonly parity?: RoadParity;
  readonly prefix?: string;
  readonly isForValidation?: boolean;
  readonly place: Readonly<Record<string, string>>;
}

/** A road segment. */
export function road(
  featureId: string,
  line: readonly (readonly [number, number])[],
  street: Readonly<Record<string, string>>,
  sides: { readonly left: SideOptions; readonly right: SideOptions },
  changes: Partial<RoadFeature> = {},
): Extract<SourceFeature, { kind: 'roadCentreLine' }> {
  return {
    kind: 'roadCentreLine',
    feature: {
      ...plain,
      featureId,
      street: new Map(Object.entries(street)),
      left: side(sides.left),
      right: side(sides.right),
      lines: [line],
      ...changes,
    },
  };
}

function side({ from, to, parity, prefix, isForValidation, place }: SideOptions): RoadSide {
  return {
    from,
    to,
    parity: parity ?? (from === undefined ? 'none' : 'both'),
    numberPrefix: prefix,
    civic: address(place),
    isForValidation: isForValidation ?? true,
  };
}

/** Features as a source gives them, numbered in order. */
export async function* numbered(features: Iterable<SourceFeature>): AsyncGenerator<SourceFeature> {
  let ordinal = 0;
  for (const each of features) {
    ordinal += 1;
    yield each.kind === 'refused'
      ? each
      : ({ ...each, feature: { ...each.feature, ordinal } } as SourceFeature);
  }
}
