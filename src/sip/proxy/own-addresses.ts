import {
  bareHost,
  type Destination,
  defaultPort,
  type Endpoint,
  type Flow,
  isAddress,
  type Listener,
  type Transport,
} from '../transaction/index.ts';
import { paramValue, type SipUri } from '../uri/index.ts';

/**
 * Our listeners, by what peers and URIs call them: announced and bound addresses with their ports, and aliases. A host
 * of ours at a port that is not is somebody else's (another program on the same machine).
 */
export class OwnAddresses {
  readonly #listeners: readonly [Listener, ...Listener[]];
  readonly #byHostPort = new Map<string, readonly Listener[]>();
  readonly #byBinding = new Map<string, Listener>();
  readonly #byAlias = new Set<string>();

  constructor(listeners: readonly [Listener, ...Listener[]], aliases: readonly string[]) {
    this.#listeners = listeners;
    for (const listener of listeners) {
      this.#byBinding.set(bindingKey(listener.transport, listener.local), listener);
      this.#learn(listener.announced.host, listener.announced.port, listener);
      this.#learn(listener.local.address, listener.local.port, listener);
      for (const alias of aliases) {
        this.#learn(alias, listener.announced.port, listener);
        this.#learn(alias, listener.local.port, listener);
      }
    }
    for (const alias of aliases) if (!isAddress(bareHost(alias))) this.#byAlias.add(alias.toLowerCase());
  }

  /** The listener that a URI names, preferring one of the URI's transport; undefined where it is not ours. */
  ofUri(uri: SipUri): Listener | undefined {
    const transport = uriTransport(uri);
    const port = uri.port ?? defaultPort(transport ?? 'udp');
    const named = this.#byHostPort.get(hostPortKey(uri.host, port)) ?? this.#ofPortless(uri);
    if (named === undefined) return undefined;
    return named.find((listener) => listener.transport === transport) ?? named[0];
  }

  /** Whether a Via's sent-by is one that we put there. */
  ownsSentBy(host: string, port: number): boolean {
    return this.#byHostPort.has(hostPortKey(host, port));
  }

  /** The listener that a message came in on. */
  ofFlow(flow: Flow): Listener {
    return (
      this.#byBinding.get(bindingKey(flow.transport, flow.local)) ??
      this.#listeners.find((listener) => listener.transport === flow.transport) ??
      this.#listeners[0]
    );
  }

  /** The listener that datagrams of a destination leave by, where it names one. */
  ofDestination({ transport, local }: Destination): Listener | undefined {
    return local === undefined ? undefined : this.#byBinding.get(bindingKey(transport, local));
  }

  /**
   * The listener to send from: of the transport and, for an address, of its family; among those a preferred one first.
   * Undefined where none fits.
   */
  toSendFrom(
    transport: Transport,
    remoteAddress: string,
    preferred: readonly (Listener | undefined)[],
  ): Listener | undefined {
    const isIpv6 = remoteAddress.includes(':');
    const fits = (listener: Listener): boolean =>
      listener.transport === transport && listener.local.address.includes(':') === isIpv6;
    for (const listener of preferred) if (listener !== undefined && fits(listener)) return listener;
    return this.#listeners.find(fits);
  }

  /** An alias that is a name without a port means whatever port its SRV records give (RFC 3263 §4.2). */
  #ofPortless(uri: SipUri): readonly Listener[] | undefined {
    if (uri.port !== undefined || this.#byAlias.size === 0) return undefined;
    return this.#byAlias.has(uri.host.toLowerCase()) ? this.#listeners : undefined;
  }

  #learn(host: string, port: number, listener: Listener): void {
    const key = hostPortKey(host, port);
    const known = this.#byHostPort.get(key) ?? [];
    if (!known.includes(listener)) this.#byHostPort.set(key, [...known, listener]);
  }
}

/** The transport that a SIP URI asks for (RFC 3263 §4.1): its parameter, lifted to TLS by `sips`; undefined: no word. */
export function uriTransport(uri: SipUri): Transport | undefined {
  const param = paramValue(uri.params, 'transport')?.toLowerCase();
  if (uri.scheme === 'sips') return param === 'ws' || param === 'wss' ? 'wss' : 'tls';
  switch (param) {
    case 'udp':
    case 'tcp':
    case 'tls':
    case 'ws':
    case 'wss':
      return param;
    default:
      return undefined;
  }
}

function hostPortKey(host: string, port: number): string {
  return `${bareHost(host).toLowerCase()}|${port}`;
}

function bindingKey(transport: Transport, local: Endpoint): string {
  return `${transport}|${local.address}|${local.port}`;
}
