import { type MonoMs, monoMs } from '../../base/index.ts';
import { callId, maxForwards, type SipRequest, topVia } from '../message/index.ts';
import {
  type DeadlineHeap,
  type Destination,
  type EffectId,
  type Flow,
  type ResolveQuery,
  stampVia,
  TimedMachine,
} from '../transaction/index.ts';
import { forwardRequest } from './forward.ts';
import { loopHash, makeBranch, statelessUnique } from './loop.ts';
import { nextHop } from './next-hop.ts';
import type { ProxyPorts, Resolvable, ResolveResult } from './ports.ts';
import { isInDialog, type RouteView, viewRoutes } from './route-view.ts';

/**
 * Passes the ACK for a 2xx on, once for each that comes, without any transaction (RFC 3261 §16.11). An ACK that belongs
 * to no dialog through us is dropped: nobody may answer it.
 */
export function relayAck(ports: ProxyPorts, now: MonoMs, ack: SipRequest, flow: Flow): void {
  const view = viewRoutes(ack, ports.own, ports.options.messageLimits);
  if (!isInDialog(view)) {
    ports.discard('stray ACK', callId(ack) ?? '');
    return;
  }
  if (maxForwards(ack) === 0) {
    ports.discard('too many hops', 'ACK');
    return;
  }
  const hop = nextHop(view, undefined, undefined);
  if (!hop.ok) {
    ports.discard('unroutable ACK', hop.error.detail);
    return;
  }
  const sizeBytes = ack.bytes.length;
  new WaitingAck(ports, view, flow).ask(now, { ...hop.value, mayFallBack: false, sizeBytes });
}

/** An ACK whose next hop is being looked up. */
class WaitingAck extends TimedMachine<'resolve'> implements Resolvable {
  readonly #ports: ProxyPorts;
  readonly #view: RouteView;
  readonly #flow: Flow;
  #question: EffectId | undefined;

  constructor(ports: ProxyPorts, view: RouteView, flow: Flow) {
    super();
    this.#ports = ports;
    this.#view = view;
    this.#flow = flow;
  }

  ask(now: MonoMs, query: ResolveQuery): void {
    this.startEnd('resolve', monoMs(now + this.#ports.options.resolveTimeoutMs));
    this.#question = this.#ports.askAddresses(query, this);
  }

  resolved(_now: MonoMs, result: ResolveResult): void {
    this.stopTimers();
    const first = result.kind === 'addresses' ? result.destinations[0] : undefined;
    if (first !== undefined) sendAck(this.#ports, this.#view, this.#flow, first);
    else this.#ports.discard('unroutable ACK', 'the next hop has no address');
  }

  protected heap(): DeadlineHeap<TimedMachine<string>> {
    return this.#ports.heap;
  }

  protected onTimer(): void {
    if (this.#question !== undefined) this.#ports.forget(this.#question);
    this.#ports.discard('unroutable ACK', 'the next hop was not resolved in time');
  }
}

function sendAck(ports: ProxyPorts, view: RouteView, flow: Flow, wanted: Destination): void {
  const { own, layer } = ports;
  const cameOn = own.ofFlow(flow);
  const sendFrom = own.toSendFrom(wanted.transport, wanted.remote.address, [view.lastOwn, cameOn]);
  const via = topVia(view.request);
  if (sendFrom === undefined || !via.ok) {
    ports.discard('unroutable ACK', `no listener for ${wanted.transport}`);
    return;
  }
  const { bytes } = forwardRequest({
    view,
    stampedVia: stampVia(via.value, flow),
    requestUri: undefined,
    routeUri: undefined,
    edits: [],
    recordFrom: undefined,
    sendFrom,
    branch: makeBranch(statelessUnique(view.request, via.value), loopHash(view.request, view)),
  });
  const isDatagram = wanted.transport === 'udp' && wanted.local === undefined;
  const destination = isDatagram ? { ...wanted, local: sendFrom.local } : wanted;
  ports.emit({ kind: 'send', id: layer.newId(), bytes, destination });
}
