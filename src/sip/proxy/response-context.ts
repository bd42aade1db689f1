import { assert, type MonoMs, monoMs } from '../../base/index.ts';
import type { SipRequest, SipResponse } from '../message/index.ts';
import {
  type DeadlineHeap,
  type Destination,
  type Flow,
  TimedMachine,
  transactionTimeoutMs,
} from '../transaction/index.ts';
import { Attempt, type AttemptTarget } from './attempt.ts';
import { Branch, reasonLine } from './branch.ts';
import { answerFinally } from './final-answer.ts';
import { loopHash } from './loop.ts';
import { breadthShare, incomingBreadth } from './max-breadth.ts';
import { nextHop, queryOf } from './next-hop.ts';
import { type ForwardDecision, makeOutgoing, sentRequestUri } from './outgoing.ts';
import type { ProxyPorts } from './ports.ts';
import { mayRedirect, Recursion } from './redirection.ts';
import { type BranchOutcome, type OwnStatus, ResponseChoice } from './response-choice.ts';
import type { RouteView } from './route-view.ts';
import { sessionTimerOrder } from './session-timer.ts';
import { soundDecision } from './sound-decision.ts';
import {
  type ContextTarget,
  decisionInDialog,
  endsAll,
  failsOver,
  groupSize,
  inDialogDecision,
  inDialogTargets,
} from './standing-orders.ts';
import type { EffectId, RequestDecision } from './types.ts';
import { Upstream } from './upstream.ts';

// Most requests have one target and one branch, and wait long for their last timer: nothing is allocated for less.
const noTargets: readonly ContextTarget[] = [];
const noAttempts: readonly Attempt[] = [];
const noBranches: readonly Branch[] = [];

/** About what a request gains on its way through: Via, Record-Route, Route and the decision's headers. */
const growthBytes = 500;

/**
 * The response context of one request (RFC 3261 §16.6, §16.7): tries its targets, one after the other or in groups, passes
 * up what must be passed at once, and sends the best final response when nothing is left to wait for.
 */
export class ResponseContext extends TimedMachine<'decide'> {
  readonly upstream: Upstream;
  readonly flow: Flow;
  readonly #ports: ProxyPorts;
  /** Let go with the final response. */
  #view: RouteView | undefined;
  #question: EffectId | undefined;
  #decision: ForwardDecision = inDialogDecision;
  #targets = noTargets;
  #nextTarget = 0;
  /** Attempts that are not over: live ones, and silent ones whose ring time runs. */
  #attempts = noAttempts;
  /** Branches without a final response. */
  #open = noBranches;
  #choice: ResponseChoice | undefined;
  #recursion: Recursion | undefined;
  #loopHash: string | undefined;
  #breadth = 0;
  #startedAt = 0;
  #isCancelled = false;
  /** A refusal that the decision does not fail over from came: no further target. */
  #isStopped = false;
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
    this.#question = this.#ports.askDecision(this, this.#requireView().request, deadline);
    this.upstream.nameQuestion(this.#question);
  }

