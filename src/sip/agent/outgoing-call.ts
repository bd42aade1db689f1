import { after, assert, type MonoMs } from '../../base/index.ts';
import { fromHeader, type SipRequest, type SipResponse, toHeader } from '../message/index.ts';
import { bareHost, type Destination } from '../transaction/index.ts';
import { callerDialog } from './dialog.ts';
import { Leg, type LegOwner, nobody } from './leg.ts';
import {
  type AgentClient,
  type AgentPorts,
  type AgentServer,
  type ClientUse,
  type DialogUser,
  newAlarm,
} from './ports.ts';
import { sentFrom, writeRequest } from './requests.ts';
import { SessionDescriptions } from './session-description.ts';
import type { CallEnd, CallRequest, InDialogRequest } from './types.ts';

const tagLength = 12;
const inviteSequence = 1;

/** A call that we place: one INVITE, the dialogs that its responses make, and how it ends. */
export class OutgoingCall implements DialogUser, ClientUse, LegOwner {
  readonly callId: string;
  readonly localTag: string;
  readonly #ports: AgentPorts;
  readonly #call: CallRequest;
  readonly #descriptions: SessionDescriptions;
  /** Dialogs by the peer's tag; several while a proxy forks. */
  readonly #legs = new Map<string, Leg>();
  readonly #giveUp = newAlarm((now) => this.hangUp(now));
  readonly #hangUp = newAlarm((now) => this.hangUp(now));
  #invite: AgentClient | undefined;
  #destinations: readonly Destination[] = [];
  #answered: Leg | undefined;
  #hasResponse = false;
  #isCancelled = false;
  #isEnded = false;

  constructor(ports: AgentPorts, call: CallRequest) {
    this.#ports = ports;
    this.#call = call;
    this.callId = call.callId;
    this.localTag = ports.options.random.token(tagLength);
    this.#descriptions = new SessionDescriptions(ports.options.media, ports.options.random);
  }

