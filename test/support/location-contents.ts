import fc from 'fast-check';
import type { Position, PositionRing, Shape } from '../../src/geo/index.ts';
import type { CivicAddress, DataProvider, PidfLoContent } from '../../src/location/index.ts';

// Random contents of location documents that break no rule, so that each can be written, validated and read again.

/** Elements of a civic address: RFC 5139 in the order of its schema, RFC 6848 with its registry, NENA's. */
export const civicNames = {
  rfc5139: [
    ...['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'PRM', 'PRD', 'RD', 'STS', 'POD', 'POM', 'RDSEC', 'RDBR'],
    ...['RDSUBBR', 'HNO', 'HNS', 'LMK', 'LOC', 'FLR', 'NAM', 'PC', 'BLD', 'UNIT', 'ROOM', 'SEAT'],
    ...['PLC', 'PCN', 'POBOX', 'ADDCODE'],
  ],
  rfc6848: ['PN', 'MP', 'STP', 'HNP', 'LMKP'],
  nena: ['STPS'],
  nena2: ['SITE', 'SUBSITE', 'WING', 'UNIT_PRETYPE', 'UNIT_VALUE', 'SECTION', 'ROW', 'PCE', 'DT', 'HNC'],
} as const;

const allNames: readonly string[] = Object.values(civicNames).flat();

function number(min: number, max: number): fc.Arbitrary<number> {
  // A negative zero has no sign any more when it is written.
  return fc.double({ min, max, noNaN: true }).map((value) => value + 0);
}

const metres = number(1e-3, 1e6);
/** A full turn is read as none. */
const degrees = number(0, 359.999_999);
const altitude = number(-500, 20_000);
const flat: fc.Arbitrary<Position> = fc.record({ lon: number(-180, 180), lat: number(-90, 90) });
const high: fc.Arbitrary<Position> = fc
  .tuple(flat, altitude)
  .map(([position, altM]) => ({ ...position, altM }));
const either = fc.oneof(flat, high);

/** Rings that do not cross themselves, counter-clockwise as RFC 5491 §5.2.2 wants them. */
const ring: fc.Arbitrary<PositionRing> = fc
  .record({
    lon: number(-170, 170),
    lat: number(-80, 80),
    radii: fc.array(number(0.001, 1), { minLength: 3, maxLength: 12 }),
    altM: fc.option(altitude, { nil: undefined }),
  })
  .map(({ lon, lat, radii, altM }) => {
    const corners = radii.map((radius, index): Position => {
      const angle = (2 * Math.PI * index) / radii.length;
      const position = { lon: lon + radius * Math.cos(angle), lat: lat + radius * Math.sin(angle) };
      return altM === undefined ? position : { ...position, altM };
    });
    return [...corners, ...corners.slice(0, 1)];
  });

const semiAxes = fc
  .tuple(metres, metres)
  .map(([one, other]) => ({ semiMajorM: Math.max(one, other), semiMinorM: Math.min(one, other) }));

/** Shapes of all eight kinds, in two and three dimensions where both are allowed. */
export const arbitraryShape: fc.Arbitrary<Shape> = fc.oneof(
  either.map((position): Shape => ({ kind: 'point', position })),
  fc.tuple(flat, metres).map(([center, radiusM]): Shape => ({ kind: 'circle', center, radiusM })),
  fc
    .tuple(flat, semiAxes, degrees)
    .map(([center, axes, orientationDeg]): Shape => ({ kind: 'ellipse', center, ...axes, orientationDeg })),
  fc
    .tuple(flat, metres, metres, degrees, number(0.001, 360))
    .map(([center, innerRadiusM, width, startAngleDeg, openingAngleDeg]): Shape => {
      const outerRadiusM = innerRadiusM + width;
      return { kind: 'arcBand', center, innerRadiusM, outerRadiusM, startAngleDeg, openingAngleDeg };
    }),
  ring.map((exterior): Shape => ({ kind: 'polygon', exterior, interiors: [] })),
  fc.tuple(high, metres).map(([center, radiusM]): Shape => ({ kind: 'sphere', center, radiusM })),
  fc.tuple(high, semiAxes, metres, degrees).map(([center, axes, verticalM, orientationDeg]): Shape => {
    return { kind: 'ellipsoid', center, ...axes, verticalM, orientationDeg };
  }),
  fc.tuple(ring, altitude, metres).map(([flatRing, altM, heightM]): Shape => {
    return { kind: 'prism', base: flatRing.map((position) => ({ ...position, altM })), heightM };
  }),
);

/** Text as it is after white space has been collapsed, of characters that XML can carry. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .map((raw) => raw.replace(/[\u0000-\u0020\u007f-\u009f\ufffe\uffff]+/g, ' ').replace(/^ | $/g, ''))
  .filter((value) => value !== '');

const country = fc.stringMatching(/^[A-Z]{2}$/);

/** Addresses with any elements. */
export const arbitraryCivic: fc.Arbitrary<CivicAddress> = fc.record({
  country: fc.option(country, { nil: undefined }),
  elements: fc
    .array(fc.tuple(fc.constantFrom(...allNames), text), { minLength: 1, maxLength: 12 })
    .map((entries) => new Map(entries)),
  language: fc.option(fc.constantFrom('en', 'de-AT', 'zh-Hant'), { nil: undefined }),
});

/** An address with every element that is registered. */
export function fullAddress(): CivicAddress {
  const elements = new Map(allNames.map((name, index) => [name, `${name} <${index}> & more`]));
  return { country: 'AT', elements, language: 'de' };
}

const provider: fc.Arbitrary<DataProvider> = fc.record({
  name: text,
  reference: fc.stringMatching(/^[a-z0-9]{1,20}@[a-z]{1,10}\.example$/),
  contactUri: fc.constantFrom('tel:+12025550123', 'sip:noc@esinet.example', 'https://esinet.example/noc'),
  id: fc.constant({ value: 'esrp.example', series: 'domain' }),
  type: fc.option(fc.constantFrom('Access Network Provider', 'Telecom Provider'), { nil: undefined }),
  languages: fc.option(fc.constant(['en', 'es-mx']), { nil: undefined }),
});

const date = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  .map((value) => value.toISOString());

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

/** Documents with all that can be said in them. */
export const arbitraryContent: fc.Arbitrary<PidfLoContent> = fc
  .record({
    entity: fc.constantFrom('pres:caller@example.com', 'sip:+12025550123@carrier.example;user=phone'),
    id: fc.stringMatching(/^[a-z][a-z0-9.-]{0,15}$/),
    deviceId: maybe(fc.constantFrom('mac:001122334455', 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6')),
    shape: maybe(arbitraryShape),
    civic: maybe(arbitraryCivic),
    confidence: maybe(
      fc.record({
        percent: maybe(number(1e-9, 99.999_999)),
        pdf: fc.constantFrom('unknown' as const, 'normal' as const, 'rectangular' as const),
      }),
    ),
    method: maybe(fc.constantFrom('GPS', 'Manual', 'Default', 'DHCP')),
    providedBy: maybe(provider),
    timestamp: maybe(date),
    isRetransmissionAllowed: maybe(fc.boolean()),
    retentionExpires: maybe(date),
    rulesetReference: maybe(fc.constant('https://rules.example/policy?id=1&part=2')),
    noteWell: maybe(text),
    ringForm: maybe(fc.constantFrom('posList' as const, 'pos' as const)),
  })
  .filter(({ shape, civic }) => shape !== undefined || civic !== undefined);
