import type { Clock } from '../base/index.ts';
import { answerStun, datagramKind, type Endpoint, parseMessage } from '../sip/index.ts';
import { endpointText, type Family, familyOf } from './addresses.ts';
import { newTransportCounts, type TransportCounts } from './counts.ts';
import { strangerKind } from './strangers.ts';
import type { NetLimits, OnMessage, OnSendFailed } from './types.ts';
import { openUdpSocket } from './udp-open.ts';
import type { UdpBatchMode, UdpSocket } from './udp-socket.ts';

export interface UdpOptions {
  readonly address: string;
  readonly port: number;
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly onMessage: OnMessage;
  /** Trouble of the socket itself, for the log. */
  readonly onProblem: (error: Error) => void;
  /** Whether datagrams may go several at once in one system call; `auto` unless given. */
  readonly batch?: UdpBatchMode | undefined;
}

/** The largest payload that IPv4 carries: 65,535 less the IP and UDP headers. IPv6 takes 20 bytes more. */
const datagramBytesMax = 65_507;
/** Anybody may ask in another's name: beyond this many answers a second to STUN, questions go unanswered. */
const stunAnswersPerSecondMax = 5_000;

/** One UDP socket of the server's: SIP in and out, everything else counted. */
export class UdpTransport {
  readonly counts: TransportCounts = newTransportCounts();
  readonly #options: UdpOptions;
  readonly #family: Family;
  #socket: UdpSocket | undefined;
  #local: Endpoint | undefined;
  #starting: Promise<Endpoint> | undefined;
  #stopping: Promise<void> | undefined;
  #stunSecond = 0;
  #stunAnswers = 0;

  constructor(options: UdpOptions) {
    this.#options = options;
    this.#family = familyOf(options.address) ?? 'ipv4';
  }

  get family(): Family {
    return this.#family;
  }

  /** Where it is bound; undefined while it is not running. */
  get local(): Endpoint | undefined {
    return this.#local;
  }

  /** Binds the socket; throws `net.listenFailed`. A second call gives the same answer. */
  start(): Promise<Endpoint> {
    this.#starting ??= this.#bind();
    return this.#starting;
  }

  /** Closes the socket: what the kernel has taken is on its way, the rest is not waited for. */
  stop(): Promise<void> {
    this.#stopping ??= this.#close();
    return this.#stopping;
  }

  /** Sends one datagram. A failure is counted and told to `onFailed` later, never thrown. */
  send(bytes: Buffer, remote: Endpoint, onFailed: OnSendFailed | undefined): void {
    const socket = this.#socket;
    if (socket === undefined || this.#local === undefined) {
      this.#fail(onFailed, 'net.stopped', 'the UDP socket is closed');
      return;
    }
    if (bytes.length > datagramBytesMax) {
      this.#fail(onFailed, 'net.datagramTooLarge', `${bytes.length} bytes do not fit into a datagram`);
      return;
    }
    this.counts.messagesOut += 1;
    this.counts.bytesOut += bytes.length;
    socket.send(bytes, remote, (error) => {
      const text = `cannot send to ${endpointText(remote)} by UDP: ${error.message}`;
      this.#fail(onFailed, 'net.sendFailed', text, error);
    });
  }

  #fail(
    onFailed: OnSendFailed | undefined,
    code: 'net.stopped' | 'net.datagramTooLarge' | 'net.sendFailed',
    message: string,
    cause?: unknown,
  ): void {
    this.counts.sendFailures += 1;
    if (onFailed !== undefined) queueMicrotask(() => onFailed({ code, message, cause }));
  }

  async #bind(): Promise<Endpoint> {
    const { address, port, limits, batch, onProblem } = this.#options;
    const socket = await openUdpSocket(batch ?? 'auto', {
      address,
      port,
      family: this.#family,
      receiveBufferBytes: limits.udp.receiveBufferBytes,
      sendBufferBytes: limits.udp.sendBufferBytes,
      onDatagram: (bytes, remote) => this.#receive(bytes, remote, socket.local),
      onProblem,
    });
    this.#socket = socket;
    this.#local = socket.local;
    return socket.local;
  }

  #receive(bytes: Buffer, remote: Endpoint, local: Endpoint): void {
    const { counts } = this;
    counts.bytesIn += bytes.length;
    // Every SIP start line begins with a token, `!` too (RFC 4475 §3.1.1.2); what else arrives is told apart for less.
    // Line ends before it are tolerated, as on streams (RFC 3261 §7.5).
    if (datagramKind(bytes) === 'sip') {
      const outcome = parseMessage(bytes, { framing: 'datagram', limits: this.#options.limits.message });
      if (outcome.kind === 'message') {
        counts.messagesIn += 1;
        this.#options.onMessage(outcome.message, {
          transport: 'udp',
          local,
          remote,
          connectionId: undefined,
        });
        return;
      }
    }
    const kind = strangerKind(bytes);
    if (kind === 'stun' && this.#answerStun(bytes, remote)) counts.pings += 1;
    else counts.strangers[kind] += 1;
  }

  /** A SIP port over UDP is a limited STUN server as well (RFC 5626 §8). Line ends get no answer there (§3.5.1). */
  #answerStun(bytes: Buffer, remote: Endpoint): boolean {
    const second = Math.floor(this.#options.clock.mono() / 1_000);
    if (second !== this.#stunSecond) {
      this.#stunSecond = second;
      this.#stunAnswers = 0;
    }
    if (this.#stunAnswers >= stunAnswersPerSecondMax) return false;
    const outcome = answerStun(bytes, remote);
    if (outcome.kind !== 'answer') return false;
    this.#stunAnswers += 1;
    this.#socket?.send(outcome.bytes, remote, () => {
      this.counts.sendFailures += 1;
    });
    return true;
  }

  async #close(): Promise<void> {
    if (this.#starting === undefined) return;
    await this.#starting.catch(() => undefined);
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#local = undefined;
    await socket.close();
    this.#socket = undefined;
  }
}
