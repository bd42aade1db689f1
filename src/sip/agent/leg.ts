import { after, type MonoMs } from '../../base/index.ts';
import { cseq, type SipRequest, type SipResponse } from '../message/index.ts';
import { type Destination, transactionTimeoutMs, writeResponse } from '../transaction/index.ts';
import { allowHeader, extensionRefusal, simpleAnswer } from './answers.ts';
import type { Dialog } from './dialog.ts';
import { type AgentPorts, type AgentServer, type Alarm, type ClientUse, newAlarm } from './ports.ts';
import { contactValue, hopOf, sentFrom, writeInDialog } from './requests.ts';
import { type SessionDescriptions, sessionIn } from './session-description.ts';
import type { AgentHeader, InDialogRequest } from './types.ts';

/** The call that a leg belongs to. */
export interface LegOwner {
  /** A BYE came and was answered. */
  onPeerHungUp(now: MonoMs): void;
  /** Our BYE has been answered, or nobody answers it (408). */
  onHungUp(now: MonoMs, statusCode: number): void;
  onAcknowledged(now: MonoMs): void;
  onNotAcknowledged(now: MonoMs): void;
}

interface SentSuccess {
  readonly sequence: number;
  readonly transaction: AgentServer;
  readonly bytes: Buffer;
  readonly endsAt: MonoMs;
  intervalMs: number;
}

type Body = InDialogRequest['body'];
const sdpType = 'application/sdp';

/** One dialog of a call, early or confirmed, and what goes on inside of it. */
export class Leg {
  readonly dialog: Dialog;
  readonly #ports: AgentPorts;
  readonly #owner: LegOwner;
  readonly #descriptions: SessionDescriptions;
  /** Where the INVITE went or came from: used where the dialog's own next hop cannot be found. */
  readonly #fallback: Destination;
  readonly #repeat: Alarm;
  #success: SentSuccess | undefined;
  #ack: { readonly sequence: number; readonly bytes: Buffer; readonly destination: Destination } | undefined;
  #isInviting = false;
  #isHangingUp = false;

  constructor(
    ports: AgentPorts,
    parts: {
      readonly dialog: Dialog;
      readonly owner: LegOwner;
      readonly descriptions: SessionDescriptions;
      readonly fallback: Destination;
    },
  ) {
    this.#ports = ports;
    this.dialog = parts.dialog;
    this.#owner = parts.owner;
    this.#descriptions = parts.descriptions;
    this.#fallback = parts.fallback;
    this.#repeat = newAlarm((now) => this.#repeatSuccess(now));
  }

  /** Whether a 2xx of ours still waits for its ACK. */
  get awaitsAck(): boolean {
    return this.#success !== undefined;
  }

  /** Sends a 2xx to an INVITE and repeats it until the ACK comes (RFC 3261 §13.3.1.4). */
  succeed(
    now: MonoMs,
    transaction: AgentServer,
    first: { readonly toTag?: string; readonly headers: readonly AgentHeader[] } = { headers: [] },
  ): void {
    const { layer, options } = this.#ports;
    const { request } = transaction;
    const offer = sessionIn(request);
    const server = { name: 'Server', value: options.product };
    const bytes = writeResponse(request, transaction.stampedVia, {
      ...first,
      statusCode: 200,
      headers: [...first.headers, ...this.#contact(transaction), server, allowHeader, contentType],
      body: offer === undefined ? this.#descriptions.offer() : this.#descriptions.answer(offer),
    });
    const { t1Ms } = options.timers;
    this.#success = {
      sequence: sequenceOf(request),
      transaction,
      bytes,
      intervalMs: t1Ms,
      endsAt: after(now, transactionTimeoutMs(options.timers)),
    };
    this.#ports.setAlarm(this.#repeat, after(now, t1Ms));
    layer.respond(now, transaction, 200, bytes);
  }

  /** Takes an ACK of the peer. */
  acknowledged(now: MonoMs, ack: SipRequest): void {
    if (this.#success === undefined || sequenceOf(ack) !== this.#success.sequence) return;
    this.#success = undefined;
    this.#ports.clearAlarm(this.#repeat);
    this.#owner.onAcknowledged(now);
  }

  /** Sends the ACK of a 2xx, or the same one again where it has been sent (RFC 3261 §13.2.2.4). */
  acknowledge(now: MonoMs, sequence: number): void {
    const sent = this.#ack;
    if (sent?.sequence === sequence) {
      this.#ports.sendOnce(now, sent.bytes, sent.destination);
      return;
    }
    this.#locate(now, (later, destination) => {
      const listener = this.#ports.listenerFor(destination);
      if (listener === undefined) return;
      const parts = { method: 'ACK', sequence, headers: [], body: undefined };
      const { bytes } = writeInDialog(this.#ports, listener, this.dialog, parts);
      this.#ack = { sequence, bytes, destination: sentFrom(destination, listener) };
      this.#ports.sendOnce(later, bytes, this.#ack.destination);
    });
  }

