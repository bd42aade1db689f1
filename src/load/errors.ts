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
  'load.spoolFailed': {
    kind: 'dependency',
    meaning: 'An upload could not be kept on disk while it is read.',
  },
  'load.formatUnknown': { kind: 'parse', meaning: 'A file is in no format that is read here.' },
  'load.gzipBroken': {
    kind: 'parse',
    meaning: 'A gzip file does not decompress, or to more than the limit.',
  },
  'load.zipBroken': { kind: 'parse', meaning: 'A zip file is damaged, cut off, or encrypted.' },
  'load.zipUnsafe': {
    kind: 'reject',
    meaning: 'A zip file has names that lead out of it, or more files than the limit.',
  },
  'load.tooLarge': {
    kind: 'reject',
    meaning: 'A file, or what it decompresses to, has more bytes than the limit.',
  },
  'load.shapefileBroken': {
    kind: 'parse',
    meaning: 'The bytes of a shapefile are not what its headers say.',
  },
  'load.shapefileIncomplete': {
    kind: 'reject',
    meaning: 'A shapefile came without a file that it needs, such as its .dbf.',
  },
  'load.gpkgBroken': {
    kind: 'parse',
    meaning: 'An SQLite file is damaged, or no GeoPackage.',
  },
  'load.geometryBroken': { kind: 'parse', meaning: "A geometry's bytes are not what its format says." },
  'load.gdalMissing': {
    kind: 'reject',
    meaning: 'A file is in a format that is read through ogr2ogr, which is not installed.',
  },
  'load.gdalFailed': { kind: 'reject', meaning: 'ogr2ogr could not read a file, or not within its limits.' },
  'load.tooManyRefused': {
    kind: 'reject',
    meaning: 'So many features of a source are refused that it was read no further.',
  },
  'load.noLayers': { kind: 'reject', meaning: 'A file has no layers with geometry.' },
  'load.layerUnknown': {
    kind: 'reject',
    meaning: 'Neither name, fields nor geometry tell which layer of GIS data a source layer is.',
  },
  'load.mappingUnmet': {
    kind: 'reject',
    meaning: 'A mapping names a layer or a field that the source does not have.',
  },
  'load.crsMissing': {
    kind: 'reject',
    meaning: 'A source does not say its coordinate reference system.',
  },
  'load.crsUnsupported': {
    kind: 'reject',
    meaning: 'A coordinate reference system is named in a way that cannot be read.',
  },
  'load.geometryMissing': { kind: 'reject', meaning: 'A feature has no geometry.' },
  'load.geometryType': {
    kind: 'reject',
    meaning: "A feature's geometry is of another type than its layer's.",
  },
  'load.geometryEmpty': { kind: 'reject', meaning: "A feature's geometry has no coordinates." },
  'load.lineTooShort': { kind: 'reject', meaning: 'A line has fewer than two positions.' },
  'load.fieldMissing': { kind: 'reject', meaning: 'A field that the layer needs is absent or empty.' },
  'load.valueInvalid': { kind: 'reject', meaning: "A value is none of its field's domain." },
  'load.textTooLong': { kind: 'reject', meaning: 'A text has more than 254 characters.' },
  'load.ringTooShort': { kind: 'reject', meaning: 'A ring has fewer than four positions.' },
  'load.ringNotClosed': { kind: 'reject', meaning: 'The last position of a ring is not its first.' },
  'load.positionMalformed': { kind: 'reject', meaning: 'A position is not two finite numbers.' },
  'load.positionOutOfRange': {
    kind: 'reject',
    meaning: 'A position is beyond 180 degrees of longitude or 90 of latitude.',
  },
  'load.idMissing': { kind: 'reject', meaning: 'A feature has no id.' },
  'load.idTooLong': { kind: 'reject', meaning: 'An id has more than 254 characters.' },
  'load.idDuplicate': { kind: 'reject', meaning: 'Two features of one layer of a source have the same id.' },
  'load.uriMissing': { kind: 'reject', meaning: 'A boundary has no service URI.' },
  'load.uriInvalid': {
    kind: 'reject',
    meaning: 'A service URI is no sip or sips URI, nor the URN of a service that is not there.',
  },
  'load.urnMissing': { kind: 'reject', meaning: 'A boundary has no service URN, and the load names none.' },
  'load.urnInvalid': { kind: 'reject', meaning: 'A service URN is none.' },
  'load.countryInvalid': { kind: 'reject', meaning: 'A country is not two letters (ISO 3166-1 alpha-2).' },
  'load.dateInvalid': { kind: 'reject', meaning: 'A date cannot be read.' },
  'load.dateOrder': { kind: 'reject', meaning: 'A feature expires before it takes effect.' },
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
