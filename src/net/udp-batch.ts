import { errorText } from '../base/index.ts';
import type { Endpoint } from '../sip/index.ts';
import { addressFamily, SocketAddresses } from './udp-batch-address.ts';
import { loadSystemCalls, type PollHandle, SystemCallError, type SystemCalls } from './udp-batch-calls.ts';
import { MessageVector } from './udp-batch-vector.ts';
import type { OnDatagramRefused, UdpSocket, UdpSocketOptions } from './udp-socket.ts';

// Linux's numbers, the same on both processors.
const sockDgram = 2;
const sockNonblock = 0o4000;
const sockCloexec = 0o2000000;
const solSocket = 1;
const soSndbuf = 7;
const soRcvbuf = 8;
const ipprotoIpv6 = 41;
const ipv6V6only = 26;
const msgTrunc = 0x20;
const msgDontwait = 0x40;
const eintr = 4;
const eagain = 11;
const emsgsize = 90;
const enobufs = 105;

const receiveSlots = 32;
/** More than a UDP length field can say: nothing is ever cut off. */
const receiveSlotBytes = 65_536;
/** Rounds of a full vector before the event loop gets its turn; what is left comes in the next. */
const receiveRoundsMax = 4;
/** What a UDP length field can say, less its own header; the kernel refuses somewhat less than this by itself. */
const datagramBytesMax = 65_527;
const sendSlots = 64;
const sendAreaBytes = 512 * 1024;
/** While the kernel has no room; what waits is dropped and reported after this many tries, a millisecond apart. */
const sendTriesMax = 50;
const sendRetryMs = 1;
/** Sends that wait for a kernel without room. */
const sendQueueMax = 4_096;
/** After errors of the socket in a row, how long it is left alone. */
const troubleMax = 8;
const troublePauseMs = 20;

/** Opens a batching socket; throws {@link SystemCallError}. */
export type OpenBatchSocket = (options: UdpSocketOptions) => UdpSocket;

let loaded: { readonly open: OpenBatchSocket | undefined } | undefined;

/** What opens sockets that take and give several datagrams in one system call; undefined where the machine cannot. */
export function loadUdpBatch(): OpenBatchSocket | undefined {
  if (loaded === undefined) {
    const calls = loadSystemCalls();
    // One set of buffers serves all sockets of the thread: receiving copies out before anything else can run.
    const shared = calls === undefined ? undefined : new SharedBuffers(calls);
    loaded = { open: shared === undefined ? undefined : (options) => new BatchSocket(shared, options) };
  }
  return loaded.open;
}

class SharedBuffers {
  readonly calls: SystemCalls;
  readonly incoming: MessageVector;
  readonly received: Buffer;
  readonly outgoing: MessageVector;
  readonly sent: Buffer;
  readonly sentAddress: number;
  /** For small arguments of calls. */
  readonly scratch: Buffer;
  readonly scratchAddress: number;

  constructor(calls: SystemCalls) {
    this.calls = calls;
    const received = new ArrayBuffer(receiveSlots * receiveSlotBytes);
    this.received = Buffer.from(received);
    this.incoming = new MessageVector(calls, receiveSlots);
    const start = calls.addressOf(received);
    for (let slot = 0; slot < receiveSlots; slot += 1) {
      this.incoming.setData(slot, start + slot * receiveSlotBytes, receiveSlotBytes);
    }
    const sent = new ArrayBuffer(sendAreaBytes);
    this.sent = Buffer.from(sent);
    this.sentAddress = calls.addressOf(sent);
    this.outgoing = new MessageVector(calls, sendSlots);
    const scratch = new ArrayBuffer(64);
    this.scratch = Buffer.from(scratch);
    this.scratchAddress = calls.addressOf(scratch);
  }
}

interface Outgoing {
  readonly bytes: Buffer;
  readonly remote: Endpoint;
  readonly onRefused: OnDatagramRefused;
}

/**
 * A UDP socket of its own descriptor. The event loop says that there is something to read; everything that is there is
 * then taken at the end of the loop's poll phase, in a callback of Node's own, so that promises go on as they should. What is
 * sent during that, or during a turn of the loop, leaves with one system call at its end.
 */
class BatchSocket implements UdpSocket {
  readonly kind = 'batch';
  readonly local: Endpoint;
  readonly #buffers: SharedBuffers;
  readonly #calls: SystemCalls;
  readonly #options: UdpSocketOptions;
  readonly #addresses: SocketAddresses;
  readonly #fd: number;
  readonly #poll: PollHandle;
  #outgoing: Outgoing[] = [];
  #isDraining = false;
  #isDrainDue = false;
  #isFlushDue = false;
  #isClosed = false;
  #sendTries = 0;
  #troubles = 0;

