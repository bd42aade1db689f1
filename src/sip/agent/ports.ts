import type { MonoMs } from '../../base/index.ts';
import type { SipRequest, SipResponse } from '../message/index.ts';
import type {
  ClientTransaction,
  DeadlineNode,
  Destination,
  Listener,
  ServerTransaction,
  TransactionLayer,
} from '../transaction/index.ts';
import type { AgentEvent, HopQuery, InDialogRequest, ResolvedHop, UserAgentOptions } from './types.ts';

/** What a client transaction of ours belongs to. */
export interface ClientUse {
  onResponse(now: MonoMs, response: SipResponse, transaction: AgentClient): void;
  /** No final response: silence, or the request could not be handed over. */
  onFailure(now: MonoMs, failure: 'timeout' | 'transport', detail: string): void;
}

/** What a server transaction of ours belongs to: the call that its INVITE made, once it has made one. */
export interface ServerUse {
  call: CancelledUser | undefined;
}

/** A call that its caller may take back. */
export interface CancelledUser {
  readonly localTag: string;
  onCancel(now: MonoMs): void;
}

export type AgentClient = ClientTransaction<ClientUse>;
export type AgentServer = ServerTransaction<ServerUse>;

/** One deadline of a call. */
export interface Alarm extends DeadlineNode {
  readonly run: (now: MonoMs) => void;
}

/** A call that messages inside of dialogs are given to, by Call-ID and our tag. */
export interface DialogUser {
  readonly callId: string;
  readonly localTag: string;
  onRequest(now: MonoMs, request: SipRequest, transaction: AgentServer): void;
  onAck(now: MonoMs, ack: SipRequest): void;
  hangUp(now: MonoMs): void;
  /** Sends a request inside of the call; false where it is not answered. */
  request(now: MonoMs, request: InDialogRequest): boolean;
}

/** What the parts of the agent have of its core. */
export interface AgentPorts {
  readonly options: UserAgentOptions;
  readonly layer: TransactionLayer<ClientUse, ServerUse>;
  emit(event: AgentEvent): void;
  /** Sends bytes that no transaction repeats: the ACK of a 2xx. */
  sendOnce(now: MonoMs, bytes: Buffer, destination: Destination): void;
  setAlarm(alarm: Alarm, at: number): void;
  clearAlarm(alarm: Alarm): void;
  /** Finds addresses: at once for an IP literal, else after the driver's answer. */
  resolve(now: MonoMs, query: HopQuery, then: (now: MonoMs, found: ResolvedHop) => void): void;
  /** The listener that speaks for us towards an address; undefined where none fits. */
  listenerFor(destination: Destination): Listener | undefined;
  add(user: DialogUser): void;
  remove(user: DialogUser): void;
}

/** A new alarm, not yet set. */
export function newAlarm(run: (now: MonoMs) => void): Alarm {
  return { dueAt: 0, heapIndex: -1, run };
}
