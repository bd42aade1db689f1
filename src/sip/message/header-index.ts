import { COLON, CR, HTAB, isToken, LF, SP } from '../uri/index.ts';
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
 * Notes every header line between `start` and the blank line, and in `views` where the tracked ones stand. One pass over
 * the bytes. A line ends with LF, with or without CR; a line that starts with a space or tab continues the one before.
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
  while (pos < end) {
    const code = bytes[pos];
    if (code === LF || (code === CR && bytes[pos + 1] === LF && pos + 1 < end)) {
      if (code === LF) flaws.hasOddLineEnd = true;
      return { headers, headEnd: code === LF ? pos + 1 : pos + 2, isTerminated: true };
    }
    const span = readHeaderLine(bytes, text, pos, end, headers.length, views, flaws);
    headers.push(span);
    pos = span.end;
  }
  return { headers, headEnd: end, isTerminated: false };
}

function readHeaderLine(
  bytes: Uint8Array,
  text: string,
  start: number,
  end: number,
  index: number,
  views: MessageViews,
  flaws: HeadFlaws,
): HeaderSpan {
  let hash = 0;
  let nameEnd = start;
  while (nameEnd < end) {
    const code = bytes[nameEnd] ?? 0;
    if (!isToken(code)) break;
    hash = hashByte(hash, code);
    nameEnd++;
  }
  let pos = nameEnd;
  while (pos < end && (bytes[pos] === SP || bytes[pos] === HTAB)) pos++;
  let key: string;
  let valueStart: number;
  if (nameEnd > start && pos < end && bytes[pos] === COLON) {
    const known = knownName(bytes, start, nameEnd, hash);
    key = known === undefined ? text.slice(start, nameEnd).toLowerCase() : known.key;
    if (known !== undefined && known.track > 0) track(views, known.track, index);
    valueStart = pos + 1;
  } else {
    flaws.hasOddHeader = true;
    const colon = colonInLine(bytes, start, end);
    key = colon > start ? text.slice(start, colon).trim().toLowerCase() : '';
    valueStart = colon < 0 ? start : colon + 1;
  }
  return readValue(bytes, key, start, valueStart, end, flaws);
}

/** Follows the value to the end of its last line, folds included. */
function readValue(
  bytes: Uint8Array,
  key: string,
  start: number,
  afterColon: number,
  end: number,
  flaws: HeadFlaws,
): HeaderSpan {
  let folded = false;
  let pos = afterColon;
  for (; pos < end; pos++) {
    const code = bytes[pos] ?? 0;
    if (code > CR) continue;
    if (code === LF) {
      if (bytes[pos - 1] !== CR) flaws.hasOddLineEnd = true;
      const next = bytes[pos + 1];
      if (pos + 1 >= end || (next !== SP && next !== HTAB)) break;
      folded = true;
    } else if (code === CR && bytes[pos + 1] !== LF && pos + 1 < end) {
      flaws.hasOddLineEnd = true;
    }
  }
  let valueStart = afterColon;
  while (valueStart < pos && isBlank(bytes[valueStart])) valueStart++;
  let valueEnd = pos;
  while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--;
  return { key, start, valueStart, valueEnd, end: pos < end ? pos + 1 : end, folded };
}

/** Remembers where a tracked header stands first, and whether it stands again. */
export function track(views: MessageViews, bit: number, index: number): void {
  if (views.first[bit] === -1) views.first[bit] = index;
  else views.duplicates |= 1 << bit;
}

function colonInLine(bytes: Uint8Array, start: number, end: number): number {
  for (let pos = start; pos < end && bytes[pos] !== LF; pos++) if (bytes[pos] === COLON) return pos;
  return -1;
}

function isBlank(code: number | undefined): boolean {
  return code === SP || code === HTAB || code === CR || code === LF;
}
