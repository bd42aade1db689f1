export {
  type ClientEvent,
  type ClientState,
  type ClientTable,
  inviteClientTable,
  nonInviteClientTable,
} from './client-tables.ts';
export type { ClientTransaction } from './client-transaction.ts';
export { DeadlineHeap, type DeadlineNode } from './deadline-heap.ts';
export type { Destination, Endpoint, Flow, Listener, ResolveQuery, Transport } from './flow.ts';
export { magicCookie } from './keys.ts';
export { TransactionLayer } from './layer.ts';
export { writeResponse } from './respond.ts';
export {
  inviteServerTable,
  nonInviteServerTable,
  type ServerEvent,
  type ServerState,
  type ServerTable,
} from './server-tables.ts';
export type { ServerTransaction } from './server-transaction.ts';
export type { Cell, ClientAction, MachineTable, ServerAction } from './table.ts';
export { TimedMachine } from './timed-machine.ts';
export {
  defaultTransactionTimers,
  nonInviteTryingMs,
  type TransactionTimers,
  transactionTimeoutMs,
} from './timers.ts';
export type {
  EffectId,
  MachineName,
  OutgoingRequest,
  ResponseSpec,
  StepObserver,
  TransactionUser,
  UnmatchedReason,
} from './types.ts';
export { bareHost, defaultPort, hostText, isAddress, responseDestination, stampVia } from './via.ts';
