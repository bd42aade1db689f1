import type { MonoMs } from '../../base/index.ts';
import type { SipResponse } from '../message/index.ts';
import type { Destination } from '../transaction/index.ts';
import { sentBytes } from './addition.ts';
import { Attempt, type AttemptTarget } from './attempt.ts';
import { Branch, reasonLine } from './branch.ts';
import { answerFinally } from './final-answer.ts';
import { loopHash } from './loop.ts';
import { breadthShare, incomingBreadth, waitingAttempts } from './max-breadth.ts';
import { nextHop, queryOf } from './next-hop.ts';
import { type ForwardDecision, makeOutgoing, sentRequestUri } from './outgoing.ts';
import type { ProxyPorts } from './ports.ts';
import { mayRedirect, Recursion } from './redirection.ts';
import { type BranchOutcome, type OwnStatus, ResponseChoice } from './response-choice.ts';
import type { ResponseContext } from './response-context.ts';
import { type ContextTarget, endsAll, failsOver, groupSize, inDialogDecision } from './standing-orders.ts';

// Most requests have one target and one branch, and wait long for their last timer: nothing is allocated for less.
const noTargets: readonly ContextTarget[] = [];
const noAttempts: readonly Attempt[] = [];
const noBranches: readonly Branch[] = [];

/**
 * The branches of one request (RFC 3261 §16.6, §16.7): tries its targets, one after the other or in groups, passes up what
 * must be passed at once, and sends the best final response when nothing is left to wait for.
 */
export class Search {
  readonly context: ResponseContext;
  readonly #ports: ProxyPorts;
  #decision: ForwardDecision;
  #targets: readonly ContextTarget[];
  #nextTarget = 0;
  /** Attempts that are not over: live ones, and silent ones whose ring time runs. */
  #attempts = noAttempts;
  /** Branches without a final response. */
  #open = noBranches;
  #choice: ResponseChoice | undefined;
  #recursion: Recursion | undefined;
  #loopHash: string | undefined;
  #breadth = 0;
  #isCancelled = false;
  /** A refusal that the decision does not fail over from came: no further target. */
  #isStopped = false;

  constructor(
    ports: ProxyPorts,
    context: ResponseContext,
    order: { readonly decision: ForwardDecision; readonly targets: readonly ContextTarget[] },
  ) {
    this.#ports = ports;
    this.context = context;
    this.#decision = order.decision;
    this.#targets = order.targets;
  }

  /** Starts with the first target, or the first group. */
  start(now: MonoMs): void {
    this.#advance(now);
  }

