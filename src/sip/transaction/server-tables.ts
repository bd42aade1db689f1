import type { MachineTable, ServerAction } from './table.ts';

export type ServerState =
  | 'initial'
  | 'trying'
  | 'proceeding'
  | 'completed'
  | 'confirmed'
  | 'accepted'
  | 'terminated';

export type ServerEvent =
  | 'accept'
  | 'deferTrying'
  | 'request'
  | 'ack'
  | 'provisional'
  | 'success'
  | 'failure'
  | 'abandon'
  | 'timer100'
  | 'timerG'
  | 'timerH'
  | 'timerI'
  | 'timerJ'
  | 'timerL'
  | 'transportError';

export type ServerTable = MachineTable<ServerState, ServerEvent, ServerAction>;

const invite = 'RFC 3261 §17.2.1';
const accepted = 'RFC 6026 §8.5-8.7';
const stays = 'RFC 6026 §8.8';

/**
 * The INVITE server transaction: RFC 3261 §17.2.1 with figure 7 as RFC 6026 §8.6 replaces it. `request` is a
 * retransmission; `provisional`, `success` and `failure` are responses of the user. A transport error is told and
 * changes nothing (RFC 6026 §8.8), so that retransmissions of the INVITE are still absorbed.
 */
export const inviteServerTable: ServerTable = {
  initial: {
    accept: { next: 'proceeding', actions: [], source: invite },
  },
  trying: {},
  proceeding: {
    deferTrying: { next: 'proceeding', actions: ['startTimer100'], source: invite },
    timer100: { next: 'proceeding', actions: ['sendTrying'], source: invite },
    request: { next: 'proceeding', actions: ['repeatResponse'], source: invite },
    provisional: { next: 'proceeding', actions: ['stopTimers', 'sendResponse'], source: invite },
    success: { next: 'accepted', actions: ['stopTimers', 'startTimerL', 'sendResponse'], source: accepted },
    failure: {
      next: 'completed',
      actions: ['stopTimers', 'startTimerG', 'startTimerH', 'sendResponse'],
      source: invite,
    },
    transportError: { next: 'proceeding', actions: ['tellTransport'], source: stays },
  },
  completed: {
    request: { next: 'completed', actions: ['repeatResponse'], source: invite },
    ack: { next: 'confirmed', actions: ['stopTimers', 'startTimerI'], source: invite },
    timerG: { next: 'completed', actions: ['doubleTimerG', 'repeatResponse'], source: invite },
    timerH: { next: 'terminated', actions: ['failAckMissing'], source: invite },
    transportError: { next: 'completed', actions: ['tellTransport'], source: stays },
  },
  confirmed: {
    timerI: { next: 'terminated', actions: [], source: invite },
  },
  accepted: {
    success: { next: 'accepted', actions: ['sendResponse'], source: accepted },
    ack: { next: 'accepted', actions: ['passAck'], source: accepted },
    timerL: { next: 'terminated', actions: [], source: accepted },
    transportError: { next: 'accepted', actions: ['tellTransport'], source: stays },
  },
  terminated: {},
};

const nonInvite = 'RFC 3261 §17.2.2';
const actions = 'RFC 4320 §4.1';
const silence = 'RFC 4320 §4.2';

/**
 * The non-INVITE server transaction: RFC 3261 §17.2.2, figure 8, with RFC 4320: a 100 goes out by itself when nothing
 * else did, never sooner; `abandon` is the user's word that there will be no final response (a 408 is forbidden), and
 * the machine stays to absorb retransmissions as if it had sent one.
 */
export const nonInviteServerTable: ServerTable = {
  initial: {
    accept: { next: 'trying', actions: ['startTimer100'], source: actions },
  },
  trying: {
    provisional: { next: 'proceeding', actions: ['stopTimers', 'sendResponse'], source: nonInvite },
    success: { next: 'completed', actions: ['stopTimers', 'sendResponse', 'startTimerJ'], source: nonInvite },
    failure: { next: 'completed', actions: ['stopTimers', 'sendResponse', 'startTimerJ'], source: nonInvite },
    abandon: { next: 'completed', actions: ['stopTimers', 'startTimerJ'], source: silence },
    timer100: { next: 'proceeding', actions: ['sendTrying'], source: actions },
  },
  proceeding: {
    request: { next: 'proceeding', actions: ['repeatResponse'], source: nonInvite },
    provisional: { next: 'proceeding', actions: ['sendResponse'], source: nonInvite },
    success: { next: 'completed', actions: ['sendResponse', 'startTimerJ'], source: nonInvite },
    failure: { next: 'completed', actions: ['sendResponse', 'startTimerJ'], source: nonInvite },
    abandon: { next: 'completed', actions: ['startTimerJ'], source: silence },
    transportError: { next: 'proceeding', actions: ['tellTransport'], source: stays },
  },
  completed: {
    request: { next: 'completed', actions: ['repeatResponse'], source: nonInvite },
    timerJ: { next: 'terminated', actions: [], source: nonInvite },
    transportError: { next: 'completed', actions: ['tellTransport'], source: stays },
  },
  confirmed: {},
  accepted: {},
  terminated: {},
};
