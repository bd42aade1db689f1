import { assert, type MonoMs, monoMs } from '../../base/index.ts';
import type { SipRequest, SipResponse } from '../message/index.ts';
import {
  type DeadlineHeap,
  type Destination,
  type Flow,
  hostText,
  TimedMachine,
} from '../transaction/index.ts';
import { Attempt, type AttemptTarget } from './attempt.ts';
import { Branch } from './branch.ts';
import { forwardRequest } from './forward.ts';
import { loopHash, makeBranch } from './loop.ts';
import { nextHop } from './next-hop.ts';
import type { ProxyPorts } from './ports.ts';
import { type BranchOutcome, ResponseChoice } from './response-choice.ts';
import type { RouteView } from './route-view.ts';
import { soundDecision } from './sound-decision.ts';
import type { EffectId, RequestDecision } from './types.ts';
import { Upstream } from './upstream.ts';

type ForwardDecision = Omit<Extract<RequestDecision, { readonly kind: 'forward' }>, 'targets'>;

/** What a request within a dialog gets without a question: its own way, and whatever answer comes. */
const inDialogDecision: ForwardDecision = {
  kind: 'forward',
  requestUri: undefined,
  edits: [],
  failover: 'none',
  recordRoute: false,
};
const recordedInDialog: ForwardDecision = { ...inDialogDecision, recordRoute: true };
const inDialogTargets: readonly AttemptTarget[] = [
  { label: 'dialog', routeUri: undefined, timeoutMs: undefined },
];

// Most requests have one target and one branch, and wait long for their last timer: nothing is allocated for less.
const noTargets: readonly AttemptTarget[] = [];
const noAttempts: readonly Attempt[] = [];
const noBranches: readonly Branch[] = [];

/** About what a request gains on its way through: Via, Record-Route, Route and the decision's headers. */
const growthBytes = 500;

/** Recorded again within a dialog, for an endpoint that lost its route set (RFC 3261 §16.6 item 4). */
const dialogForming = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

/**
 * The response context of one request (RFC 3261 §16.6, §16.7): tries its targets one after the other, passes up what must
 * be passed at once, and sends the best final response when nothing is left to wait for.
 */
