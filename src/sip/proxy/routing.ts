import type { MonoMs } from '../../base/index.ts';
import type { SipRequest } from '../message/index.ts';
import type { Flow } from '../transaction/index.ts';
import { DialogMemory } from './dialog-memory.ts';
import { RouteTokens } from './flow-token.ts';
import type { ProxyCoreOptions } from './options.ts';
import { OwnAddresses } from './own-addresses.ts';
import type { ProxyPorts } from './ports.ts';
import { RecordRouter } from './record-route.ts';
import { isLost, type RouteView, readdressed, viewRoutes } from './route-view.ts';

/** What knows the ways of requests: our addresses, our Record-Route, and the dialogs remembered. */
export function makeRouting(
  options: ProxyCoreOptions,
): Pick<ProxyPorts, 'own' | 'recorder' | 'dialogs' | 'view'> {
  const { listeners, aliases, dialogMemory, messageLimits: limits } = options;
  const own = new OwnAddresses(listeners, aliases ?? []);
  const tokens = makeTokens(options);
  const dialogs = dialogMemory && new DialogMemory(own, dialogMemory);
  const view = (now: MonoMs, request: SipRequest, flow: Flow): RouteView => {
    const read = viewRoutes(request, { own, limits, tokens, flow });
    if (dialogs === undefined || !isLost(read)) return read;
    const side = dialogs.find(now, read.request);
    const found = side && readdressed(read.request, { ...side, requestUri: side.target }, limits);
    if (side === undefined || found === undefined) return read;
    return { ...viewRoutes(found, { own, limits }), flow: side.flow, isEmergency: side.isEmergency };
  };
  return { own, recorder: new RecordRouter(own, tokens), dialogs, view };
}

function makeTokens({ recordRouteSecrets, listeners, random }: ProxyCoreOptions): RouteTokens | undefined {
  if (recordRouteSecrets === undefined || recordRouteSecrets.length === 0) return undefined;
  return new RouteTokens({ secrets: recordRouteSecrets, listeners, nodeId: random.token(12) });
}
