import type { Clock, MonoMs } from '../base/index.ts';
import type { Logger } from '../esrp/index.ts';
import { newStreamCounts } from './counts.ts';
import { SocketTransport } from './socket-transport.ts';
import { StreamTable } from './stream-table.ts';
import type { StreamContext, StreamKind, StreamTransport } from './stream-transport.ts';
import { tcpWire } from './tcp.ts';
import { type TlsClient, TlsWire } from './tls.ts';
import { TlsCertificates } from './tls-certificates.ts';
import { defaultTlsClient, type TlsClientSettings } from './tls-profile.ts';
import type { ListenOptions, NetLimits, OnMessage } from './types.ts';
import { WebSocketTransport } from './websocket-transport.ts';

export interface StreamsOptions {
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onMessage: OnMessage;
  readonly onProblem: (kind: StreamKind, error: Error) => void;
  readonly tlsClient: TlsClientSettings | undefined;
  readonly certificatePollMs: number | undefined;
}

/** The stream transports, with what they have in common: the table of connections and the certificates. */
export interface Streams {
  readonly certificates: TlsCertificates;
  of(kind: StreamKind): StreamTransport;
  /** Reads what connections of our own need for TLS, where any listener or setting speaks of TLS. */
  start(listeners: readonly ListenOptions[]): Promise<void>;
  stop(deadline: MonoMs): Promise<void>;
}

/** Makes the transports; nothing is bound or read before `start`. */
export function makeStreams(options: StreamsOptions): Streams {
  const { limits, clock, logger, onMessage, tlsClient, certificatePollMs } = options;
  const table = new StreamTable(limits.stream, clock);
  const certificates = new TlsCertificates({ logger, clock, pollMs: certificatePollMs });
  let client: TlsClient | undefined;
  const context = (kind: StreamKind): StreamContext => ({
    limits,
    clock,
    onMessage,
    table,
    onProblem: (error) => options.onProblem(kind, error),
  });
  const tlsCounts = newStreamCounts();
  const tlsWire = new TlsWire({ ...context('tls'), counts: tlsCounts, certificates, client: () => client });
  const transports: Readonly<Record<StreamKind, StreamTransport>> = {
    tcp: new SocketTransport(context('tcp'), tcpWire),
    tls: new SocketTransport(context('tls'), tlsWire, tlsCounts),
    ws: new WebSocketTransport({ ...context('ws'), kind: 'ws' }),
    wss: new WebSocketTransport({
      ...context('wss'),
      kind: 'wss',
      tls: { certificates, client: () => client },
    }),
  };
  return {
    certificates,
    of: (kind) => transports[kind],
    start: async (listeners) => {
      if (tlsClient === undefined && !listeners.some(({ tls }) => tls !== undefined)) return;
      const settings = tlsClient ?? defaultTlsClient;
      client = { settings, context: await certificates.forClient(settings) };
    },
    stop: async (deadline) => {
      certificates.stop();
      await Promise.all(Object.values(transports).map((transport) => transport.stop(deadline)));
    },
  };
}
