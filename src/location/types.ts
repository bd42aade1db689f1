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

/** How a location came with its request. */
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
  /** Given by a person or a program that asks for a route. */
  | { readonly kind: 'query' };

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
