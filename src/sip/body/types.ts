import type { CodedError } from '../../base/index.ts';
import type { Param } from '../uri/index.ts';

/** A media type with its parameters; `type` is `type/subtype` in lower case. */
export interface MediaType {
  readonly type: string;
  readonly params: readonly Param[];
}

/** A body or a part of one. */
export interface BodyPart {
  /** `0` for the whole body, `1`, `2.1` ... for parts: position in each multipart, from 1. */
  readonly path: string;
  /** `text/plain` where absent in a part (RFC 2046 §5.2). */
  readonly mediaType: MediaType;
  /** The Content-Type header field value as received; undefined where absent. */
  readonly contentTypeValue?: string | undefined;
  /** A second Content-Type of the same head: that of what a `message/external-body` stands for, where its blank line is missing. */
  readonly laterContentType?: string | undefined;
  /** Without angle brackets. */
  readonly contentId: string | undefined;
  readonly disposition: string | undefined;
  readonly transferEncoding: string | undefined;
  /** Content between the part's blank line and its boundary: a view of the message's bytes. */
  readonly bytes: Buffer;
  /** Parts of a multipart; empty for a leaf. */
  readonly parts: readonly BodyPart[];
}

/** The tree of a body, and what had to be tolerated to read it. */
export interface BodyTree {
  readonly root: BodyPart;
  readonly warnings: readonly CodedError[];
}
