import type { MonoMs } from '../../base/index.ts';
import { MessageDraft, type SipRequest, type SipResponse, toHeader } from '../message/index.ts';
import type { EffectId, Flow, ResponseSpec, ServerTransaction } from '../transaction/index.ts';
import { ownCopy } from './own-copy.ts';
import type { ProxyPorts } from './ports.ts';
import type { ResponseContext } from './response-context.ts';
import { promiseSessionTimer } from './session-timer.ts';
import type { ProxyEvent } from './types.ts';

type Header = { readonly name: string; readonly value: string };

/** The caller's side of a request: its server transaction, what it was sent, and the events about it. */
export class Upstream {
  /** The session interval of the forwarded request, where the caller refreshes if nobody else does (RFC 4028 §8.2). */
  promisedIntervalS: number | undefined;
  isEmergency = false;
  readonly #ports: ProxyPorts;
  #server: ServerTransaction<ResponseContext | undefined> | undefined;
  #decideId: EffectId | undefined;
  #toTag: string | undefined;
  #hasFinal = false;
  #provisionals = 0;
  #successes = 0;
  /** To tags of the 2xx passed so far: one of these again is a retransmission. */
  #answered: readonly (string | undefined)[] | undefined;

  constructor(ports: ProxyPorts) {
    this.#ports = ports;
  }

  /** Opens the server transaction; false where the request has no usable Via. An INVITE gets its 100 at once. */
  begin(now: MonoMs, request: SipRequest, flow: Flow, context: ResponseContext): boolean {
    const { layer } = this.#ports;
    this.#server = layer.accept(now, request, flow, context);
    if (this.#server === undefined) return false;
    if (this.#server.isInvite) layer.reply(now, this.#server, { statusCode: 100 });
    return true;
  }

  get hasFinal(): boolean {
    return this.#hasFinal;
  }

  get isInvite(): boolean {
    return this.#server?.isInvite === true;
  }

  get stampedVia(): string | undefined {
    return this.#server?.stampedVia;
  }

  /** A tag of ours for responses that we make, the same in each of one request (RFC 3261 §9.2). */
  get toTag(): string {
    this.#toTag ??= this.#ports.options.random.token(10);
    return this.#toTag;
  }

  /** Whether it is the request of that question. */
  isAbout(decideId: EffectId): boolean {
    return this.#decideId === decideId;
  }

  /** Names the question that events refer to; without one, a request within a dialog, there are none. */
  nameQuestion(decideId: EffectId): void {
    this.#decideId = decideId;
  }

  /** Tells an event, where somebody was asked about this request. */
  tell(make: (decideId: EffectId) => ProxyEvent): void {
    if (this.#decideId === undefined) return;
    this.#ports.emit({ kind: 'event', event: make(this.#decideId) });
  }

  /** Passes a 101 to 199 on. RFC 4320 §4.1: none but to an INVITE. */
  passProvisional(now: MonoMs, response: SipResponse): void {
    if (this.#hasFinal || !this.isInvite) return;
    this.#provisionals += 1;
    if (this.#isTooMany(this.#provisionals)) return;
    const { statusCode } = response;
    this.tell((decideId) => ({ kind: 'provisional', decideId, statusCode }));
    this.#learn(now, response);
    this.#pass(now, response, []);
  }

  /** Passes a 2xx on: each one for an INVITE, the first for another request (RFC 3261 §16.7 item 5). */
  passSuccess(now: MonoMs, response: SipResponse): void {
    if (this.#hasFinal && !this.isInvite) return;
    this.#successes += 1;
    if (this.#isTooMany(this.#successes)) return;
    this.#learn(now, response);
    this.#hasFinal = true;
    const to = toHeader(response);
    const tag = to.ok ? to.value.tag : undefined;
    if (this.#answered?.includes(tag) !== true) {
      this.#answered = [...(this.#answered ?? []), tag === undefined ? undefined : ownCopy(tag)];
      this.#tellFinal(response.statusCode, response.reasonPhrase);
    }
    this.#pass(now, response, []);
  }

  /** Passes the chosen 300 to 699 on, with the challenges of others where it is one. */
  passRefusal(now: MonoMs, response: SipResponse, challenges: readonly Header[]): void {
    if (this.#hasFinal) return;
    this.#learn(now, response);
    this.#hasFinal = true;
    this.#tellFinal(response.statusCode, response.reasonPhrase);
    this.#pass(now, response, challenges);
  }

  /** Sends a final response of our own. */
  replyFinal(now: MonoMs, spec: ResponseSpec): void {
    const { layer } = this.#ports;
    if (this.#hasFinal || this.#server === undefined) return;
    this.#hasFinal = true;
    const complete = this.#ports.ownResponse(spec, this.toTag);
    this.#tellFinal(spec.statusCode, complete.reasonPhrase ?? '');
    layer.reply(now, this.#server, complete);
  }

  /** No final response at all: what a request that is no INVITE gets instead of a 408 (RFC 4320 §4.2). */
  stayingSilent(now: MonoMs): void {
    if (this.#hasFinal || this.#server === undefined) return;
    this.#hasFinal = true;
    this.#ports.layer.abandon(now, this.#server);
  }

  /** Before the final response is passed, since the request is let go with it. */
  #learn(now: MonoMs, response: SipResponse): void {
    const { dialogs } = this.#ports;
    if (dialogs === undefined || this.#server === undefined || this.#hasFinal) return;
    const { request, flow } = this.#server;
    dialogs.learn(now, { request, response, flow, isEmergency: this.isEmergency });
  }

  /** Takes our Via off and sends what is left (RFC 3261 §16.7 items 3 and 9). */
  #pass(now: MonoMs, response: SipResponse, headers: readonly Header[]): void {
    if (this.#server === undefined) return;
    const draft = new MessageDraft(response);
    draft.removeFirstValue('Via');
    for (const { name, value } of headers) draft.addLast(name, value);
    const { statusCode } = response;
    if (this.promisedIntervalS !== undefined && statusCode >= 200 && statusCode < 300) {
      promiseSessionTimer(draft, response, this.promisedIntervalS);
    }
    this.#ports.layer.respond(now, this.#server, statusCode, draft.toBytes());
  }

  #tellFinal(statusCode: number, reasonPhrase: string): void {
    this.tell((decideId) => ({ kind: 'final', decideId, statusCode, reasonPhrase }));
  }

  #isTooMany(count: number): boolean {
    if (count <= this.#ports.options.limits.responsesMax) return false;
    this.#ports.discard('too many responses', 'more responses to one request than the limit');
    return true;
  }
}
