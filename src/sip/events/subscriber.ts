import {
  after,
  assert,
  type CodedError,
  err,
  type MonoMs,
  monoMs,
  ok,
  type Result,
} from '../../base/index.ts';
import { callId, type SipMessage, type SipRequest, topVia } from '../message/index.ts';
import {
  DeadlineHeap,
  type Destination,
  type EffectId,
  type Flow,
  type Listener,
  magicCookie,
  type ResolveQuery,
  TransactionLayer,
  type TransactionUser,
} from '../transaction/index.ts';
import type { SipUri } from '../uri/index.ts';
import { eventError } from './errors.ts';
import { type NotifyRefusal, namesOf, requestRefusal } from './notify.ts';
import { type EventName, eventOf, isSameEvent, parseEvent, subscriptionTarget } from './parse.ts';
import { type Alarm, type ClientUse, newAlarm, type SubscriberPorts } from './ports.ts';
import { Subscription } from './subscription.ts';
import type {
  ResolvedDestinations,
  SubscriberCounts,
  SubscriberEffect,
  SubscriberEvent,
  SubscriberInput,
  SubscriberOptions,
  SubscriptionFailure,
  SubscriptionRequest,
} from './types.ts';

const nameLength = 10;
const toTagLength = 12;

type Then = (now: MonoMs, found: ResolvedDestinations) => void;

