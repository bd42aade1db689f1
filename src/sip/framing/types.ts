import type { CodedError } from '../../base/index.ts';
import type { FramingErrorCode } from './errors.ts';

/** What a stream was cut into. */
export type FramedItem =
  /** One whole message: for the parser. */
  | { readonly kind: 'message'; readonly bytes: Buffer }
  /** A keepalive ping, two CRLF: to be answered by one (RFC 5626 §4.4.1). */
  | { readonly kind: 'ping' }
  /**
   * What follows cannot be cut any more: answer if `head` is there (it is the head of the offending message, for the
   * parser), then close.
   */
  | {
      readonly kind: 'broken';
      readonly error: CodedError<FramingErrorCode>;
      readonly head: Buffer | undefined;
    };

/** What a datagram on a SIP port holds, by its first bytes. */
export type DatagramKind = 'sip' | 'keepalive' | 'stun' | 'other';
