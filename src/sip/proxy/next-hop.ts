import { err, ok, type Result } from '../../base/index.ts';
import { bareHost, type Transport } from '../transaction/index.ts';
import { paramValue, parseUri, type Uri } from '../uri/index.ts';
import { uriTransport } from './own-addresses.ts';
import type { RouteView } from './route-view.ts';
import type { ResolveQuery } from './types.ts';

/** Where a request goes next, before any name is looked up. */
export type NextHop = Pick<ResolveQuery, 'host' | 'port' | 'transport' | 'isSecure'>;

/** Why a request cannot go anywhere, as the status that says so. */
export interface Unroutable {
  readonly statusCode: 416 | 500;
  readonly detail: string;
}

/**
 * The next hop of a request (RFC 3261 §16.6 item 7): the URI of the target's route, else of the first Route that is left,
 * else the Request-URI. A `sips` Request-URI makes every hop TLS.
 */
export function nextHop(
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
