import { serviceUrn } from '../../src/base/index.ts';
import type { BoundaryFeature, SourceFeature } from '../../src/esrp/index.ts';
import { addressPoint, road } from './civic-rows.ts';

// A made-up state of cities on a grid: 100 streets a city, two segments a street, ten address points a segment, so that a
// thousand points and a million are the same state, smaller or larger. Everything follows from a seed and a number;
// nothing is kept.

/** How large a state is. */
export interface CityOptions {
  readonly seed: number;
  /** Address points; as many cities as they need, 2,000 a city. */
  readonly pointCount: number;
}

/** An address of a state, and what is known of it. */
export interface CityAddress {
  readonly featureId: string;
  readonly segmentId: string;
  /** The boundary that serves it. */
  readonly boundaryId: string;
  readonly elements: Readonly<Record<string, string>>;
  readonly position: readonly [number, number];
}

const streetsPerCity = 100;
const segmentsPerStreet = 2;
const pointsPerSegment = 10;
const pointsPerCity = streetsPerCity * segmentsPerStreet * pointsPerSegment;
const citiesPerRow = 40;
const cellDeg = 0.1;
const origin = [-100, 30] as const;

const firstParts = [
  'Oak',
  'Maple',
  'Cedar',
  'Elm',
  'Birch',
  'Willow',
  'Hazel',
  'Aspen',
  'Juniper',
  'Magnolia',
  'Lincoln',
  'Monroe',
  'Harrison',
  'Franklin',
  'Jefferson',
  'Madison',
  'Garfield',
  'Cleveland',
  'Chestnut',
  'Sycamore',
] as const;
const secondParts = [
  '',
  ' Creek',
  ' Ridge',
  ' Hollow',
  ' Meadow',
  'wood',
  'field',
  'brook',
  'view',
  ' Grove',
] as const;
const types = [
  'Street',
  'Avenue',
  'Road',
  'Drive',
  'Lane',
  'Court',
  'Boulevard',
  'Place',
  'Way',
  'Terrace',
] as const;
const directions = ['North', 'South', 'East', 'West'] as const;
const cityParts = [
  ['Spring', 'River', 'Lake', 'George', 'Frank', 'Kings', 'Green', 'Ash'],
  ['field', 'ton', 'ville', 'burg', 'port', 'dale', 'ford', 'wood'],
] as const;

/** The state as a source of features: the boundaries, then city by city its roads and address points. */
export function* cityFeatures(options: CityOptions): Generator<SourceFeature> {
  const cities = Math.ceil(options.pointCount / pointsPerCity);
  for (let city = 0; city < cities; city += 1) yield* boundariesOf(city);
  let left = options.pointCount;
  for (let city = 0; city < cities; city += 1) {
    for (let street = 0; street < streetsPerCity && left > 0; street += 1) {
      for (let segment = 0; segment < segmentsPerStreet; segment += 1) {
        yield roadOf(options.seed, { city, street, segment });
        for (let nth = 0; nth < pointsPerSegment && left > 0; nth += 1, left -= 1) {
          const found = addressAt(options.seed, { city, street, segment, nth });
          yield addressPoint(found.featureId, found.position, found.elements);
        }
      }
    }
  }
}

/** The `n`-th address point of a state, from 0. */
export function cityAddress({ seed }: Pick<CityOptions, 'seed'>, n: number): CityAddress {
  const nth = n % pointsPerSegment;
  const segment = Math.floor(n / pointsPerSegment) % segmentsPerStreet;
  const street = Math.floor(n / (pointsPerSegment * segmentsPerStreet)) % streetsPerCity;
  return addressAt(seed, { city: Math.floor(n / pointsPerCity), street, segment, nth });
}

interface Place {
  readonly city: number;
  readonly street: number;
  readonly segment: number;
}

function addressAt(seed: number, { nth, ...place }: Place & { readonly nth: number }): CityAddress {
  const { from, line } = segmentOf(place);
  const number = from + nth * 10 + (nth % 2);
  // Even numbers are to the right of a line that goes east: south of it.
  const share = (number - from) / 99;
  const [start, end] = line;
  const position = [
    start[0] + (end[0] - start[0]) * share,
    start[1] + (number % 2 === 1 ? 1e-4 : -1e-4),
  ] as const;
  const { city, street, segment } = place;
  return {
    featureId: `urn:emergency:uid:gis:SSAP:${city}-${street}-${segment}-${nth}:city.example`,
    segmentId: `urn:emergency:uid:gis:RCL:${city}-${street}-${segment}:city.example`,
    boundaryId: boundaryAt(city, position[0]),
    elements: { ...cityOf(city), ...streetOf(seed, place), HNO: String(number), PC: String(70_000 + city) },
    position,
  };
}

