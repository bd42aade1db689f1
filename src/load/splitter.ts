import type { LoadErrorCode } from './errors.ts';
import type { GeoJsonLimits } from './types.ts';

/** One piece of a source. */
export type SplitItem =
  /** The bytes of one JSON object that should be a feature. */
  | { readonly kind: 'feature'; readonly byteOffset: number; readonly bytes: Uint8Array }
  /** What a feature collection says before or after its features, as the bytes of one JSON object. */
  | { readonly kind: 'envelope'; readonly byteOffset: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'refused';
      readonly byteOffset: number;
      readonly code: LoadErrorCode;
      readonly reason: string;
    };

/**
 * `between`: outside of all objects. `top`: in an object that is a feature, or a collection whose features
 * have not begun. `list`: in the features of a collection, between two. `feature`: in one of them. `tail`: in
 * the collection, after its features. `stopped`: broken.
 */
type State = 'between' | 'top' | 'list' | 'feature' | 'tail' | 'stopped';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
/** Starts a record of a GeoJSON text sequence (RFC 8142 §2). */
const recordSeparator = 0x1e;
const featuresKey = Buffer.from('features');

/**
 * Cuts a stream of bytes into the features in it: a FeatureCollection, one feature, or a sequence of them
 * with or without record separators (RFC 7946, RFC 8142). Looks at nothing but brackets, strings and the key
 * `features`, so its memory is that of one feature. Bytes are copied; the caller's buffers may be used again.
 */
export class FeatureSplitter {
  readonly #limits: GeoJsonLimits;
  #state: State = 'between';
  /** Nesting of brackets inside the object that is being read; 1 is the object itself. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** Bytes of the stream before the present chunk. */
  #consumed = 0;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Where the object that is being read starts in the stream. */
  #startOffset = 0;
  #isTooLarge = false;
  /** The last string at depth 1 of a top object, as far as it can be the key that is looked for. */
  #key: number[] = [];
  #keyOffset = 0;
  #isFeaturesKey = false;
  #needs: 'item' | 'comma' | 'itemOrEnd' = 'itemOrEnd';
  #items: SplitItem[] = [];

  constructor(limits: GeoJsonLimits) {
    this.#limits = limits;
  }

  /** Takes the next bytes and gives what they complete. */
  push(chunk: Uint8Array): readonly SplitItem[] {
    this.#items = [];
    let captureFrom = 0;
    let position = 0;
    while (position < chunk.length && this.#state !== 'stopped') {
      if (this.#state === 'between' || this.#state === 'list') {
        const isStart = this.#scanBetween(chunk[position] ?? 0, this.#consumed + position);
        if (isStart) captureFrom = position;
        position += 1;
      } else {
        const end = this.#scanObject(chunk, position);
        if (end.isComplete) {
          this.#hold(chunk, captureFrom, end.position);
          this.#finish();
        }
        position = end.position;
      }
    }
    if (this.#state !== 'between' && this.#state !== 'list' && this.#state !== 'stopped') {
      this.#hold(chunk, captureFrom, chunk.length);
    }
    this.#consumed += chunk.length;
    return this.#items;
  }

  /** Says that nothing comes after. */
  end(): readonly SplitItem[] {
    this.#items = [];
    if (this.#state !== 'between' && this.#state !== 'stopped') {
      const what = this.#state === 'list' ? 'the list of features' : 'an object';
      const where = this.#state === 'list' ? '' : ` that starts at byte ${this.#startOffset}`;
      this.#stop(this.#consumed, `the source ends inside ${what}${where}; it may have been cut off`);
    }
    return this.#items;
  }

