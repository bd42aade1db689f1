import type { CodedError } from '../base/index.ts';
import type { Shape } from '../geo/index.ts';

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
}

/** Something that was wrong in a document and was read all the same, naming the repair. */
export type LocationWarning = CodedError;

/** All locations of one PIDF-LO document, in document order. */
export interface PidfLo {
  readonly locations: readonly LocationValue[];
  readonly warnings: readonly LocationWarning[];
}
