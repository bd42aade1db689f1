import type { CodedError } from '../base/index.ts';
import type { AdditionalDataItem, LocationReference, LocationValue } from './types.ts';

// What a request offers as the caller's location, before anything is fetched.

/** One thing that could have been the location, and what became of it. */
export interface CollectedCandidate {
  /** Without the position or address; a URI of it is kept as long as the location is. */
  readonly origin: string;
  readonly outcome:
    | 'chosen'
    | 'notChosen'
    | 'unreadable'
    | 'unsupported'
    /** A reference that was not followed, or whose answer did not come in time or was none. */
    | 'notFetched'
    /** A source that was asked and knows nothing of this caller. */
    | 'unknown';
  readonly reason: string;
  /** From the question to the answer, for what was asked. */
  readonly durationMs?: number | undefined;
}

/** One offer, in the order of preference that the request itself gives (RFC 6442 §4.1, RFC 5491 §3.4). */
export type LocationOffer =
  | {
      readonly kind: 'value';
      readonly origin: string;
      readonly location: LocationValue;
      readonly reason: string;
      /** Host name of the element that added the Geolocation value (`loc-src`, RFC 8787), where it names one. */
      readonly locationSource?: string | undefined;
      /** To be used only where there is no other, references included: derived or default (RFC 6881 SP-21, AN-24). */
      readonly isLastResort?: boolean | undefined;
    }
  | {
      readonly kind: 'reference';
      readonly origin: string;
      readonly reference: LocationReference;
      /** As that of a value. */
      readonly locationSource?: string | undefined;
    }
  /** Something that was to be a location and is none. */
  | { readonly kind: 'refused'; readonly candidate: CollectedCandidate };

/** Everything that a request says of the caller's place. */
export interface OfferedLocations {
  readonly offers: readonly LocationOffer[];
  readonly warnings: readonly CodedError[];
  readonly additionalData: readonly AdditionalDataItem[];
  /** Geolocation-Routing (RFC 6442 §4.2); undefined where absent or neither `yes` nor `no`. */
  readonly geolocationRouting: 'yes' | 'no' | undefined;
  /** Keys of the cell tables by falling precision, out of P-Access-Network-Info (see `accessNetworkKeys`). */
  readonly cellKeys: readonly string[];
}
