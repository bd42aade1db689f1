import type { Clock, CodedError, MonoMs } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import type { Destination, Endpoint, Listener } from '../sip/index.ts';
import { announcedHostFor, endpointText, familyOf } from './addresses.ts';
import type { StreamCounts, TransportCounts } from './counts.ts';
import { makeStreams, type Streams } from './streams.ts';
import type { CertificateInfo } from './tls-context.ts';
import type { TlsClientSettings } from './tls-profile.ts';
import type { ListenOptions, NetLimits, OnMessage, OnSendFailed } from './types.ts';
import { UdpTransport } from './udp.ts';
import type { UdpBatchMode } from './udp-socket.ts';

export interface TransportsOptions {
  readonly listeners: readonly ListenOptions[];
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onMessage: OnMessage;
  /** How connections of our own speak TLS; {@link defaultTlsClient} where undefined. */
  readonly tlsClient?: TlsClientSettings | undefined;
  /** How often certificate files are looked at for changes; 5 s where undefined. */
  readonly certificatePollMs?: number | undefined;
  /** Whether UDP goes several datagrams at once in one system call where the machine can; `auto` where undefined. */
  readonly udpBatch?: UdpBatchMode | undefined;
}

/** What went through the sockets: per UDP listener, and for each kind of stream as a whole. */
export interface NetCounts {
  readonly udp: readonly { readonly local: Endpoint; readonly counts: Readonly<TransportCounts> }[];
  readonly tcp: Readonly<StreamCounts>;
  readonly tcpConnectionsOpen: number;
  readonly tls: Readonly<StreamCounts>;
  readonly tlsConnectionsOpen: number;
  readonly ws: Readonly<StreamCounts>;
  readonly wsConnectionsOpen: number;
  readonly wss: Readonly<StreamCounts>;
  readonly wssConnectionsOpen: number;
}

/** All sockets that SIP uses. */
export class Transports {
  readonly #options: TransportsOptions;
  readonly #streams: Streams;
  readonly #udp: UdpTransport[] = [];
  #listeners: readonly Listener[] = [];
  #starting: Promise<readonly Listener[]> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: TransportsOptions) {
    this.#options = options;
    const { limits, clock, onMessage, logger, tlsClient, certificatePollMs } = options;
    this.#streams = makeStreams({
      limits,
      clock,
      onMessage,
      logger,
      tlsClient,
      certificatePollMs,
      onProblem: (kind, error) => this.#log(kind, error),
    });
  }

  /** The listeners as bound; empty before the start. */
  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /**
   * Binds all listeners, or none: throws `net.listenFailed`, `net.tlsCertificate` or `net.unsupportedTransport` with
   * everything closed again. A second call gives the same answer.
   */
  start(): Promise<readonly Listener[]> {
    this.#starting ??= this.#bindAll();
    return this.#starting;
  }

  /** Stops receiving; connections write what they hold until the deadline. */
  stop(deadline: MonoMs): Promise<void> {
    this.#stopping ??= this.#stop(deadline);
    return this.#stopping;
  }

  /**
   * Sends bytes to an address. Nothing is thrown: `onFailed` is told later where they were not handed over. The buffer
   * must not change afterwards.
   */
  send(bytes: Buffer, destination: Destination, onFailed?: OnSendFailed): void {
    const { port } = destination.remote;
    if (port < 1 || port > 65_535) {
      refuse(onFailed, { code: 'net.noListener', message: `no port ${port} can be sent to` });
      return;
    }
    switch (destination.transport) {
      case 'udp': {
        const socket = this.#udpFor(destination);
        if (socket === undefined) refuse(onFailed, noListener(destination));
        else socket.send(bytes, destination.remote, onFailed);
        return;
      }
      default:
        this.#streams.of(destination.transport).send(bytes, destination, onFailed);
    }
  }

  /**
   * Reads all certificate files again. The errors `net.tlsCertificate` of those that cannot be used: what was in use
   * stays in use there. Connections in progress are not touched.
   */
  reloadCertificates(): Promise<readonly CodedError[]> {
    return this.#streams.certificates.reload();
  }

  /** Our own certificates as they are in use. */
  certificates(): readonly CertificateInfo[] {
    return this.#streams.certificates.inUse();
  }

  /** Counters so far. */
  counts(): NetCounts {
    return {
      udp: this.#udp.flatMap((socket) =>
        socket.local === undefined ? [] : [{ local: socket.local, counts: socket.counts }],
      ),
      tcp: this.#streams.of('tcp').counts,
      tcpConnectionsOpen: this.#streams.of('tcp').connectionCount,
      tls: this.#streams.of('tls').counts,
      tlsConnectionsOpen: this.#streams.of('tls').connectionCount,
      ws: this.#streams.of('ws').counts,
      wsConnectionsOpen: this.#streams.of('ws').connectionCount,
      wss: this.#streams.of('wss').counts,
      wssConnectionsOpen: this.#streams.of('wss').connectionCount,
    };
  }

  /** The socket that the destination names, else the first of its family. */
  #udpFor(destination: Destination): UdpTransport | undefined {
    const { local, remote } = destination;
    if (local !== undefined) {
      for (const socket of this.#udp) {
        if (socket.local?.port === local.port && socket.local.address === local.address) return socket;
      }
    }
    const family = familyOf(remote.address);
    for (const socket of this.#udp) {
      if (socket.family === family) return socket;
    }
    return undefined;
  }

  async #bindAll(): Promise<readonly Listener[]> {
    const listeners: Listener[] = [];
    try {
      await this.#streams.start(this.#options.listeners);
      for (const wanted of this.#options.listeners) {
        const local = await this.#bind(wanted);
        listeners.push({
          transport: wanted.transport,
          local,
          announced: {
            host: wanted.announcedHost ?? announcedHostFor(local.address),
            port: wanted.announcedPort ?? local.port,
          },
          ingress: wanted.ingress,
        });
      }
    } catch (error) {
      await this.#closeAll(this.#options.clock.mono());
      throw error;
    }
    this.#listeners = listeners;
    return listeners;
  }

  async #bind(wanted: ListenOptions): Promise<Endpoint> {
    const { limits, clock, onMessage } = this.#options;
    const { address, port, transport } = wanted;
    if (transport !== 'udp') return this.#streams.of(transport).listen(wanted);
    const onProblem = (error: Error): void => this.#log('udp', error);
    const batch = this.#options.udpBatch;
    const socket = new UdpTransport({ address, port, limits, clock, onMessage, onProblem, batch });
    const local = await socket.start();
    this.#udp.push(socket);
    return local;
  }

  async #stop(deadline: MonoMs): Promise<void> {
    await this.#starting?.catch(() => undefined);
    await this.#closeAll(deadline);
  }

  async #closeAll(deadline: MonoMs): Promise<void> {
    await Promise.all([this.#streams.stop(deadline), ...this.#udp.map((socket) => socket.stop())]);
  }

  #log(transport: string, error: Error): void {
    this.#options.logger.warn('net.socketTrouble', { transport, message: error.message, cause: error.cause });
  }
}

function noListener(destination: Destination): CodedError {
  const family = familyOf(destination.remote.address);
  const where = endpointText(destination.remote);
  const message =
    family === undefined
      ? `${destination.remote.address} is no IP address`
      : `nothing of ours listens on ${destination.transport} ${family}, so nothing can be sent to ${where}`;
  return { code: 'net.noListener', message };
}

function refuse(onFailed: OnSendFailed | undefined, error: CodedError): void {
  if (onFailed !== undefined) queueMicrotask(() => onFailed(error));
}
