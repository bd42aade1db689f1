import type { Shape } from '../../src/geo/index.ts';

// What is made of each of the sample documents: the shape and address that are chosen, and the warnings' codes.

/** One sample document. */
export interface SampleRow {
  readonly name: string;
  /** Why the document gives no location at all. */
  readonly failure?: string;
  readonly shape?: Shape;
  /** Elements by name, the country and the language among them. */
  readonly civic?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly warnings?: readonly string[];
  /** Locations that can be used; 1 unless said. */
  readonly count?: number;
}

const here: Shape = { kind: 'point', position: { lon: -73.9906976, lat: 40.716683 } };
/** A corner by latitude and longitude, as GML has it. */
const at = (lat: number, lon: number, altM?: number) =>
  altM === undefined ? { lon, lat } : { lon, lat, altM };

/** The samples in the order of their names. */
export const sampleRows: readonly SampleRow[] = [
  {
    name: 'legacy/civicLoc-civicAddress.xml',
    civic: { country: 'US', A1: 'New York', A3: 'New York', A6: 'Broadway', HNO: '123' },
    warnings: ['namespaceRepaired'],
  },
  {
    name: 'legacy/civicLoc-civilAddress.xml',
    civic: {
      country: 'US',
      A1: 'New York',
      A3: 'New York',
      A6: 'Broadway',
      HNO: '123',
      LOC: 'Suite 75',
      PC: '10027-0401',
    },
    warnings: ['namespaceRepaired'],
  },
  {
    name: 'legacy/compound-civic-then-geo.xml',
    shape: here,
    civic: { country: 'US', language: 'en', A1: 'NY', A3: 'New York', RD: 'Delancey', STS: 'St', HNO: '100' },
  },
  {
    name: 'legacy/compound-geo-then-civic.xml',
    shape: here,
    civic: { country: 'US', language: 'en', A1: 'NY', A3: 'New York', RD: 'Delancey', STS: 'St', HNO: '100' },
  },
  { name: 'legacy/dm-device.xml', shape: here },
  { name: 'legacy/dm-person.xml', shape: here },
  { name: 'legacy/gml-coord-XY.xml', shape: here, warnings: ['oldCoordinates'] },
  {
    name: 'legacy/gml-coordinates-comma-lonlat.xml',
    warnings: ['srsNameRepaired', 'oldCoordinates', 'separatorRepaired', 'axisOrderAmbiguous'],
    count: 0,
  },
  { name: 'legacy/gml-coordinates-space-latlon.xml', shape: here, warnings: ['oldCoordinates'] },
  { name: 'legacy/gml-ns-3.2.xml', shape: here, warnings: ['namespaceRepaired', 'namespaceRepaired'] },
  {
    name: 'legacy/openbts-gml-coordinates-epsg.xml',
    shape: { kind: 'point', position: at(37.775, -122.41944444444445) },
    warnings: ['namespaceRepaired', 'srsNameRepaired', 'oldCoordinates', 'hemisphereLetters'],
  },
  { name: 'legacy/order-tuple-device-person.xml', shape: here, count: 2 },
  {
    name: 'legacy/rfc4119-gml-coordinates-dms.xml',
    shape: { kind: 'point', position: at(-31.933333333333334, 115.83333333333333) },
    warnings: ['namespaceRepaired', 'srsNameRepaired', 'oldCoordinates', 'hemisphereLetters'],
  },
  { name: 'legacy/srsname-1.xml', shape: here, warnings: ['srsNameRepaired'] },
  { name: 'legacy/srsname-2.xml', shape: here, warnings: ['srsNameRepaired'] },
  { name: 'legacy/srsname-3.xml', shape: here, warnings: ['srsNameRepaired'] },
  { name: 'legacy/srsname-4.xml', shape: here, warnings: ['srsNameRepaired'] },
  { name: 'legacy/srsname-5.xml', shape: here, warnings: ['srsNameRepaired'] },
  { name: 'legacy/srsname-6.xml', shape: here, warnings: ['srsNameRepaired'] },
  { name: 'legacy/srsname-7.xml', shape: here, warnings: ['srsNameRepaired'] },
  { name: 'legacy/srsname-8.xml', shape: here, warnings: ['dimensionMismatch'] },
  { name: 'legacy/srsname-crs84-lonlat.xml', shape: here, warnings: ['srsNameRepaired'] },
  { name: 'legacy/srsname-missing.xml', shape: here, warnings: ['srsNameMissing'] },
  { name: 'legacy/srsname-nad83-4269.xml', shape: here, warnings: ['datumAssumed'] },
  { name: 'legacy/srsname-projected-3857.xml', warnings: ['crsUnsupported'], count: 0 },
  { name: 'legacy/two-location-info-in-one-geopriv.xml', shape: here, warnings: ['extraLocation'], count: 2 },
  { name: 'legacy/two-points-in-one-location-info.xml', shape: here, warnings: ['extraLocation'] },
  { name: 'legacy/two-tuples-different.xml', shape: here, count: 2 },
  {
    name: 'malformed/arcband-inner-gt-outer.xml',
    shape: {
      kind: 'arcBand',
      center: at(40.716683, -73.9906976),
      innerRadiusM: 100,
      outerRadiusM: 3594,
      startAngleDeg: 20,
      openingAngleDeg: 20,
    },
    warnings: ['measureSwapped'],
  },
  { name: 'malformed/attr-single-quotes.xml', shape: here },
  { name: 'malformed/cdata-pos.xml', shape: here },
  { name: 'malformed/char-refs-pos.xml', shape: here },
  { name: 'malformed/circle-negative-radius.xml', shape: here, warnings: ['radiusUnusable'] },
  { name: 'malformed/circle-no-radius.xml', shape: here, warnings: ['radiusUnusable'] },
  { name: 'malformed/circle-radius-huge.xml', shape: here, warnings: ['radiusUnusable'] },
  {
    name: 'malformed/circle-radius-in-feet.xml',
    shape: { kind: 'circle', center: at(40.716683, -73.9906976), radiusM: 30.48 },
    warnings: ['unitFoot'],
  },
  {
    name: 'malformed/circle-radius-zero.xml',
    shape: { kind: 'circle', center: at(40.716683, -73.9906976), radiusM: 0 },
  },
  {
    name: 'malformed/civic-bidi-and-control.xml',
    civic: { country: 'US', A1: 'NY', NAM: '\u202eevil\u202c \u0085 \u2028' },
  },
  { name: 'malformed/civic-empty.xml', warnings: ['civicEmpty'], count: 0 },
  { name: 'malformed/civic-lowercase-country.xml', civic: { A1: 'NY' }, warnings: ['countryRepaired'] },
  {
    name: 'malformed/civic-markup-in-values.xml',
    civic: { country: 'US', A1: 'NY', RD: '<script>alert(1)</script>', NAM: "'); DROP TABLE calls;--" },
  },
  {
    name: 'malformed/civic-unknown-elements.xml',
    civic: { country: 'US', A1: 'NY', XYZ: '?', RD: 'Main', foo: '1' },
  },
  { name: 'malformed/comment-and-pi-inside-pos.xml', shape: here },
  { name: 'malformed/decl-utf16-but-utf8.xml', shape: here, warnings: ['xml.encodingMismatch'] },
  {
    name: 'malformed/ellipse-minor-gt-major.xml',
    shape: {
      kind: 'ellipse',
      center: at(40.716683, -73.9906976),
      semiMajorM: 20,
      semiMinorM: 10,
      orientationDeg: 130,
    },
    warnings: ['angleRepaired', 'measureSwapped'],
  },
  { name: 'malformed/empty-location-info.xml', warnings: ['empty'], count: 0 },
  {
    name: 'malformed/latin1-decl-latin1-bytes.xml',
    civic: {
      country: 'US',
      language: 'en',
      A1: 'NY',
      A3: 'New York',
      RD: 'Rue François',
      STS: 'St',
      HNO: '100',
    },
  },
  { name: 'malformed/leading-crlf.xml', shape: here, warnings: ['xml.leadingSpace'] },
  { name: 'malformed/method-unknown.xml', shape: here, method: 'Teleport' },
  { name: 'malformed/mismatched-tags.xml', failure: 'location.xmlUnreadable' },
  { name: 'malformed/missing-geopriv.xml', failure: 'location.notPidfLo' },
  { name: 'malformed/nul-byte.xml', failure: 'location.xmlUnreadable' },
  { name: 'malformed/polygon-3-points-degenerate.xml', warnings: ['ringDegenerate'], count: 0 },
  {
    name: 'malformed/polygon-antimeridian.xml',
    shape: {
      kind: 'polygon',
      exterior: [at(51, 179), at(51, -179), at(53, -179), at(53, 179), at(51, 179)],
      interiors: [],
    },
  },
  {
    name: 'malformed/polygon-clockwise.xml',
    shape: {
      kind: 'polygon',
      exterior: [at(40, -74), at(41, -74), at(41, -73), at(40, -73), at(40, -74)],
      interiors: [],
    },
  },
  {
    name: 'malformed/polygon-not-closed.xml',
    shape: {
      kind: 'polygon',
      exterior: [at(40, -74), at(40, -73), at(41, -73), at(41, -74), at(40, -74)],
      interiors: [],
    },
    warnings: ['ringClosed'],
  },
  { name: 'malformed/polygon-odd-count.xml', warnings: ['positionMalformed'], count: 0 },
  {
    name: 'malformed/polygon-self-intersecting.xml',
    shape: {
      kind: 'polygon',
      exterior: [at(40, -74), at(40, -73), at(41, -73), at(41, -74), at(40, -74)],
      interiors: [],
    },
    warnings: ['ringCrossing'],
  },
  {
    name: 'malformed/polygon-with-hole.xml',
    shape: {
      kind: 'polygon',
      exterior: [at(40, -74), at(40, -73), at(41, -73), at(41, -74), at(40, -74)],
      interiors: [[at(40.4, -73.6), at(40.6, -73.6), at(40.6, -73.4), at(40.4, -73.4), at(40.4, -73.6)]],
    },
    warnings: ['ringHoles'],
  },
  {
    name: 'malformed/pos-3d-with-2d-srs.xml',
    shape: { kind: 'point', position: at(40.716683, -73.9906976, 12.5) },
    warnings: ['dimensionMismatch'],
  },
  { name: 'malformed/pos-comma-space.xml', shape: here, warnings: ['separatorRepaired'] },
  { name: 'malformed/pos-comma.xml', shape: here, warnings: ['separatorRepaired'] },
  { name: 'malformed/pos-decimal-comma.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-degree-sign.xml', shape: here, warnings: ['signsRepaired'] },
  { name: 'malformed/pos-empty.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-exponent.xml', shape: here },
  { name: 'malformed/pos-four-numbers.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-fullwidth-digits.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-hemisphere-letters.xml', shape: here, warnings: ['hemisphereLetters'] },
  { name: 'malformed/pos-hex-and-js-numbers.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-inf.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-js-empty-string-trap.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-lat-90.0000001.xml', warnings: ['positionOutOfRange'], count: 0 },
  { name: 'malformed/pos-lon-180.xml', shape: { kind: 'point', position: at(0.5, 180) } },
  { name: 'malformed/pos-lon-181.xml', warnings: ['positionOutOfRange'], count: 0 },
  { name: 'malformed/pos-nan.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-newlines-tabs.xml', shape: here },
  { name: 'malformed/pos-one-number.xml', warnings: ['positionMalformed'], count: 0 },
  { name: 'malformed/pos-plus-sign.xml', shape: here },
  {
    name: 'malformed/pos-swapped-detectable.xml',
    shape: { kind: 'point', position: at(37.7749, -122.4194) },
    warnings: ['axisOrderSwapped'],
  },
  {
    name: 'malformed/pos-swapped-undetectable.xml',
    shape: { kind: 'point', position: at(-73.9906976, 40.716683) },
  },
  { name: 'malformed/pos-unicode-minus.xml', shape: here, warnings: ['signsRepaired'] },
  {
    name: 'malformed/pos-very-long-digits.xml',
    shape: { kind: 'point', position: at(40.77777777777778, -74) },
  },
  { name: 'malformed/pos-zero-zero.xml', shape: { kind: 'point', position: at(0, 0) } },
  { name: 'malformed/prefix-rebound-evil.xml', warnings: ['positionMissing'], count: 0 },
  { name: 'malformed/real-utf16.xml', shape: here },
  { name: 'malformed/retention-expired.xml', shape: here },
  { name: 'malformed/timestamp-ancient.xml', shape: here },
  { name: 'malformed/timestamp-future.xml', shape: here },
  { name: 'malformed/timestamp-garbage.xml', shape: here },
  { name: 'malformed/trailing-garbage.xml', failure: 'location.xmlUnreadable' },
  { name: 'malformed/truncated.xml', failure: 'location.xmlUnreadable' },
  { name: 'malformed/two-roots.xml', failure: 'location.xmlUnreadable' },
  {
    name: 'malformed/undeclared-prefix.xml',
    shape: here,
    warnings: ['namespaceRepaired', 'namespaceRepaired'],
  },
  { name: 'malformed/unknown-shape-solid.xml', warnings: ['shapeUnsupported'], count: 0 },
  { name: 'malformed/utf8-bom.xml', shape: here },
  { name: 'malformed/utf8-decl-latin1-bytes.xml', failure: 'location.xmlUnreadable' },
  { name: 'malformed/wrong-default-prefix-swap.xml', shape: here },
  {
    name: 'rfc4119/s2.3-civicLoc.xml',
    civic: {
      country: 'US',
      A1: 'New York',
      A3: 'New York',
      A6: 'Broadway',
      HNO: '123',
      LOC: 'Suite 75',
      PC: '10027-0401',
    },
    warnings: ['namespaceRepaired'],
  },
  {
    name: 'rfc4119/s2.3-gml-point.xml',
    shape: { kind: 'point', position: at(37.775, -122.41944444444445) },
    warnings: ['namespaceRepaired', 'srsNameRepaired', 'oldCoordinates', 'hemisphereLetters'],
  },
  {
    name: 'rfc5491/fig10-ellipse.xml',
    shape: {
      kind: 'ellipse',
      center: at(42.5463, -73.2512),
      semiMajorM: 1275,
      semiMinorM: 670,
      orientationDeg: 43.2,
    },
    method: 'Device-Assisted_A-GPS',
  },
  {
    name: 'rfc5491/fig12-arcband.xml',
    shape: {
      kind: 'arcBand',
      center: at(-43.5723, 153.2176),
      innerRadiusM: 3594,
      outerRadiusM: 4148,
      startAngleDeg: 20,
      openingAngleDeg: 20,
    },
    method: 'TA-NMR',
  },
  {
    name: 'rfc5491/fig13-sphere.xml',
    shape: { kind: 'sphere', center: at(42.5463, -73.2512, 26.3), radiusM: 850.24 },
    method: 'Device-Based_A-GPS',
  },
  {
    name: 'rfc5491/fig15-ellipsoid.xml',
    shape: {
      kind: 'ellipsoid',
      center: at(42.5463, -73.2512, 26.3),
      semiMajorM: 7.7156,
      semiMinorM: 3.31,
      orientationDeg: 90,
      verticalM: 28.7,
    },
    method: 'Hybrid_A-GPS',
  },
  {
    name: 'rfc5491/fig17-prism.xml',
    shape: {
      kind: 'prism',
      base: [
        at(42.556844, -73.248157, 36.6),
        at(42.656844, -73.248157, 36.6),
        at(42.656844, -73.348157, 36.6),
        at(42.556844, -73.348157, 36.6),
        at(42.556844, -73.248157, 36.6),
      ],
      heightM: 2.4,
    },
    method: 'Wiremap',
  },
  {
    name: 'rfc5491/fig2-compound.xml',
    shape: { kind: 'point', position: at(-43.5723, 153.2176) },
    civic: { FLR: '2' },
    method: 'Wiremap',
  },
  {
    name: 'rfc5491/fig3-multiple.xml',
    civic: {
      country: 'AU',
      language: 'en-AU',
      A1: 'NSW',
      A3: 'Wollongong',
      A4: 'North Wollongong',
      RD: 'Flinders',
      STS: 'Street',
      RDBR: 'Campbell Street',
      LMK: "Gilligan's Island",
      LOC: 'Corner',
      NAM: 'Video Rental Store',
      PC: '2500',
      ROOM: 'Westerns and Classics',
      PLC: 'store',
      POBOX: 'Private Box 15',
    },
    method: 'GPS',
    count: 2,
  },
  {
    name: 'rfc5491/fig4-point2d.xml',
    shape: { kind: 'point', position: at(-34.407, 150.883) },
    method: 'Wiremap',
  },
  {
    name: 'rfc5491/fig5-point3d.xml',
    shape: { kind: 'point', position: at(-34.407, 150.883, 24.8) },
    method: 'Wiremap',
  },
  {
    name: 'rfc5491/fig7-polygon-pos.xml',
    shape: {
      kind: 'polygon',
      exterior: [
        at(43.311, -73.422),
        at(43.111, -73.322),
        at(43.111, -73.222),
        at(43.311, -73.122),
        at(43.411, -73.222),
        at(43.411, -73.322),
        at(43.311, -73.422),
      ],
      interiors: [],
    },
    method: 'Wiremap',
  },
  {
    name: 'rfc5491/fig8-polygon-posList.xml',
    shape: {
      kind: 'polygon',
      exterior: [
        at(43.311, -73.422),
        at(43.111, -73.322),
        at(43.111, -73.222),
        at(43.311, -73.122),
        at(43.411, -73.222),
        at(43.411, -73.322),
        at(43.311, -73.422),
      ],
      interiors: [],
    },
    method: 'Wiremap',
  },
  {
    name: 'rfc5491/fig9-circle.xml',
    shape: { kind: 'circle', center: at(42.5463, -73.2512), radiusM: 850.24 },
    method: 'OTDOA',
  },
];
