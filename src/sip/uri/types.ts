import type { CodedError } from '../../base/index.ts';
import type { UriErrorCode } from './errors.ts';

/** URI or header parameters in order; names as written, compared without case; value undefined for a flag. */
export interface Param {
  readonly name: string;
  readonly value: string | undefined;
}

/** A `sip:` or `sips:` URI (RFC 3261 §19.1). Escapes are kept as written; nothing is normalised. */
export interface SipUri {
  readonly kind: 'sip';
  readonly scheme: 'sip' | 'sips';
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** As written; an IPv6 reference keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: readonly Param[];
  /** Text after `?`, without it. */
  readonly headers: string | undefined;
  /** As written, save for white space around parameters, which some senders put there and which means nothing. */
  readonly raw: string;
}

/** A `tel:` URI (RFC 3966). */
export interface TelUri {
  readonly kind: 'tel';
  /** Digits as written, visual separators included. */
  readonly number: string;
  readonly params: readonly Param[];
  readonly raw: string;
}

/** Any `urn:` (RFC 8141); `nid` is lower-cased, `nss` as written. */
export interface UrnUri {
  readonly kind: 'urn';
  readonly nid: string;
  readonly nss: string;
  readonly raw: string;
}

/** Another absolute URI: scheme lower-cased, the rest untouched. */
export interface OtherUri {
  readonly kind: 'other';
  readonly scheme: string;
  readonly rest: string;
  readonly raw: string;
}

export type Uri = SipUri | TelUri | UrnUri | OtherUri;

/** Why a text is no URI; codes of `uriErrors`. */
export type UriError = CodedError<UriErrorCode>;
