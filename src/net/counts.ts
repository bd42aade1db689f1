import { type StrangerKind, strangerKinds } from './strangers.ts';

/** Why a connection was not accepted or was closed by us. */
export type CloseReason =
  | 'totalLimit'
  | 'addressLimit'
  | 'idle'
  | 'slowMessage'
  | 'writeQueueFull'
  | 'badFraming'
  | 'notSip'
  | 'halfClosed'
  | 'madeRoom'
  | 'slowReader'
  | 'slowHandshake'
  | 'tlsHandshake'
  | 'clientCertificate';

const closeReasons: readonly CloseReason[] = [
  'totalLimit',
  'addressLimit',
  'idle',
  'slowMessage',
  'writeQueueFull',
  'badFraming',
  'notSip',
  'halfClosed',
  'madeRoom',
  'slowReader',
  'slowHandshake',
  'tlsHandshake',
  'clientCertificate',
];

/** What one transport counted since it was made. Grows only. */
export interface TransportCounts {
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
  sendFailures: number;
  /** Keepalives that were answered: double line ends on streams, STUN Binding requests on UDP (RFC 5626 §3.5). */
  pings: number;
  readonly strangers: Record<StrangerKind, number>;
}

/** Stream transports also count connections. */
export interface StreamCounts extends TransportCounts {
  accepted: number;
  connected: number;
  connectFailures: number;
  /** Connections to a port for TLS that brought SIP without it. */
  plainSip: number;
  /** Times that reading was paused since the peer did not read. */
  pauses: number;
  readonly closed: Record<CloseReason, number>;
}

/** Counters at zero. */
export function newTransportCounts(): TransportCounts {
  return {
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    sendFailures: 0,
    pings: 0,
    strangers: zeros(strangerKinds),
  };
}

/** Counters of a stream transport at zero. */
export function newStreamCounts(): StreamCounts {
  return {
    ...newTransportCounts(),
    accepted: 0,
    connected: 0,
    connectFailures: 0,
    plainSip: 0,
    pauses: 0,
    closed: zeros(closeReasons),
  };
}

function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}
