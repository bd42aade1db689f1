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
}

/** Where to send: an address, and for a stream transport a connection to prefer while it is open. */
export interface Destination {
  readonly transport: Transport;
  readonly remote: Endpoint;
  readonly connectionId: string | undefined;
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
