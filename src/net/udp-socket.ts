import type { Endpoint } from '../sip/index.ts';
import type { Family } from './addresses.ts';

/** How datagrams go to the kernel: several in one system call where the machine can, or one by one always. */
export type UdpBatchMode = 'auto' | 'off';

/** What a UDP socket is told when it opens. */
export interface UdpSocketOptions {
  /** An IP literal of `family`; an IPv6 zone is allowed. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  readonly family: Family;
  /** Asked of the kernel, which may give less. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** Told of each datagram. The bytes are its own; the endpoint may be shared between datagrams and is never changed. */
  readonly onDatagram: (bytes: Buffer, remote: Endpoint) => void;
  /** Trouble of the socket itself, for the log. */
  readonly onProblem: (error: Error) => void;
}

/** Told at most once, during the call to `send` or later, that a datagram was not taken. */
export type OnDatagramRefused = (error: Error) => void;

/** A bound UDP socket. */
export interface UdpSocket {
  readonly kind: 'batch' | 'dgram';
  readonly local: Endpoint;
  /** Sends to an IP literal of the socket's family. The bytes must not change afterwards. */
  send(bytes: Buffer, remote: Endpoint, onRefused: OnDatagramRefused): void;
  /** Hands over what waits to be sent and closes. Nothing arrives any more. */
  close(): Promise<void>;
}
