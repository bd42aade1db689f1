import type { CodedError } from '../../base/index.ts';
import { unfold } from '../message/index.ts';
import { COLON, CR, HTAB, isToken, LF, SP } from '../uri/index.ts';
import { bodyError } from './errors.ts';
import type { BodyLimits } from './limits.ts';

/** The headers of a part that mean something to us (RFC 2045 §3: `Content-*` and nothing else), and where they end. */
export interface PartHead {
  contentType: string | undefined;
  laterContentType: string | undefined;
  contentId: string | undefined;
  disposition: string | undefined;
  transferEncoding: string | undefined;
  /** Where the content starts. */
  contentStart: number;
}

/**
 * Reads the headers of the part that fills `start` to `end`. The first field of a name counts. A line that is no header
 * ends the head where the blank line was forgotten, and is passed over where more head follows it.
 */
export function readPartHead(
  bytes: Buffer,
  start: number,
  end: number,
  limits: BodyLimits,
  warn: (warning: CodedError) => void,
): PartHead {
  const head: PartHead = {
    contentType: undefined,
    laterContentType: undefined,
    contentId: undefined,
    disposition: undefined,
    transferEncoding: undefined,
    contentStart: start,
  };
  let pos = start;
  let lines = 0;
  while (pos < end) {
    const lineEnd = endOfLine(bytes, pos, end);
    if (isBlankLine(bytes, pos, lineEnd)) {
      head.contentStart = lineEnd;
      return head;
    }
    const colon = nameEnd(bytes, pos, lineEnd);
    if (colon < 0) {
      if (!isGarbledHeader(bytes, pos, lineEnd, end)) {
        warn(bodyError('body.noBlankLine', `at byte ${pos}`));
        head.contentStart = pos;
        return head;
      }
      warn(bodyError('body.partHeader', `at byte ${pos}`));
      pos = lineEnd;
      continue;
    }
    const next = endOfFolded(bytes, lineEnd, end);
    lines++;
    if (lines <= limits.partHeadersMax && next - start <= limits.partHeadBytesMax) {
      noteField(head, bytes, pos, colon, next);
    }
    pos = next;
  }
  // Nothing but headers: the part has no content.
  head.contentStart = end;
  return head;
}

/** Keeps a field that we want; all of them start with a C. */
function noteField(head: PartHead, bytes: Buffer, start: number, colon: number, end: number): void {
  if (((bytes[start] ?? 0) | 0x20) !== 0x63) return;
  const name = bytes.toString('latin1', start, colon).trimEnd().toLowerCase();
  const value = unfold(bytes.toString('latin1', colon + 1, end)).trim();
  if (name === 'content-type' || name === 'c') {
    if (head.contentType === undefined) head.contentType = value;
    else head.laterContentType ??= value;
  } else if (name === 'content-id') head.contentId ??= value;
  else if (name === 'content-disposition') head.disposition ??= value;
  else if (name === 'content-transfer-encoding') head.transferEncoding ??= value;
}

/** After the LF of the line at `start`, or `end`. */
export function endOfLine(bytes: Buffer, start: number, end: number): number {
  const feed = bytes.indexOf(LF, start);
  return feed < 0 || feed >= end ? end : feed + 1;
}

function endOfFolded(bytes: Buffer, start: number, end: number): number {
  let pos = start;
  while (pos < end && (bytes[pos] === SP || bytes[pos] === HTAB)) {
    const next = endOfLine(bytes, pos, end);
    // A line of blanks alone is meant as the blank line.
    if (isBlankLine(bytes, pos, next)) return pos;
    pos = next;
  }
  return pos;
}

function isBlankLine(bytes: Buffer, start: number, end: number): boolean {
  for (let pos = start; pos < end; pos++) {
    const code = bytes[pos];
    if (code !== SP && code !== HTAB && code !== CR && code !== LF) return false;
  }
  return true;
}

/** Position of the colon after the name at `start`; -1 where the line is no header. */
function nameEnd(bytes: Buffer, start: number, end: number): number {
  let pos = start;
  while (pos < end && isToken(bytes[pos])) pos++;
  if (pos === start) return -1;
  while (pos < end && (bytes[pos] === SP || bytes[pos] === HTAB)) pos++;
  return pos < end && bytes[pos] === COLON ? pos : -1;
}

/** `Content-Type application/sdp`: a word and a space, and head goes on after it. Anything else is content already. */
function isGarbledHeader(bytes: Buffer, start: number, lineEnd: number, end: number): boolean {
  let pos = start;
  while (pos < lineEnd && isToken(bytes[pos])) pos++;
  if (pos === start || (bytes[pos] !== SP && bytes[pos] !== HTAB) || lineEnd >= end) return false;
  const nextEnd = endOfLine(bytes, lineEnd, end);
  return isBlankLine(bytes, lineEnd, nextEnd) || nameEnd(bytes, lineEnd, nextEnd) >= 0;
}