  /** The caller gave up (RFC 3261 §16.10). `headerLines` go on with each CANCEL. */
  cancel(now: MonoMs, headerLines: string): void {
    this.#isCancelled = true;
    this.#endAttempts();
    for (const branch of this.#open) branch.cancel(now, headerLines);
    this.#settle(now);
  }

  /** The call shall go elsewhere: these targets stand in the place of those that are left, and of what is open. */
  retarget(now: MonoMs, targets: readonly ContextTarget[]): void {
    if (!this.#mayStart) return;
    this.#endAttempts();
    this.#targets = targets;
    this.#nextTarget = 0;
    this.#recursion = undefined;
    for (const branch of this.#open) branch.cancel(now);
    this.#advance(now);
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
    if (branch === attempt.latest && this.#hasOther(attempt)) this.#goBeside(now, attempt);
  }

  /** The first response of a branch is a provisional one: who was given up as silent is worth waiting for after all. */
  onHeard(branch: Branch): void {
    const { attempt } = branch;
    if (attempt.isOver) return;
    attempt.revive();
    const { latest } = attempt;
    if (latest === undefined || !latest.hasHeard || !this.#open.includes(latest)) attempt.latest = branch;
  }

  /** RFC 3261 §16.8; a branch without a provisional response has met timer B before. */
  onTimerC(now: MonoMs, branch: Branch): void {
    this.#giveUp(now, branch, 'timer C');
    if (branch === branch.attempt.latest) this.#conclude(now, branch.attempt);
  }

  onProvisional(now: MonoMs, response: SipResponse): void {
    this.context.upstream.passProvisional(now, response);
  }

  /** RFC 3261 §16.7 items 5 and 10: each 2xx goes up, and all that is still open is cancelled. */
  onSuccess(now: MonoMs, branch: Branch, response: SipResponse): void {
    if (this.#close(branch)) {
      branch.report(response.statusCode, response.reasonPhrase);
    }
    if (this.context.isTooLate(now)) this.context.upstream.stayingSilent(now);
    else this.context.upstream.passSuccess(now, response);
    this.#endSearch(now, reasonLine(response.statusCode, 'Call completed elsewhere'));
  }

  onRefusal(now: MonoMs, branch: Branch, response: SipResponse): void {
    if (!this.#close(branch)) return;
    const { statusCode } = response;
    const { attempt } = branch;
    branch.report(statusCode, response.reasonPhrase);
    if (this.context.upstream.hasFinal) return;
    const isGlobal = endsAll(this.#decision, statusCode);
    if (branch.isCancelled) {
      const isOurDoing = attempt.dropAddition(statusCode) || (statusCode === 487 && !this.#isCancelled);
      if (!isOurDoing) this.#note({ kind: 'response', response });
      if (isGlobal) this.#stopAll(now, response);
      this.#advance(now);
      return;
    }
    const beside = statusCode === 482 ? this.#openBranchOf(attempt) : undefined;
    if (beside !== undefined) {
      // RFC 3261 §8.2.2.2: the same server got both copies, and works on the other one.
      attempt.latest = beside;
      this.#advance(now);
      return;
    }
    // RFC 3263 §4.3: an address that answers 503 is left for the target's next one.
    const isUnavailable = statusCode === 503;
    if (this.#takeIn(attempt, response)) this.#leave(now, attempt);
    else if (isUnavailable && branch !== attempt.latest) this.#advance(now);
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

  #lost(now: MonoMs, branch: Branch, statusCode: 408 | 430 | 503, detail: string): void {
    if (!this.#close(branch)) return;
    branch.report(statusCode, detail);
    if (this.context.upstream.hasFinal) return;
    this.#note({ kind: 'none', statusCode });
    if (branch === branch.attempt.latest) this.#tryNext(now, branch.attempt);
    else this.#advance(now);
  }

  /** A branch that shall end, though it has not yet. */
  #giveUp(now: MonoMs, branch: Branch, detail: string): void {
    if (branch.isCancelled) return;
    this.#note({ kind: 'none', statusCode: 408 });
    branch.report(408, detail);
    branch.cancel(now);
  }

  get #mayStart(): boolean {
    return !this.context.upstream.hasFinal && !this.#isCancelled && !this.#isStopped;
  }

  /**
   * Starts what may be tried now: the next target when no attempt is live, and those that belong with it while the
   * request's Max-Breadth lasts (RFC 5393 §5.5: the others follow as branches end). Then ends the request where there is
   * nothing more and nothing open.
   */
  #advance(now: MonoMs): void {
    for (const attempt of this.#attempts)
      if (attempt.isHeld && this.#hasRoom(attempt)) this.#resume(now, attempt);
    while (this.#mayStart) {
      const target = this.#targets[this.#nextTarget];
      if (target === undefined) break;
      if (this.#attempts.some((attempt) => attempt.isLive)) {
        if (target.withPrevious !== true || this.#availableBreadth() <= this.#waiting()) break;
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
    const view = this.context.view;
    const hop = nextHop(view, target.routeUri, sentRequestUri(this.#decision, target));
    if (hop.ok) {
      const mayFallBack = this.#decision.mayFallBackFromTls === true || view.isEmergency;
      const sizeBytes = sentBytes(view.request, target);
      attempt.start(now, hop.value, queryOf(hop.value, { mayFallBack, sizeBytes }));
    } else {
      this.#noteFailure(target.label, hop.error.statusCode, hop.error.detail);
      this.#conclude(now, attempt);
    }
  }

  /** Tries the next place beside the attempt's silent branch. */
  #goBeside(now: MonoMs, attempt: Attempt): void {
    const { latest } = attempt;
    if (!this.#hasRoom(attempt)) {
      attempt.isHeld = true;
      return;
    }
    if (latest !== undefined) latest.report(408, 'no response so far');
    if (this.#openNext(now, attempt) || attempt.target.silenceTimeoutMs === undefined) return;
    attempt.rest();
    this.#startSuccessor(now, attempt);
    this.#advance(now);
  }

  /** There is Max-Breadth again for an attempt that had to wait for it. */
  #resume(now: MonoMs, attempt: Attempt): void {
    attempt.isHeld = false;
    const { latest } = attempt;
    if (latest !== undefined && this.#open.includes(latest)) this.#goBeside(now, attempt);
    else this.#tryNext(now, attempt);
  }

  /** Tries the attempt's next address; without one the attempt is over. */
  #tryNext(now: MonoMs, attempt: Attempt): void {
    if (!this.#openNext(now, attempt)) this.#conclude(now, attempt);
  }

  /** Opens the attempt's next address, or has it looked up; false where there is none. */
  #openNext(now: MonoMs, attempt: Attempt): boolean {
    if (attempt.hasMore && !this.#hasRoom(attempt)) {
      attempt.isHeld = true;
      return true;
    }
    let destination = attempt.takeDestination();
    while (destination !== undefined && !this.#openBranch(now, attempt, destination)) {
      destination = attempt.takeDestination();
    }
    return destination !== undefined || attempt.askLater(now);
  }

  /**
   * A target answered for good: another address of it that does not ring need not be waited for. An emergency call leaves
   * it the chance to answer late.
   */
  #leave(now: MonoMs, attempt: Attempt): void {
    if (this.#decision.failover !== 'all') {
      for (const branch of this.#open) {
        if (branch.attempt === attempt && !branch.hasHeard) branch.cancel(now);
      }
    }
    this.#conclude(now, attempt);
  }

  #openBranchOf(attempt: Attempt): Branch | undefined {
    return this.#open.find((branch) => branch.attempt === attempt && !branch.isCancelled);
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
        if (others.length === 0) {
          attempt.stop();
          this.#attempts = without(this.#attempts, attempt, noAttempts);
        } else attempt.rest();
        this.#startSuccessor(now, attempt);
      }
    }
    this.#advance(now);
  }

  #startSuccessor(now: MonoMs, attempt: Attempt): void {
    const [next, ...rest] = attempt.successors;
    attempt.successors = noTargets;
    if (next !== undefined && this.#mayStart) this.#startAttempt(now, next, rest);
  }

  /** Forwards to one address; false where no listener of ours reaches it. */
  #openBranch(now: MonoMs, attempt: Attempt, wanted: Destination): boolean {
    const view = this.context.view;
    const { target } = attempt;
    const { label, contact } = target;
    // Where another place is left, silence may be ended sooner than by timer B or F.
    const patienceMs =
      target.silenceTimeoutMs ?? (attempt.hasMore ? this.#ports.options.timers.nextAddressMs : undefined);
    const breadth = breadthShare({
      available: this.#availableBreadth(),
      waiting: this.#waiting(attempt) + 1,
      leavesRoom: patienceMs !== undefined && this.#hasOther(attempt),
    });
    this.#loopHash ??= loopHash(view.request, view);
    const outgoing = makeOutgoing(this.#ports, {
      view,
      flow: this.context.flow,
      stampedVia: this.context.upstream.stampedVia,
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
    const branch = new Branch(this.#ports, attempt, { search: this, destination, breadth });
    attempt.latest = branch;
    attempt.isHeld = false;
    this.#open = this.#open.length === 0 ? [branch] : [...this.#open, branch];
    this.context.retain();
    this.context.upstream.tell((decideId) => ({ kind: 'attempt', decideId, label, destination, contact }));
    branch.send(now, forwarded, patienceMs);
    return true;
  }

  /** Adds a refusal to the context (RFC 3261 §16.7 item 4); whether it leads to further targets. */
  #takeIn(attempt: Attempt, response: SipResponse): boolean {
    const decision = this.#decision;
    // RFC 6442 §4.3: what was added here is put right here, and the refusal is none of the caller's business.
    if (attempt.dropAddition(response.statusCode)) return true;
    if (!this.#mayStart || !mayRedirect(decision, response.statusCode)) {
      this.#note({ kind: 'response', response });
      return false;
    }
    const { request } = this.context.view;
    const { limits, messageLimits } = this.#ports.options;
    this.#recursion ??= new Recursion({
      targets: this.#targets,
      requestUri: decision.requestUri ?? request.requestUri,
      keepsRequestUri: decision.redirects?.kind === 'recurse' && decision.redirects.keepsRequestUri,
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
    if (this.context.upstream.hasFinal) return;
    if (this.#attempts.some((attempt) => attempt.isLive)) return;
    if (this.#open.length > 0 && (this.context.upstream.isInvite || !this.#hasAnswer())) return;
    answerFinally(now, this.context.upstream, {
      choice: this.#choice,
      isCancelled: this.#isCancelled,
      isTooLate: this.context.isTooLate(now),
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

  /** The caller has its final response: whatever is still open shall end, and nothing is kept that it took. */
  #endSearch(now: MonoMs, headerLines: string): void {
    if (!this.context.upstream.hasFinal) return;
    this.#endAttempts();
    this.#choice = undefined;
    this.#recursion = undefined;
    this.#loopHash = undefined;
    this.#targets = noTargets;
    this.#decision = inDialogDecision;
    this.context.letGo();
    for (const branch of this.#open) branch.cancel(now, headerLines);
  }

  /** How many attempts, save this one, are about to open a branch. */
  #waiting(except?: Attempt): number {
    return waitingAttempts(this.#attempts, this.#open, except);
  }

  /**
   * Whether the request's Max-Breadth allows one more branch (RFC 5393 §5.3.3). An emergency call does not wait for that:
   * the call comes first, and a branch that nobody answers, or that is being cancelled, does not fork any more.
   */
  #hasRoom(attempt: Attempt): boolean {
    return this.#decision.failover === 'all' || this.#availableBreadth() > this.#waiting(attempt);
  }

  get #groupSize(): number {
    return groupSize(this.#targets, this.#nextTarget);
  }

  /** Whether there is anything to try beside an attempt's branch. */
  #hasOther(attempt: Attempt): boolean {
    if (attempt.hasMore) return true;
    return this.#mayStart && (attempt.successors.length > 0 || this.#nextTarget < this.#targets.length);
  }

  /** Incoming less Outgoing Max-Breadth (RFC 5393 §5.3.2). */
  #availableBreadth(): number {
    if (this.#breadth === 0) {
      this.#breadth = incomingBreadth(this.context.view.request, this.#ports.options.limits.breadthMax);
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
    this.context.upstream.tell((decideId) => ({ kind: 'attemptEnded', decideId, label, statusCode, detail }));
  }
}

/** The list without one of its members; `none` stands for an empty one. */
function without<T>(list: readonly T[], member: T, none: readonly T[]): readonly T[] {
  return list.length === 1 && list[0] === member ? none : list.filter((each) => each !== member);
}
