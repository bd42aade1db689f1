import type { MachineTable } from '../transaction/index.ts';

/** Where one subscription (one dialog usage, or the wait for one) stands. */
export type UsageState =
  | 'init'
  /** SUBSCRIBE sent, no NOTIFY yet. */
  | 'notifyWait'
  /** The same for a SUBSCRIBE with Expires 0. */
  | 'polling'
  /** The user has left before the first NOTIFY came. */
  | 'leaving'
  | 'pending'
  | 'active'
  /** Waiting for the last NOTIFY. */
  | 'ending'
  /** Ended by the notifier, waiting to subscribe anew. */
  | 'resting'
  | 'terminated';

export type UsageEvent =
  | 'start'
  | 'poll'
  | 'rest'
  /** A NOTIFY of a further notifier came (RFC 6665 §4.4.1): in general, after a poll, and after the user left. */
  | 'fork'
  | 'forkPoll'
  | 'forkLeaving'
  /** Outcome of the first SUBSCRIBE: 2xx, another final response, none. */
  | 'accepted'
  | 'refused'
  | 'silent'
  /** Outcome of a SUBSCRIBE inside of the dialog. */
  | 'refreshed'
  | 'unchanged'
  | 'refreshGone'
  | 'refreshFailed'
  | 'notifyActive'
  | 'notifyPending'
  | 'notifyTerminated'
  | 'timerN'
  | 'refreshDue'
  | 'expired'
  | 'retryDue'
  | 'unsubscribe';

export type UsageAction =
  | 'sendSubscribe'
  | 'sendRefresh'
  | 'sendUnsubscribe'
  | 'startTimerN'
  | 'stopTimerN'
  /** Keeps the duration that a 2xx gives until a NOTIFY makes the subscription. */
  | 'noteDuration'
  /** Notes when the subscription ends and when it is to be refreshed. */
  | 'schedule'
  /** Refreshes again half-way to the end. */
  | 'scheduleRetry'
  | 'startRest'
  /** Stops every timer and takes no answer any more. */
  | 'stop'
  /** Says that the subscription never came to be, or that it has ended. */
  | 'fail'
  | 'end';

/** A sending action stands last in its cell, since what it leads to may come at once. */
export type UsageTable = MachineTable<UsageState, UsageEvent, UsageAction>;

const request = 'RFC 6665 §4.1.2.1';
const refresh = 'RFC 6665 §4.1.2.2';
const unsubscribe = 'RFC 6665 §4.1.2.3';
const confirmation = 'RFC 6665 §4.1.2.4';
const state = 'RFC 6665 §4.1.3';
const forking = 'RFC 6665 §4.4.1';
const polling = 'RFC 6665 §4.4.3';
const suppressed = 'RFC 5839';

/**
 * The subscriber's machine: the figure of RFC 6665 §4.1.2, with what it leaves to the text: a poll, an unsubscription that
 * waits for its last NOTIFY (§4.4.1), and one that comes before the first NOTIFY, when there is no dialog yet to send it in.
 * A refusal or silence in answer to the first SUBSCRIBE means nothing once a NOTIFY has come: it made the subscription.
 */
