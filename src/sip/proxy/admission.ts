import { type SipRequest, topVia } from '../message/index.ts';
import {
  type Destination,
  type Flow,
  type ResponseSpec,
  responseDestination,
  stampVia,
  writeResponse,
} from '../transaction/index.ts';
import { statelessUnique } from './loop.ts';
import type { ProxyPorts } from './ports.ts';
import { isInDialog, type RouteView } from './route-view.ts';

/** Whether there is room for a new request (STYLE: every count has a limit, and what happens at it). */
export function hasRoom(ports: ProxyPorts, view: RouteView, flow: Flow): boolean {
  const { layer, options } = ports;
  const { transactionsMax, transactionsHardMax } = options.limits;
  if (layer.size < transactionsMax) return true;
  const followsDialog = isInDialog(view);
  // The last tenth is for what goes on in an emergency call.
  const most = followsDialog && view.isEmergency ? transactionsHardMax * 1.1 : transactionsHardMax;
  if (layer.size >= most) return false;
  return followsDialog || options.mayExceedLimit?.(view.request, flow) === true;
}

/**
 * Answers a request without opening a transaction (RFC 3261 §8.2.7): one that cannot have any, or for which there is no
 * room. The tag depends on the request alone, so that each copy gets the same answer.
 */
export function answerStateless(
  ports: ProxyPorts,
  request: SipRequest,
  flow: Flow,
  spec: ResponseSpec,
): void {
  const via = topVia(request);
  // Without any Via there is nothing that a response could be matched by, and it would be malformed itself.
  if (!request.headers.some(({ key }) => key === 'via')) return;
  const stamped = via.ok ? stampVia(via.value, flow) : undefined;
  const destination: Destination = via.ok ? responseDestination(via.value, flow) : backTo(flow);
  const toTag = statelessUnique(request, via.ok ? via.value : undefined);
  const bytes = writeResponse(request, stamped, ports.ownResponse(spec, toTag));
  ports.emit({ kind: 'send', id: ports.layer.newId(), bytes, destination });
}

function backTo(flow: Flow): Destination {
  return {
    transport: flow.transport,
    remote: flow.remote,
    connectionId: flow.connectionId,
    local: flow.transport === 'udp' ? flow.local : undefined,
  };
}
