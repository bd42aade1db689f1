import type { MonoMs } from '../../base/index.ts';
import type { SipRequest } from '../message/index.ts';
import type {
  DeadlineHeap,
  Destination,
  EffectId,
  Flow,
  ResponseSpec,
  TimedMachine,
  TransactionLayer,
} from '../transaction/index.ts';
import type { Branch } from './branch.ts';
import type { DialogMemory } from './dialog-memory.ts';
import type { ProxyCoreOptions } from './options.ts';
import type { OwnAddresses } from './own-addresses.ts';
import type { RecordRouter } from './record-route.ts';
import type { ResponseContext } from './response-context.ts';
import type { RouteView } from './route-view.ts';
import type { ProxyEffect, ProxyInput, ResolveQuery } from './types.ts';

export type ResolveResult = Extract<ProxyInput, { readonly kind: 'resolved' }>['result'];

/** Who waits for the answer to a `resolve` question. */
export interface Resolvable {
  resolved(now: MonoMs, result: ResolveResult): void;
}

/** Who wants to know whether a send failed. */
export interface SendWatcher {
  sendFailed(now: MonoMs, detail: string): void;
}

/** What the parts of the core share. */
export interface ProxyPorts {
  readonly options: ProxyCoreOptions;
  readonly own: OwnAddresses;
  readonly recorder: RecordRouter;
  readonly dialogs: DialogMemory | undefined;
  /** Server transactions of a CANCEL or a refusal have no context. */
  readonly layer: TransactionLayer<Branch, ResponseContext | undefined>;
  readonly heap: DeadlineHeap<TimedMachine<string>>;
  emit(effect: ProxyEffect): void;
  /** Reads the way of a request, out of the memory where it says nothing itself. */
  view(now: MonoMs, request: SipRequest, flow: Flow): RouteView;
  /** Sends bytes outside of any transaction; `watcher` hears of a failure until it stops watching. */
  sendWatched(bytes: Buffer, destination: Destination, watcher: SendWatcher): EffectId;
  stopWatching(id: EffectId): void;
  /** Asks for the addresses of a name; `asker` hears the answer unless it takes the question back. */
  askAddresses(query: ResolveQuery, asker: Resolvable): EffectId;
  /** Takes a question back. */
  forget(id: EffectId): void;
  /** Asks what shall become of a request. */
  askDecision(context: ResponseContext, request: SipRequest, deadline: MonoMs): EffectId;
  contextEnded(context: ResponseContext): void;
  /** Completes a response of ours: tag, reason phrase, Server. */
  ownResponse(spec: ResponseSpec, toTag: string): ResponseSpec;
  /** Tells of something that was dropped. */
  discard(reason: string, detail: string): void;
}
