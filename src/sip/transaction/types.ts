import type { CodedError, MonoMs } from '../../base/index.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/index.ts';
import type { ClientTransaction } from './client-transaction.ts';
import type { Destination, Flow } from './flow.ts';
import type { ServerTransaction } from './server-transaction.ts';

/** An id of a question or of a send, unique within one core. Sends of one transaction share all but the low byte. */
export type EffectId = number & { readonly __brand: 'EffectId' };

/** What the ACK and the CANCEL of a request that we send repeat of it (RFC 3261 §17.1.1.3, §9.1). */
export interface OutgoingRequest {
  readonly method: string;
  /** The Request-URI as sent. */
  readonly requestUri: string;
  /** Our Via value, as sent on top. */
  readonly via: string;
  readonly branch: string;
  /** The host (no brackets) and port in our Via; a response with others is not for us (RFC 3261 §18.1.2). */
  readonly sentByHost: string;
  readonly sentByPort: number;
  /** The Route values as sent, in order. */
  readonly routes: readonly string[];
  /** The message whose From, To, Call-ID and CSeq the sent one has: the received request, or the built one itself. */
  readonly original: SipRequest;
}

/** A response of ours, as far as it is not copied from the request (RFC 3261 §8.2.6). */
export interface ResponseSpec {
  readonly statusCode: number;
  readonly reasonPhrase?: string;
  /** Added to To where the request has no tag. Left out for a 100. */
  readonly toTag?: string;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly body?: Buffer;
}

/** Why a message was given back without any effect on a transaction. */
export type UnmatchedReason = 'malformed via' | 'malformed cseq' | 'foreign via' | 'no transaction';

/**
 * Who uses the transactions: the proxy core or a user agent. The layer calls these while it handles an input; all of
 * them may call the layer again.
 */
export interface TransactionUser<ClientOwner, ServerOwner> {
  /** Hands bytes to the transport. */
  send(id: EffectId, bytes: Buffer, destination: Destination): void;
  /** A request that matches no transaction; never an ACK. Answer it with `accept` and `respond`, or leave it. */
  onRequest(now: MonoMs, request: SipRequest, flow: Flow): void;
  /** An ACK for a 2xx: one that matches no transaction, or one whose INVITE was accepted (RFC 6026 §7.1). */
  onAck(now: MonoMs, request: SipRequest, flow: Flow): void;
  /** A response that the machine passes up: every 1xx, the final one, and each 2xx to an INVITE. */
  onResponse(now: MonoMs, transaction: ClientTransaction<ClientOwner>, response: SipResponse): void;
  /** The transaction ended without a final response, or (`transport` in state completed) without its ACK. */
  onClientFailure(
    now: MonoMs,
    transaction: ClientTransaction<ClientOwner>,
    failure: { readonly kind: 'timeout' } | { readonly kind: 'transport'; readonly error: CodedError },
  ): void;
  /** No ACK came, or a response could not be sent; the transaction goes on as its table says. */
  onServerFailure(
    now: MonoMs,
    transaction: ServerTransaction<ServerOwner>,
    kind: 'ackMissing' | 'transport',
  ): void;
  /** The transaction is gone from the layer. Last call about it. */
  onClientEnd(now: MonoMs, transaction: ClientTransaction<ClientOwner>): void;
  onServerEnd(now: MonoMs, transaction: ServerTransaction<ServerOwner>): void;
  /** A message that had no effect. */
  onUnmatched(now: MonoMs, message: SipMessage, flow: Flow, reason: UnmatchedReason): void;
}

/** Told of every step that a machine takes, empty cells too. For tests and traces. */
export type StepObserver = (step: {
  readonly machine: MachineName;
  readonly state: string;
  readonly event: string;
  readonly next: string | undefined;
}) => void;

export type MachineName = 'inviteClient' | 'nonInviteClient' | 'inviteServer' | 'nonInviteServer';