/**
 * The subscriber half of RFC 6665 for any event package: makes, refreshes and ends subscriptions, and takes their NOTIFYs.
 * No sockets and no clock: inputs and moments come in, effects go out in order.
 */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #layer: TransactionLayer<ClientUse, undefined>;
  readonly #ports: SubscriberPorts;
  readonly #contactMark: string;
  readonly #alarms = new DeadlineHeap<Alarm>();
  readonly #byId = new Map<string, Subscription>();
  readonly #byCallId = new Map<string, Subscription>();
  readonly #questions = new Map<EffectId, { readonly then: Then; readonly overdue: Alarm }>();
  readonly #counts = { subscribesSent: 0, notifiesTaken: 0, notifiesRefused: 0, strangers: 0 };
  #effects: SubscriberEffect[] = [];

  constructor(options: SubscriberOptions) {
    assert(options.packages.length > 0, 'a subscriber knows at least one event package');
    this.#options = options;
    this.#layer = new TransactionLayer({ timers: options.timers, user: this.#transactionUser() });
    const name = options.random.token(nameLength);
    this.#contactMark = `:ev${name}@`;
    this.#ports = this.#makePorts(name);
  }

  /**
   * Whether a message is this subscriber's, where others use the same sockets: a response to a branch of ours, a request to
   * our Contact, or a NOTIFY with a Call-ID of ours.
   */
  isForSubscriber(message: SipMessage): boolean {
    if (message.kind === 'response') {
      const via = topVia(message);
      return via.ok && via.value.branch?.startsWith(this.#ports.branchPrefix) === true;
    }
    if (message.requestUri.includes(this.#contactMark)) return true;
    return message.method === 'NOTIFY' && this.#byCallId.has(callId(message) ?? '');
  }

  /** Takes one input and gives what is to be done for it, in order. */
  handle(now: MonoMs, input: SubscriberInput): readonly SubscriberEffect[] {
    switch (input.kind) {
      case 'message':
        if (input.message.defects.every(({ severity }) => severity !== 'fatal')) {
          this.#layer.receive(now, input.message, input.flow);
        } else this.#counts.strangers += 1;
        break;
      case 'resolved': {
        const question = this.#questions.get(input.id);
        this.#questions.delete(input.id);
        if (question === undefined) break;
        this.#alarms.remove(question.overdue);
        question.then(now, input.result);
        break;
      }
      case 'sendFailed':
        this.#layer.sendFailed(now, input.id, input.error);
        break;
      case 'subscribe':
        this.#subscribe(now, input.subscription);
        break;
      case 'refresh':
        this.#byId.get(input.id)?.refresh(now);
        break;
      case 'unsubscribe':
        this.#byId.get(input.id)?.unsubscribe(now);
    }
    return this.#takeEffects();
  }

  /** Lets every timer fire that is due: those of transactions first, since a timeout leads to the next address. */
  advance(now: MonoMs): readonly SubscriberEffect[] {
    this.#layer.advance(now);
    for (;;) {
      const first = this.#alarms.peek();
      if (first === undefined || first.dueAt > now) break;
      this.#alarms.remove(first);
      first.run(now);
    }
    return this.#takeEffects();
  }

  /** When `advance` has something to do next. */
  nextDeadline(): MonoMs | undefined {
    const layer = this.#layer.nextDeadline();
    const alarm = this.#alarms.peek();
    if (alarm === undefined) return layer;
    return layer === undefined || alarm.dueAt < layer ? monoMs(alarm.dueAt) : layer;
  }

  /** What is open, and what was done so far. */
  counts(): SubscriberCounts {
    let dialogs = 0;
    for (const subscription of this.#byId.values()) dialogs += subscription.dialogCount;
    const { clients, servers, timers } = this.#layer.counts();
    return {
      subscriptions: this.#byId.size,
      dialogs,
      transactions: clients + servers,
      timers,
      questions: this.#questions.size,
      alarms: this.#alarms.size,
      ...this.#counts,
    };
  }

  #subscribe(now: MonoMs, request: SubscriptionRequest): void {
    const fail = (failure: SubscriptionFailure): void =>
      this.#ports.emit({ kind: 'failed', id: request.id, at: now, failure });
    const { subscriptionsMax } = this.#options.limits;
    if (this.#byId.size >= subscriptionsMax) {
      fail({ kind: 'overload', detail: `${subscriptionsMax} subscriptions are open` });
      return;
    }
    const usable = this.#check(request);
    if (!usable.ok) {
      fail({ kind: 'unusable', detail: usable.error.message });
      return;
    }
    const subscription = new Subscription(this.#ports, this.#host, { request, ...usable.value });
    this.#byId.set(subscription.id, subscription);
    this.#byCallId.set(subscription.callId, subscription);
    subscription.start(now);
  }

  #check(
    request: SubscriptionRequest,
  ): Result<{ readonly target: SipUri; readonly event: EventName }, CodedError> {
    const target = subscriptionTarget(request.target);
    if (!target.ok) return target;
    const event = parseEvent(request.event);
    if (!event.ok) return event;
    if (!this.#options.packages.some((name) => name.toLowerCase() === event.value.name)) {
      return err(eventError('events.header', `the package ${event.value.name} is not known`));
    }
    if (this.#byId.has(request.id)) return err(eventError('events.target', `${request.id} is taken`));
    return ok({ target: target.value, event: event.value });
  }

  #onRequest(now: MonoMs, request: SipRequest, flow: Flow): void {
    if (request.method === 'CANCEL') {
      this.#onCancel(now, request, flow);
      return;
    }
    const transaction = this.#layer.accept(now, request, flow, undefined);
    if (transaction === undefined) return;
    const answer = ({ statusCode, headers }: NotifyRefusal): void => {
      this.#counts.notifiesRefused += 1;
      const toTag = this.#options.random.token(toTagLength);
      this.#layer.reply(now, transaction, { statusCode, headers, toTag });
    };
    const refusal = requestRefusal(request, this.#options.packages);
    if (refusal !== undefined) {
      answer(refusal);
      return;
    }
    const subscription = this.#subscriptionOf(request);
    if (subscription === undefined) {
      this.#counts.strangers += 1;
      answer({ statusCode: 481, detail: 'no such subscription', headers: [] });
      return;
    }
    const verdict = subscription.judge(now, request);
    if (verdict.kind === 'taken') {
      this.#counts.notifiesTaken += 1;
      this.#layer.reply(now, transaction, { statusCode: 200 });
      subscription.take(now, request, verdict.usage, verdict.state);
      return;
    }
    answer(verdict.refusal);
    const { statusCode, detail } = verdict.refusal;
    if (statusCode === 481) return;
    this.#ports.emit({ kind: 'notifyRefused', id: subscription.id, at: now, statusCode, detail });
    if (verdict.usage !== undefined) subscription.terminated(now, verdict.usage);
  }

  /** RFC 6665 §4.6: a CANCEL of a NOTIFY is answered, and has no effect. */
  #onCancel(now: MonoMs, request: SipRequest, flow: Flow): void {
    const cancelled = this.#layer.cancelled(request);
    const transaction = this.#layer.accept(now, request, flow, undefined);
    if (transaction === undefined) return;
    const toTag = this.#options.random.token(toTagLength);
    this.#layer.reply(now, transaction, { statusCode: cancelled === undefined ? 481 : 200, toTag });
  }

  #subscriptionOf(request: SipRequest): Subscription | undefined {
    const names = namesOf(request);
    const subscription = this.#byCallId.get(names.callId);
    const event = eventOf(request);
    if (subscription === undefined || !event.ok) return undefined;
    const isSame = names.tag === subscription.localTag && isSameEvent(event.value, subscription.event);
    return isSame ? subscription : undefined;
  }

  #takeEffects(): readonly SubscriberEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #resolve(now: MonoMs, query: ResolveQuery, then: Then): void {
    const id = this.#layer.newId();
    const overdue = newAlarm((later) => {
      this.#questions.delete(id);
      then(later, { kind: 'failed', error: eventError('events.noAddress', query.host) });
    });
    this.#questions.set(id, { then, overdue });
    this.#alarms.set(overdue, after(now, this.#options.resolveTimeoutMs));
    this.#effects.push({ kind: 'resolve', id, query });
  }

  /** A listener of the transport and family; one on loopback for loopback alone, since nothing else can answer it. */
  #listenerFor({ transport, remote, local }: Destination): Listener | undefined {
    const isIpv6 = remote.address.includes(':');
    const fitting = this.#options.listeners.filter(
      (listener) => listener.transport === transport && listener.local.address.includes(':') === isIpv6,
    );
    const named = fitting.find(
      (listener) => listener.local.port === local?.port && listener.local.address === local.address,
    );
    const likely = fitting.find(
      (listener) => isLoopback(listener.local.address) === isLoopback(remote.address),
    );
    return named ?? likely ?? fitting[0];
  }

  readonly #host = {
    renamed: (subscription: Subscription, before: string): void => {
      this.#byCallId.delete(before);
      this.#byCallId.set(subscription.callId, subscription);
    },
    gone: (subscription: Subscription): void => {
      this.#byId.delete(subscription.id);
      this.#byCallId.delete(subscription.callId);
    },
  };

  #makePorts(name: string): SubscriberPorts {
    return {
      options: this.#options,
      branchPrefix: `${magicCookie}ev${name}`,
      contactUser: `ev${name}`,
      layer: this.#layer,
      emit: (event: SubscriberEvent) => this.#effects.push({ kind: 'event', event }),
      setAlarm: (alarm, at) => this.#alarms.set(alarm, at),
      clearAlarm: (alarm) => this.#alarms.remove(alarm),
      resolve: (now, query, then) => this.#resolve(now, query, then),
      listenerFor: (destination) => this.#listenerFor(destination),
      countSent: () => {
        this.#counts.subscribesSent += 1;
      },
    };
  }

  #transactionUser(): TransactionUser<ClientUse, undefined> {
    return {
      send: (id, bytes, destination) => this.#effects.push({ kind: 'send', id, bytes, destination }),
      onRequest: (now, request, flow) => this.#onRequest(monoMs(now), request, flow),
      onAck: () => undefined,
      onResponse: (now, transaction, response) =>
        transaction.owner.onResponse(monoMs(now), response, transaction),
      onClientFailure: (now, transaction, failure) => {
        const detail = failure.kind === 'transport' ? failure.error.message : 'no response';
        transaction.owner.onFailure(monoMs(now), failure.kind, detail, transaction);
      },
      // A notifier repeats a NOTIFY whose answer it did not get.
      onServerFailure: () => undefined,
      onClientEnd: () => undefined,
      onServerEnd: () => undefined,
      onUnmatched: () => {
        this.#counts.strangers += 1;
      },
    };
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
