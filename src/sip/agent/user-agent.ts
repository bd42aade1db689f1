import { type MonoMs, monoMs } from '../../base/index.ts';
import { callId, cseq, fromHeader, type SipRequest, toHeader } from '../message/index.ts';
import {
  bareHost,
  DeadlineHeap,
  type Destination,
  defaultPort,
  type EffectId,
  type Flow,
  isAddress,
  type Listener,
  TransactionLayer,
  type TransactionUser,
} from '../transaction/index.ts';
import { extensionRefusal, simpleAnswer } from './answers.ts';
import { IncomingCall } from './incoming-call.ts';
import { OutgoingCall } from './outgoing-call.ts';
import type { AgentPorts, AgentServer, Alarm, ClientUse, DialogUser, ServerUse } from './ports.ts';
import type {
  AgentEffect,
  AgentEvent,
  AgentInput,
  HopQuery,
  InDialogRequest,
  ResolvedHop,
  UserAgentOptions,
} from './types.ts';

const tagLength = 12;

/**
 * A small user agent: places calls, takes calls, answers OPTIONS. No sockets and no clock: inputs and moments come in,
 * effects go out in order.
 */
export class UserAgent {
  readonly #options: UserAgentOptions;
  readonly #layer: TransactionLayer<ClientUse, ServerUse>;
  readonly #ports: AgentPorts;
  readonly #alarms = new DeadlineHeap<Alarm>();
  /** Calls by Call-ID and our tag: what a message inside of a dialog names. */
  readonly #calls = new Map<string, DialogUser>();
  /** Incoming calls by Call-ID, the caller's tag and its CSeq number, to tell a merged request (RFC 3261 §8.2.2.2). */
  readonly #incoming = new Map<string, IncomingCall>();
  readonly #resolving = new Map<EffectId, (now: MonoMs, found: ResolvedHop) => void>();
  #effects: AgentEffect[] = [];
  #now: MonoMs = monoMs(0);

  constructor(options: UserAgentOptions) {
    this.#options = options;
    this.#layer = new TransactionLayer({ timers: options.timers, user: this.#transactionUser() });
    this.#ports = this.#makePorts();
  }