function roadOf(seed: number, place: Place): SourceFeature {
  const { from, line } = segmentOf(place);
  const { city, street, segment } = place;
  const where = cityOf(city);
  return road(
    `urn:emergency:uid:gis:RCL:${city}-${street}-${segment}:city.example`,
    line,
    streetOf(seed, place),
    {
      left: { from: from + 1, to: from + 99, parity: 'odd', place: where },
      right: { from, to: from + 98, parity: 'even', place: where },
    },
  );
}

// Streets lie one above the other, their two segments one behind the other.
function segmentOf({ city, street, segment }: Place) {
  const [west, south] = cornerOf(city);
  const lat = south + 0.01 + street * 0.0008;
  const lon = west + 0.01 + segment * 0.04;
  return {
    from: 100 + segment * 100,
    line: [
      [lon, lat],
      [lon + 0.04, lat],
    ] as const,
  };
}

function cornerOf(city: number): readonly [number, number] {
  return [origin[0] + (city % citiesPerRow) * cellDeg, origin[1] + Math.floor(city / citiesPerRow) * cellDeg];
}

/** Every fourth city has two PSAPs, one for either half. */
function isSplit(city: number): boolean {
  return city % 4 === 0;
}

function boundaryAt(city: number, lon: number): string {
  if (!isSplit(city)) return `psap-${city}`;
  return lon < cornerOf(city)[0] + cellDeg / 2 ? `psap-${city}-west` : `psap-${city}-east`;
}

function* boundariesOf(city: number): Generator<SourceFeature> {
  const [west, south] = cornerOf(city);
  const middle = west + cellDeg / 2;
  const east = west + cellDeg;
  if (isSplit(city)) {
    yield boundary(`psap-${city}-west`, [west, south, middle]);
    yield boundary(`psap-${city}-east`, [middle, south, east]);
  } else yield boundary(`psap-${city}`, [west, south, east]);
}

function boundary(boundaryId: string, [west, south, east]: readonly [number, number, number]): SourceFeature {
  const north = south + cellDeg;
  const feature: BoundaryFeature = {
    ...{ ordinal: 1, boundaryId, displayName: boundaryId, serviceUrn: serviceUrn('urn:service:sos') },
    ...{
      serviceUri: `sip:${boundaryId}@psap.example`,
      serviceNumber: '911',
      agencyId: 'city.example',
      priority: 0,
    },
    ...{
      effective: undefined,
      expire: undefined,
      country: undefined,
      a1: undefined,
      a2: undefined,
      a3: undefined,
    },
    geometry: {
      type: 'MultiPolygon',
      coordinates: [
        [
          [
            [west, south],
            [east, south],
            [east, north],
            [west, north],
            [west, south],
          ],
        ],
      ],
    },
  };
  return { kind: 'feature', feature };
}

/** The elements of a city's areas. */
export function cityOf(city: number): Readonly<Record<string, string>> {
  const [heads, tails] = cityParts;
  const name = `${heads[city % 8] ?? ''}${tails[Math.floor(city / 8) % 8] ?? ''}`;
  const nth = Math.floor(city / 64);
  return {
    country: 'US',
    A1: 'TX',
    A2: `County ${city % 50}`,
    A3: nth === 0 ? name : `${name} ${'ABCDEFGHIJKLMNOP'[nth % 16] ?? ''}`,
  };
}

/** The elements of a street's name; no two of a city are the same. */
function streetOf(
  seed: number,
  { city, street }: Pick<Place, 'city' | 'street'>,
): Readonly<Record<string, string>> {
  // A shift by city keeps the names of one city apart, and lets those of two be the same.
  const at = (street * 7 + city * 13 + seed) % (firstParts.length * secondParts.length);
  const type = types[(street * 3 + city + seed) % types.length] ?? 'Street';
  if (street % 20 === 0) return { RD: ordinal(street / 20 + 1 + (city % 90)), STS: type };
  const name = `${firstParts[at % firstParts.length] ?? ''}${secondParts[Math.floor(at / firstParts.length)] ?? ''}`;
  const direction = street % 4 === 1 ? { PRD: directions[(street + city) % 4] ?? 'North' } : {};
  return { ...direction, RD: name, STS: type };
}

function ordinal(n: number): string {
  const ending = n % 100 > 10 && n % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${ending}`;
}
