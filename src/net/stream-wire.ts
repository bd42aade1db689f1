import type { Socket } from 'node:net';
import type { CodedError, Result } from '../base/index.ts';
import type { Destination, Endpoint } from '../sip/index.ts';
import type { ListenOptions } from './types.ts';

/** Gives a socket to its transport once SIP may be spoken on it. */
export type OnReady = (socket: Socket, peerDomains: readonly string[] | undefined) => void;

/** Takes a TCP connection that was accepted and admitted; `onReady` is called where it comes to speak SIP. */
export type AcceptSocket = (socket: Socket, remote: Endpoint, onReady: OnReady) => void;

/** A socket on its way to a peer. */
export interface OpeningSocket {
  readonly socket: Socket;
  /** What the socket emits when it is there. */
  readonly readyEvent: 'connect' | 'secureConnect';
  /** Says then whom it leads to: the domains that the peer proved, or why it may not be used. */
  judge(): Result<readonly string[] | undefined, CodedError>;
}

/** What sets one kind of stream apart: how its connections come to be, and what a peer proves by one. */
export interface StreamWire {
  readonly kind: 'tcp' | 'tls';
  /** Accepted connections that do not speak SIP yet. */
  readonly pendingCount: number;
  /** Whether requests may go out on a connection that the peer opened, for nothing but its address. */
  readonly reusesAccepted: boolean;
  /** Readies what a listener needs; throws `net.tlsCertificate`. */
  prepare(options: ListenOptions): Promise<AcceptSocket>;
  open(destination: Destination): Result<OpeningSocket, CodedError>;
  /** What a connection must have in common with a request to carry it. */
  poolKey(remote: Endpoint, serverName: string | undefined): string;
  /** Closes accepted connections that do not speak SIP yet. */
  stop(): void;
}
