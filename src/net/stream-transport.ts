import type { Clock, MonoMs } from '../base/index.ts';
import type { Destination, Endpoint } from '../sip/index.ts';
import type { StreamCounts } from './counts.ts';
import type { StreamTable } from './stream-table.ts';
import type { ListenOptions, NetLimits, OnMessage, OnSendFailed } from './types.ts';

/** Transports that have connections. */
export type StreamKind = 'tcp' | 'tls' | 'ws' | 'wss';

/** All listeners and connections of one kind of stream. */
export interface StreamTransport {
  readonly kind: StreamKind;
  readonly counts: Readonly<StreamCounts>;
  /** Connections open now, those in their handshake included. */
  readonly connectionCount: number;
  /** Listens on one more address; throws `net.listenFailed` or `net.tlsCertificate`. */
  listen(options: ListenOptions): Promise<Endpoint>;
  /**
   * Sends on the connection that the destination names, else on one that is open to it, else on a new one. With
   * `onlyConnection` the first way is the only one. Throws nothing: `onFailed` is told later.
   */
  send(bytes: Buffer, destination: Destination, onFailed: OnSendFailed | undefined): void;
  /** Refuses new connections, lets the open ones write what they hold, and closes the rest at the deadline. */
  stop(deadline: MonoMs): Promise<void>;
}

/** What every stream transport is made from. */
export interface StreamContext {
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly onMessage: OnMessage;
  /** Trouble of a listening socket, for the log. */
  readonly onProblem: (error: Error) => void;
  /** The connections of all kinds together, for their limits in all and by address. */
  readonly table: StreamTable;
}
