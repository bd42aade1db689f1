import {
  defaultSubscriberLimits,
  Subscriber,
  type SubscriberEffect,
  type SubscriberEvent,
  type SubscriberInput,
  type SubscriberOptions,
  type SubscriptionRequest,
  type UsageStep,
} from '../../src/sip/events/index.ts';
import {
  buildRequest,
  buildResponse,
  defaultMessageLimits,
  fromHeader,
  type HeaderLine,
  headerValue,
  parseMessage,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '../../src/sip/message/index.ts';
import {
  type Destination,
  defaultTransactionTimers,
  type EffectId,
  type Endpoint,
  type Flow,
  type Listener,
  type ResolveQuery,
} from '../../src/sip/transaction/index.ts';
import { ManualClock, SeededRandom } from './manual-clock.ts';

/** Something that left. */
export interface SentMessage {
  readonly id: EffectId;
  readonly at: number;
  readonly message: SipMessage;
  readonly destination: Destination;
}

/** What a NOTIFY of the test's notifier says. */
export interface NotifyParts {
  readonly tag?: string;
  readonly sequence?: number;
  readonly state?: string | undefined;
  readonly event?: string | undefined;
  readonly contact?: string | undefined;
  readonly recordRoutes?: readonly string[];
  readonly headers?: readonly HeaderLine[];
  readonly contentType?: string | undefined;
  readonly body?: string | Buffer;
  readonly method?: string;
  /** Over what the SUBSCRIBE says. */
  readonly callId?: string;
  readonly toTag?: string | undefined;
  readonly requestUri?: string;
  readonly branch?: string;
}

export const ownAddress = '192.0.2.1';
export const notifierAddress = '198.51.100.7';

const ownListeners: readonly Listener[] = (['udp', 'tcp'] as const).map((transport) => ({
  transport,
  local: { address: ownAddress, port: 5060 },
  announced: { host: ownAddress, port: 5060 },
  ingress: 'default',
}));

/** A subscription for presence, as a call asks for it. */
export const presenceRequest: SubscriptionRequest = {
  id: 's1',
  target: `sip:caller@${notifierAddress}`,
  event: 'presence',
  accept: ['application/pidf+xml'],
  expiresS: 600,
  body: undefined,
  headers: [],
  forks: 'first',
  resubscribes: false,
};

/** A subscriber on a clock that jumps, with the other end played by the test. */
export class SubscriberHarness {
  readonly clock = new ManualClock();
  readonly subscriber: Subscriber;
  readonly sent: SentMessage[] = [];
  readonly events: SubscriberEvent[] = [];
  readonly steps: UsageStep[] = [];
  /** Questions for addresses that were not answered at once. */
  readonly questions: { readonly id: EffectId; readonly query: ResolveQuery }[] = [];
  /** Addresses by host; a host that is none of them and no address is left open. */
  readonly addresses = new Map<string, readonly string[]>();
  #branches = 0;

  constructor(options: Partial<SubscriberOptions> = {}) {
    this.subscriber = new Subscriber({
      listeners: ownListeners,
      random: new SeededRandom(1),
      timers: defaultTransactionTimers,
      limits: defaultSubscriberLimits,
      fromUri: 'sip:firstline@example.org',
      product: 'Firstline',
      packages: ['presence', 'dialog'],
      nextAddressMs: 500,
      resolveTimeoutMs: 3_000,
      onStep: (step) => this.steps.push(step),
      ...options,
    });
  }

  submit(input: SubscriberInput): void {
    this.#carryOut(this.subscriber.handle(this.clock.mono(), input));
  }

  subscribe(request: Partial<SubscriptionRequest> = {}): void {
    this.submit({ kind: 'subscribe', subscription: { ...presenceRequest, ...request } });
  }

  unsubscribe(id = 's1'): void {
    this.submit({ kind: 'unsubscribe', id });
  }

  /** Every SUBSCRIBE so far, repetitions left out. */
  subscribes(): readonly (SentMessage & { readonly message: SipRequest })[] {
    const seen = new Set<string>();
    return this.sent.flatMap((each) => {
      if (each.message.kind !== 'request') return [];
      const branch = headerValue(each.message, 'via') ?? '';
      if (seen.has(branch)) return [];
      seen.add(branch);
      return [{ ...each, message: each.message }];
    });
  }

  lastSubscribe(): SipRequest {
    const last = this.subscribes().at(-1);
    if (last === undefined) throw new Error('no SUBSCRIBE was sent');
    return last.message;
  }

  /** Status codes of our answers, in order. */
  answers(): readonly number[] {
    return this.sent.flatMap(({ message }) => (message.kind === 'response' ? [message.statusCode] : []));
  }

  lastAnswer(): SipResponse {
    const last = this.sent.findLast(({ message }) => message.kind === 'response')?.message;
    if (last?.kind !== 'response') throw new Error('nothing was answered');
    return last;
  }

  /** Answers a SUBSCRIBE, the last one unless named. */
  respond(
    statusCode: number,
    headers: readonly HeaderLine[] = [],
    parts: { readonly tag?: string; readonly to?: SipRequest } = {},
  ): void {
    const request = parts.to ?? this.lastSubscribe();
    const toTag = parts.tag ?? 'notifier';
    this.receive(buildResponse(request, { statusCode, toTag, headers }));
  }

  /** 200 with an Expires. */
  accept(expiresS = 600): void {
    this.respond(200, [
      ['Expires', String(expiresS)],
      ['Contact', `<sip:notifier@${notifierAddress}>`],
    ]);
  }

  /** A NOTIFY for the last initial SUBSCRIBE. */
  notify(parts: NotifyParts = {}): SipRequest {
    const request = this.makeNotify(parts);
    this.receive(request);
    return request;
  }

  makeNotify(parts: NotifyParts = {}): SipRequest {
    const subscribe = this.lastSubscribe();
    const from = fromHeader(subscribe);
    const ourTag = 'toTag' in parts ? parts.toTag : from.ok ? from.value.tag : undefined;
    this.#branches += 1;
    const state = 'state' in parts ? parts.state : 'active;expires=600';
    const event = 'event' in parts ? parts.event : 'presence';
    const contact = 'contact' in parts ? parts.contact : `<sip:notifier@${notifierAddress}>`;
    const body = Buffer.from(parts.body ?? '');
    const type = 'contentType' in parts ? parts.contentType : 'application/pidf+xml';
    const line = (name: string, value: string | undefined): readonly HeaderLine[] =>
      value === undefined ? [] : [[name, value]];
    const method = parts.method ?? 'NOTIFY';
    return buildRequest({
      method,
      requestUri: parts.requestUri ?? contactOf(subscribe),
      headers: [
        ['Via', `SIP/2.0/UDP ${notifierAddress};branch=${parts.branch ?? `z9hG4bKn${this.#branches}`}`],
        ['Max-Forwards', '70'],
        ...(parts.recordRoutes ?? []).map((value): HeaderLine => ['Record-Route', value]),
        ['From', `<sip:caller@example.net>;tag=${parts.tag ?? 'notifier'}`],
        ['To', `<sip:firstline@example.org>${ourTag === undefined ? '' : `;tag=${ourTag}`}`],
        ['Call-ID', parts.callId ?? headerValue(subscribe, 'call-id') ?? ''],
        ['CSeq', `${parts.sequence ?? this.#branches} ${method}`],
        ...line('Contact', contact),
        ...line('Event', event),
        ...line('Subscription-State', state),
        ...(parts.headers ?? []),
        ...(body.length === 0 ? [] : line('Content-Type', type)),
      ],
      body,
    });
  }

  receive(message: SipMessage, flow: Partial<Flow> = {}): void {
    const remote: Endpoint = { address: notifierAddress, port: 5060 };
    const local: Endpoint = { address: ownAddress, port: 5060 };
    this.submit({
      kind: 'message',
      message,
      flow: { transport: 'udp', local, remote, connectionId: undefined, ...flow },
    });
  }

  /** Answers the oldest open question. */
  resolve(addresses: readonly string[]): void {
    const question = this.questions.shift();
    if (question === undefined) throw new Error('nothing was asked');
    this.#answer(question.id, question.query, addresses);
  }

  /** Jumps from deadline to deadline until `durationMs` are over. */
  pass(durationMs: number): void {
    const end = this.clock.mono() + durationMs;
    for (let due = this.subscriber.nextDeadline(); due !== undefined && due <= end; ) {
      this.clock.advanceTo(due);
      this.#carryOut(this.subscriber.advance(this.clock.mono()));
      due = this.subscriber.nextDeadline();
    }
    this.clock.advanceTo(end);
  }

  /** Jumps from deadline to deadline until there is none; throws where that takes too many. */
  passAll(stepsMax = 10_000): void {
    for (let step = 0; step < stepsMax; step += 1) {
      const due = this.subscriber.nextDeadline();
      if (due === undefined) return;
      this.clock.advanceTo(due);
      this.#carryOut(this.subscriber.advance(this.clock.mono()));
    }
    throw new Error('the subscriber never comes to rest');
  }

  /** Kinds of the events so far. */
  kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind);
  }

  lastEvent(): SubscriberEvent | undefined {
    return this.events.at(-1);
  }

  /** What is left open; all zero at rest. */
  open(): Record<string, number> {
    const { subscriptions, dialogs, transactions, timers, questions, alarms } = this.subscriber.counts();
    return { subscriptions, dialogs, transactions, timers, questions, alarms };
  }

  #answer(id: EffectId, query: ResolveQuery, addresses: readonly string[]): void {
    const transport = query.transport ?? 'udp';
    const destinations = addresses.map(
      (address): Destination => ({
        transport,
        remote: { address, port: query.port ?? 5060 },
        connectionId: undefined,
        local: undefined,
      }),
    );
    const error = { code: 'net.nameNotFound', message: `${query.host} has no address` };
    const result =
      destinations.length > 0
        ? ({ kind: 'addresses', destinations } as const)
        : ({ kind: 'failed', error } as const);
    this.submit({ kind: 'resolved', id, result });
  }

  #carryOut(effects: readonly SubscriberEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'event') this.events.push(effect.event);
      else if (effect.kind === 'send') {
        const { id, bytes, destination } = effect;
        this.sent.push({ id, at: this.clock.mono(), message: read(bytes), destination });
      } else this.#ask(effect.id, effect.query);
    }
  }

  #ask(id: EffectId, query: ResolveQuery): void {
    const isLiteral = /^[\d.]+$|:/.test(query.host);
    const addresses = isLiteral ? [query.host] : this.addresses.get(query.host);
    if (addresses === undefined) this.questions.push({ id, query });
    else this.#answer(id, query, addresses);
  }
}

/** All zero. */
export const nothingOpen = {
  subscriptions: 0,
  dialogs: 0,
  transactions: 0,
  timers: 0,
  questions: 0,
  alarms: 0,
};

function contactOf(subscribe: SipRequest): string {
  return /<([^>]+)>/.exec(headerValue(subscribe, 'contact') ?? '')?.[1] ?? 'sip:nobody@invalid';
}

function read(bytes: Buffer): SipMessage {
  const outcome = parseMessage(bytes, { framing: 'datagram', limits: defaultMessageLimits });
  if (outcome.kind !== 'message') throw new Error('somebody sent what is not SIP');
  return outcome.message;
}
