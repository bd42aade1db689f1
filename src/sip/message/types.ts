import type { CodedError } from '../../base/index.ts';
import type { Param, Uri } from '../uri/index.ts';
import type { MessageErrorCode } from './errors.ts';
import type { MessageViews } from './views.ts';

/**
 * One header field as it lies in the message. Offsets count bytes from the message's start; `head` is latin1, so they
 * are string offsets into it too. `key` is the lower-case long name (`f` and `FROM` both give `from`); empty for a line
 * without a colon, which leaves as it came like any other.
 */
export interface HeaderSpan {
  readonly key: string;
  readonly start: number;
  readonly valueStart: number;
  /** End of the value, trailing white space and line end left out; folds stay inside. */
  readonly valueEnd: number;
  /** After the line end. */
  readonly end: number;
  /** Whether the value has a line break in it: a fold, or a CR that ends no line. */
  readonly folded: boolean;
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
  readonly views: MessageViews;
}

export interface SipRequest extends MessageBase {
  readonly kind: 'request';
  readonly method: string;
  /**
   * The Request-URI as written. Where it was not allowed so (white space, angle brackets or `?headers`, each a defect of
   * code `message.requestUriForm` or `message.startLine`), it is what is left without those.
   */
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
  /** What to refuse the request with; `message` serves as its reason phrase. */
  readonly statusCode: number;
}

/** What came of reading bytes. */
export type ParseOutcome =
  | { readonly kind: 'message'; readonly message: SipMessage }
  /** Bytes that are no SIP message at all: counted and dropped. */
  | { readonly kind: 'notSip'; readonly error: CodedError };

/** One Via value (RFC 3261 §20.42). */
export interface Via {
  /** `SIP/2.0`, without white space. */
  readonly protocol: string;
  /** Upper case: `UDP`, `TCP`, `TLS`, `WS`, `WSS`, `SCTP` ... */
  readonly transport: string;
  /** As written; an IPv6 reference keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: readonly Param[];
  /** Undefined where absent (RFC 2543 peers). */
  readonly branch: string | undefined;
  /** Without brackets (RFC 5118 §4.5). */
  readonly received: string | undefined;
  /** Absent, present without a value (a request to fill in), or the port (RFC 3581). */
  readonly rport: number | 'empty' | undefined;
  /** The value in one line, else as written. */
  readonly raw: string;
}

export interface CSeq {
  readonly sequence: number;
  readonly method: string;
}

/**
 * From, To, Contact, Route and the like (RFC 3261 §20.10). The URI may stand bare, without angle brackets; what follows
 * its first `;` are then parameters of the header.
 */
export interface NameAddr {
  /** Without quotes and escapes, in latin1; '' where it is written and empty. */
  readonly displayName: string | undefined;
  /** The URI's `raw`. */
  readonly uriText: string;
  /** Where the text is no URI: of kind `other`, with an empty scheme (the message then has a defect). */
  readonly uri: Uri;
  readonly params: readonly Param[];
  readonly tag: string | undefined;
  /** The value in one line. */
  readonly raw: string;
}

/** What came of reading a header value: the value where it is usable, and what was wrong with it, if anything. */
export interface Reading<T> {
  readonly value: T | undefined;
  readonly flaw: MessageErrorCode | undefined;
}
