import { err, ok, type Result } from '../../base/index.ts';
import { bareHost, type Destination, type Transport } from '../transaction/index.ts';
import { paramValue, parseUri, type Uri } from '../uri/index.ts';
import { uriTransport } from './own-addresses.ts';
import type { RouteView } from './route-view.ts';
import type { ResolveQuery } from './types.ts';

/** Where a request goes next, before any name is looked up. */
export type NextHop = Pick<ResolveQuery, 'host' | 'port' | 'transport' | 'isSecure'> & {
  /** The flow that our own Route names, to be tried first (RFC 5626 §5.3.1). */
  readonly flow?: Destination;
};

/** Why a request cannot go anywhere, as the status that says so. */
export interface Unroutable {
  readonly statusCode: 416 | 500;
  readonly detail: string;
}

/**
 * The next hop of a request (RFC 3261 §16.6 item 7): the URI of the target's route, else of the first Route that is left,
 * else the Request-URI. A `sips` Request-URI makes every hop TLS. Where our own Route names a flow and the target nothing
 * else, that flow comes first, wherever the URI leads.
 */
export function nextHop(
  view: RouteView,
  routeUri: string | undefined,
  requestUri: string | undefined,
): Result<NextHop, Unroutable> {
  const hop = hopByUri(view, routeUri, requestUri);
  const flow = routeUri === undefined && requestUri === undefined ? view.flow : undefined;
  if (flow === undefined) return hop;
  if (hop.ok) return ok({ ...hop.value, flow });
  const { transport, remote } = flow;
  return ok({ host: remote.address, port: remote.port, transport, isSecure: transport === 'tls', flow });
}

/** The question that finds a hop's addresses. */
export function queryOf(
  { host, port, transport, isSecure }: NextHop,
  about: Pick<ResolveQuery, 'mayFallBack' | 'sizeBytes'>,
): ResolveQuery {
  return { host, port, transport, isSecure: isSecure === true, ...about };
}

/**
 * Whether a peer may be reached by its URI where a flow is gone: a connection that it had opened is the first way, since it
 * may refuse ours, but not the only one. Behind a NAT or a WebSocket there is no other.
 */
export function isReplaceable({ transport }: Destination): boolean {
  return transport === 'tcp' || transport === 'tls';
}

function hopByUri(
  view: RouteView,
  routeUri: string | undefined,
  requestUri: string | undefined,
): Result<NextHop, Unroutable> {
  const target = requestUri === undefined ? view.requestUri : read(requestUri);
  const mustBeSecure = target?.kind === 'sip' && target.scheme === 'sips';
  const uri = routeUri === undefined ? (view.routes[0]?.uri ?? target) : read(routeUri);
  if (uri === undefined) return err({ statusCode: 500, detail: 'the next hop is no URI' });
  if (uri.kind !== 'sip') {
    return err({ statusCode: 416, detail: `no way to reach a ${schemeOf(uri)} URI` });
  }
  const asked = uriTransport(uri);
  const transport = mustBeSecure && asked !== undefined ? secured(asked) : asked;
  // maddr overrides the host (RFC 3261 §19.1.1).
  const host = bareHost(paramValue(uri.params, 'maddr') || uri.host);
  return ok({ host, port: uri.port, transport, isSecure: mustBeSecure || uri.scheme === 'sips' });
}

function read(text: string): Uri | undefined {
  const uri = parseUri(text);
  return uri.ok ? uri.value : undefined;
}

function secured(transport: Transport): Transport {
  return transport === 'ws' || transport === 'wss' ? 'wss' : 'tls';
}

function schemeOf(uri: Uri): string {
  return uri.kind === 'other' ? uri.scheme : uri.kind;
}
