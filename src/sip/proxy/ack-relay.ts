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
  transactionTimeoutMs,
} from '../transaction/index.ts';
import { forwardRequest } from './forward.ts';
import { hasLooped, loopHash, makeBranch, statelessUnique } from './loop.ts';
import { incomingBreadth } from './max-breadth.ts';
import { isReplaceable, nextHop, queryOf } from './next-hop.ts';
import type { ProxyPorts, Resolvable, ResolveResult, SendWatcher } from './ports.ts';
import { isInDialog, type RouteView } from './route-view.ts';

/**
 * Passes the ACK for a 2xx on, once for each that comes, without any transaction (RFC 3261 §16.11). An ACK that belongs
 * to no dialog through us is dropped: nobody may answer it.
 */
export function relayAck(ports: ProxyPorts, now: MonoMs, ack: SipRequest, flow: Flow): void {
  const view = ports.view(now, ack, flow);
  if (!isInDialog(view)) {
    ports.discard('stray ACK', callId(ack) ?? '');
    return;
  }
  if (maxForwards(ack) === 0) {
    ports.discard('too many hops', 'ACK');
    return;
  }
  if (hasLooped(view.request, view, ports.own)) {
    ports.discard('looped ACK', callId(ack) ?? '');
    return;
  }
  const hop = nextHop(view, undefined, undefined);
  if (!hop.ok) {
    ports.discard('unroutable ACK', hop.error.detail);
    return;
  }
  const query = queryOf(hop.value, { mayFallBack: view.isEmergency, sizeBytes: ack.bytes.length });
  const relay = new AckRelay(ports, view, flow);
  if (hop.value.flow === undefined) relay.ask(now, query);
  else relay.tryFlow(now, hop.value.flow, isReplaceable(hop.value.flow) ? query : undefined);
}

/** An ACK on its way: its next hop is looked up, and another address is tried where a send fails. */
class AckRelay extends TimedMachine<'resolve' | 'done'> implements Resolvable, SendWatcher {
  readonly #ports: ProxyPorts;
  readonly #view: RouteView;
  readonly #flow: Flow;
  #question: EffectId | undefined;
  /** Addresses not tried yet, and what finds more. */
  #others: readonly Destination[] = [];
  #later: ResolveQuery | undefined;
  #watched: EffectId | undefined;

  constructor(ports: ProxyPorts, view: RouteView, flow: Flow) {
    super();
    this.#ports = ports;
    this.#view = view;
    this.#flow = flow;
  }

  tryFlow(now: MonoMs, flow: Destination, later: ResolveQuery | undefined): void {
    this.#later = later;
    this.#send(now, flow);
  }

  ask(now: MonoMs, query: ResolveQuery): void {
    this.startEnd('resolve', monoMs(now + this.#ports.options.resolveTimeoutMs));
    this.#question = this.#ports.askAddresses(query, this);
  }

  resolved(now: MonoMs, result: ResolveResult): void {
    this.stopTimers();
    this.#question = undefined;
    const [first, ...others] = result.kind === 'addresses' ? result.destinations : [];
    this.#others = others.slice(0, this.#ports.options.limits.destinationsMax - 1);
    if (first !== undefined) this.#send(now, first);
    else this.#ports.discard('unroutable ACK', 'the next hop has no address');
  }

  sendFailed(now: MonoMs, detail: string): void {
    this.#watched = undefined;
    this.stopTimers();
    const [next, ...others] = this.#others;
    const later = this.#later;
    if (next !== undefined) {
      this.#others = others;
      this.#send(now, next);
    } else if (later !== undefined) {
      this.#later = undefined;
      this.ask(now, later);
    } else this.#ports.discard('send failed', detail);
  }

  protected heap(): DeadlineHeap<TimedMachine<string>> {
    return this.#ports.heap;
  }

  protected onTimer(_now: MonoMs, event: 'resolve' | 'done'): void {
    if (event === 'done') {
      if (this.#watched !== undefined) this.#ports.stopWatching(this.#watched);
      return;
    }
    if (this.#question !== undefined) this.#ports.forget(this.#question);
    this.#ports.discard('unroutable ACK', 'the next hop was not resolved in time');
  }

  /** Nothing is kept of an ACK that has no other address. */
  #send(now: MonoMs, wanted: Destination): void {
    const made = ackFor(this.#ports, this.#view, this.#flow, wanted);
    if (made === undefined) {
      this.sendFailed(now, `no listener for ${wanted.transport}`);
      return;
    }
    if (this.#others.length === 0 && this.#later === undefined) {
      const id = this.#ports.layer.newId();
      this.#ports.emit({ kind: 'send', id, ...made });
      return;
    }
    this.#watched = this.#ports.sendWatched(made.bytes, made.destination, this);
    this.startEnd('done', monoMs(now + transactionTimeoutMs(this.#ports.options.timers)));
  }
}

/** The ACK as it leaves for an address; undefined where no listener of ours reaches it. */
function ackFor(
  ports: ProxyPorts,
  view: RouteView,
  flow: Flow,
  wanted: Destination,
): { readonly bytes: Buffer; readonly destination: Destination } | undefined {
  const { own } = ports;
  const preferred = [own.ofDestination(wanted), view.lastOwn, own.ofFlow(flow)];
  const sendFrom = own.toSendFrom(wanted.transport, wanted.remote.address, preferred);
  const via = topVia(view.request);
  if (sendFrom === undefined || !via.ok) return undefined;
  const { bytes } = forwardRequest({
    view,
    stampedVia: stampVia(via.value, flow),
    requestUri: undefined,
    routeUri: undefined,
    edits: [],
    recorded: [],
    sessionTimer: undefined,
    sendFrom,
    branch: makeBranch(statelessUnique(view.request, via.value), loopHash(view.request, view)),
    maxBreadth: incomingBreadth(view.request, ports.options.limits.breadthMax),
  });
  const isDatagram = wanted.transport === 'udp' && wanted.local === undefined;
  return { bytes, destination: isDatagram ? { ...wanted, local: sendFrom.local } : wanted };
}