  /** Takes a byte outside of objects; true where something starts that is to be held. */
  #scanBetween(byte: number, offset: number): boolean {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return false;
    if (byte === openBrace && this.#needs !== 'comma') {
      this.#state = this.#state === 'list' ? 'feature' : 'top';
      this.#begin(offset);
      return true;
    }
    if (this.#state === 'between') {
      const isMark = byte === recordSeparator || (offset < 3 && byte === utf8Mark[offset]);
      if (!isMark)
        this.#stop(offset, 'here starts no JSON object; a source is a FeatureCollection or features');
    } else if (byte === comma && this.#needs === 'comma') {
      this.#needs = 'item';
    } else if (byte === closeBracket && this.#needs !== 'item') {
      this.#state = 'tail';
      this.#begin(offset);
      return true;
    } else {
      this.#stop(offset, 'the list of features holds something other than objects separated by commas');
    }
    return false;
  }

  /**
   * Reads on in an object until it ends, or until the features of a collection begin, or to the end of the
   * chunk.
   */
  #scanObject(chunk: Uint8Array, from: number): { readonly position: number; readonly isComplete: boolean } {
    let depth = this.#depth;
    let isInString = this.#isInString;
    let isEscaped = this.#isEscaped;
    let isComplete = false;
    const isTop = this.#state === 'top';
    let position = from;
    for (; position < chunk.length && !isComplete; position += 1) {
      const byte = chunk[position];
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) isInString = false;
        if (isTop && depth === 1 && isInString && this.#key.length <= featuresKey.length)
          this.#key.push(byte ?? 0);
        continue;
      }
      switch (byte) {
        case quote:
          isInString = true;
          if (isTop && depth === 1) {
            this.#key = [];
            this.#keyOffset = this.#consumed + position;
          }
          break;
        case openBracket:
        case openBrace:
          if (isTop && depth === 1 && byte === openBracket && this.#isFeaturesKey) {
            isComplete = true;
            break;
          }
          depth += 1;
          break;
        case closeBracket:
        case closeBrace:
          depth -= 1;
          isComplete = depth === 0;
          break;
        case colon:
          if (isTop && depth === 1) this.#isFeaturesKey = featuresKey.equals(Uint8Array.from(this.#key));
          break;
        case comma:
          if (isTop && depth === 1) this.#isFeaturesKey = false;
          break;
        default:
      }
    }
    this.#depth = depth;
    this.#isInString = isInString;
    this.#isEscaped = isEscaped;
    return { position, isComplete };
  }

  #begin(offset: number): void {
    this.#startOffset = offset;
    this.#depth = 1;
    this.#held = [];
    this.#heldBytes = 0;
    this.#isTooLarge = false;
    this.#isFeaturesKey = false;
    this.#key = [];
  }

  #hold(chunk: Uint8Array, from: number, to: number): void {
    if (to <= from || this.#isTooLarge) return;
    const isEnvelope = this.#state === 'tail';
    const max = isEnvelope ? this.#limits.envelopeBytesMax : this.#limits.featureBytesMax;
    this.#heldBytes += to - from;
    if (this.#heldBytes > max) {
      this.#isTooLarge = true;
      this.#held = [];
      return;
    }
    this.#held.push(chunk.slice(from, to));
  }

  /** Gives away what was held: a feature, or one side of a collection. */
  #finish(): void {
    const byteOffset = this.#startOffset;
    const bytes = this.#held.length === 1 && this.#held[0] ? this.#held[0] : Buffer.concat(this.#held);
    const isHead = this.#state === 'top' && this.#depth === 1;
    const isTail = this.#state === 'tail';
    this.#held = [];
    if (this.#isTooLarge) {
      const reason = `the object at byte ${byteOffset} has ${this.#heldBytes} bytes, more than are read at once`;
      this.#items.push({ kind: 'refused', byteOffset, code: 'load.featureTooLarge', reason });
    } else if (isHead) {
      const head = bytes.subarray(0, this.#keyOffset - byteOffset);
      this.#items.push({ kind: 'envelope', byteOffset, bytes: withoutLastComma(head) });
    } else if (isTail) {
      this.#items.push({ kind: 'envelope', byteOffset, bytes: withoutFirstComma(bytes) });
    } else {
      this.#items.push({ kind: 'feature', byteOffset, bytes });
    }
    this.#needs = this.#state === 'feature' ? 'comma' : 'itemOrEnd';
    this.#state = isHead || this.#state === 'feature' ? 'list' : 'between';
  }

  #stop(byteOffset: number, what: string): void {
    this.#state = 'stopped';
    this.#held = [];
    this.#items.push({
      kind: 'refused',
      byteOffset,
      code: 'load.jsonBroken',
      reason: `byte ${byteOffset}: ${what}. Nothing after it was read`,
    });
  }
}

const utf8Mark = [0xef, 0xbb, 0xbf];

/** `{"type":"FeatureCollection", ` as an object of its own. Latin-1 keeps every byte as it is. */
function withoutLastComma(head: Uint8Array): Uint8Array {
  const text = Buffer.from(head).toString('latin1').trimEnd();
  return Buffer.from(`${text.endsWith(',') ? text.slice(0, -1) : text}}`, 'latin1');
}

/** `], "crs": null}` as an object of its own. */
function withoutFirstComma(tail: Uint8Array): Uint8Array {
  const text = Buffer.from(tail.subarray(1)).toString('latin1').trimStart();
  return Buffer.from(`{${text.startsWith(',') ? text.slice(1) : text}`, 'latin1');
}
