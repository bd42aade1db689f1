import { BugError } from '../../base/index.ts';
import { skipWhite } from '../uri/index.ts';
import { listValueEnd } from './name-addr.ts';
import { headerKey, isListHeader } from './names.ts';
import { evenLineEnds, unfold } from './text.ts';
import type { HeaderSpan, SipMessage } from './types.ts';

/** A header line of ours in place of, or among, the message's own. */
class NewLine {
  readonly key: string;
  /** With its line end. */
  readonly text: string;
  readonly valueAt: number;
  constructor(key: string, name: string, value: string) {
    this.key = key;
    this.text = `${name}: ${value}\r\n`;
    this.valueAt = name.length + 2;
  }
  get value(): string {
    return this.text.slice(this.valueAt, -2);
  }
}

type Line = HeaderSpan | NewLine;

/**
 * Edits of a message: what is to leave in place of what came. Lines that are not touched leave byte for byte, the body
 * too. {@link toBytes} sees to a correct Content-Length (one is added where it was missing, wrong ones are replaced), to a
 * start line of the form that the grammar allows, and to line ends that every reader takes for the same ones (a lone LF
 * becomes CRLF, a lone CR a space); a faultless message without edits leaves as it came.
 *
 * Values are latin1 text (see `latin1FromText`); one that has a line break or other characters is a {@link BugError}.
 */
export class MessageDraft {
  readonly #message: SipMessage;
  readonly #lines: Line[];
  #startLine: string | undefined;
  #body: Buffer;
  #isLengthExact: boolean;

  constructor(message: SipMessage) {
    this.#message = message;
    this.#lines = message.headers.slice();
    const first = message.headers[0];
    // A line that continues the start line says nothing, and other readers refuse a message for it.
    if (first !== undefined && isBlank(message.head.charCodeAt(first.start))) this.#lines.shift();
    this.#body = message.body;
    this.#isLengthExact = message.views.isLengthExact;
    if (message.views.isStartLineOdd) this.#startLine = plainStartLine(message);
  }

  /** Replaces the Request-URI. */
  setRequestUri(uri: string): void {
    const message = this.#message;
    if (message.kind !== 'request') throw new BugError('a response has no Request-URI');
    checkText(uri);
    if (uri === '' || uri.includes(' ')) throw new BugError('a Request-URI has no space');
    this.#startLine = `${message.method} ${uri} SIP/2.0\r\n`;
  }

  /** Replaces status code and reason phrase. */
  setStatus(statusCode: number, reasonPhrase: string): void {
    if (this.#message.kind !== 'response') throw new BugError('a request has no status');
    checkText(reasonPhrase);
    this.#startLine = `SIP/2.0 ${statusCode} ${reasonPhrase}\r\n`;
  }

  /** Replaces the body; Content-Type is the caller's to set. */
  setBody(body: Buffer): void {
    this.#body = body;
    this.#isLengthExact = false;
  }

  /** Adds a line before the first of its name; without one, a Via goes to the top and others after the last Via. */
  addFirst(name: string, value: string): void {
    const key = headerKey(name);
    const line = newLine(key, name, value);
    const lines = this.#lines;
    let index = this.#find(key);
    if (index < 0) {
      index = 0;
      if (key !== 'via') {
        for (let each = 0; each < lines.length; each++) if (lines[each]?.key === 'via') index = each + 1;
      }
    }
    lines.splice(index, 0, line);
  }

  /** Adds a line after the last of its name, or at the end. */
  addLast(name: string, value: string): void {
    const key = headerKey(name);
    const line = newLine(key, name, value);
    const lines = this.#lines;
    let index = lines.length;
    for (let each = lines.length - 1; each >= 0; each--) {
      if (lines[each]?.key === key) {
        index = each + 1;
        break;
      }
    }
    lines.splice(index, 0, line);
  }

  /** Drops every line of this name. */
  removeAll(name: string): void {
    const key = headerKey(name);
    const lines = this.#lines;
    for (let index = lines.length - 1; index >= 0; index--) {
      if (lines[index]?.key === key) lines.splice(index, 1);
    }
  }

  /** Drops the first value of this name: the first member of a list, or the line. */
  removeFirstValue(name: string): void {
    const key = headerKey(name);
    const index = this.#find(key);
    const line = this.#lines[index];
    if (line === undefined) return;
    const rest = this.#valuesAfterFirst(line, key);
    if (rest === undefined) this.#lines.splice(index, 1);
    else this.#lines[index] = new NewLine(key, this.#nameOf(line), rest);
  }

  /** Replaces the first value of this name, leaving the other members of a list; adds it as the first where none is. */
  replaceFirstValue(name: string, value: string): void {
    const key = headerKey(name);
    const index = this.#find(key);
    const line = this.#lines[index];
    if (line === undefined) {
      this.addFirst(name, value);
      return;
    }
    checkText(value);
    const rest = this.#valuesAfterFirst(line, key);
    this.#lines[index] = new NewLine(
      key,
      this.#nameOf(line),
      rest === undefined ? value : `${value}, ${rest}`,
    );
  }

