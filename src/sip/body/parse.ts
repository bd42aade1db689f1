import type { CodedError } from '../../base/index.ts';
import { excerpt, headerValue, headerValues, type SipMessage } from '../message/index.ts';
import { noParams, paramValue } from '../uri/index.ts';
import { bodyError } from './errors.ts';
import type { BodyLimits } from './limits.ts';
import { parseMediaType } from './media-type.ts';
import { guessBoundary, type Split, splitMultipart } from './multipart.ts';
import { readPartHead } from './part-head.ts';
import type { BodyPart, BodyTree, MediaType } from './types.ts';

const plainText: MediaType = { type: 'text/plain', params: noParams };
const octets: MediaType = { type: 'application/octet-stream', params: noParams };

/**
 * Reads a message's body into its parts. Never fails: what cannot be opened stays a leaf, and `warnings` says why. The
 * parts are views of the message's bytes.
 */
export function readBody(message: SipMessage, limits: BodyLimits): BodyTree {
  const value = headerValue(message, 'content-type');
  const warnings: CodedError[] = [];
  let mediaType = octets;
  if (value !== undefined) {
    const read = parseMediaType(value);
    if (read.ok) mediaType = read.value;
    else warnings.push(bodyError('body.noContentType', excerpt(value)));
  } else if (message.body.length > 0) {
    warnings.push(bodyError('body.noContentType', `${message.body.length} bytes`));
  }
  const reader = new TreeReader(limits, warnings);
  const contentId = headerValue(message, 'content-id');
  const root = reader.readPart({
    path: '0',
    mediaType,
    contentTypeValue: value,
    laterContentType:
      mediaType.type === 'message/external-body' ? headerValues(message, 'content-type')[1] : undefined,
    contentId: contentId === undefined ? undefined : bareContentId(contentId),
    disposition: headerValue(message, 'content-disposition'),
    transferEncoding: headerValue(message, 'content-transfer-encoding'),
    bytes: message.body,
    parts: [],
  });
  return { root, warnings };
}

/** Reads the parts of a multipart whose bytes are at hand, its boundary given or (undefined) to be guessed. */
export function readMultipart(bytes: Buffer, boundary: string | undefined, limits: BodyLimits): BodyTree {
  const params = boundary === undefined ? noParams : [{ name: 'boundary', value: boundary }];
  const mediaType: MediaType = { type: 'multipart/mixed', params };
  const warnings: CodedError[] = [];
  const reader = new TreeReader(limits, warnings);
  const root = reader.readPart({
    path: '0',
    mediaType,
    contentId: undefined,
    disposition: undefined,
    transferEncoding: undefined,
    bytes,
    parts: [],
  });
  return { root, warnings };
}

/** The parts that hold content, in the order of the document; a multipart that could not be opened is one of them. */
export function leaves(tree: BodyTree): readonly BodyPart[] {
  const found: BodyPart[] = [];
  const visit = (part: BodyPart): void => {
    if (part.parts.length === 0) found.push(part);
    else for (const each of part.parts) visit(each);
  };
  if (tree.root.bytes.length > 0) visit(tree.root);
  return found;
}

/** Walks down the parts, counting what the limits count. */
class TreeReader {
  readonly #limits: BodyLimits;
  readonly #warnings: CodedError[];
  readonly #warn: (warning: CodedError) => void;
  #partsLeft: number;
  #depth = 0;

  constructor(limits: BodyLimits, warnings: CodedError[]) {
    this.#limits = limits;
    this.#warnings = warnings;
    this.#partsLeft = limits.partsMax;
    this.#warn = (warning) => {
      // One of a kind is enough: a body of a thousand broken parts must not make a record of a thousand lines.
      if (!this.#warnings.some((each) => each.code === warning.code)) this.#warnings.push(warning);
    };
  }

  /** The part with its own parts, if it is a multipart that can be opened. */
  readPart(part: BodyPart): BodyPart {
    const { type } = part.mediaType;
    if (!type.startsWith('multipart/') || part.bytes.length === 0) return part;
    if (this.#depth >= this.#limits.depthMax) {
      this.#warn(bodyError('body.tooDeep', `part ${part.path}`));
      return part;
    }
    this.#depth++;
    const parts = this.#readParts(part);
    this.#depth--;
    return { ...part, parts };
  }

  #readParts(parent: BodyPart): readonly BodyPart[] {
    const { bytes, path } = parent;
    const split = this.#split(parent);
    if (split === undefined) return [];
    if (split.isCut) this.#warn(bodyError('body.tooManyParts', `part ${path}`));
    else if (!split.isClosed) this.#warn(bodyError('body.unterminated', `part ${path}`));
    if (split.hasBoundaryInLine) this.#warn(bodyError('body.boundaryInLine', `part ${path}`));
    if (split.parts.length === 0) this.#warn(bodyError('body.noParts', `part ${path}`));
    this.#partsLeft -= split.parts.length;
    const prefix = path === '0' ? '' : `${path}.`;
    return split.parts.map((place, index) =>
      this.#readChild(bytes.subarray(place.start, place.end), `${prefix}${index + 1}`),
    );
  }

  /** Splits by the declared boundary, or by the one that the body seems to use. */
  #split(parent: BodyPart): Split | undefined {
    const { bytes, mediaType, path } = parent;
    const declared = paramValue(mediaType.params, 'boundary');
    const split = (boundary: string): Split =>
      splitMultipart(bytes, 0, bytes.length, boundary, this.#partsLeft);
    if (declared) {
      const first = split(declared);
      if (first.parts.length > 0 || first.isClosed || first.isCut) return first;
    }
    const guessed = guessBoundary(bytes, 0, bytes.length);
    this.#warn(bodyError(declared ? 'body.wrongBoundary' : 'body.noBoundary', `part ${path}`));
    const isTried = Boolean(declared) && guessed === declared;
    return guessed === undefined || isTried ? undefined : split(guessed);
  }

  #readChild(bytes: Buffer, path: string): BodyPart {
    const head = readPartHead(bytes, 0, bytes.length, this.#limits, this.#warn);
    return this.readPart({
      path,
      mediaType: this.#mediaType(head.contentType, path),
      contentTypeValue: head.contentType,
      laterContentType: head.laterContentType,
      contentId: head.contentId === undefined ? undefined : bareContentId(head.contentId),
      disposition: head.disposition,
      transferEncoding: head.transferEncoding,
      bytes: bytes.subarray(head.contentStart),
      parts: [],
    });
  }

  /** RFC 2046 §5.1: a part without Content-Type is plain text. */
  #mediaType(value: string | undefined, path: string): MediaType {
    if (value === undefined) return plainText;
    const read = parseMediaType(value);
    if (read.ok) return read.value;
    this.#warn(bodyError('body.noContentType', `part ${path}: ${excerpt(value)}`));
    return plainText;
  }
}

function bareContentId(text: string): string {
  const trimmed = text.trim();
  return trimmed.startsWith('<') && trimmed.endsWith('>') ? trimmed.slice(1, -1) : trimmed;
}
