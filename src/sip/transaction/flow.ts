/** Transports as Via and URI parameters name them, in lower case. */
export type Transport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** An address and port; `address` is an IP literal without brackets. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where a message came in: the listener, and the connection for a stream transport. */
export interface Flow {
  readonly transport: Transport;
  /** The listener's endpoint as bound. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Stream transports: the connection that it came on, to answer on the same one. */
  readonly connectionId: string | undefined;
  /** TLS: the SIP domains that the peer's verified certificate names (RFC 5922 §7.1); absent where it proved none. */
  readonly peerDomains?: readonly string[] | undefined;
}

/** Where to send: an address, and for a stream transport a connection to prefer while it is open. */
export interface Destination {
  readonly transport: Transport;
  readonly remote: Endpoint;
  readonly connectionId: string | undefined;
  /**
   * TLS: the host of the URI that was resolved. Sent as server name (unless it is an address) and looked for in the
   * peer's certificate (RFC 5922 §7.2, §7.3).
   */
  readonly serverName?: string | undefined;
  /** Only `connectionId` will do: no other connection is opened where it is gone (RFC 5626 §5.3, RFC 7118 §5). */
  readonly onlyConnection?: boolean | undefined;
  /** Opening the connection may take this long; the transport's own limit where undefined. */
  readonly connectTimeoutMs?: number | undefined;
  /** Datagrams: the listener to send from, so that the peer sees the address that it knows. */
  readonly local: Endpoint | undefined;
}

/** One of our listeners, with the address that we tell peers. */
export interface Listener {
  readonly transport: Transport;
  readonly local: Endpoint;
  /** Host (no brackets) and port put into Via, Record-Route and Contact. */
  readonly announced: { readonly host: string; readonly port: number };
  /** Name of the ingress whose configuration applies. */
  readonly ingress: string;
}

/** What of a URI says where it is (RFC 3263 §4), and what of the request bears on the choice of transport. */
export interface ResolveQuery {
  /** A name or an IP literal without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** The one that the URI names; undefined leaves the choice to NAPTR, SRV and the defaults (RFC 3263 §4.1). */
  readonly transport: Transport | undefined;
  /** A `sips` URI: only TLS will do (RFC 5630 §5.3). */
  readonly isSecure?: boolean;
  /** Where TLS cannot be had, TCP and then UDP follow (RFC 6881 §9.1 SP-31). */
  readonly mayFallBack?: boolean;
  /** About how large the request will be when it leaves; what is too large for UDP tries TCP first (RFC 3261 §18.1.1). */
  readonly sizeBytes?: number;
}
