import type { MonoMs } from '../../base/index.ts';
import type { SipResponse } from '../message/index.ts';
import type {
  ClientTransaction,
  DeadlineNode,
  Destination,
  Listener,
  ResolveQuery,
  TransactionLayer,
} from '../transaction/index.ts';
import type { ResolvedDestinations, SubscriberEvent, SubscriberOptions } from './types.ts';

/** What a client transaction of ours belongs to. */
export interface ClientUse {
  onResponse(now: MonoMs, response: SipResponse, transaction: SubscribeTransaction): void;
  onFailure(
    now: MonoMs,
    failure: 'timeout' | 'transport',
    detail: string,
    transaction: SubscribeTransaction,
  ): void;
}

export type SubscribeTransaction = ClientTransaction<ClientUse>;

/** One deadline. */
export interface Alarm extends DeadlineNode {
  readonly run: (now: MonoMs) => void;
}

/** What the parts of the subscriber have of its core. */
export interface SubscriberPorts {
  readonly options: SubscriberOptions;
  /** What every branch of ours begins with, the magic cookie included. */
  readonly branchPrefix: string;
  /** User part of our Contact. */
  readonly contactUser: string;
  readonly layer: TransactionLayer<ClientUse, undefined>;
  emit(event: SubscriberEvent): void;
  setAlarm(alarm: Alarm, at: number): void;
  clearAlarm(alarm: Alarm): void;
  /** Asks for addresses; `then` is called once, at the latest when the answer is overdue. */
  resolve(now: MonoMs, query: ResolveQuery, then: (now: MonoMs, found: ResolvedDestinations) => void): void;
  /** The listener that speaks for us towards an address; undefined where none fits. */
  listenerFor(destination: Destination): Listener | undefined;
  countSent(): void;
}

/** A new alarm, not yet set. */
export function newAlarm(run: (now: MonoMs) => void): Alarm {
  return { dueAt: 0, heapIndex: -1, run };
}
