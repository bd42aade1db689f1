import {
  bareHost,
  defaultPort,
  type Endpoint,
  type Flow,
  hostText,
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

  constructor(listeners: readonly [Listener, ...Listener[]], aliases: readonly string[]) {
    this.#listeners = listeners;
    for (const listener of listeners) {
      this.#byBinding.set(bindingKey(listener.transport, listener.local), listener);
      this.#learn(listener.announced.host, listener.announced.port, listener);
      this.#learn(listener.local.address, listener.local.port, listener);
      for (const alias of aliases) this.#learn(alias, listener.announced.port, listener);
    }
  }

  /** The listener that a URI names, preferring one of the URI's transport; undefined where it is not ours. */
  ofUri(uri: SipUri): Listener | undefined {
    const transport = uriTransport(uri);
    const port = uri.port ?? defaultPort(transport ?? 'udp');
    const named = this.#byHostPort.get(hostPortKey(uri.host, port));
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

/**
 * The URI by which later requests of a dialog reach a listener (RFC 3261 §16.6 item 4). TLS is written as `sips`, never as
 * `transport=tls` (RFC 5658 §6.2); UDP names its transport only where the other side of a pair differs.
 */
export function recordRouteUri(listener: Listener, namesUdp: boolean): string {
  const { host, port } = listener.announced;
  const place = `${hostText(host)}:${port}`;
  switch (listener.transport) {
    case 'udp':
      return namesUdp ? `<sip:${place};transport=udp;lr>` : `<sip:${place};lr>`;
    case 'tcp':
      return `<sip:${place};transport=tcp;lr>`;
    case 'tls':
      return `<sips:${place};lr>`;
    case 'ws':
      return `<sip:${place};transport=ws;lr>`;
    case 'wss':
      return `<sips:${place};transport=ws;lr>`;
  }
}

function hostPortKey(host: string, port: number): string {
  return `${bareHost(host).toLowerCase()}|${port}`;
}

function bindingKey(transport: Transport, local: Endpoint): string {
  return `${transport}|${local.address}|${local.port}`;
}