  constructor(buffers: SharedBuffers, options: UdpSocketOptions) {
    this.#buffers = buffers;
    this.#calls = buffers.calls;
    this.#options = options;
    this.#addresses = new SocketAddresses(buffers.calls, options.family);
    const type = sockDgram | sockNonblock | sockCloexec;
    this.#fd = this.#checked('socket', this.#calls.socket(addressFamily[options.family], type, 0));
    try {
      this.local = this.#bind();
      this.#poll = this.#calls.poll(this.#fd, this.#onReady);
    } catch (error) {
      this.#calls.close(this.#fd);
      throw error;
    }
  }

  send(bytes: Buffer, remote: Endpoint, onRefused: OnDatagramRefused): void {
    if (bytes.length > datagramBytesMax || this.#outgoing.length >= sendQueueMax) {
      onRefused(new SystemCallError('send', bytes.length > datagramBytesMax ? emsgsize : enobufs));
      return;
    }
    this.#outgoing.push({ bytes, remote, onRefused });
    if (this.#isDraining || this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(this.#flushDue);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    for (const { onRefused } of this.#outgoing.splice(0)) onRefused(new SystemCallError('send', eagain));
    this.#poll.close();
    this.#calls.close(this.#fd);
  }

  #bind(): Endpoint {
    const { family, address, port } = this.#options;
    const { scratch, scratchAddress } = this.#buffers;
    if (family === 'ipv6') this.#checked('setsockopt', this.#setOption(ipprotoIpv6, ipv6V6only, 1));
    // The kernel takes any size and gives at most its own maximum.
    this.#setOption(solSocket, soRcvbuf, this.#options.receiveBufferBytes);
    this.#setOption(solSocket, soSndbuf, this.#options.sendBufferBytes);
    const { length } = this.#addresses;
    if (!this.#addresses.write(scratch, 0, { address, port })) {
      throw new TypeError(`${address} is no ${family} address`);
    }
    this.#checked('bind', this.#calls.bind(this.#fd, scratchAddress, length));
    const lengthOffset = 48;
    scratch.writeUInt32LE(length, lengthOffset);
    const named = this.#calls.getsockname(this.#fd, scratchAddress, scratchAddress + lengthOffset);
    this.#checked('getsockname', named);
    return this.#addresses.read(scratch, 0);
  }

