import { assertNever, type CodedError, type MonoMs, monoMs } from '../../base/index.ts';
import {
  callId,
  fromHeader,
  headerValues,
  reasonPhraseFor,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  toHeader,
} from '../message/index.ts';
import {
  type ClientTransaction,
  DeadlineHeap,
  type Destination,
  type EffectId,
  type Flow,
  type ResponseSpec,
  type ServerTransaction,
  type TimedMachine,
  TransactionLayer,
  type TransactionUser,
  type UnmatchedReason,
} from '../transaction/index.ts';
import { relayAck } from './ack-relay.ts';
import { answerStateless, hasRoom } from './admission.ts';
import type { Branch } from './branch.ts';
import type { ProxyCoreOptions, ProxyCounts } from './options.ts';
import type { ProxyPorts, Resolvable, SendWatcher } from './ports.ts';
import { ResponseContext } from './response-context.ts';
import { isInDialog, type RouteView } from './route-view.ts';
import { makeRouting } from './routing.ts';
import type { ProxyEffect, ProxyInput, ResolveQuery } from './types.ts';
import { reasonText, refusal } from './validate.ts';

/**
 * A transaction-stateful, record-routing proxy (RFC 3261 §16) without any I/O: inputs in, effects out. Requests within a
 * dialog go on by their routes alone, so that any node can carry them; about every other one the driver is asked.
 */
export class ProxyCore implements TransactionUser<Branch, ResponseContext | undefined> {
  readonly #options: ProxyCoreOptions;
  readonly #layer: TransactionLayer<Branch, ResponseContext | undefined>;
  readonly #heap = new DeadlineHeap<TimedMachine<string>>();
  readonly #ports: ProxyPorts;
  readonly #contexts = new Set<ResponseContext>();
  readonly #deciding = new Map<EffectId, ResponseContext>();
  readonly #resolving = new Map<EffectId, Resolvable>();
  readonly #watched = new Map<EffectId, SendWatcher>();
  #effects: ProxyEffect[] = [];

  constructor(options: ProxyCoreOptions) {
    this.#options = options;
    this.#layer = new TransactionLayer({ timers: options.timers, user: this });
    this.#ports = this.#makePorts();
  }

  /** Takes one input; the effects are to be carried out in order before the next. */
  handle(now: MonoMs, input: ProxyInput): readonly ProxyEffect[] {
    switch (input.kind) {
      case 'message':
        this.#receive(now, input.message, input.flow);
        break;
      case 'decided': {
        const context = this.#deciding.get(input.id);
        this.#deciding.delete(input.id);
        context?.decided(now, input.decision);
        break;
      }
      case 'retarget':
        for (const context of this.#contexts) {
          if (context.upstream.isAbout(input.id)) context.retarget(now, input.targets);
        }
        break;
      case 'resolved': {
        const asker = this.#resolving.get(input.id);
        this.#resolving.delete(input.id);
        asker?.resolved(now, input.result);
        break;
      }
      case 'sendFailed':
        this.#sendFailed(now, input.id, input.error);
        break;
      default:
        assertNever(input);
    }
    return this.#takeEffects();
  }

  /** Lets every deadline pass that is due by `now`, in order. */
  advance(now: MonoMs): readonly ProxyEffect[] {
    for (;;) {
      const own = this.#heap.peek();
      const ownAt = own?.dueAt ?? Number.POSITIVE_INFINITY;
      const layerAt = this.#layer.nextDeadline() ?? Number.POSITIVE_INFINITY;
      if (Math.min(ownAt, layerAt) > now) return this.#takeEffects();
      if (own !== undefined && ownAt < layerAt) own.fireDue(now);
      else this.#layer.advance(now, monoMs(layerAt));
    }
  }

  /** When `advance` has something to do next. */
  nextDeadline(): MonoMs | undefined {
    const own = this.#heap.peek();
    const layerAt = this.#layer.nextDeadline();
    if (own === undefined) return layerAt;
    return layerAt === undefined ? monoMs(own.dueAt) : monoMs(Math.min(own.dueAt, layerAt));
  }

