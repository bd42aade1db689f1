/** Takes bytes off a stream in pieces of the sizes that are asked for. */
export class ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;
  #consumed = 0;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  /** Bytes that have been taken. */
  get consumed(): number {
    return this.#consumed;
  }

  /**
   * The next bytes: as many as asked for, fewer where the stream ends. Its memory grows with what arrives, not with what is asked
   * for. The bytes may be a view of the stream's own chunk.
   */
  async read(sizeBytes: number): Promise<Uint8Array> {
    if (this.#chunk.length - this.#at >= sizeBytes) return this.#taken(sizeBytes);
    const parts: Uint8Array[] = [];
    let missing = sizeBytes;
    while (missing > 0) {
      if (this.#at >= this.#chunk.length && !(await this.#more())) break;
      const part = this.#taken(Math.min(missing, this.#chunk.length - this.#at));
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    return this.#at >= this.#chunk.length && !(await this.#more());
  }

  /** Lets go of the stream. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  #taken(sizeBytes: number): Uint8Array {
    const taken = this.#chunk.subarray(this.#at, this.#at + sizeBytes);
    this.#at += sizeBytes;
    this.#consumed += sizeBytes;
    return taken;
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#iterator.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
      this.#at = 0;
      if (next.value.length > 0) return true;
    }
  }
}