export class ResponseContext extends TimedMachine<'decide'> {
  readonly upstream: Upstream;
  readonly flow: Flow;
  readonly #ports: ProxyPorts;
  /** Let go with the final response. */
  #view: RouteView | undefined;
  #question: EffectId | undefined;
  #decision: ForwardDecision = inDialogDecision;
  #targets: readonly AttemptTarget[] = noTargets;
  #nextTarget = 0;
  #attempt: Attempt | undefined;
  /** Attempts with a timer or a question. */
  #attempts: readonly Attempt[] = noAttempts;
  /** The branch whose end or silence starts the next one. */
  #latest: Branch | undefined;
  #open: readonly Branch[] = noBranches;
  #choice: ResponseChoice | undefined;
  #loopHash: string | undefined;
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
    if (dialogForming.has(this.#requireView().request.method)) this.#decision = recordedInDialog;
    this.#targets = inDialogTargets;
    this.#advance(now);
  }

  /** Takes the decision. */
  decided(now: MonoMs, given: RequestDecision): void {
    const decision = soundDecision(given, (what) => this.#ports.discard('unsound decision', what));
    this.#question = undefined;
    this.stopTimers();
    if (decision.kind === 'reply') {
      this.upstream.replyFinal(now, decision);
      this.#endSearch(now);
      return;
    }
    const { targetsMax } = this.#ports.options.limits;
    const { targets } = decision;
    const last = targets.at(-1);
    const isTooLong = targets.length > targetsMax && last !== undefined;
    this.#decision = decision;
    this.#targets = isTooLong ? [...targets.slice(0, targetsMax - 1), last] : targets;
    this.#advance(now);
  }

  /** The caller gave up (RFC 3261 §16.10). `headerLines` go on with each CANCEL. */
  cancel(now: MonoMs, headerLines: string): void {
    if (this.upstream.hasFinal || this.#isCancelled) return;
    this.#isCancelled = true;
    this.upstream.tell((decideId) => ({ kind: 'cancelled', decideId }));
    this.#takeQuestionBack();
    for (const attempt of this.#attempts) attempt.stop();
    for (const branch of this.#open) branch.cancel(now, headerLines);
    this.#settle(now);
  }

  /** An attempt knows its addresses. */
  onAddresses(now: MonoMs): void {
    this.#advance(now);
  }

  /** An attempt has none. */
  onNoAddress(now: MonoMs, attempt: Attempt, detail: string): void {
    this.#failAttempt(attempt, 503, detail);
    this.#advance(now);
  }

  /** A target had its time: its branches are cancelled, the next target does not wait for their end. */
  onRingExpired(now: MonoMs, attempt: Attempt): void {
    if (attempt.isResolving) this.#failAttempt(attempt, 503, 'the name was not resolved in time');
    this.#drop(attempt);
    for (const branch of this.#open) {
      if (branch.attempt !== attempt) continue;
      this.#giveUp(now, branch, 'no final response in time');
    }
    if (attempt === this.#attempt) this.#advance(now);
  }

  /** No response at all within the target's patience: the next place is tried beside it. */
  onQuiet(now: MonoMs, branch: Branch): void {
    if (branch !== this.#latest) return;
    this.#reportBranch(branch, 408, 'no response so far');
    this.#advance(now);
  }

  /** RFC 3261 §16.8; a branch without a provisional response has met timer B before. */
  onTimerC(now: MonoMs, branch: Branch): void {
    this.#drop(branch.attempt);
    this.#giveUp(now, branch, 'timer C');
    if (branch === this.#latest) this.#advance(now);
  }

  onProvisional(now: MonoMs, response: SipResponse): void {
    this.upstream.passProvisional(now, response);
  }

  onSuccess(now: MonoMs, branch: Branch, response: SipResponse): void {
    if (this.#close(branch)) {
      branch.isReported = false; // a late answer is news
      this.#reportBranch(branch, response.statusCode, response.reasonPhrase);
    }
    this.upstream.passSuccess(now, response);
    this.#endSearch(now);
  }

  onRefusal(now: MonoMs, branch: Branch, response: SipResponse): void {
    if (!this.#close(branch)) return;
    const { statusCode } = response;
    this.#reportBranch(branch, statusCode, response.reasonPhrase);
    const isOurDoing = branch.isCancelled && statusCode === 487;
    if (!isOurDoing || this.#isCancelled) this.#note({ kind: 'response', response });
    // An address that answers 503 is left for the target's next one (RFC 3263 §4.3).
    const triesOther = statusCode === 503 && branch.attempt.hasMore;
    if (branch === this.#latest && !branch.isCancelled && !triesOther) {
      this.#drop(branch.attempt);
      if (!this.#failsOver(statusCode)) this.#stop(now);
    }
    this.#goOn(now, branch);
  }

  /** The branch ended without a final response. */
  onSilence(now: MonoMs, branch: Branch): void {
    this.#lost(now, branch, 408, 'no final response');
  }

  /** A send failed, which counts as a 503 (RFC 3261 §16.9). */
  onUnreachable(now: MonoMs, branch: Branch, detail: string): void {
    this.#lost(now, branch, 503, detail);
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

  #takeQuestionBack(): void {
    if (this.#question === undefined) return;
    this.#ports.forget(this.#question);
    this.#question = undefined;
    this.stopTimers();
  }

  #lost(now: MonoMs, branch: Branch, statusCode: 408 | 503, detail: string): void {
    if (!this.#close(branch)) return;
    this.#note({ kind: 'none', statusCode });
    this.#reportBranch(branch, statusCode, detail);
    this.#goOn(now, branch);
  }

  /** A branch that shall end, though it has not yet. */
  #giveUp(now: MonoMs, branch: Branch, detail: string): void {
    this.#note({ kind: 'none', statusCode: 408 });
    this.#reportBranch(branch, 408, detail);
    branch.cancel(now);
  }

  #goOn(now: MonoMs, branch: Branch): void {
    if (branch === this.#latest) this.#advance(now);
    else this.#settle(now);
  }

  /** Starts what may be tried next; ends the request where there is nothing more and nothing open. */
  #advance(now: MonoMs): void {
    while (!this.upstream.hasFinal && !this.#isCancelled && !this.#isStopped) {
      if (this.#attempt?.isResolving === true) return;
      const destination = this.#attempt?.takeDestination();
      if (this.#attempt !== undefined && destination !== undefined) {
        if (this.#openBranch(now, this.#attempt, destination)) return;
        continue;
      }
      const target = this.#targets[this.#nextTarget];
      if (target === undefined) break;
      this.#nextTarget += 1;
      this.#startAttempt(now, target);
    }
    this.#settle(now);
  }

  /** Finds out where a target is, or asks. */
  #startAttempt(now: MonoMs, target: AttemptTarget): void {
    const attempt = new Attempt(this.#ports, this, target, now);
    this.#attempt = attempt;
    this.#attempts = [...this.#attempts, attempt];
    const hop = nextHop(this.#requireView(), target.routeUri, this.#decision.requestUri);
    if (!hop.ok) {
      this.#failAttempt(attempt, hop.error.statusCode, hop.error.detail);
    } else {
      const mayFallBack = this.#decision.mayFallBackFromTls === true;
      const sizeBytes = this.#requireView().request.bytes.length + growthBytes;
      attempt.ask(now, { ...hop.value, mayFallBack, sizeBytes });
    }
  }

  /** Forwards to one address; false where no listener of ours reaches it. */
  #openBranch(now: MonoMs, attempt: Attempt, wanted: Destination): boolean {
    const view = this.#requireView();
    const { own, options } = this.#ports;
    const { label, routeUri } = attempt.target;
    const { transport, remote } = wanted;
    const cameOn = own.ofFlow(this.flow);
    const sendFrom = own.toSendFrom(transport, remote.address, [view.lastOwn, cameOn]);
    if (sendFrom === undefined) {
      const place = `${hostText(remote.address)}:${remote.port}`;
      this.#noteFailure(label, 503, `no listener to reach ${place} by ${transport}`);
      return false;
    }
    const destination =
      transport === 'udp' && wanted.local === undefined ? { ...wanted, local: sendFrom.local } : wanted;
    this.#loopHash ??= loopHash(view.request, view);
    const forwarded = forwardRequest({
      view,
      stampedVia: this.upstream.stampedVia,
      requestUri: this.#decision.requestUri,
      routeUri,
      edits: this.#decision.edits,
      recordFrom: this.#decision.recordRoute ? cameOn : undefined,
      sendFrom,
      branch: makeBranch(options.random.token(12), this.#loopHash),
    });
    const branch = new Branch(this.#ports, this, attempt);
    this.#latest = branch;
    this.#open = [...this.#open, branch];
    this.retain();
    this.upstream.tell((decideId) => ({ kind: 'attempt', decideId, label, destination }));
    branch.send(now, forwarded, destination);
    return true;
  }

  #failsOver(statusCode: number): boolean {
    switch (this.#decision.failover) {
      case 'none':
        return false;
      case 'serverErrors':
        return (statusCode >= 500 && statusCode < 600) || statusCode === 408;
      case 'all':
        return true;
    }
  }

  /** No further target, and an end to what is still open. */
  #stop(now: MonoMs): void {
    this.#isStopped = true;
    for (const branch of this.#open) branch.cancel(now);
  }

  /** Sends the final response once no branch is open and nothing more may be tried (RFC 3261 §16.7 item 6). */
  #settle(now: MonoMs): void {
    if (this.upstream.hasFinal || this.#question !== undefined || this.#open.length > 0) return;
    if (!this.#isCancelled && !this.#isStopped && this.#hasMore()) return;
    const best = this.#choice?.best;
    if (this.#isCancelled && best?.kind !== 'response') this.upstream.replyFinal(now, { statusCode: 487 });
    else this.#answer(now, best ?? { kind: 'none', statusCode: 408 });
    this.#endSearch(now);
  }

  #hasMore(): boolean {
    const attempt = this.#attempt;
    return (
      attempt?.isResolving === true || attempt?.hasMore === true || this.#nextTarget < this.#targets.length
    );
  }

  #answer(now: MonoMs, best: BranchOutcome): void {
    const statusCode = best.kind === 'response' ? best.response.statusCode : best.statusCode;
    if (statusCode === 408 && !this.upstream.isInvite) this.upstream.stayingSilent(now);
    else if (statusCode === 503) {
      // It would say that this proxy can serve nothing (RFC 3261 §16.7 item 6).
      this.upstream.replyFinal(now, { statusCode: 500 });
    } else if (best.kind === 'none') this.upstream.replyFinal(now, { statusCode });
    else {
      const isChallenge = statusCode === 401 || statusCode === 407;
      const { response } = best;
      this.upstream.passRefusal(
        now,
        response,
        isChallenge ? (this.#choice?.challengesBeside(response) ?? []) : [],
      );
    }
  }

  /** The caller has its final response: whatever is still open shall end, and nothing is kept that it took. */
  #endSearch(now: MonoMs): void {
    if (!this.upstream.hasFinal) return;
    for (const attempt of this.#attempts) attempt.stop();
    this.#attempts = noAttempts;
    this.#choice = undefined;
    this.#latest = undefined;
    this.#loopHash = undefined;
    this.#attempt = undefined;
    this.#targets = noTargets;
    this.#view = undefined;
    this.#decision = inDialogDecision;
    for (const branch of this.#open) branch.cancel(now);
  }

  #note(outcome: BranchOutcome): void {
    this.#choice ??= new ResponseChoice();
    this.#choice.add(outcome);
  }

  /** Takes a branch off the open ones; false where it was none of them. */
  #close(branch: Branch): boolean {
    if (!this.#open.includes(branch)) return false;
    this.#open = this.#open.length === 1 ? noBranches : this.#open.filter((each) => each !== branch);
    return true;
  }

  #failAttempt(attempt: Attempt, statusCode: 416 | 500 | 503, detail: string): void {
    this.#drop(attempt);
    this.#noteFailure(attempt.target.label, statusCode, detail);
  }

  #noteFailure(label: string, statusCode: 416 | 500 | 503, detail: string): void {
    this.#note({ kind: 'none', statusCode });
    this.upstream.tell((decideId) => ({ kind: 'attemptEnded', decideId, label, statusCode, detail }));
  }

  #drop(attempt: Attempt): void {
    attempt.stop();
    this.#attempts = this.#attempts.filter((each) => each !== attempt);
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
