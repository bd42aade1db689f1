import type { Via } from '../message/index.ts';
import type { Destination, Flow, Transport } from './flow.ts';

/** The port of a sent-by or URI that names none (RFC 3261 §19.1.2; RFC 7118 §8.1 gives WebSocket the HTTP ports). */
export function defaultPort(transport: Transport): number {
  switch (transport) {
    case 'tls':
      return 5061;
    case 'ws':
      return 80;
    case 'wss':
      return 443;
    default:
      return 5060;
  }
}

/** A host as it stands in a URI or a Via: an IPv6 address gets its brackets. */
export function hostText(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** A host without the brackets of an IPv6 reference. */
export function bareHost(host: string): string {
  if (!host.startsWith('[') || !host.endsWith(']')) return host;
  // RFC 5118 §4.10: an early grammar made three colons of two before an IPv4 part.
  return host.slice(1, -1).replace(':::', '::');
}

/** The parameters that are the receiver's to write. */
const receivedAndRport = /;[ \t]*(?:received|rport)[ \t]*(?:=[ \t]*[^;, \t]*)?(?=[ \t]*(?:;|$))/gi;

/**
 * The top Via of a received request with `received` (RFC 3261 §18.2.1) and `rport` (RFC 3581 §4) written into it, or
 * undefined where it can stay as it came. A `received` or a filled `rport` that the sender wrote itself is replaced.
 */
export function stampVia(via: Via, flow: Flow): string | undefined {
  const { address, port } = flow.remote;
  const differs = bareHost(via.host) !== address;
  if (!differs && via.rport === undefined && via.received === undefined) return undefined;
  const kept = via.raw.replace(/\r?\n[ \t]+/g, ' ').replace(receivedAndRport, '');
  const stamped = `${kept};received=${address}`;
  return via.rport === undefined ? stamped : `${stamped};rport=${port}`;
}

/**
 * Where responses to a request go: on a stream the connection it came on, else a new one to the source at the sent-by
 * port, but for a WebSocket, whose client listens nowhere (RFC 7118 §5.3); datagrams to maddr, or to the source: at its port where the sender asked with `rport`, else at the sent-by port
 * (RFC 3261 §18.2.2, RFC 3581 §4), always from the socket that the request came in on.
 */
export function responseDestination(via: Via, flow: Flow): Destination {
  const { transport, connectionId } = flow;
  const sentByPort = via.port ?? defaultPort(transport);
  if (transport === 'ws' || transport === 'wss') {
    return { transport, remote: flow.remote, connectionId, local: undefined, onlyConnection: true };
  }
  if (transport !== 'udp') {
    const remote = { address: flow.remote.address, port: sentByPort };
    const destination = { transport, remote, connectionId, local: undefined };
    // Whoever is connected to in its stead must prove to be the host that sent-by names.
    return transport === 'tls' ? { ...destination, serverName: bareHost(via.host) } : destination;
  }
  const maddr = via.params.find((param) => param.name.toLowerCase() === 'maddr')?.value;
  const remote =
    maddr !== undefined && isAddress(bareHost(maddr))
      ? { address: bareHost(maddr), port: sentByPort }
      : { address: flow.remote.address, port: via.rport === undefined ? sentByPort : flow.remote.port };
  return { transport: 'udp', remote, connectionId: undefined, local: flow.local };
}

/** Whether a host (no brackets) is an IP literal; IPv6 by its colon, since no name has one. */
export function isAddress(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}
