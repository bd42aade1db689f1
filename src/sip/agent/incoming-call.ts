import { after, type MonoMs } from '../../base/index.ts';
import { headerValues, type SipRequest } from '../message/index.ts';
import { calleeDialog } from './dialog.ts';
import { Leg, type LegOwner } from './leg.ts';
import { type AgentPorts, type AgentServer, type CancelledUser, type DialogUser, newAlarm } from './ports.ts';
import { contactValue } from './requests.ts';
import { SessionDescriptions } from './session-description.ts';
import type { AgentHeader, AnswerPlan, CallEnd, InDialogRequest } from './types.ts';

/** RFC 3261 §13.3.1.1: a callee that rings for long says so every minute, or proxies give the call up. */
const ringAgainMs = 60_000;
/** A caller that neither cancels nor goes away is let go after this. */
const unansweredMaxMs = 600_000;

/** A call that we take: rings, answers or refuses as its plan says, and hangs up. */
export class IncomingCall implements DialogUser, CancelledUser, LegOwner {
  readonly callId: string;
  readonly localTag: string;
  /** Call-ID, the caller's tag and its CSeq number. */
  readonly peerKey: string;
  readonly #ports: AgentPorts;
  readonly #plan: AnswerPlan;
  readonly #invite: AgentServer;
  readonly #leg: Leg;
  /** Responses that make a dialog carry the request's Record-Route values (RFC 3261 §12.1.1). */
  readonly #dialogHeaders: readonly AgentHeader[];
  readonly #ring = newAlarm((now) => this.#sendRinging(now));
  readonly #outcome = newAlarm((now) => this.#carryOutPlan(now));
  readonly #hangUp = newAlarm((now) => this.hangUp(now));
  #state: 'ringing' | 'answered' | 'ended' = 'ringing';
  /** A BYE of ours waits until our 2xx was acknowledged (RFC 3261 §15). */
  #wantsHangUp = false;
  #isUnacknowledged = false;