  /** Forwards a request along its dialog, without any question. */
  followDialog(now: MonoMs): void {
    const view = this.#requireView();
    this.#decision = decisionInDialog(view.request.method);
    this.#targets = inDialogTargets;
    if (this.#mindsSessionTimer(now, view.isEmergency)) this.#search(now);
  }

  /** Takes the decision. */
  decided(now: MonoMs, given: RequestDecision): void {
    this.#question = undefined;
    this.stopTimers();
    const { request } = this.#requireView();
    const decision = soundDecision(given, {
      limits: this.#ports.options.limits,
      timeoutMs: this.#ports.options.timers.timerCMs,
      fallback: () => this.#ports.options.fallbackDecision(request, this.flow),
      tell: (what) => this.#ports.discard('unsound decision', what),
    });
    if (decision.kind === 'reply') {
      if (decision.statusCode === 408 && !this.upstream.isInvite) this.upstream.stayingSilent(now);
      else this.upstream.replyFinal(now, decision);
      this.#endSearch(now, '');
      return;
    }
    this.#decision = decision;
    this.#targets = decision.targets;
    if (this.#mindsSessionTimer(now, decision.isEmergency === true)) this.#search(now);
  }

  /** The caller gave up (RFC 3261 §16.10). `headerLines` go on with each CANCEL. */
  cancel(now: MonoMs, headerLines: string): void {
    if (this.upstream.hasFinal || this.#isCancelled) return;
    this.#isCancelled = true;
    this.upstream.tell((decideId) => ({ kind: 'cancelled', decideId }));
    this.#takeQuestionBack();
    this.#endAttempts();
    for (const branch of this.#open) branch.cancel(now, headerLines);
    this.#settle(now);
  }

  /** An attempt knows its addresses. */
  onAddresses(now: MonoMs, attempt: Attempt): void {
    this.#tryNext(now, attempt);
  }

  /** An attempt has none. */
  onNoAddress(now: MonoMs, attempt: Attempt, detail: string): void {
    this.#noteFailure(attempt.target.label, 503, detail);
    this.#conclude(now, attempt);
  }

  /** A target had its time: its branches are cancelled, the next target does not wait for their end. */
  onRingExpired(now: MonoMs, attempt: Attempt): void {
    if (attempt.isResolving) {
      this.#noteFailure(attempt.target.label, 503, 'the name was not resolved in time');
    }
    for (const branch of this.#open) {
      if (branch.attempt === attempt) this.#giveUp(now, branch, 'no final response in time');
    }
    this.#conclude(now, attempt);
  }

  /** No response at all within the patience: the next place is tried beside it, an address before a target. */
  onQuiet(now: MonoMs, branch: Branch): void {
    const { attempt } = branch;
    if (branch !== attempt.latest) return;
    // RFC 5393 §5.3.3 would have an emergency call wait here as well where nothing is left of its Max-Breadth: the call
    // comes first, and a branch that nobody answers has not forked.
    if (this.#availableBreadth() < 1 && this.#decision.failover !== 'all') return;
    this.#reportBranch(branch, 408, 'no response so far');
    if (this.#openNext(now, attempt)) return;
    attempt.isLive = attempt.target.silenceTimeoutMs === undefined;
    this.#search(now);
  }

  /** The first response of a branch is a provisional one: who was given up as silent is worth waiting for after all. */
  onHeard(branch: Branch): void {
    const { attempt } = branch;
    if (attempt.isOver) return;
    attempt.isLive = true;
    const { latest } = attempt;
    if (latest === undefined || !latest.hasHeard || !this.#open.includes(latest)) attempt.latest = branch;
  }

  /** RFC 3261 §16.8; a branch without a provisional response has met timer B before. */
  onTimerC(now: MonoMs, branch: Branch): void {
    this.#giveUp(now, branch, 'timer C');
    if (branch === branch.attempt.latest) this.#conclude(now, branch.attempt);
  }

  onProvisional(now: MonoMs, response: SipResponse): void {
    this.upstream.passProvisional(now, response);
  }

  /** RFC 3261 §16.7 items 5 and 10: each 2xx goes up, and all that is still open is cancelled. */
  onSuccess(now: MonoMs, branch: Branch, response: SipResponse): void {
    if (this.#close(branch)) {
      branch.isReported = false; // a late answer is news
      this.#reportBranch(branch, response.statusCode, response.reasonPhrase);
    }
    if (this.#isTooLate(now)) this.upstream.stayingSilent(now);
    else this.upstream.passSuccess(now, response);
    this.#endSearch(now, reasonLine(response.statusCode, 'Call completed elsewhere'));
  }

  onRefusal(now: MonoMs, branch: Branch, response: SipResponse): void {
    if (!this.#close(branch)) return;
    const { statusCode } = response;
    const { attempt } = branch;
    this.#reportBranch(branch, statusCode, response.reasonPhrase);
    const isGlobal = endsAll(this.#decision, statusCode);
    if (branch.isCancelled) {
      const isOurDoing = statusCode === 487 && !this.#isCancelled;
      if (!isOurDoing) this.#note({ kind: 'response', response });
      if (isGlobal) this.#stopAll(now, response);
      this.#search(now);
      return;
    }
    // RFC 3263 §4.3: an address that answers 503 is left for the target's next one.
    const isUnavailable = statusCode === 503;
    if (this.#takeIn(attempt, response)) this.#leave(now, attempt);
    else if (isUnavailable && branch !== attempt.latest) this.#search(now);
    else if (!isUnavailable || !this.#openNext(now, attempt)) {
      if (isGlobal) this.#stopAll(now, response);
      else if (!failsOver(this.#decision, statusCode)) this.#stop(now);
      if (isUnavailable) this.#conclude(now, attempt);
      else this.#leave(now, attempt);
    }
  }

  /** The branch ended without a final response. */
  onSilence(now: MonoMs, branch: Branch): void {
    this.#lost(now, branch, 408, 'no final response');
  }

  /** A send failed, which counts as a 503 (RFC 3261 §16.9); a flow without another way is lost (RFC 5626 §5.3.1). */
  onUnreachable(now: MonoMs, branch: Branch, detail: string): void {
    this.#lost(now, branch, branch.isOnlyWay ? 430 : 503, detail);
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
    const { request } = this.#requireView();
    this.#takeQuestionBack();
    this.decided(now, this.#ports.options.fallbackDecision(request, this.flow));
  }

  /** Notes what the session's timer asks of the 2xx; false where the request is refused for it (RFC 4028 §8.1). */
  #mindsSessionTimer(now: MonoMs, isEmergency: boolean): boolean {
    this.upstream.isEmergency = isEmergency;
    const { sessionTimer } = this.#ports.options;
    const order = sessionTimerOrder(this.#requireView().request, sessionTimer, isEmergency);
    if (order?.kind !== 'refuse') {
      this.upstream.promisedIntervalS = order?.promisedS;
      return true;
    }
    const headers = [{ name: 'Min-SE', value: String(order.minSeS) }];
    this.upstream.replyFinal(now, { statusCode: 422, headers });
    this.#endSearch(now, '');
    return false;
  }

  #takeQuestionBack(): void {
    if (this.#question === undefined) return;
    this.#ports.forget(this.#question);
    this.#question = undefined;
    this.stopTimers();
  }

  #lost(now: MonoMs, branch: Branch, statusCode: 408 | 430 | 503, detail: string): void {
    if (!this.#close(branch)) return;
    this.#note({ kind: 'none', statusCode });
    this.#reportBranch(branch, statusCode, detail);
    if (branch === branch.attempt.latest) this.#tryNext(now, branch.attempt);
    else this.#search(now);
  }

  /** A branch that shall end, though it has not yet. */
  #giveUp(now: MonoMs, branch: Branch, detail: string): void {
    if (branch.isCancelled) return;
    this.#note({ kind: 'none', statusCode: 408 });
    this.#reportBranch(branch, 408, detail);
    branch.cancel(now);
  }

  get #mayStart(): boolean {
    return !this.upstream.hasFinal && !this.#isCancelled && !this.#isStopped;
  }

  /**
   * Starts what may be tried now: the next target when no attempt is live, and those that belong with it while the
   * request's Max-Breadth lasts (RFC 5393 §5.5: the others follow as branches end). Then ends the request where there is
   * nothing more and nothing open.
   */
  #search(now: MonoMs): void {
    while (this.#mayStart) {
      const target = this.#targets[this.#nextTarget];
      if (target === undefined) break;
      if (this.#attempts.some((attempt) => attempt.isLive)) {
        const waiting = waitingAttempts(this.#attempts, this.#open);
        if (target.withPrevious !== true || this.#availableBreadth() <= waiting) break;
      } else if (this.#decision.parallelOnly === true && this.#availableBreadth() < this.#groupSize) {
        this.#isStopped = true;
        this.#note({ kind: 'none', statusCode: 440 });
        break;
      }
      this.#nextTarget += 1;
      this.#startAttempt(now, target, noTargets);
    }
    this.#settle(now);
  }

  /** Finds out where a target is. */
  #startAttempt(now: MonoMs, target: AttemptTarget, successors: readonly AttemptTarget[]): void {
    const attempt = new Attempt(this.#ports, this, { target, successors }, now);
    this.#attempts = [...this.#attempts, attempt];
    const view = this.#requireView();
    const hop = nextHop(view, target.routeUri, sentRequestUri(this.#decision, target));
    if (hop.ok) {
      const mayFallBack = this.#decision.mayFallBackFromTls === true || view.isEmergency;
      const sizeBytes = view.request.bytes.length + growthBytes;
      attempt.start(now, hop.value, queryOf(hop.value, { mayFallBack, sizeBytes }));
    } else {
      this.#noteFailure(target.label, hop.error.statusCode, hop.error.detail);
      this.#conclude(now, attempt);
    }
  }

  /** Tries the attempt's next address; without one the attempt is over. */
  #tryNext(now: MonoMs, attempt: Attempt): void {
    if (!this.#openNext(now, attempt) && !attempt.askLater(now)) this.#conclude(now, attempt);
  }

  /** Opens the attempt's next address, or has it looked up; false where there is none. */
  #openNext(now: MonoMs, attempt: Attempt): boolean {
    let destination = attempt.takeDestination();
    while (destination !== undefined && !this.#openBranch(now, attempt, destination)) {
      destination = attempt.takeDestination();
    }
    return destination !== undefined || attempt.askLater(now);
  }

  /** A target answered for good: whatever else of it is open, and does not ring, need not be waited for. */
  #leave(now: MonoMs, attempt: Attempt): void {
    for (const branch of this.#open) {
      if (branch.attempt === attempt && !branch.hasHeard) branch.cancel(now);
    }
    this.#conclude(now, attempt);
  }

  /**
   * The attempt has nothing more to try. Another address of it may ring, which is waited for; one that is silent keeps its
   * chance beside what follows. What its 3xx named comes first.
   */
  #conclude(now: MonoMs, attempt: Attempt): void {
    if (!attempt.isOver) {
      const others = this.#open.filter((branch) => branch.attempt === attempt && !branch.isCancelled);
      const ringing = others.find((branch) => branch.hasHeard);
      if (ringing !== undefined) attempt.latest = ringing;
      else {
        const [next, ...rest] = attempt.successors;
        attempt.successors = noTargets;
        if (others.length === 0) {
          attempt.stop();
          this.#attempts = without(this.#attempts, attempt, noAttempts);
        } else attempt.isLive = false;
        if (next !== undefined && this.#mayStart) this.#startAttempt(now, next, rest);
      }
    }
    this.#search(now);
  }

  /** Forwards to one address; false where no listener of ours reaches it. */
  #openBranch(now: MonoMs, attempt: Attempt, wanted: Destination): boolean {
    const view = this.#requireView();
    const { target } = attempt;
    const { label, contact } = target;
    // Where another place is left, silence may be ended sooner than by timer B or F.
    const patienceMs =
      target.silenceTimeoutMs ?? (attempt.hasMore ? this.#ports.options.timers.nextAddressMs : undefined);
    const hasOther = attempt.hasMore || attempt.successors.length > 0 || this.#hasTargets;
    const breadth = breadthShare({
      available: this.#availableBreadth(),
      waiting: waitingAttempts(this.#attempts, this.#open),
      leavesRoom: patienceMs !== undefined && hasOther,
    });
    this.#loopHash ??= loopHash(view.request, view);
    const outgoing = makeOutgoing(this.#ports, {
      view,
      flow: this.flow,
      stampedVia: this.upstream.stampedVia,
      decision: this.#decision,
      target,
      wanted,
      query: attempt.query,
      loopHash: this.#loopHash,
      maxBreadth: breadth,
    });
    if (!outgoing.ok) {
      this.#noteFailure(label, 503, outgoing.error);
      return false;
    }
    const { destination, forwarded } = outgoing.value;
    const branch = new Branch(this.#ports, attempt, { context: this, destination, breadth });
    attempt.latest = branch;
    this.#open = this.#open.length === 0 ? [branch] : [...this.#open, branch];
    this.retain();
    this.upstream.tell((decideId) => ({ kind: 'attempt', decideId, label, destination, contact }));
    branch.send(now, forwarded, patienceMs);
    return true;
  }

  /** Adds a refusal to the context (RFC 3261 §16.7 item 4); whether it leads to further targets. */
  #takeIn(attempt: Attempt, response: SipResponse): boolean {
    const decision = this.#decision;
    if (!this.#mayStart || !mayRedirect(decision, response.statusCode)) {
      this.#note({ kind: 'response', response });
      return false;
    }
    const { request } = this.#requireView();
    const { limits, messageLimits } = this.#ports.options;
    this.#recursion ??= new Recursion({
      targets: this.#targets,
      requestUri: decision.requestUri ?? request.requestUri,
      recursionsMax: limits.recursionsMax,
      messageLimits,
    });
    const { target } = attempt;
    const { targets, outcome } = this.#recursion.follow({ request, response, decision, target });
    if (outcome !== undefined) this.#note(outcome);
    attempt.successors = [...targets, ...attempt.successors];
    return targets.length > 0;
  }

  /** No further target; those that were started together with the refused one go on. */
  #stop(now: MonoMs): void {
    this.#isStopped = true;
    for (const branch of this.#open) if (!branch.attempt.isLive) branch.cancel(now);
    for (const attempt of this.#attempts) if (!attempt.isLive) attempt.stop();
    this.#attempts = this.#attempts.filter((attempt) => attempt.isLive);
  }

  /** A 6xx: no new branch, and an end to what is open (RFC 3261 §16.7 items 5 and 10). */
  #stopAll(now: MonoMs, { statusCode, reasonPhrase }: SipResponse): void {
    this.#isStopped = true;
    this.#endAttempts();
    for (const branch of this.#open) branch.cancel(now, reasonLine(statusCode, reasonPhrase));
  }

  #endAttempts(): void {
    for (const attempt of this.#attempts) attempt.stop();
    this.#attempts = noAttempts;
  }

  /** Sends the final response once no branch is open and nothing more may be tried (RFC 3261 §16.7 item 6). */
  #settle(now: MonoMs): void {
    if (this.upstream.hasFinal || this.#question !== undefined) return;
    if (this.#attempts.some((attempt) => attempt.isLive)) return;
    if (this.#open.length > 0 && (this.upstream.isInvite || !this.#hasAnswer())) return;
    answerFinally(now, this.upstream, {
      choice: this.#choice,
      isCancelled: this.#isCancelled,
      isTooLate: this.#isTooLate(now),
    });
    this.#endSearch(now, '');
  }

  /**
   * Whether a request that is no INVITE has its answer though branches are open that never responded or were given up: its
   * sender does not wait longer than timer F, and a 2xx after a refusal does no harm there.
   */
  #hasAnswer(): boolean {
    const best = this.#choice?.best;
    if (best?.kind !== 'response' || best.response.statusCode === 408) return false;
    return this.#open.every((branch) => branch.isCancelled || !branch.hasHeard);
  }

  /** RFC 4320 §4.2: by now the sender's timer F ended its transaction, and a final response would only be a stray. */
  #isTooLate(now: MonoMs): boolean {
    if (this.upstream.isInvite) return false;
    return now - this.#startedAt >= transactionTimeoutMs(this.#ports.options.timers);
  }

  /** The caller has its final response: whatever is still open shall end, and nothing is kept that it took. */
  #endSearch(now: MonoMs, headerLines: string): void {
    if (!this.upstream.hasFinal) return;
    this.#endAttempts();
    this.#choice = undefined;
    this.#recursion = undefined;
    this.#loopHash = undefined;
    this.#targets = noTargets;
    this.#view = undefined;
    this.#decision = inDialogDecision;
    for (const branch of this.#open) branch.cancel(now, headerLines);
  }

  get #groupSize(): number {
    return groupSize(this.#targets, this.#nextTarget);
  }

  get #hasTargets(): boolean {
    return this.#mayStart && this.#nextTarget < this.#targets.length;
  }

  /** Incoming less Outgoing Max-Breadth (RFC 5393 §5.3.2). */
  #availableBreadth(): number {
    if (this.#breadth === 0) {
      this.#breadth = incomingBreadth(this.#requireView().request, this.#ports.options.limits.breadthMax);
    }
    let available = this.#breadth;
    for (const branch of this.#open) available -= branch.breadth;
    return available;
  }

  #note(outcome: BranchOutcome): void {
    this.#choice ??= new ResponseChoice();
    this.#choice.add(outcome);
  }

  /** Takes a branch off the open ones; false where it was none of them. */
  #close(branch: Branch): boolean {
    if (!this.#open.includes(branch)) return false;
    this.#open = without(this.#open, branch, noBranches);
    return true;
  }

  #noteFailure(label: string, statusCode: OwnStatus, detail: string): void {
    this.#note({ kind: 'none', statusCode });
    this.upstream.tell((decideId) => ({ kind: 'attemptEnded', decideId, label, statusCode, detail }));
  }

  #reportBranch(branch: Branch, statusCode: number, detail: string): void {
    if (branch.isReported) return;
    branch.isReported = true;
    const { label } = branch.attempt.target;
    this.upstream.tell((decideId) => ({ kind: 'attemptEnded', decideId, label, statusCode, detail }));
  }

  #requireView(): RouteView {
    assert(this.#view !== undefined, 'a request is kept until its final response');
    return this.#view;
  }
}

/** The list without one of its members; `none` stands for an empty one. */
function without<T>(list: readonly T[], member: T, none: readonly T[]): readonly T[] {
  return list.length === 1 && list[0] === member ? none : list.filter((each) => each !== member);
}

/** How many live attempts are about to open a branch. */
function waitingAttempts(attempts: readonly Attempt[], open: readonly Branch[]): number {
  let count = 0;
  for (const { isLive, latest } of attempts) {
    if (isLive && (latest === undefined || !open.includes(latest))) count += 1;
  }
  return count;
}