  /** Leaves one line of this name with this value: where the first stood, or at the end. */
  set(name: string, value: string): void {
    const key = headerKey(name);
    const index = this.#find(key);
    if (index < 0) {
      this.addLast(name, value);
      return;
    }
    const lines = this.#lines;
    lines[index] = newLine(key, name, value);
    for (let each = lines.length - 1; each > index; each--)
      if (lines[each]?.key === key) lines.splice(each, 1);
  }

  /** Whether a header of this name is there, edits included. */
  has(name: string): boolean {
    return this.#find(headerKey(name)) >= 0;
  }

  /** The message as it is to leave. The draft may be edited further and written again. */
  toBytes(): Buffer {
    if (!this.#isLengthExact) {
      this.set('Content-Length', String(this.#body.length));
      this.#isLengthExact = true;
    }
    const head = evenLineEnds(this.#message, this.#writeHead());
    const bytes = Buffer.allocUnsafe(head.length + this.#body.length);
    bytes.write(head, 0, 'latin1');
    bytes.set(this.#body, head.length);
    return bytes;
  }

  /** Joins the lines, those that follow one another in the message as one cut of its head. */
  #writeHead(): string {
    const { head, headers } = this.#message;
    const firstHeader = headers[0];
    let out = '';
    let runStart = 0;
    let runEnd = firstHeader === undefined ? this.#headersEnd() : firstHeader.start;
    if (this.#startLine !== undefined) {
      out = this.#startLine;
      runStart = runEnd;
    }
    for (const line of this.#lines) {
      if (line instanceof NewLine) {
        if (runEnd > runStart) out += this.#cut(runStart, runEnd);
        out += line.text;
        runStart = runEnd;
      } else if (line.start === runEnd) {
        runEnd = line.end;
      } else {
        if (runEnd > runStart) out += this.#cut(runStart, runEnd);
        runStart = line.start;
        runEnd = line.end;
      }
    }
    if (!this.#message.views.isTerminated) return `${out}${this.#cut(runStart, runEnd)}\r\n`;
    const blankStart = this.#headersEnd();
    if (runEnd === blankStart) return out + head.slice(runStart);
    return out + this.#cut(runStart, runEnd) + head.slice(blankStart);
  }

  /** Text of the head; a line end is supplied where the message was cut off inside a line. */
  #cut(start: number, end: number): string {
    const { head, views } = this.#message;
    const text = head.slice(start, end);
    if (views.isTerminated || end < head.length || text === '' || text.endsWith('\n')) return text;
    return text.endsWith('\r') ? `${text}\n` : `${text}\r\n`;
  }

  /** After the last header line, or after the start line where there is none. */
  #headersEnd(): number {
    const { head, headers } = this.#message;
    const last = headers[headers.length - 1];
    if (last !== undefined) return last.end;
    const feed = head.indexOf('\n');
    return feed < 0 ? head.length : feed + 1;
  }

  #find(key: string): number {
    const lines = this.#lines;
    for (let index = 0; index < lines.length; index++) if (lines[index]?.key === key) return index;
    return -1;
  }

  /** The name as it stands in the line, so that a compact form stays one. */
  #nameOf(line: Line): string {
    if (line instanceof NewLine) return line.text.slice(0, line.valueAt - 2);
    const text = this.#message.head.slice(line.start, line.valueStart);
    const colon = text.indexOf(':');
    return text.slice(0, colon).trimEnd();
  }

  /** What follows the first member of a list; undefined where nothing does. */
  #valuesAfterFirst(line: Line, key: string): string | undefined {
    if (!isListHeader(key)) return undefined;
    const isNew = line instanceof NewLine;
    const bytes = isNew ? Buffer.from(line.value, 'latin1') : this.#message.bytes;
    const text = isNew ? line.value : this.#message.head;
    const start = isNew ? 0 : line.valueStart;
    const end = isNew ? line.value.length : line.valueEnd;
    const comma = listValueEnd(bytes, start, end);
    const rest = skipWhite(bytes, comma + 1, end);
    if (comma >= end || rest >= end) return undefined;
    const value = text.slice(rest, end);
    return !isNew && line.folded ? unfold(value) : value;
  }
}

/** Throws a {@link BugError} for text that would break a line or is not latin1: it would have come from us. */
export function checkText(text: string): void {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x0d || code === 0x0a || code > 0xff) {
      throw new BugError('a header value must be latin1 text without line breaks');
    }
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function newLine(key: string, name: string, value: string): NewLine {
  checkText(value);
  return new NewLine(key, name, value);
}

function plainStartLine(message: SipMessage): string {
  if (message.kind === 'response') return `SIP/2.0 ${message.statusCode} ${message.reasonPhrase}\r\n`;
  return `${message.method} ${message.requestUri} SIP/2.0\r\n`;
}