  constructor(
    ports: AgentPorts,
    parts: {
      readonly callId: string;
      readonly localTag: string;
      readonly peerKey: string;
      readonly request: SipRequest;
      readonly invite: AgentServer;
      readonly plan: AnswerPlan;
    },
  ) {
    this.#ports = ports;
    this.callId = parts.callId;
    this.localTag = parts.localTag;
    this.peerKey = parts.peerKey;
    this.#plan = parts.plan;
    this.#invite = parts.invite;
    const { flow } = parts.invite;
    const { transport, remote, connectionId, local } = flow;
    this.#leg = new Leg(ports, {
      dialog: calleeDialog(parts.request, parts.localTag),
      owner: this,
      descriptions: new SessionDescriptions(ports.options.media, ports.options.random),
      fallback: { transport, remote, connectionId, local: transport === 'udp' ? local : undefined },
    });
    this.#dialogHeaders = headerValues(parts.request, 'record-route').map((value) => ({
      name: 'Record-Route',
      value,
    }));
  }

  start(now: MonoMs): void {
    const { ringAfterMs, outcome } = this.#plan;
    this.#ports.add(this);
    if (ringAfterMs !== undefined) this.#ports.setAlarm(this.#ring, after(now, ringAfterMs));
    const outcomeAfterMs = outcome.kind === 'neverAnswer' ? unansweredMaxMs : outcome.afterMs;
    this.#ports.setAlarm(this.#outcome, after(now, outcomeAfterMs));
  }

  /** 480 before the answer, BYE after it. */
  hangUp(now: MonoMs): void {
    if (this.#state === 'ringing') this.#refuse(now, 480, []);
    else if (this.#state === 'answered' && this.#leg.awaitsAck) this.#wantsHangUp = true;
    else if (this.#state === 'answered') this.#leg.hangUp(now);
  }

  /** A request of the user's inside of the answered call; false where it is not answered. */
  request(now: MonoMs, request: InDialogRequest): boolean {
    if (this.#state !== 'answered') return false;
    this.#leg.request(now, request.method, request.headers, request.body);
    return true;
  }

  onCancel(now: MonoMs): void {
    if (this.#state !== 'ringing') return;
    this.#ports.layer.reply(now, this.#invite, { statusCode: 487, toTag: this.localTag });
    this.#end(now, { reason: 'cancelled', statusCode: 487, detail: 'CANCEL' });
  }

  onRequest(now: MonoMs, request: SipRequest, transaction: AgentServer): void {
    if (this.#state === 'ringing' && request.method === 'INVITE') {
      // RFC 3261 §14.2: the first INVITE has no final response yet.
      const headers = [{ name: 'Retry-After', value: '5' }];
      this.#ports.layer.reply(now, transaction, { statusCode: 500, headers });
      return;
    }
    this.#leg.receive(now, request, transaction);
  }

  onAck(now: MonoMs, ack: SipRequest): void {
    this.#leg.acknowledged(now, ack);
  }

  onPeerHungUp(now: MonoMs): void {
    if (this.#state === 'ringing') {
      this.#ports.layer.reply(now, this.#invite, { statusCode: 487, toTag: this.localTag });
    }
    this.#end(now, { reason: 'hungUpByPeer', statusCode: undefined, detail: 'BYE' });
  }

  onHungUp(now: MonoMs, statusCode: number): void {
    this.#end(
      now,
      this.#isUnacknowledged
        ? { reason: 'notAcknowledged', statusCode, detail: 'no ACK for the 200' }
        : { reason: 'hungUpByUs', statusCode, detail: 'BYE' },
    );
  }

  onAcknowledged(now: MonoMs): void {
    this.#ports.emit({ kind: 'confirmed', callId: this.callId, at: now });
    if (this.#wantsHangUp) this.#leg.hangUp(now);
  }

  /** RFC 3261 §13.3.1.4: without an ACK the dialog is confirmed and ended. */
  onNotAcknowledged(now: MonoMs): void {
    this.#isUnacknowledged = true;
    this.#leg.hangUp(now);
  }

  #sendRinging(now: MonoMs): void {
    if (this.#state !== 'ringing') return;
    this.#ports.layer.reply(now, this.#invite, {
      statusCode: 180,
      toTag: this.localTag,
      headers: [...this.#dialogHeaders, ...this.#contact()],
    });
    this.#ports.emit({ kind: 'provisional', callId: this.callId, at: now, statusCode: 180 });
    this.#ports.setAlarm(this.#ring, after(now, ringAgainMs));
  }

  #carryOutPlan(now: MonoMs): void {
    const { outcome } = this.#plan;
    if (this.#state !== 'ringing') return;
    if (outcome.kind === 'reject') {
      this.#refuse(now, outcome.statusCode, outcome.headers ?? []);
    } else if (outcome.kind === 'neverAnswer') {
      this.#refuse(now, 480, []);
    } else {
      this.#state = 'answered';
      this.#ports.clearAlarm(this.#ring);
      this.#leg.succeed(now, this.#invite, { toTag: this.localTag, headers: this.#dialogHeaders });
      this.#ports.emit({ kind: 'answered', callId: this.callId, at: now, by: 'us' });
      const { hangUpAfterMs } = outcome;
      if (hangUpAfterMs !== undefined) this.#ports.setAlarm(this.#hangUp, after(now, hangUpAfterMs));
    }
  }

  #refuse(now: MonoMs, statusCode: number, headers: readonly AgentHeader[]): void {
    this.#ports.layer.reply(now, this.#invite, { statusCode, toTag: this.localTag, headers });
    this.#end(now, { reason: 'refused', statusCode, detail: 'by us' });
  }

  #contact(): readonly AgentHeader[] {
    const listener = this.#ports.listenerFor(this.#invite.destination);
    return listener === undefined ? [] : [{ name: 'Contact', value: contactValue(this.#ports, listener) }];
  }

  #end(now: MonoMs, end: CallEnd): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    for (const alarm of [this.#ring, this.#outcome, this.#hangUp]) this.#ports.clearAlarm(alarm);
    this.#leg.close();
    this.#ports.remove(this);
    this.#ports.emit({ kind: 'ended', callId: this.callId, at: now, end });
  }
}