  /** Sends a request of the user's. */
  request(now: MonoMs, method: string, headers: readonly AgentHeader[], body: Body): void {
    const sequence = this.dialog.nextSequence();
    const isInvite = method === 'INVITE';
    if (isInvite) this.#isInviting = true;
    const finished = (later: MonoMs, statusCode: number): void => {
      const wasWaiting = !isInvite || this.#isInviting;
      if (isInvite) this.#isInviting = false;
      if (!wasWaiting) return;
      this.#ports.emit({ kind: 'response', callId: this.dialog.callId, at: later, method, statusCode });
      // RFC 3261 §12.2.1.2: these say that the peer no longer has the dialog.
      if (statusCode === 408 || statusCode === 481) this.hangUp(later);
    };
    this.#send(
      now,
      { method, sequence, headers, body },
      {
        onResponse: (later, response) => {
          if (response.statusCode < 200) return;
          if (response.statusCode < 300) this.#accepted(later, { isInvite, sequence, response });
          finished(later, response.statusCode);
        },
        onFailure: (later) => finished(later, 408),
      },
    );
  }

  /** Sends BYE, once. */
  hangUp(now: MonoMs): void {
    if (this.#isHangingUp) return;
    this.#isHangingUp = true;
    const parts = { method: 'BYE', sequence: this.dialog.nextSequence(), headers: [], body: undefined };
    this.#send(now, parts, {
      onResponse: (later, response) => {
        if (response.statusCode >= 200) this.#owner.onHungUp(later, response.statusCode);
      },
      onFailure: (later) => this.#owner.onHungUp(later, 408),
    });
  }

  /** Answers a request that came inside of the dialog. */
  receive(now: MonoMs, request: SipRequest, transaction: AgentServer): void {
    const { layer } = this.#ports;
    if (!this.dialog.acceptSequence(request)) {
      layer.reply(now, transaction, { statusCode: 500, reasonPhrase: 'CSeq out of order' });
      return;
    }
    const refusal = extensionRefusal(request);
    if (refusal !== undefined) {
      layer.reply(now, transaction, refusal);
      return;
    }
    switch (request.method) {
      case 'BYE':
        this.close();
        layer.reply(now, transaction, { statusCode: 200 });
        this.#owner.onPeerHungUp(now);
        return;
      case 'INVITE':
        this.#receiveInvite(now, request, transaction);
        return;
      case 'UPDATE':
        this.#receiveUpdate(now, request, transaction);
        return;
      default:
        layer.reply(now, transaction, simpleAnswer(request.method));
    }
  }

  /** Nothing is repeated any more. */
  close(): void {
    this.#success = undefined;
    this.#ports.clearAlarm(this.#repeat);
  }

  #receiveInvite(now: MonoMs, request: SipRequest, transaction: AgentServer): void {
    if (this.#isInviting || this.#success !== undefined) {
      // RFC 3261 §14.2: their INVITE met ours, or the one before is not done.
      this.#ports.layer.reply(now, transaction, { statusCode: 491 });
      return;
    }
    this.dialog.refreshTarget(request);
    this.succeed(now, transaction);
  }

  /** RFC 3311 §5.2. */
  #receiveUpdate(now: MonoMs, request: SipRequest, transaction: AgentServer): void {
    this.dialog.refreshTarget(request);
    const contact = this.#contact(transaction);
    const offer = sessionIn(request);
    this.#ports.layer.reply(now, transaction, {
      statusCode: 200,
      headers: offer === undefined ? contact : [...contact, contentType],
      ...(offer === undefined ? {} : { body: this.#descriptions.answer(offer) }),
    });
  }

  #contact(transaction: AgentServer): readonly AgentHeader[] {
    const listener = this.#ports.listenerFor(transaction.destination);
    return listener === undefined ? [] : [{ name: 'Contact', value: contactValue(this.#ports, listener) }];
  }

  #accepted(
    now: MonoMs,
    success: { readonly isInvite: boolean; readonly sequence: number; readonly response: SipResponse },
  ): void {
    if (!success.isInvite) return;
    this.dialog.refreshTarget(success.response);
    this.acknowledge(now, success.sequence);
  }

  #send(
    now: MonoMs,
    parts: Pick<InDialogRequest, 'method' | 'headers' | 'body'> & { readonly sequence: number },
    use: ClientUse,
  ): void {
    this.#locate(now, (later, destination) => {
      const listener = this.#ports.listenerFor(destination);
      if (listener === undefined) {
        use.onFailure(later, 'transport', 'nothing of ours speaks to the next hop');
        return;
      }
      const { outgoing, bytes } = writeInDialog(this.#ports, listener, this.dialog, parts);
      this.#ports.layer.request(later, outgoing, bytes, sentFrom(destination, listener), use);
    });
  }

  /** The next hop's address, by the dialog's route set. */
  #locate(now: MonoMs, then: (now: MonoMs, destination: Destination) => void): void {
    const query = hopOf(this.dialog.target().nextHop);
    if (query === undefined) {
      then(now, this.#fallback);
      return;
    }
    this.#ports.resolve(now, query, (later, found) => {
      const first = found.kind === 'addresses' ? found.destinations[0] : undefined;
      then(later, first ?? this.#fallback);
    });
  }

  #repeatSuccess(now: MonoMs): void {
    const success = this.#success;
    if (success === undefined) return;
    if (now >= success.endsAt) {
      this.#success = undefined;
      this.#owner.onNotAcknowledged(now);
      return;
    }
    this.#ports.layer.respond(now, success.transaction, 200, success.bytes);
    success.intervalMs = Math.min(2 * success.intervalMs, this.#ports.options.timers.t2Ms);
    const next = after(now, success.intervalMs);
    this.#ports.setAlarm(this.#repeat, Math.min(next, success.endsAt));
  }
}

const contentType: AgentHeader = { name: 'Content-Type', value: sdpType };

function sequenceOf(request: SipRequest): number {
  const sequence = cseq(request);
  return sequence.ok ? sequence.value.sequence : 0;
}

/** The owner of a leg that is only there to be hung up: a second 2xx of a forked INVITE. */
export const nobody: LegOwner = {
  onPeerHungUp: () => undefined,
  onHungUp: () => undefined,
  onAcknowledged: () => undefined,
  onNotAcknowledged: () => undefined,
};
