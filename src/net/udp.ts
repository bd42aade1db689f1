import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { type Clock, DependencyError, errorText } from '../base/index.ts';
import { type Endpoint, parseMessage } from '../sip/index.ts';
import { endpointText, type Family, familyOf } from './addresses.ts';
import { newTransportCounts, type TransportCounts } from './counts.ts';
import { strangerKind } from './strangers.ts';
import type { NetLimits, OnMessage, OnSendFailed } from './types.ts';

export interface UdpOptions {
  readonly address: string;
  readonly port: number;
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly onMessage: OnMessage;
  /** Trouble of the socket itself, for the log. */
  readonly onProblem: (error: Error) => void;
}

/** The largest payload that IPv4 carries: 65,535 less the IP and UDP headers. IPv6 takes 20 bytes more. */
const datagramBytesMax = 65_507;
/** How long a destination that took a datagram is sent to without asking the kernel again whether it did. */
const verdictMs = 500;
const verdictsMax = 10_000;
const letterA = 0x41;
const letterZ = 0x7a;
const cr = 0x0d;
const lf = 0x0a;

/**
 * One UDP socket. Sending goes by IP literals only; with a lookup of its own and no callback a send costs about what
 * the system call costs. A callback is spent on the first send to an address and then every half second, so that a
 * missing route is still reported while the traffic to it goes on.
 */
export class UdpTransport {
  readonly counts: TransportCounts = newTransportCounts();
  readonly #options: UdpOptions;
  readonly #family: Family;
  #socket: Socket | undefined;
  #local: Endpoint | undefined;
  #starting: Promise<Endpoint> | undefined;
  #stopping: Promise<void> | undefined;
  /** Address → when the next send to it asks for a verdict. */
  readonly #verdictDue = new Map<string, number>();

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
    if (!this.#wantsVerdict(remote.address)) {
      socket.send(bytes, remote.port, remote.address);
      return;
    }
    socket.send(bytes, remote.port, remote.address, (error) => {
      if (error === null) return;
      this.#verdictDue.delete(remote.address);
      const text = `cannot send to ${endpointText(remote)} by UDP: ${error.message}`;
      this.#fail(onFailed, 'net.sendFailed', text, error);
    });
  }

  #wantsVerdict(address: string): boolean {
    const now = this.#options.clock.mono();
    const due = this.#verdictDue.get(address);
    if (due !== undefined && now < due) return false;
    if (this.#verdictDue.size >= verdictsMax) this.#verdictDue.clear();
    this.#verdictDue.set(address, now + verdictMs);
    return true;
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
    const { address, port, limits } = this.#options;
    const isIpv4 = this.#family === 'ipv4';
    const socket = createSocket({
      type: isIpv4 ? 'udp4' : 'udp6',
      ipv6Only: !isIpv4,
      lookup: literalLookup(isIpv4 ? 4 : 6),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind({ address, port }, () => {
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      socket.close();
      const where = endpointText({ address, port });
      throw new DependencyError(
        'net.listenFailed',
        `cannot listen on udp ${where}: ${errorText(cause)}`,
        cause,
      );
    }
    socket.on('error', this.#options.onProblem);
    try {
      socket.setRecvBufferSize(limits.udp.receiveBufferBytes);
      socket.setSendBufferSize(limits.udp.sendBufferBytes);
    } catch (error) {
      // Some systems refuse sizes over their maximum instead of giving the maximum; the default sizes then stay.
      this.#options.onProblem(new Error('cannot enlarge the UDP socket buffers', { cause: error }));
    }
    const bound = socket.address();
    const local: Endpoint = { address: bound.address, port: bound.port };
    this.#socket = socket;
    this.#local = local;
    socket.on('message', (bytes, remote) => this.#receive(bytes, remote, local));
    return local;
  }

  #receive(bytes: Buffer, remote: RemoteInfo, local: Endpoint): void {
    const { counts } = this;
    counts.bytesIn += bytes.length;
    const first = bytes[0] ?? 0;
    // Every SIP start line begins with a letter; most of what else arrives does not, and is told apart for less.
    // Line ends before it are tolerated, as on streams (RFC 3261 §7.5).
    if ((first >= letterA && first <= letterZ) || first === cr || first === lf) {
      const outcome = parseMessage(bytes, { framing: 'datagram', limits: this.#options.limits.message });
      if (outcome.kind === 'message') {
        counts.messagesIn += 1;
        this.#options.onMessage(outcome.message, {
          transport: 'udp',
          local,
          remote: { address: remote.address, port: remote.port },
          connectionId: undefined,
        });
        return;
      }
    }
    counts.strangers[strangerKind(bytes)] += 1;
  }

  async #close(): Promise<void> {
    if (this.#starting === undefined) return;
    await this.#starting.catch(() => undefined);
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#local = undefined;
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    this.#socket = undefined;
  }
}

/** Node asks for a lookup on each send, for literals too; the default one costs a task in the next tick. */
function literalLookup(family: 4 | 6): NonNullable<SocketOptions['lookup']> {
  return (address, _options, done) => done(null, address, family);
}
