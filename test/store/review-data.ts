import { serviceUrn, wallMs } from '../../src/base/index.ts';
import type {
  AddressPointFeature,
  AdminAreaFeature,
  BoundaryFeature,
  BoundaryGeometry,
  PolygonCoordinates,
  ProvisioningFeature,
  RoadFeature,
  RoadSide,
  SourceFeature,
} from '../../src/esrp/index.ts';

// A county of ten by one cells of a tenth of a degree, drawn so that nothing is wrong with it, and the pieces to draw
// others by. Everything is in degrees from the south-west corner.

const west = -100;
const south = 40;
const updated = wallMs(1_760_000_000_000);

export type Box = readonly [west: number, south: number, east: number, north: number];

/** A rectangle with a vertex at least every tenth of a degree. */
export function rectangle([x0, y0, x1, y1]: Box): PolygonCoordinates {
  const corners: [number, number][] = [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
    [x0, y0],
  ];
  const ring: [number, number][] = [];
  for (const [at, [x, y]] of corners.entries()) {
    const [fromX, fromY] = corners[at - 1] ?? [x, y];
    const steps = Math.ceil(Math.max(Math.abs(x - fromX), Math.abs(y - fromY)) / 0.1 - 1e-9);
    for (let step = 1; step < steps; step++) {
      ring.push(moved(fromX + ((x - fromX) * step) / steps, fromY + ((y - fromY) * step) / steps));
    }
    ring.push(moved(x, y));
  }
  return [[ring]];
}

function moved(x: number, y: number): [number, number] {
  const round = (value: number) => Math.round(value * 1e9) / 1e9;
  return [round(west + x), round(south + y)];
}

export function asGeometry(coordinates: PolygonCoordinates): BoundaryGeometry {
  return { type: 'MultiPolygon', coordinates };
}

/** The NENA id of a feature. */
export function nguid(layer: string, name: string): string {
  return `urn:emergency:uid:gis:${layer}:${name}:county.example`;
}

const common = {
  ordinal: 1,
  discrepancyAgencyId: 'county.example',
  dateUpdate: updated,
  effective: undefined,
  expire: undefined,
  crs: undefined,
};

/** A service boundary that nothing is wrong with. */
export function boundary(name: string, box: Box, changes: Partial<BoundaryFeature> = {}): SourceFeature {
  const feature: BoundaryFeature = {
    ...common,
    boundaryId: nguid('PsapPolygon', name),
    displayName: name,
    serviceUrn: serviceUrn('urn:emergency:service:sos.psap'),
    serviceUri: `sip:${name}@psap.example`,
    serviceNumber: '911',
    agencyId: `${name}.example`,
    cardUri: `https://${name}.example/card`,
    priority: 0,
    country: undefined,
    a1: undefined,
    a2: undefined,
    a3: undefined,
    geometry: asGeometry(rectangle(box)),
    ...changes,
  };
  return { kind: 'feature', feature };
}

export function provisioning(name: string, box: Box): SourceFeature {
  const feature: ProvisioningFeature = {
    ...common,
    featureId: nguid('ProvisioningPolygon', name),
    coordinates: rectangle(box),
  };
  return { kind: 'provisioningBoundary', feature };
}

export function area(level: 1 | 2 | 3, names: Readonly<Record<string, string>>, box: Box): SourceFeature {
  const feature: AdminAreaFeature = {
    ...common,
    featureId: nguid(`A${level}Polygon`, Object.values(names).join('-').replaceAll(' ', '')),
    level,
    civic: { country: 'US', elements: new Map(Object.entries(names)), language: undefined },
    coordinates: rectangle(box),
  };
  return { kind: 'adminArea', feature };
}

const home = { A1: 'KS', A2: 'Ford', A3: 'Dodge City' };

export function side(
  changes: Partial<RoadSide> & { readonly names?: Readonly<Record<string, string>> } = {},
): RoadSide {
  const { names = home, ...rest } = changes;
  return {
    from: undefined,
    to: undefined,
    parity: 'none',
    numberPrefix: undefined,
    civic: { country: 'US', elements: new Map(Object.entries(names)), language: undefined },
    isForValidation: true,
    ...rest,
  };
}

