import { defineErrors } from '../base/index.ts';

/**
 * Error and warning codes of reading locations. Those whose meaning says "read" are warnings: the location is
 * used.
 */
export const locationErrors = defineErrors({
  'location.xmlUnreadable': { kind: 'parse', meaning: 'A location document is not XML that can be read.' },
  'location.notPidfLo': { kind: 'parse', meaning: 'A document has no location element of a PIDF-LO.' },
  'location.tooMany': {
    kind: 'parse',
    meaning: 'A document or request has more locations than the limit; the rest is left out.',
  },
  'location.empty': { kind: 'parse', meaning: 'A location-info element holds no location.' },
  'location.civicEmpty': { kind: 'parse', meaning: 'A civic address has no value in it.' },
  'location.shapeUnsupported': {
    kind: 'reject',
    meaning: 'A location is given as a shape that is no area, or several.',
  },
  'location.crsUnsupported': {
    kind: 'reject',
    meaning: 'A position is given in a coordinate reference system other than WGS 84.',
  },
  'location.positionMissing': { kind: 'parse', meaning: 'A shape has no position.' },
  'location.positionMalformed': { kind: 'parse', meaning: 'A position is not two or three numbers.' },
  'location.positionOutOfRange': {
    kind: 'parse',
    meaning: 'A latitude is beyond 90 degrees or a longitude beyond 180.',
  },
  'location.axisOrderAmbiguous': {
    kind: 'parse',
    meaning: 'An old form of coordinates may mean latitude or longitude first, and both would be on Earth.',
  },
  'location.axisOrderSwapped': {
    kind: 'parse',
    meaning: 'Longitude came before latitude, which the values prove; read in that order.',
  },
  'location.namespaceRepaired': {
    kind: 'parse',
    meaning:
      'An element is in another namespace than its own, in none, or its prefix is not bound; read by its name.',
  },
  'location.srsNameMissing': {
    kind: 'parse',
    meaning: 'A shape names no coordinate reference system; read as WGS 84.',
  },
  'location.srsNameRepaired': {
    kind: 'parse',
    meaning: 'A coordinate reference system is spelt in another way than RFC 5491 says; read.',
  },
  'location.datumAssumed': {
    kind: 'parse',
    meaning: 'A position in NAD 83 is read as WGS 84; the difference is under two metres.',
  },
  'location.dimensionMismatch': {
    kind: 'parse',
    meaning: 'A position has more or fewer numbers than its reference system has axes; read.',
  },
  'location.separatorRepaired': { kind: 'parse', meaning: 'Coordinates are separated by commas; read.' },
  'location.hemisphereLetters': {
    kind: 'parse',
    meaning: 'Coordinates are written with hemisphere letters; read.',
  },
  'location.oldCoordinates': {
    kind: 'parse',
    meaning: 'A position is in a coordinates or coord element of an older GML; read.',
  },
  'location.radiusUnusable': {
    kind: 'parse',
    meaning: 'A round shape has no usable radius; read as a point at its centre.',
  },
  'location.unitMissing': {
    kind: 'parse',
    meaning: 'A measure names no unit, or by another name than RFC 5491 says; read.',
  },
  'location.unitFoot': { kind: 'parse', meaning: 'A length is given in feet; read and converted to metres.' },
  'location.unitConverted': {
    kind: 'parse',
    meaning: 'A length is given in kilometres, miles or yards; read and converted to metres.',
  },
  'location.angleRepaired': {
    kind: 'parse',
    meaning: 'An angle is negative, beyond a full turn, or called radians and written in degrees; read.',
  },
  'location.measureUnusable': {
    kind: 'parse',
    meaning:
      'A length or angle of a shape is missing or no measure; read as a shape that does without it and covers no less.',
  },
  'location.measureSwapped': {
    kind: 'parse',
    meaning: 'A smaller length stands where the larger belongs; read the other way round.',
  },
  'location.shapeSubstituted': {
    kind: 'parse',
    meaning: 'A shape of GML that RFC 5491 does not have is read as the one of its that covers the same.',
  },
  'location.ringClosed': {
    kind: 'parse',
    meaning: 'The last corner of a ring is not its first; read as closed.',
  },
  'location.ringCrossing': {
    kind: 'parse',
    meaning: 'A ring crosses or touches itself; read as the smallest area without dents around its corners.',
  },
  'location.ringDegenerate': {
    kind: 'parse',
    meaning: 'A ring has no area, and no point that stands for it.',
  },
  'location.ringRepaired': {
    kind: 'parse',
    meaning:
      'A ring repeats a corner, or its corners stand outside of the elements that belong around them; read.',
  },
  'location.ringHoles': {
    kind: 'parse',
    meaning: 'A polygon has holes, which RFC 5491 does not have; read.',
  },
  'location.altitudeMismatch': {
    kind: 'parse',
    meaning: 'Corners of an area differ in altitude, or some have none; read at the lowest.',
  },
  'location.signsRepaired': {
    kind: 'parse',
    meaning: 'Coordinates are written with degree signs or a typographic minus; read.',
  },
  'location.confidenceUnusable': {
    kind: 'parse',
    meaning: 'A confidence is no percentage; left out.',
  },
  'location.usageRuleRepaired': {
    kind: 'parse',
    meaning:
      'A usage rule has another name or place than in its schema, or a value that is none; read, or left out.',
  },
  'location.civicNameRepaired': {
    kind: 'parse',
    meaning: 'An element of an address has another name than RFC 5139 gives it; read under that name.',
  },
  'location.countryRepaired': {
    kind: 'parse',
    meaning: 'A country is not two upper-case letters; read in upper case, or left out.',
  },
  'location.extraLocation': {
    kind: 'parse',
    meaning:
      'A location-info holds more than one shape or address, or a geopriv more than one location-info; the first is read (RFC 5491 §3).',
  },
  'location.infoMissing': {
    kind: 'parse',
    meaning: 'A geopriv element holds a location without a location-info around it; read.',
  },
  'location.heldUnknown': {
    kind: 'parse',
    meaning: 'A document that should be a HELD message is none that is known.',
  },
  'location.heldEmpty': {
    kind: 'parse',
    meaning: 'An answer of a location server has neither a location nor a reference.',
  },
  'location.headerMalformed': {
    kind: 'parse',
    meaning: 'A Geolocation header value is no URI in angle brackets.',
  },
  'location.referenceUnsupported': {
    kind: 'reject',
    meaning: 'A location is given by reference, and references of its kind are not followed.',
  },
  'location.sourceMalformed': {
    kind: 'parse',
    meaning: 'The loc-src of a Geolocation value is no fully qualified host name (RFC 8787 §4); left out.',
  },
  'location.partEncrypted': {
    kind: 'reject',
    meaning: 'A Geolocation value points at an encrypted or opaquely signed part, which is not opened.',
  },
  'location.contentUnreadable': {
    kind: 'parse',
    meaning: 'A message/external-body part names no URL.',
  },
  'location.contentUnsupported': {
    kind: 'reject',
    meaning: 'The content of a message/external-body part is to be had in a way that is not followed.',
  },
  'location.contentCondition': {
    kind: 'parse',
    meaning: 'The expiration, size or hash of a message/external-body part cannot be read; left out.',
  },
  'location.contentExpired': {
    kind: 'parse',
    meaning:
      'A location was fetched after the expiration that the request gave for it; read (RFC 4483 §5.7).',
  },
  'location.contentSize': {
    kind: 'parse',
    meaning: 'A fetched location has another size than the request gave; read (RFC 4483 §5.9).',
  },
  'location.contentMismatch': {
    kind: 'reject',
    meaning: 'A fetched document does not have the hash that the request gave (RFC 4483 §5.12).',
  },
  'location.fetchedEmpty': { kind: 'parse', meaning: 'A reference was followed and nothing came.' },
  'location.heldError': {
    kind: 'reject',
    meaning: 'A location server answered with an error of HELD (RFC 5985 §6.3).',
  },
  'location.heldReferenceOnly': {
    kind: 'reject',
    meaning: 'A location server answered with references alone, which are not followed.',
  },
  'location.alertUnreadable': { kind: 'parse', meaning: 'An alert is no document of the CAP.' },
  'location.alertArea': {
    kind: 'parse',
    meaning: 'A polygon or circle of an alert cannot be read; left out.',
  },
  'location.dataMissing': {
    kind: 'parse',
    meaning: 'A Call-Info value points at a body part that is not there (RFC 7852 §6.1).',
  },
  'location.geoUri': {
    kind: 'parse',
    meaning:
      'A Geolocation value is a position itself, a geo URI, which RFC 6442 §4.1 has no place for; read.',
  },
  'location.geoUriUnreadable': {
    kind: 'parse',
    meaning: 'A geo URI is no position in WGS 84 (RFC 5870).',
  },
  'location.partMissing': {
    kind: 'parse',
    meaning: 'A Geolocation header value points at a body part that is not there.',
  },
  'location.referenceExpired': {
    kind: 'reject',
    meaning: 'A reference says that it leads nowhere any more (RFC 4483 §5.7).',
  },
  'location.callerNameless': {
    kind: 'reject',
    meaning: 'A call has no identity that the location server could know its caller by.',
  },
});

/** A code of {@link locationErrors}. */
export type LocationErrorCode = keyof typeof locationErrors;