  #setOption(level: number, name: number, value: number): number {
    const { scratch, scratchAddress } = this.#buffers;
    scratch.writeInt32LE(value, 0);
    return this.#calls.setsockopt(this.#fd, level, name, scratchAddress, 4);
  }

  #checked(call: string, result: number): number {
    if (result < 0) throw new SystemCallError(call, this.#calls.errno());
    return result;
  }

  // Called from the loop itself, outside of Node's own callbacks: nothing may be done here that a promise waits for, and
  // nothing may be thrown.
  readonly #onReady = (status: number): void => {
    if (status < 0) this.#troubles += 1;
    if (this.#isDrainDue || this.#isClosed) return;
    this.#isDrainDue = true;
    setImmediate(this.#drainDue);
  };

  readonly #drainDue = (): void => {
    this.#isDrainDue = false;
    if (this.#isClosed) return;
    if (this.#troubles > 0) this.#watchAgain();
    this.#isDraining = true;
    try {
      this.#drain();
    } finally {
      this.#isDraining = false;
      this.#flush();
    }
  };

  // After an error the event loop no longer watches the descriptor. Reading takes the error off the socket.
  #watchAgain(): void {
    const isStuck = this.#troubles > troubleMax;
    if (this.#troubles === 1 || isStuck)
      this.#options.onProblem(new Error('the UDP socket reports an error'));
    const watch = (): void => {
      if (!this.#isClosed) this.#poll.start(this.#onReady);
    };
    if (isStuck) setTimeout(watch, troublePauseMs);
    else setImmediate(watch);
  }

  #drain(): void {
    const { incoming } = this.#buffers;
    for (let round = 0; round < receiveRoundsMax && !this.#isClosed; round += 1) {
      for (let slot = 0; slot < receiveSlots; slot += 1) incoming.setNameLength(slot, 32);
      const count = this.#calls.recvmmsg(this.#fd, incoming.address, receiveSlots, msgDontwait, 0);
      if (count < 0) {
        const errno = this.#calls.errno();
        if (errno !== eagain && errno !== eintr) this.#problem(new SystemCallError('recvmmsg', errno));
        return;
      }
      this.#troubles = 0;
      this.#take(count);
      this.#flush();
      if (count < receiveSlots) return;
    }
  }

  /** Copies everything out first: what the datagrams bring about may receive by another socket. */
  #take(count: number): void {
    const { incoming, received } = this.#buffers;
    const taken: { bytes: Buffer; remote: Endpoint }[] = [];
    for (let slot = 0; slot < count; slot += 1) {
      const length = incoming.receivedLength(slot);
      const isWhole = (incoming.flags(slot) & msgTrunc) === 0 && length <= receiveSlotBytes;
      if (!isWhole || incoming.nameLength(slot) !== this.#addresses.length) continue;
      const bytes = Buffer.allocUnsafe(length);
      const start = slot * receiveSlotBytes;
      received.copy(bytes, 0, start, start + length);
      taken.push({ bytes, remote: this.#addresses.read(incoming.memory, incoming.nameOffset(slot)) });
    }
    for (const { bytes, remote } of taken) {
      try {
        this.#options.onDatagram(bytes, remote);
      } catch (error) {
        this.#problem(error); // One datagram's fault must not cost the others.
      }
    }
  }

  readonly #flushDue = (): void => {
    this.#isFlushDue = false;
    this.#flush();
  };

  #flush(): void {
    while (this.#outgoing.length > 0 && !this.#isClosed) {
      const waiting = this.#outgoing;
      this.#outgoing = [];
      const done = this.#sendAll(waiting);
      if (done === waiting.length) continue;
      // No room in the kernel: in order, what is left goes before what came meanwhile.
      this.#outgoing = [...waiting.slice(done), ...this.#outgoing];
      this.#waitForRoom();
      return;
    }
  }

  #waitForRoom(): void {
    this.#sendTries += 1;
    if (this.#sendTries > sendTriesMax) {
      this.#sendTries = 0;
      for (const { onRefused } of this.#outgoing.splice(0)) onRefused(new SystemCallError('send', eagain));
      return;
    }
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setTimeout(this.#flushDue, sendRetryMs);
  }

  /** Sends in order; the result is how many were dealt with, fewer than all where the kernel has no room. */
  #sendAll(waiting: readonly Outgoing[]): number {
    let done = 0;
    while (done < waiting.length) {
      const batch = this.#pack(waiting, done);
      const sent = this.#sendBatch(batch);
      done += sent;
      if (sent < batch.length) return done;
    }
    return done;
  }

  /** Fills the vector from `from` on: as many as there are slots and memory for, at least one. */
  #pack(waiting: readonly Outgoing[], from: number): readonly Outgoing[] {
    const { outgoing, sent, sentAddress } = this.#buffers;
    const batch: Outgoing[] = [];
    let used = 0;
    for (let index = from; index < waiting.length && batch.length < sendSlots; index += 1) {
      const datagram = waiting[index];
      if (datagram === undefined) break;
      const { bytes, remote } = datagram;
      if (used + bytes.length > sendAreaBytes) break;
      const slot = batch.length;
      const isKnown = this.#addresses.write(outgoing.memory, outgoing.nameOffset(slot), remote);
      bytes.copy(sent, used);
      outgoing.setData(slot, sentAddress + used, bytes.length);
      // The kernel refuses a datagram without an address (EDESTADDRREQ), and that is told as any refusal.
      outgoing.setNameLength(slot, isKnown ? this.#addresses.length : 0);
      used += bytes.length;
      batch.push(datagram);
    }
    return batch;
  }

  #sendBatch(batch: readonly Outgoing[]): number {
    const { outgoing } = this.#buffers;
    let done = 0;
    while (done < batch.length) {
      const at = outgoing.headerAddress(done);
      const sent = this.#calls.sendmmsg(this.#fd, at, batch.length - done, msgDontwait);
      if (sent > 0) {
        this.#sendTries = 0;
        done += sent;
        continue;
      }
      const errno = this.#calls.errno();
      if (errno === eintr) continue;
      if (errno === eagain || errno === enobufs) return done;
      // The first of them was refused; the others have their turn.
      batch[done]?.onRefused(new SystemCallError('send', errno));
      done += 1;
    }
    return done;
  }

  #problem(error: unknown): void {
    this.#options.onProblem(error instanceof Error ? error : new Error(errorText(error)));
  }
}
