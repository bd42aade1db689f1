import { declaredLength, indexHeaders, MessageViews } from '../message/index.ts';
import { CR, LF } from '../uri/index.ts';
import { type FramingErrorCode, framingError } from './errors.ts';
import type { FramingLimits } from './limits.ts';
import { strangerByFirstByte, strangerByLine } from './start-line.ts';
import type { FramedItem } from './types.ts';

const empty = Buffer.alloc(0);

/**
 * Cuts a byte stream into SIP messages by Content-Length (RFC 3261 §18.3). One for each connection. Chunks handed over
 * belong to the framer: messages that lie whole in a chunk are views of it. Cost is linear in the bytes however they
 * are cut; what is kept is bounded by the limits. After `broken` everything else is ignored.
 */
export class StreamFramer {
  readonly #limits: FramingLimits;
  /** Bytes not yet handed out, from #start to #end; after copying it has room behind #end. */
  #buffer: Buffer = empty;
  #isOwn = false;
  #start = 0;
  #end = 0;
  /** How far the head has been searched, and where its current line starts. */
  #scan = 0;
  #lineStart = 0;
  #hasFirstLine = false;
  /** Bytes of the message whose head is complete; 0 while it is not. */
  #messageBytes = 0;
  /** Bytes of CR LF CR LF seen between messages. */
  #pingBytes = 0;
  #isBroken = false;

  constructor(limits: FramingLimits) {
    this.#limits = limits;
  }

