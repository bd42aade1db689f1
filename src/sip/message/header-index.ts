import { COLON, CR, find, HTAB, isToken, isWhite, LF, SP } from '../uri/index.ts';
import { hashByte, knownName } from './names.ts';
import type { HeaderSpan } from './types.ts';
import type { MessageViews } from './views.ts';

/** What was odd about the lines of a head. */
export interface HeadFlaws {
  /** A line that ends with LF alone, or a CR that ends no line. */
  hasOddLineEnd: boolean;
  /** A line without a colon, or with a name that is no token. */
  hasOddHeader: boolean;
}

/** Where the headers lie: filled by {@link indexHeaders}. */
export interface HeadIndex {
  readonly headers: HeaderSpan[];
  /** After the blank line, or the end of the bytes where there is none. */
  headEnd: number;
  isTerminated: boolean;
}

/** The end of the line that starts at `start`: the position of its LF, or `end`. */
export function lineFeed(bytes: Uint8Array, start: number, end: number): number {
  let pos = start;
  while (pos < end && bytes[pos] !== LF) pos++;
  return pos;
}

/**
 * Notes every header line between `start` and the blank line, and in `views` where the tracked ones stand. A line ends
 * with LF, with or without CR; a line that starts with a space or tab continues the one before.
 */
export function indexHeaders(
  bytes: Uint8Array,
  text: string,
  start: number,
  end: number,
  views: MessageViews,
  flaws: HeadFlaws,
): HeadIndex {
  const headers: HeaderSpan[] = [];
  let pos = start;
  // Line ends are searched in the text, where V8 uses memchr. The next CR is remembered so that no stretch is searched
  // twice, whatever mixture of line ends comes.
  let carriage = -1;
  while (pos < end) {
    const code = bytes[pos];
    if (code === LF || (code === CR && bytes[pos + 1] === LF && pos + 1 < end)) {
      if (code === LF) flaws.hasOddLineEnd = true;
      return { headers, headEnd: code === LF ? pos + 1 : pos + 2, isTerminated: true };
    }
    // Half a blank line is no header.
    if (code === CR && pos + 1 === end) break;
    let folded = false;
    let lineStart = pos;
    let feed: number;
    for (;;) {
      feed = text.indexOf('\n', lineStart);
      if (feed < 0 || feed >= end) feed = end;
      if (carriage < lineStart) {
        carriage = text.indexOf('\r', lineStart);
        if (carriage < 0) carriage = noCarriage;
      }
      // The first CR after the line's start must be the one before its LF.
      if (carriage !== feed - 1 && (feed < end || carriage < end - 1)) {
        flaws.hasOddLineEnd = true;
        if (carriage < feed) folded = true;
      }
      lineStart = feed + 1;
      if (lineStart >= end || (bytes[lineStart] !== SP && bytes[lineStart] !== HTAB)) break;
      folded = true;
    }
    headers.push(readHeader(bytes, text, pos, feed, end, folded, headers.length, views, flaws));
    pos = lineStart;
  }
  return { headers, headEnd: end, isTerminated: false };
}

const noCarriage = Number.MAX_SAFE_INTEGER;

/** The header whose lines fill `start` to `feed`, the position of its last LF or the end of the bytes. */
function readHeader(
  bytes: Uint8Array,
  text: string,
  start: number,
  feed: number,
  end: number,
  folded: boolean,
  index: number,
  views: MessageViews,
  flaws: HeadFlaws,
): HeaderSpan {
  let hash = 0;
  let nameEnd = start;
  while (nameEnd < feed) {
    const code = bytes[nameEnd] ?? 0;
    if (!isToken(code)) break;
    hash = hashByte(hash, code);
    nameEnd++;
  }
  let colon = nameEnd;
  // A lone CR leaves as a space, and a fold before the colon is read as one by some: neither may hide a name from us that
  // the next reader sees.
  while (colon < feed && isWhite(bytes[colon])) colon++;
  let key: string;
  let valueStart = colon + 1;
  if (nameEnd > start && colon < feed && bytes[colon] === COLON) {
    const known = knownName(bytes, start, nameEnd, hash);
    key = known === undefined ? text.slice(start, nameEnd).toLowerCase() : known.key;
    if (known !== undefined && known.track > 0) track(views, known.track, index);
  } else {
    flaws.hasOddHeader = true;
    colon = find(bytes, COLON, start, lineFeed(bytes, start, feed));
    key = colon > start ? text.slice(start, colon).trim().toLowerCase() : '';
    valueStart = colon < 0 ? start : colon + 1;
  }
  while (valueStart < feed && isWhite(bytes[valueStart])) valueStart++;
  let valueEnd = feed;
  while (valueEnd > valueStart && isWhite(bytes[valueEnd - 1])) valueEnd--;
  return { key, start, valueStart, valueEnd, end: feed < end ? feed + 1 : end, folded };
}

/** Remembers where a tracked header stands first, and whether it stands again. */
export function track(views: MessageViews, bit: number, index: number): void {
  if (views.first[bit] === -1) views.first[bit] = index;
  else views.duplicates |= 1 << bit;
}
