import { defineErrors } from '../base/index.ts';

/** Why a feature of a GIS source is refused. */
export const loadErrors = defineErrors({
  'load.jsonBroken': { kind: 'parse', meaning: 'A GeoJSON source is not JSON from some byte on.' },
  'load.notGeoJson': {
    kind: 'parse',
    meaning: 'A source holds JSON that is no feature and no feature collection.',
  },
  'load.notUtf8': { kind: 'parse', meaning: 'A feature is not encoded in UTF-8.' },
  'load.featureTooLarge': { kind: 'parse', meaning: 'A feature has more bytes than the limit.' },
  'load.crsUnsupported': {
    kind: 'reject',
    meaning: 'A source is in a coordinate reference system other than WGS 84.',
  },
  'load.geometryMissing': { kind: 'reject', meaning: 'A feature has no geometry.' },
  'load.geometryType': { kind: 'reject', meaning: "A boundary's geometry is no polygon or multipolygon." },
  'load.geometryEmpty': { kind: 'reject', meaning: "A boundary's geometry has no coordinates." },
  'load.ringTooShort': { kind: 'reject', meaning: 'A ring has fewer than four positions.' },
  'load.ringNotClosed': { kind: 'reject', meaning: 'The last position of a ring is not its first.' },
  'load.positionMalformed': { kind: 'reject', meaning: 'A position is not two finite numbers.' },
  'load.positionOutOfRange': {
    kind: 'reject',
    meaning: 'A position is beyond 180 degrees of longitude or 90 of latitude.',
  },
  'load.idMissing': { kind: 'reject', meaning: 'A boundary has no id.' },
  'load.idTooLong': { kind: 'reject', meaning: 'A boundary id has more than 254 characters.' },
  'load.idDuplicate': { kind: 'reject', meaning: 'Two boundaries of one source have the same id.' },
  'load.uriMissing': { kind: 'reject', meaning: 'A boundary has no service URI.' },
  'load.uriInvalid': { kind: 'reject', meaning: 'A service URI is no sip or sips URI.' },
  'load.urnMissing': { kind: 'reject', meaning: 'A boundary has no service URN, and the load names none.' },
  'load.urnInvalid': { kind: 'reject', meaning: 'A service URN is none.' },
  'load.countryInvalid': { kind: 'reject', meaning: 'A country is not two letters (ISO 3166-1 alpha-2).' },
  'load.dateInvalid': { kind: 'reject', meaning: 'An effective or expiry date cannot be read.' },
  'load.dateOrder': { kind: 'reject', meaning: 'A boundary expires before it takes effect.' },
  'load.headerInvalid': {
    kind: 'reject',
    meaning: 'The header row of a location table lacks a column, or has one that is none.',
  },
  'load.csvBroken': { kind: 'parse', meaning: 'A row of a location table is not CSV.' },
  'load.columnCount': { kind: 'parse', meaning: 'A row has more or fewer fields than the header.' },
  'load.keyInvalid': { kind: 'reject', meaning: 'A key is none of its location table.' },
  'load.radiusInvalid': { kind: 'reject', meaning: 'A radius is no number of metres, or has no position.' },
  'load.civicInvalid': {
    kind: 'reject',
    meaning: 'An element of an address is too long or has control characters.',
  },
  'load.placeMissing': { kind: 'reject', meaning: 'A row has neither a position nor an address.' },
  'load.priorityInvalid': { kind: 'reject', meaning: 'A priority is no whole number.' },
});

/** A code of {@link loadErrors}. */
export type LoadErrorCode = keyof typeof loadErrors;
