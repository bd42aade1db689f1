const finBit = 0x80;
const maskBit = 0x80;
const opcodeBits = 0x0f;
const lengthBits = 0x7f;
/** Opcodes from here on are control frames, which may stand between the fragments of a message (RFC 6455 §5.4). */
const controlOpcode = 0x08;
const shortHead = 2;

/**
 * Follows the frames of a WebSocket stream (RFC 6455 §5.2) just far enough to know whether a message is under way: so
 * that a slow writer can be told from an idle connection, with or without control frames in between. It judges nothing;
 * what is wrong with the frames is the library's to say.
 */
export class FrameProgress {
  /** The head of the current frame, as far as it has come. */
  readonly #head = Buffer.alloc(14);
  #headBytes = 0;
  #payloadLeft = 0;
  #isInFragments = false;

  /** Whether a frame has begun and not ended, or a message has fragments to come. */
  get isUnfinished(): boolean {
    return this.#headBytes > 0 || this.#isInFragments;
  }

  /** Takes the next bytes of the stream. True where a message ended in them. */
  push(chunk: Buffer): boolean {
    let hasFinished = false;
    let position = 0;
    while (position < chunk.length) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(this.#payloadLeft, chunk.length - position);
        this.#payloadLeft -= taken;
        position += taken;
      } else {
        this.#head[this.#headBytes] = chunk[position] ?? 0;
        this.#headBytes += 1;
        position += 1;
        if (this.#headBytes < this.#headLength()) continue;
        this.#payloadLeft = this.#payloadLength();
      }
      if (this.#payloadLeft === 0) hasFinished = this.#endFrame() || hasFinished;
    }
    return hasFinished;
  }

  /** The frame is whole; true where its message is too. */
  #endFrame(): boolean {
    const first = this.#head[0] ?? 0;
    this.#headBytes = 0;
    if ((first & opcodeBits) >= controlOpcode) return false;
    this.#isInFragments = (first & finBit) === 0;
    return !this.#isInFragments;
  }

  #headLength(): number {
    if (this.#headBytes < shortHead) return shortHead;
    const second = this.#head[1] ?? 0;
    return shortHead + lengthFieldBytes(second & lengthBits) + ((second & maskBit) === 0 ? 0 : 4);
  }

  #payloadLength(): number {
    const length = (this.#head[1] ?? 0) & lengthBits;
    if (length === 126) return this.#head.readUInt16BE(shortHead);
    // Beyond what a number holds exactly the library has refused the frame already.
    return length === 127 ? Number(this.#head.readBigUInt64BE(shortHead)) : length;
  }
}

function lengthFieldBytes(length: number): number {
  if (length === 126) return 2;
  return length === 127 ? 8 : 0;
}