  start(now: MonoMs): void {
    this.#ports.add(this);
    const { giveUpAfterMs, firstHop } = this.#call;
    if (giveUpAfterMs !== undefined) this.#ports.setAlarm(this.#giveUp, after(now, giveUpAfterMs));
    this.#ports.resolve(now, { ...firstHop, host: bareHost(firstHop.host) }, (later, found) => {
      if (this.#isEnded) return;
      if (found.kind === 'failed') {
        this.#end(later, { reason: 'unreachable', statusCode: undefined, detail: found.error.message });
        return;
      }
      this.#destinations = found.destinations;
      this.#tryNext(later, 'no address');
    });
  }

  /** CANCEL, or BYE once answered. */
  hangUp(now: MonoMs): void {
    if (this.#isEnded) return;
    if (this.#answered !== undefined) {
      this.#ports.clearAlarm(this.#hangUp);
      this.#answered.hangUp(now);
      return;
    }
    this.#isCancelled = true;
    this.#ports.clearAlarm(this.#giveUp);
    if (this.#invite === undefined) {
      this.#end(now, { reason: 'cancelled', statusCode: undefined, detail: 'before anything was sent' });
    } else if (this.#hasResponse) this.#sendCancel(now, this.#invite);
  }

  /** A request of the user's inside of the answered call; false where it is not answered. */
  request(now: MonoMs, request: InDialogRequest): boolean {
    if (this.#answered === undefined || this.#isEnded) return false;
    this.#answered.request(now, request.method, request.headers, request.body);
    return true;
  }

  onResponse(now: MonoMs, response: SipResponse): void {
    const isFirst = !this.#hasResponse;
    this.#hasResponse = true;
    const { statusCode } = response;
    if (statusCode < 200) this.#provisional(now, response, isFirst);
    else if (statusCode < 300) this.#success(now, response);
    else {
      this.#end(now, {
        reason: this.#isCancelled ? 'cancelled' : 'refused',
        statusCode,
        detail: response.reasonPhrase,
      });
    }
  }

  onFailure(now: MonoMs, failure: 'timeout' | 'transport', detail: string): void {
    if (failure === 'transport' && !this.#hasResponse && !this.#isCancelled) {
      this.#tryNext(now, detail);
      return;
    }
    const reason = this.#isCancelled ? 'cancelled' : 'timedOut';
    this.#end(now, { reason, statusCode: undefined, detail: 'no final response to the INVITE' });
  }

  onRequest(now: MonoMs, request: SipRequest, transaction: AgentServer): void {
    const leg = this.#legOf(request);
    if (leg === undefined) this.#ports.layer.reply(now, transaction, { statusCode: 481 });
    else leg.receive(now, request, transaction);
  }

  onAck(now: MonoMs, ack: SipRequest): void {
    this.#legOf(ack)?.acknowledged(now, ack);
  }

  onPeerHungUp(now: MonoMs): void {
    this.#end(now, { reason: 'hungUpByPeer', statusCode: undefined, detail: 'BYE' });
  }

  onHungUp(now: MonoMs, statusCode: number): void {
    this.#end(now, { reason: 'hungUpByUs', statusCode, detail: 'BYE' });
  }

  onAcknowledged(): void {
    // An ACK for a re-INVITE of the peer changes nothing about the call.
  }

  onNotAcknowledged(now: MonoMs): void {
    this.hangUp(now);
  }

  /** Sends the INVITE to the next address that is left. */
  #tryNext(now: MonoMs, failure: string): void {
    const [destination, ...rest] = this.#destinations;
    this.#destinations = rest;
    if (destination === undefined) {
      this.#end(now, { reason: 'unreachable', statusCode: undefined, detail: failure });
      return;
    }
    const listener = this.#ports.listenerFor(destination);
    if (listener === undefined) {
      this.#tryNext(now, `nothing of ours speaks ${destination.transport} to ${destination.remote.address}`);
      return;
    }
    const call = this.#call;
    const { outgoing, bytes } = writeRequest(this.#ports, listener, {
      method: 'INVITE',
      requestUri: call.requestUri,
      routes: [],
      from: this.#fromValue(),
      to: `<${call.toUri ?? call.requestUri}>`,
      callId: call.callId,
      sequence: inviteSequence,
      headers: call.headers,
      body: call.body,
    });
    this.#invite = this.#ports.layer.request(now, outgoing, bytes, sentFrom(destination, listener), this);
  }

  #provisional(now: MonoMs, response: SipResponse, isFirst: boolean): void {
    this.#ports.emit({
      kind: 'provisional',
      callId: this.callId,
      at: now,
      statusCode: response.statusCode,
    });
    if (response.statusCode > 100) this.#legFor(response);
    if (isFirst && this.#isCancelled && this.#invite !== undefined) this.#sendCancel(now, this.#invite);
  }

  #success(now: MonoMs, response: SipResponse): void {
    const tag = tagOf(response);
    const known = this.#answered;
    if (known !== undefined && known.dialog.remoteTag === tag) {
      known.acknowledge(now, inviteSequence);
      return;
    }
    if (known !== undefined || this.#isEnded) {
      this.#refuseSecond(now, response);
      return;
    }
    this.#legs.delete(tag ?? '');
    const leg = this.#legFor(response);
    this.#answered = leg;
    this.#ports.clearAlarm(this.#giveUp);
    leg.acknowledge(now, inviteSequence);
    this.#ports.emit({ kind: 'answered', callId: this.callId, at: now, by: 'peer' });
    const { hangUpAfterMs } = this.#call;
    // The answer crossed our CANCEL: the call exists, and is ended as one (RFC 3261 §9.1, §15).
    if (this.#isCancelled) leg.hangUp(now);
    else if (hangUpAfterMs !== undefined) this.#ports.setAlarm(this.#hangUp, after(now, hangUpAfterMs));
  }

  /** Each further 2xx makes a dialog of its own that has to be ended (RFC 3261 §13.2.2.4). */
  #refuseSecond(now: MonoMs, response: SipResponse): void {
    const tag = tagOf(response) ?? '';
    const known = this.#legs.get(`refused ${tag}`);
    const leg = known ?? this.#newLeg(response, nobody);
    this.#legs.set(`refused ${tag}`, leg);
    leg.acknowledge(now, inviteSequence);
    leg.hangUp(now);
  }

  #legFor(response: SipResponse): Leg {
    const tag = tagOf(response) ?? '';
    const known = this.#legs.get(tag);
    if (known !== undefined) return known;
    const leg = this.#newLeg(response, this);
    this.#legs.set(tag, leg);
    return leg;
  }

  #newLeg(response: SipResponse, owner: LegOwner): Leg {
    const dialog = callerDialog(
      {
        callId: this.callId,
        from: this.#fromValue(),
        requestUri: this.#call.requestUri,
        sequence: inviteSequence,
      },
      response,
    );
    assert(this.#invite !== undefined, 'a response belongs to an INVITE');
    const fallback = this.#invite.destination;
    return new Leg(this.#ports, { dialog, owner, descriptions: this.#descriptions, fallback });
  }

  #legOf(request: SipRequest): Leg | undefined {
    return [...this.#legs.values()].find((leg) => leg.dialog.remoteTag === tagFrom(request));
  }

  #sendCancel(now: MonoMs, invite: AgentClient): void {
    this.#ports.layer.cancel(now, invite, ignored);
  }

  #fromValue(): string {
    return `<${this.#call.fromUri}>;tag=${this.localTag}`;
  }

  #end(now: MonoMs, end: CallEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#ports.clearAlarm(this.#giveUp);
    this.#ports.clearAlarm(this.#hangUp);
    for (const leg of this.#legs.values()) leg.close();
    this.#ports.remove(this);
    this.#ports.emit({ kind: 'ended', callId: this.callId, at: now, end });
  }
}

/** The response to a CANCEL says nothing about the call: the INVITE's own final response does. */
const ignored: ClientUse = { onResponse: () => undefined, onFailure: () => undefined };

function tagOf(response: SipResponse): string | undefined {
  const to = toHeader(response);
  return to.ok ? to.value.tag : undefined;
}

function tagFrom(request: SipRequest): string | undefined {
  const from = fromHeader(request);
  return from.ok ? from.value.tag : undefined;
}