  /** Bytes of a message that is not complete yet: 0 between messages. For limits on how long one may take. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Takes the next bytes of the stream; returns what they complete, in order. */
  push(chunk: Buffer): readonly FramedItem[] {
    const items: FramedItem[] = [];
    if (this.#isBroken || chunk.length === 0) return items;
    this.#append(chunk);
    while (!this.#isBroken && this.#step(items)) {
      // Each step takes a message or what stands between two.
    }
    return items;
  }

  /** Takes one thing off the front; false where more bytes are needed. */
  #step(items: FramedItem[]): boolean {
    if (this.#messageBytes === 0) {
      if (this.#scan === this.#start && !this.#hasFirstLine && !this.#skipLineEnds(items)) return false;
      if (!this.#readHead(items)) return false;
    }
    const messageEnd = this.#start + this.#messageBytes;
    if (this.#end < messageEnd) return false;
    items.push({ kind: 'message', bytes: this.#buffer.subarray(this.#start, messageEnd) });
    this.#moveTo(messageEnd);
    return true;
  }

  /**
   * Passes over line ends between messages: two CRLF in a row are a ping (RFC 5626 §4.4.1), others are ignored
   * (RFC 3261 §7.5). False where nothing else is there yet.
   */
  #skipLineEnds(items: FramedItem[]): boolean {
    let pos = this.#start;
    while (pos < this.#end) {
      const code = this.#buffer[pos];
      if (code === (this.#pingBytes % 2 === 0 ? CR : LF)) {
        this.#pingBytes++;
        if (this.#pingBytes === 4) {
          items.push({ kind: 'ping' });
          this.#pingBytes = 0;
        }
      } else if (code === LF || code === CR) this.#pingBytes = code === CR ? 1 : 0;
      else break;
      pos++;
    }
    const isAll = pos === this.#end;
    this.#moveTo(pos);
    if (isAll) return false;
    this.#pingBytes = 0;
    const stranger = strangerByFirstByte(this.#buffer[this.#start] ?? 0);
    if (stranger !== undefined) {
      this.#fail(items, stranger, undefined);
      return false;
    }
    return true;
  }

  /** Looks for the blank line from where the last search ended; true once the message's size is known. */
  #readHead(items: FramedItem[]): boolean {
    const buffer = this.#buffer;
    for (;;) {
      const feed = this.#nextLineFeed();
      if (feed < 0) break;
      const lineBytes = feed - this.#lineStart;
      const isBlank = lineBytes === 0 || (lineBytes === 1 && buffer[this.#lineStart] === CR);
      this.#scan = feed + 1;
      if (!this.#hasFirstLine) {
        if (!this.#readFirstLine(items, feed)) return false;
      } else if (isBlank) return this.#readLength(items, feed + 1);
      this.#lineStart = feed + 1;
      if (feed + 1 - this.#start > this.#limits.headBytesMax) break;
    }
    const held = this.#end - this.#start;
    if (held > this.#limits.headBytesMax || (!this.#hasFirstLine && held > this.#limits.startLineBytesMax)) {
      this.#fail(items, 'framing.headTooLarge', undefined);
    }
    return false;
  }

  #nextLineFeed(): number {
    const feed = this.#buffer.indexOf(LF, this.#scan);
    if (feed >= 0 && feed < this.#end) return feed;
    this.#scan = this.#end;
    return -1;
  }

  #readFirstLine(items: FramedItem[], feed: number): boolean {
    const line = this.#buffer.toString('latin1', this.#start, feed);
    const stranger = strangerByLine(line);
    if (stranger !== undefined) {
      this.#fail(items, stranger, undefined, line);
      return false;
    }
    this.#hasFirstLine = true;
    return true;
  }

  /** The head is complete: how long is the message? */
  #readLength(items: FramedItem[], headEnd: number): boolean {
    const head = this.#buffer.subarray(this.#start, headEnd);
    if (head.length > this.#limits.headBytesMax) {
      this.#fail(items, 'framing.headTooLarge', undefined);
      return false;
    }
    const views = new MessageViews();
    const firstFeed = head.indexOf(LF);
    const flaws = { hasOddLineEnd: false, hasOddHeader: false };
    const text = head.toString('latin1');
    const { headers } = indexHeaders(head, text, firstFeed + 1, head.length, views, flaws);
    const declared = declaredLength(head, headers, views.first[7] ?? -1, (views.duplicates & (1 << 7)) !== 0);
    if (declared.kind === 'bytes' && declared.length <= this.#limits.bodyBytesMax) {
      this.#messageBytes = head.length + declared.length;
      return true;
    }
    if (declared.kind === 'bytes')
      this.#fail(items, 'framing.bodyTooLarge', head, `${declared.length} bytes`);
    else if (declared.kind === 'absent') this.#fail(items, 'framing.noContentLength', head);
    else this.#fail(items, 'framing.badContentLength', head);
    return false;
  }

  #fail(items: FramedItem[], code: FramingErrorCode, head: Buffer | undefined, line = ''): void {
    const detail = line
      .trim()
      .slice(0, 60)
      .replace(/[^\x20-\x7e]/g, '?');
    items.push({ kind: 'broken', error: framingError(code, detail), head });
    this.#isBroken = true;
    this.#buffer = empty;
    this.#start = 0;
    this.#end = 0;
  }

  /** Starts on the next message at `pos`. */
  #moveTo(pos: number): void {
    this.#start = pos;
    this.#scan = pos;
    this.#lineStart = pos;
    this.#hasFirstLine = false;
    this.#messageBytes = 0;
    if (this.#start < this.#end) return;
    this.#buffer = empty;
    this.#isOwn = false;
    this.#start = 0;
    this.#end = 0;
    this.#scan = 0;
    this.#lineStart = 0;
  }

  #append(chunk: Buffer): void {
    const held = this.#end - this.#start;
    if (held === 0) {
      this.#buffer = chunk;
      this.#isOwn = false;
      this.#start = 0;
      this.#end = chunk.length;
      this.#scan = 0;
      this.#lineStart = 0;
      return;
    }
    if (!this.#isOwn || this.#end + chunk.length > this.#buffer.length) this.#grow(held, chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** Moves what is held to a buffer of our own with room to spare, so that small chunks are copied once. */
  #grow(held: number, more: number): void {
    const needed = held + more;
    const roomy = Math.max(2 * needed, 2_048);
    // A peer that announces a megabyte and sends a byte gets no megabyte; one that sends it gets no more than that.
    const next = Buffer.allocUnsafeSlow(
      this.#messageBytes >= needed ? Math.min(roomy, this.#messageBytes) : roomy,
    );
    this.#buffer.copy(next, 0, this.#start, this.#end);
    this.#scan -= this.#start;
    this.#lineStart -= this.#start;
    this.#buffer = next;
    this.#isOwn = true;
    this.#start = 0;
    this.#end = held;
  }
}