  /** What is open. */
  counts(): ProxyCounts {
    const { clients, servers, timers } = this.#layer.counts();
    return {
      clientTransactions: clients,
      serverTransactions: servers,
      contexts: this.#contexts.size,
      questions: this.#deciding.size + this.#resolving.size,
      deadlines: timers + this.#heap.size,
      dialogs: this.#ports.dialogs?.size ?? 0,
    };
  }

  // The transaction layer's calls.

  send(id: EffectId, bytes: Buffer, destination: Destination): void {
    this.#effects.push({ kind: 'send', id, bytes, destination });
  }

  onRequest(now: MonoMs, request: SipRequest, flow: Flow): void {
    if (request.method === 'CANCEL') {
      this.#onCancel(now, request, flow);
      return;
    }
    const view = this.#ports.view(now, request, flow);
    const followsDialog = isInDialog(view);
    if (!hasRoom(this.#ports, view, flow)) {
      const retryAfter = { name: 'Retry-After', value: String(this.#options.limits.retryAfterS) };
      answerStateless(this.#ports, request, flow, { statusCode: 503, headers: [retryAfter] });
      this.#ports.discard('overload', request.method);
      return;
    }
    const refused = refusal(view, flow, this.#ports.own, this.#options);
    if (refused !== undefined) {
      this.#refuse(now, request, flow, refused);
      return;
    }
    const context = new ResponseContext(this.#ports, view, flow);
    if (!context.begin(now, request)) return;
    this.#contexts.add(context);
    if (followsDialog) {
      this.#tellInDialog(view, flow);
      context.followDialog(now);
    } else context.askDecision(now);
  }

  onAck(now: MonoMs, request: SipRequest, flow: Flow): void {
    relayAck(this.#ports, now, request, flow);
  }

  onResponse(now: MonoMs, transaction: ClientTransaction<Branch>, response: SipResponse): void {
    if (transaction.method !== 'CANCEL') transaction.owner.onResponse(now, response);
  }

  onClientFailure(
    now: MonoMs,
    transaction: ClientTransaction<Branch>,
    failure: { readonly kind: 'timeout' } | { readonly kind: 'transport'; readonly error: CodedError },
  ): void {
    if (transaction.method === 'CANCEL') return;
    transaction.owner.onFailure(now, failure.kind === 'transport' ? failure.error : undefined);
  }

  onServerFailure(
    _now: MonoMs,
    _transaction: ServerTransaction<ResponseContext | undefined>,
    kind: 'ackMissing' | 'transport',
  ): void {
    // RFC 3261 §16.9: a response that cannot be sent is dropped, and nothing is cancelled for it.
    this.#ports.discard(kind === 'ackMissing' ? 'no ACK' : 'response not sent', '');
  }

  onClientEnd(_now: MonoMs, transaction: ClientTransaction<Branch>): void {
    transaction.owner.context.release();
  }

  onServerEnd(_now: MonoMs, transaction: ServerTransaction<ResponseContext | undefined>): void {
    transaction.owner?.release();
  }

  onUnmatched(_now: MonoMs, message: SipMessage, _flow: Flow, reason: UnmatchedReason): void {
    const what = message.kind === 'request' ? message.method : String(message.statusCode);
    this.#ports.discard(reason, what);
  }

  #receive(now: MonoMs, message: SipMessage, flow: Flow): void {
    const fatal = message.defects.find((defect) => defect.severity === 'fatal');
    if (fatal === undefined) {
      this.#layer.receive(now, message, flow);
      return;
    }
    this.#ports.discard('fatal defect', fatal.code);
    if (message.kind !== 'request' || message.method === 'ACK') return;
    const reasonPhrase = reasonText(message, 'fatal') ?? reasonPhraseFor(fatal.statusCode);
    answerStateless(this.#ports, message, flow, { statusCode: fatal.statusCode, reasonPhrase });
  }

  /** RFC 3261 §16.10: the CANCEL is answered here and now; each branch gets a CANCEL of its own. §9.2: 200 for any method. */
  #onCancel(now: MonoMs, cancel: SipRequest, flow: Flow): void {
    const cancelled = this.#layer.cancelled(cancel);
    if (cancelled === undefined) {
      this.#refuse(now, cancel, flow, { statusCode: 481 });
      return;
    }
    const toTag = cancelled.owner?.upstream.toTag ?? this.#options.random.token(10);
    const transaction = this.#layer.accept(now, cancel, flow, undefined);
    if (transaction === undefined) return;
    this.#layer.reply(now, transaction, this.#ports.ownResponse({ statusCode: 200 }, toTag));
    if (!cancelled.isInvite) return;
    let headerLines = '';
    for (const value of headerValues(cancel, 'reason')) headerLines += `Reason: ${value}\r\n`;
    cancelled.owner?.cancel(now, headerLines);
  }

  #refuse(now: MonoMs, request: SipRequest, flow: Flow, spec: ResponseSpec): void {
    const transaction = this.#layer.accept(now, request, flow, undefined);
    if (transaction === undefined) return;
    const toTag = this.#options.random.token(10);
    this.#layer.reply(now, transaction, this.#ports.ownResponse(spec, toTag));
    this.#ports.discard('refused', `${spec.statusCode} ${request.method}`);
  }

  /** An ACK that has another address tries that one. */
  #sendFailed(now: MonoMs, id: EffectId, error: CodedError): void {
    if (this.#layer.sendFailed(now, id, error)) return;
    const watcher = this.#watched.get(id);
    this.#watched.delete(id);
    if (watcher === undefined) this.#ports.discard('send failed', error.message);
    else watcher.sendFailed(now, error.message);
  }

  #tellInDialog(view: RouteView, flow: Flow): void {
    const { request } = view;
    const from = fromHeader(request);
    const to = toHeader(request);
    this.#effects.push({
      kind: 'event',
      event: {
        kind: 'inDialog',
        method: request.method,
        callId: callId(request) ?? '',
        fromTag: from.ok ? from.value.tag : undefined,
        toTag: to.ok ? to.value.tag : undefined,
        isEmergency: view.isEmergency || undefined,
        request,
        flow,
      },
    });
  }

  #takeEffects(): readonly ProxyEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #makePorts(): ProxyPorts {
    const options = this.#options;
    const emit = (effect: ProxyEffect): void => {
      this.#effects.push(effect);
    };
    return {
      options,
      ...makeRouting(options),
      layer: this.#layer,
      heap: this.#heap,
      emit,
      askAddresses: (query: ResolveQuery, asker: Resolvable) => {
        const id = this.#layer.newId();
        this.#resolving.set(id, asker);
        emit({ kind: 'resolve', id, query });
        return id;
      },
      askDecision: (context, request, deadline) => {
        const id = this.#layer.newId();
        this.#deciding.set(id, context);
        emit({ kind: 'decide', id, request, flow: context.flow, deadline });
        return id;
      },
      forget: (id) => {
        this.#deciding.delete(id);
        this.#resolving.delete(id);
        emit({ kind: 'forget', id });
      },
      sendWatched: (bytes, destination, watcher) => {
        const id = this.#layer.newId();
        this.#watched.set(id, watcher);
        this.send(id, bytes, destination);
        return id;
      },
      stopWatching: (id) => {
        this.#watched.delete(id);
      },
      contextEnded: (context) => {
        this.#contexts.delete(context);
      },
      ownResponse: (spec, toTag) => withServer(spec, toTag, options.serverName),
      discard: (reason, detail) => emit({ kind: 'event', event: { kind: 'discarded', reason, detail } }),
    };
  }
}

function withServer(spec: ResponseSpec, toTag: string, serverName: string | undefined): ResponseSpec {
  const reasonPhrase = spec.reasonPhrase ?? reasonPhraseFor(spec.statusCode);
  const headers = spec.headers ?? [];
  return {
    ...spec,
    toTag,
    reasonPhrase,
    headers: serverName === undefined ? headers : [...headers, { name: 'Server', value: serverName }],
  };
}
