import type { CodedError, WallMs } from '../base/index.ts';
import type { Ring, Shape } from '../geo/index.ts';
import type { CivicAddress } from '../location/index.ts';
import type { XmlElement } from '../xml/index.ts';
import type { LostErrorCode } from './errors.ts';

// What LoST documents are made of, requests and answers alike (RFC 5222).

/**
 * A moment as a document has it. The text goes out as it came in: what identifies a mapping is never modified (RFC 5222
 * §5.1). `lostMoment` makes one.
 */
export interface LostMoment {
  readonly ms: WallMs;
  /** xs:dateTime with its time zone. */
  readonly text: string;
}

/** How long a mapping may be used (RFC 5222 §5.2). */
export type LostExpiry = LostMoment | 'NO-CACHE' | 'NO-EXPIRATION';

/** A server that a request went through (RFC 5222 §6). */
export interface LostVia {
  /** Application unique string: a DNS name with a dot in it. */
  readonly source: string;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** What a `<location>` holds. */
export type LostLocationValue =
  /** Profile `geodetic-2d` (RFC 5222 §12.2); three-dimensional shapes are kept as they are, to be taken by their footprint. */
  | { readonly kind: 'geodetic'; readonly shape: Shape }
  /** Profile `civic` (RFC 5222 §12.3). */
  | { readonly kind: 'civic'; readonly civic: CivicAddress }
  /** Of a profile that is not read, or broken: why it cannot be used. */
  | { readonly kind: 'unusable'; readonly fault: LostFault };

/** A location of a request (RFC 5222 §8.3.1). */
export interface LostLocation {
  /** Undefined where the client gave none: an answer has no `locationUsed` then. */
  readonly id: string | undefined;
  /** As the client named it; undefined where it named none (RFC 5222 §12.1). */
  readonly profile?: string | undefined;
  readonly value: LostLocationValue;
  /** What stood in it, for a server that passes the request on; a client that makes a request leaves it out. */
  readonly content?: readonly XmlElement[] | undefined;
}

/** A location that a request can be answered by. */
export type UsableLocation = LostLocation & {
  readonly value: Exclude<LostLocationValue, { readonly kind: 'unusable' }>;
};

/** One representation of a region (RFC 5222 §5.5); those of different profiles mean the same region. */
export type LostBoundary = {
  /** What stood in it, where it was read: it is passed on in place of what was understood of it. */
  readonly content?: readonly XmlElement[] | undefined;
} & (
  | {
      /** One or more polygons that add up; rings of each: the exterior, then holes (RFC 5964). Longitude before latitude. */
      readonly kind: 'polygons';
      readonly polygons: readonly (readonly Ring[])[];
    }
  /** Circles, ellipses and arc bands that add up. */
  | { readonly kind: 'shapes'; readonly shapes: readonly Shape[] }
  /** All addresses that have these elements; several add up (RFC 5222 §12.3). */
  | { readonly kind: 'civic'; readonly civics: readonly CivicAddress[] }
  /** Of a profile that is not read, or not to be read with certainty. */
  | { readonly kind: 'unreadable'; readonly profile: string | undefined }
);

/** Where a boundary can be had (RFC 5222 §5.6, RFC 6197 §3.1). */
export interface LostBoundaryReference {
  readonly source: string;
  readonly key: string;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** A text for people; the language is a tag such as `en` (RFC 5646). */
export interface LostText {
  readonly text: string;
  readonly language: string | undefined;
}

/** What identifies one state of a mapping (RFC 5222 §5.1). */
export interface LostMappingId {
  readonly source: string;
  readonly sourceId: string;
  readonly lastUpdated: LostMoment;
}

/** A service, the region that it serves, and how to reach it (RFC 5222 §5). */
export interface LostMapping extends LostMappingId {
  readonly expires: LostExpiry;
  readonly displayNames: readonly LostText[];
  /** URN as written; undefined where the document has none. */
  readonly service: string | undefined;
  readonly boundaries: readonly LostBoundary[];
  /** Not beside `boundaries`. */
  readonly boundaryReference?: LostBoundaryReference | undefined;
  /** Absolute, of each scheme one. None: the mapping names a server that knows more, its `source` (RFC 6739 §3). */
  readonly uris: readonly string[];
  /** Digits, `*` and `#`. */
  readonly serviceNumber?: string | undefined;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** The errors of RFC 5222 §13.1. */
export const lostErrorTypes = [
  'badRequest',
  'forbidden',
  'internalError',
  'locationProfileUnrecognized',
  'locationInvalid',
  'SRSInvalid',
  'loop',
  'notFound',
  'serverError',
  'serverTimeout',
  'serviceNotImplemented',
] as const;

/** The warnings of RFC 5222 §13.2. */
export const lostWarningTypes = [
  'locationValidationUnavailable',
  'serviceSubstitution',
  'defaultMappingReturned',
] as const;

/** What kept a request from being answered (RFC 5222 §13.1). */
export type LostErrorType = (typeof lostErrorTypes)[number];
/** What an answer falls short in (RFC 5222 §13.2). */
export type LostWarningType = (typeof lostWarningTypes)[number];

/** An error or a warning: each type can be either, depending on whether there is an answer beside it (RFC 5222 §13). */
export interface LostException {
  readonly type: LostErrorType | LostWarningType;
  /** For people; empty says nothing. */
  readonly message: string;
  /** Of the message; `en` where undefined. */
  readonly language?: string | undefined;
  /** Of `locationProfileUnrecognized`: profiles of the request that are not read. */
  readonly unsupportedProfiles?: readonly string[] | undefined;
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Exceptions that one server found. */
export interface LostExceptions {
  /** The server that found them first. */
  readonly source: string;
  readonly exceptions: readonly LostException[];
  /** Exceptions of other namespaces, and types that are not known. */
  readonly extensions?: readonly XmlElement[] | undefined;
}

/** Call and incident that a query is made for (NENA-STA-010.3 §3.4.10.4). */
export interface LostCallIds {
  readonly callId: string | undefined;
  readonly incidentTrackingId: string | undefined;
}

/** Why a document cannot be used, and the error to answer with. The message says what and where, and holds no location. */
export interface LostFault extends CodedError<LostErrorCode> {
  readonly type: LostErrorType;
  /** Of `locationProfileUnrecognized`. */
  readonly unsupportedProfiles?: readonly string[] | undefined;
}
