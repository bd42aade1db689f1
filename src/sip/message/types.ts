import type { CodedError } from '../../base/index.ts';
import type { Param, Uri } from '../uri/index.ts';

/**
 * One header field as it lies in the message. Offsets count bytes from the message's start; `head` is latin1, so they
 * are string offsets into it too. `key` is the lower-case long name (`f` and `FROM` both give `from`).
 */
export interface HeaderSpan {
  readonly key: string;
  readonly start: number;
  readonly valueStart: number;
  /** End of the value, trailing white space and line end left out; folds stay inside. */
  readonly valueEnd: number;
  /** After the line end. */
  readonly end: number;
}

/** What both kinds of message have. Bytes belong to the message and are never changed. */
interface MessageBase {
  /** The whole message, as received. */
  readonly bytes: Buffer;
  /** Start line and headers with the blank line, one character a byte (latin1). */
  readonly head: string;
  readonly headers: readonly HeaderSpan[];
  /** The body: what Content-Length says where that is possible, else all that follows the blank line. */
  readonly body: Buffer;
  /** What was wrong and survived parsing; never set for a faultless message. */
  readonly defects: readonly MessageDefect[];
  /** Typed views, parsed on demand; owned by `views.ts`. */
  readonly views: Map<string, unknown>;
}

export interface SipRequest extends MessageBase {
  readonly kind: 'request';
  readonly method: string;
  /** The Request-URI exactly as written. */
  readonly requestUri: string;
  readonly version: string;
}

export interface SipResponse extends MessageBase {
  readonly kind: 'response';
  readonly statusCode: number;
  /** As bytes in latin1. */
  readonly reasonPhrase: string;
  readonly version: string;
}

export type SipMessage = SipRequest | SipResponse;

/**
 * Something wrong with a message. `fatal`: it cannot be handled as a transaction (no usable Via, Call-ID, CSeq, From or
 * Request-URI); `routable`: refused with 400 and this text, unless it is an emergency request, which is routed.
 */
export interface MessageDefect extends CodedError {
  readonly severity: 'fatal' | 'routable';
}

/** What came of reading bytes. */
export type ParseOutcome =
  | { readonly kind: 'message'; readonly message: SipMessage }
  /** Bytes that are no SIP message at all: counted and dropped. */
  | { readonly kind: 'notSip'; readonly error: CodedError };

/** One Via value (RFC 3261 §20.42). */
export interface Via {
  /** `SIP/2.0` with any white space removed. */
  readonly protocol: string;
  /** Upper case: `UDP`, `TCP`, `TLS`, `WS`, `WSS`, `SCTP` ... */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly params: readonly Param[];
  /** Undefined where absent (RFC 2543 peers). */
  readonly branch: string | undefined;
  readonly received: string | undefined;
  /** Absent, present without a value (a request to fill in), or the port (RFC 3581). */
  readonly rport: number | 'empty' | undefined;
  /** The value as written. */
  readonly raw: string;
}

export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

/** From, To, Contact, Route and the like (RFC 3261 §20.10). `uri` may stand bare, without angle brackets. */
export interface NameAddr {
  readonly displayName: string | undefined;
  readonly uriText: string;
  readonly uri: Uri;
  readonly params: readonly Param[];
  readonly tag: string | undefined;
  readonly raw: string;
}
