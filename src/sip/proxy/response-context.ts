import { assert, type MonoMs, monoMs } from '../../base/index.ts';
import { maxForwards, type SipRequest } from '../message/index.ts';
import {
  type DeadlineHeap,
  type Flow,
  type ResponseSpec,
  TimedMachine,
  transactionTimeoutMs,
} from '../transaction/index.ts';
import type { ForwardDecision } from './outgoing.ts';
import type { ProxyPorts } from './ports.ts';
import type { RouteView } from './route-view.ts';
import { Search } from './search.ts';
import { sessionTimerOrder } from './session-timer.ts';
import { soundDecision, soundTargets } from './sound-decision.ts';
import { type ContextTarget, decisionInDialog, inDialogTargets } from './standing-orders.ts';
import type { EffectId, ProxyTarget, RequestDecision } from './types.ts';
import { Upstream } from './upstream.ts';

/**
 * The response context of one request (RFC 3261 §16.6): from its server transaction over the decision about it to the
 * search for somebody who takes it. Lives until the last of its transactions has ended.
 */
export class ResponseContext extends TimedMachine<'decide'> {
  readonly upstream: Upstream;
  readonly flow: Flow;
  readonly #ports: ProxyPorts;
  /** Let go with the final response. */
  #view: RouteView | undefined;
  #question: EffectId | undefined;
  #search: Search | undefined;
  #startedAt = 0;
  #isCancelled = false;
  /** Transactions that have not ended. */
  #held = 0;

  constructor(ports: ProxyPorts, view: RouteView, flow: Flow) {
    super();
    this.#ports = ports;
    this.#view = view;
    this.flow = flow;
    this.upstream = new Upstream(ports);
  }

  /** Opens the server transaction of the request as received; false where it has no usable Via. */
  begin(now: MonoMs, received: SipRequest): boolean {
    this.#held = 1;
    this.#startedAt = now;
    return this.upstream.begin(now, received, this.flow, this);
  }

  /** Asks what shall become of the request. */
  askDecision(now: MonoMs): void {
    const deadline = monoMs(now + this.#ports.options.decideTimeoutMs);
    this.startEnd('decide', deadline);
    this.#question = this.#ports.askDecision(this, this.view.request, deadline);
    this.upstream.nameQuestion(this.#question);
  }

  /** Forwards a request along its dialog, without any question. */
  followDialog(now: MonoMs): void {
    const { request, isEmergency } = this.view;
    this.#forward(now, decisionInDialog(request.method), inDialogTargets, isEmergency);
  }

  /** Takes the decision. */
  decided(now: MonoMs, given: RequestDecision): void {
    this.#question = undefined;
    this.stopTimers();
    const { request } = this.view;
    const decision = soundDecision(given, {
      limits: this.#ports.options.limits,
      timeoutMs: this.#ports.options.timers.timerCMs,
      fallback: () => this.#ports.options.fallbackDecision(request, this.flow),
      tell: (what) => this.#ports.discard('unsound decision', what),
    });
    if (decision.kind === 'forward') {
      this.#forward(now, decision, decision.targets, decision.isEmergency === true);
      return;
    }
    // RFC 4320 §4.2: no 408 to a request that is no INVITE, whoever wants it.
    if (decision.statusCode === 408 && !this.upstream.isInvite) this.upstream.stayingSilent(now);
    else this.upstream.replyFinal(now, decision);
    this.letGo();
  }

  /** The request shall go elsewhere. */
  retarget(now: MonoMs, given: readonly ProxyTarget[]): void {
    if (this.upstream.hasFinal || this.#isCancelled) return;
    const targets = soundTargets(given, {
      limits: this.#ports.options.limits,
      timeoutMs: this.#ports.options.timers.timerCMs,
      tell: (what) => this.#ports.discard('unsound decision', what),
    });
    if (targets.length > 0) this.#search?.retarget(now, targets);
  }

  /** The caller gave up (RFC 3261 §16.10). `headerLines` go on with each CANCEL. */
  cancel(now: MonoMs, headerLines: string): void {
    if (this.upstream.hasFinal || this.#isCancelled) return;
    this.#isCancelled = true;
    this.upstream.tell((decideId) => ({ kind: 'cancelled', decideId }));
    this.#takeQuestionBack();
    if (this.#search !== undefined) {
      this.#search.cancel(now, headerLines);
      return;
    }
    this.upstream.replyFinal(now, { statusCode: 487 });
    this.letGo();
  }

  /** The request and its way, until it has its final response. */
  get view(): RouteView {
    assert(this.#view !== undefined, 'a request is kept until its final response');
    return this.#view;
  }

  /** The final response was sent: the request is not needed any more. */
  letGo(): void {
    this.#view = undefined;
  }

  /** RFC 4320 §4.2: by now the sender's timer F ended its transaction, and a final response would only be a stray. */
  isTooLate(now: MonoMs): boolean {
    if (this.upstream.isInvite) return false;
    return now - this.#startedAt >= transactionTimeoutMs(this.#ports.options.timers);
  }

  /** One transaction more belongs to this context. */
  retain(): void {
    this.#held += 1;
  }

  /** One transaction less. */
  release(): void {
    this.#held -= 1;
    if (this.#held > 0) return;
    this.upstream.tell((decideId) => ({ kind: 'done', decideId }));
    this.#ports.contextEnded(this);
  }

  protected heap(): DeadlineHeap<TimedMachine<string>> {
    return this.#ports.heap;
  }

  /** Nobody decided in time: a call must not be lost by that. */
  protected onTimer(now: MonoMs): void {
    const { request } = this.view;
    this.#takeQuestionBack();
    this.decided(now, this.#ports.options.fallbackDecision(request, this.flow));
  }

  #forward(
    now: MonoMs,
    decision: ForwardDecision,
    targets: readonly ContextTarget[],
    isEmergency: boolean,
  ): void {
    const refused = this.#refusal(isEmergency);
    if (refused !== undefined) {
      this.upstream.replyFinal(now, refused);
      this.letGo();
      return;
    }
    this.#search = new Search(this.#ports, this, { decision, targets });
    this.#search.start(now);
  }

  /** What a request is refused with that shall be forwarded; notes what its session timer asks of the 2xx. */
  #refusal(isEmergency: boolean): ResponseSpec | undefined {
    const { request } = this.view;
    this.upstream.isEmergency = isEmergency;
    // Only an OPTIONS for us comes this far without hops left, to be answered (RFC 3261 §16.3 item 3).
    if (maxForwards(request) === 0) return { statusCode: 483 };
    const order = sessionTimerOrder(request, this.#ports.options.sessionTimer, isEmergency);
    if (order?.kind === 'refuse') {
      return { statusCode: 422, headers: [{ name: 'Min-SE', value: String(order.minSeS) }] };
    }
    this.upstream.promisedIntervalS = order?.promisedS;
    return undefined;
  }

  #takeQuestionBack(): void {
    if (this.#question === undefined) return;
    this.#ports.forget(this.#question);
    this.#question = undefined;
    this.stopTimers();
  }
}