export function road(
  name: string,
  of: {
    readonly street?: string;
    readonly y: number;
    readonly left: RoadSide;
    readonly right: RoadSide;
    readonly x?: number;
  },
): SourceFeature {
  const { street = 'Main', y, left, right, x = 0.1 } = of;
  const feature: RoadFeature = {
    ...common,
    featureId: nguid('RoadCenterLine', name),
    street: new Map([
      ['RD', street],
      ['STS', 'Street'],
    ]),
    left,
    right,
    lines: [[moved(x, y), moved(x + 0.05, y)]],
  };
  return { kind: 'roadCentreLine', feature };
}

export function address(
  name: string,
  of: {
    readonly number: string;
    readonly street?: string;
    readonly x?: number;
    readonly y?: number;
    readonly names?: Readonly<Record<string, string>>;
  },
): SourceFeature {
  const { number, street = 'Main', x = 0.12, y = 0.05, names = home } = of;
  const feature: AddressPointFeature = {
    ...common,
    featureId: nguid('SiteStructureAddressPoint', name),
    civic: {
      country: 'US',
      elements: new Map(Object.entries({ ...names, RD: street, STS: 'Street', HNO: number })),
      language: undefined,
    },
    coordinates: moved(x, y),
  };
  return { kind: 'addressPoint', feature };
}

export const county: Box = [0, 0, 1, 0.1];

const services = {
  police: 'urn:emergency:service:responder.police',
  fire: 'urn:emergency:service:responder.fire',
  ems: 'urn:emergency:service:responder.ems',
};

/** A boundary of one of the other services, over the whole county. */
export function responder(
  name: keyof typeof services,
  changes: Partial<BoundaryFeature> = {},
): SourceFeature {
  return boundary(name, county, {
    boundaryId: nguid('ServiceBoundaryPolygon', name),
    serviceUrn: serviceUrn(services[name]),
    ...changes,
  });
}

const westNorth: Box = [0, 0.05, 0.3, 0.1];

/** All layers, and nothing is wrong: boundaries that meet along part of an edge, and one with a hole that another one fills. */
export const flawless: readonly SourceFeature[] = [
  boundary('north-west', westNorth),
  boundary('south-west', [0, 0, 0.3, 0.05]),
  boundary('middle', [0.3, 0, 0.6, 0.1], {
    geometry: asGeometry([
      [rectangle([0.3, 0, 0.6, 0.1])[0]?.[0] ?? [], rectangle([0.4, 0.02, 0.45, 0.06])[0]?.[0] ?? []],
    ]),
  }),
  boundary('enclave', [0.4, 0.02, 0.45, 0.06]),
  boundary('east', [0.6, 0, 1, 0.1], { expire: wallMs(4_000_000_000_000) }),
  boundary('east-later', [0.6, 0, 1, 0.1], {
    effective: wallMs(4_000_000_000_000),
    geometry: asGeometry([[[...(rectangle([0.6, 0, 1, 0.1])[0]?.[0] ?? [])].reverse()]]),
  }),
  responder('police'),
  responder('fire'),
  responder('ems'),
  boundary('no-poison', county, {
    boundaryId: nguid('ServiceBoundaryPolygon', 'no-poison'),
    serviceUrn: serviceUrn('urn:service:sos.poison'),
    serviceUri: 'urn:emergency:serviceNotImplemented',
  }),
  provisioning('county', county),
  area(1, { A1: 'KS' }, county),
  area(2, { A1: 'KS', A2: 'Ford County' }, county),
  area(3, { A1: 'KS', A2: 'Ford County', A3: 'Dodge City' }, county),
  road('first', {
    y: 0.05,
    left: side({ from: 1, to: 99, parity: 'odd' }),
    right: side({ from: 2, to: 98, parity: 'even' }),
  }),
  road('second', {
    y: 0.05,
    x: 0.2,
    left: side({ from: 101, to: 199, parity: 'odd' }),
    right: side({ from: 0, to: 0, parity: 'none' }),
  }),
  address('seven', { number: '7' }),
  address('ninety-eight', { number: '98' }),
];

/** Features as a source gives them, numbered in order. */
export async function* numberedSource(features: readonly SourceFeature[]): AsyncGenerator<SourceFeature> {
  let ordinal = 0;
  for (const each of features) {
    ordinal += 1;
    if (each.kind !== 'refused') yield { ...each, feature: { ...each.feature, ordinal } } as SourceFeature;
  }
}
