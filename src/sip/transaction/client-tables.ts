import type { ClientAction, MachineTable } from './table.ts';

export type ClientState =
  | 'initial'
  | 'calling'
  | 'trying'
  | 'proceeding'
  | 'completed'
  | 'accepted'
  | 'terminated';

export type ClientEvent =
  | 'start'
  | 'provisional'
  | 'success'
  | 'failure'
  | 'cancelSent'
  | 'timerA'
  | 'timerB'
  | 'timerD'
  | 'timerE'
  | 'timerF'
  | 'timerK'
  | 'timerM'
  | 'transportError';

export type ClientTable = MachineTable<ClientState, ClientEvent, ClientAction>;

const calling = 'RFC 3261 §17.1.1.2';
const amended = 'RFC 6026 §8.4';

/**
 * The INVITE client transaction: RFC 3261 §17.1.1.2 with figure 5 as RFC 6026 §8.4 replaces it. `success` is a 2xx,
 * `failure` a 300 to 699. `cancelSent` is ours: RFC 3261 §9.1 lets the transaction be destroyed when no final response
 * follows a CANCEL within 64*T1; timer B, stopped by the first provisional response, measures that time.
 */
export const inviteClientTable: ClientTable = {
  initial: {
    start: { next: 'calling', actions: ['startTimerA', 'startTimerB', 'sendRequest'], source: calling },
  },
  trying: {},
  calling: {
    provisional: { next: 'proceeding', actions: ['stopTimers', 'passUp'], source: calling },
    success: { next: 'accepted', actions: ['stopTimers', 'startTimerM', 'passUp'], source: amended },
    failure: {
      next: 'completed',
      actions: ['stopTimers', 'acknowledge', 'passUp', 'startTimerD'],
      source: amended,
    },
    timerA: { next: 'calling', actions: ['doubleTimerA', 'sendRequest'], source: calling },
    timerB: { next: 'terminated', actions: ['failTimeout'], source: calling },
    transportError: { next: 'terminated', actions: ['failTransport'], source: 'RFC 3261 §17.1.4' },
  },
  proceeding: {
    provisional: { next: 'proceeding', actions: ['passUp'], source: calling },
    success: { next: 'accepted', actions: ['stopTimers', 'startTimerM', 'passUp'], source: amended },
    failure: {
      next: 'completed',
      actions: ['stopTimers', 'acknowledge', 'passUp', 'startTimerD'],
      source: amended,
    },
    cancelSent: { next: 'proceeding', actions: ['startTimerB'], source: 'RFC 3261 §9.1' },
    timerB: { next: 'terminated', actions: ['failTimeout'], source: 'RFC 3261 §9.1' },
  },
  completed: {
    failure: { next: 'completed', actions: ['repeatAck'], source: amended },
    timerD: { next: 'terminated', actions: [], source: amended },
    transportError: { next: 'terminated', actions: ['failTransport'], source: 'RFC 3261 figure 5' },
  },
  accepted: {
    success: { next: 'accepted', actions: ['passUp'], source: amended },
    timerM: { next: 'terminated', actions: [], source: amended },
  },
  terminated: {},
};

const nonInvite = 'RFC 3261 §17.1.2.2';

/** The non-INVITE client transaction: RFC 3261 §17.1.2.2, figure 6. */
export const nonInviteClientTable: ClientTable = {
  initial: {
    start: { next: 'trying', actions: ['startTimerE', 'startTimerF', 'sendRequest'], source: nonInvite },
  },
  calling: {},
  trying: {
    provisional: { next: 'proceeding', actions: ['passUp'], source: nonInvite },
    success: { next: 'completed', actions: ['stopTimers', 'passUp', 'startTimerK'], source: nonInvite },
    failure: { next: 'completed', actions: ['stopTimers', 'passUp', 'startTimerK'], source: nonInvite },
    timerE: { next: 'trying', actions: ['doubleTimerE', 'sendRequest'], source: nonInvite },
    timerF: { next: 'terminated', actions: ['failTimeout'], source: nonInvite },
    transportError: { next: 'terminated', actions: ['failTransport'], source: 'RFC 3261 §17.1.4' },
  },
  proceeding: {
    provisional: { next: 'proceeding', actions: ['passUp'], source: nonInvite },
    success: { next: 'completed', actions: ['stopTimers', 'passUp', 'startTimerK'], source: nonInvite },
    failure: { next: 'completed', actions: ['stopTimers', 'passUp', 'startTimerK'], source: nonInvite },
    timerE: { next: 'proceeding', actions: ['startTimerEAtT2', 'sendRequest'], source: nonInvite },
    timerF: { next: 'terminated', actions: ['failTimeout'], source: nonInvite },
    transportError: { next: 'terminated', actions: ['failTransport'], source: 'RFC 3261 figure 6' },
  },
  completed: {
    timerK: { next: 'terminated', actions: [], source: nonInvite },
  },
  accepted: {},
  terminated: {},
};