export const usageTable: UsageTable = {
  init: {
    start: { next: 'notifyWait', actions: ['startTimerN', 'sendSubscribe'], source: request },
    poll: { next: 'polling', actions: ['startTimerN', 'sendSubscribe'], source: polling },
    rest: { next: 'resting', actions: ['startRest'], source: state },
    fork: { next: 'notifyWait', actions: ['startTimerN'], source: forking },
    forkPoll: { next: 'polling', actions: ['startTimerN'], source: forking },
    forkLeaving: { next: 'leaving', actions: ['startTimerN'], source: forking },
  },
  notifyWait: {
    accepted: { next: 'notifyWait', actions: ['noteDuration'], source: request },
    refused: { next: 'terminated', actions: ['stop', 'fail'], source: request },
    silent: { next: 'terminated', actions: ['stop', 'fail'], source: request },
    notifyActive: { next: 'active', actions: ['stopTimerN', 'schedule'], source: confirmation },
    notifyPending: { next: 'pending', actions: ['stopTimerN', 'schedule'], source: confirmation },
    notifyTerminated: { next: 'terminated', actions: ['stop', 'end'], source: state },
    timerN: { next: 'terminated', actions: ['stop', 'fail'], source: confirmation },
    unsubscribe: { next: 'leaving', actions: [], source: unsubscribe },
  },
  polling: {
    refused: { next: 'terminated', actions: ['stop', 'fail'], source: request },
    silent: { next: 'terminated', actions: ['stop', 'fail'], source: request },
    notifyActive: { next: 'ending', actions: [], source: polling },
    notifyPending: { next: 'ending', actions: [], source: polling },
    notifyTerminated: { next: 'terminated', actions: ['stop', 'end'], source: polling },
    timerN: { next: 'terminated', actions: ['stop', 'fail'], source: confirmation },
    unsubscribe: { next: 'leaving', actions: [], source: unsubscribe },
  },
  leaving: {
    refused: { next: 'terminated', actions: ['stop', 'end'], source: request },
    silent: { next: 'terminated', actions: ['stop', 'end'], source: request },
    notifyActive: { next: 'ending', actions: ['startTimerN', 'sendUnsubscribe'], source: unsubscribe },
    notifyPending: { next: 'ending', actions: ['startTimerN', 'sendUnsubscribe'], source: unsubscribe },
    notifyTerminated: { next: 'terminated', actions: ['stop', 'end'], source: state },
    timerN: { next: 'terminated', actions: ['stop', 'end'], source: confirmation },
  },
  pending: {
    accepted: { next: 'pending', actions: ['schedule'], source: request },
    refreshed: { next: 'pending', actions: ['schedule'], source: refresh },
    unchanged: { next: 'pending', actions: ['stopTimerN', 'schedule'], source: suppressed },
    refreshGone: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    refreshFailed: { next: 'pending', actions: ['stopTimerN', 'scheduleRetry'], source: refresh },
    notifyActive: { next: 'active', actions: ['stopTimerN', 'schedule'], source: state },
    notifyPending: { next: 'pending', actions: ['stopTimerN', 'schedule'], source: state },
    notifyTerminated: { next: 'terminated', actions: ['stop', 'end'], source: state },
    timerN: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    refreshDue: { next: 'pending', actions: ['startTimerN', 'sendRefresh'], source: refresh },
    expired: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    unsubscribe: { next: 'ending', actions: ['startTimerN', 'sendUnsubscribe'], source: unsubscribe },
  },
  active: {
    accepted: { next: 'active', actions: ['schedule'], source: request },
    refreshed: { next: 'active', actions: ['schedule'], source: refresh },
    unchanged: { next: 'active', actions: ['stopTimerN', 'schedule'], source: suppressed },
    refreshGone: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    refreshFailed: { next: 'active', actions: ['stopTimerN', 'scheduleRetry'], source: refresh },
    notifyActive: { next: 'active', actions: ['stopTimerN', 'schedule'], source: state },
    notifyPending: { next: 'pending', actions: ['stopTimerN', 'schedule'], source: state },
    notifyTerminated: { next: 'terminated', actions: ['stop', 'end'], source: state },
    timerN: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    refreshDue: { next: 'active', actions: ['startTimerN', 'sendRefresh'], source: refresh },
    expired: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    unsubscribe: { next: 'ending', actions: ['startTimerN', 'sendUnsubscribe'], source: unsubscribe },
  },
  ending: {
    unchanged: { next: 'terminated', actions: ['stop', 'end'], source: suppressed },
    refreshGone: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    refreshFailed: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    notifyTerminated: { next: 'terminated', actions: ['stop', 'end'], source: forking },
    timerN: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
    expired: { next: 'terminated', actions: ['stop', 'end'], source: refresh },
  },
  resting: {
    retryDue: { next: 'notifyWait', actions: ['startTimerN', 'sendSubscribe'], source: state },
    unsubscribe: { next: 'terminated', actions: ['stop', 'end'], source: unsubscribe },
  },
  terminated: {},
};
