import { CR, HTAB, HYPHEN, LF, SP } from '../uri/index.ts';
import { endOfLine } from './part-head.ts';

/** Where the parts of one multipart lie, as places in its bytes. */
export interface Split {
  /** Each part with its headers, without the line end that belongs to the boundary after it. */
  readonly parts: readonly { readonly start: number; readonly end: number }[];
  readonly isClosed: boolean;
  /** A boundary stood inside a line. */
  readonly hasBoundaryInLine: boolean;
  /** There were more parts than asked for. */
  readonly isCut: boolean;
}

interface Delimiter {
  /** Where the part before it ends. */
  readonly start: number;
  /** Where the part after it starts. */
  readonly end: number;
  readonly isClose: boolean;
}

const lineWithDashes = Buffer.from('\n--', 'latin1');
/** RFC 2046 §5.1.1. */
const boundaryBytesMax = 70;

/**
 * Splits the multipart that fills `start` to `end` at its boundary (RFC 2046 §5.1.1): linear in its size whatever it
 * holds, for a boundary has no line end, so that no byte is compared twice. What stands before the first and after the
 * closing boundary belongs to no part.
 */
export function splitMultipart(
  bytes: Buffer,
  start: number,
  end: number,
  boundary: string,
  partsMax: number,
): Split {
  const parts: { start: number; end: number }[] = [];
  // Views that end where the search has to, so that none runs on over what does not belong to it.
  const region = bytes.length === end ? bytes : bytes.subarray(0, end);
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  let hasBoundaryInLine = false;
  let isCut = false;
  const take = (from: number, to: number): void => {
    // A boundary whose line end somebody lost is looked for inside the part.
    let pos = from;
    for (;;) {
      const inLine =
        boundary.length <= boundaryBytesMax
          ? delimiterInLine(region.subarray(0, to), mark, pos, to)
          : undefined;
      if (parts.length >= partsMax) {
        isCut = true;
        return;
      }
      parts.push({ start: pos, end: Math.max(pos, inLine?.start ?? to) });
      if (inLine === undefined) return;
      hasBoundaryInLine = true;
      if (inLine.isClose) return;
      pos = inLine.end;
    }
  };
  let open = nextDelimiter(region, mark, start, start, end);
  while (open !== undefined && !open.isClose) {
    const next = nextDelimiter(region, mark, open.end, start, end);
    take(open.end, next?.start ?? end);
    if (next === undefined || isCut) break;
    open = next;
  }
  return { parts, isClosed: open?.isClose ?? false, hasBoundaryInLine, isCut };
}

/** The boundary that a multipart seems to use, by its first line that starts with two dashes; undefined where none does. */
export function guessBoundary(bytes: Buffer, start: number, end: number): string | undefined {
  let pos = start;
  if (bytes[start] !== HYPHEN || bytes[start + 1] !== HYPHEN) {
    const found = bytes.indexOf(lineWithDashes, start);
    if (found < 0 || found >= end) return undefined;
    pos = found + 1;
  }
  let lineEnd = endOfLine(bytes, pos, end);
  while (lineEnd > pos && isBlankOrLineEnd(bytes[lineEnd - 1])) lineEnd--;
  // A boundary beyond any that is allowed is none.
  if (lineEnd - pos - 2 > 4 * boundaryBytesMax) return undefined;
  const text = bytes.toString('latin1', pos + 2, lineEnd);
  return text.length > 2 && text.endsWith('--') ? text.slice(0, -2) : text;
}

/** The next line from `from` on that is the boundary; `floor` is where the multipart starts, which counts as a line start. */
function nextDelimiter(
  bytes: Buffer,
  mark: Buffer,
  from: number,
  floor: number,
  end: number,
): Delimiter | undefined {
  let pos = from;
  if (from === floor || bytes[from - 1] === LF) {
    const here = delimiterAt(bytes, mark, from, floor, end);
    if (here !== undefined) return here;
  }
  for (;;) {
    const found = bytes.indexOf(lineWithDashes, pos);
    if (found < 0 || found >= end) return undefined;
    const delimiter = delimiterAt(bytes, mark, found + 1, floor, end);
    if (delimiter !== undefined) return delimiter;
    pos = found + 1;
  }
}

/** The boundary at the start of a line: its text, `--` where it closes, blanks, and the end of the line. */
function delimiterAt(
  bytes: Buffer,
  mark: Buffer,
  at: number,
  floor: number,
  end: number,
): Delimiter | undefined {
  const markEnd = at + mark.length;
  if (markEnd > end) return undefined;
  for (let index = 0; index < mark.length; index++) if (bytes[at + index] !== mark[index]) return undefined;
  const isClose = bytes[markEnd] === HYPHEN && bytes[markEnd + 1] === HYPHEN && markEnd + 2 <= end;
  const after = lineRest(bytes, isClose ? markEnd + 2 : markEnd, end);
  if (after < 0) return undefined;
  return { start: withoutLineEnd(bytes, at, floor), end: after, isClose };
}

/** A boundary inside a line: only where its own line ends after it, and a header, a blank line or nothing follows. */
function delimiterInLine(bytes: Buffer, mark: Buffer, from: number, end: number): Delimiter | undefined {
  let pos = from;
  for (;;) {
    const found = bytes.indexOf(mark, pos);
    if (found < 0 || found + mark.length > end) return undefined;
    const delimiter = delimiterAt(bytes, mark, found, from, end);
    if (delimiter !== undefined && (delimiter.isClose || startsPart(bytes, delimiter.end, end)))
      return delimiter;
    pos = found + 1;
  }
}

function startsPart(bytes: Buffer, start: number, end: number): boolean {
  const line = bytes.toString('latin1', start, Math.min(end, start + 9)).toLowerCase();
  return line.startsWith('content-') || line.startsWith('\r\n') || line.startsWith('\n');
}

/** After blanks and the line end; -1 where something else stands there. The end of the multipart ends a line too. */
function lineRest(bytes: Buffer, start: number, end: number): number {
  let pos = start;
  while (pos < end && (bytes[pos] === SP || bytes[pos] === HTAB)) pos++;
  if (pos >= end) return end;
  if (bytes[pos] === LF) return pos + 1;
  if (bytes[pos] !== CR) return -1;
  return pos + 1 < end && bytes[pos + 1] === LF ? pos + 2 : pos + 1;
}

/** The line end before a boundary belongs to it. */
function withoutLineEnd(bytes: Buffer, at: number, floor: number): number {
  let pos = at;
  if (pos > floor && bytes[pos - 1] === LF) pos--;
  if (pos > floor && bytes[pos - 1] === CR) pos--;
  return pos;
}

function isBlankOrLineEnd(code: number | undefined): boolean {
  return code === SP || code === HTAB || code === CR || code === LF;
}
