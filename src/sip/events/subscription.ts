import type { MonoMs } from '../../base/index.ts';
import { Dialog } from '../agent/index.ts';
import {
  contacts,
  cseq,
  fromHeader,
  headers,
  headerValue,
  recordRoutes,
  type SipRequest,
  type SipResponse,
  toHeader,
} from '../message/index.ts';
import { type Destination, transactionTimeoutMs } from '../transaction/index.ts';
import type { SipUri } from '../uri/index.ts';
import { Exchange, type ExchangeOutcome } from './exchange.ts';
import { bodyRefusal, type NotifyRefusal, retryLater } from './notify.ts';
import { type EventName, retryRule, secondsOf, subscriptionStateOf, subscriptionTarget } from './parse.ts';
import type { SubscriberPorts } from './ports.ts';
import { type SubscribeParts, writeSubscribe } from './serialize.ts';
import type { UsageEvent } from './table.ts';
import type {
  RetryRule,
  SubscriptionEnd,
  SubscriptionFailure,
  SubscriptionRequest,
  SubscriptionState,
} from './types.ts';
import { type StepDetail, Usage, type UsageOwner } from './usage.ts';

const tagLength = 12;
const callIdLength = 24;
/** Between subscriptions that the notifier ends again and again, growing by half of it to twice the one before. */
const restFirstS = 1;
const restMaxS = 300;
/** Request without the lines that all requests have. */
const emptyRequestBytes = 700;

/** What a subscription needs of its core beyond the ports. */
export interface SubscriptionHost {
  /** Its Call-ID has changed from `before`. */
  renamed(subscription: Subscription, before: string): void;
  gone(subscription: Subscription): void;
}

/** What is to become of a NOTIFY. */
export type NotifyVerdict =
  /** `usage`: the one that it would have ended, and ends all the same. */
  | { readonly kind: 'refused'; readonly refusal: NotifyRefusal; readonly usage: Usage | undefined }
  | { readonly kind: 'taken'; readonly usage: Usage; readonly state: SubscriptionState };

/** One subscription of the user's: its SUBSCRIBE, the dialogs that NOTIFYs make of it, and its end. */
export class Subscription implements UsageOwner {
  readonly id: string;
  readonly event: EventName;
  readonly #ports: SubscriberPorts;
  readonly #host: SubscriptionHost;
  readonly #request: SubscriptionRequest;
  readonly #original: SipUri;
  #callId = '';
  #localTag = '';
  #target: SipUri;
  #requestedS: number;
  #sequence = 0;
  #usages: Usage[] = [];
  #forksUntil = 0;
  #isLeaving = false;
  #redirects = 0;
  #hasHeardMinimum = false;
  #rests = 0;
  #startedAt = 0;
  #reached: Destination | undefined;
  #windowStart = 0;
  #windowCount = 0;

  constructor(
    ports: SubscriberPorts,
    host: SubscriptionHost,
    parts: { readonly request: SubscriptionRequest; readonly target: SipUri; readonly event: EventName },
  ) {
    this.#ports = ports;
    this.#host = host;
    this.#request = parts.request;
    this.id = parts.request.id;
    this.event = parts.event;
    this.#original = parts.target;
    this.#target = parts.target;
    this.#requestedS = parts.request.expiresS;
    this.#identify();
  }

  get callId(): string {
    return this.#callId;
  }

  get localTag(): string {
    return this.#localTag;
  }

  get requestedS(): number {
    return this.#requestedS;
  }

  get dialogCount(): number {
    return this.#usages.filter(({ dialog }) => dialog !== undefined).length;
  }

  start(now: MonoMs): void {
    this.#newUsage().step(now, this.#isPoll ? 'poll' : 'start');
  }

