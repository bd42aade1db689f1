import type { CodedError } from '../base/index.ts';
import type { Flow, MessageLimits, SipMessage, Transport } from '../sip/index.ts';
import type { TlsProfile } from './tls-profile.ts';

/** Told of each SIP message that arrived. The message's bytes are its own: no buffer is used again. */
export type OnMessage = (message: SipMessage, flow: Flow) => void;

/** Told at most once, after the call to `send` returned, that the message was not handed over. */
export type OnSendFailed = (error: CodedError) => void;

/** An address to listen on. */
export interface ListenOptions {
  readonly transport: Transport;
  /** An IP literal; `0.0.0.0` and `::` stand for all addresses of their family. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** What peers are told, where it differs from what is bound. */
  readonly announcedHost?: string | undefined;
  readonly announcedPort?: number | undefined;
  /** Name of the ingress whose configuration applies. */
  readonly ingress: string;
  /** Certificates of a `tls` or `wss` listener; these two need them. */
  readonly tls?: TlsProfile | undefined;
  /** Origins that a `ws` or `wss` listener takes connections from; any where undefined (RFC 7118 §9). */
  readonly origins?: readonly string[] | undefined;
}

export interface UdpLimits {
  /** Socket buffers asked of the kernel, which may give less (`net.core.rmem_max`). */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
}

export interface StreamLimits {
  /** Connections open at once, accepted and made by us together. */
  readonly connectionsMax: number;
  /** Accepted connections open at once from one address. */
  readonly connectionsPerAddressMax: number;
  /** An accepted connection that brought no message makes room for another at the limits after so long. */
  readonly evictUnusedMs: number;
  /** As {@link evictUnusedMs}, once a message came and nothing is under way; twice as long where there were calls. */
  readonly evictIdleMs: number;
  /** From asking for a connection to having it, the TLS handshake included. */
  readonly connectTimeoutMs: number;
  /** From accepting a TLS connection to the end of its handshake. */
  readonly handshakeMs: number;
  /** TLS handshakes in progress at once; more of them wait. */
  readonly handshakesMax: number;
  /** Without a byte in either direction the connection is closed. */
  readonly idleMs: number;
  /** From the first byte of a message to its last; a slower writer is cut off. */
  readonly messageMs: number;
  /** A peer that ended its side may still be answered for this long (RFC 3261 §17.1: a transaction's 64*T1). */
  readonly halfClosedMs: number;
  /** Bytes waiting for a peer that does not read; at more, its connection is closed. */
  readonly writeQueueBytesMax: number;
  /** At so many bytes waiting for a peer nothing more is read from it until they have gone. */
  readonly pauseReadingBytes: number;
  /** A peer that takes none of the bytes that wait for it in this time is cut off. */
  readonly writeStallMs: number;
  /** A connection on which a request was followed by silence for this long gets no new requests. */
  readonly silentMs: number;
}

export interface NetLimits {
  readonly message: MessageLimits;
  readonly udp: UdpLimits;
  readonly stream: StreamLimits;
}
