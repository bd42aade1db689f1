import type { SystemCalls } from './udp-batch-calls.ts';

// Linux's structures on 64-bit machines, of little-endian words of 32 bits:
//   struct mmsghdr { struct msghdr { name*, namelen, (pad), iov*, iovlen, control*, controllen, flags, (pad) }, len, (pad) }
//   struct iovec { base*, len }
const headerBytes = 64;
const headerWords = headerBytes / 4;
const nameLengthWord = 2;
const iovLengthWord = 6;
const flagsWord = 12;
const lengthWord = 14;
const iovBytes = 16;
const iovWords = iovBytes / 4;
const nameBytes = 32;
const wordRange = 2 ** 32;

/**
 * The message headers that `recvmmsg` and `sendmmsg` take: a fixed number of slots, each with one address and one
 * stretch of memory. Memory is one plain ArrayBuffer, which stays where it is while this object lives.
 */
export class MessageVector {
  readonly slots: number;
  /** Where the headers begin, for the system call. */
  readonly address: number;
  /** Socket addresses: slot `n` has `nameOffset(n)`. */
  readonly memory: Buffer;
  readonly #words: Uint32Array;
  readonly #iovAt: number;

  constructor(calls: SystemCalls, slots: number) {
    this.slots = slots;
    const area = new ArrayBuffer(slots * (headerBytes + iovBytes + nameBytes));
    this.memory = Buffer.from(area);
    this.address = calls.addressOf(area);
    this.#words = new Uint32Array(area);
    this.#iovAt = (slots * headerBytes) / 4;
    for (let slot = 0; slot < slots; slot += 1) {
      const header = slot * headerWords;
      this.#writePointer(header, this.address + this.nameOffset(slot));
      this.#writePointer(header + 4, this.address + slots * headerBytes + slot * iovBytes);
      this.#words[header + iovLengthWord] = 1;
    }
  }

  /** Where a slot's header lies. */
  headerAddress(slot: number): number {
    return this.address + slot * headerBytes;
  }

  /** Where in {@link memory} a slot's socket address lies. */
  nameOffset(slot: number): number {
    return this.slots * (headerBytes + iovBytes) + slot * nameBytes;
  }

  /** Points a slot at the bytes to send, or at the room to receive into. */
  setData(slot: number, address: number, length: number): void {
    const iov = this.#iovAt + slot * iovWords;
    this.#writePointer(iov, address);
    this.#words[iov + 2] = length;
  }

  /** Bytes of the socket address. The kernel overwrites it on receiving, so it is set before each call. */
  setNameLength(slot: number, length: number): void {
    this.#words[slot * headerWords + nameLengthWord] = length;
  }

  nameLength(slot: number): number {
    return this.#words[slot * headerWords + nameLengthWord] ?? 0;
  }

  /** How many bytes came. */
  receivedLength(slot: number): number {
    return this.#words[slot * headerWords + lengthWord] ?? 0;
  }

  /** `MSG_TRUNC` and others. */
  flags(slot: number): number {
    return this.#words[slot * headerWords + flagsWord] ?? 0;
  }

  #writePointer(word: number, address: number): void {
    this.#words[word] = address % wordRange;
    this.#words[word + 1] = Math.floor(address / wordRange);
  }
}