  /** Takes one input and gives what is to be done for it, in order. */
  handle(now: MonoMs, input: AgentInput): readonly AgentEffect[] {
    this.#now = now;
    switch (input.kind) {
      case 'message':
        this.#report('in', input.message.bytes, input.flow);
        if (input.message.defects.every((defect) => defect.severity !== 'fatal')) {
          this.#layer.receive(now, input.message, input.flow);
        }
        break;
      case 'resolved': {
        const then = this.#resolving.get(input.id);
        this.#resolving.delete(input.id);
        then?.(now, input.result);
        break;
      }
      case 'sendFailed':
        this.#layer.sendFailed(now, input.id, input.error);
        break;
      case 'call':
        new OutgoingCall(this.#ports, input.call).start(now);
        break;
      case 'hangUp':
        for (const call of this.#callsNamed(input.callId)) call.hangUp(now);
        break;
      case 'request':
        this.#request(now, input.request);
    }
    return this.#takeEffects();
  }

  /** Lets every timer fire that is due. */
  advance(now: MonoMs): readonly AgentEffect[] {
    this.#now = now;
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

  /** What is open: all zero once every call has ended and its last transaction timer has fired. */
  counts(): {
    readonly calls: number;
    readonly alarms: number;
    readonly transactions: number;
    readonly questions: number;
  } {
    return {
      calls: this.#calls.size,
      alarms: this.#alarms.size,
      transactions: this.#layer.size,
      questions: this.#resolving.size,
    };
  }

  #request(now: MonoMs, request: InDialogRequest): void {
    const isSent = this.#callsNamed(request.callId).some((call) => call.request(now, request));
    if (isSent) return;
    const { callId: named, method } = request;
    this.#emit({ kind: 'response', callId: named, at: now, method, statusCode: 481 });
  }

  #callsNamed(name: string): readonly DialogUser[] {
    return [...this.#calls.values()].filter((call) => call.callId === name);
  }

  #onRequest(now: MonoMs, request: SipRequest, flow: Flow): void {
    if (request.method === 'CANCEL') {
      this.#onCancel(now, request, flow);
      return;
    }
    const toTag = tagOf(toHeader(request));
    const call = toTag === undefined ? undefined : this.#calls.get(keyOf(callId(request), toTag));
    const transaction = this.#layer.accept(now, request, flow, { call: undefined });
    if (transaction === undefined) return;
    if (call !== undefined) call.onRequest(now, request, transaction);
    else if (toTag !== undefined) this.#layer.reply(now, transaction, { statusCode: 481 });
    else this.#onNewRequest(now, request, transaction);
  }

  #onCancel(now: MonoMs, request: SipRequest, flow: Flow): void {
    const cancelled = this.#layer.cancelled(request);
    const transaction = this.#layer.accept(now, request, flow, { call: undefined });
    if (transaction === undefined) return;
    const call = cancelled?.owner.call;
    this.#layer.reply(now, transaction, {
      statusCode: cancelled === undefined ? 481 : 200,
      toTag: call?.localTag ?? this.#options.random.token(tagLength),
    });
    if (cancelled?.isInvite === true) call?.onCancel(now);
  }

  #onNewRequest(now: MonoMs, request: SipRequest, transaction: AgentServer): void {
    const refusal = extensionRefusal(request);
    const toTag = this.#options.random.token(tagLength);
    if (refusal !== undefined) this.#layer.reply(now, transaction, { ...refusal, toTag });
    else if (request.method === 'INVITE') this.#onInvite(now, request, transaction, toTag);
    else if (request.method === 'BYE' || request.method === 'UPDATE') {
      this.#layer.reply(now, transaction, { statusCode: 481, toTag });
    } else this.#layer.reply(now, transaction, { ...simpleAnswer(request.method), toTag });
  }

  #onInvite(now: MonoMs, request: SipRequest, transaction: AgentServer, localTag: string): void {
    const name = callId(request) ?? '';
    const peerKey = peerKeyOf(request);
    if (this.#incoming.has(peerKey)) {
      this.#layer.reply(now, transaction, { statusCode: 482, toTag: localTag });
      return;
    }
    const { answer } = this.#options;
    const plan = typeof answer === 'function' ? answer(request) : answer;
    const call = new IncomingCall(this.#ports, {
      callId: name,
      localTag,
      peerKey,
      request,
      invite: transaction,
      plan,
    });
    transaction.owner.call = call;
    this.#incoming.set(peerKey, call);
    this.#emit({ kind: 'incoming', callId: name, at: now, request });
    this.#layer.deferTrying(now, transaction);
    call.start(now);
  }

  #emit(event: AgentEvent): void {
    this.#effects.push({ kind: 'event', event });
  }

  #takeEffects(): readonly AgentEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #send(id: EffectId, bytes: Buffer, destination: Destination): void {
    this.#report('out', bytes, destination);
    this.#effects.push({ kind: 'send', id, bytes, destination });
  }

  #report(direction: 'in' | 'out', bytes: Buffer, where: Flow | Destination): void {
    if (!this.#options.reportMessages) return;
    const lineEnd = bytes.indexOf('\r\n');
    const startLine = bytes.toString('latin1', 0, lineEnd < 0 ? bytes.length : lineEnd);
    const { transport, remote } = where;
    this.#emit({ kind: 'message', direction, at: this.#now, bytes, startLine, transport, peer: remote });
  }

  #resolve(now: MonoMs, query: HopQuery, then: (now: MonoMs, found: ResolvedHop) => void): void {
    const transport = query.transport ?? (query.isSecure ? 'tls' : 'udp');
    const address = bareHost(query.host);
    if (isAddress(address)) {
      const remote = { address, port: query.port ?? defaultPort(transport) };
      const destination: Destination = { transport, remote, connectionId: undefined, local: undefined };
      then(now, { kind: 'addresses', destinations: [destination] });
      return;
    }
    const id = this.#layer.newId();
    this.#resolving.set(id, then);
    this.#effects.push({ kind: 'resolve', id, query });
  }

  #listenerFor(destination: Destination): Listener | undefined {
    const { transport, remote, local } = destination;
    const isIpv6 = remote.address.includes(':');
    const fitting = this.#options.listeners.filter(
      (listener) => listener.transport === transport && listener.local.address.includes(':') === isIpv6,
    );
    const named = fitting.find(
      (listener) => listener.local.port === local?.port && listener.local.address === local.address,
    );
    return named ?? fitting[0];
  }

  #makePorts(): AgentPorts {
    return {
      options: this.#options,
      layer: this.#layer,
      emit: (event) => this.#emit(event),
      sendOnce: (_now, bytes, destination) => this.#send(this.#layer.newId(), bytes, destination),
      setAlarm: (alarm, at) => this.#alarms.set(alarm, at),
      clearAlarm: (alarm) => this.#alarms.remove(alarm),
      resolve: (now, query, then) => this.#resolve(now, query, then),
      listenerFor: (destination) => this.#listenerFor(destination),
      add: (call) => this.#calls.set(keyOf(call.callId, call.localTag), call),
      remove: (call) => {
        this.#calls.delete(keyOf(call.callId, call.localTag));
        if (call instanceof IncomingCall) this.#incoming.delete(call.peerKey);
      },
    };
  }

  #transactionUser(): TransactionUser<ClientUse, ServerUse> {
    return {
      send: (id, bytes, destination) => this.#send(id, bytes, destination),
      onRequest: (now, request, flow) => this.#onRequest(monoMs(now), request, flow),
      onAck: (now, ack) => {
        const toTag = tagOf(toHeader(ack));
        if (toTag !== undefined) this.#calls.get(keyOf(callId(ack), toTag))?.onAck(monoMs(now), ack);
      },
      onResponse: (now, transaction, response) =>
        transaction.owner.onResponse(monoMs(now), response, transaction),
      onClientFailure: (now, transaction, failure) => {
        const detail = failure.kind === 'transport' ? failure.error.message : 'no response';
        transaction.owner.onFailure(monoMs(now), failure.kind, detail);
      },
      // Responses are repeated by their machines and callers hang up what they do not hear of.
      onServerFailure: () => undefined,
      onClientEnd: () => undefined,
      onServerEnd: () => undefined,
      onUnmatched: () => undefined,
    };
  }
}

function keyOf(name: string | undefined, tag: string): string {
  return `${name ?? ''} ${tag}`;
}

function peerKeyOf(request: SipRequest): string {
  const sequence = cseq(request);
  return `${callId(request) ?? ''} ${tagOf(fromHeader(request)) ?? ''} ${sequence.ok ? sequence.value.sequence : ''}`;
}

function tagOf(address: ReturnType<typeof toHeader>): string | undefined {
  return address.ok ? address.value.tag : undefined;
}
