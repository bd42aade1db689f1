import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../base/index.ts';
import { headerValues, type SipMessage } from '../message/index.ts';
import { CR, HTAB, LF, paramValue, SP } from '../uri/index.ts';
import { parseMediaType } from './media-type.ts';
import { type PartToWrite, writeMultipart } from './serialize.ts';

/** What stands in place of a message's body: its bytes, and what becomes of the headers that describe it. */
export interface BodyReplacement {
  /** The new Content-Type; undefined: it stays as it came. */
  readonly contentType: string | undefined;
  /** Headers that went into a part with the content that they describe. */
  readonly removed: readonly string[];
  readonly bytes: Buffer;
}

/** Why a body is left as it is. The content reaches its reader as it was sent, whatever reader that is. */
export type NoPartReason =
  /** RFC 8262 §3.4.2: no proxy may touch it, and it would name another body then. */
  | 'a Content-ID stands among the headers of the message'
  | 'the body has no Content-Type that can be read'
  | 'the multipart is broken';

/**
 * Headers of a message that describe its body (RFC 3261 §20.11 to §20.13, RFC 2045 §3): they go with it into a part.
 * MIME-Version stays, being the message's own (RFC 2045 §4).
 */
const contentHeaders = [
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Transfer-Encoding',
  'Content-Description',
] as const;

/** What means no encoding at all (RFC 2045 §6.2). */
const plainEncodings = new Set(['7bit', '8bit', 'binary']);

/**
 * The body of a message with one part more, as its last: so that what reads only the first part finds what it found
 * before. No body: a multipart/mixed of that part. A single body, and a multipart of another kind, whose parts mean
 * something together (RFC 2387, RFC 2046 §5.1.4, RFC 1847): a multipart/mixed of it, whole, and of ours. A
 * multipart/mixed: our part before its closing boundary. The bytes that were there stay, in their order.
 *
 * A broken multipart is left alone: how a tolerant reader finds the session description in it cannot be known, and
 * inside of another multipart it may not find it at all.
 */
export function addPart(message: SipMessage, part: PartToWrite): Result<BodyReplacement, NoPartReason> {
  if (headerValues(message, 'content-id').length > 0) {
    return err('a Content-ID stands among the headers of the message');
  }
  const { body } = message;
  const types = headerValues(message, 'content-type');
  if (body.length === 0) return ok(mixed([part]));
  const [value] = types;
  const mediaType = value === undefined || types.length > 1 ? undefined : parseMediaType(value);
  if (value === undefined || mediaType?.ok !== true)
    return err('the body has no Content-Type that can be read');
  const isMultipart = mediaType.value.type.startsWith('multipart/');
  if (isMultipart && !isEncoded(message)) {
    const boundary = paramValue(mediaType.value.params, 'boundary') ?? '';
    const closing = closingBoundary(body, boundary);
    if (closing === undefined) return err('the multipart is broken');
    // Our own content must not hold the boundary: whoever chose that gets his body as one part of ours.
    if (mediaType.value.type === 'multipart/mixed' && !part.bytes.includes(`--${boundary}`)) {
      const bytes = inserted(body, closing, { boundary, part });
      return ok({ contentType: undefined, removed: [], bytes });
    }
  }
  return ok(mixed([{ headers: headersOf(message, value), bytes: body }, part]));
}

/** Whether the bytes of the body are not those of a multipart but of something that it is packed in. */
function isEncoded(message: SipMessage): boolean {
  const isPlain = (text: string): boolean => plainEncodings.has(text.trim().toLowerCase());
  return (
    headerValues(message, 'content-encoding').some((text) => text.trim().toLowerCase() !== 'identity') ||
    !headerValues(message, 'content-transfer-encoding').every(isPlain)
  );
}

function headersOf(message: SipMessage, contentType: string): PartToWrite['headers'] {
  const rest = contentHeaders.flatMap((name) =>
    headerValues(message, name.toLowerCase()).map((value) => [name, inOneLine(value)] as const),
  );
  return [['Content-Type', inOneLine(contentType)], ...rest];
}

function inOneLine(value: string): string {
  return value.replace(/[\r\n]+/g, ' ');
}

function mixed(parts: readonly PartToWrite[]): BodyReplacement {
  const boundary = freshBoundary(parts.map((part) => part.bytes));
  return {
    contentType: `multipart/mixed;boundary=${boundary}`,
    removed: contentHeaders,
    bytes: writeMultipart(parts, boundary),
  };
}

/** A boundary that occurs in none of the contents: made from them, so that nobody can have put it there beforehand. */
function freshBoundary(contents: readonly Buffer[]): string {
  for (let attempt = 0; ; attempt += 1) {
    const hash = createHash('sha256').update(String(attempt));
    for (const bytes of contents) hash.update(bytes);
    const boundary = `firstline-${hash.digest('hex').slice(0, 32)}`;
    if (!contents.some((bytes) => bytes.includes(`--${boundary}`))) return boundary;
  }
}

/**
 * Where the line of the closing boundary starts; undefined where the multipart has none, or has its first part after it.
 */
function closingBoundary(bytes: Buffer, boundary: string): number | undefined {
  // RFC 2046 §5.1.1.
  if (boundary === '' || boundary.length > 70) return undefined;
  const closing = lineOf(bytes, `--${boundary}--`);
  const opening = lineOf(bytes, `--${boundary}`);
  return closing !== undefined && opening !== undefined && opening > closing ? undefined : closing;
}

/** Where the first line starts that holds this and blanks alone. */
function lineOf(bytes: Buffer, text: string): number | undefined {
  const mark = Buffer.from(text, 'latin1');
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
    const isLineStart = at === 0 || bytes[at - 1] === LF;
    let end = at + mark.length;
    while (bytes[end] === SP || bytes[end] === HTAB) end += 1;
    // A lone CR ends the line for some readers, ours among them.
    const isLineEnd = end >= bytes.length || bytes[end] === CR || bytes[end] === LF;
    if (isLineStart && isLineEnd) return at;
  }
  return undefined;
}

/** The multipart with a part more before its closing boundary, in line ends of its own kind. */
function inserted(
  body: Buffer,
  closing: number,
  { boundary, part }: { readonly boundary: string; readonly part: PartToWrite },
): Buffer {
  const lineEnd = usesBareFeeds(body, closing) ? '\n' : '\r\n';
  const lines = part.headers.map(([name, value]) => `${name}: ${value}${lineEnd}`);
  return Buffer.concat([
    body.subarray(0, closing),
    Buffer.from(`--${boundary}${lineEnd}${lines.join('')}${lineEnd}`, 'latin1'),
    part.bytes,
    Buffer.from(lineEnd, 'latin1'),
    body.subarray(closing),
  ]);
}

/** Whether the line before the closing boundary, or for want of one the boundary itself, ends in a lone LF. */
function usesBareFeeds(body: Buffer, closing: number): boolean {
  const feed = closing > 0 ? closing - 1 : body.indexOf(LF, closing);
  return feed >= 0 && body[feed] === LF && body[feed - 1] !== CR;
}
