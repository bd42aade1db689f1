import type { CodedError } from '../base/index.ts';
import type { Shape } from '../geo/index.ts';
import type { LocationErrorCode } from './errors.ts';

/** A civic address as sent (RFC 5139). Element values have white space collapsed and are otherwise unchanged. */
export interface CivicAddress {
  /** Two-letter ISO 3166-1 code in upper case, where the document names one. */
  readonly country: string | undefined;
  /** Values by RFC 5139 element name (`A1`, `A3`, `RD`, `HNO` ...), without `country`. First occurrence wins. */
  readonly elements: ReadonlyMap<string, string>;
  /** `xml:lang` of the address. */
  readonly language: string | undefined;
}

/** How a location was come by. */
export type LocationSource =
  | {
      readonly kind: 'body';
      /** Content-ID without angle brackets. */
      readonly contentId: string | undefined;
      /** Place in the part tree, such as `1.2`; `0` is the body itself. */
      readonly partPath: string;
      /** Whether a Geolocation header value points at this part. */
      readonly isReferenced: boolean;
    }
  /** Fetched from a URI that came with the request. */
  | { readonly kind: 'reference'; readonly uri: string; readonly protocol: ReferenceProtocol }
  /** Asked of the configured location server by the caller's identity (RFC 6155). */
  | { readonly kind: 'locationServer'; readonly identity: string }
  /** A Geolocation value that is a position itself, a `geo:` URI (RFC 5870); ordinal from 1. */
  | { readonly kind: 'header'; readonly ordinal: number }
  /** The area of an alert (RFC 8876 §4.2). */
  | { readonly kind: 'alert'; readonly partPath: string }
  /** A table of ours: by the cell that P-Access-Network-Info names, or by the caller's number. */
  | { readonly kind: 'table'; readonly table: 'cell' | 'number'; readonly key: string }
  /** The configured default of an ingress or of a service. */
  | { readonly kind: 'default'; readonly of: 'ingress' | 'service'; readonly name: string }
  /** Given by a person or a program that asks for a route. */
  | { readonly kind: 'query' };

/**
 * How a reference is followed: `held` by HTTP (RFC 6753), `presence` by SUBSCRIBE (RFC 3856), `content` by fetching a body
 * part that lies elsewhere (RFC 4483).
 */
export type ReferenceProtocol = 'held' | 'presence' | 'content';

/** A location that lies elsewhere. */
export interface LocationReference {
  /** Absolute. Who has it may have the location: it is to be kept as the location is. */
  readonly uri: string;
  readonly protocol: ReferenceProtocol;
  /** Moment after which it must not be followed, milliseconds since 1970 (RFC 4483 §5.7). */
  readonly expiresAtMs?: number | undefined;
  /** Octets of what is fetched, where said so beforehand (RFC 4483 §5.9). */
  readonly sizeBytes?: number | undefined;
  /** SHA-1 of what is fetched, hex, where said so beforehand (RFC 4483 §5.12). */
  readonly sha1Hex?: string | undefined;
}

/** How sure the source is that the target is inside of the shape (RFC 7459 §5). */
export interface Confidence {
  /** Percent, over 0 and up to 100; undefined: said to be unknown. */
  readonly percent: number | undefined;
  readonly pdf: 'unknown' | 'normal' | 'rectangular';
}

/** One block of additional data that a call brings (RFC 7852), by name alone: its content is passed on untouched. */
export interface AdditionalDataItem {
  /** Registered block name without `EmergencyCallData.`: `ProviderInfo`, `DeviceInfo`, `eCall.MSD`, `VEDS`, `cap` ... */
  readonly block: string;
  readonly form: 'value' | 'reference';
  /** Where it stands: `Call-Info 2`, `part 1.3`, `provided-by in part 1.2`. */
  readonly origin: string;
  /** Where it lies, for a reference. */
  readonly uri?: string | undefined;
  /** Of a value in a body part. */
  readonly contentType?: string | undefined;
  readonly sizeBytes?: number | undefined;
}

/** The element that held a location; RFC 5491 §3.4 rule 8 prefers them in this order. */
export type LocationContainer = 'device' | 'tuple' | 'person' | 'other';

/** One location read from a document: a shape, a civic address, or both (RFC 5491 §3.3). */
export interface LocationValue {
  readonly source: LocationSource;
  readonly shape: Shape | undefined;
  readonly civic: CivicAddress | undefined;
  /** `<method>` (RFC 4119 §2.2.3), such as `GPS`. */
  readonly method: string | undefined;
  /** `entity` of the presence document. */
  readonly entity: string | undefined;
  /** `<timestamp>` as written. */
  readonly timestamp: string | undefined;
  readonly isRetransmissionAllowed: boolean | undefined;
  readonly retentionExpires: string | undefined;
  readonly confidence?: Confidence | undefined;
  /** `ruleset-reference` or `external-ruleset` of the usage rules. */
  readonly rulesetReference?: string | undefined;
  readonly noteWell?: string | undefined;
  /** `deviceID` of the device that was located. */
  readonly deviceId?: string | undefined;
  /** Who provided it (RFC 7852 §6.2, RFC 4119 §2.2.4). */
  readonly providedBy?: readonly AdditionalDataItem[] | undefined;
  /** Where in the presence document it stood; undefined for what came without a document. */
  readonly container?: LocationContainer;
}

/** A `<location-info>` that gave no location, and why. */
export interface RejectedLocation {
  /** `unsupported`: well made, of a kind that is not read. `unreadable`: broken. */
  readonly outcome: 'unsupported' | 'unreadable';
  readonly container: LocationContainer;
  readonly error: CodedError<LocationErrorCode>;
}

/** Why a document gave nothing at all. The cause is the XML reader's error, where that is the reason. */
export type LocationError = CodedError<LocationErrorCode>;

/** Something that was wrong in a document and was read all the same, naming the repair. */
export type LocationWarning = CodedError;

/** One location of a document, usable or not, in document order. */
export type PidfLoEntry =
  | { readonly kind: 'location'; readonly location: LocationValue }
  | { readonly kind: 'rejected'; readonly rejected: RejectedLocation };

/** All locations of one PIDF-LO document, in document order. */
export interface PidfLo {
  readonly locations: readonly LocationValue[];
  /** The same and what could not be used, in document order. */
  readonly entries: readonly PidfLoEntry[];
  readonly warnings: readonly LocationWarning[];
}