  refresh(now: MonoMs): void {
    for (const usage of [...this.#usages]) usage.step(now, 'refreshDue');
  }

  unsubscribe(now: MonoMs): void {
    this.#isLeaving = true;
    for (const usage of [...this.#usages]) {
      usage.step(now, 'unsubscribe');
      // Nothing has left yet, so nobody will answer.
      if (usage.state === 'leaving' && usage.exchange?.isOpen !== true && this.#reached === undefined) {
        usage.exchange?.abandon();
        usage.step(now, 'silent', { text: 'before anything was sent' });
      }
    }
  }

  /** Judges a NOTIFY with our Call-ID, tag and event; it changes nothing yet but the order of requests. */
  judge(now: MonoMs, request: SipRequest): NotifyVerdict {
    const state = subscriptionStateOf(request);
    const refuse = (refusal: NotifyRefusal, usage?: Usage): NotifyVerdict => ({
      kind: 'refused',
      refusal,
      usage,
    });
    if (!state.ok) return refuse({ statusCode: 400, detail: state.error.message, headers: [] });
    const tag = remoteTagOf(request);
    const known = this.#usages.find(({ dialog }) => dialog?.remoteTag === tag);
    const usage = known ?? this.#usageFor(now);
    if (usage === undefined) return refuse(noSubscription);
    if (this.#isTooFast(now)) return refuse(retryLater);
    if (known?.dialog?.acceptSequence(request) === false) return refuse(outOfOrder);
    const ofBody = bodyRefusal(request, this.#request.accept, this.#ports.options.limits);
    if (ofBody !== undefined) {
      const isLast = state.value.state === 'terminated';
      return refuse(ofBody, isLast ? usage : undefined);
    }
    return { kind: 'taken', usage, state: state.value };
  }

  /** Takes a NOTIFY that was judged so, after it has been answered. */
  take(now: MonoMs, request: SipRequest, usage: Usage, state: SubscriptionState): void {
    if (!this.#usages.includes(usage)) {
      this.#usages.push(usage);
      usage.step(now, this.#isLeaving ? 'forkLeaving' : this.#isPoll ? 'forkPoll' : 'fork');
    }
    if (usage.dialog === undefined) usage.dialog = this.#makeDialog(request);
    else usage.dialog.refreshTarget(request);
    const tag = headers.sipEtag.first(request);
    usage.entityTag = tag.ok ? tag.value : undefined;
    const retry = state.state === 'terminated' ? retryRule(state) : undefined;
    this.#ports.emit({
      kind: 'notify',
      id: this.id,
      at: now,
      remoteTag: remoteTagOf(request),
      state,
      retry,
      contentType: mediaTypeOf(request),
      body: request.body,
      request,
    });
    usage.step(now, notifyEvents[state.state], { durationS: state.expiresS, retry, text: endText(state) });
  }

  /** The notifier says in a NOTIFY that was refused that this is the end. */
  terminated(now: MonoMs, usage: Usage): void {
    usage.step(now, 'notifyTerminated', { retry: { kind: 'never' }, text: 'terminated' });
  }

  sendSubscribe(now: MonoMs, usage: Usage): void {
    this.#sequence += 1;
    this.#startedAt = now;
    const parts: SubscribeParts = {
      ...this.#common(),
      requestUri: this.#target.raw,
      routes: [],
      to: `<${this.#original.raw}>`,
      sequence: this.#sequence,
      expiresS: this.#requestedS,
      headers: this.#request.headers,
      body: this.#request.body,
    };
    usage.exchange?.abandon();
    usage.exchange = new Exchange(this.#ports, {
      nextHop: this.#target.raw,
      sizeBytes: emptyRequestBytes + (this.#request.body?.bytes.length ?? 0),
      fallback: undefined,
      write: (listener) => writeSubscribe(this.#ports, listener, parts),
      onSent: (at) => {
        this.#forksUntil = at + transactionTimeoutMs(this.#ports.options.timers);
        usage.restartTimerN(at);
      },
      onDone: (at, outcome) => this.#onFirstOutcome(at, usage, outcome),
    });
    usage.exchange.start(now);
  }

  sendInDialog(now: MonoMs, usage: Usage, expiresS: number): void {
    const { dialog, entityTag } = usage;
    if (dialog === undefined) return;
    const { requestUri, routes, nextHop } = dialog.target();
    const condition = entityTag !== undefined && expiresS > 0;
    const parts: SubscribeParts = {
      ...this.#common(),
      requestUri,
      routes,
      to: dialog.remoteAddress,
      sequence: dialog.nextSequence(),
      expiresS,
      // RFC 5839: nothing new need not be sent again.
      headers: condition
        ? [...this.#request.headers, ['Suppress-If-Match', entityTag]]
        : this.#request.headers,
      // The filter of the first request stays in force (RFC 6665 §3.1.3 leaves it to the package; RFC 4660).
      body: undefined,
    };
    usage.exchange?.abandon();
    usage.exchange = new Exchange(this.#ports, {
      nextHop,
      sizeBytes: emptyRequestBytes,
      fallback: this.#reached,
      write: (listener) => writeSubscribe(this.#ports, listener, parts),
      onSent: (at) => usage.restartTimerN(at),
      onDone: (at, outcome) => this.#onLaterOutcome(at, usage, expiresS, outcome),
    });
    usage.exchange.start(now);
  }

  onFailed(now: MonoMs, usage: Usage, failure: SubscriptionFailure): void {
    if (this.#remove(usage)) return;
    this.#ports.emit({ kind: 'failed', id: this.id, at: now, failure });
    this.#host.gone(this);
  }

  onEnded(now: MonoMs, usage: Usage, event: UsageEvent, detail: StepDetail): void {
    if (this.#remove(usage)) return;
    const { retry, text = '' } = detail;
    const mayRetry = this.#request.resubscribes && !this.#isLeaving && !this.#isPoll;
    if (event === 'notifyTerminated' && mayRetry && retry?.kind === 'after') {
      this.#subscribeAnew(now, retry.seconds);
      return;
    }
    const end = this.#isLeaving ? 'unsubscribed' : (endsBy[event] ?? 'terminated');
    this.#ports.emit({ kind: 'ended', id: this.id, at: now, end, detail: text });
    this.#host.gone(this);
  }

  get #isPoll(): boolean {
    return this.#request.expiresS === 0;
  }

  /** An unrelated SUBSCRIBE with a new Call-ID and tag (RFC 6665 §4.1.2.2, §4.4.2), not too soon. */
  #subscribeAnew(now: MonoMs, waitS: number): void {
    const before = this.#callId;
    const livedMs = now - this.#startedAt;
    this.#rests = livedMs > transactionTimeoutMs(this.#ports.options.timers) ? 0 : this.#rests;
    const pauseS = this.#rests === 0 ? 0 : Math.min(restMaxS, restFirstS * 2 ** (this.#rests - 1));
    this.#rests += 1;
    this.#identify();
    this.#host.renamed(this, before);
    const retry: RetryRule = { kind: 'after', seconds: Math.max(waitS, pauseS) };
    this.#newUsage().step(now, 'rest', { retry });
  }

  #identify(): void {
    const { random } = this.#ports.options;
    this.#callId = random.token(callIdLength);
    this.#localTag = random.token(tagLength);
    this.#target = this.#original;
    this.#requestedS = this.#request.expiresS;
    this.#sequence = 0;
    this.#redirects = 0;
    this.#hasHeardMinimum = false;
    this.#reached = undefined;
  }

  #newUsage(): Usage {
    const usage = new Usage(this.#ports, this);
    this.#usages.push(usage);
    return usage;
  }

  /** Takes a usage out; true where others go on. */
  #remove(usage: Usage): boolean {
    this.#usages = this.#usages.filter((each) => each !== usage);
    return this.#usages.length > 0;
  }

  /** The usage that a NOTIFY with an unknown tag belongs to (RFC 6665 §4.4.1); undefined: to none. */
  #usageFor(now: MonoMs): Usage | undefined {
    const unbound = this.#usages.find(({ dialog, state }) => dialog === undefined && waits.has(state));
    if (unbound !== undefined) return unbound;
    const { limits } = this.#ports.options;
    const mayFork = this.#request.forks === 'all' && now < this.#forksUntil;
    if (!mayFork || this.#usages.length >= limits.dialogsPerSubscriptionMax) return undefined;
    return new Usage(this.#ports, this);
  }

  #isTooFast(now: MonoMs): boolean {
    if (now - this.#windowStart >= 1_000) {
      this.#windowStart = now;
      this.#windowCount = 0;
    }
    this.#windowCount += 1;
    return this.#windowCount > this.#ports.options.limits.notifiesPerSecondMax;
  }

  #makeDialog(request: SipRequest): Dialog {
    const recorded = recordRoutes(request);
    const sequence = cseq(request);
    const contact = contacts(request);
    return new Dialog({
      callId: this.#callId,
      localAddress: this.#fromValue(),
      remoteAddress: headerValue(request, 'from') ?? '',
      remoteTag: remoteTagOf(request),
      // Of the NOTIFY, not of the 200, and in its order (RFC 6665 §4.4.1, RFC 3261 §12.1.1).
      routeSet: recorded.ok ? recorded.value : [],
      remoteTarget: (contact.ok ? contact.value[0]?.uriText : undefined) ?? this.#target.raw,
      localSequence: this.#sequence,
      remoteSequence: sequence.ok ? sequence.value.sequence : undefined,
    });
  }

  #common(): Pick<SubscribeParts, 'from' | 'callId' | 'event' | 'accept'> {
    const { event, accept } = this.#request;
    return { from: this.#fromValue(), callId: this.#callId, event, accept };
  }

  #fromValue(): string {
    return `<${this.#ports.options.fromUri}>;tag=${this.#localTag}`;
  }

  #onFirstOutcome(now: MonoMs, usage: Usage, outcome: ExchangeOutcome): void {
    if (outcome.kind !== 'response') {
      usage.step(now, 'silent', { failure: outcome, text: outcome.detail });
      return;
    }
    const { response, destination } = outcome;
    const { statusCode } = response;
    if (statusCode < 300) {
      this.#reached = destination;
      const to = toHeader(response);
      const tag = to.ok ? to.value.tag : undefined;
      const named = this.#usages.find(({ dialog }) => dialog?.remoteTag === tag);
      named?.dialog?.refreshTarget(response);
      (named ?? usage).step(now, 'accepted', { durationS: secondsOf(response, 'expires') });
      return;
    }
    const mayAskAgain = usage.state === 'notifyWait' || usage.state === 'polling';
    if (mayAskAgain && (this.#takesMinimum(response) || this.#takesRedirect(response))) {
      this.sendSubscribe(now, usage);
      return;
    }
    const failure = { kind: 'refused', statusCode, detail: response.reasonPhrase } as const;
    usage.step(now, 'refused', { failure, text: `${statusCode} ${response.reasonPhrase}` });
  }

  #onLaterOutcome(now: MonoMs, usage: Usage, expiresS: number, outcome: ExchangeOutcome): void {
    if (outcome.kind !== 'response') {
      // What could not be handed over says nothing about the subscription; silence does (RFC 3261 §12.2.1.2).
      usage.step(now, outcome.kind === 'silent' ? 'refreshGone' : 'refreshFailed', { text: outcome.detail });
      return;
    }
    const { response } = outcome;
    const { statusCode } = response;
    if (statusCode < 300) {
      usage.dialog?.refreshTarget(response);
      const durationS = secondsOf(response, 'expires') ?? (expiresS > 0 ? expiresS : undefined);
      usage.step(now, statusCode === 204 ? 'unchanged' : 'refreshed', { durationS });
    } else if (expiresS > 0 && this.#takesMinimum(response)) {
      this.sendInDialog(now, usage, this.#requestedS);
    } else {
      const text = `${statusCode} ${response.reasonPhrase}`;
      usage.step(now, goneBy.has(statusCode) ? 'refreshGone' : 'refreshFailed', { text });
    }
  }

  /** RFC 6665 §4.2.1.1, RFC 3261 §21.4.17: 423 says how long it must be. Once, and within reason. */
  #takesMinimum(response: SipResponse): boolean {
    const minimumS = response.statusCode === 423 ? secondsOf(response, 'minExpires') : undefined;
    const { expiresMaxS } = this.#ports.options.limits;
    if (minimumS === undefined || this.#hasHeardMinimum) return false;
    if (minimumS <= this.#requestedS || minimumS > expiresMaxS) return false;
    this.#hasHeardMinimum = true;
    this.#requestedS = minimumS;
    return true;
  }

  /** RFC 3261 §8.1.3.4: the first contact that may be asked. Neither from SIPS to SIP (RFC 5630 §5.3) nor without end. */
  #takesRedirect(response: SipResponse): boolean {
    const { limits, mayFollow } = this.#ports.options;
    if (response.statusCode >= 400 || this.#redirects >= limits.redirectsMax) return false;
    const named = contacts(response);
    for (const contact of named.ok ? named.value : []) {
      const target = subscriptionTarget(contact.uriText);
      if (!target.ok || target.value.raw === this.#target.raw) continue;
      if (this.#target.scheme === 'sips' && target.value.scheme !== 'sips') continue;
      if (mayFollow?.(target.value) === false) continue;
      this.#redirects += 1;
      this.#target = target.value;
      return true;
    }
    return false;
  }
}

const waits: ReadonlySet<string> = new Set(['notifyWait', 'polling', 'leaving']);

/** RFC 6665 §4.1.2.2, and 408 by RFC 3261 §12.2.1.2: the subscription is gone. */
const goneBy: ReadonlySet<number> = new Set([
  404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604,
]);

const notifyEvents = {
  active: 'notifyActive',
  pending: 'notifyPending',
  terminated: 'notifyTerminated',
} as const satisfies Record<SubscriptionState['state'], UsageEvent>;

const endsBy: Partial<Record<UsageEvent, SubscriptionEnd>> = {
  notifyTerminated: 'terminated',
  timerN: 'silent',
  expired: 'expired',
  refreshGone: 'refused',
  refreshFailed: 'refused',
};

const noSubscription: NotifyRefusal = { statusCode: 481, detail: 'another dialog', headers: [] };
/** RFC 3261 §12.2.2. */
const outOfOrder: NotifyRefusal = { statusCode: 500, detail: 'CSeq out of order', headers: [] };

function remoteTagOf(request: SipRequest): string {
  const from = fromHeader(request);
  return (from.ok ? from.value.tag : undefined) ?? '';
}

function mediaTypeOf(request: SipRequest): string {
  return (headerValue(request, 'content-type')?.split(';')[0] ?? '').trim().toLowerCase();
}

function endText({ state, reason }: SubscriptionState): string | undefined {
  return state === 'terminated' ? `terminated by the notifier: ${reason ?? 'no reason given'}` : undefined;
}
